"""The land of each cell, m2: of a variable, or of the bounds of cells, times the part that is land.

Nothing is taken to be land: a cell's area without what part of it is land is left out, and said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kernels import F8
from scenarios.forcing.common.file_units import unit_said
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.places import find_places, in_degrees_or_m2
from scenarios.forcing.netcdf_files.files import File, again
from scenarios.forcing.netcdf_files.held import Cells, Held
from scenarios.forcing.netcdf_files.reductions import Gaps
from scenarios.forcing.netcdf_files.space import Space
from scenarios.forcing.netcdf_files.supplies import LANDFRAC, FileVariable, Sources
from scenarios.grids import Grid, bounded_grid, grid_of
from scenarios.problems import Problem
from scenarios.units import contradicts, convert

STANDARD = {"area": "cell_area", LANDFRAC: "land_area_fraction"}
"""CF's names of what an area is made of."""

FRACTIONS = frozenset({"sftlf", "landfrac", "landfraction", "landareafraction", "fland"})

ABOVE = 1e-3
"""What a fraction may exceed 1 by, of models that use another radius: it is not clipped."""


@dataclass
class Land:
    """The land of cells.

    Attributes
    ----------
    area : ndarray or None, shape (L,)
        m2; None where nothing tells it, and ``told["area_left_out"]`` says why.
    told : dict
        What provenance says of it.
    gaps : list of Gaps
        Of the variables that it is made of.
    """

    area: F8 | None
    told: dict[str, Any]
    gaps: list[Gaps] = field(default_factory=list)


def land_of(sources: Sources, cells: Cells) -> Land:
    """Return the land of cells; note what is wrong with what it is made of."""
    given = sources.words.values.get("area")
    if given is not None:
        return Land(np.full(len(cells), given), {"area": "of the scenario"})
    held = _named(sources, "area")
    land = _of_variable(held, sources, cells) if held else _of_bounds(sources, cells)
    if land.area is None or (held is not None and "land" in held.name.lower()):
        return land
    part = _fraction(sources, cells)
    if part.area is None:
        what = held.name if held is not None else "the area"
        advice = f"say variables: {{{LANDFRAC}: NAME}}, or values: {{{LANDFRAC}: 1}}"
        text = f"{what} is of whole cells, and nothing says what part is land: {advice}"
        return Land(None, {"area_left_out": text})
    told = {"area": f"{land.told['area']} x {part.told['area']}"}
    return Land(land.area * part.area, told, land.gaps + part.gaps)


def _named(sources: Sources, what: str) -> Held | None:
    """Return the variable of areas or land fractions; None where there is none, or none is sure."""
    said = sources.words.variables.get(what)
    where = f"{sources.where}.variables.{what}"
    if said is not None:
        files = sources.common
        if isinstance(said, FileVariable):
            files = sources.of_file(said.file, where) if said.file else files
            said = said.variable or what
        if not isinstance(said, str) or not any(said in file.names for file in files):
            text = f"no variable {said!r} in the files; needed the name of one"
            sources.findings.add("areas", Problem(text, where))
            return None
        return sources.held(said, files)
    found = sorted({name for file in sources.common for name in _candidates(file, what)})
    if len(found) > 1:
        listed = " and ".join(map(repr, found))
        text = f"variables {listed} may both be {what}; say variables: {{{what}: {found[0]}}}"
        sources.findings.add("areas", Problem(text, where))
    return sources.held(found[0]) if len(found) == 1 else None


def _candidates(file: File, what: str) -> Iterator[str]:
    with again(file.path) as dataset:
        by_standard = [n for n in file.names
                       if getattr(dataset[n], "standard_name", "") == STANDARD[what]]  # fmt: skip
    if by_standard or what == LANDFRAC:
        named = [n for n in file.names if n.replace("_", "").lower() in FRACTIONS]
        yield from by_standard or named
        return
    for name in file.names:
        if find_places([name])[0].keys() & {"area"}:
            yield name


