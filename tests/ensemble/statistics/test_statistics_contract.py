"""Laws of every family: merging in any split gives what one pass gives; failures are left out."""

from dataclasses import replace

import numpy as np
import pytest
from covered import covered
from hypothesis import given
from hypothesis import strategies as st

from ensemble.members import statistics
from ensemble.members.distinct import Distinct
from ensemble.members.statistics import (
    DistinctReduction,
    Target,
    canonical,
    known_as,
    reductions,
)

FAMILIES = {name: statistics.FAMILIES.get(name) for name in covered(statistics.FAMILIES)}
PLAIN = [name for name, module in FAMILIES.items() if not hasattr(module, "unfit")]
"""Families that take members one by one; those of whole units have their law in `test_indices`."""

MOMENTS = ["mean", "std", "variance", "min", "max"]
REQUESTS = [*MOMENTS, "q05", "q50", "q97.5", {"above": 1.0}, "below_0"]


def target(rows=3, bins=50):
    edges = np.array([[-4.0, 4.0], [-2.0, 6.0]])
    return Target("x", "Pg C", "a pool", rows, edges, bins)


def members(count, seed=0, rows=6):
    return np.random.default_rng(seed).normal(1.0, 1.5, (rows, count))


def reduced(reduction, parts):
    partials = []
    for part in parts:
        partial = reduction.start(slice(0, 2))
        for start in range(0, part.shape[1], 64):
            tile = np.ascontiguousarray(part[:, start : start + 64])
            # Not all rows at once, nor as many each time: what it is told of them counts.
            for rows in (slice(2, 3), slice(3, 6), slice(0, 2)):
                reduction.update(partial, np.ascontiguousarray(tile[rows]), rows)
        partials.append(partial)
    total = partials[0]
    for partial in partials[1:]:
        total = reduction.merge(total, partial)
    return reduction.finish(total)


