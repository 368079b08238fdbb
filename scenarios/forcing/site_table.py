"""A table of sites, one row each: what lasts, and series of what changes, from CSV or Parquet.

.. code-block:: yaml

    forcing:
      reader: site_table
      path: sites.csv
      columns: {soil_temperature: TSOI, clay: CLAY}
      units: {TSOI: degC, CLAY: percent}
      values: {depth: 30}

A driver may be computed from columns, each in its unit, numbers with theirs:
``columns: {annual_npp: {expression: (GPP + 400 [g C m-2 yr-1]) / 2}}``.

``invented: LABEL`` says that the table is made up; pictures and tables then carry the label.

With ``series: {path: years.csv}`` drivers in time come from rows by site and year (and ``day:``,
1 to 365); those that have no column there last, and are repeated.

Source: our own layout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kernels import F8, I8, Variable
from scenarios.forcing._contract import Forcing, Locations, MayBeInvented
from scenarios.forcing.common.checks import Findings, least_of, number
from scenarios.forcing.common.computed import Computed, Formula, formula, syntax
from scenarios.forcing.common.declared import NUMBERS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.indexed_table import Indexed, Time, common_times
from scenarios.forcing.common.observed import Observed
from scenarios.forcing.common.observed_columns import ObservedTable, Source
from scenarios.forcing.common.observed_columns import Reading as Observing
from scenarios.forcing.common.place_columns import Words, place_columns
from scenarios.forcing.common.places import PLACES
from scenarios.forcing.common.sources import (
    Names,
    Term,
    as_asked,
    by_name,
    told,
    unit_of,
    unneeded,
    wrong,
)
from scenarios.forcing.common.table import Table, load_table
from scenarios.paths import placed
from scenarios.problems import Problem, nearest
from scenarios.units import UnitText, convert

Number = Annotated[float, Field(allow_inf_nan=False)]


class SeriesTable(BaseModel):
    """A table of what changes, one row per site and year, or site and day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1, description="CSV or Parquet file, one row per site and time")
    year: str = Field(default="year", description="column of calendar years")
    day: str | None = Field(default=None, description="column of days of the year, 1 to 365")


