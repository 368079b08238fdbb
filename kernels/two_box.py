"""Two-box model of land carbon with a turnover-time constraint (He et al. 2022, eq. 1-5).

Vegetation takes up NPP and loses its carbon to the soil, the soil loses it by respiration::

    dcVeg/dt  = NPP - cVeg/tau_veg          dcSoil/dt = cVeg/tau_veg - cSoil/tau_soil

The turnover times are diagnosed from a land model's own series, then shifted as a whole until
their mean over the reference years is the observed one: variability and trend stay. Annual
steps in one of three schemes; stocks in Pg C, fluxes in Pg C yr-1, times in years.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import expm1, inf, isfinite, nan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kernels._build import (
    FIRST,
    ONE,
    SECOND,
    SHORTEST_RUN,
    block,
    equation,
    find_runs,
    first_uses,
    stage,
)
from kernels._contract import F8, I8, U1, Batch, Derived, Kernel, Parameter, Variable
from kernels._status import BAD_INPUT, NOT_FINITE, OK, OUT_OF_RANGE

SCHEMES = {"implicit": 0, "explicit": 1, "exponential": 2}
IMPLICIT, EXPLICIT = SCHEMES["implicit"], SCHEMES["explicit"]


@dataclass(frozen=True)
class Options:
    """Choices of a scenario.

    Parameters
    ----------
    scheme : {"implicit", "explicit", "exponential"}
        The annual step. Implicit is the exact inverse of the diagnosis.
    diagnosis : {"balance", "rh"}
        Respiration of the land model as litter minus soil change, or its own ``rh``.
    reference : tuple of int
        First and last year over which the mean turnover time is set to the observed one.
    """

    scheme: Literal["implicit", "explicit", "exponential"] = "implicit"
    diagnosis: Literal["balance", "rh"] = "balance"
    reference: tuple[int, int] = (1982, 2018)


# --- equations: one year of one member; pools in Pg C, fluxes in Pg C yr-1, tau in yr ---


@equation
def kept_implicit(tau: float) -> float:
    """Return the share of a pool left after an implicit year, 1/(1 + 1/tau)."""
    return tau / (1.0 + tau)


@equation
def lost_explicit(tau: float) -> float:
    """Return the share of a pool lost in an explicit year."""
    return 1.0 / tau


@equation
def lost_exponential(tau: float) -> float:
    """Return the share of a pool lost in a year of constant tau, 1 - exp(-1/tau)."""
    return -expm1(-1.0 / tau)


@equation
def vegetation_implicit(pool: float, npp: float, tau: float) -> float:
    """Return V' = (V + P)/(1 + 1/a)."""
    return (pool + npp) * kept_implicit(tau)


@equation
def vegetation_explicit(pool: float, npp: float, tau: float) -> float:
    """Return V' = V + P - V/a."""
    return pool + npp - pool * lost_explicit(tau)


@equation
def vegetation_exponential(pool: float, npp: float, tau: float) -> float:
    """Return V' = P a + (V - P a) exp(-1/a), written so that a long tau loses no digits."""
    return pool + (npp * tau - pool) * lost_exponential(tau)


@equation
def litterfall(npp: float, before: float, after: float) -> float:
    """Return the carbon that left the vegetation within the year, in every scheme."""
    return (before + npp) - after


@equation
def soil_implicit(pool: float, litter: float, kept: float) -> float:
    """Return S' = (S + litter)/(1 + 1/b), litter = V'/a."""
    return (pool + litter) * kept


@equation
def soil_explicit(pool: float, litter: float, lost: float) -> float:
    """Return S' = S + litter - S/b, litter = V/a."""
    return pool + litter - pool * lost


@equation
def difference_quotient(x: float, y: float, lost_x: float, lost_y: float) -> float:
    """Return (exp(-x) - exp(-y))/(y - x) from ``lost = 1 - exp(-rate)``.

    Notes
    -----
    Where the rates are closer than 1/32 the difference cancels; there it is exp(-x) times the
    series of (1 - exp(-z))/z, z = y - x, whose first term left out is 1e-15. Relative error
    below 2e-14 for turnover times of a year and more. No call of libm, so loops vectorise.
    """
    z = y - x
    series = 1 / 24 + z * (-1 / 120 + z * (1 / 720 - z / 5040))
    series = 1.0 + z * (-1 / 2 + z * (1 / 6 - z * series))
    return (1.0 - lost_x) * series if abs(z) < 1 / 32 else (lost_y - lost_x) / z


