"""Two boxes: one year of one member."""

from math import expm1

from kernels.contract.build import equation

IMPLICIT, EXPLICIT, EXPONENTIAL = 0, 1, 2
SCHEMES = ("implicit", "explicit", "exponential")


@equation
def share(scheme: int, tau: float) -> float:
    """Return what a step multiplies by: implicit, 1/(1 + 1/tau) is left; explicit, 1/tau is lost.

    Written without a branch, so that loops over members vectorise.
    """
    implicit = scheme == IMPLICIT
    return (tau if implicit else 1.0) / (tau + (1.0 if implicit else 0.0))


@equation
def pool_year(scheme: int, pool: float, inflow: float, part: float) -> float:
    """Return a pool a year on (eq. 3): implicit (C + I)/(1 + 1/tau), explicit C + I - C/tau."""
    if scheme == IMPLICIT:
        return (pool + inflow) * part
    return (pool + inflow) - pool * part


@equation
def litterfall(npp: float, before: float, after: float) -> float:
    """Return the carbon that left the vegetation in the year: V'/a, V/a or its mean."""
    return (before + npp) - after


@equation
def vegetation_year_exponential(pool: float, npp: float, tau: float) -> float:
    """Return V' for constant P and a within the year: P a + (V - P a) e^(-1/a)."""
    return pool - (npp * tau - pool) * expm1(-1.0 / tau)


@equation
def soil_year_exponential(
    pool: float, npp: float, vegetation: float, tau_veg: float, tau_soil: float
) -> float:
    """Return S' for constant P, a and b within the year.

    P b (1 - e^(-1/b)) + S e^(-1/b) + (V - P a)/a (e^(-1/a) - e^(-1/b))/(1/b - 1/a)
    """
    x, y = 1.0 / tau_veg, 1.0 / tau_soil
    z = y - x
    # e^-x (1 - e^-z)/z, which keeps its digits where a and b are close or equal.
    quotient = (1.0 + expm1(-x)) * (-expm1(-z) / z if z != 0.0 else 1.0)
    lost = -expm1(-y)
    return pool + (npp * tau_soil - pool) * lost + (vegetation * x - npp) * quotient
