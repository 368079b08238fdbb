"""Two boxes, vegetation and soil, driven by the NPP of a land model and its turnover times.

He et al. (2022), equations 1-5: the turnover times of a land model are diagnosed from its
annual series, shifted so that their mean over the reference years is the observed one, and
put back into two linear pools. What leaves vegetation enters soil, what leaves soil is
respired. Pools in Pg C at the end of the year, fluxes in Pg C yr-1, turnover times in years.

The implicit scheme is the exact inverse of the diagnosis: with a land model's own turnover
times it returns the land model's own stocks.

Soil begins with its turnover time of the first year times NPP, in balance, times
``initial_carbon_factor``. NPP has no factor: turnover times are stocks of the land model over it,
so all stocks and fluxes here are in proportion to it. Temperature and moisture are in none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import expm1, inf, isfinite, nan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.batches import parameter_status
from kernels.contract.build import BOTH, FIRST, GATHER, SECOND, block, equation, find_runs
from kernels.contract.entries import Derived, Parameter, Variable
from kernels.contract.factors import INITIAL_CARBON
from kernels.contract.kernel import Kernel
from kernels.contract.limits import CHANGE, LAND, SOIL, VEGETATION
from kernels.contract.plausible import Plausible
from kernels.contract.ranges import accepted
from kernels.contract.stages import Batch, Run, Stage, highest_of
from kernels.contract.status import BAD_INPUT, NOT_FINITE, OK, OUT_OF_RANGE

IMPLICIT, EXPLICIT, EXPONENTIAL = 0, 1, 2
SCHEMES = ("implicit", "explicit", "exponential")


@dataclass(frozen=True)
class Options:
    """Choices of a scenario.

    Attributes
    ----------
    scheme : str
        How a year is stepped; implicit is the inverse of the diagnosis.
    diagnosis : str
        Rh of the land model from its carbon balance, or from its own ``rh``.
    reference : tuple of int
        First and last year of the mean that the observed turnover time replaces.
    """

    scheme: Literal["implicit", "explicit", "exponential"] = "implicit"
    diagnosis: Literal["balance", "rh"] = "balance"
    reference: tuple[int, int] = (1982, 2018)


# --- equations: one year of one member ---


@equation
def share(scheme: int, tau: float) -> float:
    """Return what a step multiplies by: implicit, 1/(1 + 1/tau) is left; explicit, 1/tau is lost.

    Written without a branch, so that loops over members vectorise.
    """
    implicit = scheme == IMPLICIT
    return (tau if implicit else 1.0) / (tau + (1.0 if implicit else 0.0))


@equation
def pool_year(scheme: int, pool: float, inflow: float, part: float) -> float:
    """Return a pool a year on (eq. 3): implicit (C + I)/(1 + 1/tau), explicit C + I - C/tau."""
    if scheme == IMPLICIT:
        return (pool + inflow) * part
    return (pool + inflow) - pool * part


@equation
def litterfall(npp: float, before: float, after: float) -> float:
    """Return the carbon that left the vegetation in the year: V'/a, V/a or its mean."""
    return (before + npp) - after


@equation
def vegetation_year_exponential(pool: float, npp: float, tau: float) -> float:
    """Return V' for constant P and a within the year: P a + (V - P a) e^(-1/a)."""
    return pool - (npp * tau - pool) * expm1(-1.0 / tau)


@equation
def soil_year_exponential(
    pool: float, npp: float, vegetation: float, tau_veg: float, tau_soil: float
) -> float:
    """Return S' for constant P, a and b within the year.

    P b (1 - e^(-1/b)) + S e^(-1/b) + (V - P a)/a (e^(-1/a) - e^(-1/b))/(1/b - 1/a)
    """
    x, y = 1.0 / tau_veg, 1.0 / tau_soil
    z = y - x
    # e^-x (1 - e^-z)/z, which keeps its digits where a and b are close or equal.
    quotient = (1.0 + expm1(-x)) * (-expm1(-z) / z if z != 0.0 else 1.0)
    lost = -expm1(-y)
    return pool + (npp * tau_soil - pool) * lost + (vegetation * x - npp) * quotient


