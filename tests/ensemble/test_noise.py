"""Which rankings are noise: the rule on numbers, without a run."""

import numpy as np
import pytest

from ensemble.analysis import noise
from ensemble.analysis.behind import left_out, tails
from ensemble.report.figures.parts.whiskers import band, reach


def code(values, half):
    return int(noise.judged(np.array(values, float), np.array(half, float)))


@pytest.mark.parametrize(
    ("values", "half", "expected"),
    [
        ([10.0, 5.0, 1.0], [1.0, 1.0, 2.0], noise.BELIEVED),
        # All of the shipped screening's carbon cost: each is +- about itself.
        ([10.0, 5.0, 1.0], [10.0, 5.0, 1.0], noise.MOSTLY_WIDE),
        # Of three that lead two are wide, of two one is no majority.
        ([10.0, 9.0, 8.0], [1.0, 5.0, 5.0], noise.MOSTLY_WIDE),
        ([10.0, 9.0, 0.1], [1.0, 5.0, 0.1], noise.BELIEVED),
        # None apart: one wide among those that lead is enough.
        ([10.0, 9.0], [1.0, 5.0], noise.NONE_APART),
        # Alike and narrow is a finding; so is a tie without any interval, and nothing at all.
        ([10.0, 9.9, 9.8], [1.0, 1.0, 1.0], noise.BELIEVED),
        ([2.0, 2.0], [0.0, 0.0], noise.BELIEVED),
        ([0.0, 0.0], [0.0, 0.0], noise.BELIEVED),
        ([10.0, -9.0], [1.0, 1.0], noise.BELIEVED),
        ([10.0, np.nan], [1.0, np.nan], noise.BELIEVED),
        ([np.nan, np.nan], [np.nan, np.nan], noise.BELIEVED),
        ([10.0, 1.0], [np.nan, 0.1], noise.UNJUDGED),
    ],
)
def test_a_ranking_is_noise_where_leading_intervals_are_wide(values, half, expected):
    assert code(values, half) == expected


def test_half_of_itself_is_not_yet_wide_and_a_third_of_the_largest_leads():
    assert not noise.wide(2.0, 1.0)
    assert noise.wide(-2.0, 1.0 + 1e-12)
    assert list(noise.leading(np.array([10.0, -3.0, 2.9, np.nan, 0.0]))) == [1, 1, 0, 0, 0]


def test_cells_are_judged_one_by_one_and_without_an_interval_not_at_all():
    values = np.array([[10.0, 1.0], [10.0, 1.0]])
    half = np.array([[1.0, 1.0], [9.0, 1.0]])
    assert list(noise.judged(values, half)) == [noise.BELIEVED, noise.MOSTLY_WIDE]
    assert list(noise.judged(values, None)) == [noise.UNJUDGED] * 2


def test_what_is_of_the_same_effects_goes_with_the_index_that_ranks():
    sharp, blurred = np.array([[1.0, 0.1]]), np.array([[9.0, 9.0]])
    values = np.array([[10.0, 1.0]])
    arrays = {"mu": values, "mu_conf": sharp, "mu_star": values, "mu_star_conf": blurred}
    arrays |= {"theta": values, "theta_conf": sharp, "sigma": values}
    for index in ("mu", "mu_star", "sigma", "theta"):
        assert noise.is_noise(noise.codes_of(arrays, index)).all()
    # Its own interval may be noise where the others are not.
    arrays |= {"mu_star_conf": sharp, "theta_conf": blurred}
    assert [int(noise.codes_of(arrays, i)[0]) for i in ("mu", "sigma", "theta")] == [0, 0, 1]
    pairs = {
        "ST": values,
        "ST_conf": blurred,
        "S2": np.zeros((1, 2, 2)),
        "S2_conf": np.zeros((1, 2, 2)),
    }
    assert noise.is_noise(noise.codes_of(pairs, "S2")).all()
    assert list(noise.codes_of({"theta": values}, "theta")) == [noise.UNJUDGED]


def test_neighbours_whose_intervals_overlap_are_named_together():
    values, names = np.array([1.0, -9.0, 8.0, 5.0, 0.9]), list("abcde")
    half = np.array([0.2, 1.0, 0.5, 0.5, 0.1])
    assert noise.not_apart(values, half, names) == [["b", "c"], ["a", "e"]]
    assert noise.not_apart(values, np.zeros(5), names) == []
    assert noise.not_apart(np.array([1.0, np.nan]), np.array([9.0, np.nan]), ["a", "b"]) == []


def test_a_tail_is_told_by_its_largest_and_by_ten_members():
    values = np.ones((2, 100))
    values[0, :7] = [1e6, -1, 1, 2, 3, 2, 1]
    values[1] = np.linspace(1, 2, 100)
    over, few = tails(values, 1)
    assert over[0] == 1e6
    assert few[0] == pytest.approx(0.9909, abs=1e-4)
    squares = np.sort((values[1] - values[1].mean()) ** 2)
    assert few[1] == pytest.approx(squares[-10:].sum() / squares.sum())
    assert over[1] == pytest.approx(2 / 1.5)
    # Members of a unit that is lost tell nothing of those that entered.
    values[0, 1] = np.nan
    over, few = tails(values, 2)
    assert over[0] == 3.0
    assert np.isnan(tails(np.zeros((1, 20)), 1)).all()
    assert np.isnan(tails(np.full((1, 20), np.nan), 1)).all()
    assert np.isfinite(tails(values * 1e200, 1)[1][1])


def test_each_unit_that_is_lost_has_one_reason():
    values = np.ones((1, 2, 12))
    values[0, :, [0, 4]] = np.nan
    values[0, 1, 11] = np.inf
    reasons = np.zeros((1, 12), np.uint8)
    reasons[0, [0, 1, 4]] = [1, 2, 2]
    assert left_out(values, reasons, 3).tolist() == [[[1, 1, 0], [1, 1, 1]]]


def test_whiskers_of_what_cannot_be_negative_end_at_zero():
    values, half = np.array([1.0, 2.0, 3.0]), np.array([5.0, 1.0, np.nan])
    assert reach(values, half, never_negative=True).tolist() == [[1, 1, 0], [5, 1, 0]]
    assert reach(values, half, never_negative=False).tolist() == [[5, 1, 0], [5, 1, 0]]
    low, high = band(values, half, never_negative=True)
    assert low[:2].tolist() == [0, 1]
    assert high[:2].tolist() == [6, 3]
    assert band(values, half, never_negative=False)[0][0] == -4
