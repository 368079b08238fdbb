"""The cube of searches and the ranges of parameters."""

import numpy as np
import pytest

from ensemble.calibration.scale import Scale


@pytest.fixture
def scale():
    lower, upper = np.array([2.0, 0.01, 5.0, -1.0]), np.array([30.0, 25.0, 5.0, 1.0])
    return Scale(lower, upper, np.array([False, True, False, False]))


def test_corners_and_the_middle(scale):
    theta = scale.theta(np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.5, 0.5, 0.5]]))
    np.testing.assert_array_equal(theta[0], scale.lower)
    np.testing.assert_array_equal(theta[1], scale.upper)
    np.testing.assert_allclose(theta[2], [16.0, np.sqrt(0.01 * 25.0), 5.0, 0.0], rtol=1e-14)


def test_a_parameter_whose_bounds_are_equal_is_held(scale):
    assert scale.searched.tolist() == [0, 1, 3]
    assert set(scale.theta(np.random.default_rng(0).random((20, 3)))[:, 2]) == {5.0}


def test_there_and_back(scale):
    u = np.random.default_rng(1).random((50, 3))
    np.testing.assert_allclose(scale.u(scale.theta(u)), u, atol=4e-15)


def test_what_is_outside_comes_to_the_edge(scale):
    u = scale.u(np.array([[1.0, 100.0, 5.0, 0.0]]))
    np.testing.assert_allclose(u, [[0.0, 1.0, 0.5]])


def test_no_bit_of_a_point_depends_on_the_others(scale):
    u = np.random.default_rng(3).random((1000, 3))
    together = scale.theta(u)
    for few in (slice(0, 1), slice(7, 20), slice(999, 1000)):
        assert scale.theta(u[few]).tobytes() == together[few].tobytes()
    assert scale.theta(u[::-1][:5]).tobytes() == together[::-1][:5].tobytes()


def test_never_outside_whatever_is_rounded():
    rng = np.random.default_rng(2)
    lower = 10.0 ** rng.uniform(-6, 6, 200)
    upper = lower * (1 + 10.0 ** rng.uniform(-6, 3, 200))
    for logarithmic in (np.zeros(200, bool), np.ones(200, bool)):
        theta = Scale(lower, upper, logarithmic).theta(np.vstack([np.ones(200), np.zeros(200)]))
        assert (theta <= upper).all()
        assert (theta >= lower).all()
