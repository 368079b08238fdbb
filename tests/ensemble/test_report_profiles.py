"""Figures of importance, profiles, single changes and grids: when they are there, and their values.

What is drawn is checked, not how: the data behind a figure against the store by xarray.
"""

import base64
import html
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from layered import forcing as data
from support import give, plan

import ensemble
from ensemble.analysis.indices import results, stored
from ensemble.members.responses import layers as evaluation
from ensemble.report import write_report
from ensemble.report.data.cells import all_cells, evenly, kind
from ensemble.report.data.effects import all_effects
from ensemble.report.data.profiles import all_profiles
from ensemble.report.figures.importance import colours, importances
from ensemble.report.figures.importance_by_depth import all_by_depth
from ensemble.report.figures.one_at_a_time import all_changes, largest, signed
from ensemble.report.figures.parts.style import look, power
from ensemble.report.figures.profiles import drawn_cells, in_words, limits
from ensemble.report.figures.response_curves import _over_grid, all_curves, drawn_lines, pairs_of
from ensemble.report.figures.screening import screenings
from ensemble.store.reading import read
from ensemble.store.writing import add_arrays
from ensemble.tables.results import Results

LABEL = "layers of sand"
TEXT = """
version: 1
name: layers
kernel: layered.model
forcing: {reader: synthetic_models, n: 1}
design: DESIGN
seed: 3
precision: float64
outputs: {soc: all, fraction_modern: all, soc_stock: last}
responses:
  j_soc: {output: soc, cost: {observed: soc, relative_error: 0.1}}
  j_14c: {output: fraction_modern, cost: {observed: fraction_modern, relative_error: 0.1}}
  at_10: {output: soc, layer: 10}
statistics: {soc: [mean, std, q05, q95], fraction_modern: [mean, std]}
block: {location: 2, sample: 3}
"""
MORRIS = """
  method: morris
  trajectories: 16
  parameters: {scale: {uniform: [10, 50]}, shape: {uniform: [0.02, 0.022]}}
"""
GRID = "{method: grid, parameters: {scale: [10, 20, 30, 40], shape: {logspace: [0.001, 0.1, 11]}}}"
CHANGE = (-0.25, 0.25)
"""Of the rows that `single` writes, a parameter after the other."""


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, [data.forcing(synthetic=LABEL)])


def finished(tmp_path, design=MORRIS, text=TEXT):
    planned = plan(tmp_path, text=text.replace("DESIGN", design))
    assert ensemble.run(planned, workers=1).complete
    return planned.path


def analyzed(path):
    """Return the numbers of a store whose analysis is stored, and that analysis."""
    found = results(read(path))
    return Results(add_arrays(read(path), found)), found


def single(tmp_path, parameters=("scale", "shape")):
    """Return the numbers of a one-at-a-time design, its rows given as a table."""
    base = {"scale": 30.0, "shape": 0.02}
    rows = [base] + [{**base, p: base[p] * (1 + c)} for p in parameters for c in CHANGE]
    lines = ["scale,shape", *(f"{r['scale']!r},{r['shape']!r}" for r in rows)]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    store = read(finished(tmp_path, "{method: table, path: rows.csv}"))
    own = {"method": "one_at_a_time", "parameters": list(parameters), "change": list(CHANGE)}
    attrs = {**store.attrs, "design": {**store.attrs["design"], **own}}
    return Results(replace(store, attrs=attrs))


def page_of(path, tmp_path):
    """Return what the page says, and its pictures."""
    # The kernel of these tests is not one of the package.
    page = write_report(path, tmp_path / "page.html", import_kernel=True)
    text = page.read_text(encoding="utf-8")
    codes = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)
    said = html.unescape(re.sub(r"<[^>]+>", " ", text))
    return said, [base64.b64decode(code).decode() for code in codes]


# --- importance and screening ---


def test_indices_are_those_of_the_analysis_in_the_order_of_their_mean(tmp_path):
    numbers, found = analyzed(finished(tmp_path))
    effects = {one.name: one for one in all_effects(numbers, stored(numbers.store))}
    assert set(effects) == {"j_soc", "j_14c", "at_10"}
    bare = replace(effects["at_10"], indices={"mu_star": effects["at_10"].indices["mu_star"]})
    assert list(importances([bare], "")) == list(screenings([bare], "")) == []
    one = effects["j_soc"]
    assert one.effects == ("scale", "shape")
    assert one.cells == ("a", "b", "c")
    assert one.kind == "locations"
    for index in ("theta", "mu_star", "sigma", "mu_star_conf"):
        np.testing.assert_array_equal(one.indices[index], found[f"sensitivity/j_soc_{index}"][1][0])
    mean = one.mean("theta")
    np.testing.assert_allclose(mean, one.indices["theta"].mean(axis=0))
    assert list(mean[one.order("theta", 9)]) == sorted(mean, reverse=True)


