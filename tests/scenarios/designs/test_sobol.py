import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.analyze import sobol as salib_analyze
from SALib.sample import sobol as salib_sample
from scipy import stats
from scipy.stats import qmc

from scenarios.designs.sampling import saltelli as _saltelli
from scenarios.designs.sampling.bootstrap import tally
from scenarios.designs.sobol import Sequence

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


def ishigami(rows):
    x = [np.pi * (2 * rows[:, j] - 1) for j in range(3)]
    return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("groups", [False, True])
def test_rows_are_salibs(opened, second_order, groups):
    """The plain sequence has no seed, so SALib's rows are ours, through the whole chain."""
    words = {"groups": GROUPS} if groups else {}
    design = opened(
        "sobol", n=16, parameters=PARAMETERS, scramble=False, second_order=second_order, **words
    )
    expected = salib_sample.sample(
        problem(groups), 16, scramble=False, calc_second_order=second_order
    )
    assert np.array_equal(table(design), expected)


@pytest.mark.parametrize("second_order", [False, True])
def test_rows_of_salibs_own_scrambled_sequence(opened, monkeypatch, second_order):
    base = qmc.Sobol(d=8, scramble=True, seed=5).random(32)
    monkeypatch.setattr(Sequence, "points", lambda self, start, stop: base[start:stop])
    design = opened("sobol", n=32, parameters=PARAMETERS, second_order=second_order)
    expected = salib_sample.sample(problem(), 32, seed=5, calc_second_order=second_order)
    assert np.array_equal(table(design), expected)


@pytest.mark.parametrize("scramble", [False, True])
@settings(max_examples=15)
@given(start=st.integers(0, 300), count=st.integers(0, 300))
def test_the_sequence_is_scipys_wherever_it_is_entered(scramble, start, count):
    stream = np.array([3, 4], dtype=np.uint64)
    points = Sequence(5, 600, scramble, stream).points(start, start + count)
    scipys = qmc.Sobol(d=5, scramble=scramble, rng=np.random.default_rng([3, 4]))
    assert np.array_equal(points, scipys.random_base2(10)[start : start + count])


def test_far_points_are_scipys():
    stream = np.array([3, 4], dtype=np.uint64)
    scipys = qmc.Sobol(d=2, rng=np.random.default_rng([3, 4])).fast_forward(10**7)
    points = Sequence(2, 2**24, True, stream).points(10**7, 10**7 + 9)
    assert np.array_equal(points, scipys.random(9))
    assert Sequence(2, 2**30, True, stream).points(2**30 - 3, 2**30).shape == (3, 2)


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("groups", [False, True])
def test_indices_are_salibs(opened, second_order, groups):
    words = {"groups": GROUPS} if groups else {}
    design = opened("sobol", n=64, parameters=PARAMETERS, second_order=second_order, **words)
    rows = table(design)
    response = 300 + rows[:, 0] * rows[:, 1] + 10 * rows[:, 2] ** 2 + np.sin(rows[:, 3])
    expected = salib_analyze.analyze(problem(groups), response, calc_second_order=second_order)
    found = design.analyze(response)
    for name in ("S1", "ST", *(("S2",) if second_order else ())):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12)
    assert found["effective"].tolist() == [64] * len(found["S1"])


def test_intervals_are_salibs_with_salibs_draws(opened, monkeypatch):
    design = opened("sobol", n=64, parameters=PARAMETERS, second_order=True)
    response = np.prod(table(design), axis=1)
    drawn = np.random.default_rng(11).integers(64, size=(64, 100))
    monkeypatch.setattr(_saltelli, "counts", lambda *_: iter([tally(drawn.T)]))
    found = design.analyze(response)
    expected = salib_analyze.analyze(problem(), response, seed=11)
    for name in ("S1_conf", "ST_conf", "S2_conf"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)


def test_intervals_are_as_wide_as_salibs(opened):
    design = opened("sobol", n=256, parameters=PARAMETERS, resamples=2000)
    response = np.prod(table(design), axis=1)
    found = design.analyze(response)
    expected = salib_analyze.analyze(
        problem(), response, calc_second_order=False, num_resamples=2000, seed=1
    )
    for name in ("S1_conf", "ST_conf"):
        np.testing.assert_allclose(found[name], expected[name], rtol=0.1)


def test_a_linear_response_has_the_shares_of_its_variance(opened):
    parameters = {**PARAMETERS, "tau_soil": {"normal": [38.3, 4.0]}}
    design = opened("sobol", n=4096, parameters=parameters, second_order=True)
    slopes = np.array([1.0, 0.5, -2.0, 0.1])
    deviations = np.array([10 / np.sqrt(12), 4.0, 3 / np.sqrt(12), 20 / np.sqrt(12)])
    shares = (slopes * deviations) ** 2 / ((slopes * deviations) ** 2).sum()
    found = design.analyze(table(design) @ slopes)
    np.testing.assert_allclose(found["S1"], shares, atol=0.005)
    np.testing.assert_allclose(found["ST"], shares, atol=0.005)
    np.testing.assert_allclose(found["S2"][np.triu_indices(4, 1)], 0, atol=0.01)


