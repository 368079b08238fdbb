"""`soilsweep evaluate`: other people's models against observations, no kernel run."""

import json

import netCDF4
import numpy as np
import pytest
import xarray as xr
from benchmark_law.example import GRID, run
from commandline import soilsweep, tree
from gridded import forcing as data
from pages import Page
from support import DATA, give, needs_data

from scenarios.reading.shipped import EVALUATIONS, library

FILE = """\
version: 1
name: ours
models:
  a: {outputs: {rh: {reader: netcdf_map, path: a.nc, land_fraction: 1}}}
  b: {outputs: {rh: {reader: netcdf_map, path: b.nc, land_fraction: 0.5}}}
evaluation:
  benchmarks:
    globe: {compare: total, output: rh, value: 100 Pg C yr-1, interval: 5 Pg C yr-1,
            scores: [bias, total, within]}
store: ours.zarr
"""
OWN = """\
version: 1
name: ours
models: {run: {store: run.zarr}}
evaluation:
  benchmarks: {it: {compare: total, output: litter, value: 10 Pg C yr-1, scores: [bias, total]}}
store: ours.zarr
"""
LAT, LON = np.array([45.0, -45.0]), np.array([45.0, 135.0, 225.0, 315.0])


def write(path, value, units="g C m-2 yr-1"):
    with netCDF4.Dataset(path, "w") as file:
        for dim, middles, unit in (("lat", LAT, "degrees_north"), ("lon", LON, "degrees_east")):
            file.createDimension(dim, len(middles))
            made = file.createVariable(dim, "f8", (dim,))
            made.units = unit
            made[:] = middles
        made = file.createVariable("rh", "f8", ("lat", "lon"))
        made.units = units
        made[:] = value


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.nc", 200.0)
    write(tmp_path / "b.nc", np.where(LAT[:, None] > 0, 400.0, np.nan) * np.ones(4))
    (tmp_path / "ours.yaml").write_text(FILE)
    return tmp_path


EARTH = 4 * np.pi * 6.371e6**2


def test_the_list_of_stores_says_what_an_evaluation_is(folder):
    assert soilsweep("evaluate", "ours.yaml").code == 0
    said = soilsweep("runs", ".")
    assert "evaluation of 2 models" in said.out
    assert "unreadable" not in said.out
    (told,) = json.loads(soilsweep("runs", ".", "--json").out)
    assert (told["scenario"], told["state"]) == ("ours", "evaluation of 2 models")
    assert (told["members"], told["data"]) == (0, "real")


def test_models_are_scored_on_their_own_grids_and_land(folder):
    said = soilsweep("evaluate", "ours.yaml")
    assert said.code == 0, said.err
    assert said.out.startswith("real data\n")
    assert "b: 4 cells; left out 4 no value of any output" in said.out
    found = xr.open_datatree("ours.zarr", engine="zarr")["evaluation"]
    assert found["model"].values.tolist() == ["a", "b"]
    expected = np.array([200 * EARTH, 400 * EARTH / 2 * 0.5]) * 1e-15
    np.testing.assert_allclose(found["globe_total"], expected, rtol=1e-12)
    np.testing.assert_allclose(found["globe_bias"], expected - 100, rtol=1e-10)
    np.testing.assert_array_equal(found["globe_within"], [1, 0])
    assert found["globe_bias"].attrs["units"] == "Pg C yr-1"
    row = next(line for line in said.out.splitlines() if "total" in line)
    assert row.split() == ["globe", "total", "102.013", "51.0064", "100", "Pg", "C", "yr-1",
                           "neither", "4", "to", "8"]  # fmt: skip


def test_a_report_shows_the_tables_and_what_they_are_of(folder):
    assert soilsweep("evaluate", "ours.yaml").code == 0
    said = soilsweep("report", "ours.zarr")
    assert said.code == 0, said.err
    page = Page((folder / "ours.html").read_text(encoding="utf-8"))
    assert ["globe", "total", "102.013", "51.0064", "100", "Pg C yr-1", "neither", "4 to 8"] in (
        page.table("benchmark", "score")
    )
    # Figures are those of runs: totals, and scores of both side by side.
    assert "globe: rh summed over 4 to 8 cells, each with its area of land." in page.said
    assert "Scores of the whole of 2 models, in their units; the darker of a row" in page.said
    read = [row[:2] for row in page.table("of", "file")]
    assert read == [["rh of a", "a.nc"], ["rh of b", "b.nc"]]
    for other in ("verify", "analyze"):
        refused = soilsweep(other, "ours.zarr")
        assert refused.code == 2, other
        assert "evaluat" in refused.err
        assert "damaged" not in refused.err


