"""The cells of a grid in which records were made, so that a run is of these alone.

Source: Jian et al. (2021), 10.1111/gcb.15795: a record is compared with the cell whose centre is
nearest in latitude and in longitude, each by itself; of two as near, with the first of the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from scenarios.forcing.common.cell_edges import Lattice
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.place_columns import record_places
from scenarios.forcing.common.table import Table, load_table
from scenarios.problems import Problem

NAMED = 3
"""Records that are named where many are in no cell."""


@dataclass(frozen=True)
class Records:
    """Places of a table, (n,), degrees, and in which of its rows each stands.

    ``told`` is what provenance says of them.
    """

    table: Table
    lat: F8
    lon: F8
    row: I8
    told: dict[str, Any] = field(default_factory=dict)

    def cells(self, lattice: Lattice, row: NDArray[Any], column: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which cells of a grid hold records; count, and name, records that none holds.

        Parameters
        ----------
        lattice : Grid
            All rows and columns.
        row, column : ndarray of int, shape (L,)
            Where the cells that may be run stand.
        """
        at_row, at_column, inside = lattice.nearest(self.lat, self.lon)
        cell = np.full(lattice.shape, -1)
        cell[row, column] = np.arange(len(row))
        held = np.where(inside, cell[at_row, at_column], -1)
        taken = np.zeros(len(row), dtype=bool)
        taken[held[held >= 0]] = True
        self.told.update(in_cells=int((held >= 0).sum()), cells=int(taken.sum()))
        self._tell(~inside, "beyond_the_grid", "more than half a cell beyond the grid")
        self._tell(inside & (held < 0), "in_no_cell_of_the_run", "in a cell that is not run")
        return taken

    def _tell(self, which: NDArray[np.bool_], name: str, words: str) -> None:
        if not which.any():
            return
        some = np.flatnonzero(which)
        said = ", ".join(f"{self.table.rows[self.row[k]][0]} ({self.lat[k]:g}, {self.lon[k]:g})"
                         for k in some[:NAMED])  # fmt: skip
        line = "line" if self.table.has_lines else "row"
        self.told[name] = f"{some.size:,}: {line} {said}{', ...' if some.size > NAMED else ''}"
        text = f"{some.size:,} of {len(self.lat):,} records of {Path(self.table.file).name} are "
        self.told.setdefault("warnings", []).append(f"{text}{words}: {line} {said}")


def load_records(file: Path, findings: Findings) -> Records:
    """Return the places of a table of records, in any of their usual spellings.

    Raises
    ------
    ScenarioError
        No such file, no latitude and longitude, degrees that cannot be; all of them.
    """
    table = load_table(file, findings, rows="a row for each record", needed="latitude, longitude")
    lat, lon = record_places(table, findings)
    findings.raise_all()
    known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
    told = {**table.digest, "records": len(table.rows)}
    if lacking := len(table.rows) - len(known):
        told["without_a_place"] = lacking
    return Records(table, lat[known], lon[known], known, told)


def told_of(records: Mapping[str, Any]) -> dict[str, Any]:
    """Return what provenance says of records, and its warnings; nothing without any."""
    if not records:
        return {}
    told = {name: value for name, value in records.items() if name != "warnings"}
    warnings = records.get("warnings")
    return {"records": told, **({"warnings": warnings} if warnings else {})}


def of_grid(
    file: Path, lattice: Lattice | None, row: NDArray[Any], column: NDArray[Any], findings: Findings
) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    """Return which cells hold records, and what provenance says; raise where none does."""
    if lattice is None:
        text = "rows and columns of the grid are not known, so neither is which cell a record is in"
        findings.fatal("cells", Problem(text, "forcing.cells.records"))
    records = load_records(file, findings)
    return records.cells(lattice, row, column), records.told
