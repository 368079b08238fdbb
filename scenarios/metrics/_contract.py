"""What a metric is: a function of sums over pairs, so that it can be made in parts.

Sums are of differences ``e = modelled - observed``, not of modelled values: nothing cancels where
a model is close to what was observed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kernels import F8

CONSTANT = 1e-12
"""Share of the observed variance below which modelled values do not vary: it is rounding."""


@dataclass(frozen=True)
class Seen:
    """Observed values of places, each apart.

    Attributes
    ----------
    count, mean, variance : ndarray, shape (l,), float64
        Of observed values; the variance is over their number. NaN where there are none.
    """

    count: F8
    mean: F8
    variance: F8


def seen(observed: F8, there: NDArray[np.bool_]) -> Seen:
    """Return what is known of observed values ``(l, n)``, of those that are there."""
    count = there.sum(axis=-1).astype(np.float64)
    some = np.where(count > 0, count, np.nan)
    mean = np.where(there, observed, 0.0).sum(axis=-1) / some
    apart = np.where(there, observed - mean[..., None], 0.0)
    return Seen(count, mean, (apart**2).sum(axis=-1) / some)


@dataclass(frozen=True)
class Sums:
    """Pairs of places and members, as sums of their differences.

    Attributes
    ----------
    seen : Seen
    first, second, cross : ndarray, shape (l, s), float64
        Sums of ``e``, of ``e**2`` and of ``e (observed - mean observed)``.
    """

    seen: Seen
    first: F8
    second: F8
    cross: F8

    @property
    def observed_mean(self) -> F8:
        """Return the mean of observed values, (l, 1)."""
        return self.seen.mean[..., None]

    @property
    def observed_variance(self) -> F8:
        """Return the variance of observed values, over their number, (l, 1)."""
        return self.seen.variance[..., None]

    @property
    def bias(self) -> F8:
        """Return the mean of modelled less observed."""
        return np.asarray(self.first / self.seen.count[..., None])

    @property
    def mse(self) -> F8:
        """Return the mean square of differences."""
        return np.asarray(self.second / self.seen.count[..., None])

    @property
    def covariance(self) -> F8:
        """Return the covariance of modelled and observed values, over their number."""
        return np.asarray(self.observed_variance + self.cross / self.seen.count[..., None])

    @property
    def modelled_variance(self) -> F8:
        """Return the variance of modelled values, over their number; 0 where it is rounding."""
        cross = self.cross / self.seen.count[..., None]
        found = self.observed_variance + 2.0 * cross + self.mse - self.bias**2
        return np.where(found > CONSTANT * self.observed_variance, found, 0.0)

    @property
    def correlation(self) -> F8:
        """Return Pearson's; NaN where modelled values, or observed ones, do not vary."""
        both = np.sqrt(self.modelled_variance * self.observed_variance)
        return np.divide(self.covariance, both, out=np.full_like(both, np.nan), where=both > 0)


class Metric(Protocol):
    """A file of this folder, or an installed module.

    Attributes
    ----------
    MEANING : str
        For people: ``root mean square error``.
    """

    MEANING: str

    units: Callable[[str], str]
    """Return the unit of the metric, given that of differences: the output's, K for degC."""

    unfit: Callable[[Seen], NDArray[np.str_]]
    """Return why each place has no such metric, (l,), whatever is modelled; empty if it has."""

    value: Callable[[Sums], F8]
    """Return the metric, (l, s); what is not finite is counted as no number."""


def few(seen: Seen, least: int) -> NDArray[np.str_]:
    """Return that places have fewer values than a metric needs, (l,); empty if they have."""
    text = f"{least} values or more are needed" if least > 1 else "nothing is observed"
    return np.where(seen.count < least, text, "")


def varying(seen: Seen, name: str) -> NDArray[np.str_]:
    """Return that observed values of places do not vary, (l,), or are fewer than two."""
    same = f"all observed values are the same, and {name} divides by their variance"
    constant = seen.variance <= (1e-15 * seen.mean) ** 2
    return np.where(seen.count < 2, few(seen, 2), np.where(constant, same, ""))
