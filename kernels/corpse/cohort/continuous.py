"""CORPSE in continuous time: its slopes, their Jacobian, and adaptive implicit steps.

The limit of the testbed's day for steps that go to zero, which is the reference that the daily
step approaches at first order. Litter enters at the rate of its day. The method is RODAS4, as
for MIMICS in time: it keeps linear invariants, so carbon closes to rounding at any tolerance.
"""

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.corpse.cohort.equations import DT, Constants, Pools, activity, turnover
from kernels.numerics.rodas import AT, GAMMA, PAST
from kernels.numerics.small_systems import STAGES, Work, factorise, solve

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


@equation
def _stages(
    y: F8, fresh: Pools, v1: float, v2: float, v3: float, k: Constants, h: float, w: Work
) -> bool:
    """Fill the six stages of a step of ``h`` years; leave the new state in ``w.x``."""
    f, u, j, a, g = w.f, w.x, w.j, w.a, w.g
    jacobian(y, v1, v2, v3, k, j)
    for row in range(POOLS):
        for col in range(POOLS):
            a[row, col] = -j[row, col]
        a[row, row] += 1.0 / (h * GAMMA)
    if not factorise(a, w.swap):
        return False
    for s in range(STAGES):
        for i in range(POOLS):
            u[i] = y[i]
            for p in range(s):
                u[i] += AT[s, p] * g[p, i]
        slopes(u, fresh, v1, v2, v3, k, f)
        for i in range(POOLS + 1):
            for p in range(s):
                f[i] += PAST[s, p] / h * g[p, i]
            g[s, i] = f[i]
        solve(a, w.swap, g[s])
        for i in range(POOLS):
            g[s, CO2] += j[CO2, i] * g[s, i]
        g[s, CO2] *= h * GAMMA
    for i in range(POOLS):
        u[i] += g[STAGES - 1, i]
    return True


@equation
def _error(y: F8, u: F8, g: F8, tolerance: float) -> float:
    """Return the largest error in units of the tolerance; huge for a state that cannot be."""
    worst = 0.0
    for i in range(POOLS):
        if not u[i] >= 0.0:
            return 1e300
        worst = max(worst, abs(g[STAGES - 1, i]) / (tolerance * max(y[i], u[i], SMALLEST)))
    return worst if worst < 1e300 else 1e300


@equation
def adaptive(
    y: F8, fresh: Pools, v1: float, v2: float, v3: float, k: Constants, tolerance: float,
    h: float, w: Work,
) -> tuple[bool, float, float]:  # fmt: skip
    """Advance ``y`` by a day; return whether it could, the next step (yr) and its CO2."""
    left, respired = DT, 0.0
    while left > 0.0:
        last = h >= left
        step = left if last else h
        error = 1e300
        if _stages(y, fresh, v1, v2, v3, k, step, w):
            error = _error(y, w.x, w.g, tolerance)
        if error > 1.0:
            h = step * max(0.1, 0.9 * error**-0.25)
            if h < SHORTEST:
                return False, h, respired
            continue
        for i in range(POOLS):
            y[i] = w.x[i]
        for s in range(STAGES):
            respired += (AT[STAGES - 1, s] if s < STAGES - 1 else 1.0) * w.g[s, CO2]
        grown = step * min(6.0, 0.9 * max(error, 1e-10) ** -0.25)
        # A step cut short by the end of the day says nothing against the longer one before.
        h = max(h, grown) if last else grown
        left = 0.0 if last else left - step
    return True, h, respired
