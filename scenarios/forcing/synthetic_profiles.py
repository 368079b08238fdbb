"""Four invented soil profiles, one of each forest type of Wang et al. (2021); for tests and trial.

The paper's climate, clay and litter by site are not public. These are round numbers of our
own; observations are smooth curves of the size that such profiles have, and the atmosphere a
made-up pulse. Calibrated parameters of the types, the paper's table 3, come as columns of
locations (``fit_x_v`` ... ``fit_beta``): a scenario may take them as
``parameters: {x_v: {column: fit_x_v}}``.

With ``observed: twins`` the observations are what `mimics_profile` (w21_code, tracer, 20 layers of
5 cm) makes of those parameters, rounded to a millionth: a search that is right comes to no cost.

Source: invented; the parameters by type are those of Wang et al. (2021, 10.1029/2020JG006205).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from kernels import F8, I8, Variable
from scenarios.forcing._contract import Forcing, Locations, Observed, ReaderSpec
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input
from scenarios.problems import Problem
from scenarios.units import convert

LABEL = "synthetic profiles (invented; not measured)"

TYPES = ("ENF", "EBF", "DBF", "BNF")
"""Evergreen needleleaf, evergreen broadleaf, deciduous broadleaf, boreal needleleaf forest."""

# driver: (unit, a number for each type).
_SITES = {
    "soil_temperature": ("degC", (8.0, 20.0, 10.0, 2.0)),
    "clay": ("1", (0.20, 0.30, 0.25, 0.10)),
    "lignin_n_above": ("1", (30.0, 15.0, 18.0, 30.0)),
    "lignin_n_below": ("1", (30.0, 20.0, 22.0, 30.0)),
    "litter_above": ("g C m-2 yr-1", (250.0, 500.0, 300.0, 150.0)),
    "litter_below": ("g C m-2 yr-1", (150.0, 400.0, 200.0, 100.0)),
    "annual_npp": ("g C m-2 yr-1", (400.0, 900.0, 500.0, 250.0)),
    "sampling_year": ("1", (2000.0, 2000.0, 2000.0, 2000.0)),
}

# Wang et al. (2021), table 3.
_FITTED = {
    "fit_x_v": (22.10, 7.75, 8.91, 8.96),
    "fit_x_k": (22.31, 11.72, 15.49, 23.97),
    "fit_x_d": (7.45, 1.44, 4.19, 1.89),
    "fit_x_D": (8.59, 1.55, 0.63, 0.06),
    "fit_alpha_r": (17.40, 22.74, 10.51, 14.59),
    "fit_alpha_v": (2.41, 4.71, 1.56, 3.89),
    "fit_beta": (1.11, 1.19, 1.40, 1.62),
}

DEPTHS = np.array([0.0, 10.0, 20.0, 30.0, 50.0, 100.0])
"""Edges of what is observed, cm: the intervals of the paper's Chinese sites."""

# mg C cm-3 at the surface and below all roots, and the depth of the decline, cm.
_SOC = ((42.0, 5.0, 22.0), (30.0, 8.0, 28.0), (36.0, 6.0, 24.0), (48.0, 4.0, 18.0))
# Fraction modern at the surface and below, and the depth of the decline, cm.
_MODERN = ((1.10, 0.62, 40.0), (1.12, 0.74, 38.0), (1.10, 0.66, 42.0), (1.06, 0.58, 35.0))


# The kernel's own at the calibrated parameters, by type and interval; two programs agree.
_TWINS = {
    "soc": (
        (17.462462, 16.359111, 16.228863, 16.213998, 16.213202),
        (30.281918, 20.119470, 19.130453, 19.059181, 19.057154),
        (22.756197, 14.486827, 12.187972, 10.458223, 9.237582),
        (35.391369, 21.036898, 17.797805, 15.568211, 14.584333),
    ),
    "fraction_modern": (
        (1.163719, 1.131729, 1.071030, 0.987955, 0.918481),
        (1.205577, 1.122617, 0.951536, 0.839238, 0.752177),
        (1.224890, 1.133170, 1.011806, 0.894083, 0.729730),
        (1.152115, 0.960971, 0.821237, 0.546720, 0.167116),
    ),
}