@pytest.mark.parametrize("family", FAMILIES)
def test_its_examples_are_requests_that_no_other_family_knows(family):
    assert FAMILIES[family].EXAMPLES
    for request in FAMILIES[family].EXAMPLES:
        assert canonical(request) == (family, request)
        assert [name for name, other in FAMILIES.items() if known_as(other, request)] == [family]


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=4),
    st.sampled_from(PLAIN),
)
def test_merging_blocks_gives_what_one_pass_gives(lengths, family):
    reduction = reductions(FAMILIES[family].EXAMPLES, target())[family]
    values = members(sum(lengths))
    parts = np.split(values, np.cumsum(lengths)[:-1], axis=1)
    one, many = reduced(reduction, [values]), reduced(reduction, parts)
    assert one.keys() == many.keys() == reduction.declare().keys()
    for name in one:
        np.testing.assert_allclose(many[name], one[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_moments_and_exceedance_equal_numpy():
    found, values = {}, members(1000)
    for reduction in reductions(REQUESTS, target()).values():
        found |= reduced(reduction, [values])
    np.testing.assert_allclose(found["mean"], values.mean(1), rtol=1e-13)
    np.testing.assert_allclose(found["std"], values.std(1), rtol=1e-12)
    np.testing.assert_allclose(found["variance"], values.var(1), rtol=1e-12)
    np.testing.assert_array_equal(found["min"], values.min(1))
    np.testing.assert_array_equal(found["max"], values.max(1))
    np.testing.assert_allclose(found["above_1"], (values > 1).mean(1))
    np.testing.assert_allclose(found["below_0"], (values < 0).mean(1))


def test_a_small_spread_at_a_high_level_keeps_its_variance():
    """Sums of squares of 1e9 + noise would lose all sixteen digits."""
    values = 1e9 + members(5000)
    reduction = reductions(["std"], target())["moments"]
    np.testing.assert_allclose(reduced(reduction, [values])["std"], values.std(1), rtol=1e-7)


@pytest.mark.parametrize("level", [0.5, 5, 50, 97.5, 100])
def test_quantiles_are_within_a_bin_of_the_exact_ones(level):
    values = members(4000)
    reduction = reductions([f"q{level:g}"], target(bins=200))["histogram"]
    found = reduced(reduction, [values])
    (name,) = reduction.levels
    exact = np.quantile(values, level / 100, axis=1, method="inverted_cdf")
    inside = (exact > found["edges"][:, 0]) & (exact < found["edges"][:, -1])
    assert (np.abs(found[name] - exact)[inside] <= 8 / 200).all()
    spread = values.max(1) - values.min(1)
    assert (np.abs(found[name] - exact) <= spread).all()


def test_members_outside_the_edges_are_counted_and_bound_the_quantiles():
    values = np.tile([-100.0, 0.0, 1.0, 200.0], (6, 1))
    found = reduced(reductions(["q00", "q100", "histogram"], target())["histogram"], [values])
    assert (found["histogram"].sum(axis=1) == 4).all()
    assert (found["histogram"][:, 0] == 1).all()
    assert (found["histogram"][:, -1] == 1).all()
    np.testing.assert_array_equal(found["q00"], np.full(6, -100.0))
    np.testing.assert_array_equal(found["q100"], np.full(6, 200.0))


@given(st.lists(st.sampled_from([slice(0, 2), slice(2, 3), slice(3, 6)]), max_size=5))
def test_rows_that_got_no_member_are_as_they_were(pieces):
    """And rows that got some have what they have alone, whatever the others got."""
    for family in PLAIN:
        reduction = reductions(FAMILIES[family].EXAMPLES, target())[family]
        empty = reduction.finish(reduction.start(slice(0, 2)))
        partial, tiles = reduction.start(slice(0, 2)), members(40)
        for rows in dict.fromkeys((p.start, p.stop) for p in pieces):
            reduction.update(partial, np.ascontiguousarray(tiles[slice(*rows)]), slice(*rows))
        whole, found = reduced(reduction, [tiles]), reduction.finish(partial)
        got = {k for p in pieces for k in range(p.start, p.stop)}
        for name, values in found.items():
            for k in range(6):
                expected = (whole if k in got else empty)[name][k]
                np.testing.assert_allclose(values[k], expected, rtol=1e-12, err_msg=name)


BY_VALUE = [
    name
    for name in PLAIN
    if isinstance(reductions(FAMILIES[name].EXAMPLES, target())[name], DistinctReduction)
]
"""Families that can be told how many members have a value."""


def test_ours_take_a_value_once_for_all_members_that_have_it():
    assert {"moments", "histogram", "exceedance"} <= set(BY_VALUE)


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=150),
    st.sampled_from(BY_VALUE),
    st.integers(0, 2**32 - 1),
)
def test_a_value_that_counts_several_times_is_that_many_members(counted, family, seed):
    """And values that count once each are members: the same to the last bit."""
    reduction = reductions(FAMILIES[family].EXAMPLES, target())[family]
    values = members(len(counted), seed)
    each = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counted)), counted))
    # What was added before is not lost, and rows that are not named get nothing.
    before, rows = members(9, 1)[:4], slice(1, 5)
    spread, once, alone, plain = (reduction.start(slice(0, 2)) for _ in range(4))
    for partial in (spread, once, alone, plain):
        reduction.update(partial, before, rows)
    reduction.update(spread, np.ascontiguousarray(values[:4, each]), rows)
    reduction.update_distinct(once, Distinct(values[:4], np.array(counted)), rows)
    reduction.update_distinct(alone, Distinct(values[:4]), rows)
    reduction.update(plain, values[:4], rows)
    assert spread.keys() == once.keys()
    for field in spread:
        if spread[field].dtype.kind == "f":
            # Sums of the same numbers in another order; the largest is 8 x 75,000 members.
            kept = {"rtol": 1e-12, "atol": 1e-12 * np.abs(spread[field][rows]).max()}
            np.testing.assert_allclose(once[field], spread[field], err_msg=field, **kept)
        else:
            np.testing.assert_array_equal(once[field], spread[field], err_msg=field)
        np.testing.assert_array_equal(alone[field], plain[field], err_msg=field)


