"""The two tables of a grid, cells and soil: read by position, and checked against each other."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8, I8
from kernels.fortran.numbers import number
from scenarios.forcing.common.checks import Findings, digest, is_fill, not_a_file
from scenarios.forcing.common.places import EARTH, in_degrees_or_m2
from scenarios.forcing.common.table import no_commas, not_commas, row_names, text_of
from scenarios.problems import Problem

SOIL = "ijcam lat lon sand clay silt wwilt wfield wsat".split()
"""Columns as they stand. The header's spelling varies, so they are read by position."""

USED = frozenset((*"ijcam ivt_igbp landarea ilat ilon".split(), *SOIL))
"""Columns that something is made of."""

LEAST_AREA = 1e7
"""m2. The smallest cells of the real grids have 1.5e9; of km2 no cell has more than 6e4."""


@dataclass(frozen=True)
class GridTable:
    """Numbers of a CSV file by position, and the lines they are from."""

    file: str
    names: Sequence[str]
    values: F8
    lines: I8
    about: dict[str, Any]

    def column(self, name: str) -> F8:
        """Return a column, (n,)."""
        return np.ascontiguousarray(self.values[:, self.names.index(name)])

    def problem(self, text: str, row: int, name: str) -> Problem:
        """Return what is wrong with a cell, with its line."""
        where = f"cell {self.values[row, 0]:.0f}, column {name!r}"
        return Problem(text, where, self.file, int(self.lines[row]))


def load_grid_table(path: Path, names: Sequence[str], findings: Findings) -> GridTable:
    """Return a table with these columns; empty, with findings, where it cannot be read."""
    nothing = GridTable(str(path), names, np.empty((0, len(names))), np.empty(0, np.int64), {})
    text = not_a_file(path, f"the testbed's table of {', '.join(names[:5])} ...")
    if text:
        findings.add("files", Problem(text, file=str(path)))
        return nothing
    data = path.read_bytes()
    try:
        rows = list(csv.reader(text_of(data).splitlines()))
        head, body = (rows[0], [row for row in rows[1:] if any(row)]) if rows else ([], [])
        if text := no_commas(text_of(data)) or not_commas(head) or row_names(head, body):
            raise ValueError(text)
    except ValueError as error:
        findings.add("files", Problem(str(error), file=str(path)))
        return nothing
    except csv.Error as error:
        text = f"cannot be read ({error}); fetch or write it again"
        findings.add("files", Problem(text, file=str(path)))
        return nothing
    for problem in _header_problems(path, names, rows):
        findings.add("headers", problem)
    values, lines = [], []
    for line, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in row):
            values.append(_numbers(path, names, row, line, findings))
            lines.append(line)
    if not values:
        findings.add("files", Problem("has no rows; needed one per cell", file=str(path)))
        return nothing
    return GridTable(str(path), names, np.array(values), np.array(lines), digest(path.name, data))


def _header_problems(
    path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[Problem]:
    """Yield columns that stand where another is read."""
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    for at, (found, needed) in enumerate(zip(header, names, strict=False)):
        if found in names and found != needed:
            text = f"column {at + 1} is {found!r}; needed {needed!r}: columns are read by position"
            yield Problem(text, file=str(path), line=1)


def _numbers(
    path: Path, names: Sequence[str], row: Sequence[str], line: int, findings: Findings
) -> list[float]:
    """Return the numbers of a row; NaN, with a finding, for what is none."""
    if len(row) < len(names):
        text = f"has {len(row)} cells; needed {len(names)}"
        findings.add("short rows", Problem(text, file=str(path), line=line))
        return [np.nan] * len(names)
    numbers = []
    for name, cell in zip(names, row, strict=False):
        # Fortran reads these files: its numbers are numbers here. What nothing is made of may
        # hold anything.
        value = number(cell)
        if name in USED and (value is None or is_fill(np.array(value)).any()):
            text = "is not a number" if value is None else "looks like a fill value"
            text = f"{cell.strip()!r} {text}"
            findings.add("bad cells", Problem(text, f"column {name!r}", str(path), line))
            value = None
        numbers.append(np.nan if value is None else value)
    return numbers


def check_order(cells: GridTable, soil: GridTable, findings: Findings) -> None:
    """Note cells that are not in the order of cellid, or not the same in both files."""
    for table in (cells, soil):
        ids = table.column("ijcam")
        for row in np.flatnonzero(np.diff(ids) <= 0) + 1:
            text = f"follows cell {ids[row - 1]:.0f}; needed rows in the order of cellid"
            findings.add("rows out of order", table.problem(text, int(row), "ijcam"))
    if len(cells.values) != len(soil.values):
        text = f"has {len(soil.values)} cells and {Path(cells.file).name} {len(cells.values)}"
        findings.fatal("files", Problem(f"{text}; needed the same", file=soil.file))
    for name in ("lat", "lon"):
        here, there = cells.column(name), soil.column(name)
        # Tables round to two decimals, and count longitudes from 0 or from -180.
        apart = np.abs((here - there + 180.0) % 360.0 - 180.0)
        for row in np.flatnonzero(apart > 0.02):
            text = f"found {there[row]:g}; {Path(cells.file).name} has {here[row]:g}"
            findings.add("cells that differ", soil.problem(text, int(row), name))
    for row in np.flatnonzero(cells.column("ijcam") != soil.column("ijcam")):
        text = f"{Path(cells.file).name} has cell {cells.values[row, 0]:.0f} in this row"
        findings.add("cells that differ", soil.problem(text, int(row), "ijcam"))


def check_values(cells: GridTable, soil: GridTable, findings: Findings) -> None:
    """Note classes, areas, textures and water contents that cannot be."""
    pft, area = cells.column("ivt_igbp"), cells.column("landarea")
    rules = [
        (cells, "ivt_igbp", ~np.isin(pft, np.arange(1, 19)), "an IGBP class, 1 to 18"),
        (cells, "landarea", area < 0, "0 or more"),
        (cells, "landarea", (area > 0) & (area < LEAST_AREA), "m2; this looks like km2"),
        (cells, "landarea", area > EARTH, f"at most {EARTH:g} m2, the whole Earth"),
        *((cells, name, cells.column(name) < 1, "a row or column, 1 or more")
          for name in ("ilat", "ilon")),
    ]  # fmt: skip
    for table in (cells, soil):
        for name in ("lat", "lon"):
            for wrong in in_degrees_or_m2(name, table.column(name), "")[1]:
                problem = table.problem(wrong.text, wrong.at or 0, name)
                findings.add("bad values", problem)
    if area.sum() > 1.01 * EARTH and not (area > EARTH).any():
        text = f"is {area.sum():.3g} m2 in all; the Earth has {EARTH:g} m2: check the unit"
        findings.add("bad values", Problem(text, "column 'landarea'", cells.file))
    for name in SOIL[3:]:
        values = soil.column(name)
        rules.append((soil, name, (values < 0) | (values > 1), "a fraction, 0 to 1"))
    texture = sum(soil.column(name) for name in ("sand", "clay", "silt"))
    rules.append((soil, "silt", np.abs(texture - 1) > 1e-3, "sand + clay + silt = 1"))
    dry, wet, full = (soil.column(name) for name in ("wwilt", "wfield", "wsat"))
    rules.append((soil, "wfield", (dry >= wet) | (wet > full), "wwilt < wfield <= wsat"))
    for table, name, bad, needed in rules:
        for row in np.flatnonzero(bad):
            text = f"found {table.column(name)[row]:g}; needed {needed}"
            findings.add("bad values", table.problem(text, int(row), name))
