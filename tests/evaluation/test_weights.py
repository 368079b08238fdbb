"""Weights of a run's members, and what they say of responses and sums over space."""

import numpy as np
import pytest
import xarray as xr
from gridded import forcing as data
from support import give, load, plan

import ensemble
from ensemble.runs.extend import extend
from ensemble.scores.quantiles import weighted_quantiles
from ensemble.store.reading import read
from scenarios import ScenarioError

TEXT = """
version: 1
name: weighed
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 60
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
responses:
  beta: {output: stock, value: true, model: beta}
  given: {output: litter, mean: [2000, 2001]}
aggregates: {stock: [global], litter: [global, zonal]}
evaluation:
  benchmarks:
    low: {compare: total, output: rh, value: 0.004 Pg C yr-1, interval: 0.003 Pg C yr-1}
    litter: {compare: total, output: litter, value: 0.004 Pg C yr-1, scores: [bias]}
  weights:
    likely: {likelihood: {low_bias: {sigma: observed}, litter_bias: {sigma: 2 Tg C yr-1}}}
    kept: {accept: {low_bias: {sigma: 0.001, discrepancy: 0.001}}, below: 2}
    apart: {performance: [low_bias], sigma: 0.004, independence: 1, of: [stock_global, low_bias]}
block: {location: 8, sample: 9}
"""


