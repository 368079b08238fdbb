"""Benchmark `map`: a product on the cells of a run, by groups; T6d on real maps."""

from unittest import mock

import evaluation_tasks as tasks
import numpy as np
import pytest
import real_maps as real
from support import needs_data

from ensemble.members.benchmarks import Asked
from ensemble.members.benchmarks import map as map_
from ensemble.members.in_time import Steps
from ensemble.scores.skill import SCORES, compared
from kernels import Variable
from scenarios import ScenarioError, grids
from scenarios.forcing import Locations
from scenarios.forcing.common.cell_edges import edges
from scenarios.grids import grid_of
from scenarios.observations import ClassMap, Climate, GridMap, GridMaps

GRID = grid_of(np.arange(6) * 30 - 75.0, np.arange(12) * 30 - 165.0)
ALL = np.ones(GRID.shape, dtype=bool)
RNG = np.random.default_rng(6)
PRODUCT = RNG.gamma(2, 200, GRID.shape)
LAND = RNG.uniform(0.2, 1.0, GRID.shape)
YEARLY = tasks.output("g C m-2 yr-1")


def product(values=PRODUCT, grid=GRID, units="g C m-2 yr-1", **more):
    """Return a map."""
    more = {"land": LAND, **more}
    return GridMap(units=units, grid=grid, values=values, area=grid.areas, **more)


def yearly(*years):
    """Return an output by years of 365 days."""
    variable = Variable("rh", "g C m-2 d-1", "respiration", ("time",))
    return Asked(variable, Steps(np.array(years), np.array([], np.int64), noleap=True))


def spec(**words):
    return map_.Spec(compare="map", output="rh", same_as="x", **words)


def run(observed=None, there=ALL, asked=YEARLY, values=None, grid=GRID, words=None, **more):
    """Return what was prepared and the scores of one or more members."""
    places = tasks.cells(grid.lat, grid.lon, there, area=grid.areas[there])
    about = tasks.task("product", asked, places, observed or product(), **more)
    count = len(places.names)
    values = np.full((count, 1, 1), 300.0) if values is None else values
    return tasks.scores(map_, spec(**(words or {})), about, values)


def test_every_score_is_that_of_the_cells():
    members = RNG.gamma(2, 200, (GRID.areas.size, 1, 4))
    names = [name for name in SCORES if name != "kge_2012"] + ["mae"]
    prepared, found = run(values=members, words={"scores": names})
    weights = (GRID.areas * LAND).reshape(-1)
    expected = compared(members[:, 0], PRODUCT.reshape(-1), weights)
    for name in names:
        value = expected.mae if name == "mae" else SCORES[name](expected.sums)
        np.testing.assert_allclose(found[name], value, rtol=1e-10, err_msg=name)
    assert prepared.groups == ("global",)
    assert prepared.about["cells"] == GRID.areas.size
    assert prepared.notes == ("the run's cells hold 100% of the total of product",)


def test_groups_are_scored_apart_and_the_whole_is_all_of_them():
    half = ClassMap(units="", grid=GRID, names={3: "west", 5: "east"},
                    codes=np.where(GRID.lon < 0, 3, 5) * np.ones(GRID.shape, np.int64))  # fmt: skip
    members = RNG.gamma(2, 200, (GRID.areas.size, 1, 3))
    words = {"groups": ["global", "zonal", "half"], "scores": ["bias", "rmse", "r"]}
    prepared, found = run(values=members, words=words, classes={"half": half})
    zonal = ("lat_m75_m70", "lat_m45_m40", "lat_m15_m10", "lat_15_20", "lat_45_50", "lat_75_80")
    assert prepared.groups == ("global", *zonal, "west", "east")
    weights = (GRID.areas * LAND).reshape(-1)
    for at, some in (
        (0, ALL),
        (2, ALL & (GRID.lat == -45)[:, None]),
        (7, ALL & (GRID.lon < 0)),
    ):
        there = some.reshape(-1)
        of = compared(members[there, 0], PRODUCT.reshape(-1)[there], weights[there])
        for name in words["scores"]:
            np.testing.assert_allclose(found[name][at], SCORES[name](of.sums)[0], rtol=1e-10)


def test_a_class_is_the_one_that_covers_most_of_a_cell():
    fine = grid_of(np.arange(18) * 10 - 85.0, np.arange(36) * 10 - 175.0)
    codes = np.full(fine.shape, -1)
    codes[:, 0:2], codes[:, 2:3] = 1, 2
    classes = ClassMap(units="", grid=fine, codes=codes, names={1: "most", 2: "least"})
    words = {"groups": ["kinds"], "scores": ["bias"]}
    prepared, _ = run(words=words, classes={"kinds": classes})
    assert prepared.groups == ("global", "most", "kinds_no_class")


