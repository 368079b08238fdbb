"""CORPSE: daily years and steady states of many members, beside a plain loop with libm.

``pytest tests/benchmarks/test_corpse_speed.py --benchmark-enable``. One thread. The plain loop is
the text of the testbed, cell by cell and day by day, compiled by numba as it stands.
"""

from math import exp, log10

import numpy as np
import pytest
from benchmarks.comparing import Against
from corpse_cases import seasons
from numba import njit

from kernels import Batch
from kernels.corpse import corpse
from kernels.corpse.cohort.sets import NAMES, SETS


@njit(error_model="numpy")
def plain_years(p, temperature, theta_l, theta_f, labile, recalc, npp, clay, porosity, pools):
    """Fill the pools (L, 2, 7) of every cell after all days, from the cold start."""
    vref, ea, k_c, least, t_mic = p[:3], p[3:6], p[6], p[7], p[8]
    eup, et, rate, alpha, t_prot, f_min = p[9:12], p[12], p[13], p[14:17], p[17], p[18]
    gas, liquid_exp, exud, rhiz = p[19], p[20], p[21], p[22]
    dt = 1.0 / 365.0
    v, d = np.empty(3), np.empty(3)
    for at in range(len(pools)):
        qmax = 10 ** (0.4833 * log10(100 * clay[at]) + 2.3282) * (1 - porosity[at]) * 2650e-6
        y = pools[at]
        y[:, :] = 0.0
        y[0, 1], y[0, 6] = 1.998, 0.002
        for n in range(temperature.shape[1]):
            th = min(1.0, theta_l[at, n])
            air = max(0.0, 1.0 - th - min(1.0, theta_f[at, n]))
            wet = max(f_min, (th**liquid_exp + 0.001) * max(air**gas, 0.003))
            for i in range(3):
                warm = 1.0 / (temperature[at, n] + 273.15) - 1.0 / 293.15
                v[i] = vref[i] * exp(-ea[i] / 8.314472 * warm)
            lab, ex = labile[at, n] / 1000.0, exud * npp[at, n // 365] / 1000.0 * dt
            if lab - ex > 0.0:
                lab -= ex
            else:
                ex, lab = lab, 0.0
            for c in range(2):
                share = rhiz if c == 0 else 1.0 - rhiz
                x = y[c]
                x[0] += share * (1.0 - least) * lab + (ex if c == 0 else 0.0)
                x[1] += share * (1.0 - least) * recalc[at, n] / 1000.0
                x[6] += share * least * (lab + recalc[at, n] / 1000.0)
                total, grown = x[0] + x[1] + x[2], 0.0
                for i in range(3):
                    d[i] = 0.0
                    if total > 0.0 and x[6] > 0.0 and th > 0.0:
                        d[i] = v[i] * wet * x[i] * x[6] / (k_c * total + x[6])
                    d[i] = min(d[i], x[i] / dt)
                for i in range(3):
                    x[i] -= dt * d[i]
                    grown += eup[i] * d[i]
                turn = max(0.0, (x[6] - least * (x[0] + x[1] + x[2])) / t_mic)
                x[6] += dt * (grown - turn)
                x[2] += dt * et * turn
                for i in range(3):
                    gain = min(x[i], dt * rate * alpha[i] * qmax * x[i]) - dt * x[3 + i] / t_prot
                    x[3 + i] += gain
                    x[i] -= gain


class Job:
    """Members of some cells: control members, or samples whose rates differ."""

    def __init__(self, cells, samples, years=1, **chosen):
        drivers = seasons(years, sites=cells)
        options = corpse.Options(**chosen)
        if options.drivers == "mean":
            drivers = {n: v if v.ndim == 1 else v.mean(axis=1) for n, v in drivers.items()}
        kernel = corpse.KERNEL.made(options, None)
        (stage,) = kernel.stages
        draw, values = np.random.default_rng(7), SETS["testbed_2017"]
        rows = {p.name: np.full((1, samples), p.default) for p in kernel.parameters}
        rows |= {n: np.full((1, samples), values[n]) for n in NAMES}
        if samples > 1:
            for name in ("vmaxref_recalc", "Tmic", "tProtected", "kC"):
                rows[name] = rows[name] * draw.uniform(0.5, 2.0, samples)
        self.members, self.years, self.drivers = cells * samples, years, drivers
        self.batch = Batch(parameters=rows, drivers=drivers, coords={})
        shape = () if options.drivers == "mean" else (years,)
        self.out = {
            "rh": np.empty((cells, *shape, samples)),
            "corpse_pools": np.empty((cells, *shape, 14, samples)),
        }
        self.status = np.zeros((cells, samples), np.uint8)
        self._run = stage.open(options)
        self._row = np.array([values[n] for n in NAMES])
        self.theirs = np.empty((cells, 2, 7))

    def ours(self):
        self._run(self.batch, self.out, self.status)

    def plain(self):
        d = self.drivers
        plain_years(
            self._row, d["soil_temperature"], d["theta_l"], d["theta_f"], d["litter_met"],
            d["litter_str"] + d["cwd_to_litter"], d["annual_npp"], d["clay"], d["porosity"],
            self.theirs,
        )  # fmt: skip


def test_daily_years_of_cells(benchmark, compare):
    benchmark.group = "corpse, daily years"
    job = Job(320 if compare.enabled else 16, 1, years=5 if compare.enabled else 1, start="cold")
    job.plain()
    job.ours()
    assert not job.status.any()
    mine = job.out["corpse_pools"][:, -1, :, 0].reshape(-1, 2, 7) / 1000
    np.testing.assert_allclose(mine, job.theirs, rtol=1e-9)
    figure = f"corpse, {job.members} cells, {job.years} daily years"
    compare(figure, job.ours, Against("plain numba loop", job.plain, "0.5"))


@pytest.mark.parametrize("start", ["cold", "steady"])
def test_daily_years_of_samples(benchmark, compare, start):
    benchmark.group = "corpse, daily years"
    samples = 320 if compare.enabled else 3
    job = Job(1, samples, years=5 if compare.enabled else 1, start=start)
    job.ours()
    assert not job.status.any()
    compare(f"corpse, {samples} samples, {job.years} daily years, {start}", job.ours)


@pytest.mark.slow
def test_steady_states_of_constant_drivers(benchmark, compare):
    benchmark.group = "corpse, steady states"
    job = Job(10, 10_000 if compare.enabled else 10, drivers="mean")
    job.ours()
    assert not job.status.any()
    compare(f"corpse, {job.members} steady states", job.ours)
