"""Two columns, two years of months stamped at their ends with bounds, on CLM5's levels."""

import netCDF4
import numpy as np
from forcing_law.example import Example

from kernels import Variable
from scenarios.forcing.clm_history import DAILY
from scenarios.forcing.common.served import FLUX, LASTING, UNITS

YEARS = 2
DAYS = np.tile([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], YEARS)
THICK = np.array([
    0.02, 0.04, 0.06, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28, 0.32, 0.36, 0.4, 0.44, 0.54, 0.64, 0.74,
    0.84, 0.94, 1.04, 1.14, 2.39, 4.675, 7.635, 11.14, 15.115,
])  # fmt: skip
CENTRES = np.cumsum(THICK) - THICK / 2


def variables():
    """Return unit and values of each variable, (T[, levels], 2)."""
    m = np.arange(12 * YEARS)
    wave = np.cos(2 * np.pi * (m - 6.5) / 12) + 0.01 * m
    damped = wave[:, None] * np.exp(-CENTRES)
    soil = np.linspace(0.20, 0.30, 20)
    wet = 1 + 0.1 * wave[:, None, None] * np.array([1.0, 0.5])
    return {
        "GPP": ("gC/m^2/s", 2e-5 * (1.5 + wave)[:, None] * [1.0, 0.5]),
        "TBOT": ("K", 280 + 12 * wave[:, None] * [1.0, 0.9]),
        "TSOI": ("K", 280 + 9 * damped[:, :, None] * [1.0, 0.9]),
        "SOILLIQ": ("kg/m2", (soil * 1000 * THICK[:20])[:, None] * wet),
        "H2OSOI": ("mm3/mm3", (soil[:, None] + 0.05) * wet),
    }


def write(folder):
    ends = np.cumsum(DAYS).astype(np.float64)
    with netCDF4.Dataset(folder / "h.nc", "w") as file:
        for name, size in (
            ("time", None), ("levgrnd", 25), ("levsoi", 20), ("lndgrid", 2), ("nv", 2)
        ):  # fmt: skip
            file.createDimension(name, size)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts(
            {
                "units": "days since 1901-01-01 00:00:00",
                "calendar": "noleap",
                "bounds": "time_bounds",
            }
        )
        time[:] = ends
        bounds = file.createVariable("time_bounds", "f8", ("time", "nv"))
        bounds[:] = np.stack([ends - DAYS, ends], axis=1)
        for name, dim, values in (
            ("levgrnd", "levgrnd", CENTRES), ("levsoi", "levsoi", CENTRES[:20]),
            ("DZSOI", "levgrnd", THICK), ("lat", "lndgrid", [40.0, 60.0]),
            ("lon", "lndgrid", [350.0, 20.0]), ("landfrac", "lndgrid", [1.0, 0.5]),
        ):  # fmt: skip
            file.createVariable(name, "f8", (dim,))[:] = values
        area = file.createVariable("area", "f4", ("lndgrid",))
        area.units = "km2"
        area[:] = [2000.0, 3000.0]
        for name, (unit, values) in variables().items():
            levels = {25: ("levgrnd",), 20: ("levsoi",)}.get(values.shape[1], ())
            made = file.createVariable(name, "f8", ("time", *levels, "lndgrid"), fill_value=1e36)
            made.units = unit
            made[:] = values


EXAMPLE = Example(
    write,
    {
        "path": "h.nc",
        "pft": 4,
        "texture": {"sand": 0.43, "clay": 0.18},
        "interpolate": "linear",
    },
    [
        *(Variable(name, UNITS[name], name, ()) for name in LASTING),
        *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
    ],
    {"path": ["h.nc"], "grid": [], "soil": []},
)
