"""Of several maps the first that has something: a regional stock where there is one, else a global.

.. code-block:: yaml

    observed:
      reader: merged_map
      of:
        - {reader: netcdf_map, path: NCSCDV22_soilc_0.5x0.5.nc, variable: soilc, land_fraction: 1}
        - {reader: netcdf_map, path: HWSD_soilc_0.5x0.5.nc, variable: soilc, land_fraction: 1}

A value of 0 or less is none: the Northern Circumpolar Soil Carbon Database has 164,068 zeros that
mean "not in the domain".

Source: our own rule.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from scenarios.observations._contract import GridMap
from scenarios.observations.parts.several import OneOfMaps, provenance_of
from scenarios.problems import Problem, ScenarioError
from scenarios.units import convert


class Spec(OneOfMaps):
    """Of several maps the first that has something."""

    reader: Literal["merged_map"]

    def read(self, base: Path) -> GridMap:
        """Return the first map with the gaps filled from the others; see `ObservationSpec.read`."""
        maps = [one.read(base) for one in self.of]
        first = maps[0]
        assert isinstance(first, GridMap)
        values = np.where(first.values > 0, first.values, np.nan)
        taken = [int(np.isfinite(values).sum())]
        for k, other in enumerate(maps[1:], 1):
            assert isinstance(other, GridMap)
            if not other.same_cells(first):
                text = "is on another grid than the first map; needed one grid"
                raise ScenarioError([Problem(text, f"of.{k}")])
            more = convert(other.values, other.units, first.units)
            gaps = np.isnan(values) & (more > 0)
            values = np.where(gaps, more, values)
            taken.append(int(gaps.sum()))
        notes = [f"{one.reader} {k + 1}: {n} values" for k, (one, n) in
                 enumerate(zip(self.of, taken, strict=True))]  # fmt: skip
        return GridMap(
            units=first.units,
            grid=first.grid,
            values=values,
            area=first.area,
            land=first.land,
            land_source=first.land_source,
            notes=(*notes, *(note for one in maps for note in one.notes)),
            provenance=provenance_of("merged_map", maps),
        )
