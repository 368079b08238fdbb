"""A store keeps the block lengths that it was begun with, whatever the rule gives by now."""

import json
from dataclasses import replace

import numpy as np
import pytest
from commandline import soilsweep
from extended import text as of_design
from support import SMALL, plan

import ensemble
from ensemble.members.layout import Layout
from ensemble.members.reopening import open_layout
from ensemble.members.stored import lengths_of, read_ensemble

LENGTHS = (1, 40)
"""Of a location's 200 samples, which the rule puts into one block."""


def begin(planned, lengths, blocks=None):
    """Run some blocks, or all, of a plan as a version with another rule would have cut it."""
    layout = Layout(planned.experiment, lengths)
    block = {axis.name: axis.length for axis in layout.grid.axes}
    older = replace(planned, layout=layout, identity={**planned.identity, "block": block})
    asked = iter(range(10**6))
    stop = (lambda: next(asked) >= blocks) if blocks else (lambda: False)
    return ensemble.run(older, workers=1, stop=stop)


@pytest.fixture
def half_done(tmp_path, monkeypatch):
    """The path of a store of other block lengths, half of whose blocks are committed."""
    planned = plan(tmp_path)
    assert planned.layout.grid.axes[2].length != LENGTHS[1]
    outcome = begin(planned, LENGTHS, blocks=9)
    assert 0 < outcome.committed < outcome.blocks == 20
    monkeypatch.chdir(tmp_path)
    return planned.path


def test_it_goes_on_with_its_own(half_done, tmp_path):
    planned = plan(tmp_path)
    assert planned.blocks == 20
    said = soilsweep("run", "small.yaml", "--store", half_done, "--json")
    assert said.code == 0, said.err
    store = read_ensemble(half_done)
    assert lengths_of(store) == LENGTHS
    assert json.loads(said.out)["ran"] == 20 - 9
    checked = soilsweep("verify", half_done, "--rerun", "5", "--json")
    assert checked.code == 0, checked.err
    assert not json.loads(checked.out)["damage"]


def test_its_members_are_those_of_the_rules_blocks(half_done, tmp_path):
    ensemble.run(plan(tmp_path))
    straight = plan(tmp_path, store="straight.zarr")
    assert straight.blocks == 4
    ensemble.run(straight)
    with ensemble.open_run(half_done) as one, ensemble.open_run(straight.path) as other:
        for name in ("status", "c_veg", "c_soil", "d_total", "d_soil"):
            assert np.array_equal(one[name], other[name], equal_nan=True), name
        for name, values in one["statistics"].items():
            assert values.shape == other["statistics"][name].shape
            np.testing.assert_allclose(values, other["statistics"][name], rtol=1e-12)


def test_changes_that_are_accepted_leave_it_its_blocks(half_done, tmp_path):
    (tmp_path / "small.yaml").write_text(
        SMALL.replace("statistics:\n", "statistics:\n  d_soil: [mean]\n")
    )
    said = soilsweep(
        "run", "small.yaml", "--store", half_done, "--json", "--accept-changes", "of d_soil, too"
    )
    assert said.code == 0, said.err
    store = read_ensemble(half_done)
    assert lengths_of(store) == LENGTHS
    assert "statistics/d_soil_mean" in store.specs


def test_a_member_of_it_is_replayed(half_done, tmp_path):
    ensemble.run(plan(tmp_path))
    names = read_ensemble(half_done).read_strings("forcing")
    said = soilsweep("replay", half_done, f"{names[-1]}/global/199", "--json")
    assert said.code == 0, said.err


def test_lengths_that_the_scenario_says_are_another_run(half_done, tmp_path):
    said = soilsweep(
        "run", "small.yaml", "--store", half_done, "--set", "block.sample=50", "--json"
    )
    assert said.code == 2
    assert "block length: sample was 40 and is now 50" in said.err


def test_it_is_extended_and_analysed_with_its_own(tmp_path):
    planned = plan(tmp_path, text=of_design("morris"))
    assert planned.layout.grid.axes[2].length > 18
    begin(planned, (1, 18))
    extended = soilsweep("extend", planned.path, "--until", "1e-9", "--most", "30", "--json")
    assert "it may not grow more" in extended.err
    analysed = soilsweep("analyze", planned.path, "--json")
    assert analysed.code == 0, analysed.err
    layout = open_layout(read_ensemble(planned.path))
    assert [axis.length for axis in layout.grid.axes] == [1, 1, 18]
    assert layout.grid.axes[2].size == 30 * 3