# --- diagnosis: equations 1, 2 and the means of 4, 5; arrays are (location, time) ---


def diagnose(
    options: Options, drivers: Mapping[str, F8], years: I8
) -> tuple[tuple[F8, F8], tuple[F8, F8]]:
    """Return ``(tau, mean)`` of vegetation and of soil, shapes (L, T) and (L,), years.

    The first year has no change of stock and takes the turnover times of the second. NaN
    throughout a location where a driver is missing or an outflow is not positive.

    Raises
    ------
    ValueError
        No reference year among the years.
    """
    inside = (years >= options.reference[0]) & (years <= options.reference[1])
    if not inside.any():
        first, last = options.reference
        raise ValueError(
            f"no year of the reference {first}-{last} is in {years[0]}-{years[-1]}, which the "
            "forcing has; say reference: [first, last] within these, or other years: of the forcing"
        )
    veg, soil = drivers["c_veg_model"], drivers["c_soil_model"]
    litter = drivers["npp"][:, 1:] - np.diff(veg)
    rh = litter - np.diff(soil) if options.diagnosis == "balance" else drivers["rh"][:, 1:]
    boxes = []
    for pool, outflow in ((veg, litter), (soil, rh)):
        with np.errstate(divide="ignore", invalid="ignore"):
            later = pool[:, 1:] / outflow
        tau = np.concatenate([later[:, :1], later], axis=1)
        tau[~(outflow > 0.0).all(axis=1)] = nan
        # Laid out location by location: the order of adding must not depend on how many there are.
        boxes.append((tau, np.ascontiguousarray(tau[:, inside]).mean(axis=1)))
    return boxes[0], boxes[1]


def _open_diagnosis(options: Options) -> Run:
    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        boxes = diagnose(options, batch.drivers, batch.coords["year"])
        for tau, _ in boxes:
            status[np.isnan(tau).any(axis=1)] = OUT_OF_RANGE
        for values in batch.drivers.values():
            status[~np.isfinite(values).all(axis=1)] = BAD_INPUT
        failed = (status != OK).any(axis=1)
        for name, (tau, mean) in zip(("veg", "soil"), boxes, strict=True):
            for word, values in (("model", tau), ("mean", mean), ("least", tau.min(axis=1))):
                if f"tau_{name}_{word}" in out:
                    out[f"tau_{name}_{word}"][...] = values[..., np.newaxis]
                    out[f"tau_{name}_{word}"][failed] = nan

    return run


# --- blocks: all years of all members; arrays are (location, time, sample) ---


@block
def _constrain(observed: F8, mean: F8, least: F8, shift: F8, status: U1) -> None:
    """Fill tau_obs less the model's mean (eq. 4, 5); NaN where no year could be run."""
    for at in range(len(shift)):
        for s in range(shift.shape[1]):
            tau_obs = observed[at % len(observed), s]
            shift[at, s] = tau_obs - mean[at, 0]
            if not isfinite(tau_obs):
                status[at, s] = BAD_INPUT
            elif not least[at, 0] + shift[at, s] > 0.0:
                status[at, s] = OUT_OF_RANGE
            if status[at, s] != OK:
                shift[at, s] = nan


@block
def _vegetation(
    scheme: int, npp: F8, tau: F8, shift: F8, c_veg: F8, litter: F8, status: U1
) -> None:
    """Fill the vegetation of members whose turnover time is ``tau + shift``."""
    samples = np.uintp(c_veg.shape[2])
    for at in range(len(c_veg)):
        for s in range(samples):
            c_veg[at, 0, s] = npp[at, 0] * (tau[at, 0] + shift[at, s])
            litter[at, 0, s] = npp[at, 0]
        for t in range(1, c_veg.shape[1]):
            npp_t, tau_t = npp[at, t], tau[at, t]
            if scheme == EXPONENTIAL:
                for s in range(samples):
                    c_veg[at, t, s] = vegetation_year_exponential(
                        c_veg[at, t - 1, s], npp_t, tau_t + shift[at, s]
                    )
            else:
                for s in range(samples):
                    part = share(scheme, tau_t + shift[at, s])
                    c_veg[at, t, s] = pool_year(scheme, c_veg[at, t - 1, s], npp_t, part)
            for s in range(samples):
                litter[at, t, s] = litterfall(npp_t, c_veg[at, t - 1, s], c_veg[at, t, s])
        _close(c_veg, status, at)
        for s in range(samples):
            if status[at, s] != OK:
                litter[at, 0, s] = nan


