"""MIMICS, one layer: states of seven pools and matrices of pools by pools, as records of a lane.

Records are named tuples, so that loops over lanes hold them in registers; every function here
becomes part of the loop that calls it.
"""

from typing import NamedTuple

from kernels.numerics.lanes import inlined

BEYOND = 1e300
"""Stands for a change by more than a factor of ten."""


class Pools(NamedTuple):
    """Seven pools, or rates or changes of them, mg C cm-3."""

    m: float
    s: float
    r: float
    k: float
    p: float
    c: float
    a: float


class Row(NamedTuple):
    """A row of a matrix, by pool: those first that are eliminated first, microbes last.

    In that order pivots need not be looked for: without microbes what leaves a pool is more than
    what it hands on to others.
    """

    p: float
    c: float
    a: float
    m: float
    s: float
    r: float
    k: float


class Matrix(NamedTuple):
    """A matrix of pools by pools."""

    p: Row
    c: Row
    a: Row
    m: Row
    s: Row
    r: Row
    k: Row


# --- states ---


@inlined
def plus(one: Pools, other: Pools) -> Pools:
    """Return the sum of two states."""
    return Pools(
        one.m + other.m,
        one.s + other.s,
        one.r + other.r,
        one.k + other.k,
        one.p + other.p,
        one.c + other.c,
        one.a + other.a,
    )


@inlined
def scaled(share: float, x: Pools) -> Pools:
    """Return a share of a state."""
    return Pools(
        share * x.m, share * x.s, share * x.r, share * x.k, share * x.p, share * x.c, share * x.a
    )


@inlined
def where(is_taken: bool, x: Pools) -> Pools:
    """Return a state, or none of it; chosen, since what is not taken may be no number."""
    return Pools(
        x.m if is_taken else 0.0,
        x.s if is_taken else 0.0,
        x.r if is_taken else 0.0,
        x.k if is_taken else 0.0,
        x.p if is_taken else 0.0,
        x.c if is_taken else 0.0,
        x.a if is_taken else 0.0,
    )


@inlined
def _ratio(x: float, y: float) -> float:
    """Return a change relative to its pool, as a size."""
    ratio = x / (y if y > 0.0 else 1.0)
    return abs(ratio) if ratio > -0.9 and ratio < 9.0 else BEYOND


@inlined
def largest(x: Pools, y: Pools) -> float:
    """Return the largest change of a pool, relatively; `BEYOND` for more than a factor of ten."""
    first = max(max(_ratio(x.m, y.m), _ratio(x.s, y.s)), max(_ratio(x.r, y.r), _ratio(x.k, y.k)))
    return max(first, max(max(_ratio(x.p, y.p), _ratio(x.c, y.c)), _ratio(x.a, y.a)))


# --- matrices ---


@inlined
def less_row(one: Row, share: float, other: Row) -> Row:
    """Return a row less a share of another."""
    return Row(
        one.p - share * other.p,
        one.c - share * other.c,
        one.a - share * other.a,
        one.m - share * other.m,
        one.s - share * other.s,
        one.r - share * other.r,
        one.k - share * other.k,
    )


@inlined
def less(one: Matrix, share: float, other: Matrix) -> Matrix:
    """Return a matrix less a share of another."""
    return Matrix(
        less_row(one.p, share, other.p),
        less_row(one.c, share, other.c),
        less_row(one.a, share, other.a),
        less_row(one.m, share, other.m),
        less_row(one.s, share, other.s),
        less_row(one.r, share, other.r),
        less_row(one.k, share, other.k),
    )


@inlined
def _pivot(x: Row) -> Row:
    """Return the first row of a matrix after it was exchanged, its first column going last."""
    one = 1.0 / x.p
    return Row(x.c * one, x.a * one, x.m * one, x.s * one, x.r * one, x.k * one, one)


@inlined
def _without(x: Row, pivot: Row) -> Row:
    """Return another row of it, its first column going last."""
    return Row(
        x.c - x.p * pivot.p,
        x.a - x.p * pivot.c,
        x.m - x.p * pivot.a,
        x.s - x.p * pivot.m,
        x.r - x.p * pivot.s,
        x.k - x.p * pivot.r,
        -(x.p * pivot.k),
    )


@inlined
def _exchanged(b: Matrix) -> Matrix:
    """Return a matrix with its first unknown and its first right-hand side exchanged.

    Row and column of what was first go last, so that the next is first: after seven times every
    row and column is where it was.
    """
    pivot = _pivot(b.p)
    return Matrix(
        _without(b.c, pivot),
        _without(b.a, pivot),
        _without(b.m, pivot),
        _without(b.s, pivot),
        _without(b.r, pivot),
        _without(b.k, pivot),
        pivot,
    )


@inlined
def inverse(b: Matrix) -> Matrix:
    """Return the inverse, by Gauss and Jordan without a search for pivots; see `Row`."""
    first = _exchanged(_exchanged(_exchanged(b)))
    return _exchanged(_exchanged(_exchanged(_exchanged(first))))


@inlined
def _row_times(b: Row, x: Pools) -> float:
    first = (b.p * x.p + b.c * x.c) + (b.a * x.a + b.m * x.m)
    return first + ((b.s * x.s + b.r * x.r) + b.k * x.k)


@inlined
def times(b: Matrix, x: Pools) -> Pools:
    """Return a matrix times seven numbers."""
    return Pools(
        _row_times(b.m, x),
        _row_times(b.s, x),
        _row_times(b.r, x),
        _row_times(b.k, x),
        _row_times(b.p, x),
        _row_times(b.c, x),
        _row_times(b.a, x),
    )
