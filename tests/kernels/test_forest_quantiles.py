"""Quantiles of a forest: Meinshausen's weights by hand, one fit, names, costs."""

import numpy as np
import pytest
from forest_tables import predictors, rows, text

import kernels
from kernels import Batch
from kernels.forest.parts.learning import quantiles_of
from kernels.forest.parts.records import read_records
from kernels.forest.parts.trees import ALONE, Growth, matrix
from kernels.forest.random_forest import KERNEL, Options

pytest.importorskip("quantile_forest", reason="needs the extra 'forest'")

from quantile_forest import RandomForestQuantileRegressor
from sklearn.ensemble import RandomForestRegressor

CELLS = predictors(12, 5)
OPTIONS = Options(training="t.csv", trees=15, split=11, quantiles=(0.05, 0.5, 0.975))
NAMES = ("rh_pred_q05", "rh_pred_q50", "rh_pred_q975")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.csv").write_text(text(rows()))
    return tmp_path


def ask(folder, outputs, options=OPTIONS, seed=3.0):
    kernel = KERNEL.made(options, folder)
    given = {p.name: np.array([[p.default]]) for p in kernel.parameters}
    given["seed"] = np.array([[seed]])
    out = {name: np.zeros((12, 1)) for name in outputs}
    status = np.ones((12, 1), np.uint8)
    (stage,) = kernel.stages
    stage.open(options)(Batch(given, CELLS, {}), out, status)
    assert (status == 0).all()
    return {name: values[:, 0] for name, values in out.items()}


def weights_by_hand(model, known, asked, records):
    """Return the weight of each record in each place, (n, r).

    In the mean of all trees, times that it was drawn over those of its leaf.
    """
    total = np.zeros((len(asked), records))
    for tree, at in zip(model.estimators_, model.estimators_samples_, strict=True):
        drawn = np.bincount(at, minlength=records)
        same = tree.apply(asked)[:, None] == tree.apply(known)
        total += same * drawn / (same @ drawn)[:, None]
    return total / len(model.estimators_)


def test_they_are_of_meinshausens_weights(folder):
    out = ask(folder, (*NAMES, "rh"))
    records = read_records(folder / "t.csv", "rh")
    known, asked = (matrix(columns, OPTIONS.names) for columns in (records.columns, CELLS))
    model = RandomForestRegressor(15, max_features=4, min_samples_split=11, random_state=3)
    model.fit(known, records.flux)
    weights = weights_by_hand(model, known, asked, 80)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(weights @ records.flux, out["rh"], rtol=1e-12)
    order = np.argsort(records.flux)
    flux = records.flux[order]
    for i, weight in enumerate(weights[:, order]):
        held, below = flux[weight > 0], np.cumsum(weight[weight > 0])
        for name, at in zip(NAMES, OPTIONS.quantiles, strict=True):
            # Linear between records: within one of that at which the weights pass the quantile.
            step = int((below < at).sum())
            low, high = held[max(step - 1, 0)], held[min(step + 1, held.size - 1)]
            assert low <= out[name][i] <= high


def test_the_mean_has_the_bits_of_the_forest_without_them(folder):
    plain = ask(folder, ("rh",), Options(training="t.csv", trees=15, split=11))
    np.testing.assert_array_equal(ask(folder, (*NAMES, "rh"))["rh"], plain["rh"])
    records = read_records(folder / "t.csv", "rh")
    known = matrix(records.columns, OPTIONS.names)
    forest = Growth(3, 4, 15, 11, (0.5,)).forest(known, records.flux)
    mean = forest.model.predict(known, quantiles="mean", weighted_leaves=True)
    np.testing.assert_allclose(mean, forest.mean(known), rtol=1e-12)


def test_who_does_not_ask_for_them_does_not_pay(folder, monkeypatch):
    fits, fit = [], RandomForestQuantileRegressor.fit
    monkeypatch.setattr(
        RandomForestQuantileRegressor, "fit", lambda self, *data: fits.append(1) or fit(self, *data)
    )
    ask(folder, ("rh",))
    assert not fits
    one = ask(folder, NAMES[1:2])
    assert len(fits) == 1
    np.testing.assert_array_equal(one[NAMES[1]], ask(folder, NAMES)[NAMES[1]])


def test_names_are_their_digits():
    options = Options(quantiles=(0.001, 0.025, 0.05, 0.5, 0.75, 0.9995))
    said = ["q001", "q025", "q05", "q50", "q75", "q9995"]
    assert list(quantiles_of(options, "x")) == [f"x_{one}" for one in said]


def test_their_package_is_of_the_fingerprint_only_where_there_are_some(folder):
    with_some = kernels.fingerprint(KERNEL.made(OPTIONS, folder))
    without = kernels.fingerprint(KERNEL.made(Options(training="t.csv"), folder))
    assert "random_forest.libraries.quantile-forest" in with_some.keys() - without.keys()


def test_one_thread_at_a_time_is_in_scikit_learn(folder, monkeypatch):
    """It empties the filters of warnings of the process for each tree, and puts them back."""
    held = []
    for model in (RandomForestRegressor, RandomForestQuantileRegressor):
        for name in ("fit", "predict"):
            own = getattr(model, name)

            def noted(self, *data, own=own, **words):
                held.append(ALONE.locked())
                return own(self, *data, **words)

            monkeypatch.setattr(model, name, noted)
    ask(folder, (*NAMES, "rh"))
    ask(folder, ("rh",))
    assert len(held) >= 5
    assert all(held)
