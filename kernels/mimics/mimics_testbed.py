"""MIMICS as the biogeochemical testbed runs it: litter by kind, every day, 24 hours each.

Wieder et al. (2018, 10.1111/gcb.13979), the runs of Jian et al. (2021, 10.1111/gcb.15795): the
equations of `kernels.mimics`, reverse form, set ``testbed``, with CORPSE's moisture scalar. Leaf
and root litter come split into kinds; woody debris decomposes elsewhere and gives the share of it
that is not respired to structural litter. Coefficients hold for a day, which 24 explicit steps
of an hour follow. ``drivers: mean`` is the equilibrium under means, too large where soil freezes
for part of the year: rates at the mean are below the mean of rates.

``litter_factor`` multiplies all litter, what woody debris gives and respires with it; behind
`casa_debris` in a chain it multiplies wood where it falls. Its lignin:N stays, and so does
`annual_npp`, which modifies turnover and is the plants'. ``initial_carbon_factor``
multiplies the pools that a run in time starts from.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import nan
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.batches import (
    bounds_of,
    driver_status,
    packed_rows,
    parameter_status,
    so_far,
    worse,
)
from kernels.contract.drivers import driver
from kernels.contract.entries import Coordinate, Parameter, Variable, by_day
from kernels.contract.factors import INITIAL_CARBON, LITTERFALL, MOISTURE, TEMPERATURE
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.limits import METRE, ORGANIC
from kernels.contract.paths import file_of
from kernels.contract.stages import Batch, Run
from kernels.contract.status import NOT_FINITE, OK, OUT_OF_RANGE
from kernels.mimics.daily.cycle import (
    COLUMNS,
    DAYS,
    DEBRIS_RH,
    GIVEN,
    LITTER,
    ROUND,
    SOIL_RH,
    SOLVED,
    Members,
    march,
    settle_all,
)
from kernels.mimics.daily.lanes import LITTERS
from kernels.mimics.daily.mean import mean_states
from kernels.mimics.daily.parameter_file import DEFAULT, TYPES, Table, read_table
from kernels.mimics.one_layer.conditions import ALWAYS, metabolic
from kernels.mimics.one_layer.equations import POOLS
from kernels.mimics.one_layer.pools import MEANINGS, POOL_NAMES
from kernels.mimics.one_layer.sets import NAMES, parameters


@dataclass(frozen=True)
class Options:
    """Choices of a scenario.

    Attributes
    ----------
    drivers : str
        Day by day; or means of many years, of which there is the equilibrium alone.
    start : str
        Of daily runs: the state to which the first ``cycle`` years return, solved for or gone
        round to; or the testbed's cold start.
    cycle : int
        Years, from the first, that repeat; at most all there are.
    spinup_years : int
        Years after which a spin-up is given up.
    spinup_tolerance : float
        Relative change of a pool over a cycle below which a spin-up is done.
    cycles : int
        Corrections after which the search for the repeating state is given up.
    solves : int
        Linear solves after which an equilibrium is given up.
    table : str
        The testbed's own parameter file of MIMICS, or none: that of 2017-11-28 is built in.
    """

    drivers: Literal["daily", "mean"] = "daily"
    start: Literal["steady", "cold", "spinup"] = "steady"
    cycle: int = 20
    spinup_years: int = 20_000
    spinup_tolerance: float = 1e-6
    cycles: int = 100
    solves: int = 500
    table: str = ""


FLOATS_AT_ONCE = 1 << 21
"""Of results that are held for some members."""

NOT_SIMULATED = (11, 13, 15, 17)
"""Vegetation types that the testbed leaves out: wetland, towns, ice, water."""

COLD = np.array([1.0, 1.0, 0.015, 0.025, 1.0, 1.0, 1.0])
"""The testbed's cold start, mg C cm-3."""

# --- drivers ---

_CARBON, _SPLIT = "g C m-2 d-1", "litter of leaves and fine roots, by the split of MIMICS"
# name: (units, lowest, highest, meaning); beyond these no soil is. In the blocks' order.
_DAILY = {
    "mimics_litter_met": (_CARBON, 0.0, 1e4, f"metabolic {_SPLIT}"),
    "mimics_litter_str": (_CARBON, 0.0, 1e4, f"structural {_SPLIT}"),
    "cwd_to_litter": (_CARBON, 0.0, 1e4, "woody debris that becomes structural litter"),
    "lignin_n": ("1", 0.0, 1e4, "lignin over nitrogen of all litter, by mass"),
    "soil_temperature": ("degC", -80.0, 80.0, "temperature of the root zone"),
    "theta_l": ("1", 0.0, 1.0, "liquid water of the root zone, fraction of pore space"),
    "theta_f": ("1", 0.0, 1.0, "frozen water of the root zone, fraction of pore space"),
    "cwd_respiration": (_CARBON, 0.0, 1e4, "respiration of woody debris"),
}
_ANNUAL_NPP = ("g C m-2 yr-1", -1e5, 1e5, "NPP of a year, which modifies turnover")
FACTORS = (
    LITTERFALL.of("mimics_litter_met", "mimics_litter_str", "cwd_to_litter", "cwd_respiration"),
    TEMPERATURE,
    MOISTURE,
)
_LASTING = {
    "pft": ("1", 1.0, float(TYPES), "vegetation type, IGBP class 1-18"),
    "clay": ("1", 0.0, 1.0, "clay, fraction by mass"),
}


