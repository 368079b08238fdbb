"""CORPSE as the biogeochemical testbed runs it: microbes and protected carbon, cohort by cohort.

Sulman et al. (2014, 10.1038/nclimate2436), in the form of the testbed of Wieder et al. (2018,
10.1111/gcb.13979), release 2.0.0: two cohorts of soil, rhizosphere and bulk, and with
``litter_option: 2`` a litter layer. ``testbed_2017`` is the set of Jian et al. (2021).

``drivers: mean`` gives the steady state under constant drivers, in closed form; where soil freezes
for part of the year that is too much carbon (on the testbed's cells 6,691 Pg C for 1,725, and
eleven to fourteen times as much where the mean is below -5 degC). ``daily`` follows the pools day
by day from the state that the first years repeat, found directly (``steady``) or by stepping
(``spinup``), or from the testbed's ``cold`` start.

``litter_factor`` multiplies all litter, what woody debris gives and respires with it; behind
`casa_debris` in a chain it multiplies wood where it falls. Exudates are a part of
`annual_npp`, which is the plants' and stays. ``initial_carbon_factor`` multiplies the pools that a
run in time starts from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.batches import bounds_of, driver_status, packed_rows, so_far
from kernels.contract.drivers import driver
from kernels.contract.entries import Coordinate, Parameter, Variable
from kernels.contract.factors import (
    INITIAL_CARBON,
    LITTERFALL,
    MOISTURE,
    TEMPERATURE,
    Factor,
)
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.paths import file_of
from kernels.contract.stages import Batch, Run
from kernels.contract.status import BAD_INPUT, NOT_FINITE, OK, OUT_OF_RANGE
from kernels.corpse.cohort.blocks import GIVEN, STARTS, means, series
from kernels.corpse.cohort.lanes import CO2, INPUT, LANES, POOLS, STATE, Drivers
from kernels.corpse.cohort.namelist import Namelist, read_namelist
from kernels.corpse.cohort.outputs import by_days, flat, outputs, place, pool_names, report
from kernels.corpse.cohort.sets import INITIAL, SETS, SOURCES, parameters


@dataclass(frozen=True)
class Options:
    """Choices of a scenario.

    Attributes
    ----------
    set : str
        Values of the constants that a design leaves alone.
    namelist : str
        A file of the testbed's, whose values take the place of the set's.
    litter_option : int
        1, all litter enters the soil; 2, litter of leaves and wood enters a layer of its own.
    drivers : str
        Daily series, or constants, of which there is the steady state alone.
    start : str
        Of a series: the periodic state of its first years, found directly or by stepping; or
        the testbed's cold start.
    cycle : int
        Years, from the first, that the start repeats; as many as there are, if fewer.
    spinup_years : int
        Years after which stepping is given up.
    integrator : str
        The published explicit step of a day, or adaptive steps in continuous time.
    tolerance : float
        Relative error of an adaptive step.
    """

    set: Literal["testbed_2017", "testbed_2020"] = "testbed_2017"
    namelist: str = ""
    litter_option: Literal[1, 2] = 1
    drivers: Literal["daily", "mean"] = "daily"
    start: Literal["steady", "cold", "spinup"] = "steady"
    cycle: int = 20
    spinup_years: int = 50_000
    integrator: Literal["daily", "adaptive"] = "daily"
    tolerance: float = 1e-8


CELLS_AT_ONCE = 1 << 22
"""Floats of results held at once."""

# --- drivers ---

_LITTER = "g C m-2 d-1"
# name: (units, lowest, highest, meaning); beyond these no soil is.
_DRIVERS = {
    "litter_met": (_LITTER, 0.0, 1e4, "metabolic litter of leaves and fine roots"),
    "litter_str": (_LITTER, 0.0, 1e4, "structural litter of leaves and fine roots"),
    "leaf_litter_met": (_LITTER, 0.0, 1e4, "metabolic litter of leaves"),
    "leaf_litter_str": (_LITTER, 0.0, 1e4, "structural litter of leaves"),
    "froot_litter_met": (_LITTER, 0.0, 1e4, "metabolic litter of fine roots"),
    "froot_litter_str": (_LITTER, 0.0, 1e4, "structural litter of fine roots"),
    "cwd_to_litter": (_LITTER, 0.0, 1e4, "woody debris that becomes structural litter"),
    "cwd_respiration": (_LITTER, 0.0, 1e4, "respiration of woody debris"),
    "soil_temperature": ("degC", -100.0, 80.0, "temperature of the root zone"),
    "theta_l": ("1", 0.0, 1.0, "liquid water of the root zone, fraction of pore space"),
    "theta_f": ("1", 0.0, 1.0, "frozen water of the root zone, fraction of pore space"),
    "annual_npp": ("g C m-2 yr-1", -1e5, 1e5, "NPP of a year, which modifies turnover"),
    "clay": ("1", 0.0, 1.0, "clay, fraction by mass"),
    "porosity": ("1", 0.0, 1.0, "pore space, fraction by volume"),
}
_LASTING = ("clay", "porosity")
_OF_OPTION = {
    1: ("litter_met", "litter_str"),
    2: ("leaf_litter_met", "leaf_litter_str", "froot_litter_met", "froot_litter_str"),
}


def _drivers(options: Options) -> Iterator[Variable]:
    other = _OF_OPTION[3 - options.litter_option]
    for name, entry in _DRIVERS.items():
        if name in other:
            continue
        daily = ("time",) if name == "annual_npp" else ("date",)
        lasting = options.drivers == "mean" or name in _LASTING
        yield driver(name, entry, () if lasting else daily)


def _factors(options: Options) -> tuple[Factor, ...]:
    litter = (*_OF_OPTION[options.litter_option], "cwd_to_litter", "cwd_respiration")
    return (LITTERFALL.of(*litter), TEMPERATURE, MOISTURE)


def _parameters(options: Options, read: Namelist, source: str) -> tuple[Parameter, ...]:
    """Return the parameters of members, in the order of a row."""
    daily = options.drivers == "daily"
    return (*parameters(read.values, source), *((INITIAL_CARBON,) if daily else ()))


def _packed(options: Options, drivers: Mapping[str, F8]) -> Drivers:
    """Return drivers as the blocks read them; one day of one year without time."""
    count = len(drivers["clay"])

    def wide(name: str) -> F8:
        return np.ascontiguousarray(drivers[name].reshape(count, -1))

    def fixed(values: F8) -> F8:
        # One type for the compiler, be it a map of a file or not.
        seen = np.ascontiguousarray(values).view()
        seen.flags.writeable = False
        return seen

    if options.litter_option == 1:
        labile = [wide("litter_met")]
        recalc = [wide("litter_str") + wide("cwd_to_litter")]
    else:
        labile = [wide("froot_litter_met"), wide("leaf_litter_met")]
        recalc = [wide("froot_litter_str"), wide("leaf_litter_str") + wide("cwd_to_litter")]
    packed = (
        wide("soil_temperature"), wide("theta_l"), wide("theta_f"),
        np.stack(labile, axis=1) / 1000.0, np.stack(recalc, axis=1) / 1000.0,
        wide("annual_npp"), drivers["clay"], drivers["porosity"],
    )  # fmt: skip
    return Drivers(*map(fixed, packed))


def _begin(batch: Batch, table: Sequence[Parameter], status: U1) -> tuple[F8, I8]:
    """Fill the statuses of what cannot run; return parameters and the members that can."""
    status[...] = so_far(batch, driver_status(_DRIVERS, batch.drivers))[:, np.newaxis]
    count, samples = status.shape
    rows = packed_rows(batch, [p.name for p in table], slice(0, count), slice(0, samples))
    bounds = bounds_of(table)
    with np.errstate(invalid="ignore"):
        inside = ((rows >= bounds[0]) & (rows <= bounds[1])).all(axis=-1)
    finite = np.isfinite(rows).all(axis=-1)
    wrong = np.where(finite, np.where(inside, OK, OUT_OF_RANGE), BAD_INPUT).astype(np.uint8)
    status[status == OK] = np.broadcast_to(wrong, status.shape)[status == OK]
    # Rows one after the other, so that a part of them is of the same type to the compiler.
    return rows, np.ascontiguousarray(np.argwhere(status == OK))


# --- stages ---


def _open_mean(options: Options, read: Namelist) -> Run:
    table = _parameters(options, read, "")
    cohorts = 1 + options.litter_option

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        rows, members = _begin(batch, table, status)
        packed = _packed(options, batch.drivers)
        for values in out.values():
            values[...] = nan
        at_once = max(1, CELLS_AT_ONCE // (cohorts * POOLS))
        # Once even for no member: it is how stages are compiled.
        for first in range(0, max(1, len(members)), at_once):
            some = members[first : first + at_once]
            pools, co2 = np.empty((len(some), cohorts, POOLS)), np.empty((len(some), cohorts))
            codes = np.zeros(len(some), np.uint8)
            means(options.integrator == "adaptive", rows, packed, some, pools, co2, codes)
            debris = 365.0 * batch.drivers["cwd_respiration"][some[:, 0]]
            report(out, some, pools, co2, co2, debris)
            status[some[:, 0], some[:, 1]] = codes
        _forget(out, status)

    return run


def _forget(out: Mapping[str, F8], status: U1) -> None:
    """Leave NaN where a member failed."""
    for values in out.values():
        np.moveaxis(values, -1, 1)[status != OK] = nan


class _Kept:
    """What some members keep from one slab of years to the next, by location and sample."""

    def __init__(self, batch: Batch, some: I8, cohorts: int, shape: tuple[int, ...]) -> None:
        self.kept: dict[str, Any] = {} if batch.slab is None else batch.slab.kept
        self.goes_on = batch.slab is not None and not batch.slab.first
        self.at = some[:, 0], some[:, 1]
        if not self.goes_on:
            self.kept.setdefault("pools", np.zeros((*shape, cohorts, POOLS)))
            self.kept.setdefault("begun", np.zeros(shape, np.uint8))

    @property
    def pools(self) -> F8:
        """Return the pools that the slab begins with."""
        return np.asarray(self.kept["pools"][self.at])

    def leave(self, begun: F8, progress: F8, end: F8, codes: U1) -> None:
        """Keep pools and the statuses of starts; what years do the last of them judges."""
        if not self.goes_on:
            finite = np.isfinite(begun).all(axis=(1, 2)) & (progress[:, 1] < 1e300)
            self.kept["begun"][self.at] = np.where((codes == NOT_FINITE) & finite, OK, codes)
        known = self.kept["begun"][self.at]
        codes[known != OK] = known[known != OK]
        self.kept["pools"][self.at] = end


def _open_series(options: Options, read: Namelist) -> Run:
    table = _parameters(options, read, "")
    cohorts, start = 1 + options.litter_option, STARTS.index(options.start)
    tolerance = options.tolerance if options.integrator == "adaptive" else 0.0

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        rows, members = _begin(batch, table, status)
        for values in out.values() if batch.slab is None or batch.slab.first else ():
            values[...] = nan
        years = batch.drivers["annual_npp"].shape[1]
        if batch.drivers["theta_l"].shape[1] != 365 * years:
            status[...] = BAD_INPUT
            return
        packed, of_days = _packed(options, batch.drivers), batch.drivers["cwd_respiration"]
        debris = of_days.reshape(len(of_days), years, 365).sum(axis=-1)
        asked = by_days(out)
        wide = cohorts * (POOLS + 2) * years * (366 if asked else 1)
        at_once = LANES * max(1, CELLS_AT_ONCE // (LANES * wide))
        # Once even for no member: it is how stages are compiled.
        for first in range(0, max(1, len(members)), at_once):
            some = members[first : first + at_once]
            shape, codes = (len(some), years, cohorts), np.zeros(len(some), np.uint8)
            begun, made = np.empty((len(some), cohorts, POOLS)), np.empty((*shape, POOLS))
            flux, progress = np.empty((*shape, 2)), np.empty((len(some), 2))
            course = np.empty((len(some) if asked else 0, 365 * years, cohorts, STATE))
            kept = _Kept(batch, some, cohorts, status.shape)
            if kept.goes_on:
                begun[...] = kept.pools
            series(
                GIVEN if kept.goes_on else start, min(options.cycle, years), options.spinup_years,
                tolerance, np.array(read.initial), rows, packed, some, begun, made, flux, course,
                progress, codes,
            )  # fmt: skip
            report(out, some, made, flux[..., 0], flux[..., 1], debris[some[:, 0]])
            if asked:
                co2, came = course[..., CO2], course[..., INPUT]
                here = of_days[some[:, 0]]
                report(out, some, course[..., :POOLS], co2, came, here, after="_daily")
            own = {"corpse_end": flat(made[:, -1])}
            if not kept.goes_on:
                own["corpse_start"] = flat(begun)
                own |= {"corpse_cycles": progress[:, 0], "corpse_drift": progress[:, 1]}
            for name in own.keys() & out.keys():
                place(out[name], some, own[name])
            kept.leave(begun, progress, made[:, -1], codes)
            status[some[:, 0], some[:, 1]] = codes
        _forget(out, status)

    return run


# --- the kernel ---


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of a member, seconds, as measured."""
    if options.drivers == "mean":
        return 1e-6
    years = sizes["time"]
    year = (1.2e-3 if options.integrator == "adaptive" else 5e-6) * (options.litter_option + 1) / 2
    cycle = min(options.cycle, years)
    spun = {"cold": 0, "steady": 20 * cycle, "spinup": options.spinup_years // 4}
    return float(year * (years + spun[options.start]))


def _faults(options: Options) -> Iterator[Fault]:
    for name in ("cycle", "spinup_years"):
        if getattr(options, name) < 1:
            yield Fault(f"found {getattr(options, name)}; needed 1 or more", name)
    if not 1e-13 <= options.tolerance < 1.0:
        yield Fault(f"found {options.tolerance:g}; needed from 1e-13 to below 1", "tolerance")


def _read(options: Options, base: Path | None) -> tuple[Namelist, Path | None]:
    """Return the constants, and the file they are from, if from one and if it may be opened."""
    if not options.namelist or base is None:
        return Namelist(dict(SETS[options.set]), INITIAL), None
    file = file_of(options.namelist, base)
    if not file.is_file():
        message = f"{str(file)!r} is no such file; needed a namelist of CORPSE"
        raise Unfit((Fault(message, "namelist"),))
    namelist = read_namelist(file.read_text(errors="replace"), str(file))
    litter_option = namelist.litter_option
    if litter_option is not None and litter_option != options.litter_option:
        message = f"found {options.litter_option}, and {options.namelist} says {litter_option}"
        namelist.faults.append(Fault(f"{message}; make them one", "litter_option"))
    if namelist.faults:
        raise Unfit(namelist.faults)
    return namelist, file


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables that its constants and choices ask for."""
    faults = tuple(_faults(options))
    if faults:
        raise Unfit(faults)
    read, file = _read(options, base)
    mean = options.drivers == "mean"
    source = f"namelist {options.namelist}" if options.namelist else SOURCES[options.set]
    labels = pool_names(1 + options.litter_option)
    return KERNEL.of_stage(
        "equilibrium" if mean else "series",
        partial(_open_mean if mean else _open_series, read=read),
        parameters=_parameters(options, read, source),
        drivers=_drivers(options),
        factors=_factors(options),
        outputs=outputs(mean, search=not mean and options.start != "cold"),
        title=f"{KERNEL.title}, {options.namelist or options.set}",
        balance=() if mean else ((("soil_litter_carbon",), ("litter_input",), ("rh",)),),
        passed_on={"rh": "litter_input"} if mean else {},
        files={options.namelist: file} if file else {},
        notes=tuple(f"{options.namelist}: {note}" for note in read.notes),
        coords={"corpse_pool": Coordinate.named(labels, "pools of cohorts of CORPSE")},
        steps={} if mean else {"time": "year", "date": "day"},
        ahead=None if mean else 1 if options.start == "cold" else options.cycle,
    )


KERNEL = Kernel.declared(
    _make,
    name="corpse",
    title="CORPSE, microbes and protected carbon in cohorts",
    source="Sulman et al. (2014, 10.1038/nclimate2436); testbed 2.0.0 of Wieder et al. "
    "(2018, 10.1111/gcb.13979)",
    options=Options,
    seconds=_seconds,
    lanes=32,
)
