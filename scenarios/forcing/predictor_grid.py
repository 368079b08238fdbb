"""Predictors of soil respiration on cells of half a degree, for random forests.

.. code-block:: yaml

    forcing: {reader: predictor_grid, path: gridded_0p5deg, testbed: testbed}

Locations are the cells of one of ten classes of vegetation that have all ten numbers, by latitude,
then longitude. ``mat``, ``map``, ``dry``, ``gsl`` and ``map_gs`` follow from WorldClim's months
alone, never from the annual means of the table beside them, which are of another product;
``gpp``, ``litter`` and ``soc`` are the table's, ``soc`` of the northern inventory where it has
some; ``clay`` and ``swc`` are those of the nearest cell of the testbed, within 400 km.

A gap is filled from the nearest cell within 250 km that has a value of its own, and counted; a cell
that still lacks one is left out. Nearest is by great circle; of several that are as near, to 1e-6
km, the one of the smallest latitude, then longitude, from -180: columns of the testbed lie 2.5
degrees apart, so that a fifth of all cells stands between two. Productivity below 0 is taken as 0.

`soilsweep prepare forest` gives records the predictors of the same cells.

Source: predictors of He et al. (2022) and Lu et al. (2021, 10.1088/1748-9326/abf526), as far as
files have them; evapotranspiration of Thornthwaite (1948, 10.2307/210739) and, above 26.5 degC,
Willmott et al. (1985, 10.1002/joc.3370050602).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kernels import Variable
from scenarios.forcing._contract import Forcing, Locations, ReaderSpec
from scenarios.forcing.common.cell_edges import edges
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input
from scenarios.forcing.common.predictors import CLASSES, UNITS, misfits
from scenarios.forcing.common.record_cells import of_grid, told_of
from scenarios.forcing.common.region import Region, found_from
from scenarios.forcing.netcdf_files.choosing import chosen
from scenarios.forcing.netcdf_files.held import Cells
from scenarios.forcing.netcdf_files.space import Space
from scenarios.forcing.predictor_files.files import PREDICTORS_FROM
from scenarios.forcing.predictor_files.grid import LATTICE, load_predictors
from scenarios.paths import placed
from scenarios.units import convert


class Spec(ReaderSpec):
    """``forcing:`` of predictors on half a degree."""

    reads: ClassVar[tuple[Input, ...]] = PREDICTORS_FROM
    along: ClassVar[tuple[str, ...]] = ()
    lists: ClassVar[str] = "cells"

    reader: Literal["predictor_grid"]
    path: str = Field(min_length=1, description="folder of the half-degree predictors")
    testbed: str = Field(min_length=1, description="folder of the biogeochemical testbed")
    name: str = Field(default="predictors", min_length=1, description="of the forcing")
    cells: Literal["all"] | list[str] | Region = Field(
        default="all",
        description="all, a list of names of cells, or {every: 10, box: [south, north, west, "
        "east], records: FILE}, the cells that records of a table are in",
    )

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings = Findings()
        for problem in misfits(needs, "predictor_grid"):
            findings.add("drivers", problem)
        grid = load_predictors(
            placed(base, self.path), placed(base, self.testbed, "forcing.testbed"), findings
        )
        cells = Cells(Space((grid.lat.size,), grid.lat, grid.lon), np.arange(grid.lat.size))
        row, column = grid.rows_and_columns
        records: dict[str, Any] = {}

        def holds(table: str) -> NDArray[np.bool_]:
            held, told = of_grid(Path(table), LATTICE, row, column, findings)
            records.update(told)
            return held

        counts = dict(grid.left_out)
        taken = chosen(found_from(self.cells, base), cells, counts, findings, holds)
        findings.raise_all()
        drivers = {need.name: convert(grid.columns[need.name][taken], UNITS[need.name], need.units)
                   for need in needs}  # fmt: skip
        columns = {"lat": grid.lat, "lon": grid.lon, "area": grid.area, "veg": grid.columns["veg"]}
        columns |= edges(LATTICE, row, column)
        told = {
            "reader": "predictor_grid",
            "files": [dict(file) for file in grid.files],
            "filled": dict(grid.filled),
            "cells_left_out": {why: count for why, count in counts.items() if count},
            "notes": list(grid.notes),
            **told_of(records),
        }
        names = cells.take(taken).names
        held = {name: values[taken] for name, values in columns.items()}
        places = Locations(names, held, CLASSES)
        return [Forcing(self.name, drivers, {}, places, told)]
