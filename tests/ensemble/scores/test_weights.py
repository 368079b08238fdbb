"""Weights of members: table T9 of the specification, and what must hold of any weights."""

import numpy as np
import pytest

from ensemble.scores import weights

TOTALS = np.array([52.481174, 43.254153, 44.906194])
"""Global Rh of three Earth system models, Pg C yr-1; observed 46.287907 +- 7."""
RMSE = np.array([240.978034, 255.573060, 235.052132])
"""Of the same maps against CARDAMOM, g C m-2 yr-1."""


def test_likelihood_of_three_models_is_that_of_the_table():
    bias = TOTALS - 46.287907
    chi = np.abs(bias) / 7
    np.testing.assert_allclose(chi, [0.884752, 0.433393, 0.197388], atol=5e-7)
    found = weights.normalised(weights.likelihood(bias[None], np.array([7.0])))
    np.testing.assert_allclose(found, [0.263368, 0.354615, 0.382017], atol=5e-7)
    # The table has 2.932108: cut, or of totals before they were rounded.
    assert weights.effective_size(found) == pytest.approx(2.932108, abs=1e-6)
    mean = weights.weighted(TOTALS[None], found)[0][0, 0]
    assert mean == pytest.approx(46.315365, abs=5e-7)


@pytest.mark.parametrize(
    ("sigma", "expected", "size"),
    [
        (100, [0.355826, 0.172384, 0.471790], 2.639121),
        (50, [0.241215, 0.013287, 0.745498], 1.628325),
    ],
)
def test_performance_of_one_score_is_not_divided_by_a_median(sigma, expected, size):
    found = weights.normalised(weights.performance(RMSE[None], sigma))
    np.testing.assert_allclose(found, expected, atol=5e-7)
    assert weights.effective_size(found) == pytest.approx(size, abs=5e-7)


def test_performance_of_several_scores_is_in_medians():
    scores = np.array([[1.0, 2.0, 4.0], [-30.0, 10.0, 20.0]])
    d = np.array([0.5 + 1.5, 1.0 + 0.5, 2.0 + 1.0]) / 2
    np.testing.assert_allclose(weights.performance(scores, 0.7), -((d / 0.7) ** 2))


def test_of_two_models_that_are_one_each_counts_half():
    values = np.array([[1.0, 2.0], [1.0, 2.0], [90.0, 90.0]])
    apart = weights.distances(values, np.array([1.0, 3.0]))
    assert apart[0, 2] == pytest.approx(np.sqrt((89.0**2 + 3 * 88.0**2) / 4))
    found = np.exp(weights.independence(apart, 1.0))
    np.testing.assert_allclose(found, [0.5, 0.5, 1.0])


def test_a_member_is_accepted_if_all_its_scores_are_near_and_none_is_missing():
    scores = np.array([[0.0, 2.9, -3.1, np.nan], [1.0, -5.9, 0.0, 0.0]])
    found = weights.normalised(weights.accepted(scores, np.array([1.0, 2.0]), 3.0))
    np.testing.assert_array_equal(found, [0.5, 0.5, 0.0, 0.0])


def test_weights_far_beyond_underflow_are_weights():
    found = weights.normalised(np.array([-1e5, -1e5 - np.log(3), np.nan]))
    np.testing.assert_allclose(found, [0.75, 0.25, 0.0])
    assert not weights.normalised(np.array([-np.inf, np.nan])).any()


def test_statistics_of_equal_weights_are_those_of_copies():
    """Integer weights are copies of members: mean and deviation of both are the same."""
    values, copies = np.array([10.0, 12.0, 20.0, 18.0, 25.0]), np.array([1, 2, 1, 4, 3])
    found, size = weights.weighted(np.array([values, values]), copies / copies.sum())
    many = np.repeat(values, copies)
    np.testing.assert_allclose(found[:, :2], [[many.mean(), many.std()]] * 2)
    np.testing.assert_allclose(size, 121 / 31)
    assert np.isnan(found[:, 2:]).all()


def test_ten_heaviest_and_the_share_of_none():
    assert weights.heaviest(np.full(40, 1 / 40)) == pytest.approx(0.25)
    assert weights.heaviest(np.zeros(3)) == 0.0


@pytest.mark.parametrize("name", ["values", "weights"])
def test_a_member_without_a_value_or_weight_enters_nothing(name):
    random = np.random.default_rng(3)
    values, w = random.normal(size=60), random.uniform(size=60)
    lost = {"values": values.copy(), "weights": w.copy()}
    lost[name][:7] = np.nan if name == "values" else 0.0
    found, _ = weights.weighted(lost["values"][None], lost["weights"])
    expected, _ = weights.weighted(values[None, 7:], w[7:])
    np.testing.assert_allclose(found, expected)