@block
def _soil(
    scheme: int,
    start: F8,
    times: F8,
    litter: F8,
    veg: I8,
    tau: F8,
    shift: F8,
    soil: I8,
    c_soil: F8,
    status: U1,
) -> None:
    """Fill the soil of members; ``veg`` and ``soil`` say which row of each box they use.

    ``start`` (L,) is the NPP that it begins in balance with, ``times`` (1 or L, S) so much of it.

    A year costs as much as the division in ``share``, so rows that several members use have
    it once. Members are walked in runs, whose inner loops need no index and so vectorise.
    """
    samples, runs = np.uintp(c_soil.shape[2]), find_runs(veg, soil)
    low, shared = soil.min(), (runs[:, 2] != BOTH).any()
    part = np.empty(soil.max() - low + 1)
    for at in range(len(c_soil)):
        begun = times[at % len(times)]
        for s in range(samples):
            balanced = start[at] * (tau[at, 0] + shift[at, soil[s]])
            c_soil[at, 0, s] = balanced * begun[s]
        for t in range(1, c_soil.shape[1]):
            tau_t = tau[at, t]
            if shared:
                for r in range(np.uintp(len(part))):
                    part[r] = share(scheme, tau_t + shift[at, np.uintp(low) + r])
            for k in range(len(runs)):
                first, length = np.uintp(runs[k, 0]), np.uintp(runs[k, 1] - runs[k, 0])
                v, w, row = np.uintp(veg[first]), np.uintp(soil[first] - low), np.uintp(soil[first])
                if runs[k, 2] == BOTH:
                    for i in range(length):
                        c_soil[at, t, first + i] = pool_year(
                            scheme,
                            c_soil[at, t - 1, first + i],
                            litter[at, t, v + i],
                            share(scheme, tau_t + shift[at, row + i]),
                        )
                elif runs[k, 2] == SECOND:
                    fallen = litter[at, t, v]
                    for i in range(length):
                        c_soil[at, t, first + i] = pool_year(
                            scheme, c_soil[at, t - 1, first + i], fallen, part[w + i]
                        )
                elif runs[k, 2] == FIRST:
                    own = part[w]
                    for i in range(length):
                        c_soil[at, t, first + i] = pool_year(
                            scheme, c_soil[at, t - 1, first + i], litter[at, t, v + i], own
                        )
                else:
                    for s in range(first, first + length):
                        fallen, own = litter[at, t, np.uintp(veg[s])], part[soil[s] - low]
                        c_soil[at, t, s] = pool_year(scheme, c_soil[at, t - 1, s], fallen, own)
        _close(c_soil, status, at)


ABREAST = 256
"""Members that go through all years side by side: what they have of a year is 2 KiB an array."""


@block
def _soil_at(
    scheme: int,
    start: F8,
    times: F8,
    litter: F8,
    c_veg: F8,
    veg: I8,
    tau: F8,
    shift: F8,
    soil: I8,
    steps: I8,
    c_soil: F8,
    total: F8,
    most: F8,
    status: U1,
) -> None:
    """Fill soil, and soil with vegetation, at some steps, and the highest of all; hold no other.

    Parameters
    ----------
    start, times : ndarray, shapes (L,) and (1 or L, S)
        See `_soil`.
    steps : ndarray, shape (k,)
        Increasing.
    c_soil, total : ndarray, shape (L, k, S)
    most : ndarray, shape (2, L, S)
    """
    runs, low, past = find_runs(veg, soil), soil.min(), soil.max() + 1
    lanes, part = np.empty((6, ABREAST)), np.empty((tau.shape[1], ABREAST))
    for at in range(most.shape[1]):
        above = litter[at], c_veg[at], veg
        below = start[at], times[at % len(times)], tau[at], shift[at], soil
        out = steps, c_soil[at], total[at], most[:, at], status[at]
        # The vegetations of a cross share rows of the soil: what a step of some of these multiplies
        # by is made once for all.
        for row in range(low, past, ABREAST):
            end, made = min(row + ABREAST, past), False
            for k in range(len(runs)):
                begin, stop = soil[runs[k, 0]], soil[runs[k, 1] - 1] + 1
                first, count = max(begin, row), min(stop, end) - max(begin, row)
                if runs[k, 2] == SECOND and count > 0:
                    if not made:
                        _parts(scheme, tau[at], shift[at], row, end, part)
                        made = True
                    sample, own = runs[k, 0] + first - begin, (part, first - row)
                    _with_one_vegetation(scheme, sample, count, above, below, own, lanes, out)
        for k in range(len(runs)):
            if runs[k, 2] != SECOND:
                for sample in range(runs[k, 0], runs[k, 1], ABREAST):
                    count = min(ABREAST, runs[k, 1] - sample)
                    _side_by_side(scheme, runs[k, 2], sample, count, above, below, lanes, out)


