"""MIMICS as the testbed steps it: a day of a group of members, loops over lanes innermost.

Whether the compiler runs eight lanes at once hangs on small things: see `tests/benchmarks`.
"""

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import NOT_FINITE, OK, OUT_OF_RANGE
from kernels.mimics.daily.equations import (
    along,
    changes,
    chemical,
    flows,
    hour,
    litter_by_kind,
    metabolic,
    of_warmth,
    rates_of_uptake,
    slopes,
    turnover,
    water,
)
from kernels.mimics.daily.lanes import (
    COLUMN,
    COURSE,
    DAILY,
    DAY,
    DRIVER,
    EATEN,
    HOURS_A_DAY,
    LANES,
    LASTING,
    MORTALITY,
    NOW,
    POOL,
    SLOPE,
    TANGENT,
    place,
)
from kernels.mimics.one_layer.equations import POOLS, crowding
from kernels.mimics.one_layer.matrices import Pools
from kernels.numerics.lanes import Place, load, store


@equation
def begin_day(z: F8, d: F8, day: int) -> None:
    """Fill the coefficients of a day from its drivers, (SPAN, DAILY, LANES)."""
    # Apart, since of a longer loop the compiler would not inline all that it calls.
    first = np.uint64(day * DAILY * LANES)
    _begin_with_litter(z, d, first)
    _begin_with_turnover(z, d, first)
    _begin_with_uptake(z, d, first)
    _begin_with_half_saturations(z, d, first)


@equation
def _begin_with_litter(z: F8, d: F8, first: Place) -> None:
    """Fill what enters each pool by `litter_by_kind`; empty what microbes have eaten."""
    for n in range(LANES):
        lane = np.uint64(n)
        its = load(z, LASTING, lane)
        debris = d[first + DRIVER.structural + lane] + d[first + DRIVER.debris + lane]
        litter = litter_by_kind(its, d[first + DRIVER.metabolic + lane], debris)
        z[DAY.in_m + lane], z[DAY.in_s + lane] = litter[0], litter[1]
        z[DAY.in_p + lane], z[DAY.in_c + lane] = litter[2], litter[3]
        z[EATEN.r + lane] = z[EATEN.r_s + lane] = 0.0
        z[EATEN.k + lane] = z[EATEN.k_s + lane] = 0.0


@equation
def _begin_with_turnover(z: F8, d: F8, first: Place) -> None:
    """Fill f_met, f_W, mortality tau exp(tau' f_met) f_W, and the partition of the dead.

    See `metabolic`, `water`, `turnover` and `chemical`.
    """
    for n in range(LANES):
        lane = np.uint64(n)
        its = load(z, LASTING, lane)
        f_met = metabolic(its, d[first + DRIVER.lignin_n + lane])
        f_w = water(d[first + DRIVER.theta_l + lane], d[first + DRIVER.theta_f + lane])
        z[COURSE.moisture + lane] = f_w
        mu = turnover(its, f_met, z[COURSE.modifier + lane] * f_w)
        z[DAY.mu_r + lane], z[DAY.mu_k + lane] = mu[0], mu[1]
        z[MORTALITY.r + lane], z[MORTALITY.k + lane] = mu[0], mu[1]
        bound = chemical(its, f_met)
        z[DAY.fc_r + lane], z[DAY.fc_k + lane] = bound[0], bound[1]
        z[DAY.fa_r + lane] = (1.0 - its.fp_r) - bound[0]
        z[DAY.fa_k + lane] = (1.0 - its.fp_k) - bound[1]
        # False for NaN, too.
        beyond = 0.0 if f_met <= 1.0 else 1.0
        z[COURSE.fault + lane] = max(z[COURSE.fault + lane], beyond)


@equation
def _begin_with_uptake(z: F8, d: F8, first: Place) -> None:
    """Fill V = aV vmod exp(Vslope T + Vint) f_W of both microbes, see `rates_of_uptake`."""
    for n in range(LANES):
        lane = np.uint64(n)
        warmth, f_w = d[first + DRIVER.temperature + lane], z[COURSE.moisture + lane]
        v = rates_of_uptake(load(z, LASTING, lane), warmth, f_w)
        z[DAY.v_rm + lane], z[DAY.v_rs + lane], z[DAY.v_ra + lane] = v[0], v[1], v[2]
        z[DAY.v_km + lane], z[DAY.v_ks + lane], z[DAY.v_ka + lane] = v[3], v[4], v[5]


