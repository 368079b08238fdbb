"""Members under weights as figures show them: scores, parameters and projections."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ensemble.members.evaluation import weighted, weights
from ensemble.members.evaluation.weighted import Target
from ensemble.members.evaluation.weights import Looked, Weighting
from ensemble.report.run import Run
from ensemble.scores import weights as scoring
from ensemble.tables.results import Results
from ensemble.tables.weights import shares
from kernels import F8


@dataclass(frozen=True)
class Weighed:
    """Members under some weights.

    Attributes
    ----------
    one : Weighting
    labels : tuple of str
        Forcings, and models where several stand side by side.
    weights : ndarray, shape (label, sample), float64
        Of all members together 1.
    effective : float
    """

    one: Weighting
    labels: tuple[str, ...]
    weights: F8
    effective: float

    @property
    def rows(self) -> int:
        """Return how many members there are."""
        return int(self.weights.size)


@dataclass(frozen=True)
class Ensemble:
    """A projection by some members.

    Attributes
    ----------
    words : str
        Which these are.
    members : int
        How many have a weight.
    effective : float
    statistics : ndarray, shape (statistic,), float64
        By `scoring.STATISTICS`.
    by_label : ndarray, shape (label,), float64
        Means of forcings and models alone; NaN of those that have no weight.
    """

    words: str
    members: int
    effective: float
    statistics: F8
    by_label: F8


def every(run: Run) -> Iterator[Weighed]:
    """Yield the weights of a finished run; raises `PlanError` where its kernel is not here."""
    if not (run.results.complete and (run.scenario.get("evaluation") or {}).get("weights")):
        return
    known = weights.known(run.store)
    for one in run.layout.weightings:
        found = run.results.whole(f"{weights.GROUP}/{one.name}")
        labels = tuple(shares(run.results, one.name))
        flat = found.reshape(len(labels), -1)
        yield Weighed(one, labels, flat, known[one.name]["effective"])


def scores_of(run: Run, found: Weighed) -> Iterator[tuple[Looked, F8]]:
    """Yield the scores that weights look at, and their values (label, sample)."""
    for looked in found.one.scores:
        values = weights.distance(run.store, found.one, looked) + looked.best
        yield looked, values.reshape(found.weights.shape)


def parameters_of(results: Results, found: Weighed) -> Iterator[tuple[str, str, F8]]:
    """Yield name, unit and values (label, sample) of parameters that are one at all locations."""
    forcings = len(results.forcings)
    for name in results.store.attrs["design"].get("parameters", ()):
        spec = results.store.specs.get(name)
        if spec is None or "location" in spec.dims:
            continue
        values = np.broadcast_to(results.whole(name), (forcings, found.weights.shape[1]))
        each = np.repeat(values, len(found.labels) // forcings, axis=0)
        yield name, str(spec.attrs["units"]), each


def projections(run: Run, found: Weighed) -> Iterator[tuple[Target, list[Ensemble]]]:
    """Yield each number of all locations, and what members say of it.

    All members alike, those that each benchmark alone leaves, and those of all benchmarks; of
    what lies in time in its last year.
    """
    store, one = run.store, found.one
    by_benchmark: dict[str, list[Looked]] = {}
    for looked in one.scores:
        by_benchmark.setdefault(looked.scored.benchmark, []).append(looked)
    subsets = list(by_benchmark.items()) if len(by_benchmark) > 1 else []
    whole = run.results.whole(f"{weights.GROUP}/{one.name}")
    every = [("all members alike", np.full(whole.shape, 1.0 / whole.size))]
    for benchmark, looked_at in subsets:
        logarithms = weights.logarithms_of(store, one, looked_at)
        every.append((f"by {benchmark}", scoring.normalised(logarithms)))
    every.append(("by all" if subsets else f"by {next(iter(by_benchmark))}", whole))
    for target in weighted.targets(run.layout, one):
        cells = weighted.cells_of(target, one)
        if math.prod(size for dim, size in cells.items() if dim != "time") > 1:
            continue
        (values,) = weighted.members(store, run.layout, target)
        yield target, [_ensemble(words, values, target, one, w) for words, w in every]


def _ensemble(words: str, values: F8, target: Target, one: Weighting, mine: F8) -> Ensemble:
    rows, flat = weighted.pooled(values, target, one, mine)
    rows = rows[-1:]
    statistics, size = scoring.weighted(rows, flat)
    there = int((np.isfinite(rows[0]) & (flat > 0)).sum())
    alone = np.full(mine.shape[:-1], np.nan)
    for at in np.ndindex(*mine.shape[:-1]):
        only = np.zeros_like(mine)
        only[at] = mine[at]
        if only.any():
            flat = weighted.pooled(values, target, one, only)[1]
            alone[at] = scoring.weighted(rows, flat)[0][0, 0]
    return Ensemble(words, there, float(size[0]), statistics[0], alone.reshape(-1))