@equation
def _parts(scheme: int, tau: F8, shift: F8, begin: int, end: int, part: F8) -> None:
    """Fill the share of every year and of some rows, (T, rows)."""
    for t in range(1, len(tau)):
        tau_t = tau[t]
        for r in range(np.uintp(end - begin)):
            part[t, r] = share(scheme, tau_t + shift[np.uintp(begin) + r])


@equation
def _with_one_vegetation(
    scheme: int, sample: int, count: int, above: Any, below: Any, own: Any, lanes: F8, out: Any
) -> None:
    """Run neighbours in the soil's rows below one vegetation, four years at a time."""
    part, w = own[0], np.uintp(own[1])
    litter, c_veg, veg = above
    steps, c_soil, total, _, _ = out
    pool, high, most = lanes[0], lanes[1], lanes[2]
    v, n, years, k = np.uintp(veg[sample]), np.uintp(count), len(part), 0
    _begin(sample, count, above, below, lanes)
    if len(steps) and steps[0] == 0:
        for i in range(n):
            c_soil[k, sample + i], total[k, sample + i] = pool[i], c_veg[0, v] + pool[i]
        k += 1
    t = 1
    while t < years:
        end = steps[k] + 1 if k < len(steps) else years
        while t + 4 <= end:
            i0, i1, i2, i3 = litter[t, v], litter[t + 1, v], litter[t + 2, v], litter[t + 3, v]
            v0, v1, v2, v3 = c_veg[t, v], c_veg[t + 1, v], c_veg[t + 2, v], c_veg[t + 3, v]
            p0, p1, p2, p3 = part[t], part[t + 1], part[t + 2], part[t + 3]
            for i in range(n):
                a = pool_year(scheme, pool[i], i0, p0[w + i])
                b = pool_year(scheme, a, i1, p1[w + i])
                c = pool_year(scheme, b, i2, p2[w + i])
                d = pool_year(scheme, c, i3, p3[w + i])
                pool[i] = d
                high[i] = _higher(high[i], _higher(_higher(a, b), _higher(c, d)))
                a, b, c, d = v0 + a, v1 + b, v2 + c, v3 + d
                most[i] = _higher(most[i], _higher(_higher(a, b), _higher(c, d)))
            t += 4
        while t < end:
            fallen, standing, last = litter[t, v], c_veg[t, v], part[t]
            for i in range(n):
                pool[i] = pool_year(scheme, pool[i], fallen, last[w + i])
                high[i] = _higher(high[i], pool[i])
                most[i] = _higher(most[i], standing + pool[i])
            t += 1
        if k < len(steps):
            standing = c_veg[t - 1, v]
            for i in range(n):
                c_soil[k, sample + i], total[k, sample + i] = pool[i], standing + pool[i]
            k += 1
    _end(sample, count, lanes, out)


