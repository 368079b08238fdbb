"""What a model learned from, and what a search over its predictors is worth: by hand, and drawn."""

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
from ensemble.tables import learned, subsets
from ensemble.tables.results import Results
from ensemble.tables.subsets import Search, ranked

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

from scipy.stats import spearmanr

LEARNED = """
version: 1
name: learned
kernel: {name: forest_importance, training: invented, trees: 3, predictors: [mat, map, gpp, clay]}
forcing: {reader: synthetic_records, pooled: true}
design: {method: grid, parameters: {seed: [0, 1, 5]}}
outputs: {importance: all, held_out_importance: all, held_out_nse: all, oob_nse: all, oob_rmse: all,
          dependence: all, dependence_at: all}
"""
SEARCH = """
version: 1
name: search
kernel: {name: forest_importance, training: invented, trees: 3, tried: third, folds: [study],
         predictors: [mat, map, gpp, clay]}
forcing: {reader: synthetic_records, pooled: true}
design: {method: grid, parameters: {seed: [4, 0, 2], subset: {linspace: [1, 15, 15]}}}
outputs: {oob_rmse: all, held_out_rmse: all}
"""
NAMES = ["mat", "map", "gpp", "clay"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return run(tmp_path_factory.mktemp("learned"), text=LEARNED, workers=1)[1].path


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    return run(tmp_path_factory.mktemp("search"), text=SEARCH, workers=1)[1].path


def said(values, digits):
    return f"{np.mean(values):.{digits}f} +- {np.std(values, ddof=1):.{digits}f}"


def values(store, name):
    with ensemble.open_run(store) as found:
        return found[name][0, 0].to_numpy().astype(float)


def test_predictors_stand_in_the_order_of_what_holds_elsewhere(store):
    table = learned.learned_tables(Results(read_ensemble(store)))[0]
    dealt, impurity = values(store, "held_out_importance"), values(store, "importance")
    order = np.argsort(-dealt[0].mean(axis=-1))
    assert table.header == [
        "predictor", "study folds [%]", "random folds [%]", "impurity [%]",
    ]  # fmt: skip
    for row, k in zip(table.rows, order, strict=True):
        each = (dealt[0, k], dealt[1, k], impurity[k])
        assert row == [NAMES[k], *(said(100 * v, 1) for v in each)]
    assert "over 3 members, which differ in seed" in table.notes[0]
    assert any("invented" in note for note in table.notes)


def test_errors_have_a_row_for_each_way_of_leaving_records_out(store):
    table = learned.learned_tables(Results(read_ensemble(store)))[1]
    nse = values(store, "held_out_nse")
    assert table.header == ["records predicted", "NSE", "RMSE [g C m-2 yr-1]"]
    dash = "\N{EN DASH}"
    assert table.rows == [
        ["study folds", said(nse[0], 3), dash],
        ["random folds", said(nse[1], 3), dash],
        ["out of bag", said(values(store, "oob_nse"), 3), said(values(store, "oob_rmse"), 1)],
    ]


def test_bars_and_curves_have_the_numbers_of_the_store(store):
    one = Run(read(store))
    with look():
        (bars,) = figures.FIGURES.get("learned_importance").draw(one)
        (curves,) = figures.FIGURES.get("partial_dependence").draw(one)
    dealt = values(store, "held_out_importance")
    shown = bars.numbers[
        (bars.numbers["mark"] == "bar") & (bars.numbers["series"] == "study folds")
    ]
    expected = 100 * np.sort(dealt[0].mean(axis=-1))[::-1]
    height = shown[["y_low", "y_high"]].to_numpy(float).sum(axis=1)
    np.testing.assert_allclose(height, expected, rtol=1e-6)
    assert "3 members" in bars.caption
    first = NAMES[int(dealt[0].mean(axis=-1).argmax())]
    at, depends = values(store, "dependence_at"), values(store, "dependence")
    lines = curves.numbers[(curves.numbers["mark"] == "line") & (curves.numbers["panel"] == 1)]
    k = NAMES.index(first)
    assert lines["x_axis"].iloc[0].startswith(first)
    np.testing.assert_allclose(lines["x"].to_numpy(float), at[k].mean(axis=-1), rtol=1e-6)
    np.testing.assert_allclose(lines["y"].to_numpy(float), depends[k].mean(axis=-1), rtol=1e-6)


def test_a_search_is_ranked_by_means_over_fits(searched):
    (table,) = subsets.subset_tables(Results(read_ensemble(searched)))
    error, held = values(searched, "oob_rmse"), values(searched, "held_out_rmse")[0]
    # The seed is the slower one.
    error, held = error.reshape(3, 15).T, held.reshape(3, 15).T
    order = np.argsort(error.mean(axis=1))
    assert len(table.rows) in (10, 11)
    for k, (row, at) in enumerate(zip(table.rows, order, strict=False)):
        words = ", ".join(n for b, n in enumerate(NAMES) if (at + 1) >> b & 1)
        assert row == [str(k + 1), words, said(error[at], 1), said(held[at], 1)]
    (one,) = subsets.searches(Results(read_ensemble(searched))).values()
    pairs = [(0, 1), (0, 2), (1, 2)]
    correlated = [spearmanr(error[:, a], error[:, b]).statistic for a, b in pairs]
    best = [set(np.argsort(error[:, s])[:3]) for s in range(3)]
    correlation, shared = one.agreement()
    np.testing.assert_allclose(correlation, np.mean(correlated), rtol=1e-6)
    assert shared == pytest.approx(np.mean([len(best[a] & best[b]) for a, b in pairs]))
    spread = np.sqrt(error.var(axis=1, ddof=1).mean())
    near = error.mean(axis=1) <= error.mean(axis=1).min() + spread
    assert one.spread == pytest.approx(spread)
    assert (one.near == near).all()
    assert f"; {near.sum()} subsets are within {spread:.1f} of the best" in table.notes[1]
    elsewhere = spearmanr(error.mean(axis=1), held.mean(axis=1)).statistic
    assert f"by study folds ranks correlate with these at {elsewhere:.2f}" in table.notes[2]


def search(error, held=None):
    count = len(error)
    return Search(list("abcd"), np.arange(1, count + 1), np.asarray(error, float), held or {}, "g")


def test_an_order_that_every_fit_has_is_not_called_noise():
    rng = np.random.default_rng(0)
    firm = np.arange(15.0)[:, None] + 0.01 * rng.normal(size=(15, 4))
    assert not any("noise" in line for line in subsets.worth(search(firm)))
    loose = np.ones((15, 1)) + rng.normal(size=(15, 4))
    assert any("the ranking is noise at the top" in line for line in subsets.worth(search(loose)))
    assert any("no error by study folds is kept" in line for line in subsets.worth(search(firm)))


def test_subsets_with_a_failed_member_have_no_rank_and_are_counted():
    error = np.arange(15.0)[:, None] + np.array([0.0, 0.1, -0.1])
    error[0, 1] = np.nan
    found = search(error)
    assert found.best(found.mean, 3).tolist() == [1, 2, 3]
    assert any("1 subsets have a member that failed" in line for line in subsets.worth(found))
    assert ranked(error[:, 0], error[:, 1]) == pytest.approx(1.0)


def test_one_fit_a_subset_says_nothing_of_ranks():
    assert any("vary seed" in line for line in subsets.worth(search(np.arange(15.0)[:, None])))


def test_the_figure_has_every_subset_in_every_panel(searched):
    with look():
        (picture,) = figures.FIGURES.get("subset_sizes").draw(Run(read(searched)))
    held = values(searched, "held_out_rmse")[0].reshape(3, 15).mean(axis=0)
    points = picture.numbers[picture.numbers["mark"] == "point"]
    here = points[points["panel"] == 2]
    assert len(here) == 15
    np.testing.assert_allclose(np.sort(here["y"].to_numpy(float)), np.sort(held), rtol=1e-6)
    assert "ranks of two fits correlate" in picture.caption


@pytest.mark.parametrize(
    ("which", "title"),
    [("store", "importance of predictors"), ("searched", "errors of subsets of predictors")],
)
def test_the_page_shows_them(request, tmp_path, which, title):
    page = tmp_path / "page.html"
    assert soilsweep("report", request.getfixturevalue(which), "-o", page).code == 0
    text = re.sub(r"<[^>]+>", " ", page.read_text())
    assert title in text
    assert "names no responses" not in text
    assert "could not be drawn" not in text


def test_runs_that_keep_no_importance_have_no_such_table(tmp_path):
    plain = LEARNED[: LEARNED.index("outputs")] + "outputs: {oob_nse: all}\n"
    path = run(tmp_path, text=plain, workers=1)[1].path
    assert not learned.learned_tables(Results(read_ensemble(path)))
    assert not subsets.subset_tables(Results(read_ensemble(path)))


@pytest.mark.slow
@pytest.mark.parametrize("text", [LEARNED, SEARCH])
def test_where_every_member_failed_there_is_a_page_without_them(tmp_path, text):
    # Records of another flux: the kernel's table is another one.
    other = text.replace("synthetic_records", "synthetic_records, flux: rs")
    path = run(tmp_path, text=other, workers=1, try_first=False)[1].path
    assert not learned.learned_tables(Results(read_ensemble(path)))
    assert not subsets.subset_tables(Results(read_ensemble(path)))
    page = tmp_path / "page.html"
    assert soilsweep("report", path, "-o", page).code == 0
    assert "could not be drawn" not in page.read_text()
