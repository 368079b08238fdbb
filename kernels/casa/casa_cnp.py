"""CASA-CNP litter and soil, carbon only, as the biogeochemical testbed runs them: six pools.

Wang et al. (2010, 10.5194/bg-7-2261-2010); testbed of Wieder et al. (2018, 10.1111/gcb.13979),
release 2.0.0, whose code decides where its manual says something else. Metabolic and structural
litter, woody debris; fast ("microbial" in the code, not alive), slow and passive soil carbon.
Linear, so that a cycle's steady state is one pass over its days and one solve.

Daily Euler steps, years of 365 days; with constant drivers the steady state alone, which is too
large where soil freezes for part of the year: rates at the mean are below the mean of rates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kernels.casa.shared.batches import Part, opener, parts, spinup_faults, years_of
from kernels.casa.shared.files import types_of
from kernels.casa.shared.parameters import SOIL, derived, of_table
from kernels.casa.shared.pft_table import Table
from kernels.casa.shared.rows import soil_rows, status_of_drivers, status_of_pft
from kernels.casa.soil.years import ANNUAL, mean_soils, soil_years, spun_soils, steady_soils
from kernels.contract.limits import METRE, WOOD
from kernels.contract.ranges import accepted
from kernels.contract.status import OK, OUT_OF_RANGE
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
    """Choices of a scenario.

    Attributes
    ----------
    drivers : str
        Days of many years, or means, whose steady state is asked for alone.
    start : str
        Of the first day: the state that the first years' cycle returns to, by solving for it or by
        stepping it again and again, or the table's pools.
    cycle : int
        Years of that cycle, from the first; no more than there are.
    spinup_years : int
        After which a member that still changes is given up.
    spinup_tolerance : float
        Relative change of a pool over a cycle at which it is at rest.
    table : str
        A testbed file of vegetation types, ``pftlookup_igbp_*.csv``; ours is ``_updated4``.
    """

    drivers: Literal["daily", "mean"] = "daily"
    start: Literal["steady", "cold", "spinup"] = "steady"
    cycle: int = 20
    spinup_years: int = 20000
    spinup_tolerance: float = 1e-6
    table: str = ""


POOLS = ("met", "str", "cwd", "fast", "slow", "pass")

# --- tables ---

_LITTER = ("litter_met", "litter_str", "litter_cwd")
_SERIES = (*_LITTER, "soil_temperature", "theta_l")
# name: (units, lowest, highest, meaning)
_DRIVERS = {
    "litter_met": ("g C m-2 d-1", 0.0, 1e4, "metabolic litter of leaves and fine roots"),
    "litter_str": ("g C m-2 d-1", 0.0, 1e4, "structural litter of leaves and fine roots"),
    "litter_cwd": ("g C m-2 d-1", 0.0, 1e4, "litter of wood"),
    "soil_temperature": ("degC", -100.0, 80.0, "temperature of the root zone"),
    "theta_l": ("1", 0.0, 1.0, "liquid water of the root zone, fraction of pore space"),
    "pft": ("1", 1.0, 18.0, "vegetation type, IGBP class 1-18"),
    "clay": ("1", 0.0, 1.0, "clay, fraction by mass"),
    "silt": ("1", 0.0, 1.0, "silt, fraction by mass"),
}
_BOUNDS = {n: (low, high) for n, (_, low, high, _) in _DRIVERS.items() if n != "pft"}


def _drivers(options: Options) -> Iterator[Variable]:
    for name, (units, low, high, meaning) in _DRIVERS.items():
        daily = options.drivers == "daily" and name in _SERIES
        dims, range_ = ("date",) if daily else (), accepted(name, units, low, high)
        yield Variable(name, units, meaning, dims, expected_range=range_)


_MEANINGS = (
    "carbon of metabolic litter",
    "carbon of structural litter",
    "carbon of woody debris",
    "carbon of the fast pool",
    "carbon of the slow pool",
    "carbon of the passive pool",
    "heterotrophic respiration, with that of woody debris",
    "litter of leaves and fine roots, and wood that falls",
    "carbon of litter, microbes and soil, without woody debris",
)
FLUXES = ("rh", "litter_input")


def _outputs(options: Options) -> Iterator[Variable]:
    daily = options.drivers == "daily"
    for name, meaning in zip(ANNUAL, _MEANINGS, strict=True):
        units = "g C m-2 yr-1" if name in FLUXES else "g C m-2"
        most = None if name in FLUXES else WOOD if name == "casa_cwd" else METRE
        yield Variable(name, units, meaning, ("time",) if daily else (), limit=most)
    if not daily:
        return
    for name, when in (("casa_start", "before the first day"), ("casa_end", "after the last day")):
        # Woody debris is one of them.
        yield Variable(name, "g C m-2", f"pools of CASA {when}", ("casa_pool",), limit=WOOD)
    if options.start == "spinup":
        yield Variable("casa_spinup", "yr", "years run until the cycle repeats", ())
        yield Variable("casa_drift", "1", "largest relative change of a pool over the last", ())


# --- the stage ---


@dataclass(frozen=True)
class _Known:
    """What the options' file and tables say."""

    table: Table
    parameters: tuple[Parameter, ...]