@equation
def _side_by_side(
    scheme: int, kind: int, sample: int, count: int, above: Any, below: Any, lanes: F8, out: Any
) -> None:
    """Run neighbours that share no vegetation, or nothing that a loop could use."""
    litter, c_veg, veg = above
    _, _, tau, shift, soil = below
    steps, c_soil, total, _, _ = out
    pool, high, most = lanes[0], lanes[1], lanes[2]
    fallen, standing, part = lanes[3], lanes[4], lanes[5]
    n, k = np.uintp(count), 0
    v, w = np.uintp(veg[sample]), np.uintp(soil[sample])
    _begin(sample, count, above, below, lanes)
    for t in range(len(tau)):
        tau_t = tau[t]
        if kind == GATHER:
            for i in range(n):
                row = np.uintp(veg[sample + i])
                fallen[i], standing[i] = litter[t, row], c_veg[t, row]
                part[i] = share(scheme, tau_t + shift[np.uintp(soil[sample + i])])
        else:
            for i in range(n):
                fallen[i], standing[i] = litter[t, v + i], c_veg[t, v + i]
            if kind == FIRST:
                part[:n] = share(scheme, tau_t + shift[w])
            else:
                for i in range(n):
                    part[i] = share(scheme, tau_t + shift[w + i])
        if t:
            for i in range(n):
                pool[i] = pool_year(scheme, pool[i], fallen[i], part[i])
                high[i] = _higher(high[i], pool[i])
                most[i] = _higher(most[i], standing[i] + pool[i])
        if k < len(steps) and steps[k] == t:
            for i in range(n):
                c_soil[k, sample + i], total[k, sample + i] = pool[i], standing[i] + pool[i]
            k += 1
    _end(sample, count, lanes, out)


@equation
def _higher(one: float, other: float) -> float:
    """Return the higher of two numbers."""
    return other if other > one else one


@equation
def _begin(sample: int, count: int, above: Any, below: Any, lanes: F8) -> None:
    """Fill pools of the first year, and the highest of soil and of all until then."""
    _, c_veg, veg = above
    start, times, tau, shift, soil = below
    for i in range(count):
        balanced = start * (tau[0] + shift[soil[sample + i]])
        lanes[0, i] = balanced * times[sample + i]
        lanes[1, i], lanes[2, i] = lanes[0, i], c_veg[0, veg[sample + i]] + lanes[0, i]


@equation
def _end(sample: int, count: int, lanes: F8, out: Any) -> None:
    """Fill the highest; give members that did not stay finite a status, and NaN."""
    _, c_soil, total, most, status = out
    for i in range(count):
        s = sample + i
        most[0, s], most[1, s] = lanes[1, i], lanes[2, i]
        # A pool that is not finite never becomes so again: the last year tells.
        if not isfinite(lanes[0, i]):
            status[s] = NOT_FINITE if status[s] == OK else status[s]
            most[:, s] = nan
            c_soil[:, s] = nan
            total[:, s] = nan


@block
def _soil_exponential(
    npp: F8,
    times: F8,
    c_veg: F8,
    veg: I8,
    tau_veg: F8,
    shift_veg: F8,
    tau_soil: F8,
    shift_soil: F8,
    soil: I8,
    c_soil: F8,
    status: U1,
) -> None:
    """Fill the soil of members by the exponential scheme, whose boxes do not separate."""
    for at in range(len(c_soil)):
        for s in range(c_soil.shape[2]):
            balanced = npp[at, 0] * (tau_soil[at, 0] + shift_soil[at, soil[s]])
            c_soil[at, 0, s] = balanced * times[at % len(times), s]
        for t in range(1, c_soil.shape[1]):
            for s in range(c_soil.shape[2]):
                c_soil[at, t, s] = soil_year_exponential(
                    c_soil[at, t - 1, s],
                    npp[at, t],
                    c_veg[at, t - 1, veg[s]],
                    tau_veg[at, t] + shift_veg[at, veg[s]],
                    tau_soil[at, t] + shift_soil[at, soil[s]],
                )
        _close(c_soil, status, at)


@equation
def _close(pools: F8, status: U1, at: int) -> None:
    """Give members that did not stay finite a status, and NaN in every year."""
    for s in range(pools.shape[2]):
        # A pool that is not finite never becomes so again: the last year tells.
        if not isfinite(pools[at, pools.shape[1] - 1, s]):
            status[at, s] = NOT_FINITE if status[at, s] == OK else status[at, s]
            pools[at, :, s] = nan


