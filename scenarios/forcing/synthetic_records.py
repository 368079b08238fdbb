"""Invented records of soil respiration, each a location; for tests and trial of validations.

.. code-block:: yaml

    forcing: {reader: synthetic_records}

They are those of ``training: invented``, with the predictors of cells of `synthetic_predictors`. A
location is called by the number of its record, as `training_records` has it; ``pooled: true`` has
one location.

Source: invented.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from kernels import Variable
from kernels.forest.parts.records import records_in
from kernels.forest.shared.invented import INVENTED, LABEL, table
from kernels.forest.shared.predictors import RECORD
from scenarios.forcing._contract import Forcing, Locations, ReaderSpec
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input
from scenarios.forcing.common.predictors import POOLED, UNITS, misfits, pooled
from scenarios.units import convert


class Spec(ReaderSpec):
    """``forcing:`` of invented records."""

    along: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[Input, ...]] = ()

    reader: Literal["synthetic_records"]
    flux: Literal["rh", "rs"] = Field(default="rh", description="as the kernel's: whose records")
    pooled: bool = Field(default=False, description=POOLED)

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        if self.pooled:
            return pooled(self, needs, base)
        findings = Findings()
        for problem in misfits([n for n in needs if n.name != RECORD.name], "synthetic_records"):
            findings.add("drivers", problem)
        findings.raise_all()
        records = records_in(table(self.flux).splitlines(), Path(INVENTED), self.flux)
        units = {**UNITS, RECORD.name: RECORD.units}
        held = {**records.columns, RECORD.name: records.number}
        drivers = {n.name: convert(held[n.name], units[n.name], n.units) for n in needs}
        columns = {"lat": records.lat, "lon": records.lon, "veg": records.columns["veg"]}
        names = tuple(f"{number:.12g}" for number in records.number.tolist())
        told = {"reader": "synthetic_records", "files": [], "conventions": __doc__}
        places = Locations(names, columns)
        return [Forcing("synthetic_records", drivers, {}, places, told, LABEL)]
