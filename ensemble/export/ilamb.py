"""NetCDF that ILAMB and ilamb3 integrate: one variable and member a file, on a grid of the globe.

Both take files of (time, lat, lon) with CMIP's names, and kg m-2 s-1 or kg m-2 without the word
that it is carbon. What part of a cell is land they know from ``areacella`` and ``sftlf`` alone:
without ``cell_measures`` they add up whole cells, 56.86 Pg C yr-1 in the place of 54.27.

Source: Collier et al. (2018), 10.1029/2018MS001354; CMIP6's tables Lmon and Emon.
"""

import calendar as gregorian
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble.errors import PlanError
from ensemble.export.conventions import about, by_time
from ensemble.export.globe import Globe, globe_of
from ensemble.export.netcdf import SINCE, write_file
from ensemble.export.selecting import MEMBER, Selection, some_members
from ensemble.store.coordinates import CELLS
from kernels import F8
from scenarios.units import convert

if TYPE_CHECKING:
    import xarray as xr

SUFFIX = "-ilamb"

_FLUX, _STOCK = "kg m-2 s-1", "kg m-2"
_FROM_RESPIRATION = "due_to_heterotrophic_respiration"

NAMES: Mapping[str, tuple[str, str, str]] = {
    "rh": (
        "rh",
        _FLUX,
        "surface_upward_mass_flux_of_carbon_dioxide_expressed_as_carbon_" + _FROM_RESPIRATION,
    ),
    "npp": ("npp", _FLUX, "net_primary_productivity_of_biomass_expressed_as_carbon"),
    "gpp": ("gpp", _FLUX, "gross_primary_productivity_of_biomass_expressed_as_carbon"),
    "c_soil": ("cSoil", _STOCK, "soil_mass_content_of_carbon"),
    "c_litter": ("cLitter", _STOCK, "litter_mass_content_of_carbon"),
    "c_veg": ("cVeg", _STOCK, "vegetation_carbon_content"),
    "soil_litter_carbon": ("cSoilLitter", _STOCK, ""),
}
"""CMIP's name, unit and CF's standard name of outputs; `soil_litter_carbon` has none of CMIP's."""

_IN_TIME = ("", "_daily", "_month_mean", "_daily_month_mean")

SECONDS = 86400.0


