"""Daily heterotrophic respiration of COSORE: ``daily.csv`` and, beside it, ``sites.csv``.

.. code-block:: yaml

    observed: {reader: cosore_daily, path: cosore}

A data set is a study, also where two are at one place (girdled maple and oak). Nothing but the rate
is needed of a day: a site without soil temperature is as good as others. Its rate is g C m-2 d-1 by
the name of the column. Days are of a year of 365; 29 February is left out.

Source: Bond-Lamberty et al. (2020), Global Change Biology, 10.1111/gcb.15353.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels import F8, I8
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.observations._contract import Observations, ObservationSpec, SiteRecords, Text
from scenarios.observations.parts.records import month_of, places, records
from scenarios.observations.parts.rows import YEARS, Columns, Kept, open_table, told
from scenarios.problems import nearest
from scenarios.units import UnitText

RATE = "g C m-2 d-1"
COLUMN = "rh_gC_m2_d"
SITES = ("dataset", "site", "rh_treatment")


class Spec(ObservationSpec):
    """Daily heterotrophic respiration of COSORE."""

    gives: ClassVar[type[Observations]] = SiteRecords
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path/daily.csv",
            format="table",
            holds="one row per data set and day",
            quantities=(
                Quantity(COLUMN, "observation", (RATE,), "layout", gaps="left out"),
                Quantity("dataset", "name"),
                Quantity("date", "time"),
            ),
            orders=(Order("columns", ("name",)),),
            missing="an empty cell or NA of the rate; counted",
        ),
        Input(
            key="path/sites.csv",
            format="table",
            holds="one row per data set",
            quantities=(
                Quantity("dataset", "name"),
                Quantity("site", "name"),
                Quantity("lat", "latitude", ("degrees_north",), "layout"),
                Quantity("lon", "longitude", ("degrees_east",), "layout"),
                Quantity("rh_treatment", "name"),
            ),
            orders=(Order("rows", ("dataset",)), Order("columns", ("name",))),
            missing="nothing may be missing",
        ),
    )

    reader: Literal["cosore_daily"]
    path: str = Field(min_length=1, description="folder of daily.csv and sites.csv")
    units: UnitText = Field(default="", description=f"of the rates, if not {RATE}")

    def read(self, base: Path) -> SiteRecords:
        """Return one record per data set and day; see `ObservationSpec.read`."""
        findings = Findings()
        folder, needed = self.path.rstrip("/"), f"dataset,date,{COLUMN}"
        table = open_table(base, f"{folder}/daily.csv", findings, needed, "one row per day")
        days, needed = Columns(table, findings), ",".join(SITES)
        table = open_table(base, f"{folder}/sites.csv", findings, needed, "one row per data set")
        sites = Columns(table, findings)
        days.need("dataset", "date", COLUMN)
        sites.need(*SITES)
        values, study = days.numbers(COLUMN), days.texts("dataset")
        year, day = dates(days, "date")
        at = _sites(days, study, sites)
        lat, lon = places(sites)
        for row in np.flatnonzero(np.isnan(lat + lon)).tolist():
            text = "has no latitude or longitude; needed the place of each data set"
            sites.add("bad places", text, "dataset", row)
        findings.raise_all()
        days.each_once(zip(study.tolist(), days.texts("date").tolist(), strict=True), "date")
        kept = Kept.of(study)
        kept.need(np.isfinite(values), f"with {COLUMN}", f"without {COLUMN}")
        kept.need(np.isfinite(day), "of a year of 365 days", "of 29 February")
        found = records(
            days,
            kept,
            {"values": values, "lat": lat[at], "lon": lon[at], "year": year, "day": day,
             "month": month_of(day)},
            {"site": sites.texts("site")[at], "treatment": sites.texts("rh_treatment")[at]},
            reader="cosore_daily",
            units=days.known_unit(COLUMN, self.units, RATE),
            span="day",
        )  # fmt: skip
        files = [days.table.digest, sites.table.digest]
        return replace(found, provenance=told("cosore_daily", files))


def dates(columns: Columns, name: str) -> tuple[F8, F8]:
    """Return years and days of a year of 365, (n,); the day of 29 February is NaN."""
    year, day = (np.full(len(columns.table.rows), np.nan) for _ in range(2))
    for row, cell in enumerate(columns.texts(name).tolist()):
        try:
            found = date.fromisoformat(cell)
            if len(cell) != len("2001-12-31") or not YEARS[0] <= found.year <= YEARS[1]:
                raise ValueError
        except ValueError:
            columns.add(
                "bad times", f"found {cell!r}; needed a date, such as 2001-12-31", name, row
            )
            continue
        year[row] = found.year
        if (found.month, found.day) != (2, 29):
            # Of 2001, which has 365 days.
            day[row] = found.replace(year=2001).timetuple().tm_yday
    return year, day


def _sites(days: Columns, study: Text, sites: Columns) -> I8:
    """Return the row of ``sites`` of each day, (n,); note data sets that it lacks or has twice."""
    names = sites.texts("dataset").tolist()
    sites.each_once(names, "dataset", repr)
    known = {name: row for row, name in enumerate(names)}
    for name in np.unique(study).tolist():
        if name not in known:
            row = int(np.flatnonzero(study == name)[0])
            text = f"{name!r} is not in {sites.table.file}{nearest(name, known)}"
            days.add("data sets", text, "dataset", row)
    return np.array([known.get(name, 0) for name in study.tolist()], dtype=np.int64)
