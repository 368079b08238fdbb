"""The shipped scenarios of MIMICS by depth, through the whole program."""

import itertools

import numpy as np
import pytest
import screening
import xarray as xr
from profile_tables import ONE_AT_A_TIME
from scipy.interpolate import CubicSpline
from support import plan

import ensemble
import scenarios
from ensemble.report.figures.relative_response import all_curves
from ensemble.report.run import Run
from ensemble.store.reading import read
from scenarios import ScenarioError


def results_of(path):
    return Run(read(path)).results


HERE = [0, 3, 9, 19]


def run(tmp_path, name, *settings):
    planned = ensemble.plan(scenarios.load(name, settings=settings), store=tmp_path / "run.zarr")
    ensemble.run(planned)
    return planned, xr.open_datatree(tmp_path / "run.zarr", engine="zarr")


def test_one_at_a_time_is_the_published_table(tmp_path):
    planned, found = run(tmp_path, "mimics-one-at-a-time")
    rows = [("base",)] + [(p, 1 + c) for p in ("x_D", "alpha_v", "alpha_r") for c in (-0.25, 0.25)]
    assert found["soc"].dims == ("forcing", "location", "layer", "sample")
    np.testing.assert_array_equal(found["layer"], np.arange(2.5, 100, 5))
    assert not found["status"].any()
    for at, site in enumerate(found["location"].values):
        soc = found["soc"].values[0, at]
        for sample, row in enumerate(rows):
            *layers, whole = ONE_AT_A_TIME[(str(site), *row)]
            if row == ("base",):
                np.testing.assert_allclose(soc[HERE, 0], layers, rtol=1e-7)
                assert found["soc_stock"].values[0, at, 0] * 1000 == pytest.approx(whole, rel=1e-7)
                continue
            change = 100 * (soc[:, sample] / soc[:, 0] - 1)
            np.testing.assert_allclose(change[HERE], layers, atol=1e-3)
            assert np.abs(change).mean() == pytest.approx(whole, abs=1e-3)
    # The control member is that of the fitted parameters, as is the first row.
    np.testing.assert_array_equal(found["control/soc"].values, found["soc"].values[..., 0])
    fitted = found["fit_x_v"].values
    np.testing.assert_array_equal(found["control/x_v"].values[0], fitted)
    assert ensemble.plan(planned.scenario, store=tmp_path / "run.zarr").identity == planned.identity


@pytest.mark.slow
def test_both_modes_of_the_screening_run_the_same_members(tmp_path):
    few = "design.trajectories=2"
    alone = screening.scenario(tmp_path, few, "forcing={reader: synthetic_profiles, n: 2}")
    ensemble.run(ensemble.plan(alone, store=tmp_path / "alone.zarr"))
    _, found = run(tmp_path, "wang2021-morris", few)
    one = xr.open_datatree(tmp_path / "alone.zarr", engine="zarr")
    assert list(found["kernel"].values) == ["steady", "paper"]
    np.testing.assert_array_equal(found["x_v"].values, one["x_v"].values)
    for name in ("soc", "fraction_modern"):
        values = found[name].transpose("kernel", ...).values
        np.testing.assert_array_equal(values[0], one[name].values)
        assert (values[0] != values[1]).all()
    for name in ("j_soc", "j_14c", "j"):
        np.testing.assert_array_equal(found[name].values, one[name].values)
        for end in ("", "_paper"):
            logged = np.log10(found[f"{name}{end}"].values)
            np.testing.assert_allclose(found[f"log10_{name}{end}"].values, logged, rtol=1e-6)
    # Where the paper's rule stops is no steady state: deep layers are far from it.
    apart = abs(found["soc"].sel(kernel="paper") / found["soc"].sel(kernel="steady") - 1)
    assert apart.isel(layer=-1).median() > 3 * apart.isel(layer=0).median()


@pytest.fixture(scope="module")
def figure_8(tmp_path_factory):
    planned, found = run(tmp_path_factory.mktemp("fig8"), "wang2021-fig8")
    assert not found["status"].any()
    return planned.path, found


AT = {15: 1, 35: 3}
"""Layers of 10 cm: the second and the fourth."""


