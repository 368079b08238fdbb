"""Edges of locations that are cells of a grid, as readers give them."""

import nc_files as nc
import numpy as np
import pandas as pd
from support import DATA, needs_data

from scenarios.forcing.common.cell_edges import BOUNDS, grid_of_places
from scenarios.forcing.synthetic_testbed import Spec
from scenarios.forcing.testbed_means import Spec as Means

T = nc.need("t", "degC")


def test_cells_of_a_netcdf_grid_have_the_edges_of_the_whole(tmp_path):
    nc.grid(nc.cells()).to_dataset(name="t").to_netcdf(tmp_path / "f.nc")
    some = nc.read(tmp_path, [T], cells={"every": 5}).locations.columns
    whole = nc.read(tmp_path, [T]).locations.columns
    for name in BOUNDS:
        np.testing.assert_array_equal(some[name], whole[name][::5])
    assert whole["lat_south"][0] == 49
    assert whole["lon_east"][0] == 5


def test_cells_of_a_made_world_have_their_areas():
    (found,) = Spec(reader="synthetic_testbed", cells=40, forcings=["clm45_cruncep"]).read([], "")
    columns = found.locations.columns
    south, north, west, east = (np.radians(columns[name]) for name in BOUNDS)
    made = 6.371e6**2 * (np.sin(north) - np.sin(south)) * (east - west)
    np.testing.assert_allclose(made, columns["area"], rtol=1e-12)


def test_places_are_a_grid_or_none():
    lat, lon = np.meshgrid([0.0, 1.0], [5.0, 6.0, 7.0], indexing="ij")
    assert grid_of_places(lat.ravel(), lon.ravel(), (2, 3)).lon_bounds[1].tolist() == [5.5, 6.5]
    assert grid_of_places(lat.ravel() + 0.1 * lon.ravel(), lon.ravel(), (2, 3)) is None
    assert grid_of_places(lat.ravel(), lon.ravel(), (6,)) is None


@needs_data
def test_cells_of_the_testbed_hold_the_records_that_are_nearest_to_them():
    folder = DATA / "testbed" / "clm45_cruncep"
    files = {"path": "drivers_mean_2000_2010.nc", "grid": "gridinfo_igbpz.csv.gz"}
    words = {**files, "soil": "gridinfo_soil_clm2.csv.gz", "cells": {"every": 3}}
    (found,) = Means(reader="testbed_means", **words).read([], folder)
    table = pd.read_csv(DATA / "observations/dgrsd_daily_rh.csv", keep_default_na=False)
    places = table[["Latitude", "Longitude"]].apply(pd.to_numeric, errors="coerce").dropna()
    lat, lon = places.drop_duplicates().to_numpy().T[..., np.newaxis]
    south, north, west, east = (found.locations.columns[name] for name in BOUNDS)
    around = (lon - west) % 360
    inside = (south < lat) & (lat <= north) & (0 < around) & (around <= east - west)
    # The second way: row and column of the whole grid whose centres are nearest, ties the first.
    row, column = np.ceil((lat + 90) * 95 / 180 - 0.5), np.ceil(lon % 360 / 2.5 - 0.5) % 144
    cells = found.locations.columns
    same = (row == np.rint((cells["lat"] + 90) * 95 / 180)) & (column == cells["lon"] % 360 / 2.5)
    assert inside.sum() > 50
    np.testing.assert_array_equal(inside, same)
