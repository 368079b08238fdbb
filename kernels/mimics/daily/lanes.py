"""MIMICS as the testbed steps it: members side by side in lanes, loops over lanes innermost.

A group of `LANES` members is one flat array, a row of lanes for each quantity. Its length is a
constant and its places are unsigned, or else the compiler could not know that a lane's writes
leave the other lanes' reads alone, and would run them one by one.
"""

from math import exp, isfinite

import numpy as np

import kernels.mimics.one_layer.sets as of
from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import OK, OUT_OF_RANGE
from kernels.mimics.daily.equations import Day, Lasting, Pools, Slopes
from kernels.mimics.one_layer.equations import (
    BETA,
    DES,
    E1,
    FP_R,
    POOLS,
    protection,
    turnover_modifier,
)

LANES = 32
"""Members of a group."""

SPAN = 73
"""Days whose drivers are beside each other at once: a fifth of a year stays in the cache."""

# Daily drivers in lanes, in the order of the kernel's table; structural litter with debris.
METABOLIC, STRUCTURAL, DEBRIS, LIGNIN_N, TEMPERATURE, THETA_L, THETA_F = range(7)
DAILY, LITTERS = 7, 3

# Rows of a group; the first 32 are those of `one_layer.equations`, 31 of them a `Day`.
POOL = 32
EATEN = POOL + POOLS  # by r from m and a, r from s, k from m and a, k from s
MORTALITY = EATEN + 4  # of r and k at this biomass
LASTING = MORTALITY + 2
MODIFIER = LASTING + 37  # of turnover, by NPP
FAULT = MODIFIER + 1
MOISTURE = FAULT + 1  # f_W of the day
RESPIRED = MOISTURE + 1  # over the day, mg C cm-3
YEAR = RESPIRED + 1  # over the days since it was emptied
SLOPE = YEAR + 1
TANGENT = SLOPE + 18  # column by column
ROWS = TANGENT + POOLS * POOLS

# Rows of `Lasting` in which a run of its fields begins.
OWN_V, OWN_KSLOPE, OWN_K, OWN_KO = LASTING + 2, LASTING + 8, LASTING + 12, LASTING + 18
OWN_TAU, OWN_FP, OWN_FC = LASTING + 20, LASTING + 24, LASTING + 26
OWN_FI, OWN_F_MET = LASTING + 30, LASTING + 32

HOURS_A_DAY = 24


@equation
def at(row: int, lane: int) -> int:
    """Return the place of a row's lane."""
    return np.uint64(row * LANES) + np.uint64(lane)  # type: ignore[return-value]


@equation
def group() -> F8:
    """Return a group whose lanes hold nothing."""
    return np.zeros(ROWS * LANES)


@equation
def load_day(z: F8, lane: int) -> Day:
    """Return the coefficients of a lane, mortality at the present biomass."""
    return Day(
        z[at(0 + 0, lane)], z[at(0 + 1, lane)], z[at(0 + 2, lane)], z[at(0 + 3, lane)],
        z[at(0 + 4, lane)], z[at(0 + 5, lane)], z[at(0 + 6, lane)], z[at(0 + 7, lane)],
        z[at(0 + 8, lane)], z[at(0 + 9, lane)], z[at(0 + 10, lane)], z[at(0 + 11, lane)],
        z[at(0 + 12, lane)], z[at(0 + 13, lane)], z[at(MORTALITY, lane)],
        z[at(MORTALITY + 1, lane)], z[at(0 + 16, lane)], z[at(0 + 17, lane)],
        z[at(0 + 18, lane)], z[at(0 + 19, lane)], z[at(0 + 20, lane)], z[at(0 + 21, lane)],
        z[at(0 + 22, lane)], z[at(0 + 23, lane)], z[at(0 + 24, lane)], z[at(0 + 25, lane)],
        z[at(0 + 26, lane)], z[at(0 + 27, lane)], z[at(0 + 28, lane)], z[at(0 + 29, lane)],
        z[at(0 + 30, lane)],
    )  # fmt: skip


