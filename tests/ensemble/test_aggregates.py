"""Sums over space inside a run: against plain loops, whatever the cut, the kill, the failures."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from gridded import forcing as data
from support import give, load, plan

import ensemble
from ensemble.members.space.regions import regions
from ensemble.members.stored import read_ensemble
from ensemble.runs.extend import extend
from ensemble.runs.verify import verify
from ensemble.scores.bands import EDGES, band_of
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.sums import sum_tables
from scenarios import ScenarioError
from scenarios.forcing import Locations

TEXT = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 50
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {rh: all, litter: all, stock: all}
responses: {change: {output: litter, change: [2000, 2002]}}
aggregates:
  rh: {over: [global, zonal, global_mean, zonal_mean], statistics: [mean, std, q05, q95]}
  change: [global]
  stock: [zonal]
  ratio: [global_mean]
block: {location: 7, sample: 16}
"""
ALONE = TEXT.replace("outputs: {rh: all, litter: all, stock: all}\n", "")
FAILING = TEXT.replace("level: {uniform: [1, 8]}", "level: {uniform: [1, 10]}")


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, data.both())


def finished(tmp_path, text=TEXT, store="run.zarr", *settings, workers=1):
    planned = plan(tmp_path, *settings, text=text, store=store)
    assert ensemble.run(planned, workers=workers).complete
    return planned.path


def by_hand(values, area, scale, members):
    """Return the exactly rounded sum (...,) of values (L, ...) over some locations."""
    flat = values.reshape(len(values), -1)[members] * area[members, None]
    total = np.array([math.fsum(column) for column in flat.T]) * scale
    return total.reshape(values.shape[1:])


def bands_by_hand(lat):
    found = {}
    for k, value in enumerate(lat):
        for south in range(-90, 90, 5):
            north = south + 5
            if south <= value < north or (value == north == 90):
                found.setdefault(south + 2.5, []).append(k)
    return dict(sorted(found.items()))


def test_sums_are_those_of_a_plain_loop(tmp_path):
    path = finished(tmp_path)
    members, sums = xr.open_zarr(path), xr.open_datatree(path, engine="zarr")["aggregates"]
    area, lat = members.area.values, members.lat.values
    bands = bands_by_hand(lat)
    everyone = list(range(len(area)))
    np.testing.assert_array_equal(sums.band, list(bands))
    assert sums.rh_global.dims == ("forcing", "model", "time", "sample")
    assert sums.rh_zonal.dims == ("forcing", "band", "model", "time", "sample")
    assert sums.rh_global.attrs["units"] == "Pg C yr-1"
    assert sums.rh_zonal_mean.attrs["units"] == "g C m-2 yr-1"
    for f in range(2):
        rh = members.rh.values[f]
        total = by_hand(rh, area, 1.0, everyone)
        np.testing.assert_array_equal(sums.rh_global[f], total * 1e-15)
        np.testing.assert_array_equal(sums.rh_global_mean[f], total / math.fsum(area))
        for k, here in enumerate(bands.values()):
            total = by_hand(rh, area, 1.0, here)
            np.testing.assert_array_equal(sums.rh_zonal[f, k], total * 1e-15)
            np.testing.assert_array_equal(sums.rh_zonal_mean[f, k], total / math.fsum(area[here]))
            stock = by_hand(members.stock.values[f], area, 1e-12, here)
            np.testing.assert_array_equal(sums.stock_zonal[f, k], stock)
        change = by_hand(members.change.values[f], area, 1e-15, everyone)
        np.testing.assert_array_equal(sums.change_global[f], change)
    assert (sums.failed_cells_global == 0).all()
    areas = [math.fsum(area[here]) for here in bands.values()]
    np.testing.assert_array_equal(sums.band_area, areas)


