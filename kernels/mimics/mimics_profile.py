"""MIMICS by depth, carbon and 14C: the single-layer model in every layer, and transport.

Wang et al. (2021, JGR Biogeosciences, 10.1029/2020JG006205). ``steady`` solves for the
equilibrium of all layers at once (``steady: newton``), or steps on until a year changes little,
as the paper did (``steady: spinup``; that is not a steady state below some 30 cm, and depends
on where it began). ``transient`` follows the pools through annual drivers.

With ``carbon14`` the equilibrium's pools get their fraction modern on 1 January of the sampling
year: from the equilibrium with the atmosphere of 1950 on, litter of each year carrying the
fraction modern of the year before. ``tracer`` lets every flux carry the ratio of the pool it
leaves; ``separate`` runs the non-linear model a second time, as the paper did, whose result may
lie above what its litter ever had.

``litter_above_factor`` and ``litter_below_factor`` multiply litter that falls on the surface and
root litter of all layers alike, and ``temperature_offset`` is added to the temperature: as if the
forcing had other drivers. So the metabolic fraction of a layer with both kinds of litter follows.
`annual_npp`, which modifies turnover, is another driver and stays: litter that is added or taken
away is none of the site's productivity. ``initial_carbon_factor`` multiplies the pools that a
transient starts from, in all layers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.batches import bounds_of, driver_status, packed_rows
from kernels.contract.drivers import driver
from kernels.contract.entries import Coordinate, Parameter, Variable
from kernels.contract.factors import INITIAL_CARBON, TEMPERATURE, Factor, multiplier
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.stages import Batch, Run
from kernels.contract.status import NOT_RUN, OK
from kernels.mimics.layers.blocks import (
    COLUMNS,
    NONE,
    SIGN,
    SPECTRUM,
    STABILITIES,
    equilibria,
    run_apart,
    series,
    slopes_of,
    spaces_of,
    spun_up,
    traced,
)
from kernels.mimics.layers.carbon14 import DECAY, SHIFTS, shift, weights
from kernels.mimics.layers.equations import BELOW
from kernels.mimics.layers.lanes import LANES
from kernels.mimics.layers.outputs import (
    FIRST_YEAR,
    MODERN,
    outputs,
    report,
    report_given,
    report_modern,
)
from kernels.mimics.layers.sets import PROFILE_NAMES, profile_parameters
from kernels.mimics.layers.stability import SPACE, growth_near, modes
from kernels.mimics.layers.stepping import RULES
from kernels.mimics.one_layer.conditions import ALWAYS, metabolic
from kernels.mimics.one_layer.equations import POOLS


@dataclass(frozen=True)
class Options:
    """Choices of a scenario.

    Attributes
    ----------
    preset : str
        Values of the constants that a design leaves alone: those of the Fortran of the paper's
        group, or those that the paper's words say.
    layers : tuple of float
        Thickness of each layer from the surface down, cm.
    mode : str
        Equilibrium, or year after year.
    steady : str
        How the equilibrium is found: solved for, or stepped to until the rule is met.
    rule : str
        What a spin-up looks at: all carbon, each pool of the column, or each of each layer; or
        nothing: it runs the fixed number of ``years``.
    change : float
        Relative change over a year at which a spin-up stops.
    carbon14 : str
        None, as a tracer of steady carbon, or as a run of its own.
    stability : str
        Of an equilibrium: whether it is stable, from its nearest modes or with its spectrum.
    start : str
        Of a transient: fixed shares of 16.5 mg C cm-3 everywhere, or the first year's equilibrium.
    tolerance : float
        Relative error of a step in time.
    solves, years : int
        Linear solves of a search for the equilibrium, of which there are up to three below a
        density exponent of 1.02, and years of spin-up, after which a member is given up.
    """

    preset: Literal["w21_code", "w21_text"] = "w21_code"
    layers: tuple[float, ...] = (5.0,) * 20
    mode: Literal["steady", "transient"] = "steady"
    steady: Literal["newton", "spinup"] = "newton"
    rule: Literal["total", "pool", "layer", "fixed"] = "layer"
    change: float = 1e-4
    carbon14: Literal["none", "tracer", "separate"] = "none"
    stability: Literal["none", "sign", "spectrum"] = "none"
    start: Literal["cold", "steady"] = "steady"
    tolerance: float = 1e-8
    solves: int = 500
    years: int = 50_000


FLOATS_AT_ONCE = 1 << 20
"""Of parameters, results and Jacobians that are held for some members."""

SPECTRA_AT_ONCE = 16
"""Jacobians that are held of members that seem to grow."""

MOST_YEARS = SHIFTS[-1][1]
"""From 1950 to a sampling year: longer histories want a longer shift."""

# --- drivers ---

# name: (units, lowest, highest, meaning); beyond these no soil is. The first seven are the
# columns that the blocks read, in order.
_DRIVERS = {
    "litter_above": ("g C m-2 yr-1", 0.0, 1e5, "carbon of litter that falls on the surface"),
    "litter_below": ("g C m-2 yr-1", 0.0, 1e5, "carbon of root litter, all depths"),
    "lignin_n_above": ("1", 0.0, 1e4, "lignin over nitrogen of surface litter, by mass"),
    "lignin_n_below": ("1", 0.0, 1e4, "lignin over nitrogen of root litter, by mass"),
    "annual_npp": ("g C m-2 yr-1", 0.0, 1e5, "NPP of a year, which modifies turnover"),
    "soil_temperature": ("degC", -80.0, 80.0, "temperature of the soil, all depths"),
    "clay": ("1", 0.0, 1.0, "clay, fraction by mass"),
    "sampling_year": ("1", FIRST_YEAR, FIRST_YEAR + MOST_YEARS, "calendar year of sampling"),
    "atmosphere": ("1", 0.0, 10.0, "fraction modern of atmospheric CO2 by calendar year"),
}
_COLUMNS = tuple(_DRIVERS)[:7]
LITTER = ("litter_above", "litter_below")
_OF_14C = ("sampling_year", "atmosphere")
FACTORS = (
    Factor(multiplier("litter_above_factor", "litter that falls on the surface"), LITTER[:1]),
    Factor(multiplier("litter_below_factor", "root litter, of all layers"), LITTER[1:]),
    TEMPERATURE,
)


def _drivers(options: Options) -> Iterator[Variable]:
    for name, entry in _DRIVERS.items():
        if name in _OF_14C and options.carbon14 == "none":
            continue
        lasting = options.mode == "steady" or name in ("clay", "sampling_year")
        own: tuple[str, ...] = () if lasting else ("time",)
        dims = ("atmosphere_year",) if name == "atmosphere" else own
        yield driver(name, entry, dims)


def _packed(drivers: Mapping[str, F8]) -> F8:
    """Return drivers as the blocks read them, (L, T, 7); T is 1 without time."""
    shape = (len(drivers["clay"]), *(drivers["litter_above"].shape[1:] or (1,)))
    columns = [drivers[n].reshape(len(drivers[n]), -1) for n in _COLUMNS]
    return np.stack([np.broadcast_to(c, shape) for c in columns], axis=-1)


# --- stages ---


def _distinct(rows: F8) -> tuple[I8, I8]:
    """Return the first of every distinct row, and which of these each row is."""
    # By their bytes: `np.unique` sorts rows of many columns, and takes as long as a small batch.
    numbers: dict[bytes, int] = {}
    of = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.int64)
    return np.unique(of, return_index=True)[1], of


def _parts(count: int, samples: int, each: int) -> Iterator[tuple[slice, slice]]:
    """Yield rectangles of members that are held at once."""
    wide = max(1, min(samples, FLOATS_AT_ONCE // each))
    deep = max(1, FLOATS_AT_ONCE // (each * wide))
    for first in range(0, count, deep):
        for begin in range(0, max(samples, 1), wide):
            yield (
                slice(first, min(first + deep, count)),
                slice(begin, min(begin + wide, samples)),
            )


@dataclass
class _Equilibria:
    """A batch of equilibria on its way, some members at a time."""

    options: Options
    thickness: F8
    bounds: F8

    def run(self, batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        """Fill every output; see `kernels.Run`."""
        status[...] = driver_status(_DRIVERS, batch.drivers, LITTER)[:, np.newaxis]
        drivers, stability = _packed(batch.drivers)[:, 0], STABILITIES.index(self.options.stability)
        slopes = stability == SPECTRUM
        each = len(self.thickness) * COLUMNS + (7 * len(self.thickness)) ** 2 * slopes
        each += SPACE**2 * (stability == SIGN)
        for at, samples in _parts(status.shape[0], status.shape[1], each):
            codes = np.ascontiguousarray(status[at, samples])
            rows = packed_rows(batch, PROFILE_NAMES, at, samples)
            kept, progress, growth = self._carbon(rows, drivers[at], codes)
            where = (at, ..., samples)
            kept[codes != OK] = nan
            report(np.moveaxis(kept, 1, -1), self.thickness, out, where)
            failed = codes != OK
            modern = self._modern(batch, where, rows, drivers[at], kept, codes, out)
            progress[codes != OK] = nan
            if ((codes != OK) != failed).any():
                kept[codes != OK] = nan
                report(np.moveaxis(kept, 1, -1), self.thickness, out, where)
            report_given(rows, drivers[at, BELOW], self.thickness, codes == OK, out, where)
            self._report_progress(progress, growth, out, at, samples)
            if modern is not None:
                modern[codes != OK] = nan
                report_modern(np.moveaxis(kept, 1, -1), np.moveaxis(modern, 1, -1),
                              self.thickness, out, where)  # fmt: skip
            status[at, samples] = codes

    def _carbon(self, rows: F8, drivers: F8, codes: U1) -> tuple[F8, F8, list[F8]]:
        """Return pools (L, S, n, COLUMNS), solves and residual (L, S, 2), and modes (L, S)."""
        o, n, shape = self.options, len(self.thickness), codes.shape
        kept, progress = np.full((*shape, n, COLUMNS), nan), np.full((*shape, 2), nan)
        if o.steady == "spinup":
            spun_up(
                RULES.index(o.rule), o.change, o.years, o.tolerance, rows, self.bounds, drivers,
                self.thickness, kept, progress, codes,
            )  # fmt: skip
            return kept, progress, []
        stability = STABILITIES.index(o.stability)
        every = np.ones(len(drivers))
        equilibria(
            o.solves, 0.0, rows, self.bounds, drivers, every, self.thickness, kept, progress, codes
        )
        growth_and_times = [np.full(shape, nan) for _ in range(3)]
        if stability == SPECTRUM:
            jacobians = self._jacobians(rows, drivers, kept, np.argwhere(codes == OK))
            for values, own in zip(growth_and_times, modes(jacobians), strict=True):
                values[codes == OK] = own
        elif stability == SIGN:
            growth_and_times[0][codes == OK] = self._growth(rows, drivers, kept, codes)
        return kept, progress, growth_and_times if stability != NONE else []

    def _jacobians(self, rows: F8, drivers: F8, kept: F8, members: I8) -> F8:
        """Return the slopes (N, 7 n, 7 n) of some members (N, 2), yr-1."""
        big = np.empty((len(members), *(POOLS * len(self.thickness),) * 2))
        slopes_of(members, rows, self.bounds, drivers, self.thickness, kept, big)
        return big

    def _growth(self, rows: F8, drivers: F8, kept: F8, codes: U1) -> F8:
        """Return the growth of members; those that seem to grow get their whole spectrum."""
        spaces, dimensions = np.zeros((*codes.shape, SPACE, SPACE)), np.zeros(codes.shape, np.int64)
        spaces_of(rows, self.bounds, drivers, self.thickness, kept, spaces, dimensions, codes)
        members = np.argwhere(codes == OK)
        growth = np.full(len(members), nan)
        of = dimensions[tuple(members.T)]
        for dimension in np.unique(of[of > 0]):
            mine = of == dimension
            growth[mine] = growth_near(spaces[tuple(members[mine].T)], int(dimension))
        growing = np.flatnonzero(~(growth < 0.0))
        # Of none, too: whoever compiles ahead asks without a member.
        for first in range(0, max(1, len(growing)), SPECTRA_AT_ONCE):
            some = growing[first : first + SPECTRA_AT_ONCE]
            growth[some] = modes(self._jacobians(rows, drivers, kept, members[some]))[0]
        return growth

    def _modern(
        self, batch: Batch, where: tuple[slice, Any, slice], rows: F8, drivers: F8, kept: F8,
        codes: U1, out: Mapping[str, F8],
    ) -> F8 | None:  # fmt: skip
        """Return fractions modern (L, S, n, 8), if any is asked for; NaN of who is not wanted."""
        if self.options.carbon14 == "none" or not any(MODERN in name for name in out):
            return None
        wanted = np.ones(codes.shape, np.bool_)
        if batch.wanted is not None:
            wanted = batch.wanted(out, where[0], where[2])
        own = np.where(wanted, codes, NOT_RUN).astype(np.uint8)
        modern = self._histories(batch, where[0], rows, drivers, kept, own)
        codes[wanted] = own[wanted]
        return modern

    def _histories(
        self, batch: Batch, at: slice, rows: F8, drivers: F8, kept: F8, codes: U1
    ) -> F8:  # fmt: skip
        """Return fractions modern (L, S, n, 8) of members whose code is `OK`."""
        o = self.options
        count = len(drivers)
        sampled = batch.drivers["sampling_year"][at].reshape(count)
        safe = np.where((sampled >= FIRST_YEAR) & np.isfinite(sampled), sampled, FIRST_YEAR)
        years = np.minimum(np.floor(safe).astype(np.int64) - FIRST_YEAR, MOST_YEARS)
        # The litter of a year carries the year before; the record lasts beyond its ends.
        when = FIRST_YEAR - 1 + np.arange(max(1, int(years.max(initial=1))))
        recorded = np.asarray(batch.coords["atmosphere_year"], dtype=np.float64)
        # Members whose drivers factors change stand at locations of their own, under one air.
        histories = np.column_stack([years, batch.drivers["atmosphere"][at]])
        some, of = _distinct(histories)
        records = batch.drivers["atmosphere"][at][some]
        air = np.stack([np.interp(when, recorded, row) for row in records])
        modern = np.full((*kept.shape[:-1], POOLS + 1), nan)
        if o.carbon14 == "tracer":
            shifts = np.array([shift(count) for count in years])
            terms = weights(air, years[some])[of]
            traced(rows, self.bounds, drivers, shifts, terms, self.thickness, kept, modern, codes)
        else:
            air, begun, spun = air[of], np.full_like(kept, nan), o.steady == "spinup"
            if not spun:
                equilibria(
                    o.solves, DECAY, rows, self.bounds, drivers, np.ascontiguousarray(air[:, 0]),
                    self.thickness, begun, np.empty((*codes.shape, 2)), codes,
                )  # fmt: skip
            run_apart(
                spun, RULES.index(o.rule), o.change, o.years, o.tolerance, rows, self.bounds,
                drivers, air, years, self.thickness, begun, kept, modern, codes,
            )  # fmt: skip
        return modern

    def _report_progress(
        self, progress: F8, growth: list[F8], out: Mapping[str, F8], at: slice, samples: slice
    ) -> None:
        spun = self.options.steady == "spinup"
        names = ("spinup_years", "drift") if spun else ("solves", "residual")
        reported = dict(zip(names, np.moveaxis(progress, -1, 0), strict=True))
        reported |= dict(zip(("growth", "slowest_mode", "fastest_rate"), growth, strict=False))
        if growth:
            reported["stable"] = np.where(np.isnan(growth[0]), nan, growth[0] < 0.0)
        for name, values in reported.items():
            if name in out:
                out[name][at, samples] = values


def _open_steady(options: Options) -> Run:
    return _Equilibria(
        options,
        np.asarray(options.layers, dtype=np.float64),
        bounds_of(profile_parameters(options.preset)),
    ).run


def _open_series(options: Options) -> Run:
    thickness, table = np.asarray(options.layers, dtype=np.float64), _parameters(options)
    names, bounds = [p.name for p in table], bounds_of(table)

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        drivers = _packed(batch.drivers)
        status[...] = driver_status(_DRIVERS, batch.drivers)[:, np.newaxis]
        years, n = drivers.shape[1], len(thickness)
        for at in range(len(status)):
            for _, samples in _parts(1, status.shape[1], years * n * COLUMNS):
                rows = packed_rows(batch, names, slice(at, at + 1), samples)[0]
                kept = np.full((len(rows), years, n, COLUMNS), nan)
                codes = np.ascontiguousarray(status[at, samples])
                begun = np.full((len(rows) if options.start == "steady" else 0, n, COLUMNS), nan)
                if options.start == "steady":
                    equilibria(
                        options.solves, 0.0, rows[np.newaxis], bounds, drivers[at : at + 1, 0],
                        np.ones(1), thickness, begun[np.newaxis], np.empty((1, len(rows), 2)),
                        codes[np.newaxis],
                    )  # fmt: skip
                series(options.tolerance, rows, bounds, drivers[at], thickness, begun, kept, codes)
                kept[codes != OK] = nan
                where = (slice(at, at + 1), ..., samples)
                report(np.moveaxis(kept, 0, -1)[np.newaxis], thickness, out, where)
                status[at, samples] = codes

    return run


# --- the kernel ---


def _parameters(options: Options) -> tuple[Parameter, ...]:
    """Return the parameters of members, in the order of a row."""
    started = (INITIAL_CARBON,) if options.mode == "transient" else ()
    return (*profile_parameters(options.preset), *started)


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of a member, seconds, as measured for 20 layers and full lanes.

    A density exponent near 1 takes four times as long.
    """
    each = len(options.layers) / 20
    if options.mode == "transient":
        return each * 1e-4 * sizes["time"]
    cost = 3e-5 if options.steady == "newton" else 0.15
    cost += {"none": 0.0, "tracer": 2e-5, "separate": 2e-2}[options.carbon14]
    cost += {"none": 0.0, "sign": 8e-4, "spectrum": 1e-2 * each}[options.stability]
    return each * cost