def test_ishigami(opened):
    """Analytic indices: Ishigami and Homma (1990), a = 7, b = 0.1."""
    unit = {name: {"uniform": [1.0, 2.0]} for name in NAMES[:3]}
    design = opened("sobol", n=8192, parameters=unit, second_order=True)
    rows = np.stack([v[0] - 1 for v in design.rows(0, design.size).values()], axis=1)
    found = design.analyze(ishigami(rows))
    np.testing.assert_allclose(found["S1"], [0.3139, 0.4424, 0.0], atol=0.01)
    np.testing.assert_allclose(found["ST"], [0.5576, 0.4424, 0.2437], atol=0.01)
    assert found["S2"][0, 2] == pytest.approx(0.2437, abs=0.02)


def test_a_failed_member_removes_its_unit(opened):
    design = opened("sobol", n=64, parameters=PARAMETERS, resamples=0)
    response = np.prod(table(design), axis=1)
    broken = response.copy()
    broken[[7, 11, 12, 300]] = [np.nan, np.nan, np.inf, np.nan]
    whole = np.delete(response.reshape(64, 6), [1, 2, 50], axis=0).reshape(-1)
    expected = salib_analyze.analyze(problem(), whole, calc_second_order=False)
    found = design.analyze(np.stack([broken, response]))
    np.testing.assert_allclose(found["S1"][0], expected["S1"], rtol=1e-9)
    np.testing.assert_allclose(found["ST"][0], expected["ST"], rtol=1e-9)
    assert found["effective"].tolist() == [[61] * 4, [64] * 4]


def test_nothing_left_and_nothing_varying_are_nan_not_zero(opened):
    design = opened("sobol", n=8, parameters=PARAMETERS)
    responses = np.stack([np.full(design.size, np.nan), np.full(design.size, 0.1)])
    found = design.analyze(responses)
    assert np.isnan(found["S1"]).all()
    assert np.isnan(found["ST_conf"]).all()
    assert found["effective"].tolist() == [[0] * 4, [8] * 4]


def test_samples_have_their_distributions(opened):
    parameters = {"tau_soil": {"normal": [38.3, 11.0], "lower": 20}, "q10": None}
    design = opened("sobol", n=1024, parameters=parameters)
    rows = design.rows(0, design.size)
    expected = stats.truncnorm((20 - 38.3) / 11, np.inf, 38.3, 11)
    assert stats.kstest(np.unique(rows["tau_soil"][0]), expected.cdf).statistic < 0.01


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("names", [{"tau_veg"}, {"tau_veg", "q10"}, set(NAMES)])
def test_rows_of_a_unit_share_what_does_not_differ(opened, second_order, names):
    design = opened("sobol", n=4, parameters=PARAMETERS, second_order=second_order)
    first, _ = design.levels(names, 0, design.rows_together)
    rows = np.stack([design.rows(0, design.rows_together)[name][0] for name in names])
    assert len(first) == np.unique(rows, axis=1).shape[1]


def test_the_bootstrap_has_a_seed(opened):
    first, again, other = (
        opened("sobol", n=16, parameters=PARAMETERS, context={"seed": seed}) for seed in (0, 0, 1)
    )
    response = np.random.default_rng(0).normal(size=first.size)
    widths = [d.analyze(response)["S1_conf"] for d in (first, again, other)]
    assert np.array_equal(widths[0], widths[1])
    assert not np.array_equal(widths[0], widths[2])


def test_scrambling_follows_the_seed(opened):
    drawn = [
        opened("sobol", n=8, parameters=PARAMETERS, context={"seed": s}).rows(0, 8)["q10"]
        for s in (0, 1)
    ]
    assert not np.array_equal(*drawn)


def test_a_number_of_samples_that_is_no_power_of_two_is_told(opened):
    (text,) = opened("sobol", n=100, parameters=PARAMETERS).attributes["warnings"]
    assert (
        text == "n: 100 is not a power of two, so the sequence is not balanced; 64 or 128 would be"
    )


def test_problems(refused):
    normal = {"tau_soil": {"normal": [38.3, 1.0]}, "q10": None}
    (found,) = refused("sobol", n=8, parameters=normal, scramble=False)
    assert "say scramble: true, or lower: and upper:" in found
    groups = {"a": ["q10", "tau"], "b": ["q10"]}
    found = refused("sobol", n=8, parameters=["q10", "tau_soil"], groups=groups)
    assert found == [
        "design.groups.a: 'tau' is not varied by this design; available: q10, tau_soil",
        "design.groups.b: 'q10' is also in group 'a'; keep it in one",
    ]
    (found,) = refused("sobol", n=8, parameters=["q10"], groups={"a": ["q10"]})
    assert "found one group with every parameter" in found
    (found,) = refused("sobol", n=8, parameters=["q10", "t_ref"], groups={"q10": ["t_ref"]})
    assert "rename the group" in found


def test_scrambled_streams_differ_by_path(opened):
    contexts = ({"path": "design"}, {"path": "design.cross[0]"})
    streams = [
        opened("sobol", n=8, parameters=["q10"], context=c).sequence.stream for c in contexts
    ]
    assert not np.array_equal(*streams)
