"""MIMICS, one layer, carbon only: seven pools, two microbes, forward or reverse kinetics.

Wieder et al. (2015, 10.5194/gmd-8-1789-2015) with forward Michaelis-Menten; the reverse form
of the biogeochemical testbed (Wieder et al. 2018, 10.1111/gcb.13979); the density exponent of
mortality and the forward code of Wang et al. (2021, 10.1029/2020JG006205).

``steady`` solves for the equilibrium, one number a location. ``transient`` follows the pools
through annual or daily drivers. ``spinup`` takes the drivers of one year again and again and
returns the year that repeats itself.

``litter_factor``, ``temperature_offset`` and ``moisture_factor`` change the drivers as if the
forcing had others; `annual_npp`, which modifies turnover, is another driver and stays.
``initial_carbon_factor`` multiplies the pools that a transient starts from.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Literal

import numpy as np

from kernels.contract.arrays import F8, U1
from kernels.contract.batches import bounds_of, driver_status, packed_rows
from kernels.contract.drivers import driver
from kernels.contract.entries import Parameter, Variable
from kernels.contract.factors import INITIAL_CARBON, LITTERFALL, MOISTURE, TEMPERATURE, Factor
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.limits import ORGANIC, column
from kernels.contract.stages import Batch, Run
from kernels.contract.status import OK
from kernels.mimics.one_layer.blocks import (
    COLUMNS,
    STARTS,
    STATES,
    Wanted,
    desorption,
    moisten,
    series,
)
from kernels.mimics.one_layer.conditions import ALWAYS, metabolic
from kernels.mimics.one_layer.equations import FORMS, HOURS, MOISTURES, POOLS, A, R
from kernels.mimics.one_layer.lanes import LANES
from kernels.mimics.one_layer.pools import MEANINGS, POOL_NAMES
from kernels.mimics.one_layer.sets import FORM_OF, NAMES, parameters
from kernels.mimics.one_layer.stability import modes
from kernels.mimics.one_layer.stepping import INTEGRATORS


@dataclass(frozen=True)
class Options:
    """Choices of a scenario.

    Attributes
    ----------
    form : str
        Of uptake: saturating with the substrate (forward) or with the biomass (reverse).
    set : str
        Values of the constants that a design leaves alone; it belongs to its form.
    moisture : str
        What multiplies uptake and turnover: nothing, or a scalar of the pore space's water.
    mode : str
        Equilibrium; time after time; or the year that returns to where it began.
    step : str
        Of drivers and outputs in time.
    integrator : str
        Explicit steps of an hour, as in the sources, or adaptive implicit ones.
    start : str
        Of a transient: fixed shares of 16.5 mg C cm-3, or the equilibrium with the mean of the
        first year, or that year spun up.
    stability : str
        Of an equilibrium: whether it is stable, by signs alone, or its modes as well.
    tolerance : float
        Relative error of an adaptive step.
    solves : int
        Linear solves after which an equilibrium is given up.
    years : int
        Years after which a spin-up is given up.
    """

    form: Literal["forward", "reverse"] = "forward"
    set: Literal["wieder2015", "testbed", "sandbox", "wang_code"] = "wieder2015"
    moisture: Literal["none", "corpse", "casacnp"] = "none"
    mode: Literal["steady", "transient", "spinup"] = "steady"
    step: Literal["year", "day"] = "year"
    integrator: Literal["hourly", "adaptive"] = "adaptive"
    start: Literal["cold", "steady", "spinup"] = "steady"
    stability: Literal["none", "sign", "spectrum"] = "none"
    tolerance: float = 1e-8
    solves: int = 500
    years: int = 2000


MEMBERS_AT_ONCE = 1024
"""Members whose parameters and Jacobians are held at once."""

CELLS_AT_ONCE = 1 << 18
"""Floats of results in time held at once."""

# --- drivers ---

# name: (units, lowest, highest, meaning); beyond these no soil is.
_DRIVERS = {
    "litter_input": ("g C m-2 yr-1", 0.0, 1e5, "carbon of litter"),
    "annual_npp": ("g C m-2 yr-1", 0.0, 1e5, "NPP of a year, which modifies turnover"),
    "soil_temperature": ("degC", -80.0, 80.0, "temperature of the soil"),
    "lignin_n": ("1", 0.0, 1e4, "lignin over nitrogen of litter, by mass"),
    "theta_l": ("1", 0.0, 1.0, "liquid water, fraction of pore space"),
    "theta_f": ("1", 0.0, 1.0, "frozen water, fraction of pore space"),
    "clay": ("1", 0.0, 1.0, "clay, fraction by mass"),
    "depth": ("cm", 1e-3, 1e5, "depth of the soil"),
}
_WATER = {"none": (), "corpse": ("theta_l", "theta_f"), "casacnp": ("theta_l",)}
_LASTING = ("clay", "depth")


def _driver_names(options: Options) -> tuple[str, ...]:
    water = _WATER[options.moisture]
    return tuple(n for n in _DRIVERS if not n.startswith("theta") or n in water)


def _drivers(options: Options) -> Iterator[Variable]:
    for name in _driver_names(options):
        lasting = options.mode == "steady" or name in _LASTING
        yield driver(name, _DRIVERS[name], () if lasting else ("time",))


def _packed(options: Options, drivers: Mapping[str, F8]) -> F8:
    """Return drivers as the blocks read them, (L, T, 7); T is 1 without time."""
    shape = (len(drivers["clay"]), *(drivers["litter_input"].shape[1:] or (1,)))
    f_w, dry = np.empty(shape), np.zeros(shape)
    liquid, frozen = (drivers.get(n, dry).reshape(shape) for n in ("theta_l", "theta_f"))
    moisten(MOISTURES.index(options.moisture), liquid, frozen, f_w)
    changing = ("litter_input", "annual_npp", "soil_temperature", "lignin_n")
    columns = [drivers[name].reshape(shape) for name in changing]
    lasting = [np.broadcast_to(drivers[n].reshape(-1, 1), shape) for n in _LASTING]
    return np.stack([*columns, f_w, *lasting], axis=-1)


# --- outputs ---


def _outputs(options: Options) -> Iterator[Variable]:
    steady = options.mode == "steady"
    dims = () if steady else ("time",)
    density = "mg C cm-3"
    flux = f"{density} {'d-1' if options.step == 'day' and not steady else 'yr-1'}"
    for name, meaning in MEANINGS.items():
        yield Variable(name, density, f"carbon of {meaning}", dims, limit=ORGANIC)
    yield Variable("respiration", flux, "heterotrophic respiration", dims)
    yield Variable("carbon_input", flux, "carbon of litter, by volume of soil", dims)
    yield Variable("soc", density, "carbon of microbes and SOM", dims, limit=ORGANIC)
    # Depth is a driver; a soil of more than a metre is held to that of one.
    stock, most = "kg C m-2", column(100.0, "kg C m-2")
    yield Variable("soc_stock", stock, "carbon of microbes and SOM in the layer", dims, limit=most)
    yield Variable("carbon_stock", stock, "all carbon in the layer", dims, limit=most)
    if steady:
        meaning = "rate at which protected SOM becomes available, one over its turnover time"
        yield Variable("desorption", "yr-1", meaning, ())
        yield Variable("solves", "1", "linear solves of the equilibrium", ())
        yield Variable("residual", "yr-1", "largest relative rate of a pool", ())
        if options.stability != "none":
            yield Variable("stable", "1", "1 where the equilibrium is stable, else 0", ())
        if options.stability == "spectrum":
            yield Variable("growth", "yr-1", "largest real part of the Jacobian's modes", ())
            yield Variable("slowest_mode", "yr", "time of the slowest mode", ())
            yield Variable("fastest_mode", "d", "time of the fastest mode", ())
    elif "spinup" in (options.mode, options.start):
        yield Variable("spinup_years", "1", "years run until the year repeats itself", ())
        yield Variable("drift", "1", "largest relative change of a pool over the last", ())


def _report(pools: F8, depth: F8, out: Mapping[str, F8], where: tuple[slice, ...]) -> None:
    """Fill outputs from results (L, *dims, S, COLUMNS); depth (L, 1, ...) in cm."""
    columns = {name: i for i, name in enumerate((*POOL_NAMES, "respiration", "carbon_input"))}
    for name, values in out.items():
        if name in columns:
            values[where] = pools[..., columns[name]]
        elif name in ("soc", "soc_stock"):
            soc = pools[..., R : A + 1].sum(axis=-1)
            values[where] = soc if name == "soc" else soc * depth / 100.0
        elif name == "carbon_stock":
            values[where] = pools[..., :POOLS].sum(axis=-1) * depth / 100.0


# --- stages ---


def _open_steady(options: Options) -> Run:
    states, bounds = STATES[options.form], bounds_of(parameters(options.set))
    sign, spectrum = options.stability == "sign", options.stability == "spectrum"

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        count, samples = status.shape
        status[...] = driver_status(_DRIVERS, batch.drivers, ("litter_input",))[:, np.newaxis]
        drivers = _packed(options, batch.drivers)
        depth = batch.drivers["depth"].reshape(-1, 1)
        deep = max(1, MEMBERS_AT_ONCE // max(1, samples))
        for first in range(0, count, deep):
            at = slice(first, min(first + deep, count))
            shape = (at.stop - first, samples)
            pools, progress = np.full((*shape, COLUMNS), nan), np.full((*shape, 3), nan)
            slopes = np.full((*shape, POOLS, POOLS) if spectrum else (0, 0, POOLS, POOLS), nan)
            rows = packed_rows(batch, NAMES, at, slice(samples))
            wanted = Wanted(
                options.solves, sign, rows, bounds, drivers[at], pools, progress, slopes, status[at]
            )
            states(wanted)
            _report(pools, depth[at], out, (at,))
            if "desorption" in out:
                desorption(batch.drivers["clay"][at], rows, out["desorption"][at])
            for i, name in enumerate(("solves", "residual", "stable")):
                if name in out:
                    out[name][at] = progress[..., i]
            if spectrum:
                _report_modes(slopes, status[at], out, at)
        for values in out.values():
            values[status != OK] = nan

    return run


def _report_modes(slopes: F8, status: U1, out: Mapping[str, F8], at: slice) -> None:
    """Fill what is asked of the spectrum; members that failed are left out."""
    ran = status == OK
    growth_and_times = modes(slopes[ran])
    for name, values in zip(
        ("growth", "slowest_mode", "fastest_mode"), growth_and_times, strict=True
    ):
        if name in out:
            out[name][at][ran] = values
    if "stable" in out:
        out["stable"][at][ran] = growth_and_times[0] < 0.0


def _open_series(options: Options) -> Run:
    table = _parameters(options)
    form, names, bounds = FORMS.index(options.form), [p.name for p in table], bounds_of(table)
    integrator = INTEGRATORS.index(options.integrator)
    spin = options.mode == "spinup"
    start = STARTS.index("spinup" if spin else options.start)
    hours, steps = (24.0, 365) if options.step == "day" else (HOURS, 1)

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        drivers = _packed(options, batch.drivers)
        length, samples = drivers.shape[1], status.shape[1]
        cycle = length if spin else min(steps, length)
        status[...] = driver_status(_DRIVERS, batch.drivers)[:, np.newaxis]
        wide = max(1, CELLS_AT_ONCE // (length * COLUMNS))
        for at in range(len(status)):
            depth = batch.drivers["depth"][at]
            for first in range(0, max(samples, 1), wide):
                here = slice(first, min(first + wide, samples))
                width = here.stop - first
                made, progress = np.full((width, length, COLUMNS), nan), np.full((width, 2), nan)
                rows = packed_rows(batch, names, slice(at, at + 1), here)[0]
                codes = status[at, here]
                series(
                    form, integrator, start, cycle, options.tolerance, options.solves,
                    options.years, hours, rows, bounds, drivers[at], made, progress, codes,
                )  # fmt: skip
                made[codes != OK], progress[codes != OK] = nan, nan
                _report(made.swapaxes(0, 1), depth, out, (slice(at, at + 1), slice(None), here))
                for i, name in enumerate(("spinup_years", "drift")):
                    if name in out:
                        out[name][at, here] = progress[:, i]

    return run


# --- the kernel ---


def _parameters(options: Options) -> tuple[Parameter, ...]:
    """Return the parameters of members, in the order of a row."""
    started = (INITIAL_CARBON,) if options.mode == "transient" else ()
    return (*parameters(options.set), *started)


def _factors(options: Options) -> tuple[Factor, ...]:
    watered = (MOISTURE,) if _WATER[options.moisture] else ()
    return (LITTERFALL.of("litter_input"), TEMPERATURE, *watered)


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of a member, seconds, as measured; a density exponent may double it."""
    if options.mode == "steady":
        return 3e-5 if options.stability == "spectrum" else 2e-6
    day = options.step == "day"
    year = 3e-4 if options.integrator == "hourly" else 5e-4 if day else 3e-5
    years = sizes["time"] / 365 if day else sizes["time"]
    return year * years * (35 if options.mode == "spinup" else 1)