@equation
def load_pools(z: F8, first: int, lane: int) -> Pools:
    """Return seven rows of a lane."""
    return Pools(
        z[at(first + 0, lane)], z[at(first + 1, lane)], z[at(first + 2, lane)],
        z[at(first + 3, lane)], z[at(first + 4, lane)], z[at(first + 5, lane)],
        z[at(first + 6, lane)],
    )  # fmt: skip


@equation
def store_pools(z: F8, first: int, lane: int, y: Pools) -> None:
    """Fill seven rows of a lane."""
    z[at(first + 0, lane)] = y.m
    z[at(first + 1, lane)] = y.s
    z[at(first + 2, lane)] = y.r
    z[at(first + 3, lane)] = y.k
    z[at(first + 4, lane)] = y.p
    z[at(first + 5, lane)] = y.c
    z[at(first + 6, lane)] = y.a


@equation
def load_lasting(z: F8, lane: int) -> Lasting:
    """Return what the days of a lane share."""
    return Lasting(
        z[at(LASTING + 0, lane)], z[at(LASTING + 1, lane)], z[at(LASTING + 2, lane)],
        z[at(LASTING + 3, lane)], z[at(LASTING + 4, lane)], z[at(LASTING + 5, lane)],
        z[at(LASTING + 6, lane)], z[at(LASTING + 7, lane)], z[at(LASTING + 8, lane)],
        z[at(LASTING + 9, lane)], z[at(LASTING + 10, lane)], z[at(LASTING + 11, lane)],
        z[at(LASTING + 12, lane)], z[at(LASTING + 13, lane)], z[at(LASTING + 14, lane)],
        z[at(LASTING + 15, lane)], z[at(LASTING + 16, lane)], z[at(LASTING + 17, lane)],
        z[at(LASTING + 18, lane)], z[at(LASTING + 19, lane)], z[at(LASTING + 20, lane)],
        z[at(LASTING + 21, lane)], z[at(LASTING + 22, lane)], z[at(LASTING + 23, lane)],
        z[at(LASTING + 24, lane)], z[at(LASTING + 25, lane)], z[at(LASTING + 26, lane)],
        z[at(LASTING + 27, lane)], z[at(LASTING + 28, lane)], z[at(LASTING + 29, lane)],
        z[at(LASTING + 30, lane)], z[at(LASTING + 31, lane)], z[at(LASTING + 32, lane)],
        z[at(LASTING + 33, lane)], z[at(LASTING + 34, lane)], z[at(LASTING + 35, lane)],
        z[at(LASTING + 36, lane)],
    )  # fmt: skip


@equation
def load_slopes(z: F8, lane: int) -> Slopes:
    """Return the slopes of a lane."""
    return Slopes(
        z[at(SLOPE + 0, lane)], z[at(SLOPE + 1, lane)], z[at(SLOPE + 2, lane)],
        z[at(SLOPE + 3, lane)], z[at(SLOPE + 4, lane)], z[at(SLOPE + 5, lane)],
        z[at(SLOPE + 6, lane)], z[at(SLOPE + 7, lane)], z[at(SLOPE + 8, lane)],
        z[at(SLOPE + 9, lane)], z[at(SLOPE + 10, lane)], z[at(SLOPE + 11, lane)],
        z[at(SLOPE + 12, lane)], z[at(SLOPE + 13, lane)], z[at(SLOPE + 14, lane)],
        z[at(SLOPE + 15, lane)], z[at(SLOPE + 16, lane)], z[at(SLOPE + 17, lane)],
    )  # fmt: skip