_QUANTITIES = {
    "soc": ("mg C cm-3", "soil organic carbon"),
    "fraction_modern": ("1", "14C, fraction modern"),
}


class Spec(ReaderSpec):
    """``forcing:`` of the synthetic profiles."""

    reads: ClassVar[tuple[Input, ...]] = ()
    along: ClassVar[tuple[str, ...]] = ("atmosphere_year",)

    lists: ClassVar[str] = "types"

    reader: Literal["synthetic_profiles"]
    n: int = Field(default=4, ge=1, le=4, description="the first n of ENF, EBF, DBF, BNF")
    types: list[Literal["ENF", "EBF", "DBF", "BNF"]] | None = Field(
        default=None, min_length=1, description="these, in this order, instead of the first n"
    )

    observed: Literal["curves", "twins"] = Field(
        default="curves",
        description="smooth curves, or what the kernel makes of the calibrated parameters",
    )

    @field_validator("types")
    @classmethod
    def _once(cls, types: list[str] | None) -> list[str] | None:
        if types is not None and len(set(types)) < len(types):
            raise ValueError(f"found {', '.join(types)}; needed each type once")
        return types

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings = Findings()
        names = TYPES[: self.n] if self.types is None else tuple(self.types)
        at = [TYPES.index(name) for name in names]
        years, air = atmosphere()
        drivers = {}
        for need in needs:
            text = _not_given(need)
            if text:
                findings.add("drivers", Problem(text, "forcing.reader"))
            elif need.name == "atmosphere":
                drivers[need.name] = np.tile(air, (len(at), 1))
            else:
                unit, values = _SITES[need.name]
                drivers[need.name] = convert(np.array(values)[at], unit, need.units)
        findings.raise_all()
        coords = {"atmosphere_year": years} if "atmosphere" in drivers else {}
        where = ("invented",) * len(at)
        columns = {name: np.array(values)[at] for name, values in _FITTED.items()}
        return [
            Forcing(
                "synthetic_profiles",
                drivers,
                coords,
                Locations(names, columns),
                {"reader": "synthetic_profiles", "files": [], "conventions": __doc__},
                LABEL,
                {name: _observed(name, at, self.observed) for name in _QUANTITIES},
                dict.fromkeys([*drivers, "soc", "fraction_modern"], where),
            )
        ]


def _not_given(need: Variable) -> str:
    dims = ("atmosphere_year",) if need.name == "atmosphere" else ()
    if need.name != "atmosphere" and need.name not in _SITES:
        given = ", ".join([*_SITES, "atmosphere"])
        return (
            f"the synthetic profiles have {given} and no driver {need.name!r}; use another reader"
        )
    if need.dims != dims:
        return f"driver {need.name!r} has dimensions {need.dims}; these profiles give {dims}"
    return ""


def atmosphere() -> tuple[I8, F8]:
    """Return years 1949-2010 and a made-up fraction modern: flat, a rise to 1964, a decline."""
    years = np.arange(1949, 2011, dtype=np.int64)
    rise = 0.975 + (1.80 - 0.975) * (years - 1955) / 9
    decline = 1.05 + 0.75 * np.exp(-(years - 1964) / 16)
    return years, np.where(years <= 1955, 0.975, np.where(years <= 1964, rise, decline))


def _observed(name: str, at: Sequence[int], kind: str) -> Observed:
    """Return what is observed of some types, over the intervals."""
    top, bottom = DEPTHS[:-1], DEPTHS[1:]
    if kind == "twins":
        values = np.array([_TWINS[name][k] for k in at])
    else:
        # Means over the intervals of surface, deep and scale of an exponential.
        curves = [(_SOC if name == "soc" else _MODERN)[k] for k in at]
        values = np.array(
            [
                deep + (first - deep) * scale * (np.exp(-top / scale) - np.exp(-bottom / scale))
                / (bottom - top)
                for first, deep, scale in curves
            ]
        )  # fmt: skip
    tops, bottoms = (np.tile(edge, (len(at), 1)) for edge in (top, bottom))
    return Observed(values, tops, bottoms, *_QUANTITIES[name])
