"""Indices and variance shares of stores against SALib and against plain loops."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from SALib.analyze import morris, sobol
from steep import write_steep
from support import SMALL, run

import ensemble
from ensemble.analysis import factorial, shares
from ensemble.analysis.factorial import REST, drop_failed, terms_of
from ensemble.analysis.indices import results, stored
from ensemble.errors import PlanError
from ensemble.members.reopening import open_layout
from ensemble.runs.analyze import analyze_store
from ensemble.store.reading import read
from ensemble.store.writing import add_arrays
from ensemble.tables.responses import NONE

ONE_AT_A_TIME = """
version: 1
name: indices
kernel: two_box
forcing: {{reader: annual_table, path: steep.csv}}
design: {design}
seed: 5
{more}
responses:
  d_soil: {{output: c_soil, change: [1901, 2018]}}
  late: {{output: c_total, at: 2018}}
"""
SOBOL = """
  method: sobol
  n: 32
  second_order: true
  parameters: {tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [%s, 60]}}
"""
MORRIS = """
  method: morris
  trajectories: 12
  levels: 6
  parameters: {tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [%s, 60]}}
"""
PROBLEM = {"num_vars": 2, "names": ["tau_veg_obs", "tau_soil_obs"], "bounds": [[0, 1], [0, 1]]}


def run_steep(tmp_path, design, more=""):
    write_steep(tmp_path)
    return run(tmp_path, text=ONE_AT_A_TIME.format(design=design, more=more))[1]


def indices(tmp_path, design, more=""):
    """Return the root and the ``sensitivity`` group of an analysed run."""
    outcome = run_steep(tmp_path, design, more)
    analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    return tree, tree["sensitivity"]


def rows_of(tree, forcing=0):
    columns = [tree[name].values for name in PROBLEM["names"]]
    return np.stack([c[forcing] if c.ndim > 1 else c for c in columns], axis=-1)


# --- Sobol and Morris ---


def salib_sobol(y):
    return sobol.analyze(PROBLEM, y, calc_second_order=True, num_resamples=2, seed=1)


def test_sobol_indices_of_every_response_and_forcing_are_salibs(tmp_path):
    tree, found = indices(tmp_path, SOBOL % 20)
    assert list(found["effect"].values) == PROBLEM["names"]
    for name, f in itertools.product(("d_soil", "late"), range(3)):
        expected = salib_sobol(tree[name].values[f, 0])
        for index in ("S1", "ST"):
            mine = found[f"{name}_{index}"].values[f, 0]
            np.testing.assert_allclose(mine, expected[index], rtol=1e-9, atol=1e-12)
        second = found[f"{name}_S2"]
        assert second.dims == ("forcing", "location", "effect", "effect_2")
        mine = float(second[f, 0].sel(effect="tau_veg_obs", effect_2="tau_soil_obs"))
        assert mine == pytest.approx(expected["S2"][0, 1], rel=1e-9)
        assert (found[f"{name}_effective"].values == 32).all()


def test_a_failed_member_removes_its_whole_saltelli_row(tmp_path):
    # A few of the lowest turnover times are below what every year of the models needs.
    tree, found = indices(tmp_path, SOBOL % 3, "out_of_range: flag")
    for f in range(3):
        y = tree["d_soil"].values[f, 0].reshape(32, 6)
        good = np.isfinite(y).all(axis=1)
        assert 26 <= good.sum() < 32
        assert (found["d_soil_effective"].values[f, 0] == good.sum()).all()
        expected = salib_sobol(y[good].reshape(-1))
        mine = found["d_soil_S1"].values[f, 0]
        np.testing.assert_allclose(mine, expected["S1"], rtol=1e-9, atol=1e-12)


def salib_morris(x, y):
    return morris.analyze(PROBLEM, x, y, num_levels=6, num_resamples=2, seed=1)


def unit_rows(x):
    """Return rows on the unit cube, where SALib's step is measured."""
    low, high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    return np.round((x - low) / (high - low), 12)


@pytest.mark.parametrize("more", ["", "independent: [forcing]"])
def test_elementary_effects_are_salibs(tmp_path, more):
    tree, found = indices(tmp_path, MORRIS % 20, more)
    assert ("forcing" in tree["tau_veg_obs"].dims) == bool(more)
    for name, f in itertools.product(("d_soil", "late"), range(3)):
        expected = salib_morris(unit_rows(rows_of(tree, f)), tree[name].values[f, 0])
        for index in ("mu", "mu_star", "sigma"):
            mine = found[f"{name}_{index}"].values[f, 0]
            np.testing.assert_allclose(mine, expected[index], rtol=1e-9)


