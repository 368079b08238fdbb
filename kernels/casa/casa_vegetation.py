"""CASA vegetation, carbon only, as the biogeochemical testbed runs it: leaf, wood, fine roots.

Wang et al. (2010, 10.5194/bg-7-2261-2010); testbed of Wieder et al. (2018, 10.1111/gcb.13979),
release 2.0.0, whose code decides where its manual says something else. GPP of a land model is
respired and allocated, and what falls is the litter of every soil kernel of the testbed. Soil
never acts on it, so that one run serves all soil members.

Daily Euler steps, years of 365 days.

``gpp_factor`` multiplies GPP, and so NPP, litter and what is made of them; offsets warm the air
and, with the soil of all kernels, the root zone. Plant-available water has no factor: `btran` is
a part of a range, and not an amount.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from kernels.casa.plants.cycle import repeating
from kernels.casa.plants.years import ANNUAL, BY_DAY, DAILY, NEVER, all_years
from kernels.casa.shared.batches import Part, cycle_faults, in_time, opener, parts, years_of
from kernels.casa.shared.drivers import drivers, status_of_drivers
from kernels.casa.shared.files import read_file, types_of
from kernels.casa.shared.parameters import PLANTS, of_table
from kernels.casa.shared.pft_table import Table, of_pft
from kernels.casa.shared.phenology import days_of, first_phase, read_turns, turns, year_phases
from kernels.casa.shared.rows import plant_rows
from kernels.contract.arrays import F8, I8, U1
from kernels.contract.batches import so_far
from kernels.contract.entries import Coordinate, Parameter, Variable, by_day
from kernels.contract.factors import TEMPERATURE, Factor, multiplier, offset
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.limits import FINE_ROOTS, LEAVES, WOOD
from kernels.contract.stages import Batch


@dataclass(frozen=True)
class Options:
    """Choices of a scenario.

    Attributes
    ----------
    start : str
        Of the first day: the state that the first years' cycle returns to, by acceleration or by
        stepping it again and again, or the table's pools.
    cycle : int
        Years of that cycle, from the first; no more than there are.
    spinup_years : int
        After which a member that does not come back to where it was is given up.
    cold_ramp : str
        Leaf loss by cold: a ramp of 5 K, or a step as in the testbed until June 2018.
    npp_rule : str
        What drives exudates and microbial turnover in a year: NPP of the year before, or half
        of the year's GPP, as in the testbed until March 2020.
    phenology : str
        Days of greenup and fall from a table by latitude, or as drivers.
    phenology_file : str
        The testbed's own table, every half degree; ours has the latitudes of its grid.
    table : str
        A testbed file of vegetation types, ``pftlookup_igbp_*.csv``; ours is ``_updated4``.
    """

    start: Literal["steady", "cold", "spinup"] = "steady"
    cycle: int = 20
    spinup_years: int = 20000
    cold_ramp: Literal["linear", "step"] = "linear"
    npp_rule: Literal["previous", "half_gpp"] = "previous"
    phenology: Literal["table", "drivers"] = "table"
    phenology_file: str = ""
    table: str = ""


POOLS = ("leaf", "wood", "froot", "leaf_before")

# --- tables ---

_SERIES = ("gpp", "air_temperature", "soil_temperature", "btran")
FACTORS = (
    Factor(multiplier("gpp_factor", "gross primary production"), ("gpp",)),
    Factor(
        offset("air_temperature_offset", "the temperature of the air"), ("air_temperature",), "plus"
    ),
    TEMPERATURE,
)
_DAYS_OF = {"table": ("latitude",), "drivers": ("greenup", "fall")}


def _drivers(options: Options) -> Iterator[Variable]:
    return drivers(("pft", *_DAYS_OF[options.phenology], *_SERIES), daily=_SERIES)


_DAILY_MEANINGS = (
    "metabolic litter of leaves and fine roots",
    "structural litter of leaves and fine roots",
    "metabolic litter of leaves",
    "structural litter of leaves",
    "metabolic litter of fine roots",
    "structural litter of fine roots",
    "metabolic litter of leaves and fine roots, by the split of MIMICS",
    "structural litter of leaves and fine roots, by the split of MIMICS",
    "litter of leaves",
    "litter of fine roots",
    "litter of wood",
)
_ANNUAL = {
    "annual_npp": ("g C m-2 yr-1", "NPP of a year, which modifies turnover"),
    "npp": ("g C m-2 yr-1", "net primary production"),
    "ra": ("g C m-2 yr-1", "autotrophic respiration"),
    "c_leaf": ("g C m-2", "carbon of leaves"),
    "c_wood": ("g C m-2", "carbon of wood"),
    "c_froot": ("g C m-2", "carbon of fine roots"),
    "lai": ("m2 m-2", "leaf area index at the end of the year"),
}
_BY_DAY = {"lai": "leaf area index at the end of the day"}
_MOST = {"c_leaf": LEAVES, "c_wood": WOOD, "c_froot": FINE_ROOTS}
_ENDS = {"vegetation_start": "before the first day", "vegetation_end": "after the last day"}


def _outputs(options: Options) -> Iterator[Variable]:
    for name, meaning in zip(DAILY, _DAILY_MEANINGS, strict=True):
        yield Variable(name, "g C m-2 d-1", meaning, ("date",))
    for name in ANNUAL:
        units, meaning = _ANNUAL[name]
        made = Variable(name, units, meaning, limit=_MOST.get(name))
        yield made
        if name in BY_DAY:
            yield replace(by_day(made), meaning=_BY_DAY.get(name, f"{meaning}, by day"))
    for name, when in _ENDS.items():
        # Wood is one of them.
        meaning = f"pools of vegetation {when}"
        yield Variable(name, "g C m-2", meaning, ("vegetation_pool",), limit=WOOD)
    if options.start != "cold":
        yield Variable("vegetation_years", "yr", "years run until the cycle repeats", ())
        yield Variable("vegetation_drift", "1", "relative change over the last cycle", ())


# --- the stage ---


@dataclass(frozen=True)
class _Constants:
    """What the options' files and tables say."""

    table: Table
    turns: tuple[F8, I8, F8]
    parameters: tuple[Parameter, ...]


