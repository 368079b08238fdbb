"""Costs of every kind and metrics, of outputs by depth and by date, against numbers by hand."""

import numpy as np
import pytest
import xarray as xr
from layered import forcing as data
from layered.model import Options, bounds
from support import give, plan, run

import ensemble
import scenarios
from ensemble.members.responses.layers import overlap
from ensemble.runs.verify import replay, verify
from ensemble.store.reading import read

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
outputs: {soc: all, fraction_modern: all}
responses:
  plain: {output: soc, cost: {observed: soc, error: {relative: 0.1}}}
  floored: {output: soc, cost: {observed: soc, error: {relative: 0.1, floor: 2000 g m-3}}}
  own: {output: fraction_modern, cost: {observed: fraction_modern, error: {floor: "0.02 1"}}}
  logged: {output: soc, cost: {observed: soc, error: {relative: 0.1}, residual: log}}
  robust: {output: soc, cost: {observed: soc, error: {relative: 0.1}, huber: 1.5}}
  short: {output: soc, cost: {observed: soc, relative_error: 0.1}}
  rmse: {output: soc, metric: {rmse: soc}}
  bias: {output: soc, metric: {name: bias, observed: soc}}
  nse: {output: soc, metric: {nse: soc}}
  kge: {output: soc, metric: {kge: soc}}
  r2: {output: soc, metric: {r2: soc}}
  halved: {expression: soc / 2, metric: {bias: soc}}
  worst: max(rmse, abs(bias)) + 1 [g m-3]