def test_a_map_in_other_units_and_of_days_is_the_same():
    daily = yearly(2000, 2001)
    members = RNG.gamma(2, 1, (GRID.areas.size, 2, 3))
    _, found = run(asked=daily, values=members)
    per_year = 365 * members.mean(axis=1, keepdims=True)
    _, expected = run(product(PRODUCT / 1000, units="kg C m-2 yr-1"), values=per_year / 1000,
                      asked=tasks.output("kg C m-2 yr-1"))  # fmt: skip
    np.testing.assert_allclose(found["rmse"], 1000 * expected["rmse"], rtol=1e-12)


def test_several_products_are_one_median_where_all_have_a_value():
    one, two, three = PRODUCT, PRODUCT + 100, PRODUCT + 300
    two = np.where(np.arange(12) == 3, np.nan, two)
    observed = GridMaps(
        units="g C m-2 yr-1",
        maps={"one": product(one), "two": product(two, land=LAND / 2), "three": product(three)},
    )
    modelled = (PRODUCT + 100 + np.where(GRID.lat > 0, 99, 150)[:, None]).reshape(-1, 1, 1)
    prepared, found = run(observed, values=modelled, words={"scores": ["bias", "within"]})
    assert prepared.left_out == {"cells without an observed value": 6}
    weights = (GRID.areas * LAND / 2)[:, np.arange(12) != 3]
    north = weights[GRID.lat > 0].sum() / weights.sum()
    assert found["within"][0, 0] == pytest.approx(north, rel=1e-12)
    assert found["bias"][0, 0] == pytest.approx(99 * north + 150 * (1 - north), rel=1e-12)
    assert prepared.about["reference"] == "median of one, two, three"


def test_a_product_of_climate_is_made_here():
    months = np.arange(1, 13)
    warm = product(np.full((12, *GRID.shape), 10.0), units="degC", month=months)
    rain = product(np.full((12, *GRID.shape), 60.0), units="mm month-1", month=months)
    observed = GridMaps(units="", maps={}, made={"r": Climate("climate_r", warm, rain)})
    prepared, _ = run(observed)
    soil = 365 * 1.25 * np.exp(0.5452) * 6 / 10.259
    np.testing.assert_allclose(
        prepared.arrays["observed_map"], np.exp(1.22) * soil**0.73, rtol=1e-12
    )


def test_weights_may_be_the_runs_or_none():
    members = RNG.gamma(2, 200, (GRID.areas.size, 1, 1))
    e = members[:, 0, 0] - PRODUCT.reshape(-1)
    _, found = run(values=members, words={"weight": "cells"})
    assert found["bias"][0, 0] == pytest.approx(e.mean(), rel=1e-11)
    _, found = run(values=members, words={"weight": "run"})
    assert found["bias"][0, 0] == pytest.approx(np.average(e, weights=GRID.areas.reshape(-1)))


