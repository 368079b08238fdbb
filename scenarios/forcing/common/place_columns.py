"""Columns of tables that say where locations are, in degrees and m2."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kernels import F8
from scenarios.forcing.common.checks import Findings, MissingError, number
from scenarios.forcing.common.places import find_places, in_degrees_or_m2
from scenarios.forcing.common.table import Table
from scenarios.problems import nearest
from scenarios.units import agree


@dataclass(frozen=True)
class Words:
    """What a scenario says of the columns of places.

    Attributes
    ----------
    taken : collection of str
        Columns that are something else.
    columns : mapping of str to str
        Column by place, where several may be meant.
    units : mapping of str to str
        Unit by column or place.
    """

    taken: Collection[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def place_columns(
    table: Table,
    rows: Sequence[int],
    words: Words,
    findings: Findings,
    names: Sequence[str] = (),
) -> dict[str, F8]:
    """Return latitude, longitude (degrees) and area (m2) of rows, (n,), where there are columns.

    Parameters
    ----------
    table : Table
    rows : sequence of int
        Places in ``table.rows``, one for each location.
    words : Words
    findings : Findings
        Two columns of one place, a unit of something else or none that is sure, cells that are
        no numbers or out of range.
    names : sequence of str
        Of the locations, for people.
    """
    columns: dict[str, F8] = {}
    for place, at in _columns(table, words, findings).items():
        name = table.names[at]
        unit = _unit(table, place, name, words, findings)
        if unit is None:
            continue
        column = f"column {name!r}"
        where = [f"{column}, location {one!r}" for one in names] or [column] * len(rows)
        raw = np.array([
            _cell(table, row, at, one, findings) for row, one in zip(rows, where, strict=True)
        ])  # fmt: skip
        if np.isnan(raw).any():
            continue
        columns[place], wrong = in_degrees_or_m2(place, raw, unit)
        for one in wrong:
            if one.at is None:
                text = one.text if unit else f"{one.text} in the header: '{name} [m2]'"
                findings.add("bad places", table.in_header(text, column))
            else:
                findings.add("bad places", table.problem(one.text, where[one.at], rows[one.at]))
    return columns


def record_places(table: Table, findings: Findings, usual: Sequence[str] = ()) -> tuple[F8, F8]:
    """Return latitude and longitude of every row, (n,), degrees; NaN where a cell is empty.

    Parameters
    ----------
    table : Table
    findings : Findings
        Cells that are no numbers or out of range, units of something else.
    usual : sequence of str
        What a database calls the two columns, whatever else may spell them.

    Raises
    ------
    ScenarioError
        There is no such column, or more than one; with all that is known by then.
    """
    known = dict(zip(("lat", "lon"), usual, strict=False))
    there = {place: name for place, name in known.items() if name in table.names}
    sources, complaints = find_places(table.names, there)
    for text in complaints:
        findings.add("columns", table.in_header(text))
    for place, degrees in (("lat", "latitudes"), ("lon", "longitudes")):
        if place not in sources and not complaints:
            name = known.get(place)
            text = f"no column {name!r}{nearest(name, table.names)}" if name else ""
            findings.add("columns", table.in_header(text or f"has no column of {degrees}"))
    findings.raise_all()
    lat, lon = (_degrees(table, place, sources[place].name, findings) for place in ("lat", "lon"))
    return lat, lon


def _degrees(table: Table, place: str, column: str, findings: Findings) -> F8:
    """Return degrees of every row, NaN where there are none; note what cannot be."""
    at, where = table.names.index(column), f"column {column!r}"
    least = -90.0 if place == "lat" else -180.0
    values = np.full(len(table.rows), np.nan)
    for row, (_, cells) in enumerate(table.rows):
        try:
            values[row] = number(cells[at], least)
        except MissingError:
            continue
        except ValueError as error:
            findings.add("bad places", table.problem(f"{error}; needed degrees", where, row))
    found, wrong = in_degrees_or_m2(place, values, table.units.get(column, ""))
    for one in wrong:
        if one.at is None:
            findings.add("units", table.in_header(one.text, where))
        else:
            findings.add("bad places", table.problem(one.text, where, one.at))
    return found


def note_differing(
    table: Table, groups: Sequence[Sequence[int]], words: Words, findings: Findings
) -> None:
    """Note groups of rows, each of one location, that stand at different places."""
    for at in _columns(table, words, Findings()).values():
        for rows in groups:
            # Cells that are no numbers have been noted.
            cells = [(row, _cell(table, row, at, "", Findings())) for row in rows]
            with_value = [(row, value) for row, value in cells if not np.isnan(value)]
            other = next((row for row, value in with_value if value != with_value[0][1]), None)
            if other is not None:
                text = f"found {table.rows[other][1][at]} and, in another row of the location, "
                text = f"{text}{with_value[0][1]:g}; needed one place"
                problem = table.problem(text, f"column {table.names[at]!r}", other)
                findings.add("places that differ", problem)


def _columns(table: Table, words: Words, findings: Findings) -> dict[str, int]:
    """Return the column of each place, by number."""
    there = [name for name in table.names if name not in words.taken]
    sources, complaints = find_places(there, words.columns)
    for text in complaints:
        findings.add("columns", table.problem(text))
    for place, source in sources.items():
        if source.name not in table.names:
            text = f"no column {source.name!r}{nearest(source.name, table.names)}"
            findings.add("columns", table.problem(text, f"forcing.columns.{place}"))
    return {p: table.names.index(s.name) for p, s in sources.items() if s.name in table.names}


def _unit(table: Table, place: str, name: str, words: Words, findings: Findings) -> str | None:
    """Return the unit of a column, empty if nothing says it; None where two differ."""
    by_name = find_places([name])[0].get(place)
    said = words.units.get(name, words.units.get(place, ""))
    heard = [unit for unit in (said, table.units.get(name, ""), by_name.unit if by_name else "")
             if unit]  # fmt: skip
    for other in heard[1:]:
        if not agree(heard[0], other):
            text = f"is said to be in {heard[0]!r} and in {other!r}; correct one of them"
            findings.add("units", table.in_header(text, f"column {name!r}"))
            return None
    return heard[0] if heard else ""


def _cell(table: Table, row: int, at: int, where: str, findings: Findings) -> float:
    try:
        # Longitudes reach -180; -999 is beyond every place.
        return number(table.rows[row][1][at], -180.0)
    except ValueError as error:
        problem = table.problem(f"{error}; needed a number", where, row)
        findings.add("bad values", problem)
        return float("nan")
