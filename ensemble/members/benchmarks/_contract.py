"""What a benchmark is: pairs of modelled and observed values, whose sums give the scores.

A pair is a place, a moment, a group and a weight with an observed value. A *moment* is a set of
steps with shares, so that what a member has of a pair is the sum of share x output at the steps: a
day, a window of days over years, a year, a period. Everything here is arrays and words: a store
keeps what `prepare` returned, and blocks on other machines need no file of observations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.in_time import Steps
from kernels import F8, I8, Variable
from scenarios import Problem, ScenarioError, units
from scenarios.forcing import Locations
from scenarios.forcing.common.spans import YEARS
from scenarios.metrics import Seen
from scenarios.metrics import Sums as OfMetric

SUMS = ("first", "second", "cross", "absolute", "within", "nearness")
"""What may be added up of pairs, weight w, modelled less observed e: w e, w e**2, w e (observed -
its group's mean), w abs(e), w where abs(e) is at most the pair's tolerance, and w exp(-abs(e) /
tolerance)."""


JULIAN = 365.25
"""Days of a unit's own year."""


@dataclass(frozen=True)
class Asked:
    """An output of the run that a benchmark looks at.

    Attributes
    ----------
    variable : Variable
        Name, units, meaning and dims.
    steps : Steps or None
        Its calendar; None where it has no time, as steady states have none: one step is all.
    noleap : bool
        Whether a year of an output without time has 365 days, as those of kernels have.
    """

    variable: Variable
    steps: Steps | None
    noleap: bool = False

    @property
    def count(self) -> int:
        """Return the number of steps."""
        return 1 if self.steps is None else len(self.steps.years)

    def in_years(self, period: tuple[int, int] | None) -> I8:
        """Return the steps of years, first and last included; all where none are said."""
        if self.steps is None or period is None:
            return np.arange(self.count)
        years = self.steps.years
        return np.flatnonzero((years >= period[0]) & (years <= period[1]))

    def factor(self, needed: str, *times: str) -> float:
        """Return what values, times other units, are multiplied by to be in the needed unit.

        A year is as long as the calendar of the output says.

        Raises
        ------
        ValueError
            The one cannot become the other.
        """
        found = units.times(self.variable.units, *times)
        scale, ends = units.factor(found, needed), (units.per(found), units.per(needed))
        noleap = self.noleap if self.steps is None else self.steps.calendar == "noleap"
        if ends.count("yr") != 1:
            return scale
        days = YEARS["noleap" if noleap else "standard"]
        # A unit's own year is Julian.
        return scale * (days / JULIAN if ends[1] == "yr" else JULIAN / days)


@dataclass(frozen=True)
class Task:
    """What a benchmark is prepared for.

    Attributes
    ----------
    name : str
        What the scenario calls the benchmark: scores are ``<name>_<score>``.
    outputs : mapping of str to Asked
        Those of `BenchmarkSpec.outputs`.
    places : Locations
        Of the run: names, and the columns ``lat``, ``lon`` (degrees north, east) and ``area`` (m2
        of land) where it has them.
    observed : Observations
        One of the kinds of `scenarios.observations`.
    period : tuple of int or None
        First and last year that are compared; None: all of the run.
    classes : mapping of str to ClassMap
        What groups may be made of, by name: ``koeppen``.
    seed : int
        Of the scenario.
    base : Path
        Folder that relative paths start from.
    bare : mapping of str to ndarray, shape (L,), bool
        Where an output is exactly 0 at every step, of a model that is there already. Of a run
        nothing is known of that: locations are those with vegetation, and members differ.
    """

    name: str
    outputs: Mapping[str, Asked]
    places: Locations
    observed: Any
    period: tuple[int, int] | None = None
    classes: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    base: Path = Path()
    bare: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Return the place of its words in the scenario."""
        return f"evaluation.benchmarks.{self.name}"

    def column(self, name: str, units: str) -> F8:
        """Return a column of the places, (L,), float64.

        Raises
        ------
        ScenarioError
            They have none.
        """
        if name not in self.places.columns:
            text = f"locations have no column {name!r}; needed {name} [{units}] of each, from "
            text += "the forcing's reader or locations: {table: FILE.csv}"
            raise refused(self, text)
        return np.asarray(self.places.columns[name], dtype=np.float64)


def refused(task: Task, text: str, key: str = "") -> ScenarioError:
    """Return what a benchmark raises that cannot be prepared; ``key`` is the word at fault."""
    return ScenarioError([Problem(text, f"{task.where}.{key}" if key else task.where)])


@dataclass(frozen=True)
class Moments:
    """Sets of steps with shares, one after the other.

    Attributes
    ----------
    ends : ndarray, shape (m,), int64
        Where the steps of each end; they begin where those of the one before end.
    steps : ndarray, shape (k,), int64
        Steps of the output, rising within a moment.
    shares : ndarray, shape (k,), float64
        What the output is multiplied by at each: 1/n of a mean over n steps.
    """

    ends: I8
    steps: I8
    shares: F8

    @classmethod
    def means(cls, of: Sequence[NDArray[np.integer[Any]]]) -> "Moments":
        """Return moments that are means, each over some steps (one or more of them)."""
        lengths = np.array([len(steps) for steps in of], dtype=np.int64)
        steps = np.concatenate([np.sort(s) for s in of]).astype(np.int64)
        return cls(np.cumsum(lengths), steps, np.repeat(1.0 / lengths, lengths))

    def __len__(self) -> int:
        return len(self.ends)


@dataclass(frozen=True)
class Pairs:
    """Pairs of one output with what was observed.

    Attributes
    ----------
    output : str
    place : ndarray, shape (p,), int64
        Location of the run; rising.
    moment : ndarray, shape (p,), int64
    group : ndarray, shape (p,), int64
        What it is added up with, 0 to ``groups`` - 1. A record that is of two is two pairs; a group
        that is made of others is put together by `Sums.together`, and needs no pairs.
    weight, observed : ndarray, shape (p,), float64
        Weights above 0; finite. Sums of the model alone have 0 for what was observed.
    moments : Moments
    groups : int
    sums : tuple of str
        Those of `SUMS` that scores need; without any, modelled values are kept pair by pair, 8
        bytes for each pair and member.
    tolerance : ndarray, shape (p,), float64, optional
        Of ``within``.
    """

    output: str
    place: I8
    moment: I8
    group: I8
    weight: F8
    observed: F8
    moments: Moments
    groups: int = 1
    sums: tuple[str, ...] = ("first", "second", "cross")
    tolerance: F8 | None = None

    @cached_property
    def seen(self) -> Seen:
        """Return weight, mean and variance of what was observed by group, (groups,)."""

        def total(values: F8) -> F8:
            return np.bincount(self.group, values, self.groups).astype(np.float64)

        weight = total(self.weight)
        some = np.where(weight > 0, weight, np.nan)
        mean = total(self.weight * self.observed) / some
        apart = self.observed - mean[self.group]
        return Seen(weight, mean, total(self.weight * apart**2) / some)

    @cached_property
    def count(self) -> I8:
        """Return the pairs of each group, (groups,)."""
        return np.bincount(self.group, minlength=self.groups).astype(np.int64)


@dataclass(frozen=True)
class Prepared:
    """What was observed, paired with a run; arrays and words, as a store keeps them.

    Attributes
    ----------
    pairs : mapping of str to Pairs
        By a name of the benchmark's own; most have one, ``pairs``.
    units : str
        Of what is compared; units of scores follow from it.
    groups : tuple of str
        What scores are by, identifiers; the first is the whole.
    arrays : mapping of str to ndarray, shape (n,) or (n, m)
        Whatever else scores or pages need: ``record_lat``; numbers or texts.
    left_out : mapping of str to int
        What was not paired, by reason.
    notes : tuple of str
        Sentences for people: what was taken for what.
    about : mapping
        JSON-able; kept among the attributes, numbers to the last bit.
    provenance : mapping
        Of the observations: reader, files, citation; whoever calls `prepare` puts it here.
    """

    pairs: Mapping[str, Pairs]
    units: str
    groups: tuple[str, ...] = ("global",)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def compared(self) -> int:
        """Return how many cells or records are compared: once, whatever groups they are of."""
        pairs = next(iter(self.pairs.values()))
        return int(self.about.get("cells", len(pairs.place)))


@dataclass(frozen=True)
class Sums:
    """Sums of pairs over a run, group by group, of members or of another model.

    Attributes
    ----------
    pairs : Pairs
    seen : Seen
        Weight, mean and variance of what was observed, (g,).
    count : ndarray, shape (g,), int64
        Pairs.
    of : mapping of str to ndarray, shape (g, s), float64
        By the words of `SUMS`; NaN where a member has no value of a pair of the benchmark.
    modelled : ndarray, shape (p, s), float64, optional
        Of each pair, where no sums are asked for.
    """

    pairs: Pairs
    seen: Seen
    count: I8
    of: Mapping[str, F8] = field(default_factory=dict)
    modelled: F8 | None = None

    def together(self, groups: Sequence[Sequence[int]]) -> "Sums":
        """Return the sums of groups that are put together of some of these.

        ``cross`` is moved to the mean of the whole, which is exact: nothing is added up anew.
        """
        weight, mean, variance = self.seen.count, self.seen.mean, self.seen.variance
        # Groups without a pair have no mean.
        held = [np.array([g for g in some if weight[g] > 0], dtype=np.int64) for some in groups]
        whole = np.array([weight[some].sum() for some in held])
        some_weight = np.where(whole > 0, whole, np.nan)
        means = np.array([(weight[some] * mean[some]).sum() for some in held]) / some_weight
        moves = [mean[some] - m for some, m in zip(held, means, strict=True)]
        squares = [
            (weight[some] * (variance[some] + move**2)).sum()
            for some, move in zip(held, moves, strict=True)
        ]
        of = {w: np.stack([v[some].sum(axis=0) for some in held]) for w, v in self.of.items()}
        if "cross" in of:
            first = [self.of["first"][some] for some in held]
            moved = [move @ part for move, part in zip(moves, first, strict=True)]
            of["cross"] = of["cross"] + np.stack(moved)
        seen = Seen(whole, means, np.array(squares) / some_weight)
        count = np.array([self.count[list(some)].sum() for some in groups], dtype=np.int64)
        return replace(self, seen=seen, count=count, of=of)

    @property
    def of_metric(self) -> OfMetric:
        """Return them as metrics take them: bias, mse, correlation and so on, each (g, s)."""
        return OfMetric(self.seen, self.of["first"], self.of["second"], self.of["cross"])


@dataclass(frozen=True)
class Table:
    """A table of the control member, for pages and for `soilsweep evaluate`.

    Attributes
    ----------
    row : str
        What a row is: ``record``, ``study``; the dimension of its columns.
    columns : mapping of str to ndarray, shape (n,)
    attrs : mapping of str to mapping
        ``units`` and ``long_name`` of each column.
    """

    row: str
    columns: Mapping[str, NDArray[Any]]
    attrs: Mapping[str, Mapping[str, Any]]
