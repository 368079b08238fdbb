"""Runs for other programs: NetCDF, an archive, tables, and what ILAMB integrates."""

import os
import shutil
import stat
import subprocess

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from commandline import refused, soilsweep
from respired import on_land, run
from support import DATA, needs_data

from ensemble.export import ilamb

EARTH = 4 * np.pi * 6.371e6**2
YEAR = 365 * 86400


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A run on 3 x 4 cells, of which a third of each is land."""
    return on_land(tmp_path_factory.mktemp("export"))


def export(store, folder, *words):
    said = soilsweep("export", store, "-o", folder, *words)
    assert said.code == 0, said.err
    return [line.removeprefix("wrote ") for line in said.out.splitlines()]


def test_netcdf_is_classic_complete_and_the_store(store, tmp_path):
    (file,) = export(store, tmp_path / "all.nc", "--to", "netcdf", "--only", "rh")
    with netCDF4.Dataset(file) as dataset:
        assert dataset.data_model == "NETCDF4_CLASSIC"
        assert not [n for n, v in dataset.variables.items() if v.dtype is str]
    run, found = xr.open_zarr(store), xr.open_dataset(file)
    assert found.rh.dims == ("member", "location")
    assert found.rh.units == "g m-2 d-1"
    assert found["sample"].values.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(found["factor"], [0.5, 1.0, 1.5])
    np.testing.assert_array_equal(found.rh, run.rh.values[0].T)
    corners = found.lat_bnds.values[0].tolist(), found.lon_bnds.values[0].tolist()
    assert corners == ([49, 49, 51, 51], [3, 5, 5, 3])
    assert str(found.location.values[0].decode()) == "50N_4E"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("cdo"), reason="cdo is not here")
def test_cdo_integrates_netcdf_over_land(store, tmp_path):
    (file,) = export(store, tmp_path / "all.nc", "--to", "netcdf", "--only", "rh")
    command = ["cdo", "-s", "-w", "outputf,%.12g,1", "-fldint", "-sellevidx,2", "-selname,rh", file]
    total = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    known = xr.open_zarr(store, group="aggregates")["rate_global"].values[0, 1] * 1e15
    run = xr.open_zarr(store)
    assert total == pytest.approx(float((run.rh[0, :, 1] * run.area).sum()), rel=1e-6)
    assert total == pytest.approx(known, rel=1e-6)


def test_ilamb_has_the_globe_and_the_land(store, tmp_path):
    words = ("--for", "ilamb", "--members", "control", "--years", 2000, 2010)
    (file,) = export(store, tmp_path / "i", "--to", "netcdf", *words)
    found, run = xr.open_dataset(file), xr.open_zarr(store)
    assert found.rh.dims == ("time", "lat", "lon")
    assert found.areacella.sum().item() == pytest.approx(EARTH, rel=1e-12)
    assert (found.time_bnds[0, 0].item().year, found.time_bnds[0, 1].item().year) == (2000, 2011)
    flux = (found.rh.astype("f8") * found.areacella * found.sftlf / 100).sum().item()
    known = float((run["rh"][0, :, 1] * run["area"]).sum()) * 365 / 1000
    assert flux * YEAR == pytest.approx(known, rel=1e-6)
    for name, place in (("lat", "south"), ("lon", "west")):
        bounds = found[f"{name}_bnds"].values
        np.testing.assert_allclose(bounds[1:, 0], bounds[:-1, 1], atol=1e-9)
        assert {*np.round(run[f"{name}_{place}"].values, 6)} <= {*np.round(bounds[:, 0], 6)}


def test_an_archive_is_sharded_and_closed(store, tmp_path, monkeypatch):
    from ensemble.export import zarr

    monkeypatch.setattr(zarr, "CHUNK", 32)
    monkeypatch.setattr(zarr, "SHARD", 128)
    words = ("--members", "best:2", "--by", "rate_global")
    (folder,) = export(store, tmp_path / "a.zarr", "--to", "zarr", *words)
    found, run = xr.open_datatree(folder, engine="zarr"), xr.open_datatree(store, engine="zarr")
    np.testing.assert_array_equal(found["rh"], run["rh"][..., :2])
    np.testing.assert_array_equal(
        found["aggregates/rate_global"], run["aggregates/rate_global"][:, :2]
    )
    np.testing.assert_array_equal(found["control/rh"], run["control/rh"])
    assert found["rh"].encoding["shards"] > found["rh"].encoding["chunks"]
    files = [f"{here}/{name}" for here, _, names in os.walk(folder) for name in names]
    assert not any(os.stat(file).st_mode & stat.S_IWUSR for file in files)


def test_tables_have_units_and_a_row_for_each(store, tmp_path):
    (file,) = export(store, tmp_path / "t.csv", "--to", "csv", "--only", "rh")
    table, run = pd.read_csv(file), xr.open_zarr(store)
    assert [*table][:4] == ["forcing", "sample", "location", "lat"]
    assert len(table) == 3 * 12
    wide = table.pivot(index="location", columns="sample", values="rh [g C m-2 d-1]")
    known = run["rh"].values[0]
    np.testing.assert_allclose(wide.loc[run["location"].values.tolist()], known, rtol=1e-6)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("netcdf", "--only", "npp"), "no output 'npp'; this store has rate, rh"),
        (("netcdf", "--members", "best:2"), "best: needs --by NAME"),
        (("netcdf", "--members", "some"), "needed control, all, or best:20"),
        (("netcdf", "--members", "best:9", "--by", "rate_global"), "3 samples have a value, not 9"),
        (("netcdf", "--members", "best:1", "--by", "rate"), "has a value of each of 12 locations"),
        (("netcdf", "--for", "ilamb"), "say --years"),
        (("csv", "--for", "ilamb"), "ilamb goes --to netcdf"),
        (("grib",), "needed one of netcdf, zarr, csv"),
    ],
)
def test_what_cannot_be_is_said(words, said, store, tmp_path):
    refused(soilsweep("export", store, "-o", tmp_path / "x", "--to", *words), said, lines=None)
    assert not [*tmp_path.iterdir()]


@needs_data
def test_respiration_of_casa_is_its_total(tmp_path):
    # evaluation.md T1a: 54.273067 Pg C yr-1; full cells give 56.862515.
    path = DATA / "testbed/clm45_cruncep/casa_cnp_output_mean_2000_2010.nc"
    store = run(tmp_path, path=path, name="cresp", more=", calendar: noleap")
    words = ("--for", "ilamb", "--members", "control", "--years", 2000, 2010)
    (file,) = export(store, tmp_path / "i", "--to", "netcdf", *words)
    found = xr.open_dataset(file)
    rate = found.rh[0].astype("f8") * YEAR / 1e12
    assert (rate * found.areacella * found.sftlf / 100).sum() == pytest.approx(54.273067, abs=1e-6)
    assert (rate * found.areacella).sum() == pytest.approx(56.8625, abs=5e-3)


def test_steps_of_ilamb_are_as_long_as_in_the_calendar_of_the_run():
    months = xr.date_range("2003-12-01", periods=4, freq="MS", calendar="noleap", use_cftime=True)
    years = np.array(["2004-01-01", "2005-01-01"], dtype="M8[ns]")
    days = {}
    for name, ends, leapless in (
        ("months", months.values, True),
        ("leap", years, False),
        ("noleap", years, True),
    ):
        bounds = (("time", "bound"), np.stack([ends[:-1], ends[1:]], axis=1))
        times = ilamb.times_of(xr.Dataset({"time_bnds": bounds}), None, "rh", leapless)
        days[name] = np.diff(times.bounds, axis=1)[:, 0].tolist(), times.year.tolist()
    assert days["months"][0] == [31, 31, 28]
    assert days["leap"] == ([366], [366])
    assert days["noleap"] == ([365], [365])
