"""Costs and metrics against the check values of Wang et al. (2021) and numbers by hand."""

import numpy as np
import pytest

from ensemble.members.responses.layers import aic, bic, cost, joint_cost, overlap, regression, rmse

C_OBS, C_MOD = [30.0, 20.0, 12.0, 8.0, 5.0], [27.0, 21.0, 13.0, 7.5, 6.0]
FM_OBS, FM_MOD = [1.10, 1.02, 0.95, 0.88, 0.70], [1.15, 1.05, 0.93, 0.80, 0.75]
J1, J2 = 6.335069444, 1.674088453


def test_costs_of_the_check_profile():
    assert cost(C_OBS, C_MOD) == pytest.approx(J1, rel=1e-9)
    assert cost(FM_OBS, FM_MOD) == pytest.approx(J2, rel=1e-9)


def test_lambda_once_and_as_printed():
    j1, j2 = cost(C_OBS, C_MOD), cost(FM_OBS, FM_MOD)
    assert joint_cost(j1, j2) == pytest.approx(14.70551171, rel=1e-9)
    assert joint_cost(j1, j2, twice=True) == pytest.approx(48.18728077, rel=1e-9)
    assert joint_cost(j1, j2, weight=1.0) == pytest.approx(J1 + J2, rel=1e-9)


def test_what_is_not_observed_has_no_term():
    assert cost([30.0, np.nan, 12.0], [27.0, 5.0, 13.0]) == pytest.approx(1 + (1 / 1.2) ** 2)
    # Twice the error, a quarter of the cost.
    assert cost(C_OBS, C_MOD, relative_error=0.2) == pytest.approx(J1 / 4, rel=1e-9)


def test_rmse_of_the_check_profile():
    assert rmse([C_OBS], [C_MOD]) == pytest.approx(1.565247584, rel=1e-9)


def test_rmse_is_over_layers_first_and_then_over_sites():
    seen = [[1.0, 1.0, 1.0, np.nan], [5.0], [np.nan]]
    found = [[2.0, 2.0, 2.0, 9.0], [8.0], [7.0]]
    assert rmse(seen, found) == pytest.approx(np.sqrt((1 + 9) / 2))
    with pytest.raises(ValueError, match="nothing is observed"):
        rmse([[np.nan]], [[1.0]])


@pytest.mark.parametrize(
    ("error", "sites", "layers", "published"),
    [
        (18.2, 32, 160, 942.5), (12.9, 16, 80, 423.2), (13.9, 39, 195, 1040.4),
        (4.9, 4, 20, 77.6), (18.3, 32, 160, 944.2), (13.3, 17, 85, 453.9),
        (11.1, 38, 190, 928.6), (10.5, 5, 20, 108.1),
    ],
)  # fmt: skip
def test_table_4_has_n_of_layers(error, sites, layers, published):
    # With the RMSE of Table 3; the paper prints no decimals. N of sites would be far off.
    assert aic(error, layers, 7) == pytest.approx(published, abs=0.06)
    assert abs(aic(error, sites, 7) - published) > 50


def test_bic_punishes_by_the_number_of_layers():
    assert bic(18.2, 160, 7) - aic(18.2, 160, 7) == pytest.approx(7 * np.log(160) - 14)


def test_regression_finds_its_line_and_its_spread():
    x = np.array([1.0, 2.0, 4.0, np.nan, 7.0])
    line = regression(x, 10.3 + 0.5 * x)
    assert (line.intercept, line.slope) == pytest.approx((10.3, 0.5))
    assert (line.r2, line.count) == (pytest.approx(1.0), 4)
    rng = np.random.default_rng(1)
    seen, found = rng.normal(size=(2, 50))
    line = regression(seen, found)
    assert (line.slope, line.intercept) == pytest.approx(np.polyfit(seen, found, 1))
    assert line.r2 == pytest.approx(np.corrcoef(seen, found)[0, 1] ** 2)
    with pytest.raises(ValueError, match="1 observed values"):
        regression([2.0, 2.0], [1.0, 3.0])


BOUNDS = np.array([[0.0, 5.0], [5.0, 10.0], [10.0, 30.0]])


@pytest.mark.parametrize(
    ("top", "bottom", "weights"),
    [
        (0, 10, [0.5, 0.5, 0]), (0, 30, [1 / 6, 1 / 6, 2 / 3]), (6, 7, [0, 1, 0]),
        (2, 14, [0.25, 5 / 12, 1 / 3]), (20, 40, [0, 0, 1]), (19.9, 40.1, [0, 0, 1]),
        (20.1, 40, [0, 0, 0]), (-4, 4, [1, 0, 0]), (-5, 4, [0, 0, 0]), (30, 50, [0, 0, 0]),
        (np.nan, np.nan, [0, 0, 0]),
    ],
)  # fmt: skip
def test_overlap_by_hand(top, bottom, weights):
    found = overlap(BOUNDS, np.array([float(top)]), np.array([float(bottom)]))
    np.testing.assert_allclose(found, [weights], atol=1e-12)


def test_overlap_reproduces_a_linear_profile_in_whole_layers():
    edges = np.concatenate([[0.0], np.cumsum([2, 3, 5, 10, 10, 20, 25, 25])])
    bounds = np.column_stack([edges[:-1], edges[1:]])
    top, bottom = np.array([[0.0, 10.0, 30.0]]), np.array([[10.0, 30.0, 100.0]])
    weights = overlap(bounds, top, bottom)
    assert weights.shape == (1, 3, 8)
    np.testing.assert_allclose(weights @ bounds.mean(axis=1), [[5.0, 20.0, 65.0]])


def test_the_share_that_must_be_inside_can_be_chosen():
    top, bottom = np.array([20.0]), np.array([60.0])
    assert not overlap(BOUNDS, top, bottom).any()
    np.testing.assert_allclose(overlap(BOUNDS, top, bottom, least=0.25), [[0, 0, 1]])