@pytest.fixture(autouse=True, scope="module")
def _forcings():
    with pytest.MonkeyPatch.context() as patch:
        give(patch, data.both())
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a finished run and what came of it."""
    return finished(tmp_path_factory.mktemp("weighed"))


def finished(tmp_path, text=TEXT, store="run.zarr", **options):
    planned = plan(tmp_path, text=text, store=store)
    outcome = ensemble.run(planned, **options)
    assert outcome.complete
    return planned.path, outcome


def group(path, name):
    return xr.open_zarr(path, group=name).load()


def test_weights_are_those_of_the_scores(run):
    path, outcome = run
    scores, found = group(path, "evaluation"), group(path, "evaluation/weights")
    bias, litter = scores.low_bias, scores.litter_bias
    assert found.likely.dims == ("forcing", "model", "sample")
    likely = np.exp(-0.5 * ((bias / 0.003) ** 2 + (litter / 0.002) ** 2))
    np.testing.assert_allclose(
        found.likely, (likely / likely.sum()).transpose(*bias.dims), rtol=1e-12
    )
    kept = abs(bias) / np.hypot(0.001, 0.001) < 2
    assert 5 < kept.sum() < kept.size
    np.testing.assert_allclose(found.kept, kept / kept.sum(), rtol=1e-12)
    about = found.sel(weights="kept")
    assert float(about.effective) == pytest.approx(float(kept.sum()))
    assert float(about.heaviest) == pytest.approx(10 / float(kept.sum()))
    assert int(about.without) == 0
    few = [name for name in found["weights"].values if found.effective.sel(weights=name) < 30]
    for name in few:
        assert any(f"weights.{name}: effective size" in line for line in outcome.warnings)


def test_models_that_are_alike_share_what_one_would_have(run):
    path, _ = run
    scores, found = group(path, "evaluation"), group(path, "evaluation/weights").apart
    seen = group(path, "evaluation/low/pairs")
    rows = seen.modelled.transpose("forcing", "model", "pair").to_numpy().reshape(6, -1)
    share = (seen.weight / seen.weight.sum()).to_numpy()
    apart = np.sqrt((((rows[:, None] - rows[None]) ** 2) * share).sum(axis=-1))
    near = np.exp(-((apart / 1.0) ** 2)).sum(axis=1) - 1
    assert 0.1 < near.max()
    by_model = np.exp(-((scores.low_bias.to_numpy() / 0.004) ** 2)) / (1 + near.reshape(2, 3, 1))
    np.testing.assert_allclose(found, by_model / by_model.sum(), rtol=1e-10)


def test_statistics_are_of_members_of_all_models_and_forcings(run):
    path, _ = run
    weights = group(path, "evaluation/weights").kept.to_numpy()
    found = group(path, "weighted/kept")
    assert found["statistic"].values[:3].tolist() == ["mean", "std", "q05"]
    stock = group(path, "aggregates").stock_global.transpose("forcing", "model", "sample")
    values = stock.to_numpy().reshape(-1)
    for name, w in (("prior", np.ones(values.size)), ("weighted", weights.reshape(-1))):
        one = found.stock_global.sel(ensemble=name)
        mean = np.average(values, weights=w)
        np.testing.assert_allclose(one.sel(statistic="mean"), mean, rtol=1e-12)
        std = np.sqrt(np.average((values - mean) ** 2, weights=w))
        np.testing.assert_allclose(one.sel(statistic="std"), std, rtol=1e-10)
        expected = weighted_quantiles(values, w, np.array([0.05, 0.95]))
        np.testing.assert_allclose(one.sel(statistic=["q05", "q95"]), expected, rtol=1e-12)


def test_a_response_of_one_model_has_the_weights_of_that_model(run):
    path, _ = run
    weights = group(path, "evaluation/weights").kept
    members, found = xr.open_zarr(path).load(), group(path, "weighted/kept")
    assert found.beta.dims == ("ensemble", "location", "statistic")
    w = weights.sel(model="beta").to_numpy().reshape(-1)
    values = members.beta.transpose("location", "forcing", "sample").to_numpy().reshape(30, -1)
    mean = found.beta.sel(ensemble="weighted", statistic="mean")
    np.testing.assert_allclose(mean, values @ w / w.sum(), rtol=1e-12)
    # What no model of several changes has the weight of all of them.
    w = weights.sum("model").to_numpy().reshape(-1)
    values = members.given.transpose("location", "forcing", "sample").to_numpy().reshape(30, -1)
    mean = found.given.sel(ensemble="weighted", statistic="mean")
    np.testing.assert_allclose(mean, values @ w / w.sum(), rtol=1e-12)
    assert found.litter_zonal.dims == ("ensemble", "band", "time", "statistic")


def test_what_the_weights_look_at_is_marked(run):
    path, _ = run
    kept, likely = group(path, "weighted/kept"), group(path, "weighted/likely")
    assert "comment" not in kept.stock_global.attrs
    assert "comment" not in kept.litter_global.attrs
    assert "litter: weights look at it" in likely.litter_global.attrs["comment"]
    assert "rh: weights look at it" in group(path, "weighted/apart").low_bias.attrs["comment"]


def test_weights_of_a_run_that_is_done_are_accepted_and_are_those_it_would_have_had(run, tmp_path):
    path, _ = run
    start, end = TEXT.index("  weights:"), TEXT.index("block:")
    other, _ = finished(tmp_path, TEXT[:start] + TEXT[end:], "later.zarr")
    assert "weighted" not in {p.partition("/")[0] for p in read(other).specs}
    finished(tmp_path, TEXT, "later.zarr", accept_changes="weights")
    for name in ("evaluation/weights", "weighted/kept", "weighted/likely", "weighted/apart"):
        assert group(path, name).identical(group(other, name)), name


def test_weights_of_a_run_that_is_extended_until_a_score_is_known_are_of_its_length(tmp_path):
    text = TEXT.replace("method: latin_hypercube\n  n: 60", "method: morris\n  trajectories: 12")
    path, _ = finished(tmp_path, text)
    made = extend(path, until=1e-9, of=["low_bias"], most=18)
    assert made.steps[-1].length == 18
    longer, _ = finished(tmp_path, text.replace("trajectories: 12", "trajectories: 18"), "new.zarr")
    for name in ("evaluation/weights", "weighted/kept"):
        assert group(path, name).identical(group(longer, name)), name


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{low_bias: {sigma: observed}, l", "{low_bia: {sigma: 2}, l", "no score 'low_bia'.*low_b"),
        ("sigma: 0.004, ind", "ind", "performance is missing sigma:"),
        ("below: 2", "sigma: 2", "found sigma: beside accept; it is of performance"),
        ("sigma: 2 Tg C yr-1", "sigma: 2 Tg C", "cannot become"),
        ("sigma: 2 Tg C yr-1", "sigma: 0", "needed more than 0"),
        ("sigma: 2 Tg C yr-1", "sigma: observed", "no interval of what was observed"),
        ("of: [stock_global, low_bias]", "of: [stock]", "output 'stock'.*aggregates: {stock: "),
        ("of: [stock_global, low_bias]", "of: [stok_global]", "no response.*stock_global"),
        ("performance: [low_bias]", "performance: [low_total]", "neither is better, so no value"),
        ("    kept: {", "    prior: {", "a name of every store's own"),
        (
            "responses:",
            "responses:\n  both: {combine: {low_bias: 1, given: 1}}",
            "'low_bias' is a score, known once all.*performance: .low_bias",
        ),
    ],
)
def test_what_cannot_be_weighed_is_refused_with_its_line(tmp_path, old, new, says):
    text = TEXT.replace(old, new)
    assert text != TEXT
    with pytest.raises(ScenarioError, match=says) as error:
        ensemble.plan(load(tmp_path, text), store=tmp_path / "run.zarr")
    assert all(problem.line for problem in error.value.problems), error.value
    assert not (tmp_path / "run.zarr").exists()
