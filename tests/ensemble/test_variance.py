import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble.variance import drop_failed, shares


@given(st.lists(st.integers(2, 5), min_size=1, max_size=4), st.integers(0, 99))
def test_shares_add_to_one(shape, seed):
    values = np.random.default_rng(seed).normal(50, 3, shape)
    assert sum(shares(values).values()) == pytest.approx(1, abs=1e-12)


def test_an_additive_response_has_no_interaction_and_known_shares():
    a, b = np.array([0.0, 1, 2]), np.array([0.0, 10])
    found = shares(a[:, None] + b)
    total = a.var() + b.var()
    assert found[0,] == pytest.approx(a.var() / total, rel=1e-12)
    assert found[1,] == pytest.approx(b.var() / total, rel=1e-12)
    assert found[0, 1] == pytest.approx(0, abs=1e-12)


def test_a_product_of_centred_factors_is_all_interaction():
    found = shares(np.array([[-1.0, 1], [1, -1]]))
    assert found == pytest.approx({(0,): 0, (1,): 0, (0, 1): 1})


def test_shares_equal_anova_sums_of_squares_by_loops():
    values = np.random.default_rng(3).random((3, 4, 2))
    grand = values.mean()
    main = sum((values[i].mean() - grand) ** 2 for i in range(3)) / 3
    assert shares(values)[0,] == pytest.approx(main / values.var(), rel=1e-12)


def test_a_failed_member_costs_the_level_that_loses_least():
    values = np.random.default_rng(0).random((4, 100, 10))
    values[2, 7, 3] = np.nan
    left, removed = drop_failed(values)
    assert removed == [0, 1, 0]
    assert left.shape == (4, 99, 10)
    assert np.isfinite(left).all()


def test_a_forcing_that_failed_throughout_goes_alone():
    values = np.random.default_rng(0).random((4, 10, 10))
    values[1] = np.nan
    left, removed = drop_failed(values)
    assert removed == [1, 0, 0]
    assert left.shape == (3, 10, 10)
