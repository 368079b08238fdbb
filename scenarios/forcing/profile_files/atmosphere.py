"""Radiocarbon of the atmosphere: records by zone as one number per calendar year.

Hua et al. (2013, 10.2458/azu_js_rc.v55i2.16177): five zones, 1950 to about 2010.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8
from scenarios.forcing.common.checks import Findings, number
from scenarios.forcing.common.declared import NUMBERS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.table import Table, load_table
from scenarios.units import factor

RECORDS = {"hua2013": "Hua2013_{}.csv"}
"""Files of a record, by zone."""

ZONES = ("NHZone1", "NHZone2", "NHZone3", "SHZone12", "SHZone3")

COLUMNS = ("Year.AD", "mean.F14C")

YEARS = ("yr", "year", "years", "AD", "CE")
"""What a header may say of calendar years."""

RECORDS_READ = (
    Input(
        key="atmosphere",
        format="table",
        holds="a record of one zone, one row per measurement; several of a year are averaged",
        quantities=(
            Quantity("Year.AD", "time"),
            Quantity("mean.F14C", "driver", ("1",), "layout"),
        ),
        orders=(Order("rows", ("Year.AD",)), Order("columns", ("name",))),
        missing=NUMBERS_MISSING,
    ),
)
"""The files of a record, as readers declare them."""

NORTHERN = 40.0
"""Latitude where zone 1 begins, degrees north: about the edge of the Hadley cell."""

# Mean position of the tropical convergence in its summer, by longitude: (from, north, south).
# Degrees; our own reading of where the rain belt stands in July and in January, rounded, and
# not digitised from the figure of Hua et al. (2013): within some five degrees of a bound the
# zone may be the neighbour's. Over the eastern Pacific the belt stays in the north.
_CONVERGENCE = (
    (-180.0, 8.0, -5.0),
    (-140.0, 9.0, 0.0),
    (-80.0, 9.0, -15.0),
    (-35.0, 9.0, -3.0),
    (-15.0, 18.0, -5.0),
    (10.0, 18.0, -15.0),
    (40.0, 18.0, -12.0),
    (65.0, 27.0, -8.0),
    (100.0, 22.0, -12.0),
    (130.0, 14.0, -14.0),
    (155.0, 9.0, -10.0),
)


def zone(lat: float, lon: float) -> str:
    """Return the zone of a place.

    Parameters
    ----------
    lat, lon : float
        Degrees north, and east from -180 to 180.

    Notes
    -----
    Zone 1 of the north is north of 40 N; zone 2 from there to the mean position of the
    convergence in the northern summer; zone 3 from there to the equator. South of the equator
    zone 3 reaches to the convergence of the southern summer, and zones 1 and 2, which have one
    record, are beyond it. Where that convergence never crosses the equator there is no zone 3.
    """
    row = bisect_right(_CONVERGENCE, (lon, np.inf, np.inf)) - 1
    _, north, south = _CONVERGENCE[row]
    if lat >= 0:
        return "NHZone1" if lat > NORTHERN else "NHZone2" if lat > north else "NHZone3"
    return "SHZone12" if lat < south else "SHZone3"


@dataclass(frozen=True)
class Record:
    """One zone's fraction modern, the mean of every calendar year that has a measurement."""

    name: str
    years: F8
    values: F8
    digest: dict[str, Any]

    def at(self, years: Sequence[int]) -> F8:
        """Return the value of each year: linear in gaps, constant beyond both ends."""
        return np.interp(np.asarray(years, dtype=np.float64), self.years, self.values)


def load_records(
    folder: Path, record: str, zones: Iterable[str], findings: Findings
) -> dict[str, Record]:
    """Return the zones of a record; what is wrong becomes a finding."""
    records = {}
    for name in sorted(set(zones)):
        table = load_table(folder / RECORDS[record].format(name), findings)
        loaded = _record(name, table, findings)
        if loaded is not None:
            records[name] = loaded
    return records


COLUMNS = ("Year.AD", "mean.F14C")


def _scale(table: Table, findings: Findings) -> float | None:
    """Return what a record's values are multiplied by; None where a header says another thing."""
    year, value = (table.units.get(column, "") for column in COLUMNS)
    if year and year not in YEARS:
        text = f"is in {year!r}; needed calendar years"
        findings.add("units", table.in_header(text, f"column {COLUMNS[0]!r}"))
        return None
    try:
        return factor(value, "1") if value else 1.0
    except ValueError as error:
        findings.add("units", table.in_header(str(error), f"column {COLUMNS[1]!r}"))
        return None


def _record(name: str, table: Table, findings: Findings) -> Record | None:
    missing = [column for column in COLUMNS if column not in table.names]
    for column in missing:
        text = f"no column {column!r}; needed {' and '.join(COLUMNS)}"
        findings.add("columns", table.problem(text))
    scale = None if missing else _scale(table, findings)
    if scale is None:
        return None
    at = [table.names.index(column) for column in COLUMNS]
    by_year: dict[int, list[float]] = {}
    seen: set[float] = set()
    for row, (_, cells) in enumerate(table.rows):
        try:
            when, value = (number(cells[i]) for i in at)
        except ValueError as error:
            findings.add("bad numbers", table.problem(str(error), f"columns {COLUMNS}", row))
            continue
        value *= scale
        if not 1900 <= when < 2100 or not 0.5 < value < 2.5:
            text = f"found {value:g} in {when:g}; needed a fraction modern of 0.5 to 2.5"
            findings.add("bad numbers", table.problem(text, "", row))
            continue
        if when in seen:
            text = f"{when:g} is there again; needed each time once"
            findings.add("repeated times", table.problem(text, "", row))
        seen.add(when)
        by_year.setdefault(int(np.floor(when)), []).append(value)
    if not by_year:
        return None
    years = sorted(by_year)
    values = np.array([np.mean(by_year[year]) for year in years])
    return Record(name, np.array(years, dtype=np.float64), values, dict(table.digest))
