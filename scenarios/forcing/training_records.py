"""Records that a random forest learns from, each a location with the predictors of its cell.

.. code-block:: yaml

    forcing: {reader: training_records, path: training_rh.csv}

The table is that of `soilsweep prepare forest`. A location is called by the number of its record,
which is a driver, too, ``record``: a kernel finds its record by it, and nothing by where it stands.
``lat`` and ``lon`` are the record's own, and not the middle of its cell. ``pooled: true`` has all
records as one location, for `forest_importance`.

Source: records of SRDB v5 (Jian et al. 2021, 10.5194/essd-13-255-2021).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from kernels import F8, Variable
from kernels.forest.shared.predictors import CLASSES, NUMBERS, RECORD, VEG
from scenarios.forcing._contract import Forcing, Locations, MayBeInvented
from scenarios.forcing.common.checks import Findings, number
from scenarios.forcing.common.declared import NUMBERS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.predictors import POOLED, pooled
from scenarios.forcing.common.table import Table, load_table
from scenarios.forcing.site_table import Spec as Sites
from scenarios.paths import placed

NAMED = "Record_number"


class Spec(MayBeInvented):
    """``forcing:`` of the records of a training table."""

    along: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="records, one a row, with the predictors of their cells",
            quantities=(
                Quantity(NAMED, "name"),
                Quantity("lat", "latitude", ("degrees_north",), "layout"),
                Quantity("lon", "longitude", ("degrees_east",), "layout"),
                *(Quantity(v.name, "driver", (v.units,), "file") for v in NUMBERS),
                Quantity(VEG.name, "name"),
            ),
            orders=(Order("rows", (NAMED,)), Order("columns", ("name",))),
            missing=NUMBERS_MISSING,
        ),
    )
    lists: ClassVar[str] = "records"

    reader: Literal["training_records"]
    path: str = Field(min_length=1, description="CSV file that `soilsweep prepare forest` wrote")
    name: str = Field(default="records", min_length=1, description="of the forcing")
    records: Literal["all"] | list[str] = Field(
        default="all", description="records to take, by their numbers, in this order"
    )
    pooled: bool = Field(default=False, description=POOLED)

    @model_validator(mode="after")
    def _all_together(self) -> "Spec":
        if self.pooled and self.records != "all":
            raise ValueError("pooled: true is of all records; leave records out")
        return self

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        if self.pooled:
            return pooled(self, needs, base)
        sites = Sites(
            reader="site_table",
            path=self.path,
            name=self.name,
            location=NAMED,
            sites=self.records,
            invented=self.invented,
        )
        numbers = [need for need in needs if need.name not in (RECORD.name, VEG.name)]
        (found,) = sites.read(numbers, base)
        names, findings = found.locations.names, Findings()
        table = load_table(placed(base, self.path), findings)
        own = {
            RECORD.name: _cells(table, names, NAMED, number, findings),
            VEG.name: _cells(table, names, VEG.name, _class, findings),
        }
        for place in ("lat", "lon"):
            if place not in found.locations.columns:
                findings.add("columns", table.in_header(f"no column {place!r}, of the record"))
        findings.raise_all()
        asked = {need.name for need in needs}
        drivers = {**found.drivers, **{n: v for n, v in own.items() if n in asked}}
        places = {**found.locations.columns, VEG.name: own[VEG.name]}
        told = {**found.provenance, "reader": "training_records"}
        return [
            replace(found, drivers=drivers, locations=Locations(names, places), provenance=told)
        ]


def _cells(
    table: Table,
    names: Sequence[str],
    column: str,
    read: Callable[[str], float],
    findings: Findings,
) -> F8:
    """Return what a column says of locations, (L,); note what it cannot say."""
    found = np.full(len(names), np.nan)
    if column not in table.names:
        findings.fatal("columns", table.in_header(f"no column {column!r}"))
    key, at = table.names.index(NAMED), table.names.index(column)
    row_of = {str(cells[key]).strip(): row for row, (_, cells) in enumerate(table.rows)}
    for i, name in enumerate(names):
        try:
            found[i] = read(str(table.rows[row_of[name]][1][at]))
        except ValueError as error:
            where = f"record {name!r}, column {column!r}"
            findings.add("bad values", table.problem(str(error), where, row_of[name]))
    return found


def _class(cell: str) -> float:
    """Return the number of a class of vegetation; raises `ValueError`."""
    if cell.strip() not in CLASSES:
        raise ValueError(f"found {cell!r}; needed one of {', '.join(CLASSES)}")
    return CLASSES.index(cell.strip()) + 1.0