class Spec(MayBeInvented):
    """``forcing:`` of a table of sites."""

    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="what lasts, one row per site",
            quantities=(
                Quantity("location", "name"),
                Quantity("lat", "latitude", ("degrees_north",), "layout", needed=False),
                Quantity("lon", "longitude", ("degrees_east",), "layout", needed=False),
                Quantity("area", "area", ("m2",), "file", needed=False),
                Quantity("<drivers>", "driver", (), "file or scenario"),
            ),
            orders=(Order("rows", ("location",)), Order("columns", ("name",))),
            missing=NUMBERS_MISSING,
        ),
        Input(
            key="series",
            format="table",
            holds="what changes, one row per site and year, or site, year and day",
            quantities=(
                Quantity("location", "name"),
                Quantity("year", "time"),
                Quantity("<day>", "time", needed=False),
                Quantity("<changing drivers>", "driver", (), "file or scenario"),
            ),
            orders=(Order("rows", ("location", "year", "day")), Order("columns", ("name",))),
            missing=NUMBERS_MISSING,
            agree=("every site has the same times, without a gap",),
        ),
        Input(
            key="observed",
            format="table",
            holds="what was observed, one row per value; a site may have several, or none",
            quantities=(
                Quantity("location", "name"),
                Quantity("<observed>", "observation", (), "file or scenario", "allowed"),
                Quantity("<errors>", "observation", (), "file or scenario", "allowed", False),
                Quantity("<year>", "time", needed=False),
            ),
            orders=(Order("columns", ("name",)),),
            missing="an empty cell, NA, NaN, -, . or a usual fill value: no value, which is told",
        ),
    )
    along: ClassVar[tuple[str, ...]] = ("time",)
    computes: ClassVar[bool] = True

    lists: ClassVar[str] = "sites"

    reader: Literal["site_table"]
    path: str = Field(min_length=1, description="CSV or Parquet file, one row per site")
    name: str = Field(default="", description="of the forcing; by default that of the file")
    location: str = Field(default="location", description="column of site names")
    sites: Literal["all"] | list[str] = Field(
        default="all", description="sites to take, in this order"
    )
    columns: dict[str, Names | Computed] = Field(
        default={},
        description="driver: column, where the names differ; a list is added up, {expression: "
        "max(CLAY, 2 [percent])} is computed. lat, lon and area: column, where several spell one",
    )
    units: dict[str, UnitText] = Field(
        default={}, description="column or driver: unit, where the header does not say NPP [unit]"
    )
    values: dict[str, Number] = Field(
        default={}, description="driver: number for all sites, in the unit of the kernel"
    )
    series: SeriesTable | None = Field(
        default=None, description="{path: years.csv}, drivers that change"
    )
    observed: ObservedTable | None = Field(
        default=None,
        description="{output: column, error: column}, what outputs are compared with; with path: "
        "from a file of its own, which may have several rows of a site",
    )

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings = Findings()
        self._check(needs, findings)
        tables = [self._indexed(placed(base, self.path), (), findings)]
        if self.series is not None:
            when = (self.series.year, *((self.series.day,) if self.series.day else ()))
            tables.insert(
                0,
                self._indexed(
                    placed(base, self.series.path, "forcing.series.path"), when, findings
                ),
            )
        findings.raise_all()
        names = self._sites(tables[-1], findings)
        times = common_times(tables[0], names, findings) if self.series else []
        findings.raise_all()
        reading = _Reading(self, tables, names, times, findings)
        drivers = {need.name: reading.driver(need) for need in needs}
        places = reading.places()
        provenance: dict[str, Any] = {
            "reader": "site_table",
            "files": [dict(indexed.table.digest) for indexed in tables[::-1]],
            "drivers": reading.said,
            "conventions": "where a time unit is changed, yr is 365.25 d",
        }
        observed = self._observed(tables, names, base, findings, provenance)
        findings.raise_all()
        label, sites = self.name or Path(self.path).stem, Locations(names, places)
        coords = _coords(times)
        made_up = self.invented
        return [Forcing(label, drivers, coords, sites, provenance, made_up, observed)]

    def compared(self) -> dict[str, str]:
        """Return the outputs that are observed; see `ReaderSpec.compared`."""
        outputs = () if self.observed is None else self.observed.outputs
        return {output: f"forcing.observed.{output}" for output in outputs}

    def _observed(
        self,
        tables: Sequence[Indexed],
        names: tuple[str, ...],
        base: Path,
        findings: Findings,
        provenance: dict[str, Any],
    ) -> dict[str, Observed]:
        """Return what is observed, and say in the provenance from where."""
        asked = self.observed
        if asked is None:
            return {}
        sources = [Source(t.table, self.location, self._dates(t, asked)) for t in tables]
        if asked.path is not None:
            file = placed(base, asked.path, "forcing.observed.path")
            needed = "a table with columns such as location,SOC [kg C m-2]"
            table = load_table(file, findings, rows="one row per value", needed=needed)
            if self.location not in table.names:
                text = f"no column {self.location!r}{nearest(self.location, table.names)}"
                findings.fatal("columns", table.in_header(f"{text}; rename the column of sites"))
            sources = [Source(table, self.location, asked.dates)]
            provenance["files"].append(dict(table.digest))
        reading = Observing(asked, self.units, names, findings)
        observed = reading.of(sources)
        provenance["observed"] = reading.said
        if reading.warnings:
            provenance["warnings"] = reading.warnings
        return observed

    @staticmethod
    def _dates(table: Indexed, asked: ObservedTable) -> dict[str, str]:
        """Return the columns of dates of a table of this reader: a series has its own."""
        if len(table.keys) == 1:
            return asked.dates
        return dict(zip(("year", "day"), table.keys[1:], strict=False))

    def _check(self, needs: Sequence[Variable], findings: Findings) -> None:
        for word, mapping, more in (("columns", self.columns, PLACES), ("values", self.values, ())):
            for problem in unneeded(mapping, needs, f"forcing.{word}", more):
                findings.add("drivers", problem)
        for name, asked in self.columns.items():
            if isinstance(asked, Computed):
                for problem in syntax(name, asked):
                    findings.add("expressions", problem)
            if name in PLACES and not isinstance(asked, str):
                text = "found more than the name of a column; needed one column"
                findings.add("drivers", Problem(text, f"forcing.columns.{name}"))
        for name in sorted(self.columns.keys() & self.values.keys()):
            text = f"{name!r} has a column and a value; leave one of them out"
            findings.add("drivers", Problem(text, f"forcing.values.{name}"))
        for need in needs:
            if need.dims not in ((), ("time",)):
                text = f"driver {need.name!r} has dimensions ({', '.join(need.dims)})"
                text += " and this reader gives none or (time); use another reader"
                findings.add("drivers", Problem(text, "forcing.reader"))
        if self.series is None and any(need.dims for need in needs):
            text = "the kernel's drivers change in time; needed series: {path: FILE.csv}"
            findings.add("drivers", Problem(text, "forcing.series"))
        if self.series is not None and not any(need.dims for need in needs):
            text = "no driver of the kernel changes in time; leave series: out"
            findings.add("drivers", Problem(text, "forcing.series"))

    def _indexed(self, path: Path, when: tuple[str, ...], findings: Findings) -> Indexed:
        """Return a table; rows of sites that nobody asks for are not looked at."""
        chosen = None if self.sites == "all" else self.sites
        table = load_table(
            path,
            findings,
            rows="one row per site",
            needed="a table with columns such as location,clay",
            keep_ragged=True,
        )
        table.refuse_ragged(findings, chosen)
        return Indexed(table, self.location, when, findings, chosen)

    def _sites(self, table: Indexed, findings: Findings) -> tuple[str, ...]:
        if self.sites == "all":
            return tuple(table.rows)
        for i, name in enumerate(self.sites):
            if name not in table.names:
                text = f"no site {name!r} in {table.table.file}{nearest(name, table.names)}"
                findings.add("sites", Problem(text, f"forcing.sites[{i}]"))
            elif name in self.sites[:i]:
                findings.add("sites", Problem(f"{name!r} is there twice", f"forcing.sites[{i}]"))
        return tuple(self.sites)


