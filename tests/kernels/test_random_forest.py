"""Random forests: scikit-learn's numbers by hand, draws, bits, tables that cannot be used."""

import inspect
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
from forest_tables import AREAS, HEADER, predictors, rows, text
from scipy import stats

import kernels
from kernels import Batch
from kernels.contract import libraries
from kernels.forest.parts.dissimilarity import Space, threshold
from kernels.forest.parts.fitting import drawn, importance, matrix, table_of
from kernels.forest.parts.folds import folds_of, groups_of
from kernels.forest.parts.records import read_records
from kernels.forest.random_forest import KERNEL, Options
from kernels.forest.shared.predictors import CLASSES, NUMBERS

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold

CELLS = predictors(40, 5)
EVERY = 2.0**11 - 1


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.csv").write_text(text(rows()))
    return tmp_path


def ask(folder, cells=CELLS, options=None, outputs=("rh",), **varied):
    """Return outputs (L, S) by name and the statuses."""
    options = options or Options(training="t.csv", trees=12)
    kernel = KERNEL.made(options, folder)
    control = {p.name: p.default for p in kernel.parameters}
    given = {name: np.atleast_2d(varied.get(name, value)) for name, value in control.items()}
    samples = max(v.shape[1] for v in given.values())
    given = {n: np.broadcast_to(v, (len(v), samples)) for n, v in given.items()}
    out = {name: np.zeros((len(cells["mat"]), samples)) for name in outputs}
    status = np.zeros(out[outputs[0]].shape, np.uint8)
    (stage,) = kernel.stages
    stage.open(options)(
        Batch(given, {d.name: cells[d.name] for d in kernel.drivers}, {}), out, status
    )
    return out, status


def by_hand(folder, seed, trees=12, mtry=4, columns=slice(None)):
    """Return what scikit-learn predicts of the cells, from the file itself."""
    lines = [line.split(",") for line in (folder / "t.csv").read_text().splitlines()[2:]]
    lines.sort(key=lambda cells: float(cells[0]))

    def as_read(numbers, veg):
        classes = [[name == other for other in CLASSES] for name in veg]
        return np.hstack([numbers, np.array(classes, dtype=float)]).astype(np.float32)[:, columns]

    x = as_read(np.array([cells[3:13] for cells in lines], float), [cells[13] for cells in lines])
    y = np.array([cells[2] for cells in lines], float)
    forest = RandomForestRegressor(
        trees, max_features=mtry, min_samples_split=6, random_state=seed
    ).fit(x, y)
    veg = [CLASSES[int(k) - 1] for k in CELLS["veg"]]
    return forest.predict(as_read(np.stack([CELLS[v.name] for v in NUMBERS], axis=1), veg))


def test_it_is_scikit_learns_forest_by_hand(folder):
    seeds = [0, 7, 2**32 - 1]
    out, status = ask(folder, seed=[seeds])
    assert (status == 0).all()
    for k, seed in enumerate(seeds):
        np.testing.assert_array_equal(out["rh"][:, k], by_hand(folder, seed))
    out, _ = ask(folder, trees=[[5]], mtry=[[2]])
    np.testing.assert_array_equal(out["rh"][:, 0], by_hand(folder, 0, trees=5, mtry=2))


def test_a_bit_of_the_subset_is_a_predictor_and_too_many_columns_are_all(folder):
    """The first, third and eleventh: mean temperature, dry months and the class."""
    out, _ = ask(folder, subset=[[1 + 4 + 1024]], mtry=[[20]])
    columns = [0, 2, *range(10, 20)]
    np.testing.assert_array_equal(out["rh"][:, 0], by_hand(folder, 0, mtry=12, columns=columns))
    options = Options(training="t.csv", trees=12, predictors=("veg", "dry", "mat"))
    other, _ = ask(folder, options=options, mtry=[[20]])
    np.testing.assert_array_equal(other["rh"], out["rh"])