@pytest.mark.slow
def test_statistics_and_control_are_of_the_sums(tmp_path):
    tree = xr.open_datatree(finished(tmp_path), engine="zarr")
    sums, over = tree["aggregates"], tree["aggregates/statistics"]
    for name in ("rh_global", "rh_zonal", "rh_zonal_mean"):
        np.testing.assert_allclose(over[f"{name}_mean"], sums[name].mean("sample"), rtol=1e-14)
        np.testing.assert_allclose(over[f"{name}_std"], sums[name].std("sample"), rtol=1e-12)
        low = np.quantile(sums[name].values, 0.05, axis=-1)
        np.testing.assert_array_equal(over[f"{name}_q05"], low)
    assert (over.count_global == 50).all()
    assert (over.count_zonal == 50).all()
    control = tree["control/rh"].values[0]
    total = by_hand(control, tree.area.values, 1e-15, list(range(30)))
    np.testing.assert_array_equal(tree["aggregates/control/rh_global"][0], total)
    assert tree["aggregates/control/stock_zonal"].dims == ("forcing", "band", "model")


def sums_of(path):
    store = read(path)
    numeric = (p for p, spec in store.specs.items() if spec.dtype != "string")
    return {p: store.read_whole(p) for p in numeric if p.startswith("aggregates/")}


@pytest.mark.slow
def test_cut_and_threads_change_nothing(tmp_path):
    first = sums_of(finished(tmp_path))
    again = sums_of(finished(tmp_path, TEXT, "b.zarr", "block.location=30", "block.sample=50"))
    alone = sums_of(finished(tmp_path, ALONE, "c.zarr", workers=3))
    for path, values in first.items():
        np.testing.assert_array_equal(values, alone[path], err_msg=path)
        np.testing.assert_array_equal(values, again[path], err_msg=path)
    assert not [p for p in read(tmp_path / "c.zarr").specs if p in ("rh", "litter", "stock")]


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path):
    first = finished(tmp_path)
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import ensemble\n"
        "from gridded import forcing as data\n"
        "from support import load\n"
        "from scenarios.forcing.synthetic_models import Spec\n"
        "Spec.read = lambda self, needs, base: data.both()\n"
        "def tell(done, total, seconds):\n"
        "    if done == 11: os.kill(os.getpid(), signal.SIGKILL)\n"
        "text = Path(sys.argv[1], 'text.yaml').read_text()\n"
        "planned = ensemble.plan(load(Path(sys.argv[1]), text), store=sys.argv[1] + '/k.zarr')\n"
        "ensemble.run(planned, workers=1, progress=tell)\n"
    )
    (tmp_path / "text.yaml").write_text(TEXT)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={"PYTHONPATH": f"{Path(__file__).parents[1]}:{Path(__file__).parents[2]}"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    planned = plan(tmp_path, text=TEXT, store="k.zarr")
    outcome = ensemble.run(planned, workers=2)
    assert outcome.complete
    assert outcome.ran < outcome.blocks
    for path in (p for p in read(first).specs if p.startswith("aggregates/")):
        files = {f.name: f.read_bytes() for f in (first / path).iterdir()}
        assert files == {f.name: f.read_bytes() for f in (planned.path / path).iterdir()}, path
    assert verify(read(planned.path), rerun=3).damage == []


def test_a_failed_cell_is_never_silently_left_out(tmp_path):
    tree = xr.open_datatree(finished(tmp_path, FAILING), engine="zarr")
    sums, over = tree["aggregates"], tree["aggregates/statistics"]
    failed = tree.status.values != 0
    area = tree.area.values
    assert failed.any()
    assert not failed.any(axis=1).all()
    np.testing.assert_array_equal(sums.failed_cells_global, failed.sum(axis=1))
    lost = (failed * area[:, None]).sum(axis=1)
    np.testing.assert_allclose(sums.failed_area_global, lost, rtol=1e-14)
    known = np.isfinite(sums.rh_global.values).all(axis=(1, 2))
    np.testing.assert_array_equal(known, ~failed.any(axis=1))
    for k, here in enumerate(bands_by_hand(tree.lat.values).values()):
        known = np.isfinite(sums.rh_zonal[:, k].values).all(axis=(1, 2))
        np.testing.assert_array_equal(known, ~failed[:, here].any(axis=1))
        np.testing.assert_array_equal(sums.failed_cells_zonal[:, k], failed[:, here].sum(axis=1))
    good = np.where(failed.any(axis=1)[:, None, None], np.nan, sums.rh_global)
    np.testing.assert_allclose(over.rh_global_mean, np.nanmean(good, axis=-1), rtol=1e-14)
    np.testing.assert_array_equal(over.count_global, (~failed.any(axis=1)).sum(axis=1))


def test_sums_alone_are_a_whole_run(tmp_path):
    text = ALONE.replace("responses: {change: {output: litter, change: [2000, 2002]}}\n", "")
    text = text.replace("  change: [global]\n", "")
    path = finished(tmp_path, text)
    assert xr.open_datatree(path, engine="zarr")["aggregates"].rh_global.notnull().all()


@pytest.mark.slow
def test_more_samples_than_are_kept_leave_statistics(tmp_path, monkeypatch):
    with_members = sums_of(finished(tmp_path))
    for module in ("members.layout", "planning.creating"):
        monkeypatch.setattr(f"ensemble.{module}.KEEP_SAMPLES", 49)
    without = sums_of(finished(tmp_path, TEXT, "b.zarr"))
    assert "aggregates/rh_global" not in without
    for path, values in without.items():
        np.testing.assert_array_equal(values, with_members[path])


def test_edges_of_bands():
    # Grids in float32 hold -0.0, and what should be an edge a little off it.
    small = [-0.0, np.float32(1e-7) - np.float32(2e-7), 60 - 4e-7, *np.float32([59.999, -85.00001])]
    lat = np.array([-90, -85.000001, -85, 0, 4.999999, 5, 84.9, 85, 89.9, 90.0, *small])
    names = tuple(f"cell {k}" for k in range(len(lat)))
    found = regions(Locations(names, {"lat": lat, "area": np.ones(len(lat))}), zonal=True)
    south = found.bounds[found.place, 0]
    expected = [-90, -90, -85, 0, 0, 5, 80, 85, 85, 85, 0, 0, 60, 55, -90]
    np.testing.assert_array_equal(south, expected)
    np.testing.assert_array_equal(south, EDGES[band_of(lat)])
    np.testing.assert_array_equal(found.bounds[:, 1] - found.bounds[:, 0], 5)


def changed(column, value):
    found = data.places(30)
    columns = dict(found.columns)
    if value is None:
        del columns[column]
    else:
        columns[column] = columns[column].copy()
        columns[column][3] = value
    return Locations(found.names, columns)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("area", None, r"no column 'area'; needed area \[m2\] of each, from the forcing's reader"),
        ("lat", None, r"no column 'lat'; needed lat \[degrees north\]"),
        ("area", 0.0, "area of location 'cell 3' is 0; needed more than 0 m2"),
        ("area", -1.0, "area of location 'cell 3' is -1; needed more than 0 m2"),
        ("area", math.nan, "area of location 'cell 3' is nan; needed more than 0 m2"),
        ("area", math.inf, "area of location 'cell 3' is inf; needed more than 0 m2"),
        ("lat", 90.1, "lat of location 'cell 3' is 90.1; needed -90 to 90 degrees north"),
    ],
)
def test_refused_locations(tmp_path, monkeypatch, column, value, said):
    give(monkeypatch, data.both(locations=changed(column, value)))
    with pytest.raises(ScenarioError, match=said):
        plan(tmp_path, text=TEXT)


