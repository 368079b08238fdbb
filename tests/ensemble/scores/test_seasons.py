"""Seasonal cycles against R, and the line to beat against the two regions that it reaches."""

import numpy as np
import pytest

from ensemble.scores import seasons

DAYS = np.array([20.0, 80, 140, 200, 260, 320])
CYCLE = np.array([0.4, 0.9, 2.0, 2.4, 1.7, 0.6])
OBSERVED = np.array([1.0, 2, 4, 3, 5])
MODELLED = np.array([1.5, 1.5, 5, 4, 4.5])


def test_means_of_days_have_intervals_where_there_are_two_records():
    values = np.array([[1.0], [2.0], [4.0], [7.0]])
    found = seasons.means(values, np.array([0, 0, 0, 2]), 3)
    assert list(found.n) == [3, 0, 1]
    assert found.mean[:, 0] == pytest.approx([7 / 3, np.nan, 7], nan_ok=True)
    # R 4.2.2: t.test(c(1, 2, 4))$conf.int.
    half = (6.12791636693009 + 1.46124970026343) / 2
    assert found.half_width[:, 0] == pytest.approx([half, np.nan, np.nan], nan_ok=True, rel=1e-10)


def test_modelled_on_observed_is_that_of_r():
    found = seasons.fit(np.append(OBSERVED, np.nan), np.append(MODELLED, 0.0)[:, None])
    # R 4.2.2: summary(lm(m ~ o)).
    assert found.n == 5
    assert (found.slope[0], found.intercept[0]) == pytest.approx((0.95, 0.45), rel=1e-10)
    assert found.r2[0] == pytest.approx(0.798672566371681, rel=1e-10)
    assert found.p[0] == pytest.approx(0.0409427377472854, rel=1e-10)
    assert found.residual_sd[0] == pytest.approx(0.870823365174209, rel=1e-10)
    assert found.rmse[0] == pytest.approx(np.sqrt(np.mean((MODELLED - OBSERVED) ** 2)), rel=1e-12)


def test_what_has_no_line_has_an_rmse_at_most():
    flat = seasons.fit(OBSERVED, np.stack([MODELLED, np.full(5, 0.1)], axis=1))
    assert np.isfinite(flat.r2[0])
    assert np.isnan([flat.r2[1], flat.p[1]]).all()
    assert flat.rmse[1] > 0
    few = seasons.fit(OBSERVED[:2], MODELLED[:2, None])
    assert np.isnan(few.r2[0])
    assert few.rmse[0] == pytest.approx(0.5)
    assert np.isnan(seasons.fit(np.full(3, np.nan), np.ones((3, 1))).rmse[0])


def test_the_phase_is_the_day_of_the_maximum_modulo_the_year():
    later = 1 + np.cos(2 * np.pi * (DAYS - 350) / 365)
    found = seasons.phase(DAYS, np.stack([CYCLE, later, np.ones(6)], axis=1))
    # R 4.2.2: lm(v ~ cos(a) + sin(a)).
    assert found[:2] == pytest.approx([190.358212010704, 350], rel=1e-10)
    assert np.isnan(found[2])
    assert seasons.phase_shift(np.array([10.0, 190.0]), np.array([350.0, 180.0])) == pytest.approx(
        [25, 10]
    )


def test_the_line_to_beat_has_the_annual_mean_of_its_months_and_joins_at_new_year():
    warm = np.array([[-5, -4, 0, 6, 12, 16, 18, 17, 12, 7, 1, -3.0]])
    q = 2 ** ((warm[0] - 10) / 10)
    first = seasons.sensitivity(np.repeat(warm, 2, axis=0), np.array([45, 288]))
    assert first[0] == pytest.approx(q[1] / q.mean(), rel=1e-12)
    every = seasons.sensitivity(np.repeat(warm, 365, axis=0), np.arange(1, 366))
    # From the middle of December, day 349.5, to that of January, 15.5 days into the next year.
    between = q[11] + (q[0] - q[11]) * (365 - 349.5) / 31
    assert every[364] == pytest.approx(between / q.mean(), rel=1e-12)
    assert seasons.sensitivity(warm, np.array([366]))[0] == every[364]


def test_months_are_those_of_a_year_of_365_days():
    assert list(seasons.month_of(np.array([1, 31, 32, 59, 60, 365, 366]))) == [
        0,
        0,
        1,
        1,
        2,
        11,
        11,
    ]
