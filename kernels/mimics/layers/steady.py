"""MIMICS in layers: steady states of members in lanes, by continuation into Newton.

As `one_layer.steady` in one layer: an implicit Euler step linearised once, whose length
grows until it is a Newton step, never one by which a pool changes by more than a factor of
ten. A lane that is done takes the next member; no lane knows of the others.
"""

from math import isfinite
from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.mimics.layers.block_tridiagonal import Profile
from kernels.mimics.layers.equations import layer_jacobian, size_of
from kernels.mimics.layers.implicit import step
from kernels.mimics.layers.lanes import (
    COEFFICIENT,
    COURSE,
    LANES,
    POOL,
    TRANSPORT,
    place,
    put_pools,
    take,
    take_pools,
)
from kernels.mimics.one_layer.equations import HOURS, POOLS, K, R
from kernels.mimics.one_layer.matrices import BEYOND
from kernels.mimics.one_layer.steady import (
    EXTINCT,
    FIRST_STEP,
    NEWTON,
    ROUNDING,
    SEED,
    SHORTEST,
    UPDATE,
    cold_start,
    longer,
)

FREE = -1
"""In place of a member; and, in place of a status, of a search that goes on."""

FROM_ABOVE, ABOVE = 1.02, 1.05
"""Below the one density exponent, a search begins with the equilibrium at the other."""

AT_ABOVE, FROM_THERE, COLD = 0, 1, 2
"""What an attempt is: to find the equilibrium at `ABOVE`; from there the member's own; or that
from the cold start, where the way from above led nowhere, or is not needed."""


class Search(NamedTuple):
    """Where the search of every lane is, (LANES,).

    Attributes
    ----------
    member, attempt : ndarray, int64
    solves, before : ndarray, int64
        Linear solves of the attempt, and of those before it.
    beta : ndarray, float64
        The member's density exponent.
    dt, last : ndarray, float64
        Next step, h; last relative change of a step of Newton's method.
    per_step : ndarray, float64, h-1
    """

    member: I8
    attempt: I8
    solves: I8
    before: I8
    beta: F8
    dt: F8
    last: F8
    per_step: F8


@equation
def search() -> Search:
    """Return lanes that are all free."""
    return Search(
        np.full(LANES, FREE),
        np.zeros(LANES, np.int64),
        np.zeros(LANES, np.int64),
        np.zeros(LANES, np.int64),
        np.ones(LANES),
        np.ones(LANES),
        np.ones(LANES),
        np.ones(LANES),
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
def relative_rates(y: F8, f: F8) -> float:
    """Return the largest |dC/dt|/C of the pools that are there, yr-1."""
    most = 0.0
    for j in range(len(y)):
        for i in range(POOLS):
            if y[j, i] > 0.0:
                most = max(most, abs(f[j, i]) / y[j, i])
    return most * HOURS


@equation
def enter(z: F8, lane: int, s: Search, member: int, beta: float, w: Profile) -> None:
    """Begin the search of a member, whose coefficients are in its lane already."""
    s.member[lane], s.before[lane], s.beta[lane] = member, 0, beta
    cold_starts(w.y)
    begin(z, lane, s, AT_ABOVE if beta < FROM_ABOVE else COLD, w.y)


@equation
def begin(z: F8, lane: int, s: Search, attempt: int, y: F8) -> None:
    """Begin an attempt from a state (n, 7)."""
    s.attempt[lane], s.solves[lane] = attempt, 0
    s.dt[lane], s.last[lane] = FIRST_STEP, 1.0
    put_pools(z, lane, y)
    for n in range(len(y)):
        z[place(COEFFICIENT.beta, 0, n, lane)] = ABOVE if attempt == AT_ABOVE else s.beta[lane]


@equation
def advance_all(z: F8, layers: int, decay: float, s: Search) -> None:
    """Take one step, or refuse it, in every lane."""
    for lane in range(LANES):
        s.per_step[lane] = 1.0 / s.dt[lane]
    step(z, layers, decay, s.per_step)


@equation
def judge(z: F8, lane: int, decay: float, most: int, s: Search, w: Profile) -> int:
    """Return the status at which a lane's attempt ends after a step, or `FREE`: it goes on."""
    change = z[place(COURSE.most, 0, 0, lane)]
    s.solves[lane] += 1
    if not change < BEYOND:
        # The rates themselves overflow: no shorter step helps.
        if s.dt[lane] < SHORTEST or not _breathes(z, lane, len(w.y)):
            return NOT_FINITE
        s.dt[lane] /= 4.0
    else:
        _lose_the_extinct(z, lane, len(w.y))
        if s.dt[lane] > NEWTON:
            if change < UPDATE or (change < ROUNDING and change >= s.last[lane]):
                if not _seeded(z, lane, decay, w):
                    return OK
                s.dt[lane], change = FIRST_STEP, 1.0
            s.last[lane] = change
        s.dt[lane] = longer(s.dt[lane], change)
    return FREE if s.solves[lane] < most else NOT_CONVERGED


@equation
def go_on(z: F8, lane: int, s: Search, status: int, w: Profile) -> bool:
    """Say whether a member has another attempt after one that ended, and begin it."""
    attempt = s.attempt[lane]
    if attempt == COLD or (attempt == FROM_THERE and status == OK):
        return False
    s.before[lane] += s.solves[lane]
    if status == OK:
        take_pools(z, lane, w.y)
        begin(z, lane, s, FROM_THERE, w.y)
    else:
        cold_starts(w.y)
        begin(z, lane, s, COLD, w.y)
    return True


@equation
def _breathes(z: F8, lane: int, layers: int) -> bool:
    """Say whether the respiration of a lane is a number in all layers."""
    for n in range(layers):
        if not isfinite(z[place(COURSE.respired, 0, n, lane)]):
            return False
    return True


@equation
def _apart(z: F8, lane: int, layers: int) -> bool:
    """Say whether layers do not exchange anything."""
    for n in range(layers):
        if z[place(TRANSPORT.up, 0, n, lane)] + z[place(TRANSPORT.down, 0, n, lane)] > 0.0:
            return False
    return True


@equation
def _lose_the_extinct(z: F8, lane: int, layers: int) -> None:
    """Set a microbe to none where it dies out, which it can only at a density exponent of 1.

    Layers that exchange lose it in all or in none.
    """
    if z[place(COEFFICIENT.beta, 0, 0, lane)] != 1.0:
        return
    apart = _apart(z, lane, layers)
    for b in (R, K):
        alive = False
        for n in range(layers):
            alive = alive or z[place(POOL.m, b, n, lane)] >= EXTINCT
        for n in range(layers):
            at = place(POOL.m, b, n, lane)
            if (apart and z[at] < EXTINCT) or not alive:
                z[at] = 0.0


@equation
def _seeded(z: F8, lane: int, decay: float, w: Profile) -> bool:
    """Say whether a microbe that is none could live on what the other leaves, and seed it."""
    y, any_seeded = w.y, False
    take_pools(z, lane, y)
    for n in range(len(y)):
        if y[n, R] > 0.0 and y[n, K] > 0.0:
            continue
        take(z, lane, w.k, w.d)
        layer_jacobian(w.k[n], w.d[n], decay, y[n], w.j)
        for b in (R, K):
            if y[n, b] == 0.0 and w.j[b, b] > 0.0:
                y[n, b], any_seeded = SEED, True
    if any_seeded:
        put_pools(z, lane, y)
    return any_seeded