def test_latitude_is_not_needed_without_bands(tmp_path, monkeypatch):
    give(monkeypatch, data.both(locations=changed("lat", None)))
    text = ALONE.partition("aggregates:")[0] + "aggregates: {rh: [global]}\n"
    assert [p for p in plan(tmp_path, text=text).layout.aggregates.all]


def test_a_total_needs_an_amount_per_area(tmp_path):
    said = "'1' is not an amount per m2, so there is no total; needed global_mean"
    with pytest.raises(ScenarioError, match=said):
        plan(tmp_path, text=TEXT.replace("ratio: [global_mean]", "ratio: [global]"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("global", r"aggregates.rh: found 'global'; needed \[global, zonal\], or \{over: "),
        ("[]", r"aggregates.rh: found \[\]; needed 1 or more entries"),
        (
            "[globl]",
            "rh: found 'globl'; needed global, .*score, or a column of locations: lat, lon, area",
        ),
        ("[3]", r"aggregates.rh\[0\]: found 3; needed global, zonal, .*or a column of locations"),
        ("[global, global]", "aggregates.rh: found .*needed each word once"),
        ("{statistics: [mean]}", "aggregates.rh.over: is missing"),
        ("{over: [global], stats: [mean]}", "aggregates.rh.stats: unknown key 'stats'"),
        ("{over: [global], statistics: [men]}", r"rh.statistics\[0\]: unknown statistic 'men'"),
        ("{over: [global], statistics: [histogram]}", "found histogram; needed mean, std"),
        ("{over: [global], statistics: [mu_star]}", "found mu_star; needed mean, std"),
        ("{over: [global], statistics: mean}", "aggregates.rh.statistics: found 'mean'; needed"),
    ],
)
def test_malformed(tmp_path, written, said):
    text = ALONE.partition("aggregates:")[0] + f"aggregates:\n  rh: {written}\n"
    with pytest.raises(ScenarioError, match=said):
        plan(tmp_path, text=text)


