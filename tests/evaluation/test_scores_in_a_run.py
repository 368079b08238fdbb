"""Scores inside a run: by name in statistics, whatever the workers, the kill, the cut."""

import numpy as np
import pytest
import xarray as xr
from gridded import forcing as data
from support import give, load, plan

import ensemble
from ensemble.errors import PlanError
from ensemble.members.reopening import open_layout
from ensemble.runs.extend import extend
from ensemble.runs.verify import verify
from ensemble.store.reading import read
from scenarios import ScenarioError

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
    low: {compare: total, output: rh, value: 0.004 Pg C yr-1, period: [2000, 2001]}
    high: {compare: total, output: rh, value: 0.02 Pg C yr-1, interval: 0.01 Pg C yr-1,
           scores: [within, total]}
statistics: {low_bias: [mean, std, q05, q50, mu_star, mu_star_conf], high_within: [mean]}
block: {location: 8, sample: 9}
"""
PLAIN = TEXT[: TEXT.index("evaluation:")] + "outputs: {rh: all}\nblock: {location: 8, sample: 9}\n"


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, data.both())


def finished(tmp_path, text=TEXT, store="run.zarr", *settings, **options):
    planned = plan(tmp_path, *settings, text=text, store=store)
    assert ensemble.run(planned, **options).complete
    return planned.path


def group(path, name="evaluation"):
    return xr.open_zarr(path, group=name).load()


def test_totals_are_those_of_stored_outputs_and_no_output_is_stored(tmp_path):
    path = finished(tmp_path)
    assert "rh" not in read(path).specs
    whole = finished(tmp_path, PLAIN.replace("seed: 3", "seed: 3\nprecision: float64"), "all.zarr")
    rh = read(whole).read_whole("rh")
    area = data.places(30).columns["area"]
    expected = np.einsum("l,flmts->fmts", area, rh) * 1e-15
    found = group(path)
    np.testing.assert_allclose(found.low_bias, expected[:, :, :2].mean(axis=2) - 0.004, rtol=1e-12)
    np.testing.assert_allclose(found.high_total, expected.mean(axis=2), rtol=1e-12)
    np.testing.assert_array_equal(found.high_within, abs(found.high_total - 0.02) <= 0.01)
    assert found.low_bias.attrs["units"] == "Pg C yr-1"
    assert found.low_bias.dims == ("forcing", "model", "sample")


def test_statistics_of_a_score_are_of_all_samples(tmp_path):
    path = finished(tmp_path)
    scores, found = group(path).low_bias.to_numpy(), group(path, "evaluation/statistics")
    np.testing.assert_allclose(found.low_bias_mean, scores.mean(axis=-1), rtol=1e-13)
    np.testing.assert_allclose(found.low_bias_std, scores.std(axis=-1), rtol=1e-13)
    np.testing.assert_allclose(found.low_bias_q05, np.quantile(scores, 0.05, axis=-1), rtol=1e-13)
    design = open_layout(read(path)).sampler.first
    expected = design.analyze(scores.reshape(-1, scores.shape[-1]))["mu_star"]
    np.testing.assert_allclose(found.low_bias_mu_star, expected.reshape(2, 3, 2), rtol=1e-12)
    assert found.effect.to_numpy().tolist() == ["level", "slope"]


def test_workers_change_no_bit_and_a_run_goes_on(tmp_path):
    one = finished(tmp_path)
    stopped = plan(tmp_path, text=TEXT, store="two.zarr")
    outcome = ensemble.run(stopped, stop=iter([False, False, True, *[True] * 99]).__next__)
    assert 0 < outcome.committed < outcome.blocks
    two = finished(tmp_path, TEXT, "two.zarr", workers=2)
    assert verify(read(one)).digest == verify(read(two)).digest
    for name in ("evaluation", "evaluation/control", "evaluation/statistics"):
        assert group(one, name).identical(group(two, name))


def test_an_extended_run_is_one_of_its_length(tmp_path):
    path = finished(tmp_path)
    made = extend(path, until=1e-9, of=["low_bias"], most=24)
    assert made.steps[-1].length == 24
    fresh = finished(tmp_path, TEXT.replace("trajectories: 12", "trajectories: 24"), "new.zarr")
    assert group(path).identical(group(fresh))
    assert group(path, "evaluation/statistics").identical(group(fresh, "evaluation/statistics"))


def test_other_observations_are_another_run(tmp_path):
    finished(tmp_path)
    other = plan(tmp_path, text=TEXT.replace("value: 0.004", "value: 0.005"))
    with pytest.raises(PlanError, match="evaluation"):
        ensemble.run(other)
    with pytest.raises(PlanError, match="members are scored as they run"):
        ensemble.run(other, accept_changes="better data")


def test_a_store_needs_no_reader_of_what_was_observed(tmp_path):
    (tmp_path / "series.txt").write_text("# year, value\n2000, 0.004\n2001, 0.006\n")
    text = TEXT.replace("value: 0.004 Pg C yr-1", "observed: series.txt, units: Pg C yr-1")
    path = finished(tmp_path, text)
    document = (path / "zarr.json").read_text()
    assert "global_series" in document
    (path / "zarr.json").write_text(document.replace("global_series", "lab_series"))
    (tmp_path / "series.txt").unlink()
    assert not verify(read(path), rerun=2).damage
    assert open_layout(read(path)).evaluation.prepared["low"].about["observed"] == 0.005


def test_another_score_of_the_same_sums_is_accepted(tmp_path):
    path = finished(tmp_path)
    more = plan(
        tmp_path,
        text=TEXT.replace("period: [2000, 2001]}", "period: [2000, 2001], scores: [bias, total]}"),
    )
    assert ensemble.run(more, accept_changes="the total, too").complete
    found = group(path)
    np.testing.assert_allclose(found.low_total, found.low_bias + 0.004, rtol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("output: rh, value: 0.004", "output: rhh, value: 0.004", "no output 'rhh'.*'rh'"),
        ("compare: total, output: rh, value: 0.004", "compare: totals, output: rh, value: 0.004",
         "unknown compare 'totals'.*'total'"),
        ("low_bias: [mean", "low_bia: [mean", "no output or response 'low_bia'.*low_bias"),
        ("low_bias: [mean", "low_bias_tropical: [mean", "no score 'low_bias_tropical'"),
        ("scores: [within, total]", "scores: [within, totl]", "unknown score 'totl'"),
        ("value: 0.004 Pg C yr-1", "value: 0.004 Pg C", "cannot become 'Pg C'"),
        ("period: [2000, 2001]", "period: [1990, 2001]", "the run has 2000-2002"),
        ("period: [2000, 2001]", "period: [2001, 2000]", "needed .first year, last year."),
        ("output: rh, value: 0.02", "output: stock, value: 0.02", "cannot become"),
        ("low: {", "control: {", "name of every store's own"),
        ("seed: 3", "seed: 3\nresponses: {high_total: {output: litter, change: [2000, 2001]}}",
         "'high_total' is the name of another"),
        ("seed: 3", "seed: 3\nindependent: [location]", "no score over all of them"),
        ("value: 0.004 Pg C yr-1", "same_as: high", "'high' has no observed: of its own"),
        ("value: 0.004 Pg C yr-1", "observed: absent.txt, units: Pg C yr-1", "absent.txt"),
        ("mu_star, mu_star_conf]", "histogram]", "histogram"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused_with_its_line(tmp_path, old, new, says):
    text = TEXT.replace(old, new)
    assert text != TEXT
    with pytest.raises(ScenarioError, match=says) as error:
        ensemble.plan(load(tmp_path, text), store=tmp_path / "run.zarr")
    assert all(problem.line or problem.file for problem in error.value.problems), error.value
    assert not (tmp_path / "run.zarr").exists()


def test_sums_that_no_block_can_hold_are_refused_by_benchmark(tmp_path, monkeypatch):
    monkeypatch.setattr("ensemble.planning.requests.HELD_NBYTES", 150)
    with pytest.raises(ScenarioError, match=r"benchmarks\.high: found sums of") as error:
        plan(tmp_path, text=TEXT)
    assert len(error.value.problems) == 2
