"""CASA woody debris, as the testbed's other soil models are given it.

Of CASA's soil only this pool is alive where MIMICS or CORPSE take its place: what of it
decomposes is respired or becomes their structural litter. With it goes the lignin:N of all litter,
by its fluxes, which MIMICS reads. `casa_cnp` has the same pool itself; a chain with CASA alone
needs no debris. See there for the sources.

``litter_factor`` multiplies litter of wood, and that of leaves and fine roots by which lignin:N is
weighted, so that it stays a mean of what comes in.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from kernels.casa.shared.batches import Part, parts, years_of
from kernels.casa.shared.drivers import status_of_drivers
from kernels.casa.shared.parameters import DECAY
from kernels.casa.shared.rows import debris_rows
from kernels.casa.soil.debris import DAILY, STARTS, debris_years, mean_debris
from kernels.casa.soil.tables import Constants, Options, soil_kernel
from kernels.contract.arrays import F8, U1
from kernels.contract.batches import so_far
from kernels.contract.entries import Coordinate, Variable, by_day
from kernels.contract.factors import LITTERFALL, MOISTURE, TEMPERATURE
from kernels.contract.kernel import Kernel
from kernels.contract.limits import WOOD
from kernels.contract.stages import Batch
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK, OUT_OF_RANGE

_SERIES = ("litter_cwd", "soil_temperature", "theta_l", "litter_leaf", "litter_froot")
_DRIVERS = ("pft", *_SERIES)
FACTORS = (LITTERFALL.of("litter_cwd", "litter_leaf", "litter_froot"), TEMPERATURE, MOISTURE)

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
    debris = Variable("c_cwd", stock, "carbon of woody debris", dims, limit=WOOD)
    yield debris
    if daily:
        yield by_day(debris)
        for name, when in (("start", "before the first day"), ("end", "after the last day")):
            meaning = f"woody debris {when}"
            yield Variable(f"debris_{name}", stock, meaning, ("debris_pool",), limit=WOOD)


def _run(
    options: Options, constants: Constants, batch: Batch, out: Mapping[str, F8], status: U1
) -> None:
    places = so_far(batch, status_of_drivers(constants.table, batch.drivers))
    years = years_of(batch, "litter_cwd") if options.drivers == "daily" else 0
    for part in parts(batch, out, status, constants.parameters, places):
        rows, pools = debris_rows(constants.table, part.series["pft"], part.x)
        series = tuple(part.series[name] for name in _SERIES)
        if years:
            _daily(options, years, series, rows, pools, part)
            continue
        fluxes = np.empty((len(rows), len(DAILY)))
        mean_debris(part.samples, series, rows, fluxes, pools, part.codes)
        for k, name in enumerate(DAILY):
            part.put(name, fluxes[:, k])
        part.put("c_cwd", pools)


def _daily(
    options: Options, years: int, series: tuple[F8, ...], rows: F8, pools: F8, part: Part
) -> None:
    """Fill outputs in time."""
    start, cycle, begun = options.start, min(options.cycle, years), np.empty(len(rows))
    codes = part.codes
    if part.goes_on:
        (rows, pools), start = part.take_up(), "cold"
    elif "debris_start" in part.start:
        pools[...], start = part.start["debris_start"][:, 0], "cold"
    # Whether the days of these are in range is still to be seen: that is said first.
    unsettled = codes == NOT_CONVERGED
    codes[unsettled] = OK
    annual, by_day = part.asked(("c_cwd", "c_cwd_daily"))
    debris_years(
        STARTS.index(start), 365 * cycle, max(1, options.spinup_years // cycle),
        options.spinup_tolerance, part.samples, series, rows, pools, codes,
        part.asked(DAILY), annual, by_day, begun,
    )  # fmt: skip
    codes[unsettled & (codes != OUT_OF_RANGE)] = NOT_CONVERGED
    if not part.goes_on:
        part.put("debris_start", begun)
    part.leave(rows, pools, codes=np.where(codes == NOT_FINITE, OK, codes).astype(np.uint8))
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
    return soil_kernel(
        KERNEL,
        options,
        base,
        "debris",
        _run,
        parameters=DECAY,
        drivers=_DRIVERS,
        series=_SERIES,
        outputs=_outputs(options),
        factors=FACTORS,
        coords={"debris_pool": Coordinate.named(("cwd",), "pools of woody debris")},
    )


KERNEL = Kernel.declared(
    _make,
    name="casa_debris",
    title="CASA woody debris, which MIMICS and CORPSE are given",
    source="Wang et al. (2010, 10.5194/bg-7-2261-2010); testbed 2.0.0 of Wieder et al. "
    "(2018, 10.1111/gcb.13979)",
    options=Options,
    seconds=_seconds,
    lanes=32,
)