@equation
def soil_exponential(
    pool: float,
    npp: float,
    vegetation: float,
    tau_veg: float,
    lost_veg: float,
    tau_soil: float,
    lost_soil: float,
) -> float:
    """Return S' for constant P, a, b within the year, from V and S at its start.

    S' = P b (1 - e^(-1/b)) + S e^(-1/b) + (V - P a)/a (e^(-1/a) - e^(-1/b))/(1/b - 1/a)
    """
    x, y = 1.0 / tau_veg, 1.0 / tau_soil
    excess = vegetation * x - npp
    steady = pool + (npp * tau_soil - pool) * lost_soil
    return steady + excess * difference_quotient(x, y, lost_veg, lost_soil)


# --- blocks: all years of all members; arrays are (location, time, row or sample) ---


@equation
def _diagnose_location(
    npp: F8, rh: F8, c_veg: F8, c_soil: F8, given_rh: bool, tau_veg: F8, tau_soil: F8
) -> int:
    """Fill tau_veg and tau_soil (T,) of one location and return its status."""
    for t in range(len(npp)):
        finite = isfinite(npp[t]) and isfinite(c_veg[t]) and isfinite(c_soil[t])
        if not finite or (given_rh and not isfinite(rh[t])):
            return BAD_INPUT
    code = OK
    for t in range(1, len(npp)):
        litter = litterfall(npp[t], c_veg[t - 1], c_veg[t])
        respired = rh[t] if given_rh else litterfall(litter, c_soil[t - 1], c_soil[t])
        tau_veg[t], tau_soil[t] = c_veg[t] / litter, c_soil[t] / respired
        if litter <= 0.0 or respired <= 0.0:
            code = OUT_OF_RANGE
        elif code == OK and not isfinite(tau_veg[t] + tau_soil[t]):
            code = NOT_FINITE
    tau_veg[0], tau_soil[0] = tau_veg[1], tau_soil[1]
    return code


@equation
def _summarise(tau: F8, start: int, stop: int, series: F8, mean: F8, least: F8) -> None:
    """Give every row of a location the same series (T, S), mean and least (S,)."""
    for s in range(series.shape[1]):
        series[:, s] = tau
    mean[:] = tau[start:stop].mean()
    least[:] = tau.min()


@block
def _diagnose(
    given_rh: bool,
    start: int,
    stop: int,
    npp: F8,
    rh: F8,
    c_veg: F8,
    c_soil: F8,
    veg: F8,
    veg_mean: F8,
    veg_least: F8,
    soil: F8,
    soil_mean: F8,
    soil_least: F8,
    status: U1,
) -> None:
    """Fill the diagnosis of every location; nothing in it depends on the sample."""
    tau_veg, tau_soil = np.empty(npp.shape[1]), np.empty(npp.shape[1])
    for at in range(len(npp)):
        code = _diagnose_location(
            npp[at], rh[at], c_veg[at], c_soil[at], given_rh, tau_veg, tau_soil
        )
        if code != OK:
            tau_veg[:], tau_soil[:], status[at] = nan, nan, code
        _summarise(tau_veg, start, stop, veg[at], veg_mean[at], veg_least[at])
        _summarise(tau_soil, start, stop, soil[at], soil_mean[at], soil_least[at])


@equation
def _why(observed: float, least: float) -> int:
    """Return the status of a member that failed, from its least turnover time."""
    if not isfinite(observed):
        return BAD_INPUT
    return OUT_OF_RANGE if least <= 0.0 else NOT_FINITE


@equation
def _blank(arrays: tuple[F8, ...], at: int, s: int) -> None:
    for array in arrays:
        for t in range(array.shape[1]):
            array[at, t, s] = nan


