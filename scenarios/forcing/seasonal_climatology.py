"""Monthly temperature, precipitation and GPP of sites: means, or days between the months.

.. code-block:: yaml

    forcing:
      reader: seasonal_climatology
      path: sites.csv                 # location, lat, lon, pft, sand, clay (, area)
      months: [worldclim.nc, gpp.csv]
      variables: {air_temperature: tmean, precipitation: prec}
      units: {gpp: g C m-2 d-1}

``months`` are tables with rows by location and month, or NetCDF (month, lat, lon), of which the
nearest cell with values is taken, within 75 km; each quantity is from the first that has it.

* Days lie on lines between the middles of months, the year repeated.
* Soil, over the roots: air temperature's deviation from its mean, times exp(-z) and late by z
  365 / 2 pi days, z = 0.15, as RF-1 has it at 0.3 m.
* Water: a bucket of 1 m between wilting point and field capacity, run until its year repeats.
  Precipitation is even within a month; below 0 degC it is snow, which melts by 3 mm K-1 d-1.
  Potential evaporation is Oudin et al.'s (2005), radiation x (T + 5) / 100 above -5 degC;
  actual, that times how full the bucket is. Of the water 0.85 clip(-T / 4, 0, 1) is frozen.
* Saturation, field capacity and wilting point are those of mineral soil of the texture; litter
  is invented as in `synthetic_testbed`, 0.47 of GPP.

So soil temperature, water and litter are modelled, and the forcing is labelled so.

Source: potential evaporation of Oudin et al. (2005, 10.1016/j.jhydrol.2004.08.026); the bucket is
our own.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kernels import F8, I8, Variable
from scenarios.forcing._contract import Forcing, Locations, ReaderSpec
from scenarios.forcing.clm.soil import field_capacity, saturation, wilting_point
from scenarios.forcing.common.checks import Findings, Years
from scenarios.forcing.common.declared import FILLS_MISSING, NUMBERS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.made import Made, Source, recipe
from scenarios.forcing.common.served import DAYS, LASTING, misfits, serve, wants_days
from scenarios.forcing.common.times import MONTH_DAYS, STAMPS, Stamps
from scenarios.forcing.profile_files.climatology import (
    MONTHLY_QUANTITIES,
    OF_SITES,
    QUANTITIES,
    Sites,
    load_months,
    load_sites,
)
from scenarios.forcing.synthetic_testbed import (
    DAILY,
    NPP_SHARE,
    Count,
    coords_of,
    litter_of,
    span,
)
from scenarios.forcing.testbed_files.plants import quality
from scenarios.paths import placed
from scenarios.problems import Problem, nearest
from scenarios.units import UnitText

LABEL = "seasonal climatology: soil temperature, soil water and litter are modelled, not measured"

DEEP = 0.15
BUCKET = 1000.0
"""mm of soil."""

MELT = 3.0
"""mm K-1 d-1."""

LONGEST = 100
"""Years that a bucket is run at most; it forgets its start within few."""

_W = 2 * np.pi / DAYS


class Spec(ReaderSpec):
    """``forcing:`` of a monthly climatology."""

    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="one row per site: its place, class and texture",
            quantities=(
                Quantity("location", "name"),
                Quantity("lat", "latitude", ("degrees_north",), "layout"),
                Quantity("lon", "longitude", ("degrees_east",), "layout"),
                Quantity("pft", "class"),
                Quantity("sand", "fraction", ("1",), "layout"),
                Quantity("clay", "fraction", ("1",), "layout"),
                Quantity("area", "area", ("m2",), "file", needed=False),
            ),
            orders=(Order("rows", ("location",)), Order("columns", ("name",))),
            missing=NUMBERS_MISSING,
        ),
        Input(
            key="months",
            format="table",
            holds="one row per site and month",
            quantities=(
                Quantity("location", "name"),
                Quantity("month", "time"),
                *MONTHLY_QUANTITIES,
            ),
            orders=(Order("rows", ("location", "month")), Order("columns", ("name",))),
            missing=NUMBERS_MISSING,
            agree=("twelve months of every site",),
        ),
        Input(
            key="months",
            format="netcdf",
            holds="twelve months on a grid of latitude and longitude",
            quantities=(
                *MONTHLY_QUANTITIES,
                Quantity("lat", "latitude", ("degrees_north",), "layout"),
                Quantity("lon", "longitude", ("degrees_east",), "layout"),
            ),
            orders=(
                Order("months", ("bounds of time", "time", "month")),
                Order("latitudes", ("lat",)),
                Order("longitudes", ("lon",)),
            ),
            missing=f"{FILLS_MISSING}; a cell that lacks every month is passed over for the "
            "nearest that has values; one that lacks some is refused",
            agree=("twelve months",),
        ),
    )
    along: ClassVar[tuple[str, ...]] = ("time", "date")

    reader: Literal["seasonal_climatology"]
    path: str = Field(min_length=1, description="CSV file, one row per site")
    months: str | list[str] = Field(description="CSV or NetCDF files of monthly values")
    stamps: Stamps | None = Field(default=None, description=STAMPS)
    name: str = Field(default="climatology", min_length=1, description="of the forcing")
    variables: dict[str, str] = Field(
        default={}, description="air_temperature, precipitation, gpp: name in the files"
    )
    units: dict[str, UnitText] = Field(
        default={},
        description="air_temperature, precipitation, gpp, and lat, lon, area, sand, clay of sites: "
        "unit, if files do not say",
    )
    years: Years | Count = Field(
        default=1, description="[first, last], or how many from 1901, all alike"
    )
    depth: float = Field(default=100.0, gt=0, allow_inf_nan=False, description="of soil, cm")

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings, daily = Findings(), wants_days(needs)
        given = {**dict.fromkeys(LASTING, ()), **dict.fromkeys(DAILY, ("date",) if daily else ())}
        given["annual_npp"] = ("time",) if daily else ()
        for problem in misfits(needs, given, "seasonal_climatology"):
            findings.add("drivers", problem)
        allowed = {"variables": [*QUANTITIES], "units": [*QUANTITIES, *OF_SITES]}
        for word, mapping in (("variables", self.variables), ("units", self.units)):
            for name in sorted(mapping.keys() - allowed[word]):
                text = f"no quantity {name!r}{nearest(name, allowed[word])}"
                findings.add("words", Problem(text, f"forcing.{word}.{name}"))
        sites = load_sites(placed(base, self.path), self.units, findings)
        files = [self.months] if isinstance(self.months, str) else self.months
        months, digests = load_months(
            [placed(base, file, "forcing.months") for file in files],
            sites,
            self.variables,
            self.units,
            findings,
            self.stamps,
        )
        lasting, year = _drivers(sites, months)
        lasting["depth"] = np.full(len(sites.names), self.depth)
        first, last = span(self.years)
        count = last - first + 1
        year["annual_npp"] = year["annual_npp"][:, np.newaxis]
        changing = [need for need in needs if need.name in year]
        drivers: dict[str, NDArray[Any] | Made] = {}
        drivers |= serve([need for need in needs if need.name in lasting], lasting)
        if daily:
            drivers |= _repeated(changing, year, count)
        else:
            drivers |= serve(changing, {name: values.mean(axis=1) for name, values in year.items()})
        places = {n: v for n, v in sites.columns.items() if n in ("lat", "lon", "area", "pft")}
        told: dict[str, Any] = {
            "reader": "seasonal_climatology",
            "files": [dict(sites.table.digest), *digests],
            "years": [first, last],
            "conventions": __doc__,
        }
        coords = coords_of(first, last) if daily else {}
        drivers = {need.name: drivers[need.name] for need in needs}
        locations, made_of = Locations(sites.names, places), recipe(self, needs, told["files"])
        return [Forcing(self.name, drivers, coords, locations, told, LABEL, recipe=made_of)]


def _repeated(
    needs: Sequence[Variable], year: Mapping[str, F8], count: int
) -> Mapping[str, NDArray[Any] | Made]:
    """Return drivers of a year, (n, 365) or (n, 1), so many times in a row."""

    def make(places: I8) -> dict[str, F8]:
        return serve(needs, {n.name: np.tile(year[n.name][places], (1, count)) for n in needs})

    locations = len(year["annual_npp"])
    return Source(make, locations, working=8 * DAYS * count * max(1, len(needs))).supplied(count)


def _drivers(sites: Sites, months: dict[str, F8]) -> tuple[dict[str, F8], dict[str, F8]]:
    """Return what lasts, (n,), and a year of days, (n, 365), with ``annual_npp`` (n,)."""
    sand, clay, lat = (sites.columns[name] for name in ("sand", "clay", "lat"))
    silt = 1 - sand - clay
    full, wet = saturation(sand), field_capacity(sand, clay)
    dry = wilting_point(sand, clay, silt, wet)
    pft = sites.columns["pft"]
    air, gpp = (_days(months[name]) for name in ("air_temperature", "gpp"))
    mean = air.mean(axis=1, keepdims=True)
    soil = mean + np.exp(-DEEP) * _late(air - mean, DEEP / _W)
    rain = np.repeat(months["precipitation"], MONTH_DAYS, axis=1)
    water = dry[:, np.newaxis] + _bucket(air, rain, lat, BUCKET * (wet - dry)) / BUCKET
    ice = 0.85 * np.clip(soil / -4.0, 0.0, 1.0)
    held = np.minimum(water * (1 - ice), wet[:, np.newaxis])
    by_year = gpp.mean(axis=1, keepdims=True)
    shed = litter_of(pft, gpp.argmax(axis=1) + 1.0, by_year)
    lasting = {
        "pft": pft, "latitude": lat, "sand": sand, "clay": clay, "silt": silt, "porosity": full,
    }  # fmt: skip
    year = {
        "gpp": gpp,
        "air_temperature": air,
        "soil_temperature": soil,
        "theta_l": held / full[:, np.newaxis],
        "theta_f": water * ice / full[:, np.newaxis],
        "btran": (held - dry[:, np.newaxis]) / (wet - dry)[:, np.newaxis],
        **shed.drivers(quality(pft.astype(np.int64))),
        "annual_npp": NPP_SHARE * DAYS * by_year[:, 0],
    }
    return lasting, year


def _days(months: F8) -> F8:
    """Return days (n, 365) on lines between the middles of months (n, 12), the year repeated."""
    middles = np.cumsum(MONTH_DAYS) - MONTH_DAYS / 2
    days = np.arange(DAYS) + 0.5
    return np.stack([np.interp(days, middles, values, period=DAYS) for values in months])


def _late(days: F8, by: float) -> F8:
    """Return a repeated year of days (n, 365), late by a number of days."""
    at = np.arange(DAYS, dtype=np.float64)
    return np.stack([np.interp(at - by, at, values, period=DAYS) for values in days])


def _bucket(air: F8, rain: F8, lat: F8, size: F8) -> F8:
    """Return the water in a bucket, (n, 365) mm, once its year repeats."""
    demand = _radiation(lat) * np.maximum(0.0, air + 5.0) / 100.0
    held, snow = size.copy(), np.zeros_like(size)
    water = np.full_like(air, np.inf)
    for _ in range(LONGEST):
        before = water.copy()
        for d in range(DAYS):
            cold = air[:, d] < 0
            snow += np.where(cold, rain[:, d], 0.0)
            melted = np.minimum(snow, MELT * np.maximum(0.0, air[:, d]))
            snow -= melted
            held += melted + np.where(cold, 0.0, rain[:, d])
            held = np.minimum(held, size)
            held -= np.minimum(held, demand[:, d] * held / size)
            water[:, d] = held
        # Snow that never melts goes on growing; the water does not depend on how much there is.
        if np.abs(water - before).max() < 1e-9 * size.max():
            break
    return water


def _radiation(lat: F8) -> F8:
    """Return the radiation above the atmosphere as evaporated water, (n, 365) mm d-1."""
    phi = np.radians(np.clip(lat, -89.9, 89.9))[:, np.newaxis]
    day = np.arange(1.0, DAYS + 1)
    tilt = 0.409 * np.sin(_W * day - 1.39)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(tilt), -1.0, 1.0))
    near = 1 + 0.033 * np.cos(_W * day)
    light = sunset * np.sin(phi) * np.sin(tilt) + np.cos(phi) * np.cos(tilt) * np.sin(sunset)
    # 0.0820 MJ m-2 min-1, and 2.45 MJ evaporate a kg.
    return np.asarray(24 * 60 / np.pi * 0.0820 * near * light / 2.45)
