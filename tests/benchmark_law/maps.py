"""Small maps in NetCDF files, with their land, for examples of benchmarks."""

import nc_files as nc
import numpy as np
import xarray as xr

LAT, LON = np.arange(18) * 10 - 85.0, np.arange(36) * 10 + 5.0


def write(folder):
    """Write respiration of two products, a stock and what part of cells is land."""
    draw = np.random.default_rng(11)
    shape = (LAT.size, LON.size)
    fall = np.cos(np.radians(LAT))[:, None] ** 2
    land = nc.grid(draw.uniform(0.3, 1.0, shape), "1", LAT, LON)
    for name, values, unit in (
        ("one", 6 * fall * draw.uniform(0.5, 1.5, shape), "g C m-2 yr-1"),
        ("two", 8 * fall * draw.uniform(0.5, 1.5, shape), "g C m-2 yr-1"),
        ("stock", draw.gamma(2, 6, shape), "kg C m-2"),
    ):
        made = xr.Dataset({name: nc.grid(values, unit, LAT, LON), "sftlf": land})
        made.to_netcdf(folder / f"{name}.nc")


def read(name):
    """Return the words of a reader of one of them."""
    return {"reader": "netcdf_map", "path": f"{name}.nc", "variable": name}
