"""Steady states of MIMICS by depth, one member at a time: what its lanes are held against.

The same continuation as `kernels.mimics.layers.steady`, on the scalar equations and slopes, with
pivots that are looked for and systems for relative changes.
"""

from math import isfinite

from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.mimics.layers.block_tridiagonal import factorise, fill, solve
from kernels.mimics.layers.equations import DOWN, UP, layer_jacobian, profile_rates
from kernels.mimics.layers.steady import cold_starts, pool_sizes, relative_rates
from kernels.mimics.one_layer.equations import BETA, POOLS, RH, K, R
from kernels.mimics.one_layer.steady import (
    EXTINCT,
    FIRST_STEP,
    NEWTON,
    ROUNDING,
    SEED,
    UPDATE,
    largest,
    longer,
)


@equation
def settle(decay, y, most, w):
    """Find the equilibrium, from that at a larger density exponent where one is near 1."""
    beta = w.k[0, BETA]
    if beta >= 1.02:
        cold_starts(y)
        return profile_steady(decay, y, most, w)
    w.k[:, BETA] = 1.05
    cold_starts(y)
    status, before, residual = profile_steady(decay, y, most, w)
    w.k[:, BETA] = beta
    if status == OK:
        status, solves, residual = profile_steady(decay, y, most, w)
        before += solves
        if status == OK:
            return status, before, residual
    cold_starts(y)
    status, solves, residual = profile_steady(decay, y, most, w)
    return status, before + solves, residual


@equation
def profile_steady(decay, y, most, w):
    """Bring ``y`` (n, 7) to the steady state; return status, linear solves and residual (yr-1)."""
    dt, before, solves = FIRST_STEP, 1.0, 0
    while solves < most:
        profile_rates(w.k, w.d, decay, y, w.f)
        solves += 1
        change = _try(decay, y, dt, w)
        if change > 1e299:
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
def _try(decay, y, dt, w):
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
def _finite(f):
    for j in range(len(f)):
        if not isfinite(f[j, RH]):
            return False
    return True


@equation
def _lose_the_extinct(k, d, y):
    if k[0, BETA] != 1.0:
        return
    apart = True
    for j in range(len(d)):
        apart = apart and not d[j, UP] + d[j, DOWN] > 0.0
    for b in (R, K):
        alive = False
        for j in range(len(y)):
            alive = alive or y[j, b] >= EXTINCT
        for j in range(len(y)):
            if (apart and y[j, b] < EXTINCT) or not alive:
                y[j, b] = 0.0


@equation
def _seeded(decay, y, w):
    any_seeded = False
    for j in range(len(y)):
        if y[j, R] > 0.0 and y[j, K] > 0.0:
            continue
        layer_jacobian(w.k[j], w.d[j], decay, y[j], w.j)
        for b in (R, K):
            if y[j, b] == 0.0 and w.j[b, b] > 0.0:
                y[j, b], any_seeded = SEED, True
    return any_seeded
