"""CORPSE: the steady state of a cohort under constant drivers, in closed form.

What is taken in must go, so the fluxes are known before the pools: all litter of a species
decomposes, microbes die at the rate at which they grow, and what decomposes of necromass is
what becomes it. One unknown is left, the activity u = M/(kC S + M), and it solves a quadratic.
Protected carbon follows from unprotected. Of the explicit step it is the fixed point to
rounding, with a step of zero that of continuous time.
"""

from math import isfinite, sqrt

from kernels.contract.build import equation
from kernels.corpse.cohort.equations import Constants, Pools

MOST_CAPS = 8
"""Times that the species which decompose within a step are looked up; each time there are more
or fewer of three."""


@equation
def root(a: float, p: float, r: float) -> float:
    """Return the root of a u^2 + p u = r between 0 and 1; r >= 0, and a + p > r."""
    width = sqrt(max(0.0, p * p + 4.0 * a * r))
    if p >= 0.0:
        return 2.0 * r / (p + width) if p + width > 0.0 else 0.0
    return (width - p) / (2.0 * a)


@equation
def settled(c: float, q: float, per_prot: float, dt: float) -> float:
    """Return the protected carbon that belongs to unprotected; see `protect`."""
    if dt == 0.0:
        return q / per_prot * c
    return min(1.0, dt * q) / (dt * per_prot) * c


@equation
def steady(
    j1: float, j2: float, j_m: float, v1: float, v2: float, v3: float, k: Constants, dt: float
) -> tuple[bool, Pools]:
    """Return whether there is a steady state, and the pools at the end of a step of it.

    Parameters
    ----------
    j1, j2, j_m : float
        Inputs of labile and recalcitrant carbon and of microbes, kg C m-2 yr-1.
    v1, v2, v3 : float
        Rates, yr-1.
    dt : float
        Step, yr; 0 for continuous time.
    """
    lost = 1.0 - k.e3 * k.et
    if j1 + j2 + j_m == 0.0:
        return True, Pools(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    died = (k.e1 * j1 + k.e2 * j2 + j_m) / lost
    j3 = k.et * died
    spared = died / k.per_mic - k.min_m * dt * (j1 + j2 + j3)
    most = 1.0 / dt if dt > 0.0 else 1e300
    u = 0.0
    for _ in range(MOST_CAPS):
        # Species that a step uses up hold what enters in it, whatever the activity.
        all1, all2, all3 = v1 * u > most, v2 * u > most, v3 * u > most
        at_once = (j1 if all1 else 0.0) + (j2 if all2 else 0.0) + (j3 if all3 else 0.0)
        slow = _over(j1, v1, all1) + _over(j2, v2, all2) + _over(j3, v3, all3)
        c = dt * at_once
        b = spared + k.min_m * c
        before = u
        u = root(k.k_c * c + b, (k.k_c + k.min_m) * slow - b, k.min_m * slow)
        if u == before or not isfinite(slow):
            break
    a1, a2, a3 = _held(j1, v1 * u, most), _held(j2, v2 * u, most), _held(j3, v3 * u, most)
    c1, c2, c3 = max(0.0, a1 - dt * j1), max(0.0, a2 - dt * j2), a3
    m = died / k.per_mic + k.min_m * (c1 + c2 + max(0.0, a3 - dt * j3)) - dt * j_m
    p1, p2 = settled(c1, k.q1, k.per_prot, dt), settled(c2, k.q2, k.per_prot, dt)
    p3 = settled(c3, k.q3, k.per_prot, dt)
    pools = Pools(c1, c2, c3, p1, p2, p3, m)
    total = c1 + c2 + c3 + p1 + p2 + p3 + m
    return isfinite(total) and lost > 0.0 and m > 0.0, pools


@equation
def _over(flux: float, v: float, at_once: bool) -> float:
    return 0.0 if at_once or flux == 0.0 else flux / v


@equation
def _held(flux: float, rate: float, most: float) -> float:
    return 0.0 if flux == 0.0 else flux / min(rate, most)
