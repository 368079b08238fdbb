"""The exponential against the decimal module: the error that it states, and its ends."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.numerics.exp import HIGHEST, LOWEST, exp


@given(st.floats(LOWEST, HIGHEST))
def test_error_is_the_stated_one(x):
    getcontext().prec = 30
    exact = Decimal(x).exp()
    assert abs(Decimal(exp(x)) / exact - 1) < Decimal("3e-16")


@pytest.mark.parametrize(("x", "end"), [(-1e9, LOWEST), (-math.inf, LOWEST), (1e9, HIGHEST)])
def test_beyond_its_ends_it_is_that_of_the_end(x, end):
    assert exp(x) == exp(end)


def test_zero_is_exact_and_nan_stays():
    assert exp(0.0) == 1.0
    assert np.isnan(exp(math.nan))
