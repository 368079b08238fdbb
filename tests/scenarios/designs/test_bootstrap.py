"""Weights of the Poisson bootstrap: their law, their places, and the widths they give."""

import numpy as np
import pytest

from scenarios.designs.sampling.bootstrap import counts, half_width, means_of, of_units, weights

STREAM = np.array([3, 4], dtype=np.uint64)


def test_weights_are_poisson_numbers_of_mean_one():
    drawn = weights(STREAM, 100, 0, 20_000)
    assert drawn.shape == (20_000, 100)
    share = np.bincount(drawn.reshape(-1), minlength=6)[:6] / drawn.size
    expected = np.exp(-1) / np.array([1, 1, 2, 6, 24, 120])
    np.testing.assert_allclose(share, expected, atol=0.002)
    assert drawn.mean() == pytest.approx(1, abs=0.003)
    assert drawn.astype(float).var() == pytest.approx(1, abs=0.005)
    # Neither units nor resamples know of each other.
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.03
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.03


@pytest.mark.parametrize("resamples", [1, 15, 16, 17, 100])
def test_a_units_weights_are_its_own_wherever_it_is_asked_for(resamples):
    whole = weights(STREAM, resamples, 0, 50)
    np.testing.assert_array_equal(weights(STREAM, resamples, 13, 14), whole[13:14])
    (every,) = counts(STREAM, 50, resamples)
    np.testing.assert_array_equal(every, whole.T)
    longer = np.concatenate(list(counts(STREAM, 80_000, resamples)))
    np.testing.assert_array_equal(longer[:, :50], whole.T)


@pytest.mark.parametrize("units", [10, 20, 100])
def test_the_half_width_of_a_mean_is_that_of_theory(units):
    found = []
    for k in range(200):
        values = np.random.default_rng(k).normal(size=(1, units, 1))
        stream = np.array([k, 7], dtype=np.uint64)
        (drawn,) = of_units(counts(stream, units, 500), slice(None))
        width = half_width(means_of(drawn, values), 0.95)[0, 0]
        found.append(width / (1.959964 * values.std(ddof=1) / np.sqrt(units)))
    assert np.mean(found) == pytest.approx(1, abs=0.02)


def test_lost_units_are_left_out_and_a_resample_without_units_too():
    kept = np.zeros(30, dtype=bool)
    kept[[4, 9]] = True
    values = np.arange(30.0)[None, kept, None]
    whole = weights(STREAM, 200, 0, 30).astype(float).T
    (some,) = of_units(counts(STREAM, 30, 200), kept)
    left = whole[:, kept][whole[:, kept].sum(axis=1) > 0]
    assert 100 < len(left) < 200
    np.testing.assert_array_equal(some, left)
    by_hand = [(w[0] * 4 + w[1] * 9) / w.sum() for w in left]
    np.testing.assert_allclose(means_of(some, values)[0, :, 0], by_hand)


def test_resamples_that_drew_nothing_do_not_widen():
    replicates = np.random.default_rng(0).normal(size=(2, 50, 3))
    drawn = np.ones((2, 50), dtype=bool)
    drawn[1, [3, 8]] = False
    replicates[1, [3, 8]] = np.nan
    found = half_width(replicates, 0.9, drawn)
    np.testing.assert_allclose(found[0], half_width(replicates[:1], 0.9)[0])
    expected = half_width(np.delete(replicates[1:], [3, 8], axis=1), 0.9)[0]
    np.testing.assert_allclose(found[1], expected)
    assert np.isnan(half_width(replicates[:, :1], 0.9)).all()
