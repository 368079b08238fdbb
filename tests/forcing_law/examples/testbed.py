"""RF-1's sites on a grid of 3 x 4, one year."""

import netCDF4
import numpy as np
import small_testbed as small
from forcing_law.example import Example

from kernels import Variable
from scenarios.forcing.common.served import FLUX, LASTING, UNITS
from scenarios.forcing.testbed import DAILY


def write(folder):
    small.tables(folder)
    small.met(folder, 1)
    # The layout has no coordinate of time; this file says when, so that order can be settled.
    with netCDF4.Dataset(folder / "met_1901_1901.nc", "a") as file:
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "days since 1901-01-01", "calendar": "noleap"})
        time[:] = np.arange(365) + 0.5


EXAMPLE = Example(
    write,
    {"met": "met_1901_1901.nc", "grid": "grid.csv", "soil": "soil.csv"},
    [
        *(Variable(name, UNITS[name], name, ()) for name in LASTING),
        *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
    ],
    {"met": ["met_1901_1901.nc"], "grid": ["grid.csv"], "soil": ["soil.csv"]},
)