def _places(known: _Known, drivers: Mapping[str, F8]) -> U1:
    """Return a status for every location, (L,)."""
    kind = status_of_pft(known.table, drivers["pft"])
    found = status_of_drivers(drivers, _BOUNDS)
    with np.errstate(invalid="ignore"):
        # Files have five digits of each.
        crowded = drivers["clay"] + drivers["silt"] > 1.001
    found[(found == OK) & crowded] = OUT_OF_RANGE
    return np.where(found != OK, found, kind)


def _run(options: Options, known: _Known, batch: Batch, out: Mapping[str, F8], status: U1) -> None:
    daily, places = options.drivers == "daily", _places(known, batch.drivers)
    years = years_of(batch, "litter_met") if daily else 0
    for part in parts(batch, out, status, known.parameters, places):
        texture = part.series["clay"], part.series["silt"]
        rows, pools = soil_rows(known.table, part.series["pft"], *texture, part.x)
        if daily:
            _daily(options, years, rows, pools, part)
        else:
            _mean(rows, pools, part)


def _daily(options: Options, years: int, rows: F8, pools: F8, part: Part) -> None:
    """Fill outputs of the members of some locations."""
    samples, codes = part.samples, part.codes
    series = tuple(part.series[name] for name in _SERIES)
    cycle = min(options.cycle, years)
    if "casa_start" in part.start:
        pools[...] = part.start["casa_start"]
    elif options.start == "steady":
        steady_soils(cycle, samples, series, rows, pools, codes)
    elif options.start == "spinup":
        about, most = np.zeros((len(codes), 2)), max(1, options.spinup_years // cycle)
        spun_soils(
            cycle, most, options.spinup_tolerance, samples, series, rows, pools, about, codes
        )
        part.put("casa_spinup", about[:, 0] * cycle)
        part.put("casa_drift", about[:, 1])
    part.put("casa_start", pools)
    soil_years(years, samples, series, rows, pools, codes, part.asked(ANNUAL))
    part.put("casa_end", pools)


def _mean(rows: F8, pools: F8, part: Part) -> None:
    """Fill the steady state of the members of some locations."""
    samples, rh = part.samples, np.empty(len(rows))
    series = tuple(part.series[name] for name in _SERIES)
    mean_soils(samples, series, rows, pools, rh, part.codes)
    for k, name in enumerate(ANNUAL[:6]):
        part.put(name, pools[:, k])
    part.put("rh", 365.0 * rh)
    part.put("litter_input", 365.0 * np.repeat(series[0] + series[1] + series[2], samples))
    part.put("soil_litter_carbon", pools[:, [0, 1, 3, 4, 5]].sum(axis=1))


# --- the kernel ---


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of a member, seconds, as measured."""
    if options.drivers == "mean":
        return 2e-7
    years = sizes["time"]
    cycle = min(options.cycle, years)
    start = {"cold": 0.0, "steady": 2.0 * cycle, "spinup": 0.5 * options.spinup_years}
    return 4e-6 * (years + start[options.start])


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables that its options ask for."""
    if faults := tuple(spinup_faults(options)):
        raise Unfit(faults)
    types = types_of(options.table, base)
    known = _Known(types.table, of_table(SOIL, types.table))
    drivers, outputs = tuple(_drivers(options)), tuple(_outputs(options))
    stage = Stage(
        "soil",
        parameters=tuple(SOIL),
        drivers=tuple(d.name for d in drivers),
        upstream=(),
        outputs=tuple(o.name for o in outputs),
        open=opener(_run, known),
    )

    def derive(
        options: Options, drivers: Mapping[str, F8], coords: Mapping[str, Any]
    ) -> Mapping[str, Derived]:
        return derived(known.parameters, types.table, drivers["pft"])

    closed = ((ANNUAL[:6], ("litter_input",), ("rh",)),)
    return Kernel(
        name="casa_cnp",
        title=TITLE,
        source=SOURCE,
        parameters=known.parameters,
        drivers=drivers,
        outputs=outputs,
        stages=(stage,),
        options=Options,
        seconds=_seconds,
        derive=derive,
        balance=closed if options.drivers == "daily" else (),
        make=_make,
        lanes=32,
        files=types.files,
        notes=types.notes,
        warnings=types.warnings,
        coords={"casa_pool": Coordinate.named(POOLS, "pools of CASA")},
    )


TITLE = "CASA-CNP litter and soil, carbon only, as the biogeochemical testbed runs them"
SOURCE = "Wang et al. (2010); testbed 2.0.0 of Wieder et al. (2018)"

KERNEL = Kernel(
    name="casa_cnp",
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
