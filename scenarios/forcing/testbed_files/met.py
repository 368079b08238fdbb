"""One meteorological file of the testbed: its layout checked, and a year of it at cells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.forcing.common.cell_edges import Lattice, known_grid
from scenarios.forcing.common.checks import Findings, not_a_file
from scenarios.forcing.common.declared import Quantity
from scenarios.forcing.common.file_units import unit_said
from scenarios.forcing.common.netcdf import cut_short
from scenarios.forcing.common.served import DAYS
from scenarios.forcing.common.times import Stamps, complaints, dates_of
from scenarios.forcing.testbed_files.grid import Grid
from scenarios.forcing.testbed_files.means import LARGEST
from scenarios.problems import Problem, nearest
from scenarios.units import convert

F4 = NDArray[np.float32]

LAYERS = 6
MOST_NOTED = 200
"""Wrong values of a variable and year that are noted one by one."""


@dataclass(frozen=True)
class Rule:
    """The unit of a variable of a meteorological file; what it may hold: at least, less than."""

    dims: tuple[str, ...]
    unit: str
    least: float
    below: float
    needed: str


_LAYERED = ("time", "nsoilyrs", "lat", "lon")
_FLAT = ("time", "lat", "lon")

RULES = {
    "xtairk": Rule(_FLAT, "K", 150.0, 350.0, "K, 150 to 350"),
    "xcgpp": Rule(_FLAT, "g C m-2 d-1", 0.0, 60.0, "g C m-2 d-1, 0 to 60"),
    "xtsoil": Rule(_LAYERED, "K", 150.0, 350.0, "K, 150 to 350"),
    "xmoist": Rule(_LAYERED, "1", 0.0, 1.0 + 1e-6, "m3 m-3, 0 to 1"),
    "xfrznmoist": Rule(_LAYERED, "1", 0.0, 1.0 + 1e-6, "m3 m-3, 0 to 1"),
}
OPTIONAL = "xfrznmoist"
"""Not in old files: there no water is frozen."""

METEOROLOGY = (
    *(Quantity(name, "driver", ("K",), "layout") for name in ("xtairk", "xtsoil")),
    Quantity("xcgpp", "driver", ("g C m-2 d-1",), "layout"),
    Quantity("xmoist", "driver", ("m3 m-3",), "layout"),
    Quantity("xfrznmoist", "driver", ("m3 m-3",), "layout", needed=False),
    Quantity("lat", "latitude", ("degrees_north",), "layout"),
    Quantity("lon", "longitude", ("degrees_east",), "layout"),
    Quantity("cellid", "row"),
    Quantity("cellMissing", "mask"),
    Quantity("year", "time"),
)
"""What a file holds, as the reader declares it."""


class MetFile:
    """A meteorological file that is open.

    Attributes
    ----------
    path : Path
    years : tuple of int
    """

    def __init__(
        self, path: Path, dataset: Any, units: Mapping[str, str], findings: Findings
    ) -> None:
        self.path, self._dataset, self._findings = path, dataset, findings
        dataset.set_auto_maskandscale(False)
        self.years = tuple(int(y) for y in np.atleast_1d(self._whole("year")))
        self._order: NDArray[np.intp] | None = None
        for problem in self._wrong_layout():
            findings.add("layouts", problem)
        self._units = {name: self._unit(name, units) for name in RULES}

    def _unit(self, name: str, units: Mapping[str, str]) -> str:
        """Return the unit of a variable, that of the layout where nobody says one."""
        needed = RULES[name].unit
        if name not in self._dataset.variables:
            return needed
        try:
            unit = unit_said(name, self._dataset[name], units) or needed
            convert(0.0, unit, needed)
        except ValueError as error:
            text = str(error)
            self._findings.add("units", Problem(text, f"variable {name!r}", str(self.path)))
            return needed
        return unit

    def _whole(self, name: str) -> NDArray[Any]:
        if name not in self._dataset.variables:
            self._missing(name)
            return np.empty(0)
        return np.asarray(self._dataset[name][:])

    def _missing(self, name: str) -> None:
        there = list(self._dataset.variables)
        hint = nearest(name, there) or f"; it holds {', '.join(there)}"
        text = f"no variable {name!r}{hint}"
        self._findings.add("variables", Problem(text, file=str(self.path)))

    def _wrong_layout(self) -> Iterator[Problem]:
        sizes = {name: len(d) for name, d in self._dataset.dimensions.items()}
        days, years = sizes.get("time", 0), max(1, len(self.years))
        if days != DAYS * years:
            text = f"has {days} days for {years} year{'s' if years > 1 else ''}"
            leap = days in (DAYS * years + n for n in range(1, 2 + years // 4))
            why = ": leave February 29 out" if leap else ", no day missing"
            text += f"; needed {DAYS} a year{why}"
            yield Problem(text, "dimension 'time'", str(self.path))
        if (np.diff(self.years) != 1).any():
            text = f"holds {', '.join(map(str, self.years))}; needed each year once, one by one"
            yield Problem(text, "variable 'year'", str(self.path))
        if sizes.get("nsoilyrs", LAYERS) != LAYERS:
            text = f"has {sizes['nsoilyrs']} layers; needed {LAYERS}"
            yield Problem(text, "dimension 'nsoilyrs'", str(self.path))
        for name, rule in RULES.items():
            variable = self._dataset.variables.get(name)
            if variable is not None and variable.dimensions != rule.dims:
                text = f"has dimensions ({', '.join(variable.dimensions)}); needed "
                text += f"({', '.join(rule.dims)})"
                yield Problem(text, f"variable {name!r}", str(self.path))
            elif variable is None and name != OPTIONAL:
                self._missing(name)
        yield from self._wrong_days()
        if text := cut_short(self.path, self._dataset):
            yield Problem(text, file=str(self.path))

    def _wrong_days(self) -> Iterator[Problem]:
        """Settle the order of days, and yield what is wrong with them.

        The layout has no coordinate of time: days stand from January 1 of the first year. Where
        a file has one all the same, it counts.
        """
        time = self._dataset.variables.get("time")
        if time is None or time.dimensions != ("time",):
            return
        if "since" not in str(getattr(time, "units", "")):
            self._order = np.argsort(np.asarray(time[:]), kind="stable")
            if np.unique(time[:]).size != time.size:
                text = "has a value twice; needed every day once"
                yield Problem(text, "variable 'time'", str(self.path))
            return
        text = ""
        # Stamps of midnight are of the day before or after: whichever makes the file's years.
        ends: tuple[Stamps, ...] = ("end", "start")
        for stamps in ends:
            text = self._wrong_dates(stamps)
            if not text:
                return
        yield Problem(text, "variable 'time'", str(self.path))

    def _wrong_dates(self, stamps: Stamps) -> str:
        """Settle the order of days by their dates; return what is wrong with them, if anything."""
        try:
            when = dates_of(self._dataset, stamps=stamps)
            assert when is not None, "it is since a date"
        except ValueError as error:
            return str(error)
        self._order = when.order
        when = when.take(self._order)
        years = tuple(np.unique(when.year).tolist())
        if when.step != "day":
            return f"has one value a {when.step}; needed one a day"
        if years != self.years:
            return f"has dates of {', '.join(map(str, years))} and variable 'year' others"
        return next(complaints(when), "")

    def close(self) -> None:
        """Close it."""
        self._dataset.close()

    def check_cells(self, grid: Grid) -> None:
        """Note cells of the tables without data here, and the other way round."""
        ids, missing = self._whole("cellid"), self._whole("cellMissing")
        if ids.ndim != 2 or missing.shape != ids.shape:
            return
        # Longitude by longitude, south to north: the transpose in order.
        there = ids.T[missing.T == 0]
        for cell in np.setdiff1d(grid.cell, there).tolist():
            i = int(np.searchsorted(grid.cell, cell))
            text = "cellMissing is 1, or not in this grid (ocean?); the grid file has the cell"
            self._note("cells that differ", text, grid.said(i))
        for cell in np.setdiff1d(there, grid.cell).tolist():
            self._note(
                "cells that differ", "cellMissing is 0; not in the grid file", f"cell {cell}"
            )
        self._check_places(grid)
        inside = (grid.row < ids.shape[0]) & (grid.column < ids.shape[1])
        in_file = ids[grid.row[inside], grid.column[inside]]
        for i in map(int, np.flatnonzero(inside)[in_file != grid.cell[inside]]):
            at = int(ids[grid.row[i], grid.column[i]])
            text = f"cellid at row {grid.row[i] + 1}, column {grid.column[i] + 1} is {at}"
            self._note("cells that differ", text, grid.said(i))
        if (np.diff(there) <= 0).any():
            text = "is not numbered longitude by longitude, south to north"
            self._note("cells that differ", text, "variable 'cellid'")

    def _check_places(self, grid: Grid) -> None:
        """Note cells whose row or column here is another latitude or longitude."""
        for name in ("lat", "lon"):
            for i, text in grid.elsewhere(name, self._whole(name).astype(np.float64)):
                self._note("cells that differ", text, grid.said(i))

    @property
    def lattice(self) -> Lattice | None:
        """Return its rows and columns with their edges, if these are known."""
        return known_grid(*(self._whole(name).astype(np.float64) for name in ("lat", "lon")))

    @property
    def has_ice(self) -> bool:
        """Return whether the file says what water is frozen."""
        return OPTIONAL in self._dataset.variables

    def days(self, name: str, year: int, of_year: slice, grid: Grid) -> F4 | None:
        """Return a variable at cells on days of a year; None where the file has none.

        Parameters
        ----------
        name : str
        year : int
        of_year : slice
            Days from 0, n of them.
        grid : Grid

        Returns
        -------
        ndarray, shape (L, n) or (L, n, 6), float32
        """
        if name not in self._dataset.variables:
            return None
        first = DAYS * self.years.index(year)
        days = slice(first + of_year.start, first + of_year.stop)
        whole = self._unpacked(name, days if self._order is None else self._order[days])
        # Days come first in the file; the kernels want each cell's days in a row.
        values = np.moveaxis(whole[..., grid.row, grid.column], -1, 0)
        if self._units[name] != RULES[name].unit:
            values = convert(values, self._units[name], RULES[name].unit).astype(np.float32)
        self._check(name, (year, of_year.start), values, grid)
        return np.ascontiguousarray(values, dtype=np.float32)

    def _unpacked(self, name: str, days: Any) -> NDArray[Any]:
        """Return days of a variable; packed ones as the numbers that they stand for."""
        variable = self._dataset[name]
        if isinstance(days, slice):
            raw = variable[days]
        else:
            # Ascending for the library, then in their order.
            rising = np.argsort(days, kind="stable")
            raw = np.empty((days.size, *variable.shape[1:]), variable.dtype)
            raw[rising] = variable[days[rising]]
        scale = getattr(variable, "scale_factor", 1.0)
        offset = getattr(variable, "add_offset", 0.0)
        if scale == 1.0 and offset == 0.0:
            return np.asarray(raw)
        gaps = [getattr(variable, a, None) for a in ("_FillValue", "missing_value")]
        gone = np.isin(raw, [gap for gap in gaps if gap is not None])
        return np.where(gone, np.nan, raw * float(scale) + float(offset))

    def _check(self, name: str, since: tuple[int, int], values: F4, grid: Grid) -> None:
        """Note values that are missing or cannot be, of days since one of a year."""
        rule, (year, first) = RULES[name], since
        with np.errstate(invalid="ignore"):
            bad = ~((values >= rule.least) & (values < rule.below))
        if not bad.any():
            return
        by_day = bad.reshape(*bad.shape[:2], -1).any(axis=2)
        everywhere = by_day.all(axis=0) & (len(grid.cell) > 1)
        for d in map(int, np.flatnonzero(everywhere)):
            fault = self._found(values[0, d].ravel()[bad[0, d].ravel()][0], rule)
            text = f"{fault} in every cell; needed {rule.needed}"
            self._note(
                f"bad values of {name}", text, f"variable {name!r}, {year} day {first + d + 1}"
            )
        places = np.argwhere(bad & ~everywhere.reshape(1, -1, *(1,) * (bad.ndim - 2)))
        for place in places[:MOST_NOTED]:
            i, day, *layer = map(int, place)
            where = f"variable {name!r}, {grid.said(i)}, {year} day {first + day + 1}"
            where += f", layer {layer[0] + 1}" if layer else ""
            text = f"{self._found(values[tuple(place)], rule)}; needed {rule.needed}"
            self._note(f"bad values of {name}", text, where)
        if len(places) > MOST_NOTED:
            text = f"{len(places)} values of {name!r} in {year} are not {rule.needed}"
            self._note("bad years", text, "")

    @staticmethod
    def _found(value: np.float32, rule: Rule) -> str:
        if not np.abs(value) <= LARGEST:
            return "is missing"
        if rule.needed.startswith("K") and -90 < value < 60:
            return f"found {value:g}, which looks like degC"
        if rule.least == 0 and 1 < value <= 100 and rule.below < 2:
            return f"found {value:g}, which looks like percent"
        return f"found {value:g}"

    def _note(self, kind: str, text: str, where: str) -> None:
        self._findings.add(kind, Problem(text, where, str(self.path)))


def open_met(path: Path, units: Mapping[str, str], findings: Findings) -> MetFile | None:
    """Return a meteorological file, open; None, with a finding, where it is none."""
    import netCDF4

    text = not_a_file(path, "a meteorological file of the testbed")
    if not text:
        try:
            return MetFile(path, netCDF4.Dataset(path), units, findings)
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            text = f"is not NetCDF, or not all of it ({reason}); fetch or write it again"
    findings.add("files", Problem(text, file=str(path)))
    return None
