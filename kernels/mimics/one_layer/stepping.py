"""MIMICS in time: explicit hourly steps as its sources take them, and adaptive implicit ones.

The adaptive method is RODAS4 (Hairer and Wanner, Solving Ordinary Differential Equations II,
section VI.4): six stages, order 4 with an error estimate of order 3, stiffly accurate, one
factorisation a step. Respiration is integrated by the same stages, and since a Rosenbrock
method keeps what is linear, carbon closes to rounding whatever the tolerance.
"""

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.mimics.one_layer.equations import POOLS, RH, jacobian, rates
from kernels.numerics.rodas import AT, GAMMA, PAST
from kernels.numerics.small_systems import STAGES, Work, factorise, solve

EULER, ADAPTIVE = 0, 1
INTEGRATORS = ("hourly", "adaptive")

SMALLEST = 1e-6
"""mg cm-3: the errors of smaller pools are measured against this times the tolerance."""

SHORTEST = 1e-9
"""Hours; an error that asks for less has another cause than the step."""


@equation
def euler(form: int, k: F8, y: F8, steps: int, f: F8) -> float:
    """Take explicit steps of an hour; return what is respired, mg C cm-3.

    sum(y) grows by steps x input less what is returned, to rounding.
    """
    respired = 0.0
    for _ in range(steps):
        rates(form, k, y, f)
        for i in range(POOLS):
            y[i] += f[i]
        respired += f[RH]
    return respired


@equation
def _stages(form: int, k: F8, y: F8, h: float, w: Work) -> bool:
    """Fill the six stages of a step from ``y``; say whether it could be done.

    ``w.x`` is left with the new state. The last column of ``g`` is respiration, whose slope with
    itself is zero, so it needs no unknown.
    """
    f, u, j, a, swap, g = w.f, w.x, w.j, w.a, w.swap, w.g
    jacobian(form, k, y, j)
    for row in range(POOLS):
        for col in range(POOLS):
            a[row, col] = -j[row, col]
        a[row, row] += 1.0 / (h * GAMMA)
    if not factorise(a, swap):
        return False
    for s in range(STAGES):
        for i in range(POOLS):
            u[i] = y[i]
            for p in range(s):
                u[i] += AT[s, p] * g[p, i]
        rates(form, k, u, f)
        for i in range(POOLS + 1):
            for p in range(s):
                f[i] += PAST[s, p] / h * g[p, i]
            g[s, i] = f[i]
        solve(a, swap, g[s])
        for i in range(POOLS):
            g[s, RH] += j[RH, i] * g[s, i]
        g[s, RH] *= h * GAMMA
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
        scale = tolerance * max(y[i], u[i], SMALLEST)
        worst = max(worst, abs(g[STAGES - 1, i]) / scale)
    return worst if worst < 1e300 else 1e300


@equation
def adaptive(
    form: int, k: F8, y: F8, hours: float, h: float, tolerance: float, w: Work
) -> tuple[int, float, float]:
    """Advance ``y`` by some hours; return status, next step (h) and what is respired.

    Parameters
    ----------
    hours : float
        To go, with these coefficients.
    h : float
        Step to try first, hours.
    tolerance : float
        Relative error of a step.
    """
    u, g = w.x, w.g
    left, respired = hours, 0.0
    while left > 0.0:
        last = h >= left
        step = left if last else h
        error = 1e300
        if _stages(form, k, y, step, w):
            error = _error(y, u, g, tolerance)
        if error > 1.0:
            h = step * max(0.1, 0.9 * error**-0.25)
            if h < SHORTEST:
                return (NOT_FINITE if error > 1e299 else NOT_CONVERGED), h, respired
            continue
        for i in range(POOLS):
            y[i] = u[i]
        for s in range(STAGES):
            # Weights of the new state: those of the last stage, and the last stage itself.
            respired += (AT[STAGES - 1, s] if s < STAGES - 1 else 1.0) * g[s, RH]
        grown = step * min(6.0, 0.9 * max(error, 1e-10) ** -0.25)
        # A step cut short by the end says nothing against the longer one before.
        h = max(h, grown) if last else grown
        left = 0.0 if last else left - step
    return OK, h, respired
