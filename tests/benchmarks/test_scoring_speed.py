"""Scores inside a run beside numpy, xskillscore and the kernel that makes what is scored.

``pytest tests/benchmarks/test_scoring_speed.py --benchmark-enable``

xskillscore is timed where it is installed (``pip install xskillscore``). Its formulas, of weighted
rmse, pearson_r and me, are written out in xarray besides: some weighted means of whole arrays.
"""

import numpy as np
import pytest
import xarray as xr
from benchmarks.comparing import Against
from benchmarks.test_mimics_testbed_speed import Job
from evaluation_tasks import output, records, task

from ensemble.members.benchmarks import Moments, Pairs, sites
from ensemble.members.evaluation.sums import OfMoments, PairSums
from scenarios.forcing import Locations

BANDS = 36
RECORDS, CELLS = 6304, 121
"""Of unmanipulated soils, and the cells of the testbed that they are in."""


def small_or_whole(compare):
    """Return cells and members: those of the specification's figures where it is timed."""
    return (2734, 2000) if compare.enabled else (60, 8)


def arrays(cells, members):
    random = np.random.default_rng(0)
    observed = random.lognormal(5.5, 0.8, cells)
    weight = random.uniform(1e9, 1e10, cells)
    modelled = observed[:, None] * random.lognormal(0.0, 0.3, (cells, members))
    return modelled, observed, weight


def paired(observed, weight):
    cells = len(observed)
    zero = np.zeros(cells, np.int64)
    group = np.arange(cells) * BANDS // cells
    moments = Moments.means([[0]])
    return Pairs("rh", np.arange(cells), zero, group, weight, observed, moments, BANDS)


def ours(pairs, modelled):
    cells, members = modelled.shape
    everywhere = slice(0, cells)
    sums = PairSums(pairs, np.zeros(1, np.int64), everywhere, 1, members)
    sums.take(modelled.reshape(cells, 1, 1, members), everywhere, 0)
    return sums


def by_numpy(modelled, observed, weight):
    apart = modelled - observed[:, None]
    around = (weight * (observed - np.average(observed, weights=weight)))[:, None]
    return weight @ apart, weight @ apart**2, (around * apart).sum(axis=0)


def by_xarray(modelled, observed, weight):
    m = xr.DataArray(modelled, dims=("cell", "member"))
    o, w = xr.DataArray(observed, dims="cell"), xr.DataArray(weight, dims="cell")

    def mean(values):
        return values.weighted(w).mean("cell")

    rmse, me = np.sqrt(mean((m - o) ** 2)), mean(m - o)
    mp, op = m - mean(m), o - mean(o)
    r = mean(mp * op) / np.sqrt(mean(mp**2) * mean(op**2))
    return rmse, r, me


def of_xskillscore(modelled, observed, weight, expected):
    """Return its three scores as a reference, if it is installed and finds what is expected."""
    try:
        import xskillscore as xs
    except ImportError:
        return ()
    m = xr.DataArray(modelled, dims=("cell", "member"))
    o, w = xr.DataArray(observed, dims="cell"), xr.DataArray(weight, dims="cell")

    def run():
        return [one(m, o, "cell", weights=w).values for one in (xs.rmse, xs.pearson_r, xs.me)]

    for found, value in zip(run(), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-9)
    return (Against("xskillscore, three scores", run, "<= 0.02"),)


