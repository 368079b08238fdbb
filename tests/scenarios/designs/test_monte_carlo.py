import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

SOIL = {"tau_soil": {"normal": [38.3, 11.0], "lower": 2}}


def sample(design, name="tau_soil"):
    return design.rows(0, design.size)[name][0]


def ks(values, distribution):
    """Return the p-value of Kolmogorov and Smirnov's test."""
    return stats.kstest(values, distribution.cdf).pvalue


@pytest.mark.parametrize(
    ("words", "distribution"),
    [
        ({"normal": [38.3, 11.0]}, stats.norm(38.3, 11.0)),
        ({"normal": {"mean": 38.3, "sd": 11}}, stats.norm(38.3, 11.0)),
        ({"lognormal": [3.6, 0.3]}, stats.lognorm(0.3, scale=np.exp(3.6))),
        ({"uniform": [20, 60]}, stats.uniform(20, 40)),
        ({"triangular": [20, 30, 60]}, stats.triang(0.25, 20, 40)),
        ({"triangular": [20, 20, 60]}, stats.triang(0.0, 20, 40)),
        ({"triangular": [20, 60, 60]}, stats.triang(1.0, 20, 40)),
        ({"loguniform": [2, 400]}, stats.loguniform(2, 400)),
        ({"loguniform": {"lower": 2, "upper": 400}}, stats.loguniform(2, 400)),
        # Half to one and a half times the default.
        (None, stats.uniform(19.15, 38.3)),
    ],
)
def test_samples_have_the_distribution(opened, words, distribution):
    values = sample(opened("monte_carlo", n=20_000, parameters={"tau_soil": words}))
    assert ks(values, distribution) > 0.01
    error = distribution.std() / np.sqrt(len(values))
    assert values.mean() == pytest.approx(distribution.mean(), abs=4 * error)
    assert values.std() == pytest.approx(distribution.std(), rel=0.05)


@given(
    mean=st.floats(-50, 50),
    sd=st.floats(0.1, 30),
    low=st.floats(-3, 2),
    width=st.floats(0.05, 5),
)
def test_a_cut_normal_is_scipys(opened, mean, sd, low, width):
    lower, upper = mean + sd * low, mean + sd * (low + width)
    words = {"normal": [mean, sd], "lower": lower, "upper": upper}
    design = opened("monte_carlo", n=50, parameters={"tau_soil": words})
    marginal = design.marginals["tau_soil"]
    u = np.linspace(0.001, 0.999, 101)
    expected = stats.truncnorm((lower - mean) / sd, (upper - mean) / sd, mean, sd)
    scale = abs(mean) + sd
    np.testing.assert_allclose(marginal.values(u)[0], expected.ppf(u), rtol=0, atol=1e-9 * scale)
    cut = 1 - (stats.norm.cdf(upper, mean, sd) - stats.norm.cdf(lower, mean, sd))
    share = design.attributes["truncated_share"]["tau_soil"]
    assert share == pytest.approx(cut, rel=1e-9, abs=1e-12)
    values = sample(design)
    assert values.min() >= lower
    assert values.max() <= upper


@given(
    low=st.floats(0, 30),
    mode=st.floats(0, 1),
    width=st.floats(1, 100),
    p=st.floats(0.0001, 0.9999),
)
def test_a_triangle_is_scipys(opened, low, mode, width, p):
    words = {"triangular": [low, low + mode * width, low + width]}
    design = opened("monte_carlo", n=1, parameters={"tau_soil": words})
    marginal = design.marginals["tau_soil"]
    expected = stats.triang(mode, low, width)
    value = marginal.values(np.array([p]))
    assert value[0, 0] == pytest.approx(expected.ppf(p), rel=1e-9, abs=1e-9)
    assert marginal.family.cdf(value)[0, 0] == pytest.approx(p, abs=1e-9)


def test_cuts_of_every_family(opened):
    for words in ({"uniform": [10, 50]}, {"triangular": [10, 20, 50]}, {"lognormal": [3.2, 0.4]}):
        parameters = {"tau_soil": {**words, "lower": 15, "upper": 30}}
        design = opened("monte_carlo", n=5_000, parameters=parameters)
        plain = opened("monte_carlo", n=200_000, parameters={"tau_soil": words})
        values, inside = sample(design), sample(plain)
        kept = (inside >= 15) & (inside <= 30)
        assert ((values >= 15) & (values <= 30)).all()
        assert design.attributes["truncated_share"]["tau_soil"] == pytest.approx(
            1 - kept.mean(), abs=0.005
        )
        assert stats.ks_2samp(values, inside[kept]).pvalue > 0.01