def test_averages_by_distance_say_what_they_do_to_a_total():
    fine = grid_of(np.arange(36) * 5 - 87.5, np.arange(72) * 5 - 177.5)
    values = RNG.gamma(0.2, 1000, fine.shape)
    observed = product(values, fine, land=np.ones(fine.shape))
    words = {"regrid": "distance_weighted"}
    with pytest.raises(ScenarioError, match=r"change the total over the run's cells by .*rescale"):
        run(observed, words=words)
    prepared, _ = run(observed, words=words | {"conserve": "rescale"})
    land = prepared.arrays["land"] * GRID.areas.reshape(-1)
    found = (prepared.arrays["observed_map"] * land).sum()
    assert found == pytest.approx((values * fine.areas).sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("observed", "more", "text"),
    [
        (product(land=None), {}, "no land fraction.*say land_fraction"),
        (product(units="kg C m-2"), {}, "kg C m-2"),
        (product(np.full(GRID.shape, np.nan)), {}, "0 cells of the run have an observed value"),
        (product(), {"words": {"groups": ["koeppen"]}}, "no map of classes 'koeppen'"),
        (product(), {"words": {"scores": ["within"]}}, "within needs several products"),
        (product(PRODUCT[None], years=np.array([1999])), {"period": (2000, 2001)}, "of 1999-1999"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(observed, more, text):
    with pytest.raises(ScenarioError, match=text):
        run(observed, **more)


def test_points_are_no_cells():
    places = tasks.points([1.0, 2.0], [3.0, 4.0])
    with pytest.raises(ScenarioError, match=r"they are points.*compare: sites"):
        map_.prepare(spec(), tasks.task("product", YEARLY, places, product()))


@needs_data
def test_casa_against_cardamom_by_the_benchmark():
    # evaluation.md T6d, by R to its last digit.
    values, land = real.casa("cresp")
    there = land > 0
    grid = real.TESTBED
    places = tasks.cells(grid.lat, grid.lon, there, area=land[there])
    asked = yearly(2000)
    observed = GridMap(units="g C m-2 yr-1", grid=real.HALF_DEGREE, values=real.cardamom(),
                       area=real.HALF_DEGREE.areas, land=real.luc4c())  # fmt: skip
    about = tasks.task("cardamom", asked, places, observed)
    rates = values["cresp"][there][:, None, None]
    names = ["bias", "rmse", "r", "kge"]
    prepared, found = tasks.scores(map_, spec(scores=names), about, rates)
    assert prepared.about["cells"] == 2833
    for name, expected in zip(names, (55.5930, 270.4549, 0.7209, 0.6880), strict=True):
        assert found[name][0, 0] == pytest.approx(expected, abs=6e-5)
    _, found = tasks.scores(map_, spec(scores=names, weight="run"), about, rates)
    for name, expected in zip(names, (52.0619, 264.8560, 0.7358, 0.7022), strict=True):
        assert found[name][0, 0] == pytest.approx(expected, abs=6e-5)


ILAMB = {
    "BCC-CSM2-MR": (0.642007, 0.715007, 0.871503, 0.668374, 0.730941),
    "CNRM-ESM2-1": (0.638897, 0.694387, 0.790348, 0.662756, 0.696896),
    "IPSL-CM6A-LR": (0.619908, 0.690404, 0.867847, 0.631464, 0.691934),
}


@needs_data
@pytest.mark.parametrize("model", ILAMB)
def test_scores_of_ilamb_are_those_of_ilamb3(model):
    # evaluation.md T8, of ilamb3 2026.4; each of its cells counts, so slivers of the equator do.
    names = ["ilamb_bias", "ilamb_bias_mass", "ilamb_spatial"]
    here = real.on_target(model, slivers=True)
    there = here.land > 0
    row, column = np.nonzero(there)
    columns = {"lat": real.SLIVERS.lat[row], "lon": real.SLIVERS.lon[column],
               "area": (here.land * real.SLIVERS.areas)[there]}  # fmt: skip
    names_of = tuple(map(str, range(len(row))))
    places = Locations(names_of, columns | edges(real.SLIVERS, row, column))
    observed = GridMap(units="g C m-2 yr-1", grid=real.HALF_DEGREE, values=real.cardamom(),
                       area=real.HALF_DEGREE.areas, land=real.luc4c())  # fmt: skip
    about = tasks.task("cardamom", YEARLY, places, observed)
    bias, mass, spatial, *of_land = ILAMB[model]
    with mock.patch.object(grids, "SLIVER", 0.0):
        for words, expected in (({"weight": "ilamb"}, (bias, mass, spatial)), ({}, of_land)):
            asked = spec(scores=names, **words)
            _, found = tasks.scores(map_, asked, about, here.rate[there][:, None, None])
            for name, value in zip(names, expected, strict=False):
                assert found[name][0, 0] == pytest.approx(value, abs=1e-6), (name, words)


def test_cells_that_count_the_same_have_scores_of_their_own():
    members = RNG.gamma(2, 200, (GRID.areas.size, 1, 3))
    names = ["rmse", "rmse_unweighted", "r2_unweighted", "ilamb_bias", "ilamb_spatial"]
    _, found = run(values=members, words={"scores": names})
    _, plain = run(values=members, words={"scores": ["rmse", "r2", "taylor"], "weight": "cells"})
    assert (found["rmse"] != plain["rmse"]).all()
    np.testing.assert_allclose(found["rmse_unweighted"], plain["rmse"], rtol=1e-12)
    np.testing.assert_allclose(found["r2_unweighted"], plain["r2"], rtol=1e-12)
    np.testing.assert_allclose(found["ilamb_spatial"], plain["taylor"], rtol=1e-12)
    o, w = PRODUCT.reshape(-1, 1), (GRID.areas * LAND).reshape(-1)
    near = np.exp(-np.abs(members[:, 0] - o) / o)
    np.testing.assert_allclose(found["ilamb_bias"][0], w @ near / w.sum(), rtol=1e-12)
