"""Histograms over samples and the quantiles read from them.

A quantile is found to within one bin: counts are spread evenly inside a bin. Members
outside the edges are counted in two end bins that reach to the extremes, so a bad guess
of the edges costs resolution and is visible in the counts, but never loses a member.

Source: our own.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.compiled_sums import histogram, quantiles
from ensemble.members.distinct import Distinct
from ensemble.members.statistics._contract import Declared, Partial, Target
from kernels import F8

EXAMPLES = ("q05", "q50", "q97.5", "histogram")

_QUANTILE = re.compile(r"q(\d{1,2}(?:\.\d+)?|100)$")


def match(request: str) -> str | None:
    """Return ``histogram``, ``q05``, ``q97.5`` ...; ``q5`` is another spelling of ``q05``."""
    if request == "histogram":
        return request
    number = _QUANTILE.match(request)
    if not number:
        return None
    whole, dot, rest = number[1].partition(".")
    return f"q{int(whole):02d}{dot}{rest}"


def reduction(requests: Sequence[str], target: Target) -> "Histogram":
    """Return the reduction for canonical requests."""
    return Histogram(tuple(requests), target)


class Histogram:
    """Counts in equal bins between the target's edges, and the extremes outside them."""

    def __init__(self, requests: tuple[str, ...], target: Target) -> None:
        self.target = target
        # A hundred cells times a thousand bins are mostly zeros: they take no more than they must.
        largest = np.iinfo(np.uint64).max if target.members is None else target.members
        self.dtype = np.min_scalar_type(largest)
        self.levels = {n: float(n[1:]) / 100 for n in requests if n != "histogram"}

    def declare(self) -> dict[str, Declared]:
        """Return the quantiles, the counts, their edges and the extremes."""
        bins = self.target.bins
        units = {"units": self.target.units}
        arrays = {
            name: Declared(attrs={**units, "cell_methods": f"realization: quantile {level:g}"})
            for name, level in self.levels.items()
        }
        about = "members below the lowest edge, in each bin, above the highest edge"
        arrays["histogram"] = Declared(self.dtype.name, (("bin", bins + 2),), {"long_name": about})
        ends = {**units, "long_name": f"lowest and highest edge, {bins} equal bins between"}
        arrays["edges"] = Declared(extra=(("edge_end", 2),), attrs=ends)
        arrays["extremes"] = Declared(extra=(("extreme", 2),), attrs=units)
        return arrays

    def start(self, locations: slice) -> Partial:
        """Return empty bins."""
        edges = np.repeat(self.target.edges[locations], self.target.rows, axis=0)
        rows = len(edges)
        return {
            "edges": edges,
            "counts": np.zeros((rows, self.target.bins + 2), dtype=self.dtype),
            "extremes": np.tile([np.inf, -np.inf], (rows, 1)),
        }

    def update(self, partial: Partial, values: F8, rows: slice) -> None:
        """Count members."""
        self.update_distinct(partial, Distinct(values), rows)

    def update_distinct(self, partial: Partial, members: Distinct, rows: slice) -> None:
        """Count members, each value as often as it counts."""
        counts = partial["counts"][rows]
        histogram(members.values, members.times(counts.dtype), partial["edges"][rows], counts)
        low, high = partial["extremes"][rows].T
        np.minimum(low, members.sums.low, out=low)
        np.maximum(high, members.sums.high, out=high)

    def merge(self, first: Partial, second: Partial) -> Partial:
        """Return the counts of both."""
        a, b = first["extremes"], second["extremes"]
        # Of a design that was shorter, or of an earlier version, counts may have another type.
        counts = first["counts"], second["counts"]
        low, high = np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 1], b[:, 1])
        return {
            "edges": first["edges"],
            "counts": np.add(*counts, dtype=np.result_type(*counts, self.dtype)),
            "extremes": np.stack([low, high], axis=1),
        }

    def finish(self, partial: Partial) -> dict[str, NDArray[Any]]:
        """Return quantiles (rows,), counts (rows, bins + 2), lowest and highest edge (rows, 2)."""
        counts, edges, extremes = (partial[name] for name in ("counts", "edges", "extremes"))
        arrays: dict[str, NDArray[Any]] = {
            name: quantile(counts, edges, extremes, level) for name, level in self.levels.items()
        }
        empty = counts.sum(axis=1, keepdims=True) == 0
        extremes = np.where(empty, np.nan, extremes)
        return {**arrays, "histogram": counts, "edges": edges, "extremes": extremes}


def quantile(counts: NDArray[Any], edges: F8, extremes: F8, level: float) -> F8:
    """Return the quantile of each histogram.

    Parameters
    ----------
    counts : ndarray, shape (n, bins + 2)
    edges : ndarray, shape (n, 2)
        Lowest and highest.
    extremes : ndarray, shape (n, 2)
        Least and greatest value; outer ends of the two end bins.
    level : float
        Between 0 and 1.

    Returns
    -------
    ndarray, shape (n,)
        NaN where a histogram is empty.
    """
    out = np.empty(len(counts))
    quantiles(counts, edges, extremes, level, out)
    return out
