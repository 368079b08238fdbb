"""MIMICS as the testbed steps it: members side by side in lanes, loops over lanes innermost.

See `kernels.numerics.lanes`; every row of a group has a name here.
"""

from math import exp, isfinite
from typing import NamedTuple

import numpy as np

import kernels.mimics.one_layer.sets as of
from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import OK, OUT_OF_RANGE
from kernels.mimics.daily.equations import Day, Lasting, Pools, Slopes
from kernels.mimics.one_layer.equations import POOLS, protection, turnover_modifier
from kernels.numerics.lanes import Place, Rows

LANES = 32
"""Members of a group."""

SPAN = 73
"""Days whose drivers are beside each other at once: a fifth of a year stays in the cache."""


class Daily(NamedTuple):
    """Drivers of a day, in the order of the kernel's table; structural litter without debris."""

    metabolic: float
    structural: float
    debris: float
    lignin_n: float
    temperature: float
    theta_l: float
    theta_f: float


DRIVER = Rows(LANES).of(Daily)
METABOLIC, STRUCTURAL, DEBRIS, LIGNIN_N, TEMPERATURE, THETA_L, THETA_F = range(7)
DAILY, LITTERS = 7, 3


class Mortality(NamedTuple):
    """Exponent of density dependence; mortality of both microbes at the present biomass, h-1."""

    beta: float
    r: float
    k: float


class Eaten(NamedTuple):
    """Over the day, mg C cm-3: by each microbe from m and a, and from s."""

    r: float
    r_s: float
    k: float
    k_s: float


class Course(NamedTuple):
    """What a group keeps of the course of time.

    Attributes
    ----------
    modifier : float
        Of turnover, by NPP.
    fault : float
        1 of coefficients out of range, 2 of pools that cannot be.
    moisture : float
        f_W of the day.
    respired, year : float
        Over the day, and over the days since it was emptied, mg C cm-3.
    """

    modifier: float
    fault: float
    moisture: float
    respired: float
    year: float


# The first 32 rows are the coefficients of `one_layer.equations`, in their order; mortality of a
# day is there without dependence on density.
_rows = Rows(LANES)
DAY, MORTALITY = _rows.of(Day), _rows.of(Mortality)
POOL, EATEN = _rows.of(Pools), _rows.of(Eaten)
LASTING, COURSE, SLOPE = _rows.of(Lasting), _rows.of(Course), _rows.of(Slopes)
TANGENT = np.uint64(_rows.count * LANES)
"""Where the slopes of the end of a span with its beginning stand, column by column."""
ROWS = _rows.count + POOLS * POOLS

HOURS_A_DAY = 24


@equation
def place(first: Place, i: int, lane: Place) -> Place:
    """Return the place of the lane of the row that is ``i`` rows after that at ``first``."""
    return np.uint64(first) + np.uint64(i * LANES) + np.uint64(lane)


@equation
def group() -> F8:
    """Return a group whose lanes hold nothing."""
    return np.zeros(ROWS * LANES)


@equation
def load_day(z: F8, lane: Place) -> Day:
    """Return the coefficients of a lane, mortality at the present biomass."""
    w = np.uint64(lane)
    return Day(
        z[DAY.v_rm + w], z[DAY.v_rs + w], z[DAY.v_ra + w], z[DAY.v_km + w], z[DAY.v_ks + w],
        z[DAY.v_ka + w], z[DAY.k_rm + w], z[DAY.k_rs + w], z[DAY.k_ra + w], z[DAY.k_km + w],
        z[DAY.k_ks + w], z[DAY.k_ka + w], z[DAY.ko_r + w], z[DAY.ko_k + w], z[MORTALITY.r + w],
        z[MORTALITY.k + w], z[DAY.fp_r + w], z[DAY.fp_k + w], z[DAY.fc_r + w], z[DAY.fc_k + w],
        z[DAY.fa_r + w], z[DAY.fa_k + w], z[DAY.des + w], z[DAY.in_m + w], z[DAY.in_s + w],
        z[DAY.in_p + w], z[DAY.in_c + w], z[DAY.e1 + w], z[DAY.e2 + w], z[DAY.e3 + w],
        z[DAY.e4 + w],
    )  # fmt: skip


