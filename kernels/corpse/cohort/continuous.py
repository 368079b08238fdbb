"""CORPSE in continuous time: its slopes, their Jacobian, and adaptive implicit steps.

The limit of the testbed's day for steps that go to zero, which is the reference that the daily
step approaches at first order. Litter enters at the rate of its day. The method is RODAS4, as
for MIMICS in time: it keeps linear invariants, so carbon closes to rounding at any tolerance.
"""

from typing import NamedTuple

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import OK
from kernels.corpse.cohort.equations import DT, Constants, Pools, activity, turnover
from kernels.numerics.rodas import stepper
from kernels.numerics.small_systems import Work

POOLS = 7
CO2 = 7
"""Row of respiration below the seven slopes, and below the rows of the Jacobian."""

SMALLEST = 1e-9
"""kg C m-2: the errors of smaller pools are measured against this times the tolerance."""

SHORTEST = 1e-12
"""Years; an error that asks for less has another cause than the step."""


@equation
def slopes(
    y: F8, fresh: Pools, v1: float, v2: float, v3: float, k: Constants, f: F8
) -> None:  # fmt: skip
    """Fill the rates of seven pools and of CO2, kg C m-2 yr-1; `fresh` enters per year."""
    total = y[0] + y[1] + y[2]
    u = activity(total, y[6], k.k_c)
    d1, d2, d3 = v1 * u * y[0], v2 * u * y[1], v3 * u * y[2]
    died = turnover(y[6], total, k.min_m, k.per_mic)
    g1 = k.q1 * y[0] - k.per_prot * y[3]
    g2 = k.q2 * y[1] - k.per_prot * y[4]
    g3 = k.q3 * y[2] - k.per_prot * y[5]
    f[0], f[1], f[2] = fresh.c1 - d1 - g1, fresh.c2 - d2 - g2, k.et * died - d3 - g3
    f[3], f[4], f[5] = g1, g2, g3
    f[6] = fresh.m + k.e1 * d1 + k.e2 * d2 + k.e3 * d3 - died
    f[CO2] = (1.0 - k.e1) * d1 + (1.0 - k.e2) * d2 + (1.0 - k.e3) * d3 + (1.0 - k.et) * died


@equation
def jacobian(y: F8, v1: float, v2: float, v3: float, k: Constants, j: F8) -> None:
    """Fill the slopes of `slopes`, (8, 7): row by rate, column by pool."""
    total = y[0] + y[1] + y[2]
    below = k.k_c * total + y[6]
    u, by_c, by_m = 0.0, 0.0, 0.0
    if below > 0.0:
        u, by_c, by_m = y[6] / below, -k.k_c * y[6] / below**2, k.k_c * total / below**2
    turning = y[6] > k.min_m * total
    j[:, :] = 0.0
    for i, (v, e, q) in enumerate(((v1, k.e1, k.q1), (v2, k.e2, k.q2), (v3, k.e3, k.q3))):
        for col in range(3):
            d = v * (y[i] * by_c + (u if col == i else 0.0))
            j[i, col] -= d
            j[6, col] += e * d
            j[CO2, col] += (1.0 - e) * d
        d = v * y[i] * by_m
        j[i, 6] -= d
        j[6, 6] += e * d
        j[CO2, 6] += (1.0 - e) * d
        j[i, i] -= q
        j[3 + i, i] += q
        j[i, 3 + i] += k.per_prot
        j[3 + i, 3 + i] -= k.per_prot
    if turning:
        for col in (0, 1, 2, 6):
            died = k.per_mic if col == 6 else -k.min_m * k.per_mic
            j[2, col] += k.et * died
            j[6, col] -= died
            j[CO2, col] += (1.0 - k.et) * died


class Day(NamedTuple):
    """What the slopes of a cohort's day need: what enters, kg C m-2 yr-1, and rates."""

    fresh: Pools
    v1: float
    v2: float
    v3: float


@equation
def _jacobian(of: Day, k: Constants, y: F8, j: F8) -> None:
    jacobian(y, of.v1, of.v2, of.v3, k, j)


@equation
def _slopes(of: Day, k: Constants, y: F8, f: F8) -> None:
    slopes(y, of.fresh, of.v1, of.v2, of.v3, k, f)


_advance = stepper(_jacobian, _slopes, smallest=SMALLEST, shortest=SHORTEST)


@equation
def adaptive(
    y: F8, fresh: Pools, v1: float, v2: float, v3: float, k: Constants, tolerance: float,
    h: float, w: Work,
) -> tuple[bool, float, float]:  # fmt: skip
    """Advance ``y`` by a day; return whether it could, the next step (yr) and its CO2."""
    status, h, respired = _advance(Day(fresh, v1, v2, v3), k, y, DT, h, tolerance, w)
    return status == OK, h, respired
