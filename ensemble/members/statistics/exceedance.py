"""Share of members above or below a threshold: ``{above: 100}`` or ``above_100``.

Source: its definition.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.compiled_sums import exceed
from ensemble.members.distinct import Distinct
from ensemble.members.statistics._contract import Declared, Partial, Target, spelled
from kernels import F8

EXAMPLES = ("above_1", "below_0")

_REQUEST = re.compile(r"(above|below)_(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$")


def match(request: str) -> str | None:
    """Return the request with its threshold in shortest form."""
    parts = _REQUEST.match(request)
    return f"{parts[1]}_{spelled(float(parts[2]))}" if parts else None


def reduction(requests: Sequence[str], target: Target) -> "Exceedance":
    """Return the reduction for canonical requests."""
    return Exceedance(tuple(requests), target)


class Exceedance:
    """Counts of members strictly above (or below) each threshold."""

    def __init__(self, requests: tuple[str, ...], target: Target) -> None:
        self.target = target
        self.thresholds = {name: float(name.partition("_")[2]) for name in requests}

    def declare(self) -> dict[str, Declared]:
        """Return one share per request."""
        return {
            name: Declared(
                attrs={"units": "1", "long_name": f"share of members {name.replace('_', ' ')}"}
            )
            for name in self.thresholds
        }

    def start(self, locations: slice) -> Partial:
        """Return counts of nothing."""
        rows = (locations.stop - locations.start) * self.target.rows
        return {name: np.zeros(rows) for name in ("n", *self.thresholds)}

    def update(self, partial: Partial, values: F8, rows: slice) -> None:
        """Count members."""
        self.update_distinct(partial, Distinct(values), rows)

    def update_distinct(self, partial: Partial, members: Distinct, rows: slice) -> None:
        """Count members, each value as often as it counts."""
        partial["n"][rows] += members.members
        for name, threshold in self.thresholds.items():
            # "Below" is above with both signs turned.
            sign = 1.0 if name.startswith("above") else -1.0
            signed = members.values if sign > 0 else -members.values
            exceed(signed, members.times(), sign * threshold, partial[name][rows])

    def merge(self, first: Partial, second: Partial) -> Partial:
        """Return the counts of both."""
        return {name: first[name] + second[name] for name in first}

    def finish(self, partial: Partial) -> dict[str, NDArray[Any]]:
        """Return shares (rows,); NaN where no member ran."""
        n = np.where(partial["n"] > 0, partial["n"], np.nan)
        return {name: partial[name] / n for name in self.thresholds}
