"""Values of the members of a tile, each once, and what several statistics ask of them."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ensemble.members.compiled_sums import row_sums
from kernels import F8, I8


@dataclass(frozen=True)
class RowSums:
    """Sums of so many members of each row: ``mean``, ``spread``, ``low``, ``high``, each (n,).

    ``spread`` is the sum of squared deviations from the mean.
    """

    members: float
    packed: F8

    @property
    def low(self) -> F8:
        """Return the least value of each row."""
        return np.asarray(self.packed[2])

    @property
    def high(self) -> F8:
        """Return the greatest value of each row."""
        return np.asarray(self.packed[3])


@dataclass(frozen=True)
class Distinct:
    """Values of members, and how many members have each.

    A stage that is shared has run once for all members that agree in what it reads, so sums over
    members are sums over its rows, each as often as it counts.

    Attributes
    ----------
    values : ndarray, shape (n, s), float64
        All finite, contiguous.
    counted : ndarray, shape (s,), int64, optional
        How many members have each; one each where it is not said.
    """

    values: F8
    counted: I8 | None = None

    def times(self, dtype: DTypeLike = np.float64) -> NDArray[np.generic]:
        """Return how many members have each value, (s,); not to be written to."""
        if self.counted is None:
            return _ones(self.values.shape[1], np.dtype(dtype))
        return self.counted.astype(dtype)

    @property
    def members(self) -> int:
        """Return how many members there are in each row."""
        return self.values.shape[1] if self.counted is None else int(self.counted.sum())

    @cached_property
    def sums(self) -> RowSums:
        """Return number, mean, spread and extremes of each row, found in one pass for all."""
        packed = np.empty((4, len(self.values)))
        members = float(self.members)
        row_sums(self.values, self.times(), members, packed)
        return RowSums(members, packed)


@lru_cache(maxsize=32)
def _ones(count: int, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    ones = np.ones(count, dtype)
    ones.flags.writeable = False
    return ones
