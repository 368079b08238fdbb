"""Indices found inside a run against SALib and against the analysis of stored members."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol

from ensemble.members.statistics import Target, families, reductions
from kernels import Parameter
from scenarios import designs
from scenarios.designs import Context

NAMES = ["p0", "p1", "p2"]
TABLE = {name: Parameter(name, "1", 0.5, 0.0, 1.0, "", "") for name in NAMES}
PROBLEM = {"num_vars": 3, "names": NAMES, "bounds": [[0, 1]] * 3}
EFFECTS = ["mu", "mu_star", "sigma", "theta", "mu_star_conf"]
ORDERS = ["S1", "ST", "S2", "S1_conf", "ST_conf", "S2_conf"]
ROWS = 4


def opened(method, stream="", **words):
    spec = designs.get(method).model_validate({"method": method, "parameters": "all", **words})
    return spec.open(Context(3, "design", TABLE, stream=stream))


def morris(units=30, **words):
    return opened("morris", trajectories=units, **words)


def sobol(units=32, second_order=True, **words):
    return opened("sobol", n=units, second_order=second_order, **words)


def rows_of(design):
    return np.concatenate([design.rows(0, design.size)[n] for n in NAMES]).T


def responses(design, scale=1.0, level=0.0):
    """Return values (ROWS, size) that differ from row to row."""
    x = rows_of(design)
    y = [np.sin(5 * x[:, 0]) * x[:, 1] ** k + (k - 1) * x[:, 2] * x[:, 0] for k in range(ROWS)]
    return level + scale * np.array(y)


def reduction(design, requests, rows=ROWS, own=None):
    target = Target(
        "x",
        "Pg C",
        "a pool",
        rows,
        np.zeros((2, 2)),
        design=lambda location: own[location] if own else design,
        own_designs=bool(own),
    )
    (found,) = reductions(requests, target).values()
    return found


def reduced(reducer, values, unit, blocks=1, tile=3):
    """Return finished indices of (rows, size), cut into blocks and tiles of units."""
    units = values.reshape(len(values), -1, unit)
    cuts = np.linspace(0, units.shape[1], blocks + 1).astype(int)
    total = None
    for begin, end in itertools.pairwise(cuts):
        partial = reducer.start(slice(0, len(values) // reducer.target.rows))
        for first in range(begin, end, tile):
            part = np.ascontiguousarray(units[:, first : min(first + tile, end)])
            reducer.update_groups(partial, part, first, slice(0, len(values)), 0)
        total = partial if total is None else reducer.merge(total, partial)
    return reducer.finish(total)


def equal(found, expected, requests):
    for name in requests:
        np.testing.assert_allclose(
            found[name], expected[name], rtol=1e-12, atol=1e-12, err_msg=name
        )


def fitting(family):
    """Return a design that a family of whole units is for, and the requests it has there."""
    module = families()[family]
    for make in (morris, sobol):
        design = make()
        said = SimpleNamespace(method=make.__name__, second_order=True)
        if asked := [name for name in module.EXAMPLES if not module.unfit(name, said)]:
            return design, asked
    raise AssertionError(f"{family}: give this law a design that suits it")


@pytest.mark.parametrize("family", [n for n, m in families().items() if hasattr(m, "unfit")])
def test_blocks_of_whole_units_give_what_one_pass_gives(family):
    design, asked = fitting(family)
    values = responses(design)
    one, many = (
        reduced(reduction(design, asked), values, design.rows_together, blocks=n) for n in (1, 5)
    )
    assert one.keys() == many.keys() >= set(asked)
    for name in one:
        np.testing.assert_allclose(many[name], one[name], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("ddof", [0, 1])
def test_effects_are_salibs_and_the_stored_analysis_on_every_row(ddof):
    design = morris(theta_ddof=ddof)
    values = responses(design)
    found = reduced(reduction(design, EFFECTS), values, design.rows_together)
    equal(found, design.analyze(values), EFFECTS)
    for k in range(ROWS):
        expected = salib_morris.analyze(PROBLEM, rows_of(design), values[k], num_levels=4)
        for name in ("mu", "mu_star", "sigma"):
            np.testing.assert_allclose(found[name][k], expected[name], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found["effective"], [30] * ROWS)


@pytest.mark.parametrize("second", [False, True])
def test_sobol_indices_are_salibs_and_the_stored_analysis_on_every_row(second):
    design = sobol(second_order=second)
    values = responses(design)
    requests = [r for r in ORDERS if second or not r.startswith("S2")]
    found = reduced(reduction(design, requests), values, design.rows_together)
    equal(found, design.analyze(values), requests)
    for k in range(ROWS):
        expected = salib_sobol.analyze(PROBLEM, values[k], calc_second_order=second)
        for name in (r for r in requests if not r.endswith("_conf")):
            np.testing.assert_allclose(found[name][k], expected[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("make", [morris, sobol])
def test_intervals_are_as_wide_as_salibs(make):
    design = make(256, resamples=2000)
    values = responses(design)[:1]
    requests = ["mu_star_conf"] if make is morris else ["S1_conf", "ST_conf"]
    found = reduced(reduction(design, requests, rows=1), values, design.rows_together, blocks=3)
    if make is morris:
        expected = salib_morris.analyze(
            PROBLEM, rows_of(design), values[0], num_resamples=2000, seed=1
        )
    else:
        expected = salib_sobol.analyze(PROBLEM, values[0], num_resamples=2000, seed=1)
    for name in requests:
        np.testing.assert_allclose(found[name][0], expected[name], rtol=0.1)


@given(
    blocks=st.integers(1, 6),
    tile=st.integers(1, 40),
    level=st.sampled_from([0.0, 1e3, -5e5]),
    lost=st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, 31)), max_size=8),
    kind=st.sampled_from(["morris", "sobol"]),
)
@settings(max_examples=60)
def test_any_cut_and_any_failures_give_the_stored_analysis(blocks, tile, level, lost, kind):
    design, requests = (morris(32), EFFECTS) if kind == "morris" else (sobol(32), ORDERS)
    values = responses(design, level=level)
    for row, unit in lost:
        values[row, unit * design.rows_together + (unit + row) % design.rows_together] = np.nan
    expected = design.analyze(values)
    few = expected["effective"].min(axis=-1) < 0.8 * 32
    found = reduced(reduction(design, requests), values, design.rows_together, blocks, tile)
    # A level far above the spread costs the sums digits, as it does the differences.
    tolerance = 1e-12 * max(1.0, abs(level))
    for name in requests:
        want = np.where(few.reshape(-1, *(1,) * (expected[name].ndim - 1)), np.nan, expected[name])
        np.testing.assert_allclose(found[name], want, rtol=tolerance, atol=tolerance, err_msg=name)
    np.testing.assert_array_equal(found["effective"], expected["effective"][:, 0])


@pytest.mark.parametrize(("make", "requests"), [(morris, EFFECTS), (sobol, ORDERS)])
def test_how_a_block_is_cut_into_tiles_changes_no_bit(make, requests):
    design = make()
    values = responses(design, level=7.0)
    reducer = reduction(design, requests)
    one, many = (reduced(reducer, values, design.rows_together, 2, tile) for tile in (100, 1))
    for name in one:
        np.testing.assert_array_equal(one[name], many[name])


@pytest.mark.parametrize(("make", "requests"), [(morris, EFFECTS), (sobol, ORDERS)])
def test_more_than_a_fifth_lost_leaves_no_index_of_that_row_alone(make, requests):
    design = make(20)
    values = responses(design)
    values[1, : 5 * design.rows_together : design.rows_together] = np.nan
    values[2, : 4 * design.rows_together : design.rows_together] = np.inf
    found = reduced(reduction(design, requests), values, design.rows_together, blocks=4)
    np.testing.assert_array_equal(found["effective"], [20, 15, 16, 20])
    pairs = np.triu_indices(3, 1)
    for name in requests:
        index = found[name][:, *pairs] if found[name].ndim == 3 else found[name]
        assert np.isnan(index[1]).all(), name
        assert np.isfinite(index[[0, 2, 3]]).all(), name


def test_what_does_not_vary_has_no_sobol_index():
    design = sobol()
    values = np.repeat([[0.1], [1e9 / 3], [0.0], [2.5]], design.size, axis=1)
    found = reduced(reduction(design, ORDERS), values, design.rows_together, blocks=3)
    assert all(np.isnan(found[name]).all() for name in ORDERS)
    assert (found["effective"] == 32).all()


@pytest.mark.parametrize(("method", "requests"), [("morris", EFFECTS), ("sobol", ORDERS)])
def test_each_location_is_looked_at_with_its_own_design(method, requests):
    words = {"trajectories": 20} if method == "morris" else {"n": 32, "second_order": True}
    own = [opened(method, stream=place, **words) for place in "ab"]
    values = np.concatenate([responses(d)[:2] for d in own])
    reducer = reduction(own[0], requests, rows=2, own=own)
    found = reduced(reducer, values, own[0].rows_together, blocks=2)
    expected = [d.analyze(values[2 * k : 2 * k + 2]) for k, d in enumerate(own)]
    equal(found, {n: np.concatenate([e[n] for e in expected]) for n in requests}, requests)


def test_groups_are_those_of_the_stored_analysis():
    groups = {"both": ["p0", "p2"]}
    for design, requests in ((morris(groups=groups), EFFECTS), (sobol(groups=groups), ORDERS)):
        values = responses(design)
        found = reduced(reduction(design, requests), values, design.rows_together, blocks=2)
        equal(found, design.analyze(values), requests)
        assert found[requests[0]].shape == (ROWS, 2)


def test_nothing_ran_is_nan():
    for design, requests in ((morris(), EFFECTS), (sobol(), ORDERS)):
        reducer = reduction(design, requests)
        found = reducer.finish(reducer.start(slice(0, 1)))
        assert found.keys() == reducer.declare().keys()
        assert all(np.isnan(found[name]).all() for name in requests)
        assert (found["effective"] == 0).all()


def test_members_without_their_place_are_refused():
    reducer = reduction(morris(), EFFECTS)
    with pytest.raises(TypeError, match="whole groups"):
        reducer.update(reducer.start(slice(0, 1)), np.zeros((4, 8)), slice(0, 4))
