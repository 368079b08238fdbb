"""Everything a block may know, settled before the first one runs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.benchmarks import Prepared
from ensemble.members.in_time import DAY, Steps
from ensemble.members.limits import Watched
from ensemble.members.remembered import remembered
from ensemble.members.responses.kinds import Functional
from ensemble.members.responses.making import functionals
from ensemble.members.responses.pairs import Data
from kernels import F8, I8, MODEL, Derived, Kernel, Variable
from scenarios import Problem, Scenario, ScenarioError, nearest
from scenarios.designs import Context, Design
from scenarios.designs.distributions.grammar import Column
from scenarios.forcing import Locations, Made, Observed
from scenarios.units import labelled

FEW_VALUES = 1 << 17
"""Values of all rows of a small design, which are drawn at once."""

KEPT_VALUES, KEPT_PARTS = 1 << 22, 64
"""Values of all rows of a design that are kept, in so many parts, for the next forcing: 32 MiB."""

Levels = Callable[[Collection[str], int, int], tuple[I8, I8]]


@dataclass(frozen=True)
class Rows:
    """Parameter rows of one block and how they repeat; values (1 or L, S)."""

    values: Mapping[str, F8]
    levels: Levels


@dataclass(frozen=True)
class Experiment:
    """A scenario with its data opened and its numbers settled.

    Attributes
    ----------
    scenario : Scenario
    kernel : Kernel
    options : dataclass
        The kernel's, as the scenario chose them.
    forcings : tuple of str
    locations : Locations
    coords : mapping of str to ndarray
        ``year`` and other coordinates of the dims.
    drivers : sequence of mappings, one per forcing
        Arrays (L, *dims) in kernel units, float64 or float32; may be memory maps, or made when
        they are taken.
    derived : sequence of mappings, one per forcing
        Per-location default and admissible range of parameters.
    synthetic : str
        Label that every table and picture must carry; empty for data.
    base : Path
        Folder that relative paths of the design start from.
    edges : mapping of str to ndarray, shape (F, L, 2)
        Histogram edges of each target that needs them.
    observations : sequence of mappings, one per forcing
        What outputs may be compared with; the same names for every forcing, (L, n).
    sources : sequence of mappings, one per forcing
        Where the values of drivers and observations are from, location by location.
    limits : mapping of str to Watched
        Outputs with a limit, by name; those that are made are looked at.
    evaluation : mapping of str to Prepared
        What members are held against, by benchmark.
    recipes : sequence of str, one per forcing
        What drivers follow from that are made when they are taken; none of a store's.
    """

    scenario: Scenario
    kernel: Kernel
    options: Any
    forcings: tuple[str, ...]
    locations: Locations
    coords: Mapping[str, NDArray[Any]]
    drivers: Sequence[Mapping[str, NDArray[Any] | Made]]
    derived: Sequence[Mapping[str, Derived]]
    synthetic: str = ""
    base: Path = Path()
    edges: Mapping[str, F8] = field(default_factory=dict)
    observations: Sequence[Mapping[str, Observed]] = ()
    sources: Sequence[Mapping[str, tuple[str, ...]]] = ()
    limits: Mapping[str, Watched] = field(default_factory=dict)
    evaluation: Mapping[str, Prepared] = field(default_factory=dict)
    recipes: Sequence[str] = ()

    @property
    def sizes(self) -> Mapping[str, int]:
        """Return the length of every dimension besides location and sample."""
        lengths = {name: len(own.values) for name, own in self.kernel.coords.items()}
        if self.years.size:
            # Of outputs by the year from drivers by the day.
            lengths["time"] = len(self.years)
        for driver in self.kernel.drivers:
            shape = self.drivers[0][driver.name].shape[1:]
            lengths.update(zip(driver.dims, shape, strict=True))
        return lengths

    @property
    def own_coords(self) -> dict[str, NDArray[Any]]:
        """Return the coordinates, other than years, that the forcings bring for their dims."""
        dims = {d for driver in self.kernel.drivers for d in driver.dims} - {"time"}
        return {d: self.coords[d] for d in sorted(dims & self.coords.keys())}

    @property
    def years(self) -> I8:
        """Return the calendar year of each step of ``time``; none where nothing has a time."""
        return np.asarray(self.coords.get("year", ()), dtype=np.int64)

    @property
    def steps(self) -> Steps:
        """Return the calendar of ``time``; days are those of the forcings, where a step is one."""
        days = () if DAY in self.own_coords else self.coords.get(DAY, ())
        return Steps(self.years, np.asarray(days, dtype=np.int64))

    def has_time(self, output: str) -> bool:
        """Return whether an output has a dimension of time."""
        variable = self.kernel.variable(output)
        return self.steps_of(variable).dim in variable.dims

    def steps_of(self, variable: Variable) -> Steps:
        """Return the calendar of a variable's dimension of time.

        Days of a kernel that has years, too, are those of its years.
        """
        dim = self.kernel.time_of(variable) or "time"
        if dim == "time" and self.steps.daily:
            return self.steps
        noleap, days = "day" in self.kernel.steps.values(), np.arange(1, 366)
        if self.kernel.steps.get(dim) != "day":
            return Steps(self.years, np.empty(0, np.int64), dim, noleap=noleap)
        return Steps(np.repeat(self.years, len(days)), np.tile(days, len(self.years)), dim)

    def days_of(self, dim: str) -> Steps | None:
        """Return the calendar of a dimension whose places are days, numbered from 0; else None."""
        found, every = np.asarray(self.coords.get(dim, ())), np.arange(365 * len(self.years))
        # Who opens a store has them back as these.
        same = found.dtype == every.dtype and np.array_equal(found, every)
        if dim == "time" or self.kernel.steps.get(dim) != DAY or not same:
            return None
        return Steps(np.repeat(self.years, 365), every % 365 + 1, dim)

    def design(self, forcing: int = 0, location: int = 0) -> Design:
        """Return the design that a forcing and location use; mostly one for all."""
        scenario = self.scenario
        stream = [
            label
            for word, label in (
                ("forcing", self.forcings[forcing]),
                ("location", self.locations.names[location]),
            )
            if word in scenario.independent
        ]
        context = Context(
            seed=scenario.seed,
            path="design",
            parameters={p.name: p for p in self.kernel.parameters},
            lower={} if scenario.out_of_range == "flag" else self._bound("lower", np.max),
            upper={} if scenario.out_of_range == "flag" else self._bound("upper", np.min),
            columns=self.locations.columns,
            control={
                name: values[:, 0]
                for name, values in self.control_rows(
                    forcing, slice(0, len(self.locations.names))
                ).values.items()
            },
            unlike=frozenset() if "forcing" in scenario.independent else self._unlike(),
            base=self.base,
            stream="/".join(stream),
        )
        assert scenario.design is not None, "a calibration has no rows"
        opened: Design = scenario.design.open(context)
        return opened

    def _unlike(self) -> frozenset[str]:
        """Return the parameters of which the forcings have other defaults at some location."""
        first, *others = self.derived
        return frozenset(
            name
            for name, own in first.items()
            if name not in self.scenario.parameters
            and any(not np.array_equal(own.default, d[name].default) for d in others)
        )

    def _bound(self, side: str, reduce: Callable[..., F8]) -> dict[str, F8]:
        """Return the tightest admissible bound over forcings, (L,): all share one design."""
        tightest = {}
        for name in self.derived[0]:
            bounds = reduce([getattr(d[name], side) for d in self.derived], axis=0)
            if np.isfinite(bounds).any():
                tightest[name] = bounds
        return tightest

    def functionals(self) -> dict[str, Functional]:
        """Return every response, ready to be applied.

        Raises
        ------
        ScenarioError
            Years or depths outside the run, observations that are not there; all of them.
        """
        about = (self.kernel.coords, self.observations, self.locations.names)
        data = Data(self.years, *about, days=self.steps.days)
        return functionals(self.scenario, self.kernel, data)

    def control_rows(self, forcing: int, locations: slice) -> Rows:
        """Return the single row of the kernel's defaults, per location where derived."""
        count = locations.stop - locations.start
        values = {}
        for p in self.kernel.parameters:
            derived = self.derived[forcing].get(p.name)
            default = np.full(count, p.default) if derived is None else derived.default[locations]
            if p.name in self.scenario.parameters:
                default = np.broadcast_to(self._stated(p.name)[locations], count)
            values[p.name] = np.ascontiguousarray(default[:, None])
        return Rows(values, identity)

    def _stated(self, name: str) -> F8:
        """Return a parameter of the scenario's ``parameters:``, (L,)."""
        stated = self.scenario.parameters[name]
        if isinstance(stated, Column):
            return np.asarray(self.locations.columns[stated.column], dtype=np.float64)
        return np.full(len(self.locations.names), float(stated))

    def check_parameters(self) -> None:
        """Refuse values of ``parameters:`` that are not there, or outside the kernel's bounds.

        Raises
        ------
        ScenarioError
            All of them.
        """
        problems, columns = [], self.locations.columns
        for p in self.kernel.parameters:
            stated = self.scenario.parameters.get(p.name)
            if stated is None:
                continue
            fault = ""
            if isinstance(stated, Column) and stated.column not in columns:
                fault = f"no column {stated.column!r} of locations{nearest(stated.column, columns)}"
            elif not ((self._stated(p.name) >= p.lower) & (self._stated(p.name) <= p.upper)).all():
                worst = self._stated(p.name)
                value = worst[~((worst >= p.lower) & (worst <= p.upper))][0]
                needed = f"needed {p.lower:g} to {p.upper:g}"
                fault = f"found {labelled(f'{value:g}', p.units)}; {needed}"
            if fault:
                problems.append(Problem(fault, f"parameters.{p.name}"))
        if problems:
            raise ScenarioError(problems, self.scenario.name)