def test_a_location_where_nothing_is_observed_is_no_part_of_the_mean(tmp_path):
    numbers, found = analyzed(finished(tmp_path))
    one = next(e for e in all_effects(numbers, found) if e.name == "j_14c")
    assert (found["sensitivity/j_14c_mu_star"][1][0, 2] == 0).all()
    assert one.cells == ("a", "b")
    assert one.lost("theta") == 1
    np.testing.assert_allclose(
        one.mean("mu_star"), found["sensitivity/j_14c_mu_star"][1][0, :2].mean(axis=0)
    )
    with look():
        captions = [p.caption for p in (*importances([one], ""), *screenings([one], ""))]
    assert all("j_14c: 1 of 3 locations have none, or do not vary." in c for c in captions)


@pytest.mark.slow
def test_indices_of_the_run_itself_are_found_as_well(tmp_path):
    asked = "{soc: [theta], at_10: [theta, mu_star, sigma]}"
    text = TEXT.replace("{soc: [mean, std, q05, q95], fraction_modern: [mean, std]}", asked)
    path = finished(tmp_path, text=text.replace("sample: 3", "sample: 6"))
    tree = xr.open_datatree(path, engine="zarr")["statistics"]
    numbers = Results(read(path))
    (one,) = all_effects(numbers, {})
    assert (one.name, one.units, one.effects) == ("at_10", "mg C cm-3", ("scale", "shape"))
    for index in ("theta", "mu_star", "sigma"):
        np.testing.assert_array_equal(one.indices[index], tree[f"at_10_{index}"].values[0])
    (deep,) = all_by_depth(numbers, {})
    theta = tree.soc_theta.values[0]
    assert deep.theta.shape == theta.shape == (3, 5, 2)
    np.testing.assert_allclose(deep.mean, theta.mean(axis=0))
    # Of what the run itself computed no interval is known.
    assert np.isnan(deep.half).all()
    # An analysis of outputs says the same.
    (again,) = (d for d in all_by_depth(numbers, results(read(path))) if d.name == "soc")
    np.testing.assert_allclose(again.mean, deep.mean)
    part = replace(deep, theta=np.where(np.arange(3)[:, None, None] == 1, np.nan, theta))
    np.testing.assert_allclose(part.mean, theta[::2].mean(axis=0))
    said, _ = page_of(path, tmp_path)
    assert "to each layer of an output: mean over 3 locations" in said


def test_many_cells_are_shown_by_their_spread(tmp_path):
    numbers, found = analyzed(finished(tmp_path))
    one = next(iter(all_effects(numbers, found)))
    generator = np.random.default_rng(0)
    cells = tuple(f"site {k}" for k in range(40))
    indices = {"theta": generator.random((40, 2))}
    with look():
        (drawn,) = importances([replace(one, cells=cells, indices=indices)], LABEL)
        (few,) = importances([one], LABEL)
    assert "Points: 40 locations; diamonds and numbers: their mean" in drawn.caption
    assert "Bars: locations" in few.caption
    assert all(f"SYNTHETIC DATA: {LABEL}" in p.svg.decode() for p in (drawn, few))
    assert len(set(colours(12))) == 12


# --- profiles ---


def test_profiles_are_those_of_the_store(tmp_path):
    path = finished(tmp_path)
    tree = xr.open_datatree(path, engine="zarr")
    found = {one.name: one for one in all_profiles(Results(read(path)))}
    assert set(found) == {"soc", "fraction_modern"}
    one = found["soc"]
    assert one.line_words == "control member"
    np.testing.assert_array_equal(one.line, tree["control/soc"].values[0])
    np.testing.assert_array_equal(one.band[0], tree["statistics/soc_q05"].values[0])
    np.testing.assert_array_equal(one.band[1], tree["statistics/soc_q95"].values[0])
    np.testing.assert_array_equal(one.observed, data.SOC.values)
    np.testing.assert_array_equal(one.middle, tree.layer.values)
    weights = evaluation.overlap(one.bounds, data.SOC.top, data.SOC.bottom)
    expected = np.einsum("lnk,lk->ln", weights, one.line)
    known = one.compared
    np.testing.assert_allclose(one.modelled[known], expected[known])
    # More than half of 80-130 cm is below the layers.
    assert np.isfinite(data.SOC.values[2, 1])
    assert not known[2, 1]
    line = evaluation.regression(data.SOC.values[known], expected[known])
    assert one.regression.slope == pytest.approx(line.slope)
    seen = np.where(known, data.SOC.values, np.nan)
    assert one.rmse == pytest.approx(evaluation.rmse(list(seen), list(expected)))
    assert f"RMSE {one.rmse:.3g} mg C cm" in in_words(one)
    modern = found["fraction_modern"]
    assert modern.band_words == "mean \N{PLUS-MINUS SIGN} 1 SD over samples"
    mean, std = (tree[f"statistics/fraction_modern_{w}"].values[0] for w in ("mean", "std"))
    np.testing.assert_allclose(modern.band[1], mean + std)
    np.testing.assert_array_equal(modern.error[:, :2], data.MODERN.error)
    # Nothing is observed of it at the third.
    assert drawn_cells(modern) == [0, 1]


