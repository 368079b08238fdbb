"""Weights of models that are there already: table T9 of the specification, on the maps."""

import netCDF4
import numpy as np
import pytest
import xarray as xr
from commandline import refused, soilsweep
from support import DATA, needs_data

FILE = """\
version: 1
name: ours
models:
  a: {outputs: {rh: {reader: netcdf_map, path: a.nc, land_fraction: 1}}}
  b: {outputs: {rh: {reader: netcdf_map, path: b.nc, land_fraction: 1}}}
  c: {outputs: {rh: {reader: netcdf_map, path: c.nc, land_fraction: 1}}}
evaluation:
  benchmarks:
    globe: {compare: total, output: rh, value: 100 Pg C yr-1, interval: 5 Pg C yr-1}
    map: {output: rh, observed: {reader: netcdf_map, path: o.nc, land_fraction: 1}}
  weights:
    likely: {likelihood: {globe_bias: {sigma: observed}}}
    apart: {performance: [map_rmse], sigma: 50, independence: 30}
store: ours.zarr
"""
MODELS = """\
version: 1
name: three
models:
  BCC-CSM2-MR: {outputs: {rh: {MAP, path: "esm_grids/historical_rh_data_BCC-CSM2-MR.npy",
    mask: "esm_grids/historical_rh_mask_BCC-CSM2-MR.npy",
    grid: {rows: 160, columns: 320, first_longitude: 0, latitudes: gaussian}}}}
  CNRM-ESM2-1: {outputs: {rh: {MAP, path: "esm_grids/historical_rh_data_CNRM-ESM2-1.npy",
    mask: "esm_grids/historical_rh_mask_CNRM-ESM2-1.npy",
    grid: {rows: 128, columns: 256, first_longitude: 0, latitudes: gaussian}}}}
  IPSL-CM6A-LR: {outputs: {rh: {MAP, path: "esm_grids/historical_rh_data_IPSL-CM6A-LR.npy",
    mask: "esm_grids/historical_rh_mask_IPSL-CM6A-LR.npy",
    grid: {rows: 143, columns: 144, first_longitude: 0, latitudes: with_poles}}}}
evaluation:
  benchmarks:
    best: {compare: total, output: rh, value: 46.287907 Pg C yr-1, interval: 7 Pg C yr-1}
  weights: {likely: {likelihood: {best_bias: {sigma: 7 Pg C yr-1}}}}
store: three.zarr
"""


def write(path, values):
    """Write rates of eight cells that cover the Earth."""
    with netCDF4.Dataset(path, "w") as file:
        for dim, middles, unit in (
            ("lat", [-45.0, 45.0], "degrees_north"),
            ("lon", [45.0, 135.0, 225.0, 315.0], "degrees_east"),
        ):
            file.createDimension(dim, len(middles))
            made = file.createVariable(dim, "f8", (dim,))
            made.units = unit
            made[:] = middles
        made = file.createVariable("rh", "f8", ("lat", "lon"))
        made.units = "g C m-2 yr-1"
        made[:] = values


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in (("a", 200.0), ("b", 210.0), ("c", 300.0), ("o", 220.0)):
        write(tmp_path / f"{name}.nc", value)
    (tmp_path / "ours.yaml").write_text(FILE)
    return tmp_path


def test_models_are_weighed_by_their_scores_and_by_how_alike_they_are(folder):
    said = soilsweep("evaluate", "ours.yaml")
    assert said.code == 0, said.err
    assert "all models together have 1" in said.out
    found = xr.open_datatree("ours.zarr", engine="zarr")["evaluation"]
    likely = np.exp(-0.5 * (found["globe_bias"].to_numpy() / 5) ** 2)
    np.testing.assert_allclose(found["weights/likely"], likely / likely.sum(), rtol=1e-12)
    good = np.exp(-((found["map_rmse"].to_numpy() / 50) ** 2))
    near = np.exp(-((np.subtract.outer([200, 210, 300], [200, 210, 300]) / 30) ** 2)).sum(axis=1)
    np.testing.assert_allclose(found["weights/apart"], good / near / (good / near).sum(), rtol=1e-9)
    rows = [line.split() for line in said.out.splitlines()]
    row = next(cells for cells in rows if cells[:2] == ["likely", "globe_total"])
    mean = float(found["globe_total"].to_numpy() @ likely / likely.sum())
    assert f"{mean:.6g}" in row


def test_models_on_unlike_cells_are_not_near_one_another(folder):
    write(folder / "b.nc", np.where(np.arange(4) > 0, 210.0, np.nan) * np.ones((2, 1)))
    said = soilsweep("evaluate", "ours.yaml", "--set", "common=false")
    refused(said, "models are on unlike cells against map")
    assert not (folder / "ours.zarr").exists()


@needs_data
def test_three_earth_system_models_have_the_weights_of_the_table(tmp_path, monkeypatch):
    """Specification, table T9: of their totals against 46.287907 +- 7 Pg C yr-1."""
    monkeypatch.chdir(tmp_path)
    about = "reader: array_map, units: kg C m-2 yr-1, land_fraction: esm_grids/luc4c_landmask.nc"
    text = MODELS.replace("MAP", about).replace("esm_grids/", f"{DATA}/esm_grids/")
    (tmp_path / "three.yaml").write_text(text)
    said = soilsweep("evaluate", "three.yaml")
    assert said.code == 0, said.err
    found = xr.open_datatree("three.zarr", engine="zarr")["evaluation"]
    weights = found["weights/likely"]
    np.testing.assert_allclose(weights, [0.263368, 0.354615, 0.382017], atol=1.5e-6)
    assert weights.attrs["effective_size"] == pytest.approx(2.932108, abs=1e-5)
    assert "46.3154 +- " in said.out
