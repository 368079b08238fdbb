"""Weighted scores against vectors by hand and in R (evaluation.md 7.4), and as identities."""

import numpy as np
import pytest

from ensemble.scores import skill
from ensemble.scores.bands import BANDS, band_of, means
from ensemble.scores.quantiles import weighted_quantiles
from ensemble.scores.skill import SCORES, compared
from scenarios.metrics import Sums

OBSERVED = np.array([1.0, 2.0, 4.0, 3.0, 5.0])
MODELLED = np.array([1.5, 1.5, 5.0, 4.0, 4.5])
WEIGHTS = np.array([1.0, 2.0, 1.0, 3.0, 1.0])

BY_HAND = {
    "bias": 0.375,
    "rmse": 0.7905694150,
    "crmse": 0.6959705454,
    "r": 0.8665069303,
    "r2": 0.8665069303**2,
    "sd_ratio": 1.3919410907 / 1.1659223816,
    "kge": 0.7309033580,
    "kge_2012": 0.8051127949,
    "nse": 0.5402298851,
    "taylor": 0.9045563561,
}
"""evaluation.md 7.4; R's cov.wt with method ML gives the moments."""


def random_pairs(seed=1, n=200, s=3):
    draw = np.random.default_rng(seed)
    observed = draw.gamma(2.0, 200.0, n)
    modelled = observed[:, None] * draw.lognormal(0.1, 0.5, (n, s))
    return modelled, observed, draw.uniform(0.0, 3.0, n)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_is_the_one_by_hand(name):
    found = SCORES[name](compared(MODELLED, OBSERVED, WEIGHTS).sums)
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(BY_HAND[name], abs=1e-10)


def test_what_else_is_known_by_hand():
    found = compared(MODELLED, OBSERVED, WEIGHTS)
    assert (found.n, found.mae[0, 0]) == (5, 0.75)
    parts = [part[0, 0] for part in skill.parts(found.sums)]
    assert parts == pytest.approx([0.140625, 0.0510844569, 0.4332905431], abs=1e-10)
    assert sum(parts) == pytest.approx(0.625, abs=1e-14)


def test_every_score_is_that_of_its_own_moments():
    # A second way: numpy's weighted covariance, which knows nothing of differences.
    modelled, observed, weights = random_pairs()
    sums = compared(modelled, observed, weights).sums
    for k, one in enumerate(modelled.T):
        cov = np.cov(one, observed, aweights=weights, ddof=0)
        means_of = np.average([one, observed], axis=1, weights=weights)
        s_m, s_o, r = cov[0, 0] ** 0.5, cov[1, 1] ** 0.5, cov[0, 1] / (cov[0, 0] * cov[1, 1]) ** 0.5
        mse = np.average((one - observed) ** 2, weights=weights)
        expected = {
            "bias": means_of[0] - means_of[1],
            "rmse": mse**0.5,
            "crmse": (s_m**2 + s_o**2 - 2 * s_m * s_o * r) ** 0.5,
            "r": r,
            "r2": r**2,
            "sd_ratio": s_m / s_o,
            "kge": 1 - np.hypot(np.hypot(r - 1, s_m / s_o - 1), means_of[0] / means_of[1] - 1),
            "nse": 1 - mse / s_o**2,
            "taylor": 4 * (1 + r) / ((s_m / s_o + s_o / s_m) ** 2 * 2),
        }
        for name, value in expected.items():
            assert SCORES[name](sums)[0, k] == pytest.approx(value, rel=1e-12), name


def test_a_taylor_diagram_closes():
    # evaluation.md 6: E'^2 = s_m^2 + s_o^2 - 2 s_m s_o R to 1e-10, RMSE^2 = E'^2 + bias^2.
    sums = compared(*random_pairs(seed=2, s=50)).sums
    s_m, s_o = skill.sd_modelled(sums), np.sqrt(sums.observed_variance)
    law = s_m**2 + s_o**2 - 2 * s_m * s_o * sums.correlation
    np.testing.assert_allclose(skill.crmse(sums) ** 2, law, rtol=1e-10)
    np.testing.assert_allclose(sum(skill.parts(sums)), sums.mse, rtol=1e-12)


