"""Scores inside a run beside numpy and what xskillscore does, nanoseconds per value.

``pytest tests/benchmarks/test_scoring_speed.py --benchmark-enable``

xskillscore's formulas, of weighted rmse, pearson_r and me, are written out in xarray: each is some
weighted means of whole arrays.
"""

import numpy as np
import pytest
import xarray as xr
from benchmarks.comparing import Against

from ensemble.members.benchmarks import Moments, Pairs
from ensemble.members.evaluation.sums import PairSums

BANDS = 36


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
        Against("xarray, three scores", lambda: by_xarray(modelled, observed, weight), "<= 0.1"),
        Against("numpy, three sums, no band", lambda: by_numpy(modelled, observed, weight)),
        Against("a copy of the values", modelled.copy),
    )
    compare(
        "scores of 2,734 cells x 2,000 members in 36 bands", lambda: ours(pairs, modelled), *runs
    )
