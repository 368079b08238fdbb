"""What is searched: numbers between 0 and 1, and the parameters that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.scale import Scale
from kernels import F8
from scenarios.calibration import Calibration


@dataclass(frozen=True)
class Space:
    """The ranges of the parameters that are searched, in the order of the scenario.

    Attributes
    ----------
    names : tuple of str
        Parameters of the kernel, (n,).
    lower, upper : ndarray, shape (n,), float64
        Of each, in its unit.
    scale : Scale
        Of what is searched in the place of each: itself, or its ratio to another.
    below : mapping of int to int
        For one that is searched as a ratio, which it is divided by.
    """

    names: tuple[str, ...]
    lower: F8
    upper: F8
    scale: Scale
    below: Mapping[int, int]

    @classmethod
    def of(cls, section: Calibration) -> "Space":
        """Return the space of a scenario's section."""
        names = tuple(section.parameters)
        lower, upper = np.array([one.ends for one in section.parameters.values()]).T
        low, high = lower.copy(), upper.copy()
        log = [one.log for one in section.parameters.values()]
        below = {names.index(a): names.index(b) for a, b in section.search_ratio.items()}
        for over, under in below.items():
            low[over], high[over] = lower[over] / upper[under], upper[over] / lower[under]
            log[over] = True
        return cls(names, lower, upper, Scale(low, high, np.array(log)), below)

    @property
    def size(self) -> int:
        """Return how many are searched."""
        return len(self.names)

    @property
    def searched(self) -> tuple[str, ...]:
        """Return what is searched, in words: ``x_k``, or ``x_v / x_k``."""
        return tuple(
            f"{name} / {self.names[self.below[j]]}" if j in self.below else name
            for j, name in enumerate(self.names)
        )

    def values(self, u: F8) -> tuple[F8, NDArray[np.bool_]]:
        """Return parameters and which of them left their range and were cut back to it.

        Parameters
        ----------
        u : ndarray, shape (k, n)

        Returns
        -------
        values : ndarray, shape (k, n), float64
        clipped : ndarray, shape (k,), bool
        """
        values = self.scale.theta(u)
        for over, under in self.below.items():
            values[:, over] *= values[:, under]
        # Rounding may put an end of a range a last bit beyond it, which is nothing to count.
        inside = np.clip(values, self.lower, self.upper)
        apart: NDArray[np.bool_] = np.abs(inside - values) > 1e-9 * np.abs(values)
        return inside, np.asarray(apart.any(axis=1))