def write(selection: Selection, path: Path, years: tuple[int, int] | None = None) -> list[Path]:
    """Write a folder of files, one for each variable and member; return their names.

    Parameters
    ----------
    selection : Selection
    path : Path
        Of the folder.
    years : (int, int), optional
        First and last, of outputs without time.

    Raises
    ------
    PlanError
        Locations that are no cells of a grid or have no area of land, none of the variables of
        `NAMES`, no years.
    """
    data = selection.in_a_row
    land = _land_of(data, selection)
    written: list[Path] = []
    building = path.with_name(f".{path.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    try:
        for file, one in _every(selection, land, years):
            building.mkdir(exist_ok=True)
            write_file(one.assign_attrs({**about(selection), **one.attrs}), building / file)
            written.append(path / file)
        if written:
            building.rename(path)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    if not written:
        listed = ", ".join(NAMES)
        raise PlanError(
            f"{selection.store.path}: keeps none of {listed} by years, months or days; "
            "needed one of them in outputs:, such as rh: {all: year} or rh_daily: {month: mean}"
        )
    return written


def _every(
    selection: Selection, land: "_Land", years: tuple[int, int] | None
) -> Iterator[tuple[str, "xr.Dataset"]]:
    """Yield the name of each file, and what it holds."""
    for _, group in by_time(selection):
        for name in (n for n in selection.outputs if n in group):
            if (base := _base(str(name))) and {*group[name].dims} <= {MEMBER, "location", "time"}:
                beside = [n for n in group.data_vars if n not in selection.outputs]
                for some in some_members(group[[name, *beside]]):
                    yield from _files(some, str(name), base, land, years)


@dataclass(frozen=True)
class _Land:
    """The grid, whole cells (m2) and what percentage of them is land, (rows, columns).

    ``leapless`` says whether years of the run have 365 days.
    """

    globe: Globe
    areacella: F8
    sftlf: F8
    leapless: bool


def _land_of(data: "xr.Dataset", selection: Selection) -> _Land:
    if lacking := [name for name in CELLS if name not in data.variables]:
        text = f"{selection.store.path}: locations have no edges ({lacking[0]}): they are no cells "
        raise PlanError(f"{text}of a grid of rows and columns, as --for ilamb needs")
    if "area" not in data.variables:
        text = f"{selection.store.path}: nothing says how much land is in a cell, and a total of "
        raise PlanError(f"{text}whole cells is 10 to 35 % too much; needed locations with an area")
    globe = globe_of(*(np.asarray(data[name], dtype=np.float64) for name in CELLS))
    land = globe.place(np.asarray(data["area"], dtype=np.float64), 0.0)
    # Land models of another radius have cells of more land than these hold: land is what counts.
    areacella = np.maximum(globe.areas, land)
    calendars = {spec.attrs.get("calendar") for spec in selection.store.specs.values()}
    return _Land(globe, areacella, 100.0 * land / areacella, "noleap" in calendars)


def _base(name: str) -> str:
    """Return the output that an array is of, by years, months or days; empty for others."""
    return next((b for b in NAMES for end in _IN_TIME if name == b + end), "")


def _files(
    data: "xr.Dataset", name: str, base: str, land: _Land, years: tuple[int, int] | None
) -> Iterator[tuple[str, "xr.Dataset"]]:
    """Yield the name of each member's file, and what it holds."""
    called, needed, standard = NAMES[base]
    for k in range(data.sizes[MEMBER]):
        one = data.isel({MEMBER: k})
        told = {str(n): str(v.values) for n, v in one.coords.items()
                if n in ("forcing", "model", "kernel", "variant", "sample")}  # fmt: skip
        label = "_".join(str(v) for n, v in told.items() if n != "sample")
        sample = told.get("sample", "control")
        times = times_of(one, years, name, land.leapless)
        values = one[name].transpose(*(d for d in ("time",) if d in one[name].dims), "location")
        found = np.atleast_2d(np.asarray(values, dtype=np.float64))
        found = _converted(found, str(one[name].attrs["units"]), needed, times)
        yield f"{called}_{label}_{sample}{_span(name)}.nc", _dataset(
            called, land.globe.place(found, np.nan), land, times,
            {"units": needed, "standard_name": standard,
             "long_name": str(one[name].attrs.get("long_name", base))},
        ).assign_attrs(source_id=label, variant_label=sample)  # fmt: skip


def _span(name: str) -> str:
    return "_mon" if "_month_mean" in name else "_day" if name.endswith("_daily") else ""


@dataclass(frozen=True)
class _Times:
    """Begin and end of each step, (T, 2), days since 1850, and the days that a year of it has."""

    bounds: F8
    calendar: str
    year: F8


def times_of(
    data: "xr.Dataset", years: tuple[int, int] | None, name: str, leapless: bool
) -> _Times:
    """Return when steps begin and end; a run with days has years of 365."""
    import cftime

    calendar = "noleap" if leapless else "standard"
    if "time" not in data.dims:
        if years is None:
            text = f"{name} has no time, and ILAMB needs the years that it is of; say --years"
            raise PlanError(f"{text} 2000 2010")
        calendar, ends = "noleap", [(years[0], 1, 1), (years[1] + 1, 1, 1)]
        pairs = [[cftime.datetime(*end, calendar=calendar) for end in ends]]
    else:
        stamps = np.asarray(data["time_bnds"]).astype(str)
        pairs = [[cftime.datetime(*map(int, s[:10].split("-")), calendar=calendar) for s in pair]
                 for pair in stamps]  # fmt: skip
    bounds = np.array(cftime.date2num(pairs, SINCE, calendar=calendar), dtype=np.float64)
    leap = [365.0 + (calendar != "noleap" and gregorian.isleap(pair[0].year)) for pair in pairs]
    return _Times(bounds, calendar, np.array(leap))


def _converted(values: F8, found: str, needed: str, times: _Times) -> F8:
    """Return values in kg; a year is as long as it is in the calendar of the run."""
    per_year = found.replace("yr-1", "s-1").replace("a-1", "s-1")
    if per_year == found:
        return convert(values, found, needed)
    return convert(values, per_year, needed) / (SECONDS * times.year[:, np.newaxis])


def _dataset(
    called: str, values: F8, land: _Land, times: _Times, attrs: Mapping[str, str]
) -> "xr.Dataset":
    import xarray as xr

    globe, grid = land.globe, ("lat", "lon")
    since = {"units": SINCE, "calendar": times.calendar}
    methods = "area: mean where land" + (
        " time: mean" if attrs["units"] == _FLUX else " time: point"
    )
    told = {**{k: v for k, v in attrs.items() if v}, "cell_methods": methods}
    coords: dict[str, Any] = {
        "time": ("time", times.bounds.mean(axis=1),
                 {**since, "standard_name": "time", "axis": "T", "bounds": "time_bnds"}),
        "lat": ("lat", globe.lat, {"units": "degrees_north", "standard_name": "latitude",
                                   "axis": "Y", "bounds": "lat_bnds"}),
        "lon": ("lon", globe.lon, {"units": "degrees_east", "standard_name": "longitude",
                                   "axis": "X", "bounds": "lon_bnds"}),
    }  # fmt: skip
    return xr.Dataset(
        {
            called: (("time", *grid), values.astype(np.float32),
                     {**told, "cell_measures": "area: areacella"}),
            "areacella": (grid, land.areacella, {"units": "m2", "standard_name": "cell_area"}),
            "sftlf": (grid, land.sftlf, {"units": "%", "standard_name": "land_area_fraction"}),
            "time_bnds": (("time", "bnds"), times.bounds),
            "lat_bnds": (("lat", "bnds"), globe.lat_bounds),
            "lon_bnds": (("lon", "bnds"), globe.lon_bounds),
        },
        coords=coords,
    )  # fmt: skip
