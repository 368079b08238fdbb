"""The shipped scenarios of MIMICS by depth, through the whole program."""

import numpy as np
import pytest
import xarray as xr
from profile_tables import ONE_AT_A_TIME
from support import plan

import ensemble
import scenarios
from scenarios import ScenarioError

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


def test_responses_of_two_layers(tmp_path):
    _, found = run(tmp_path, "wang2021-fig8")
    soc = found["soc"]
    np.testing.assert_allclose(found["soc_15cm"], soc.sel(layer=15), rtol=1e-6)
    np.testing.assert_allclose(found["soc_35cm"], soc.sel(layer=35), rtol=1e-6)
    assert not found["status"].any()


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
