"""Scores by name in analyses, intervals, tables, status and the page of a run."""

import json

import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep
from gridded import forcing as data
from support import give, plan

import ensemble
from ensemble.members.reopening import open_layout
from ensemble.runs.extend import extend
from ensemble.store.reading import read

TEXT = """
version: 1
name: scored
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: morris
  trajectories: 12
  resamples: 20
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
evaluation:
  benchmarks:
    globe: {compare: total, output: rh, value: 0.004 Pg C yr-1}
    litter: {compare: total, output: litter, value: 0.004 Pg C yr-1, scores: [bias]}
statistics: {litter_bias: [mean, mu_star]}
block: {location: 8, sample: 9}
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A finished run, which keeps nothing but scores."""
    give(monkeypatch, data.both())
    planned = plan(tmp_path, text=TEXT)
    assert ensemble.run(planned).complete
    return planned.path


def test_an_analysis_has_the_indices_of_scores(path):
    said = soilsweep("analyze", path, "--json")
    assert said.code == 0, said.err
    titles = {table["title"] for table in json.loads(said.out)}
    assert "sensitivity of globe_bias, beta" in titles
    assert "sensitivity of litter_bias, all locations" in titles
    found = xr.open_zarr(path, group="sensitivity").load()
    scores = xr.open_zarr(path, group="evaluation").load()
    assert found.globe_bias_mu_star.dims == ("forcing", "model", "effect")
    design = open_layout(read(path)).sampler.first
    flat = scores.globe_bias.to_numpy().reshape(6, -1)
    expected = design.analyze(flat)["mu_star"].reshape(2, 3, 2)
    np.testing.assert_allclose(found.globe_bias_mu_star, expected, rtol=1e-12)
    np.testing.assert_allclose(
        found.litter_bias_mu_star[:, 0], found.globe_bias_mu_star.sel(model="alpha"), rtol=1e-12
    )
    assert found.globe_bias_mu_star.attrs["units"] == "Pg C yr-1"


def test_a_design_is_extended_until_a_score_is_known(path):
    made = extend(path, until=1e-9, of=["globe_bias"], most=24)
    assert made.steps[-1].length == 24
    assert made.steps[0].width.where.startswith("globe_bias, ")
    assert extend(path, until=1e9).reached


def test_tables_and_status_have_scores_with_what_was_left_out(path, tmp_path):
    status = json.loads(soilsweep("status", path, "--json").out)
    records = status["evaluation"]["globe"]
    scores = xr.open_zarr(path, group="evaluation").load()
    first = next(r for r in records if (r["score"], r["of"]) == ("globe_bias", "gamma"))
    values = scores.globe_bias.sel(forcing=first["forcing"], model="gamma")
    assert first["samples"] == values.size
    assert first["q50"] == pytest.approx(float(np.median(values)))
    assert first["control"] is not None
    page = tmp_path / "page.html"
    assert soilsweep("report", path, "--output", page).code == 0
    assert "against globe" in page.read_text()
