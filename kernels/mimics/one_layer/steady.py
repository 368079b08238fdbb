"""MIMICS: the steady state of one member, by pseudo-transient continuation into Newton.

An implicit Euler step linearised once, (1/dt - J) dx = F, whose length grows until it is a
Newton step. A step by which a pool would change by more than a factor of ten is not taken, so
pools that start positive stay so without clipping. It finds unstable equilibria, too.
"""

from math import isfinite

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.mimics.one_layer.equations import (
    BETA,
    HOURS,
    POOLS,
    RH,
    A,
    C,
    K,
    M,
    P,
    R,
    S,
    jacobian,
    rates,
)
from kernels.numerics.small_systems import Work, factorise, relative, solve

FIRST_STEP = 24.0
"""Hours."""

NEWTON = 1e12
"""Hours: beyond it 1/dt is nothing beside the slowest rate, and the step is Newton's."""

UPDATE, ROUNDING = 1e-13, 1e-9
"""Relative updates: converged; and converged where the next is no smaller (rounding)."""

EXTINCT, SEED = 1e-30, 1e-12
"""mg cm-3: a microbe that is eaten out is none below the one, far less than a cell in all soils;
and begins again at the other where it turns out that it could live."""

SHORTEST = 1e-30
"""Hours; a step that is refused at less has another cause than its length."""


@equation
def cold_start(y: F8) -> None:
    """Fill the initial state of the Fortran of Wang's group: 16.5 mg cm-3 in fixed shares."""
    y[M], y[S], y[R], y[K] = 1.65, 1.65, 0.4125, 0.4125
    y[P], y[C], y[A] = 1.85625, 6.1875, 4.33125


@equation
def longer(dt: float, change: float) -> float:
    """Return the next step: longer by a factor that falls with the last relative change."""
    return dt * (2.0 if change > 0.3 else 4.0 if change > 0.1 else 10.0)


@equation
def largest(ratios: F8) -> float:
    """Return the largest relative change of a pool; 1e300 beyond a factor of ten."""
    most = 0.0
    for ratio in ratios:
        if not (ratio > -0.9 and ratio < 9.0):
            return 1e300
        most = max(most, abs(ratio))
    return most


@equation
def relative_rate(y: F8, f: F8) -> float:
    """Return the largest |dC/dt|/C of the pools that are there, yr-1."""
    most = 0.0
    for i in range(POOLS):
        if y[i] > 0.0:
            most = max(most, abs(f[i]) / y[i])
    return most * HOURS


@equation
def steady(form: int, k: F8, y: F8, most: int, w: Work) -> tuple[int, int, float]:
    """Bring ``y`` from anywhere to the steady state; see `steady_from`."""
    return steady_from(form, k, y, FIRST_STEP, most, w)


@equation
def steady_from(form: int, k: F8, y: F8, dt: float, most: int, w: Work) -> tuple[int, int, float]:
    """Bring ``y`` to the steady state; return status, linear solves and residual (yr-1).

    Parameters
    ----------
    k : ndarray, shape (COEFFICIENTS,)
    y : ndarray, shape (7,), mg C cm-3
        Where to start; positive.
    dt : float
        Hours of the first step.
    most : int
        Linear solves after which a member is given up.
    w : Work
        Left with the rates and the Jacobian of the steady state.
    """
    f, z, j, a = w.f, w.x, w.j, w.a
    before, solves = 1.0, 0
    while solves < most:
        rates(form, k, y, f)
        jacobian(form, k, y, j)
        for row in range(POOLS):
            z[row] = f[row]
            for col in range(POOLS):
                a[row, col] = -j[row, col]
            a[row, row] += 1.0 / dt
        solves += 1
        change = 1e300
        relative(y, a, z)
        if factorise(a, w.swap):
            solve(a, w.swap, z)
            change = largest(z)
        if change > 1e299:
            # The rates themselves overflow: no shorter step helps.
            if not isfinite(f[RH]) or dt < SHORTEST:
                return NOT_FINITE, solves, relative_rate(y, f)
            dt /= 4.0
            continue
        for i in range(POOLS):
            y[i] += y[i] * z[i]
        lose_the_extinct(k[BETA], y)
        if dt > NEWTON:
            if change < UPDATE or (change < ROUNDING and change >= before):
                rates(form, k, y, f)
                jacobian(form, k, y, j)
                if not seeded(y, j):
                    return OK, solves, relative_rate(y, f)
                dt, change = FIRST_STEP, 1.0
            before = change
        dt = longer(dt, change)
    return NOT_CONVERGED, solves, relative_rate(y, f)


@equation
def lose_the_extinct(beta: float, y: F8) -> None:
    """Set a microbe to none where it dies out, which it can only at a density exponent of 1."""
    if beta == 1.0:
        for b in (R, K):
            if y[b] < EXTINCT:
                y[b] = 0.0


@equation
def seeded(y: F8, j: F8) -> bool:
    """Say whether a microbe that is none could live on what the other leaves, and seed it."""
    any_seeded = False
    for b in (R, K):
        if y[b] == 0.0 and j[b, b] > 0.0:
            y[b], any_seeded = SEED, True
    return any_seeded