def test_no_bit_depends_on_other_cells_on_their_order_or_on_the_order_of_records(folder):
    out, _ = ask(folder, seed=[[3, 4]])
    turned = np.random.default_rng(2).permutation(40)
    other, _ = ask(folder, {n: v[turned] for n, v in CELLS.items()}, seed=[[3, 4]])
    np.testing.assert_array_equal(other["rh"], out["rh"][turned])
    one, _ = ask(folder, {n: v[17:18] for n, v in CELLS.items()}, seed=[[4]])
    np.testing.assert_array_equal(one["rh"][0, 0], out["rh"][17, 1])
    (folder / "t.csv").write_text(text(rows()[::-1]))
    np.testing.assert_array_equal(ask(folder, seed=[[3, 4]])[0]["rh"], out["rh"])


def test_rows_that_are_alike_are_fitted_once_and_may_differ_by_location(folder, monkeypatch):
    fits, fit = [], RandomForestRegressor.fit
    monkeypatch.setattr(
        RandomForestRegressor, "fit", lambda self, *data: fits.append(1) or fit(self, *data)
    )
    seeds = np.array([[3.0, 4.0, 3.0]])
    out, _ = ask(folder, seed=seeds)
    assert len(fits) == 2
    np.testing.assert_array_equal(out["rh"][:, 0], out["rh"][:, 2])
    places = np.where(np.arange(40)[:, None] < 20, seeds, seeds + 1)
    apart, _ = ask(folder, seed=places)
    np.testing.assert_array_equal(apart["rh"][:20], out["rh"][:20])
    np.testing.assert_array_equal(apart["rh"][20:, 0], out["rh"][20:, 1])


def test_members_that_cannot_be_have_a_status_and_no_number(folder):
    cells = {name: values.copy() for name, values in CELLS.items()}
    cells["gpp"][3], cells["veg"][5], cells["clay"][7] = np.nan, 11.0, np.inf
    out, status = ask(
        folder, cells, outputs=("rh", "beyond"), mtry=[[4, 3.7, 0, 4]], subset=[[EVERY] * 3 + [0]]
    )
    assert {int(s) for s in status[[3, 7]].ravel()} == {kernels.BAD_INPUT}
    assert {int(s) for s in status[5]} == {kernels.OUT_OF_RANGE}
    assert status[0].tolist() == [0, *3 * [kernels.OUT_OF_RANGE]]
    np.testing.assert_array_equal(np.isnan(out["rh"]), status != 0)
    np.testing.assert_array_equal(np.isnan(out["beyond"]), status != 0)


def test_cells_outside_what_records_have_are_flagged(folder):
    cells = {name: values[:3].copy() for name, values in CELLS.items()}
    cells["mat"][1], cells["map"][1] = 99.0, -1.0
    cells["veg"][2] = 10.0
    out, status = ask(folder, cells, outputs=("beyond", "unseen"))
    assert (status == 0).all()
    assert out["beyond"][1, 0] - out["beyond"][0, 0] >= 1
    assert out["unseen"][:, 0].tolist() == [0, 0, 1]
    held = read_records(folder / "t.csv", "rh").columns
    outside = [sum(not held[v.name].min() <= cells[v.name][i] <= held[v.name].max()
                   for v in NUMBERS) for i in range(3)]  # fmt: skip
    assert out["beyond"][:, 0].tolist() == outside


def test_the_dissimilarity_index_of_the_toy_is_that_of_the_specification():
    """Four records, weights of 1 and 0.5; R has the same numbers."""
    records = np.array([[0, 0], [1, 0], [0, 2], [3, 3.0]])
    cells = np.array([[0, 0], [2, 2], [6, 6.0], [np.nan, 1]])
    weights = np.array([1, 0.5])
    space = Space.of(records, weights)
    found = space.index(cells)
    np.testing.assert_allclose(found, [0, 0.54729316, 1.64187947, np.nan], atol=5e-9)
    np.testing.assert_allclose(space.apart, 1.4283678731548128, rtol=1e-14)
    training = space.training(np.arange(4))
    np.testing.assert_allclose(
        training, [0.46673317, 0.49504529, 0.46673317, 1.21260835], atol=5e-9
    )
    np.testing.assert_allclose(threshold(training), 1.2126083483964987, rtol=1e-14)
    # The scale of weights cancels, and a predictor that all have alike says nothing.
    np.testing.assert_allclose(Space.of(records, 3 * weights).index(cells), found, rtol=1e-12)
    alike = [np.column_stack([some, np.full(len(some), 7.1)]) for some in (cells, records)]
    np.testing.assert_array_equal(Space.of(alike[1], np.array([1, 0.5, 1])).index(alike[0]), found)


