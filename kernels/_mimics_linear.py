"""Work of a member, allocated once for a block, and its small systems, solved in place."""

from typing import NamedTuple

import numpy as np

from kernels._build import equation
from kernels._contract import F8, I8
from kernels._mimics_equations import POOLS

STAGES = 6
"""Of the adaptive method."""


class Work(NamedTuple):
    """Arrays that a member overwrites.

    Attributes
    ----------
    f : ndarray, shape (8,)
        Rates and respiration.
    j : ndarray, shape (8, 7)
        Their slopes.
    a, swap : ndarray, shapes (7, 7) and (7,)
        A system and its rows' exchanges.
    x : ndarray, shape (7,)
        A change, or a state under trial.
    g : ndarray, shape (6, 8)
        Stages of a step.
    """

    f: F8
    j: F8
    a: F8
    swap: I8
    x: F8
    g: F8


@equation
def work() -> Work:
    """Return the work of a member."""
    return Work(
        np.empty(POOLS + 1),
        np.empty((POOLS + 1, POOLS)),
        np.empty((POOLS, POOLS)),
        np.empty(POOLS, np.int64),
        np.empty(POOLS),
        np.empty((STAGES, POOLS + 1)),
    )


@equation
def relative(y: F8, a: F8, x: F8) -> None:
    """Make a system for changes of ``y`` one for its relative changes, row by row.

    A pool may be 1e-30 of the others; pivots in their own units would lose its digits.
    """
    for i in range(POOLS):
        size = y[i] if y[i] > 0.0 else 1.0
        x[i] /= size
        for row in range(POOLS):
            a[row, i] *= size
        inverse = 1.0 / size
        for col in range(POOLS):
            a[i, col] *= inverse


@equation
def factorise(a: F8, swap: I8) -> bool:
    """Replace a system by its LU factors; say whether that was possible.

    Partial pivoting by rows; ``swap`` (7,) holds the row that each row was exchanged with.
    """
    for i in range(POOLS):
        best = i
        for row in range(i + 1, POOLS):
            if abs(a[row, i]) > abs(a[best, i]):
                best = row
        swap[i] = best
        if best != i:
            for col in range(POOLS):
                a[i, col], a[best, col] = a[best, col], a[i, col]
        pivot = a[i, i]
        # False for NaN, too.
        if not abs(pivot) > 0.0:
            return False
        # The diagonal holds reciprocals: a division costs as much as ten products.
        inverse = 1.0 / pivot
        a[i, i] = inverse
        for row in range(i + 1, POOLS):
            if a[row, i] != 0.0:
                share = a[row, i] * inverse
                a[row, i] = share
                for col in range(i + 1, POOLS):
                    a[row, col] -= share * a[i, col]
    return True


@equation
def solve(a: F8, swap: I8, x: F8) -> None:
    """Replace the right-hand side ``x`` by the solution, with the factors of `factorise`."""
    for i in range(POOLS):
        best = swap[i]
        if best != i:
            x[i], x[best] = x[best], x[i]
    for i in range(POOLS):
        rest = x[i]
        for col in range(i):
            rest -= a[i, col] * x[col]
        x[i] = rest
    for i in range(POOLS - 1, -1, -1):
        rest = x[i]
        for col in range(i + 1, POOLS):
            rest -= a[i, col] * x[col]
        x[i] = rest * a[i, i]
