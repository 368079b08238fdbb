"""Scores of held-out predictions, drawn, too, and what intervals hold, by hand and scikit-learn."""

import re

import numpy as np
import pytest
from commandline import soilsweep
from support import run

import ensemble
from ensemble.members.stored import read_ensemble
from ensemble.report import Run, figures
from ensemble.report.figures.parts.style import look
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.validation import pooled_scores, validation_tables

pytest.importorskip("quantile_forest", reason="needs the extra 'forest'")

from sklearn.metrics import r2_score, root_mean_squared_error

TEXT = """
version: 1
name: validated
kernel: {name: forest_validation, training: invented, trees: 4, quantiles: [0.025, 0.1, 0.9, 0.975]}
forcing: {reader: synthetic_records}
design: {method: grid, parameters: {repeat: [0, 1, 5]}}
outputs: {held_out: all, observed: all, held_out_q025: all, held_out_q10: all, held_out_q90: all,
          held_out_q975: all}
"""
KINDS = ["random", "climate", "study", "block"]
SHOWN = ["study", "block", "climate", "random"]
"""What other places are predicted by comes first."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return run(tmp_path_factory.mktemp("run"), text=TEXT, workers=1)[1].path


def said(values, digits):
    return f"{np.mean(values):.{digits}f} +- {np.std(values, ddof=1):.{digits}f}"


def test_scores_are_scikit_learns_of_all_records_of_a_repeat(store):
    table = validation_tables(Results(read_ensemble(store)))[0]
    with ensemble.open_run(store) as found:
        held = found["held_out"][0].to_numpy().astype(float)
        observed = found["observed"][0].to_numpy().astype(float)
    assert [row[:2] for row in table.rows] == [[kind, "320"] for kind in SHOWN]
    for row in table.rows:
        k = KINDS.index(row[0])
        pairs = [(observed[:, s], held[:, k, s]) for s in range(3)]
        correlated = [np.corrcoef(*pair)[0, 1] ** 2 for pair in pairs]
        assert row[2] == said(correlated, 3)
        assert row[3] == said([r2_score(*pair) for pair in pairs], 3)
        assert row[4] == said([root_mean_squared_error(*pair) for pair in pairs], 1)
        assert row[5] == said([(p - o).mean() for o, p in pairs], 1)
    assert "over 3 members, which differ in repeat" in table.notes[0]
    assert any("invented" in note for note in table.notes)


def test_intervals_hold_what_lies_between_their_quantiles(store):
    table = validation_tables(Results(read_ensemble(store)))[1]
    assert [row[:2] for row in table.rows] == [[p, k] for p in ("80 %", "95 %") for k in SHOWN]
    with ensemble.open_run(store) as found:
        low, high = (found[f"held_out_q{q}"][0].to_numpy() for q in ("025", "975"))
        observed = found["observed"][0].to_numpy()[:, None]
    inside = ((low <= observed) & (observed <= high)).mean(axis=0)
    for row in table.rows[4:]:
        k = KINDS.index(row[1])
        assert row[2] == said(100 * inside[k], 1)
        assert row[3] == said((high - low).astype(float).mean(axis=0)[k], 0)


def test_panels_begin_with_study_folds_and_have_the_scores_of_the_table(store):
    with look():
        (picture,) = figures.FIGURES.get("held_out").draw(Run(read(store)))
    scores = {row[0]: row for row in validation_tables(Results(read_ensemble(store)))[0].rows}
    with ensemble.open_run(store) as found:
        held, observed = (found[name][0].to_numpy() for name in ("held_out", "observed"))
    shown = picture.numbers[picture.numbers["mark"] == "point"]
    for panel, kind in enumerate(("study", "block", "climate", "random"), start=1):
        here = shown[shown["panel"] == panel]
        _, n, r2, nse, rmse, _ = scores[kind]
        title = f"{kind} folds NSE {nse} r\N{SUPERSCRIPT TWO} {r2} RMSE {rmse} g C"
        assert here["title"].iloc[0].replace("\N{PLUS-MINUS SIGN}", "+-").startswith(title)
        assert here["title"].iloc[0].endswith(f"n {n}, 3 members")
        pairs = np.stack([observed[:, 0], held[:, KINDS.index(kind), 0]], axis=1)
        np.testing.assert_allclose(here[["x", "y"]].to_numpy(float), pairs, rtol=1e-6)
    assert "Where random folds look better, it is because" in picture.caption


def test_records_without_a_prediction_are_left_out_of_their_member_and_counted():
    rng = np.random.default_rng(0)
    observed = rng.normal(size=(30, 2))
    held = observed[:, None] + rng.normal(size=(30, 3, 2))
    held[4, 1, 0] = np.nan
    held[:, 2, 1] = np.nan
    n, scores = pooled_scores(held, observed)
    assert n.tolist() == [[30, 30], [29, 30], [30, 0]]
    kept = np.arange(30) != 4
    expected = r2_score(observed[kept, 0], held[kept, 1, 0])
    np.testing.assert_allclose(scores["nse"][1, 0], expected, rtol=1e-12)
    assert np.isnan(scores["rmse"][2, 1])


def test_the_page_shows_them(store, tmp_path):
    page = tmp_path / "page.html"
    assert soilsweep("report", str(store), "-o", str(page)).code == 0
    text = re.sub(r"<[^>]+>", " ", page.read_text())
    assert "held-out predictions of heterotrophic respiration" in text
    assert "what intervals hold" in text
    assert "there is nothing to sum up" not in text
