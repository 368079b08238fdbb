"""A map in NetCDF files: any variable on a grid of rows and columns, as a mean or by months.

.. code-block:: yaml

    observed: {reader: netcdf_map, path: [rh.nc, sftlf.nc], variable: rh, years: [2000, 2010]}

Several variables are added up, ``variable: [csoilslow, csoilpass]``.
Dimensions are what their coordinates say, and nothing is taken by position (see the forcing reader
``netcdf``, whose parts these are): descending latitudes and longitudes from 0 to 360 are as good as
others. Gaps are what ``_FillValue`` and ``missing_value`` say, both of them, the usual fill values,
and what is not finite. Zeros that mean "no data" are for the scenario to tell: ``no_data: [0]``.
A mass of CO2 becomes one of carbon, times 12/44, and that is told. Years and months are means by
what flows; land comes from ``areacella`` and ``sftlf``, from a ``landarea``, which is the land
already, or from ``land_fraction:``, a number or a file, which is averaged to the grid.

Source: the CF conventions, https://cfconventions.org.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kernels import F8, I8, Variable
from scenarios.forcing.common.annual_means import Calendar
from scenarios.forcing.common.checks import Findings, Years
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.sources import Names, as_asked
from scenarios.forcing.common.spans import Rates
from scenarios.forcing.common.times import Stamps
from scenarios.forcing.netcdf_files.areas import land_of
from scenarios.forcing.netcdf_files.asked import Asked
from scenarios.forcing.netcdf_files.files import Paths
from scenarios.forcing.netcdf_files.held import Cells, Held
from scenarios.forcing.netcdf_files.supplies import (
    FileVariable,
    Part,
    Sources,
    Supply,
    Words,
)
from scenarios.forcing.netcdf_files.taking import Taking
from scenarios.forcing.netcdf_files.timing import Timing
from scenarios.grids import Grid
from scenarios.observations._contract import GridMap, Observations, ObservationSpec
from scenarios.observations.parts.maps import LandFraction, grid_in_files, land_said, of_carbon
from scenarios.observations.parts.rows import WHERE, told
from scenarios.problems import Problem
from scenarios.units import UnitText, contradicts, readable

Number = Annotated[float, Field(allow_inf_nan=False)]


class Spec(ObservationSpec):
    """A map in NetCDF files."""

    gives: ClassVar[type[Observations]] = GridMap
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="netcdf",
            holds="variables on a grid, with time or without",
            quantities=(
                Quantity("<variable>", "observation", ("kg C m-2 s-1",), "file or scenario",
                         gaps="left out"),
                Quantity("lat", "latitude", ("degrees_north",), "layout"),
                Quantity("lon", "longitude", ("degrees_east",), "layout"),
                Quantity("areacella", "area", ("m2",), "file", needed=False),
                Quantity("sftlf", "fraction", ("1",), "file", needed=False),
                Quantity("time", "time", ("days since a date",), "file", needed=False),
            ),
            orders=(
                Order("months", ("bounds of time", "time", "year and month")),
                Order("latitudes", ("standard_name", "units", "axis", "name")),
                Order("longitudes", ("standard_name", "units", "axis", "name")),
            ),
            missing=f"{FILLS_MISSING}; no_data: besides; counted",
        ),
    )  # fmt: skip

    reader: Literal["netcdf_map"]
    path: Paths = Field(description="a file, a pattern with * or {year}, or a list of them")
    variable: Names = Field(
        default="", description="variable, or a list to add ('-ra' subtracts); by default the one "
        "that there is"
    )  # fmt: skip
    units: UnitText = Field(default="", description="of the variable, where the file does not say")
    variables: dict[Literal["lat", "lon", "area", "landfrac"], str] = Field(
        default={}, description="variable of a place, where the files do not tell"
    )
    land_fraction: LandFraction = None
    no_data: list[Number] = Field(
        default=[], description="values that mean no data, such as 0, in the unit of the file"
    )
    years: Years | None = Field(default=None, description="[first, last], of what has time")
    by: Literal["mean", "month"] = Field(
        default="mean", description="one map, or one for each month of the year"
    )
    where: dict[str, Number] = Field(
        default={}, description="{dimension: place} of another dimension, by its coordinate"
    )
    calendar: Calendar | None = Field(default=None, description="of files that do not say one")
    stamps: Stamps | None = Field(
        default=None, description="where time stamps stand, for files without time bounds"
    )

    def files(self) -> list[str]:
        """Return the files that it opens; see `Declared.files`."""
        found = [self.path] if isinstance(self.path, str) else list(self.path)
        return [*found, *([self.land_fraction] if isinstance(self.land_fraction, str) else [])]

    def read(self, base: Path) -> GridMap:
        """Return the map; see `ObservationSpec.read`."""
        findings = Findings()
        named: dict[str, Names | FileVariable] = {str(k): v for k, v in self.variables.items()}
        words = Words(path=self.path, variables=named, stamps=self.stamps)
        sources = Sources(words, base, self.years, WHERE, findings)
        supply, found = self._supply(sources, findings)
        held = supply.parts[0].held
        grid = grid_in_files(sources, held)
        cells = Cells(held.space, np.arange(held.space.size))
        values, months, when = self._values(supply, cells, findings)
        values, left_out, notes = self._known(values.reshape(-1, *grid.shape))
        unit, scale, note = of_carbon(found)
        land, source, more = self._land(sources, cells, grid, base)
        if land is not None:
            if without := int((np.isfinite(values).any(axis=0) & np.isnan(land)).sum()):
                left_out["no land area of a cell with a value"] = without
            land = np.nan_to_num(land)
        findings.raise_all()
        files = [file.about() for file in sources.files.known.values() if file is not None]
        return GridMap(
            units=unit,
            left_out=left_out,
            notes=tuple(text for text in (note, *notes, *more) if text),
            provenance=told("netcdf_map", files, variable=self.variable, **when),
            grid=grid,
            values=scale * (values if months is not None else values[0]),
            area=grid.areas,
            land=land,
            land_source=source,
            month=months,
        )

    def _supply(self, sources: Sources, findings: Findings) -> tuple[Supply, str]:
        """Return the variables of the map, and the unit that they are read in."""
        findings.raise_all()
        every = sorted({name for file in sources.common for name in file.names})
        asked: Names = self.variable or (every[0] if len(every) == 1 else "")
        if not asked:
            text = f"the files hold {', '.join(every) or 'nothing'}; say variable: NAME"
            findings.fatal("variables", Problem(text, f"{WHERE}.variable"))
        terms, complaints = as_asked(asked, every, "variable")
        for text in complaints:
            where = str(sources.common[0].path)
            findings.add("variables", Problem(text, f"{WHERE}.variable", where))
        findings.raise_all()
        every_held = [sources.held(term.name, where=self.where) for term in terms]
        findings.raise_all()
        helds = [held for held in every_held if held is not None]
        found = [self._unit(held, findings) for held in helds]
        for held, unit in zip(helds, found, strict=True):
            if text := _unlike(unit, found[0]) if unit and found[0] else "":
                findings.add("units", held.problem(text))
        findings.raise_all()
        need = Variable("map", of_carbon(found[0])[0], "map", ())
        parts = [
            Part("map", term, held, Rates(of_carbon(unit)[0], need.units))
            for term, held, unit in zip(terms, helds, found, strict=True)
        ]
        return Supply(need, tuple(parts)), found[0]

    def _unit(self, held: Held, findings: Findings) -> str:
        """Return the unit of a variable as it is, note where nobody says it."""
        unit, text = self.units or held.unit, ""
        if contradicts(held.unit, self.units):
            text = f"is in {held.unit!r} and the scenario says {self.units!r}; correct units: or "
            text += "the file"
        elif not unit:
            text = "has no unit; say units:, such as kg C m-2, that of its numbers"
        elif not readable(of_carbon(unit)[0]):
            text = f"has the unit {unit!r}, which is none that is known; say units: that of its "
            text += "numbers"
        if text:
            findings.add("units", held.problem(text))
        return "" if text else unit

    def _values(
        self, supply: Supply, cells: Cells, findings: Findings
    ) -> tuple[F8, I8 | None, dict[str, Any]]:
        """Return values (n, L) in the unit of the map, the month of each, if any, and of when."""
        asked = Asked(self.years, "year", False, False, self.calendar, {}, "all", False)
        timing = Timing(asked, [supply], findings, WHERE)
        timing.settle()
        findings.raise_all()
        taking = Taking(timing, cells, None, self.calendar or "")
        if self.by == "mean":
            return taking.lasting(supply)[np.newaxis], None, timing.told
        every = taking.by_months(supply).T
        timed = timing.of(supply.parts[0].held)
        if timed is None or timed.when.step != "month":
            text = "has no months; leave by: month out"
            findings.fatal("months", supply.parts[0].held.problem(text))
        months = np.arange(1, 13, dtype=np.int64)
        found = np.stack([every[timed.when.month == m].mean(axis=0) for m in months])
        return found, months, timing.told

    def _known(self, values: F8) -> tuple[F8, dict[str, int], list[str]]:
        """Return values with NaN for what is none, what each reason cost, and what is to be told.

        A cell counts where it lacks a value of any month.
        """
        left_out: dict[str, int] = {}

        def lose(which: NDArray[np.bool_], reason: str) -> None:
            if count := int(which.any(axis=0).sum()):
                left_out[reason] = count
            values[which] = np.nan

        lose(np.isnan(values), "no value (ocean?)")
        lose(np.isinf(values), "not finite")
        for number in self.no_data:
            lose(values == number, f"{number:g} means no data")
        zeros, known = int((values == 0).sum()), int(np.isfinite(values).sum())
        text = f"{zeros:,} of {known:,} values are 0; if that means no data, say no_data: [0]"
        return values, left_out, [text] if 2 * zeros > known else []

    def _land(
        self, sources: Sources, cells: Cells, grid: Grid, base: Path
    ) -> tuple[F8 | None, str, Sequence[str]]:
        """Return what part of each cell is land, from where, and what is to be told of it."""
        if self.land_fraction is not None:
            land, source = land_said(self.land_fraction, base, grid, sources.findings)
            return land, source, ()
        found = land_of(sources, cells)
        sources.findings.raise_all()
        if found.area is None:
            return None, "", [str(found.told.get("area_left_out", ""))]
        said: Any = found.told["area"]
        return found.area.reshape(grid.shape) / grid.areas, str(said), ()


def _unlike(found: str, first: str) -> str:
    """Return that a unit cannot become another; empty if it can."""
    try:
        Rates(of_carbon(found)[0], of_carbon(first)[0]).converted(np.zeros(1))
    except ValueError as error:
        return str(error)
    return "" if (of_carbon(found)[1] == of_carbon(first)[1]) else "is of CO2 and others are of C"
