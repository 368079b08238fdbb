"""Cells of a grid from CSV files, packed or not: columns by their names, numbers as Fortran's."""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8
from kernels.fortran.numbers import number
from scenarios.forcing.common.checks import Findings, digest, is_fill, not_a_file
from scenarios.forcing.common.places import find_places
from scenarios.forcing.common.table import no_commas, not_commas, row_names, text_of
from scenarios.problems import Problem, nearest

RANGES = {
    "lat": (-90.0, 90.0),
    "lon": (-180.0, 360.0),
    "area": (0.0, 1e11),
    "sand": (0.0, 1.0),
    "clay": (0.0, 1.0),
    "MAT_C": (-80.0, 60.0),
    "litterfall_gC_m2_yr": (0.0, 1e4),
    "GPP_fluxcom_gC_m2_d": (-10.0, 60.0),
    "cSoil_hwsd_kg_m2": (0.0, 1e3),
    "cSoil_ncscd_kg_m2": (0.0, 1e3),
    "IGBP": (0.0, 255.0),
    "ivt_igbp": (1.0, 18.0),
    "ilat": (1.0, 1e5),
    "ilo": (1.0, 1e5),
}
"""What columns of tables may hold."""

_WHOLE = ("IGBP", "ivt_igbp", "ilat", "ilo")
_GAPS = ("", "na", "nan")


def load_csv(
    path: Path, needed: Sequence[str], findings: Findings, gaps: Collection[str] = ()
) -> tuple[dict[str, F8], Any]:
    """Return columns (n,) and the file's digest; nothing where a finding was noted.

    Parameters
    ----------
    needed : sequence of str
        Columns; where latitude and longitude are among them, each cell must be there once.
    gaps : collection of str
        Those of which a cell may be empty: NaN.

    Notes
    -----
    The files of the testbed end their rows, and not their header, with a comma.
    """
    text = not_a_file(path, f"a table with {', '.join(needed)}")
    if text:
        findings.add("files", Problem(text, file=str(path)))
        return {}, {}
    data = path.read_bytes()
    try:
        written, header, rows = _rows(data)
    except (ValueError, csv.Error) as error:
        text = f"cannot be read ({str(error).strip()}); needed a table with {', '.join(needed)}"
        findings.add("files", Problem(text, file=str(path)))
        return {}, {}
    problems = [
        *(("columns", problem) for problem in _header_problems(path, header, needed)),
        *(("short rows", problem) for problem in _length_problems(path, header, rows)),
    ]
    columns: dict[str, F8] = {}
    if not problems:
        for name in needed:
            at = header.index(name)
            cells = [(line, cells[at]) for line, cells in rows]
            columns[name], bad = _numbers(path, name, written[at], cells, name in gaps)
            problems += [("bad values", problem) for problem in bad]
        problems += [("repeated cells", problem) for problem in _repeated(path, columns, rows)]
    for kind, problem in problems:
        findings.add(kind, problem)
    return ({} if problems else columns), digest(path.name, data)


Rows = list[tuple[int, list[str]]]


def _rows(data: bytes) -> tuple[list[str], list[str], Rows]:
    """Return the header, as written and with places as we call them, and rows with their lines."""
    if text := no_commas(text_of(data)):
        raise ValueError(text)
    reader = csv.reader(text_of(data).splitlines())
    rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(row)]
    if not rows:
        raise ValueError("is empty")
    (_, written), *rest = rows
    if text := not_commas(written) or row_names(written, (row for _, row in rest)):
        raise ValueError(text)
    places = {source.name: place for place, source in find_places(written)[0].items()}
    header = [name if places.get(name) in written else places.get(name, name) for name in written]
    width = len(header)
    return (
        written,
        header,
        [
            (line, row[:width] if len(row) == width + 1 and not row[width] else row)
            for line, row in rest
        ],
    )


def _header_problems(path: Path, header: list[str], needed: Sequence[str]) -> Iterator[Problem]:
    for name in needed:
        if name not in header:
            yield Problem(f"no column {name!r}{nearest(name, header)}", file=str(path))
        elif header.count(name) > 1:
            text = f"column {name!r} is there {header.count(name)} times; keep one"
            yield Problem(text, file=str(path), line=1)


def _length_problems(path: Path, header: list[str], rows: Rows) -> Iterator[Problem]:
    for line, cells in rows:
        if len(cells) != len(header):
            text = f"has {len(cells)} cells; needed {len(header)}, as the header has"
            yield Problem(text, file=str(path), line=line)


def _numbers(
    path: Path, name: str, written: str, cells: list[tuple[int, str]], gaps: bool
) -> tuple[F8, list[Problem]]:
    """Return a column, and what is wrong with it in the words of its header."""
    least, most = RANGES.get(name, (-np.inf, np.inf))
    numbers = [number(cell) for _, cell in cells]
    values = np.array([np.nan if value is None else value for value in numbers], dtype=np.float64)
    empty = np.array([gaps and cell.lower() in _GAPS for _, cell in cells], dtype=bool)
    with np.errstate(invalid="ignore"):
        right = (values >= least) & (values <= most) & ~is_fill(values)
    if name in _WHOLE:
        right &= values == np.rint(values)
    needed = f"a {'whole ' * (name in _WHOLE)}number from {least:g} to {most:g}"
    return values, [
        Problem(
            f"found {cells[i][1] or 'nothing'} in column {written!r}; needed {needed}",
            file=str(path),
            line=cells[i][0],
        )
        for i in np.flatnonzero(~right & ~empty)
    ]


def _repeated(path: Path, columns: Mapping[str, F8], rows: Rows) -> Iterator[Problem]:
    """Yield cells that are there again: nobody says which of them is meant."""
    if not {"lat", "lon"} <= columns.keys():
        return
    seen: dict[tuple[float, float], int] = {}
    for (line, _), place in zip(
        rows, zip(columns["lat"], columns["lon"], strict=True), strict=True
    ):
        first = seen.setdefault(place, line)
        if first != line:
            text = f"cell {place[0]:g}, {place[1]:g} is there again, first in line {first}"
            yield Problem(text, file=str(path), line=line)
