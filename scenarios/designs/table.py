"""Table: rows that someone else made, from a CSV or Parquet file.

Source: whoever made the rows.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from kernels import F8
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs.distributions.account import account
from scenarios.designs.distributions.admissible import describe_all, excesses
from scenarios.designs.distributions.conversion import conversion
from scenarios.designs.distributions.grammar import EVERY
from scenarios.designs.sampling.levels import Levels, runs, single, span
from scenarios.forcing.common.checks import Findings, number
from scenarios.forcing.common.table import Table, load_table
from scenarios.paths import placed
from scenarios.problems import (
    Problem,
    ScenarioError,
    and_more,
    most_named,
    nearest,
    no_parameter,
    of_kernel,
)
from scenarios.units import UnitText, contradicts

MOST = 10
"""Bad cells named in one column; a file of another kind would have thousands."""


class Spec(DesignSpec):
    """The rows of a file, in its order."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"method": "table", "path": "samples.csv"}]}
    )

    method: Literal["table"]
    path: str = Field(
        description="a .csv file with one header line, or a .parquet file; relative to the "
        "scenario. Lines that begin with # and empty lines are skipped, and columns without a name"
    )
    columns: dict[str, str] | None = Field(
        default=None,
        min_length=1,
        description="parameter: column of the file; default: every column, by its own name",
    )
    units: dict[str, UnitText] = Field(
        default={},
        description="parameter: units in the file, where the header does not say tau [yr]; "
        "default: the kernel's",
    )

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies; ``"*"`` where only the file knows."""
        return tuple(self.columns) if self.columns is not None else (EVERY,)

    def _kept_as(self) -> str:
        return self.path.replace("/", "_")

    def files(self, base: Path) -> dict[str, Path]:
        """Return the table, so that a store can keep a copy; see `DesignSpec.files`."""
        return {self._kept_as(): placed(base, self.path, "design.path")}

    def judge(self, context: Context) -> list[Problem]:
        """Return what can be said before the file is opened; see `DesignSpec.judge`."""
        return list(self._wanted(context))

    def open(self, context: Context) -> "Rows":
        """Return the design; raise `ScenarioError` with every problem found."""
        file = context.base / self._kept_as()
        # Of a store, its own copy: the path may lead to a table that has changed since.
        if not file.is_file() or "/" not in self.path:
            file = placed(context.base, self.path, f"{context.path}.path")
        problems = list(self._wanted(context))
        if not file.is_file():
            text = "no such file; the path is relative to the scenario's folder"
            problems.append(Problem(text, f"{context.path}.path", str(file)))
            raise ScenarioError(problems)
        findings = Findings()
        try:
            table = load_table(
                file, findings, rows="one row or more", needed="a header line and rows", large=True
            )
            findings.raise_all()
        except ScenarioError as error:
            raise ScenarioError([*problems, *error.problems]) from error
        values = self._columns(table, context, problems)
        if problems:
            raise ScenarioError(problems)
        attributes = account(
            context,
            self.method,
            len(table.rows),
            parameters=list(values),
            file=self.path,
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            columns=self.columns or {name: name for name in values},
            units={**_said(table, values, self.columns), **self.units},
            admissible=describe_all(context, values),
            warnings=[],
        )
        return Rows(tuple(values), len(table.rows), attributes, values)

    def _wanted(self, context: Context) -> Iterator[Problem]:
        """Yield what ``columns`` and ``units`` name that is not there."""
        for name in self.columns or ():
            if name not in context.parameters:
                hint = of_kernel(name, context.parameters)
                place = f"{context.path}.columns.{name}"
                yield Problem(f"the kernel has no parameter {name!r}{hint}", place)
        parameters = self.columns if self.columns is not None else context.parameters
        for name in self.units:
            if name not in parameters:
                place = f"{context.path}.units.{name}"
                yield Problem(f"no column is read for {name!r}{nearest(name, parameters)}", place)

    def _columns(self, table: Table, context: Context, problems: list[Problem]) -> dict[str, F8]:
        """Return each parameter's values (1, n) in kernel units."""
        source = self.columns or {name: name for name in table.names}
        values: dict[str, F8] = {}
        for name, column in source.items():
            where = f"column {column!r}"
            at = _place(table, column)
            if at is None:
                text = f"there is no such column{nearest(column, table.names)}"
                problems.append(table.problem(text, where))
            elif name not in context.parameters:
                if self.columns is None:
                    text = (
                        f"{no_parameter(name, context.parameters)}; "
                        "say which columns to read under columns:"
                    )
                    problems.append(table.problem(text, where))
            else:
                read = self._column(name, at, table, context, problems)
                if read is not None:
                    values[name] = read
        return values

    def _column(
        self, name: str, at: int, table: Table, context: Context, problems: list[Problem]
    ) -> F8 | None:
        """Return one column, checked cell by cell; None with problems added."""
        where = f"column {table.names[at]!r}"
        parameter = context.parameters[name]
        of_header = table.units.get(table.names[at], "")
        try:
            units = conversion(self._unit(name, of_header), parameter.units)
        except ValueError as error:
            place = f"{context.path}.units.{name}"
            problems.append(
                Problem(str(error), place)
                if name in self.units
                else table.in_header(str(error), where)
            )
            return None
        numbers, bad = _numbers(table, at, parameter.lower)
        first = [*bad][: most_named(MOST)]
        for row in first:
            text = bad[row]
            if row == first[-1]:
                text += and_more(len(bad) - len(first), "rows of this column")
            problems.append(table.problem(text, where, row))
        if bad:
            return None
        values = units.to_kernel(numbers)[None]
        for excess in excesses(name, values, context):
            text = f"{excess.text}; correct or remove the row"
            problems.append(table.problem(text, where, excess.row))
        return values

    def _unit(self, name: str, of_header: str) -> str:
        """Return the unit of a column; empty for the kernel's."""
        word = self.units.get(name, "")
        if contradicts(of_header, word):
            raise ValueError(f"is {word!r} and the header says {of_header!r}; correct one of them")
        return word or of_header