def test_rows_of_their_own_are_not_analysed_as_the_first_forcings(tmp_path):
    """Where each forcing has its own trajectories, those of another would give nonsense."""
    tree, found = indices(tmp_path, MORRIS % 20, "independent: [forcing]")
    wrong = salib_morris(unit_rows(rows_of(tree, 0)), tree["d_soil"].values[1, 0])
    assert not np.allclose(found["d_soil_mu_star"].values[1, 0], wrong["mu_star"], rtol=0.01)


def test_more_than_a_fifth_of_the_trajectories_lost_is_refused(tmp_path):
    # The lowest of six levels fails: one member in six or so, but far more trajectories.
    outcome = run_steep(tmp_path, MORRIS % 3, "out_of_range: flag\nfailed_limit: 1")
    status = ensemble.open_run(outcome.path)["status"].values
    assert 0 < (status != 0).mean() < 0.2
    lost = (status != 0).reshape(3, 12, 3).any(axis=2).mean()
    assert lost > 0.2
    with pytest.raises(PlanError, match=r"(?s)too many members failed.*of 12 trajectories of 3"):
        analyze_store(outcome.path)
    assert "sensitivity/effect" not in read(outcome.path).specs


# --- variance of a factorial ---


def anova(values):
    """Return shares by plain loops over the levels of three axes."""
    n = values.shape
    grand = values.sum() / values.size
    mains = [
        [np.take(values, i, axis=a).sum() / (values.size / n[a]) - grand for i in range(n[a])]
        for a in range(3)
    ]
    total = sum((v - grand) ** 2 for v in values.reshape(-1))
    found = {(a,): sum(e**2 for e in mains[a]) * values.size / n[a] / total for a in range(3)}
    for a, b in ((0, 1), (0, 2), (1, 2)):
        (c,) = {0, 1, 2} - {a, b}
        squares = 0.0
        for i, j in itertools.product(range(n[a]), range(n[b])):
            cell = np.take(np.take(values, j, axis=b), i, axis=a)
            squares += (cell.mean() - grand - mains[a][i] - mains[b][j]) ** 2
        found[a, b] = squares * n[c] / total
    found[0, 1, 2] = 1.0 - sum(found.values())
    return found


def test_shares_of_a_store_are_those_of_plain_loops(tmp_path):
    _, outcome = run(tmp_path)
    analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    assert "sensitivity" not in tree.children
    found = tree["variance"]
    veg, soil = "tau_veg_obs", "tau_soil_obs"
    names = {
        (0,): "forcing",
        (1,): veg,
        (2,): soil,
        (0, 1): f"forcing x {veg}",
        (0, 2): f"forcing x {soil}",
        (1, 2): f"{veg} x {soil}",
        (0, 1, 2): f"forcing x {veg} x {soil}",
    }
    for name in ("d_total", "d_soil"):
        mine = found[f"{name}_share"].isel(location=0)
        expected = anova(tree[name].values.reshape(4, 8, 25))
        for subset, share in expected.items():
            assert float(mine.sel(term=names[subset])) == pytest.approx(share, abs=1e-12)
        assert float(mine.sum()) == pytest.approx(1, abs=1e-12)
        assert list(found[f"{name}_levels"].values[0]) == [4, 8, 25]


WIDE = SMALL.replace("{normal: [38.3, 11], lower: 2}", "{normal: [%s, 11]}").replace(
    "seed: 7", "seed: 7\nout_of_range: flag\nfailed_limit: 1"
)


def test_failed_members_remove_whole_levels(tmp_path):
    _, outcome = run(tmp_path, text=WIDE % 17)
    tables = analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    values = tree["d_total"].values.reshape(4, 8, 25)
    bad = np.isnan(values).any(axis=(0, 1))
    assert 0 < bad.sum() <= 5
    expected = anova(values[:, :, ~bad])
    mine = tree["variance/d_total_share"].isel(location=0)
    assert float(mine.sel(term="tau_soil_obs")) == pytest.approx(expected[2,], abs=1e-12)
    assert list(tree["variance/d_total_levels"].values[0]) == [4, 8, 25 - bad.sum()]
    left = f"{25 - bad.sum()} of 25 of tau_soil_obs"
    assert any(left in note for note in tables[0]["notes"])


