"""Join the location table of a scenario to the locations of its forcings."""

import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenarios._check import RESERVED
from scenarios._problems import Problem, ScenarioError, nearest, shown
from scenarios._yaml import read_text
from scenarios.forcing import Locations
from scenarios.forcing._checks import not_a_file, number
from scenarios.spec import LocationTable

Row = tuple[int, list[str]]

COORDINATES = frozenset({"lat", "lon", "area"})
"""Names of every store that a table may supply."""

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
    file = base / table.table
    text = not_a_file(file, "a CSV table with one row per location")
    if text:
        raise ScenarioError([Problem(text, file=str(file))])
    header, rows = _read(file)
    problems = list(_header_problems(header, table.key)) or list(_row_problems(rows, len(header)))
    columns = dict(locations.columns)
    if not problems:
        by_name, problems = _by_name(rows, header.index(table.key), locations)
    for at, name in enumerate([] if problems else header):
        cells = [by_name[place] for place in locations.names]
        if name == table.key or _is_label(name, [row[at] for _, row in cells]):
            continue
        problems += _name_problems(name, {*taken} | RESERVED - COORDINATES)
        columns[name], found = _column(cells, at, name, locations)
        problems += found
    if problems:
        placed = [Problem(p.text, p.where, str(file), p.line) for p in problems]
        raise ScenarioError(placed)
    return Locations(locations.names, columns)


def _read(file: Path) -> tuple[list[str], list[Row]]:
    """Return the header, and rows with their lines; empty lines and ``#`` lines are skipped."""
    text = read_text(file, "a CSV table with one row per location")
    reader = csv.reader(io.StringIO(text, newline=""))
    header: list[str] = []
    rows: list[Row] = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped) or stripped[0].startswith("#"):
                continue
            if header:
                rows.append((reader.line_num, stripped))
            else:
                header = stripped
    except csv.Error as error:
        problem = Problem(f"is not CSV ({error}); check the quotes", "", str(file), reader.line_num)
        raise ScenarioError([problem]) from error
    return header, rows


def _header_problems(header: list[str], key: str) -> Iterator[Problem]:
    if not header:
        yield Problem(f"is empty; needed a header such as {key},area and one row per location")
    elif key not in header:
        hint = nearest(key, header)
        yield Problem(f"has no column {key!r}{hint}; rename it, or say locations.key:", line=1)
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            yield Problem("stands twice; rename one", f"column {name!r}", line=1)


def _name_problems(name: str, taken: set[str]) -> Iterator[Problem]:
    if not _COLUMN.fullmatch(name):
        text = "needed letters, digits and '_', a letter first: rename it"
        yield Problem(text, f"column {shown(name)}", line=1)
    elif name in taken:
        text = "is a name that the store has already; rename the column"
        yield Problem(text, f"column {name!r}", line=1)


def _is_label(name: str, cells: list[str]) -> bool:
    """Return whether a column holds words alone: names of biomes, of people, of soils."""
    return name not in COORDINATES and not any(map(_meant_as_number, cells))


def _meant_as_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return not cell[:1].isalpha() or cell.lower() in ("na", "none", "null")
    return True


def _row_problems(rows: list[Row], width: int) -> Iterator[Problem]:
    for line, cells in rows:
        if len(cells) != width:
            text = f"has {len(cells)} cells; needed {width}, as the header has"
            yield Problem(text, line=line)


def _by_name(
    rows: list[Row], key: int, locations: Locations
) -> tuple[dict[str, Row], list[Problem]]:
    """Return the rows of the locations by name, and what is wrong with them."""
    found: dict[str, Row] = {}
    problems = []
    for line, cells in rows:
        if cells[key] in found:
            text = f"stands twice, first in line {found[cells[key]][0]}; keep one row"
            problems.append(Problem(text, f"location {cells[key]!r}", line=line))
        found.setdefault(cells[key], (line, cells))
    missing = [name for name in locations.names if name not in found]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        listed = ", ".join(map(repr, missing[:5]))
        there = f"; the table has {', '.join(map(repr, [*found][:5]))}" if found else ""
        problems.append(Problem(f"has no row for location {listed}{more}{there}; add one each"))
    return found, problems


def _column(
    cells: list[Row], at: int, name: str, locations: Locations
) -> tuple[NDArray[np.float64], list[Problem]]:
    """Return a column in the order of the locations, and cells that are no numbers."""
    values = np.full(len(cells), np.nan)
    problems = []
    for k, (line, row) in enumerate(cells):
        try:
            values[k] = number(row[at])
        except ValueError as error:
            where = f"column {name!r}, location {shown(locations.names[k])}"
            problems.append(Problem(f"{error}; needed a number", where, line=line))
    return values, problems
