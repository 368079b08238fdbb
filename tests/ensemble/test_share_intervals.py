"""Intervals of shares of variance: against other draws, a bootstrap, and known shares."""

import numpy as np
import pytest
from gridded import forcing as data
from support import give, plan

import ensemble
from ensemble.analysis.factorial import shares
from ensemble.analysis.share_intervals import CONFIDENCE, Drawn, Spread, moves
from ensemble.runs.analyze import analyze_store
from scenarios.designs.sampling.bootstrap import quantile

REPEATS = 400


def every(values, *factors):
    """Return factors of which each level is a unit."""
    return [Drawn(f, np.arange(n), n) for f in factors for n in [values.shape[1 + f]]]


def half_widths(values, drawn, nest=None, *, own_draws=False):
    """Return the half width of each share (cell, term), and of the mean share (term,)."""
    count = shares(values, range(1, values.ndim), nest=nest)
    spread = Spread((len(values), len(count)), own_draws=own_draws)
    spread.add(np.arange(len(values)), moves(values, drawn, nest=nest))
    return spread.half_widths(), spread.of_mean()


def bootstrapped(values, draw, *, nest=None, resamples=2000):
    """Return the half widths of one cell by drawing levels again, (term,)."""
    found = [shares(draw(values)[None], range(1, values.ndim + 1), nest=nest)
             for _ in range(resamples)]  # fmt: skip
    return quantile(CONFIDENCE) * np.std([[s[0] for s in one.values()] for one in found], axis=0)


MODEL = np.array([-1.0, 0.0, 1.0])[:, None, None]
FORCING = np.array([0.0, 1.5])[None, :, None]


def test_half_widths_are_those_of_a_bootstrap_over_samples():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1, 1, 200))
    values = MODEL + FORCING + (1 + 0.5 * MODEL) * x + 0.3 * rng.normal(size=(3, 2, 200))
    expected = bootstrapped(values, lambda v: v[..., rng.integers(0, 200, 200)])
    found = half_widths(values[None], every(values[None], 2))[0][0]
    np.testing.assert_allclose(found, expected, rtol=0.1, atol=2e-4)


def test_samples_of_each_forcing_are_drawn_within_it():
    rng = np.random.default_rng(2)
    values = MODEL + FORCING + rng.normal(size=(1, 2, 200)) + rng.normal(size=(3, 2, 200))

    def draw(v):
        return np.stack([v[:, f, rng.integers(0, 200, 200)] for f in range(2)], axis=1)

    expected = bootstrapped(values, draw, nest=(1, 2))
    found = half_widths(values[None], every(values[None], 2), (1, 2))[0][0]
    np.testing.assert_allclose(found, expected, rtol=0.1, atol=2e-4)


def test_factors_of_a_cross_are_drawn_each():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(1, 60, 1)), rng.normal(size=(1, 1, 80))
    values = MODEL + a + b + 0.5 * a * b

    def draw(v):
        return v[:, rng.integers(0, 60, 60)][..., rng.integers(0, 80, 80)]

    expected = bootstrapped(values, draw)
    found = half_widths(values[None], every(values[None], 1, 2))[0][0]
    np.testing.assert_allclose(found, expected, rtol=0.1, atol=2e-4)
    alone = [half_widths(values[None], every(values[None], f))[0][0] for f in (1, 2)]
    np.testing.assert_allclose(found, np.hypot(*alone), rtol=1e-12, atol=1e-15)


def exact(model, forcing, sample):
    """Return the shares of a sum of a model's, a forcing's and a sample's effect."""
    return np.array([model, forcing, sample]) / (model + forcing + sample)


@pytest.mark.parametrize("members", [40, 200])
def test_intervals_of_an_additive_response_hold_the_exact_shares(members):
    rng = np.random.default_rng(members)
    x = rng.uniform(-2, 2, (REPEATS, 1, 1, members))
    values = MODEL + FORCING + x
    known = exact(MODEL.var(), FORCING.var(), 16 / 12)
    found = np.stack(list(shares(values, (1, 2, 3)).values()), axis=-1)
    half, _ = half_widths(values, every(values, 2))
    held = (np.abs(found[:, :3] - known) <= half[:, :3]).mean(axis=0)
    assert (held >= 0.93).all(), held
    assert (held <= 0.98).all(), held
    # What does nothing together has no share, and no interval.
    assert np.abs(found[:, 3:]).max() < 1e-12
    assert half[:, 3:].max() < 1e-12