def _drivers(options: Options) -> Iterator[Variable]:
    daily = options.drivers == "daily"
    of_years = {"annual_npp": _ANNUAL_NPP}
    for table, dims in ((_DAILY, ("date",)), (of_years, ("time",)), (_LASTING, ())):
        for name, entry in table.items():
            yield driver(name, entry, dims if daily else ())


def _series(values: F8) -> F8:
    """Return a driver as the blocks read it, (L, n); n is 1 without time."""
    made = np.ascontiguousarray(values, np.float64).reshape(len(values), -1).view()
    # One type for the compiler, be it a map of a file or not.
    made.flags.writeable = False
    return made


def _members(batch: Batch, table: Table, status: U1) -> Members:
    """Return members as the blocks read them; those with bad drivers get a status."""
    entries = {**_DAILY, "annual_npp": _ANNUAL_NPP, **_LASTING}
    drivers = {name: _series(batch.drivers[name]) for name in entries}
    codes = driver_status(entries, drivers)
    pft = np.where(codes == OK, drivers["pft"][:, 0], 1.0).astype(np.int64)
    codes[np.isin(pft, NOT_SIMULATED)] = OUT_OF_RANGE
    status[...] = so_far(batch, codes)[:, np.newaxis]
    count, samples = status.shape
    rows = packed_rows(batch, (*NAMES, "x_depth"), slice(0, count), slice(samples))
    return Members(
        daily=tuple(drivers[name] for name in _DAILY),
        npp=drivers["annual_npp"],
        rows=np.ascontiguousarray(rows[..., :-1]),
        clay=np.array(drivers["clay"][:, 0]),
        depth=table.depth[pft - 1][:, np.newaxis] * rows[..., -1],
    )


# --- outputs ---

_DENSITY, _FLUX, _STOCK = "mg C cm-3", "g C m-2 yr-1", "g C m-2"
_CAME = "litter of leaves and fine roots, and woody debris that decomposes"
_HELD = "carbon of litter, microbes and soil, without woody debris"
_OF_POOLS = "mimics_pool"


def _outputs(options: Options) -> Iterator[Variable]:
    daily = options.drivers == "daily"
    dims = ("time",) if daily else ()
    yearly = [
        Variable("rh", _FLUX, "heterotrophic respiration, with that of woody debris", dims),
        Variable("litter_input", _FLUX, _CAME, dims),
        Variable("soil_litter_carbon", _STOCK, _HELD, dims, limit=METRE),
    ]
    for name, meaning in MEANINGS.items():
        yearly.append(Variable(name, _DENSITY, f"carbon of {meaning}", dims, limit=ORGANIC))
    yield from yearly
    if daily:
        yield from map(by_day, yearly)
    pools = (_OF_POOLS,)
    if daily:
        before = "pools before the first day"
        yield Variable("mimics_start", _DENSITY, before, pools, limit=ORGANIC)
        yield Variable("mimics_daily", _DENSITY, "pools by day", ("date", *pools), limit=ORGANIC)
    yield Variable("mimics_end", _DENSITY, "pools after the last day", pools, limit=ORGANIC)
    if not daily:
        yield Variable("mimics_solves", "1", "linear solves of the equilibrium", ())
        yield Variable("mimics_residual", "yr-1", "largest relative rate of a pool", ())
    elif options.start != "cold":
        yield Variable("mimics_years", "yr", "years run until the first ones repeat", ())
        yield Variable("mimics_drift", "1", "largest relative change over the last cycle", ())


