"""Invented seasons on the testbed's real annual means: daily drivers of every cell with plants.

.. code-block:: yaml

    forcing:
      reader: testbed_seasons
      path: testbed/clm45_cruncep/drivers_mean_2000_2010.nc
      grid: testbed/clm45_cruncep/gridinfo_igbpz.csv.gz
      soil: testbed/clm45_cruncep/gridinfo_soil_clm2.csv.gz
      years: [1901, 2010]
      precision: float32

The daily forcing of the testbed is not public; this has its cells, soils, classes and means,
and cosines like those of RF-1 around them, with w = 2 pi / 365:

* air: mean + A cos(w (d - D)), A = 1.5 + 0.23 |latitude| K, D day 200 in the north, 15 south;
* soil, over the roots: the same wave around its own mean, damped by exp(-z) and late by z,
  z = 0.15 (RF-1's damping at 0.3 m);
* GPP: mean x max(0, 1 + r cos(w (d - D + 8))), r = A / 8, scaled so that the mean is kept;
* water, of pore space: theta_l + theta_f + 0.1 cos(w (d - D + 100)), between 0.02 and 1; of it
  0.85 clip(-T / 4, 0, 1) is frozen at soil temperature T (degC), the rest liquid up to field
  capacity.

The means of temperatures and GPP are those of the file; of water only the whole is, about.
Years differ as in `synthetic_testbed`. Of many cells and years they are made when they are taken.

Source: means of the testbed of Wieder et al. (2018, 10.1111/gcb.13979); the seasons are invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kernels import F8, I8, Variable
from scenarios.forcing._contract import Forcing
from scenarios.forcing.common.checks import Findings, Years
from scenarios.forcing.common.made import Made, Source, recipe
from scenarios.forcing.common.served import DAYS, LASTING, in_unit, misfits
from scenarios.forcing.synthetic_testbed import Count, coords_of, span
from scenarios.forcing.testbed_files.means import Means
from scenarios.forcing.testbed_files.seasons import Year, variation
from scenarios.forcing.testbed_means import MeansSpec

DAILY = ("gpp", "air_temperature", "soil_temperature", "theta_l", "theta_f", "btran")

LABEL = "synthetic seasons (invented) on the annual means of {file}"

DEEP = 0.15
"""Damping and delay of the root zone: RF-1's z / 2 at 0.3 m."""

HELD = 20
"""Numbers a day of a year that a cell takes while it is made."""

_W = 2 * np.pi / DAYS


class Spec(MeansSpec):
    """``forcing:`` of invented seasons on real means."""

    # Plants make litter and NPP of the daily drivers.
    unused: ClassVar[tuple[str, ...]] = ("litter", "npp")
    along: ClassVar[tuple[str, ...]] = ("time", "date")

    reader: Literal["testbed_seasons"]
    years: Years | Count = Field(default=1, description="[first, last], or how many from 1901")
    variation: float = Field(
        default=1.0, ge=0, le=3, description="of later years around the first; 0 repeats it"
    )
    precision: Literal["float64", "float32"] = Field(
        default="float64", description="of daily drivers; float32 halves the memory"
    )

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings = Findings()
        given = {**dict.fromkeys(LASTING, ()), **dict.fromkeys(DAILY, ("date",))}
        for problem in misfits(needs, given, "testbed_seasons"):
            findings.add("drivers", problem)
        means = self.means(base, findings)
        first, last = span(self.years)
        years = variation(last - first + 1, self.variation)
        source = self._source(needs, means, years)
        drivers = {**self._lasting(needs, means), **source.supplied(len(years))}
        drivers = {need.name: drivers[need.name] for need in needs}
        label = LABEL.format(file=Path(self.path).name)
        provenance = {
            "reader": "testbed_seasons",
            **means.told,
            "years": [first, last],
            "variation": self.variation,
            "precision": self.precision,
            "conventions": __doc__,
        }
        if self.perturb is not None:
            label = f"{label}; {self.label}"
            provenance["perturbed"] = self.perturb.model_dump()
        locations = means.locations
        coords, made_of = coords_of(first, last), recipe(self, needs, means.told["files"])
        return [Forcing(self.name, drivers, coords, locations, provenance, label, recipe=made_of)]

    def _lasting(self, needs: Sequence[Variable], means: Means) -> dict[str, NDArray[Any] | Made]:
        """Return the drivers that are one number a location."""
        has = {**means.grid.lasting, "depth": np.full(means.grid.cell.size, self.depth)}
        return {
            need.name: in_unit(has[need.name], need.name, need.units)
            for need in needs
            if not need.dims
        }

    def _source(self, needs: Sequence[Variable], means: Means, years: Sequence[Year]) -> Source:
        """Return what makes the daily drivers."""
        daily = [need for need in needs if need.dims]

        def make(places: I8) -> dict[str, NDArray[Any]]:
            seasons = Seasons.of(means, places)
            shape = (len(places), DAYS * len(years))
            made = {need.name: np.empty(shape, dtype=self.precision) for need in daily}
            for k, year in enumerate(years):
                of_year = seasons.year(year)
                for need in daily:
                    values = in_unit(of_year[need.name], need.name, need.units)
                    made[need.name][:, DAYS * k : DAYS * (k + 1)] = values
            return made

        kept = np.dtype(self.precision).itemsize * len(daily) * len(years)
        return Source(make, means.grid.cell.size, working=DAYS * (kept + 8 * HELD))


@dataclass(frozen=True)
class Seasons:
    """The first year of every cell, (L, 365), and what of soil is needed to vary it, (L, 1).

    ``air`` and ``soil`` are degC, ``gpp`` g C m-2 d-1, ``water`` a part of pore space.
    """

    air: F8
    soil: F8
    gpp: F8
    water: F8
    wilting: F8
    field: F8
    saturation: F8

    @classmethod
    def of(cls, means: Means, places: I8) -> "Seasons":
        """Return the seasons around means of some cells."""
        has = {name: values[places, np.newaxis] for name, values in means.quantities.items()}
        grid = means.grid
        lat = grid.lat[places, np.newaxis]
        swing = 1.5 + 0.23 * np.abs(lat)
        since = _W * (np.arange(1.0, DAYS + 1) - np.where(lat >= 0, 200.0, 15.0))
        green = np.maximum(0.0, 1 + swing / 8 * np.cos(since + 8 * _W))
        return cls(
            air=has["air_temperature"] + swing * np.cos(since),
            soil=has["soil_temperature"] + swing * np.exp(-DEEP) * np.cos(since - DEEP),
            gpp=has["gpp"] * green / green.mean(axis=1, keepdims=True),
            water=has["theta_l"] + has["theta_f"] + 0.1 * np.cos(since + 100 * _W),
            wilting=grid.wilting[places, np.newaxis],
            field=grid.field[places, np.newaxis],
            saturation=grid.saturation[places, np.newaxis],
        )

    def year(self, year: Year) -> dict[str, F8]:
        """Return the daily drivers of a year, each (L, 365)."""
        soil = self.soil + year.warmer
        total = np.clip(self.water + year.wetter / self.saturation, 0.02, 1.0)
        ice = 0.85 * np.clip(soil / -4.0, 0.0, 1.0)
        held = np.minimum(total * (1 - ice), self.field / self.saturation)
        return {
            "gpp": year.gpp * self.gpp,
            "air_temperature": self.air + year.warmer,
            "soil_temperature": soil,
            "theta_l": held,
            "theta_f": total * ice,
            "btran": (held * self.saturation - self.wilting) / (self.field - self.wilting),
        }
