import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.analyze import morris as salib_analyze
from SALib.sample import morris as salib_sample
from scipy.stats import norm

from scenarios.designs.sampling import trajectories as _trajectories
from scenarios.designs.sampling.bootstrap import half_width, tally
from scenarios.designs.sampling.trajectories import Source, Steps, farthest

NAMES = ["tau_veg", "tau_soil", "q10", "t_ref"]
BOUNDS = {"tau_veg": [5.0, 15.0], "tau_soil": [20.0, 60.0], "q10": [1.0, 4.0], "t_ref": [270, 290]}
PARAMETERS = {name: {"uniform": bounds} for name, bounds in BOUNDS.items()}
GROUPS = {"dead": ["tau_soil", "q10"]}


def problem(groups=False):
    labels = ["tau_veg", "dead", "dead", "t_ref"]
    grouped = {"groups": labels} if groups else {}
    bounds = [list(map(float, BOUNDS[name])) for name in NAMES]
    return {"num_vars": 4, "names": NAMES, "bounds": bounds, **grouped}


def table(design):
    return np.stack([design.rows(0, design.size)[name][0] for name in NAMES], axis=1)


def salibs_draws(seed, trajectories, levels, group):
    """Repeat the draws of `SALib.sample.morris.morris._generate_trajectory`."""
    rng = np.random.default_rng(seed)
    half, groups = levels // 2, max(group) + 1
    grid = np.linspace(0, 1 - levels / (2 * (levels - 1)), half)
    low, up, rank = [], [], []
    for _ in range(trajectories):
        order = np.eye(groups)
        rng.shuffle(order)
        rank.append(order.argmax(axis=1))
        up.append(rng.choice([-1, 1], len(group)) == 1)
        low.append(np.searchsorted(grid, rng.choice(grid, len(group))))
    return Steps(np.array(low), np.array(up), np.array(rank), half)


@pytest.mark.parametrize("levels", [4, 6, 10])
@pytest.mark.parametrize("groups", [False, True])
def test_rows_of_salibs_draws_are_salibs(opened, monkeypatch, levels, groups):
    words = {"groups": GROUPS} if groups else {}
    design = opened("morris", trajectories=12, levels=levels, parameters=PARAMETERS, **words)
    steps = salibs_draws(5, 12, levels, design.group)
    monkeypatch.setattr(Source, "draw", lambda self, begin, end: steps.take(range(begin, end)))
    expected = salib_sample.sample(problem(groups), 12, num_levels=levels, seed=5)
    assert np.array_equal(table(design), expected)


@pytest.mark.parametrize("levels", [4, 8])
@pytest.mark.parametrize("groups", [False, True])
def test_effects_are_salibs(opened, levels, groups):
    """With the levels of the sample: SALib's analyser believes 4 unless told."""
    words = {"groups": GROUPS} if groups else {}
    design = opened("morris", trajectories=30, levels=levels, parameters=PARAMETERS, **words)
    rows = table(design)
    response = rows[:, 0] * rows[:, 1] - 10 * rows[:, 2] ** 2 + np.sin(rows[:, 3])
    expected = salib_analyze.analyze(problem(groups), rows, response, num_levels=levels)
    found = design.analyze(response)
    assert design.attributes["effects"] == list(expected["names"])
    for name in ("mu", "mu_star", "sigma"):
        np.testing.assert_allclose(found[name], np.asarray(expected[name]), rtol=1e-9, atol=1e-9)


def test_the_interval_is_salibs_with_salibs_draws(opened):
    design = opened("morris", trajectories=30, parameters=PARAMETERS)
    rows = table(design)
    response = np.prod(rows, axis=1)
    expected = salib_analyze.analyze(problem(), rows, response, seed=3)
    effects = salib_analyze._compute_elementary_effects(rows, response, 5, 2 / 3)
    rng = np.random.default_rng(3)
    for j in range(4):
        # SALib draws (resample, trajectory) anew for each parameter.
        weights = tally(rng.integers(30, size=(100, 30)))
        means = weights @ np.abs(effects[j])[:, None] / 30
        assert half_width(means, 0.95)[0] == pytest.approx(expected["mu_star_conf"][j], rel=1e-9)


