"""From a scenario to a plan: data opened and checked, blocks counted, nothing written."""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import kernels
from ensemble.members import limits
from ensemble.members.experiment import Setup
from ensemble.members.layout import Layout
from ensemble.members.pilot import edges
from ensemble.members.responses import observations as observed
from ensemble.members.responses.responses import warnings
from ensemble.members.stages import least_nbytes
from ensemble.members.statistics import canonical
from ensemble.planning.dimensions import check_dims
from ensemble.planning.notices import Notice
from ensemble.planning.outlook import Outlook, outlook
from ensemble.planning.requests import check_resources, check_statistics, check_sums
from ensemble.store.machine import versions
from ensemble.store.places import check_execution, store_place
from kernels.contract.fingerprint import fingerprint
from scenarios import (
    Loaded,
    Problem,
    ScenarioError,
    check_kernel,
    make_kernel,
    read_options,
    with_lines,
)
from scenarios.forcing import Forcing, Locations
from scenarios.locations import join

FREE_FOR_THEMSELVES = ("title", "description", "store", "execution", "failed_limit", "reference")
"""Sections that may change between runs into one store: they change no byte of a chunk."""


@dataclass(frozen=True)
class Plan:
    """A scenario ready to run.

    Attributes
    ----------
    scenario : Loaded
    setup : Setup
    layout : Layout
    path : Path
        Where the store is or will be.
    identity : mapping
        What must be the same for a run to continue a store.
    provenance : sequence of mappings
        Where each forcing came from.
    outlook : Outlook
        What drivers, defaults and the design foretell of the run.
    """

    scenario: Loaded
    setup: Setup
    layout: Layout
    path: Path
    identity: Mapping[str, Any]
    provenance: Sequence[Mapping[str, Any]]
    outlook: Outlook = field(default_factory=Outlook)

    @property
    def members(self) -> int:
        """Return the number of members, without the control members."""
        return math.prod(self.layout.shape)

    @property
    def blocks(self) -> int:
        """Return the number of blocks."""
        return self.layout.grid.blocks

    @property
    def nbytes(self) -> int:
        """Return the store's size before compression, bytes; its drivers are not compressed."""
        return sum(spec.nbytes for spec in self.layout.arrays) + self.driver_nbytes

    @property
    def driver_nbytes(self) -> int:
        """Return the bytes of the drivers that the store keeps, as wide as they come."""
        return sum(values.nbytes for drivers in self.setup.drivers for values in drivers.values())

    @property
    def block_nbytes(self) -> int:
        """Return the memory one block takes, bytes: its chunks, rows and one encoded chunk."""
        chunks = [spec.chunk_nbytes for spec in self.layout.arrays]
        width = self.layout.grid.axes[2].length
        rows = 8 * width * (len(self.setup.kernel.parameters) + len(self.layout.functionals) + 2)
        sums = self.layout.grid.axes[1].length * sum(self.layout.sums_nbytes.values())
        return sum(chunks) + max(chunks) + rows + sums

    @property
    def worker_nbytes(self) -> int:
        """Return the memory of a worker, bytes: two blocks, and what is computed at once.

        Of the latter the least: one unit of samples at one location, with its drivers.
        """
        setup, layout = self.setup, self.layout
        tile = least_nbytes(setup.kernel, layout.wanted, setup.sizes, layout.tile_unit)
        return 2 * self.block_nbytes + tile

    @property
    def warnings(self) -> list[Notice]:
        """Return what makes the run worth a second look; `str` of each is a line for people."""
        return list(self.outlook.notices)

    @property
    def seconds(self) -> float:
        """Return the declared compute time of all members on one core, seconds."""
        return self.members * self.layout.seconds_per_member


