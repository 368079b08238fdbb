"""History files of CLM4.5 or CLM5.0, a point or columns: daily drivers, or means of months.

.. code-block:: yaml

    forcing:
      reader: clm_history
      path: "hist/*.clm2.h1.*.nc"
      pft: 1
      surface: surfdata.nc

``GPP`` (or ``FPSN``), ``TSOI``, ``SOILLIQ`` and ``H2OSOI`` (or ``SOILICE``), with ``TBOT``,
``NPP``, ``LEAFC_TO_LITTER``, ``FROOTC_TO_LITTER`` and ``CWDC_LOSS`` where they are needed;
whatever the dimension of levels is called. Levels become the testbed's six layers as its
converter does it, weighted by thickness, and layers become the root zone of the vegetation
class. FPSN is 12e-6 g C per umol; liquid water is SOILLIQ / 1000 / thickness, frozen water what
H2OSOI has besides, at least 0. Thickness is the file's DZSOI; without it, or with ``thickness:
midpoints``, the distance of midpoints of levels. The converter always takes those, and so the
first level of CLM5.0, of 0.020 m for 0.025, has a fifth too little liquid water, which it counts
as frozen. Levels below ``nbedrock``, if the file says so, are left out.

``grid:`` and ``soil:`` are the testbed's tables, for files on their grid; otherwise ``pft:`` and
a texture. Of texture alone, saturation (where there is no WATSAT), field capacity and wilting
point are CLM's and the testbed's formulas for mineral soil.

Values belong to the month or day of their time bounds, else of their stamp; where that may be
either of two, say ``stamps:``. They are taken in the order of their dates, and levels by their
depth, whatever the order in the file.

Monthly files give means over whole years. For daily drivers say ``interpolate: linear``:
values stand in the middle of months, and monthly means of what is between them differ.

Source: the soil levels of the testbed's converter (Wieder et al. 2018, 10.1111/gcb.13979) and the
files that CLM writes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kernels import F8, Variable
from scenarios.forcing._contract import Forcing, Locations, ReaderSpec
from scenarios.forcing.clm.drivers import Drivers
from scenarios.forcing.clm.file import HISTORY, VARIABLES, History, load_history
from scenarios.forcing.clm.place import SURFACE, columns_of
from scenarios.forcing.common.checks import Findings, Years
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order
from scenarios.forcing.common.file_units import unknown_units
from scenarios.forcing.common.served import LASTING, misfits, serve, wants_days
from scenarios.forcing.common.times import STAMPS, Stamps, complaints, joined
from scenarios.forcing.synthetic_testbed import coords_of
from scenarios.forcing.testbed_files.grid import GRIDS, NOT_SIMULATED
from scenarios.paths import expanded
from scenarios.problems import Problem
from scenarios.units import UnitText

DAILY = ("gpp", "air_temperature", "soil_temperature", "theta_l", "theta_f", "btran")

LITTER = (
    *("litter_met", "litter_str", "litter_cwd", "litter_leaf", "litter_froot"),
    *("leaf_litter_met", "leaf_litter_str", "froot_litter_met", "froot_litter_str"),
    *("cwd_to_litter", "cwd_respiration"),
    *("mimics_litter_met", "mimics_litter_str", "lignin_n"),
)
"""Drivers of means alone, from CLM's own litter."""


