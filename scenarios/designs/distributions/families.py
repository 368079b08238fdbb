"""The distributions a parameter may have, as arrays: one row per location.

Every number is an array (k, 1) with k = 1 or the number of locations, so a vector of
uniforms (n,) becomes values (k, n): the same uniforms at every location.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.designs.sampling.normal import ndtr, ndtri

Fault = tuple[str, F8, NDArray[np.bool_], str]
"""Field, its values, where they are wrong (k, 1), and what is needed instead."""


class Family(Protocol):
    """A distribution."""

    def cdf(self, x: F8) -> F8:
        """Return the probability of a value at or below ``x`` (k, 1)."""
        ...

    def inverse(self, p: F8) -> F8:
        """Return the quantiles of ``p``, shape (n,) or (k, n), as (k, n)."""
        ...

    def support(self) -> tuple[float, float]:
        """Return the lowest and highest value over all locations; may be infinite."""
        ...

    def faults(self) -> Iterator[Fault]:
        """Yield the numbers that make no distribution."""
        ...


@dataclass(frozen=True)
class Normal:
    """Normal distribution of mean and standard deviation (k, 1)."""

    mean: F8
    sd: F8

    def cdf(self, x: F8) -> F8:
        """Return the probability of a value at or below ``x``."""
        return ndtr((x - self.mean) / self.sd)

    def inverse(self, p: F8) -> F8:
        """Return the quantiles of ``p``."""
        return self.mean + self.sd * ndtri(p)

    def support(self) -> tuple[float, float]:
        """Return the whole line."""
        return -np.inf, np.inf

    def faults(self) -> Iterator[Fault]:
        """Yield the numbers that make no distribution."""
        yield "sd", self.sd, ~(self.sd > 0), "needed a standard deviation above 0"


@dataclass(frozen=True)
class Lognormal:
    """``exp`` of a normal variable of mean ``mu`` and standard deviation ``sigma`` (k, 1)."""

    mu: F8
    sigma: F8

    def cdf(self, x: F8) -> F8:
        """Return the probability of a value at or below ``x``."""
        with np.errstate(divide="ignore"):
            logarithm = np.log(np.maximum(x, 0.0))
        return ndtr((logarithm - self.mu) / self.sigma)

    def inverse(self, p: F8) -> F8:
        """Return the quantiles of ``p``."""
        return np.exp(self.mu + self.sigma * ndtri(p))

    def support(self) -> tuple[float, float]:
        """Return the positive half line."""
        return 0.0, np.inf

    def faults(self) -> Iterator[Fault]:
        """Yield the numbers that make no distribution."""
        # Above, the outermost of 2^52 samples would overflow.
        wrong = ~((self.sigma > 0) & (self.sigma <= 20))
        yield "sigma", self.sigma, wrong, "needed a standard deviation of ln above 0, at most 20"
        yield "mu", self.mu, ~(np.abs(self.mu) <= 500), "needed a mean of ln within -500 to 500"


@dataclass(frozen=True)
class Uniform:
    """Uniform distribution between two values (k, 1)."""

    lower: F8
    upper: F8

    def cdf(self, x: F8) -> F8:
        """Return the probability of a value at or below ``x``."""
        return np.clip((x - self.lower) / (self.upper - self.lower), 0.0, 1.0)

    def inverse(self, p: F8) -> F8:
        """Return the quantiles of ``p``; the same arithmetic as SALib's scaling."""
        return p * (self.upper - self.lower) + self.lower

    def support(self) -> tuple[float, float]:
        """Return the two ends."""
        return float(self.lower.min()), float(self.upper.max())

    def faults(self) -> Iterator[Fault]:
        """Yield the numbers that make no distribution."""
        yield "lower", self.lower, ~(self.lower < self.upper), "needed lower < upper"