@block
def _add(c_veg: F8, veg: I8, c_soil: F8, total: F8) -> None:
    """Fill vegetation plus soil."""
    for at in range(total.shape[0]):
        for t in range(total.shape[1]):
            for s in range(np.uintp(total.shape[2])):
                total[at, t, s] = c_veg[at, t, np.uintp(veg[s])] + c_soil[at, t, s]


# --- stages ---


def _open_vegetation(options: Options) -> Run:
    scheme = SCHEMES.index(options.scheme)

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        npp, given = batch.drivers["npp"], batch.upstream
        observed, shape = batch.parameters["tau_veg_obs"], (*npp.shape, status.shape[1])
        shift = _or_work(out, "tau_veg_shift", status.shape)
        _constrain(observed, given["tau_veg_mean"], given["tau_veg_least"], shift, status)
        c_veg, litter = _or_work(out, "c_veg", shape), _or_work(out, "litter", shape)
        _vegetation(scheme, npp, given["tau_veg_model"][..., 0], shift, c_veg, litter, status)
        if "delta_c_veg" in out:
            np.subtract(c_veg, c_veg[:, :1], out=out["delta_c_veg"])

    return run


def _open_turnover(options: Options) -> Run:
    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        mean, least = batch.upstream["tau_soil_mean"], batch.upstream["tau_soil_least"]
        _constrain(batch.parameters["tau_soil_obs"], mean, least, out["tau_soil_shift"], status)

    return run


def _open_soil(options: Options) -> Run:
    scheme = SCHEMES.index(options.scheme)

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        npp, given = batch.drivers["npp"], batch.upstream
        tau_veg, tau = (given[f"tau_{box}_model"][..., 0] for box in ("veg", "soil"))
        c_veg, litter, shift = given["c_veg"], given["litter"], given["tau_soil_shift"]
        veg, soil = batch.level["c_veg"], batch.level["tau_soil_shift"]
        times = _started(batch, status)
        if batch.picks and scheme != EXPONENTIAL:
            steps, most = _steps_of(batch), np.empty((2, len(npp), len(soil)))
            c_soil = _or_some(batch, out, "c_soil", steps, len(soil))
            total = _or_some(batch, out, "c_total", steps, len(soil))
            crossed = (npp[:, 0].copy(), times, litter, c_veg, veg, tau, shift, soil)
            _soil_at(scheme, *crossed, steps, c_soil, total, most, status)
            _report_some(batch, steps, (c_soil, total), most, out)
            return
        whole = out
        if batch.picks:
            whole = {name: np.empty((*npp.shape, len(soil))) for name in batch.picks}
        c_soil = _or_work(whole, "c_soil", (*npp.shape, len(soil)))
        if scheme == EXPONENTIAL:
            boxes = (c_veg, veg, tau_veg, given["tau_veg_shift"], tau, shift, soil)
            _soil_exponential(npp, times, *boxes, c_soil, status)
        else:
            first = npp[:, 0].copy()
            _soil(scheme, first, times, litter, veg, tau, shift, soil, c_soil, status)
        _report(npp, times, c_veg, litter, veg, c_soil, whole)
        for name, steps in batch.picks.items():
            _pick(name, whole[name], steps, out)

    return run


def _started(batch: Batch, status: U1) -> F8:
    """Return what soil begins with relative to balance, (1 or L, S); refuse what cannot be."""
    times = batch.parameters[INITIAL_CARBON.name]
    if (times == 1.0).all():
        return times
    wrong = parameter_status([INITIAL_CARBON], batch.parameters)
    np.maximum(status, wrong, out=status)
    return np.where(wrong == OK, times, nan)


def _steps_of(batch: Batch) -> I8:
    """Return the steps that any output is asked at, and the first where changes are asked for."""
    first = {0} if any(name.startswith("delta_") for name in batch.picks) else set()
    # They are few: numpy would take longer for them than for the members of a small call.
    every = first.union(*(steps.tolist() for steps in batch.picks.values()))
    return np.array(sorted(every), dtype=np.int64)


