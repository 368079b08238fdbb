"""Wang's importance theta against loops of plain Python, in both forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.problems import ScenarioError

NAMES = ["tau_veg", "tau_soil", "q10", "t_ref"]
UNIT = {"tau_veg": [5.0, 15.0], "tau_soil": [20.0, 60.0], "q10": [1.0, 4.0], "t_ref": [270, 290]}
PARAMETERS = {name: {"uniform": bounds} for name, bounds in UNIT.items()}


def unit_rows(design):
    rows = design.rows(0, design.size)
    scaled = [(rows[n][0] - a) / (b - a) for n, (a, b) in UNIT.items()]
    return np.stack(scaled, axis=1)


def deviation(values, ddof):
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - ddof))


def by_hand(rows, response, trajectories, ddof):
    """Return theta by loops over trajectories and steps, from the rows themselves."""
    effects = {j: [] for j in range(4)}
    for t in range(trajectories):
        for step in range(4):
            before, after = 5 * t + step, 5 * t + step + 1
            (j,) = [p for p in range(4) if abs(rows[after, p] - rows[before, p]) > 1e-9]
            change = response[after] - response[before]
            effects[j].append(change / (rows[after, j] - rows[before, j]))
    sizes = []
    for j in range(4):
        mu = sum(effects[j]) / trajectories
        sizes.append(math.sqrt(mu**2 + deviation(effects[j], ddof) ** 2))
    return [size / deviation(sizes, ddof) for size in sizes]


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("trajectories", [2, 25])
def test_theta_is_the_papers_in_both_forms(opened, ddof, trajectories):
    design = opened(
        "morris", trajectories=trajectories, parameters=PARAMETERS, theta_ddof=ddof, resamples=0
    )
    u = unit_rows(design)
    response = u[:, 0] * np.exp(u[:, 1]) - 3 * u[:, 2] ** 2 * u[:, 0] + np.sin(4 * u[:, 3])
    expected = by_hand(u, response, trajectories, ddof)
    np.testing.assert_allclose(design.analyze(response)["theta"], expected, rtol=1e-10)


def test_the_two_forms_differ(opened):
    found = []
    for ddof in (0, 1):
        design = opened("morris", trajectories=4, parameters=PARAMETERS, theta_ddof=ddof)
        response = np.prod(unit_rows(design) + 0.1, axis=1)
        found.append(design.analyze(response))
    np.testing.assert_array_equal(found[0]["sigma"], found[1]["sigma"])
    assert (np.abs(found[0]["theta"] / found[1]["theta"] - 1) > 0.01).all()


@given(
    slopes=st.lists(st.floats(-5, 5), min_size=4, max_size=4).filter(
        lambda c: np.std(np.abs(c)) > 1e-3
    ),
    ddof=st.sampled_from([0, 1]),
)
def test_a_linear_response_has_no_deviation_and_its_slopes(opened, slopes, ddof):
    design = opened("morris", trajectories=6, parameters=PARAMETERS, theta_ddof=ddof)
    found = design.analyze(unit_rows(design) @ np.array(slopes))
    np.testing.assert_allclose(found["mu"], slopes, atol=1e-9)
    np.testing.assert_allclose(found["sigma"], 0, atol=1e-9)
    expected = np.abs(slopes) / np.std(np.abs(slopes), ddof=ddof)
    np.testing.assert_allclose(found["theta"], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("slopes", [[0, 0, 0, 0], [2, -2, 2, 2], [0.1, 0.1, 0.1, 0.1]])
def test_no_parameter_stands_out_where_all_are_alike(opened, slopes):
    design = opened("morris", trajectories=6, parameters=PARAMETERS)
    found = design.analyze(unit_rows(design) @ np.array(slopes, dtype=float))
    assert np.isnan(found["theta"]).all()
    assert np.isfinite(found["mu"]).all()


def test_one_parameter_has_nothing_to_stand_out_from(opened):
    one = {"tau_veg": {"uniform": [5, 15]}}
    design = opened("morris", trajectories=6, parameters=one)
    found = design.analyze(np.arange(12.0))
    assert np.isnan(found["theta"]).all()


def test_a_group_of_several_has_no_theta(opened):
    groups = {"dead": ["tau_soil", "q10"]}
    design = opened("morris", trajectories=6, parameters=PARAMETERS, groups=groups)
    found = design.analyze(np.random.default_rng(0).random(design.size))
    assert np.isnan(found["theta"]).all()


def test_a_failed_member_leaves_theta_of_the_other_trajectories(opened):
    design = opened("morris", trajectories=12, parameters=PARAMETERS)
    u = unit_rows(design)
    response = np.prod(u + 0.3, axis=1)
    broken = response.copy()
    broken[[7, 31]] = np.nan
    kept = np.delete(np.arange(60).reshape(12, 5), [1, 6], axis=0).reshape(-1)
    expected = by_hand(u[kept], response[kept], 10, 1)
    np.testing.assert_allclose(design.analyze(broken)["theta"], expected, rtol=1e-10)


def test_another_divisor_is_refused(opened):
    with pytest.raises((ScenarioError, ValueError), match="theta_ddof"):
        opened("morris", trajectories=12, parameters=PARAMETERS, theta_ddof=2)
