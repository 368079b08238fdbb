"""Trends against R, and against the two series whose trend their authors print."""

import numpy as np
import pytest
from support import DATA, needs_data

from ensemble.scores import respiration, trends

YEARS = np.arange(2001.0, 2007.0)
VALUES = np.array([1.2, 1.9, 3.4, 3.1, 5.5, 5.9])


def test_a_line_is_that_of_r():
    # R 4.2.2: summary(lm(y ~ x)), confint.
    found = trends.trend(YEARS, VALUES)
    assert found.slope == pytest.approx(0.971428571428677, rel=1e-10)
    assert found.error == pytest.approx(0.134467961437148, rel=1e-10)
    assert found.slope + found.half_width == pytest.approx(1.34477148476677, rel=1e-10)
    assert (found.r2, found.p) == pytest.approx((0.928812469869848, 0.00194736459612704), rel=1e-8)
    with pytest.raises(ValueError, match="2 years; needed three"):
        trends.trend(YEARS[:2], VALUES[:2])


def test_gaps_are_named():
    assert trends.gaps(np.array([2003.0, 2001.0, 2006.0])) == [2002, 2004, 2005]
    assert not trends.gaps(YEARS)


def test_slopes_of_members_are_those_of_each_alone():
    members = np.stack([VALUES, VALUES[::-1], 0 * VALUES + 3], axis=1)
    found = trends.slopes(YEARS, members)
    assert found[:2] == pytest.approx([trends.trend(YEARS, v).slope for v in members.T[:2]])
    assert found[2] == 0


def test_two_trends_correlate_by_themselves():
    wiggles = np.array([0.1, -0.2, 0.1, 0.15, -0.3, 0.15])
    others = np.array([0.2, 0.1, -0.3, -0.3, 0.1, 0.2])
    model, observed = (YEARS - 2000 + wiggles)[:, None], 2 * (YEARS - 2000) + others
    assert np.corrcoef(model[:, 0], observed)[0, 1] > 0.98
    found = trends.correlation_of_residuals(YEARS, model, observed)
    lines = [
        np.polyval(np.polyfit(YEARS - 2003, v, 1), YEARS - 2003) for v in (model[:, 0], observed)
    ]
    apart = np.corrcoef(model[:, 0] - lines[0], observed - lines[1])[0, 1]
    assert found[0] == pytest.approx(apart, rel=1e-9)
    assert found[0] < 0
    assert np.isnan(trends.correlation_of_residuals(YEARS, YEARS[:, None], observed)[0])


def test_rh_from_rs():
    # Specification 1.3.
    assert respiration.heterotrophic(np.array([0.0, 800.0])) == pytest.approx(
        [0, 445.7537], rel=1e-6
    )
    assert respiration.interval(4, 51, 91) == pytest.approx(2.241758, rel=1e-6)
    assert respiration.interval(4.7, 49.8, 87.9) == pytest.approx(2.662799, rel=1e-6)


def series(name):
    return np.loadtxt(DATA / "benchmarks" / name, delimiter=",", skiprows=1, unpack=True)


# Specification, table T1c, by R: mean, sd, slope, s.e., half width, R2; Theil-Sen and interval.
HASHIMOTO = (51.511609, 0.575645, 0.06342204, 0.01230813, 0.02559615, 0.558378)
TANG = (57.210954, 0.603100, 0.03659130, 0.00710223, 0.01441830, 0.431301)
SEN_OF_HASHIMOTO, SEN_OF_TANG = (0.0622125, 0.038200, 0.0916636), (0.0361613, 0.0223412, 0.0512833)


@needs_data
@pytest.mark.parametrize(
    ("name", "n", "line", "sen", "of_1990_to_2010"),
    [
        ("hashimoto2015_rh.txt", 23, HASHIMOTO, SEN_OF_HASHIMOTO, 51.465629),
        ("tang2020_rh.txt", 37, TANG, SEN_OF_TANG, 57.177876),
    ],
)
def test_series_of_products_have_their_published_trends(name, n, line, sen, of_1990_to_2010):
    years, values = series(name)
    found = trends.trend(years, values)
    told = (found.mean, found.sd, found.slope, found.error, found.half_width, found.r2)
    assert found.n == n
    assert told == pytest.approx(line, rel=2e-6)
    assert (found.theil_sen, found.low, found.high) == pytest.approx(sen, rel=2e-6)
    some = (years >= 1990) & (years <= 2010)
    assert values[some].mean() == pytest.approx(of_1990_to_2010, rel=1e-7)