@block
def _turnover(observed: F8, mean: F8, least: F8, level: I8, shift: F8, status: U1) -> None:
    """Fill the shift (L, S) of the soil turnover time: one number a row, so nearly free."""
    for at in range(len(status)):
        tau_obs = observed[at % len(observed)]
        for s in range(status.shape[1]):
            moved = tau_obs[s] - mean[at, level[s]]
            if not (least[at, level[s]] + moved > 0.0 and isfinite(moved)):
                status[at, s], moved = _why(tau_obs[s], least[at, level[s]] + moved), nan
            if shift.size:
                shift[at, s] = moved


def _vegetation_years(step: Callable[[float, float, float], float]) -> Callable[..., None]:
    """Run one location from the start in ``pools[0]``; pools are all years or a ring of two."""

    @equation
    def years(
        npp: F8,
        tau: F8,
        level: I8,
        shift: F8,
        pools: F8,
        litter: F8,
        change: F8,
    ) -> None:
        samples, rows, first = range(np.uintp(len(level))), np.uintp(len(pools)), pools[0].copy()
        for t in range(ONE, np.uintp(len(npp))):
            before, after, npp_t, tau_t = (t - ONE) % rows, t % rows, npp[t], tau[t, 0]
            if tau.shape[1] == 1:
                for s in samples:
                    pools[after, s] = step(pools[before, s], npp_t, tau_t + shift[s])
            else:
                for s in samples:
                    tau_s = tau[t, np.uintp(level[s])] + shift[s]
                    pools[after, s] = step(pools[before, s], npp_t, tau_s)
            if litter.size:
                for s in samples:
                    litter[t, s] = litterfall(npp_t, pools[before, s], pools[after, s])
            if change.size:
                for s in samples:
                    change[t, s] = pools[after, s] - first[s]

    return years


_vegetation_years_implicit = _vegetation_years(vegetation_implicit)
_vegetation_years_explicit = _vegetation_years(vegetation_explicit)
_vegetation_years_exponential = _vegetation_years(vegetation_exponential)


@block
def _vegetation(
    scheme: int,
    observed: F8,
    npp: F8,
    tau: F8,
    mean: F8,
    least: F8,
    level: I8,
    c_veg: F8,
    litter: F8,
    change: F8,
    shift: F8,
    status: U1,
) -> None:
    """Fill the vegetation of all members."""
    years, samples = npp.shape[1], status.shape[1]
    moved, ring = np.empty(samples), np.empty((2, samples))
    for at in range(len(status)):
        pools, tau_obs = c_veg[at] if c_veg.size else ring, observed[at % len(observed)]
        for s in range(samples):
            moved[s] = tau_obs[s] - mean[at, level[s]]
            pools[0, s] = npp[at, 0] * (tau[at, 0, level[s]] + moved[s])
        litter[at, :1], change[at, :1] = npp[at, 0], 0.0
        given = (npp[at], tau[at], level, moved, pools, litter[at], change[at])
        if scheme == IMPLICIT:
            _vegetation_years_implicit(*given)
        elif scheme == EXPLICIT:
            _vegetation_years_explicit(*given)
        else:
            _vegetation_years_exponential(*given)
        last = pools[(years - 1) % len(pools)]
        for s in range(samples):
            # A pool that is not finite never becomes so again: the last year tells.
            if not (least[at, level[s]] + moved[s] > 0.0 and isfinite(last[s])):
                status[at, s], moved[s] = _why(tau_obs[s], least[at, level[s]] + moved[s]), nan
                _blank((c_veg, litter, change), at, s)
        shift[at] = moved[: shift.shape[1]]


@equation
def _spread(t: Any, c_veg: F8, veg: I8, runs: I8, target: F8) -> None:
    """Write the vegetation of year t in sample order into its place of a ring of two."""
    own = t % np.uintp(2)
    if len(runs) == 0:
        for s in range(np.uintp(len(veg))):
            target[own, s] = c_veg[t, np.uintp(veg[s])]
    for k in range(len(runs)):
        first, length = np.uintp(runs[k, 0]), np.uintp(runs[k, 1] - runs[k, 0])
        v = np.uintp(veg[first])
        if runs[k, 2] == SECOND:
            for i in range(length):
                target[own, first + i] = c_veg[t, v]
        else:
            for i in range(length):
                target[own, first + i] = c_veg[t, v + i]