def _place(table: Table, column: str) -> int | None:
    """Return which column a name is of, with or without the unit behind it."""
    for names in (table.names, table.headers):
        if column in names:
            return names.index(column)
    return None


def _said(table: Table, names: Iterable[str], columns: Mapping[str, str] | None) -> dict[str, str]:
    """Return the units that the header says, by parameter."""
    places = {name: _place(table, (columns or {}).get(name, name)) for name in names}
    by_name = {
        n: table.units.get(table.names[at], "") for n, at in places.items() if at is not None
    }
    return {name: unit for name, unit in by_name.items() if unit}


def _numbers(table: Table, at: int, least: float) -> tuple[F8, dict[int, str]]:
    """Return the cells of a column as numbers, and what is wrong with those that are none."""
    numbers, bad = np.full(len(table.rows), np.nan), {}
    for row, (_, cells) in enumerate(table.rows):
        try:
            numbers[row] = number(cells[at], least)
        except ValueError as error:
            bad[row] = f"{error}; needed a finite number"
    return numbers, bad


@dataclass(frozen=True)
class Rows:
    """The rows of a file; see `Design`."""

    parameters: tuple[str, ...]
    size: int
    attributes: dict[str, Any]
    values: dict[str, F8]
    rows_together: int = 1
    extendable: bool = False

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return each parameter's values, shape (1, stop - start), kernel units."""
        span(self.size, start, stop)
        return {name: values[:, start:stop] for name, values in self.values.items()}

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)``; consecutive rows that agree share one."""
        span(self.size, start, stop)
        used = [self.values[name][0, start:stop] for name in self.parameters if name in names]
        if not used:
            return single(start, stop)
        fresh = np.ones(stop - start, dtype=np.bool_)
        fresh[1:] = np.any([column[1:] != column[:-1] for column in used], axis=0)
        return runs(fresh)

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return nothing: rows of unknown making have no indices of their own."""
        return {}
