"""CORPSE as the biogeochemical testbed runs it: one day of one cohort, as scalar equations.

Three species of carbon, labile, recalcitrant and necromass (1, 2, 3), each unprotected (c) and
protected (p), and live microbes (m): seven pools, a cohort. Cohorts exchange no carbon. Pools
in kg C m-2, rates per year of 365 d, temperatures in degC.

The explicit step of a day is the published model: litter enters, what is unprotected
decomposes, microbes turn over, and then carbon is protected and released. The same sums taken
at once, in continuous time, are `slopes` of ``continuous.py``.
"""

from math import sqrt
from typing import NamedTuple

from kernels.contract.build import equation
from kernels.numerics.exp import exp

DT = 1.0 / 365.0
"""A day, yr."""

GAS_CONSTANT = 8.314472
"""J mol-1 K-1, as in the code."""

REFERENCE = 293.15
"""K. The manual prints 293.7; the code and what was archived have this."""

FREEZING = 273.15
SOLIDS = 2650e-6
"""Density of what is not pore, in units of Qmax."""


class Pools(NamedTuple):
    """A cohort, kg C m-2."""

    c1: float
    c2: float
    c3: float
    p1: float
    p2: float
    p3: float
    m: float


class Constants(NamedTuple):
    """What a cohort's day takes beside its drivers.

    Attributes
    ----------
    k_c, min_m, per_mic : float
        Half saturation; least microbes per carbon; turnover of microbes, yr-1.
    e1, e2, e3, et : float
        Growth efficiencies; necromass from what dies.
    q1, q2, q3, per_prot : float
        Rates of protection and of release, yr-1.
    share, exuded : float
        The cohort's parts of litter and of exudates.
    """

    k_c: float
    min_m: float
    per_mic: float
    e1: float
    e2: float
    e3: float
    et: float
    q1: float
    q2: float
    q3: float
    per_prot: float
    share: float
    exuded: float


PUBLISHED = (3.0, 2.5)
"""Exponents of liquid water and of air."""


@equation
def power(base: float, exponent: float) -> float:
    """Return a power of a number from 0 to 1; the published exponents without a call."""
    if exponent == 3.0:
        return base * base * base
    if exponent == 2.5:
        return base * base * sqrt(base)
    found: float = base**exponent
    return found


@equation
def moisture(
    theta_l: float, theta_f: float, least: float, theta_exp: float, gas_exp: float
) -> float:
    """Return the scalar fW of liquid and frozen water, fractions of pore space.

    It is not normalised: its maximum without ice is 0.0227, at a liquid fraction of 0.55.
    """
    liquid = min(1.0, theta_l)
    air = max(0.0, 1.0 - liquid - min(1.0, theta_f))
    wet = power(liquid, theta_exp) + 0.001
    return max(least, wet * max(power(air, gas_exp), 0.003))


@equation
def wetness(
    theta_l: float, theta_f: float, least: float, theta_exp: float, gas_exp: float
) -> float:
    """Return what multiplies rates: the scalar fW, and zero where there is no liquid water."""
    wet = moisture(theta_l, theta_f, least, theta_exp, gas_exp)
    return wet if theta_l > 0.0 else 0.0


@equation
def warmth(temperature: float) -> float:
    """Return what times an activation energy (J mol-1) is the log of a rate's change."""
    return (1.0 / REFERENCE - 1.0 / (temperature + FREEZING)) / GAS_CONSTANT


@equation
def faster(warm: float, activation: float) -> float:
    """Return how much faster than at the reference a rate is; see `warmth`."""
    return exp(activation * warm)


@equation
def q_max(clay: float, porosity: float) -> float:
    """Return Qmax; clay a fraction of mass, porosity a fraction of volume.

    It multiplies the rate of protection and, in spite of its name, is no limit.
    """
    if clay <= 0.0:
        return 0.0
    found: float = 10.0**2.3282 * (100.0 * clay) ** 0.4833 * (1.0 - porosity) * SOLIDS
    return max(0.0, found)


@equation
def enter(
    y: Pools, labile: float, recalc: float, exudate: float, k: Constants
) -> tuple[Pools, float]:
    """Return the pools with an amount of litter in them, and all that entered, kg C m-2.

    Exudates come out of labile litter, so carbon is conserved. The part ``min_m`` of litter,
    not of exudates, is live microbes.
    """
    rest = labile - exudate
    left = rest if rest > 0.0 else 0.0
    ex = (exudate if rest > 0.0 else labile) * k.exuded
    one, two = k.share * left, k.share * recalc
    dead = 1.0 - k.min_m
    filled = Pools(
        y.c1 + dead * one + ex, y.c2 + dead * two, y.c3,
        y.p1, y.p2, y.p3, y.m + k.min_m * (one + two),
    )  # fmt: skip
    return filled, one + two + ex


@equation
def activity(total: float, m: float, k_c: float) -> float:
    """Return M / (kC S + M), and 0 where there are neither microbes nor carbon."""
    below = k_c * total + m
    return m / below if below > 0.0 else 0.0


@equation
def turnover(m: float, carbon: float, min_m: float, per_mic: float) -> float:
    """Return what dies of microbes, kg C m-2 yr-1; those that belong to the carbon stay."""
    return max(0.0, (m - min_m * carbon) * per_mic)


@equation
def protect(c: float, p: float, q: float, per_prot: float, dt: float) -> tuple[float, float]:
    """Return unprotected and protected carbon after what was protected and released."""
    gain = min(1.0, dt * q) * c - dt * per_prot * p
    return c - gain, p + gain


@equation
def step(y: Pools, v1: float, v2: float, v3: float, k: Constants, dt: float) -> tuple[Pools, float]:
    """Return the pools after a step of ``dt`` years, and the CO2 of it, kg C m-2.

    ``v1, v2, v3`` are rates at this temperature and moisture, yr-1. Not more decomposes than
    is there, and no more is protected.
    """
    u = activity(y.c1 + y.c2 + y.c3, y.m, k.k_c) * dt
    d1, d2, d3 = min(1.0, v1 * u) * y.c1, min(1.0, v2 * u) * y.c2, min(1.0, v3 * u) * y.c3
    c1, c2, c3 = y.c1 - d1, y.c2 - d2, y.c3 - d3
    died = dt * turnover(y.m, c1 + c2 + c3, k.min_m, k.per_mic)
    g1, g2, g3 = k.e1 * d1, k.e2 * d2, k.e3 * d3
    kept = k.et * died
    co2 = (d1 - g1) + (d2 - g2) + (d3 - g3) + (died - kept)
    m = y.m + ((g1 + g2 + g3) - died)
    c1, p1 = protect(c1, y.p1, k.q1, k.per_prot, dt)
    c2, p2 = protect(c2, y.p2, k.q2, k.per_prot, dt)
    c3, p3 = protect(c3 + kept, y.p3, k.q3, k.per_prot, dt)
    return Pools(c1, c2, c3, p1, p2, p3, m), co2
