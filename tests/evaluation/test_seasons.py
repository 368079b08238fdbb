"""Benchmark `seasons`: cycles of regions, and the line that a soil model has to beat."""

import numpy as np
import pytest
from evaluation_tasks import DAYS, halves, output, points, records, scores, task

from ensemble.members.benchmarks import seasons
from ensemble.scores import seasons as cycles
from scenarios import ScenarioError

SITES = points([40, 50, -30], [-100, 20, 20])
CLASSES = {"koeppen": halves("temperate", "boreal")}


def spec(**words):
    return seasons.Spec(compare="seasons", output="rh", same_as="x", **words)


def wave(peak, mean=2.0, size=1.0):
    return mean + size * np.cos(2 * np.pi * (DAYS - peak) / 365)


def every_day(lat, lon, values, days=DAYS):
    return records(values, [lat] * len(days), [lon] * len(days), [1990] * len(days), days)


def test_means_of_days_are_compared_by_region():
    seen = every_day(40, -100, wave(190))
    values = np.stack([wave(200), wave(10), wave(20)])[:, :, None]
    about = task("s", output(years=(2000,), daily=True), SITES, seen, classes=CLASSES)
    prepared, found = scores(
        seasons, spec(window=0, scores=list(seasons.Spec.SCORES)[:7]), about, values
    )
    assert prepared.groups == ("global", "temperate")
    assert found["phase"][1, 0] == pytest.approx(10, abs=0.01)
    assert found["rmse"][1, 0] == pytest.approx(np.sqrt(((wave(200) - wave(190)) ** 2).mean()))
    r = np.corrcoef(wave(200), wave(190))[0, 1]
    assert found["r2"][1, 0] == pytest.approx(r**2)
    assert found["bias"][1, 0] == pytest.approx(0, abs=1e-12)
    months = [[wave(p)[cycles.month_of(DAYS) == m].mean() for m in range(12)] for p in (200, 190)]
    assert found["rmse_months"][1, 0] == pytest.approx(np.sqrt(np.mean(np.subtract(*months) ** 2)))
    for value in found.values():
        assert value[0, 0] == pytest.approx(value[1, 0])


def test_records_of_one_day_are_a_mean_and_the_other_hemisphere_is_left_out():
    days = np.array([10, 10, 100, 200])
    seen = records([1, 3, 4, 9], [40, 50, 50, -30], [-100, 20, 20, 20], [1990] * 4, days)
    values = np.ones((3, 365, 1)) * np.array([5.0, 7, 9])[:, None, None]
    about = task("s", output(years=(2000,), daily=True), SITES, seen, classes=CLASSES)
    prepared, _ = scores(seasons, spec(), about, values)
    assert prepared.left_out == {"of the other hemisphere": 1}
    modelled = {"pairs": np.array([5.0, 7, 7])}
    table = seasons.control(spec(), prepared, modelled)["seasons"].columns
    assert table["season_region"].tolist() == ["temperate", "boreal", "boreal"]
    assert table["season_day"].tolist() == [10, 10, 100]
    assert table["season_n"].tolist() == [1, 1, 1]
    assert np.isnan(table["season_observed_interval"]).all()
    both = scores(seasons, spec(hemisphere="both"), about, values)[0]
    assert both.pairs["pairs"].groups == 4
    south = scores(seasons, spec(hemisphere="south"), about, values)[0]
    assert south.pairs["pairs"].observed.tolist() == [9]


def test_a_member_without_a_value_has_no_score_and_costs_no_other():
    seen = every_day(40, -100, wave(190), DAYS)
    values = np.repeat(np.stack([wave(200), wave(10), wave(20)])[:, :, None], 2, axis=2)
    values[0, 30, 0] = np.nan
    about = task("s", output(years=(2000,), daily=True), SITES, seen, classes=CLASSES)
    _, found = scores(seasons, spec(), about, values)
    for value in found.values():
        assert np.isnan(value[:, 0]).all()
        assert np.isfinite(value[:, 1]).all()


def test_what_cannot_be_compared_is_refused():
    daily = output(years=(2000,), daily=True)
    seen = every_day(40, -100, wave(190))
    annual = records([1], [40], [-100], [1990], [np.nan], span="year")
    for about, words, says in (
        (task("s", daily, SITES, seen), {}, "no map of classes 'koeppen'"),
        (task("s", daily, SITES, annual, classes=CLASSES), {}, "of whole years have no seasons"),
        (
            task("s", daily, SITES, seen, classes=CLASSES),
            {"scores": ["r2_q10"]},
            "needs temperature",
        ),
        (
            task("s", daily, SITES, seen, classes=CLASSES),
            {"hemisphere": "south"},
            "of the south is left",
        ),
    ):
        with pytest.raises(ScenarioError, match=says):
            seasons.prepare(spec(**words), about)
