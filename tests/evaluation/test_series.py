"""Benchmark `series`: annual totals, their trend, and the interannual table of real models."""

import csv

import numpy as np
import pytest
from evaluation_tasks import output, points, scores, task
from support import DATA, needs_data

from ensemble.members.benchmarks import series
from scenarios import ScenarioError
from scenarios.forcing import Locations
from scenarios.observations import YearSeries

YEARS = np.arange(2001, 2007)
OBSERVED = np.array([1.0, 1.2, 1.1, 1.5, 1.4, 1.6])
LAND = points([0, 0], [0, 10], area=[2e12, 1e12])
RATES = np.array([[400.0, 450, 380, 500, 520, 560], [300, 280, 310, 290, 320, 330]])


def observed(years=YEARS, values=OBSERVED, **more):
    names = more.pop("names", ("product",))
    table = np.reshape(values, (len(names), -1))
    return YearSeries(units="Pg C yr-1", names=names, years=np.array(years), values=table, **more)


def spec(**words):
    return series.Spec(compare="series", output="rh", same_as="x", **words)


def test_scores_are_of_the_totals_of_years():
    about = task("product", output("g C m-2 yr-1", years=YEARS), LAND, observed(interval=0.3))
    asked = spec(scores=list(series.Spec.SCORES))
    prepared, found = scores(series, asked, about, RATES[:, :, None])
    totals = (2 * RATES[0] + RATES[1]) / 1000
    apart = totals - OBSERVED
    assert found["bias"][0, 0] == pytest.approx(apart.mean())
    assert found["rmse"][0, 0] == pytest.approx(np.sqrt((apart**2).mean()))
    assert found["mae"][0, 0] == pytest.approx(np.abs(apart).mean())
    assert found["r"][0, 0] == pytest.approx(np.corrcoef(totals, OBSERVED)[0, 1])
    assert found["sd_ratio"][0, 0] == pytest.approx(totals.std() / OBSERVED.std())
    slopes = [np.polyfit(YEARS - 2000, values, 1)[0] for values in (totals, OBSERVED)]
    assert found["trend"][0, 0] == pytest.approx(slopes[0] - slopes[1])
    assert found["within"][0, 0] == np.mean(np.abs(apart) <= 0.3)
    assert found.keys() == series.Spec.SCORES.keys()
    assert series.Spec.SCORES["trend"].units(prepared.units) == "Pg C yr-2"
    table = series.control(asked, prepared, {"pairs": RATES.reshape(-1)})["years"]
    assert table.columns["modelled"] == pytest.approx(totals)


def test_days_are_added_up_to_years_of_365():
    about = task("product", output(years=(2001, 2002, 2003), daily=True), LAND, observed())
    _, found = scores(series, spec(), about, np.ones((2, 3 * 365, 1)))
    assert found["bias"][0, 0] == pytest.approx(365 * 3e-3 - OBSERVED[:3].mean())


def test_only_years_that_both_have_are_compared_and_that_is_said():
    about = task("product", output("g C m-2 yr-1", years=range(2003, 2012)), LAND, observed())
    prepared, _ = scores(series, spec(), about, np.ones((2, 9, 1)))
    assert prepared.about["years"] == [2003, 2006]
    assert prepared.notes == ("product has 4 of the 9 years that are compared",)
    period = task("product", about.outputs["rh"], LAND, observed(), period=(2003, 2006))
    assert not scores(series, spec(), period, np.ones((2, 9, 1)))[0].notes


def test_a_member_without_a_value_has_no_score_and_costs_no_other():
    about = task("product", output("g C m-2 yr-1", years=YEARS), LAND, observed())
    values = np.repeat(RATES[:, :, None], 2, axis=2)
    values[1, 3, 0] = np.nan
    _, found = scores(series, spec(), about, values)
    _, alone = scores(series, spec(), about, values[..., 1:])
    for name, value in found.items():
        assert np.isnan(value[0, 0])
        assert value[0, 1] == alone[name][0, 0]


def test_what_cannot_be_compared_is_refused():
    annual = output("g C m-2 yr-1", years=YEARS)
    gap = observed(years=[2001, 2002, 2004, 2005], values=OBSERVED[:4])
    whole = output("Pg C yr-1", years=YEARS)
    for about, words, says in (
        (task("p", output("g C m-2 yr-1"), LAND, observed()), {}, "a steady state has no years"),
        (
            task("p", annual, LAND, gap),
            {},
            "1 years are missing between 2001 and 2005, such as 2003",
        ),
        (task("p", annual, LAND, observed(), period=(2001, 2002)), {}, "have 2 in common"),
        (task("p", annual, LAND, observed()), {"scores": ["within"]}, "needs an interval"),
        (task("p", annual, LAND, observed(names=("a", "b"), values=[*OBSERVED] * 2)), {}, "a or b"),
        (task("p", annual, Locations(("a",)), observed()), {}, "no column 'area'"),
        (task("p", output("kg m-2", years=YEARS), LAND, observed()), {}, "cannot become"),
        (task("p", whole, LAND, observed()), {}, "is no rate of an area"),
    ):
        with pytest.raises(ScenarioError, match=says):
            series.prepare(spec(**words), about)
    found = series.prepare(spec(gaps="allow"), task("p", annual, LAND, gap))
    assert found.pairs["pairs"].groups == 4


def column(model):
    with (DATA / "trendy_v9_s2" / "annual_global.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == model]
    return np.array([int(r["year"]) for r in rows]), np.array([float(r["Rh"]) for r in rows])


# Specification, table 7.2: n, bias, RMSE, E', R, ratio, slope of the model, R without the slopes.
INTERANNUAL = {
    ("hashimoto2015_rh.txt", "JULES-ES-1p0"): (
        *(23, 4.668658, 4.759924, 0.927636, 0.783807, 2.309988, 0.159869, 0.453584),
    ),
    ("hashimoto2015_rh.txt", "VISIT"): (
        *(23, -8.686832, 8.701828, 0.510648, 0.798513, 1.476979, 0.117828, 0.423854),
    ),
    ("tang2020_rh.txt", "JULES-ES-1p0"): (
        *(37, -1.380023, 2.017034, 1.471041, 0.686166, 3.049521, 0.157211, 0.274469),
    ),
    ("tang2020_rh.txt", "VISIT"): (
        *(37, -14.615562, 14.637923, 0.808776, 0.761623, 1.956774, 0.105623, 0.670783),
    ),
}


@needs_data
@pytest.mark.parametrize(("product", "model"), INTERANNUAL)
def test_models_of_trendy_follow_the_years(product, model):
    years, values = column(model)
    path = DATA / "benchmarks" / product
    known, told = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
    one = task(
        "product",
        output("Pg C yr-1", years=years),
        Locations(),
        observed(years=known.astype(int), values=told),
    )
    asked = spec(scores=list(series.Spec.SCORES)[:-1])
    prepared, found = scores(series, asked, one, values[None, :, None])
    slope = np.polyfit(known - 2000, told, 1)[0]
    names = ("bias", "rmse", "crmse", "r", "sd_ratio", "trend", "r_detrended")
    n, *expected = INTERANNUAL[product, model]
    expected[5] -= slope
    assert prepared.pairs["pairs"].groups == n
    assert [found[name][0, 0] for name in names] == pytest.approx(expected, rel=2e-5)
