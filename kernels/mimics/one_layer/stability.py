"""MIMICS: whether an equilibrium is stable, and how fast its modes are."""

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.mimics.one_layer.equations import HOURS, POOLS
from kernels.numerics.copying import copy_rows


@equation
def is_stable(j: F8) -> bool:
    """Say whether all modes of the Jacobian (its first seven rows) decay, without finding them.

    The characteristic polynomial by Faddeev and Le Verrier, then Routh's table. Its digits are
    those of the product of the modes: reliable where they span less than some six decades.
    """
    scale = 0.0
    for row in range(POOLS):
        for col in range(POOLS):
            scale = max(scale, abs(j[row, col]))
    if not scale > 0.0:
        return False
    c = np.zeros(POOLS + 1)
    m, next_m = np.zeros((POOLS, POOLS)), np.empty((POOLS, POOLS))
    c[0] = 1.0
    for degree in range(1, POOLS + 1):
        trace = 0.0
        for row in range(POOLS):
            for col in range(POOLS):
                # J (M + c I) / scale
                total = j[row, col] * c[degree - 1]
                for i in range(POOLS):
                    total += j[row, i] * m[i, col]
                next_m[row, col] = total / scale
            trace += next_m[row, row]
        copy_rows(next_m, m)
        c[degree] = -trace / degree
    return _routh(c)


@equation
def _routh(c: F8) -> bool:
    """Say whether all roots of a polynomial of degree 7, highest first, lie on the left."""
    upper, lower = c[0::2].copy(), c[1::2].copy()
    for _ in range(POOLS):
        if not (upper[0] > 0.0 and lower[0] > 0.0):
            return False
        ratio = upper[0] / lower[0]
        for i in range(3):
            upper[i], lower[i] = lower[i], upper[i + 1] - ratio * lower[i + 1]
        upper[3], lower[3] = lower[3], 0.0
    return bool(upper[0] > 0.0)


def modes(jacobians: F8) -> tuple[F8, F8, F8]:
    """Return growth (yr-1), slowest mode (yr) and fastest mode (d) of Jacobians (..., 7, 7).

    Growth is the largest real part of the spectrum, the modes are the reciprocals of the
    least and largest absolute real parts; with a year of 365 d.
    """
    real = np.linalg.eigvals(jacobians * HOURS).real
    with np.errstate(divide="ignore"):
        slow, fast = 1.0 / np.abs(real).min(axis=-1), 365.0 / np.abs(real).max(axis=-1)
    return real.max(axis=-1), slow, fast