@with_lines
def plan(scenario: Loaded, *, store: str | os.PathLike[str] | None = None) -> Plan:
    """Open and check everything a run needs.

    Parameters
    ----------
    scenario : Loaded
        From `scenarios.load`.
    store : str or path, optional
        Instead of the scenario's own; a folder, with ``~`` and ``$NAME`` replaced.

    Raises
    ------
    ScenarioError
        The scenario or its data; every problem found.
    """
    try:
        kernel = kernels.get(scenario.kernel.name, scenario.base)
    except LookupError as error:
        raise ScenarioError([Problem(str(error), "kernel")], scenario.source) from error
    sections = {name: getattr(scenario, name) for name in type(scenario).model_fields}
    problems = [*check_kernel(sections, kernel), *check_statistics(sections)]
    problems += check_resources(sections)
    if problems:
        raise ScenarioError(problems, scenario.source)
    options = read_options(scenario.kernel.options, kernel)
    kernel = make_kernel(kernel, options, scenario.base)
    forcings = _read_forcings(scenario, kernel.drivers)
    locations = forcings[0].locations
    coords = {n: observed.plain(v) for n, v in forcings[0].coords.items()}
    if scenario.locations:
        locations = join(locations, scenario.locations, scenario.base)
    labels = sorted({f.synthetic for f in forcings if f.synthetic})
    try:
        derived = [kernel.derive(options, f.drivers, f.coords) for f in forcings]
    except ValueError as error:
        raise ScenarioError([Problem(str(error), "kernel")], scenario.source) from error
    setup = Setup(
        scenario=scenario,
        kernel=kernel,
        options=options,
        forcings=tuple(f.name for f in forcings),
        locations=locations,
        coords=coords,
        drivers=[f.drivers for f in forcings],
        derived=derived,
        synthetic="; ".join(labels),
        base=scenario.base,
        observations=observed.padded([f.observations for f in forcings]),
        sources=[f.sources for f in forcings],
        limits=limits.resolve(scenario, kernel),
    )
    check_dims(setup)
    setup.check_parameters()
    _check_years(setup)
    _check_edges(setup)
    setup = replace(setup, edges=edges(setup))
    layout = Layout(setup)
    _check_columns(layout)
    problems = list(check_sums(layout))
    if problems:
        raise ScenarioError(problems, scenario.source)
    identity = identity_of(scenario, setup, layout)
    check_execution(scenario)
    path = store_place(scenario, store)
    notes = warnings(layout.functionals, setup.forcings)
    provenance = [_with_warnings(f.provenance, notes.get(f.name, ())) for f in forcings]
    foretold = outlook(layout, provenance)
    return Plan(scenario, setup, layout, path, identity, provenance, foretold)


def _with_warnings(provenance: Mapping[str, Any], lacking: Sequence[str]) -> Mapping[str, Any]:
    """Return provenance with what the reader left out, and what responses lack, as warnings."""
    said = [*provenance.get("warnings", ()), *lacking]
    return {**provenance, "warnings": said} if said else provenance


def _read_forcings(scenario: Loaded, needs: Sequence[kernels.Variable]) -> list[Forcing]:
    """Return every forcing of every reader; they must agree on locations and coordinates."""
    found: list[Forcing] = []
    problems: list[Problem] = []
    for reader in scenario.forcing:
        try:
            found += reader.read(needs, scenario.base)
        except ScenarioError as error:
            problems += error.problems
    for forcing in found[1:]:
        problems += _disagreements(found[0], forcing)
    names = [f.name for f in found]
    for name in sorted({n for n in names if names.count(n) > 1}):
        text = (
            f"two forcings are named {name!r}; rename one with name:, or leave it out with members:"
        )
        problems.append(Problem(text, "forcing"))
    if problems:
        raise ScenarioError(problems, scenario.source)
    return found


def _disagreements(first: Forcing, other: Forcing) -> Iterator[Problem]:
    if first.observations.keys() != other.observations.keys():
        mine, others = (", ".join(sorted(f.observations)) or "nothing" for f in (first, other))
        text = f"{other.name!r} observes {others} and {first.name!r} {mine}; use one reader"
        yield Problem(text, "forcing")
    if first.locations.names != other.locations.names:
        text = f"{other.name!r} and {first.name!r} have different locations; use common ones"
        yield Problem(text, "forcing")
    for name, values in first.coords.items():
        theirs = other.coords.get(name)
        if theirs is None or not np.array_equal(values, theirs):
            span = "nothing" if theirs is None else f"{theirs[0]}-{theirs[-1]} ({len(theirs)})"
            text = (
                f"{name} of {other.name!r} is {span} and of {first.name!r} "
                f"{values[0]}-{values[-1]} ({len(values)}); say years: [first, last]"
            )
            yield Problem(text, "forcing")


def _check_years(setup: Setup) -> None:
    """Refuse years of outputs and of the kernel's options that the forcings lack."""
    years = setup.years
    run = f"the run ({years[0]}-{years[-1]})" if len(years) else "a run without time"
    problems = [
        Problem(f"year {y} is not in {run}", f"outputs.{name}.at")
        for name, output in setup.scenario.outputs.items()
        for y in output.at or ()
        if y not in years
    ]
    if within := sorted(setup.coords.keys() - {"year"} - setup.own_coords.keys()):
        text = f"has steps within a year ({', '.join(within)}); needed annual steps, or none"
        problems.append(Problem(text, "forcing"))
    if problems:
        raise ScenarioError(problems, setup.scenario.name)


def _check_edges(setup: Setup) -> None:
    """Refuse histograms without edges where finding them would run a program at plan time."""
    scenario = setup.scenario
    problems = [
        Problem(
            f"a pilot run would start {setup.kernel.name} programs before the run begins; say "
            f"histograms: {{edges: {{{target}: [lowest, highest]}}}}",
            f"statistics.{target}",
        )
        for target, requests in scenario.statistics.items()
        if target not in scenario.histograms.edges
        and any(canonical(request)[0] == "histogram" for request in requests)
    ]
    if setup.kernel.isolated and problems:
        raise ScenarioError(problems, scenario.name)


