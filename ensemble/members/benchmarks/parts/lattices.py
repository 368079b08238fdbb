"""Maps on the cells of a run: what a product has there, which class covers most, which band it is.

A run's locations are cells where they have edges, the columns `BOUNDS`, and points else. What is
compared on cells is regridded to them with its land, and weighs as much as the product has land.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ensemble.members.benchmarks._contract import Asked, Moments, Task, refused
from ensemble.members.benchmarks.parts.classes import class_map
from ensemble.scores import bands
from ensemble.scores.regridding import METHODS, NEAREST, Method, regrid
from ensemble.scores.seasons import MONTHS
from kernels import F8, I8
from scenarios.forcing import Locations
from scenarios.forcing.common.cell_edges import BOUNDS
from scenarios.grids import Grid, cell_areas
from scenarios.observations import ClassMap, GridMap

ZONAL = "zonal"
NO_CLASS = "no_class"


def mean_over(task: Task, asked: Asked, units: str) -> Moments:
    """Return one moment, the mean over the years that are compared, in a unit.

    Raises
    ------
    ScenarioError
        The output cannot be in it, or the run has none of the years.
    """
    steps = asked.in_years(task.period)
    if not len(steps):
        raise refused(task, f"the run has no step in {task.period}; needed one or more", "period")
    mean = Moments.means([steps])
    try:
        return replace(mean, shares=mean.shares * asked.factor(units))
    except ValueError as error:
        raise refused(task, str(error), "output") from error


@dataclass(frozen=True)
class Cells:
    """Cells of a run, as some of a grid that has a row and a column for each.

    Attributes
    ----------
    grid : Grid
    row, column : ndarray, shape (L,), int64
        Of each location.
    """

    grid: Grid
    row: I8
    column: I8

    @cached_property
    def areas(self) -> F8:
        """Return the area of each whole cell, (L,), m2."""
        return cell_areas(self.grid.lat_bounds[self.row], self.grid.lon_bounds[self.column])

    def pieces(self) -> Iterator[tuple[slice, "Cells"]]:
        """Yield all cells, or some after the others where they are scattered.

        The grid of scattered cells has a row and a column for each, so as many cells as their
        square: 10,000 of them would take gigabytes.
        """
        count, size = len(self.row), math.prod(self.grid.shape)
        if size <= max(WHOLE, 4 * count):
            yield slice(None), self
            return
        for first in range(0, count, PIECE):
            here = slice(first, first + PIECE)
            rows, row = np.unique(self.row[here], return_inverse=True)
            columns, column = np.unique(self.column[here], return_inverse=True)
            yield here, Cells(_part(self.grid, rows, columns), row, column)


WHOLE, PIECE = 1 << 21, 1 << 9
"""Cells of a grid that are regridded at once, and scattered cells that are."""


def _part(grid: Grid, rows: I8, columns: I8) -> Grid:
    lat, lon = grid.lat[rows], grid.lon[columns]
    return Grid(lat, lon, grid.lat_bounds[rows], grid.lon_bounds[columns])


def every_cell(grid: Grid) -> Cells:
    """Return all cells of a grid, row after row."""
    row, column = np.indices(grid.shape)
    return Cells(grid, row.reshape(-1), column.reshape(-1))


def cells(task: Task) -> Cells:
    """Return the cells of the locations.

    Raises
    ------
    ScenarioError
        Locations have no edges: they are points.
    """
    found = cells_of(task.places)
    if found is None:
        missing = [name for name in BOUNDS if name not in task.places.columns]
        text = f"locations have no {', '.join(missing)}: they are points, and a map is compared on"
        text += " cells; needed a forcing that lies on a grid, or compare: sites"
        raise refused(task, text)
    return found


def cells_of(places: Locations) -> Cells | None:
    """Return the cells that places are; None of points."""
    if any(name not in places.columns for name in BOUNDS):
        return None
    south, north, west, east = (np.asarray(places.columns[n], dtype=np.float64) for n in BOUNDS)
    rows, row = np.unique(np.stack([south, north], axis=1), axis=0, return_inverse=True)
    columns, column = np.unique(np.stack([west, east], axis=1), axis=0, return_inverse=True)
    grid = Grid(rows.mean(axis=1), columns.mean(axis=1), rows, columns)
    return Cells(grid, row.reshape(-1), column.reshape(-1))


def mean_of(task: Task, observed: GridMap) -> F8:
    """Return the values of a map, (rows, columns): of the years that are compared, their mean.

    Months of a climatology weigh by their days.

    Raises
    ------
    ScenarioError
        The map has no year that is compared.
    """
    if observed.values.ndim == 2:
        return observed.values
    values = observed.values
    if observed.years is None:
        assert observed.month is not None, "values along no time"
        days = MONTHS[observed.month - 1].astype(np.float64)
        return np.asarray(np.tensordot(days / days.sum(), values, axes=1))
    first, last = task.period or (int(observed.years[0]), int(observed.years[-1]))
    there = (observed.years >= first) & (observed.years <= last)
    if not there.any():
        had = f"{observed.years.min()}-{observed.years.max()}"
        text = f"the map is of {had}, and {first}-{last} is compared; needed a common year"
        raise refused(task, text, "observed")
    return np.asarray(values[there].mean(axis=0))


@dataclass(frozen=True)
class OnCells:
    """A map on the cells of a run.

    Attributes
    ----------
    rate : ndarray, shape (L,), float64
        Per area of land; NaN where the map has no land with a value.
    land : ndarray, shape (L,), float64
        Part of each cell that is land with a value.
    held : float
        Part of the map's total that lies on these cells.
    """

    rate: F8
    land: F8
    held: float


def on_cells(
    task: Task, values: F8, observed: GridMap, there: Cells, method: Method, *, rescale: bool
) -> OnCells:
    """Return a map on the cells of a run.

    Parameters
    ----------
    values : ndarray, shape (rows, columns), float64
        Of the map, in any unit per area of land.
    rescale : bool
        Multiply what was averaged by distance so that the total over the cells is the one that
        conservative regridding gives.

    Raises
    ------
    ScenarioError
        The map has no land fraction, or averages by distance change the total by more than 1 %.
    """
    if observed.land is None:
        text = "the map is of rates per area of land and has no land fraction: its totals would be"
        text += " 10 to 35 % too large; say land_fraction: FILE of a mask, or land_fraction: 1"
        raise refused(task, text, "observed")
    if method != "conservative" and values.size < NEAREST:
        raise refused(task, f"the map has {values.size} cells; needed {NEAREST}", "regrid")
    (rate,), (land,) = spread([values], observed.land, observed.grid, there, "conservative")
    total = np.nansum(rate * land * there.areas)
    whole = np.nansum(values * observed.land * observed.area)
    held = float(total / whole) if whole else np.nan
    if method == "conservative":
        return OnCells(rate, land, held)
    (rate,), (land,) = spread([values], observed.land, observed.grid, there, method)
    ratio = float(np.nansum(rate * land * there.areas) / total) if total else 1.0
    if rescale:
        return OnCells(rate / ratio, land, held)
    if abs(ratio - 1) > _MOST:
        text = f"averages by distance change the total over the run's cells by {ratio - 1:+.2%}"
        raise refused(task, f"{text}; say regrid: conservative, or conserve: rescale", "regrid")
    return OnCells(rate, land, held * ratio)


_MOST = 1e-2


def spread(
    maps: Sequence[F8], land: F8 | None, source: Grid, there: Cells, method: Method
) -> tuple[F8, F8]:
    """Return the rates of maps at cells, (map, L), and which part of these is land, (map, L).

    Parameters
    ----------
    maps : sequence of ndarray, shape (rows, columns), float64
        Rates per area of land; NaN where there is none.
    land : ndarray, shape (rows, columns), float64, or None
        Part of each cell of ``source`` that is land.
    source : Grid
    there : Cells
    method : str

    Raises
    ------
    ValueError
        There is no land fraction.
    """
    rates, parts = np.empty((2, len(maps), len(there.row)))
    for here, some in there.pieces():
        weights = METHODS[method](source, some.grid)
        for k, values in enumerate(maps):
            found = regrid(values, land, weights)
            rates[k, here] = found.rate[some.row, some.column]
            parts[k, here] = found.land[some.row, some.column]
    return rates, parts


def covering(classes: ClassMap, there: Cells) -> I8:
    """Return the code that covers most of each cell, (L,); -1 where classes cover none of it."""
    return np.concatenate([_covering(classes, some) for _, some in there.pieces()])


def _covering(classes: ClassMap, there: Cells) -> I8:
    weights = METHODS["conservative"](classes.grid, there.grid)
    codes = [code for code in classes.names if (classes.codes == code).any()]
    best, found = np.zeros(len(there.row)), np.full(len(there.row), -1)
    for code in codes:
        share = weights.spread((classes.codes == code).astype(np.float64))[there.row, there.column]
        more = share > best
        found[more], best[more] = code, share[more]
    return found


Kinds = Mapping[str, tuple[I8, Mapping[int, str]]]
"""Kinds of groups by the scenario's word: the code of each cell, and the name of each code."""


