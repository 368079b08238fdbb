"""Parts held back in turn: a line by least squares has each fold's parameters by hand."""

import calibrated
import numpy as np
import pytest
from pages import Page
from scipy.stats import linregress

import ensemble
import scenarios
from ensemble.calibration.folds import Folds
from ensemble.calibration.groups import Groups
from ensemble.calibration.reopening import open_layout
from ensemble.report import write_report
from ensemble.store.reading import read

LINE = """
version: 1
name: line
kernel: models.line
forcing: {reader: site_table, path: sites.csv, location: site, observed: {y: seen}}
locations: {table: types.csv, key: site}
responses:
  j: {output: y, cost: {observed: y, relative_error: 0.1}}
calibration:
  minimise: {rmse: j}
  groups: {column: kind}
  parameters: {a: {uniform: [-50, 50]}, b: {uniform: [-50, 50]}}
  algorithm: {name: levenberg_marquardt, starts: 2}
  budget: 900
  validation: VALIDATION
seed: 3
"""
KINDS = {"wet": (2.0, 5.0), "dry": (-3.0, 9.0)}
SITES = 22


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """Return a folder with sites on two lines, and what is seen there with errors."""
    folder, draw = tmp_path_factory.mktemp("line"), np.random.default_rng(8)
    rows, types = ["site,x [1],seen [kg C m-2]"], ["site,kind,region"]
    for k in range(SITES):
        kind, x = list(KINDS)[k % 2], draw.uniform(1, 4)
        a, b = KINDS[kind]
        rows.append(f"S{k:02d},{x!r},{a + b * x + draw.normal()!r}")
        types.append(f"S{k:02d},{kind},{('north', 'south', 'east')[k % 3]}")
    (folder / "sites.csv").write_text("\n".join(rows))
    (folder / "types.csv").write_text("\n".join(types))
    return folder


def run(folder, validation, text=LINE):
    """Return path and results of the line under a validation."""
    file = folder / "line.yaml"
    file.write_text(text.replace("VALIDATION", validation))
    store = folder / f"{abs(hash(text + validation))}.zarr"
    planned = ensemble.plan_calibration(scenarios.load(file), store=store)
    assert ensemble.run_calibration(planned, workers=1).complete
    return store, calibrated.opened(store)


@pytest.mark.parametrize("validation", ["{folds: 4, of: locations}", "{leave_out: region}"])
def test_every_fold_is_predicted_by_the_least_squares_of_the_others(line, validation):
    path, found = run(line, validation)
    table = np.loadtxt(line / "sites.csv", delimiter=",", skiprows=1, usecols=(1, 2)).T
    x, seen = table
    of, fold = found.group_of.values[0], found.fold_of.values[0]
    np.testing.assert_array_equal(found.fold_j.values[0, :, 0], fold)
    if "folds" in validation:
        sizes = [[(fold[of == g] == k).sum() for k in range(4)] for g in range(2)]
        assert {max(row) - min(row) for row in sizes} == {1}, "11 sites in 4 folds"
    else:
        assert list(found.fold.values) == ["north", "south", "east"]
        np.testing.assert_array_equal(fold, np.arange(SITES) % 3)
    predicted = np.full(SITES, np.nan)
    for g in range(2):
        whole = linregress(x[of == g], seen[of == g])
        best = found.parameters.values[g, 0]
        np.testing.assert_allclose(best, (whole.intercept, whole.slope), rtol=1e-6)
        for k in range(len(found.fold)):
            rest, mine = (of == g) & (fold != k), (of == g) & (fold == k)
            by_hand = linregress(x[rest], seen[rest])
            own = found.fold_parameters.values[g, k]
            np.testing.assert_allclose(own, (by_hand.intercept, by_hand.slope), rtol=1e-6)
            predicted[mine] = by_hand.intercept + by_hand.slope * x[mine]
            told = found.fold_metrics.sel(metric="rmse").values[g, k, :, 0]
            line_there = by_hand.intercept + by_hand.slope * x
            parts = [np.sqrt(((line_there - seen)[part] ** 2).mean()) for part in (rest, mine)]
            np.testing.assert_allclose(told, parts, rtol=1e-6)
            defaults = found.fold_default_metrics.sel(metric="rmse").values[g, k, 1, 0]
            np.testing.assert_allclose(defaults, np.sqrt(((x - seen)[mine] ** 2).mean()))
            assert 0 < found.fold_evaluations.values[g, k] <= 900
        mine = of == g
        pooled = found.metrics.sel(part="validation").values[g, 0]
        names = list(found.metric.values)
        rmse = np.sqrt(((predicted - seen)[mine] ** 2).mean())
        r2 = linregress(seen[mine], predicted[mine]).rvalue ** 2
        expected = {"n": 11, "rmse": rmse, "r2": r2}
        for word, value in expected.items():
            np.testing.assert_allclose(pooled[names.index(word)], value, rtol=1e-6)
        fitted = found.metrics.sel(part="calibration", metric="rmse").values[g, 0]
        assert fitted < rmse, "what was not seen is predicted less well than what was"
    np.testing.assert_allclose(found.predicted_j.values[0, :, 0], predicted, rtol=1e-6)
    again = open_layout(read(path))
    np.testing.assert_array_equal(again.fold_of[0][0, :, 0], fold)