def test_a_run_of_our_own_has_the_scores_that_it_had_inside(folder, monkeypatch):
    give(monkeypatch, [data.forcing()])
    words = {"output": "litter", "value": "10 Pg C yr-1", "scores": ["bias", "total"]}
    run(folder, "total", GRID, words)
    (folder / "ours.yaml").write_text(OWN)
    said = soilsweep("evaluate", "ours.yaml")
    assert said.code == 0, said.err
    assert "run: control member under now" in said.out
    inside = xr.open_datatree("run.zarr", engine="zarr")["evaluation/control"]
    found = xr.open_datatree("ours.zarr", engine="zarr")["evaluation"]
    for score in ("bias", "total"):
        np.testing.assert_allclose(found[f"it_{score}"], inside[f"it_{score}"], rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("run.zarr", "none.zarr"), "none.zarr: not a store: no such folder"),
        (("store: run.zarr", "store: run.zarr, forcing: later"), "no forcing 'later'; it has now"),
        (("output: litter", "output: heat"), "no control/heat; needed a run with outputs:"),
        (("output: litter", "output: rh"), "is by model; needed model: alpha or beta or gamma"),
        (("{store: run.zarr}", "{}"), "found none; needed one of outputs:, store: and mean_of:"),
    ],
)
def test_what_a_run_of_our_own_lacks_is_said(folder, monkeypatch, change, said):
    give(monkeypatch, [data.forcing()])
    run(folder, "total", GRID, {"output": "litter", "value": "10 Pg C yr-1"})
    (folder / "ours.yaml").write_text(OWN.replace(*change))
    found = soilsweep("evaluate", "ours.yaml")
    assert found.code == 2, found.out
    assert said in found.err


def test_it_is_made_anew_in_its_own_place_and_nowhere_else(folder):
    assert soilsweep("evaluate", "ours.yaml").code == 0
    before = tree(folder / "ours.zarr")
    assert soilsweep("evaluate", "ours.yaml").code == 0
    assert tree(folder / "ours.zarr") == before
    (folder / "taken").mkdir()
    said = soilsweep("evaluate", "ours.yaml", "--store", "taken")
    assert said.code == 2
    assert "taken: is there and no store" in said.err
    said = soilsweep("evaluate", "ours.yaml", "--store", "b.zarr", "--json", "--set", "seed=2")
    scores = json.loads(said.out)["scores"]
    assert {one["model"] for one in scores} == {"a", "b"}
    assert (folder / "b.zarr").is_dir()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((", land_fraction: 1}", "}"), "line 4: models.a.outputs.rh: has no land fraction"),
        (("path: a.nc", "path: c.nc"), "c.nc: no such file"),
        (("output: rh", "output: nee"), "model 'a' has no output 'nee'"),
        (("value: 100 Pg C yr-1", "value: 100 Pg C"), "evaluation.benchmarks.globe"),
        (("models:", "modells:"), "unknown key 'modells'; did you mean 'models'?"),
        (("netcdf_map, path: a.nc, land_fraction: 1", "synthetic_records, cells: 4"),
         "reader synthetic_records of rh gives SiteRecords; needed GridMap"),
        (("scores: [bias, total", "scores: [bais, total"), "did you mean 'bias'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_once_and_nothing_is_written(folder, change, said):
    (folder / "ours.yaml").write_text(FILE.replace(*change))
    before = tree(folder)
    found = soilsweep("evaluate", "ours.yaml")
    assert found.code == 2, found.out
    assert said.removeprefix("line 4: ") in found.err
    if said.startswith("line 4"):
        assert "ours.yaml:4: " in found.err
    assert tree(folder) == before


def test_problems_of_several_models_come_together(folder):
    write(folder / "a.nc", 200.0, units="")
    (folder / "ours.yaml").write_text(FILE.replace("b.nc", "c.nc"))
    said = soilsweep("evaluate", "ours.yaml")
    assert said.code == 2
    assert "2 problems" in said.err
    assert "has no unit; say units:, such as kg C m-2" in said.err


@pytest.mark.parametrize("name", library(EVALUATIONS))
def test_a_shipped_evaluation_runs_on_made_up_data(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = soilsweep("evaluate", name)
    assert said.code == 0, said.err
    assert said.out.startswith("synthetic data")
    assert (tmp_path / "runs" / f"{name}.zarr").is_dir()


@needs_data
def test_casa_against_records_is_as_the_specification_has_it(tmp_path, monkeypatch):
    """T1a, T3b, T3d, T6a and T6b of the specification; rates are per day of years of 365 days."""
    monkeypatch.chdir(tmp_path)
    said = soilsweep("evaluate", "casa-2000-2010", "--data", DATA)
    assert said.code == 0, said.err
    assert said.out.startswith("real data\n")
    found = xr.open_datatree("runs/casa-2000-2010-data.zarr", engine="zarr")["evaluation"]
    expected = {
        "global_rh_total": 54.273067, "dgrsd_bias": 0.625833, "dgrsd_rmse": 1.585808,
        "dgrsd_over": 109, "dgrsd_under": 41, "dgrsd_well": 38,
        "products_over_cardamom_time": 26.026305,
    }  # fmt: skip
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value, rel=1e-6), name
    # T6a: another quantity than CASA's own, in the same row and labelled apart.
    row = next(line for line in said.out.splitlines() if " time " in line)
    assert row.split()[:5] == ["products_over_cardamom", "time", "26.0263", "27.4648", "yr"]
