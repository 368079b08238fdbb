"""Benchmark `turnover`: stocks over the flux of a run, by groups, against two maps."""

import evaluation_tasks as tasks
import numpy as np
import pytest
import real_maps as real
from support import needs_data

from ensemble.members.benchmarks import Asked, Task, turnover
from ensemble.members.evaluation.sums import of_outputs
from ensemble.members.in_time import Steps
from kernels import Variable
from scenarios import ScenarioError
from scenarios.grids import grid_of
from scenarios.observations import ClassMap, GridMap, GridMaps

GRID = grid_of(np.arange(18) * 10 - 85.0, np.arange(36) * 10 - 175.0)
ALL = np.ones(GRID.shape, dtype=bool)
RNG = np.random.default_rng(9)
STEPS = Steps(np.array([2000]), np.array([], np.int64), noleap=True)


def gridded(values, grid=GRID, units="g C m-2", land=1.0):
    land = None if land is None else np.full(grid.shape, land)
    return GridMap(units=units, grid=grid, values=values, area=grid.areas, land=land)


def observed(**more):
    maps = {
        "stock": gridded(RNG.gamma(2, 5000, GRID.shape)),
        "flux": gridded(RNG.gamma(2, 200, GRID.shape), units="g C m-2 yr-1"),
    }
    return GridMaps(units="g C m-2", maps=maps | more)


def task(seen, there, pools=("slow", "fast"), **more):
    known = {"rh": Asked(Variable("rh", "g C m-2 d-1", "respiration", ("time",)), STEPS)}
    known |= {n: Asked(Variable(n, "g C m-2", "a pool", ("time",)), STEPS) for n in pools}
    return Task("tau", known, there, seen, **more)


def spec(**words):
    words = {"stocks": ["slow", "fast"], **words}
    return turnover.Spec(compare="turnover", output="rh", same_as="x", **words)


def test_times_of_groups_are_ratios_of_totals():
    seen = observed()
    codes = np.where(GRID.lon < 0, 1, 2) * np.ones(GRID.shape, np.int64)
    half = ClassMap(units="", grid=GRID, codes=codes, names={1: "west", 2: "east"})
    there = tasks.cells(GRID.lat, GRID.lon, ALL, area=GRID.areas[ALL])
    words = spec(groups=["global", "zonal", "half"], scores=["bias", "time", "ratio"])
    prepared = turnover.prepare(words, task(seen, there, classes={"half": half}))
    values = {
        n: RNG.gamma(2, k, (ALL.sum(), 1, 2)) for n, k in (("slow", 4e3), ("fast", 9e2), ("rh", 1))
    }
    found = turnover.score(words, prepared, of_outputs(prepared, values))
    area, west = GRID.areas, codes == 1
    for group, some in (
        ("global", ALL),
        ("west", west),
        ("lat_45_50", ALL & (GRID.lat == 45)[:, None]),
    ):
        at, k = prepared.groups.index(group), some.reshape(-1)
        w = area[some]
        held = w @ (values["slow"] + values["fast"])[k, 0]
        time = held / (365 * w @ values["rh"][k, 0])
        np.testing.assert_allclose(found["time"][at], time, rtol=1e-12)
        stock, flux = (seen.maps[n].values[some] for n in ("stock", "flux"))
        np.testing.assert_allclose(found["bias"][at], time - (w @ stock) / (w @ flux), rtol=1e-9)
        np.testing.assert_allclose(found["ratio"][at], time / ((w @ stock) / (w @ flux)), rtol=1e-9)
    assert turnover.Spec.SCORES["time"].units("kg C m-2") == "yr"


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (observed(other=gridded(np.ones(GRID.shape))), "found maps stock, flux, other; needed"),
        (observed(stock=gridded(np.ones(GRID.shape), land=None)), "stock has no land fraction"),
        (observed(flux=gridded(np.ones(GRID.shape), units="g C m-2")), "g C m-2"),
    ],
)
def test_what_cannot_be_compared_is_refused(seen, text):
    there = tasks.cells(GRID.lat, GRID.lon, ALL, area=GRID.areas[ALL])
    with pytest.raises(ScenarioError, match=text):
        turnover.prepare(spec(), task(seen, there))


@needs_data
def test_casa_against_stocks_over_cardamoms_flux():
    # T6a and T6b: CASA's 26.0263 years, and 27.4648 of HWSD and NCSCD over CARDAMOM's Rh.
    pools = ("clitmetb", "clitstr", "clitcwd", "csoilmic", "csoilslow", "csoilpass")
    values, land = real.casa("cresp", *pools)
    there = land > 0
    places = tasks.cells(real.TESTBED.lat, real.TESTBED.lon, there, area=land[there])
    north, rest = real.stock("NCSCDV22"), real.stock("HWSD")
    grid = real.HALF_DEGREE
    maps = {
        "stock": gridded(np.where(np.isfinite(north), north, rest), grid),
        "flux": gridded(real.cardamom(), grid, "g C m-2 yr-1"),
    }
    igbp = ClassMap(
        units="", grid=grid, codes=real.igbp(), names={k: f"igbp_{k}" for k in range(18)}
    )
    words = spec(stocks=list(pools), groups=["igbp"], scores=["bias", "time"])
    seen = GridMaps(units="g C m-2", maps=maps)
    prepared = turnover.prepare(words, task(seen, places, pools, classes={"igbp": igbp}))
    of = {n: values[n][there][:, None, None] for n in pools}
    sums = of_outputs(prepared, of | {"rh": values["cresp"][there][:, None, None]})
    found = turnover.score(words, prepared, sums)
    assert found["time"][0, 0] == pytest.approx(26.026305, rel=1e-6)
    times = dict(zip(prepared.groups, prepared.arrays["observed_time"], strict=True))
    assert times["global"] == pytest.approx(27.464779, rel=1e-7)
    assert times["igbp_2"] == pytest.approx(9.9554, abs=6e-5)
    assert times["igbp_15"] == pytest.approx(63.1788, abs=6e-5)
    cells = dict(zip(prepared.groups, prepared.arrays["observed_n"], strict=True))
    assert (cells["igbp_10"], cells["global"]) == (13431, 59149)
