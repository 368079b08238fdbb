"""Arrays into arrays, value by value.

``target[:] = source`` asks whether the shapes agree, and brings a message about them with it that
numba compiles for more than a second, once for every pair of kinds of arrays.
"""

from kernels.contract.arrays import F8
from kernels.contract.build import equation


@equation
def copy_row(source: F8, target: F8) -> None:
    """Copy an array (n,) into one that is at least as long."""
    for i in range(len(source)):
        target[i] = source[i]


@equation
def copy_rows(source: F8, target: F8) -> None:
    """Copy an array (n, m) into one that is at least as large."""
    for n in range(source.shape[0]):
        for i in range(source.shape[1]):
            target[n, i] = source[n, i]
