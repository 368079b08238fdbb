"""Small NetCDF files of a grid, of sites and of time, and what the reader makes of them."""

import datetime

import numpy as np
import xarray as xr

from kernels import Variable
from scenarios import forcing

LAT = np.array([50.0, 52.0, 54.0])
LON = np.array([4.0, 6.0, 8.0, 10.0])


def need(name, units, *dims):
    """Return a driver of a kernel."""
    return Variable(name, units, name, dims)


def read(folder, needs, path="f.nc", **words):
    """Return the one forcing that the reader makes of files."""
    (found,) = read_all(folder, needs, path=path, **words)
    return found


def read_all(folder, needs, **words):
    """Return every forcing."""
    spec = forcing.get("netcdf").model_validate({"reader": "netcdf", **words})
    return spec.read(needs, folder)


def grid(values, unit="degC", lat=LAT, lon=LON, **coords):
    """Return a variable on a grid, (..., lat, lon), time first where there is any."""
    dims = [*coords, "lat", "lon"]
    made = xr.DataArray(values, dims=dims, coords={**coords, "lat": lat, "lon": lon})
    made.attrs["units"] = unit
    made["lat"].attrs["units"] = "degrees_north"
    made["lon"].attrs["units"] = "degrees_east"
    return made


def cells(seed=0, shape=(3, 4)):
    """Return numbers of which no two are alike."""
    return np.random.default_rng(seed).uniform(1.0, 20.0, shape)


def dates(calendar, freq, first, last):
    """Return the beginnings of steps of some years and their bounds, in a calendar of CF."""
    end = 30 if calendar == "360_day" else 31
    begin = xr.date_range(
        f"{first}-01-01", f"{last}-12-{end}", freq=freq, calendar=calendar, use_cftime=True
    )
    after = {"MS": _next_month, "D": _next_day, "YS": _next_year}[freq]
    return begin.values, np.array([[one, after(one)] for one in begin.values])


def _next_month(date):
    return date.replace(year=date.year + date.month // 12, month=date.month % 12 + 1)


def _next_year(date):
    return date.replace(year=date.year + 1)


def _next_day(date):
    return date + datetime.timedelta(days=1)


def with_time(variables, calendar="noleap", freq="MS", first=2000, last=2003):
    """Return a dataset of variables (T, ...), made by functions of T, with bounds of time."""
    begin, bounds = dates(calendar, freq, first, last)
    made = xr.Dataset({name: make(begin) for name, make in variables.items()})
    made["time"].attrs["bounds"] = "time_bnds"
    made["time_bnds"] = (("time", "nv"), bounds)
    unit = {"units": "days since 1990-01-01", "calendar": calendar, "dtype": "f8"}
    made["time"].encoding = dict(unit)
    made["time_bnds"].encoding = dict(unit)
    return made


def changing(unit="degC", seed=0, lat=LAT, lon=LON):
    """Return what makes a variable (T, lat, lon) of dates."""

    def make(begin):
        shape = (len(begin), len(lat), len(lon))
        return grid(cells(seed, shape), unit, lat, lon, time=begin)

    return make


def length(bounds):
    """Return the days of steps from bounds of dates, by cftime alone."""
    return np.array([(b - a).total_seconds() / 86400 for a, b in bounds])
