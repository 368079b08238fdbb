"""The testbed's grid: its two CSV files read by position, and which of their cells to take."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kernels import F8, I8
from scenarios.forcing._contract import Locations
from scenarios.forcing.common.cell_edges import Lattice, edges
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.forcing.common.record_cells import of_grid, told_of
from scenarios.forcing.common.region import Region
from scenarios.forcing.testbed_files.grid_tables import (
    SOIL,
    GridTable,
    check_order,
    check_values,
    load_grid_table,
)
from scenarios.problems import Problem

GRID = (
    "ijcam lat lon ivt_igbp ist iso landarea ndep nfix pwea pdust doyp1 doyp2 doyp3 doyp4 "
    "phase(1) ivcasa ilat ilon"
).split()
_PLACES = (
    Quantity("ijcam", "row"),
    Quantity("lat", "latitude", ("degrees_north",), "layout"),
    Quantity("lon", "longitude", ("degrees_east",), "layout"),
)
GRIDS = (
    Input(
        key="grid",
        format="table",
        holds="one row per cell of the testbed: its place, class and area",
        quantities=(
            *_PLACES,
            Quantity("ivt_igbp", "class"),
            Quantity("landarea", "area", ("m2",), "layout"),
            Quantity("ilat", "row"),
            Quantity("ilon", "row"),
        ),
        orders=(Order("rows", ("ijcam",)), Order("columns")),
        missing="nothing stands for it: a cell that is no number is refused with its line",
        agree=("both tables have the same cells",),
    ),
    Input(
        key="soil",
        format="table",
        holds="one row per cell of the testbed: texture and water contents",
        quantities=(
            *_PLACES,
            *(Quantity(name, "fraction", ("1",), "layout") for name in SOIL[3:]),
        ),
        orders=(Order("rows", ("ijcam",)), Order("columns")),
        missing="nothing stands for it: a cell that is no number is refused with its line",
        agree=("both tables have the same cells",),
    ),
)
"""The two tables, as readers declare them."""

NOT_SIMULATED = (11, 13, 15, 17)
"""IGBP classes without vegetation in the testbed: wetland, urban, ice, and water or ice."""


class Cells(Region):
    """Which of the simulated cells to take; all conditions hold at once."""

    pft: list[Annotated[int, Field(ge=1, le=18)]] = Field(default=[], description="IGBP classes")

    def take(
        self, lat: F8, lon: F8, pft: I8, held: NDArray[np.bool_] | bool = True
    ) -> NDArray[np.bool_]:
        """Return which of the cells are meant, of those that hold records."""
        taken = self.inside(lat, lon) & held
        if self.pft:
            taken &= np.isin(pft, self.pft)
        return self.thinned(taken)


CellId = Annotated[int, Field(ge=1)]
Chosen = Literal["all"] | list[CellId] | Cells
"""Of ``cells:``: all, a list of cell ids, or ``{every:, box:, pft:}``."""


@dataclass(frozen=True)
class Grid:
    """Cells of the testbed in the order of their files, each (n,).

    Attributes
    ----------
    cell : ndarray of int64
        ``ijcam`` = ``cellid``: 1-based, longitude by longitude, south to north.
    lat, lon : ndarray
        Degrees north and east.
    pft : ndarray of int64
        IGBP class, 1-18.
    area : ndarray
        Land, m2.
    row, column : ndarray of int64
        Of the NetCDF grid, from 0.
    sand, clay, silt, wilting, field, saturation : ndarray
        Fractions; water contents are m3 m-3.
    """

    cell: I8
    lat: F8
    lon: F8
    pft: I8
    area: F8
    row: I8
    column: I8
    sand: F8
    clay: F8
    silt: F8
    wilting: F8
    field: F8
    saturation: F8

    def take(self, which: NDArray[Any]) -> "Grid":
        """Return some of the cells, by a mask or by places."""
        return Grid(**{f.name: getattr(self, f.name)[which] for f in fields(self)})

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the locations: cell ids."""
        return tuple(map(str, self.cell.tolist()))

    def said(self, i: int) -> str:
        """Return a cell for people."""
        return f"cell {self.cell[i]} ({self.lat[i]:g}, {self.lon[i]:g})"

    def locations(self, lattice: Lattice | None) -> Locations:
        """Return names and what every store knows of them; edges, where they are known."""
        places = {"lat": self.lat, "lon": self.lon, "area": self.area}
        around = edges(lattice, self.row, self.column)
        return Locations(self.names, {**places, **around, "pft": self.pft.astype(np.float64)})

    def elsewhere(self, name: str, degrees: F8) -> Iterator[tuple[int, str]]:
        """Yield cells that a file has at another ``lat`` or ``lon``, and what it has there.

        Tables have two decimals, and count longitudes from 0 or from -180.
        """
        at, needed = (self.row, self.lat) if name == "lat" else (self.column, self.lon)
        inside = np.flatnonzero(at < degrees.size)
        off = (degrees[at[inside]] - needed[inside] + 180.0) % 360.0 - 180.0
        for i in inside[~(np.abs(off) <= 0.01)].tolist():
            place = f"{'row' if name == 'lat' else 'column'} {at[i] + 1}"
            yield i, f"{name} is {degrees[at[i]]:g} at its {place}"

    @property
    def lasting(self) -> dict[str, F8]:
        """Return the drivers that are properties of a cell."""
        return {
            "pft": self.pft.astype(np.float64),
            "latitude": self.lat,
            **{name: getattr(self, name) for name in ("sand", "clay", "silt")},
            "porosity": self.saturation,
        }


