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
from kernels.mimics.daily.equations import Day, Lasting, Slopes
from kernels.mimics.one_layer.equations import POOLS, protection, turnover_modifier
from kernels.mimics.one_layer.matrices import Pools
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
NOW = DAY._replace(mu_r=MORTALITY.r, mu_k=MORTALITY.k)
"""The coefficients of a day, mortality at the present biomass."""

TANGENT = np.uint64(_rows.count * LANES)
"""Where the slopes of the end of a span with its beginning stand, column by column."""
COLUMN = Rows(LANES).of(Pools)
"""Of a column, to be added to where it begins."""

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
