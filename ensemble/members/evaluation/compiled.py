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


FIRST, SECOND, CROSS, ABSOLUTE, WITHIN, NEARNESS = range(6)
"""What is added up of a pair, as `ensemble.members.benchmarks.SUMS` has it."""


@compiled
def add_pairs(  # type: ignore[no-untyped-def]
    values, place, moment, group, weight, observed, apart, tolerance, what, first, high, low
):
    """Add what is asked of pairs to the sums of their groups.

    Parameters
    ----------
    values : ndarray, shape (l, d, m, s), float64
        Of places, other dimensions, moments and members.
    place, moment, group : ndarray, shape (p,), int64
        Of a pair: place and moment in ``values``, group in the sums.
    weight, observed, apart, tolerance : ndarray, shape (p,), float64
        ``apart``: observed less the mean of its group.
    what : ndarray, shape (k,), int64
        `FIRST` and so on, of each row of the sums.
    first : int
        Where the members of ``values`` begin in the sums.
    high, low : ndarray, shape (g, k, d, S), float64

    Notes
    -----
    One sum after the other of some members, which stay in the first cache: loops over three
    arrays are vectorised, one over seven is not.
    """
    rows, width = values.shape[1], values.shape[3]
    for start in range(0, width, WIDE):
        stop = min(start + WIDE, width)
        for p in range(len(place)):
            w, o, most = weight[p], observed[p], tolerance[p]
            for d in range(rows):
                row = values[place[p], d, moment[p], start:stop]
                for k in range(len(what)):
                    up = high[group[p], k, d, first + start : first + stop]
                    down = low[group[p], k, d, first + start : first + stop]
                    if what[k] == FIRST:
                        for i in range(len(row)):
                            _add(up, down, i, w * (row[i] - o))
                    elif what[k] == SECOND:
                        for i in range(len(row)):
                            _add(up, down, i, w * (row[i] - o) * (row[i] - o))
                    elif what[k] == CROSS:
                        a = w * apart[p]
                        for i in range(len(row)):
                            _add(up, down, i, a * (row[i] - o))
                    elif what[k] == ABSOLUTE:
                        for i in range(len(row)):
                            _add(up, down, i, w * abs(row[i] - o))
                    elif what[k] == NEARNESS:
                        for i in range(len(row)):
                            _add(up, down, i, w * np.exp(-abs(row[i] - o) / most))
                    else:
                        for i in range(len(row)):
                            e = abs(row[i] - o)
                            # What is no number is neither inside nor outside.
                            _add(up, down, i, w if e <= most else (0.0 if e > most else np.nan))


@equation
def _add(up: Any, down: Any, i: Any, x: Any) -> None:
    """Add ``x`` to both parts of a sum."""
    high = up[i]
    both = high + x
    back = both - high
    down[i] += (high - (both - back)) + (x - back)
    up[i] = both
