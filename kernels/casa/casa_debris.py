"""CASA woody debris, as the testbed's other soil models are given it.

Of CASA's soil only this pool is alive where MIMICS or CORPSE take its place: what of it
decomposes is respired or becomes their structural litter. With it goes the lignin:N of all litter,
by its fluxes, which MIMICS reads. `casa_cnp` has the same pool itself; a chain with CASA alone
needs no debris. See there for the sources.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kernels.casa.shared.batches import Part, opener, parts, spinup_faults, years_of
from kernels.casa.shared.files import types_of
from kernels.casa.shared.parameters import DECAY, derived, of_table
from kernels.casa.shared.pft_table import Table
from kernels.casa.shared.rows import debris_rows, status_of_drivers, status_of_pft
from kernels.casa.soil.debris import DAILY, STARTS, debris_years, mean_debris
from kernels.contract.limits import WOOD
from kernels.contract.ranges import accepted
from kernels.contract.status import OK
from kernels.contract.tables import (
    F8,
    U1,
    Batch,
    Coordinate,
    Derived,
    Kernel,
    Parameter,
    Stage,
    Unfit,
    Variable,
)


@dataclass(frozen=True)
class Options:
    """Choices of a scenario; see `kernels.casa_cnp.Options`, whose words these are."""

    drivers: Literal["daily", "mean"] = "daily"
    start: Literal["steady", "cold", "spinup"] = "steady"
    cycle: int = 20
    spinup_years: int = 20000
    spinup_tolerance: float = 1e-6
    table: str = ""


_SERIES = ("litter_cwd", "soil_temperature", "theta_l", "litter_leaf", "litter_froot")
# name: (units, lowest, highest, meaning)
_DRIVERS = {
    "pft": ("1", 1.0, 18.0, "vegetation type, IGBP class 1-18"),
    "litter_cwd": ("g C m-2 d-1", 0.0, 1e4, "litter of wood"),
    "soil_temperature": ("degC", -100.0, 80.0, "temperature of the root zone"),
    "theta_l": ("1", 0.0, 1.0, "liquid water of the root zone, fraction of pore space"),
    "litter_leaf": ("g C m-2 d-1", 0.0, 1e4, "litter of leaves"),
    "litter_froot": ("g C m-2 d-1", 0.0, 1e4, "litter of fine roots"),
}
_BOUNDS = {n: (low, high) for n, (_, low, high, _) in _DRIVERS.items() if n != "pft"}


def _drivers(options: Options) -> Iterator[Variable]:
    for name, (units, low, high, meaning) in _DRIVERS.items():
        daily = options.drivers == "daily" and name in _SERIES
        dims, range_ = ("date",) if daily else (), accepted(name, units, low, high)
        yield Variable(name, units, meaning, dims, expected_range=range_)


_OUTPUTS = {
    "cwd_to_litter": ("g C m-2 d-1", "woody debris that becomes structural litter"),
    "cwd_respiration": ("g C m-2 d-1", "respiration of woody debris"),
    "lignin_n": ("1", "lignin over nitrogen of all litter, by mass"),
}


def _outputs(options: Options) -> Iterator[Variable]:
    daily = options.drivers == "daily"
    for name, (units, meaning) in _OUTPUTS.items():
        yield Variable(name, units, meaning, ("date",) if daily else ())
    stock, dims = "g C m-2", ("time",) if daily else ()
    yield Variable("c_cwd", stock, "carbon of woody debris", dims, limit=WOOD)
    if daily:
        for name, when in (("start", "before the first day"), ("end", "after the last day")):
            meaning = f"woody debris {when}"
            yield Variable(f"debris_{name}", stock, meaning, ("debris_pool",), limit=WOOD)


@dataclass(frozen=True)
class _Known:
    """What the options' file and tables say."""

    table: Table
    parameters: tuple[Parameter, ...]


def _run(options: Options, known: _Known, batch: Batch, out: Mapping[str, F8], status: U1) -> None:
    places = status_of_drivers(batch.drivers, _BOUNDS)
    places = np.where(places != OK, places, status_of_pft(known.table, batch.drivers["pft"]))
    years = years_of(batch, "litter_cwd") if options.drivers == "daily" else 0
    for part in parts(batch, out, status, known.parameters, places):
        rows, pools = debris_rows(known.table, part.series["pft"], part.x)
        series = tuple(part.series[name] for name in _SERIES)
        if years:
            _daily(options, years, series, rows, pools, part)
            continue
        found = np.empty((len(rows), len(DAILY)))
        mean_debris(part.samples, series, rows, found, pools, part.codes)
        for k, name in enumerate(DAILY):
            part.put(name, found[:, k])
        part.put("c_cwd", pools)


def _daily(
    options: Options, years: int, series: tuple[F8, ...], rows: F8, pools: F8, part: Part
) -> None:
    """Fill outputs in time."""
    start, cycle, begun = options.start, min(options.cycle, years), np.empty(len(rows))
    if "debris_start" in part.start:
        pools[...], start = part.start["debris_start"][:, 0], "cold"
    (annual,) = part.asked(("c_cwd",))
    debris_years(
        STARTS.index(start), 365 * cycle, max(1, options.spinup_years // cycle),
        options.spinup_tolerance, part.samples, series, rows, pools, part.codes,
        part.asked(DAILY), annual, begun,
    )  # fmt: skip
    part.put("debris_start", begun)
    part.put("debris_end", pools)


# --- the kernel ---


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of a member, seconds, as measured."""
    if options.drivers == "mean":
        return 2e-7
    years = sizes["time"]
    cycle = min(options.cycle, years)
    start = {"cold": 0.0, "steady": 0.5 * cycle, "spinup": 0.05 * options.spinup_years}
    return 8e-6 * years + 2e-6 * start[options.start]


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables that its options ask for."""
    if faults := tuple(spinup_faults(options)):
        raise Unfit(faults)
    types = types_of(options.table, base)
    known = _Known(types.table, of_table(DECAY, types.table))
    drivers, outputs = tuple(_drivers(options)), tuple(_outputs(options))
    stage = Stage(
        "debris",
        parameters=tuple(DECAY),
        drivers=tuple(d.name for d in drivers),
        upstream=(),
        outputs=tuple(o.name for o in outputs),
        open=opener(_run, known),
    )

    def derive(
        options: Options, drivers: Mapping[str, F8], coords: Mapping[str, Any]
    ) -> Mapping[str, Derived]:
        return derived(known.parameters, types.table, drivers["pft"])

    return Kernel(
        name="casa_debris",
        title=TITLE,
        source=SOURCE,
        parameters=known.parameters,
        drivers=drivers,
        outputs=outputs,
        stages=(stage,),
        options=Options,
        seconds=_seconds,
        derive=derive,
        make=_make,
        lanes=32,
        files=types.files,
        notes=types.notes,
        warnings=types.warnings,
        coords={"debris_pool": Coordinate.named(("cwd",), "pools of woody debris")},
    )


TITLE = "CASA woody debris, which MIMICS and CORPSE are given"
SOURCE = "Wang et al. (2010); testbed 2.0.0 of Wieder et al. (2018)"

KERNEL = Kernel(
    name="casa_debris",
    title=TITLE,
    source=SOURCE,
    parameters=(),
    drivers=(),
    outputs=(),
    stages=(),
    options=Options,
    seconds=_seconds,
    make=_make,
)
