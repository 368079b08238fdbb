"""Work of a member, allocated once for a block, and its small systems, solved in place."""

from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.contract.build import equation

SIZE = 7
"""Unknowns of a system: the pools of a microbial model with two of each kind and one more."""

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
        np.empty(SIZE + 1),
        np.empty((SIZE + 1, SIZE)),
        np.empty((SIZE, SIZE)),
        np.empty(SIZE, np.int64),
        np.empty(SIZE),
        np.empty((STAGES, SIZE + 1)),
    )


@equation
def relative(y: F8, a: F8, x: F8) -> None:
    """Make a system for changes of ``y`` one for its relative changes, row by row.

    A pool may be 1e-30 of the others; pivots in their own units would lose its digits.
    """
    for i in range(SIZE):
        size = y[i] if y[i] > 0.0 else 1.0
        x[i] /= size
        for row in range(SIZE):
            a[row, i] *= size
        inverse = 1.0 / size
        for col in range(SIZE):
            a[i, col] *= inverse


@equation
def factorise(a: F8, swap: I8) -> bool:
    """Replace a system by its LU factors; say whether that was possible.

    Partial pivoting by rows; ``swap`` (7,) holds the row that each row was exchanged with.
    """
    for i in range(SIZE):
        best = i
        for row in range(i + 1, SIZE):
            if abs(a[row, i]) > abs(a[best, i]):
                best = row
        swap[i] = best
        if best != i:
            for col in range(SIZE):
                a[i, col], a[best, col] = a[best, col], a[i, col]
        pivot = a[i, i]
        # False for NaN, too.
        if not abs(pivot) > 0.0:
            return False
        # The diagonal holds reciprocals: a division costs as much as ten products.
        inverse = 1.0 / pivot
        a[i, i] = inverse
        for row in range(i + 1, SIZE):
            if a[row, i] != 0.0:
                share = a[row, i] * inverse
                a[row, i] = share
                for col in range(i + 1, SIZE):
                    a[row, col] -= share * a[i, col]
    return True


@equation
def solve(a: F8, swap: I8, x: F8) -> None:
    """Replace the right-hand side ``x`` by the solution, with the factors of `factorise`."""
    for i in range(SIZE):
        best = swap[i]
        if best != i:
            x[i], x[best] = x[best], x[i]
    for i in range(SIZE):
        rest = x[i]
        for col in range(i):
            rest -= a[i, col] * x[col]
        x[i] = rest
    for i in range(SIZE - 1, -1, -1):
        rest = x[i]
        for col in range(i + 1, SIZE):
            rest -= a[i, col] * x[col]
        x[i] = rest * a[i, i]
