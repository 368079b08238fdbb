"""Annual values of the globe, of one product: ``year, value``, with a header or without.

.. code-block:: yaml

    observed: {reader: global_series, path: hashimoto2015_rh.txt, units: Pg C yr-1, interval: 2.24}

Lines that begin with ``#`` are comments, as what digitises figures writes them. A file without a
header has the year first; its unit is the scenario's to say.

Source: our own layout.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import NUMBERS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.table import Layout
from scenarios.observations._contract import Observations, ObservationSpec, YearSeries
from scenarios.observations.parts.rows import Columns, gap_notes, open_table, told
from scenarios.units import UnitText

LAYOUT = Layout(unheaded=("year", "value"))
ANY = "Pg C yr-1"


class Spec(ObservationSpec):
    """Annual values of the globe, of one product."""

    gives: ClassVar[type[Observations]] = YearSeries
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="one row per year",
            quantities=(
                Quantity("year", "time"),
                Quantity("<value>", "observation", (ANY,), "file or scenario"),
            ),
            orders=(Order("rows", ("year",)), Order("columns", ("name",))),
            missing=NUMBERS_MISSING,
        ),
    )

    reader: Literal["global_series"]
    path: str = Field(min_length=1, description="CSV file, one row per year")
    value: str = Field(default="value", min_length=1, description="column of values")
    units: UnitText = Field(default="", description="of the values, where the header has none")
    name: str = Field(default="", description="of the product; by default that of the file")
    interval: float | None = Field(
        default=None, gt=0, description="half width of the interval of 95 %, in units:"
    )

    def read(self, base: Path) -> YearSeries:
        """Return one row of years; see `ObservationSpec.read`."""
        findings = Findings()
        table = open_table(base, self.path, findings, "year,value", "one row per year", LAYOUT)
        columns = Columns(table, findings)
        columns.need("year", self.value)
        years = columns.years("year")
        values = columns.numbers(self.value, gaps=False)
        unit = columns.unit(self.value, self.units, ANY)
        columns.each_once(years.tolist(), "year", str)
        findings.raise_all()
        span = np.arange(years.min(), years.max() + 1)
        every = np.full((1, span.size), np.nan)
        every[0, years - span[0]] = values
        name = self.name or Path(self.path).stem
        return YearSeries(
            units=unit,
            names=(name,),
            realisations=("",),
            years=span,
            values=every,
            notes=gap_notes([name], span, every),
            interval=self.interval,
            provenance=told("global_series", [table.digest]),
        )
