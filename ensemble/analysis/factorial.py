"""Analysis of variance of a full factorial: what share each factor and interaction holds."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ensemble.members.compiled_sums import closed_variances
from kernels import F8, I8

if TYPE_CHECKING:
    from scenarios.designs import Design

Subset = tuple[int, ...]

MOST_TERMS = 127
"""All interactions of seven factors; with more only those of low order are told apart."""

REST: Subset = ()
"""Key of the interactions of higher order than was asked for, all together."""


def factorial(design: "Design") -> tuple[tuple[str, int], ...]:
    """Return (label, levels) of each factor that varies in a full factorial; else nothing."""
    shape = design.attributes.get("shape", ())
    names = design.attributes.get("factors", ())
    return tuple((name, n) for name, n in zip(names, shape, strict=True) if n > 1)


def drawn_rows(design: "Design") -> tuple[int, ...] | None:
    """Return how many rows a unit of each factor of `factorial` has; 0 where it was not drawn.

    Of a design that is no factorial, for all its rows. None where it is not known what was drawn: a
    factor is itself a cross of draws.
    """
    if not factorial(design):
        return (_drawn(design),)
    varying = [part for part in getattr(design, "factors", ()) if part.size > 1]
    known = [part for part in varying if not part.attributes.get("cross")]
    return tuple(map(_drawn, known)) if len(known) == len(factorial(design)) else None


def _drawn(design: "Design") -> int:
    attributes = design.attributes
    drawn = attributes.get("distributions") and not attributes.get("factors")
    return design.rows_together if drawn else 0


def order_of(factors: int) -> int | None:
    """Return the highest order of interaction that is told apart; None for all."""
    if 2**factors <= MOST_TERMS + 1:
        return None
    terms, order = factors, 1
    while terms + math.comb(factors, order + 1) <= MOST_TERMS:
        order += 1
        terms += math.comb(factors, order)
    return order


def subsets(axes: int, order: int | None = None) -> list[Subset]:
    """Return every subset of axes, up to an order; `REST` stands for those above it."""
    most = axes if order is None else min(order, axes)
    told = [s for k in range(1, most + 1) for s in itertools.combinations(range(axes), k)]
    return told if most == axes else [*told, REST]


def terms_of(
    factors: int, order: int | None = None, nest: tuple[int, int] | None = None
) -> list[Subset]:
    """Return the keys of `shares` in its order, without computing anything."""
    every = subsets(factors, order)
    if nest is None:
        return every
    outer, first = nest
    return [s for s in every if outer not in s or not any(f >= first for f in s)]


def shares(
    values: F8,
    factors: Sequence[int],
    *,
    order: int | None = None,
    nest: tuple[int, int] | None = None,
) -> dict[Subset, F8]:
    """Return the share of variance of every subset of factors, in every cell at once.

    Parameters
    ----------
    values : ndarray, float64, all finite
        Some axes are factors, all others are cells.
    factors : sequence of int
        The axes that are factors.
    order : int, optional
        Highest order of interaction that is told apart; by default all are.
    nest : (outer, first), optional
        Factors ``first``, ``first + 1`` ... have other levels at each level of factor
        ``outer``: parameters drawn anew for each forcing. Then their effects are those within
        its levels, and no interaction of them with it exists.

    Returns
    -------
    dict of tuple of int to ndarray, shape (*cells)
        Keys as those of `terms_of`: places in ``factors``. They add to 1 in each cell, and
        are all NaN where nothing varies.

    Notes
    -----
    The orthogonal decomposition of Hoeffding and Sobol' on the levels that were run, of the
    variances of the means over all other factors:
    V(U) = sum over W in U of (-1)^(|U| - |W|) var E[Y|W], which needs no array of effects.
    """
    axes = [int(a) for a in factors]
    cells = [a for a in range(values.ndim) if a not in axes]
    terms = terms_of(len(axes), order, nest)
    needed = {part: k for k, part in enumerate(needed_of(terms, len(axes), nest))}
    closed, middle = _closed(values, cells, axes, list(needed))
    variances: dict[Subset, F8] = {}
    for subset in terms:
        if subset == REST:
            everything = closed[needed[tuple(range(len(axes)))]]
            variances[REST] = np.maximum(everything - sum(variances.values()), 0.0)
            continue
        parts = signed(subset, nest)
        variances[subset] = np.maximum(sum(s * closed[needed[part]] for part, s in parts), 0.0)
    whole = np.sum(list(variances.values()), axis=0)
    # Of a constant its mean may differ by some roundings, which are no variance.
    noise = (16 * np.finfo(np.float64).eps * middle) ** 2
    shape = [values.shape[a] for a in cells]
    whole = np.where(whole > noise, whole, np.nan)
    return {subset: (part / whole).reshape(shape) for subset, part in variances.items()}


def signed(subset: Subset, nest: tuple[int, int] | None) -> Iterator[tuple[Subset, float]]:
    """Yield the closed variances that make that of an effect, and their signs."""
    inner = nest is not None and any(f >= nest[1] for f in subset)
    outer = (nest[0],) if nest is not None and inner else ()
    for size in range(len(subset) + 1):
        for part in itertools.combinations(subset, size):
            yield tuple(sorted({*part, *outer})), (-1.0) ** (len(subset) - size)


def needed_of(terms: list[Subset], factors: int, nest: tuple[int, int] | None) -> list[Subset]:
    """Return the subsets whose closed variance is asked for, each once."""
    needed = {part for term in terms if term != REST for part, _ in signed(term, nest)}
    return sorted(needed | ({tuple(range(factors))} if REST in terms else set()))


def _closed(
    values: F8, cells: list[int], factors: list[int], subsets: list[Subset]
) -> tuple[F8, F8]:
    """Return the variance of the means by each subset (subset, cell), and of all the mean."""
    if factors[-1] != values.ndim - 1 or not values.flags.c_contiguous:
        # Runs of the last factor are what is read.
        values = np.ascontiguousarray(np.moveaxis(values, factors[-1], -1))
        cells, factors = ([a - (a > factors[-1]) for a in axes] for axes in (cells, factors))
        factors[-1] = values.ndim - 1
    last = len(factors) - 1
    groups = factors[:-1]
    counts = [values.shape[a] for a in groups]
    levels = np.indices(counts, dtype=np.int64).reshape(last, math.prod(counts))
    level = np.zeros((len(subsets), levels.shape[1]), dtype=np.int64)
    for k, subset in enumerate(subsets):
        for factor in (f for f in subset if f != last):
            level[k] = level[k] * values.shape[groups[factor]] + levels[factor]
    out = np.empty((len(subsets), math.prod(values.shape[a] for a in cells)))
    middle = np.empty(out.shape[1])
    with_last = np.array([last in subset for subset in subsets])
    flat, wide = values.reshape(-1), values.shape[-1]
    where = _offsets(values, cells), _offsets(values, groups)
    closed_variances(flat, *where, wide, level, with_last, out, middle)
    return out, middle


def _offsets(values: F8, axes: list[int]) -> I8:
    """Return where in the flat array the places along some axes begin, last axis fastest."""
    total = np.zeros(1, dtype=np.int64)
    for axis in axes:
        step = values.strides[axis] // values.itemsize
        total = (total[:, None] + np.arange(values.shape[axis]) * step).reshape(-1)
    return total


def drop_failed(values: F8) -> tuple[F8, list[int]]:
    """Remove whole levels that hold a failed member, so that the factorial stays full.

    Parameters
    ----------
    values : ndarray, shape (forcing, n_1, ..., n_k)
        Not finite where a member failed.

    Returns
    -------
    ndarray, shape (forcing, m_1, ..., m_k)
        All finite; empty where nothing is left.
    list of int
        Levels removed from each axis.

    Notes
    -----
    At each step the level that loses the fewest good members per failed one goes; the
    forcing is never dropped unless all its members failed.
    """
    bad = ~np.isfinite(values)
    kept = [np.ones(n, dtype=np.bool_) for n in values.shape]
    counts = [bad.sum(axis=_others(a, values.ndim)) for a in range(values.ndim)]
    while counts[0].any():
        axis, level = _worst(counts, kept)
        slab = bad[(slice(None),) * axis + (level,)]
        for other in range(values.ndim):
            if other != axis:
                inside = other - (other > axis)
                counts[other] = counts[other] - slab.sum(axis=_others(inside, slab.ndim))
        counts[axis][level] = 0
        kept[axis][level] = False
        slab[...] = False
    removed = [int(n - k.sum()) for n, k in zip(values.shape, kept, strict=True)]
    return (values[np.ix_(*kept)] if any(removed) else values), removed


def _others(axis: int, axes: int) -> tuple[int, ...]:
    return tuple(a for a in range(axes) if a != axis)


def _worst(counts: list[I8], kept: list[NDArray[np.bool_]]) -> tuple[int, int]:
    """Return axis and level that goes next."""
    left = [int(k.sum()) for k in kept]
    members = [math.prod(left) // max(1, n) for n in left]
    gone = np.flatnonzero((counts[0] == members[0]) & kept[0])
    if gone.size:
        return 0, int(gone[0])
    axes = range(1, len(counts))
    axis = max(axes, key=lambda a: float(counts[a].max()) / members[a])
    return axis, int(np.argmax(counts[axis]))