def beside(experiment: Experiment) -> set[str]:
    """Return the dimensions along which kernels, or options of one, stand side by side."""
    return {MODEL, *(axis.name for axis in getattr(experiment.options, "axes", ()))}


def identity(names: Collection[str], start: int, stop: int) -> tuple[I8, I8]:
    """Return levels that share nothing, or one row where no parameter is read."""
    if not names:
        return np.zeros(1, np.int64), np.zeros(stop - start, np.int64)
    return np.arange(stop - start), np.arange(stop - start)


class Sampler:
    """Rows of any block, from the designs of an experiment; keeps the last ones it made."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.independent = set(experiment.scenario.independent)
        self._opened = lru_cache(maxsize=None)(experiment.design)
        first = self._opened(0, 0)
        self.parameters, self.size = first.parameters, first.size
        self.first = first
        self._by_location = {n for n, v in first.rows(0, 1).items() if len(v) > 1}
        few = not self.independent and self.size * self.row_values <= KEPT_VALUES
        self._drawn = remembered(self._draw, KEPT_PARTS if few else 2)

    def design(self, forcing: int, location: int) -> Design:
        """Return the design that a forcing and location use."""
        f = forcing if "forcing" in self.independent else 0
        return self._opened(f, location if "location" in self.independent else 0)

    def dims(self, name: str) -> tuple[str, ...]:
        """Return the dims along which a parameter differs, sample last."""
        lead = [d for d in ("forcing", "location") if d in self.independent]
        if name in self._by_location and "location" not in lead:
            lead.append("location")
        return (*lead, "sample")

    def rows(self, forcing: int, locations: slice, samples: slice) -> Rows:
        """Return the rows of one block."""
        f = forcing if "forcing" in self.independent else 0
        if "location" in self.independent:
            stacked = [
                self._drawn(f, place, samples.start, samples.stop)
                for place in range(locations.start, locations.stop)
            ]
            # A distribution with columns has a row for every location; each takes its own.
            own = [
                {n: v[place : place + 1] if len(v) > 1 else v for n, v in r.values.items()}
                for place, r in zip(range(locations.start, locations.stop), stacked, strict=True)
            ]
            values = {n: np.concatenate([r[n] for r in own]) for n in self.parameters}
            return Rows(self._with_defaults(values, forcing, locations), identity)
        drawn = self._drawn(f, 0, samples.start, samples.stop)
        values = {n: v if len(v) == 1 else v[locations] for n, v in drawn.values.items()}
        return Rows(self._with_defaults(values, forcing, locations), drawn.levels)

    def picked(self, forcing: int, locations: slice, numbers: Sequence[int]) -> dict[str, F8]:
        """Return what the design varies of rows by their numbers, (1 or l, n), in that order.

        Of a small design all rows are drawn, once for all that ask; else runs of neighbours are:
        drawing one row takes as long as drawing some hundreds.
        """
        if self.size * self.row_values <= FEW_VALUES:
            whole = self.rows(forcing, locations, slice(0, self.size)).values
            return {n: whole[n][:, numbers] for n in self.parameters}
        ends = [k for k in range(1, len(numbers)) if numbers[k] != numbers[k - 1] + 1]
        runs = [numbers[i:j] for i, j in pairwise([0, *ends, len(numbers)])]
        spans = [slice(run[0], run[-1] + 1) for run in runs]
        drawn = [self.rows(forcing, locations, span).values for span in spans]
        return {n: np.concatenate([run[n] for run in drawn], axis=1) for n in self.parameters}

    @property
    def row_values(self) -> int:
        """Return the values of a row: of all locations, where these have their own."""
        places = len(self.experiment.locations.names) if self.varies_by("location") else 1
        return places * len(self.parameters)

    def varies_by(self, dim: str) -> bool:
        """Return whether rows differ along ``forcing`` or ``location``."""
        return any(dim in self.dims(name) for name in self.parameters)

    def _with_defaults(
        self, values: dict[str, F8], forcing: int, locations: slice
    ) -> dict[str, F8]:
        """Add the parameters that the design leaves alone, at their control values."""
        width = next(iter(values.values())).shape[1]
        control = self.experiment.control_rows(forcing, locations).values
        return {**values, **_fixed(control, values, width)}

    def _draw(self, forcing: int, location: int, start: int, stop: int) -> Rows:
        design = self._opened(forcing, location)

        @lru_cache(maxsize=16)
        def levels_once(names: frozenset[str], begin: int, end: int) -> tuple[I8, I8]:
            return design.levels(names, start + begin, start + end)

        def levels(names: Collection[str], begin: int, end: int) -> tuple[I8, I8]:
            return levels_once(frozenset(names) & frozenset(design.parameters), begin, end)

        return Rows(design.rows(start, stop), levels)


def fixed_rows(
    experiment: Experiment, parameters: Mapping[str, F8], forcing: int, here: slice
) -> Rows:
    """Return rows of given values (1 or l, n), other parameters at their control values."""
    control = experiment.control_rows(forcing, here).values
    width = next(iter(parameters.values())).shape[1]
    return Rows({**parameters, **_fixed(control, parameters, width)}, identity)


def _fixed(control: Mapping[str, F8], varied: Collection[str], width: int) -> dict[str, F8]:
    """Return the other parameters (L, width) at their control values (L, 1), which take no memory.

    Kernels have a hundred parameters: copied for every member they would be most of a block.
    """
    return {n: np.broadcast_to(v, (len(v), width)) for n, v in control.items() if n not in varied}