@equation
def store_slopes(z: F8, lane: int, j: Slopes) -> None:
    """Fill the slopes of a lane."""
    z[at(SLOPE + 0, lane)] = j.rm_s
    z[at(SLOPE + 1, lane)] = j.rs_s
    z[at(SLOPE + 2, lane)] = j.ra_s
    z[at(SLOPE + 3, lane)] = j.rc_s
    z[at(SLOPE + 4, lane)] = j.km_s
    z[at(SLOPE + 5, lane)] = j.ks_s
    z[at(SLOPE + 6, lane)] = j.ka_s
    z[at(SLOPE + 7, lane)] = j.kc_s
    z[at(SLOPE + 8, lane)] = j.rm_b
    z[at(SLOPE + 9, lane)] = j.rs_b
    z[at(SLOPE + 10, lane)] = j.ra_b
    z[at(SLOPE + 11, lane)] = j.rc_b
    z[at(SLOPE + 12, lane)] = j.km_b
    z[at(SLOPE + 13, lane)] = j.ks_b
    z[at(SLOPE + 14, lane)] = j.ka_b
    z[at(SLOPE + 15, lane)] = j.kc_b
    z[at(SLOPE + 16, lane)] = j.dead_r
    z[at(SLOPE + 17, lane)] = j.dead_k


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
    z[at(LASTING, lane)], z[at(LASTING + 1, lane)] = t[of.VSLOPE], t[of.VINT]
    clay_scalar = protection(clay, t[of.P1], t[of.P2])
    for i in range(6):
        z[at(OWN_V + i, lane)] = t[of.AV] * t[of.VMOD_RM + i]
        kept = clay_scalar if i % 3 == 2 else 1.0
        z[at(OWN_K + i, lane)] = t[of.AK] / (t[of.KMOD_RM + i] * kept)
    for i in range(3):
        z[at(OWN_KSLOPE + i, lane)] = t[of.KSLOPE_M + i]
    z[at(OWN_KSLOPE + 3, lane)] = t[of.KINT]
    for b in range(2):
        _settle_microbe(z, lane, b, t, clay)
        if not z[at(FP_R + b, lane)] <= 1.0:
            return OUT_OF_RANGE
    for i in range(4):
        z[at(OWN_TAU + i, lane)], z[at(E1 + i, lane)] = t[of.TAU_R1 + i], t[of.EFF1 + i]
        z[at(OWN_F_MET + i, lane)] = t[of.Q1 + i]
    z[at(OWN_FI, lane)], z[at(OWN_FI + 1, lane)] = t[of.FI_M], t[of.FI_S]
    z[at(OWN_F_MET + 4, lane)] = 0.1 / HOURS_A_DAY / depth
    z[at(DES, lane)], z[at(BETA, lane)] = t[of.D1] * exp(t[of.D2] * clay), t[of.BETA]
    z[at(FAULT, lane)] = 0.0
    for i in range(MODIFIER):
        if not isfinite(z[at(i, lane)]) and (i <= BETA or i >= LASTING):
            return OUT_OF_RANGE
    return OK


@equation
def _settle_microbe(z: F8, lane: int, b: int, t: F8, clay: float) -> None:
    """Fill oxidation and the partition of the dead of one microbe."""
    z[at(OWN_KO + b, lane)] = t[of.KO_R + b]
    protected = t[of.FP_R + 2 * b] * exp(t[of.FP_R_CLAY + 2 * b] * clay)
    z[at(OWN_FP + b, lane)] = z[at(FP_R + b, lane)] = protected
    z[at(OWN_FC + 2 * b, lane)] = t[of.FC_R + 3 * b] * t[of.FC_R_SCALE + 3 * b]
    z[at(OWN_FC + 2 * b + 1, lane)] = t[of.FC_R_MET + 3 * b]


@equation
def productivity(z: F8, lane: int, t: F8, npp: float) -> None:
    """Fill what the NPP of a year, g C m-2, makes of turnover; a loss is as none."""
    reference, low, high = t[of.TAU_NPP], t[of.TAU_LOW], t[of.TAU_HIGH]
    z[at(MODIFIER, lane)] = turnover_modifier(max(0.0, npp), reference, low, high, t[of.TAU_EXTRA])
