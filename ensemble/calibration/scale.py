"""The cube that searches live in, and the parameters that its points are."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8, compiled


@compiled
def _fill(u, searched, lower, upper, logarithmic, theta):  # type: ignore[no-untyped-def]
    """Fill parameters, one after the other: numpy's powers may differ with what is beside them."""
    for i in range(len(u)):
        for k in range(len(searched)):
            j = searched[k]
            if logarithmic[j]:
                found = lower[j] * (upper[j] / lower[j]) ** u[i, k]
            else:
                found = lower[j] + u[i, k] * (upper[j] - lower[j])
            theta[i, j] = min(max(found, lower[j]), upper[j])


@dataclass(frozen=True)
class Scale:
    """What u in [0, 1] is of parameters with ranges: L + u (U - L), or L (U / L)^u.

    Attributes
    ----------
    lower, upper : ndarray, shape (p,)
        Where they are equal the parameter is held, and no search knows of it.
    logarithmic : ndarray, shape (p,), bool
        Searched in its logarithm; the range is above 0.
    """

    lower: F8
    upper: F8
    logarithmic: NDArray[np.bool_]

    @cached_property
    def searched(self) -> I8:
        """Return the places of the parameters that are searched, (n,)."""
        return np.flatnonzero(self.upper > self.lower)

    def theta(self, u: F8) -> F8:
        """Return all parameters (k, p), never outside their ranges, of points u (k, n)."""
        theta = np.repeat(self.lower[None], len(u), axis=0)
        _fill(u, self.searched, self.lower, self.upper, self.logarithmic, theta)
        return theta

    def u(self, theta: F8) -> F8:
        """Return the points (k, n) of parameters (k, p); those outside are moved to the edge."""
        lower, upper = self.lower[self.searched], self.upper[self.searched]
        log = self.logarithmic[self.searched]
        inside = np.clip(theta[:, self.searched], lower, upper)
        found: F8 = (inside - lower) / (upper - lower)
        found[:, log] = np.log(inside[:, log] / lower[log]) / np.log(upper[log] / lower[log])
        return np.clip(found, 0.0, 1.0)
