"""Monthly fluxes of FLUXNET2015, one row per site and month.

.. code-block:: yaml

    observed: {reader: fluxnet_monthly, path: fluxnet/fluxnet2015_monthly.csv}

Fluxes are means per day, g C m-2 d-1, of which the file does not say so; NEE is positive to the
air. The file is latin-1. Months without a value are left out.

Source: Pastorello et al. (2020), Scientific Data, 10.1038/s41597-020-0534-3.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels import F8
from scenarios.forcing.common.checks import Findings, whole
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.forcing.common.table import Layout
from scenarios.observations._contract import Observations, ObservationSpec, SiteRecords
from scenarios.observations.parts.records import places, records, with_place
from scenarios.observations.parts.rows import YEARS, Columns, Kept, open_table
from scenarios.units import UnitText

RATE = "g C m-2 d-1"
NEEDED = ("TIMESTAMP", "SITE_ID")
PLACES = ("LOCATION_LAT", "LOCATION_LONG")


class Spec(ObservationSpec):
    """Monthly fluxes of FLUXNET2015."""

    gives: ClassVar[type[Observations]] = SiteRecords
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="one row per site and month",
            quantities=(
                Quantity("NEE_VUT_REF", "observation", (RATE,), "layout", gaps="left out"),
                Quantity("LOCATION_LAT", "latitude", ("degrees_north",), "layout", gaps="left out"),
                Quantity(
                    "LOCATION_LONG", "longitude", ("degrees_east",), "layout", gaps="left out"
                ),
                Quantity("TIMESTAMP", "time"),
                Quantity("SITE_ID", "name"),
            ),
            orders=(Order("columns", ("name",)),),
            missing="an empty cell, NA or -9999; counted by what is missing",
        ),
    )

    reader: Literal["fluxnet_monthly"]
    path: str = Field(min_length=1, description="fluxnet2015_monthly.csv")
    variable: Literal["NEE_VUT_REF", "GPP_NT_VUT_REF"] = Field(
        default="NEE_VUT_REF", description="column of fluxes"
    )
    units: UnitText = Field(default="", description=f"of the fluxes, if not {RATE}")

    def read(self, base: Path) -> SiteRecords:
        """Return one record per site and month; see `ObservationSpec.read`."""
        findings = Findings()
        table = open_table(
            base, self.path, findings, ",".join((*NEEDED, self.variable)),
            "one row per site and month", Layout(latin_1=True),
        )  # fmt: skip
        columns = Columns(table, findings)
        columns.need(*NEEDED, self.variable)
        values = columns.numbers(self.variable)
        lat, lon = places(columns, PLACES)
        year, month = stamps(columns)
        site = columns.texts("SITE_ID")
        stamped = columns.texts("TIMESTAMP").tolist()
        columns.each_once(zip(site.tolist(), stamped, strict=True), "TIMESTAMP")
        kept = Kept.of(site)
        kept.need(np.isfinite(values), f"with {self.variable}", f"without {self.variable}")
        with_place(kept, lat, lon)
        return records(
            columns,
            kept,
            {"values": values, "lat": lat, "lon": lon, "year": year, "month": month},
            {"igbp": columns.texts("IGBP")} if columns.has("IGBP") else {},
            reader="fluxnet_monthly",
            units=columns.known_unit(self.variable, self.units, RATE),
            span="month",
        )


def stamps(columns: Columns) -> tuple[F8, F8]:
    """Return years and months, (n,), of ``TIMESTAMP``: 200901 is January 2009."""
    cells = columns.texts("TIMESTAMP").tolist()
    year, month = (np.full(len(cells), np.nan) for _ in range(2))
    for row, cell in enumerate(cells):
        stamp = whole(cell)
        if stamp is None or not (YEARS[0] <= stamp // 100 <= YEARS[1] and 1 <= stamp % 100 <= 12):
            text = f"found {cell!r}; needed a year and month, such as 200901"
            columns.add("bad times", text, "TIMESTAMP", row)
        else:
            year[row], month[row] = divmod(stamp, 100)
    return year, month
