"""Table: rows that someone else made, from a CSV or Parquet file."""

import csv
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from scenarios._problems import Problem, ScenarioError, nearest
from scenarios.designs._account import account
from scenarios.designs._admissible import describe_all, excesses
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs._grammar import EVERY
from scenarios.designs._levels import Levels, runs, single, span
from scenarios.designs._units import conversion

F8 = NDArray[np.float64]

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
        "scenario. Lines that begin with # and empty lines are skipped"
    )
    columns: dict[str, str] | None = Field(
        default=None,
        min_length=1,
        description="parameter: column of the file; default: every column, by its own name",
    )
    units: dict[str, str] = Field(
        default={}, description="parameter: units in the file; default: the kernel's"
    )

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies; ``"*"`` where only the file knows."""
        return tuple(self.columns) if self.columns is not None else (EVERY,)

    def _kept_as(self) -> str:
        return self.path.replace("/", "_")

    def files(self, base: Path) -> dict[str, Path]:
        """Return the table, so that a store can keep a copy; see `DesignSpec.files`."""
        return {self._kept_as(): base / self.path}

    def open(self, context: Context) -> "Table":
        """Return the design; raise `ScenarioError` with every problem found."""
        file = context.base / self.path
        if not file.exists():
            file = context.base / self._kept_as()
        problems = list(self._wanted(context))
        if not file.is_file():
            text = "no such file; the path is relative to the scenario's folder"
            problems.append(Problem(text, f"{context.path}.path", str(file)))
            raise ScenarioError(problems)
        try:
            found = _parquet(file) if file.suffix == ".parquet" else _csv(file)
        except ValueError as error:
            raise ScenarioError(
                [*problems, Problem(str(error), f"{context.path}.path", str(file))]
            ) from error
        values, lines = self._columns(found, file, context, problems)
        if problems:
            raise ScenarioError(problems)
        attributes = account(
            context,
            self.method,
            len(lines),
            parameters=list(values),
            file=self.path,
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            columns=self.columns or {name: name for name in values},
            units=self.units,
            admissible=describe_all(context, values),
            warnings=[],
        )
        return Table(tuple(values), len(lines), attributes, values)

    def _wanted(self, context: Context) -> Iterator[Problem]:
        """Yield what ``columns`` and ``units`` name that is not there."""
        for name in self.columns or ():
            if name not in context.parameters:
                hint = nearest(name, context.parameters)
                place = f"{context.path}.columns.{name}"
                yield Problem(f"the kernel has no parameter {name!r}{hint}", place)
        known = self.columns if self.columns is not None else context.parameters
        for name in self.units:
            if name not in known:
                place = f"{context.path}.units.{name}"
                yield Problem(f"no column is read for {name!r}{nearest(name, known)}", place)

    def _columns(
        self,
        found: "Columns",
        file: Path,
        context: Context,
        problems: list[Problem],
    ) -> tuple[dict[str, F8], tuple[int, ...]]:
        """Return each parameter's values (1, n) in kernel units, and the rows' lines."""
        source = self.columns or {name: name for name in found.cells}
        values: dict[str, F8] = {}
        for name, column in source.items():
            where = f"column {column!r}"
            if column not in found.cells:
                text = f"there is no such column{nearest(column, found.cells)}"
                problems.append(Problem(text, where, str(file)))
            elif name not in context.parameters:
                if self.columns is None:
                    text = (
                        f"the kernel has no parameter {name!r}{nearest(name, context.parameters)}; "
                        "say which columns to read under columns:"
                    )
                    problems.append(Problem(text, where, str(file)))
            else:
                read = self._column(name, column, found, file, context, problems)
                if read is not None:
                    values[name] = read
        if not found.lines:
            problems.append(Problem("has no rows; needed one or more", "", str(file)))
        return values, found.lines

    def _column(
        self,
        name: str,
        column: str,
        found: "Columns",
        file: Path,
        context: Context,
        problems: list[Problem],
    ) -> F8 | None:
        """Return one column, checked cell by cell; None with problems added."""
        where = f"column {column!r}"
        numbers, bad = _numbers(found.cells[column])
        for row in bad[:MOST]:
            text = f"found {found.cells[column][row]!r}; needed a finite number"
            if row == bad[:MOST][-1] and len(bad) > MOST:
                text += f" (and {len(bad) - MOST} more rows of this column)"
            problems.append(Problem(text, where, str(file), found.lines[row]))
        parameter = context.parameters[name]
        try:
            units = conversion(self.units.get(name, ""), parameter.units)
        except ValueError as error:
            problems.append(Problem(str(error), f"{context.path}.units.{name}"))
            return None
        if bad:
            return None
        values = units.to_kernel(numbers)[None]
        for excess in excesses(name, values, context):
            text = f"{excess.text}; correct or remove the row"
            problems.append(Problem(text, where, str(file), found.lines[excess.row]))
        return values


@dataclass(frozen=True)
class Columns:
    """A file as it was read: cells of each column, and the line of each row."""

    cells: Mapping[str, list[Any]]
    lines: tuple[int, ...]


def _csv(file: Path) -> Columns:
    """Return the cells of a CSV file, as text."""
    lines: list[int] = []
    rows: list[list[str]] = []
    # Excel writes a byte order mark, which would become part of the first name.
    with file.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.reader(text, skipinitialspace=True)
        for row in reader:
            if any(cell.strip() for cell in row) and not row[0].startswith("#"):
                rows.append(row)
                lines.append(reader.line_num)
    if not rows:
        raise ValueError("is empty; needed a header line and rows")
    header = [name.strip() for name in rows[0]]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ValueError(f"line {lines[0]}: columns {twice} stand twice; rename one")
    ragged = [line for line, row in zip(lines, rows, strict=True) if len(row) != len(header)]
    if ragged:
        raise ValueError(
            f"line {ragged[0]}: needed {len(header)} cells as in the header; correct the line"
            + (f" ({len(ragged)} lines like it)" if len(ragged) > 1 else "")
        )
    columns = zip(*rows[1:], strict=True) if len(rows) > 1 else ([] for _ in header)
    cells = {name: list(column) for name, column in zip(header, columns, strict=True)}
    return Columns(cells, tuple(lines[1:]))


def _parquet(file: Path) -> Columns:
    """Return the cells of a Parquet file; its rows are counted from 1."""
    from pyarrow import ArrowException, parquet  # type: ignore[import-untyped]

    try:
        table = parquet.read_table(file)
    except (ArrowException, OSError) as error:
        raise ValueError(f"is not a Parquet file that can be read ({error})") from error
    cells = {name: table.column(name).to_pylist() for name in table.column_names}
    return Columns(cells, tuple(range(1, table.num_rows + 1)))


def _numbers(cells: list[Any]) -> tuple[F8, list[int]]:
    """Return the cells as numbers, and the rows that are none."""
    numbers = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        try:
            numbers[row] = float(cell)
        except (TypeError, ValueError):
            continue
    return numbers, np.flatnonzero(~np.isfinite(numbers)).tolist()


@dataclass(frozen=True)
class Table:
    """The rows of a file; see `Design`."""

    parameters: tuple[str, ...]
    size: int
    attributes: dict[str, Any]
    values: dict[str, F8]
    unit: int = 1
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