@pytest.mark.slow
def test_scoring_in_bands(compare):
    cells, members = small_or_whole(compare)
    modelled, observed, weight = arrays(cells, members)
    pairs = paired(observed, weight)
    first, second, cross = by_numpy(modelled, observed, weight)
    sums = ours(pairs, modelled)
    total = (sums.high + sums.low).sum(axis=0)[:, 0]
    np.testing.assert_allclose(total[:2], [first, second], rtol=1e-10, atol=1e-6 * abs(first).max())
    rmse, r, me = by_xarray(modelled, observed, weight)
    np.testing.assert_allclose(np.sqrt(second / weight.sum()), rmse, rtol=1e-12)
    np.testing.assert_allclose(first / weight.sum(), me, rtol=1e-9)
    variance = np.average((observed - np.average(observed, weights=weight)) ** 2, weights=weight)
    spread = variance + (2 * cross + second) / weight.sum() - me.to_numpy() ** 2
    correlation = (variance + cross / weight.sum()) / np.sqrt(spread * variance)
    np.testing.assert_allclose(correlation, r, rtol=1e-9)
    runs = (
        *of_xskillscore(modelled, observed, weight, (rmse, r, me)),
        Against("xarray, three scores", lambda: by_xarray(modelled, observed, weight), "<= 0.1"),
        Against("numpy, three sums, no band", lambda: by_numpy(modelled, observed, weight)),
        Against("a copy of the values", modelled.copy),
    )
    compare(
        "scores of 2,734 cells x 2,000 members in 36 bands", lambda: ours(pairs, modelled), *runs
    )


def test_a_value_in_bands(compare):
    modelled, observed, weight = arrays(*small_or_whole(compare))
    pairs = paired(observed, weight)
    assert ours(pairs, modelled).high.any()
    for seconds in compare.times(lambda: ours(pairs, modelled)):
        each = np.median(seconds) / modelled.size * 1e9
        compare.measured("a value in 36 bands", f"{each:.2f} ns", reach="<= 3 ns")


def test_values_of_equilibria_against_the_kernel(compare):
    cells, samples = (50, 200) if compare.enabled else (2, 3)
    job = Job(cells, samples, 1, ["rh"], drivers="mean")
    job.ours()
    draw = np.random.default_rng(2)
    pairs = paired(draw.lognormal(5.5, 0.8, cells), draw.uniform(1e9, 1e10, cells))
    values = job.out["rh"]
    assert np.isfinite(ours(pairs, values).high).all()
    figure = f"scores in bands of {values.size:,} equilibria"
    compare(figure, lambda: ours(pairs, values), Against("mimics_testbed", job.ours, "<= 0.05"))


def test_a_year_by_days_against_records(compare):
    """Every record is of another year, so that it is held against the mean of a week."""
    samples = 64 if compare.enabled else 2
    cells = CELLS if compare.enabled else 2
    draw = np.random.default_rng(1)
    place = draw.integers(0, cells, RECORDS)
    lat, lon = np.linspace(-50, 70, CELLS), np.linspace(-170, 170, CELLS)
    day, study = draw.integers(1, 366, RECORDS), [f"s{k}" for k in place]
    where, year = (lat[place], lon[place]), np.full(RECORDS, 1990)
    seen = records(draw.gamma(2, 1, RECORDS), *where, year, day, study)
    places = Locations(tuple(map(str, range(cells))), {"lat": lat[:cells], "lon": lon[:cells]})
    about = task("s", output(years=(2000,), daily=True), places, seen)
    asked = sites.Spec(compare="sites", output="rh", same_as="x", scores=["bias", "rmse"])
    pairs = sites.prepare(asked, about).pairs["pairs"]
    values = draw.gamma(2, 1, (cells, 365, samples))

    def scored():
        moments = OfMoments(pairs.moments, 365, 1)
        moments.take(values, 0)
        everywhere = slice(0, cells)
        sums = PairSums(pairs, np.arange(len(pairs.moments)), everywhere, 1, samples)
        sums.take(moments.result()[:, None], everywhere, 0)
        return sums

    found = scored()
    assert found.here == slice(0, RECORDS)
    job = Job(cells, samples, 1, ["rh"], start="cold")
    job.ours()
    figure = f"scores of {RECORDS:,} records, {cells * samples:,} cell-years by days"
    compare(figure, scored, Against("mimics_testbed", job.ours, "<= 0.01"), rounds=3)