def test_a_lognormal_by_its_own_moments(opened):
    parameters = {"tau_soil": {"lognormal": {"mean": 38.3, "sd": 11.0}}}
    values = sample(opened("monte_carlo", n=200_000, parameters=parameters))
    assert values.mean() == pytest.approx(38.3, rel=0.005)
    assert values.std() == pytest.approx(11.0, rel=0.02)


def test_two_box_share_below_zero(opened):
    """Normal(38.3, 11): P(tau < 2) = 4.83e-4, science/two_box.md section 3."""
    design = opened("monte_carlo", n=1, parameters=SOIL)
    assert design.attributes["truncated_share"]["tau_soil"] == pytest.approx(4.83e-4, rel=1e-3)


def test_rows_of_a_design_of_10_to_18_are_found_at_once(opened):
    far = 10**18 - 1000
    design = opened("monte_carlo", n=10**18, parameters=SOIL)
    values = design.rows(far, 10**18)["tau_soil"]
    assert len(np.unique(values)) == 1000
    assert np.array_equal(design.rows(far + 998, far + 999)["tau_soil"], values[:, 998:999])


def test_a_parameter_keeps_its_values_in_another_company(opened):
    alone = opened("monte_carlo", n=50, parameters=SOIL)
    both = opened("monte_carlo", n=99, parameters={"tau_veg": {"normal": [10, 1]}, **SOIL})
    assert np.array_equal(sample(alone), sample(both)[:50])
    assert abs(np.corrcoef(sample(both), sample(both, "tau_veg"))[0, 1]) < 0.3


def test_seed_path_and_stream_change_the_draws(opened):
    changes = ({}, {"seed": 1}, {"path": "design.cross[1]"}, {"stream": "CLM5"})
    drawn = [sample(opened("monte_carlo", n=3, parameters=SOIL, context=c)) for c in changes]
    assert len({values.tobytes() for values in drawn}) == 4


def test_columns_share_uniforms_and_differ_in_values(opened):
    columns = {"tau_mean": [20.0, 40.0, 60.0], "tau_sd": [2.0, 4.0, 12.0]}
    parameters = {"tau_soil": {"normal": {"column": "tau_mean", "sd": "tau_sd"}}, "q10": None}
    design = opened("monte_carlo", n=10, parameters=parameters, context={"columns": columns})
    rows = design.rows(0, 10)
    assert rows["tau_soil"].shape == (3, 10)
    assert rows["q10"].shape == (1, 10)
    z = (rows["tau_soil"] - np.array(columns["tau_mean"])[:, None]) / 4.0
    np.testing.assert_allclose(z[0] * 2, z[1], rtol=1e-12)
    np.testing.assert_allclose(z[2] / 3, z[1], rtol=1e-12)


def test_columns_stand_wherever_a_number_may(opened):
    context = {"columns": {"a": [10.0, 20.0], "b": [30.0, 50.0]}}
    uniform = {"uniform": [{"column": "a"}, {"column": "b"}], "lower": {"column": "a"}}
    design = opened("monte_carlo", n=200, parameters={"tau_soil": uniform}, context=context)
    values = design.rows(0, 200)["tau_soil"]
    assert ((values > [[10.0], [20.0]]) & (values < [[30.0], [50.0]])).all()


def test_units_are_converted(opened):
    months = {"normal": [459.6, 132.0], "lower": 24, "units": "month"}
    same = opened("monte_carlo", n=40, parameters=SOIL)
    other = opened("monte_carlo", n=40, parameters={"tau_soil": months})
    np.testing.assert_allclose(sample(same), sample(other), rtol=1e-12)
    celsius = {"t_ref": {"normal": [10.0, 1.5], "units": "degC"}}
    kelvin = {"t_ref": {"normal": [283.15, 1.5]}}
    one, two = (
        opened("monte_carlo", n=40, parameters=p).rows(0, 40)["t_ref"] for p in (celsius, kelvin)
    )
    np.testing.assert_allclose(one, two, rtol=1e-12)