def _faults(options: Options) -> Iterator[Fault]:
    own = FORM_OF[options.set]
    if options.form != own:
        others = ", ".join(name for name, form in FORM_OF.items() if form == options.form)
        yield Fault(
            f"set {options.set!r} is of the {own} form and form: says {options.form}; say "
            f"form: {own}, or a set of the {options.form} form ({others})",
            "form",
        )
    if not 1e-13 <= options.tolerance < 1.0:
        yield Fault(f"found {options.tolerance:g}; needed from 1e-13 to below 1", "tolerance")
    for name in ("solves", "years"):
        if getattr(options, name) < 1:
            yield Fault(f"found {getattr(options, name)}; needed 1 or more", name)
    if options.mode != "steady" and options.stability != "none":
        message = f"found {options.stability}, which is of an equilibrium; needed mode: steady"
        yield Fault(message, "stability")


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables that its set, mode and moisture ask for."""
    faults = tuple(_faults(options))
    if faults:
        raise Unfit(faults)
    steady = options.mode == "steady"
    closed = ((POOL_NAMES, ("carbon_input",), ("respiration",)),)
    return KERNEL.of_stage(
        "equilibrium" if steady else "series",
        _open_steady if steady else _open_series,
        parameters=_parameters(options),
        factors=_factors(options),
        drivers=_drivers(options),
        outputs=_outputs(options),
        conditions=(metabolic("lignin_n"), *ALWAYS),
        title=f"{KERNEL.title}, {options.form} form, {options.set}",
        balance=() if steady else closed,
        passed_on={"respiration": "litter_input"} if steady else {},
        steps={} if steady else {"time": options.step},
    )


TOLERANCE = 1e-12
"""Relative, of pools in equilibrium, against the scalar equations."""

KERNEL = Kernel.declared(
    _make,
    name="mimics",
    title="MIMICS, one layer of soil with two microbes",
    source="Wieder et al. (2015, 10.5194/gmd-8-1789-2015); testbed of Wieder et al. "
    "(2018, 10.1111/gcb.13979); Wang et al. (2021, 10.1029/2020JG006205)",
    options=Options,
    seconds=_seconds,
    tolerance=TOLERANCE,
    lanes=4 * LANES,
)