class Texture(BaseModel):
    """Sand and clay, fractions of mineral soil."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sand: float = Field(gt=0, lt=1)
    clay: float = Field(gt=0, lt=1)


class Spec(ReaderSpec):
    """``forcing:`` of CLM history files."""

    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="netcdf",
            holds="history of columns, grid cells or a point, by month or day",
            quantities=HISTORY,
            orders=(
                Order("months", ("bounds of time", "time", "year and month", "mcdate")),
                Order("levels", ("ZSOI", "depth of levels")),
                Order("latitudes", ("lat",)),
                Order("longitudes", ("lon",)),
            ),
            missing=f"{FILLS_MISSING}; refused, but where a place has none at all (ocean)",
            agree=(
                "variables have the same times and places",
                "files in a row have the same places and levels",
            ),
        ),
        *GRIDS,
    )
    along: ClassVar[tuple[str, ...]] = ("time", "date")

    reader: Literal["clm_history"]
    path: str | list[str] = Field(description="a file, a pattern with *, or a list of them")
    name: str = Field(default="clm", min_length=1, description="of the forcing")
    pft: int | None = Field(default=None, ge=1, le=18, description="IGBP class of every column")
    texture: Texture | None = Field(default=None, description="{sand: 0.4, clay: 0.2}")
    surface: str = Field(default="", description="surface data file with PCT_SAND, PCT_CLAY")
    grid: str = Field(default="", description="gridinfo_igbpz CSV file of the testbed")
    soil: str = Field(default="", description="gridinfo_soil CSV file of the testbed")
    units: dict[str, UnitText] = Field(
        default={}, description="variable: unit, where the file does not say it"
    )
    years: Years | None = Field(default=None, description="[first, last]; by default all")
    interpolate: Literal["linear"] | None = Field(
        default=None, description="daily drivers from monthly values"
    )
    stamps: Stamps | None = Field(default=None, description=STAMPS)
    leap_days: Literal["refuse", "drop"] = Field(
        default="refuse", description="February 29, which kernels' years do not have"
    )
    thickness: Literal["file", "midpoints"] = Field(
        default="file", description="of levels: DZSOI, or as the testbed's converter has it"
    )
    roots: Literal["code", "manual"] = Field(
        default="code", description="edges of layers for root shares, as in the testbed"
    )
    depth: float = Field(default=100.0, gt=0, allow_inf_nan=False, description="of soil, cm")

    @model_validator(mode="after")
    def _one_way(self) -> "Spec":
        tables, texture = bool(self.grid or self.soil), self.texture or self.surface
        if tables and not (self.grid and self.soil):
            raise ValueError("grid: and soil: go together")
        if tables == bool(self.pft or texture) or (not tables and not (self.pft and texture)):
            raise ValueError("needed pft: with texture: or surface:, or else grid: and soil:")
        if self.texture and self.surface:
            raise ValueError("texture: and surface: say the same; leave one out")
        if self.pft in NOT_SIMULATED:
            raise ValueError(f"pft {self.pft} is not simulated; it has no plants")
        return self

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings, daily = Findings(), wants_days(needs)
        given = {**dict.fromkeys(LASTING, ()), **dict.fromkeys(DAILY, ("date",) if daily else ())}
        if not daily:
            given |= dict.fromkeys((*LITTER, "annual_npp"), ())
        for problem in misfits(needs, given, "clm_history"):
            findings.add("drivers", problem)
        for problem in unknown_units(self.units, (*VARIABLES, *SURFACE)):
            findings.add("units", problem)
        findings.raise_all()
        history = self._history(needs, base, findings)
        column = columns_of(self, history, base, findings)
        findings.raise_all()
        drivers = Drivers(history, column, self.roots, self.thickness)
        if daily and history.when.step == "month" and self.interpolate is None:
            text = "holds monthly values and the kernel needs days; say interpolate: linear"
            findings.fatal("steps", Problem(text, file=str(history.path)))
        lasting = {**column.lasting, "depth": np.full(column.pft.size, self.depth)}
        has = {**lasting, **(drivers.daily() if daily else drivers.means(_names(needs)))}
        locations = Locations(column.names, column.places)
        told = self._told(history, drivers)
        coords = self._coords(history) if daily else {}
        return [Forcing(self.name, serve(needs, has), coords, locations, told)]

    def _history(self, needs: Sequence[Variable], base: Path, findings: Findings) -> History:
        """Return all files in a row, whole years of the same places; raise where it cannot."""
        paths = self._paths(base, findings)
        required, more = _variables(_names(needs))
        parts = [
            load_history(
                path, (*required, *more, "H2OSOI", "SOILICE"), self.units, findings, self.stamps
            )
            for path in paths
        ]
        read = [part for part in parts if part is not None]
        for part in read:
            lacking = [name for name in required if name not in part.values]
            if not {"H2OSOI", "SOILICE"} & part.values.keys():
                lacking.append("H2OSOI' or 'SOILICE")
            for name in lacking:
                text = f"no variable {name!r}" if name != "GPP" else "no variable 'GPP' or 'FPSN'"
                findings.add("variables", Problem(text.replace('"', "'"), file=str(part.path)))
            for text in _unlike(part, read[0]):
                findings.add("places", Problem(text, file=str(part.path)))
        findings.raise_all()
        return self._whole_years(_in_a_row(read, findings), findings)

    def _paths(self, base: Path, findings: Findings) -> list[Path]:
        paths: list[Path] = []
        for pattern in [self.path] if isinstance(self.path, str) else self.path:
            pattern = expanded(pattern, "forcing.path")
            if "*" in pattern or "?" in pattern:
                matching = sorted(base.glob(pattern)) if not Path(pattern).is_absolute() else (
                    sorted(Path("/").glob(pattern.lstrip("/")))
                )  # fmt: skip
                if not matching:
                    findings.add("files", Problem(f"no file fits {pattern!r}", "forcing.path"))
                paths += matching
            else:
                paths.append(base / pattern)
        findings.raise_all()
        return paths

    def _whole_years(self, history: History, findings: Findings) -> History:
        when, file = history.when, str(history.path)
        if when.leap.any():
            if self.leap_days == "refuse":
                t = int(np.flatnonzero(when.leap)[0])
                text = f"{when.said(t)} is there (calendar {when.calendar!r}) and years of the "
                text += "kernels have 365 days; say leap_days: drop"
                findings.fatal("leap days", Problem(text, file=file))
            history = _taken(history, ~when.leap)
        if self.years is not None:
            first, last = self.years
            history = _taken(
                history, (history.when.year >= first) & (history.when.year <= last)
            )  # fmt: skip
        for text in complaints(history.when):
            findings.add("times", Problem(text, file=file))
        has = np.unique(history.when.year)
        if self.years is not None and (not has.size or [has[0], has[-1]] != [*self.years]):
            span = f"{has[0]}-{has[-1]}" if has.size else "none of them"
            text = f"has {span}; needed {self.years[0]}-{self.years[1]}"
            findings.add("times", Problem(text, "forcing.years", file))
        findings.raise_all()
        return history

    def _coords(self, history: History) -> dict[str, NDArray[Any]]:
        years = history.when.year
        return coords_of(int(years[0]), int(years[-1]))

    def _told(self, history: History, drivers: Drivers) -> dict[str, Any]:
        return {
            "reader": "clm_history",
            "files": history.about["files"],
            "years": [int(history.when.year[0]), int(history.when.year[-1])],
            "calendar": history.when.calendar,
            "step": history.when.step,
            "interpolated": self.interpolate or "no",
            "roots": self.roots,
            "flags": drivers.flags,
            **drivers.told,
        }


def _names(needs: Sequence[Variable]) -> set[str]:
    return {need.name for need in needs}


def _variables(names: set[str]) -> tuple[list[str], list[str]]:
    """Return CLM's variables that must be there, and those that may."""
    required = ["GPP", "TSOI", "SOILLIQ"]
    required += ["TBOT"] if "air_temperature" in names else []
    required += ["NPP"] if "annual_npp" in names else []
    if names & set(LITTER):
        return [*required, "LEAFC_TO_LITTER", "FROOTC_TO_LITTER"], ["CWDC_LOSS"]
    return required, []


