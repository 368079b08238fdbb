"""Everything a block may know, settled before the first one runs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.responses import Functional, functional
from kernels import Derived, Kernel
from scenarios import Problem, Scenario, ScenarioError
from scenarios.designs import Context, Design
from scenarios.forcing import Locations

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Levels = Callable[[Collection[str], int, int], tuple[I8, I8]]


@dataclass(frozen=True)
class Rows:
    """Parameter rows of one block and how they repeat; values (1 or L, S)."""

    values: Mapping[str, F8]
    levels: Levels


@dataclass(frozen=True)
class Setup:
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
        Arrays (L, *dims) in kernel units; may be memory maps.
    derived : sequence of mappings, one per forcing
        Per-location default and admissible range of parameters.
    synthetic : str
        Label that every table and picture must carry; empty for data.
    base : Path
        Folder that relative paths of the design start from.
    edges : mapping of str to ndarray, shape (F, L, 2)
        Histogram edges of each target that needs them.
    """

    scenario: Scenario
    kernel: Kernel
    options: Any
    forcings: tuple[str, ...]
    locations: Locations
    coords: Mapping[str, NDArray[Any]]
    drivers: Sequence[Mapping[str, F8]]
    derived: Sequence[Mapping[str, Derived]]
    synthetic: str = ""
    base: Path = Path()
    edges: Mapping[str, F8] = field(default_factory=dict)

    @property
    def sizes(self) -> dict[str, int]:
        """Return the length of every dimension besides location and sample."""
        found: dict[str, int] = {}
        for driver in self.kernel.drivers:
            shape = self.drivers[0][driver.name].shape[1:]
            found.update(zip(driver.dims, shape, strict=True))
        return found

    @property
    def years(self) -> I8:
        """Return the calendar year of each step of ``time``; none where nothing has a time."""
        return np.asarray(self.coords.get("year", ()), dtype=np.int64)

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
            base=self.base,
            stream="/".join(stream),
        )
        opened: Design = scenario.design.open(context)
        return opened

    def _bound(self, side: str, reduce: Callable[..., F8]) -> dict[str, F8]:
        """Return the tightest admissible bound over forcings, (L,): all share one design."""
        found = {}
        for name in self.derived[0]:
            bounds = reduce([getattr(d[name], side) for d in self.derived], axis=0)
            if np.isfinite(bounds).any():
                found[name] = bounds
        return found

    def functionals(self) -> dict[str, Functional]:
        """Return every response, ready to be applied.

        Raises
        ------
        ScenarioError
            Years outside the run; all of them.
        """
        found, problems = {}, []
        for name, response in self.scenario.responses.items():
            variable = self.kernel.variable(response.output)
            try:
                found[name] = functional(name, response, variable, self.years)
            except ValueError as error:
                problems.append(Problem(str(error), f"responses.{name}"))
        if problems:
            raise ScenarioError(problems, self.scenario.name)
        return found

    def control_rows(self, forcing: int, locations: slice) -> Rows:
        """Return the single row of the kernel's defaults, per location where derived."""
        count = locations.stop - locations.start
        values = {}
        for p in self.kernel.parameters:
            derived = self.derived[forcing].get(p.name)
            default = np.full(count, p.default) if derived is None else derived.default[locations]
            values[p.name] = np.ascontiguousarray(default[:, None])
        return Rows(values, identity)


def identity(names: Collection[str], start: int, stop: int) -> tuple[I8, I8]:
    """Return levels that share nothing, or one row where no parameter is read."""
    if not names:
        return np.zeros(1, np.int64), np.zeros(stop - start, np.int64)
    return np.arange(stop - start), np.arange(stop - start)


class Sampler:
    """Rows of any block, from the designs of a setup; keeps the last ones it made."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.independent = set(setup.scenario.independent)
        self._opened = lru_cache(maxsize=None)(setup.design)
        self._drawn = lru_cache(maxsize=2)(self._draw)
        first = self._opened(0, 0)
        self.parameters, self.size = first.parameters, first.size
        self.first = first
        self._by_location = {n for n, v in first.rows(0, 1).items() if len(v) > 1}

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

    def _with_defaults(
        self, values: dict[str, F8], forcing: int, locations: slice
    ) -> dict[str, F8]:
        """Add the parameters that the design leaves alone, at their control values."""
        width = next(iter(values.values())).shape[1]
        control = self.setup.control_rows(forcing, locations).values
        fixed = {n: np.repeat(v, width, axis=1) for n, v in control.items() if n not in values}
        return {**values, **fixed}

    def _draw(self, forcing: int, location: int, start: int, stop: int) -> Rows:
        design = self._opened(forcing, location)

        @lru_cache(maxsize=16)
        def known(names: frozenset[str], begin: int, end: int) -> tuple[I8, I8]:
            return design.levels(names, start + begin, start + end)

        def levels(names: Collection[str], begin: int, end: int) -> tuple[I8, I8]:
            return known(frozenset(names) & frozenset(design.parameters), begin, end)

        return Rows(design.rows(start, stop), levels)


def fixed_rows(setup: Setup, parameters: Mapping[str, F8], forcing: int) -> Rows:
    """Return rows of given values (1, n), other parameters at their control values."""
    everywhere = slice(0, len(setup.locations.names))
    control = setup.control_rows(forcing, everywhere).values
    width = next(iter(parameters.values())).shape[1]
    fixed = {n: np.repeat(v, width, axis=1) for n, v in control.items() if n not in parameters}
    return Rows({**parameters, **fixed}, identity)
