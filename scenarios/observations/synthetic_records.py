"""Invented records of daily respiration in the invented world of `synthetic_testbed`; no data.

.. code-block:: yaml

    observed: {reader: synthetic_records, cells: 40, studies: 30}

A study lies in one cell and has a record every other week of one or two years. Its rate is 0.45 of
the cell's GPP with a Q10 of 1.8 around the annual mean, times 0.5 to 2 for the study and 0.7 to 1.3
for the record. Draws are additive recurrences: the same on every machine.

Source: invented.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.forcing.common.checks import Years
from scenarios.forcing.common.declared import Input
from scenarios.forcing.common.served import DAYS
from scenarios.forcing.testbed_files.seasons import world
from scenarios.observations._contract import Observations, ObservationSpec, SiteRecords
from scenarios.observations.parts.records import month_of
from scenarios.observations.parts.rows import told

EVERY = 14
"""Days between the records of a study."""

SHARE, Q10 = 0.45, 1.8
"""Respiration of GPP, and its ratio 10 K apart."""


class Spec(ObservationSpec):
    """Invented records of daily respiration."""

    gives: ClassVar[type[Observations]] = SiteRecords
    reads: ClassVar[tuple[Input, ...]] = ()

    reader: Literal["synthetic_records"]
    cells: int = Field(
        ge=1, le=20_000, description="of the invented world, as the forcing has them"
    )
    studies: int = Field(default=30, ge=1, le=10_000, description="each in one cell")
    years: Years = Field(default=(2000, 2012), description="[first, last] year of records")

    def read(self, base: Path) -> SiteRecords:
        """Return the records; see `ObservationSpec.read`."""
        sites, locations = world(self.cells)
        study = np.repeat(np.arange(self.studies), -(-DAYS // EVERY))
        number = np.arange(len(study))
        day = 1 + EVERY * (number % -(-DAYS // EVERY))
        at = (_even(study, 0.6180339887) * self.cells).astype(np.int64)
        first, last = self.years
        year = first + (_even(study, 0.7548776662) * (last - first + 1)).astype(np.int64)
        every = np.arange(1, DAYS + 1)
        warm = [_rate(sites.ta[at], sites.dt[at], d) for d in (day, every[:, None])]
        cycle = warm[0] / warm[1].mean(axis=0)
        factors = 2 ** (2 * _even(study, 0.5698402910) - 1)
        noise = 0.7 + 0.6 * _even(number, 0.4142135624)
        columns = locations.columns
        return SiteRecords(
            units="g C m-2 d-1",
            notes=(f"{len(study):,} invented records of {self.studies} invented studies: no data",),
            provenance=told("synthetic_records", [], synthetic="invented records"),
            values=SHARE * sites.gm[at] * cycle * factors * noise,
            lat=columns["lat"][at],
            lon=(columns["lon"][at] + 180.0) % 360.0 - 180.0,
            year=year.astype(np.float64),
            month=month_of(day.astype(np.float64)),
            day=day.astype(np.float64),
            study=np.array([f"study_{k + 1:04d}" for k in study.tolist()]),
            span="day",
            line=number + 1,
        )


def _even(number: np.ndarray, step: float) -> np.ndarray:
    """Return numbers that are evenly spread from 0 to 1, never 1."""
    return (0.5 + number * step) % 1.0


def _rate(amplitude: np.ndarray, warmest: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return how fast carbon decays on a day, about that of the annual mean."""
    wave = amplitude * np.cos(2 * np.pi * (day - warmest) / DAYS)
    return np.asarray(Q10 ** (wave / 10.0))
