"""Any variable of NetCDF files as a driver: at sites or on a grid, with time or without.

.. code-block:: yaml

    forcing:
      reader: netcdf
      path: [drivers.nc, sftlf.nc]     # or a pattern: npp_*.nc, met_{year}.nc
      variables: {npp: NPP, litter_input: [cLitterfall, -x], clay: {file: soil.nc, variable: CLAY}}
      units: {CLAY: percent}           # where the files do not say
      values: {depth: 100}             # everywhere, in the unit of the kernel
      years: [1901, 2010]
      mask: {sftlf: [50, 100]}

Dimensions are what their coordinates say: ``standard_name``, units and ``axis``, then names; the
order of dimensions, latitudes and dates in a file means nothing. Cells are locations in the order
south to north, from 180 W, and are called by their degrees: ``52.25N_13.75E``. A dimension whose
latitudes and longitudes lie along it, or that is called so (``site``, ``ncells``), is one of sites;
latitudes and longitudes of two dimensions make cells of any shape, without an area of their own.
Of another dimension one place is taken: ``{variable: TSOI, where: {levgrnd: 0.1}}``.

Drivers without time are means over ``years:`` of what has time. Years and means add up what flows:
rate x length of each step, in the calendar of the file. Days come from daily files of 365 days,
or lie on lines between the middles of months (``interpolate: linear``). What a file has without
time is repeated.

A place where no driver has a value is left out and counted; one that has some is refused, or left
out with ``incomplete: drop``. Areas are of a variable (CF's ``cell_area``, or ``area``), else of
the edges of cells, times what part is land (``sftlf``); without that there is no area.

Several models on one grid are ``members: {CNRM: {path: cnrm.nc}, IPSL: {path: ipsl.nc}}``, each a
forcing, at the places that all have; what a member does not say holds for all.

Source: the CF conventions, https://cfconventions.org.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from kernels import Variable
from scenarios.forcing._contract import Forcing, Locations, MayBeInvented
from scenarios.forcing.common.annual_means import Calendar
from scenarios.forcing.common.checks import Findings, Years
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.made import Made, recipe
from scenarios.forcing.common.region import Region
from scenarios.forcing.common.served import DAYS
from scenarios.forcing.netcdf_files.asked import Asked
from scenarios.forcing.netcdf_files.reading import Reading
from scenarios.forcing.netcdf_files.supplies import FileVariable, Sources, Words
from scenarios.problems import Problem


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if not limits[0] <= limits[1]:
        raise ValueError(f"{list(limits)} must be [lowest, highest]")
    return limits


Within = Annotated[
    tuple[
        Annotated[float, Field(allow_inf_nan=False)], Annotated[float, Field(allow_inf_nan=False)]
    ],
    AfterValidator(_rising),
]


class Spec(Words, MayBeInvented):
    """``forcing:`` of any NetCDF files."""

    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="netcdf",
            holds="variables at sites, on a grid or of one place; with time or without",
            quantities=(
                Quantity("<drivers>", "driver", (), "file or scenario"),
                Quantity("lat", "latitude", ("degrees_north",), "layout", needed=False),
                Quantity("lon", "longitude", ("degrees_east",), "layout", needed=False),
                Quantity("areacella", "area", ("m2",), "file", needed=False),
                Quantity("sftlf", "fraction", ("1",), "file", needed=False),
                Quantity("time", "time", ("days since a date",), "file", needed=False),
            ),
            orders=(
                Order("months", ("bounds of time", "time", "year and month")),
                Order("days", ("bounds of time", "time")),
                Order("latitudes", ("standard_name", "units", "axis", "name")),
                Order("longitudes", ("standard_name", "units", "axis", "name")),
            ),
            missing=f"{FILLS_MISSING}; a place that lacks all is left out and counted (ocean), one "
            "that lacks some is refused, or left out and counted with incomplete: drop",
            agree=(
                "variables have the same grid or sites, in any order",
                "whole years, the same of every variable, or years: of all",
            ),
        ),
    )
    along: ClassVar[tuple[str, ...]] = ("time", "date")

    lists: ClassVar[str] = "cells"

    reader: Literal["netcdf"]
    name: str = Field(default="netcdf", min_length=1, description="of the forcing")
    members: dict[str, Words] = Field(
        default={},
        description="{name: {path: FILE}}, several models on one grid: each is a forcing, at the "
        "places that all have; what one does not say holds for all",
    )
    years: Years | None = Field(
        default=None, description="[first, last]; by default all that every variable has"
    )
    step: Literal["year", "day"] = Field(
        default="year", description="of drivers in time, as the kernel's own step:"
    )
    interpolate: Literal["linear"] | None = Field(
        default=None, description="daily drivers from monthly values"
    )
    leap_days: Literal["refuse", "drop"] = Field(
        default="refuse", description="February 29, which kernels' years do not have"
    )
    calendar: Calendar | None = Field(
        default=None, description="of files that do not say one; else a year has 365.25 days there"
    )
    mask: dict[str, Within] = Field(
        default={}, description="{variable: [lowest, highest]}, in its own unit: places to take"
    )
    cells: Literal["all"] | list[str] | Region = Field(
        default="all",
        description="all, a list of names of places, or {every: 10, box: [south, north, west, "
        "east]}",
    )
    incomplete: Literal["refuse", "drop"] = Field(
        default="refuse", description="places that lack a value of some driver, or of some date"
    )

    @model_validator(mode="after")
    def _some_file(self) -> "Spec":
        for name, words in (self.members or {"": Words()}).items():
            whole = words.over(self)
            named = any(isinstance(v, FileVariable) and v.file for v in whole.variables.values())
            if not whole.path and not named:
                of = f" of member {name!r}" if name else ""
                raise ValueError(f"names no file{of}; say path: FILE.nc")
        return self

    def files(self) -> list[str]:
        """Return the files that it opens; see `ReaderSpec.files`."""
        found: list[str] = []
        for words in (self, *self.members.values()):
            own = [v.file for v in words.variables.values() if isinstance(v, FileVariable)]
            for said in (words.path, *own):
                found += [said] if isinstance(said, str) else said
        found += [self.cells.records] if isinstance(self.cells, Region) else []
        return [one for one in dict.fromkeys(found) if one]

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return a forcing, or one per member; see `ReaderSpec.read`."""
        findings = Findings()
        readings = {
            name: Reading(self._asked, needs, Sources(words, base, self.years, where, findings),
                          findings)
            for name, (words, where) in self._forcings.items()
        }  # fmt: skip
        for reading in readings.values():
            reading.look()
        for reading in readings.values():
            reading.take()
        self._align(readings, findings)
        return [self._forcing(name, reading) for name, reading in readings.items()]

    @property
    def _asked(self) -> Asked:
        return Asked(
            years=self.years,
            step=self.step,
            interpolate=self.interpolate == "linear",
            drop_leap_days=self.leap_days == "drop",
            calendar=self.calendar,
            mask=self.mask,
            cells=self.cells,
            drop_incomplete=self.incomplete == "drop",
        )

    @property
    def _forcings(self) -> dict[str, tuple[Words, str]]:
        """Return the words of each forcing, and where they stand."""
        if not self.members:
            return {self.name: (Words().over(self), "forcing")}
        return {name: (words.over(self), f"forcing.members.{name}")
                for name, words in self.members.items()}  # fmt: skip

    def _align(self, readings: dict[str, Reading], findings: Findings) -> None:
        """Take the places that all members have; note that they share none."""
        if len(readings) < 2:
            return
        first, *others = (reading.cells.names for reading in readings.values())
        shared = set(first).intersection(*others)
        if not shared:
            listed = "; ".join(f"{n} has {r.cells.space.said}" for n, r in readings.items())
            text = f"members share no place: {listed}; needed one grid: bring all to one first "
            findings.fatal("grids", Problem(f"{text}(cdo remapcon, or xesmf)", "forcing.members"))
        names = [name for name in first if name in shared]
        for reading in readings.values():
            reading.share(names)

    def _forcing(self, name: str, reading: Reading) -> Forcing:
        drivers: dict[str, NDArray[Any] | Made] = reading.drivers()
        made = any(isinstance(one, Made) for one in drivers.values())
        told = {"reader": "netcdf", **reading.told(), "conventions": CONVENTIONS}
        places = Locations(reading.cells.names, reading.columns())
        made_of = recipe(self, reading.needs, reading.identity()) if made else ""
        coords = self._coords(reading)
        return Forcing(name, drivers, coords, places, told, self.invented, recipe=made_of)

    def _coords(self, reading: Reading) -> dict[str, NDArray[Any]]:
        years, dims = reading.timing.years, {dim for need in reading.needs for dim in need.dims}
        if not dims:
            return {}
        if "date" in dims:
            return {"year": years, "date": np.arange(DAYS * years.size, dtype=np.int64)}
        if self.step == "day":
            return {
                "year": np.repeat(years, DAYS),
                "day": np.tile(np.arange(1, DAYS + 1), years.size),
            }
        return {"year": years}


CONVENTIONS = (
    "years and means add up rate x length of step in the calendar of the file; what has no time "
    "changes its unit of time with the days of calendar:, else 365.25"
)
