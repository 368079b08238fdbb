"""Designs that name parameters and no distribution draw from the kernel's plausible ranges."""

from dataclasses import replace

import numpy as np
import pytest

from kernels import Parameter, Plausible

TABLE = {
    "rate": Parameter("rate", "yr-1", 2.0, 1e-6, 1e9, "a rate", "here"),
    "beta": Parameter(
        "beta", "1", 1.0, 1.0, 3.0, "an exponent", "here", Plausible(1.0, 2.0, "a paper, table 1")
    ),
}
RULE = "half to one and a half times the default; no published range"
DRAWS = [
    {"method": "monte_carlo", "n": 400},
    {"method": "latin_hypercube", "n": 100},
    {"method": "sobol", "n": 64},
    {"method": "morris", "trajectories": 8, "levels": 4},
    {"method": "quantiles", "n": 20},
]
every_draw = pytest.mark.parametrize("words", DRAWS, ids=lambda words: words["method"])


def plan(opened, words, parameters="all", **context):
    words = dict(words)
    given = {"parameters": TABLE, **context}
    return opened(words.pop("method"), parameters=parameters, context=given, **words)


@every_draw
@pytest.mark.parametrize("parameters", ["all", ["rate", "beta"], {"rate": None, "beta": None}])
def test_it_is_uniform_over_the_plausible_range(opened, words, parameters):
    stated = {"rate": {"uniform": [1, 3]}, "beta": {"uniform": [1, 2]}}
    found, expected = plan(opened, words, parameters), plan(opened, words, stated)
    for name, values in expected.rows(0, expected.size).items():
        np.testing.assert_array_equal(found.rows(0, found.size)[name], values)


@every_draw
def test_it_says_which_and_from_where(opened, words):
    attributes = plan(opened, words).attributes
    assert attributes["distributions"]["rate"] == {"uniform": {"lower": 1.0, "upper": 3.0}}
    assert attributes["plausible"] == {"rate": RULE, "beta": "a paper, table 1"}
    stated = plan(opened, words, {"rate": {"uniform": [1, 3]}, "beta": None}).attributes
    assert stated["plausible"] == {"beta": "a paper, table 1"}


@every_draw
def test_what_follows_the_default_follows_that_of_each_location(opened, words):
    control = {"rate": np.array([2.0, 8.0]), "beta": np.array([1.2, 1.7])}
    design = plan(opened, words, control=control)
    rows = design.rows(0, design.size)
    np.testing.assert_array_equal(rows["rate"][1], 4 * rows["rate"][0])
    assert rows["beta"].shape[0] == 1
    assert design.attributes["distributions"]["rate"] == {
        "uniform": {
            "lower": {"least": 1.0, "most": 4.0, "locations": 2},
            "upper": {"least": 3.0, "most": 12.0, "locations": 2},
        }
    }


@every_draw
def test_defaults_that_are_the_same_everywhere_make_one_row(opened, words):
    design = plan(opened, words, control={"rate": np.full(5, 4.0)})
    assert design.rows(0, 1)["rate"].shape == (1, 1)
    assert design.attributes["distributions"]["rate"] == {"uniform": {"lower": 2.0, "upper": 6.0}}


def test_a_default_of_zero_has_no_range_and_a_remedy(refused):
    table = TABLE | {"rate": replace(TABLE["rate"], default=0.0, lower=0.0)}
    (found,) = refused("monte_carlo", n=4, parameters="all", context={"parameters": table})
    assert found == (
        f"design.parameters.rate: the default is 0.0 yr-1; no range follows from it ({RULE}); "
        "state a distribution"
    )


def test_a_location_whose_default_is_zero_is_named(refused):
    given = {"parameters": TABLE, "control": {"rate": np.array([2.0, 0.0])}}
    (found,) = refused("morris", trajectories=4, parameters="all", context=given)
    assert "the default is 0.0 yr-1 at location 1" in found


def test_forcings_with_other_defaults_cannot_share_ranges_that_follow_them(refused, opened):
    given = {"parameters": TABLE, "unlike": frozenset({"rate", "beta"})}
    (found,) = refused("monte_carlo", n=4, parameters="all", context=given)
    assert found.startswith("design.parameters.rate: its default differs between the forcings")
    assert found.endswith("state a distribution, or say independent: [forcing]")
    assert opened("monte_carlo", n=4, parameters=["beta"], context=given).size == 4


def test_a_random_design_is_cut_at_what_the_forcings_admit(opened):
    given = {"parameters": TABLE, "lower": {"rate": np.array([2.0])}}
    design = opened("monte_carlo", n=200, parameters="all", context=given)
    assert design.rows(0, 200)["rate"].min() >= 2.0
    assert design.attributes["truncated_share"]["rate"] == pytest.approx(0.5)


def test_a_cross_joins_what_its_factors_say(opened):
    cross = [
        {"method": "monte_carlo", "n": 3, "parameters": ["rate"]},
        {"method": "grid", "parameters": {"beta": [1.0, 1.5]}},
    ]
    design = opened("cross", cross=cross, context={"parameters": TABLE})
    assert design.attributes["plausible"] == {"rate": RULE}


def test_one_at_a_time_takes_all(opened):
    design = opened("one_at_a_time", parameters="all", change=[0.25], context={"parameters": TABLE})
    assert design.parameters == ("rate", "beta")
    np.testing.assert_array_equal(design.rows(0, 3)["rate"], [[2.0, 2.5, 2.0]])