def test_the_interval_is_as_wide_as_salibs(opened):
    design = opened("morris", trajectories=200, parameters=PARAMETERS, resamples=2000)
    rows = table(design)
    response = np.prod(rows, axis=1)
    expected = salib_analyze.analyze(problem(), rows, response, num_resamples=2000, seed=1)
    found = design.analyze(response)["mu_star_conf"]
    np.testing.assert_allclose(found, expected["mu_star_conf"], rtol=0.1)


@given(
    slopes=st.lists(st.floats(-5, 5), min_size=4, max_size=4),
    levels=st.sampled_from([2, 4, 6, 20]),
    seed=st.integers(0, 3),
)
def test_a_linear_response_has_its_slopes(opened, slopes, levels, seed):
    design = opened(
        "morris", trajectories=5, levels=levels, parameters=PARAMETERS, context={"seed": seed}
    )
    ranges = np.array([b - a for a, b in BOUNDS.values()])
    found = design.analyze(table(design) @ np.array(slopes))
    np.testing.assert_allclose(found["mu"], slopes * ranges, atol=1e-9)
    np.testing.assert_allclose(found["mu_star"], np.abs(slopes * ranges), atol=1e-9)
    np.testing.assert_allclose(found["sigma"], 0, atol=1e-9)
    np.testing.assert_allclose(found["mu_star_conf"], 0, atol=1e-9)


@given(levels=st.sampled_from([2, 4, 10]), seed=st.integers(0, 9), groups=st.booleans())
def test_each_step_moves_one_group_by_delta(opened, levels, seed, groups):
    words = {"groups": GROUPS} if groups else {}
    unit = {name: {"uniform": [1.0, 2.0]} for name in NAMES[:3]} | {
        "t_ref": {"uniform": [260, 261]}
    }
    design = opened(
        "morris",
        trajectories=20,
        levels=levels,
        parameters=unit,
        context={"seed": seed},
        **words,
    )
    steps = np.diff(table(design).reshape(20, design.rows_together, 4), axis=1)
    delta = levels / (2 * (levels - 1))
    moved = np.abs(steps) > 1e-9
    np.testing.assert_allclose(np.abs(steps[moved]), delta, rtol=1e-6)
    by_group = np.stack(
        [moved[..., design.group == g].any(axis=-1) for g in np.unique(design.group)]
    )
    assert (by_group.sum(axis=0) == 1).all()
    assert (moved.sum(axis=1) == 1).all()


def test_all_levels_orders_and_directions_are_as_frequent(opened):
    steps = opened("morris", trajectories=12_000, parameters=PARAMETERS)._steps(0, 12_000)
    assert np.abs(steps.low.mean(axis=0) - 0.5).max() < 0.02
    assert np.abs(steps.up.mean(axis=0) - 0.5).max() < 0.02
    _, counts = np.unique(steps.rank, axis=0, return_counts=True)
    assert len(counts) == 24
    assert ((counts - 500) ** 2 / 500).sum() < 55


def test_levels_follow_the_distribution(opened):
    """As SALib does, steps are in probability: the levels are quantiles."""
    normal = {"tau_soil": {"normal": [38.3, 11.0], "lower": 20, "upper": 60}, "q10": None}
    design = opened("morris", trajectories=30, parameters=normal)
    low, high = norm.cdf([20, 60], 38.3, 11.0)
    expected = norm.ppf(low + np.arange(4) / 3 * (high - low), 38.3, 11.0)
    found = np.unique(design.rows(0, design.size)["tau_soil"])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("groups", [None, ["tau_veg", "dead", "dead", "t_ref"]])
@settings(max_examples=4)
@given(seed=st.integers(0, 100))
def test_optimal_trajectories_are_salibs(groups, seed):
    named = {"groups": groups} if groups else {}
    bounds = {"num_vars": 4, "names": NAMES, "bounds": [[0, 1]] * 4, **named}
    pool = salib_sample.sample(dict(bounds), 25, seed=seed)
    expected = salib_sample.sample(dict(bounds), 25, optimal_trajectories=5, seed=seed)
    unit = len(set(groups)) + 1 if groups else 5
    chosen = farthest(pool.reshape(25, unit, 4), 5)
    assert np.array_equal(pool.reshape(25, unit, 4)[list(chosen)].reshape(-1, 4), expected)


