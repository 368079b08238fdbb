"""Compiled sums of trajectories and Saltelli rows, one group of rows after the other.

Each row of the sums is added to group by group, so how a block is cut into tiles changes no bit. A
group with a value that is not finite has lost a member and is left out, row by row.
"""

from typing import Any

import numpy as np

from kernels import compiled, equation


@equation
def _whole(values: Any) -> Any:
    for value in values:
        if not np.isfinite(value):
            return False
    return True


@compiled
def gather_effects(values, rank, signs, delta, weights, n, mean, spread, size, drawn, sizes):  # type: ignore[no-untyped-def]
    """Add trajectories ``values`` (rows, trajectories, groups + 1) to the sums of each row.

    Parameters
    ----------
    values : ndarray, shape (rows, trajectories, groups + 1), float64
    rank : ndarray, shape (trajectories, groups), int64
        The step at which each group moves.
    signs : ndarray, shape (trajectories, groups), float64
        In which direction.
    delta : float
        Step in the unit cube.
    weights : ndarray, shape (trajectories, resamples), uint8
        Of the bootstrap; of no resamples where no interval is asked for.
    n : ndarray, shape (rows,), float64
        Trajectories added.
    mean, spread, size : ndarray, shape (rows, groups), float64
        Mean of the signed effects, squared deviations from it, sum of the sizes.
    drawn : ndarray, shape (rows, resamples), float64
        Sum of the weights.
    sizes : ndarray, shape (rows, resamples, groups), float64
        Weighted sums of the sizes.
    """
    rows, trajectories, _ = values.shape
    groups = rank.shape[1]
    resamples = weights.shape[1]
    absolute = np.empty(groups)
    for r in range(rows):
        for u in range(trajectories):
            if not _whole(values[r, u]):
                continue
            n[r] += 1.0
            for g in range(groups):
                step = rank[u, g]
                effect = (values[r, u, step + 1] - values[r, u, step]) / delta
                absolute[g] = abs(effect)
                size[r, g] += absolute[g]
                signed = effect * signs[u, g]
                off = signed - mean[r, g]
                mean[r, g] += off / n[r]
                spread[r, g] += off * (signed - mean[r, g])
            for b in range(resamples):
                w = float(weights[u, b])
                if w > 0.0:
                    drawn[r, b] += w
                    for g in range(groups):
                        sizes[r, b, g] += w * absolute[g]


@equation
def _saltelli_terms(y: Any, groups: Any, second: Any, terms: Any) -> Any:
    """Fill ``terms`` with what one Saltelli row adds; the places are those of `sobol`."""
    a, b = y[0], y[len(y) - 1]
    terms[0] = 1.0
    terms[1] = a
    terms[2] = b
    terms[3] = (a * a + b * b) / 2.0
    terms[4] = a * b
    k = 5
    for g in range(groups):
        d = y[1 + g] - a
        terms[k + g] = d
        terms[k + groups + g] = b * d
        terms[k + 2 * groups + g] = 0.5 * d * d
    if second:
        k += 3 * groups
        pair = k + groups
        for g in range(groups):
            terms[k + g] = y[1 + groups + g]
            for h in range(g + 1, groups):
                terms[pair] = y[1 + groups + g] * y[1 + h]
                pair += 1


@compiled
def gather_saltelli(values, groups, second, weights, n, shift, total, square, largest, sums):  # type: ignore[no-untyped-def]
    """Add Saltelli rows ``values`` (rows, sets, width) to the sums of each row.

    Parameters
    ----------
    values : ndarray, shape (rows, sets, width), float64
    groups : int
    second : bool
        Whether a set holds the rows of second order, and the sums their pairs.
    weights : ndarray, shape (sets, resamples), uint8
        Of the bootstrap.
    n, shift, total, square, largest : ndarray, shape (rows,), float64
        Sets added; what is taken from every value, the mean of the first set; sum and sum
        of squares of all values so shifted; the largest absolute value.
    sums : ndarray, shape (rows, 1 + resamples, terms), float64
        Sums of the terms: plain, then weighted.
    """
    rows, sets, width = values.shape
    resamples = weights.shape[1]
    count = sums.shape[2]
    terms = np.empty(count)
    y = np.empty(width)
    for r in range(rows):
        for u in range(sets):
            if not _whole(values[r, u]):
                continue
            if n[r] == 0.0:
                shift[r] = values[r, u].mean()
            n[r] += 1.0
            for i in range(width):
                y[i] = values[r, u, i] - shift[r]
                total[r] += y[i]
                square[r] += y[i] * y[i]
                largest[r] = max(largest[r], abs(values[r, u, i]))
            _saltelli_terms(y, groups, second, terms)
            for t in range(count):
                sums[r, 0, t] += terms[t]
            for b in range(resamples):
                w = float(weights[u, b])
                if w > 0.0:
                    for t in range(count):
                        sums[r, 1 + b, t] += w * terms[t]
