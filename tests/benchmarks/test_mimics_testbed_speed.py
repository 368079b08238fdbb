"""MIMICS of the testbed beside a plain scalar loop of the same equations with libm.

``pytest tests/benchmarks/test_mimics_testbed_speed.py --benchmark-enable``. One thread; times
divided by members and years are what the design states, 60 microseconds a cell and year.
"""

import numpy as np
import pytest
from benchmarks.comparing import Against
from numba import njit
from testbed_mimics import climates, coords_of, made, means, rows_of

from kernels import Batch
from kernels.contract.status import OK
from kernels.mimics import mimics_testbed
from kernels.mimics.daily.mean import mean_coefficients
from kernels.mimics.one_layer.coefficients import of_inputs
from kernels.mimics.one_layer.equations import (
    COEFFICIENTS,
    POOLS,
    REVERSE,
    RH,
    corpse,
    metabolic_fraction,
)
from kernels.mimics.one_layer.sets import LIGNIN_N_MOST, NAMES, Q1, Q2, Q3
from kernels.mimics.one_layer.steady import cold_start, steady
from kernels.mimics.one_layer.stepping import euler
from kernels.numerics.small_systems import work

SERIES = tuple(mimics_testbed._DAILY)


@njit(error_model="numpy")
def plain_years(rows, x, npp, clay, depth, start, found):
    """Fill respiration by year, (L, S, Y), member by member."""
    k, y, f = np.empty(COEFFICIENTS), np.empty(POOLS), np.empty(RH + 1)
    for at in range(len(x)):
        for s in range(len(rows)):
            t = rows[s]
            y[:] = start
            for year in range(npp.shape[1]):
                total = 0.0
                for day in range(365 * year, 365 * (year + 1)):
                    met, structural, debris, lignin_n, warmth, wet, ice, _ = x[at, day]
                    f_met = metabolic_fraction(lignin_n, t[LIGNIN_N_MOST], t[Q1], t[Q2], t[Q3])
                    hour = 0.1 / 24.0 / depth
                    of_inputs(
                        t, met * hour, (structural + debris) * hour, f_met, npp[at, year],
                        warmth, clay[at], corpse(wet, ice), k,
                    )  # fmt: skip
                    total += euler(REVERSE, k, y, 24, f)
                found[at, s, year] = total * 10.0 * depth


@njit(error_model="numpy")
def plain_equilibria(members, pools):
    """Fill equilibria from the cold start, (L * S, 7)."""
    k, x, w = np.empty(COEFFICIENTS), np.empty(8), work()
    for member in range(len(pools)):
        if mean_coefficients(members, member, x, k) == OK:
            cold_start(pools[member])
            steady(REVERSE, k, pools[member], 500, w)


class Job:
    """Members at places of random climates, their rates of uptake and turnover random."""

    def __init__(self, count, samples, years, outputs, **chosen):
        draw = np.random.default_rng(7)
        self.kernel, options = made(**chosen), mimics_testbed.Options(**chosen)
        climate = climates(count, years, seed=1)
        climate = means(climate) if options.drivers == "mean" else climate
        changed = {n: draw.uniform(0.8, 1.25, samples) for n in ("aV", "tau_r1", "D1")}
        defaults = {p.name: p.default for p in self.kernel.parameters}
        rows = rows_of(self.kernel, {n: v * defaults[n] for n, v in changed.items()})
        self.batch = Batch(
            parameters={n: np.ascontiguousarray(v[np.newaxis]) for n, v in rows.items()},
            drivers={d.name: climate[d.name] for d in self.kernel.drivers},
            coords=coords_of(climate),
        )
        length = () if options.drivers == "mean" else (years,)
        self.out = {n: np.empty((count, *length, samples)) for n in outputs}
        self.status, self.rows = np.zeros((count, samples), np.uint8), rows
        self.climate, self.members = climate, count * samples * years
        self._run = self.kernel.stages[0].open(options)

    def ours(self):
        self._run(self.batch, self.out, self.status)
        assert not self.status.any()

    def plain(self):
        """Return the plain loop and what it fills."""
        c = self.climate
        rows = np.stack([self.rows[n] for n in NAMES], axis=-1)
        x = np.stack([c[n] for n in SERIES], axis=-1)
        found = np.empty((*self.status.shape, c["annual_npp"].shape[1]))
        start = mimics_testbed.COLD
        given = (rows, x, c["annual_npp"], c["clay"], 100.0, start, found)
        return lambda: plain_years(*given), found


@pytest.mark.parametrize(("count", "samples"), [(256, 1), (1, 256)])
def test_years_against_a_plain_loop(benchmark, compare, count, samples):
    benchmark.group = "mimics of the testbed, years"
    shrunk = (count, samples) if compare.enabled else (min(count, 2), min(samples, 2))
    job = Job(*shrunk, 2 if compare.enabled else 1, ["rh"], start="cold")
    plain, found = job.plain()
    plain()
    job.ours()
    debris = job.climate["cwd_respiration"].reshape(shrunk[0], -1, 365).sum(axis=2)
    mine = job.out["rh"].swapaxes(1, 2) - debris[:, np.newaxis]
    np.testing.assert_allclose(mine, found, rtol=1e-9)
    figure = f"mimics_testbed, {job.members} cell-years ({count} places, {samples} samples)"
    compare(figure, job.ours, Against("plain numba", plain, "0.42"), rounds=5)


@pytest.mark.parametrize(("count", "samples"), [(256, 1), (1, 256)])
def test_cycles(benchmark, compare, count, samples):
    benchmark.group = "mimics of the testbed, cycles"
    shrunk = (count, samples) if compare.enabled else (min(count, 2), min(samples, 2))
    years = 2 if compare.enabled else 1
    job = Job(*shrunk, years, ["rh"], start="steady", cycle=years)
    job.ours()
    figure = f"mimics_testbed, cycles of {years} years ({count} places, {samples} samples)"
    compare(figure, job.ours, rounds=5)


@pytest.mark.slow
def test_equilibria_against_a_plain_loop(benchmark, compare):
    benchmark.group = "mimics of the testbed, equilibria"
    count, samples = (50, 200) if compare.enabled else (2, 3)
    job = Job(count, samples, 1, ["rh", "lit_m"], drivers="mean")
    members = mimics_testbed._members(job.batch, mimics_testbed.DEFAULT, job.status)
    pools = np.empty((count * samples, POOLS))

    def plain():
        plain_equilibria(members, pools)

    plain()
    job.ours()
    np.testing.assert_allclose(job.out["lit_m"].ravel(), pools[:, 0], rtol=1e-9)
    figure = f"mimics_testbed, {count * samples} equilibria"
    compare(figure, job.ours, Against("from a cold start", plain), rounds=5)