@dataclass(frozen=True)
class Loguniform:
    """``exp`` of a uniform variable: every ratio between two values (k, 1) is as probable."""

    lower: F8
    upper: F8

    def cdf(self, x: F8) -> F8:
        """Return the probability of a value at or below ``x``."""
        span = np.log(self.upper) - np.log(self.lower)
        inside = np.clip(x, self.lower, self.upper)
        share: F8 = (np.log(inside) - np.log(self.lower)) / span
        return share

    def inverse(self, p: F8) -> F8:
        """Return the quantiles of ``p``."""
        low, high = np.log(self.lower), np.log(self.upper)
        # exp(log(x)) is x but for its last bits, and no value may be beyond an end.
        quantiles: F8 = np.clip(np.exp(low + p * (high - low)), self.lower, self.upper)
        return quantiles

    def support(self) -> tuple[float, float]:
        """Return the two ends."""
        return float(self.lower.min()), float(self.upper.max())

    def faults(self) -> Iterator[Fault]:
        """Yield the numbers that make no distribution."""
        text = "needed a number above 0, for it is uniform in the logarithm"
        yield "lower", self.lower, ~(self.lower > 0), text
        below = self.lower >= self.upper
        yield "lower", self.lower, below & (self.lower > 0), "needed lower < upper"


@dataclass(frozen=True)
class Integers:
    """Whole numbers from ``low`` to ``high`` (k, 1), both among them, each as probable."""

    low: F8
    high: F8

    def cdf(self, x: F8) -> F8:
        """Return the probability of a value at or below ``x``."""
        return np.clip((np.floor(x) - self.low + 1.0) / self._count, 0.0, 1.0)

    def inverse(self, p: F8) -> F8:
        """Return the quantiles of ``p``.

        Not a rounded uniform number, which gives both ends half of what is theirs. Of 2^32 numbers
        from 0 it is the upper half of the word that ``p`` is made of.
        """
        return np.minimum(self.low + np.floor(p * self._count), self.high)

    def support(self) -> tuple[float, float]:
        """Return the two ends."""
        return float(self.low.min()), float(self.high.max())

    def faults(self) -> Iterator[Fault]:
        """Yield the numbers that make no distribution."""
        for name, values in (("low", self.low), ("high", self.high)):
            yield name, values, values != np.floor(values), "needed a whole number"
        yield "low", self.low, ~(self.low < self.high), "needed low < high"
        # More than a uniform number tells apart, of 52 bits.
        yield "high", self.high, ~(self._count <= 2.0**48), "needed at most 2^48 numbers from low"

    @property
    def _count(self) -> F8:
        return self.high - self.low + 1.0


@dataclass(frozen=True)
class Triangular:
    """Triangular distribution: lowest, most probable and highest value (k, 1)."""

    lower: F8
    mode: F8
    upper: F8

    def cdf(self, x: F8) -> F8:
        """Return the probability of a value at or below ``x``."""
        x = np.clip(x, self.lower, self.upper)
        width = self.upper - self.lower
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rising = (x - self.lower) ** 2 / (width * (self.mode - self.lower))
            falling = 1.0 - (self.upper - x) ** 2 / (width * (self.upper - self.mode))
        # At the mode itself the other branch may be 0/0, so the test keeps to its own side.
        return np.where(x < self.mode, rising, np.where(x < self.upper, falling, 1.0))

    def inverse(self, p: F8) -> F8:
        """Return the quantiles of ``p``."""
        width = self.upper - self.lower
        rising = self.lower + np.sqrt(p * (width * (self.mode - self.lower)))
        falling = self.upper - np.sqrt((1.0 - p) * (width * (self.upper - self.mode)))
        return np.where(p * width < self.mode - self.lower, rising, falling)

    def support(self) -> tuple[float, float]:
        """Return the two ends."""
        return float(self.lower.min()), float(self.upper.max())

    def faults(self) -> Iterator[Fault]:
        """Yield the numbers that make no distribution."""
        yield "lower", self.lower, ~(self.lower < self.upper), "needed lower < upper"
        inside = (self.lower <= self.mode) & (self.mode <= self.upper)
        yield "mode", self.mode, ~inside, "needed lower <= mode <= upper"
