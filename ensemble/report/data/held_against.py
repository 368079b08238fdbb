"""Control members and samples beside what maps and bands of latitude show of benchmarks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ensemble.report.data.evaluated import Evaluated, every, scores
from ensemble.scores.skill import Compared, compared
from ensemble.tables.results import Results
from kernels import F8, I8

PAIRS = "pairs"


@dataclass(frozen=True)
class Held:
    """A benchmark of locations, and what control members have of its pairs.

    Attributes
    ----------
    of : Evaluated
    clouds : mapping of str to ndarray, shape (labels, sample), float64
        ``r`` and ``sd_ratio`` of every sample, where the run keeps them.
    """

    of: Evaluated
    clouds: Mapping[str, F8]

    @property
    def name(self) -> str:
        """Return what the scenario calls it."""
        return self.of.name

    @property
    def labels(self) -> tuple[str, ...]:
        """Return what control members are called."""
        return self.of.labels

    @property
    def units(self) -> str:
        """Return the unit of what is compared."""
        return self.of.prepared.units

    @property
    def about(self) -> Mapping[str, Any]:
        """Return what `prepare` tells: ``weights``, ``reference``."""
        return self.of.prepared.about

    @property
    def arrays(self) -> Mapping[str, Any]:
        """Return the arrays of the benchmark's own."""
        return self.of.prepared.arrays

    @property
    def modelled(self) -> F8:
        """Return what control members have of each pair, (labels, p)."""
        return np.stack([one[PAIRS] for one in self.of.modelled])

    @property
    def place(self) -> I8:
        """Return the location of each pair, (p,)."""
        return self.of.prepared.pairs[PAIRS].place

    @property
    def group(self) -> I8:
        """Return the group of each pair, (p,)."""
        return self.of.prepared.pairs[PAIRS].group

    @property
    def weight(self) -> F8:
        """Return the weight of each pair, (p,)."""
        return self.of.prepared.pairs[PAIRS].weight

    @property
    def observed(self) -> F8:
        """Return what is observed of each pair, (p,)."""
        return self.of.prepared.pairs[PAIRS].observed

    @property
    def cells(self) -> I8:
        """Return one pair of each location: those of other kinds of groups are the same."""
        return np.unique(self.place, return_index=True)[1]

    def against(self, values: F8) -> Compared:
        """Return the comparison of values (p,) with what is observed, over all cells."""
        at = self.cells
        return compared(values[at], self.observed[at], self.weight[at])


def held_against(results: Results, compare: str) -> Iterator[Held]:
    """Yield the benchmarks of a kind, ``map`` or ``zonal``, of which a control member is known."""
    kept = {one.name: one.values for one in scores(results)}
    for one in every(results, compare):
        clouds = {s: kept[k] for s in ("r", "sd_ratio") if (k := f"{one.name}_{s}") in kept}
        held = Held(one, clouds)
        if np.isfinite(held.modelled).any():
            yield held