def test_the_admissible_range_cuts_as_well(opened):
    context = {"lower": {"tau_soil": [5.0, 30.0, np.nan]}, "upper": {"tau_soil": [90.0, 60.0, 99]}}
    design = opened("monte_carlo", n=500, parameters=SOIL, context=context)
    values = sample(design)
    assert 30.0 <= values.min() < 31.0
    assert 59.0 < values.max() <= 60.0
    assert design.attributes["admissible"] == {"tau_soil": {"lower": 30.0, "upper": 60.0}}
    expected = stats.norm(38.3, 11)
    cut = 1 - expected.cdf(60) + expected.cdf(30)
    assert design.attributes["truncated_share"]["tau_soil"] == pytest.approx(cut)


def test_the_admissible_range_of_each_location_where_values_differ_anyway(opened):
    context = {
        "columns": {"tau": [20.0, 80.0, 50.0]},
        "lower": {"tau_soil": [5.0, 60.0, np.nan]},
    }
    parameters = {"tau_soil": {"normal": {"column": "tau", "sd": 10.0}}}
    design = opened("monte_carlo", n=500, parameters=parameters, context=context)
    values = design.rows(0, 500)["tau_soil"]
    assert (values.min(axis=1) >= [5.0, 60.0, -np.inf]).all()
    assert values[0].min() < 10.0
    admissible = design.attributes["admissible"]["tau_soil"]
    assert admissible == {"lower": {"least": 5.0, "most": 60.0, "locations": 2}}


def test_the_kernels_bounds_are_reported_not_imposed(opened):
    design = opened("monte_carlo", n=10, parameters={"q10": {"normal": [2.0, 1.0]}})
    expected = 2 * stats.norm.sf(1) - (stats.norm.sf(1) - stats.norm.sf(2))
    assert design.attributes["outside_bounds"]["q10"] == pytest.approx(expected, rel=1e-9)
    assert "outside the kernel's bounds [1.0, 4.0] 1" in design.attributes["warnings"][0]
    inside = opened("monte_carlo", n=10, parameters={"q10": None})
    assert inside.attributes["outside_bounds"]["q10"] == 0.0
    assert inside.attributes["warnings"] == []


@given(rho=st.sampled_from([-0.95, -0.5, -0.1, 0.0, 0.3, 0.7, 0.95]))
def test_the_rank_correlation_is_realised(opened, rho):
    parameters = {
        "tau_veg": {"lognormal": [2.3, 0.5]},
        "q10": None,
        "tau_soil": {"normal": [38.3, 11.0], "lower": 30},
    }
    correlation = [["tau_soil", "tau_veg", rho]]
    design = opened("monte_carlo", n=20_000, parameters=parameters, rank_correlation=correlation)
    rows = {name: values[0] for name, values in design.rows(0, design.size).items()}
    found = stats.spearmanr(rows["tau_veg"], rows["tau_soil"]).statistic
    assert found == pytest.approx(rho, abs=0.02)
    assert abs(stats.spearmanr(rows["tau_veg"], rows["q10"]).statistic) < 0.03
    assert rows["tau_soil"].min() >= 30


def test_a_chain_of_correlations(opened):
    wanted = np.array([[1, 0.6, -0.4], [0.6, 1, -0.7], [-0.4, -0.7, 1]])
    names = ["tau_veg", "tau_soil", "q10"]
    pairs = [[names[i], names[j], wanted[i, j]] for i in range(3) for j in range(i)]
    design = opened("monte_carlo", n=20_000, parameters=names, rank_correlation=pairs)
    values = np.concatenate(list(design.rows(0, design.size).values()))
    np.testing.assert_allclose(stats.spearmanr(values, axis=1).statistic, wanted, atol=0.02)


def test_all_problems_are_told_at_once(refused):
    found = refused(
        "monte_carlo",
        n=10,
        parameters={
            "tau_soil": {"normal": [38.3, -1.0]},
            "tau_vge": {"normal": [1, 1]},
            "q10": {"uniform": [4, 2], "units": "yr"},
        },
    )
    assert len(found) == 3
    assert found[0] == (
        "design.parameters.tau_soil.normal.sd: sd is -1.0 yr; needed a standard deviation above 0"
    )
    assert "did you mean 'tau_veg'?" in found[1]
    assert found[2].startswith("design.parameters.q10.units: ")


