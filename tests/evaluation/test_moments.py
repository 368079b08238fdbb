"""Moments of steps that come slab by slab, and sums of pairs in two parts."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ensemble.members.benchmarks import Moments, Pairs, Prepared
from ensemble.members.evaluation.sums import OfMoments, PairSums, of_outputs

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("axis", [1, 2])
def test_slabs_of_steps_change_no_bit(axis):
    shape = (3, 30, 4, 5) if axis == 1 else (3, 4, 30, 5)
    values = RNG.lognormal(0, 2, shape)
    of = [np.arange(30), np.array([0, 29]), np.arange(7, 20, 3), np.array([11])]
    moments = Moments.means(of)
    whole = OfMoments(moments, 30, axis)
    whole.take(values, 0)
    expected = np.stack([values.take(steps, axis).mean(axis) for steps in of], axis)
    np.testing.assert_allclose(whole.result(), expected, rtol=1e-13)
    for ends in ([10, 20, 30], [1, 2, 29, 30], list(range(1, 31))):
        parts, first = OfMoments(moments, 30, axis), 0
        for end in ends:
            parts.take(values.take(np.arange(first, end), axis), first)
            first = end
        np.testing.assert_array_equal(parts.result(), whole.result())


def pairs(count, groups=3):
    zero = np.zeros(count, np.int64)
    return Pairs(
        "rh",
        np.arange(count),
        zero,
        RNG.integers(0, groups, count),
        RNG.uniform(1e9, 1e10, count),
        RNG.lognormal(5, 1, count),
        Moments.means([[0]]),
        groups,
        ("first", "second", "cross", "absolute", "within"),
        np.full(count, 40.0),
    )


def test_every_sum_is_the_rounded_exact_one():
    made = pairs(500)
    values = made.observed[:, None, None] * RNG.lognormal(0, 0.3, (500, 1, 3))
    found = of_outputs(Prepared({"p": made}, "1"), {"rh": values})["p"].of
    e = values[:, 0] - made.observed[:, None]
    apart = made.observed - made.seen.mean[made.group]
    terms = {
        "first": made.weight[:, None] * e,
        "absolute": made.weight[:, None] * abs(e),
        "within": made.weight[:, None] * (abs(e) <= 40.0),
        "cross": (made.weight * apart)[:, None] * e,
    }
    for word, values_of in terms.items():
        for group in range(3):
            here = values_of[made.group == group]
            exact = [math.fsum(column) for column in here.T]
            size = abs(here).sum(axis=0)
            # What is added has half a unit in its last place.
            assert (abs(found[word][group] - exact) <= 1e-16 * size).all(), word
    np.testing.assert_allclose(found["second"].sum(0), made.weight @ e**2, rtol=1e-12)


def test_a_member_that_is_no_number_is_neither_inside_nor_outside():
    made = pairs(20)
    values = np.ones((20, 1, 2))
    values[3, 0, 1] = np.nan
    found = of_outputs(Prepared({"p": made}, "1"), {"rh": values})["p"].of
    group = made.group[3]
    for word, sums in found.items():
        assert np.isnan(sums[group, 1]), word
        assert np.isfinite(np.delete(sums, group, axis=0)).all(), word
        assert np.isfinite(sums[:, 0]).all(), word


def test_pairs_of_a_block_are_those_of_its_locations_whatever_the_order_of_tiles():
    made = pairs(40)
    values = RNG.normal(5, 1, (40, 1, 1, 6))
    block = PairSums(made, np.zeros(1, np.int64), slice(10, 30), 1, 6, each=True)
    for here in (slice(0, 8), slice(8, 20)):
        some = slice(10 + here.start, 10 + here.stop)
        for members in (slice(0, 4), slice(4, 6)):
            block.take(values[some, ..., members], here, members.start)
    np.testing.assert_array_equal(block.modelled, values[10:30, :, 0])
    assert set(block.held) == set(made.group[10:30])


@pytest.mark.parametrize("locations", [10, 400])
def test_what_is_held_of_a_sample_is_48_bytes_a_group_whatever_the_locations(locations):
    # Specification, section 9: three sums in two parts; values of locations are gone by then.
    made, members = replace(pairs(locations), sums=("first", "second", "cross")), 6
    block = PairSums(made, np.zeros(1, np.int64), slice(0, locations), 1, members)
    block.take(RNG.normal(5, 1, (locations, 1, 1, members)), slice(0, locations), 0)
    held = sum(values.nbytes for values in block.partials().values())
    assert set(block.partials()) == {"high", "low"}
    assert held == 48 * made.groups * members