@equation
def _report_start(
    npp: F8,
    c_veg: F8,
    veg: I8,
    runs: I8,
    pools: F8,
    report: tuple[F8, F8],
    out: tuple[F8, F8, F8, F8],
) -> None:
    """Fill the first year of what is made of the pools, and keep it for the changes."""
    (vegetation, first), (change, total, total_change, respiration) = report, out
    _spread(ONE - ONE, c_veg, veg, runs, vegetation)
    first[0], first[1] = pools[0], vegetation[0] + pools[0]
    change[:1], total_change[:1], respiration[:1] = 0.0, 0.0, npp[0]
    total[:1] = first[1, : total.shape[1]]


@equation
def _report_year(
    t: Any,
    npp: F8,
    c_veg: F8,
    veg: I8,
    runs: I8,
    pools: F8,
    report: tuple[F8, F8],
    out: tuple[F8, F8, F8, F8],
) -> None:
    """Fill what is made of the pools of year t; ``vegetation`` is a ring of two, as samples."""
    (vegetation, first), (change, total, total_change, respiration) = report, out
    samples, rows, two = range(np.uintp(len(veg))), np.uintp(len(pools)), np.uintp(2)
    before, after, veg_before, veg_after = (t - ONE) % rows, t % rows, (t - ONE) % two, t % two
    if total.size + total_change.size + respiration.size:
        _spread(t, c_veg, veg, runs, vegetation)
    if change.size:
        for s in samples:
            change[t, s] = pools[after, s] - first[0, s]
    if total.size:
        for s in samples:
            total[t, s] = vegetation[veg_after, s] + pools[after, s]
    if total_change.size:
        for s in samples:
            total_change[t, s] = (vegetation[veg_after, s] + pools[after, s]) - first[1, s]
    if respiration.size:
        for s in samples:
            litter = litterfall(npp[t], vegetation[veg_before, s], vegetation[veg_after, s])
            respiration[t, s] = litterfall(litter, pools[before, s], pools[after, s])


def _soil_years(
    step: Callable[[float, float, float], float], share: Callable[[float], float]
) -> Callable[..., None]:
    """Return the loop over the years of one location."""

    @equation
    def years(
        npp: F8,
        c_veg: F8,
        tau: F8,
        shift: F8,
        model: I8,
        veg: I8,
        soil: I8,
        runs: I8,
        work: F8,
        low: Any,
        high: Any,
        pools: F8,
        report: tuple[F8, F8],
        out: tuple[F8, F8, F8, F8],
    ) -> None:
        rows = np.uintp(len(pools))
        for t in range(ONE, np.uintp(len(npp))):
            before, after, npp_t, tau_t = (t - ONE) % rows, t % rows, npp[t], tau[t, 0]
            if len(runs) == 0:
                for s in range(np.uintp(len(soil))):
                    v, q = np.uintp(veg[s]), np.uintp(soil[s])
                    litter = litterfall(npp_t, c_veg[t - ONE, v], c_veg[t, v])
                    tau_s = tau[t, np.uintp(model[s])] + shift[q]
                    pools[after, s] = step(pools[before, s], litter, share(tau_s))
            for row in range(low, high):
                work[row - low] = share(tau_t + shift[row])
            for k in range(len(runs)):
                start, length = np.uintp(runs[k, 0]), np.uintp(runs[k, 1] - runs[k, 0])
                v, q = np.uintp(veg[start]), np.uintp(soil[start])
                if runs[k, 2] == SECOND:
                    litter, w = litterfall(npp_t, c_veg[t - ONE, v], c_veg[t, v]), q - low
                    for i in range(length):
                        s = start + i
                        pools[after, s] = step(pools[before, s], litter, work[w + i])
                elif runs[k, 2] == FIRST:
                    kept = share(tau_t + shift[q])
                    for i in range(length):
                        s = start + i
                        litter = litterfall(npp_t, c_veg[t - ONE, v + i], c_veg[t, v + i])
                        pools[after, s] = step(pools[before, s], litter, kept)
                else:
                    for i in range(length):
                        s = start + i
                        litter = litterfall(npp_t, c_veg[t - ONE, v + i], c_veg[t, v + i])
                        kept = share(tau_t + shift[q + i])
                        pools[after, s] = step(pools[before, s], litter, kept)
            if report[0].size:
                _report_year(t, npp, c_veg, veg, runs, pools, report, out)

    return years