def test_more_than_a_fifth_of_the_levels_lost_is_refused(tmp_path):
    _, outcome = run(tmp_path, text=WIDE % 2)
    with pytest.raises(PlanError, match="members are in whole levels without failure"):
        analyze_store(outcome.path)


# A step of a float apart, of which rounding is all that is left in a response.
ALIKE = """
  cross:
    - {method: grid, parameters: {tau_veg_obs: [10, 10.000000000000002]}}
    - {method: grid, parameters: {tau_soil_obs: [35, 35.00000000000001]}}
"""


def test_what_does_not_vary_is_analysed_and_has_dashes_for_shares(tmp_path):
    text = re.sub(r"  cross:.*?(?=seed)", ALIKE.lstrip("\n"), SMALL, flags=re.DOTALL)
    stock = "responses={stock: {output: c_soil, mean: [1901, 2018]}}"
    _, outcome = run(tmp_path, "forcing.n=1", "statistics={}", stock, text=text)
    (table,) = analyze_store(outcome.path)
    assert {cell for row in table["rows"] for cell in row[1:]} == {NONE}
    assert np.isnan(ensemble.open_run(outcome.path)["variance/stock_share"].values).all()


def test_rows_drawn_anew_for_each_forcing_are_nested_in_it(tmp_path):
    _, outcome = run(tmp_path, text=SMALL + "independent: [forcing]\n")
    analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    values = tree["d_total"].values[:, 0]
    mine = tree["variance/d_total_share"].isel(location=0)
    between = values.mean(axis=1).var() / values.var()
    assert float(mine.sel(term="forcing")) == pytest.approx(between, rel=1e-10)
    assert float(mine.sum()) == pytest.approx(1, abs=1e-12)
    assert not any("forcing x" in str(term) for term in mine["term"].values)
    soil = values.reshape(4, 8, 25).mean(axis=1).var(axis=1).mean() / values.var()
    term = "tau_soil_obs within forcing"
    assert float(mine.sel(term=term)) == pytest.approx(soil, rel=1e-10)


def test_a_single_forcing_is_no_factor(tmp_path):
    _, outcome = run(tmp_path, "forcing.n=1")
    analyze_store(outcome.path)
    found = ensemble.open_run(outcome.path)["variance"]
    assert list(found["axis"].values) == ["tau_veg_obs", "tau_soil_obs"]
    assert float(found["d_total_share"].sum()) == pytest.approx(1, abs=1e-12)


# --- places ---

TYPES = ("forest", "tundra", "steppe")


def by_type(tmp_path, tundra):
    """Run a cross at three locations, with the mean turnover time of one to choose."""
    lines = ["year,model,type,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]"]
    for model, (k, name) in itertools.product("AB", enumerate(TYPES)):
        npp = 5.0 + k + (model == "B")
        veg, soil = npp * (7 + k), npp * (20 + 5 * k)
        for year in range(1901, 2019):
            npp *= 1.002
            veg = (veg + npp) / (1 + 1 / (7 + k))
            litter = veg / (7 + k)
            soil = (soil + litter) / (1 + 1 / (20 + 5 * k))
            respired = soil / (20 + 5 * k)
            row = (year, model, name, npp, respired, veg, soil)
            lines.append(",".join(map(str, row)))
    (tmp_path / "types.csv").write_text("\n".join(lines))
    means = {"forest": 35, "tundra": tundra, "steppe": 30}
    table = "".join(f"{name},{mean}\n" for name, mean in means.items())
    (tmp_path / "tau.csv").write_text("location,soil\n" + table)
    text = SMALL.replace(
        "forcing: {reader: synthetic_models, n: 4}",
        "forcing: {reader: annual_table, path: types.csv, location: type}\n"
        "locations: {table: tau.csv}\nout_of_range: flag\nfailed_limit: 1\nblock: {location: 2}",
    ).replace("{normal: [38.3, 11], lower: 2}", "{normal: {mean: {column: soil}, sd: 9}}")
    return run(tmp_path, text=text)[1].path


