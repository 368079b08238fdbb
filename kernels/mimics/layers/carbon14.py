"""MIMICS in layers: 14C as a tracer of steady carbon, members side by side in lanes.

Every flux of carbon carries the ratio of the pool it leaves (Wang et al. 2021 ran the model a
second time instead, `carbon14: separate`; that is not a tracer). With carbon steady the system
is linear and constant, dN/dt = A N + b F(t), where A has decay in it: from the equilibrium of the
first year through years of constant litter each.

What a history makes of the equilibrium G with litter of 1 is a function of A alone,

    N(T) = (F0 e^(A T) + sum over years i of F_i e^(A (T-1-i)) (1 - e^A)) G,

and is taken as a polynomial of Z = 1/(1 - s A), in Chebyshev's terms of 2 Z - 1. Its weights
(`weights`) follow from the record of the air alone: they are fitted for all numbers A may have as
modes, decaying ones that may swing. A term is a solve with the one factorisation.
"""

from functools import cache, lru_cache
from math import isfinite, log

import numpy as np
from threadpoolctl import threadpool_limits

from kernels.contract.arrays import F8, I8
from kernels.contract.build import equation
from kernels.mimics.layers.equations import size_of
from kernels.mimics.layers.implicit import crowd, fill_row, load_matrix, store_matrix
from kernels.mimics.layers.lanes import (
    CHANGE,
    COEFFICIENT,
    COURSE,
    CROWDING,
    LANES,
    LAYER,
    POOL,
    SUM,
    TERM,
    TERM_BEFORE,
    TRANSPORT,
    place,
)
from kernels.mimics.one_layer.equations import HOURS, POOLS
from kernels.mimics.one_layer.linear import carried, fluxes_of, less_slopes
from kernels.mimics.one_layer.matrices import Pools, inverse, less, plus, scaled, times
from kernels.numerics.lanes import Place, load, store

DECAY = log(2.0) / 5730.0 / HOURS
"""Of 14C, h-1."""

TERMS = 48
"""Of a history, behind the first; within 2e-7 of the exponential of the whole matrix."""

SHIFTS = ((0.5, 50), (0.7, 70), (1.0, 100), (1.5, 150))
"""``s`` in years, and the most years of a history that it serves."""

WIDEST = 1.0
"""Radians from the negative axis within which modes may be; of 300 members none was beyond 0.2.
Systems that are far from normal ask for more."""


# --- weights of terms, from the record of the air ---


def shift(years: int) -> float:
    """Return ``s``, in years, for a history."""
    return next(s for s, most in SHIFTS if years <= most)


@cache
def decays(s: float) -> F8:
    """Return the weights of e^(A k), (TERMS + 1, years + 1), for k of 0 to the most years.

    Least squares over modes of all sizes within `WIDEST` of the negative axis; by one thread of
    BLAS, whose last bits depend on how many there are.
    """
    sizes, angles = 10.0 ** np.linspace(-4, 5, 600), np.linspace(0.0, WIDEST, 5)
    modes = np.concatenate([[0.0, -1e9], (-sizes * np.exp(1j * angles[:, np.newaxis])).ravel()])
    terms = np.polynomial.chebyshev.chebvander(2.0 / (1.0 - s * modes) - 1.0, TERMS)
    wanted = np.exp(modes[:, np.newaxis] * np.arange(SHIFTS[-1][1] + 1))
    with threadpool_limits(1, user_api="blas"):
        known, sought = (np.concatenate([v.real, v.imag]) for v in (terms, wanted))
        found: F8 = np.linalg.lstsq(known, sought, rcond=1e-15)[0]
    return found


def weights(air: F8, years: I8) -> F8:
    """Return the weights of all terms of the histories of some locations, (L, TERMS + 1).

    Parameters
    ----------
    air : ndarray, shape (L, Y)
        Fraction modern of litter: of the equilibrium that the first year begins with, and of
        that year; then of each later year.
    years : ndarray, shape (L,), int64
        Of each location's history.
    """
    each = zip(np.ascontiguousarray(air), years.tolist(), strict=True)
    found = [_weights_of(record.tobytes(), count) for record, count in each]
    return np.array(found).reshape(len(air), TERMS + 1)


@lru_cache(maxsize=10_000)
def _weights_of(record: bytes, count: int) -> F8:
    """Return those of a history; it is asked for by every call that has the location."""
    air, of = np.frombuffer(record), decays(shift(count))
    found: F8 = air[0] * of[:, count]
    for i in range(count):
        found += air[i] * (of[:, count - 1 - i] - of[:, count - i])
    return found


# --- a group of members ---

_fluxes = fluxes_of(carried)


