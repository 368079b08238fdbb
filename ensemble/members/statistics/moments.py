"""Mean, standard deviation, variance, minimum and maximum over samples.

The standard deviation is the population's (divided by N), the spread of the ensemble that
was run, and not an estimate for a larger one.

Source: their definitions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.compiled_sums import pool
from ensemble.members.distinct import Distinct
from ensemble.members.moments import pooled
from ensemble.members.statistics._contract import Declared, Partial, Target
from kernels import F8

NAMES = ("mean", "std", "variance", "min", "max")
EXAMPLES = NAMES


def reduction(requests: Sequence[str], target: Target) -> "Moments":
    """Return the reduction for canonical requests."""
    return Moments(tuple(requests), target)


class Moments:
    """Number, mean, sum of squared deviations and extremes of each row."""

    def __init__(self, requests: tuple[str, ...], target: Target) -> None:
        self.requests = requests
        self.target = target

    def declare(self) -> dict[str, Declared]:
        """Return one array per request, in the target's units."""
        return {name: Declared(attrs=self._attrs(name)) for name in self.requests}

    def _attrs(self, name: str) -> dict[str, Any]:
        method = {"std": "standard_deviation", "min": "minimum", "max": "maximum"}.get(name, name)
        units = f"({self.target.units})2" if name == "variance" else self.target.units
        return {"units": units, "cell_methods": f"realization: {method}"}

    def start(self, locations: slice) -> Partial:
        """Return the sums of no members."""
        rows = (locations.stop - locations.start) * self.target.rows
        sums = {name: np.zeros(rows) for name in ("n", "mean", "spread")}
        return {**sums, "low": np.full(rows, np.inf), "high": np.full(rows, -np.inf)}

    def update(self, partial: Partial, values: F8, rows: slice) -> None:
        """Add members."""
        self.update_distinct(partial, Distinct(values), rows)

    def update_distinct(self, partial: Partial, members: Distinct, rows: slice) -> None:
        """Add members, each value as often as it counts."""
        sums, names = members.sums, ("n", "mean", "spread", "low", "high")
        pool(sums.members, sums.packed, *(partial[name][rows] for name in names))

    def merge(self, first: Partial, second: Partial) -> Partial:
        """Return the sums of both, by Chan's formula."""
        n, mean, between = pooled(first["n"], first["mean"], second["n"], second["mean"])
        return {
            "n": n,
            "mean": mean,
            "spread": first["spread"] + second["spread"] + between,
            "low": np.minimum(first["low"], second["low"]),
            "high": np.maximum(first["high"], second["high"]),
        }

    def finish(self, partial: Partial) -> dict[str, NDArray[Any]]:
        """Return one array (rows,) per request; NaN where no member ran."""
        n = np.where(partial["n"] > 0, partial["n"], np.nan)
        variance = partial["spread"] / n
        known = {
            "mean": partial["mean"] + 0.0 * n,
            "variance": variance,
            "std": np.sqrt(variance),
            "min": np.where(partial["n"] > 0, partial["low"], np.nan),
            "max": np.where(partial["n"] > 0, partial["high"], np.nan),
        }
        return {name: known[name] for name in self.requests}
