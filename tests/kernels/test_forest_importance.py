"""What forests learn from: scikit-learn's own numbers, folds of the validation, dealing by hand."""

import numpy as np
import pytest
from forest_tables import rows, text

import kernels
from kernels import Batch
from kernels.forest import forest_validation
from kernels.forest.forest_importance import KERNEL, Options
from kernels.forest.parts.folds import folds_by
from kernels.forest.parts.importances import AT, BAG, GROUPS, HELD
from kernels.forest.parts.records import read_records
from kernels.forest.parts.trees import matrix
from kernels.forest.shared.predictors import NUMBERS

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

from sklearn.ensemble import RandomForestRegressor

OPTIONS = Options(training="t.csv", trees=12)
NAMES = OPTIONS.names
EVERY = 2.0 ** len(NAMES) - 1


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.csv").write_text(text(rows()))
    return tmp_path


def records_in(folder):
    return read_records(folder / "t.csv", "rh")


def ask(folder, outputs, options=OPTIONS, count=80, **varied):
    """Return outputs of members, (*dims, S), and statuses (S,)."""
    kernel = KERNEL.made(options, folder)
    given = {p.name: np.atleast_2d(varied.get(p.name, p.default)) for p in kernel.parameters}
    samples = max(v.shape[1] for v in given.values())
    given = {n: np.broadcast_to(v, (1, samples)) for n, v in given.items()}
    sizes = {name: c.values.size for name, c in kernel.coords.items()}
    dims = {v.name: tuple(sizes[d] for d in v.dims) for v in kernel.outputs}
    out = {name: np.zeros((1, *dims[name], samples)) for name in outputs}
    status = np.zeros((1, samples), np.uint8)
    drivers = {"records": np.array([float(count)])}
    kernel.stages[0].open(options)(Batch(given, drivers, {}), out, status)
    return {name: values[0] for name, values in out.items()}, status[0]


def by_hand(folder, seed=0, trees=12, **words):
    """Return scikit-learn's forest of all records, and what it was given."""
    records = records_in(folder)
    known = matrix(records.columns, NAMES)
    words = {"max_features": 4, "min_samples_split": 6, "random_state": seed, **words}
    forest = RandomForestRegressor(trees, **words)
    return forest.fit(known, records.flux), known, records


def test_impurity_is_scikit_learns_with_the_columns_of_a_class_together(folder):
    out, status = ask(folder, ["importance"], seed=[[0, 7]])
    assert (status == 0).all()
    for s, seed in enumerate((0, 7)):
        shares = by_hand(folder, seed)[0].feature_importances_
        np.testing.assert_array_equal(out["importance"][:-1, s], shares[: len(NUMBERS)])
        np.testing.assert_allclose(out["importance"][-1, s], shares[len(NUMBERS) :].sum(), rtol=0)
    np.testing.assert_allclose(out["importance"].sum(axis=0), 1, rtol=1e-12)
    assert NAMES[out["importance"][:, 0].argmax()] == "mat"


def test_scores_out_of_bag_are_scikit_learns_where_every_record_is_out_of_some(folder):
    options = Options(training="t.csv", trees=40)
    out, _ = ask(folder, BAG, options)
    forest, _, records = by_hand(folder, trees=40, oob_score=True)
    squared = ((forest.oob_prediction_ - records.flux) ** 2).mean()
    np.testing.assert_allclose(out["oob_rmse"], np.sqrt(squared), rtol=1e-12)
    np.testing.assert_allclose(out["oob_nse"], forest.oob_score_, rtol=1e-12)
    assert out["oob_records"] == 80


def test_records_that_every_tree_has_drawn_are_left_out_of_scores_and_counted(folder):
    out, _ = ask(folder, BAG, Options(training="t.csv", trees=1))
    forest, known, records = by_hand(folder, trees=1)
    free = ~np.isin(np.arange(80), forest.estimators_samples_[0])
    assert 20 < free.sum() < 40
    assert out["oob_records"] == free.sum()
    error = forest.predict(known[free]) - records.flux[free]
    np.testing.assert_allclose(out["oob_rmse"], np.sqrt((error**2).mean()), rtol=1e-12)


def test_folds_are_those_of_the_validation(folder):
    lines = text([[*row, "Cfb"] for row in rows()]).splitlines()
    lines[1] += ",koeppen"
    (folder / "t.csv").write_text("\n".join([*lines, ""]))
    options = Options(training="t.csv", trees=12, folds=("block", "study", "random", "climate"))
    out, _ = ask(folder, ["held_out_rmse", "held_out_nse"], options, seed=300, repeat=3)
    row = np.array([3, 4, 12, EVERY])
    records = records_in(folder)
    same = forest_validation.Options(training="t.csv", trees=12)
    held = forest_validation.held_out(same, records, row, {"held_out"})["held_out"]
    held = held[:, [3, 2, 0, 1]]
    squared = ((held - records.flux[:, None]) ** 2).mean(axis=0)
    np.testing.assert_allclose(out["held_out_rmse"][:, 0], np.sqrt(squared), rtol=1e-12)
    np.testing.assert_allclose(
        out["held_out_nse"][:, 0], 1 - squared / records.flux.var(), rtol=1e-12
    )