def test_every_location_has_its_own_shares(tmp_path):
    path = by_type(tmp_path, 60)
    analyze_store(path)
    tree = ensemble.open_run(path)
    assert list(tree["location"].values) == list(TYPES)
    mine = tree["variance/d_soil_share"]
    assert mine.dims == ("location", "term")
    np.testing.assert_allclose(mine.sum("term"), 1, atol=1e-12)
    for place in range(3):
        values = tree["d_soil"].values[:, place].reshape(2, 8, 25)
        share = float(mine.isel(location=place).sel(term="forcing"))
        assert share == pytest.approx(anova(values)[0,], abs=1e-12)


def test_a_location_that_lost_too_much_is_refused_alone(tmp_path):
    path = by_type(tmp_path, 2)
    tables = analyze_store(path)
    mine = ensemble.open_run(path)["variance/d_soil_share"]
    known = np.isfinite(mine).all("term")
    assert dict(zip(TYPES, known.values.tolist(), strict=True)) == {
        "forest": True,
        "tundra": False,
        "steppe": True,
    }
    (tundra,) = [t for t in tables if "tundra" in t["title"] and t["header"][0] == "term"]
    assert any("more than a fifth is lost" in note for note in tundra["notes"])


def split_of(path):
    """Return every share of variance of a run, made anew."""
    store = read(path)
    return shares.splits(store, open_layout(store))


def test_batches_of_locations_change_nothing(tmp_path, monkeypatch):
    path = by_type(tmp_path, 60)
    at_once = split_of(path)
    monkeypatch.setattr(shares, "READ_BYTES", 1)
    one_by_one = split_of(path)
    assert at_once.keys() == one_by_one.keys()
    for name, (_, values) in at_once.items():
        np.testing.assert_array_equal(values, one_by_one[name][1])


# --- the store ---


def content(path):
    return {f.relative_to(path): f.read_bytes() for f in path.rglob("*") if f.is_file()}


@pytest.mark.parametrize("design", ["cross", SOBOL % 20])
def test_analysing_twice_changes_no_byte(tmp_path, design):
    outcome = run(tmp_path)[1] if design == "cross" else run_steep(tmp_path, design)
    before = content(outcome.path)
    first = analyze_store(outcome.path)
    once = content(outcome.path)
    assert analyze_store(outcome.path) == first
    assert content(outcome.path) == once
    changed = {p for p in before if once[p] != before[p]}
    assert {str(p) for p in changed} == {"zarr.json"}
    assert read(outcome.path).digest() == read(outcome.path).digest()
    tree = xr.open_datatree(outcome.path, engine="zarr")
    assert ("variance" if design == "cross" else "sensitivity") in tree.children


def same_arrays(computed, kept):
    assert computed.keys() == kept.keys()
    for name, (spec, values) in computed.items():
        np.testing.assert_array_equal(values, kept[name][1])
        # A store says of its arrays what coordinates lie along them, too.
        assert {**kept[name][0].attrs, **spec.attrs} == dict(kept[name][0].attrs)


def test_what_is_stored_is_what_was_computed(tmp_path):
    _, outcome = run(tmp_path)
    analyze_store(outcome.path)
    same_arrays(split_of(outcome.path), shares.stored(read(outcome.path)))


def test_indices_that_are_stored_are_those_computed(tmp_path):
    outcome = run_steep(tmp_path, SOBOL % 20)
    analyze_store(outcome.path)
    store = read(outcome.path)
    same_arrays(results(store), stored(store))


def test_shares_are_read_where_an_earlier_version_kept_them(tmp_path):
    _, outcome = run(tmp_path)
    split, earlier = split_of(outcome.path), {}
    for name, word in ((n, w) for n in ("d_total", "d_soil") for w in ("share", "levels")):
        spec, values = split[f"variance/{name}_{word}"]
        index = "variance_share" if word == "share" else word
        path = f"sensitivity/{name}_{index}"
        attrs = {**spec.attrs, "response": name, "index": index}
        earlier[path] = replace(spec, path=path, attrs=attrs), values
    for dim in ("term", "axis"):
        spec, values = split[f"variance/{dim}"]
        earlier[f"sensitivity/{dim}"] = replace(spec, path=f"sensitivity/{dim}"), values
    add_arrays(read(outcome.path), earlier)
    found = shares.stored(read(outcome.path))
    kept = ("d_total_share", "d_total_levels", "d_soil_share", "d_soil_levels", "term", "axis")
    assert found.keys() == {f"variance/{name}" for name in kept}
    for path, (_, values) in found.items():
        np.testing.assert_array_equal(values, split[path][1])
    assert not stored(read(outcome.path))
    analyze_store(outcome.path)
    assert not (outcome.path / "sensitivity").exists()
    same_arrays(split, shares.stored(read(outcome.path)))


