"""Sums over space and shares of variance beside numpy, nanoseconds per stored value.

``pytest tests/benchmarks/test_grid_speed.py --benchmark-enable``
"""

import numpy as np
import pytest

from ensemble.analysis.factorial import shares
from ensemble.members.compiled_sums import add_weighted

LOCATIONS, SAMPLES, MODELS, BANDS = 3000, 500, 3, 33
TILE = 16


@pytest.fixture(scope="module")
def values():
    random = np.random.default_rng(0)
    return random.lognormal(3, 1, (LOCATIONS, MODELS, SAMPLES))


def each(benchmark, count):
    """Write down the nanoseconds per value."""
    if not benchmark.disabled:
        seconds = benchmark.stats.stats.median / count
        benchmark.extra_info["ns per value"] = round(seconds * 1e9, 2)


@pytest.mark.benchmark(group="sums over 3,000 locations")
class TestSums:
    weight = np.random.default_rng(1).uniform(1e9, 1e10, LOCATIONS)
    band = np.random.default_rng(2).integers(0, BANDS, LOCATIONS)

    @pytest.mark.parametrize("zonal", [False, True])
    def test_compensated(self, benchmark, values, zonal):
        region = self.band if zonal else np.zeros(LOCATIONS, np.int64)
        shape = (BANDS if zonal else 1, MODELS, SAMPLES)

        def add():
            high, low = np.zeros(shape), np.zeros(shape)
            for first in range(0, LOCATIONS, TILE):
                some = slice(first, first + TILE)
                add_weighted(values[some], self.weight[some], region[some], 0, high, low)
            return high + low

        found = benchmark(add)
        total = np.einsum("lms,l->ms", values, self.weight)
        np.testing.assert_allclose(found.sum(axis=0), total, rtol=1e-12)
        each(benchmark, values.size)

    def test_numpy(self, benchmark, values):
        benchmark(lambda: np.einsum("lms,l->ms", values, self.weight))


@pytest.mark.benchmark(group="shares of variance of 3,000 locations")
class TestShares:
    @pytest.mark.slow
    def test_models_and_parameters(self, benchmark, values):
        found = benchmark(lambda: shares(values, (1, 2)))
        np.testing.assert_allclose(sum(found.values()), 1, atol=1e-12)
        each(benchmark, values.size)

    def test_models_forcings_and_parameters(self, benchmark, values):
        both = np.stack([values, values[::-1] * 1.1])
        found = benchmark(lambda: shares(both, (2, 0, 3)))
        np.testing.assert_allclose(sum(found.values()), 1, atol=1e-12)
        each(benchmark, both.size)

    def test_numpy_means_alone(self, benchmark, values):
        def means():
            return values.mean(axis=2).var(axis=1), values.mean(axis=1).var(axis=1)

        benchmark(means)
