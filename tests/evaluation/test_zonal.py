"""Benchmark `zonal`: bands of the run against those of a product; CASA against CARDAMOM."""

from dataclasses import replace

import evaluation_tasks as tasks
import numpy as np
import pytest
import real_maps as real
from support import needs_data

from ensemble.members.benchmarks import zonal
from ensemble.members.evaluation.sums import of_outputs
from ensemble.scores.bands import EDGES
from ensemble.scores.skill import SCORES, compared
from scenarios import ScenarioError
from scenarios.grids import grid_of
from scenarios.observations import GridMap, GridMaps, LatitudeSeries

GRID = grid_of(np.arange(18) * 10 - 85.0, np.arange(36) * 10 - 175.0)
ALL = np.ones(GRID.shape, dtype=bool)
YEARLY = tasks.output("g C m-2 yr-1")
SPEC = zonal.Spec(compare="zonal", output="rh", same_as="x", scores=["bias", "rmse", "r", "kge"])
RNG = np.random.default_rng(8)


def product(**more):
    values = RNG.gamma(2, 200, GRID.shape)
    more = {"land": RNG.uniform(0.1, 1, GRID.shape), **more}
    return GridMap(units="g C m-2 yr-1", grid=GRID, values=values, area=GRID.areas, **more)


def places():
    return tasks.cells(
        GRID.lat, GRID.lon, ALL, area=(GRID.areas * RNG.uniform(0.1, 1, GRID.shape))[ALL]
    )


def test_bands_are_means_on_the_grid_of_each():
    there, observed = places(), product()
    members = RNG.gamma(2, 200, (ALL.sum(), 1, 3))
    about = tasks.task("zones", YEARLY, there, observed)
    prepared, found = tasks.scores(zonal, SPEC, about, members)
    land = there.columns["area"].reshape(GRID.shape)
    rows = members[:, 0].reshape(*GRID.shape, 3)
    modelled = (rows * land[..., None]).sum(axis=1) / land.sum(axis=1)[:, None]
    expected = (observed.values * observed.land_area).sum(axis=1) / observed.land_area.sum(axis=1)
    np.testing.assert_allclose(
        found["bias"][1:], modelled - expected[:, None], rtol=1e-10, atol=1e-9
    )
    of = compared(modelled, expected, land.sum(axis=1))
    for name in ("rmse", "r", "kge"):
        np.testing.assert_allclose(found[name], SCORES[name](of.sums), rtol=1e-10)
    np.testing.assert_allclose(found["bias"][:1], SCORES["bias"](of.sums), rtol=1e-9)
    assert prepared.groups[:2] == ("global", "lat_m85_m80")
    assert len(prepared.groups) == 19


def test_a_series_of_latitudes_is_weighted_by_their_cosine():
    lat = np.arange(-59.5, 80)
    values = np.where(lat < 60, 100 + lat, np.nan)
    series = LatitudeSeries(units="g C m-2 yr-1", latitude=lat, values=values,
                            bounds=np.stack([lat - 0.5, lat + 0.5], axis=1))  # fmt: skip
    about = tasks.task("zones", YEARLY, places(), series)
    prepared, found = tasks.scores(zonal, SPEC, about, np.full((ALL.sum(), 1, 1), 100.0))
    assert prepared.left_out == {"locations in bands that are not observed": 36 * 6}
    at = prepared.arrays["band"].tolist().index(45)
    some = (lat > 45) & (lat < 50)
    expected = np.average(values[some], weights=np.cos(np.radians(lat[some])))
    assert found["bias"][1 + at, 0] == pytest.approx(100 - expected, rel=1e-12)


def test_a_member_that_lacks_a_location_has_no_score_and_others_keep_theirs():
    members = np.stack([RNG.gamma(2, 200, ALL.sum())] * 2, axis=1)[:, None]
    about = tasks.task("zones", YEARLY, places(), product())
    _, whole = tasks.scores(zonal, SPEC, about, members)
    members[5, 0, 1] = np.nan
    _, found = tasks.scores(zonal, SPEC, about, members)
    for name in ("rmse", "r", "kge"):
        assert np.isnan(found[name][0, 1])
        assert found[name][0, 0] == whole[name][0, 0]