def _of_variable(held: Held, sources: Sources, cells: Cells) -> Land:
    """Return areas that a file has, in m2."""
    if held.when is not None:
        sources.findings.add("areas", held.problem("has time; needed one area of each cell"))
        return Land(None, {})
    (part,) = held.parts
    by_name = find_places([held.name])[0].get("area")
    with again(part.path) as dataset:
        try:
            said = {held.name: sources.words.units.get("area", "")} | dict(sources.words.units)
            unit = unit_said(held.name, dataset[held.name], said)
            # All cells of the file count: together they are at most the Earth.
            every = held.fixed(Cells(part.space, np.arange(part.space.size)))
            areas, wrong = in_degrees_or_m2(
                "area", every, unit or (by_name.unit if by_name else ""), cells=True
            )
            if wrong:
                advice = "" if unit else f": units: {{{held.name}: km2}}"
                raise ValueError(f"{wrong[0].text}{advice}")
            at = cells.of(part.space)
        except ValueError as error:
            sources.findings.add("areas", held.problem(str(error)))
            return Land(None, {})
    found = np.where(at >= 0, areas[at], np.nan)
    return Land(found, {"area": held.name}, [Gaps.of_one(held, found)])


def _of_bounds(sources: Sources, cells: Cells) -> Land:
    """Return areas from the edges of cells: their bounds, or what follows from their middles."""
    space = cells.space
    if not space.rows.size:
        what = "sites have" if space.shape else "there is"
        return Land(None, {"area_left_out": f"{what} no area in the files"})
    try:
        grid, said = grid_of_cells(sources, space)
    except ValueError as error:
        return Land(None, {"area_left_out": f"{error}, or areacella"})
    return Land(grid.areas.reshape(-1)[cells.kept], {"area": said})


def grid_of_cells(sources: Sources, space: Space) -> tuple[Grid, str]:
    """Return the grid of cells, with the bounds that a file has, and where its edges are from.

    Raises
    ------
    ValueError
        Bounds beside their middles, or none, and middles that they do not follow from.
    """
    bounds = _bounds(sources, space)
    if bounds is None:
        return grid_of(space.rows, space.columns), "from the middles of cells"
    return bounded_grid(space.rows, space.columns, *bounds), "from the bounds of cells"


def _bounds(sources: Sources, space: Space) -> tuple[F8, F8] | None:
    """Return the bounds of latitudes and longitudes, (n, 2) each, that a file has."""
    for held in sources.all_held():
        part = held.parts[0]
        if part.space is not space:
            continue
        with again(part.path) as dataset:
            found = []
            for name, size in (
                (part.axes.lat, space.rows.size),
                (part.axes.lon, space.columns.size),
            ):
                bounds = dataset.variables.get(str(getattr(dataset[name], "bounds", "")))
                if bounds is not None and bounds.shape == (size, 2):
                    found.append(numbers(bounds, real=(-99.0,)))
            if len(found) == 2:
                return found[0], found[1]
    return None


def _fraction(sources: Sources, cells: Cells) -> Land:
    """Return what part of each cell is land, and from where."""
    if LANDFRAC in sources.words.values:
        value = sources.words.values[LANDFRAC]
        if not 0 <= value <= 1:
            text = f"found {value:g}; needed a fraction, 0 to 1"
            sources.findings.add("areas", Problem(text, f"{sources.where}.values.{LANDFRAC}"))
        return Land(np.full(len(cells), value), {"area": f"{value:g}"})
    held = _named(sources, LANDFRAC)
    if held is None:
        return Land(None, {})
    if held.when is not None:
        sources.findings.add("areas", held.problem("has time; needed one fraction of each cell"))
        return Land(None, {})
    try:
        part = held.fixed(cells)
        said = sources.words.units.get(held.name, sources.words.units.get(LANDFRAC, ""))
        if contradicts(held.unit, said):
            raise ValueError(f"is in {held.unit!r} and the scenario says {said!r}; correct one")
        unit = said or held.unit
        most = float(np.nanmax(part, initial=0.0))
        fractions = convert(part, unit or "1", "1")
        if np.nanmax(fractions, initial=0.0) > 1 + ABOVE or np.nanmin(fractions, initial=0.0) < 0:
            text = f"found {most:g}; needed a fraction, 0 to 1"
            raise ValueError(f"{text}: is it percent? say units: {{{held.name}: percent}}")
    except ValueError as error:
        sources.findings.add("areas", held.problem(str(error)))
        return Land(None, {})
    return Land(fractions, {"area": held.name}, [Gaps.of_one(held, fractions)])