def test_records_are_held_against_those_of_other_folds():
    rng = np.random.default_rng(4)
    space = Space.of(rng.normal(size=(30, 3)), np.ones(3))
    fold = np.arange(30) % 4
    distance = np.linalg.norm(space.known[:, None] - space.known, axis=2)
    distance[fold[:, None] == fold] = np.inf
    np.testing.assert_allclose(space.training(fold), distance.min(axis=1) / space.apart)


@pytest.mark.parametrize("count", [4, 5, 6, 7, 50])
def test_the_threshold_is_the_upper_whisker_of_rs_boxplot(count):
    """By depths of hinges, as ``stats::fivenum`` of R counts them."""
    values = np.sort(np.random.default_rng(count).exponential(size=count))
    depth = (count + 3) // 2 / 2

    def at(place):
        return (values[int(np.floor(place)) - 1] + values[int(np.ceil(place)) - 1]) / 2

    lower, upper = at(depth), at(count + 1 - depth)
    expected = max(v for v in values if v <= upper + 1.5 * (upper - lower))
    assert threshold(np.random.default_rng(1).permutation(values)) == expected
    assert threshold(np.append(values, 1e3)) < 1e3


@pytest.mark.parametrize("repeat", [0, 3])
def test_folds_are_those_of_scikit_learn(repeat):
    if "shuffle" not in inspect.signature(GroupKFold).parameters:
        pytest.skip("this version does not shuffle groups")
    groups = np.random.default_rng(repeat).choice([5.0, 2.0, 71.0, *range(100, 140)], 200)
    found = folds_of(groups, repeat)
    splits = GroupKFold(10, shuffle=True, random_state=repeat).split(groups, groups=groups)
    for k, (_, held) in enumerate(splits):
        np.testing.assert_array_equal(np.flatnonzero(found == k), held)
    assert sorted(folds_of(np.array([3.0, 9.0, 3.0]), 0).tolist()) in ([0, 0, 1], [0, 1, 1])


def test_blocks_begin_in_the_south_west_corner(folder):
    records = read_records(folder / "t.csv", "rh")
    assert (records.lat[4], records.lon[4], records.study[4]) == (4, -108, 2)
    # Row 9 of 10 degrees holds the equator up to 10 N, column 7 the lands from 110 to 100 W.
    assert groups_of(records, "block", 10.0)[4] == 9007
    np.testing.assert_array_equal(groups_of(records, "study", 10.0), records.study)


@pytest.mark.parametrize("words", [{}, {"folds": "study", "weights": "equal"}])
def test_cells_outside_are_those_above_the_threshold(folder, words):
    options = Options(training="t.csv", trees=12, **words)
    cells = {name: values.copy() for name, values in CELLS.items()}
    cells["mat"][7], cells["gpp"][9] = 300.0, np.nan
    out, status = ask(folder, cells, options, ("di", "outside"), seed=[[1, 2]])
    records = read_records(folder / "t.csv", "rh")
    names = [v.name for v in NUMBERS]
    weights = np.ones(10) if words else importance(records, names)
    space = Space.of(table_of(records.columns, names), weights)
    fold = folds_of(groups_of(records, options.folds, 10.0), 0)
    limit = threshold(space.training(fold))
    assert out["outside"][7].tolist() == [1, 1]
    known = status[:, 0] == 0
    assert not known[9]
    np.testing.assert_array_equal(out["outside"][known], out["di"][known] > limit)
    assert np.isnan(out["outside"][9]).all()


def test_distances_are_of_the_cells_of_a_call_whatever_was_asked_before(folder):
    options = Options(training="t.csv", weights="equal")
    kernel = KERNEL.made(options, folder)
    run, names = kernel.stages[0].open(options), [v.name for v in NUMBERS]
    space = Space.of(table_of(read_records(folder / "t.csv", "rh").columns, names), np.ones(10))
    gap = {**CELLS, "gpp": np.where(np.arange(40) == 9, np.nan, CELLS["gpp"])}
    given = {p.name: np.full((1, 1), p.default) for p in kernel.parameters}
    for cells in (CELLS, gap, gap, CELLS, {n: v[::-1] for n, v in CELLS.items()}):
        out = {"di": np.zeros((40, 1))}
        run(Batch(given, cells, {}), out, np.zeros((40, 1), np.uint8))
        np.testing.assert_array_equal(out["di"][:, 0], space.index(table_of(cells, names)))


