"""Members of a run as models of an evaluation, and the best of one of models side by side."""

import json

import numpy as np
import pytest
import xarray as xr
from commandline import refused, soilsweep
from gridded import forcing as data
from support import give, load, plan

import ensemble
from ensemble.members.ranking import ranked
from ensemble.store.reading import read
from scenarios import ScenarioError

TEXT = """
version: 1
name: weighed
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 24
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {rh: all, litter: all}
evaluation:
  benchmarks:
    low: {compare: total, output: rh, value: 0.004 Pg C yr-1}
    litter: {compare: total, output: litter, value: 0.004 Pg C yr-1}
  weights: {likely: {likelihood: {low_bias: {sigma: 0.003}}}}
  keep: {best: 3, by: low_bias, model: beta}
block: {location: 8, sample: 9}
"""
FILE = """
version: 1
name: means
models:
  control: {store: run.zarr, forcing: later, model: beta}
  all: {store: run.zarr, forcing: later, model: beta, members: all}
  best: {store: run.zarr, forcing: later, model: beta, members: {best: 5, by: low_bias}}
  likely: {store: run.zarr, forcing: later, model: beta, members: {weighted: likely}}
evaluation:
  benchmarks:
    low: {compare: total, output: rh, value: 0.004 Pg C yr-1, scores: [total]}
    litter: {compare: total, output: litter, value: 0.004 Pg C yr-1, scores: [total]}
store: means.zarr
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a finished run that keeps outputs of its members."""
    folder = tmp_path_factory.mktemp("members")
    with pytest.MonkeyPatch.context() as patch:
        give(patch, data.both())
        assert ensemble.run(plan(folder, text=TEXT)).complete
        patch.chdir(folder)
        yield folder


def group(path, name):
    return xr.open_zarr(path, group=name).load()


def test_a_mean_of_members_has_the_mean_of_their_totals(folder):
    (folder / "means.yaml").write_text(FILE)
    said = soilsweep("evaluate", "means.yaml")
    assert said.code == 0, said.err
    assert "likely: mean by the weights likely, " in said.out
    assert "best: mean of the 5 best members by low_bias of beta under later" in said.out
    scores = group(folder / "run.zarr", "evaluation")
    weights = group(folder / "run.zarr", "evaluation/weights").likely
    totals = scores.low_total.sel(forcing="later", model="beta").to_numpy()
    mine = weights.sel(forcing="later", model="beta").to_numpy()
    bias = np.abs(scores.low_bias.sel(model="beta").mean("forcing").to_numpy())
    best = np.argsort(bias)[:5]
    control = group(folder / "run.zarr", "evaluation/control").low_total
    expected = [control.sel(forcing="later", model="beta"), totals.mean(), totals[best].mean(),
                np.average(totals, weights=mine)]  # fmt: skip
    found = group(folder / "means.zarr", "evaluation")
    np.testing.assert_allclose(found.low_total, expected, rtol=1e-12)
    litter = scores.litter_total.sel(forcing="later").to_numpy()
    np.testing.assert_allclose(found.litter_total[1], litter.mean(), rtol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (", model: beta, members: all", ", members: all", "is by model; needed model: alpha or"),
        ("{weighted: likely}", "{weighted: likly}", "has no weights 'likly'; it has likely"),
        ("{best: 5, by: low_bias}", "{best: 50, by: low_bias}", "24 samples have a value, not 50"),
        ("{best: 5, by: low_bias}", "{best: 5}", "needed control, all, {best: 20, by: SCORE} or"),
        ("by: low_bias}", "by: low_bia}", "no number of each member is called 'low_bia'"),
    ],
)
def test_members_that_there_are_not_are_refused(folder, old, new, says):
    text = FILE.replace(old, new)
    assert text != FILE
    (folder / "other.yaml").write_text(text.replace("means.zarr", "other.zarr"))
    refused(soilsweep("evaluate", "other.yaml"), says, lines=None)
    assert not (folder / "other.zarr").exists()


def test_the_best_of_a_model_are_run_again_as_the_scenario_keeps_them(folder):
    said = soilsweep("replay", "run.zarr", "--into", "kept.zarr", "--json")
    assert said.code == 0, said.err
    told = [one["sample"] for one in json.loads(said.out)["best"]]
    scores = group(folder / "run.zarr", "evaluation")
    bias = np.abs(scores.low_bias.sel(model="beta").mean("forcing").to_numpy())
    assert told == np.argsort(bias)[:3].tolist()
    before, now = xr.open_zarr(folder / "run.zarr"), xr.open_zarr(folder / "kept.zarr")
    np.testing.assert_array_equal(now.rh, before.rh[..., told])
    store = read(folder / "run.zarr")
    gamma = np.abs(scores.low_bias.sel(model="gamma").mean("forcing").to_numpy())
    assert ranked(store, "low_bias", model="gamma").first(1)[0] == gamma.argmin()
    words = ("--best", 2, "--by", "low_bias")
    refused(soilsweep("replay", "run.zarr", *words), "--model alpha or beta or gamma")
    words = ("--best", 2, "--by", "litter_bias", "--model", "beta")
    refused(soilsweep("replay", "run.zarr", *words), "not by model; leave --model out")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("by: low_bias, model: beta", "by: low_bia, model: beta", "no response.*'low_bia'"),
        ("by: low_bias, model: beta", "by: low_bias", "low_bias is by model; needed model: alpha"),
    ],
)
def test_what_is_kept_is_a_number_of_each_member(folder, tmp_path, old, new, says):
    with pytest.raises(ScenarioError, match=says) as error:
        ensemble.plan(load(tmp_path, TEXT.replace(old, new)), store=tmp_path / "run.zarr")
    assert all(problem.line for problem in error.value.problems)
