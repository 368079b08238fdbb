"""Which places are taken: those of one grid, of a mask, of a list or a region."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.region import Region
from scenarios.forcing.netcdf_files.held import Cells
from scenarios.forcing.netcdf_files.space import Space
from scenarios.forcing.netcdf_files.supplies import Part, Sources
from scenarios.problems import Problem, nearest


def reference(parts: Sequence[Part], findings: Findings) -> Space:
    """Return the places of the first variable that has any; note variables of other ones."""
    placed = [(part.held, one.space) for part in parts for one in part.held.parts
              if one.space.shape]  # fmt: skip
    if not placed:
        return Space()
    first, space = placed[0]
    for held, other in placed[1:]:
        try:
            other.at(space)
        except ValueError as error:
            text = f"{error} and variable {first.name!r} {space.said}; needed the same places: "
            advice = "bring one to the grid of the other first (cdo remapcon, or xesmf)"
            findings.add("grids", held.problem(text + advice))
    return space


def masked(
    mask: Mapping[str, tuple[float, float]],
    sources: Sources,
    cells: Cells,
    counts: dict[str, int],
    findings: Findings,
) -> NDArray[np.bool_]:
    """Return which places a mask leaves, (L,), and count the others by the variable.

    Its variables are those of the files of ``path:``, in their own unit.
    """
    kept = np.ones(len(cells), dtype=bool)
    for name, (low, high) in mask.items():
        where = f"{sources.where}.mask.{name}"
        if not any(name in file.names for file in sources.common):
            text = f"no variable {name!r} among the files of path{nearest(name, sources.names)}"
            findings.add("masks", Problem(text, where))
            continue
        held = sources.held(name)
        if held is None:
            continue
        if held.when is not None:
            findings.add("masks", held.problem("has time; a mask is one value of each place"))
            continue
        try:
            values = held.fixed(cells)
        except ValueError as error:
            text = f"{error} and the drivers {cells.space.said}; needed the same places"
            findings.add("masks", held.problem(text))
            continue
        with np.errstate(invalid="ignore"):
            inside = (values >= low) & (values <= high)
        if not inside.any() and np.isfinite(values).any():
            least, most = np.nanmin(values), np.nanmax(values)
            text = f"is {least:g} to {most:g} {held.unit}".rstrip()
            findings.add(
                "masks", held.problem(f"{text}; none is {low:g} to {high:g}", f", {where}")
            )
        left = kept & ~inside
        if left.any():
            counts[f"{name} not {low:g} to {high:g}"] = int(left.sum())
        kept &= inside
    return kept


def chosen(
    asked: Literal["all"] | list[str] | Region,
    cells: Cells,
    counts: dict[str, int],
    findings: Findings,
    holds: Callable[[str], NDArray[np.bool_]],
) -> NDArray[np.bool_]:
    """Return which places a scenario asks for, (L,), and count the others.

    ``holds`` says of a table of records which places these are in.
    """
    if asked == "all":
        return np.ones(len(cells), dtype=bool)
    if isinstance(asked, Region):
        if asked.box is not None and not cells.space.lat.size:
            text = "nothing says latitudes and longitudes; needed them for a box"
            findings.add("cells", Problem(text, "forcing.cells.box"))
            return np.ones(len(cells), dtype=bool)
        lat, lon = (
            (cells.space.lat, cells.space.lon) if asked.box else (np.zeros(cells.space.size),) * 2
        )
        inside = asked.inside(lat[cells.kept], lon[cells.kept])
        taken = asked.thinned(inside & holds(asked.records) if asked.records else inside)
    else:
        names = cells.names
        taken = np.isin(np.array(names), asked)
        for i, name in enumerate(asked):
            if name not in names:
                hint = nearest(name, names) if len(names) < 500 else f"; the first is {names[0]!r}"
                findings.add("cells", Problem(f"no place {name!r}{hint}", f"forcing.cells[{i}]"))
    if not taken.any():
        findings.add("cells", Problem("no place is left", "forcing.cells"))
    counts["not asked for"] = int((~taken).sum())
    return taken
