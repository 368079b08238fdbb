"""Annual-mean drivers of the biogeochemical testbed, on the cells of its grid that have plants.

.. code-block:: yaml

    forcing:
      reader: testbed_means
      path: testbed/clm45_cruncep/drivers_mean_2000_2010.nc
      grid: testbed/clm45_cruncep/gridinfo_igbpz.csv.gz
      soil: testbed/clm45_cruncep/gridinfo_soil_clm2.csv.gz

A second forcing of the list ``forcing:``, with the tables of another run or perturbed, is

.. code-block:: yaml

      - reader: testbed_means
        name: clm50_gswp3
        path: testbed/clm45_cruncep/drivers_mean_2000_2010.nc
        grid: testbed/clm50_gswp3/gridinfo_igbpz_CLM5_GSWP3.csv
        soil: testbed/clm50_gswp3/gridinfo_soil_CLM5_GSWP3.csv
        perturb: {label: lower productivity, multiply: {litter: 0.81, npp: 0.81, gpp: 0.81}}

For kernels in mean mode: no driver has a date. Locations are cells whose class is simulated,
with land and litter, named by cell id, in the order of the file.

The file has the metabolic and structural litter of CASA and of MIMICS. Their sums are one
number (mostly to float32's last digit, at most 2e-4 g C m-2 d-1 apart), so 0.52 of decomposed
woody debris is not their difference: both structural parts hold it. Leaf, fine root and woody
debris follow from how differently the two models split leaves and roots
(`testbed_files.plants`); the respiration of woody debris so found is the published
one of every vegetation type. ``litter_cwd``, what becomes woody debris, is what of it
decomposes: a steady state. ``btran`` is that of the mean water.

Source: the testbed of Wieder et al. (2018, 10.1111/gcb.13979), in the runs of Jian et al. (2021,
10.1111/gcb.15795).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels import F8, Variable
from scenarios.forcing._contract import Forcing, ReaderSpec
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order
from scenarios.forcing.common.file_units import unknown_units
from scenarios.forcing.common.perturbed import Perturb
from scenarios.forcing.common.region import found_from
from scenarios.forcing.common.served import DAYS, LASTING, misfits, serve
from scenarios.forcing.testbed_files.grid import GRIDS, Chosen
from scenarios.forcing.testbed_files.means import MEANS, VARIABLES, Means, load_means
from scenarios.paths import placed
from scenarios.units import UnitText

GIVEN = (
    *LASTING,
    *("soil_temperature", "air_temperature", "theta_l", "theta_f", "btran", "gpp", "annual_npp"),
    *("litter_met", "litter_str", "litter_cwd", "litter_leaf", "litter_froot"),
    *("leaf_litter_met", "leaf_litter_str", "froot_litter_met", "froot_litter_str"),
    *("cwd_to_litter", "cwd_respiration"),
    *("mimics_litter_met", "mimics_litter_str", "lignin_n"),
)
"""Drivers that means have."""


class MeansSpec(ReaderSpec):
    """Files of annual means, and what is asked of them."""

    path: str = Field(min_length=1, description="NetCDF file of annual means, (lat, lon)")
    grid: str = Field(min_length=1, description="gridinfo_igbpz CSV file, packed or not")
    soil: str = Field(min_length=1, description="gridinfo_soil CSV file, packed or not")
    name: str = Field(default="clm45_cruncep", min_length=1, description="of the forcing")
    cells: Chosen = Field(
        default="all",
        description="all, a list of cell ids, or {every: 10, box: [south, north, west, east], "
        "pft: [1, 2], records: FILE}, the cells that records of a table are in",
    )
    units: dict[str, UnitText] = Field(
        default={}, description="variable: unit, where the file does not say it"
    )
    perturb: Perturb | None = Field(
        default=None,
        description="{label: why, multiply: {litter: 0.8}, add: {soil_temperature: 0.5}}, "
        "which makes another, synthetic, forcing of the files",
    )
    depth: float = Field(default=100.0, gt=0, allow_inf_nan=False, description="of soil, cm")

    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="netcdf",
            holds="annual means on the grid of the tables, (lat, lon)",
            quantities=MEANS,
            orders=(Order("latitudes"), Order("longitudes")),
            missing=f"{FILLS_MISSING}; refused with its cell, where the tables have land",
            agree=("cells and classes are those of the tables",),
        ),
        *GRIDS,
    )

    unused: ClassVar[tuple[str, ...]] = ()
    """Quantities of the files that no driver is made of."""

    def means(self, base: Path, findings: Findings) -> Means:
        """Return what the files have, perturbed as asked."""
        if self.perturb is not None:
            self.perturb.check(findings, self.unused)
        for problem in unknown_units(self.units, VARIABLES):
            findings.add("units", problem)
        paths = (
            placed(base, self.path),
            placed(base, self.grid, "forcing.grid"),
            placed(base, self.soil, "forcing.soil"),
        )
        return load_means(*paths, found_from(self.cells, base), self.units, findings).perturbed(
            self.perturb
        )

    @property
    def label(self) -> str:
        """Return the label of a perturbed forcing; empty for data."""
        of = Path(self.path).name
        return f"{self.name}: {self.perturb.told(of)}" if self.perturb else ""


class Spec(MeansSpec):
    """``forcing:`` of annual means of the testbed."""

    lists: ClassVar[str] = "cells"
    along: ClassVar[tuple[str, ...]] = ()

    reader: Literal["testbed_means"]
    npp_rule: Literal["previous", "half_gpp"] = Field(
        default="previous",
        description="annual_npp: NPP, or half of GPP as the archived runs had it",
    )

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings = Findings()
        for problem in misfits(needs, dict.fromkeys(GIVEN, ()), "testbed_means"):
            findings.add("drivers", problem)
        means = self.means(base, findings)
        drivers = serve(needs, self._drivers(means))
        provenance = {"reader": "testbed_means", **means.told, "npp_rule": self.npp_rule}
        if self.perturb is not None:
            provenance["perturbed"] = self.perturb.model_dump()
        return [Forcing(self.name, drivers, {}, means.locations, provenance, self.label)]

    def _drivers(self, means: Means) -> dict[str, F8]:
        grid, has = means.grid, means.quantities
        water = has["theta_l"] * grid.saturation
        annual = 0.5 * has["gpp"] if self.npp_rule == "half_gpp" else has["npp"]
        return {
            **grid.lasting,
            **has,
            **means.litter.drivers(means.made_of),
            "annual_npp": DAYS * annual,
            # The file's float32 may exceed field capacity by its last digit.
            "btran": np.minimum(1.0, (water - grid.wilting) / (grid.field - grid.wilting)),
            "depth": np.full(grid.cell.size, self.depth),
        }