@equation
def load_pools(z: F8, first: Place, lane: Place) -> Pools:
    """Return seven rows of a lane, from that at ``first`` on."""
    w = np.uint64(first) + np.uint64(lane)
    return Pools(
        z[POOL.m - POOL.m + w], z[POOL.s - POOL.m + w], z[POOL.r - POOL.m + w],
        z[POOL.k - POOL.m + w], z[POOL.p - POOL.m + w], z[POOL.c - POOL.m + w],
        z[POOL.a - POOL.m + w],
    )  # fmt: skip


@equation
def store_pools(z: F8, first: Place, lane: Place, y: Pools) -> None:
    """Fill seven rows of a lane, from that at ``first`` on."""
    w = np.uint64(first) + np.uint64(lane)
    z[POOL.m - POOL.m + w] = y.m
    z[POOL.s - POOL.m + w] = y.s
    z[POOL.r - POOL.m + w] = y.r
    z[POOL.k - POOL.m + w] = y.k
    z[POOL.p - POOL.m + w] = y.p
    z[POOL.c - POOL.m + w] = y.c
    z[POOL.a - POOL.m + w] = y.a


@equation
def load_lasting(z: F8, lane: Place) -> Lasting:
    """Return what the days of a lane share."""
    w = np.uint64(lane)
    return Lasting(
        z[LASTING.vslope + w], z[LASTING.vint + w], z[LASTING.v_rm + w], z[LASTING.v_rs + w],
        z[LASTING.v_ra + w], z[LASTING.v_km + w], z[LASTING.v_ks + w], z[LASTING.v_ka + w],
        z[LASTING.kslope_m + w], z[LASTING.kslope_s + w], z[LASTING.kslope_a + w],
        z[LASTING.kint + w], z[LASTING.k_rm + w], z[LASTING.k_rs + w], z[LASTING.k_ra + w],
        z[LASTING.k_km + w], z[LASTING.k_ks + w], z[LASTING.k_ka + w], z[LASTING.ko_r + w],
        z[LASTING.ko_k + w], z[LASTING.tau_r1 + w], z[LASTING.tau_r2 + w], z[LASTING.tau_k1 + w],
        z[LASTING.tau_k2 + w], z[LASTING.fp_r + w], z[LASTING.fp_k + w], z[LASTING.fc_r + w],
        z[LASTING.fc_r_met + w], z[LASTING.fc_k + w], z[LASTING.fc_k_met + w],
        z[LASTING.fi_m + w], z[LASTING.fi_s + w], z[LASTING.q1 + w], z[LASTING.q2 + w],
        z[LASTING.q3 + w], z[LASTING.lignin_n_most + w], z[LASTING.per_hour + w],
    )  # fmt: skip


@equation
def load_slopes(z: F8, lane: Place) -> Slopes:
    """Return the slopes of a lane."""
    w = np.uint64(lane)
    return Slopes(
        z[SLOPE.rm_s + w], z[SLOPE.rs_s + w], z[SLOPE.ra_s + w], z[SLOPE.rc_s + w],
        z[SLOPE.km_s + w], z[SLOPE.ks_s + w], z[SLOPE.ka_s + w], z[SLOPE.kc_s + w],
        z[SLOPE.rm_b + w], z[SLOPE.rs_b + w], z[SLOPE.ra_b + w], z[SLOPE.rc_b + w],
        z[SLOPE.km_b + w], z[SLOPE.ks_b + w], z[SLOPE.ka_b + w], z[SLOPE.kc_b + w],
        z[SLOPE.dead_r + w], z[SLOPE.dead_k + w],
    )  # fmt: skip


@equation
def store_slopes(z: F8, lane: Place, j: Slopes) -> None:
    """Fill the slopes of a lane."""
    w = np.uint64(lane)
    z[SLOPE.rm_s + w] = j.rm_s
    z[SLOPE.rs_s + w] = j.rs_s
    z[SLOPE.ra_s + w] = j.ra_s
    z[SLOPE.rc_s + w] = j.rc_s
    z[SLOPE.km_s + w] = j.km_s
    z[SLOPE.ks_s + w] = j.ks_s
    z[SLOPE.ka_s + w] = j.ka_s
    z[SLOPE.kc_s + w] = j.kc_s
    z[SLOPE.rm_b + w] = j.rm_b
    z[SLOPE.rs_b + w] = j.rs_b
    z[SLOPE.ra_b + w] = j.ra_b
    z[SLOPE.rc_b + w] = j.rc_b
    z[SLOPE.km_b + w] = j.km_b
    z[SLOPE.ks_b + w] = j.ks_b
    z[SLOPE.ka_b + w] = j.ka_b
    z[SLOPE.kc_b + w] = j.kc_b
    z[SLOPE.dead_r + w] = j.dead_r
    z[SLOPE.dead_k + w] = j.dead_k


