"""Numbers and tables of a run against xarray and numpy on the same store."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_sites import SITES, sites
from support import SMALL, run

import ensemble
from ensemble.store.reading import read
from ensemble.tables import responses as tables
from ensemble.tables.responses import (
    NONE,
    key_table,
    location_tables,
    number_form,
    response_tables,
    tables_of,
)
from ensemble.tables.results import Results, merge_moments

REFERENCE = """
reference:
  citation: Somebody (1999)
  label: somebody's models
  responses: {d_total: {unconstrained: 170, constrained: 244}, d_soil: {constrained: 142}}
"""


def stop_after(blocks):
    """Return a ``stop`` that lets one worker run so many blocks."""
    asked = iter(range(blocks))
    return lambda: next(asked, None) is None


def numbers_in(cell):
    return [float(part) for part in cell.split(" +- ")]


def test_cells_are_the_stores_own_numbers(tmp_path):
    _, outcome = run(tmp_path, text=SMALL + REFERENCE)
    tree = ensemble.open_run(outcome.path)
    (table,) = response_tables(outcome.path)
    control, members = tree["control/d_total"].values[:, 0], tree["d_total"].values[:, 0]
    for k, row in enumerate(table.rows[:4]):
        assert row[0] == tree["forcing"].values[k]
        assert float(row[1]) == pytest.approx(control[k], abs=0.051)
        assert numbers_in(row[2]) == pytest.approx([members[k].mean(), members[k].std()], abs=0.051)
    means, spreads, published = table.rows[4:]
    assert means[0] == "all, mean of means"
    assert float(means[1]) == pytest.approx(control.mean(), abs=0.051)
    assert numbers_in(means[2])[0] == pytest.approx(members.mean(1).mean(), abs=0.051)
    assert numbers_in(means[2])[1] == pytest.approx(members.std(1).mean(), abs=0.051)
    assert float(spreads[2]) == pytest.approx(members.mean(1).std(), abs=0.051)
    assert published == ["somebody's models", "170", "244", NONE, "142"]
    assert table.rules == (4,)
    assert any("synthetic models" in note for note in table.notes)


def test_a_response_without_statistics_is_summed_up_from_its_members(tmp_path):
    settings = ["block.sample=75", "precision=float64"]
    _, outcome = run(tmp_path, *settings)
    numbers = Results(read(outcome.path))
    (soil,) = [s for s in numbers.summaries() if s.name == "d_soil"]
    assert "statistics/d_soil_mean" not in numbers.store.specs
    members = ensemble.open_run(outcome.path)["d_soil"].values
    np.testing.assert_allclose(soil.mean, members.mean(-1), rtol=1e-13)
    np.testing.assert_allclose(soil.std, members.std(-1), rtol=1e-11)


@pytest.mark.parametrize("sample", [200, 75])
def test_an_unfinished_run_shows_whole_ensembles_alone(tmp_path, sample):
    settings = [f"block.sample={sample}"]
    blocks = -(-200 // sample)
    _, whole = run(tmp_path, *settings, store="whole.zarr")
    _, part = run(
        tmp_path, *settings, store="part.zarr", workers=1, stop=stop_after(3 * blocks - 1)
    )
    assert part.committed == 3 * blocks - 1
    (found,), (expected,) = response_tables(part.path), response_tables(whole.path)
    assert found.rows[:2] == expected.rows[:2]
    for row in found.rows[2:4]:
        assert set(row[1:]) == {NONE}
    assert found.rows[4][0] == "2 of 4, mean of means"
    assert Results(read(part.path)).damage == []


def test_a_lost_chunk_is_named_and_is_not_a_number(tmp_path):
    _, outcome = run(tmp_path)
    (outcome.path / "statistics" / "d_total_mean" / "c.0.0").unlink()
    numbers = Results(read(outcome.path))
    (table,) = tables_of(numbers)
    assert {row[2] for row in table.rows[:4]} == {NONE}
    assert any("statistics/d_total_mean" in text for text in numbers.damage)


def test_key_numbers_are_differences_of_the_means_over_forcings(tmp_path):
    _, outcome = run(tmp_path, text=SMALL + REFERENCE)
    tree = ensemble.open_run(outcome.path)
    numbers = Results(read(outcome.path))
    table = key_table(numbers)
    assert table is not None
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    control = float(tree["control/d_total"].mean())
    mean = float(tree["d_total"].mean())
    ours = rows["d_total [Pg C]", "this run"]
    assert float(ours[4]) == pytest.approx(mean - control, abs=0.051)
    assert ours[5] == f"{(mean - control) / mean:.0%}"
    assert rows["", "somebody's models"][:2] in (["170", "244"], [NONE, "142"])
    assert table.rows[1] == ["", "somebody's models", "170", "244", NONE, NONE, "74", "30%"]
    assert any("nothing here was computed from them" in note for note in table.notes)


def test_many_responses_go_into_several_tables(tmp_path):
    more = "".join(f"  r{k}: {{output: c_veg, at: {1950 + k}}}\n" for k in range(5))
    text = SMALL.replace("responses:\n", f"responses:\n{more}")
    _, outcome = run(tmp_path, text=text)
    first, second = response_tables(outcome.path)
    assert len(first.header) == 9
    assert first.header[1].startswith("r0")
    assert len(second.header) == 7
    assert all(len(row) == len(second.header) for row in second.rows)
    assert sum(columns for _, columns in first.groups) == len(first.header)


def test_one_location_needs_no_table_by_location(tmp_path):
    _, outcome = run(tmp_path)
    assert location_tables(Results(read(outcome.path))) == []


def test_a_store_without_responses_has_no_tables(tmp_path):
    text = SMALL[: SMALL.index("responses:")] + "statistics: {c_soil: [mean]}\n"
    _, outcome = run(tmp_path, text=text)
    assert response_tables(outcome.path) == []


@pytest.mark.parametrize(
    ("scale", "value", "text"),
    [
        (42.5, 170.26, "170.3"),
        (0.0094, 0.1123, "0.11230"),
        (345.0, 2532.6, "2533"),
        (3e-9, 1.5e-9, "1.5e-09"),
    ],
)
def test_numbers_are_written_with_three_digits_of_their_spread(scale, value, text):
    assert number_form(np.array([scale]))(value) == text


def test_what_is_unknown_is_a_dash():
    assert number_form(np.array([np.nan]))(np.nan) == NONE
    assert number_form(np.array([np.nan]), np.array([2.0]))(1.0) == "1.00"


@given(
    st.lists(
        st.lists(st.one_of(st.floats(-1e3, 1e3), st.just(float("nan"))), min_size=0, max_size=9),
        min_size=1,
        max_size=5,
    )
)
def test_moments_of_pieces_are_moments_of_the_whole(pieces):
    n, mean, spread = np.zeros(1), np.zeros(1), np.zeros(1)
    for piece in pieces:
        merge_moments((n, mean, spread), np.array([piece], dtype=np.float64))
    whole = np.array([v for piece in pieces for v in piece if np.isfinite(v)])
    assert n[0] == len(whole)
    if len(whole):
        assert mean[0] == pytest.approx(whole.mean(), abs=1e-9)
        assert spread[0] / n[0] == pytest.approx(whole.var(), abs=1e-6)


def test_locations_are_rows_and_those_that_are_not_shown_are_counted(tmp_path, monkeypatch):
    text = SITES.replace(
        "outputs: {soc_stock: last}", "responses: {stock: {output: soc_stock, value: true}}"
    )
    planned = sites(tmp_path, text)
    path = ensemble.run(planned, workers=1).path
    # Under one forcing, whose numbers by location these are.
    (table,) = response_tables(path)
    assert table.title == "sites, by location"
    assert [row[0] for row in table.rows] == list("ABCD")
    assert table.notes[0] == tables.CELLS
    monkeypatch.setattr(tables, "MAX_ROWS", 2)
    (table,) = response_tables(path)
    assert [row[0] for row in table.rows] == ["A", "B"]
    assert "the first 2 of 4 locations" in table.notes
