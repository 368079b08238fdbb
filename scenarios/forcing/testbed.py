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

Files of more than 64 MB in all are read when the drivers are taken, which is once, when a store is
made. Before that every file's header, years, dates, cells and length are looked at, and all cells
on twelve days, spread over years and seasons; the values of all other days are checked when they
are read, and what is wrong with any is told then, before there is a store.

Source: the testbed of Wieder et al. (2018, 10.1111/gcb.13979), release 2.0.0.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kernels import F8, I8, Variable
from kernels.casa.shared.roots import pft_weights, root_zone
from scenarios.forcing._contract import Forcing, ReaderSpec
from scenarios.forcing.common.cell_edges import Lattice
from scenarios.forcing.common.checks import Findings, Years, as_range
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order
from scenarios.forcing.common.file_units import unknown_units
from scenarios.forcing.common.made import Filed, Made, recipe
from scenarios.forcing.common.region import found_from
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

FEW_BYTES = 64 << 20
"""Of files up to which they are read at once: some tenths of a second."""

LOOKED_AT = 12
"""Days that a plan looks at of larger ones: they come first in a file, and cells inside them."""

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
    along: ClassVar[tuple[str, ...]] = ("time", "date")

    lists: ClassVar[str] = "cells"

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
        "pft: [1, 2], records: FILE}, the cells that records of a table are in",
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
        files = self._files(placed(base, self.path))
        cells = found_from(self.cells, base)
        grid = choose(
            skipped.not_simulated(whole), cells, skipped, findings,
            lambda: self._lattice(next(iter(files)), findings),
        )  # fmt: skip
        findings.raise_all()
        reading = _Reading(self, needs, whole, grid)
        for path, years in files.items():
            reading.add(path, years, findings)
        return [reading.forcing(digests, skipped, findings)]

    def _lattice(self, path: Path, findings: Findings) -> Lattice | None:
        """Return the rows and columns of a file; None, with a finding, where there is none."""
        met = open_met(path, self.units, findings)
        if met is None:
            findings.raise_all()
            return None
        try:
            return met.lattice
        finally:
            met.close()

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
    """Meteorological files on their way to daily drivers of cells.

    Attributes
    ----------
    parts : list of (Path, tuple of int)
        Files and the years that are asked of each.
    flags : list of str
        What is odd and read all the same: of the days that were read last.
    """

    spec: Spec
    needs: Sequence[Variable]
    whole: Grid
    grid: Grid
    parts: list[tuple[Path, tuple[int, ...]]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    without_ice: int = 0
    lattice: Lattice | None = None

    def __post_init__(self) -> None:
        self.weights = pft_weights(self.grid.pft, self.spec.roots)

    @property
    def years(self) -> list[int]:
        """Return the years of all files, in order."""
        return [year for _, years in self.parts for year in years]

    def add(self, path: Path, years: tuple[int, ...] | None, findings: Findings) -> None:
        """Look at a file's layout; note what is wrong with it."""
        with self._opened(path, years, findings) as met:
            if met is None:
                return
            asked = met.years if years is None else years
            self.parts.append((path, asked))
            self.without_ice += 0 if met.has_ice else len(asked)
            self.lattice = met.lattice
        # A year of the whole grid is 424 MB: its digest would cost as much as reading it.
        about = path.stat()
        self.files.append({"name": path.name, "bytes": about.st_size, "years": list(asked)})
        self.changed.append(about.st_mtime_ns)

    @contextmanager
    def _opened(
        self, path: Path, years: tuple[int, ...] | None, findings: Findings
    ) -> Iterator[MetFile | None]:
        """Give a file whose layout is right; None, with findings, where it is not."""
        met = open_met(path, self.spec.units, findings)
        if met is None:
            yield None
            return
        try:
            lacking = [y for y in years or () if y not in met.years]
            if lacking:
                has = ", ".join(map(str, met.years)) or "none"
                text = f"has years {has}; needed {as_range((lacking[0], lacking[-1]))}"
                findings.add("years", Problem(text, "variable 'year'", str(path)))
            met.check_cells(self.whole)
            yield None if findings.of(str(path)) else met
        finally:
            met.close()

    def read(
        self, findings: Findings | None = None
    ) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
        """Yield every driver of a year, (L, 365), after the other, and at which steps it stands.

        Parameters
        ----------
        findings : Findings, optional
            What is known to be wrong; then values are looked at alone.

        Raises
        ------
        ScenarioError
            What is wrong with any value of any file, when all have been read.
        """
        findings, flags, at = findings or Findings(), list[str](), 0
        for path, years in self.parts:
            with self._opened(path, years, findings) as met:
                for year in years:
                    daily = self._days(met, year, slice(0, DAYS), findings, flags)
                    if daily is not None:
                        yield slice(at, at + DAYS), daily
                    at += DAYS
        findings.raise_all()
        self.flags[:] = flags

    def look(self, days: I8) -> dict[str, NDArray[Any]]:
        """Return every driver on some days of all, (L, n); raise `ScenarioError` as `read`."""
        findings, flags, found, first = Findings(), list[str](), [], 0
        for path, years in self.parts:
            asked = days[(days >= first) & (days < first + DAYS * len(years))] - first
            first += DAYS * len(years)
            if not asked.size:
                continue
            with self._opened(path, years, findings) as met:
                for day in asked.tolist():
                    of_year = slice(day % DAYS, day % DAYS + 1)
                    found.append(self._days(met, years[day // DAYS], of_year, findings, flags))
        findings.raise_all()
        self.flags[:] = flags
        daily = [one for one in found if one is not None]
        return {name: np.concatenate([one[name] for one in daily], axis=1) for name in daily[0]}

    def _days(
        self, met: MetFile | None, year: int, days: slice, findings: Findings, flags: list[str]
    ) -> dict[str, NDArray[Any]] | None:
        """Return drivers on days of a year, (L, n); None where a value is wrong, or one was."""
        if met is None:
            return None
        fields = {name: met.days(name, year, days, self.grid) for name in RULES}
        if findings or any(v is None for n, v in fields.items() if n != OPTIONAL):
            return None
        if fields[OPTIONAL] is None:
            shape = (self.grid.cell.size, days.stop - days.start, LAYERS)
            fields[OPTIONAL] = np.zeros(shape, dtype=np.float32)
        exact = {name: v.astype(np.float64) for name, v in fields.items() if v is not None}
        self._flag(year, days.start, exact["xmoist"] + exact["xfrznmoist"], flags)
        daily = self._reduced(exact)
        return {
            need.name: in_unit(daily[need.name], need.name, need.units).astype(self.spec.precision)
            for need in self.needs
            if need.dims
        }

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

    def _flag(self, year: int, first: int, water: F8, flags: list[str]) -> None:
        """Note where water is more than the pores hold, on days since one of a year."""
        beyond = water - self.grid.saturation[:, np.newaxis, np.newaxis]
        if (most := beyond.max()) > SPARE:
            i, day, layer = (int(k) for k in np.unravel_index(beyond.argmax(), beyond.shape))
            place = f"{self.grid.said(i)}, {year} day {first + day + 1}, layer {layer + 1}"
            count = int((beyond > SPARE).sum())
            text = f"liquid and frozen water exceed saturation by more than {SPARE} {count} times"
            flags.append(f"{text}, most ({most:.3f}) in {place}")

    def forcing(
        self, digests: list[dict[str, Any]], skipped: Skipped, findings: Findings
    ) -> Forcing:
        """Return the drivers with what lasts; raise `ScenarioError` with all that is wrong."""
        lasting = {**self.grid.lasting, "depth": np.full(self.grid.cell.size, self.spec.depth)}
        lasts = {
            n.name: in_unit(lasting[n.name], n.name, n.units) for n in self.needs if not n.dims
        }
        daily, made_of = self._daily(digests, findings)
        years = np.array(self.years, dtype=np.int64)
        provenance = {
            "reader": "testbed",
            "files": [*digests, *self.files],
            "years": [int(years[0]), int(years[-1])],
            **skipped.told,
            "roots": self.spec.roots,
            "precision": self.spec.precision,
            "flags": self.flags,
            "years_without_frozen_water": self.without_ice,
        }
        coords = {"year": years, "date": np.arange(DAYS * years.size, dtype=np.int64)}
        locations = self.grid.locations(self.lattice)
        drivers = {**daily, **lasts}
        return Forcing(self.spec.name, drivers, coords, locations, provenance, recipe=made_of)

    def _daily(
        self, digests: Sequence[Mapping[str, Any]], findings: Findings
    ) -> tuple[Mapping[str, NDArray[Any] | Made], str]:
        """Return the daily drivers, and all they follow from where they are read later."""
        if sum(file["bytes"] for file in self.files) <= FEW_BYTES:
            parts = [daily for _, daily in self.read(findings)]
            names = [need.name for need in self.needs if need.dims]
            return {n: np.concatenate([part[n] for part in parts], axis=1) for n in names}, ""
        findings.raise_all()
        days = looked_at(len(self.years))
        filed = Filed(self.read, DAYS * len(self.years), self.look(days), days)
        held = [{**f, "changed": t} for f, t in zip(self.files, self.changed, strict=True)]
        return filed.drivers, recipe(self.spec, self.needs, [*digests, *held])


def looked_at(years: int) -> I8:
    """Return the days of so many years that a plan looks at: in the first, the last and between."""
    each = np.arange(LOOKED_AT)
    year = np.rint(each * (years - 1) / (LOOKED_AT - 1)).astype(np.int64)
    return np.asarray(DAYS * year + each * DAYS // LOOKED_AT + DAYS // LOOKED_AT // 2)
