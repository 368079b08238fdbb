"""Compiled loops of benchmarks: moments of steps, and sums over pairs in two parts.

What rounding takes from ``high`` is added up in ``low`` (Knuth's sum of two, exact), pair by pair
in their order, so no cut into tiles or slabs changes a bit.
"""

from typing import Any

import numpy as np

from kernels import compiled, equation

WIDE = 512
"""Samples whose sums are held at once: six rows of them stay in the first cache."""


@compiled
def add_steps(values, first, order, moment, share, out):  # type: ignore[no-untyped-def]
    """Add ``share`` x values of some steps to moments, step after step.

    Parameters
    ----------
    values : ndarray, shape (n, t, r), float64
        Of steps from ``first`` on.
    first : int
    order : ndarray, shape (T + 1,), int64
        Where the uses of each step begin in ``moment`` and ``share``.
    moment, share : ndarray, shape (k,), int64 and float64
    out : ndarray, shape (n, m, r), float64
    """
    for n in range(values.shape[0]):
        for t in range(values.shape[1]):
            for k in range(order[first + t], order[first + t + 1]):
                m, w = moment[k], share[k]
                for i in range(values.shape[2]):
                    out[n, m, i] += w * values[n, t, i]


@equation
def _add(high: Any, low: Any, x: Any) -> Any:
    """Return both parts of a sum with ``x`` added."""
    both = high + x
    back = both - high
    return both, low + ((high - (both - back)) + (x - back))


@compiled
def add_three(values, place, moment, group, weight, observed, apart, first, high, low):  # type: ignore[no-untyped-def]
    """Add w e, w e**2 and w e (observed - its mean) of pairs to the sums of their groups.

    Parameters
    ----------
    values : ndarray, shape (l, d, m, s), float64
        Of places, other dimensions, moments and members.
    place, moment, group : ndarray, shape (p,), int64
        Of a pair: place and moment in ``values``, group in the sums.
    weight, observed, apart : ndarray, shape (p,), float64
        ``apart``: observed less the mean of its group.
    first : int
        Where the members of ``values`` begin in the sums.
    high, low : ndarray, shape (g, k, d, S), float64
        The first three of k are these.
    """
    rows, width = values.shape[1], values.shape[3]
    for start in range(0, width, WIDE):
        stop = min(start + WIDE, width)
        for p in range(len(place)):
            w, o, a, g = weight[p], observed[p], apart[p], group[p]
            for d in range(rows):
                for i in range(start, stop):
                    e = values[place[p], d, moment[p], i] - o
                    x, j = w * e, first + i
                    high[g, 0, d, j], low[g, 0, d, j] = _add(high[g, 0, d, j], low[g, 0, d, j], x)
                    y = x * e
                    high[g, 1, d, j], low[g, 1, d, j] = _add(high[g, 1, d, j], low[g, 1, d, j], y)
                    z = x * a
                    high[g, 2, d, j], low[g, 2, d, j] = _add(high[g, 2, d, j], low[g, 2, d, j], z)


FIRST, ABSOLUTE, WITHIN = range(3)
"""What `add_one` adds up of e: w e, w abs(e), or w where abs(e) is at most the tolerance."""


@compiled
def add_one(values, place, moment, group, weight, observed, tolerance, what, k, first, high, low):  # type: ignore[no-untyped-def]
    """Add one number of each pair to row k of the sums of its group; else as `add_three`."""
    rows, width = values.shape[1], values.shape[3]
    for start in range(0, width, WIDE):
        stop = min(start + WIDE, width)
        for p in range(len(place)):
            w, o, g, most = weight[p], observed[p], group[p], tolerance[p]
            for d in range(rows):
                for i in range(start, stop):
                    e = values[place[p], d, moment[p], i] - o
                    if what == FIRST:
                        x = w * e
                    elif what == ABSOLUTE:
                        x = w * abs(e)
                    else:
                        # What is no number is neither inside nor outside.
                        x = w if abs(e) <= most else (0.0 if abs(e) > most else np.nan)
                    j = first + i
                    high[g, k, d, j], low[g, k, d, j] = _add(high[g, k, d, j], low[g, k, d, j], x)
