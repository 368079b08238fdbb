"""Costs that are metrics of all pairs of a group together, and no sums of squares."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.objective import BEST_AT_1
from kernels import F8, I8
from scenarios.metrics import Seen, Sums, metric

if TYPE_CHECKING:
    from ensemble.calibration.layout import Layout


class MetricCosts:
    """A metric of groups, as a cost; G groups with up to m pairs each.

    Parameters
    ----------
    name : str
        ``bias``, of which the size counts, or one that is 1 where all is right.
    observed : ndarray, shape (G, m), float64
        In the order of sums, so that neither company nor padding changes a bit; 0 behind the last.
    there : ndarray, shape (G, m), bool
    """

    def __init__(self, name: str, observed: F8, there: NDArray[np.bool_]) -> None:
        self._metric, self._best_at_1 = metric(name), name in BEST_AT_1
        count = there.sum(axis=1).astype(np.float64)
        some = np.where(count > 0, count, np.nan)
        mean = _summed(observed) / some
        self._apart = np.where(there, observed - mean[:, None], 0.0)
        self.seen = Seen(count, mean, _summed(self._apart**2) / some)

    def costs(self, group: I8, differences: F8) -> F8:
        """Return the cost of candidates, (k,); NaN where there is none.

        Parameters
        ----------
        group : ndarray, shape (k,), int64
        differences : ndarray, shape (k, m), float64
            Modelled less observed; 0 behind the last.
        """
        seen = Seen(self.seen.count[group], self.seen.mean[group], self.seen.variance[group])
        cross = _summed(differences * self._apart[group])
        first, second = _summed(differences), _summed(differences**2)
        with np.errstate(all="ignore"):
            value = self._metric.value(Sums(seen, *(x[:, None] for x in (first, second, cross))))
        value = np.where(self._metric.unfit(seen) == "", value[:, 0], np.nan)
        return np.asarray(1.0 - value if self._best_at_1 else np.abs(value))


def _summed(values: F8) -> F8:
    """Return sums of rows, one after the other."""
    return np.cumsum(values, axis=1)[:, -1] if values.shape[1] else np.zeros(len(values))


def undefined(layout: "Layout") -> dict[str, list[str]]:
    """Return the groups, by the reason why the metric that is made small has no value there."""
    objective = layout.objective
    if not objective.metric:
        return {}
    (term,), part = objective.terms, layout.part(0)
    found: dict[str, list[str]] = {}
    for name, places in zip(layout.groups.names, layout.every_place, strict=True):
        at = tuple(places.T)
        observed = term.pairs.observed[at][part[at] == 0][None]
        seen = MetricCosts(objective.metric, observed, np.ones(observed.shape, np.bool_)).seen
        (why,) = metric(objective.metric).unfit(seen).tolist()
        if why and seen.count[0]:
            found.setdefault(why, []).append(name)
    return found