def test_intervals_of_samples_within_their_forcing_hold_the_exact_shares():
    rng = np.random.default_rng(5)
    values = MODEL + FORCING + rng.uniform(-2, 2, (REPEATS, 1, 2, 100))
    known = exact(MODEL.var(), FORCING.var(), 16 / 12)
    found = np.stack(list(shares(values, (1, 2, 3), nest=(1, 2)).values()), axis=-1)
    half, _ = half_widths(values, every(values, 2), (1, 2))
    held = (np.abs(found[:, :3] - known) <= half[:, :3]).mean(axis=0)
    assert (held >= 0.92).all(), held
    assert (held <= 0.98).all(), held


def test_a_mean_over_cells_of_the_same_draws_is_as_uncertain_as_one():
    rng = np.random.default_rng(6)
    one = MODEL + rng.normal(size=(1, 1, 80))
    cells = np.repeat(one[None], 50, axis=0)
    half, of_mean = half_widths(cells, every(cells, 2))
    np.testing.assert_allclose(of_mean, half[0], rtol=1e-12, atol=1e-15)
    _, of_own = half_widths(cells, every(cells, 2), own_draws=True)
    np.testing.assert_allclose(of_own, half[0] / np.sqrt(50), rtol=1e-12, atol=1e-15)


def test_rows_that_belong_together_are_one_unit():
    rng = np.random.default_rng(7)
    values = (MODEL + rng.normal(size=(1, 1, 60)))[None]
    thrice = np.repeat(values, 3, axis=-1)
    units = [Drawn(2, np.arange(180) // 3, 60)]
    expected = half_widths(values, every(values, 2))[0]
    np.testing.assert_allclose(half_widths(thrice, units)[0], expected, rtol=1e-12, atol=1e-15)
    # A unit that has lost a row is one still, and one that lost all moves nothing.
    some = [Drawn(2, np.delete(units[0].units, [0, 1, 2, 5]), 60)]
    found = moves(np.delete(thrice, [0, 1, 2, 5], axis=-1), some)[0]
    assert found.shape == (1, 1, 60, 7)
    assert not found[0, 0, 0].any()
    assert found[0, 0, 1].any()


# --- from a run to its store, tables and programs ---

TEXT = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: %s
seed: 3
precision: float64
responses: {change: {output: litter, change: [2000, 2002]}}
aggregates: {litter: [global]}
"""
CARLO = "monte_carlo\n  n: 40\n  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0, 1]}}"
STATED = "grid\n  parameters: {level: [1, 4, 8], slope: [0.1, 0.5, 0.9]}"
MIXED = """cross
  cross:
    - {method: grid, parameters: {level: [1, 4, 8]}}
    - {method: monte_carlo, n: 12, parameters: {slope: {uniform: [0.1, 0.9]}}}"""


def analysed(tmp_path, monkeypatch, design):
    give(monkeypatch, data.both(6))
    planned = plan(tmp_path, text=TEXT % design)
    assert ensemble.run(planned, workers=1).complete
    tables = analyze_store(planned.path)
    split = [t for t in tables if t["title"].startswith("shares of variance")]
    return ensemble.open_run(planned.path), split


def test_shares_have_intervals_wherever_they_are_shown(tmp_path, monkeypatch):
    tree, tables = analysed(tmp_path, monkeypatch, CARLO)
    found = tree["variance"]
    terms = found.term.values.tolist()
    values, half = found.change_share, found.change_share_conf
    assert values.dims == half.dims == ("location", "term")
    some = np.isfinite(values).all("term")
    assert some.any()
    assert (half.values[some, terms.index("parameters")] > 0).all()
    np.testing.assert_allclose(values[some].sum("term"), 1, rtol=0, atol=1e-12)
    cube = tree.change.values.transpose(1, 0, 2)[some.values]
    expected = half_widths(cube, every(cube, 1))
    np.testing.assert_allclose(half.values[some], expected[0], rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(found.change_share_mean_conf, expected[1], rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(found.change_share_mean, values[some].mean("location"), atol=1e-15)
    mean = tables[0]
    assert all("+-" in cell for row in mean["rows"] for cell in row[1:])
    assert any("over other draws of parameters" in note for note in mean["notes"])
    record = next(r for r in mean["records"] if r["of"] == "change")
    row = dict(zip(terms, record["terms"], strict=True))["parameters"]
    assert row["half_width"] == pytest.approx(expected[1][terms.index("parameters")])
    assert row["wide"] == (row["half_width"] > row["value"] / 2)
    assert {r["location"] for t in tables[1:] for r in t["records"]}


def test_shares_that_are_wide_are_marked(tmp_path, monkeypatch):
    _, tables = analysed(tmp_path, monkeypatch, CARLO.replace("n: 40", "n: 5"))
    shown = [(cell, term["wide"]) for t in tables for r in t["records"]
             for term, row in zip(r["terms"], t["rows"], strict=True)
             for cell in [row[1 + [x["of"] for x in t["records"]].index(r["of"])]]]  # fmt: skip
    assert {wide for _, wide in shown} == {True, False}
    assert all(cell.endswith(" *") == wide for cell, wide in shown)
    for t in tables:
        marked = any(cell.endswith(" *") for row in t["rows"] for cell in row[1:])
        assert any("wider than half" in note for note in t["notes"]) == marked


def test_a_forcing_that_is_lost_at_one_place_moves_nothing_there(tmp_path, monkeypatch):
    given = [data.forcing(f"f{k}", 6, 0.05 * k) for k in range(7)]
    for one in given:
        np.minimum(one.drivers["warmth"], 1.4, out=one.drivers["warmth"])
    # Levels above 9 fail where it is hot: all of one forcing at one place.
    given[2].drivers["warmth"][3, 1] = 2.0
    give(monkeypatch, given)
    text = TEXT % CARLO.replace("level: {uniform: [1, 8]}", "level: {uniform: [9.1, 9.9]}")
    planned = plan(tmp_path, "failed_limit=1", text=f"{text}independent: [forcing]\n")
    assert ensemble.run(planned, workers=1, try_first=False).complete
    tree = ensemble.open_run(planned.path)
    lost = (tree.status.values != 0).all(axis=2)
    assert np.argwhere(lost).tolist() == [[2, 3]]
    analyze_store(planned.path)
    found = ensemble.open_run(planned.path)["variance"]
    cube = tree.change.values[~lost[:, 3], 3][None]
    expected = half_widths(cube, every(cube, 1), (0, 1))[0][0]
    np.testing.assert_allclose(found.change_share_conf[3], expected, rtol=1e-10, atol=1e-15)
    assert np.isfinite(found.change_share_mean_conf).all()


def test_levels_that_were_stated_have_no_interval(tmp_path, monkeypatch):
    tree, tables = analysed(tmp_path, monkeypatch, STATED)
    assert "change_share_conf" not in tree["variance"]
    assert not any("+-" in cell for row in tables[0]["rows"] for cell in row[1:])
    assert any("levels were stated, not drawn" in note for note in tables[0]["notes"])
    assert {row["half_width"] for r in tables[0]["records"] for row in r["terms"]} == {None}


def test_of_a_cross_the_factor_that_was_drawn_gives_the_interval(tmp_path, monkeypatch):
    tree, _ = analysed(tmp_path, monkeypatch, MIXED)
    found = tree["variance"]
    assert found.change_share.attrs["drawn"] == "slope"
    some = np.isfinite(found.change_share).all("term").values
    cube = tree.change.values.transpose(1, 0, 2)[some].reshape(-1, 2, 3, 12)
    expected = half_widths(cube, every(cube, 2))[0]
    np.testing.assert_allclose(found.change_share_conf[some], expected, rtol=1e-10, atol=1e-15)