@equation
def settle(z: F8, lane: int, t: F8, clay: float, depth: float) -> int:
    """Fill what the days of a lane share from its parameters; return its status.

    Parameters
    ----------
    t : ndarray, shape (55,)
        In the order of `kernels.mimics.one_layer.sets.NAMES`.
    clay : float, fraction
    depth : float, cm
    """
    w = np.uint64(lane)
    z[LASTING.vslope + w], z[LASTING.vint + w] = t[of.VSLOPE], t[of.VINT]
    clay_scalar = protection(clay, t[of.P1], t[of.P2])
    for i in range(6):
        z[place(LASTING.v_rm, i, lane)] = t[of.AV] * t[of.VMOD_RM + i]
        kept = clay_scalar if i % 3 == 2 else 1.0
        z[place(LASTING.k_rm, i, lane)] = t[of.AK] / (t[of.KMOD_RM + i] * kept)
    for i in range(3):
        z[place(LASTING.kslope_m, i, lane)] = t[of.KSLOPE_M + i]
    z[LASTING.kint + w] = t[of.KINT]
    for b in range(2):
        _settle_microbe(z, lane, b, t, clay)
        if not z[place(DAY.fp_r, b, lane)] <= 1.0:
            return OUT_OF_RANGE
    for i in range(4):
        z[place(LASTING.tau_r1, i, lane)] = t[of.TAU_R1 + i]
        z[place(DAY.e1, i, lane)] = t[of.EFF1 + i]
        z[place(LASTING.q1, i, lane)] = t[of.Q1 + i]
    z[LASTING.fi_m + w], z[LASTING.fi_s + w] = t[of.FI_M], t[of.FI_S]
    z[LASTING.per_hour + w] = 0.1 / HOURS_A_DAY / depth
    z[DAY.des + w], z[MORTALITY.beta + w] = t[of.D1] * exp(t[of.D2] * clay), t[of.BETA]
    z[COURSE.fault + w] = 0.0
    return OK if _is_finite(z, lane) else OUT_OF_RANGE


@equation
def _is_finite(z: F8, lane: int) -> bool:
    """Return whether the coefficients of a lane, and what its days share, are numbers."""
    for first, past in ((DAY.v_rm, MORTALITY.r), (LASTING.vslope, COURSE.modifier)):
        for start in range(first, past, np.uint64(LANES)):
            if not isfinite(z[start + np.uint64(lane)]):
                return False
    return True


@equation
def _settle_microbe(z: F8, lane: int, b: int, t: F8, clay: float) -> None:
    """Fill oxidation and the partition of the dead of one microbe."""
    z[place(LASTING.ko_r, b, lane)] = t[of.KO_R + b]
    protected = t[of.FP_R + 2 * b] * exp(t[of.FP_R_CLAY + 2 * b] * clay)
    z[place(LASTING.fp_r, b, lane)] = z[place(DAY.fp_r, b, lane)] = protected
    z[place(LASTING.fc_r, 2 * b, lane)] = t[of.FC_R + 3 * b] * t[of.FC_R_SCALE + 3 * b]
    z[place(LASTING.fc_r_met, 2 * b, lane)] = t[of.FC_R_MET + 3 * b]


@equation
def productivity(z: F8, lane: int, t: F8, npp: float) -> None:
    """Fill what the NPP of a year, g C m-2, makes of turnover; a loss is as none."""
    reference, low, high = t[of.TAU_NPP], t[of.TAU_LOW], t[of.TAU_HIGH]
    extra = t[of.TAU_EXTRA]
    modifier = turnover_modifier(max(0.0, npp), reference, low, high, extra)
    z[COURSE.modifier + np.uint64(lane)] = modifier
