"""Cross-validation of forests: folds and fits by scikit-learn, records by number, edges."""

import inspect

import numpy as np
import pytest
from forest_tables import HEADER, rows, text

import kernels
from kernels import Batch
from kernels.forest.forest_validation import KERNEL, Options
from kernels.forest.parts.folds import VALIDATED, folds_by, stratified
from kernels.forest.parts.records import read_records
from kernels.forest.parts.trees import matrix

pytest.importorskip("quantile_forest", reason="needs the extra 'forest'")

from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

CLIMATES = ("Af", "Cfb", "BSh", "Dfc", "ET")
TABLE = [[*row, CLIMATES[k * k % 5]] for k, row in enumerate(rows())]
OPTIONS = Options(training="t.csv", trees=6, quantiles=(0.1, 0.9))


def written(table=TABLE):
    return text(table, [*HEADER, "koeppen"])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.csv").write_text(written())
    return tmp_path


def ask(folder, at=slice(None), options=OPTIONS, outputs=("held_out", "observed"), **varied):
    """Return outputs of records, (L, *dims, S), and statuses (L, S)."""
    kernel = KERNEL.made(options, folder)
    records = read_records(folder / "t.csv", "rh")
    drivers = {"record": records.number[at], **{n: v[at] for n, v in records.columns.items()}}
    drivers |= {name: varied.pop(name) for name in drivers.keys() & varied.keys()}
    control = {p.name: p.default for p in kernel.parameters}
    given = {name: np.atleast_2d(varied.get(name, value)) for name, value in control.items()}
    samples = max(v.shape[1] for v in given.values())
    given = {n: np.broadcast_to(v, (1, samples)) for n, v in given.items()}
    count = len(drivers["record"])
    dims = {v.name: (4,) if v.dims else () for v in kernel.outputs}
    out = {name: np.zeros((count, *dims[name], samples)) for name in outputs}
    status = np.zeros((count, samples), np.uint8)
    kernel.stages[0].open(options)(Batch(given, drivers, {}), out, status)
    return out, status


def splits(records, repeat):
    """Yield the index of a kind of folds and scikit-learn's own splits."""
    known = np.zeros((records.flux.size, 1))
    words = {"n_splits": 10, "shuffle": True, "random_state": repeat}
    yield 0, KFold(**words).split(known)
    yield 1, StratifiedKFold(**words).split(known, records.zone.astype(int))
    if "shuffle" in inspect.signature(GroupKFold).parameters:
        block = 1000 * np.floor((records.lat + 90) / 10) + np.floor((records.lon + 180) / 10)
        for kind, group in ((2, records.study), (3, block)):
            yield kind, GroupKFold(**words).split(known, groups=group.astype(int))


@pytest.mark.parametrize("repeat", [0, 3])
def test_it_is_scikit_learns_folds_and_forests_by_hand(folder, repeat):
    out, status = ask(folder, repeat=repeat)
    assert (status == 0).all()
    records = read_records(folder / "t.csv", "rh")
    assert set(records.zone) == {1, 2, 3}
    known = matrix(records.columns, OPTIONS.names)
    np.testing.assert_array_equal(out["observed"][:, 0], records.flux)
    for kind, of_kind in splits(records, repeat):
        expected, seen = np.zeros(80), 0
        for k, (learned, held) in enumerate(of_kind):
            forest = RandomForestRegressor(
                6, max_features=4, min_samples_split=6, random_state=100 * repeat + k
            ).fit(known[learned], records.flux[learned])
            expected[held] = forest.predict(known[held])
            seen += held.size
        assert seen == 80
        np.testing.assert_array_equal(out["held_out"][:, kind, 0], expected)


def test_quantiles_are_of_the_same_forests(folder):
    names = ("held_out", "held_out_q10", "held_out_q90")
    out, _ = ask(folder, outputs=names)
    np.testing.assert_array_equal(out["held_out"], ask(folder)[0]["held_out"])
    assert (out["held_out_q10"] <= out["held_out_q90"]).all()
    inside = (out["held_out_q10"] <= out["held_out"]) & (out["held_out"] <= out["held_out_q90"])
    assert inside.mean() > 0.8


