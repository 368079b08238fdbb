"""Records of sites: their places, dates and manipulations, and which are kept."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from kernels import F8
from scenarios.forcing.common.checks import whole
from scenarios.forcing.common.nearest_cells import wrapped
from scenarios.forcing.common.place_columns import record_places
from scenarios.observations._contract import SiteRecords, Span, Text
from scenarios.observations.parts.rows import Columns, Kept, told

DAYS = 365
"""Of a year of records; kernels' years have as many."""

ENDS = np.cumsum([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Last day of each month of such a year."""

Manipulation = Literal["none", "all"]
"""Which records of databases of experiments are taken: those of unmanipulated soils, or all."""

UNMANIPULATED = "None"
"""How databases write that a soil was left alone; other readers take the word for a gap."""


def places(columns: Columns, usual: tuple[str, str] | None = None) -> tuple[F8, F8]:
    """Return latitudes and longitudes, (n,); NaN where a cell is empty, others noted.

    Parameters
    ----------
    columns : Columns
    usual : tuple of str, optional
        What a database calls the two columns, whatever else may spell them.
    """
    lat, lon = record_places(columns.table, columns.findings, usual or ())
    return lat, wrapped(lon)


def whole_numbers(columns: Columns, name: str, least: int, most: int) -> F8:
    """Return a column of whole numbers, (n,), float64; NaN where a cell is empty."""
    values = columns.numbers(name)
    at = columns.table.names.index(name)
    for row in np.flatnonzero(np.isfinite(values)).tolist():
        cell = columns.table.rows[row][1][at]
        number = whole(cell)
        if number is None or not least <= number <= most:
            text = f"found {cell!r}; needed a whole number from {least} to {most}"
            columns.add("bad times", text, name, row)
    return values


def month_of(day: F8) -> F8:
    """Return the month that days of a year lie in, (n,); NaN where there is no day."""
    known = np.isfinite(day)
    month = np.searchsorted(ENDS, np.where(known, day, 1.0)) + 1.0
    return np.asarray(np.where(known, month, np.nan))


def of_manipulation(kept: Kept, written: Text, asked: Manipulation) -> None:
    """Keep the records of unmanipulated soils, or all."""
    if asked == "none":
        kept.need(written == UNMANIPULATED, "of unmanipulated soils", "of a manipulated soil")


def with_place(kept: Kept, lat: F8, lon: F8) -> None:
    """Keep the records with coordinates."""
    kept.need(np.isfinite(lat) & np.isfinite(lon), "with coordinates", "without coordinates")


def records(
    columns: Columns,
    kept: Kept,
    numbers: Mapping[str, F8],
    texts: Mapping[str, Text],
    *,
    reader: str,
    units: str,
    span: Span,
    notes: Sequence[str] = (),
) -> SiteRecords:
    """Return the records that are kept; raise `ScenarioError` where anything was found.

    Parameters
    ----------
    columns : Columns
    kept : Kept
    numbers : mapping of str to ndarray, shape (n,)
        ``values``, ``lat`` and ``lon``; ``year``, ``month`` and ``day`` where they are known, and
        ``error``.
    texts : mapping of str to ndarray, shape (n,), str
        Columns that go with the records.
    reader, units, span, notes
        As `SiteRecords` has them.
    """
    columns.findings.raise_all()
    rows = kept.kept
    if not rows.any():
        said = "; ".join(f"{n:,} {reason}" for reason, n in kept.left_out.items())
        columns.findings.fatal("records", columns.table.problem(f"no record is left: {said}"))
    unknown = np.full(rows.size, np.nan)
    parts = {name: numbers.get(name, unknown)[rows] for name in ("year", "month", "day")}
    error = numbers.get("error")
    encoding = columns.table.digest.get("encoding")
    more = [f"{columns.table.digest['name']} is not UTF-8, and is read as {encoding}"]
    return SiteRecords(
        units=units,
        left_out=kept.left_out,
        notes=(*notes, *(more if encoding else ())),
        provenance=told(reader, [columns.table.digest]),
        values=numbers["values"][rows],
        lat=numbers["lat"][rows],
        lon=numbers["lon"][rows],
        **parts,
        study=kept.study[rows],
        span=span,
        line=columns.lines()[rows],
        error=None if error is None else error[rows],
        columns={name: values[rows] for name, values in texts.items()},
        steps=tuple(kept.steps),
    )
