"""Two sites: temperature and precipitation from a grid, GPP from a table."""

import netCDF4
import numpy as np
from forcing_law.example import Example

from kernels import Variable
from scenarios.forcing.common.served import FLUX, LASTING, UNITS
from scenarios.forcing.synthetic_testbed import DAILY

SITES = """location,lat,lon,pft,sand,clay,area [m2]
hurdal,60.4,11.0,1,0.5,0.2,4e10
quebec,48.0,-70.0,5,0.6,0.2,5e10
sahel,14.0,5.0,9,0.6,0.2,5e10
"""
LAT, LON = np.array([14.25, 48.25, 60.25]), np.array([5.0, 11.25, 290.25])
WAVE = np.cos(2 * np.pi * (np.arange(12) - 6.5) / 12)


def write(folder):
    (folder / "sites.csv").write_text(SITES)
    rows = ["location,month,gpp [g C m-2 d-1]"]
    for i, name in enumerate(("hurdal", "quebec", "sahel")):
        rows += [f"{name},{k + 1},{3 + i + 2 * wave:.4f}" for k, wave in enumerate(WAVE)]
    (folder / "gpp.csv").write_text("\n".join([*rows, ""]))
    place = LAT[:, None] / 10 + np.arange(3)
    with netCDF4.Dataset(folder / "climate.nc", "w") as file:
        for name, values in (("time", np.arange(12) + 0.5), ("lat", LAT), ("lon", LON)):
            file.createDimension(name, len(values))
            made = file.createVariable(name, "f8", (name,))
            made[:] = values
        days = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]).astype(np.float64)
        file.createDimension("nv", 2)
        file["time"].setncatts(
            {"units": "days since 1990-01-01", "calendar": "noleap", "bounds": "time_bnds"}
        )
        file["time"][:] = (days[:-1] + days[1:]) / 2
        bounds = file.createVariable("time_bnds", "f8", ("time", "nv"))
        bounds[:] = np.stack([days[:-1], days[1:]], axis=1)
        for name, unit, values in (
            ("tmean", "degC", 20 - place + 12 * WAVE[:, None, None]),
            ("prec", "mm d-1", 2 + 0.1 * place + WAVE[:, None, None]),
        ):
            made = file.createVariable(name, "f8", ("time", "lat", "lon"), fill_value=-9999.0)
            made.units = unit
            made[:] = values


EXAMPLE = Example(
    write,
    {
        "path": "sites.csv",
        "months": ["climate.nc", "gpp.csv"],
        "variables": {"air_temperature": "tmean", "precipitation": "prec"},
    },
    [
        *(Variable(name, UNITS[name], name, ()) for name in LASTING),
        *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
    ],
    {"path": ["sites.csv"], "months:table": ["gpp.csv"], "months:netcdf": ["climate.nc"]},
    {"air_temperature": ("tmean",), "precipitation": ("prec",)},
)
