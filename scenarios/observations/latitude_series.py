"""Means of latitudes: one row per latitude, in any order.

.. code-block:: yaml

    observed: {reader: latitude_series, path: lat_mean.csv, value: NPP_mean, units: kg C m-2 yr-1}

Columns stand between commas, or between blanks and tabs. A rate is per day or per year as its unit
says. ``NaN`` is a latitude without land. What is exchanged with the air has a sign that is not
left to its name: of ``nee`` and ``nep`` the scenario says ``positive: to_air`` or ``to_land``, and
values are positive to the air from then on.

Source: our own layout.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.forcing.common.places import find_places, in_degrees_or_m2
from scenarios.forcing.common.table import Layout
from scenarios.grids import even_bounds
from scenarios.observations._contract import LatitudeSeries, Observations, ObservationSpec
from scenarios.observations.parts.rows import (
    Columns,
    open_table,
    problem_of_words,
    told,
)
from scenarios.units import UnitText

RATE = "g C m-2 yr-1"
EXCHANGED = ("nee", "nep", "nbp", "nee_mean", "nep_mean", "nbp_mean")
"""What some count positive to the air and others into the land."""


class Spec(ObservationSpec):
    """Means of latitudes."""

    gives: ClassVar[type[Observations]] = LatitudeSeries
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="one row per latitude",
            quantities=(
                Quantity("lat", "latitude", ("degrees_north",), "layout"),
                Quantity("<value>", "observation", (RATE,), "file or scenario", gaps="allowed"),
            ),
            orders=(Order("rows", ("lat",)), Order("columns", ("name",))),
            missing="NaN, NA or an empty cell: a latitude without land",
        ),
    )

    reader: Literal["latitude_series"]
    path: str = Field(min_length=1, description="table, one row per latitude")
    value: str = Field(min_length=1, description="column of values")
    units: UnitText = Field(default="", description="of the values, where the header has none")
    positive: Literal["to_air", "to_land"] | None = Field(
        default=None, description="of an exchange with the air, such as NEE"
    )

    def read(self, base: Path) -> LatitudeSeries:
        """Return one value per latitude, south to north; see `ObservationSpec.read`."""
        findings = Findings()
        needed, layout = f"lat,{self.value}", Layout(blanks=True)
        table = open_table(base, self.path, findings, needed, "one row per latitude", layout)
        columns = Columns(table, findings)
        name = find_places(table.names)[0].get("lat")
        columns.need(name.name if name else "lat", self.value)
        lat_name = name.name if name else "lat"
        lat, wrong = in_degrees_or_m2(
            "lat", columns.numbers(lat_name, gaps=False), table.units.get(lat_name, "")
        )
        for one in wrong:
            problem = table.problem(one.text, f"column {lat_name!r}", one.at)
            findings.add("bad places", problem)
        values = columns.numbers(self.value)
        unit = columns.unit(self.value, self.units, RATE)
        columns.each_once(lat.tolist(), lat_name, "{:g}".format)
        if self.value.lower() in EXCHANGED and self.positive is None:
            text = f"{self.value} may be positive to the air or to the land; say positive: to_air"
            findings.add("signs", problem_of_words(f"{text} or to_land", "positive"))
        findings.raise_all()
        order = np.argsort(lat)
        bounds = even_bounds(lat[order])
        if bounds is None:
            text = "latitudes are not evenly apart, so that a row is missing; needed all of them"
            findings.fatal("places", table.problem(text, f"column {lat_name!r}"))
        sign = -1.0 if self.positive == "to_land" else 1.0
        without = int(np.isnan(values).sum())
        return LatitudeSeries(
            units=unit,
            latitude=lat[order],
            bounds=np.clip(bounds, -90.0, 90.0),
            values=sign * values[order],
            left_out={"no land": without} if without else {},
            notes=("values are positive to the air",) if self.positive else (),
            provenance=told("latitude_series", [table.digest]),
        )