statistics: {rmse: [mean, q50], nse: [mean]}
block: {location: 2, sample: 16}
"""
EDGES = bounds(Options())


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, data.both())


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        give(monkeypatch, data.both())
        planned = plan(tmp_path_factory.mktemp("scores"), text=TEXT)
        outcome = ensemble.run(planned, workers=1)
    return planned, outcome


@pytest.fixture(scope="module")
def found(done):
    return xr.open_datatree(done[0].path, engine="zarr")


def of_place(found, name, seen, forcing, place):
    """Return observed values (n,), modelled (n, s) and errors (n,) of those that have a pair."""
    weights = overlap(EDGES, seen.top, seen.bottom)[place]
    there = np.isfinite(seen.values[place]) & weights.any(axis=-1)
    modelled = np.einsum("nk,ks->ns", weights, found[name].values[forcing, place])
    error = None if seen.error is None else seen.error[place][there]
    return seen.values[place][there], modelled[there], error


def everywhere(found, name, seen):
    for f, place in np.ndindex(2, 3):
        yield f, place, *of_place(found, name, seen, f, place)


def test_costs_are_those_by_hand(found):
    for f, place, o, m, _ in everywhere(found, "soc", data.SOC):
        residual = (o[:, None] - m) / (0.1 * o)[:, None]
        far = np.abs(residual)
        logs = (np.log(o[:, None]) - np.log(m)) / 0.1
        floor = np.sqrt((0.1 * o) ** 2 + 2.0**2)[:, None]
        expected = {
            "plain": residual**2,
            "short": residual**2,
            "floored": ((o[:, None] - m) / floor) ** 2,
            "logged": logs**2,
            "robust": np.where(far <= 1.5, far**2, 1.5 * (2 * far - 1.5)),
        }
        for name, terms in expected.items():
            values = found[name].values[f, place]
            np.testing.assert_allclose(values, terms.sum(axis=0), rtol=1e-9, err_msg=name)
    for f, place, o, m, e in everywhere(found, "fraction_modern", data.MODERN):
        terms = ((o[:, None] - m) / np.sqrt(e**2 + 0.02**2)[:, None]) ** 2
        np.testing.assert_allclose(found["own"].values[f, place] + np.zeros(40), terms.sum(axis=0),
                                   rtol=1e-9, atol=1e-12)  # fmt: skip


def test_metrics_are_those_by_hand(found):
    for f, place, o, m, _ in everywhere(found, "soc", data.SOC):
        apart = m - o[:, None]
        rmse, bias = np.sqrt((apart**2).mean(axis=0)), apart.mean(axis=0)
        np.testing.assert_allclose(found["rmse"].values[f, place], rmse, rtol=1e-9)
        np.testing.assert_allclose(found["bias"].values[f, place], bias, rtol=1e-9, atol=1e-12)
        halved = (m / 2 - o[:, None]).mean(axis=0)
        np.testing.assert_allclose(found["halved"].values[f, place], halved, rtol=1e-9, atol=1e-12)
        worst = np.maximum(rmse, np.abs(bias)) + 0.001
        np.testing.assert_allclose(found["worst"].values[f, place], worst, rtol=1e-9)
        nse = found["nse"].values[f, place]
        if len(o) < 2:
            # One observation does not vary; its rmse is still one.
            assert np.isnan(nse).all()
            continue
        ours = 1 - (apart**2).sum(axis=0) / ((o - o.mean()) ** 2).sum()
        np.testing.assert_allclose(nse, ours, rtol=1e-9)
        r = np.array([np.corrcoef(o, column)[0, 1] for column in m.T])
        np.testing.assert_allclose(found["r2"].values[f, place], r**2, rtol=1e-7)
        spread, means = m.std(axis=0) / o.std(), m.mean(axis=0) / o.mean()
        kge = 1 - np.sqrt((r - 1) ** 2 + (spread - 1) ** 2 + (means - 1) ** 2)
        np.testing.assert_allclose(found["kge"].values[f, place], kge, rtol=1e-8, atol=1e-10)


def test_units_are_those_of_metrics(found):
    assert found["rmse"].attrs["units"] == "mg C cm-3"
    assert found["nse"].attrs["units"] == "1"
    assert found["worst"].attrs["units"] == "mg C cm-3"
    assert "root mean square error of" in found["rmse"].attrs["long_name"]


def test_a_place_without_a_metric_is_told_before_and_counted_after(done, found):
    planned, outcome = done
    said = "\n".join(map(str, planned.warnings))
    assert "response 'nse', location 'b': 2 values or more are needed; it has no metric" in said
    np.testing.assert_array_equal(found["undefined/nse"].values[:, 1], [40, 40])
    assert (found["undefined/rmse"].values == 0).all()
    assert any("responses.nse: " in text for text in outcome.warnings)
    assert np.isnan(found["statistics/nse_mean"].values[:, 1]).all()


def test_a_member_alone_has_the_same_bits(done):
    store = read(done[0].path)
    for member in [(0, 0, 0), (1, 2, 39), (0, 1, 17)]:
        assert replay(store, member).differences == []
    assert verify(store, rerun=6).damage == []


COST = "plain: {output: soc, cost: {observed: soc, error: {relative: 0.1}}}"
RMSE = "rmse: {output: soc, metric: {rmse: soc}}"
REFUSED = {
    (COST, "error: {relative: 0.1}", "error: {}"): "found nothing; needed relative: 0.1, floor:",
    (COST, "error: {relative: 0.1}", "error: {floor: 2}"): "found 2; needed a number and its unit",
    (COST, "error: {relative: 0.1}", "error: {floor: -2 mg cm-3}"): "needed more than 0",
    (COST, "error: {relative: 0.1}", "error: {relative: 0.1, floor: 2 K}"): "'K' cannot become",
    (COST, "error:", "relative_error: 0.1, error:"): "found relative_error: and error:; needed",
    (COST, "0.1}}", "0.1}, huber: 0}"): "found 0; needed more than 0",
    (COST, "0.1}}", "0.1}, residual: sqrt}"): "needed 'log'",
    (RMSE, "{rmse: soc}", "{rsme: soc}"): "unknown metric 'rsme'; did you mean 'rmse'?",
    (RMSE, "{rmse: soc}", "{rmse: sok}"): "nothing is observed as 'sok'; did you mean 'soc'?",
    (RMSE, "{rmse: soc}", "{rmse: fraction_modern}"): "output 'soc' is in 'mg C cm-3' and",
    (RMSE, "{rmse: soc}", "rmse"): "found 'rmse'; needed {rmse: soc}",
    (RMSE, "{rmse: soc}", "{rmse: soc, years: [1, 2]}"): "output 'soc' has no time; leave years:",
}  # fmt: skip


@pytest.mark.parametrize(("change", "told"), REFUSED.items())
def test_what_does_not_fit_is_refused(tmp_path, change, told):
    line, old, new = change
    assert old in line
    with pytest.raises(scenarios.ScenarioError) as caught:
        plan(tmp_path, text=TEXT.replace(line, line.replace(old, new)))
    assert told in str(caught.value)
    assert not (tmp_path / "run.zarr").exists()


def test_a_log_of_nothing_is_refused_before_the_run(tmp_path, monkeypatch):
    from dataclasses import replace

    values = data.SOC.values.copy()
    values[0, 1] = -0.5
    seen = {**data.forcing().observations, "soc": replace(data.SOC, values=values)}
    give(monkeypatch, [data.forcing(observations=seen)])
    with pytest.raises(scenarios.ScenarioError, match="is not above 0, and has no logarithm"):
        plan(tmp_path, text=TEXT)


def test_a_metric_that_nowhere_is_one_is_refused(tmp_path, monkeypatch):
    from dataclasses import replace

    values = np.where(np.isfinite(data.SOC.values), 7.5, np.nan)
    seen = {**data.forcing().observations, "soc": replace(data.SOC, values=values)}
    give(monkeypatch, [data.forcing(observations=seen)])
    with pytest.raises(scenarios.ScenarioError) as caught:
        run(tmp_path, text=TEXT)
    said = str(caught.value)
    for name in ("nse", "kge", "r2"):
        assert f"responses.{name}.metric: no location has {name} of 'soc': " in said
    assert "responses.rmse" not in said