def _or_some(batch: Batch, out: Mapping[str, F8], name: str, steps: I8, width: int) -> F8:
    """Return an output that is asked at these very steps, or memory for it at them."""
    if name in out and len(batch.picks[name]) == len(steps):
        return out[name]
    return np.empty((len(batch.drivers["npp"]), len(steps), width))


def _report_some(
    batch: Batch, steps: I8, some: Sequence[F8], most: F8, out: Mapping[str, F8]
) -> None:
    """Fill outputs at the steps that each is asked at, and the highest of all steps."""
    for name, values, high in zip(("c_soil", "c_total"), some, most, strict=True):
        if name in out and out[name] is not values:
            np.take(values, np.searchsorted(steps, batch.picks[name]), axis=1, out=out[name])
        if (highest := highest_of(name)) in out:
            out[highest][...] = high
        if (change := f"delta_{name}") in out:
            places = np.searchsorted(steps, batch.picks[change])
            np.subtract(values[:, places], values[:, :1], out=out[change])
        if (highest := highest_of(change)) in out:
            # Rounding keeps the order: the highest change is that of the highest stock.
            np.subtract(high, values[:, 0], out=out[highest])


def _pick(name: str, values: F8, steps: I8, out: Mapping[str, F8]) -> None:
    """Fill some steps of an output, and the highest, from all."""
    if name in out:
        out[name][...] = values[:, steps]
    if (highest := highest_of(name)) in out:
        out[highest][...] = values.max(axis=1)


def _report(
    npp: F8, times: F8, c_veg: F8, litter: F8, veg: I8, c_soil: F8, out: Mapping[str, F8]
) -> None:
    """Fill what is made of the pools."""
    if "delta_c_soil" in out:
        np.subtract(c_soil, c_soil[:, :1], out=out["delta_c_soil"])
    if "c_total" in out or "delta_c_total" in out:
        total = _or_work(out, "c_total", c_soil.shape)
        _add(c_veg, veg, c_soil, total)
        if "delta_c_total" in out:
            np.subtract(total, total[:, :1], out=out["delta_c_total"])
    if "rh_box" in out:
        # What soil gets less what it keeps; of the first year, its stock over its turnover time.
        out["rh_box"][:, :1] = npp[:, :1, np.newaxis] * times[:, np.newaxis] + 0.0 * c_soil[:, :1]
        kept = np.diff(c_soil, axis=1)
        np.subtract(litter[:, 1:, veg], kept, out=out["rh_box"][:, 1:])


def _or_work(out: Mapping[str, F8], name: str, shape: tuple[int, ...]) -> F8:
    """Return an output that is asked for, or memory for one that is only passed through."""
    asked = out.get(name)
    return np.empty(shape) if asked is None else asked


