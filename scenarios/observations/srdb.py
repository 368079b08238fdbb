"""Annual soil respiration of the database SRDB, one row per site and year or study.

.. code-block:: yaml

    observed: {reader: srdb, path: observations/srdb-data-v5.csv}

Rates are g C m-2 yr-1, of which the file does not say so. Upstream it is latin-1 and elsewhere
UTF-8: what is not UTF-8 is read as latin-1. ``None`` in ``Manipulation`` means a soil that was left
alone. Records are left out where heterotrophic respiration is not below all of it, and where it is
0 or less.

Source: Jian et al. (2021), Earth System Science Data, 10.5194/essd-13-255-2021.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.forcing.common.table import Layout
from scenarios.observations._contract import Observations, ObservationSpec, SiteRecords
from scenarios.observations.parts.records import (
    Manipulation,
    of_manipulation,
    places,
    records,
    with_place,
)
from scenarios.observations.parts.rows import YEARS, Columns, Kept, open_table
from scenarios.units import UnitText

RATE = "g C m-2 yr-1"
NEEDED = ("Study_number", "Study_midyear", "Manipulation", "Rs_annual", "Rh_annual")


class Spec(ObservationSpec):
    """Annual soil respiration of SRDB."""

    gives: ClassVar[type[Observations]] = SiteRecords
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="one row per site and year or study",
            quantities=(
                Quantity("Rh_annual", "observation", (RATE,), "layout", gaps="left out"),
                Quantity("Rs_annual", "observation", (RATE,), "layout", gaps="left out"),
                Quantity("Latitude", "latitude", ("degrees_north",), "layout", gaps="left out"),
                Quantity("Longitude", "longitude", ("degrees_east",), "layout", gaps="left out"),
                Quantity("Study_midyear", "time", gaps="allowed"),
                Quantity("Study_number", "name"),
                Quantity("Manipulation", "name"),
            ),
            orders=(Order("columns", ("name",)),),
            missing="an empty cell or NA; counted by what is missing. None in Manipulation is none",
        ),
    )

    reader: Literal["srdb"]
    path: str = Field(min_length=1, description="srdb-data-v5.csv")
    manipulation: Manipulation = Field(
        default="none", description="none (unmanipulated soils) or all"
    )
    units: UnitText = Field(default="", description=f"of the rates, if not {RATE}")

    def read(self, base: Path) -> SiteRecords:
        """Return one record per annual value; see `ObservationSpec.read`."""
        findings = Findings()
        table = open_table(
            base, self.path, findings, ",".join(NEEDED), "one row per site", Layout(latin_1=True)
        )
        columns = Columns(table, findings)
        columns.need(*NEEDED)
        # Carbon that goes into the soil in a year may be -99 and mean it.
        rh, rs = (columns.numbers(name, least=-1000.0) for name in ("Rh_annual", "Rs_annual"))
        middle = columns.numbers("Study_midyear")
        columns.within("Study_midyear", middle, *YEARS, f"a year, {YEARS[0]} to {YEARS[1]}")
        lat, lon = places(columns, ("Latitude", "Longitude"))
        written = columns.texts("Manipulation")
        kept = Kept.of(columns.texts("Study_number"))
        kept.need(np.isfinite(rh), "with Rh_annual", "without Rh_annual")
        of_manipulation(kept, written, self.manipulation)
        with_place(kept, lat, lon)
        with np.errstate(invalid="ignore"):
            kept.need(~(rs <= rh), "with Rs above Rh, where both are", "with Rs not above Rh")
            kept.need(rh > 0, "with Rh above 0", "with Rh of 0 or below")
        return records(
            columns,
            kept,
            {"values": rh, "lat": lat, "lon": lon, "year": np.floor(middle)},
            {"manipulation": written},
            reader="srdb",
            units=columns.known_unit("Rh_annual", self.units, RATE),
            span="year",
        )
