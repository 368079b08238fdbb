"""MIMICS in layers: members side by side in lanes, where everything of a layer stands.

See `kernels.numerics.lanes`; every row of a layer has a name here. Layers stand one after the
other, so that what a layer takes from its neighbours is at a constant distance: of a distance that
is known when it runs alone, the compiler would not know that lanes leave each other alone. Before
the first and behind the last stands one of zeros that nothing is exchanged with.
"""

from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.mimics.layers.equations import DOWN, UP
from kernels.mimics.one_layer.equations import BETA, POOLS
from kernels.mimics.one_layer.linear import Coefficients, Crowding
from kernels.mimics.one_layer.matrices import Matrix, Pools, Row
from kernels.numerics.lanes import Place, Rows

LANES = 16
"""Members of a group."""


class Transport(NamedTuple):
    """Rates of exchange, h-1: with the layer above and below; of that above with this one."""

    up: float
    down: float
    over: float


class Course(NamedTuple):
    """What a step needs and leaves.

    Attributes
    ----------
    per_step : float, h-1
        The reciprocal of its length.
    respired : float, mg C cm-3 h-1
        Where it began.
    most : float
        Largest relative change of a pool of this layer and of those below; 1e300 beyond a factor
        of ten.
    weight : float
        Of a term of a history of 14C; see `layers.carbon14`.
    """

    per_step: float
    respired: float
    most: float
    weight: float


_rows = Rows(LANES)
COEFFICIENT, TRANSPORT = _rows.of(Coefficients), _rows.of(Transport)
POOL, CROWDING, COURSE, CHANGE = (_rows.of(r) for r in (Pools, Crowding, Course, Pools))
# Of a history of 14C: its present term and that before, and their sum.
TERM, TERM_BEFORE, SUM = (_rows.of(Pools) for _ in range(3))
# The inverse of what elimination makes of a layer's own block.
INVERSE = Matrix(*(_rows.of(Row) for _ in Matrix._fields))
LAYER = np.uint64(_rows.count * LANES)
"""How far a layer is from the next."""


@equation
def group(layers: int) -> F8:
    """Return a group whose lanes hold nothing, of so many layers."""
    z: F8 = np.zeros((layers + 2) * LAYER)
    return z


@equation
def place(first: Place, i: int, layer: int, lane: int) -> Place:
    """Return the place of a lane in the row of a layer that is ``i`` rows after that at ``first``.

    Layers count from 0.
    """
    row = np.uint64(first) + np.uint64(i * LANES) + np.uint64(lane)
    return row + np.uint64(layer + 1) * LAYER


# --- a member goes into a lane, and comes out ---


@equation
def put(z: F8, lane: int, k: F8, d: F8) -> None:
    """Fill the coefficients (n, COEFFICIENTS) and the transport (n, 2) of a lane."""
    for n in range(len(k)):
        for i in range(BETA + 1):
            z[place(COEFFICIENT.v_rm, i, n, lane)] = k[n, i]
        z[place(TRANSPORT.up, 0, n, lane)] = d[n, UP]
        z[place(TRANSPORT.down, 0, n, lane)] = d[n, DOWN]
        z[place(TRANSPORT.over, 0, n, lane)] = d[n - 1, DOWN] if n > 0 else 0.0


@equation
def take(z: F8, lane: int, k: F8, d: F8) -> None:
    """Copy out what `put` has put in."""
    for n in range(len(k)):
        for i in range(BETA + 1):
            k[n, i] = z[place(COEFFICIENT.v_rm, i, n, lane)]
        d[n, UP] = z[place(TRANSPORT.up, 0, n, lane)]
        d[n, DOWN] = z[place(TRANSPORT.down, 0, n, lane)]


@equation
def put_pools(z: F8, lane: int, y: F8) -> None:
    """Fill the pools of a lane, (n, 7)."""
    for n in range(len(y)):
        for i in range(POOLS):
            z[place(POOL.m, i, n, lane)] = y[n, i]


@equation
def take_pools(z: F8, lane: int, y: F8) -> None:
    """Copy the pools of a lane, (n, 7)."""
    for n in range(len(y)):
        for i in range(POOLS):
            y[n, i] = z[place(POOL.m, i, n, lane)]
