"""Statistics over samples of numbers of which all samples are at hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ensemble.members.statistics import Target, canonical, reductions
from kernels import F8

HELD_BYTES = 256 << 20
"""Numbers of all samples that are held at a time for their statistics."""


def over_samples(
    values: F8, requests: Sequence[str], name: str, units: str, meaning: str
) -> dict[str, F8]:
    """Return statistics of rows (n, S) over their finite samples, each (n,); NaN of none.

    Quantiles are exact: linear between ranks.

    Parameters
    ----------
    values : ndarray, shape (n, S)
    requests : sequence of str
        In canonical form.
    name, units, meaning : str
        Of the numbers.
    """
    finite = np.isfinite(values)
    statistics = {request: np.full(len(values), np.nan) for request in requests}
    whole = finite.all(axis=1)

    def fill(rows: Any, some: F8) -> None:
        edges = np.tile([0.0, 1.0], (len(some), 1))
        _fill(statistics, rows, some, Target(name, units, meaning, 1, edges))

    if whole.any():
        fill(whole, values[whole])
    for k in np.flatnonzero(~whole & finite.any(axis=1)).tolist():
        fill(slice(k, k + 1), values[k : k + 1, finite[k]])
    return statistics


def _fill(statistics: Mapping[str, F8], rows: Any, values: F8, target: Target) -> None:
    """Fill some rows of every statistic; ``values`` are finite."""
    plain = [request for request in statistics if not is_quantile(request)]
    for reduction in reductions(plain, target).values():
        sums = reduction.start(slice(0, len(values)))
        reduction.update(sums, np.ascontiguousarray(values), slice(0, len(values)))
        for request, row in reduction.finish(sums).items():
            statistics[request][rows] = row
    ranked = [request for request in statistics if is_quantile(request)]
    if ranked:
        levels = [float(request[1:]) / 100 for request in ranked]
        for request, row in zip(ranked, np.quantile(values, levels, axis=1), strict=True):
            statistics[request][rows] = row


def is_quantile(request: str) -> bool:
    """Return whether a request is a quantile, which needs no histogram here."""
    return canonical(request)[0] == "histogram"