_soil_years_implicit = _soil_years(soil_implicit, kept_implicit)
_soil_years_explicit = _soil_years(soil_explicit, lost_explicit)


@equation
def _fill_lost(t: Any, tau: F8, shift: F8, model: I8, level: I8, uses: I8, lost: F8) -> None:
    """Fill the exponential loss of each sample, once per row: libm is dear."""
    for s in range(len(level)):
        if uses[s] == s:
            lost[s] = lost_exponential(tau[t, model[s]] + shift[level[s]])
        else:
            lost[s] = lost[uses[s]]


@equation
def _soil_years_exponential(
    npp: F8,
    c_veg: F8,
    tau: tuple[F8, F8],
    shift: tuple[F8, F8],
    model: I8,
    veg: I8,
    soil: I8,
    runs: I8,
    pools: F8,
    report: tuple[F8, F8],
    out: tuple[F8, F8, F8, F8],
) -> None:
    """Run all years of one location; pairs are (vegetation, soil)."""
    (tau_veg, tau_soil), (shift_veg, shift_soil) = tau, shift
    veg_uses, soil_uses, rows = first_uses(veg), first_uses(soil), np.uintp(len(pools))
    lost_veg, lost_soil = np.empty(len(veg)), np.empty(len(soil))
    for t in range(ONE, np.uintp(len(npp))):
        before, after, npp_t = (t - ONE) % rows, t % rows, npp[t]
        _fill_lost(t, tau_veg, shift_veg, model, veg, veg_uses, lost_veg)
        _fill_lost(t, tau_soil, shift_soil, model, soil, soil_uses, lost_soil)
        for s in range(np.uintp(len(soil))):
            m, v, q = np.uintp(model[s]), np.uintp(veg[s]), np.uintp(soil[s])
            pools[after, s] = soil_exponential(
                pools[before, s],
                npp_t,
                c_veg[t - ONE, v],
                tau_veg[t, m] + shift_veg[v],
                lost_veg[s],
                tau_soil[t, m] + shift_soil[q],
                lost_soil[s],
            )
        if report[0].size:
            _report_year(t, npp, c_veg, veg, runs, pools, report, out)


@equation
def _rows_shared(soil: I8, runs: I8) -> tuple[Any, Any]:
    """Return the first and past-the-last soil row that a run along the soil uses."""
    low, high = soil[0], soil[0]
    for k in range(len(runs)):
        if runs[k, 2] == SECOND:
            low = min(low, soil[runs[k, 0]])
            high = max(high, soil[runs[k, 1] - 1] + 1)
    return np.uintp(low), np.uintp(high)


