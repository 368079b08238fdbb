"""Observed columns of tables of sites: values of outputs with errors, dates and repeats.

.. code-block:: yaml

    observed: {soc: SOC, error: SE}
    observed: {path: cores.csv, year: sampled, soc: {column: SOC, error: SE}, rh: RH}

Without a file of their own the columns are those of the sites, or of the series, whose rows
then say when. A file of its own may have several rows of a site.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from kernels import F8, Variable
from scenarios.forcing.common.checks import Findings, MissingError, number, whole
from scenarios.forcing.common.observed import Observed, Records
from scenarios.forcing.common.sources import unit_of
from scenarios.forcing.common.table import Table
from scenarios.problems import Problem, and_more, most_named, nearest, shown
from scenarios.units import factor, per, readable

PARTS = (("year", 1, 9999), ("month", 1, 12), ("day", 1, 365))
"""Of dates: least and most. A day is of the month where there is one, else of the year."""

LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Of months, in a year of 365 days."""

NAMED = 5
"""Sites without a value that are named."""


def _long(value: Any) -> Any:
    if isinstance(value, str):
        return {"column": value}
    if not isinstance(value, Mapping | BaseModel):
        text = f"found {shown(value)}; needed a column's name, or {{column: SOC, error: SE}}"
        raise ValueError(text)
    return value


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ObservedColumn(_Words):
    """A column of observed values, and that of their errors."""

    column: str = Field(min_length=1, description="column of values")
    error: str | None = Field(default=None, description="column of standard errors")


Column = Annotated[ObservedColumn, BeforeValidator(_long)]