@dataclass
class _Reading:
    """Tables on their way to arrays; the table of what changes, if any, comes first."""

    spec: Spec
    tables: list[Indexed]
    names: tuple[str, ...]
    times: list[Time]
    findings: Findings
    said: dict[str, Any] = field(default_factory=dict)

    def driver(self, need: Variable) -> F8:
        """Return a driver, (L,) or (L, T), in its unit."""
        shape = (len(self.names), *((len(self.times),) if need.dims else ()))
        if need.name in self.spec.values:
            value = self.spec.values[need.name]
            self.said[need.name] = {"from": "the scenario", "value": value}
            return np.full(shape, value)
        # What lasts comes from the sites alone.
        tables = self.tables if need.dims else self.tables[-1:]
        asked = self.spec.columns.get(need.name)
        if isinstance(asked, Computed):
            return self._shaped(need, self._computed(need, asked, tables), shape)
        complaints: list[str] = []
        for indexed in tables:
            terms, found_wrong = self._terms(need, indexed)
            complaints = complaints or found_wrong
            if not found_wrong:
                return self._shaped(need, self._sum(need, indexed, terms), shape)
        for complaint in complaints:
            # What changes is looked for in the series first.
            problem = tables[0].table.problem(complaint, f"driver {need.name!r}")
            self.findings.add("columns", problem)
        return np.full(shape, np.nan)

    @staticmethod
    def _shaped(need: Variable, values: F8, shape: tuple[int, ...]) -> F8:
        """Return values (L, times of a table) as a driver has them."""
        return np.array(np.broadcast_to(values, shape) if need.dims else values[:, 0])

    def _computed(self, need: Variable, asked: Computed, tables: Sequence[Indexed]) -> F8:
        """Return a driver by expression, (L, times of the first table that has its columns)."""
        faults: list[Problem] = []
        for indexed in tables:
            header, said = indexed.table.units, self.spec.units
            found, wrong_here = formula(need, asked, _rest(indexed), header, said)
            if found is not None:
                return self._evaluated(need, indexed, found)
            faults = faults or wrong_here
        for problem in faults:
            self.findings.add("columns", problem)
        return np.full((len(self.names), 1), np.nan)

    def _evaluated(self, need: Variable, indexed: Indexed, found: Formula) -> F8:
        """Return the values of an expression; note where it has none, or one that cannot be."""
        columns = {name: self._raw(indexed, name, unit) for name, unit in found.columns.items()}
        values = found.of(columns, need)
        self.said[need.name] = found.told(need)
        there = np.logical_and.reduce([np.isfinite(column) for column in columns.values()])
        none = (~np.isfinite(values) & there, "needed an expression with a value there")
        for bad, needed in (none, *wrong(need.name, need, values)):
            for i, t in zip(*np.nonzero(bad), strict=True):
                text = f"found {values[i, t]:g} {need.units} of {found.text}; {needed}"
                where, row = f"driver {need.name!r}", self._row(indexed, i, t)
                self.findings.add("bad values", indexed.table.problem(text, where, row))
        return values

    def _terms(self, need: Variable, indexed: Indexed) -> tuple[list[Term], list[str]]:
        rest, asked = _rest(indexed), self.spec.columns.get(need.name)
        if asked is not None and not isinstance(asked, Computed):
            return as_asked(asked, rest, "column")
        terms, complaint = by_name(need.name, rest, "column", "columns")
        hint = f", or values: {{{need.name}: NUMBER}}"
        return terms, [complaint + hint] if complaint else []

    def _sum(self, need: Variable, indexed: Indexed, terms: list[Term]) -> F8:
        """Return a sum of columns, (L, times of the table)."""
        total, units = np.zeros((1, 1)), {}
        for term in terms:
            units[term.name] = self._unit(need, indexed.table, term)
            total = total + term.sign * self._column(need, indexed, term.name, units[term.name])
        self.said[need.name] = told(need, terms, units)
        return np.asarray(total, dtype=np.float64)

    def _unit(self, need: Variable, table: Table, term: Term) -> str:
        of_scenario, of_header = self.spec.units, table.units.get(term.name, "")
        unit, complaint = unit_of(term.name, need, of_scenario, found=of_header, example=need.units)
        if not complaint:
            try:
                convert(0.0, unit, need.units)
            except ValueError as error:
                complaint = str(error)
        if complaint:
            self.findings.add("units", table.problem(complaint, f"column {term.name!r}"))
        return "" if complaint else unit

    def _times(self, indexed: Indexed) -> Sequence[Time]:
        """Return the times of a table; one, without a name, of what lasts."""
        return self.times if len(indexed.keys) > 1 else [()]

    def _row(self, indexed: Indexed, site: int, time: int) -> int:
        return indexed.rows[self.names[site]][self._times(indexed)[time]]

    def _raw(self, indexed: Indexed, name: str, unit: str) -> F8:
        """Return a column as it stands in the file, (L, times of the table)."""
        times, at = self._times(indexed), indexed.table.names.index(name)
        raw = np.full((len(self.names), len(times)), np.nan)
        for i, site in enumerate(self.names):
            for t, time in enumerate(times):
                row = indexed.rows.get(site, {}).get(time)
                if row is not None:
                    raw[i, t] = self._cell(indexed.table, row, at, site, least_of(unit))
        return raw

    def _column(self, need: Variable, indexed: Indexed, name: str, unit: str) -> F8:
        raw = self._raw(indexed, name, unit)
        values = convert(raw, unit, need.units) if unit else raw
        for bad, needed in wrong(name, need, values):
            for i, t in zip(*np.nonzero(bad), strict=True):
                text = f"found {raw[i, t]:g} {unit}; {needed}"
                where = f"location {self.names[i]!r}, column {name!r}"
                row = self._row(indexed, i, t)
                self.findings.add("bad values", indexed.table.problem(text, where, row))
        return values

    def _cell(self, table: Table, row: int, at: int, site: str, least: float) -> float:
        try:
            return number(table.rows[row][1][at], least)
        except ValueError as error:
            where = f"location {site!r}, column {table.names[at]!r}"
            problem = table.problem(f"{error}; needed a number", where, row)
            self.findings.add("bad values", problem)
            return float("nan")

    def places(self) -> dict[str, F8]:
        """Return latitude, longitude and area, where the table of sites has them."""
        indexed = self.tables[-1]
        chosen = {n: c for n, c in self.spec.columns.items() if n in PLACES and isinstance(c, str)}
        rows = [indexed.rows[site][()] for site in self.names]
        words = Words(indexed.keys, chosen, self.spec.units)
        return place_columns(indexed.table, rows, words, self.findings, self.names)


def _rest(indexed: Indexed) -> list[str]:
    """Return the columns of a table that are no keys of its rows."""
    return [name for name in indexed.table.names if name not in indexed.keys]


def _coords(times: list[Time]) -> Mapping[str, I8]:
    """Return the year of each step, and the day where there are days; nothing without time."""
    columns = np.array(times, dtype=np.int64).T if times else ()
    return dict(zip(("year", "day"), columns, strict=False))
