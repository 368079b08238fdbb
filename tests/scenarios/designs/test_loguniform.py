"""The log-uniform family in every design that draws: scipy's numbers, and SALib's rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib.sample import sobol as salib_sample
from scipy import stats

WORDS = {"tau_soil": {"loguniform": [2, 400]}}
DECADES = stats.loguniform(2, 400)
DRAWS = [
    {"method": "monte_carlo", "n": 64},
    {"method": "latin_hypercube", "n": 64},
    {"method": "sobol", "n": 16},
    {"method": "morris", "trajectories": 8, "levels": 6},
    {"method": "quantiles", "n": 16},
]
every_draw = pytest.mark.parametrize("words", DRAWS, ids=lambda words: words["method"])


def plan(opened, words, parameters, **context):
    words = dict(words)
    return opened(words.pop("method"), parameters=parameters, context=context, **words)


@every_draw
def test_rows_are_scipys_quantiles_of_those_of_a_uniform(opened, words):
    """Whatever a design does in the unit cube, it does the same for every family."""
    ours = plan(opened, words, WORDS)
    u = plan(opened, words, {"tau_soil": {"uniform": [1, 2]}})
    place = u.rows(0, u.size)["tau_soil"] - 1.0
    expected = DECADES.ppf(place)
    np.testing.assert_allclose(ours.rows(0, ours.size)["tau_soil"], expected, rtol=1e-13)


@every_draw
def test_no_value_is_beyond_an_end(opened, words):
    ends = {"tau_soil": {"loguniform": [3.3, 77.7]}}
    rows = plan(opened, words, ends)
    values = rows.rows(0, rows.size)["tau_soil"]
    assert values.min() >= 3.3
    assert values.max() <= 77.7


@every_draw
def test_it_is_cut_in_probability(opened, words):
    cut = plan(opened, words, {"tau_soil": {"loguniform": [2, 400], "lower": 10, "upper": 100}})
    plain = plan(opened, words, {"tau_soil": {"loguniform": [10, 100]}})
    found, expected = (one.rows(0, one.size)["tau_soil"] for one in (cut, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    share = cut.attributes["truncated_share"]["tau_soil"]
    assert share == pytest.approx(1 - (DECADES.cdf(100) - DECADES.cdf(10)), rel=1e-12)


@every_draw
def test_ends_may_differ_by_location(opened, words):
    ends = {"loguniform": {"lower": {"column": "least"}, "upper": 300}}
    columns = {"least": [2.0, 20.0, 200.0]}
    rows = plan(opened, words, {"tau_soil": ends}, columns=columns)
    found = rows.rows(0, rows.size)["tau_soil"]
    for k, least in enumerate(columns["least"]):
        alone = plan(opened, words, {"tau_soil": {"loguniform": [least, 300]}})
        np.testing.assert_array_equal(found[k], alone.rows(0, alone.size)["tau_soil"][0])


@every_draw
def test_an_end_that_has_no_logarithm_is_refused_at_its_location(refused, words):
    words = dict(words)
    ends = {"loguniform": {"lower": {"column": "least"}, "upper": 300}}
    (found,) = refused(
        words.pop("method"),
        parameters={"tau_soil": ends},
        context={"columns": {"least": [2.0, 0.0]}},
        **words,
    )
    assert found == (
        "design.parameters.tau_soil.loguniform.lower: lower is 0.0 yr at location 1; needed a "
        "number above 0, for it is uniform in the logarithm"
    )


@pytest.mark.parametrize("second_order", [False, True])
def test_rows_of_sobol_are_salibs(opened, second_order):
    names, bounds = ["tau_veg", "tau_soil"], [[1.0, 100.0], [2.0, 400.0]]
    parameters = {n: {"loguniform": ends} for n, ends in zip(names, bounds, strict=True)}
    design = opened("sobol", n=16, parameters=parameters, scramble=False, second_order=second_order)
    problem = {"num_vars": 2, "names": names, "bounds": bounds, "dists": ["logunif"] * 2}
    expected = salib_sample.sample(problem, 16, scramble=False, calc_second_order=second_order)
    rows = design.rows(0, design.size)
    found = np.stack([rows[name][0] for name in names], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_units_are_those_of_the_ends(opened):
    days = {"tau_soil": {"loguniform": [730.5, 146100], "units": "d"}}
    found, expected = (
        opened("quantiles", n=9, parameters=words).rows(0, 9)["tau_soil"] for words in (days, WORDS)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(low=st.floats(-9, 2), decades=st.floats(0.01, 12), p=st.floats(0.0, 1.0))
def test_its_functions_are_scipys(opened, low, decades, p):
    lower, upper = 10.0**low, 10.0 ** (low + decades)
    design = opened("monte_carlo", n=1, parameters={"tau_soil": {"loguniform": [lower, upper]}})
    family = design.marginals["tau_soil"].family
    expected = stats.loguniform(lower, upper)
    value = family.inverse(np.array([p]))
    # The logarithms are up to 28, so their last bit is 4e-15 of the value.
    assert value[0, 0] == pytest.approx(expected.ppf(p), rel=1e-12)
    assert lower <= value[0, 0] <= upper
    # As much in the logarithm, of which a hundredth of a decade is 0.023.
    assert family.cdf(value)[0, 0] == pytest.approx(p, abs=1e-11)
    assert family.cdf(np.array([[lower / 2]]))[0, 0] == 0.0
    assert family.cdf(np.array([[upper * 2]]))[0, 0] == pytest.approx(1.0, abs=1e-11)


class TestDesignsWithoutDistributions:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ({"loguniform": [1, 10]}, "say {logspace: [first, last, n]}, whose ends are values"),
            ({"uniform": [1, 10]}, "say {linspace: [first, last, n]}"),
            ({"normal": [1, 10]}, "say its values, or use {method: quantiles, n: 5}"),
        ],
    )
    def test_a_grid_says_how_its_values_are_written(self, opened, words, said):
        with pytest.raises(ValueError, match="which this design does not draw from") as caught:
            opened("grid", parameters={"tau_soil": words})
        assert said in str(caught.value)

    def test_one_at_a_time_says_what_it_changes(self, opened):
        with pytest.raises(ValueError, match=r"found a distribution, loguniform, .* change:"):
            opened("one_at_a_time", parameters=WORDS)
