"""Totals of amounts over locations, which need no area."""

import numpy as np
import pytest
import xarray as xr
from points import TEXT as POINTS
from points import write
from support import plan

import ensemble
import scenarios
from ensemble.runs.verify import verify
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.sums import sum_tables

SUMS = """
aggregates:
  c_soil: {over: [sum], statistics: [mean, q50]}
  rh_box: [sum]
  later: {over: [sum], statistics: [max]}
"""
TEXT = (
    POINTS.replace("  observed: {c_soil: STOCK, error: SE}\n", "")
    .replace("  j: {output: c_soil, cost: {observed: c_soil, years: [2001, 2004]}}\n",
             "  later: {output: c_soil, at: 2005}\n")
    .replace("outputs: {c_soil: all}", "outputs: {c_soil: all, rh_box: all}")
) + SUMS  # fmt: skip
WITHOUT_AREA = "site,clay\nARC,1\nHFR,1\nLUQ,1\n"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amounts")
    write(folder, sites=WITHOUT_AREA)
    planned = plan(folder, text=TEXT)
    assert ensemble.run(planned, workers=1).complete
    return planned


def test_amounts_add_up_without_an_area(done):
    tree = xr.open_datatree(done.path, engine="zarr")
    for name in ("c_soil", "rh_box", "later"):
        total = tree[f"aggregates/{name}_sum"]
        np.testing.assert_allclose(total, tree[name].sum("location"), rtol=1e-14)
        assert total.attrs["units"] == tree[name].attrs["units"]
    soil = tree["c_soil"].sum("location").values
    mean = tree["aggregates/statistics/c_soil_sum_mean"].values
    np.testing.assert_allclose(mean, soil.mean(axis=-1), rtol=1e-12)
    control = tree["control/c_soil"].sum("location")
    np.testing.assert_allclose(tree["aggregates/control/c_soil_sum"], control, rtol=1e-14)
    assert "aggregates/failed_cells_global" in read(done.path).specs
    assert "aggregates/failed_area_global" not in read(done.path).specs
    assert verify(read(done.path), rerun=4).damage == []
    tables = {table.title: table for table in sum_tables(Results(read(done.path)))}
    assert "later_sum [Pg C]" in tables


def test_blocks_change_nothing_that_matters(done, tmp_path):
    write(tmp_path, sites=WITHOUT_AREA)
    other = plan(tmp_path, "block={location: 1, sample: 40}", text=TEXT)
    ensemble.run(other, workers=2)
    one, two = (xr.open_datatree(p.path, engine="zarr") for p in (done, other))
    for name in ("c_soil_sum", "later_sum"):
        np.testing.assert_allclose(one[f"aggregates/{name}"], two[f"aggregates/{name}"], rtol=1e-15)


def test_sums_by_area_may_stand_beside(tmp_path):
    write(tmp_path)
    text = TEXT + "  ratio: [global_mean]\n"
    more = "  ratio: {expression: c_soil / rh_box, at: 2005}\n"
    text = text.replace("  later: {output", f"{more}  later: {{output", 1)
    planned = plan(tmp_path, text=text)
    ensemble.run(planned, workers=1)
    tree = xr.open_datatree(planned.path, engine="zarr")
    area = np.array([1e10, 2e10, 3e10])[:, None] / 6e10
    mean = (tree["ratio"].values * area).sum(axis=1)
    np.testing.assert_allclose(tree["aggregates/ratio_global_mean"].values, mean, rtol=1e-13)
    np.testing.assert_allclose(
        tree["aggregates/later_sum"].values, tree["later"].sum("location"), rtol=1e-14
    )
    assert "aggregates/failed_area_global" in read(planned.path).specs


REFUSED = {
    "c_soil: [sum, global_mean]": "found ['sum', 'global_mean']; needed sum alone",
    "ratio: [sum]": "'yr' is no amount, such as Pg C or kg C yr-1, so values of locations do not",
    "logged: [sum]": "'log10(Pg C)' is no amount",
    "c_soil: [global]": "'Pg C' is not an amount per m2, so there is no total; needed global_mean, "
    "or sum, of amounts that need no area",
    "c_soil: [total]": "needed global, zonal, global_mean, zonal_mean, sum, score, or a column of",
}


@pytest.mark.parametrize(("words", "told"), REFUSED.items())
def test_what_does_not_add_up_is_refused(tmp_path, words, told):
    write(tmp_path)
    more = "  ratio: {expression: c_soil / rh_box, at: 2005}\n  logged: log10(later)\n"
    text = TEXT.replace("  later: {output", f"{more}  later: {{output", 1)
    text = text[: text.index("\naggregates:")] + f"\naggregates: {{{words}}}\n"
    with pytest.raises(scenarios.ScenarioError) as caught:
        plan(tmp_path, text=text)
    assert told in str(caught.value)
