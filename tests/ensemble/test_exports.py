"""A store is read without our code: CF attributes, coordinates in every group, NetCDF and back."""

import json

import frozen
import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep
from small_sites import sites

import ensemble

pytest.importorskip("h5py")

KINDS = [
    kind if kind == "two-box" else pytest.param(kind, marks=pytest.mark.slow)
    for kind in sorted(frozen.SCENARIOS.keys() - {"killed", "extended"})
]
ENGINES = ("netcdf4", pytest.param("h5netcdf", marks=pytest.mark.slow))


@pytest.fixture(scope="module", params=KINDS)
def store(request, tmp_path_factory):
    """A store of this version, of every kind, analysed where it can be."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "frozen.yaml").write_text(frozen.SCENARIOS[request.param])
    (folder / "drivers.csv").write_text("model,year,driver\nm,2000,1.0\nm,2001,2.0\n")
    path = folder / "run.zarr"
    said = soilsweep("run", folder / "frozen.yaml", "--store", path, "-q")
    assert said.code == 0, said.err
    soilsweep("analyze", path)
    return path


def opened(store):
    return {"open_run": ensemble.open_run(store), "xarray": xr.open_datatree(store, engine="zarr")}


@pytest.mark.parametrize("engine", ENGINES)
def test_every_group_comes_back_from_netcdf(store, engine, tmp_path):
    for way, run in opened(store).items():
        for node in run.subtree:
            for inherit in (True, False):
                group = node.to_dataset(inherit=inherit).load()
                group.to_netcdf(tmp_path / "group.nc", engine=engine)
                masked = way != "open_run"
                with xr.open_dataset(
                    tmp_path / "group.nc", engine=engine, mask_and_scale=masked, decode_times=masked
                ) as back:
                    if masked:
                        xr.testing.assert_identical(back.load(), group)
                    else:
                        assert back.attrs.keys() == group.attrs.keys()
                        assert back.sizes == group.sizes


@pytest.mark.parametrize("engine", ENGINES)
def test_the_whole_tree_comes_back_from_netcdf(store, engine, tmp_path):
    run = xr.open_datatree(store, engine="zarr").load()
    run.to_netcdf(tmp_path / "run.nc", engine=engine)
    with xr.open_datatree(tmp_path / "run.nc", engine=engine) as back:
        xr.testing.assert_identical(back.load(), run)
    ensemble.open_run(store).to_netcdf(tmp_path / "ours.nc", engine=engine)


def test_groups_alone_have_their_coordinates(store):
    root = xr.open_zarr(store)
    for group in xr.open_datatree(store, engine="zarr").groups:
        alone = xr.open_zarr(store, group=group)
        for dim in alone.dims:
            above = [name for name in root.coords if root[name].dims == (dim,) and dim != "sample"]
            same = [name for name in above if root.sizes[dim] == alone.sizes[dim]]
            assert set(same) <= set(alone.coords), (group, dim)
            for name in same:
                assert alone[name].variable.equals(root[name].variable)
    if "calibration" in xr.open_datatree(store, engine="zarr"):
        return
    name = str(root.forcing.values[0])
    assert xr.open_zarr(store, group="control").sel(forcing=name).sizes


def test_names_become_other_types_of_text(store):
    for node in xr.open_datatree(store, engine="zarr").subtree:
        for name, array in node.to_dataset().variables.items():
            assert array.dtype.kind != "T", name
            if array.dtype.kind in "OU":
                assert array.astype(str).dtype.kind == "U"
                assert array.values.astype("U").tolist() == [*map(str, array.values.ravel())] or (
                    array.ndim > 1
                )


def test_places_and_time_are_as_cf_has_them(store):
    root = xr.open_zarr(store, decode_times=False)
    known = {
        "lat": ("degrees_north", "latitude"),
        "lon": ("degrees_east", "longitude"),
        "area": ("m2", "cell_area"),
    }
    for name in known.keys() & root.variables.keys():
        assert name in root.coords
        assert (root[name].units, root[name].standard_name) == known[name]
    if "time" in root:
        bounds = root[root.time.bounds]
        assert bounds.dims == ("time", "bound")
        assert (bounds[:, 0] <= root.time).all()
        assert (root.time < bounds[:, 1]).all()
        np.testing.assert_array_equal(bounds[1:, 0], bounds[:-1, 1])
        decoded = xr.open_zarr(store)
        assert (decoded.time_bounds[:, 0].dt.dayofyear == 1).all()


def test_what_is_no_plain_value_is_json(store):
    attrs = xr.open_zarr(store).attrs
    for name in ("identity", "design", "provenance", "accepted_changes"):
        assert isinstance(json.loads(attrs[name]), dict | list)


def test_latitude_longitude_and_area_survive(tmp_path):
    (tmp_path / "s.yaml").write_text(frozen.SCENARIOS["testbed"])
    assert soilsweep("run", tmp_path / "s.yaml", "--store", tmp_path / "s.zarr", "-q").code == 0
    for group in ("", "control", "statistics"):
        assert {"lat", "lon", "area"} <= set(xr.open_zarr(tmp_path / "s.zarr", group=group).coords)


def test_places_of_a_table_have_attributes_whatever_their_columns_are_called(tmp_path):
    where = {
        "Latitude": ("degrees_north", (69.0, 48.0, 40.0, -3.0)),
        "LONG": ("degrees_east", (19.0, 8.0, -105.0, 300.0)),
    }
    store = ensemble.run(sites(tmp_path, **where)).path
    for group in ("", "control"):
        found = xr.open_zarr(store, group=group)
        assert found.lat.values.tolist() == [69.0, 48.0, 40.0, -3.0]
        assert found.lon.values.tolist() == [19.0, 8.0, -105.0, 300.0]
        assert found.lat.attrs["units"] == "degrees_north"
        assert found.lon.attrs["standard_name"] == "longitude"
