"""Grids of maps, what part of their cells is land, and masses of CO2."""

import re
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from kernels import F8
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.netcdf_files.areas import ABOVE, FRACTIONS, grid_of_cells
from scenarios.forcing.netcdf_files.held import Cells, Held
from scenarios.forcing.netcdf_files.supplies import Sources, Words
from scenarios.grids import Conservative, Grid
from scenarios.observations.parts.rows import WHERE, problem_of_words
from scenarios.units import convert

LandFraction = Annotated[
    Annotated[float, Field(ge=0, le=1)] | str | None,
    Field(
        default=None,
        description="what part of each cell is land: a number, or a NetCDF file of fractions, "
        "which may be on another grid",
    ),
]

CARBON = 12.0 / 44.0
"""Mass of carbon in one of CO2."""

_DIOXIDE = re.compile(r"(?<=\d|[a-zA-Z\s])CO2\b")


def of_carbon(unit: str) -> tuple[str, float, str]:
    """Return a unit of carbon for one of CO2, what values are multiplied by, and what is told."""
    if not re.search(r"\bCO2\b|gCO2", unit) or "mol" in unit:
        return unit, 1.0, ""
    return _DIOXIDE.sub("C", unit), CARBON, f"{unit} is of CO2: times 12/44"


def grid_in_files(sources: Sources, held: Held) -> Grid:
    """Return the grid of a variable, rows and columns in the order of its file.

    Raises
    ------
    ScenarioError
        It is of sites or of cells of any shape, or their edges are not known.
    """
    space = held.space
    if not space.rows.size:
        text = f"has {space.said}; needed rows and columns: bring it to such a grid first"
        sources.findings.fatal("grids", held.problem(f"{text} (cdo remapcon, or xesmf)"))
    try:
        return grid_of_cells(sources, space)[0]
    except ValueError as error:
        sources.findings.fatal("grids", held.problem(str(error)))


def land_said(
    said: float | str, base: Path, grid: Grid, findings: Findings
) -> tuple[F8 | None, str]:
    """Return what part of each cell is land, as a scenario says, and from where.

    A file's fractions are averaged to the grid by area, where it is on another one; what it has no
    value of is sea.
    """
    if not isinstance(said, str):
        return np.full(grid.shape, float(said)), f"{said:g} everywhere"
    sources = Sources(Words(path=said), base, None, f"{WHERE}.land_fraction", findings)
    findings.raise_all()
    names = [name for file in sources.common for name in file.names]
    usual = [name for name in names if name.replace("_", "").lower() in FRACTIONS]
    meant = usual if len(usual) == 1 else names
    if len(meant) != 1:
        text = f"{said} holds {', '.join(names) or 'nothing'}; needed one variable of fractions"
        findings.fatal("land fractions", problem_of_words(text, "land_fraction"))
    held = sources.held(meant[0])
    findings.raise_all()
    assert held is not None
    if held.when is not None:
        findings.fatal("land fractions", held.problem("has time; needed one fraction of each cell"))
    source = grid_in_files(sources, held)
    values = held.fixed(Cells(held.space, np.arange(held.space.size))).reshape(source.shape)
    try:
        found = convert(np.nan_to_num(values), held.unit or "1", "1")
    except ValueError as error:
        findings.fatal("land fractions", held.problem(str(error)))
    if not 0 <= found.min() <= found.max() <= 1 + ABOVE:
        text = f"found {found.min():g} to {found.max():g}; needed fractions, 0 to 1"
        findings.fatal("land fractions", held.problem(f"{text}, or units percent"))
    name = Path(said).name
    spread = Conservative(source, grid).spread(found)
    return np.clip(spread, 0.0, 1.0), f"estimated from {name}"
