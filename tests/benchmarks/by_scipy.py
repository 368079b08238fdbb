"""Steady states by numpy and scipy, as well as we can write them: continuation into Newton.

The model's own rates and derivatives come from outside, compiled; what is timed here is the solver.
"""

import numpy as np
from scipy.linalg import solve, solve_banded

BUDGET, SLOW, SMALL = 300, 1e12, 1e-13
"""Linear solves, step (h) from which a small change is rest, relative change that is small."""


def steady(rates, jacobian, cold, *, band=None):
    """Return the state at rest, shape as that of ``cold``.

    Parameters
    ----------
    rates, jacobian : callable
        Of the state, flat: (n,) and (n, n).
    cold : ndarray
        Where it begins.
    band : int, optional
        Diagonals of the Jacobian above and below the middle one; dense without.
    """
    pools, step, before = np.array(cold, dtype=float).ravel(), 24.0, 1.0
    eye = np.eye(len(pools))
    for _ in range(BUDGET):
        matrix, rate = eye / step - jacobian(pools), rates(pools)
        moved = solve(matrix, rate) if band is None else _banded(matrix, rate, band)
        change = moved / pools
        if not ((change > -0.9) & (change < 9)).all():
            step /= 4
            continue
        pools, most = pools + moved, float(np.abs(change).max())
        if step > SLOW:
            if most < SMALL or (most < 1e-9 and most >= before):
                return pools.reshape(np.shape(cold))
            before = most
        step *= 2 if most > 0.3 else 4 if most > 0.1 else 10
    raise AssertionError("not at rest")


def _banded(matrix, rate, band):
    """Solve with the diagonals alone, as LAPACK wants them."""
    size = len(rate)
    rows = np.zeros((2 * band + 1, size))
    for k in range(-band, band + 1):
        rows[band - k, max(k, 0) : size + min(k, 0)] = np.diagonal(matrix, k)
    return solve_banded((band, band), rows, rate, overwrite_ab=True, check_finite=False)