def _report(members: Members, some: I8, annual: F8, daily: F8, out: Mapping[str, F8]) -> None:
    """Fill outputs of some members from results (m, Y, COLUMNS) and, of days, (m, n, 8) or none."""
    at, sample = np.divmod(some, members.rows.shape[1])
    stock = 10.0 * members.depth[at, sample][:, np.newaxis]
    results = {name: annual[..., i] for i, name in enumerate(POOL_NAMES)}
    results["rh"] = annual[..., SOIL_RH] * stock + annual[..., DEBRIS_RH]
    results["litter_input"] = annual[..., LITTER] + annual[..., DEBRIS_RH]
    results["soil_litter_carbon"] = annual[..., :POOLS].sum(axis=-1) * stock
    results["mimics_end"] = annual[:, -1, :POOLS]
    if len(daily):
        results |= {f"{name}_daily": daily[..., i] for i, name in enumerate(POOL_NAMES)}
        results["mimics_daily"] = daily[..., :POOLS]
        results["rh_daily"] = daily[..., POOLS] * stock + members.daily[-1][at]
        if "litter_input_daily" in out:
            came = [members.daily[i][at] for i in (*range(LITTERS), -1)]
            results["litter_input_daily"] = np.sum(came, axis=0)
        if "soil_litter_carbon_daily" in out:
            results["soil_litter_carbon_daily"] = daily[..., :POOLS].sum(axis=-1) * stock
    for name, values in results.items():
        if name in out:
            place = out[name]
            place[at, ..., sample] = values if values.ndim == place.ndim - 1 else values[:, 0]


# --- stages ---


def _sound(status: U1) -> I8:
    """Return the members that may run, by number."""
    return np.flatnonzero(status.reshape(-1) == OK)


