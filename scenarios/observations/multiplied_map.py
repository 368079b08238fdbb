"""The product of maps cell by cell: a stock that is known as a turnover time and a flux.

.. code-block:: yaml

    observed:
      reader: multiplied_map
      units: kg C m-2
      of:
        - {reader: netcdf_map, path: tau.nc, variable: tau, land_fraction: 1}
        - {reader: netcdf_map, path: rh.nc, variable: rh, land_fraction: 1}

Land is that of the last map; a cell that one of them lacks has no value.

Source: the arrays of Varney et al. (2020, 10.1038/s41467-020-19208-8), which have turnover times.
"""

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from scenarios.observations._contract import GridMap
from scenarios.observations.parts.several import OneOfMaps, provenance_of
from scenarios.problems import Problem, ScenarioError
from scenarios.units import UnitText, factor, times


class Spec(OneOfMaps):
    """The product of maps cell by cell."""

    reader: Literal["multiplied_map"]
    units: UnitText = Field(min_length=1, description="of the product")

    def read(self, base: Path) -> GridMap:
        """Return the product on the one grid of all; see `ObservationSpec.read`."""
        maps = [one.read(base) for one in self.of]
        last = maps[-1]
        assert isinstance(last, GridMap)
        values = np.ones_like(last.values)
        for k, one in enumerate(maps):
            assert isinstance(one, GridMap)
            if not one.same_cells(last):
                text = "is on another grid than the last map; needed one grid"
                raise ScenarioError([Problem(text, f"of.{k}")])
            values = values * one.values
        try:
            scale = factor(times(*(one.units for one in maps)), self.units)
        except ValueError as error:
            raise ScenarioError([Problem(str(error), "units")]) from error
        return GridMap(
            units=self.units,
            grid=last.grid,
            values=scale * values,
            area=last.area,
            land=last.land,
            land_source=last.land_source,
            left_out={f"map {k + 1}: {why}": n for k, one in enumerate(maps)
                      for why, n in one.left_out.items()},
            notes=tuple(dict.fromkeys(note for one in maps for note in one.notes)),
            provenance=provenance_of("multiplied_map", maps),
        )  # fmt: skip
