"""CASA: one day of plants, of litter and of soil, as scalar equations.

Pools in g C m-2, fluxes in g C m-2 d-1, rates in d-1, temperatures in degC. Every pool of a day
changes from its value at the start of the day.
"""

from kernels.casa.shared.phenology import DORMANT, FALL, GREENUP
from kernels.contract.build import equation
from kernels.numerics.exp import exp
from kernels.numerics.log import log

KELVIN = 273.15
DAYS = 365.0

# --- plants ---


@equation
def warmth(temperature: float) -> float:
    """Return what multiplies maintenance respiration, 1 at 10 degC and 0 below 250 K."""
    # Colder than that the quotient means nothing, and at 46.02 degC below zero it has a pole.
    inside = temperature + KELVIN > 250.0
    above = temperature + 46.02 if inside else 1.0
    return exp(308.56 * (1.0 / 56.02 - 1.0 / above)) if inside else 0.0


@equation
def cold(linear: bool, temperature: float, shed: float) -> float:
    """Return the part of cold shedding, 0 to 1; ``shed`` in K.

    A ramp of 5 K below it, or, as the testbed's code had it until June 2018, a step.
    """
    above = temperature + KELVIN - (shed - 5.0)
    ramp = 1.0 - (0.0 if above <= 0.0 else 1.0 if above >= 5.0 else above / 5.0)
    return ramp if linear else 1.0 if above < 5.0 else 0.0


@equation
def growth_efficiency(base: float, leaf: float, before: float, to_n: float, to_p: float) -> float:
    """Return the part of carbon for growth that is not respired: base + 0.2 r/(r + 1/15).

    r is the leaf's P over its N. P is that of the leaf of a day before, ``before``, as in the
    testbed, which sets P ahead of N.
    """
    p = before * to_p if leaf > 0.0 else 0.0
    n = leaf * to_n + 1e-10
    return base + 0.2 * (p / (p + n / 15.0))


@equation
def maintenance(rate: float, pool: float, warm: float) -> float:
    """Return maintenance respiration of wood or fine roots; none of a pool that is next to none."""
    return rate * pool * warm if pool > 1e-6 else 0.0


@equation
def allocation(
    phase: int, woody: bool, full: bool, leaf: float, wood: float, froot: float
) -> tuple[float, float, float]:
    """Return the parts of NPP that leaf, wood and fine roots get, in a phase.

    ``full`` says that leaf area is at its most. Rules in the testbed's order, each on what the
    one before left; the last makes the sum 1. (Its rule for a leaf area below the least never
    holds: leaf area is never below.)
    """
    if phase == DORMANT:
        leaf, froot = 0.0, froot / (froot + wood)
        wood = 1.0 - froot
    elif phase == GREENUP:
        leaf, froot = 0.8, 0.1 if woody else 0.2
        wood = 0.1 if woody else wood
    elif phase == FALL:
        leaf, froot = 0.0, 1.0 - wood
    if full:
        leaf, froot = 0.0, froot / (froot + wood)
        wood = 1.0 - froot
    total = leaf + wood + froot
    return leaf / total, wood / total, froot / total


@equation
def leaf_area(leaf: float, sla: float, least: float, most: float) -> float:
    """Return the leaf area index."""
    return min(most, max(least, sla * leaf))


# --- litter and soil ---


@equation
def log_wet(theta: float) -> float:
    """Return the logarithm of what falls with moisture, whose exponent is 6.6481."""
    return log((theta - 1.70) / (0.55 - 1.70))


@equation
def log_dry(theta: float) -> float:
    """Return the logarithm of what rises with moisture, whose exponent is 3.22."""
    return log((theta + 0.007) / (0.55 + 0.007))


@equation
def tens_above(temperature: float) -> float:
    """Return how many times 10 K a temperature is above 35 degC, the exponent of Q10."""
    return 0.1 * (temperature - 35.0)


@equation
def activity(
    log_q10: float, wet: float, dry: float, tens: float, log_w: float, log_d: float
) -> float:
    """Return f(T) f(W): 1 at 35 degC and 0.55 of pore space, by one exponential."""
    return exp((log_q10 * tens + wet * log_w) + dry * log_d)


@equation
def decomposed(rate: float, active: float, pool: float) -> float:
    """Return what of a pool decomposes in a day."""
    return rate * active * pool