def test_an_optimal_design_holds_chosen_trajectories_of_the_plain_one(opened):
    plain = opened("morris", trajectories=20, parameters=PARAMETERS)
    best = opened("morris", trajectories=20, optimal=4, parameters=PARAMETERS)
    pool = table(plain).reshape(20, 5, 4)
    assert best.size == 20
    assert not best.extendable
    assert np.array_equal(table(best).reshape(4, 5, 4), pool[best.attributes["chosen"]])
    slopes = np.array([1.0, 2.0, 3.0, 4.0])
    found = best.analyze(table(best) @ slopes)
    np.testing.assert_allclose(found["mu"], slopes * [10, 40, 3, 20], rtol=1e-9)


def test_a_failed_member_removes_its_trajectory(opened):
    design = opened("morris", trajectories=20, parameters=PARAMETERS)
    rows = table(design)
    response = np.prod(rows, axis=1)
    broken = response.copy()
    broken[[4, 52]] = np.nan
    kept = np.delete(np.arange(100).reshape(20, 5), [0, 10], axis=0).reshape(-1)
    expected = salib_analyze.analyze(problem(), rows[kept], response[kept])
    found = design.analyze(np.stack([response, broken]))
    for name in ("mu", "mu_star", "sigma"):
        np.testing.assert_allclose(found[name][1], expected[name], rtol=1e-9)
    assert found["effective"].tolist() == [[20] * 4, [18] * 4]
    nothing = design.analyze(np.full(100, np.nan))
    assert np.isnan(nothing["mu"]).all()


def test_a_trajectory_shares_rows_until_a_name_moves(opened):
    design = opened("morris", trajectories=50, parameters=PARAMETERS)
    first, _ = design.levels({"tau_veg"}, 0, design.size)
    assert len(first) == 100
    first, _ = design.levels({"tau_veg", "q10"}, 0, design.size)
    assert len(first) == 150


def test_far_trajectories_are_found_at_once(opened):
    design = opened("morris", trajectories=10**12, parameters=PARAMETERS)
    rows = design.rows(design.size - 10, design.size)
    again = design.rows(design.size - 3, design.size - 1)
    assert np.array_equal(rows["q10"][:, 7:9], again["q10"])


def test_the_bootstrap_has_a_seed(opened):
    widths = []
    for seed in (0, 0, 1):
        design = opened("morris", trajectories=30, parameters=PARAMETERS)
        stream = design.stream + np.uint64(seed)
        response = np.random.default_rng(0).normal(size=(1, design.size))
        found = _trajectories.effects(
            response,
            design._steps(0, 30),
            design.group,
            delta=design.source.delta,
            resamples=100,
            confidence=0.95,
            stream=stream,
        )
        widths.append(found["mu_star_conf"])
    assert np.array_equal(widths[0], widths[1])
    assert not np.array_equal(widths[0], widths[2])


def test_problems(refused):
    context = {"lower": {"tau_soil": [25.0]}}
    (found,) = refused("morris", trajectories=5, parameters=PARAMETERS, context=context)
    assert found == (
        "design.parameters.tau_soil: lowest level: tau_soil is 20.0 yr, below the bound that the "
        "forcings admit, 25.0 yr; add 'lower: 25.0'"
    )
    (found,) = refused("morris", trajectories=5, parameters="all", context=context)
    assert found.endswith("; give it a distribution of its own, with 'lower: 25.0'")
    normal = {"tau_soil": {"normal": [38.3, 11.0], "lower": 2}, "q10": None}
    (found,) = refused("morris", trajectories=5, parameters=normal)
    assert "infinite values of this distribution; add lower: and upper:" in found
    (found,) = refused("morris", trajectories=5, optimal=5, parameters=["q10", "t_ref"])
    assert found.startswith("design.optimal: found optimal: 5 of trajectories: 5; needed fewer")


@pytest.mark.parametrize("levels", [3, 0, 1])
def test_levels_are_even(opened, levels):
    with pytest.raises(ValueError, match="1 validation error"):
        opened("morris", trajectories=5, levels=levels, parameters=PARAMETERS)