def test_no_such_target(tmp_path):
    text = ALONE.partition("aggregates:")[0] + "aggregates: {rhh: [global]}\n"
    with pytest.raises(ScenarioError, match="no output or response 'rhh'; did you mean 'rh'"):
        plan(tmp_path, text=text)
    assert load(tmp_path, text).aggregates["rhh"].over == ["global"]


def test_names_are_each_arrays_own(tmp_path):
    text = ALONE.replace("change: {output", "rh_global: {output").replace("  change: [", "  rh: [")
    text = text.replace("{over: [global, zonal, global_mean, zonal_mean]", "{over: [global_mean]")
    text = text.partition("aggregates:")[0] + "aggregates: {rh: [global_mean], rh_global: [global]}"
    assert plan(tmp_path, text=text)
    text = text.replace("rh_global: [global]", "failed_cells: [global]")
    text = text.replace("rh_global: {output", "failed_cells: {output")
    with pytest.raises(ScenarioError, match="'failed_cells_global' is another one's too"):
        plan(tmp_path, text=text)


def test_the_table_of_a_run_shows_the_globe(tmp_path):
    path = finished(tmp_path, FAILING)
    tree = xr.open_datatree(path, engine="zarr")
    tables = {t.title: t for t in sum_tables(Results(read_ensemble(path)))}
    assert list(tables) == ["rh_global [Pg C yr-1]", "rh_global_mean [g C m-2 yr-1]",
                            "change_global [Pg C yr-1]", "ratio_global_mean [1]"]  # fmt: skip
    shown = tables["rh_global [Pg C yr-1]"]
    assert shown.header == ["forcing", "model", "control", "ensemble"]
    assert [row[:2] for row in shown.rows[:4]] == [
        ["now", "alpha"], ["now", "beta"], ["now", "gamma"], ["later", "alpha"]
    ]  # fmt: skip
    last = tree["aggregates"].rh_global.values[0, 1, -1]
    assert float(shown.rows[1][3].split(" +- ")[0]) == pytest.approx(np.nanmean(last), rel=0.01)
    assert shown.notes[0].startswith("2002, the last year; ensemble: mean +- standard deviation")
    one = tables["change_global [Pg C yr-1]"].rows[0]
    change = tree["aggregates"].change_global.values[0]
    assert float(one[2].split(" +- ")[0]) == pytest.approx(np.nanmean(change), rel=0.01)
    count = int(tree["aggregates/statistics"].count_global[0])
    text = f"now: {50 - count} of 50 samples failed at some location and have no sum"
    assert text in shown.notes


GROWING = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: morris
  trajectories: 3
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
responses: {change: {output: litter, change: [2000, 2002]}}
aggregates: {rh: {over: [global, zonal], statistics: [mean]}}
block: {location: 20, sample: 6}
"""


def test_a_longer_design_has_the_sums_of_one_run_at_once(tmp_path):
    path = finished(tmp_path, GROWING)
    extend(path, until=1e-30, most=5, workers=1)
    at_once = finished(tmp_path, GROWING, "b.zarr", "design.trajectories=5")
    grown = sums_of(path)
    for name, values in sums_of(at_once).items():
        np.testing.assert_array_equal(values, grown[name], err_msg=name)
    assert verify(read(path)).damage == []
