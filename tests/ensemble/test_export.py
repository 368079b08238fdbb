"""Runs for other programs: NetCDF, an archive, tables, and what ILAMB integrates."""

import gc
import os
import shutil
import stat
import subprocess
import tracemalloc
from importlib import import_module

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from commandline import refused, soilsweep
from gridded import forcing as data
from respired import on_land, run
from support import DATA, give, needs_data, plan

import ensemble
from ensemble.export import exporting, ilamb, selecting, zarr
from ensemble.export.conventions import by_time
from ensemble.export.selecting import Members

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


LONG = """\
version: 1
name: long
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design: {method: latin_hypercube, n: SAMPLES, parameters: {level: {uniform: [1, 8]}}}
seed: 3
precision: float64
outputs: {rh: all}
block: {location: 300, sample: 50}
"""


def peak(store, file, to):
    """Return the most memory in use while an output is written."""
    # Garbage in circles is collected the later the more objects a process has: here, as of none.
    gc.collect()
    gc.freeze()
    gc.collect()
    tracemalloc.start()
    try:
        exporting.export(store, to, Members("all"), outputs=["rh"], output=file)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.unfreeze()


@pytest.mark.slow
@pytest.mark.parametrize(("to", "engine"), [("netcdf", "netcdf4"), ("zarr", "zarr")])
def test_what_is_held_does_not_grow_with_samples(to, engine, tmp_path, monkeypatch):
    give(monkeypatch, [data.forcing(locations=data.cells(300))])
    monkeypatch.setattr(zarr, "SHARD", 1 << 20)
    monkeypatch.setattr(zarr, "CHUNK", 1 << 18)
    peaks, sizes = [], []
    for samples in (100, 100, 400):
        folder = tmp_path / f"{len(peaks)}"
        folder.mkdir()
        made = plan(folder, text=LONG.replace("SAMPLES", str(samples)), store=folder / "run.zarr")
        assert ensemble.run(made).complete
        file = (folder / "out").with_suffix(import_module(f"ensemble.export.{to}").SUFFIX)
        peaks.append(peak(made.path, file, to))
        run, found = xr.open_zarr(made.path), xr.open_dataset(file, engine=engine)
        np.testing.assert_array_equal(np.sort(found.rh, axis=None), np.sort(run.rh, axis=None))
        sizes.append(run.rh.nbytes)
    # The first call imports; the second and the third differ in samples alone.
    assert peaks[2] - peaks[1] < 0.2 * (sizes[2] - sizes[1]), (peaks, sizes)


def test_tables_are_made_of_some_members_at_a_time(store, monkeypatch):
    monkeypatch.setattr(selecting, "ROOM", 30)
    (row,) = (one for _, one in by_time(selecting.select(store, Members("all"), ["rh"])))
    parts = [some.rh for some in selecting.some_members(row)]
    assert [part.size for part in parts] == [24, 12]
    assert all(part.chunks is None for part in parts)
    np.testing.assert_array_equal(xr.concat(parts, "member"), row.rh)