@pytest.mark.parametrize(
    ("words", "where", "text"),
    [
        ({"normal": [1e9, 1], "upper": 50}, "", "share of the distribution inside"),
        ({"normal": [38, 1], "lower": 50, "upper": 40}, ".lower", "needed below upper, 40.0 yr"),
        ({"uniform": [5, 5]}, ".uniform.lower", "needed lower < upper"),
        ({"loguniform": [0, 5]}, ".loguniform.lower", "lower is 0.0 yr; needed a number above 0"),
        ({"loguniform": [-1, 5]}, ".loguniform.lower", "lower is -1.0 yr; needed a number above 0"),
        ({"loguniform": [5, 5]}, ".loguniform.lower", "lower is 5.0 yr; needed lower < upper"),
        ({"loguniform": [6, 5]}, ".loguniform.lower", "lower is 6.0 yr; needed lower < upper"),
        ({"triangular": [1, 9, 5]}, ".triangular.mode", "lower <= mode <= upper"),
        ({"lognormal": [3, 0]}, ".lognormal.sigma", "above 0, at most 20"),
        ({"lognormal": [900, 1]}, ".lognormal.mu", "within -500 to 500"),
        ({"lognormal": {"mean": -3, "sd": 1}}, ".lognormal.mean", "needed a number above 0"),
        ({"lognormal": [3, 1], "lower": -1}, ".lower", "cuts nothing; remove it"),
        ({"lognormal": [3, 1], "upper": 0}, ".upper", "cuts everything"),
        ({"normal": [{"column": "tau"}, 1]}, ".normal.mean", "no column 'tau'; did you mean 'tau_"),
        ({"normal": {"column": "hole", "sd": 1}}, ".normal.mean", "is nan at location 1; needed"),
        ({"normal": {"column": "tau_m", "sd": "sd"}}, ".normal.sd", "sd is 0.0 yr at location 1"),
    ],
)
def test_impossible_distributions(refused, words, where, text):
    columns = {"tau_m": [20.0, 30.0], "hole": [20.0, np.nan], "sd": [1.0, 0.0]}
    parameters = {"tau_soil": words}
    (found,) = refused("monte_carlo", n=3, parameters=parameters, context={"columns": columns})
    assert found.startswith(f"design.parameters.tau_soil{where}: ")
    assert text in found


def test_an_admissible_range_that_leaves_nothing(refused):
    context = {"lower": {"tau_soil": [300.0]}}
    (found,) = refused("monte_carlo", n=3, parameters=SOIL, context=context)
    assert "[300.0, inf] yr, stated and admissible by the forcings," in found


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ([["tau_soil", "tau_veg", 0.5], ["tau_veg", "tau_soil", 0.1]], "stand twice"),
        ([["tau_soil", "tau_soil", 0.5]], "needed two parameters"),
        ([["tau_soil", "q11", 0.5]], "did you mean 'q10'?"),
        (
            [["tau_soil", "tau_veg", 0.9], ["tau_veg", "q10", 0.9], ["tau_soil", "q10", -0.9]],
            "contradict each other",
        ),
    ],
)
def test_impossible_correlations(refused, pairs, text):
    names = ["tau_soil", "tau_veg", "q10"]
    (found,) = refused("monte_carlo", n=3, parameters=names, rank_correlation=pairs)
    assert found.startswith("design.rank_correlation")
    assert text in found


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"normal": [38.3]}, "found 1 number; needed 2: [mean, sd]"),
        ({"normal": ["38.3", 11]}, "found '38.3'; needed a finite number"),
        ({"normal": [True, 11]}, "found True; needed a finite number"),
        ({"normal": [float("nan"), 11]}, "found nan; needed a finite number"),
        ({"normal": [1, 1], "uniform": [0, 1]}, "found normal and uniform; needed one of"),
        (
            {"lower": 1},
            "found none; needed one of normal, lognormal, uniform, loguniform, triangular",
        ),
        ({"lognormal": {"mean": 1, "sigma": 2}}, "found mean, sigma; needed mu and sigma"),
        ({"uniform": {"column": "tau"}}, "'column' alone is unclear here"),
    ],
)
def test_words_that_make_no_sense(opened, words, text):
    with pytest.raises(ValueError, match="validation error") as caught:
        opened("monte_carlo", n=1, parameters={"tau_soil": words})
    assert text in str(caught.value)
    assert caught.value.error_count() == 1


@pytest.mark.parametrize("parameters", ["every", ["tau_soil", "tau_soil"], {}, []])
def test_parameters_that_are_none(opened, parameters):
    with pytest.raises(ValueError, match="1 validation error"):
        opened("monte_carlo", n=1, parameters=parameters)