@block
def _soil(
    scheme: int,
    npp: F8,
    veg_tau: F8,
    veg_shift: F8,
    c_veg: F8,
    soil_tau: F8,
    soil_shift: F8,
    model: I8,
    veg: I8,
    soil: I8,
    c_soil: F8,
    change: F8,
    total: F8,
    total_change: F8,
    respiration: F8,
    status: U1,
) -> None:
    """Fill the soil of all members; the levels say which row of each stage a sample uses."""
    years, samples = npp.shape[1], status.shape[1]
    runs, ring = np.empty((samples // SHORTEST_RUN + 1, 3), np.int64), np.empty((2, samples))
    # Runs assume the one row that a diagnosis without parameters has.
    runs = runs[: find_runs(veg, soil, runs) if soil_tau.shape[2] == 1 else 0]
    low, high = _rows_shared(soil, runs)
    work = np.empty(high - low)
    wanted = change.size + total.size + total_change.size + respiration.size
    report = (np.empty((2, samples if wanted else 0)), np.empty((2, samples)))
    for at in range(len(status)):
        pools, out = (
            c_soil[at] if c_soil.size else ring,
            (change[at], total[at], total_change[at], respiration[at]),
        )
        for s in range(samples):
            pools[0, s] = npp[at, 0] * (soil_tau[at, 0, model[s]] + soil_shift[at, soil[s]])
        if wanted:
            _report_start(npp[at], c_veg[at], veg, runs, pools, report, out)
        one = (npp[at], c_veg[at], soil_tau[at], soil_shift[at], model, veg, soil, runs)
        if scheme == IMPLICIT:
            _soil_years_implicit(*one, work, low, high, pools, report, out)
        elif scheme == EXPLICIT:
            _soil_years_explicit(*one, work, low, high, pools, report, out)
        else:
            tau, shift = (veg_tau[at], soil_tau[at]), (veg_shift[at], soil_shift[at])
            two = (npp[at], c_veg[at], tau, shift, model, veg, soil, runs)
            _soil_years_exponential(*two, pools, report, out)
        last, last_veg = pools[(years - 1) % len(pools)], c_veg[at, years - 1]
        for s in range(samples):
            # As for vegetation, what is not finite stays so; NaN from upstream ends here too.
            if not isfinite(last[s] + last_veg[veg[s]]):
                status[at, s] = NOT_FINITE
                _blank((c_soil, change, total, total_change, respiration), at, s)


# --- tables ---


PARAMETERS = (
    Parameter(
        "tau_veg_obs",
        units="yr",
        default=10.3,
        lower=1.0,
        upper=100.0,
        meaning="observed turnover time of vegetation carbon, mean of the reference years",
        source="He et al. (2021): 10.3 +- 1.4 yr",
    ),
    Parameter(
        "tau_soil_obs",
        units="yr",
        default=38.3,
        lower=1.0,
        upper=1000.0,
        meaning="observed turnover time of soil (to 1 m) and litter carbon, likewise",
        source="He et al. (2022): 38.3 +- 11 yr, five stock maps over observed respiration",
    ),
)
DRIVERS = (
    Variable("npp", "Pg/yr", "net primary production of the land model, as carbon"),
    Variable("rh", "Pg/yr", "heterotrophic respiration of the land model, as carbon"),
    Variable("c_veg_model", "Pg", "vegetation carbon of the land model"),
    Variable("c_soil_model", "Pg", "soil and litter carbon of the land model"),
)
DIAGNOSED = (
    Variable("tau_veg_model", "yr", "turnover time of vegetation in the land model"),
    Variable("tau_veg_mean", "yr", "tau_veg_model, mean of the reference years", ()),
    Variable("tau_veg_least", "yr", "tau_veg_model, least of all years", ()),
    Variable("tau_soil_model", "yr", "turnover time of soil in the land model"),
    Variable("tau_soil_mean", "yr", "tau_soil_model, mean of the reference years", ()),
    Variable("tau_soil_least", "yr", "tau_soil_model, least of all years", ()),
)
VEGETATION = (
    Variable("c_veg", "Pg", "vegetation carbon"),
    Variable("litter", "Pg/yr", "carbon from vegetation to soil"),
    Variable("c_veg_change", "Pg", "vegetation carbon since the first year"),
)
VEGETATION_SHIFT = Variable("tau_veg_shift", "yr", "tau_veg_obs less tau_veg_mean", ())
SOIL_SHIFT = Variable("tau_soil_shift", "yr", "tau_soil_obs less tau_soil_mean", ())
SOIL = (
    Variable("c_soil", "Pg", "soil and litter carbon"),
    Variable("c_soil_change", "Pg", "soil and litter carbon since the first year"),
    Variable("c_total", "Pg", "vegetation, soil and litter carbon"),
    Variable("c_total_change", "Pg", "vegetation, soil and litter carbon since the first year"),
    Variable("respiration", "Pg/yr", "carbon respired by the soil box"),
)


def _reference(options: Options, coords: Mapping[str, NDArray[Any]]) -> tuple[bool, int, int]:
    """Return whether rh is given, and the first and past-the-last index of the reference years.

    Raises
    ------
    ValueError
        The years are not consecutive, fewer than two, or do not cover the reference.
    """
    years = coords["year"]
    first, last = int(years[0]), int(years[-1])
    if len(years) < 2 or last - first != len(years) - 1:
        raise ValueError(
            f"year: found {len(years)} values from {first} to {last}; "
            "at least two consecutive years are needed"
        )
    start, end = options.reference
    if not first <= start <= end <= last:
        raise ValueError(
            f"reference: {start}-{end} is not within the forcing's years {first}-{last}; "
            "choose years that it covers"
        )
    return options.diagnosis == "rh", start - first, end - first + 1


def _scheme(options: Options, coords: Mapping[str, NDArray[Any]]) -> tuple[int]:
    return (SCHEMES[options.scheme],)


def _nothing(options: Options, coords: Mapping[str, NDArray[Any]]) -> tuple[()]:
    return ()


DIAGNOSE = stage(
    "diagnose",
    _diagnose,
    settings=_reference,
    drivers=("npp", "rh", "c_veg_model", "c_soil_model"),
    outputs=DIAGNOSED,
)


def _derive(
    options: Options, drivers: Mapping[str, F8], coords: Mapping[str, NDArray[Any]]
) -> Mapping[str, Derived]:
    """Return the land model's own mean turnover times, and what keeps all years at 1 yr or more.

    The control member therefore has a shift of exactly 0: the unconstrained run.
    """
    locations = len(drivers["npp"])
    out = {v.name: np.empty((locations, 1)) for v in DIAGNOSED if not v.dims}
    DIAGNOSE.open(options)(Batch({}, drivers, coords), out, np.zeros((locations, 1), np.uint8))
    found = {}
    for pool in ("veg", "soil"):
        mean, least = out[f"tau_{pool}_mean"][:, 0], out[f"tau_{pool}_least"][:, 0]
        found[f"tau_{pool}_obs"] = Derived(mean, 1.0 + mean - least, np.full(locations, inf))
    return found


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return the cost of one member without sharing, measured at 2.5 GHz with AVX-512."""
    return (1.5e-8 if options.scheme == "exponential" else 1.8e-9) * sizes["time"]


KERNEL = Kernel(
    name="two_box",
    title="Two-box model with turnover-time constraint",
    source="He et al. (2022), turnover-time constraint of the land carbon sink, preprint",
    parameters=PARAMETERS,
    drivers=DRIVERS,
    outputs=VEGETATION + SOIL,
    intermediates=(*DIAGNOSED, VEGETATION_SHIFT, SOIL_SHIFT),
    stages=(
        DIAGNOSE,
        stage(
            "vegetation",
            _vegetation,
            settings=_scheme,
            parameters=("tau_veg_obs",),
            drivers=("npp",),
            upstream=("tau_veg_model", "tau_veg_mean", "tau_veg_least"),
            levels=("tau_veg_model",),
            outputs=(*VEGETATION, VEGETATION_SHIFT),
        ),
        stage(
            "turnover",
            _turnover,
            settings=_nothing,
            parameters=("tau_soil_obs",),
            upstream=("tau_soil_mean", "tau_soil_least"),
            levels=("tau_soil_mean",),
            outputs=(SOIL_SHIFT,),
        ),
        stage(
            "soil",
            _soil,
            settings=_scheme,
            drivers=("npp",),
            upstream=(
                "tau_veg_model",
                "tau_veg_shift",
                "c_veg",
                "tau_soil_model",
                "tau_soil_shift",
            ),
            levels=("tau_soil_model", "c_veg", "tau_soil_shift"),
            outputs=SOIL,
        ),
    ),
    options=Options,
    seconds=_seconds,
    derive=_derive,
    # Holds in every year after the first, in all schemes.
    balance=((("c_veg", "c_soil"), ("npp",), ("respiration",)),),
)