@equation
def _begin_with_half_saturations(z: F8, d: F8, first: Place) -> None:
    """Fill K = aK exp(Kslope T + Kint) / kmod of both microbes, and KO K of oxidation."""
    for n in range(LANES):
        lane = np.uint64(n)
        its = load(z, LASTING, lane)
        warmth = d[first + DRIVER.temperature + lane]
        m = of_warmth(its.kslope_m, warmth, its.kint)
        s = of_warmth(its.kslope_s, warmth, its.kint)
        a = of_warmth(its.kslope_a, warmth, its.kint)
        z[DAY.k_rm + lane], z[DAY.k_km + lane] = m * its.k_rm, m * its.k_km
        z[DAY.k_rs + lane], z[DAY.k_ks + lane] = s * its.k_rs, s * its.k_ks
        z[DAY.k_ra + lane], z[DAY.k_ka + lane] = a * its.k_ra, a * its.k_ka
        z[DAY.ko_r + lane] = its.ko_r * (s * its.k_rs)
        z[DAY.ko_k + lane] = its.ko_k * (s * its.k_ks)


@equation
def hours(z: F8, count: int, crowded: bool) -> None:
    """Take explicit steps of an hour with the coefficients of the day.

    The flows V B S / (K + B) of `flows` add up to the changes of `changes`, which `hour` applies.
    """
    for _ in range(count):
        if crowded:
            crowd(z)
        for n in range(LANES):
            lane = np.uint64(n)
            d, y = load(z, NOW, lane), load(z, POOL, lane)
            u = flows(d, y)
            store(z, POOL, lane, hour(d, y, u))
            z[EATEN.r + lane] += u.rm + u.ra
            z[EATEN.r_s + lane] += u.rs
            z[EATEN.k + lane] += u.km + u.ka
            z[EATEN.k_s + lane] += u.ks


@equation
def crowd(z: F8) -> None:
    """Fill mortality at the present biomass, where it depends on density."""
    for n in range(LANES):
        lane = np.uint64(n)
        beta = z[MORTALITY.beta + lane]
        z[MORTALITY.r + lane] = z[DAY.mu_r + lane] * crowding(z[POOL.r + lane], beta)
        z[MORTALITY.k + lane] = z[DAY.mu_k + lane] * crowding(z[POOL.k + lane], beta)


@equation
def end_day(z: F8) -> None:
    """Fill what was respired over the day, mg C cm-3, and find lanes whose pools cannot be.

    Of what is eaten 1 - e is respired, where e is the growth efficiency on that substrate.
    """
    for n in range(LANES):
        lane = np.uint64(n)
        z[COURSE.respired + lane] = (
            (1.0 - z[DAY.e1 + lane]) * z[EATEN.r + lane]
            + (1.0 - z[DAY.e2 + lane]) * z[EATEN.r_s + lane]
            + (1.0 - z[DAY.e3 + lane]) * z[EATEN.k + lane]
            + (1.0 - z[DAY.e4 + lane]) * z[EATEN.k_s + lane]
        )
        z[COURSE.year + lane] += z[COURSE.respired + lane]
        y = load(z, POOL, lane)
        least = min(min(min(y.m, y.s), min(y.r, y.k)), min(min(y.p, y.c), y.a))
        total = (y.m + y.s) + (y.r + y.k) + (y.p + y.c) + y.a
        beyond = 0.0 if least >= 0.0 and total < 1e300 else 2.0
        z[COURSE.fault + lane] = max(z[COURSE.fault + lane], beyond)


@equation
def lane_status(z: F8, lane: int) -> int:
    """Return what `begin_day` and `end_day` found in a lane since it was settled."""
    fault = z[COURSE.fault + np.uint64(lane)]
    return NOT_FINITE if fault > 1.5 else OUT_OF_RANGE if fault > 0.5 else OK


# --- slopes of the end of a span with its beginning ---


@equation
def no_change(z: F8) -> None:
    """Fill the slopes of no time at all."""
    for row in range(POOLS * POOLS):
        for n in range(LANES):
            z[place(TANGENT, row, n)] = 1.0 if row % (POOLS + 1) == 0 else 0.0


@equation
def push(z: F8) -> None:
    """Advance the slopes by a day, linearised at the present state, in one step.

    dX/dt = J X for each column X of `TANGENT`, J being the `slopes` of the flows.
    """
    for n in range(LANES):
        lane = np.uint64(n)
        its = slopes(load(z, NOW, lane), load(z, POOL, lane), z[MORTALITY.beta + lane])
        store(z, SLOPE, lane, its)
    for column in range(POOLS):
        first = place(TANGENT, POOLS * column, 0)
        for n in range(LANES):
            lane = np.uint64(n)
            d, x = load(z, NOW, lane), load(z, COLUMN, first + lane)
            by = changes(d, along(d, load(z, SLOPE, lane), x))
            moved = Pools(
                x.m + HOURS_A_DAY * by.m,
                x.s + HOURS_A_DAY * by.s,
                x.r + HOURS_A_DAY * by.r,
                x.k + HOURS_A_DAY * by.k,
                x.p + HOURS_A_DAY * by.p,
                x.c + HOURS_A_DAY * by.c,
                x.a + HOURS_A_DAY * by.a,
            )
            store(z, COLUMN, first + lane, moved)