@dataclass
class Skipped:
    """How many cells were left out, and why; and what is to be said of records in them."""

    counts: dict[str, int] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, Any]:
        """Return it for provenance."""
        return {"cells_left_out": self.counts, **told_of(self.records)}

    def drop(self, grid: Grid, bad: NDArray[np.bool_], reason: str) -> Grid:
        """Return the grid without cells; count them."""
        if bad.any():
            self.counts[reason] = self.counts.get(reason, 0) + int(bad.sum())
        return grid.take(~bad)

    def not_simulated(self, grid: Grid) -> Grid:
        """Return the grid without classes that have no plants."""
        for kind in NOT_SIMULATED:
            grid = self.drop(grid, grid.pft == kind, f"PFT {kind} is not simulated")
        return self.drop(grid, grid.area <= 0, "no land")


def load_grid(
    grid: Path, soil: Path, findings: Findings, asked: "Chosen" = "all"
) -> tuple[Grid, list[dict[str, Any]]]:
    """Return every cell of the two files and the files' digests; raise where it cannot.

    What is wrong with the soil, area or class of cells that are not simulated, or that nobody
    asks for, stops nothing: they are NaN there, or class 0.

    Raises
    ------
    ScenarioError
        No file, short rows, words for numbers, cells that differ or are not in order, areas in
        km2, fractions that are none: all of them.
    """
    noted = _Noted()
    cells = load_grid_table(grid, GRID, noted)
    earth = load_grid_table(soil, SOIL, noted)
    wanted = _asked(cells, asked)
    noted.tell({cells.file: cells.lines, earth.file: earth.lines}, wanted, findings)
    findings.raise_all()
    check_order(cells, earth, findings)
    noted = _Noted()
    with np.errstate(invalid="ignore"):
        check_values(cells, earth, noted)
    noted.tell({cells.file: cells.lines, earth.file: earth.lines}, wanted, findings)
    findings.raise_all()
    whole = {
        name: np.rint(np.nan_to_num(cells.column(name))).astype(np.int64)
        for name in ("ijcam", "ivt_igbp", "ilat", "ilon")
    }
    read = Grid(
        cell=whole["ijcam"],
        lat=cells.column("lat"),
        lon=cells.column("lon"),
        pft=whole["ivt_igbp"],
        area=cells.column("landarea"),
        row=whole["ilat"] - 1,
        column=whole["ilon"] - 1,
        sand=earth.column("sand"),
        clay=earth.column("clay"),
        silt=earth.column("silt"),
        wilting=earth.column("wwilt"),
        field=earth.column("wfield"),
        saturation=earth.column("wsat"),
    )
    return read, [cells.about, earth.about]


class _Noted(Findings):
    """Findings of all rows, of which those matter that are of cells that are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[tuple[str, Problem]] = []

    def add(self, kind: str, problem: Problem) -> None:
        self._all.append((kind, problem))

    def tell(self, lines: Mapping[str, I8], asked: NDArray[np.bool_], findings: Findings) -> None:
        """Add those to the findings that are of cells that are asked for, or of whole files."""
        others = {
            file: set(at[~asked].tolist()) for file, at in lines.items() if len(at) == len(asked)
        }
        for kind, problem in self._all:
            of_value = any(f"column {name!r}" in problem.where for name in OF_VALUES)
            if not of_value or problem.line not in others.get(problem.file, ()):
                findings.add(kind, problem)


OF_VALUES = ("ivt_igbp", "landarea", *SOIL[3:])
"""Columns that say something of a cell; the others say which cell it is, and where."""


def _asked(cells: "GridTable", asked: "Chosen") -> NDArray[np.bool_]:
    """Return which rows may be of cells that are simulated and asked for."""
    if not len(cells.values):
        return np.ones(0, dtype=bool)
    cell, pft = cells.column("ijcam"), cells.column("ivt_igbp")
    if isinstance(asked, list):
        return np.isin(cell, asked)
    simulated = ~np.isin(pft, NOT_SIMULATED)
    if asked == "all":
        return simulated
    # What is no number may be of any; of every n-th cell any may be one.
    every = asked.model_copy(update={"every": 1, "pft": []})
    taken = every.take(cells.column("lat"), cells.column("lon"), np.zeros(len(pft), np.int64))
    of_kind = np.isin(pft, asked.pft) | np.isnan(pft) if asked.pft else True
    return np.asarray(simulated & taken & of_kind)


def choose(
    grid: Grid,
    cells: Chosen,
    skipped: Skipped,
    findings: Findings,
    lattice: Callable[[], Lattice | None],
) -> Grid:
    """Return the cells that a scenario asks for, in the order of the file.

    ``lattice`` gives all rows and columns, where cells are those that records are in.
    """
    if cells == "all":
        return grid
    if isinstance(cells, Cells):
        held: NDArray[np.bool_] | bool = True
        if cells.records:
            at = Path(cells.records), lattice(), grid.row, grid.column
            held, skipped.records = of_grid(*at, findings)
        taken = cells.take(grid.lat, grid.lon, grid.pft, held)
    else:
        taken = np.isin(grid.cell, list(cells))
        for i, cell in enumerate(cells):
            if cell not in grid.cell:
                text = f"no cell {cell} among those that are simulated: {grid.cell.size} cells, "
                text += f"numbered (ijcam) from {grid.cell[0]} to {grid.cell[-1]}"
                findings.add("cells", Problem(text, f"forcing.cells[{i}]"))
    if not taken.any():
        findings.add("cells", Problem("no cell is left", "forcing.cells"))
    return skipped.drop(grid, ~taken, "not asked for")
