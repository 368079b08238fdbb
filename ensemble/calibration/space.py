"""What is searched: numbers between 0 and 1, and the parameters that they stand for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.scale import Scale
from kernels import F8, I8, Parameter
from scenarios.calibration import Calibration


@dataclass(frozen=True)
class Space:
    """The ranges of the parameters that are searched, in the order of the scenario.

    Attributes
    ----------
    names : tuple of str
        Parameters of the kernel, (p,): the n that are searched, then those that are tied to one.
    lower, upper : ndarray, shape (p,), float64
        Of each, in its unit.
    scale : Scale
        Of what is searched in the place of the first n: each itself, or its ratio to another.
    below : mapping of int to int
        For one that is searched as a ratio, which it is divided by.
    follows : ndarray, shape (p,), int64
        Which of those that are searched each follows: itself, or what it is tied to.
    times : ndarray, shape (p,), float64
        And how many times it each is.
    """

    names: tuple[str, ...]
    lower: F8
    upper: F8
    scale: Scale
    below: Mapping[int, int]
    follows: I8
    times: F8

    @classmethod
    def of(cls, section: Calibration, parameters: Iterable[Parameter]) -> "Space":
        """Return the space of a scenario's section, of a kernel with these parameters."""
        table = {p.name: p for p in parameters}
        names = tuple(section.parameters)
        lower, upper = np.array([one.ends for one in section.parameters.values()]).T
        low, high = lower.copy(), upper.copy()
        log = [one.log for one in section.parameters.values()]
        below = {names.index(a): names.index(b) for a, b in section.search_ratio.items()}
        for over, under in below.items():
            low[over], high[over] = lower[over] / upper[under], upper[over] / lower[under]
            log[over] = True
        tied = section.tied
        follows = np.array([*range(len(names)), *(names.index(one.to) for one in tied.values())])
        ratios = [one.over(name, table) for name, one in tied.items()]
        times = np.array([*np.ones(len(names)), *ratios])
        return cls(
            (*names, *tied),
            lower[follows] * times,
            upper[follows] * times,
            Scale(low, high, np.array(log)),
            below,
            follows,
            times,
        )

    @property
    def size(self) -> int:
        """Return how many are searched."""
        return len(self.scale.lower)

    @property
    def tied_to(self) -> tuple[str, ...]:
        """Return which parameter each is tied to, (p,); nothing for those that are searched."""
        return tuple(
            "" if j < self.size else self.names[parent]
            for j, parent in enumerate(self.follows.tolist())
        )

    @property
    def ties(self) -> tuple[str, ...]:
        """Return what is tied to what, in words: ``Kslope_s = 1.4 Kslope_m``."""
        followed = zip(self.names, self.times.tolist(), self.tied_to, strict=True)
        return tuple(
            f"{name} = {to}" if ratio == 1.0 else f"{name} = {ratio:.6g} {to}"
            for name, ratio, to in followed
            if to
        )

    @property
    def searched(self) -> tuple[str, ...]:
        """Return what is searched, in words, (n,): ``x_k``, or ``x_v / x_k``."""
        return tuple(
            f"{name} / {self.names[self.below[j]]}" if j in self.below else name
            for j, name in enumerate(self.names[: self.size])
        )

    def with_tied(self, values: F8) -> F8:
        """Return values (..., n) of what is searched with those that are tied to it, (..., p)."""
        return np.asarray(values[..., self.follows] * self.times)

    def values(self, u: F8) -> tuple[F8, NDArray[np.bool_]]:
        """Return parameters and which of them left their range and were cut back to it.

        Parameters
        ----------
        u : ndarray, shape (k, n)

        Returns
        -------
        values : ndarray, shape (k, p), float64
            Those that are tied, too.
        clipped : ndarray, shape (k,), bool
        """
        values = self.scale.theta(u)
        for over, under in self.below.items():
            values[:, over] *= values[:, under]
        # Rounding may put an end of a range a last bit beyond it, which is nothing to count.
        inside = np.clip(values, self.lower[: self.size], self.upper[: self.size])
        apart: NDArray[np.bool_] = np.abs(inside - values) > 1e-9 * np.abs(values)
        return self.with_tied(inside), np.asarray(apart.any(axis=1))
