"""Benchmark `total`: rates times land over all locations, against a number or a series."""

import numpy as np
import pytest

from ensemble.members.benchmarks import Asked, Moments, Pairs, Prepared, Task, total
from ensemble.members.evaluation.sums import of_outputs
from ensemble.members.in_time import Steps
from kernels import Variable
from scenarios import ScenarioError
from scenarios.benchmarks import BENCHMARKS
from scenarios.forcing import Locations
from scenarios.observations import YearSeries

RATE = Variable("rh", "g C m-2 yr-1", "respiration")
PLACES = Locations(("a", "b"), {"area": np.array([2e12, 1e12])})


def task(
    variable=RATE, years=(2000, 2001, 2002), days=(), period=None, observed=None, places=PLACES
):
    """Return what a benchmark of one output is prepared for."""
    steps = Steps(np.array(years), np.array(days, dtype=np.int64)) if years else None
    return Task("hashimoto", {"rh": Asked(variable, steps)}, places, observed, period)


def spec(**words):
    """Return the words of a total."""
    return total.Spec(compare="total", output="rh", **words)


def scores(words, about, values):
    """Return the scores of values (l, t, s)."""
    prepared = total.prepare(words, about)
    return total.score(words, prepared, of_outputs(prepared, {"rh": np.asarray(values)}))


def test_the_total_is_rate_times_land_and_the_mean_over_years():
    values = [[[400.0], [500.0], [600.0]], [[100.0], [100.0], [400.0]]]
    found = scores(spec(value="1.1 Pg C yr-1"), task(period=(2000, 2001)), values)
    assert found["total"][0, 0] == pytest.approx(0.45 * 2 + 0.1)
    assert found["bias"][0, 0] == pytest.approx(-0.1)


def test_a_series_is_compared_over_common_years():
    series = YearSeries(
        units="Pg C yr-1",
        names=("Hashimoto",),
        years=np.array([2001, 2002, 2003]),
        values=np.array([[1.0, 2.0, 30.0]]),
        interval=0.5,
    )
    values = [[[0.0], [500.0], [600.0]], [[0.0], [100.0], [400.0]]]
    words = spec(observed=None, same_as="x", scores=["bias", "within"])
    found = scores(words, task(observed=series), values)
    assert found["bias"][0, 0] == pytest.approx((1.1 + 1.6) / 2 - 1.5)
    assert found["within"].tolist() == [[1.0]]
    prepared = total.prepare(words, task(observed=series))
    assert prepared.about["years"] == [2001, 2002]


def test_days_are_those_of_the_run():
    daily = Variable("rh", "g C m-2 d-1", "respiration", ("time",))
    days = np.arange(1, 366)
    about = task(daily, years=[2000] * 365, days=days)
    found = scores(spec(value="1 Pg C yr-1"), about, np.ones((2, 365, 1)))
    assert found["total"][0, 0] == pytest.approx(365 * 3e12 * 1e-15, rel=1e-14)


def test_a_member_without_a_value_has_no_score():
    values = np.ones((2, 3, 2))
    values[1, 1, 0] = np.nan
    found = scores(spec(value="1 Pg C yr-1", interval="1 Pg C yr-1"), task(), values)
    assert np.isnan(found["total"]).tolist() == [[True, False]]
    assert np.isnan(found["within"]).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("words", "about", "says"),
    [
        ({"value": "1 Pg C yr-1"}, task(places=Locations(("a",))), "no column 'area'"),
        (
            {"value": "1 Pg C yr-1"},
            task(places=Locations(("a", "b"), {"area": np.array([1e12, 0.0])})),
            "location 'b' has no area of land",
        ),
        ({"value": "1 Pg C"}, task(), "cannot become 'Pg C'"),
        ({"value": "1 Pg C yr-1", "scores": ["within"]}, task(), "within needs an interval"),
        ({"value": "1 Pg C yr-1", "interval": "1 m"}, task(), "cannot become"),
    ],
)
def test_what_cannot_be_compared_is_refused(words, about, says):
    with pytest.raises(ScenarioError, match=says) as error:
        total.prepare(spec(**words), about)
    assert error.value.problems[0].where.startswith("evaluation.benchmarks.hashimoto")


def test_groups_put_together_are_the_sums_of_all_pairs():
    """Against a pass over all values; cross is moved to the mean of the whole."""
    rng = np.random.default_rng(1)
    observed, weight, values = (
        rng.normal(5.0, 2.0, 7),
        rng.uniform(1, 3, 7),
        rng.normal(5, 3, (7, 1, 4)),
    )
    moments = Moments.means([[0]])
    zero = np.zeros(7, np.int64)
    group = np.array([0, 0, 1, 1, 1, 3, 3])
    pairs = Pairs("rh", np.arange(7), zero, group, weight, observed, moments, 4)
    sums = of_outputs(Prepared({"p": pairs}, "1"), {"rh": values})["p"].together(
        [range(4), [2], [1]]
    )
    e = values[:, 0] - observed[:, None]
    mean = np.average(observed, weights=weight)
    assert sums.seen.count[0] == pytest.approx(weight.sum())
    assert sums.seen.mean[0] == pytest.approx(mean)
    assert sums.seen.variance[0] == pytest.approx(
        np.average((observed - mean) ** 2, weights=weight)
    )
    assert sums.of["first"][0] == pytest.approx(weight @ e)
    assert sums.of["second"][0] == pytest.approx(weight @ e**2)
    assert sums.of["cross"][0] == pytest.approx((weight * (observed - mean)) @ e)
    assert sums.count.tolist() == [7, 0, 3]
    with np.errstate(invalid="ignore"):
        assert np.isnan(sums.of_metric.bias[1]).all()
        variance = sums.of_metric.modelled_variance[0]
    modelled = np.average((values[:, 0] - np.average(values[:, 0], 0, weight)) ** 2, 0, weight)
    assert variance == pytest.approx(modelled)


def test_it_is_found_by_its_name():
    assert BENCHMARKS.get("total") is total
