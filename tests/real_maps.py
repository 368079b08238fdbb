"""Maps of the real data, read as they lie: for tests of functions, not of readers.

Sources and layouts are in the data's own README; ``evaluation.md`` is the specification.
"""

from functools import cache
from unittest import mock

import numpy as np
import pandas as pd
import xarray as xr
from support import DATA

from ensemble.scores.products import best_estimate, climate_h, climate_r
from ensemble.scores.regridding import Conservative, regrid
from scenarios import grids
from scenarios.grids import Grid, gaussian_grid, grid_of

MODELS = ("BCC-CSM2-MR", "CNRM-ESM2-1", "IPSL-CM6A-LR")
HALF_DEGREE = grid_of(np.arange(360) / 2 - 89.75, np.arange(720) / 2 - 179.75)
TARGET = gaussian_grid(128, 256, 0.0)
GRIDS = {
    "BCC-CSM2-MR": gaussian_grid(160, 320, 0.0),
    "CNRM-ESM2-1": TARGET,
    "IPSL-CM6A-LR": grid_of(np.linspace(-90, 90, 143), np.arange(144) * 2.5),
}
ESM = DATA / "esm_grids"


def array(name, model=""):
    """Return an array and its mask as float64 with NaN."""
    end = f"_{model}" if model else ""
    values = np.load(ESM / f"{name}_data{end}.npy").astype(float)
    return np.where(np.load(ESM / f"{name}_mask{end}.npy"), np.nan, values)


@cache
def luc4c():
    """Return land of half-degree cells, 0 or 1."""
    with xr.open_dataset(ESM / "luc4c_landmask.nc") as file:
        assert file.latitude[0] == -89.75
        assert file.longitude[0] == -179.75
        return np.nan_to_num(file["mask"].values.astype(float))


@cache
def land_of(model):
    """Return the land fraction of a model's grid: the mask's conservative mean."""
    return _land_on(GRIDS[model])


def _land_on(grid):
    return np.clip(Conservative(HALF_DEGREE, grid).spread(luc4c()), 0.0, 1.0)


@cache
def cardamom():
    """Return CARDAMOM's Rh, (360, 720), g C m-2 yr-1, from 180 W."""
    return 1000 * array("observational_rh")


@cache
def modelled(model):
    """Return a model's Rh on its own grid, g C m-2 yr-1, from 0 E."""
    return 1000 * array("historical_rh", model)


@cache
def climate():
    """Return temperature (degC) and precipitation (mm per month) of months, from the south."""
    with xr.open_dataset(DATA / "gridded_0p5deg" / "worldclim_monthly_0p5deg.nc") as file:
        south = file.sortby("lat")
        found = [np.full((12, 360, 720), np.nan) for _ in range(2)]
        for values, name in zip(found, ("tmean", "prec"), strict=True):
            values[:, 60:] = south[name].values
        return found


@cache
def casa(*names):
    """Return variables of CASA's archived output (96, 144), per day, and land area in m2."""
    folder = DATA / "testbed" / "clm45_cruncep"
    with xr.open_dataset(folder / "casa_cnp_output_mean_2000_2010.nc") as file:
        found = {name: file[name].values.astype(float) for name in names}
        return found, 1e6 * np.nan_to_num(file["landarea"].values.astype(float))


TESTBED = grid_of((-90 + np.arange(96) * 36 / 19), np.arange(144) * 2.5)


def _with_slivers():
    edges = np.concatenate([[-1.0], -1.0 + np.cumsum(np.polynomial.legendre.leggauss(128)[1])])
    edges = np.degrees(np.arcsin(np.clip(edges, -1.0, 1.0)))
    bounds = np.stack([edges[:-1], edges[1:]], axis=1)
    return Grid(TARGET.lat, TARGET.lon, bounds, TARGET.lon_bounds)


SLIVERS = _with_slivers()
"""The target with its equator at the plain sum of weights, 6e-15 degrees south of 0."""


@cache
def on_target(name, slivers=False):
    """Return a model or product regridded conservatively to the target of evaluation.md 5.1."""
    if slivers:
        with mock.patch.object(grids, "SLIVER", 0.0):
            return _onto(name, SLIVERS)
    return _onto(name, TARGET)


def _onto(name, target):
    if name in MODELS:
        grid = target if GRIDS[name] is TARGET else GRIDS[name]
        return regrid(modelled(name), _land_on(grid), Conservative(grid, target))
    made = {
        "CARDAMOM": cardamom,
        "H": lambda: climate_h(*climate()),
        "R": lambda: climate_r(*climate()),
    }
    return regrid(made[name](), luc4c(), Conservative(HALF_DEGREE, target))


PRODUCTS = ("CARDAMOM", "H", "R")


@cache
def best(slivers=False):
    """Return median, MAD, and the least fraction of the products on the target."""
    found = [on_target(name, slivers) for name in PRODUCTS]
    median, mad, _ = best_estimate(np.stack([one.rate for one in found]))
    return median, mad, np.min([one.land for one in found], axis=0)


@cache
def stock(name):
    """Return soil carbon, (360, 720), g C m-2, of HWSD or NCSCDV22; NaN where there is none."""
    with xr.open_dataset(
        DATA / "gridded_0p5deg" / f"{name}_soilc_0.5x0.5.nc", mask_and_scale=False
    ) as file:
        kg = file["soilc"].values.astype(float)
    return np.where(kg > 0, 1000 * kg, np.nan)


@cache
def igbp():
    """Return IGBP codes (360, 720); -1 where a cell has none."""
    table = pd.read_csv(DATA / "gridded_0p5deg" / "derived_predictors_0p5deg.csv.gz")
    known = table[table["IGBP"].notna()]
    codes = np.full((360, 720), -1)
    row, column = ((known[c] + end) * 2 - 0.5 for c, end in (("lat", 90), ("lon", 180)))
    codes[row.astype(int), column.astype(int)] = known["IGBP"]
    return codes