def test_without_numbers_among_predictors_there_is_no_distance(folder):
    kernel = KERNEL.made(Options(training="t.csv", predictors=("veg",)), folder)
    assert {"di", "outside"}.isdisjoint(v.name for v in kernel.outputs)


def test_a_predictor_that_all_records_have_alike_is_left_out_and_said(folder):
    alike = [[*row[:3], "7.5", *row[4:]] for row in rows()]
    (folder / "t.csv").write_text(text(alike))
    kernel = KERNEL.made(Options(training="t.csv"), folder)
    assert "t.csv: all records have one mat, which di leaves out" in kernel.notes
    names = [v.name for v in NUMBERS]
    out, _ = ask(folder, options=Options(training="t.csv", weights="equal"), outputs=("di",))
    records = read_records(folder / "t.csv", "rh")
    others = Space.of(table_of(records.columns, names[1:]), np.ones(9))
    np.testing.assert_array_equal(out["di"][:, 0], others.index(table_of(CELLS, names[1:])))
    (folder / "t.csv").write_text(text(rows()))
    again = KERNEL.made(Options(training="t.csv"), folder)
    assert not any("leaves out" in note for note in again.notes)


def test_draws_by_class_are_in_proportion_to_its_area(folder):
    records = read_records(folder / "t.csv", "rh")
    every = np.concatenate([drawn("by_class", seed, records) for seed in range(200)])
    assert every.size == 200 * 64
    classes = records.columns["veg"][every].astype(int) - 1
    area = np.where(np.arange(10) < 6, AREAS, 0.0)
    expected = every.size * area[:6] / area.sum()
    assert stats.chisquare(np.bincount(classes), expected).pvalue > 1e-3
    # Records of one class are alike.
    one = every[classes == 2]
    counts = np.bincount(one, minlength=80)[records.columns["veg"] == 3]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_a_bootstrap_is_as_many_records_with_replacement(folder):
    records = read_records(folder / "t.csv", "rh")
    found = [drawn("bootstrap", seed, records) for seed in range(300)]
    assert {one.size for one in found} == {80}
    share = np.mean([np.unique(one).size / 80 for one in found])
    np.testing.assert_allclose(share, 1 - (1 - 1 / 80) ** 80, atol=0.01)
    np.testing.assert_array_equal(drawn("all", 5, records), np.arange(80))
    out, _ = ask(folder, options=Options(training="t.csv", trees=12, draw="bootstrap"), seed=[[9]])
    assert not np.array_equal(out["rh"][:, 0], by_hand(folder, 9))


def test_a_matrix_is_float32_in_the_order_of_the_table():
    found = matrix(CELLS, ["veg", "soc", "mat"])
    assert found.dtype == np.float32
    assert found.shape == (40, 12)
    np.testing.assert_array_equal(found[:, 0], CELLS["mat"].astype(np.float32))
    np.testing.assert_array_equal(found[:, 2:].argmax(axis=1) + 1.0, CELLS["veg"])


