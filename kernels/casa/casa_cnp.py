"""CASA-CNP litter and soil, carbon only, as the biogeochemical testbed runs them: six pools.

Wang et al. (2010, 10.5194/bg-7-2261-2010); testbed of Wieder et al. (2018, 10.1111/gcb.13979),
release 2.0.0, whose code decides where its manual says something else. Metabolic and structural
litter, woody debris; fast ("microbial" in the code, not alive), slow and passive soil carbon.
Linear, so that a cycle's steady state is one pass over its days and one solve.

Daily Euler steps, years of 365 days; with constant drivers the steady state alone, which is too
large where soil freezes for part of the year: rates at the mean are below the mean of rates.

A run in time starts from ``initial_carbon_factor`` times the pools that its start gives, woody
debris as it is.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from kernels.casa.shared.batches import Part, parts, years_of
from kernels.casa.shared.drivers import status_of_drivers
from kernels.casa.shared.parameters import SOIL
from kernels.casa.shared.rows import soil_rows
from kernels.casa.soil.tables import Constants, Options, soil_kernel
from kernels.casa.soil.years import ANNUAL, mean_soils, soil_years, spun_soils, steady_soils
from kernels.contract.arrays import F8, U1
from kernels.contract.batches import so_far
from kernels.contract.entries import Coordinate, Variable, by_day
from kernels.contract.factors import INITIAL_CARBON, LITTERFALL, MOISTURE, TEMPERATURE
from kernels.contract.kernel import Kernel
from kernels.contract.limits import METRE, WOOD
from kernels.contract.stages import Batch
from kernels.contract.status import OK, OUT_OF_RANGE

POOLS = ("met", "str", "cwd", "fast", "slow", "pass")
BUT_DEBRIS = [0, 1, 3, 4, 5]
"""What is carbon of litter and soil."""

# --- tables ---

_LITTER = ("litter_met", "litter_str", "litter_cwd")
_SERIES = (*_LITTER, "soil_temperature", "theta_l")
_DRIVERS = (*_SERIES, "pft", "clay", "silt")
FACTORS = (LITTERFALL.of(*_LITTER), TEMPERATURE, MOISTURE)

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
DAILY = tuple(f"{name}_daily" for name in ANNUAL)


def _outputs(options: Options) -> Iterator[Variable]:
    daily = options.drivers == "daily"
    for name, meaning in zip(ANNUAL, _MEANINGS, strict=True):
        units = "g C m-2 yr-1" if name in FLUXES else "g C m-2"
        most = None if name in FLUXES else WOOD if name == "casa_cwd" else METRE
        made = Variable(name, units, meaning, ("time",) if daily else (), limit=most)
        yield from (made, by_day(made)) if daily else (made,)
    if not daily:
        return
    for name, when in (("casa_start", "before the first day"), ("casa_end", "after the last day")):
        # Woody debris is one of them.
        yield Variable(name, "g C m-2", f"pools of CASA {when}", ("casa_pool",), limit=WOOD)
    if options.start == "spinup":
        yield Variable("casa_spinup", "yr", "years run until the cycle repeats", ())
        yield Variable("casa_drift", "1", "largest relative change of a pool over the last", ())


# --- the stage ---


def _places(constants: Constants, drivers: Mapping[str, F8]) -> U1:
    """Return a status for every location, (L,)."""
    status = status_of_drivers(constants.table, drivers)
    with np.errstate(invalid="ignore"):
        # Files have five digits of each.
        crowded = drivers["clay"] + drivers["silt"] > 1.001
    status[(status == OK) & crowded] = OUT_OF_RANGE
    return status


def _run(
    options: Options, constants: Constants, batch: Batch, out: Mapping[str, F8], status: U1
) -> None:
    daily, places = options.drivers == "daily", so_far(batch, _places(constants, batch.drivers))
    years = years_of(batch, "litter_met") if daily else 0
    for part in parts(batch, out, status, constants.parameters, places):
        texture = part.series["clay"], part.series["silt"]
        if not (daily and part.goes_on):
            rows, pools = soil_rows(constants.table, part.series["pft"], *texture, part.x)
        if not daily:
            _mean(rows, pools, part)
            continue
        if part.goes_on:
            rows, pools, top = part.take_up()
        else:
            _start(options, years, rows, pools, part)
            top = np.zeros(len(rows))
        part.leave(rows, pools, top, codes=part.codes)
        series = tuple(part.series[name] for name in _SERIES)
        soil_years(
            years, part.samples, series, rows, pools, top, part.codes, part.asked(ANNUAL),
            part.asked(DAILY),
        )  # fmt: skip
        part.put("casa_end", pools)


def _start(options: Options, years: int, rows: F8, pools: F8, part: Part) -> None:
    """Fill the pools that the members of some locations begin with."""
    samples, codes = part.samples, part.codes
    series = tuple(part.series[name] for name in _SERIES)
    cycle = min(options.cycle, years)
    if "casa_start" in part.start:
        pools[...] = part.start["casa_start"]
    elif options.start == "steady":
        steady_soils(cycle, samples, series, rows, pools, codes)
    elif options.start == "spinup":
        progress, most = np.zeros((len(codes), 2)), max(1, options.spinup_years // cycle)
        spun_soils(
            cycle, most, options.spinup_tolerance, samples, series, rows, pools, progress, codes
        )
        part.put("casa_spinup", progress[:, 0] * cycle)
        part.put("casa_drift", progress[:, 1])
    pools[:, BUT_DEBRIS] *= part.of_members(INITIAL_CARBON.name)[:, np.newaxis]
    part.put("casa_start", pools)


def _mean(rows: F8, pools: F8, part: Part) -> None:
    """Fill the steady state of the members of some locations."""
    samples, rh = part.samples, np.empty(len(rows))
    series = tuple(part.series[name] for name in _SERIES)
    mean_soils(samples, series, rows, pools, rh, part.codes)
    for k, name in enumerate(ANNUAL[:6]):
        part.put(name, pools[:, k])
    part.put("rh", 365.0 * rh)
    part.put("litter_input", 365.0 * np.repeat(series[0] + series[1] + series[2], samples))
    part.put("soil_litter_carbon", pools[:, BUT_DEBRIS].sum(axis=1))


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
    closed, daily = ((ANNUAL[:6], ("litter_input",), ("rh",)),), options.drivers == "daily"
    return soil_kernel(
        KERNEL,
        options,
        base,
        "soil",
        _run,
        parameters=SOIL | ({INITIAL_CARBON.name: INITIAL_CARBON} if daily else {}),
        drivers=_DRIVERS,
        series=_SERIES,
        outputs=_outputs(options),
        factors=FACTORS,
        balance=closed if daily else (),
        passed_on={} if daily else {"rh": "litter_input"},
        coords={"casa_pool": Coordinate.named(POOLS, "pools of CASA")},
    )


KERNEL = Kernel.declared(
    _make,
    name="casa_cnp",
    title="CASA-CNP litter and soil, carbon only, as the biogeochemical testbed runs them",
    source="Wang et al. (2010, 10.5194/bg-7-2261-2010); testbed 2.0.0 of Wieder et al. "
    "(2018, 10.1111/gcb.13979)",
    options=Options,
    seconds=_seconds,
    lanes=32,
)
