"""Weights in tables, shares of variance and figures: a page of constrained projections."""

import numpy as np
import pytest
import xarray as xr
from gridded import forcing as data
from support import give, plan

import ensemble
from ensemble.analysis import shares
from ensemble.members.reopening import open_layout
from ensemble.report.data import weighed
from ensemble.report.figures import (
    constrained_parameters,
    constrained_projections,
    constrained_scores,
    score_importance,
)
from ensemble.report.figures.parts.style import look
from ensemble.report.run import Run
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.scores import score_tables
from ensemble.tables.weights import weight_tables

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
aggregates: {stock: [global], litter: [global]}
evaluation:
  benchmarks:
    low: {compare: total, output: rh, value: 0.004 Pg C yr-1}
    litter: {compare: total, output: litter, value: 0.004 Pg C yr-1, scores: [bias]}
  weights:
    kept: {accept: {low_bias: {sigma: 0.001 Pg C yr-1}, litter_bias: {sigma: 0.001}}, below: 2}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a finished run of three models and two forcings that has weights."""
    with pytest.MonkeyPatch.context() as patch:
        give(patch, data.both())
        planned = plan(tmp_path_factory.mktemp("weighed"), text=TEXT)
        assert ensemble.run(planned).complete
        yield Run(read(planned.path))


def drawn(module, run):
    with look():
        return list(module.draw(run))


def test_tables_say_how_many_members_are_left_and_mark_what_weights_look_at(run):
    sizes, whose, under = weight_tables(run.results)
    weights = xr.open_zarr(run.store.path, group="evaluation/weights").load()
    kept = int((weights.kept > 0).sum())
    assert sizes.rows[0][2:5] == ["360", str(kept), f"{kept:.1f}"]
    assert "within 2 errors: low_bias +- 0.001 Pg C yr-1, litter_bias +- 0.001" in sizes.rows[0][1]
    assert [row[0] for row in whose.rows] == [
        f"{forcing}, {model}"
        for forcing in ("now", "later")
        for model in ("alpha", "beta", "gamma")
    ]
    shares_of = weights.kept.sum("sample").transpose("forcing", "model").to_numpy().reshape(-1)
    assert [row[1] for row in whose.rows] == [f"{share:.1%}" for share in shares_of]
    names = [row[0].partition(" [")[0] for row in under.rows]
    assert names == ["stock_global", *["litter_global"] * 3]
    assert "*" in under.rows[1][0]
    assert "*" not in under.rows[0][0]
    notes = [note for table in score_tables(run.results) for note in table.notes]
    assert "low_bias: weights kept look at it, so under these it is no result" in notes


def test_each_benchmark_alone_narrows_a_projection_less_than_all_of_them(run):
    (found,) = weighed.every(run)
    by_name = {target.name: rows for target, rows in weighed.projections(run, found)}
    rows = by_name["stock_global"]
    assert [row.words for row in rows] == ["all members alike", "by low", "by litter", "by all"]
    assert rows[0].members == 360
    assert rows[3].members <= min(rows[1].members, rows[2].members)
    stored = xr.open_zarr(run.store.path, group="weighted/kept").load().stock_global
    np.testing.assert_allclose(rows[0].statistics, stored.sel(ensemble="prior"), rtol=1e-12)
    np.testing.assert_allclose(rows[3].statistics, stored.sel(ensemble="weighted"), rtol=1e-12)


def test_figures_say_number_rule_and_what_is_no_result(run):
    (scores,) = drawn(constrained_scores, run)
    assert "all 360 members alike" in scores.caption
    assert "beyond these no member is accepted" in scores.caption
    (parameters,) = drawn(constrained_parameters, run)
    assert "those that they move most first" in parameters.caption
    (projected,) = drawn(constrained_projections, run)
    assert "litter_global (of litter): weights look at it" in projected.caption
    assert "stock_global" not in projected.caption
    pictures = [one for one in drawn(score_importance, run) if not isinstance(one, str)]
    assert len(pictures) == 1
    assert "Which parameter decides the fit" in pictures[0].caption


def test_the_variance_of_a_score_is_split_over_models_forcings_and_parameters(run):
    store = run.store
    found = shares.splits(store, open_layout(store), outputs=False)
    spec, values = found["variance/evaluation/low_bias_share"]
    terms = [str(term) for term in found[f"variance/{spec.dims[-1]}"][1]]
    bias = xr.open_zarr(store.path, group="evaluation").low_bias.load()
    whole = float(bias.var())
    for term, dim in (("model", "model"), ("forcing", "forcing"), ("parameters", "sample")):
        others = [other for other in bias.dims if other != dim]
        expected = float(bias.mean(others).var()) / whole
        assert values[terms.index(term)] == pytest.approx(expected, rel=1e-9), term
    assert values.sum() == pytest.approx(1.0)
    assert "variance/evaluation/low_bias_share" in run.split


def test_a_run_without_weights_has_no_section(run):
    results = Results(run.store)
    results.store.attrs["identity"]["scenario"]["evaluation"]["weights"] = {}
    assert weight_tables(results) == []
