"""Everything that a run is held against: arrays of scores, and what blocks take of outputs."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from ensemble.members.benchmarks import Moments, Pairs, Prepared
from ensemble.members.evaluation.sums import OfMoments, words_of
from ensemble.members.experiment import Experiment
from ensemble.members.running import Stream
from kernels import I8
from scenarios import Problem, ScenarioError, nearest
from scenarios.benchmarks import BenchmarkSpec, Score

GROUP, EVALUATED = "evaluation", "evaluated"
"""Of scores that a run was begun with, and of those that were made of its stored members."""

CONTROL = f"{GROUP}/control"
STATISTICS = f"{GROUP}/statistics"

FAILED, EXCLUDED = "failed_cells", "excluded_cells"
"""How many locations a sample lacks, and so has no score, for a failure or a limit."""


def losses(*, excluding: bool) -> tuple[str, ...]:
    """Return why samples may lack locations, of runs whose limits leave members out or not."""
    return (FAILED, EXCLUDED) if excluding else (FAILED,)


def moments_of(output: str) -> str:
    """Return what a tile calls the moments of an output."""
    return f"{output}/moments"


@dataclass(frozen=True)
class Scored:
    """A score of a benchmark: one array of the store.

    Attributes
    ----------
    benchmark, score : str
    about : Score
    units : str
    groups : tuple of str
        Those that it is given of, the whole first; none where the whole alone has it.
    dims : tuple of str
        Dimensions of the output besides time: models side by side.
    shape : tuple of int
    """

    benchmark: str
    score: str
    about: Score
    units: str
    groups: tuple[str, ...]
    dims: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return the name of its array."""
        return f"{self.benchmark}_{self.score}"

    @property
    def meaning(self) -> str:
        """Return what it is, for people."""
        return f"{self.about.meaning}, against {self.benchmark}"

    @property
    def lead(self) -> dict[str, int]:
        """Return the dimension of its groups and its length; nothing where it has none."""
        return {group_dim(self.benchmark): len(self.groups)} if self.groups else {}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of the whole, and of each other group where it has some."""
        return (self.name, *(f"{self.name}_{group}" for group in self.groups[1:]))


def group_dim(benchmark: str) -> str:
    """Return the dimension along which the groups of a benchmark lie."""
    return f"{benchmark}_group"


class Evaluated:
    """The benchmarks of an experiment, in what layouts and blocks ask of them.

    Parameters
    ----------
    experiment : Experiment

    Raises
    ------
    ScenarioError
        Statistics of groups that a benchmark has not.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        section = experiment.scenario.evaluation
        self.prepared: Mapping[str, Prepared] = experiment.evaluation
        self.specs: dict[str, BenchmarkSpec] = dict(section.benchmarks) if section else {}
        self.weights = dict(section.weights) if section else {}
        every = [(n, spec, score) for n, spec in self.specs.items() for score in spec.asked()]
        self.all = tuple(self._scored(*one) for one in every)
        self.by_name = {n: (one, k) for one in self.all for k, n in enumerate(one.names)}
        self.statistics = experiment.scenario.of_scores
        problems = [
            Problem(f"no score {n!r}{nearest(n, self.by_name)}", f"statistics.{n}")
            for n in self.statistics
            if n not in self.by_name
        ]
        if problems:
            raise ScenarioError(problems, experiment.scenario.name)

    def __bool__(self) -> bool:
        return bool(self.all)

    def _scored(self, benchmark: str, spec: BenchmarkSpec, score: str) -> Scored:
        about, prepared = spec.SCORES[score], self.prepared[benchmark]
        several = about.grouped and len(prepared.groups) > 1
        groups = prepared.groups if several else ()
        dims, shape = self.beside(spec.output)
        units = about.units(prepared.units)
        return Scored(benchmark, score, about, units, groups, dims, shape)

    def beside(self, output: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return the dimensions of an output besides time, and their lengths."""
        variable, sizes = self._experiment.kernel.variable(output), self._experiment.sizes
        time = self._experiment.steps_of(variable).dim
        dims = tuple(dim for dim in variable.dims if dim != time)
        return dims, tuple(sizes[dim] for dim in dims)

    def rows(self, output: str) -> int:
        """Return how many numbers an output has at a place and time."""
        return math.prod(self.beside(output)[1])

    def pairs(self) -> Iterator[tuple[str, str, Pairs]]:
        """Yield benchmark, name and pairs."""
        for benchmark, prepared in self.prepared.items():
            for name, pairs in prepared.pairs.items():
                yield benchmark, name, pairs

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Return the outputs that are compared."""
        return tuple(dict.fromkeys(pairs.output for _, _, pairs in self.pairs()))

    @cached_property
    def _moments(self) -> tuple[dict[str, Moments], dict[tuple[str, str], I8]]:
        """Return the moments of each output, each once, and where those of pairs are."""
        known: dict[str, dict[bytes, int]] = {}
        parts: dict[str, list[tuple[Any, Any]]] = {}
        places = {}
        for benchmark, name, pairs in self.pairs():
            mine, of = known.setdefault(pairs.output, {}), parts.setdefault(pairs.output, [])
            ends = pairs.moments.ends[:-1]
            steps, shares = (np.split(v, ends) for v in (pairs.moments.steps, pairs.moments.shares))
            found = []
            for step, share in zip(steps, shares, strict=True):
                key = step.tobytes() + share.tobytes()
                if key not in mine:
                    mine[key] = len(of)
                    of.append((step, share))
                found.append(mine[key])
            places[benchmark, name] = np.array(found, dtype=np.int64)
        return {output: _joined(of) for output, of in parts.items()}, places

    def moments(self, output: str) -> Moments:
        """Return the moments of an output that blocks take."""
        return self._moments[0][output]

    def places(self, benchmark: str, name: str) -> I8:
        """Return where the moments of pairs are among those of their output."""
        return self._moments[1][benchmark, name]

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """Return what makes moments of outputs as their steps come; none of steady states."""
        made = []
        for output in filter(self._experiment.has_time, self.outputs):
            variable, moments = self._experiment.kernel.variable(output), self.moments(output)
            steps = self._experiment.steps_of(variable)
            sizes = {**self._experiment.sizes, steps.dim: len(moments)}
            shape = tuple(sizes[dim] for dim in variable.dims)
            begin = partial(OfMoments, moments, len(steps.years), self.axis(output))
            made.append(Stream(moments_of(output), output, shape, begin))
        return tuple(made)

    def axis(self, output: str) -> int:
        """Return where time, and so moments, are in values (l, *dims, s) of an output."""
        variable = self._experiment.kernel.variable(output)
        return 1 + variable.dims.index(self._experiment.steps_of(variable).dim)

    @cached_property
    def steady(self) -> set[str]:
        """Return the outputs that are compared and have no time."""
        return {output for output in self.outputs if not self._experiment.has_time(output)}

    def nbytes(self) -> dict[str, int]:
        """Return the bytes of a sample in the sums of a block with all locations, by benchmark."""
        held: dict[str, int] = {}
        for benchmark, _, pairs in self.pairs():
            words = len(words_of(pairs))
            numbers = 2 * words * pairs.groups if words else len(pairs.place)
            held[benchmark] = held.get(benchmark, 0) + 8 * numbers * self.rows(pairs.output)
        return held


def _joined(parts: list[tuple[Any, Any]]) -> Moments:
    steps, shares = zip(*parts, strict=True)
    ends = np.cumsum([len(some) for some in steps])
    return Moments(ends, np.concatenate(steps), np.concatenate(shares))
