"""An invented world of predictors, for forests that learn invented records.

.. code-block:: yaml

    forcing: {reader: synthetic_predictors}

Some 670 cells of five degrees on land of our own shape: climate by latitude, plants by climate,
soils by both. The records of ``training: invented`` of `random_forest` stand in cells of it, and in
none that is coldest or driest. It stands where real files are not at hand, and says so wherever it
is shown; `predictor_grid` reads those.

Source: invented.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels import Variable
from kernels.forest.shared.invented import LABEL, STEP, world
from scenarios.forcing._contract import Forcing, Locations, ReaderSpec
from scenarios.forcing.common.cell_edges import edges
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input
from scenarios.forcing.common.predictors import CLASSES, UNITS, misfits
from scenarios.grids import grid_of
from scenarios.units import convert

LATTICE = grid_of(*(np.arange(STEP / 2 - ends, ends, STEP) for ends in (90.0, 180.0)))


class Spec(ReaderSpec):
    """``forcing:`` of invented predictors."""

    reads: ClassVar[tuple[Input, ...]] = ()
    along: ClassVar[tuple[str, ...]] = ()

    reader: Literal["synthetic_predictors"]
    every: int = Field(default=1, ge=1, le=100, description="every nth cell, the first among them")

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings = Findings()
        for problem in misfits(needs, "synthetic_predictors"):
            findings.add("drivers", problem)
        findings.raise_all()
        cells = {name: values[:: self.every] for name, values in world().items()}
        lat, lon = cells["lat"], cells["lon"]
        row, column = (((at + end) // STEP).astype(np.int64) for at, end in ((lat, 90), (lon, 180)))
        drivers = {need.name: convert(cells[need.name], UNITS[need.name], need.units)
                   for need in needs}  # fmt: skip
        columns = {name: cells[name] for name in ("lat", "lon", "area", "veg")}
        places = Locations(
            tuple(f"{a:g} {o:g}" for a, o in zip(lat.tolist(), lon.tolist(), strict=True)),
            columns | edges(LATTICE, row, column),
            CLASSES,
        )
        told = {"reader": "synthetic_predictors", "files": [], "conventions": __doc__}
        return [Forcing("synthetic_predictors", drivers, {}, places, told, LABEL)]
