"""Members without a number of a response, counted: whatever became of blocks and of the others."""

import farming
import numpy as np
import pytest
import xarray as xr
from extended import from_the_start
from extended import text as growing
from misbehaving.scenario import write as write_misbehaving
from points import TEXT as POINTS
from points import write
from support import plan, run

import ensemble
from ensemble.runs.extend import extend
from ensemble.runs.verify import verify
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.sums import sum_tables

TEXT = POINTS.replace("  observed: {c_soil: STOCK, error: SE}\n", "").replace(
    "  j: {output: c_soil, cost: {observed: c_soil, years: [2001, 2004]}}\n",
    "  late: log10(left)\n  left: later - 2000 [Pg C]\n  later: {output: c_soil, at: 2005}\n",
) + """
statistics: {late: [mean, q50]}
aggregates:
  late: {over: [global_mean, zonal_mean], statistics: [mean]}
  left: {over: [sum], statistics: [max]}
"""  # fmt: skip
SITES = "site,lat,area [m2]\nARC,62,1e10\nHFR,42,2e10\nLUQ,41,3e10\n"
LIMITS = "limits: {c_soil: {above: 8000 Pg C, then: exclude}}\n"


def planned(folder, *settings, text=TEXT, **words):
    write(folder, sites=SITES)
    return plan(folder, *settings, text=text, **words)


def counted(path):
    """Check what a store counts by its members; return its tree."""
    tree = xr.open_datatree(path, engine="zarr").load()
    out = tree["excluded"].values == 1 if "excluded" in tree else False
    ran = (tree["status"].values == 0) & ~out
    late = np.where(ran, tree["late"].values, np.nan)
    undefined = (ran & ~np.isfinite(late)).sum(axis=-1)
    assert 0 < undefined.sum() < ran.sum()
    np.testing.assert_array_equal(tree["undefined/late"].values, undefined)
    mean = tree["statistics/late_mean"].values
    there = np.isfinite(late).any(axis=-1)
    np.testing.assert_allclose(mean[there], np.nanmean(late[there], axis=-1), rtol=1e-12)
    return tree, late


@pytest.mark.parametrize("more", ["", LIMITS], ids=["all", "limited"])
def test_sums_over_space_say_how_many_samples_have_one(tmp_path, more):
    one = planned(tmp_path, text=TEXT + more)
    assert ensemble.run(one, workers=1).complete
    tree, late = counted(one.path)
    area = np.array([1e10, 2e10, 3e10])[None, :, None]
    expected = (late * area).sum(axis=1) / area.sum()
    there = np.isfinite(expected).sum(axis=-1)
    assert 0 < there[0] < 40
    sums = tree["aggregates/late_global_mean"].values
    np.testing.assert_allclose(sums, expected, rtol=1e-13)
    inside = tree["aggregates/statistics"]
    np.testing.assert_array_equal(inside["late_global_mean_count"].values, there)
    bands = [np.isfinite(late[:, place]).all(axis=1).sum(axis=-1) for place in ([1, 2], [0])]
    np.testing.assert_array_equal(inside["late_zonal_mean_count"].values, np.stack(bands, axis=1))
    mean = np.nanmean(expected, axis=-1)
    np.testing.assert_allclose(inside["late_global_mean_mean"].values, mean, rtol=1e-12)
    tables = {table.title.split()[0]: table for table in sum_tables(Results(read(one.path)))}
    lost = int(inside["count_global"].values[0]) - there[0]
    said = f"{lost} of 40 samples have no finite number at some location and no sum"
    assert any(said in note for note in tables["late_global_mean"].notes)


def test_stopped_continued_and_mended_counts_are_those_of_an_undisturbed_run(tmp_path):
    whole = planned(tmp_path, store="whole.zarr")
    ensemble.run(whole, workers=1)
    cut = planned(tmp_path, store="cut.zarr")
    left = iter([False] * 3)
    assert not ensemble.run(cut, workers=1, stop=lambda: next(left, True)).complete
    assert ensemble.run(cut, workers=2).complete
    assert read(cut.path).digest() == read(whole.path).digest()
    (cut.path / "late" / "c.0.0.1").unlink()
    assert verify(read(cut.path)).damage
    verify(read(cut.path), repair=True)
    assert verify(read(cut.path), rerun=4).damage == []
    assert read(cut.path).digest() == read(whole.path).digest()
    counted(cut.path)


def test_an_extended_design_counts_all_of_its_members(tmp_path):
    words = growing("morris", statistics="statistics: {late: [mean, mu_star, mu_star_conf]}")
    words = words.replace("responses:\n", "responses:\n  late: log10(d_soil - 60 [Pg C])\n")
    _, outcome = run(tmp_path, text=words)
    before = counted(outcome.path)[0]["undefined/late"].values
    assert extend(outcome.path, until=1e-9, most=50).complete
    tree, _ = counted(outcome.path)
    assert (tree["undefined/late"].values > before).any()
    assert read(from_the_start(tmp_path, outcome.path)).digest() == read(outcome.path).digest()


@pytest.mark.slow
def test_what_failed_or_killed_its_process_is_not_counted_again(tmp_path):
    scenario = write_misbehaving(tmp_path, n=128, block=32)
    words = scenario.read_text().replace("statistics: {", "statistics: {late: [mean], ")
    scenario.write_text(words.replace("responses: {", "responses: {late: ln(y_end - 12), "))
    store = tmp_path / "run.zarr"
    code, _, err = farming.call("run", scenario, "--store", store, MISBEHAVE="segfault=3,nan=5+30")
    assert code == 0, err
    tree, _ = counted(store)
    # y_end is the sample and 2; samples 0 to 10 have no logarithm, 3 and 5 of them did not run.
    assert tree["undefined/late"].values.tolist() == [[9]]
    assert (tree["status"].values[0, 0, [3, 5, 30]] != 0).all()
