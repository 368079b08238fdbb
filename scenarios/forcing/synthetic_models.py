"""S16: sixteen invented land models within documented figures; for tests and tutorials.

Documented in He et al. (2022) are the range and mean of the models' soil turnover times, the
mean and spread of their Rh, and 14 of 16 above the observed 48.8 Pg C yr-1. The values inside
those ranges, the vegetation turnover times, the pairing and the shapes in time are invented,
and two numbers are solved so that the means of the changes are 99 and 71 Pg C: see
``two_box.md`` section 6, TB-6. Nothing computed from them reproduces the paper.

Source: invented within figures of He et al. (2022, 10.1111/gcb.16286).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels import F8, I8, Variable
from scenarios.forcing._contract import Forcing, Observed, ReaderSpec
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input
from scenarios.forcing.common.sources import key, not_annual
from scenarios.problems import Problem
from scenarios.units import convert

LABEL = "synthetic models S16 (invented within documented figures; not TRENDY)"

YEARS = np.arange(1901, 2019, dtype=np.int64)
REFERENCE = (YEARS >= 1982) & (YEARS <= 2018)


def _numbers(text: str) -> tuple[float, ...]:
    """Return numbers as the table prints them, easy to compare with it."""
    return tuple(map(float, text.split()))


# ppm; the atmospheric CO2 record of the biogeochemical testbed, linear in between.
_CO2_YEARS = (1901, 1910, 1920, 1930, 1940, 1950, 1960, 1970, 1980, 1990, 2000, 2010, 2018)
_CO2 = _numbers(
    "296.64 299.16 302.51 306.36 309.52 311.52 316.26 324.86 337.73 353.02 368.12 387.92 404.0"
)

NPP_RISE = 0.23437453
"""Relative rise of NPP with ln CO2 over 1901-2018; solved for a mean change of 99 Pg C."""

TAU_SOIL_FALL = 0.08947364
"""The same of the soil turnover time, downward; solved for a mean change of 71 Pg C."""

# Mean NPP of 1982-2018, Pg C yr-1.
_RH = _numbers("42.0 47.6 49.3 50.4 51.6 53.0 54.6 56.2 57.8 59.6 61.6 63.6 66.2 69.2 74.0 80.9")

# Turnover times, yr: of soil the mean of 1982-2018, of vegetation constant; and which model
# has which.
_SOIL = _numbers("13 14 15.2 16.4 17.6 18.8 20 21.2 22.6 24 25.6 27.4 29.4 31.6 34 36")
_SOIL_OF = (9, 2, 13, 5, 0, 11, 7, 15, 3, 8, 12, 1, 14, 6, 10, 4)
_VEG = _numbers("6.5 7.2 7.8 8.3 8.7 9.1 9.5 9.8 10.1 10.5 10.9 11.3 11.8 12.4 13.1 14.0")
_VEG_OF = (4, 12, 7, 0, 15, 9, 2, 10, 5, 13, 1, 8, 14, 3, 6, 11)

_SEEN = {"c_veg": ("cveg", "vegetation carbon"), "c_soil": ("csoil", "soil and litter carbon")}
"""Outputs of two boxes, and which series they are compared with."""

_UNITS = {"npp": "Pg C yr-1", "rh": "Pg C yr-1", "cveg": "Pg C", "csoil": "Pg C"}


class Spec(ReaderSpec):
    """``forcing:`` of the synthetic models; years are 1901-2018."""

    reads: ClassVar[tuple[Input, ...]] = ()
    along: ClassVar[tuple[str, ...]] = ("time",)

    reader: Literal["synthetic_models"]
    n: int = Field(default=16, ge=1, le=16, description="the first n of 16 models")
    steady_year: bool = Field(
        default=False,
        description="put 1900 in front, a year in steady state, so that 1901 keeps a turnover "
        "time of its own: with it a kernel gives the numbers printed under TB-6",
    )
    observed: bool = Field(
        default=False,
        description="bring c_veg and c_soil of each model by year as what is observed, exact",
    )

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return a forcing per model, named S01 to S16; see `ReaderSpec.read`."""
        findings = Findings()
        for problem in not_annual(needs):
            findings.add("drivers", problem)
        for need in needs:
            text = _not_given(need)
            if text:
                findings.add("drivers", Problem(text, "forcing.reader"))
        findings.raise_all()
        return [_forcing(m, needs, self) for m in range(self.n)]

    def compared(self) -> dict[str, str]:
        """Return the outputs that are observed; see `ReaderSpec.compared`."""
        return dict.fromkeys(_SEEN, "forcing.observed") if self.observed else {}


