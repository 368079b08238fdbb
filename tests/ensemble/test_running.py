"""What is taken of outputs slab after slab: the same bits wherever slabs end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble.members.in_time import Steps, reduced
from ensemble.members.running import Highest, Last, Running, orders_of
from kernels import Variable
from scenarios.outputs import InTime

YEARS = 4
REDUCTIONS = (
    {"month": "mean"}, {"month": "sum"}, {"month": "last"}, {"season": "sum"}, {"season": "min"},
    {"season": "mean", "over_years": "mean"}, {"year": "last"}, {"year": "max"}, {"doy": "mean"},
    {"doy": "max"}, {"month": "mean", "over_years": "max"}, {"over_years": "sum"},
    {"over_years": "mean"}, {"month": "sum", "over_years": "sum", "years": (2001, 2002)},
    {"season": "mean", "years": (2001, 2002)}, {"year": "mean", "years": (2002, 2002)},
)  # fmt: skip


def steps_of(years):
    every = np.arange(2000, 2000 + years)
    return Steps(np.repeat(every, 365), np.tile(np.arange(1, 366), years))


def taken(taker, values, ends):
    """Give a taker values (l, layers, n, s), slab after slab."""
    for first, last in zip([0, *ends], [*ends, values.shape[2]], strict=True):
        taker.take(np.ascontiguousarray(values[:, :, first:last]), first)
    return taker.result()


@given(
    cuts=st.sets(st.integers(1, 365 * YEARS - 1), max_size=9),
    words=st.sampled_from(REDUCTIONS),
    seed=st.integers(0, 99),
)
@settings(derandomize=True, max_examples=120)
def test_reductions_have_the_same_bits_wherever_slabs_end(cuts, words, seed):
    values = np.random.default_rng(seed).normal(size=(2, 2, 365 * YEARS, 3))
    values[0, 0, seed, 1] = np.nan
    variable = Variable("flux", "g C m-2 d-1", "a flux", ("layer", "time"))
    done = reduced(InTime(**words), variable, steps_of(YEARS))
    running = Running(orders_of(done), 2, squeezed=done.times is None)
    np.testing.assert_array_equal(taken(running, values, sorted(cuts)), done.apply(values, 2))


@given(cuts=st.sets(st.integers(1, 364), max_size=5), seed=st.integers(0, 99))
@settings(derandomize=True, max_examples=30)
def test_the_highest_and_the_last_step(cuts, seed):
    values = np.random.default_rng(seed).normal(size=(2, 2, 365, 3))
    values[0, 0, seed, 1], values[1, 1, :, 2] = np.nan, np.nan
    with np.errstate(invalid="ignore"):
        expected = np.fmax.reduce(values, axis=2)
    np.testing.assert_array_equal(taken(Highest(2), values, sorted(cuts)), expected)
    np.testing.assert_array_equal(taken(Last(2), values, sorted(cuts)), values[:, :, -1])


def test_every_reduction_is_tried_with_a_slab_that_cuts_it():
    values = np.random.default_rng(1).normal(size=(1, 1, 365 * YEARS, 2))
    variable = Variable("flux", "g C m-2 d-1", "a flux", ("layer", "time"))
    for words in REDUCTIONS:
        done = reduced(InTime(**words), variable, steps_of(YEARS))
        for ends in ([365], [17, 346, 500, 730], list(range(1, 365 * YEARS, 91))):
            running = Running(orders_of(done), 2, squeezed=done.times is None)
            found = taken(running, values, ends)
            np.testing.assert_array_equal(found, done.apply(values, 2), err_msg=str(words))
    with pytest.raises(AssertionError):
        Running(orders_of(done), 2, squeezed=False).result()