def _faults(options: Options) -> Iterator[Fault]:
    for i, thickness in enumerate(options.layers):
        if not (isfinite(thickness) and 0.0 < thickness <= 1e4):
            message = f"found {thickness:g}; needed a thickness in cm, above 0 and at most 1e4"
            yield Fault(message, f"layers.{i}")
    if not 1 <= len(options.layers) <= 1000:
        yield Fault(f"found {len(options.layers)} layers; needed 1 to 1000", "layers")
    for name, highest in (("tolerance", 1.0), ("change", 1.0)):
        if not 1e-13 <= getattr(options, name) < highest:
            message = f"found {getattr(options, name):g}; needed from 1e-13 to below 1"
            yield Fault(message, name)
    for name in ("solves", "years"):
        if getattr(options, name) < 1:
            yield Fault(f"found {getattr(options, name)}; needed 1 or more", name)
    if options.mode == "transient":
        for name, plain in (("carbon14", "none"), ("stability", "none"), ("steady", "newton")):
            if getattr(options, name) != plain:
                message = f"found {getattr(options, name)}, which is of an equilibrium"
                yield Fault(f"{message}; needed mode: steady, or leave it out", name)
    elif options.steady == "spinup":
        if options.stability != "none":
            message = (
                f"found {options.stability}; needed steady: newton, since where a spin-up stops"
            )
            yield Fault(f"{message} is no equilibrium", "stability")
        if options.carbon14 == "tracer":
            message = "found tracer, which needs steady carbon; needed steady: newton, or separate"
            yield Fault(message, "carbon14")


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables that its preset, layers and modes ask for."""
    faults = tuple(_faults(options))
    if faults:
        raise Unfit(faults)
    steady = options.mode == "steady"
    edges = np.concatenate([[0.0], np.cumsum(options.layers)])
    bounds = np.stack([edges[:-1], edges[1:]], axis=1)
    meaning = "depth of the middle of the layer"
    made = tuple(outputs(options))
    closed = ((("carbon_stock",), ("column_input",), ("column_respiration",)),)
    return KERNEL.of_stage(
        "equilibrium" if steady else "series",
        _open_steady if steady else _open_series,
        parameters=_parameters(options),
        drivers=_drivers(options),
        outputs=made,
        conditions=(metabolic("lignin_n_above"), metabolic("lignin_n_below"), *ALWAYS),
        late=[output.name for output in made if MODERN in output.name],
        factors=FACTORS,
        title=f"{KERNEL.title}, {options.preset}",
        balance=() if steady else closed,
        passed_on={"column_respiration": "column_input"} if steady else {},
        steps={} if steady else {"time": "year"},
        coords={"layer": Coordinate(bounds.mean(axis=1), "cm", meaning, bounds)},
    )


TOLERANCE = 1e-12
"""Relative, of pools in equilibrium, against the scalar equations."""

KERNEL = Kernel.declared(
    _make,
    name="mimics_profile",
    title="MIMICS by depth, with 14C",
    source="Wang et al. (2021, 10.1029/2020JG006205); "
    "Wieder et al. (2015, 10.5194/gmd-8-1789-2015)",
    options=Options,
    seconds=_seconds,
    tolerance=TOLERANCE,
    lanes=4 * LANES,
)