def _start(
    options: Options, members: Members, batch: Batch, status: U1, out: Mapping[str, F8]
) -> F8:
    """Return pools to start from, (members, 7): those given, or those of the option."""
    codes, years = status.reshape(-1), members.npp.shape[1]
    pools, progress = np.tile(COLD, (codes.size, 1)), np.zeros((codes.size, 2))
    cycle = min(options.cycle, years)
    if options.start != "cold" and "mimics_start" not in batch.start:
        # Without litter no state with microbes in it returns.
        fell = sum(series[:, : DAYS * cycle].sum(axis=1) for series in members.daily[:LITTERS])
        status[fell == 0.0] = np.where(status[fell == 0.0] == OK, OUT_OF_RANGE, status[fell == 0.0])
    order = _sound(status)
    given = batch.start.get("mimics_start")
    if given is not None:
        pools[...] = given.swapaxes(1, 2).reshape(-1, POOLS)
    elif options.start != "cold":
        kind, rounds = SOLVED, options.cycles
        if options.start == "spinup":
            kind, rounds = ROUND, -(-options.spinup_years // cycle)
        none = np.empty((0, 0, 0))
        march(
            members, order, kind, cycle, options.solves, rounds, options.spinup_tolerance, pools,
            progress, none, none, codes,
        )  # fmt: skip
    pools *= np.broadcast_to(batch.parameters[INITIAL_CARBON.name], status.shape).reshape(-1, 1)
    if "mimics_start" in out:
        out["mimics_start"][...] = pools.reshape(*status.shape, POOLS).swapaxes(1, 2)
    for i, name in enumerate(("mimics_years", "mimics_drift")):
        if name in out:
            out[name][...] = progress[:, i].reshape(status.shape)
    return pools


def _begin(
    options: Options, members: Members, batch: Batch, status: U1, out: Mapping[str, F8]
) -> tuple[F8, U1]:
    """Return the pools that these years begin with, and the statuses of starts, (members,)."""
    kept, codes = batch.slab.kept if batch.slab else {}, status.reshape(-1)
    if "pools" in kept:
        sound = codes == OK
        codes[sound] = kept["begun"][sound]
        return kept["pools"], kept["begun"]
    pools = _start(options, members, batch, status, out)
    return pools, codes.copy()


def _leave(batch: Batch, pools: F8, begun: U1, ran: NDArray[np.bool_], codes: U1) -> None:
    """Keep what the next years begin with; give members that ran the status of all their days."""
    if batch.slab is None:
        return
    worst = batch.slab.kept.get("worst", np.zeros_like(codes))
    # Of what days find, what is no number is said before what is out of range.
    graver = ran & ((codes == NOT_FINITE) | ((worst == OK) & (codes == OUT_OF_RANGE)))
    worst = np.where(graver, codes, worst)
    codes[ran] = worst[ran]
    batch.slab.kept.update(pools=pools, begun=begun, worst=worst)


def _open(table: Table, options: Options) -> Run:
    bounds = bounds_of(parameters("testbed"))

    def series(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        members = _members(batch, table, status)
        started = parameter_status([INITIAL_CARBON], batch.parameters)
        status[...] = worse(status, np.broadcast_to(started, status.shape))
        days, years = members.daily[0].shape[1], members.npp.shape[1]
        if days != DAYS * years:
            raise ValueError(f"{days} days of {years} years; needed {DAYS} a year")
        codes = np.ascontiguousarray(status).reshape(-1)
        settle_all(members, bounds, codes)
        pools, begun = _begin(options, members, batch, codes.reshape(status.shape), out)
        ran, asked = codes == OK, any(name.endswith("_daily") for name in out)
        wide = years * COLUMNS + (days * (POOLS + 1) if asked else 0)
        many, order = max(1, FLOATS_AT_ONCE // wide), _sound(codes)
        # Once even for no member: it is how stages are compiled.
        for first in range(0, max(1, len(order)), many):
            some = order[first : first + many]
            annual = np.empty((len(some), years, COLUMNS))
            daily = np.empty((len(some) if asked else 0, days, POOLS + 1))
            march(members, some, GIVEN, 0, 0, 0, 0.0, pools, pools, annual, daily, codes)
            _report(members, some, annual, daily, out)
            pools[some] = annual[:, -1, :POOLS]
        _leave(batch, pools, begun, ran, codes)
        _finish(codes, out, status)

    def mean(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        members = _members(batch, table, status)
        codes = np.ascontiguousarray(status).reshape(-1)
        settle_all(members, bounds, codes)
        order, progress = _sound(codes), np.zeros((codes.size, 2))
        annual = np.zeros((len(order), 1, COLUMNS))
        mean_states(members, order, options.solves, annual, progress, codes)
        _report(members, order, annual, np.empty((0, 0, 0)), out)
        for i, name in enumerate(("mimics_solves", "mimics_residual")):
            if name in out:
                out[name][...] = progress[:, i].reshape(status.shape)
        _finish(codes, out, status)

    return series if options.drivers == "daily" else mean


def _finish(codes: U1, out: Mapping[str, F8], status: U1) -> None:
    """Leave nothing of members that failed."""
    status[...] = codes.reshape(status.shape)
    for values in out.values():
        np.moveaxis(values, -1, 1)[status != OK] = nan


# --- the kernel ---


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of a member, seconds, as measured."""
    if options.drivers == "mean":
        return 7e-6
    years = sizes["time"]
    # Some four cycles with slopes and one without; going round until old pools are there.
    rounds = {"cold": 0, "steady": 7 * min(options.cycle, years), "spinup": 2000}[options.start]
    return 4e-5 * (years + rounds)


def _faults(options: Options) -> Iterator[Fault]:
    for name in ("cycle", "spinup_years", "cycles", "solves"):
        if getattr(options, name) < 1:
            yield Fault(f"found {getattr(options, name)}; needed 1 or more", name)
    if not 0.0 < options.spinup_tolerance < 1.0:
        message = f"found {options.spinup_tolerance:g}; needed more than 0, below 1"
        yield Fault(message, "spinup_tolerance")


def _file(options: Options, base: Path | None) -> Mapping[str, Path]:
    """Return the parameter file by the name it is given: the store's copy, or the user's."""
    return {options.table: file_of(options.table, base)} if base and options.table else {}


def _parameters(table: Table, source: str, daily: bool) -> Iterator[Parameter]:
    for parameter in parameters("testbed"):
        value = table.values[parameter.name]
        own = source and value != parameter.default
        yield replace(parameter, default=value, source=source) if own else parameter
    meaning = "multiplies the depth of soil of every vegetation type"
    yield Parameter("x_depth", "1", 1.0, 1e-3, 1e3, meaning, "1: as the testbed")
    if daily:
        yield INITIAL_CARBON


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables that its drivers, start and parameter file ask for."""
    faults = tuple(_faults(options))
    if faults:
        raise Unfit(faults)
    files = _file(options, base)
    table = read_table(next(iter(files.values()))) if files else DEFAULT
    daily = options.drivers == "daily"
    closed = ((("soil_litter_carbon",), ("litter_input",), ("rh",)),)
    return KERNEL.of_stage(
        "series" if daily else "equilibrium",
        partial(_open, table),
        parameters=_parameters(table, options.table, daily),
        drivers=_drivers(options),
        outputs=_outputs(options),
        conditions=(metabolic("lignin_n"), *ALWAYS),
        factors=FACTORS,
        balance=closed if daily else (),
        passed_on={} if daily else {"rh": "litter_input"},
        steps={"time": "year", "date": "day"} if daily else {},
        ahead=(1 if options.start == "cold" else options.cycle) if daily else None,
        files=files,
        notes=tuple(f"{options.table}: {note}" for note in table.notes),
        warnings=tuple(f"{options.table}: {warning}" for warning in table.warnings),
        coords={_OF_POOLS: Coordinate.named(POOL_NAMES, "pool of MIMICS")},
    )


TOLERANCE = 1e-11
"""Relative, of pools after a year, against the scalar equations with libm."""

KERNEL = Kernel.declared(
    _make,
    name="mimics_testbed",
    title="MIMICS as the biogeochemical testbed runs it, day by day",
    source="testbed of Wieder et al. (2018, 10.1111/gcb.13979); Jian et al. "
    "(2021, 10.1111/gcb.15795)",
    options=Options,
    seconds=_seconds,
    tolerance=TOLERANCE,
    lanes=32,
)