GOOD = rows(20)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (text(GOOD, [c for c in HEADER if c != "veg"]), "has 0 columns 'veg'; needed one"),
        (text(GOOD).replace("clay [percent]", "clay [1]"), "'clay' is in '1'; needed 'percent'"),
        (text(GOOD).replace("rh [", "rs ["), r"has 0 columns 'rh'.*option flux:"),
        (text([*GOOD, GOOD[3]]), "record 4 is there twice"),
        (text(GOOD[:19]), "has 19 records; needed 20 or more"),
        (text([[*r[:2], "400", *r[3:]] for r in GOOD]), "one flux in all records"),
        (text([[*r[:13], "XYZ", *r[14:]] for r in GOOD]), "column 'veg' has 'XYZ'"),
        (text([[*r[:4], "nan", *r[5:]] for r in GOOD]), "column 'map' has no number"),
        (text([[*r[:4], "-9999", *r[5:]] for r in GOOD]), "'map' has -9999; needed 0 to 12000"),
        (text([[*r[:2], "-999", *r[3:]] for r in GOOD]), "'rh' has -999; needed 0 to inf"),
        (text([[*r[:15], "95", "1"] for r in GOOD]), "'lat' has 95; needed -90 to 90"),
        (text([[*r[:15], "1", "1"] for r in GOOD]), "folds: all records are of one block"),
        (
            text([[*r[:3], *["3"] * 9, "0.5", *r[13:]] for r in GOOD]),
            "predictors: all records have the same mat, map",
        ),
        ("", "has no header"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(tmp_path, held, said):
    (tmp_path / "t.csv").write_text(held)
    with pytest.raises(kernels.Unfit, match=said):
        KERNEL.made(Options(training="t.csv"), tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(), "training: is missing"),
        (Options(training="gone.csv"), "No such file"),
        (Options(training="t.csv", predictors=("mat", "mat")), "each once"),
        (Options(training="t.csv", predictors=("ndvi",)), "needed some of mat, map"),
        (Options(training="t.csv", trees=0), "found 0; needed 1 to"),
        (Options(training="t.csv", split=1), "split: found 1; needed 2 or more"),
        (Options(training="t.csv", quantiles=(0.5, 0.1)), r"quantiles: .*\[0.5, 0.1\]; .*rising"),
        (Options(training="t.csv", quantiles=(0.0, 0.5)), "needed numbers above 0 and below 1"),
        (Options(training="t.csv", folds="random"), "needed block or study: records of a cell are"),
        (Options(training="t.csv", folds="zone"), "folds: found 'zone'; needed block or study$"),
        (Options(training="t.csv", block_degrees=0.0), "block_degrees: found 0; needed 1 to 90"),
    ],
)
def test_options_that_make_no_forest_are_refused(folder, options, said):
    with pytest.raises(kernels.Unfit, match=said):
        KERNEL.made(options, folder)


def test_records_of_one_study_have_no_folds_of_studies(tmp_path):
    (tmp_path / "t.csv").write_text(text([[row[0], "5", *row[2:]] for row in GOOD]))
    with pytest.raises(kernels.Unfit, match=r"folds: all records are of one study; .*: choose"):
        KERNEL.made(Options(training="t.csv", folds="study"), tmp_path)
    assert KERNEL.made(Options(training="t.csv"), tmp_path).outputs