def _unlike(part: History, first: History) -> Iterator[str]:
    """Yield how the places and levels of a file are not those of the first."""
    if part.shape != first.shape:
        yield f"has places {part.shape} and {first.path.name} {first.shape}; needed the same"
        return
    for name in part.places.keys() & first.places.keys():
        if not np.allclose(part.places[name], first.places[name], rtol=1e-6, equal_nan=True):
            yield f"has other numbers of {name!r} than {first.path.name}; needed the same places"
    for name in ("levels", "thickness", "midpoints"):
        here, there = (file.ground.get(name, np.nan) for file in (part, first))
        if np.shape(here) != np.shape(there) or not np.allclose(here, there, equal_nan=True):
            yield f"has other {name} of levels than {first.path.name}; needed the same"


def _in_a_row(parts: list[History], findings: Findings) -> History:
    """Return files as one, in the order of their dates."""
    first = parts[0]
    path = first.path if len(parts) == 1 else first.path.parent
    try:
        when = joined([part.when for part in parts])
    except ValueError as error:
        findings.fatal("times", Problem(str(error), file=str(path)))
    names = set.intersection(*(set(part.values) for part in parts))
    values = {n: np.concatenate([part.values[n] for part in parts], axis=1) for n in names}
    provenance = {"files": [part.about for part in parts]}
    whole = History(path, when, first.places, first.shape, values, first.ground, provenance)
    return _taken(whole, when.order)


def _taken(history: History, which: NDArray[Any]) -> History:
    values: dict[str, F8] = {name: v[:, which] for name, v in history.values.items()}
    when = history.when.take(which)
    return History(
        history.path, when, history.places, history.shape, values, history.ground, history.about
    )
