"""Twelve invented sites of one layer of soil and their carbon; for tests and trial.

Round numbers of our own along a slope of cold grassland: the higher, the colder, the more
productive and the richer in carbon, with some scatter. What is called observed follows from no
model.

Source: invented.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels import Variable
from scenarios.forcing._contract import Forcing, Locations, Observed, ReaderSpec
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input
from scenarios.problems import Problem
from scenarios.units import convert

LABEL = "synthetic sites (invented; not measured)"

_NPP = (120.0, 160.0, 150.0, 220.0, 260.0, 240.0, 330.0, 380.0, 360.0, 460.0, 520.0, 600.0)

# driver: (unit, a number for each site).
_SITES = {
    "litter_input": ("g C m-2 yr-1", _NPP),
    "annual_npp": ("g C m-2 yr-1", _NPP),
    "soil_temperature": (
        "degC", (11.5, 11.0, 11.5, 10.5, 10.0, 10.5, 9.0, 8.5, 9.0, 7.5, 7.0, 6.5)),
    "clay": ("percent", (12.0, 20.0, 8.0, 15.0, 25.0, 10.0, 18.0, 12.0, 28.0, 16.0, 22.0, 14.0)),
    "lignin_n": ("1", (12.0, 12.0, 14.0, 12.0, 13.0, 14.0, 13.0, 15.0, 14.0, 16.0, 15.0, 16.0)),
    "depth": ("cm", (30.0,) * 12),
}  # fmt: skip

# kg C m-2 of the layer, litter and all.
_STOCK = (1.4, 2.3, 1.6, 2.8, 3.9, 2.7, 4.9, 5.2, 6.1, 7.4, 9.0, 10.2)

NAMES = tuple(f"S{k + 1:02d}" for k in range(len(_STOCK)))


class Spec(ReaderSpec):
    """``forcing:`` of the synthetic sites."""

    reads: ClassVar[tuple[Input, ...]] = ()
    along: ClassVar[tuple[str, ...]] = ()

    reader: Literal["synthetic_sites"]
    n: int = Field(default=12, ge=1, le=12, description="the first n, from the lowest up")

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings, drivers = Findings(), {}
        for need in needs:
            if need.name not in _SITES or need.dims:
                text = f"the synthetic sites have {', '.join(_SITES)}, one number each, and no "
                text += f"driver {need.name!r} ({', '.join(need.dims) or 'one number'})"
                findings.add("drivers", Problem(f"{text}; use another reader", "forcing.reader"))
                continue
            unit, values = _SITES[need.name]
            drivers[need.name] = convert(np.array(values[: self.n]), unit, need.units)
        findings.raise_all()
        stock = np.array(_STOCK[: self.n])[:, None]
        observed = Observed(stock, None, None, "kg C m-2", "all carbon in the layer")
        return [
            Forcing(
                "synthetic_sites",
                drivers,
                {},
                Locations(NAMES[: self.n], {}),
                {"reader": "synthetic_sites", "files": [], "conventions": __doc__},
                LABEL,
                {"carbon_stock": observed},
                dict.fromkeys([*drivers, "carbon_stock"], ("invented",) * self.n),
            )
        ]
