"""Daily forcing of the biogeochemical testbed, in files of its own layout.

.. code-block:: yaml

    forcing:
      reader: testbed
      path: clm45_cruncep
      met: "met_{year}_{year}.nc"
      grid: clm45_cruncep/gridinfo_igbpz.csv
      soil: clm45_cruncep/gridinfo_soil_clm2.csv
      years: [1901, 2010]
      precision: float32

One file per year, or (no ``{year}`` in ``met``) one with several. Years have 365 days. The
rows of both tables are the cells that have data (cellMissing 0), in the order of cellid, and
are read by position. Classes that the testbed does not simulate are left out and counted.

A cell has one vegetation type, so its six layers are reduced once, in double precision, to
averages over its roots (``roots``: with the edges of the testbed's code, or of its manual).
Files are read one after the other: memory is a year's layers beside the result. Water beyond
saturation by more than 0.05 is flagged in the provenance, not refused: land models exceed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kernels import F8, Variable
from kernels.casa.shared.roots import pft_weights, root_zone
from scenarios.forcing._contract import Forcing, ReaderSpec
from scenarios.forcing.common.checks import Findings, Years, as_range
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order
from scenarios.forcing.common.file_units import unknown_units
from scenarios.forcing.common.served import DAYS, LASTING, in_unit, misfits
from scenarios.forcing.testbed_files.grid import GRIDS, Chosen, Grid, Skipped, choose, load_grid
from scenarios.forcing.testbed_files.met import (
    LAYERS,
    METEOROLOGY,
    OPTIONAL,
    RULES,
    MetFile,
    open_met,
)
from scenarios.paths import placed
from scenarios.problems import Problem
from scenarios.units import UnitText

FREEZING = 273.15
"""K."""

DAILY = ("gpp", "air_temperature", "soil_temperature", "theta_l", "theta_f", "btran")

SPARE = 0.05
"""m3 m-3 that water may exceed saturation by; beyond it is flagged."""


class Spec(ReaderSpec):
    """``forcing:`` of daily files of the testbed."""

    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="met",
            format="netcdf",
            holds="daily values on the grid of the tables, a year (or several) of 365 days",
            quantities=METEOROLOGY,
            orders=(
                Order("days", ("day", "time")),
                Order("latitudes", ("lat",)),
                Order("longitudes", ("lon",)),
                Order("levels"),
            ),
            missing=f"{FILLS_MISSING}; refused with cell, day and layer",
            agree=("365 days for every year", "cells with data are those of the tables"),
        ),
        *GRIDS,
    )

    reader: Literal["testbed"]
    path: str = Field(default=".", description="folder of the meteorological files")
    met: str = Field(
        default="met_{year}_{year}.nc", min_length=1, description="their names; {year} is replaced"
    )
    grid: str = Field(min_length=1, description="gridinfo_igbpz CSV file, packed or not")
    soil: str = Field(min_length=1, description="gridinfo_soil CSV file, packed or not")
    name: str = Field(default="testbed", min_length=1, description="of the forcing")
    years: Years | None = Field(
        default=None, description="[first, last]; may be left out where one file has all"
    )
    cells: Chosen = Field(
        default="all",
        description="all, a list of cell ids, or {every: 10, box: [south, north, west, east], "
        "pft: [1, 2]}",
    )
    units: dict[str, UnitText] = Field(
        default={}, description="variable: unit, where it is another than the layout has"
    )
    roots: Literal["code", "manual"] = Field(
        default="code", description="edges of layers for root shares, as in the testbed"
    )
    precision: Literal["float64", "float32"] = Field(
        default="float64", description="of daily drivers; float32 halves the memory"
    )
    depth: float = Field(default=100.0, gt=0, allow_inf_nan=False, description="of soil, cm")

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings = Findings()
        given = {**dict.fromkeys(LASTING, ()), **dict.fromkeys(DAILY, ("date",))}
        for problem in misfits(needs, given, "testbed"):
            findings.add("drivers", problem)
        for problem in unknown_units(self.units, RULES):
            findings.add("units", problem)
        if "{year}" in self.met and self.years is None:
            text = "is missing; needed [first, last], or the name of one file in met:"
            findings.add("years", Problem(text, "forcing.years"))
        whole, digests = load_grid(
            placed(base, self.grid, "forcing.grid"),
            placed(base, self.soil, "forcing.soil"),
            findings,
            self.cells,
        )
        skipped = Skipped()
        grid = choose(skipped.not_simulated(whole), self.cells, skipped, findings)
        findings.raise_all()
        reading = _Reading(self, needs, whole, grid, findings)
        for path, years in self._files(placed(base, self.path)).items():
            reading.file(path, years)
        findings.raise_all()
        return [reading.forcing(digests, skipped)]

    def _files(self, folder: Path) -> dict[Path, tuple[int, ...] | None]:
        """Return the years that each file is for; None is all that it has."""
        if "{year}" not in self.met:
            return {folder / self.met: self._asked}
        years = self._asked or ()
        return {folder / self.met.replace("{year}", f"{y:04d}"): (y,) for y in years}

    @property
    def _asked(self) -> tuple[int, ...] | None:
        return tuple(range(self.years[0], self.years[1] + 1)) if self.years else None


@dataclass
class _Reading:
    """Meteorological files on their way to daily drivers of cells."""

    spec: Spec
    needs: Sequence[Variable]
    whole: Grid
    grid: Grid
    findings: Findings
    files: list[dict[str, Any]] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    made: dict[str, NDArray[Any]] = field(default_factory=dict)
    without_ice: int = 0

    def __post_init__(self) -> None:
        kinds = self.grid.pft
        self.weights = pft_weights(kinds, self.spec.roots)

    def file(self, path: Path, years: tuple[int, ...] | None) -> None:
        """Read one file's years; note what is wrong with it."""
        met = open_met(path, self.spec.units, self.findings)
        if met is None:
            return
        try:
            asked = met.years if years is None else years
            lacking = [y for y in asked if y not in met.years]
            if lacking:
                has = ", ".join(map(str, met.years)) or "none"
                text = f"has years {has}; needed {as_range((lacking[0], lacking[-1]))}"
                self.findings.add("years", Problem(text, "variable 'year'", str(path)))
            met.check_cells(self.whole)
            if self.findings.of(str(path)):
                return
            for year in asked:
                self._year(met, year, len(asked) if years is None else 0)
        finally:
            met.close()
        # A year of the whole grid is 424 MB: its digest would cost as much as reading it.
        size = path.stat().st_size
        self.files.append({"name": path.name, "bytes": size, "years": list(asked)})

    def _year(self, met: MetFile, year: int, more: int) -> None:
        """Append a year's drivers."""
        fields = {name: met.year(name, year, self.grid) for name in RULES}
        self.years.append(year)
        if self.findings or any(v is None for n, v in fields.items() if n != OPTIONAL):
            return
        if fields[OPTIONAL] is None:
            self.without_ice += 1
            fields[OPTIONAL] = np.zeros((*self.grid.cell.shape, DAYS, LAYERS), dtype=np.float32)
        exact = {name: v.astype(np.float64) for name, v in fields.items() if v is not None}
        self._flag(year, exact["xmoist"] + exact["xfrznmoist"])
        daily = self._reduced(exact)
        at = DAYS * (len(self.years) - 1)
        for need in self.needs:
            if need.dims:
                shape = (len(self.grid.cell), DAYS * self._count(more))
                whole = self.made.setdefault(need.name, np.empty(shape, self.spec.precision))
                whole[:, at : at + DAYS] = in_unit(daily[need.name], need.name, need.units)

    def _count(self, more: int) -> int:
        return more or (self.spec.years[1] - self.spec.years[0] + 1 if self.spec.years else 1)

    def _reduced(self, exact: Mapping[str, F8]) -> dict[str, F8]:
        zone = root_zone(
            self.weights,
            exact["xtsoil"] - FREEZING,
            exact["xmoist"],
            exact["xfrznmoist"],
            self.grid.wilting,
            self.grid.field,
            self.grid.saturation,
        )
        return {"gpp": exact["xcgpp"], "air_temperature": exact["xtairk"] - FREEZING, **zone}

    def _flag(self, year: int, water: F8) -> None:
        """Note where water is more than the pores hold."""
        beyond = water - self.grid.saturation[:, np.newaxis, np.newaxis]
        if (most := beyond.max()) > SPARE:
            i, day, layer = (int(k) for k in np.unravel_index(beyond.argmax(), beyond.shape))
            place = f"{self.grid.said(i)}, {year} day {day + 1}, layer {layer + 1}"
            count = int((beyond > SPARE).sum())
            text = f"liquid and frozen water exceed saturation by more than {SPARE} {count} times"
            self.flags.append(f"{text}, most ({most:.3f}) in {place}")

    def forcing(self, digests: list[dict[str, Any]], skipped: Skipped) -> Forcing:
        """Return the drivers with what lasts."""
        lasting = {**self.grid.lasting, "depth": np.full(self.grid.cell.size, self.spec.depth)}
        for need in self.needs:
            if not need.dims:
                self.made[need.name] = in_unit(lasting[need.name], need.name, need.units)
        years = np.array(self.years, dtype=np.int64)
        provenance = {
            "reader": "testbed",
            "files": [*digests, *self.files],
            "years": [int(years[0]), int(years[-1])],
            "cells_left_out": skipped.counts,
            "roots": self.spec.roots,
            "precision": self.spec.precision,
            "flags": self.flags,
            "years_without_frozen_water": self.without_ice,
        }
        coords = {"year": years, "date": np.arange(DAYS * years.size, dtype=np.int64)}
        return Forcing(self.spec.name, self.made, coords, self.grid.locations, provenance)