def test_without_scikit_learn_one_sentence_says_what_to_install(folder, monkeypatch):
    def gone(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(libraries, "version", gone)
    with pytest.raises(kernels.Unfit, match=r"pip install 'soilsweep\[forest\]'"):
        KERNEL.made(Options(training="t.csv"), folder)
    # Tables alone need none.
    assert KERNEL.made(Options(training="t.csv"), None).parameters


def test_another_version_and_other_records_have_another_fingerprint(folder, monkeypatch):
    def fingerprint():
        return kernels.fingerprint(KERNEL.made(Options(training="t.csv"), folder))

    before = fingerprint()
    assert fingerprint() == before
    with monkeypatch.context() as patch:
        patch.setattr(libraries, "version", lambda name: "0.1")
        other = fingerprint()
    changed = {name for name in before if before[name] != other[name]}
    assert changed == {"random_forest.libraries.scikit-learn"}
    (folder / "t.csv").write_text(text(rows(81)))
    assert fingerprint() != before


def soil_table(folder, name="s.csv"):
    """Write records of other sites, as if of all respiration and half as much."""
    head = ["rs [g C m-2 yr-1]" if cell.startswith("rh") else cell for cell in HEADER]
    table = [[*row[:2], repr(0.5 * float(row[2])), *row[3:]] for row in rows(60, seed=9)]
    (folder / name).write_text(text(table, head))


def test_a_second_forest_is_that_of_its_own_table_and_seed_and_roots_are_never_clipped(folder):
    soil_table(folder)
    options = Options(training="t.csv", soil_respiration="s.csv", trees=12, draw="bootstrap")
    names = ("rh", "rs", "ra")
    out, status = ask(folder, options=options, outputs=names, seed=[[3, 4]], seed_rs=[[5, 5]])
    assert (status == 0).all()
    for seeds, flux in (([3, 4], "rh"), ([5, 5], "rs")):
        alone = Options(training="t.csv" if flux == "rh" else "s.csv", flux=flux, trees=12,
                        draw="bootstrap")  # fmt: skip
        expected, _ = ask(folder, options=alone, outputs=(flux,), seed=[seeds])
        np.testing.assert_array_equal(out[flux], expected[flux])
    np.testing.assert_array_equal(out["ra"], out["rs"] - out["rh"])
    assert (out["ra"] < 0.0).any()
    only, _ = ask(folder, options=options, outputs=("ra",), seed=[[3, 4]], seed_rs=[[5, 5]])
    np.testing.assert_array_equal(only["ra"], out["ra"])


def test_fluxes_inside_are_the_fluxes_and_0_outside(folder):
    soil_table(folder)
    options = Options(training="t.csv", soil_respiration="s.csv", trees=12)
    cells = {name: values.copy() for name, values in CELLS.items()}
    cells["mat"][7], cells["gpp"][9] = 300.0, np.nan
    fluxes = ("rh", "rs", "ra")
    inside = tuple(f"{name}_inside" for name in fluxes)
    out, _ = ask(folder, cells, options, (*fluxes, *inside, "outside"), seed=[[1, 2]])
    outside = out["outside"] == 1
    assert outside[7].all()
    assert not outside.all()
    for name in fluxes:
        expected = np.where(outside, 0, out[name])
        np.testing.assert_array_equal(out[f"{name}_inside"], expected)
    assert np.isnan(out["rh_inside"][9]).all()
    only, _ = ask(folder, cells, options, ("ra_inside",), seed=[[1, 2]])
    np.testing.assert_array_equal(only["ra_inside"], out["ra_inside"])


def test_who_asks_for_one_flux_fits_one_forest(folder, monkeypatch):
    soil_table(folder)
    fits, fit = [], RandomForestRegressor.fit
    monkeypatch.setattr(
        RandomForestRegressor, "fit", lambda self, *data: fits.append(1) or fit(self, *data)
    )
    options = Options(training="t.csv", soil_respiration="s.csv", trees=3)
    ask(folder, options=options)
    assert len(fits) == 1
    ask(folder, options=options, outputs=("rh", "ra"))
    assert len(fits) == 3


def test_tables_of_the_second_forest_that_cannot_be_are_refused_by_its_option(folder):
    with pytest.raises(kernels.Unfit) as refused:
        KERNEL.made(Options(training="none.csv", soil_respiration="no.csv"), folder)
    assert [fault.where for fault in refused.value.faults] == ["training", "soil_respiration"]
    assert "no.csv" in refused.value.faults[1].text
    with pytest.raises(kernels.Unfit, match="0 columns 'rs'"):
        KERNEL.made(Options(training="t.csv", soil_respiration="t.csv"), folder)
    with pytest.raises(kernels.Unfit, match="needed flux: rh"):
        KERNEL.made(Options(training="t.csv", soil_respiration="t.csv", flux="rs"), folder)


def test_fewer_columns_than_are_tried_are_noted(folder):
    few = Options(training="t.csv", predictors=("mat", "map", "swc"))
    assert "3 predictors make 3 columns: mtry above 3 tries all" in KERNEL.made(few, folder).notes
    assert not any("mtry" in n for n in KERNEL.made(Options(training="t.csv"), folder).notes)


def test_classes_with_few_records_are_noted_with_their_counts(folder):
    veg = read_records(folder / "t.csv", "rh").columns["veg"]
    counts = {name: int((veg == k).sum()) for k, name in enumerate(CLASSES, start=1)}
    (said,) = [n for n in KERNEL.made(Options(training="t.csv"), folder).notes if "few" in n]
    few, rest = said.split("; others have ")
    for name, count in counts.items():
        assert f"{name} {count}" in (few if count < 20 else rest)
    numbers = Options(training="t.csv", predictors=("mat", "map"))
    assert not any("few" in note for note in KERNEL.made(numbers, folder).notes)
