"""Join the location table of a scenario to the locations of its forcings."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8
from scenarios import paths
from scenarios.forcing import Locations
from scenarios.forcing.common.checks import Findings, number
from scenarios.forcing.common.place_columns import Words, place_columns
from scenarios.forcing.common.places import place_of
from scenarios.forcing.common.table import Table, load_table
from scenarios.problems import Problem, ScenarioError, and_more, most_named, nearest, shown
from scenarios.reading.checks import RESERVED
from scenarios.sections import LocationTable

_COLUMN = re.compile(r"[A-Za-z]\w*")


def join(
    locations: Locations, table: LocationTable, base: Path, taken: Collection[str] = ()
) -> Locations:
    """Return the locations with the table's numeric columns added.

    Parameters
    ----------
    locations : Locations
        Of the forcings.
    table : LocationTable
    base : Path
        Folder of the scenario.
    taken : collection of str
        Names that columns cannot have, besides those of every store.

    Raises
    ------
    ScenarioError
        No such file or key, a location without a row or with two, a value that is not a finite
        number, a name that is taken; all of them.
    """
    file = paths.placed(base, table.table, "locations.table")
    findings = Findings()
    loaded = load_table(
        file, findings, rows="one row per location", needed=f"a header such as {table.key},area"
    )
    if table.key not in loaded.names:
        text = f"has no column {table.key!r}{nearest(table.key, loaded.names)}"
        findings.add("columns", loaded.in_header(f"{text}; rename it, or say locations.key:"))
    findings.raise_all()
    rows = _by_name(loaded, table.key, locations, findings)
    findings.raise_all()
    columns = dict(locations.columns)
    for at, name in enumerate(loaded.names):
        cells = [loaded.rows[row][1][at] for row in rows]
        if name == table.key or place_of(name) or _is_label(cells):
            continue
        for text in _name_complaints(loaded.headers[at], {*taken} | RESERVED):
            findings.add("columns", loaded.in_header(text, f"column {shown(loaded.headers[at])}"))
        columns[name] = _column(loaded, rows, at, locations, findings)
    columns |= place_columns(loaded, rows, Words((table.key,)), findings, locations.names)
    findings.raise_all()
    return replace(locations, columns=columns)


def labels(
    column: str, locations: Locations, table: LocationTable | None, base: Path, where: str
) -> tuple[str, ...]:
    """Return a column of locations as labels: words, or numbers as they are written shortest.

    Parameters
    ----------
    column : str
    locations : Locations
        With the numeric columns of the table joined.
    table : LocationTable, optional
    base : Path
        Folder of the scenario.
    where : str
        Place of the scenario that asks, for messages.

    Raises
    ------
    ScenarioError
        No such column, or a location without a value in it.
    """
    if column in locations.columns:
        numbers = np.asarray(locations.columns[column], dtype=np.float64)
        if np.isnan(numbers).any():
            name = locations.names[int(np.isnan(numbers).argmax())]
            text = f"column {column!r} has no value at location {name!r}; needed one at each"
            raise ScenarioError([Problem(text, where)])
        return tuple(f"{value:.12g}" for value in numbers.tolist())
    found = None if table is None else _words(column, locations, table, base, where)
    if found is None:
        names = [*locations.columns, *([] if table is None else _headers(table, base))]
        text = f"no column {column!r} of locations{nearest(column, names)}"
        more = "" if table else "; say locations: {table: FILE.csv}, one row per location"
        raise ScenarioError([Problem(f"{text}{more}", where)])
    return found


def words(locations: Locations, table: LocationTable, base: Path) -> dict[str, tuple[str, ...]]:
    """Return the columns that hold words alone, in the order of locations.

    Parameters
    ----------
    locations : Locations
    table : LocationTable
        One that `join` has read.
    base : Path
        Folder of the scenario.
    """
    loaded = _loaded(table, base)
    rows = _by_name(loaded, table.key, locations, Findings())
    columns = {
        name: tuple(loaded.rows[row][1][at] for row in rows)
        for at, name in enumerate(loaded.names)
        if name != table.key
    }
    return {name: cells for name, cells in columns.items() if _is_label(cells)}


def _loaded(table: LocationTable, base: Path) -> Table:
    """Return a table that was read, and found sound, already."""
    file = paths.placed(base, table.table, "locations.table")
    return load_table(file, Findings(), rows="one row per location", needed="a header")


def _headers(table: LocationTable, base: Path) -> list[str]:
    """Return the columns of a table that was read already."""
    return [name for name in _loaded(table, base).names if name != table.key]


def _words(
    column: str, locations: Locations, table: LocationTable, base: Path, where: str
) -> tuple[str, ...] | None:
    """Return a column of words in the order of locations; None where there is none."""
    findings, loaded = Findings(), _loaded(table, base)
    if column not in loaded.names:
        return None
    at, rows = loaded.names.index(column), _by_name(loaded, table.key, locations, findings)
    found = tuple(str(loaded.rows[row][1][at]).strip() for row in rows)
    for name, row, word in zip(locations.names, rows, found, strict=False):
        if not word:
            text = "has no value; needed one at each location"
            findings.add("gaps", loaded.problem(text, f"column {column!r}, location {name!r}", row))
    findings.raise_all()
    return found


def _name_complaints(name: str, taken: set[str]) -> Iterator[str]:
    if not _COLUMN.fullmatch(name):
        yield "needed letters, digits and '_', a letter first: rename it"
    elif name in taken:
        yield "is a name that the store has already; rename the column"


def _is_label(cells: Sequence[Any]) -> bool:
    """Return whether a column holds words alone: names of biomes, of people, of soils."""
    return not any(map(_meant_as_number, cells))


def _meant_as_number(cell: Any) -> bool:
    if not isinstance(cell, str):
        return not isinstance(cell, bool)
    try:
        float(cell)
    except ValueError:
        return not cell[:1].isalpha() or cell.lower() in ("na", "none", "null")
    return True


def _by_name(table: Table, key: str, locations: Locations, findings: Findings) -> list[int]:
    """Return the row of each location; note those that are missing or there twice."""
    at, row_by_name = table.names.index(key), dict[str, int]()
    for row, (_, cells) in enumerate(table.rows):
        name = str(cells[at]).strip()
        if name in row_by_name:
            first = table.rows[row_by_name[name]][0]
            text = f"stands twice, first in line {first}; keep one row"
            findings.add("repeated rows", table.problem(text, f"location {name!r}", row))
        row_by_name.setdefault(name, row)
    missing = [name for name in locations.names if name not in row_by_name]
    if missing:
        named = missing[: most_named(5)]
        more = and_more(len(missing) - len(named))
        listed = ", ".join(map(repr, named))
        there = f"; the table has {', '.join(map(repr, [*row_by_name][:5]))}" if row_by_name else ""
        text = f"has no row for location {listed}{more}{there}; add one each"
        findings.add("missing rows", table.problem(text))
    return [row_by_name[name] for name in locations.names if name in row_by_name]


def _column(
    table: Table, rows: Sequence[int], at: int, locations: Locations, findings: Findings
) -> F8:
    """Return a column in the order of the locations; note cells that are no numbers."""
    values = np.full(len(rows), np.nan)
    for k, row in enumerate(rows):
        try:
            values[k] = number(table.rows[row][1][at])
        except ValueError as error:
            where = f"column {table.names[at]!r}, location {shown(locations.names[k])}"
            findings.add("bad values", table.problem(f"{error}; needed a number", where, row))
    return values