def kinds_of(task: Task, words: Sequence[str], there: Cells, lat: F8) -> Kinds:
    """Return the groups of a scenario's words but ``global``: ``zonal``, and maps of classes.

    Parameters
    ----------
    lat : ndarray, shape (L,), float64
        Of the middles of cells, degrees north.

    Raises
    ------
    ScenarioError
        A map of classes is not there.
    """
    kinds: dict[str, tuple[I8, Mapping[int, str]]] = {}
    for word in words:
        if word == ZONAL:
            kinds[word] = bands.band_of(lat), {k: band_name(k) for k in range(bands.BANDS)}
        elif word != "global":
            classes = class_map(task, word, "groups")
            kinds[word] = covering(classes, there), {**classes.names, -1: f"{word}_{NO_CLASS}"}
    return kinds


def band_name(band: int) -> str:
    """Return the identifier of a band by its edges: ``lat_m55_m50``, ``lat_0_5``."""
    edges = bands.EDGES[band : band + 2]
    return "lat_" + "_".join(f"{'m' if e < 0 else ''}{abs(e):g}" for e in edges)


@dataclass(frozen=True)
class Groups:
    """Groups of locations, one kind after the other; each location has one of each kind.

    Attributes
    ----------
    names : tuple of str
        Of all groups, ``global`` first.
    of_location : ndarray, shape (kinds, L), int64
        Group of each location, from 0, ``global`` not counted; where there is no other, that.
    parts : tuple of tuple of int
        Which of those each name is put together of.
    """

    names: tuple[str, ...]
    of_location: I8
    parts: tuple[tuple[int, ...], ...]

    @property
    def count(self) -> int:
        """Return how many groups locations are of, ``global`` not counted."""
        return max(1, len(self.names) - 1)

    @property
    def matrix(self) -> I8:
        """Return which groups of locations (columns) each named one (row) is made of, 0 or 1."""
        found = np.zeros((len(self.parts), self.count), dtype=np.int64)
        for row, of in zip(found, self.parts, strict=True):
            row[list(of)] = 1
        return found


def groups_of(kinds: Kinds, count: int) -> Groups:
    """Return the groups of kinds, those that hold a cell."""
    if not kinds:
        return Groups(("global",), np.zeros((1, count), dtype=np.int64), ((0,),))
    names: list[str] = []
    rows, first = [], 0
    for codes, known in kinds.values():
        present = [code for code in known if (codes == code).any()]
        place = {code: len(names) + k for k, code in enumerate(present)}
        rows.append(np.array([place[code] for code in codes.tolist()], dtype=np.int64))
        names += [known[code] for code in present]
        first = first or len(names)
    parts = (tuple(range(first)), *((k,) for k in range(len(names))))
    return Groups(("global", *names), np.stack(rows), parts)