def _phases(options: Options, constants: _Constants, batch: Batch) -> tuple[U1, I8]:
    """Return phases of years, (L, 4, 365), and the phase before the first day, (L,)."""
    drivers, pft = batch.drivers, batch.drivers["pft"]
    if options.phenology == "table":
        greenup, fall = days_of(constants.turns, pft, drivers["latitude"])
    else:
        greenup, fall = drivers["greenup"], drivers["fall"]
    phases = np.zeros((len(pft), 4, 365), np.uint8)
    kinds, begins, ends = (_whole(v) for v in (pft, greenup, fall))
    year_phases(kinds, begins, ends, phases)
    phase = first_phase(greenup, fall)
    settled = options.start != "cold" or "vegetation_start" in batch.start
    for _ in range(8 if settled else 0):
        phase = phases[np.arange(len(pft)), phase, -1].astype(np.int64)
    return phases, phase


def _known_phases(options: Options, constants: _Constants, batch: Batch) -> tuple[U1, I8]:
    """Return phases as `_phases`, made once for all slabs of years."""
    if batch.slab is None:
        return _phases(options, constants, batch)
    kept = batch.slab.kept
    if "phases" not in kept:
        kept["phases"] = _phases(options, constants, batch)
    phases, phase = kept["phases"]
    return phases, phase


def _whole(values: F8) -> I8:
    """Return whole numbers; of what is none, or beyond all bounds, 0."""
    return np.where(np.abs(values) < 1e6, values, 0.0).astype(np.int64)


def _run(
    options: Options, constants: _Constants, batch: Batch, out: Mapping[str, F8], status: U1
) -> None:
    years = years_of(batch, "gpp")
    places = so_far(batch, status_of_drivers(constants.table, batch.drivers))
    phases, phase = _known_phases(options, constants, batch)
    for part in parts(batch, out, status, constants.parameters, places):
        begun = np.repeat(phase[part.at], part.samples)
        _members(options, constants, years, phases[part.at], begun, part)


