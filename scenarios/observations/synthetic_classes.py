"""Made-up classes of land cover: bands of latitude with the names of He et al.'s types.

.. code-block:: yaml

    classes: {reader: synthetic_classes}

They stand where a map of land cover is not at hand, so that an evaluation by types can be tried;
every note calls them synthetic.

Source: invented.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.forcing.common.declared import Input
from scenarios.grids import grid_of
from scenarios.observations._contract import ClassMap, Observations, ObservationSpec

TYPES = (
    *((15.0, "evergreen_broadleaf"), (30.0, "savanna"), (40.0, "grassland"), (50.0, "cropland")),
    *((60.0, "mixed_forest"), (70.0, "evergreen_needleleaf"), (90.0, "tundra")),
)
"""Degrees from the equator up to which each lies."""

NOTE = "synthetic: made up, and no data"


class Spec(ObservationSpec):
    """Made-up classes of land cover, by latitude alone."""

    gives: ClassVar[type[Observations]] = ClassMap
    reads: ClassVar[tuple[Input, ...]] = ()

    reader: Literal["synthetic_classes"]
    rows: int = Field(default=36, ge=4, le=360, description="rows of cells; twice as many columns")

    def read(self, base: Path) -> ClassMap:
        """Return the classes; see `ObservationSpec.read`."""
        step = 180.0 / self.rows
        lat = -90.0 + step * (np.arange(self.rows, dtype=np.float64) + 0.5)
        lon = -180.0 + step * (np.arange(2 * self.rows, dtype=np.float64) + 0.5)
        grid = grid_of(lat, lon)
        ends = np.array([end for end, _ in TYPES])
        codes = np.searchsorted(ends, np.abs(lat)).astype(np.int64)
        return ClassMap(
            units="",
            notes=(NOTE,),
            provenance={"reader": "synthetic_classes", "files": [], "synthetic": True},
            grid=grid,
            codes=np.broadcast_to(codes[:, np.newaxis], grid.shape).copy(),
            names=dict(enumerate(name for _, name in TYPES)),
        )