class ObservedTable(_Words):
    """``observed:``, outputs and their columns; the other keys are about all of them."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Column] = Field(init=False)

    path: str | None = Field(
        default=None, min_length=1, description="CSV or Parquet file, one row per value"
    )
    error: str | None = Field(default=None, description="column of standard errors, of one output")
    year: str | None = Field(default=None, description="column of calendar years")
    month: str | None = Field(default=None, description="column of months, 1 to 12")
    day: str | None = Field(
        default=None, description="column of days of the month, or of the year, 1 to 365"
    )

    @property
    def outputs(self) -> dict[str, ObservedColumn]:
        """Return the columns by output."""
        every = self.__pydantic_extra__
        return {n: one if one.error else one.model_copy(update={"error": self.error})
                for n, one in every.items()}  # fmt: skip

    @property
    def dates(self) -> dict[str, str]:
        """Return the columns of dates by what they are."""
        said = {part: getattr(self, part) for part, _, _ in PARTS}
        return {part: column for part, column in said.items() if column is not None}

    @model_validator(mode="after")
    def _sound(self) -> "ObservedTable":
        every = self.__pydantic_extra__
        if not every:
            raise ValueError("names no output; needed {output: column}, such as {soc: SOC}")
        if self.error is not None and len(every) > 1:
            text = f"found error: of {len(every)} outputs; needed it beside its own, as in"
            raise ValueError(f"{text} {next(iter(every))}: {{column: SOC, error: SE}}")
        if self.year is None and self.dates:
            raise ValueError(f"found {next(iter(self.dates))}: without year:; needed both")
        return self


@dataclass(frozen=True)
class Source:
    """A table, its column of sites (None where all rows are of the one site) and those of dates."""

    table: Table
    location: str | None
    dates: Mapping[str, str]


@dataclass
class Reading:
    """Observed columns on their way to arrays.

    Attributes
    ----------
    asked : ObservedTable
    units : mapping of str to str
        ``units:`` of the scenario, by column or output.
    names : sequence of str
        Sites of the run.
    findings : Findings
    said : dict
        What provenance says of each output.
    warnings : list of str
        What is told before a run.
    """

    asked: ObservedTable
    units: Mapping[str, str]
    names: Sequence[str]
    findings: Findings
    said: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def of(self, sources: Sequence[Source]) -> dict[str, Observed]:
        """Return what is observed of every output; those with a fault are left out.

        Parameters
        ----------
        sources : sequence of Source
            Tables that may have the columns; of one that two have, none is taken.
        """
        found = {}
        for output, one in self.asked.outputs.items():
            source = self._source(output, one.column, sources)
            if source is not None:
                observed = self._observed(output, one, source)
                if observed is not None:
                    found[output] = observed
        for source in sources if self.asked.path else ():
            self._unread(source)
        return found

    def _source(self, output: str, column: str, sources: Sequence[Source]) -> Source | None:
        having = [source for source in sources if column in source.table.names]
        where = f"forcing.observed.{output}"
        if len(having) == 1:
            return having[0]
        files = " and ".join(source.table.file for source in sources)
        if having:
            text = f"column {column!r} is in {files}; rename one, or give observed: a path:"
        else:
            every = [name for source in sources for name in source.table.names]
            text = f"no column {column!r} in {files}{nearest(column, every)}"
        self.findings.add("columns", Problem(text, where))
        return None

    def _observed(self, output: str, one: ObservedColumn, source: Source) -> Observed | None:
        unit = self._unit(output, one.column, source.table)
        columns = {"value": one.column, **source.dates}
        if one.error is not None:
            columns["error"] = one.error
        at = {}
        for part, column in columns.items():
            if column in source.table.names:
                at[part] = source.table.names.index(column)
            else:
                hint = nearest(column, source.table.names)
                problem = source.table.in_header(f"no column {column!r}{hint}")
                self.findings.add("columns", problem)
        if not unit or len(at) < len(columns):
            return None
        scale = 1.0
        if one.error is not None:
            scale = self._error_scale(output, one.error, unit, source.table)
        records = _Rows(self, source, at, output).read(scale)
        self._tell(output, records)
        line = records.pop("line") if source.table.has_lines else records.pop("line") * np.nan
        location = records.pop("location").astype(np.int64)
        return Records(
            location=location,
            values=records.pop("value"),
            units=unit,
            meaning=f"observed {output}",
            line=line if source.table.has_lines else None,
            file=source.table.file,
            **records,
        ).by_location(len(self.names))

    def _unit(self, output: str, column: str, table: Table) -> str:
        """Return the unit of a column; empty where that is told to be missing."""
        driver = Variable(output, "", output, ())
        found = table.units.get(column, "")
        said = self.units.get(column, self.units.get(output, ""))
        if not (said or found):
            text = f"column {column!r} has no unit; say units: {{{output}: UNIT}}, or write it in "
            problem = table.in_header(f"{text}the header: {column} [UNIT]")
            self.findings.add("units", problem)
            return ""
        unit, complaint = unit_of(column, driver, self.units, found=found, example=said or found)
        try:
            per(unit)
            if not complaint and not readable(unit):
                complaint = f"{unit!r} is no unit that is known"
        except ValueError as error:
            complaint = str(error)
        if complaint:
            self.findings.add("units", table.in_header(complaint, f"column {column!r}"))
        return "" if complaint else unit

    def _error_scale(self, output: str, column: str, unit: str, table: Table) -> float:
        """Return what errors are multiplied by to be in the unit of their values.

        A unit of the output in the scenario is that of both columns.
        """
        own = self.units.get(column, table.units.get(column, self.units.get(output, "")))
        if not own:
            text = (
                f"column {column!r} has no unit; say units: {{{column}: {unit}}}, or write it in "
            )
            problem = table.in_header(f"{text}the header: {column} [{unit}]")
            self.findings.add("units", problem)
            return 1.0
        try:
            return factor(own, unit)
        except ValueError as error:
            self.findings.add("units", table.in_header(str(error), f"column {column!r}"))
            return 1.0

    def _tell(self, output: str, records: Mapping[str, F8]) -> None:
        held = np.bincount(records["location"].astype(np.int64), minlength=len(self.names))
        self.said[output]["values"] = int(held.sum())
        without = [name for name, n in zip(self.names, held.tolist(), strict=True) if not n]
        if without:
            first = without[: most_named(NAMED)]
            more = and_more(len(without) - len(first))
            self.warnings.append(
                f"{output}: nothing is observed at {len(without):,} of {len(self.names):,} sites, "
                f"{', '.join(map(repr, first))}{more}"
            )

    def _unread(self, source: Source) -> None:
        """Tell of columns that seem to be dates and are not read as such."""
        if not source.dates and "year" in source.table.names:
            text = f"{source.table.file}: column 'year' is not read, and values have no date"
            self.warnings.append(f"{text}; observed: {{year: year}} reads it")


@dataclass
class _Rows:
    """The rows of a table that are values of one output."""

    reading: Reading
    source: Source
    at: Mapping[str, int]
    output: str

    def read(self, scale: float) -> dict[str, F8]:
        """Return one array for each part, (r,): value, error, year, ..., location and line."""
        reading, table = self.reading, self.source.table
        places = {name: k for k, name in enumerate(reading.names)}
        named = self.source.location
        key = None if named is None else table.names.index(named)
        rows: list[list[float]] = []
        missing, others = 0, dict[str, int]()
        first: dict[tuple[Any, ...], int] = {}
        for row, (line, cells) in enumerate(table.rows):
            site = reading.names[0] if key is None else str(cells[key]).strip()
            if site not in places:
                others[site] = others.get(site, 0) + 1
                continue
            value = self._number(row, "value", site)
            if value is None:
                missing += 1
                continue
            if (twin := first.setdefault(tuple(cells), line)) != line:
                kind = "line" if table.has_lines else "row"
                text = f"is there again, cell by cell, first in {kind} {twin}; leave one out, or "
                where = f"location {site!r}"
                self._add("repeated rows", f"{text}tell them apart by a column", where, row)
            error = self._error(row, site, scale)
            rows.append([value, error, *self._date(row, site), places[site], line])
        names = ("value", "error", *(part for part, _, _ in PARTS), "location", "line")
        columns = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
        whole_table = dict(zip(names, columns.T, strict=True))
        kept = {"location", "line", *self.at}
        column = table.names[self.at["value"]]
        reading.said[self.output] = {"from": column, "without_value": missing}
        if "error" in self.at:
            known = np.isfinite(whole_table["error"])
            reading.said[self.output]["without_error"] = int(len(known) - known.sum())
        self._tell_others(others)
        return {name: values for name, values in whole_table.items() if name in kept}

    def _tell_others(self, others: Mapping[str, int]) -> None:
        if others and self.reading.asked.path:
            first = [*others][: most_named(NAMED)]
            listed = ", ".join(map(repr, first))
            more = and_more(len(others) - len(first))
            self.reading.warnings.append(
                f"{self.output}: {sum(others.values()):,} rows of {self.source.table.file} are of "
                f"sites that are not in the run: {listed}{more}"
            )

    def _number(self, row: int, part: str, site: str) -> float | None:
        """Return a number; None where it is missing, or told to be none."""
        table, at = self.source.table, self.at[part]
        try:
            return number(table.rows[row][1][at])
        except MissingError:
            return None
        except ValueError as error:
            where = f"location {site!r}, column {table.names[at]!r}"
            self._add("bad values", f"{error}; needed a number", where, row)
            return None

    def _error(self, row: int, site: str, scale: float) -> float:
        if "error" not in self.at:
            return np.nan
        error = self._number(row, "error", site)
        if error is not None and error <= 0:
            where = f"location {site!r}, column {self.source.table.names[self.at['error']]!r}"
            self._add("bad values", f"found {error:g}; needed an error above 0", where, row)
        return np.nan if error is None else error * scale

    def _date(self, row: int, site: str) -> list[float]:
        """Return year, month and day; NaN for what no column says."""
        date: dict[str, int] = {}
        for part, least, most in PARTS:
            if part not in self.at:
                continue
            cell = self.source.table.rows[row][1][self.at[part]]
            value, end = whole(cell), most
            if part == "day" and "month" in date:
                end = LENGTHS[date["month"] - 1]
            if value is None or not least <= value <= end:
                where = f"location {site!r}, column {self.source.table.names[self.at[part]]!r}"
                of = f" of month {date['month']}" if end != most else ""
                text = f"found {shown(cell)}; needed a {part}{of} from {least} to {end}"
                self._add("bad times", text, where, row)
                break
            date[part] = value
        return [float(date.get(part, np.nan)) for part, _, _ in PARTS]

    def _add(self, kind: str, text: str, where: str, row: int) -> None:
        self.reading.findings.add(kind, self.source.table.problem(text, where, row))