def test_observations_are_shown_in_the_unit_of_the_output(tmp_path, monkeypatch):
    grams = replace(data.SOC, values=data.SOC.values * 1e-3, units="g C cm-3")
    give(monkeypatch, [data.forcing(observations={"soc": grams})])
    (one,) = all_profiles(Results(read(finished(tmp_path, text=without("j_14c")))))
    np.testing.assert_allclose(one.observed, data.SOC.values)


def without(response):
    return "\n".join(line for line in TEXT.splitlines() if f"  {response}:" not in line)


def test_without_an_output_the_samples_stand_for_the_model(tmp_path):
    text = TEXT.replace("{soc: all, fraction_modern: all, soc_stock: last}", "{soc_stock: last}")
    path = finished(tmp_path, text=text)
    tree = xr.open_datatree(path, engine="zarr")
    one = next(iter(all_profiles(Results(read(path)))))
    assert one.line_words == "mean over samples"
    np.testing.assert_array_equal(one.line, tree["statistics/soc_mean"].values[0])


def test_a_wide_band_leaves_line_and_points_legible(tmp_path):
    one = next(iter(all_profiles(Results(read(finished(tmp_path))))))
    plain = limits(replace(one, band=None), 0)
    wide = replace(one, band=(one.line - 1e6, one.line + 1e6))
    assert np.ptp(limits(wide, 0)) < 4 * np.ptp(plain)


# --- one at a time, and grids ---


def test_changes_are_relative_to_the_base_member(tmp_path):
    numbers = single(tmp_path)
    found = {one.name: one for one in all_changes(numbers)}
    assert set(found) == {"soc", "fraction_modern"}
    one = found["soc"]
    assert one.percent.shape == (3, 2, 2, 5)
    # The carbon is proportional to its scale; its shape acts with depth.
    np.testing.assert_allclose(one.percent[:, 0, 0], -25.0)
    np.testing.assert_allclose(one.percent[:, 0, 1], 25.0)
    shape = 100 * (np.exp(-0.25 * 0.02 * one.middle) - 1)
    np.testing.assert_allclose(one.percent[:, 1, 1], np.tile(shape, (3, 1)))
    assert largest(one) == [0, 1]
    assert [signed(c) for c in one.change] == ["\N{MINUS SIGN}25 %", "+25 %"]
    soc = xr.open_zarr(numbers.store.path).soc.values[0]
    np.testing.assert_allclose(one.percent[:, 1, 0], 100 * (soc[..., 3] / soc[..., 0] - 1))


def test_curves_are_the_members_of_the_grid(tmp_path):
    path = finished(tmp_path, GRID)
    found = list(all_curves(Results(read(path))))
    assert [(c.name, c.layer) for c in found[:4]] == [
        ("j_soc", ""), ("j_14c", ""), ("at_10", ""), ("soc", "0\N{EN DASH}5 cm"),
    ]  # fmt: skip
    at_10 = found[2]
    tree = xr.open_zarr(path)
    np.testing.assert_array_equal(at_10.axes[0].values, [10, 20, 30, 40])
    np.testing.assert_allclose(at_10.axes[1].values, np.geomspace(0.001, 0.1, 11))
    assert (at_10.axes[0].logarithmic, at_10.axes[1].logarithmic) == (False, True)
    np.testing.assert_array_equal(at_10.values, tree.at_10.values[0].reshape(3, 4, 11))
    deepest = [c for c in found if c.name == "soc"][-1]
    assert deepest.layer == "40\N{EN DASH}100 cm"
    np.testing.assert_array_equal(deepest.values, tree.soc.values[0, :, -1].reshape(3, 4, 11))
    assert drawn_lines(at_10) == [0, 2, 4, 6, 8, 10]


def test_of_more_parameters_the_rest_is_held_near_the_control_member(tmp_path):
    # The control member's scale is 30.
    design = "{method: grid, parameters: {scale: [10, 28, 40], shape: [0.01, 0.02]}}"
    assert pairs_of([15, 4, 15]) == [(0, 1), (2, 1)]
    store = read(finished(tmp_path, design))
    (at_10,) = (c for c in all_curves(Results(store)) if c.name == "at_10")
    numbers = Results(store)
    cells, axes = all_cells(numbers), list(at_10.axes)
    held = _over_grid(numbers, "at_10", cells, axes, [1])
    np.testing.assert_array_equal(held[..., 0], at_10.values[:, 1])
    turned = _over_grid(numbers, "soc", cells, axes, [1, 0])
    members = xr.open_zarr(store.path).soc.values[0].reshape(3, 5, 3, 2)
    np.testing.assert_array_equal(turned, np.swapaxes(members, -1, -2))