_DAYS = tuple(f"{name}_daily" for name in BY_DAY)
_SHED = ("t_shed", "cold_exp", "dry_exp")


def _members(
    options: Options, constants: _Constants, years: int, phases: U1, phase: I8, part: Part
) -> None:
    """Fill outputs of the members of some locations."""
    pft, samples, codes = part.series["pft"], part.samples, part.codes
    shed = np.stack([of_pft(constants.table, name, pft) for name in _SHED], axis=1)
    series = tuple(part.series[name] for name in _SERIES)
    linear, previous = options.cold_ramp == "linear", options.npp_rule == "previous"
    if part.goes_on:
        rows, splits, pools, phase, before = part.take_up()
    else:
        rows, splits, pools = plant_rows(constants.table, pft, part.x)
        before = _start(options, years, shed, phases, rows, pools, phase, part)
    part.leave(rows, splits, pools, phase, before, codes=codes)
    all_years(
        linear, previous, years, samples, shed, series, phases, rows, splits, pools, phase,
        before, codes, part.asked(DAILY), part.asked(_DAYS), part.asked(ANNUAL),
    )  # fmt: skip
    part.put("vegetation_end", pools)


def _start(
    options: Options, years: int, shed: F8, phases: U1, rows: F8, pools: F8, phase: I8, part: Part
) -> F8:
    """Fill pools and phases that members begin with; return NPP of the year before, (M,)."""
    before, progress = np.full(len(pools), 2 * NEVER), np.zeros((len(pools), 3))
    if "vegetation_start" in part.start:
        pools[...] = part.start["vegetation_start"]
    elif options.start != "cold":
        cycle, series = min(options.cycle, years), tuple(part.series[name] for name in _SERIES)
        repeating(
            options.cold_ramp == "linear", options.start == "steady", cycle,
            max(1, options.spinup_years // cycle), part.samples, shed, series, phases, rows, pools,
            phase, progress, part.codes,
        )  # fmt: skip
        before[...] = progress[:, 2]
        part.put("vegetation_years", progress[:, 0] * cycle)
        part.put("vegetation_drift", progress[:, 1])
    part.put("vegetation_start", pools)
    return before


# --- the kernel ---


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of a member, seconds, as measured; a start costs some 12 cycles."""
    years = sizes["time"]
    start = 0 if options.start == "cold" else 12 if options.start == "steady" else 100
    return 8e-6 * years + 4e-6 * start * min(options.cycle, years)


def _faults(options: Options) -> Iterator[Fault]:
    yield from cycle_faults(options)
    if options.phenology_file and options.phenology != "table":
        yield Fault("is a table and phenology: says drivers; keep one", "phenology_file")


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables that its options ask for."""
    if faults := tuple(_faults(options)):
        raise Unfit(faults)
    types = types_of(options.table, base)
    own, more = read_file(options.phenology_file, base, read_turns)
    constants = _Constants(
        types.table, turns() if own is None else own, of_table(PLANTS, types.table)
    )
    return KERNEL.of_stage(
        "plants",
        opener(_run, constants),
        parameters=constants.parameters,
        drivers=_drivers(options),
        outputs=_outputs(options),
        factors=FACTORS,
        files={**types.files, **more},
        notes=types.notes,
        warnings=types.warnings,
        coords={"vegetation_pool": Coordinate.named(POOLS, "pools of vegetation")},
        **in_time(options, daily=True),
    )


KERNEL = Kernel.declared(
    _make,
    name="casa_vegetation",
    title="CASA vegetation, carbon only, as the biogeochemical testbed runs it",
    source="Wang et al. (2010, 10.5194/bg-7-2261-2010); testbed 2.0.0 of Wieder et al. "
    "(2018, 10.1111/gcb.13979)",
    options=Options,
    seconds=_seconds,
    lanes=32,
)
