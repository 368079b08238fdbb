"""MIMICS in layers: the steady state of one member, by continuation into Newton.

As `one_layer.steady` in one layer: an implicit Euler step linearised once, whose length
grows until it is a Newton step, never one by which a pool changes by more than a factor of
ten. Every step solves for relative changes, so that microbes of 1e-40 mg cm-3 in deep layers
are found as surely as litter.
"""

from math import isfinite

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.mimics.layers.block_tridiagonal import Profile, factorise, fill, solve
from kernels.mimics.layers.equations import DOWN, UP, layer_jacobian, profile_rates, size_of
from kernels.mimics.one_layer.equations import BETA, HOURS, POOLS, RH, K, R
from kernels.mimics.one_layer.steady import (
    EXTINCT,
    FIRST_STEP,
    NEWTON,
    ROUNDING,
    SEED,
    UPDATE,
    cold_start,
    largest,
    longer,
)


@equation
def cold_starts(y: F8) -> None:
    """Fill every layer (n, 7) with the initial state of the Fortran of Wang's group."""
    for j in range(len(y)):
        cold_start(y[j])


@equation
def pool_sizes(y: F8, sizes: F8) -> None:
    """Fill `size_of` every pool, (n, 7)."""
    for j in range(len(y)):
        for i in range(POOLS):
            sizes[j, i] = size_of(y[j, i])


@equation
def _try(decay: float, y: F8, dt: float, w: Profile) -> float:
    """Fill ``w.x`` with the relative changes of a step; return the largest, 1e300 if none."""
    pool_sizes(y, w.u)
    fill(w.k, w.d, decay, y, 1.0 / dt, w.u, w)
    if not factorise(w.s):
        return 1e300
    for j in range(len(y)):
        for i in range(POOLS):
            w.x[j, i] = w.f[j, i] / w.u[j, i]
    solve(w.s, w.x)
    most = 0.0
    for j in range(len(y)):
        most = max(most, largest(w.x[j, :POOLS]))
    return most


@equation
def relative_rates(y: F8, f: F8) -> float:
    """Return the largest |dC/dt|/C of the pools that are there, yr-1."""
    most = 0.0
    for j in range(len(y)):
        for i in range(POOLS):
            if y[j, i] > 0.0:
                most = max(most, abs(f[j, i]) / y[j, i])
    return most * HOURS


@equation
def _finite(f: F8) -> bool:
    for j in range(len(f)):
        if not isfinite(f[j, RH]):
            return False
    return True


@equation
def profile_steady(decay: float, y: F8, most: int, w: Profile) -> tuple[int, int, float]:
    """Bring ``y`` to the steady state; return status, linear solves and residual (yr-1).

    Parameters
    ----------
    decay : float, h-1
        Of every pool; see `profile_rates`.
    y : ndarray, shape (n, 7), mg C cm-3
        Where to start; positive.
    most : int
        Linear solves after which a member is given up.
    w : Profile
        Holds coefficients and transport; left with the rates of the steady state.
    """
    dt, before, solves = FIRST_STEP, 1.0, 0
    while solves < most:
        profile_rates(w.k, w.d, decay, y, w.f)
        solves += 1
        change = _try(decay, y, dt, w)
        if change > 1e299:
            # The rates themselves overflow: no shorter step helps.
            if not _finite(w.f) or dt < 1e-30:
                return NOT_FINITE, solves, relative_rates(y, w.f)
            dt /= 4.0
            continue
        for j in range(len(y)):
            for i in range(POOLS):
                y[j, i] += y[j, i] * w.x[j, i]
        _lose_the_extinct(w.k, w.d, y)
        if dt > NEWTON:
            if change < UPDATE or (change < ROUNDING and change >= before):
                profile_rates(w.k, w.d, decay, y, w.f)
                if not _seeded(decay, y, w):
                    return OK, solves, relative_rates(y, w.f)
                dt, change = FIRST_STEP, 1.0
            before = change
        dt = longer(dt, change)
    return NOT_CONVERGED, solves, relative_rates(y, w.f)


@equation
def _apart(d: F8) -> bool:
    """Say whether layers do not exchange anything."""
    for j in range(len(d)):
        if d[j, UP] + d[j, DOWN] > 0.0:
            return False
    return True


@equation
def _lose_the_extinct(k: F8, d: F8, y: F8) -> None:
    """Set a microbe to none where it dies out, which it can only at a density exponent of 1.

    Layers that exchange lose it in all or in none.
    """
    if k[0, BETA] != 1.0:
        return
    apart = _apart(d)
    for b in (R, K):
        alive = False
        for j in range(len(y)):
            alive = alive or y[j, b] >= EXTINCT
        for j in range(len(y)):
            if (apart and y[j, b] < EXTINCT) or not alive:
                y[j, b] = 0.0


@equation
def _seeded(decay: float, y: F8, w: Profile) -> bool:
    """Say whether a microbe that is none could live on what the other leaves, and seed it."""
    any_seeded = False
    for j in range(len(y)):
        if y[j, R] > 0.0 and y[j, K] > 0.0:
            continue
        layer_jacobian(w.k[j], w.d[j], decay, y[j], w.j)
        for b in (R, K):
            if y[j, b] == 0.0 and w.j[b, b] > 0.0:
                y[j, b], any_seeded = SEED, True
    return any_seeded