def test_arrays_of_an_older_analysis_go(tmp_path, monkeypatch):
    _, outcome = run(tmp_path)
    analyze_store(outcome.path)
    fewer = {p: v for p, v in split_of(outcome.path).items() if "d_soil" not in p}
    monkeypatch.setattr(shares, "split", lambda splitter, outputs: fewer)
    analyze_store(outcome.path)
    assert not (outcome.path / "variance" / "d_soil_share").exists()
    tree = ensemble.open_run(outcome.path)
    assert "d_soil_share" not in tree["variance"]
    assert "d_total_share" in tree["variance"]


PLAIN = "  {method: monte_carlo, n: 9, parameters: {tau_veg_obs: {uniform: [6, 15]}}}\n"

PLAIN_SMALL = re.sub(r"  cross:.*?(?=seed)", PLAIN, SMALL, flags=re.DOTALL).replace("n: 4", "n: 1")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (PLAIN_SMALL[: PLAIN_SMALL.index("responses:")], "name responses"),
        (
            PLAIN_SMALL,
            "a monte_carlo design has no indices of its own",
        ),
    ],
)
def test_what_cannot_be_analysed_says_why(tmp_path, text, match):
    _, outcome = run(tmp_path, text=text)
    with pytest.raises(PlanError, match=match):
        analyze_store(outcome.path)


def test_an_unfinished_run_is_not_analysed(tmp_path):
    asked = iter([False, False, True])
    _, outcome = run(tmp_path, workers=1, stop=lambda: next(asked, True))
    with pytest.raises(PlanError, match="2/4 blocks are committed"):
        analyze_store(outcome.path)


# --- the arithmetic ---


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 99), st.booleans())
def test_shares_add_to_one_and_leave_their_input_alone(shape, seed, nested):
    values = np.random.default_rng(seed).normal(50, 3, shape)
    before = values.copy()
    nest = (0, 1) if nested else None
    found = factorial.shares(values, range(values.ndim), nest=nest)
    np.testing.assert_array_equal(values, before)
    assert list(found) == terms_of(len(shape), nest=nest)
    if values.size > 1:
        assert sum(found.values()) == pytest.approx(1, abs=1e-12)
        assert min(found.values()) >= 0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_what_is_above_the_order_is_the_rest(order):
    values = np.random.default_rng(1).random((3, 4, 2, 3))
    every, some = (factorial.shares(values, range(4), order=o) for o in (None, order))
    assert sum(some.values()) == pytest.approx(1, abs=1e-12)
    rest = sum(v for s, v in every.items() if len(s) > order)
    assert some[REST] == pytest.approx(rest, abs=1e-12)
    for subset, share in some.items():
        if subset != REST:
            assert share == pytest.approx(every[subset], rel=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3])
def test_a_constant_has_no_shares(value):
    assert all(np.isnan(v) for v in factorial.shares(np.full((3, 4), value), (0, 1)).values())


@given(arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6))))
def test_levels_are_dropped_one_by_one_the_worst_first(bad):
    values = np.where(bad, np.nan, np.arange(bad.size, dtype=float).reshape(bad.shape))
    left, removed = drop_failed(values)
    expected, gone = dropped_by_deleting(values)
    assert removed == gone
    np.testing.assert_array_equal(left, expected)
    assert np.isfinite(left).all()


def dropped_by_deleting(values):
    """Remove levels from a shrinking array: the rule of `drop_failed` without its counts."""
    removed = [0] * values.ndim
    while values.size and np.isnan(values).any():
        bad = np.isnan(values)
        if (gone := bad.all(axis=(1, 2))).any():
            axis, level = 0, int(np.argmax(gone))
        else:
            worst = {a: bad.mean(axis=tuple({0, 1, 2} - {a})) for a in (1, 2)}
            axis = max(worst, key=lambda a: float(worst[a].max()))
            level = int(np.argmax(worst[axis]))
        values = np.delete(values, level, axis=axis)
        removed[axis] += 1
    return values, removed
