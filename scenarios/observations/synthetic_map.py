"""A made-up map: respiration that falls off with latitude, soil carbon or its turnover time.

.. code-block:: yaml

    observed: {reader: synthetic_map, quantity: rh, times: 1.1}

It stands where real maps are not at hand, so that an evaluation can be tried; every note calls it
synthetic. Land is made up, too: two thirds of each row between 60 S and 80 N.

Source: invented.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.forcing.common.declared import Input
from scenarios.grids import grid_of
from scenarios.observations._contract import GridMap, Observations, ObservationSpec

MADE = {
    "rh": ("g C m-2 yr-1", 240.0),
    "npp": ("g C m-2 yr-1", 245.0),
    "soil_carbon": ("kg C m-2", 12.0),
    "turnover": ("yr", 20.0),
}
"""Unit, and value at the equator; soil carbon and turnover rise towards the poles instead."""

RISING = ("soil_carbon", "turnover")

NOTE = "synthetic: made up, and no data"


class Spec(ObservationSpec):
    """A made-up map of respiration, production, soil carbon or its turnover time."""

    gives: ClassVar[type[Observations]] = GridMap
    reads: ClassVar[tuple[Input, ...]] = ()

    reader: Literal["synthetic_map"]
    quantity: Literal["rh", "npp", "soil_carbon", "turnover"] = Field(
        description="rh, npp, soil_carbon or turnover (a time)"
    )
    times: float = Field(default=1.0, gt=0, description="what every value is multiplied by")
    rows: int = Field(default=24, ge=4, le=360, description="rows of cells; twice as many columns")

    def read(self, base: Path) -> GridMap:
        """Return the map; see `ObservationSpec.read`."""
        step = 180.0 / self.rows
        lat = -90.0 + step * (np.arange(self.rows, dtype=np.float64) + 0.5)
        lon = -180.0 + step * (np.arange(2 * self.rows, dtype=np.float64) + 0.5)
        grid = grid_of(lat, lon)
        unit, most = MADE[self.quantity]
        fall = np.cos(np.radians(lat)) ** 2
        along = most * (2.0 - fall) if self.quantity in RISING else most * fall
        # Waves along a row, so that maps correlate in more than latitude.
        waves = 1.0 + 0.2 * np.sin(np.radians(3.0 * lon))
        values = self.times * along[:, np.newaxis] * waves
        inside = (lat > -60.0) & (lat < 80.0)
        land = np.where(inside[:, np.newaxis], 2.0 / 3.0, 0.0) * np.ones(grid.shape)
        return GridMap(
            units=unit,
            notes=(NOTE,),
            provenance={"reader": "synthetic_map", "files": [], "synthetic": True},
            grid=grid,
            values=np.where(land > 0, values, np.nan),
            area=grid.areas,
            land=land,
            land_source="synthetic",
        )
