"""The small systems of Gauss-Newton steps, of all starts of all searches; see ``descent``."""

from typing import Any

import numpy as np

from kernels import compiled, equation

FACTORS = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Of lambda, whose candidates are evaluated side by side."""


@compiled
def steps(which, going, u, residuals, sizes, columns, sound, damping, factors, candidates, there):  # type: ignore[no-untyped-def]
    """Fill the candidates of an iteration, one a factor.

    Parameters
    ----------
    which : ndarray, shape (w,), int64
        Of S searches with K starts each.
    going : ndarray, shape (S, K), bool
    u : ndarray, shape (S, K, n)
    residuals : ndarray, shape (S, K, m)
        Of which ``sizes`` (S,) are a search's.
    columns : ndarray, shape (S, K, n, m)
        Their derivatives, where ``sound`` (S, K, n); elsewhere a parameter is held.
    damping : ndarray, shape (S, K)
    factors : ndarray, shape (f,)
    candidates : ndarray, shape (S, K, f, n)
        Filled where ``there`` (S, K, f) is filled with True.
    """
    n = u.shape[2]
    normal, slope = np.empty((n, n)), np.empty(n)
    free, step, root = np.empty(n, np.int64), np.empty(n), np.empty((n, n))
    for s in which:
        for k in range(going.shape[1]):
            there[s, k] = False
            if not going[s, k]:
                continue
            point, rows = u[s, k], columns[s, k]
            _products(rows, residuals[s, k], sizes[s], normal, slope)
            count, largest = 0, 0.0
            for j in range(n):
                stuck = (point[j] <= 0.0 and slope[j] > 0.0) or (point[j] >= 1.0 and slope[j] < 0.0)
                if sound[s, k, j] and not stuck:
                    free[count] = j
                    count += 1
                    largest = max(largest, normal[j, j])
            if count == 0:
                continue
            for f in range(len(factors)):
                scale = damping[s, k] * factors[f]
                if not _solved(normal, slope, free, count, scale, 1e-12 * largest, root, step):
                    continue
                candidate = candidates[s, k, f]
                for j in range(n):
                    candidate[j] = point[j]
                for i in range(count):
                    j = free[i]
                    candidate[j] = min(max(point[j] + step[i], 0.0), 1.0)
                there[s, k, f] = True


@equation
def _products(rows: Any, residuals: Any, size: Any, normal: Any, slope: Any) -> Any:
    """Fill A'A and A'R of the columns A of a derivative, each sum in the order of residuals."""
    for j in range(len(slope)):
        total = 0.0
        for i in range(size):
            total += rows[j, i] * residuals[i]
        slope[j] = total
        for k in range(j + 1):
            total = 0.0
            for i in range(size):
                total += rows[j, i] * rows[k, i]
            normal[j, k] = normal[k, j] = total


@equation
def _solved(
    normal: Any, slope: Any, free: Any, count: Any, scale: Any, floor: Any, root: Any, step: Any
) -> Any:
    """Fill the step of the free parameters, by Cholesky; return whether there is one."""
    for i in range(count):
        for j in range(i + 1):
            total = normal[free[i], free[j]]
            if i == j:
                total += scale * max(total, floor)
            for k in range(j):
                total -= root[i, k] * root[j, k]
            if i == j:
                if not total > 0.0:
                    return False
                root[i, i] = np.sqrt(total)
            else:
                root[i, j] = total / root[j, j]
    for i in range(count):
        total = -slope[free[i]]
        for k in range(i):
            total -= root[i, k] * step[k]
        step[i] = total / root[i, i]
    for i in range(count - 1, -1, -1):
        total = step[i]
        for k in range(i + 1, count):
            total -= root[k, i] * step[k]
        step[i] = total / root[i, i]
        if not np.isfinite(step[i]):
            return False
    return True


@compiled
def differences(which, residuals, sides, got, h, columns):  # type: ignore[no-untyped-def]
    """Fill columns (S, K, n, m) from residuals (S, K, m) and those beside (S, K, n, 2, m).

    ``got`` (S, K, n, 2) says which are known: above, below.
    """
    for s in which:
        for k in range(columns.shape[1]):
            here = residuals[s, k]
            for j in range(columns.shape[2]):
                up, down, out = sides[s, k, j, 0], sides[s, k, j, 1], columns[s, k, j]
                above, below = got[s, k, j, 0], got[s, k, j, 1]
                for r in range(len(out)):
                    if above and below:
                        out[r] = (up[r] - down[r]) / (2.0 * h)
                    elif above:
                        out[r] = (up[r] - here[r]) / h
                    elif below:
                        out[r] = (here[r] - down[r]) / h


@compiled
def choose(  # type: ignore[no-untyped-def]
    which, going, there, place, candidates, cost, violation, residuals, points, points_cost,
    points_violation, points_residuals, damping, factors, still, iteration, converged,
):  # fmt: skip
    """Have starts go to the best of their candidates, where that is better.

    Parameters
    ----------
    which : ndarray, shape (w,), int64
    going : ndarray, shape (S, K), bool
    there : ndarray, shape (S, K, f), bool
        Which candidates there are; ``place`` (S, K, f) says where they were told.
    candidates : ndarray, shape (S, K, f, n)
    cost, violation, residuals : ndarray, shape (c,), (c,), (c, m)
        As told; both infinite where a candidate failed.
    points, points_cost, points_violation, points_residuals
        Of the starts, (S, K, n), (S, K), (S, K), (S, K, m); changed.
    damping, still, iteration : ndarray, shape (S, K)
        Changed.
    factors : ndarray, shape (f,)
    converged : ndarray, shape (S, K), bool
        Filled with which starts have converged.
    """
    for s in which:
        for k in range(going.shape[1]):
            if not going[s, k]:
                continue
            v, j, best = points_violation[s, k], points_cost[s, k], -1
            for f in range(len(factors)):
                i = place[s, k, f]
                if there[s, k, f] and (violation[i] < v or (violation[i] == v and cost[i] < j)):
                    v, j, best = violation[i], cost[i], f
            iteration[s, k] += 1
            still[s, k] += 1
            if best < 0:
                damping[s, k] *= 100.0
            else:
                # Outside the limits it is the violation that has to fall, and to come in is a fall.
                was, now = points_cost[s, k], j
                if points_violation[s, k] > 0.0:
                    was, now = points_violation[s, k], v
                if was - now > 1e-4 * abs(was):
                    still[s, k] = 0
                damping[s, k] = max(damping[s, k] * factors[best], 1e-8)
                points[s, k] = candidates[s, k, best]
                points_cost[s, k], points_violation[s, k] = j, v
                points_residuals[s, k] = residuals[place[s, k, best]]
            converged[s, k] = still[s, k] >= 3 or damping[s, k] > 1e8 or points_cost[s, k] < 1e-10


@compiled
def spans(which, points, cost, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (w,) with the geometric mean of the ranges of points (S, K, n) with a cost."""
    for at in range(len(which)):
        s, total = which[at], 0.0
        for j in range(points.shape[2]):
            low, high = 1.0, 0.0
            for k in range(points.shape[1]):
                if np.isfinite(cost[s, k]):
                    low, high = min(low, points[s, k, j]), max(high, points[s, k, j])
            total += np.log(max(high - low, 1e-300))
        out[at] = np.exp(total / points.shape[2])
