"""MIMICS in layers in time: adaptive implicit steps, and spin-up to the rule of a paper.

RODAS4 as in `one_layer.stepping`, on all pools of all layers at once: transport is as
implicit as the rest, nothing is split, and the column's carbon closes to rounding.
"""

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.mimics.layers.block_tridiagonal import Profile, factorise, fill, solve
from kernels.mimics.layers.equations import profile_rates
from kernels.mimics.one_layer.equations import HOURS, POOLS, RH
from kernels.mimics.one_layer.stepping import SHORTEST, SMALLEST
from kernels.numerics.copying import copy_rows
from kernels.numerics.rodas import AT, GAMMA, PAST, grown_from, shortened
from kernels.numerics.small_systems import STAGES

TOTAL, POOL, LAYER, FIXED = 0, 1, 2, 3
RULES = ("total", "pool", "layer", "fixed")
"""What has to change little in a year: all carbon of the column, each pool of the column, or
each pool of each layer; or nothing, where a number of years is fixed."""


@equation
def _stages(decay: float, y: F8, h: float, w: Profile) -> bool:
    """Fill the six stages of a step from ``y``; say whether it could be done.

    ``w.u`` is left with the new state. The last column of ``w.g`` is respiration.
    """
    u, f, g = w.u, w.f, w.g
    for n in range(len(y)):
        for i in range(POOLS):
            u[n, i] = 1.0
    fill(w.k, w.d, decay, y, 1.0 / (h * GAMMA), u, w)
    if not factorise(w.s):
        return False
    for s in range(STAGES):
        for n in range(len(y)):
            for i in range(POOLS):
                u[n, i] = y[n, i]
                for p in range(s):
                    u[n, i] += AT[s, p] * g[p, n, i]
        profile_rates(w.k, w.d, decay, u, f)
        for n in range(len(y)):
            for i in range(POOLS + 1):
                for p in range(s):
                    f[n, i] += PAST[s, p] / h * g[p, n, i]
                g[s, n, i] = f[n, i]
        solve(w.s, g[s])
        _respire(g[s], h, w)
    for n in range(len(y)):
        for i in range(POOLS):
            u[n, i] += g[STAGES - 1, n, i]
    return True


@equation
def _respire(g: F8, h: float, w: Profile) -> None:
    """Finish a stage's respiration, whose slope with itself is zero: it needs no unknown."""
    for n in range(len(g)):
        for i in range(POOLS):
            g[n, RH] += w.r[n, i] * g[n, i]
        g[n, RH] *= h * GAMMA


@equation
def _error(y: F8, u: F8, g: F8, tolerance: float) -> float:
    """Return the largest error in units of the tolerance; huge for a state that cannot be."""
    worst = 0.0
    for n in range(len(y)):
        for i in range(POOLS):
            if not u[n, i] >= 0.0:
                return 1e300
            scale = tolerance * max(y[n, i], u[n, i], SMALLEST)
            worst = max(worst, abs(g[n, i]) / scale)
    return worst if worst < 1e300 else 1e300


@equation
def advance(
    decay: float, y: F8, hours: float, h: float, tolerance: float, respired: F8, w: Profile
) -> tuple[int, float]:
    """Advance ``y`` by some hours; return status and the next step (h).

    Parameters
    ----------
    decay : float, h-1
    y : ndarray, shape (n, 7), mg C cm-3
    hours : float
        To go, with the coefficients that ``w`` holds.
    h : float
        Step to try first, hours.
    tolerance : float
        Relative error of a step.
    respired : ndarray, shape (n,), mg C cm-3
        Filled with what each layer respires.
    """
    respired[:] = 0.0
    left = hours
    while left > 0.0:
        last = h >= left
        step = left if last else h
        error = 1e300
        if _stages(decay, y, step, w):
            error = _error(y, w.u, w.g[STAGES - 1], tolerance)
        if error > 1.0:
            h = shortened(step, error)
            if h < SHORTEST:
                return (NOT_FINITE if error > 1e299 else NOT_CONVERGED), h
            continue
        for n in range(len(y)):
            for i in range(POOLS):
                y[n, i] = w.u[n, i]
            for s in range(STAGES):
                # Weights of the new state: those of the last stage, and the last stage itself.
                respired[n] += (AT[STAGES - 1, s] if s < STAGES - 1 else 1.0) * w.g[s, n, RH]
        grown = grown_from(step, error)
        # A step cut short by the end says nothing against the longer one before.
        h = max(h, grown) if last else grown
        left = 0.0 if last else left - step
    return OK, h


@equation
def _change(rule: int, y: F8, before: F8, thickness: F8) -> float:
    """Return the largest relative change over a year of what the rule looks at."""
    most, total, total_before = 0.0, 0.0, 0.0
    for i in range(POOLS):
        now, then = 0.0, 0.0
        for n in range(len(y)):
            now += y[n, i] * thickness[n]
            then += before[n, i] * thickness[n]
            if rule == LAYER and before[n, i] > 0.0:
                most = max(most, abs(y[n, i] / before[n, i] - 1.0))
        if rule == POOL and then > 0.0:
            most = max(most, abs(now / then - 1.0))
        total += now
        total_before += then
    return abs(total / total_before - 1.0) if rule == TOTAL else most


@equation
def profile_spinup(
    rule: int, most: float, decay: float, y: F8, thickness: F8, limit: int, tolerance: float,
    respired: F8, before: F8, w: Profile,
) -> tuple[int, int, float]:  # fmt: skip
    """Advance ``y`` year by year until a year changes it by less than ``most``, relatively.

    Returns status, years, and the last year's change. That is the rule of Wang et al. (2021),
    and no steady state: a mode of time constant tau stops at an error of about ``most`` tau.
    The Fortran of their group has a `FIXED` number of years instead, ``limit``.
    """
    h, change = 24.0, 1e300
    for year in range(1, limit + 1):
        copy_rows(y, before)
        status, h = advance(decay, y, HOURS, h, tolerance, respired, w)
        if status != OK:
            return status, year, change
        change = _change(LAYER if rule == FIXED else rule, y, before, thickness)
        if change < most and rule != FIXED:
            return OK, year, change
    return OK if rule == FIXED else NOT_CONVERGED, limit, change
