"""Other people's models as a run is: places, steps and outputs, made of maps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.members.benchmarks import Asked
from ensemble.members.in_time import Steps
from kernels import F8, Variable
from scenarios import Problem, ScenarioError
from scenarios.evaluated import Model, problem
from scenarios.forcing import Locations
from scenarios.forcing.common.cell_edges import edges
from scenarios.forcing.netcdf_files.space import named
from scenarios.observations import GridMap


@dataclass(frozen=True)
class Other:
    """A model of somebody else, as benchmarks see a run.

    Attributes
    ----------
    name : str
    places : Locations
        Cells with land where every output has a value.
    asked : mapping of str to Asked
    outputs : mapping of str to ndarray, shape (L, T, 1), float64
    left_out : mapping of str to int
        Cells of the maps, by reason.
    notes : tuple of str
    provenance : mapping of str to mapping
        Of each output.
    """

    name: str
    places: Locations
    asked: Mapping[str, Asked]
    outputs: Mapping[str, F8]
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


def read(name: str, model: Model, base: Path) -> Other:
    """Return a model, read from its maps.

    Raises
    ------
    ScenarioError
        Maps that cannot be read, on unlike grids, without land or with months; all that is wrong.
    """
    problems: list[Problem] = []
    maps: dict[str, GridMap] = {}
    for output, spec in model.outputs.items():
        try:
            found = spec.read(base)
        except ScenarioError as error:
            problems += [_at(one, name, output) for one in error.problems]
            continue
        assert isinstance(found, GridMap)
        problems += [problem(text, name, output) for text in _unfit(found)]
        maps[output] = found
    first = next(iter(maps.values()), None)
    for output, one in maps.items():
        if first is not None and not _same_grid(one, first):
            text = "is on another grid than the first; needed the same for all outputs of a model"
            problems.append(problem(text, name, output))
    if problems:
        raise ScenarioError(problems)
    assert first is not None
    return _of_maps(name, model, maps, first)


def _unfit(one: GridMap) -> list[str]:
    """Return what keeps a map from being an output."""
    found = []
    if one.land is None:
        why = f" ({one.notes[-1]})" if one.notes else ""
        text = "has no land fraction, and a rate per area of land has no total without; needed "
        found.append(f"{text}land_fraction: FILE, or land_fraction: 1 where all is land{why}")
    if one.values.ndim != 2:
        found.append("has months; needed one map: leave by: month out")
    return found


def _at(one: Problem, model: str, output: str) -> Problem:
    """Return a problem of a reader at its place in the file."""
    if one.file:
        return one
    where = one.where.removeprefix("observed").strip(".")
    place = problem("", model, output).where
    return Problem(one.text, f"{place}.{where}" if where else place)


def _same_grid(one: GridMap, other: GridMap) -> bool:
    return (
        one.grid.shape == other.grid.shape
        and np.allclose(one.grid.lat, other.grid.lat)
        and np.allclose(one.grid.lon, other.grid.lon)
    )


def _of_maps(name: str, model: Model, maps: Mapping[str, GridMap], first: GridMap) -> Other:
    land = first.land_area
    assert land is not None
    valued = np.array([np.isfinite(one.values) for one in maps.values()])
    some, every, on_land = valued.any(axis=0), valued.all(axis=0), land > 0
    kept = every & on_land
    left_out = {
        "no value of any output": int((~some).sum()),
        "no value of some output": int((some & ~every).sum()),
        "no land": int((every & ~on_land).sum()),
    }
    if not kept.any():
        why = "; ".join(f"{reason}: {n:,}" for reason, n in left_out.items() if n)
        raise ScenarioError([problem(f"no cell is left ({why})", name)])
    row, column = np.nonzero(kept)
    lat, lon = first.grid.lat[row], first.grid.lon[column]
    columns = {"lat": lat, "lon": lon, "area": land[kept], **edges(first.grid, row, column)}
    steps = None
    if model.years is not None:
        years = np.arange(model.years[0], model.years[1] + 1, dtype=np.int64)
        steps = Steps(years, np.empty(0, np.int64), noleap=model.calendar == "noleap")
    count = 1 if steps is None else len(steps.years)
    dims = () if steps is None else (steps.dim,)
    return Other(
        name,
        Locations(named(lat, lon), columns),
        {o: Asked(Variable(o, one.units, o, dims), steps) for o, one in maps.items()},
        # The mean of years is that of each of them.
        {o: np.repeat(one.values[kept][:, None, None], count, axis=1) for o, one in maps.items()},
        {reason: n for reason, n in left_out.items() if n},
        tuple(dict.fromkeys(note for one in maps.values() for note in one.notes)),
        {o: {**one.provenance, "land": one.land_source, "left_out": dict(one.left_out)}
         for o, one in maps.items()},
    )  # fmt: skip
