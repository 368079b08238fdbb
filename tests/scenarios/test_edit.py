"""Numbers put into the text of a scenario, the rest as it was."""

import pytest

from scenarios.reading.document import parse
from scenarios.reading.editing import with_values

BLOCK = """\
version: 1
design:   # what is varied
  method: morris
  trajectories: 20   # a first look
  parameters: all
seed: 5
"""
FLOW = "version: 1\ndesign: {method: morris, trajectories: 20, parameters: all}\nseed: 5\n"


@pytest.mark.parametrize("text", [BLOCK, FLOW])
def test_a_number_is_replaced_where_it_stands(text):
    new = with_values(text, {("design", "trajectories"): 400})
    assert new == text.replace("20", "400")


def test_a_section_that_is_missing_comes_last():
    values = {("design", "trajectories"): 40, ("block", "location"): 2, ("block", "sample"): 90}
    new = with_values(BLOCK, values)
    assert new.startswith(BLOCK.replace("20", "40"))
    assert parse(new, "").data["block"] == {"location": 2, "sample": 90}


@pytest.mark.parametrize("block", ["block: {sample: 8}", "block:\n  sample: 8  # short\n"])
def test_a_key_that_is_missing_joins_its_section(block):
    new = with_values(BLOCK + block, {("block", "location"): 2, ("block", "sample"): 90})
    assert parse(new, "").data["block"] == {"location": 2, "sample": 90}
    assert ("# short" in new) == ("# short" in block)


@pytest.mark.parametrize(
    "text",
    [
        "design: &d {method: morris, trajectories: 20}\nother: *d\nblock: 3\n",
        "design: {<<: {trajectories: 20}, method: morris}\nblock: 3\n",
        "{version: 1, design: {method: morris}}",
        "",
    ],
)
def test_where_there_is_no_place_the_settings_stand_on_top(text):
    values = {("design", "trajectories"): 40, ("block", "sample"): 90}
    new = with_values(text, values)
    head, _, rest = new.partition("\n")
    assert head == "# with --set design.trajectories=40 --set block.sample=90"
    assert rest == text


def test_what_was_written_twice_by_an_anchor_is_not_changed_unseen():
    text = "n: &n 20\ndesign: {method: morris, trajectories: *n}\n"
    new = with_values(text, {("design", "trajectories"): 40})
    data = parse(new, "").data
    assert data["n"] == 20 or new.startswith("# with --set")