@pytest.mark.parametrize("width", [1, 2, 15, 16, 17, 63, 64, 65, 129, 1000])
def test_sums_of_rows_are_those_of_numpy_whatever_their_length(width):
    """Lanes are filled four at a time, then one by one."""
    rng = np.random.default_rng(width)
    values, counted = rng.normal(50.0, 3.0, (5, width)), rng.integers(1, 9, width)
    sums, every = Distinct(values, counted).sums, np.repeat(values, counted, axis=1)
    assert sums.members == every.shape[1]
    np.testing.assert_allclose(sums.packed[0], every.mean(1), rtol=1e-14)
    np.testing.assert_allclose(sums.packed[1], every.var(1) * sums.members, rtol=1e-12, atol=1e-24)
    np.testing.assert_array_equal(sums.low, values.min(1))
    np.testing.assert_array_equal(sums.high, values.max(1))


@pytest.mark.parametrize("members", [None, 60_000, 2**20])
@pytest.mark.parametrize("width", [1, 12, 13, 207, 208, 1023, 1025, 3000])
def test_every_value_is_in_the_bin_between_whose_edges_it_is(width, members):
    """Values on an edge, one bit to either side of it, outside, and at infinity.

    Whatever the counters: as wide as counts, 32 bits aside, four sets of them.
    """
    low, high, bins = -4.0, 4.0, 50
    edges = np.linspace(low, high, bins + 1)
    near = np.concatenate([np.nextafter(edges, -9), edges, np.nextafter(edges, 9)])
    odd = np.array([-np.inf, np.inf, -1e300, 1e300, -0.0, 5e-324])
    values = np.tile(np.resize(np.concatenate([odd, near]), width), (3, 1))
    about = replace(target(), members=members)
    reduction = reductions(["histogram"], about)["histogram"]
    partial = reduction.start(slice(0, 1))
    reduction.update(partial, values, slice(0, 3))
    position = (values[0] - low) * (bins / (high - low))
    expected = np.clip(np.floor(position), -1, bins).astype(int) + 1
    counts = np.bincount(expected, minlength=bins + 2)
    np.testing.assert_array_equal(partial["counts"], np.tile(counts, (3, 1)))


@pytest.mark.parametrize("family", PLAIN)
def test_no_member_gives_nan_and_not_a_number(family):
    asked = [*FAMILIES[family].EXAMPLES, *(r for r in REQUESTS if canonical(r)[0] == family)]
    for reduction in reductions(asked, target()).values():
        found, declared = reduction.finish(reduction.start(slice(0, 2))), reduction.declare()
        for name, values in found.items():
            if np.dtype(declared[name].dtype).kind == "u":
                assert not values.any(), f"{name}: counts of nothing"
            # The edges of a histogram are there before any member is.
            elif name != "edges":
                assert np.isnan(values).all(), name


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("q5", ("histogram", "q05")),
        ("q97.5", ("histogram", "q97.5")),
        ({"above": 100}, ("exceedance", "above_100")),
        ({"below": -1.5}, ("exceedance", "below_-1.5")),
        ("std", ("moments", "std")),
    ],
)
def test_requests_have_one_canonical_name(request_, expected):
    assert canonical(request_) == expected


def test_an_unknown_request_names_the_nearest():
    with pytest.raises(LookupError, match=r"unknown statistic 'maen'; did you mean 'mean'\?"):
        canonical("maen")


def test_every_family_is_found_by_its_file():
    assert set(statistics.families()) >= {"moments", "histogram", "exceedance"}


@pytest.mark.parametrize(
    ("threshold", "name"),
    [
        (200, "above_200"),
        (200.0001, "above_200.0001"),
        (1234567.8, "above_1234567.8"),
        (1e6, "above_1e+06"),
        (-0.1, "above_-0.1"),
    ],
)
def test_a_threshold_is_that_of_the_scenario_to_its_last_digit(threshold, name):
    family, found = canonical({"above": threshold})
    assert (family, found) == ("exceedance", name)
    assert canonical(found) == (family, found)
    assert statistics.families()[family].reduction([found], None).thresholds == {name: threshold}