def test_a_value_without_observations_is_named_with_its_groups(line, tmp_path):
    for name in ("sites.csv", "types.csv"):
        (tmp_path / name).write_text((line / name).read_text())
    east = tmp_path / "types.csv"
    # Sites 0 and 2 are of one kind each; nothing is seen there, and no other site is in the west.
    east.write_text(east.read_text().replace("north", "west", 1))
    sites = (tmp_path / "sites.csv").read_text().splitlines()
    sites[1] = sites[1].rpartition(",")[0] + ","
    (tmp_path / "sites.csv").write_text("\n".join(sites))
    (tmp_path / "line.yaml").write_text(LINE.replace("VALIDATION", "{leave_out: region}"))
    planned = ensemble.plan_calibration(scenarios.load(tmp_path / "line.yaml"))
    (said,) = (str(one) for one in planned.warnings if "holding them back" in str(one))
    kind = planned.layout.groups.names[0]
    assert f"group {kind!r}: nothing is observed at its locations of 'west'" in said


def test_a_fold_is_what_holding_back_its_locations_is(sites):
    """Bit for bit: beside the other folds, a search of the same rest comes to the same."""
    text = calibrated.TWINS.replace("restarts: 2", "restarts: 1\n  validation: VALIDATION")
    turns = calibrated.run(
        sites, text=text.replace("VALIDATION", "{leave_out: half}"), store="turns.zarr", workers=1
    )[1]
    for fold, (kept, held) in enumerate((("VAL", "CAL"), ("CAL", "VAL"))):
        split = f"{{column: half, calibrate: {kept}}}"
        other = calibrated.run(
            sites, text=text.replace("VALIDATION", split), store=f"{kept}.zarr", workers=1
        )[1]
        assert turns.fold.values[fold] == held
        for name, own in (("parameters", "fold_parameters"), ("cost", "fold_cost")):
            np.testing.assert_array_equal(other[name].values[:, 0], turns[own].values[:, fold])
        for name in ("metrics", "default_metrics"):
            np.testing.assert_array_equal(other[name].values, turns[f"fold_{name}"].values[:, fold])


def test_blocks_and_folds_beside_change_no_bit(line, monkeypatch):
    from ensemble.calibration.layout import Layout

    validation = "{folds: 3, of: locations}"
    _, expected = run(line, validation)
    monkeypatch.setattr(Layout, "_length", lambda self: 1)
    _, found = run(line, validation, LINE.replace("name: line", "name: apart"))
    for name in expected.data_vars:
        np.testing.assert_array_equal(expected[name].values, found[name].values, err_msg=name)
    # Without folds, the search of all observations is the same.
    plain = LINE.replace("  validation: VALIDATION\n", "")
    _, alone = run(line, "", plain)
    for name in ("parameters", "cost", "evaluations", "population", "jacobian_sv"):
        np.testing.assert_array_equal(expected[name].values, alone[name].values, err_msg=name)


def test_layers_are_dealt_evenly_within_locations():
    groups = Groups(("a", "b"), np.array([[0, 0, 1, 0]]))
    there = np.random.default_rng(1).random((1, 4, 9)) < 0.7
    folds = Folds(("1", "2", "3"), None)
    found = folds.observations(there, groups, "wxyz", 1, "j")
    np.testing.assert_array_equal(found >= 0, there)
    for places in (found[0, [0, 1, 3]], found[0, [2]], *found[0]):
        counts = np.bincount(places[places >= 0], minlength=3)
        assert counts.max() - counts.min() <= 1
    assert (found != folds.observations(there, groups, "wxyz", 1, "k")).any(), "drawn apart"
    alone = Groups(("b",), np.array([[-1, -1, 0, -1]]))
    np.testing.assert_array_equal(
        folds.observations(there, alone, "wxyz", 1, "j")[0, 2], found[0, 2]
    )


def test_a_page_and_a_table_have_both_parts_of_every_fold(line):
    path, found = run(line, "{folds: 4, of: locations}")
    page = Page(write_report(path, line / "line.html").read_text(encoding="utf-8"))
    rows = page.table("group", "fold held back", "n")
    assert len(rows) == 8
    told = np.array([[float(cell) for cell in row[4:6]] for row in rows])
    stored = found.fold_metrics.sel(metric="rmse").values[..., 0].reshape(8, 2)
    np.testing.assert_allclose(told, stored, rtol=1e-3)
    pooled = {tuple(row[:2]): row for row in page.table("group", "observations", "n", "rmse")}
    both = found.metrics.sel(metric="rmse").values[:, :, 0]
    for g, name in enumerate(found.group.values):
        told = [float(pooled[name, part][3]) for part in ("calibrated on", "held back")]
        np.testing.assert_allclose(told, both[g], rtol=1e-3)
    assert ("all", "held back") in pooled
    assert "each observation as a search has it that has not seen it" in page.said
    captions = [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]
    assert any("right: held back in turn" in text for text in captions)