def _derive(
    options: Options, drivers: Mapping[str, F8], coords: Mapping[str, NDArray[Any]]
) -> dict[str, Derived]:
    """Return the model's own turnover time, and the least observed one for tau'(t) >= 1 yr.

    With its own mean the shift is zero to the last bit: the control member is unconstrained.
    """
    boxes = diagnose(options, drivers, coords["year"])
    return {
        f"tau_{name}_obs": Derived(mean, 1.0 + mean - tau.min(axis=1), np.full(len(mean), inf))
        for name, (tau, mean) in zip(("veg", "soil"), boxes, strict=True)
    }


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of a member, seconds: 2 ns a year, 20 where each takes exponentials."""
    return (2e-8 if options.scheme == "exponential" else 2e-9) * sizes["time"]


# --- tables ---

TAU_VEG = Parameter(
    "tau_veg_obs",
    units="yr",
    default=10.3,
    lower=1.0,
    upper=100.0,
    meaning="observed turnover time of vegetation carbon, mean of the reference years",
    source="He et al. (2021): 10.3 +- 1.4 yr",
    plausible=Plausible(7.5, 13.1, "He et al. (2021): 10.3 +- 1.4 yr, two standard deviations"),
)
TAU_SOIL = Parameter(
    "tau_soil_obs",
    units="yr",
    default=38.3,
    lower=1.0,
    upper=1000.0,
    meaning="observed turnover time of soil (to 1 m) and litter carbon, likewise",
    source="He et al. (2022): 38.3 +- 11 yr, five stock maps over observed respiration",
    plausible=Plausible(16.3, 60.3, "He et al. (2022): 38.3 +- 11 yr, two standard deviations"),
)
DRIVERS = tuple(
    Variable(name, units, f"{meaning} of the land model", expected_range=accepted(name, units))
    for name, units, meaning in (
        ("npp", "Pg C yr-1", "net primary production"),
        ("rh", "Pg C yr-1", "heterotrophic respiration"),
        ("c_veg_model", "Pg C", "vegetation carbon"),
        ("c_soil_model", "Pg C", "soil and litter carbon"),
    )
)
_TOTAL = "vegetation, soil and litter carbon"
OUTPUTS = (
    Variable("c_veg", "Pg C", "vegetation carbon", limit=VEGETATION),
    Variable("delta_c_veg", "Pg C", "vegetation carbon since the first year", limit=CHANGE),
    Variable("litter", "Pg C yr-1", "carbon from vegetation to soil"),
    Variable("c_soil", "Pg C", "soil and litter carbon", limit=SOIL),
    Variable("delta_c_soil", "Pg C", "soil and litter carbon since the first year", limit=CHANGE),
    Variable("c_total", "Pg C", _TOTAL, limit=LAND),
    Variable("delta_c_total", "Pg C", f"{_TOTAL} since the first year", limit=CHANGE),
    Variable("rh_box", "Pg C yr-1", "carbon respired by the soil box"),
)
INTERMEDIATES = (
    Variable("tau_veg_model", "yr", "turnover time of vegetation in the land model"),
    Variable("tau_veg_mean", "yr", "its mean over the reference years", ()),
    Variable("tau_veg_least", "yr", "its least value", ()),
    Variable("tau_soil_model", "yr", "turnover time of soil in the land model"),
    Variable("tau_soil_mean", "yr", "its mean over the reference years", ()),
    Variable("tau_soil_least", "yr", "its least value", ()),
    Variable("tau_veg_shift", "yr", "tau_veg_obs less the model's mean", ()),
    Variable("tau_soil_shift", "yr", "tau_soil_obs less the model's mean", ()),
)
_MODEL_VEG = ("tau_veg_model", "tau_veg_mean", "tau_veg_least")
_MODEL_SOIL = ("tau_soil_model", "tau_soil_mean", "tau_soil_least")

KERNEL = Kernel(
    name="two_box",
    title="Two boxes with diagnosed turnover times, constrained by observed ones",
    source="He et al. (2022), equations 1-5",
    parameters=(TAU_VEG, TAU_SOIL, INITIAL_CARBON),
    drivers=DRIVERS,
    outputs=OUTPUTS,
    intermediates=INTERMEDIATES,
    stages=(
        Stage(
            "diagnosis",
            parameters=(),
            drivers=("npp", "rh", "c_veg_model", "c_soil_model"),
            upstream=(),
            outputs=(*_MODEL_VEG, *_MODEL_SOIL),
            open=_open_diagnosis,
        ),
        Stage(
            "vegetation",
            parameters=("tau_veg_obs",),
            drivers=("npp",),
            upstream=_MODEL_VEG,
            outputs=("c_veg", "delta_c_veg", "litter", "tau_veg_shift"),
            open=_open_vegetation,
        ),
        Stage(
            "turnover",
            parameters=("tau_soil_obs",),
            drivers=(),
            upstream=("tau_soil_mean", "tau_soil_least"),
            outputs=("tau_soil_shift",),
            open=_open_turnover,
        ),
        Stage(
            "soil",
            parameters=(INITIAL_CARBON.name,),
            drivers=("npp",),
            upstream=(
                "tau_veg_model",
                "tau_veg_shift",
                "c_veg",
                "litter",
                "tau_soil_model",
                "tau_soil_shift",
            ),
            outputs=("c_soil", "delta_c_soil", "c_total", "delta_c_total", "rh_box"),
            open=_open_soil,
            picks=("c_soil", "delta_c_soil", "c_total", "delta_c_total"),
        ),
    ),
    options=Options,
    seconds=_seconds,
    derive=_derive,
    balance=((("c_veg", "c_soil"), ("npp",), ("rh_box",)),),
    steps={"time": "year"},
)