def test_sums_of_parts_added_up_are_the_sums_of_all():
    modelled, observed, weights = random_pairs(seed=3)
    whole = compared(modelled, observed, weights).sums
    first, second, cross = 0.0, 0.0, 0.0
    for some in np.array_split(np.arange(len(observed)), 7):
        e = modelled[some] - observed[some, None]
        first = first + weights[some] @ e
        second = second + weights[some] @ e**2
        cross = cross + (weights[some] * (observed[some] - whole.observed_mean[0, 0])) @ e
    again = Sums(whole.seen, *(x[None] for x in (first, second, cross)))
    for name, score in SCORES.items():
        np.testing.assert_allclose(score(again), score(whole), rtol=1e-11, err_msg=name)


def test_pairs_that_are_not_known_are_left_out_together():
    # Trap 27: a member that lacks a cell is not held against other cells than the rest.
    modelled, observed, weights = random_pairs()
    modelled[3, 0] = observed[4] = np.nan
    modelled[5, 1] = np.inf
    weights[6] = 0
    there = np.ones(len(observed), dtype=bool)
    there[3:7] = False
    found = compared(modelled, observed, weights)
    assert found.n == len(observed) - 4
    alone = compared(modelled[there], observed[there], weights[there])
    for name, score in SCORES.items():
        np.testing.assert_allclose(score(found.sums), score(alone.sums), rtol=1e-12, err_msg=name)


def test_a_model_that_does_not_vary_has_no_correlation():
    sums = compared(np.full(5, 7.0), OBSERVED, WEIGHTS).sums
    for name in ("r", "r2", "kge", "kge_2012", "taylor"):
        assert np.isnan(SCORES[name](sums)[0, 0]), name
    assert SCORES["sd_ratio"](sums)[0, 0] == 0
    assert sum(skill.parts(sums))[0, 0] == pytest.approx(sums.mse[0, 0], rel=1e-12)


def test_groups_without_a_score_say_why():
    def why(observed, name):
        found = compared(np.arange(len(observed)) + 0.5, np.array(observed), np.ones(len(observed)))
        return str(skill.unfit(found.sums.seen, np.array([found.n]), name)[0])

    assert "all observed values are the same" in why([2.0, 2.0, 2.0], "taylor")
    assert "2 values or more" in why([2.0], "r")
    assert "nothing is observed" in why([np.nan], "bias")
    # Trap 20: of net fluxes, whose mean is 0, KGE says nothing.
    assert "the observed mean is 0" in why([-1.0, 0.0, 1.0], "kge_2012")
    assert not why([1.0, 2.0], "kge")
    # Few pairs with large weights are few pairs all the same.
    heavy = compared(np.ones(1), np.ones(1), np.full(1, 1e12))
    assert "2 values or more" in skill.unfit(heavy.sums.seen, np.array([1]), "sd_ratio")[0]


def test_weighted_quantiles_by_hand():
    values, weights = np.array([10.0, 12.0, 20.0, 18.0]), np.array([1.0, 2.0, 1.0, 4.0])
    asked = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    found = weighted_quantiles(values, weights, asked)
    np.testing.assert_allclose(found, [10, 12, 16, 18.8, 20], rtol=1e-14)
    with_gaps = weighted_quantiles(
        np.append(values, [np.nan, 99]), np.append(weights, [1, 0]), asked
    )
    np.testing.assert_array_equal(with_gaps, found)
    assert np.isnan(weighted_quantiles(values, 0 * weights, asked)).all()


def test_a_band_by_hand():
    found = means(np.array([10.0, 12, 20, 18]), np.array([1.0, 2, 1, 4]), np.zeros(4, int), 3)
    assert found.mean[0] == 15.75
    assert found.half_width[0] == pytest.approx(6.3045210470, rel=1e-10)
    assert found.plain[0] == 15
    assert found.plain_half_width[0] == pytest.approx(7.5757375056, rel=1e-10)
    assert found.n.tolist() == [4, 0, 0]
    assert np.isnan([found.mean[1], found.half_width[1]]).all()
    single = means(np.array([3.0, 0.0]), np.ones(2), np.array([0, 1]), 2)
    assert single.mean.tolist() == [3, 0]
    assert np.isnan(single.half_width).all()


def test_centres_on_an_edge_are_of_the_band_above():
    lat = np.array([-90, -85, -0.0, 0.0, 89.9, 90.0, 54.9999999, 55.0000001, -5.0], dtype=float)
    assert band_of(lat).tolist() == [0, 1, 18, 18, 35, 35, 29, 29, 17]
    testbed = (-90 + np.arange(96) * 36 / 19).astype(np.float32)
    assert (np.diff(band_of(testbed)) >= 0).all()
    assert band_of(np.float32([testbed[95]]))[0] == BANDS - 1
