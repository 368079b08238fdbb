import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

NAMES = ["tau_veg", "tau_soil", "q10"]


def uniforms_of(design):
    return np.stack([design.table[name] for name in design.parameters])


@given(
    n=st.integers(1, 300),
    seed=st.integers(0, 5),
    scramble=st.booleans(),
)
def test_one_value_in_every_stratum(opened, n, seed, scramble):
    context = {"seed": seed}
    design = opened("latin_hypercube", n=n, parameters=NAMES, scramble=scramble, context=context)
    u = uniforms_of(design)
    strata = np.sort(np.floor(u * n), axis=1)
    assert np.array_equal(strata, np.tile(np.arange(n), (3, 1)))
    if not scramble:
        np.testing.assert_allclose(u * n % 1, 0.5, atol=1e-9)


def test_scipys_optimised_table_is_stratified_and_less_discrepant(opened):
    from scipy.stats import qmc

    plain = opened("latin_hypercube", n=20, parameters=NAMES)
    best = opened("latin_hypercube", n=20, parameters=NAMES, optimization="random-cd")
    u = uniforms_of(best)
    assert np.array_equal(np.sort(np.floor(u * 20), axis=1), np.tile(np.arange(20), (3, 1)))
    assert qmc.discrepancy(u.T) < qmc.discrepancy(uniforms_of(plain).T)


def test_parameters_are_uncorrelated(opened):
    u = uniforms_of(opened("latin_hypercube", n=5000, parameters=NAMES))
    assert np.abs(np.corrcoef(u) - np.eye(3)).max() < 0.05


def test_the_mean_is_nearer_than_of_random_rows(opened):
    parameters = {"tau_soil": {"normal": [38.3, 11.0]}}
    design = opened("latin_hypercube", n=1000, parameters=parameters)
    assert design.rows(0, 1000)["tau_soil"].mean() == pytest.approx(38.3, abs=0.02)


def test_it_is_as_large_as_memory_allows(refused):
    (found,) = refused("latin_hypercube", n=10**8, parameters=["tau_veg", "q10"])
    assert found.startswith("design.n: found 100000000 rows of 2 parameters")
    assert "at most n: 10000000 here; use monte_carlo or sobol" in found
