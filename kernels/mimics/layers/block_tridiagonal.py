"""MIMICS in layers: block-tridiagonal systems, solved in place, and Krylov spaces of them.

Pools of neighbouring layers meet pool by pool, so the blocks beside the diagonal are diagonal
themselves, and elimination costs one inverse of 7 x 7 a layer. Rows have eight columns, the
last without meaning: they are a vector's length.
"""

from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.contract.build import equation
from kernels.mimics.layers.equations import DOWN, STARTED, UP, layer_jacobian
from kernels.mimics.one_layer.equations import COEFFICIENTS, POOLS, RH
from kernels.numerics.small_systems import STAGES

WIDTH = 8
"""Columns of a block's row."""


class System(NamedTuple):
    """A block-tridiagonal system of n layers.

    Row block j is ``above[j] x[j-1] + a[j] x[j] + below[j] x[j+1]``, the outer two pool by pool.

    Attributes
    ----------
    a : ndarray, shape (n, 7, 8)
        Blocks on the diagonal; inverses of what elimination makes of them after `factorise`.
    above, below : ndarray, shape (n, 8)
        Diagonals of the blocks beside them.
    swap, v : ndarray, shapes (7,) and (2, 8)
        Work.
    """

    a: F8
    above: F8
    below: F8
    swap: I8
    v: F8


class Profile(NamedTuple):
    """What a member of n layers overwrites.

    Attributes
    ----------
    t, share, d, k : ndarray, shapes (PARAMETERS + 1,), (n,), (n, 2) and (n, COEFFICIENTS)
        What `layers` needs and fills.
    y, u, f : ndarray, shapes (n, 7), (n, 7) and (n, 8)
        A state, another one under trial, and rates.
    j, r : ndarray, shapes (8, 7) and (n, 7)
        Slopes of a layer, and those of all layers' respiration.
    s : System
    x : ndarray, shape (n, 8)
        A right-hand side, or a solution.
    g : ndarray, shape (6, n, 8)
        Stages of a step.
    """

    t: F8
    share: F8
    d: F8
    k: F8
    y: F8
    u: F8
    f: F8
    j: F8
    r: F8
    s: System
    x: F8
    g: F8


@equation
def profile_work(n: int) -> Profile:
    """Return the work of a member of n layers."""
    return Profile(
        np.empty(STARTED + 1),
        np.empty(n),
        np.empty((n, 2)),
        np.empty((n, COEFFICIENTS)),
        np.empty((n, POOLS)),
        np.empty((n, POOLS)),
        np.empty((n, POOLS + 1)),
        np.empty((POOLS + 1, POOLS)),
        np.empty((n, POOLS)),
        System(
            np.zeros((n, POOLS, WIDTH)),
            np.zeros((n, WIDTH)),
            np.zeros((n, WIDTH)),
            np.empty(POOLS, np.int64),
            np.empty((2, WIDTH)),
        ),
        np.zeros((n, WIDTH)),
        np.zeros((STAGES, n, WIDTH)),
    )


@equation
def invert(a: F8, swap: I8) -> bool:
    """Replace a block (7, 8) by its inverse; say whether it has one.

    Gauss and Jordan with pivots from all rows that are left.
    """
    for i in range(POOLS):
        best = i
        for row in range(i + 1, POOLS):
            if abs(a[row, i]) > abs(a[best, i]):
                best = row
        swap[i] = best
        if best != i:
            for col in range(WIDTH):
                a[i, col], a[best, col] = a[best, col], a[i, col]
        pivot = a[i, i]
        # False for NaN, too.
        if not abs(pivot) > 0.0:
            return False
        inverse = 1.0 / pivot
        a[i, i] = 1.0
        for col in range(WIDTH):
            a[i, col] *= inverse
        for row in range(POOLS):
            if row != i:
                share = a[row, i]
                a[row, i] = 0.0
                for col in range(WIDTH):
                    a[row, col] -= share * a[i, col]
    for i in range(POOLS - 1, -1, -1):
        best = swap[i]
        if best != i:
            for row in range(POOLS):
                a[row, i], a[row, best] = a[row, best], a[row, i]
    return True


@equation
def factorise(s: System) -> bool:
    """Eliminate from the top, keeping the inverse of each block; say whether that was possible."""
    a, above, below = s.a, s.above, s.below
    for j in range(len(a)):
        if j > 0:
            for row in range(POOLS):
                for col in range(WIDTH):
                    a[j, row, col] -= above[j, row] * a[j - 1, row, col] * below[j - 1, col]
        if not invert(a[j], s.swap):
            return False
    return True


@equation
def _times(a: F8, x: F8, made: F8) -> None:
    """Fill a block times seven numbers."""
    for row in range(POOLS):
        total = 0.0
        for col in range(POOLS):
            total += a[row, col] * x[col]
        made[row] = total


@equation
def solve(s: System, x: F8) -> None:
    """Replace right-hand sides (n, 8) by the solution, with what `factorise` left."""
    v, w, last = s.v[0], s.v[1], len(x) - 1
    for j in range(last + 1):
        for i in range(POOLS):
            v[i] = x[j, i] - (s.above[j, i] * x[j - 1, i] if j > 0 else 0.0)
        _times(s.a[j], v, x[j])
    for j in range(last - 1, -1, -1):
        for i in range(POOLS):
            v[i] = s.below[j, i] * x[j + 1, i]
        _times(s.a[j], v, w)
        for i in range(POOLS):
            x[j, i] -= w[i]


@equation
def fill(k: F8, d: F8, decay: float, y: F8, diagonal: float, sizes: F8, w: Profile) -> None:
    """Fill the system ``diagonal - J`` for changes of the pools relative to ``sizes`` (n, 7).

    A pool may be 1e-50 of the others; pivots in their own units would lose its digits. For
    changes in mg cm-3 sizes are ones.
    """
    s, j, last = w.s, w.j, len(y) - 1
    for n in range(last + 1):
        layer_jacobian(k[n], d[n], decay, y[n], j)
        for col in range(POOLS):
            w.r[n, col] = j[RH, col]
        for row in range(POOLS):
            inverse = 1.0 / sizes[n, row]
            for col in range(POOLS):
                s.a[n, row, col] = -j[row, col] * sizes[n, col] * inverse
            s.a[n, row, row] += diagonal
            if n > 0:
                s.above[n, row] = -d[n, UP] * sizes[n - 1, row] * inverse
            if n < last:
                s.below[n, row] = -d[n, DOWN] * sizes[n + 1, row] * inverse