@pytest.mark.parametrize(
    ("observed", "text"),
    [
        (product(land=None), "no land fraction"),
        (LatitudeSeries(units="g C m-2 yr-1", latitude=np.array([2.0]), values=np.ones(1),
                        bounds=np.array([[0.0, 5.0]])), "0 bands that are observed"),
        (LatitudeSeries(units="kg C m-2", latitude=np.array([4.0, 6.0]), values=np.ones(2),
                        bounds=np.array([[3.0, 5.0], [5.0, 7.0]])), "needed 2 or more"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(observed, text):
    with pytest.raises(ScenarioError, match=text):
        zonal.prepare(SPEC, tasks.task("zones", YEARLY, places(), observed))


def test_several_products_have_their_median_and_range_on_the_cells_of_the_run():
    one = product()
    maps = {n: replace(one, values=k * one.values) for n, k in {"a": 1, "b": 2, "c": 5}.items()}
    several = GridMaps(units="g C m-2 yr-1", maps=maps)
    some = ALL & (GRID.lat > 0)[:, None] & (GRID.lon < 0)
    few = tasks.cells(GRID.lat, GRID.lon, some, area=GRID.areas[some])
    here = zonal.Spec(compare="zonal", output="rh", same_as="x", cells="run")
    alone, both, whole = (
        _prepared(*words, few) for words in ((here, one), (here, several), (SPEC, one))
    )
    first = alone.arrays["observed"]
    land = one.land_area * some
    expected = (one.values * land).sum(axis=1)[9:] / land.sum(axis=1)[9:]
    np.testing.assert_allclose(first, expected, rtol=1e-12)
    np.testing.assert_allclose(both.arrays["observed"], 2 * first, rtol=1e-12)
    np.testing.assert_allclose(both.arrays["observed_low"], first, rtol=1e-12)
    np.testing.assert_allclose(both.arrays["observed_high"], 5 * first, rtol=1e-12)
    assert (np.abs(whole.arrays["observed"] / first - 1) > 1e-3).any()
    table = zonal.control(here, both, {"pairs": np.ones(some.sum())})["bands"]
    assert {"observed_low", "observed_high"} <= {*table.columns} == {*table.attrs}


def _prepared(asked, observed, there):
    return zonal.prepare(asked, tasks.task("zones", YEARLY, there, observed))


@needs_data
def test_bands_of_casa_and_of_cardamom_by_the_benchmark():
    values, land = real.casa("cresp")
    there = land > 0
    cells = tasks.cells(real.TESTBED.lat, real.TESTBED.lon, there, area=land[there])
    observed = GridMap(units="g C m-2 yr-1", grid=real.HALF_DEGREE, values=real.cardamom(),
                       area=real.HALF_DEGREE.areas, land=np.ones((360, 720)))  # fmt: skip
    asked = tasks.output("g C m-2 yr-1", years=(2000,))
    prepared = zonal.prepare(SPEC, tasks.task("zones", asked, cells, observed))
    rates = 365 * values["cresp"][there]
    table = zonal.control(SPEC, prepared, {"pairs": rates})["bands"].columns
    found = {south: k for k, south in enumerate(table["south"].tolist())}
    # T2: n, mean and half width of CASA; of CARDAMOM on whole cells.
    north, south = (55, 235, 587.67, 24.22, 393.05), (-10, 61, 733.79, 56.44, 816.08)
    for edge, n, mean, half, theirs in (north, south):
        at = found[edge]
        assert table["cells"][at] == n
        assert table["modelled"][at] == pytest.approx(mean, abs=0.01)
        assert table["half_width"][at] == pytest.approx(half, abs=0.01)
        assert table["observed"][at] == pytest.approx(theirs, abs=0.01)
    sums = of_outputs(prepared, {"rh": rates[:, None, None]})
    scores = zonal.score(SPEC, prepared, sums)
    total = (table["modelled"] * table["land"]).sum() / 1e15
    assert total == pytest.approx(54.27306719, rel=1e-9)
    assert scores["bias"][1 + found[55], 0] == pytest.approx(587.67 - 393.05, abs=0.02)
    assert set(table["south"]) <= set(EDGES)