def test_a_grid_of_one_parameter_has_one_line(tmp_path):
    path = finished(tmp_path, "{method: grid, parameters: {shape: [0.01, 0.02, 0.05]}}")
    found = list(all_curves(Results(read(path))))
    assert found[0].values.shape == (3, 3, 1)
    assert len(found[0].axes) == 1


# --- the page ---


def test_the_page_shows_what_the_store_allows(tmp_path):
    analyzed(finished(tmp_path))
    said, pictures = page_of(tmp_path / "run.zarr", tmp_path)
    for text in (
        "Carbon of the soil by depth, model and observations, at all 3 locations.",
        "Observed against modelled (control member), all locations",
        "Importance \N{GREEK SMALL LETTER THETA} of each parameter",
        "Elementary effects of each parameter",
    ):
        assert text in said
    for text in ("Relative change of", "one line per value"):
        assert text not in said
    for drawn in pictures:
        assert f"SYNTHETIC DATA: {LABEL}" in drawn
        ElementTree.fromstring(drawn)


@pytest.mark.slow
def test_a_page_of_other_designs_and_without_observations(tmp_path, monkeypatch):
    give(monkeypatch, [data.forcing(observations={})])
    text = without("j_soc").replace("  j_14c:", "  # ")
    said, _ = page_of(finished(tmp_path, GRID, text=text), tmp_path)
    assert "against scale, one line per value of shape (6 of 11, evenly chosen)" in said
    for text in ("model and observations", "Observed against", "Importance", "Elementary"):
        assert text not in said


@pytest.mark.parametrize("design", [MORRIS, pytest.param(GRID, marks=pytest.mark.slow)])
def test_an_unfinished_run_shows_what_is_known(tmp_path, design):
    planned = plan(tmp_path, text=TEXT.replace("DESIGN", design))
    blocks = -(-(48 if design is MORRIS else 44) // 3)
    asked = iter(range(blocks + 1))
    ensemble.run(planned, workers=1, stop=lambda: next(asked, None) is None)
    (one, modern) = all_profiles(Results(read(planned.path)))
    # The first block of locations is whole, that of the third has only begun.
    assert drawn_cells(one) == drawn_cells(modern) == [0, 1]
    said, _ = page_of(planned.path, tmp_path)
    assert "at the 2 of 3 locations that have both" in said
    assert "cannot be read" not in said
    assert "one line per value" not in said


@pytest.mark.parametrize(
    ("lost", "gone"),
    [
        pytest.param("observations/soc", "model and observations", marks=pytest.mark.slow),
        pytest.param("layer_bounds", "model and observations", marks=pytest.mark.slow),
        pytest.param("scale", "one line per value", marks=pytest.mark.slow),
        pytest.param("control/soc", "Carbon of the soil by depth", marks=pytest.mark.slow),
    ],
)
def test_what_cannot_be_read_is_told_and_not_drawn(tmp_path, lost, gone):
    path = finished(tmp_path, GRID)
    chunks = [f for f in (path / lost).rglob("*") if f.is_file() and f.name != "zarr.json"]
    assert chunks
    for file in chunks:
        file.unlink()
    said, _ = page_of(path, tmp_path)
    assert "cannot be read" in said
    assert gone not in said


def test_cells_are_named_by_what_differs(tmp_path, monkeypatch):
    give(monkeypatch, data.both())
    numbers = Results(read(finished(tmp_path)))
    assert [cell.name for cell in all_cells(numbers)][:4] == [
        "a, here",
        "b, here",
        "c, here",
        "a, there",
    ]
    assert kind(numbers) == "forcings and locations"
    (one, _) = all_profiles(numbers)
    assert one.line.shape == (6, 5)
    control = xr.open_datatree(numbers.store.path, engine="zarr")["control/soc"].values
    np.testing.assert_array_equal(one.line[4], control[1, 1])


def test_even_choices_and_powers_of_ten():
    assert evenly(range(5), 12) == [0, 1, 2, 3, 4]
    assert evenly(range(11), 8) == [0, 2, 4, 6, 8, 10]
    assert evenly(range(100), 4) == [0, 33, 66, 99]
    assert len(evenly(range(57), 12)) == 12
    assert [power(v) for v in (0.01, 1, 1000, 1e4, 1e-6)] == ["0.01", "1", "1000", "10⁴", "10⁻⁶"]
