import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from scenarios.designs.sampling.normal import CHUNK, ndtr, ndtri

# Exact powers of two and their neighbours: the edges of the three formulas are among them.
PROBABILITIES = np.concatenate(
    [
        10.0 ** -np.arange(1.0, 300.0),
        1.0 - 10.0 ** -np.arange(1.0, 16.0),
        np.linspace(0.0, 1.0, 40_001)[1:-1],
        0.075 + np.arange(-5, 6) * 2.0**-55,
        math.exp(-25.0) * (1 + np.arange(-5, 6) * 2.0**-52),
    ]
)


def test_quantiles_equal_scipy():
    expected = special.ndtri(PROBABILITIES)
    np.testing.assert_allclose(ndtri(PROBABILITIES), expected, rtol=2e-15, atol=1e-16)


def test_quantiles_equal_the_standard_library():
    normal = NormalDist()
    expected = [normal.inv_cdf(p) for p in PROBABILITIES]
    np.testing.assert_allclose(ndtri(PROBABILITIES), expected, rtol=1e-15, atol=0)


def test_the_ends_are_infinite_and_the_middle_zero():
    assert ndtri(np.array([0.0, 0.5, 1.0])).tolist() == [-np.inf, 0.0, np.inf]


@given(st.integers(0, 3 * CHUNK), st.integers(0, 3 * CHUNK))
def test_any_split_is_equal_to_the_bit(one, other):
    p = (np.arange(3 * CHUNK) + 0.5) / (3 * CHUNK)
    start, stop = sorted((one, other))
    assert np.array_equal(ndtri(p[start:stop]), ndtri(p)[start:stop])


def test_shapes_are_kept():
    assert ndtri(np.full((2, 3), 0.5)).shape == (2, 3)
    assert ndtri(np.empty((1, 0))).shape == (1, 0)


def test_probabilities_equal_scipy():
    x = np.concatenate([np.linspace(-30, 9, 500), [-np.inf, np.inf]]).reshape(2, -1)
    np.testing.assert_allclose(ndtr(x), special.ndtr(x), rtol=1e-12)


@given(st.floats(1e-300, 1 - 1e-16))
def test_there_and_back(p):
    x = ndtri(np.array([p]))
    # A last digit of x is x^2 of them in its probability, far out.
    rounding = 8 * np.finfo(float).eps * (1 + x[0] ** 2)
    assert ndtr(x)[0] == pytest.approx(p, rel=rounding)