def test_records_are_known_by_their_number_and_not_by_where_they_stand(folder):
    out, _ = ask(folder, repeat=[[0, 1]])
    at = np.random.default_rng(1).permutation(80)[:33]
    some, status = ask(folder, at, repeat=[[0, 1]])
    assert (status == 0).all()
    for name, values in some.items():
        np.testing.assert_array_equal(values, out[name][at])
    (folder / "t.csv").write_text(written(TABLE[::-1]))
    np.testing.assert_array_equal(ask(folder, repeat=[[0, 1]])[0]["held_out"], out["held_out"])


def test_a_repeat_is_fitted_once_for_all_records_and_only_where_it_is_asked_for(
    folder, monkeypatch
):
    fits, fit = [], RandomForestRegressor.fit
    monkeypatch.setattr(
        RandomForestRegressor, "fit", lambda self, *data: fits.append(1) or fit(self, *data)
    )
    ask(folder, repeat=[[2, 5, 2]])
    assert len(fits) == 2 * 4 * 10
    fits.clear()
    ask(folder, outputs=("observed",))
    assert not fits


def test_what_is_no_record_of_the_table_has_a_status_and_no_number(folder):
    numbers = np.array([1.0, 2.0, 999.0, 2.5])
    out, status = ask(folder, [0, 1, 2, 3], record=numbers)
    # The third and fourth are none.
    assert status[:, 0].tolist() == [0, 0, kernels.BAD_INPUT, kernels.BAD_INPUT]
    np.testing.assert_array_equal(np.isnan(out["observed"]), status != 0)
    # Of another table, whose predictors were others.
    strange = read_records(folder / "t.csv", "rh").columns["mat"][:4].copy()
    strange[1] += 1
    _, status = ask(folder, [0, 1, 2, 3], mat=strange)
    assert status[:, 0].tolist() == [0, kernels.BAD_INPUT, 0, 0]
    _, status = ask(folder, repeat=[[0, 0.5, -1]])
    assert status[0].tolist() == [0, kernels.OUT_OF_RANGE, kernels.OUT_OF_RANGE]


def test_fewer_groups_than_folds_are_as_many_folds_and_are_noted(folder):
    few = [
        [row[0], str(k % 3), *row[2:-1], "" if k < 4 else row[-1]] for k, row in enumerate(TABLE)
    ]
    (folder / "t.csv").write_text(written(few))
    kernel = KERNEL.made(OPTIONS, folder)
    assert any("3 folds by study" in note for note in kernel.notes)
    assert any("4 records have no climate" in note for note in kernel.notes)
    records = read_records(folder / "t.csv", "rh")
    for kind in VALIDATED:
        fold = folds_by(records, kind, 10.0, 0)
        assert np.bincount(fold).min() > 0, kind
        assert np.bincount(fold).size == (3 if kind == "study" else 10)
    assert (ask(folder)[1] == 0).all()


def test_strata_smaller_than_the_number_of_folds_are_dealt_one_a_fold():
    stratum = np.array([1.0] * 3 + [2.0] * 24)
    fold = stratified(stratum, 0)
    assert np.bincount(fold).tolist() == [3] * 7 + [2] * 3
    assert np.unique(fold[:3]).size == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: [row[0], "7", *row[2:]], "all records are of one study; needed two"),
        (lambda row: [*row[:15], "1", "1", row[-1]], "all records are of one block; needed two"),
        (lambda row: [*row[:-1], ""], "no record has a climate, column 'koeppen'"),
        (lambda row: [*row[:-1], "Xf"], "column 'koeppen' has 'Xf'; needed a class of Koeppen's"),
    ],
)
def test_records_that_cannot_be_dealt_into_folds_are_refused(folder, change, said):
    (folder / "t.csv").write_text(written([change(row) for row in TABLE]))
    with pytest.raises(kernels.Unfit, match=said):
        KERNEL.made(OPTIONS, folder)


def test_options_that_make_no_folds_are_refused(folder):
    with pytest.raises(
        kernels.Unfit, match=r"quantiles: found \[2.0\]; .*; block_degrees: found 0"
    ):
        KERNEL.made(Options(training="t.csv", block_degrees=0.0, quantiles=(2.0,)), folder)
