"""One model, three years of months, stamped in their middle, with bounds."""

import netCDF4
import numpy as np
from forcing_law.example import Example

from kernels import two_box

YEARS = 3
DAYS = np.tile([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], YEARS)
UNITS = {"npp": "kg C m-2 s-1", "rh": "kg C m-2 s-1", "cVeg": "kg C m-2", "cSoil": "kg C m-2"}
FILES = [f"M_{name}.nc" for name in UNITS]


def series():
    """Return values of every month, by variable; no two months are alike."""
    m = np.arange(12 * YEARS)
    wave = np.cos(2 * np.pi * (m - 6) / 12)
    return {
        "npp": 2e-8 * (1.2 + wave + 0.01 * m),
        "rh": 1.9e-8 * (1.2 + 0.5 * wave + 0.01 * m),
        "cVeg": 4 + 0.3 * wave + 0.01 * m,
        "cSoil": 15 + 0.2 * wave + 0.02 * m,
    }


def write(folder):
    ends = np.cumsum(DAYS).astype(np.float64)
    for name, values in series().items():
        with netCDF4.Dataset(folder / f"M_{name}.nc", "w") as file:
            file.createDimension("time", None)
            file.createDimension("nv", 2)
            time = file.createVariable("time", "f8", ("time",))
            time.setncatts(
                {"units": "days since 1900-01-01", "calendar": "noleap", "bounds": "time_bnds"}
            )
            time[:] = ends - DAYS / 2
            bounds = file.createVariable("time_bnds", "f8", ("time", "nv"))
            bounds[:] = np.stack([ends - DAYS, ends], axis=1)
            made = file.createVariable(name, "f8", ("time",))
            made.units = UNITS[name]
            made[:] = values


EXAMPLE = Example(
    write,
    {
        "path": ".",
        "pattern": "{model}_{variable}.nc",
        "members": {"M": {}},
        "area": 1e14,
        "calendar": "noleap",
    },
    two_box.KERNEL.drivers,
    {"path": FILES},
    {"<drivers>": tuple(UNITS)},
)
