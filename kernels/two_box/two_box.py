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

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.batches import parameter_status
from kernels.contract.entries import Derived, Parameter, Variable
from kernels.contract.factors import INITIAL_CARBON
from kernels.contract.kernel import Kernel
from kernels.contract.limits import CHANGE, LAND, SOIL, VEGETATION
from kernels.contract.plausible import Plausible
from kernels.contract.ranges import accepted
from kernels.contract.stages import Batch, Run, Stage
from kernels.contract.status import BAD_INPUT, OK, OUT_OF_RANGE
from kernels.two_box.parts.all_steps import (
    constrain,
    soil_years,
    soil_years_exponential,
    vegetation_years,
)
from kernels.two_box.parts.equations import EXPONENTIAL, SCHEMES
from kernels.two_box.parts.outputs import or_some, or_work, pick, report, report_some, steps_of
from kernels.two_box.parts.some_steps import soil_at


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


# --- stages ---


def _open_vegetation(options: Options) -> Run:
    scheme = SCHEMES.index(options.scheme)

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        npp, given = batch.drivers["npp"], batch.upstream
        observed, shape = batch.parameters["tau_veg_obs"], (*npp.shape, status.shape[1])
        shift = or_work(out, "tau_veg_shift", status.shape)
        constrain(observed, given["tau_veg_mean"], given["tau_veg_least"], shift, status)
        c_veg, litter = or_work(out, "c_veg", shape), or_work(out, "litter", shape)
        vegetation_years(scheme, npp, given["tau_veg_model"][..., 0], shift, c_veg, litter, status)
        if "delta_c_veg" in out:
            np.subtract(c_veg, c_veg[:, :1], out=out["delta_c_veg"])

    return run


def _open_turnover(options: Options) -> Run:
    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        mean, least = batch.upstream["tau_soil_mean"], batch.upstream["tau_soil_least"]
        constrain(batch.parameters["tau_soil_obs"], mean, least, out["tau_soil_shift"], status)

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
            steps, most = steps_of(batch), np.empty((2, len(npp), len(soil)))
            c_soil = or_some(batch, out, "c_soil", steps, len(soil))
            total = or_some(batch, out, "c_total", steps, len(soil))
            crossed = (npp[:, 0].copy(), times, litter, c_veg, veg, tau, shift, soil)
            soil_at(scheme, *crossed, steps, c_soil, total, most, status)
            report_some(batch, steps, (c_soil, total), most, out)
            return
        whole = out
        if batch.picks:
            whole = {name: np.empty((*npp.shape, len(soil))) for name in batch.picks}
        c_soil = or_work(whole, "c_soil", (*npp.shape, len(soil)))
        if scheme == EXPONENTIAL:
            boxes = (c_veg, veg, tau_veg, given["tau_veg_shift"], tau, shift, soil)
            soil_years_exponential(npp, times, *boxes, c_soil, status)
        else:
            first = npp[:, 0].copy()
            soil_years(scheme, first, times, litter, veg, tau, shift, soil, c_soil, status)
        report(npp, times, c_veg, litter, veg, c_soil, whole)
        for name, steps in batch.picks.items():
            pick(name, whole[name], steps, out)

    return run


def _started(batch: Batch, status: U1) -> F8:
    """Return what soil begins with relative to balance, (1 or L, S); refuse what cannot be."""
    times = batch.parameters[INITIAL_CARBON.name]
    if (times == 1.0).all():
        return times
    wrong = parameter_status([INITIAL_CARBON], batch.parameters)
    np.maximum(status, wrong, out=status)
    return np.where(wrong == OK, times, nan)


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
    source="He et al. (2022, 10.1111/gcb.16286), equations 1-5",
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