def _not_given(need: Variable) -> str:
    if key(need.name) not in _UNITS:
        given = ", ".join(_UNITS)
        return f"the synthetic models have {given} and no driver {need.name!r}; use another reader"
    try:
        convert(0.0, _UNITS[key(need.name)], need.units)
    except ValueError as error:
        return f"driver {need.name!r}: {error}"
    return ""


def _forcing(m: int, needs: Sequence[Variable], spec: Spec) -> Forcing:
    name = f"S{m + 1:02d}"
    years, series = model(m, steady_year=spec.steady_year)
    drivers = {
        need.name: convert(series[key(need.name)], _UNITS[key(need.name)], need.units)[np.newaxis]
        for need in needs
    }
    provenance = {
        "reader": "synthetic_models",
        "model": name,
        "files": [],
        "years": [int(years[0]), int(years[-1])],
        "conventions": "two_box.md section 6, TB-6; implicit scheme from a steady state",
    }
    observed = {
        output: Observed(
            series[word][np.newaxis], None, None, _UNITS[word], f"{meaning} of the land model",
            year=years[np.newaxis].astype(np.float64),
        )
        for output, (word, meaning) in _SEEN.items()
        if spec.observed
    }  # fmt: skip
    return Forcing(
        name,
        drivers,
        {"year": years},
        provenance=provenance,
        synthetic=LABEL,
        observations=observed,
    )


def model(m: int, *, steady_year: bool = False) -> tuple[I8, dict[str, F8]]:
    """Return years and series of a model.

    Parameters
    ----------
    m : int
        0 to 15.
    steady_year : bool
        Begin in 1900, see Notes.

    Returns
    -------
    years : ndarray, shape (118 or 119,), int64
    series : dict of str to ndarray, the same shape, float64
        ``npp``, ``rh`` in Pg C yr-1 and ``cveg``, ``csoil`` in Pg C.

    Notes
    -----
    The stocks follow from the turnover times by the implicit scheme, which is the inverse of
    the diagnosis tau(t) = c(t)/(inflow(t) - (c(t) - c(t-1))): a kernel that diagnoses them
    has the turnover times back to rounding.

    The first year has no diagnosis. TB-6 says tau(1901) := tau(1902), as the paper does, and
    so do we; but the numbers printed under it were made with the tau_soil(1901) of the
    formula (25.637647 for S01, where tau_soil(1902) is 25.630640). A year 1900 with the NPP
    and turnover times of 1901, in steady state, makes 1901 diagnosable, and its changes
    since 1901 are the printed ones. Without it the mean changes of soil are 71.330361
    (printed: 70.999994) and, constrained, 129.857231 (129.540871).
    """
    co2 = np.interp(YEARS, _CO2_YEARS, _CO2)
    g = np.log(co2 / co2[0]) / np.log(co2[-1] / co2[0])
    years, npp = YEARS.copy(), _scaled(_RH[m], 1.0 + NPP_RISE * g)
    tau_soil = _scaled(_SOIL[_SOIL_OF[m]], 1.0 - TAU_SOIL_FALL * g)
    if steady_year:
        years = np.concatenate(([years[0] - 1], years))
        npp, tau_soil = (np.concatenate((x[:1], x)) for x in (npp, tau_soil))
    else:
        tau_soil[0] = tau_soil[1]
    tau_veg = np.full(years.size, _VEG[_VEG_OF[m]])
    veg, soil = np.empty_like(npp), np.empty_like(npp)
    veg[0], soil[0] = npp[0] * tau_veg[0], npp[0] * tau_soil[0]
    for t in range(1, years.size):
        veg[t] = (veg[t - 1] + npp[t]) / (1.0 + 1.0 / tau_veg[t])
        soil[t] = (soil[t - 1] + veg[t] / tau_veg[t]) / (1.0 + 1.0 / tau_soil[t])
    return years, {"npp": npp, "rh": soil / tau_soil, "cveg": veg, "csoil": soil}


def _scaled(mean: float, shape: F8) -> F8:
    """Return the shape with that mean over 1982-2018."""
    scaled: F8 = mean * shape / shape[REFERENCE].mean()
    return scaled
