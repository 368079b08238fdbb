"""Daily heterotrophic respiration of the database DGRsD, one row per measurement.

.. code-block:: yaml

    observed: {reader: dgrsd, path: observations/dgrsd_daily_rh.csv, manipulation: none}

Rates are per day, g C m-2 d-1, of which the file does not say so. In ``Manipulation`` the word
``None`` means a soil that was left alone; elsewhere an empty cell and ``NA`` are missing. A record
without a day of the year has the middle of its month, floor(30.5 month - 15), and one without
either is left out. Day 366 is day 365; days beyond it, which a few records have, are of the year
after.

Source: the records behind Jian et al. (2021), Global Change Biology, 10.1111/gcb.15795.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.observations._contract import Observations, ObservationSpec, SiteRecords
from scenarios.observations.parts.records import (
    DAYS,
    Manipulation,
    month_of,
    of_manipulation,
    places,
    records,
    whole_numbers,
    with_place,
)
from scenarios.observations.parts.rows import Columns, Kept, open_table
from scenarios.units import UnitText

RATE = "g C m-2 d-1"
NEEDED = ("Study_number", "Meas_Year", "Meas_Month", "Meas_DOY", "Manipulation")


class Spec(ObservationSpec):
    """Daily soil respiration of DGRsD."""

    gives: ClassVar[type[Observations]] = SiteRecords
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="one row per measurement",
            quantities=(
                Quantity("Rh_Norm", "observation", (RATE,), "layout", gaps="left out"),
                Quantity("Latitude", "latitude", ("degrees_north",), "layout", gaps="left out"),
                Quantity("Longitude", "longitude", ("degrees_east",), "layout", gaps="left out"),
                Quantity("Meas_Year", "time"),
                Quantity("Meas_Month", "time", gaps="left out"),
                Quantity("Meas_DOY", "time", gaps="left out"),
                Quantity("Study_number", "name"),
                Quantity("Manipulation", "name"),
            ),
            orders=(Order("columns", ("name",)),),
            missing="an empty cell or NA; counted by what is missing. None in Manipulation is none",
        ),
    )

    reader: Literal["dgrsd"]
    path: str = Field(min_length=1, description="dgrsd_daily_rh.csv")
    variable: Literal["Rh_Norm", "Rs_Norm", "Ra_Norm"] = Field(
        default="Rh_Norm", description="column of rates"
    )
    manipulation: Manipulation = Field(
        default="none", description="none (unmanipulated soils) or all"
    )
    units: UnitText = Field(default="", description=f"of the rates, if not {RATE}")

    def read(self, base: Path) -> SiteRecords:
        """Return one record per measurement; see `ObservationSpec.read`."""
        findings = Findings()
        rows = "one row per measurement"
        columns = Columns(open_table(base, self.path, findings, ",".join(NEEDED), rows), findings)
        columns.need(*NEEDED, self.variable)
        values = columns.numbers(self.variable)
        lat, lon = places(columns, ("Latitude", "Longitude"))
        year = columns.years("Meas_Year").astype(np.float64)
        month = whole_numbers(columns, "Meas_Month", 1, 12)
        day = whole_numbers(columns, "Meas_DOY", 1, 2 * DAYS)
        day = np.where(np.isnan(day), np.floor(30.5 * month - 15), day)
        late = day > DAYS + 1
        year, day = year + late, np.minimum(np.where(late, day - DAYS, day), DAYS)
        written = columns.texts("Manipulation")
        kept = Kept.of(columns.texts("Study_number"))
        of_manipulation(kept, written, self.manipulation)
        kept.need(np.isfinite(values), f"with {self.variable}", f"without {self.variable}")
        with_place(kept, lat, lon)
        kept.need(np.isfinite(day), "with a year and a day", "without a day or month")
        beyond = int((late & kept.kept).sum())
        text = f"{beyond} days beyond the end of their year are days of the year after"
        return records(
            columns,
            kept,
            {"values": values, "lat": lat, "lon": lon, "year": year, "day": day,
             "month": month_of(day)},
            {"manipulation": written},
            reader="dgrsd",
            units=columns.known_unit(self.variable, self.units, RATE),
            span="day",
            notes=(text,) if beyond else (),
        )  # fmt: skip
