"""One table of annual series, CSV or Parquet: every land model in it is a forcing.

.. code-block:: yaml

    forcing:
      reader: annual_table
      path: trendy_v9_s2/annual_global.csv
      units: {NPP: Pg C yr-1, Rh: Pg C yr-1, cVeg: Pg C, cSoil: Pg C}
      members: all

``invented: LABEL`` says that the table is made up; pictures and tables then carry the label.
``observed: {c_veg: cVeg, c_soil: cSoil}`` are columns that outputs are compared with, year by year.
Layout: ``two_box.md`` section 7, one row per model and year (and location).

Source: our own layout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from kernels import F8, Variable
from scenarios.forcing._contract import Forcing, Locations, MayBeInvented
from scenarios.forcing.common.checks import Findings, Years, as_range, least_of, number, runs, whole
from scenarios.forcing.common.declared import NUMBERS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.observed import Observed
from scenarios.forcing.common.observed_columns import ObservedTable, Reading
from scenarios.forcing.common.observed_columns import Source as Seen
from scenarios.forcing.common.place_columns import Words, note_differing, place_columns
from scenarios.forcing.common.places import PLACES
from scenarios.forcing.common.sources import (
    Names,
    Term,
    as_asked,
    by_name,
    not_annual,
    spelled,
    told,
    unit_of,
    unneeded,
    wrong,
)
from scenarios.forcing.common.table import Table, load_table
from scenarios.paths import placed
from scenarios.problems import Problem, nearest
from scenarios.units import UnitText, convert

WHOLE = "global"
"""Name of the one location of a table without locations."""

Index = dict[str, dict[str, dict[int, int]]]
"""Row by model, location and year."""


@dataclass(frozen=True)
class Source:
    """A driver, the columns it is the sum of, and their units."""

    driver: Variable
    terms: list[Term]
    units: dict[str, str]


class Spec(MayBeInvented):
    """``forcing:`` of a table of annual series."""

    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="annual series, one row per land model and year (and location)",
            quantities=(
                Quantity("year", "time"),
                Quantity("model", "name"),
                Quantity("<location>", "name", needed=False),
                Quantity("<drivers>", "driver", (), "file or scenario"),
            ),
            orders=(Order("rows", ("model", "location", "year")), Order("columns", ("name",))),
            missing=NUMBERS_MISSING,
            agree=("every model has the same years and locations",),
        ),
        Input(
            key="observed",
            format="table",
            holds="what was observed, one row per value; of all models, or with a column of them",
            quantities=(
                Quantity("<observed>", "observation", (), "file or scenario", "allowed"),
                Quantity("<errors>", "observation", (), "file or scenario", "allowed", False),
                Quantity("<year>", "time"),
            ),
            orders=(Order("columns", ("name",)),),
            missing="an empty cell, NA, NaN, -, . or a usual fill value: no value, which is told",
        ),
    )
    along: ClassVar[tuple[str, ...]] = ("time",)

    reader: Literal["annual_table"]
    path: str = Field(min_length=1, description="CSV or Parquet file, one row per model and year")
    columns: dict[str, Names] = Field(
        default={},
        description="driver: column, or a list of columns to add ('-ra' subtracts); by default "
        "the column of the same name, cSoil (+ cLitter) for c_soil_model",
    )
    units: dict[str, UnitText] = Field(
        default={}, description="column or driver: unit, where the header does not say NPP [unit]"
    )
    year: str = Field(default="year", description="column of calendar years")
    model: str = Field(default="model", description="column of land model names")
    location: str | None = Field(default=None, description="column of vegetation types or sites")
    members: Literal["all"] | list[str] = Field(
        default="all", description="land models to take, in this order"
    )
    years: Years | None = Field(
        default=None, description="first and last year; by default all that every model has"
    )
    observed: ObservedTable | None = Field(
        default=None,
        description="{output: column, error: column}, what outputs are compared with year by year; "
        "with path: and year: from a file of its own, for all models or by its column of them",
    )

    @field_validator("members")
    @classmethod
    def _once(cls, members: Literal["all"] | list[str]) -> Literal["all"] | list[str]:
        if not members or (members != "all" and len(set(members)) < len(members)):
            raise ValueError("say all, or name one or more models, each once")
        return members

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return a forcing per land model; see `ReaderSpec.read`."""
        findings = Findings()
        for problem in not_annual(needs):
            findings.add("drivers", problem)
        table = load_table(placed(base, self.path), findings, keep_ragged=True)
        table.refuse_ragged(findings, None if self.members == "all" else self.members)
        sources = self._sources(table, needs, findings)
        index = self._index(table, findings)
        models = self._members(index, table, findings)
        forcings = _Reading(self, table, sources, index, findings).read(models)
        findings.raise_all()
        if self.observed is None:
            return forcings
        observing = self._observing(self.observed, table, base, findings)
        forcings = [self._with_observed(one, self.observed, *observing) for one in forcings]
        findings.raise_all()
        return forcings

    def compared(self) -> dict[str, str]:
        """Return the outputs that are observed; see `ReaderSpec.compared`."""
        outputs = () if self.observed is None else self.observed.outputs
        return {output: f"forcing.observed.{output}" for output in outputs}

    def _observing(
        self, asked: ObservedTable, table: Table, base: Path, findings: Findings
    ) -> tuple[Table, Mapping[str, str], Findings]:
        """Return the table with what is observed, and its columns of dates."""
        if asked.path is None:
            return table, {"year": self.year}, findings
        file = placed(base, asked.path, "forcing.observed.path")
        seen = load_table(file, findings, rows="one row per value")
        if self.location is not None and self.location not in seen.names:
            text = f"no column {self.location!r}{nearest(self.location, seen.names)}"
            findings.fatal("columns", seen.in_header(f"{text}; rename the column of locations"))
        return seen, asked.dates, findings

    def _with_observed(
        self,
        forcing: Forcing,
        asked: ObservedTable,
        table: Table,
        dates: Mapping[str, str],
        findings: Findings,
    ) -> Forcing:
        """Return a forcing with what is observed of its model, or of all."""
        if self.model in table.names:
            at = table.names.index(self.model)
            rows = [row for row in table.rows if _named(row[1][at]) == forcing.name]
            table = replace(table, rows=rows)
        reading = Reading(asked, self.units, forcing.locations.names, findings)
        found: dict[str, Observed] = reading.of([Seen(table, self.location, dates)])
        said: dict[str, Any] = {**forcing.provenance, "observed": reading.said}
        if table.digest not in said["files"]:
            said["files"] = [*said["files"], dict(table.digest)]
        if reading.warnings:
            said["warnings"] = reading.warnings
        return replace(forcing, provenance=said, observations=found)

    def _sources(self, table: Table, needs: Sequence[Variable], findings: Findings) -> list[Source]:
        """Return what supplies each driver; leave out those that cannot be supplied."""
        for problem in unneeded(self.columns, needs, "forcing.columns", PLACES):
            findings.add("drivers", problem)
        for problem in unneeded(self.units, needs, "forcing.units", table.names):
            findings.add("units", problem)
        rest = [n for n in table.names if n not in (self.year, self.model, self.location)]
        sources = []
        for need in needs:
            complaints: list[str] = []
            if need.name in self.columns:
                terms, complaints = as_asked(self.columns[need.name], rest, "column")
            else:
                terms, complaint = by_name(need.name, rest, "column", "columns")
                complaints = [complaint] if complaint else []
            for complaint in complaints:
                findings.add("columns", table.problem(complaint, f"driver {need.name!r}"))
            if not complaints:
                units = self._units(table, need, terms, findings)
                sources.append(Source(need, terms, units))
        return sources

    def _units(
        self, table: Table, need: Variable, terms: list[Term], findings: Findings
    ) -> dict[str, str]:
        """Return units by column; empty where a problem was noted."""
        units = {}
        for term in terms:
            in_header = table.units.get(term.name, "")
            unit, complaint = unit_of(
                term.name, need, self.units, found=in_header, example=need.units
            )
            if not complaint:
                try:
                    convert(0.0, unit, need.units)
                except ValueError as error:
                    complaint = str(error)
            if complaint:
                findings.add("units", table.problem(complaint, f"column {term.name!r}"))
            units[term.name] = "" if complaint else unit
        return units

    def _index(self, table: Table, findings: Findings) -> Index:
        """Return row by model, location and year; note repeated and unreadable keys."""
        wanted = [("year", self.year), ("model", self.model)]
        if self.location is not None:
            wanted.append(("location", self.location))
        index: Index = {}
        for word, name in wanted:
            if name not in table.names:
                text = f"no column {name!r}{nearest(name, table.names)}"
                advice = f"; say {word}: NAME in the scenario, or rename the column"
                findings.add("columns", table.problem(text + advice))
        if any(name not in table.names for _, name in wanted):
            return index
        at = [table.names.index(name) for _, name in wanted]
        for row, (_, cells) in enumerate(table.rows):
            keys = [cells[i] for i in at]
            # What is wrong with a model that nobody asks for stops nobody.
            if self.members == "all" or _named(keys[1]) in self.members:
                self._enter(index, row, keys, table, findings)
        return index

    def _enter(
        self, index: Index, row: int, keys: list[Any], table: Table, findings: Findings
    ) -> None:
        names = [_named(key) for key in keys[1:]]
        for column, name in zip((self.model, self.location), names, strict=False):
            if name.lower() in ("", "nan", "none", "<na>"):
                text = "is empty; needed a name"
                findings.add("bad names", table.problem(text, f"column {column!r}", row))
                return
        year = _year(keys[0])
        if year is None:
            text = f"{keys[0]!r} is not a year; needed a whole number such as 1901"
            findings.add("bad years", table.problem(text, f"column {self.year!r}", row))
            return
        rows = index.setdefault(names[0], {}).setdefault(names[1] if names[1:] else WHOLE, {})
        if year in rows:
            first = table.rows[rows[year]][0]
            word = "line" if table.has_lines else "row"
            text = f"is there again, first in {word} {first}; needed one row per model and year"
            where = f"model {names[0]!r}, {'/'.join([*names[1:], f'year {year}'])}"
            findings.add("repeated years", table.problem(text, where, row))
            return
        rows[year] = row

    def _members(self, index: Index, table: Table, findings: Findings) -> list[str]:
        if self.members == "all":
            return list(index)
        for i, name in enumerate(self.members):
            if name not in index and self.model in table.names:
                at = table.names.index(self.model)
                there = dict.fromkeys(_named(cells[at]) for _, cells in table.rows)
                if name in there:
                    continue
                text = f"no model {name!r} in {table.file}{nearest(name, there)}"
                findings.add("members", Problem(text, f"forcing.members[{i}]"))
        return [name for name in self.members if name in index]


