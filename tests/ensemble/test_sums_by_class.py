"""Sums over the classes that a column of locations has: against plain loops, whatever the cut."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from gridded import forcing as data
from support import give, plan

import ensemble
from ensemble.analysis.shares import splits
from ensemble.members.reopening import open_layout
from ensemble.members.stored import read_ensemble
from ensemble.runs.verify import verify
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.sums import sum_tables
from scenarios import ScenarioError

TEXT = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 20
  parameters: {level: {uniform: [1, 10]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {rh: all}
responses: {change: {output: litter, change: [2000, 2002]}}
aggregates:
  rh: {over: [global, veg, zonal, veg_mean], statistics: [mean, q95]}
  change: [veg]
block: {location: 7, sample: 8}
"""
NAMES = {1: "forest", 2: "grass", 4: "tundra"}
VEG = np.resize([1.0, 2.0, 9.0, 2.0, 4.0], 30)


def forcings(**columns):
    places = data.places(30)
    places = replace(places, columns={**places.columns, **columns}, classes={"veg": NAMES})
    return data.both(locations=places)


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, forcings(veg=VEG))


def finished(tmp_path, store="run.zarr", *settings, text=TEXT, workers=1):
    planned = plan(tmp_path, *settings, text=text, store=store)
    assert ensemble.run(planned, workers=workers).complete
    return planned.path


def test_sums_are_those_of_a_plain_loop_and_failed_cells_are_counted(tmp_path):
    path = finished(tmp_path)
    tree = xr.open_datatree(path, engine="zarr")
    sums, over = tree["aggregates"], tree["aggregates/statistics"]
    area, failed = tree.area.values, tree.status.values != 0
    assert failed.any()
    assert list(sums.veg_class.values) == ["forest", "grass", "tundra", "9"]
    assert sums.rh_veg.dims == ("forcing", "veg_class", "model", "time", "sample")
    assert sums.rh_veg.attrs["units"] == "Pg C yr-1"
    for k, number in enumerate([1, 2, 4, 9]):
        here = np.flatnonzero(number == VEG)
        whole = math.fsum(area[here])
        assert (sums.veg_locations[k], sums.veg_area[k]) == (len(here), whole)
        np.testing.assert_array_equal(sums.failed_cells_veg[:, k], failed[:, here].sum(axis=1))
        rh = tree.rh.values[:, here]
        flat = np.moveaxis(rh * area[here, None, None, None], 1, -1)
        total = np.apply_along_axis(math.fsum, -1, flat)
        np.testing.assert_array_equal(sums.rh_veg[:, k], total * 1e-15)
        np.testing.assert_array_equal(sums.rh_veg_mean[:, k], total / whole)
        mean = np.nanmean(sums.rh_veg[:, k], axis=-1)
        np.testing.assert_allclose(over.rh_veg_mean[:, k], mean, rtol=1e-14)
    rest = sums.rh_veg.sum("veg_class", skipna=False)
    np.testing.assert_allclose(rest, sums.rh_global, rtol=1e-14)
    np.testing.assert_array_equal(over.count_veg, (sums.failed_cells_veg == 0).sum("sample"))
    shown = {table.title: table for table in sum_tables(Results(read_ensemble(path)))}[
        "change_veg [Pg C yr-1]"
    ]
    assert shown.header == ["forcing", "veg_class", "locations", "control", "ensemble"]
    assert [row[:3] for row in shown.rows[:2]] == [["now", "forest", "6"], ["now", "grass", "12"]]
    assert any("samples failed" in note for note in shown.notes)


@pytest.mark.slow
def test_cut_threads_and_a_store_that_is_opened_again_change_nothing(tmp_path):
    first = finished(tmp_path)
    other = finished(tmp_path, "b.zarr", "block.location=30", "block.sample=20", workers=2)
    store, again = read(first), read(other)
    sums = [p for p in store.specs if p.startswith("aggregates/") and "veg" in p]
    assert len(sums) > 10
    for path in sums:
        if store.specs[path].dtype == "string":
            assert store.read_strings(path) == again.read_strings(path)
        else:
            np.testing.assert_array_equal(store.read_whole(path), again.read_whole(path))
    layout = open_layout(store)
    assert layout.aggregates.classes["veg"].labels == ("forest", "grass", "tundra", "9")
    assert verify(store, rerun=2).damage == []
    shares = splits(store, layout)
    assert [*shares["variance/aggregates/veg_class"][1]] == ["forest", "grass", "tundra", "9"]
    assert shares["variance/aggregates/rh_veg_share"][0].dims[0] == "veg_class"


@pytest.mark.slow
def test_classes_asked_for_later_are_found_from_the_members(tmp_path):
    before = TEXT.replace("veg, zonal, veg_mean", "zonal").replace("change: [veg]", "")
    path = finished(tmp_path, text=before)
    text = TEXT.replace("  change: [veg]\n", "")
    planned = plan(tmp_path, text=text, store=path.name)
    assert ensemble.run(planned, workers=1, accept_changes="classes").complete
    found = read(planned.path)
    anew = read(finished(tmp_path, "b.zarr", text=text))
    for name in ("rh_veg", "rh_veg_mean", "failed_cells_veg", "statistics/count_veg"):
        np.testing.assert_array_equal(
            found.read_whole(f"aggregates/{name}"), anew.read_whole(f"aggregates/{name}")
        )


@pytest.mark.parametrize(
    ("column", "word", "said"),
    [
        ({}, "soil", "found 'soil'.*or a column of locations: lat, lon, area"),
        ({"veg": np.where(VEG == 9, np.nan, VEG)}, "veg", "no value at 6 of 30 locations, first"),
        ({"score": VEG}, "score_mean", "found 'score_mean'; needed global"),
        ({"veg": VEG}, "[veg, veg]", "needed each word once"),
    ],
)
def test_what_is_no_class_is_refused(tmp_path, monkeypatch, column, word, said):
    give(monkeypatch, forcings(**column))
    text = TEXT.partition("aggregates:")[0] + f"aggregates: {{rh: [{word.strip('[]')}]}}\n"
    with pytest.raises(ScenarioError, match=said):
        plan(tmp_path, text=text)


def test_numbers_that_are_no_classes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ensemble.members.space.regions.MOST_CLASSES", 3)
    with pytest.raises(ScenarioError, match="'veg' has 4 values; needed classes, at most 3"):
        plan(tmp_path, text=TEXT)
