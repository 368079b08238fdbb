"""Analysis of variance of a full factorial: what share each factor and interaction holds."""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
Subset = tuple[int, ...]

REST: Subset = ()
"""Key of the interactions of higher order than was asked for, all together."""


def shares(values: F8, *, order: int | None = None, nested: bool = False) -> dict[Subset, float]:
    """Return the share of variance of every subset of axes; they add to 1.

    Parameters
    ----------
    values : ndarray, shape (n_0, ..., n_k), float64
        One value per combination of levels, all finite.
    order : int, optional
        Highest order of interaction that is told apart; by default all are.
    nested : bool
        The levels of axes 1 to k are other ones at each level of axis 0 (rows drawn anew
        for each forcing). Then a subset without axis 0 is the mean over its levels of the
        variance within them, and no interaction with axis 0 exists.

    Returns
    -------
    dict of tuple of int to float
        ``(0,)`` is the main effect of axis 0, ``(0, 2)`` the interaction of axes 0 and 2,
        `REST` what is above ``order``. All NaN where nothing varies.

    Notes
    -----
    The orthogonal decomposition of Hoeffding and Sobol' on the levels that were run:
    effect of U = mean over the other axes - effects of all proper subsets of U.
    """
    # Rounding of a constant is no variance.
    noise = (4 * np.finfo(np.float64).eps * float(np.abs(values).max(initial=0.0))) ** 2
    found = _nested(values, order) if nested else _variances(values, order)
    total = math.fsum(found.values())
    if not total > noise:
        return dict.fromkeys(found, math.nan)
    return {subset: v / total for subset, v in found.items()}


def subsets(axes: int, order: int | None = None, *, nested: bool = False) -> list[Subset]:
    """Return the keys of `shares` in its order, without computing anything."""
    if nested:
        within = [tuple(a + 1 for a in s) for s in subsets(axes - 1, order) if s]
        return [(0,), *within, *([REST] if _cut(axes - 1, order) else [])]
    most = axes if order is None else min(order, axes)
    found = [s for k in range(1, most + 1) for s in itertools.combinations(range(axes), k)]
    return [*found, *([REST] if _cut(axes, order) else [])]


def _cut(axes: int, order: int | None) -> bool:
    return order is not None and order < axes


def _variances(values: F8, order: int | None) -> dict[Subset, float]:
    """Return the variance of the effect of each subset."""
    effects: dict[Subset, F8] = {(): values.mean(keepdims=True)}
    found: dict[Subset, float] = {}
    for subset in subsets(values.ndim, order):
        if subset == REST:
            found[REST] = max(0.0, float(values.var()) - math.fsum(found.values()))
            continue
        others = tuple(a for a in range(values.ndim) if a not in subset)
        effect = np.asarray(values.mean(axis=others, keepdims=True))
        for smaller, known in effects.items():
            if set(smaller) < set(subset):
                effect -= known
        found[subset] = float(np.vdot(effect, effect)) / effect.size
        if len(subset) < values.ndim:
            effects[subset] = effect
    return found


def _nested(values: F8, order: int | None) -> dict[Subset, float]:
    """Return the variance between the levels of axis 0, and the mean of those within."""
    found: dict[Subset, float] = {(0,): float(values.reshape(len(values), -1).mean(axis=1).var())}
    parts = [_variances(part, order) for part in values]
    for subset in subsets(values.ndim - 1, order):
        inner = tuple(a + 1 for a in subset)
        found[inner] = math.fsum(part[subset] for part in parts) / len(parts)
    return found


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


def _worst(counts: list[NDArray[np.int64]], kept: list[NDArray[np.bool_]]) -> tuple[int, int]:
    """Return axis and level that goes next."""
    left = [int(k.sum()) for k in kept]
    cells = [math.prod(left) // max(1, n) for n in left]
    gone = np.flatnonzero((counts[0] == cells[0]) & kept[0])
    if gone.size:
        return 0, int(gone[0])
    axes = range(1, len(counts))
    axis = max(axes, key=lambda a: float(counts[a].max()) / cells[a])
    return axis, int(np.argmax(counts[axis]))