class _Reading:
    """The rows of a table on their way to arrays."""

    def __init__(
        self, spec: Spec, table: Table, sources: list[Source], index: Index, findings: Findings
    ) -> None:
        self.spec, self.table, self.sources = spec, table, sources
        self.index, self.findings = index, findings

    def read(self, models: list[str]) -> list[Forcing]:
        """Return a forcing per model; worth nothing where something was found."""
        if not models:
            return []
        places = list(self.index[models[0]])
        for model in models:
            self._check_places(model, places)
        span = self.spec.years or self._common(models)
        if span is None:
            return []
        self.locations = Locations(tuple(places), self._columns(models, places))
        return [self._forcing(model, places, span) for model in models]

    def _check_places(self, model: str, places: list[str]) -> None:
        """Note locations that this model has and the first has not, or the other way round."""
        own_places = self.index[model]
        for place in [
            *(p for p in places if p not in own_places),
            *(p for p in own_places if p not in places),
        ]:
            has = "not this location" if place in places else "a location the first model has not"
            text = f"has {has}; needed the same locations for every model"
            where = f"model {model!r}, location {place!r}"
            self.findings.add("missing locations", self.table.problem(text, where))

    def _columns(self, models: list[str], places: list[str]) -> dict[str, F8]:
        """Return latitude, longitude and area of the locations; one value of each in every row."""
        if self.spec.location is None:
            return {}
        named = [
            [self.index[model].get(place, {}).values() for model in models] for place in places
        ]
        rows = [[row for group in each for row in group] for each in named]
        chosen = {n: c for n, c in self.spec.columns.items() if n in PLACES and isinstance(c, str)}
        keys = (self.spec.year, self.spec.model, self.spec.location)
        words = Words(keys, chosen, self.spec.units)
        first = [each[0] for each in rows]
        columns = place_columns(self.table, first, words, self.findings, places)
        note_differing(self.table, rows, words, self.findings)
        return columns

    def _common(self, models: list[str]) -> tuple[int, int] | None:
        series = [rows for model in models for rows in self.index[model].values()]
        first, last = max(map(min, series)), min(map(max, series))
        if first < last:
            return first, last
        spans = [
            f"{model} {as_range((min(rows), max(rows)))}"
            for model in models
            for rows in self.index[model].values()
        ]
        text = f"the models share fewer than two years: {'; '.join(spans[:6])}"
        self.findings.add("years", self.table.problem(text))
        return None

    def _forcing(self, model: str, places: list[str], span: tuple[int, int]) -> Forcing:
        years = np.arange(span[0], span[1] + 1, dtype=np.int64)
        for place in places:
            self._check_years(model, place, span)
        drivers = {s.driver.name: self._driver(model, places, years, s) for s in self.sources}
        provenance = {
            "reader": "annual_table",
            "model": model,
            "files": [dict(self.table.digest)],
            "years": list(span),
            "drivers": {s.driver.name: told(s.driver, s.terms, s.units) for s in self.sources},
            "conventions": "one value per calendar year as the table has it; where a time unit "
            "is changed, yr is 365.25 d",
        }
        label = self.spec.invented
        return Forcing(model, drivers, {"year": years}, self.locations, provenance, label)

    def _check_years(self, model: str, place: str, span: tuple[int, int]) -> None:
        """Note the years that are not there."""
        rows = self.index[model].get(place, {})
        missing = [year for year in range(span[0], span[1] + 1) if year not in rows]
        where = f"model {model!r}" + (f", location {place!r}" if place != WHOLE else "")
        for run in runs(missing) if rows else ():
            text = f"no row for {as_range(run)}; needed every year of {as_range(span)}"
            if run[0] == span[0] or run[1] == span[1]:
                text += f" and found {as_range((min(rows), max(rows)))}: correct years:"
            self.findings.add("gaps", self.table.problem(text, where))

    def _driver(self, model: str, places: list[str], years: Any, source: Source) -> F8:
        """Return a driver, (L, T), in its unit."""
        total = np.zeros((len(places), len(years)))
        for term in source.terms:
            total += term.sign * self._column(model, places, years, source, term.name)
        if len(source.terms) > 1 and all(source.units.values()):
            for bad, need in wrong(source.driver.name, source.driver, total):
                for i, t in zip(*np.nonzero(bad), strict=True):
                    text = f"found {total[i, t]:g} {source.driver.units}; {need}"
                    where = f"{self._where(model, places[i], years[t])}, {spelled(source.terms)}"
                    self.findings.add("bad sums", self.table.problem(text, where))
        return total

    def _column(self, model: str, places: list[str], years: Any, source: Source, name: str) -> F8:
        """Return a column, (L, T), in the driver's unit; NaN where a cell was refused."""
        at = self.table.names.index(name)
        raw = np.full((len(places), len(years)), np.nan)
        least = least_of(source.units[name])
        for i, place in enumerate(places):
            rows = self.index[model].get(place, {})
            for t, year in enumerate(years.tolist()):
                if year not in rows:
                    continue
                try:
                    raw[i, t] = number(self.table.rows[rows[year]][1][at], least)
                except ValueError as error:
                    self._bad(f"{error}; needed a number", model, place, year, name)
        if not source.units[name]:
            return raw
        values = convert(raw, source.units[name], source.driver.units)
        for bad, need in wrong(name, source.driver, values):
            for i, t in zip(*np.nonzero(bad), strict=True):
                text = f"found {raw[i, t]:g} {source.units[name]}; {need}"
                self._bad(text, model, places[i], int(years[t]), name)
        return values

    def _where(self, model: str, place: str, year: int) -> str:
        site = f", location {place!r}" if place != WHOLE else ""
        return f"model {model!r}{site}, year {year}"

    def _bad(self, text: str, model: str, place: str, year: int, column: str) -> None:
        where = f"{self._where(model, place, year)}, column {column!r}"
        row = self.index[model][place][year]
        self.findings.add("bad values", self.table.problem(text, where, row))


def _named(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _year(cell: Any) -> int | None:
    """Return a whole number of at most four digits from a cell."""
    year = whole(cell)
    return year if year is not None and 0 <= year <= 9999 else None
