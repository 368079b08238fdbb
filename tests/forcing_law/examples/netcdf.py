"""A grid of 3 x 4 cells, one of them ocean: two years of months, and a file of what lasts."""

import netCDF4
import numpy as np
from forcing_law.example import Example

from kernels import Variable

YEARS = 2
DAYS = np.tile([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], YEARS)
LAT = np.array([60.0, 30.0, 0.0])
LON = np.array([10.0, 100.0, 190.0, 280.0])
OCEAN = (1, 2)


def changing():
    """Return unit and values of what changes, (24, 3, 4); no two are alike."""
    m = np.arange(12.0 * YEARS)[:, None, None]
    wave = np.cos(2 * np.pi * (m - 6.5) / 12)
    cell = np.arange(12.0).reshape(3, 4)
    return {
        "npp": ("kg C m-2 s-1", 2e-8 * (2.2 + wave + 0.01 * m + 0.05 * cell)),
        "tas": ("K", 280 + 9 * wave + 0.1 * m + cell),
    }


def lasting():
    """Return unit and values of what lasts, (3, 4)."""
    cell = np.arange(12.0).reshape(3, 4)
    return {
        "clay": ("percent", 10 + 2 * cell),
        "areacella": ("m2", 3e8 + 1e6 * cell),
        "sftlf": ("percent", 100 - 5 * cell),
    }


def _grid(folder, name, variables):
    file = netCDF4.Dataset(folder / name, "w")
    for dim, values, unit in (("lat", LAT, "degrees_north"), ("lon", LON, "degrees_east")):
        file.createDimension(dim, values.size)
        made = file.createVariable(dim, "f8", (dim,))
        made.units = unit
        made[:] = values
    if any(values.ndim == 3 for _, values in variables.values()):
        _time(file)
    for called, (unit, values) in variables.items():
        dims = ("time", "lat", "lon")[-values.ndim :]
        made = file.createVariable(called, "f8", dims, fill_value=1e36)
        made.units = unit
        known = values.copy()
        known[..., OCEAN[0], OCEAN[1]] = 1e36
        made[...] = known
    file.close()


def _time(file):
    ends = np.cumsum(DAYS).astype(np.float64)
    file.createDimension("time", None)
    file.createDimension("nv", 2)
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts({"units": "days since 1901-01-01", "calendar": "noleap", "bounds": "time_bnds"})
    time[:] = ends - DAYS / 2
    bounds = file.createVariable("time_bnds", "f8", ("time", "nv"))
    bounds[:] = np.stack([ends - DAYS, ends], axis=1)


FILES = [*(f"{name}.nc" for name in changing()), "lasting.nc"]


def write(folder):
    for name, one in changing().items():
        _grid(folder, f"{name}.nc", {name: one})
    _grid(folder, "lasting.nc", lasting())


EXAMPLE = Example(
    write,
    {"path": FILES, "variables": {"soil_temperature": "tas"}},
    [
        Variable("npp", "g C m-2 yr-1", "NPP", ("time",)),
        Variable("soil_temperature", "degC", "temperature", ()),
        Variable("clay", "1", "clay", ()),
    ],
    {"path": FILES},
    {"<drivers>": ("npp", "tas", "clay")},
)
