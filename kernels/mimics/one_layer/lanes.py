"""MIMICS, one layer: steady states of members side by side in lanes.

The continuation of `one_layer.steady`, a step of all lanes at a time; a lane that is done takes
the next member, and no lane knows of the others. See `kernels.numerics.lanes`.
"""

from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.mimics.one_layer.equations import BETA, POOLS
from kernels.mimics.one_layer.linear import (
    Coefficients,
    Crowding,
    Uptake,
    crowded,
    fluxes_of,
    less_slopes,
    rates,
    respired,
)
from kernels.mimics.one_layer.matrices import BEYOND, Pools, inverse, largest, plus, times, where
from kernels.mimics.one_layer.steady import (
    FIRST_STEP,
    NEWTON,
    ROUNDING,
    SHORTEST,
    UPDATE,
    longer,
    lose_the_extinct,
)
from kernels.numerics.lanes import Place, Rows, load, store

LANES = 16
"""Members of a group."""

FREE = -1
"""In place of a member; and, in place of a status, of a search that goes on."""


class Course(NamedTuple):
    """What a step needs and leaves.

    Attributes
    ----------
    per_step : float, h-1
        The reciprocal of its length.
    respired : float, mg C cm-3 h-1
        Where it began.
    most : float
        Largest relative change of a pool, `BEYOND` where the step was refused.
    """

    per_step: float
    respired: float
    most: float


_rows = Rows(LANES)
COEFFICIENT, POOL = _rows.of(Coefficients), _rows.of(Pools)
CROWDING, COURSE = _rows.of(Crowding), _rows.of(Course)
ROWS = _rows.count


class Search(NamedTuple):
    """A group of lanes, and where the search of each is, (LANES,).

    Attributes
    ----------
    z : ndarray
    member, solves : ndarray, int64
    dt, last : ndarray, float64
        Next step, h; last relative change of a step of Newton's method.
    """

    z: F8
    member: I8
    solves: I8
    dt: F8
    last: F8


@equation
def search() -> Search:
    """Return lanes that are all free."""
    return Search(
        np.zeros(ROWS * LANES),
        np.full(LANES, FREE),
        np.zeros(LANES, np.int64),
        np.ones(LANES),
        np.ones(LANES),
    )


@equation
def place(first: Place, i: int, lane: int) -> Place:
    """Return the place of a lane in the row that is ``i`` rows after that at ``first``."""
    return np.uint64(first) + np.uint64(i * LANES) + np.uint64(lane)


@equation
def enter(s: Search, lane: int, member: int, k: F8, y: F8) -> None:
    """Begin the search of a member with its coefficients (COEFFICIENTS,) from a state (7,)."""
    s.member[lane], s.solves[lane] = member, 0
    s.dt[lane], s.last[lane] = FIRST_STEP, 1.0
    for i in range(BETA + 1):
        s.z[place(COEFFICIENT.v_rm, i, lane)] = k[i]
    put(s, lane, y)


@equation
def coefficients_of(s: Search, lane: int, k: F8) -> None:
    """Copy the coefficients of a lane."""
    for i in range(BETA + 1):
        k[i] = s.z[place(COEFFICIENT.v_rm, i, lane)]


@equation
def put(s: Search, lane: int, y: F8) -> None:
    """Fill the pools of a lane."""
    for i in range(POOLS):
        s.z[place(POOL.m, i, lane)] = y[i]


@equation
def take(s: Search, lane: int, y: F8) -> None:
    """Copy the pools of a lane."""
    for i in range(POOLS):
        y[i] = s.z[place(POOL.m, i, lane)]


@equation
def _crowd(z: F8) -> None:
    """Fill B^(beta - 1) of both microbes; apart, or the exponentials would be calls."""
    for n in range(LANES):
        at = np.uint64(n)
        y, k = load(z, POOL, at), load(z, COEFFICIENT, at)
        store(z, CROWDING, at, Crowding(crowded(y.r, k.beta), crowded(y.k, k.beta)))


def stepper(eaten: Uptake) -> Callable[[Search], None]:
    """Return the equation that takes one step in every lane, for a form of uptake."""
    fluxes = fluxes_of(eaten)

    @equation
    def move(z: F8) -> None:
        for n in range(LANES):
            at = np.uint64(n)
            k, y = load(z, COEFFICIENT, at), load(z, POOL, at)
            u = fluxes(k, y, load(z, CROWDING, at), k.beta)
            b = inverse(less_slopes(z[COURSE.per_step + at], k, u))
            x = times(b, rates(k, y, u))
            most = largest(x, y)
            store(z, POOL, at, plus(y, where(most < BEYOND, x)))
            z[COURSE.respired + at], z[COURSE.most + at] = respired(k, u), most

    @equation
    def step(s: Search) -> None:
        for lane in range(LANES):
            s.z[place(COURSE.per_step, 0, lane)] = 1.0 / s.dt[lane]
        _crowd(s.z)
        move(s.z)

    return step


@equation
def judge(s: Search, lane: int, most: int, y: F8) -> int:
    """Return the status at which a lane's search ends after a step, or `FREE`: it goes on.

    ``y`` (7,) is left with its pools. `OK` is of a state in which a microbe that is none might
    live; see `again`.
    """
    change, z = s.z[place(COURSE.most, 0, lane)], s.z
    s.solves[lane] += 1
    take(s, lane, y)
    if not change < BEYOND:
        # The rates themselves overflow: no shorter step helps.
        if s.dt[lane] < SHORTEST or not isfinite(z[place(COURSE.respired, 0, lane)]):
            return NOT_FINITE
        s.dt[lane] /= 4.0
    else:
        lose_the_extinct(z[place(COEFFICIENT.beta, 0, lane)], y)
        put(s, lane, y)
        if s.dt[lane] > NEWTON:
            if change < UPDATE or (change < ROUNDING and change >= s.last[lane]):
                return OK
            s.last[lane] = change
        s.dt[lane] = longer(s.dt[lane], change)
    return FREE if s.solves[lane] < most else NOT_CONVERGED


@equation
def again(s: Search, lane: int, y: F8) -> None:
    """Go on with a state into which a microbe was seeded."""
    put(s, lane, y)
    s.last[lane] = 1.0
    s.dt[lane] = longer(FIRST_STEP, 1.0)