def test_the_sites_and_sets_of_figure_8(figure_8):
    _, found = figure_8
    assert list(found["location"].values) == ["EBF", "BNF"]
    np.testing.assert_array_equal(found["control/alpha_r"].values[0], [22.74, 14.59])
    np.testing.assert_array_equal(found["control/x_D"].values[0], [0.0, 0.0])
    for depth, layer in AT.items():
        soc = found["soc"].isel(layer=layer).values
        np.testing.assert_allclose(found[f"soc_{depth}cm"].values, soc, rtol=1e-6)


def test_triangles_of_figure_8_lie_on_its_curves(figure_8):
    """Without diffusion a layer is on its own: whoever halves its litter, it holds as much."""
    path, _ = figure_8
    (drawn,) = (c for c in all_curves(results_of(path)) if c.name == "soc")
    assert drawn.layers == ("10\N{EN DASH}20 cm", "30\N{EN DASH}40 cm")
    assert drawn.cells == ("EBF", "BNF")
    litter, uptake = drawn.panels
    assert (litter.parameter, litter.given) == ("litter_below_factor", "root_litter")
    assert (uptake.parameter, uptake.given) == ("x_v", "uptake_factor")
    assert [(m.parameter, m.share) for m in litter.marks] == [("alpha_r", -0.25), ("alpha_r", 0.25)]
    assert [(m.parameter, m.share) for m in uptake.marks] == [("alpha_v", -0.25), ("alpha_v", 0.25)]
    depth = np.array(list(AT)) / 100
    alpha_r, alpha_v = np.array([[22.74], [14.59]]), np.array([[4.71], [3.89]])
    for mark in litter.marks:
        expected = in_layer(alpha_r * (1 + mark.share), depth) / in_layer(alpha_r, depth)
        np.testing.assert_allclose(mark.x, expected, rtol=1e-12)
    for mark in uptake.marks:
        np.testing.assert_allclose(mark.x, np.exp(-mark.share * alpha_v * depth), rtol=1e-12)
    for panel in drawn.panels:
        for mark, cell, layer in itertools.product(panel.marks, range(2), range(2)):
            curve = CubicSpline(np.log(panel.factors), np.log(panel.y[cell, layer]))
            on_curve = np.exp(curve(np.log(mark.x[cell, layer])))
            assert mark.y[cell, layer] == pytest.approx(on_curve, rel=2e-3)
            other = np.exp(curve(np.log(mark.x[cell, 1 - layer])))
            assert mark.y[cell, layer] != pytest.approx(other, rel=2e-3)


def in_layer(alpha, depth):
    """Return the share of roots (m-1) in a layer of 10 cm around a depth, of 1 m."""
    top = np.exp(-alpha * (depth - 0.05)) - np.exp(-alpha * (depth + 0.05))
    return top / (1 - np.exp(-alpha))


FIXED = """
version: 1
name: fixed
kernel: {name: mimics_profile, layers: [10, 20]}
forcing: {reader: synthetic_profiles, n: 2}
parameters: {x_k: 9.5, beta: {column: fit_beta}}
design: {method: grid, parameters: {x_v: [4, 8]}}
outputs: {soc: all}
"""


def test_parameters_that_the_design_leaves_alone(tmp_path):
    ensemble.run(plan(tmp_path, text=FIXED))
    found = xr.open_datatree(tmp_path / "run.zarr", engine="zarr")
    assert found["control/x_k"].values.tolist() == [[9.5, 9.5]]
    np.testing.assert_array_equal(found["control/beta"].values[0], [1.11, 1.19])
    # The control member has x_v 4, as the first sample.
    np.testing.assert_array_equal(found["control/soc"].values, found["soc"].values[..., 0])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("x_k: 9.5", "x_q: 9.5", "parameters.x_q: kernel 'mimics_profile' has no parameter 'x_q'"),
        ("x_k: 9.5", "x_k: -1", r"parameters\.x_k: found -1; needed 1e-06 to"),
        ("fit_beta", "fit_bta", r"parameters\.beta: no column 'fit_bta'.*fit_beta"),
        ("x_k: 9.5", "x_k: high", "found 'high'; needed a finite number"),
    ],
)
def test_parameters_that_cannot_be(tmp_path, old, new, said):
    with pytest.raises(ScenarioError, match=said):
        plan(tmp_path, text=FIXED.replace(old, new))