def _check_columns(layout: Layout) -> None:
    """Refuse columns of the location table that have the name of another array."""
    kernel = layout.setup.kernel
    taken = {"status", "realization", "forcing", "location", "time", "year", *layout.functionals}
    taken |= {p.name for p in kernel.parameters} | {v.name for v in kernel.outputs}
    taken |= {*kernel.coords, *(f"{name}_bounds" for name in kernel.coords)}
    taken |= set(layout.setup.own_coords)
    problems = [
        Problem("is the name of an array of the store; rename the column", f"column {name!r}")
        for name in layout.setup.locations.columns
        if name in taken
    ]
    if problems:
        raise ScenarioError(problems, layout.setup.scenario.name)


def digest(forcing: str, setup: Setup) -> str:
    """Return a hash of everything a forcing supplies."""
    whole = hashlib.sha256()
    index = setup.forcings.index(forcing)
    supplied = [*setup.drivers[index].items(), *setup.coords.items()]
    supplied += observed.arrays(setup.observations[index] if setup.observations else {})
    for name, array in sorted(supplied, key=lambda pair: pair[0]):
        array = np.asarray(array)
        whole.update(f"{name}{array.shape}{array.dtype.str}".encode())
        # Daily drivers are large: what is contiguous is not copied, other arrays row by row.
        for part in [array] if array.flags.c_contiguous else array:
            whole.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    if setup.observations:
        # Drivers are in kernel units; observations are in their own.
        units = {name: one.units for name, one in setup.observations[index].items()}
        whole.update(json.dumps(units, sort_keys=True).encode())
    return whole.hexdigest()


def identity_of(scenario: Loaded, setup: Setup, layout: Layout) -> dict[str, Any]:
    """Return what must be the same for a run to continue a store."""
    resolved = scenario.model_dump(mode="json", exclude={"text", "source", "base"})
    same = {k: v for k, v in resolved.items() if k not in FREE_FOR_THEMSELVES}
    text = json.dumps(same, sort_keys=True)
    return {
        "scenario": resolved,
        "scenario_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "kernel": fingerprint(setup.kernel),
        "forcings": {name: digest(name, setup) for name in setup.forcings},
        "locations": _location_digest(setup.locations),
        "block": {axis.name: axis.length for axis in layout.grid.axes},
        "limits": {name: one.plain for name, one in layout.limits.items()},
        "versions": versions(),
    }


def _location_digest(locations: Locations) -> str:
    columns = {n: np.asarray(v).tolist() for n, v in locations.columns.items()}
    return hashlib.sha256(json.dumps([locations.names, columns]).encode()).hexdigest()


def changes(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between a store and a plan and would change its bytes."""
    by_section = section_changes(stored, now)
    found = [f"scenario: {text}" for texts in by_section.values() for text in texts]
    found += _limit_changes(stored, now)
    found += other_code(stored, now)
    for part, what in (("forcings", "forcing"), ("block", "block length")):
        found += [f"{what}: {t}" for t in _differences(stored[part], now[part], "")]
    if stored["locations"] != now["locations"]:
        found.append("locations: the location table has changed")
    return found


LIMITS = "limits: "
"""How a change of limits begins, which cannot be accepted: members are counted as they run."""


def _limit_changes(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return limits that differ; a store of before limits counts none unless they are said."""
    old, new = stored.get("limits"), now["limits"]
    if old is None:
        said = now["scenario"]["limits"]
        return [f"{LIMITS}{name}: this store's members were not looked at" for name in said]
    return [f"{LIMITS}{text}" for text in _differences(old, new, "")]


NUMERICAL = ("numpy", "numba", "llvmlite")
"""Libraries whose versions may change the last bits of a block."""


def other_code(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs in the code that makes the numbers of a block: kernel and libraries."""
    libraries = ({n: one["versions"].get(n, "") for n in NUMERICAL} for one in (stored, now))
    parts = (("kernel", stored["kernel"], now["kernel"]), ("version", *libraries))
    return [f"{what}: {t}" for what, old, new in parts for t in _differences(old, new, "")]


def section_changes(stored: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what differs in the words of a store's scenario and a plan's, by section."""
    ours, theirs = now["scenario"], stored["scenario"]
    names = sorted((ours.keys() | theirs.keys()) - {*FREE_FOR_THEMSELVES, "limits"})
    every = {n: _differences(theirs.get(n), ours.get(n), n) for n in names}
    return {name: texts for name, texts in every.items() if texts}


def _differences(old: Any, new: Any, where: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted(old.keys() | new.keys())
        return [
            text
            for name in names
            for text in _differences(old.get(name), new.get(name), f"{where}.{name}".lstrip("."))
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [text for i, (a, b) in pairs for text in _differences(a, b, f"{where}[{i}]")]
    if old == new:
        return []
    if isinstance(old, str) and isinstance(new, str) and len(old) == len(new) == 64:
        return [f"{where} has changed"]
    return [f"{where} was {_short(old)} and is now {_short(new)}"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
