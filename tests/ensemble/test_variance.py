import itertools

import numpy as np
import pytest
from anova import shares_of
from hypothesis import given
from hypothesis import strategies as st

from ensemble.analysis.factorial import drop_failed, shares, terms_of


def both(values):
    """Return the shares of one factorial by the compiled pass, and by plain numpy."""
    compiled = shares(values, range(values.ndim))
    return {subset: float(share) for subset, share in compiled.items()}, shares_of(values)


@given(st.lists(st.integers(2, 5), min_size=1, max_size=4), st.integers(0, 99))
def test_shares_add_to_one(shape, seed):
    values = np.random.default_rng(seed).normal(50, 3, shape)
    for found in both(values):
        assert sum(found.values()) == pytest.approx(1, abs=1e-12)


def test_an_additive_response_has_no_interaction_and_known_shares():
    a, b = np.array([0.0, 1, 2]), np.array([0.0, 10])
    total = a.var() + b.var()
    for found in both(a[:, None] + b):
        assert found[0,] == pytest.approx(a.var() / total, rel=1e-12)
        assert found[1,] == pytest.approx(b.var() / total, rel=1e-12)
        assert found[0, 1] == pytest.approx(0, abs=1e-12)


def test_a_product_of_centred_factors_is_all_interaction():
    for found in both(np.array([[-1.0, 1], [1, -1]])):
        assert found == pytest.approx({(0,): 0, (1,): 0, (0, 1): 1}, abs=1e-15)


def test_shares_equal_anova_sums_of_squares_by_loops():
    values = np.random.default_rng(3).random((3, 4, 2))
    grand = values.mean()
    main = sum((values[i].mean() - grand) ** 2 for i in range(3)) / 3
    for found in both(values):
        assert found[0,] == pytest.approx(main / values.var(), rel=1e-12)


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


# --- in many cells at once ---


def by_loops(cube):
    """Return the share of every subset of axes, by the means of the definition."""
    axes = range(cube.ndim)
    effects = {(): np.full(cube.shape, cube.mean())}
    found = {}
    for size in range(1, cube.ndim + 1):
        for subset in itertools.combinations(axes, size):
            effect = np.empty(cube.shape)
            for at in np.ndindex(cube.shape):
                same = tuple(at[a] if a in subset else slice(None) for a in axes)
                lower = [s for s in effects if set(s) < set(subset)]
                effect[at] = cube[same].mean() - sum(effects[s][at] for s in lower)
            effects[subset] = effect
            found[subset] = (effect**2).mean()
    return {s: v / cube.var() for s, v in found.items()}


def test_shares_in_cells_are_those_of_the_definition():
    random = np.random.default_rng(2)
    values = random.normal(300, 2, (2, 4, 3, 5, 6))  # forcing, cell, model, cell, sample
    found = shares(values, (2, 0, 4))
    assert list(found) == terms_of(3)
    np.testing.assert_allclose(sum(found.values()), 1, atol=1e-12)
    for cell in np.ndindex(4, 5):
        cube = values[:, cell[0], :, cell[1]].transpose(1, 0, 2)
        for subset, share in by_loops(cube).items():
            assert found[subset][cell] == pytest.approx(share, abs=1e-12), subset


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 99))
def test_shares_in_cells_agree_with_those_of_one(shape, seed):
    values = np.random.default_rng(seed).normal(50, 3, (*shape, 2))
    before = values.copy()
    found = shares(values, range(len(shape)))
    nested = shares(values, range(len(shape)), nest=(0, 1))
    for cell in range(2):
        for subset, share in shares_of(values[..., cell]).items():
            assert found[subset][cell] == pytest.approx(share, abs=1e-10, nan_ok=True)
        for subset, share in shares_of(values[..., cell], nested=True).items():
            assert nested[subset][cell] == pytest.approx(share, abs=1e-10, nan_ok=True)
    np.testing.assert_array_equal(values, before)


def test_known_shares_of_models_forcings_and_parameters():
    model, forcing, sample = np.ogrid[0:3, 0:2, 0:100]
    x = (sample - 49.5) / 10
    values = 5.0 * (model - 1) + 3.0 * (2 * forcing - 1) + 2.0 * x + (model - 1) * x + 1e3
    parts = {(0,): 25 * 2 / 3, (1,): 9.0, (2,): 4 * x.var(), (0, 2): 2 / 3 * x.var()}
    found = shares(values[None], (1, 2, 3))
    for subset in terms_of(3):
        expected = parts.get(subset, 0.0) / sum(parts.values())
        assert found[subset][0] == pytest.approx(expected, abs=1e-12), subset


def test_parameters_drawn_anew_are_within_their_forcing():
    values = np.random.default_rng(4).random((3, 2, 40))  # model, forcing, sample
    found = shares(values, (0, 1, 2), nest=(1, 2))
    assert list(found) == [(0,), (1,), (2,), (0, 1), (0, 2)]
    every = shares(values, (0, 1, 2))
    assert found[2,] == pytest.approx(every[2,] + every[1, 2], abs=1e-12)
    assert found[0, 2] == pytest.approx(every[0, 2] + every[0, 1, 2], abs=1e-12)
    within = values.mean(axis=0).var(axis=1).mean()
    assert found[2,] == pytest.approx(within / values.var(), abs=1e-12)


def test_interactions_above_the_order_are_the_rest():
    values = np.random.default_rng(1).random((3, 4, 2, 3))
    every, some = shares(values, range(4)), shares(values, range(4), order=2)
    rest = sum(v for s, v in every.items() if len(s) > 2)
    assert some[()] == pytest.approx(rest, abs=1e-12)
    many = np.random.default_rng(1).random((2,) * 8)
    for subset, share in shares_of(many, order=2).items():
        assert shares(many, range(8), order=2)[subset] == pytest.approx(share, abs=1e-12)


def test_what_does_not_vary_has_no_shares():
    values = np.full((2, 3, 4), 1 / 3)
    values[:, :, 0] = np.random.default_rng(0).random((2, 3))
    found = shares(values, (0, 1))
    assert np.isfinite(found[0,][0])
    assert np.isnan([share[1:] for share in found.values()]).all()
