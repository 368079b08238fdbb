"""Metrics over the observations of all locations together, sample by sample."""

import numpy as np
import pytest
import xarray as xr
from layered import forcing as data
from layered.model import Options, bounds
from support import give, plan

import ensemble
import scenarios
from ensemble.members.responses.layers import overlap
from ensemble.runs.verify import verify
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.sums import sum_tables

NAMES = ("rmse", "bias", "nse", "kge", "r2")
TEXT = """
version: 1
name: scores
kernel: layered.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 40
  parameters: {scale: {uniform: [10, 50]}, shape: {uniform: [0.001, 0.1]}}
seed: 3
precision: float64
outputs: {soc: all}
responses:
  rmse: {output: soc, metric: {rmse: soc}}
  bias: {output: soc, metric: {bias: soc}}
  nse: {output: soc, metric: {nse: soc}}
  kge: {output: soc, metric: {kge: soc}}
  r2: {output: soc, metric: {r2: soc}}
  half: {expression: soc / 2, metric: {bias: soc}}
  plain: {output: soc, layer: 10}
aggregates:
  rmse: {over: [score], statistics: [mean, q50]}
  bias: [score]
  nse: [score]
  kge: [score]
  r2: [score]
  half: [score]
block: {location: 2, sample: 16}
"""


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, data.both())


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        give(monkeypatch, data.both())
        planned = plan(tmp_path_factory.mktemp("scores"), text=TEXT)
        assert ensemble.run(planned, workers=1).complete
    return planned


def pairs(found, forcing):
    """Return all observed values (n,) and what is modelled beside them, (n, s)."""
    observed, modelled = [], []
    for place in range(3):
        weights = overlap(bounds(Options()), data.SOC.top, data.SOC.bottom)[place]
        there = np.isfinite(data.SOC.values[place]) & weights.any(axis=-1)
        observed.append(data.SOC.values[place][there])
        modelled.append((weights @ found["soc"].values[forcing, place])[there])
    return np.concatenate(observed), np.concatenate(modelled)


def by_hand(o, m):
    apart = m - o[:, None]
    r = np.array([np.corrcoef(o, column)[0, 1] for column in m.T])
    spread, means = m.std(axis=0) / o.std(), m.mean(axis=0) / o.mean()
    return {
        "rmse": np.sqrt((apart**2).mean(axis=0)),
        "bias": apart.mean(axis=0),
        "nse": 1 - (apart**2).sum(axis=0) / ((o - o.mean()) ** 2).sum(),
        "kge": 1 - np.sqrt((r - 1) ** 2 + (spread - 1) ** 2 + (means - 1) ** 2),
        "r2": r**2,
        "half": (m / 2 - o[:, None]).mean(axis=0),
    }


def test_scores_are_those_by_hand(done):
    found = xr.open_datatree(done.path, engine="zarr")
    for f in range(2):
        for name, values in by_hand(*pairs(found, f)).items():
            score = found[f"aggregates/{name}_score"]
            assert score.dims == ("forcing", "sample")
            np.testing.assert_allclose(score.values[f], values, rtol=1e-9, atol=1e-12)
    rmse = found["aggregates/rmse_score"]
    assert rmse.attrs["units"] == "mg C cm-3"
    mean = found["aggregates/statistics/rmse_score_mean"].values
    np.testing.assert_allclose(mean, rmse.values.mean(axis=-1), rtol=1e-12)
    assert np.isfinite(found["aggregates/control/nse_score"].values).all()
    assert "rmse_score [mg C cm-3]" in {t.title for t in sum_tables(Results(read(done.path)))}
    assert verify(read(done.path), rerun=4).damage == []


def test_blocks_and_workers_change_nothing_that_matters(done, tmp_path):
    other = plan(tmp_path, "block={location: 1, sample: 8}", text=TEXT)
    ensemble.run(other, workers=2)
    one, two = (xr.open_datatree(p.path, engine="zarr") for p in (done, other))
    for name in NAMES:
        first, second = (tree[f"aggregates/{name}_score"].values for tree in (one, two))
        np.testing.assert_allclose(first, second, rtol=1e-14, atol=1e-14)


def test_blocks_keep_locations_together(tmp_path):
    text = TEXT.replace("block: {location: 2, sample: 16}\n", "")
    assert plan(tmp_path, text=text).layout.needs.locations_together
    without = text[: text.index("aggregates:")]
    assert not plan(tmp_path, text=without).layout.needs.locations_together


def test_a_sample_with_a_failed_member_has_no_score(tmp_path):
    planned = plan(tmp_path, "design.parameters.scale={uniform: [50, 100]}", text=TEXT)
    ensemble.run(planned, workers=1)
    found = xr.open_datatree(planned.path, engine="zarr")
    failed = (found["status"].values != 0).any(axis=1)
    assert 0 < failed.sum() < failed.size
    np.testing.assert_array_equal(np.isnan(found["aggregates/rmse_score"].values), failed)


REFUSED = {
    "plain: [score]": "'plain' is no metric; needed a response such as",
    "soc: [score]": "'soc' is no metric",
    "rmse: [score, global_mean]": "needed score alone, a metric over all locations",
}


@pytest.mark.parametrize(("words", "told"), REFUSED.items())
def test_what_has_no_score_is_refused(tmp_path, words, told):
    text = TEXT[: TEXT.index("aggregates:")] + f"aggregates: {{{words}}}\n"
    with pytest.raises(scenarios.ScenarioError) as caught:
        plan(tmp_path, text=text)
    assert told in str(caught.value)


def test_samples_that_differ_by_place_have_no_score(tmp_path):
    with pytest.raises(scenarios.ScenarioError, match="no score over all of them"):
        plan(tmp_path, "independent=[location]", text=TEXT)