@equation
def _litter(z: F8, layer: Place) -> None:
    """Make litter the present term: what 14C of 1 brings."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        k = load(z, COEFFICIENT, at)
        store(z, TERM, at, Pools(k.in_m, k.in_s, 0.0, 0.0, k.in_p, k.in_c, 0.0))


@equation
def _eliminate(z: F8, layer: Place) -> None:
    """Fill the inverse of a layer's block of ``1/s - A``, less what is above it."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        k, d = load(z, COEFFICIENT, at), load(z, TRANSPORT, at)
        u = _fluxes(k, load(z, POOL, at), load(z, CROWDING, at), 1.0)
        own = less_slopes(z[COURSE.per_step + at] + (d.up + d.down + DECAY), k, u)
        store_matrix(z, at, inverse(less(own, d.up * d.over, load_matrix(z, at - LAYER))))


@equation
def _descend(z: F8, layer: Place) -> None:
    """Fill a layer's share of the solution for the present term times ``per_step``."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        above = scaled(z[TRANSPORT.up + at], load(z, CHANGE, at - LAYER))
        right = scaled(z[COURSE.per_step + at], load(z, TERM, at))
        store(z, CHANGE, at, times(load_matrix(z, at), plus(right, above)))


@equation
def _ascend(z: F8, layer: Place) -> None:
    """Add what the layer below makes of a layer's solution."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        below = scaled(z[TRANSPORT.down + at], load(z, CHANGE, at + LAYER))
        store(z, CHANGE, at, plus(load(z, CHANGE, at), times(load_matrix(z, at), below)))


@equation
def _begin(z: F8, layer: Place) -> None:
    """Make the solution the first term."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        x = load(z, CHANGE, at)
        store(z, TERM, at, x)
        store(z, TERM_BEFORE, at, Pools(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
        store(z, SUM, at, scaled(z[COURSE.weight + LAYER + np.uint64(n)], x))


@equation
def _go_on(z: F8, layer: Place, factor: float) -> None:
    """Make the next term of the solution: ``factor`` (2 Z - 1) of the present less that before."""
    for n in range(LANES):
        at = layer + np.uint64(n)
        now = load(z, TERM, at)
        turned = plus(scaled(2.0 * factor, load(z, CHANGE, at)), scaled(-factor, now))
        term = plus(turned, scaled(-1.0, load(z, TERM_BEFORE, at)))
        store(z, TERM_BEFORE, at, now)
        store(z, TERM, at, term)
        share = scaled(z[COURSE.weight + LAYER + np.uint64(n)], term)
        store(z, SUM, at, plus(load(z, SUM, at), share))


@equation
def _factorise(z: F8, layers: int, per_step: F8) -> None:
    fill_row(z, COURSE.per_step, layers, per_step)
    for n in range(1, layers + 1):
        _eliminate(z, np.uint64(n) * LAYER)


@equation
def _solve(z: F8, layers: int) -> None:
    for n in range(1, layers + 1):
        _descend(z, np.uint64(n) * LAYER)
    for n in range(layers, 0, -1):
        _ascend(z, np.uint64(n) * LAYER)


@equation
def histories(z: F8, layers: int, shifts: F8, terms: F8) -> None:
    """Fill `SUM` of every lane with 14C at the end of its history, in units of modern carbon.

    Parameters
    ----------
    z : ndarray
        Holds coefficients, transport and steady pools.
    shifts : ndarray, shape (LANES,), years
        See `shift`.
    terms : ndarray, shape (TERMS + 1, LANES)
        See `weights`.
    """
    for n in range(1, layers + 1):
        crowd(z, np.uint64(n) * LAYER)
        _litter(z, np.uint64(n) * LAYER)
    _factorise(z, layers, np.zeros(LANES))
    fill_row(z, COURSE.per_step, layers, np.ones(LANES))
    _solve(z, layers)
    fill_row(z, COURSE.weight, 1, terms[0])
    for n in range(1, layers + 1):
        _begin(z, np.uint64(n) * LAYER)
    _factorise(z, layers, 1.0 / (shifts * HOURS))
    for term in range(1, len(terms)):
        _solve(z, layers)
        fill_row(z, COURSE.weight, 1, terms[term])
        for n in range(1, layers + 1):
            _go_on(z, np.uint64(n) * LAYER, 1.0 if term == 1 else 2.0)


@equation
def fractions(z: F8, lane: int, y: F8, modern: F8) -> bool:
    """Fill the fractions modern (n, 8) of a lane's pools ``y`` (n, 7); say if all are numbers."""
    total = 0.0
    for n in range(len(y)):
        for i in range(POOLS):
            modern[n, i] = z[place(SUM.m, i, n, lane)] / size_of(y[n, i])
            total += modern[n, i]
    return isfinite(total)