def test_dealing_a_predictor_is_what_it_is_by_hand(folder):
    out, _ = ask(folder, ["held_out_importance"], seed=11, repeat=2)
    records = records_in(folder)
    fold = folds_by(records, "study", 10.0, 2)
    words = np.random.Philox(key=np.array([11, 4], np.uint64))
    errors = np.zeros((1 + len(NAMES), 80))
    for k in range(10):
        held = np.flatnonzero(fold == k)
        orders = [np.argsort(words.random_raw(held.size), kind="stable") for _ in NAMES]
        forest = RandomForestRegressor(
            12, max_features=4, min_samples_split=6, random_state=11 + k
        ).fit(matrix(records.columns, NAMES)[fold != k], records.flux[fold != k])
        for j, name in enumerate(("", *NAMES)):
            columns = {n: v[held] for n, v in records.columns.items()}
            if name:
                columns[name] = columns[name][orders[j - 1]]
            errors[j, held] = forest.predict(matrix(columns, NAMES)) - records.flux[held]
    squared = (errors**2).mean(axis=1)
    rise = (squared[1:] - squared[0]) / records.flux.var()
    np.testing.assert_allclose(out["held_out_importance"][0, :, 0], rise, rtol=1e-9, atol=1e-12)
    assert NAMES[rise.argmax()] == "mat"
    assert rise.max() > 0.5


def test_what_a_member_does_not_use_has_no_importance_and_a_flat_dependence(folder):
    subset = 1 << NAMES.index("map") | 1 << NAMES.index("veg")
    outputs = ["importance", "held_out_importance", "dependence"]
    out, status = ask(folder, outputs, subset=subset)
    assert (status == 0).all()
    unused = [k for k, name in enumerate(NAMES) if name not in ("map", "veg")]
    assert (out["importance"][unused] == 0).all()
    assert (out["held_out_importance"][:, unused] == 0).all()
    assert (np.ptp(out["dependence"], axis=1)[unused] == 0).all()
    assert np.ptp(out["dependence"][NAMES.index("map")]) > 10


def test_dependence_is_the_mean_over_records_with_one_value(folder):
    out, _ = ask(folder, ["dependence", "dependence_at"])
    forest, _, records = by_hand(folder)
    for name, k in (("mat", 3), ("swc", 19)):
        row = NAMES.index(name)
        value = np.quantile(records.columns[name], AT[k])
        np.testing.assert_allclose(out["dependence_at"][row, k, 0], value, rtol=1e-12)
        asked = matrix({**records.columns, name: np.full(80, value)}, NAMES)
        np.testing.assert_allclose(
            out["dependence"][row, k, 0], forest.predict(asked).mean(), rtol=1e-12
        )


def test_groups_share_what_splits_of_their_principal_components_take_away(folder):
    out, _ = ask(folder, ["group_importance"])
    assert out["group_importance"].shape == (len(GROUPS), 1)
    np.testing.assert_allclose(out["group_importance"].sum(), 1, rtol=1e-12)
    few = Options(training="t.csv", predictors=("mat", "gpp", "veg"))
    assert "group_importance" not in {v.name for v in KERNEL.made(few, folder).outputs}


def test_a_third_of_the_columns_is_tried(folder):
    options = Options(training="t.csv", trees=12, tried="third", predictors=("mat", "map", "dry"))
    out, _ = ask(folder, ["importance"], options)
    records = records_in(folder)
    forest = RandomForestRegressor(12, max_features=1, min_samples_split=6, random_state=0)
    forest.fit(matrix(records.columns, ("mat", "map", "dry")), records.flux)
    np.testing.assert_array_equal(out["importance"][:, 0], forest.feature_importances_)


@pytest.mark.parametrize(
    ("outputs", "fits"),
    [
        (["dependence_at"], 0),
        (["importance", "oob_rmse", "dependence"], 1),
        (["held_out_rmse"], 20),
        (["importance", *HELD], 21),
    ],
)
def test_only_what_is_asked_for_is_fitted_and_once_a_member(folder, monkeypatch, outputs, fits):
    made, fit = [], RandomForestRegressor.fit
    monkeypatch.setattr(
        RandomForestRegressor, "fit", lambda self, *data: made.append(1) or fit(self, *data)
    )
    ask(folder, outputs, seed=[[1, 5, 1]])
    assert len(made) == 2 * fits


def test_a_forcing_of_another_table_is_no_forcing_of_this(folder):
    out, status = ask(folder, ["importance"], count=79)
    assert (status == kernels.BAD_INPUT).all()
    assert np.isnan(out["importance"]).all()


def test_draws_have_no_scores_out_of_bag_as_copies_would_stand_on_both_sides(folder):
    names = {v.name for v in KERNEL.made(OPTIONS, folder).outputs}
    assert names >= set(BAG)
    options = Options(training="t.csv", trees=6, draw="by_class")
    kernel = KERNEL.made(options, folder)
    assert {v.name for v in kernel.outputs} == names - set(BAG)
    out, status = ask(folder, ["importance"], options, seed=[[1, 2**32 - 1]])
    assert (status == 0).all()
    assert (out["importance"][:, 0] != out["importance"][:, 1]).any()
    held, status = ask(folder, ["held_out_rmse"], options, seed=2**32 - 1)
    assert (status == 0).all()
    assert np.isfinite(held["held_out_rmse"]).all()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"folds": ()}, "folds: found []; needed some of random, climate, study, block"),
        ({"folds": ("study", "study")}, "each once"),
        ({"folds": ("site",)}, "folds: found ['site']"),
        ({"quantiles": (0.1, 0.9)}, "quantiles: are those of predictions"),
        ({"block_degrees": 0.0}, "block_degrees: found 0; needed 1 to 90"),
        ({"folds": ("climate",)}, "training: no record has a climate"),
    ],
)
def test_what_cannot_be_is_refused(folder, words, says):
    with pytest.raises(kernels.Unfit) as refused:
        KERNEL.made(Options(training="t.csv", **words), folder)
    assert says in str(refused.value)
