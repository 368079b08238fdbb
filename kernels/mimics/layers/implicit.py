"""MIMICS in layers: an implicit step of a group of members, loops over lanes innermost.

(1/dt - J) dx = F with F and J at the present state, all pools of all layers at once. Pools of
neighbouring layers meet pool by pool, so the blocks beside the diagonal are diagonal themselves,
and elimination costs one inverse of 7 x 7 a layer.
"""

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.mimics.layers.lanes import (
    CHANGE,
    COEFFICIENT,
    COURSE,
    CROWDING,
    INVERSE,
    LANES,
    LAYER,
    POOL,
    TRANSPORT,
    Transport,
    place,
)
from kernels.mimics.one_layer.linear import (
    Crowding,
    crowded,
    fluxes_of,
    forward,
    less_slopes,
    rates,
    respired,
)
from kernels.mimics.one_layer.matrices import (
    BEYOND,
    Matrix,
    Pools,
    inverse,
    largest,
    less,
    plus,
    scaled,
    times,
    where,
)
from kernels.numerics.lanes import Place, inlined, load, store

_fluxes = fluxes_of(forward)


@inlined
def load_matrix(z: F8, at: Place) -> Matrix:
    """Return the inverse of a layer's block."""
    return Matrix(
        load(z, INVERSE.p, at),
        load(z, INVERSE.c, at),
        load(z, INVERSE.a, at),
        load(z, INVERSE.m, at),
        load(z, INVERSE.s, at),
        load(z, INVERSE.r, at),
        load(z, INVERSE.k, at),
    )


@inlined
def store_matrix(z: F8, at: Place, b: Matrix) -> None:
    """Fill the inverse of a layer's block."""
    store(z, INVERSE.p, at, b.p)
    store(z, INVERSE.c, at, b.c)
    store(z, INVERSE.a, at, b.a)
    store(z, INVERSE.m, at, b.m)
    store(z, INVERSE.s, at, b.s)
    store(z, INVERSE.r, at, b.r)
    store(z, INVERSE.k, at, b.k)


@inlined
def _gain(d: Transport, decay: float, here: float, above: float, below: float) -> float:
    """Return what a pool gains from the layers beside, less what decays."""
    return d.up * (above - here) + d.down * (below - here) - decay * here


@equation
def crowd(z: F8, layer: Place) -> None:
    """Fill B^(beta - 1) of both microbes."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        y, k = load(z, POOL, at), load(z, COEFFICIENT, at)
        store(z, CROWDING, at, Crowding(crowded(y.r, k.beta), crowded(y.k, k.beta)))


@equation
def _eliminate(z: F8, layer: Place, decay: float) -> None:
    """Fill the inverse of a layer's block, less what is above it, and its share of the change."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        above, below = at - LAYER, at + LAYER
        k, y, d = load(z, COEFFICIENT, at), load(z, POOL, at), load(z, TRANSPORT, at)
        over, under, changed = load(z, POOL, above), load(z, POOL, below), load(z, CHANGE, above)
        u = _fluxes(k, y, load(z, CROWDING, at), k.beta)
        f, lost = rates(k, y, u), d.up + d.down + decay
        right = Pools(
            f.m + _gain(d, decay, y.m, over.m, under.m) + d.up * changed.m,
            f.s + _gain(d, decay, y.s, over.s, under.s) + d.up * changed.s,
            f.r + _gain(d, decay, y.r, over.r, under.r) + d.up * changed.r,
            f.k + _gain(d, decay, y.k, over.k, under.k) + d.up * changed.k,
            f.p + _gain(d, decay, y.p, over.p, under.p) + d.up * changed.p,
            f.c + _gain(d, decay, y.c, over.c, under.c) + d.up * changed.c,
            f.a + _gain(d, decay, y.a, over.a, under.a) + d.up * changed.a,
        )
        own = less_slopes(z[COURSE.per_step + at] + lost, k, u)
        b = inverse(less(own, d.up * d.over, load_matrix(z, above)))
        store_matrix(z, at, b)
        store(z, CHANGE, at, times(b, right))
        z[COURSE.respired + at] = respired(k, u)


@equation
def _substitute(z: F8, layer: Place) -> None:
    """Add what the layer below makes of a layer's change; fill the largest, relatively."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        x, under = load(z, CHANGE, at), load(z, CHANGE, at + LAYER)
        down, y = z[TRANSPORT.down + at], load(z, POOL, at)
        from_below = times(load_matrix(z, at), scaled(down, under))
        x = plus(x, from_below)
        store(z, CHANGE, at, x)
        z[COURSE.most + at] = max(largest(x, y), z[COURSE.most + at + LAYER])


@equation
def _move(z: F8, layer: Place) -> None:
    """Add the change to the pools where no change of the lane is beyond a factor of ten."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        is_taken = z[COURSE.most + LAYER + np.uint64(n)] < BEYOND
        store(z, POOL, at, plus(load(z, POOL, at), where(is_taken, load(z, CHANGE, at))))


@equation
def fill_row(z: F8, row: Place, layers: int, values: F8) -> None:
    """Fill a row of every layer with one value (LANES,) a lane."""
    for n in range(layers):
        for lane in range(LANES):
            z[place(row, 0, n, lane)] = values[lane]


@equation
def step(z: F8, layers: int, decay: float, per_step: F8) -> None:
    """Try a step in every lane, of lengths whose reciprocals are ``per_step``, h-1.

    Pools move by it where none changes by more than a factor of ten. `COURSE` of the first layer
    has the largest change.
    """
    fill_row(z, COURSE.per_step, layers, per_step)
    for n in range(1, layers + 1):
        crowd(z, np.uint64(n) * LAYER)
    for n in range(1, layers + 1):
        _eliminate(z, np.uint64(n) * LAYER, decay)
    for n in range(layers, 0, -1):
        _substitute(z, np.uint64(n) * LAYER)
    for n in range(1, layers + 1):
        _move(z, np.uint64(n) * LAYER)
