"""Benchmark `sites`: where and when records meet a run, their scores, studies of real records."""

import dataclasses

import netCDF4
import numpy as np
import pytest
import site_pairs
from evaluation_tasks import DAYS, cells, halves, output, points, records, scores, task
from support import needs_data

from ensemble.members.benchmarks import seasons, sites
from ensemble.members.evaluation.sums import of_outputs
from scenarios import ScenarioError

LAT, LON = np.array([-1.0, 1.0, 3.0]), np.arange(1.0, 360.0, 2.0)
THERE = np.zeros((3, 180), bool)
THERE[1, [0, 179]] = True
TWO = cells(LAT, LON, THERE)
"""Cells of two degrees, east and west of Greenwich at 0 to 2 N."""


def spec(**words):
    return sites.Spec(compare="sites", output="rh", same_as="x", **words)


def modelled(words, about, values):
    """Return what the run has of each record, in their order, and what was prepared."""
    prepared = sites.prepare(words, about)
    sums = of_outputs(prepared, {"rh": np.asarray(values, float)})
    by_line = np.argsort(prepared.arrays["record_line"])
    return sums["pairs"].modelled[by_line, 0], prepared


def test_a_record_is_of_the_cell_that_has_it_and_else_of_none():
    seen = records([1, 1, 1, 1], [1.9, 0.1, 1, 2.5], [1.9, -1.9, 359, 1], [2000] * 4, [9] * 4)
    found, prepared = modelled(spec(), task("s", output(), TWO, seen), [[[5]], [[7]]])
    # The last lies in a cell that is no location, next to one that is.
    assert found.tolist() == [5, 7, 7]
    assert prepared.left_out == {"no location of the run has it": 1}
    near, _ = modelled(spec(search_km=200), task("s", output(), TWO, seen), [[[5]], [[7]]])
    assert near.tolist() == [5, 7, 7, 5]


def test_a_record_is_of_a_point_nearby():
    seen = records([1, 1], [45.1, 46.0], [7.0, 7.0], [2000] * 2, [9] * 2)
    about = task("s", output(), points([45, 10], [7, 7]), seen)
    assert modelled(spec(), about, [[[5]], [[7]]])[0].tolist() == [5]
    with pytest.raises(ScenarioError, match="no location of the run has it: 1"):
        sites.prepare(
            spec(), task("s", output(), points([0], [0]), records([1], [9], [9], [1], [1]))
        )


def test_days_of_the_run_are_themselves_and_others_windows_over_the_years_compared():
    years = (2000, 2001)
    values = np.stack([np.tile(DAYS, 2) + np.repeat([0, 1000], 365), np.zeros(730)])[:, :, None]
    seen = records([1] * 4, [1] * 4, [1] * 4, [2001, 1990, 1990, 2005], [10, 2, 365, 366])
    about = task("s", output(years=years, daily=True), TWO, seen)
    found, prepared = modelled(spec(), about, values)
    # Specification 3.3: day 2 is 106.285714 and day 365 208.571429 of days by number.
    window = [106.285714 + 500, 208.571429 + 500, 208.571429 + 500]
    assert found == pytest.approx([1010, *window], rel=1e-8)
    notes = ("1 records: in the run", "3 records: window of days beyond the run")
    assert prepared.notes == notes
    of_2000 = task("s", about.outputs["rh"], TWO, seen, period=(2000, 2000))
    assert modelled(spec(), of_2000, values)[0] == pytest.approx([1010, *(v - 500 for v in window)])


def test_the_authors_code_has_other_windows():
    values = np.stack([np.tile(DAYS, 2) + np.repeat([0, 1000], 365), np.zeros(730)])[:, :, None]
    seen = records([1] * 4, [1] * 4, [1] * 4, [2000, 1990, 2001, 2005], [10, 2, 10, 2])
    about = task("s", output(years=(2000, 2001), daily=True), TWO, seen)
    found, prepared = modelled(spec(reading="authors_code"), about, values)
    # The last year counts as beyond, nothing wraps, and what is before the run is dropped.
    assert found == pytest.approx([10, 510, 503])
    assert prepared.left_out == {"before the run (authors_code)": 1}


def test_annual_output_is_one_mean_and_says_so_and_years_have_365_days():
    seen = records([1, 1], [1, 1], [1, 1], [2000, 1990], [10, 200])
    about = task("s", output("g C m-2 yr-1", years=(2000, 2001)), TWO, seen)
    found, prepared = modelled(spec(), about, [[[365.0], [730.0]], [[0], [0]]])
    # A year of the standard calendar is 365.2425 days; never 365.25, which a unit's own is.
    assert found == pytest.approx([547.5 / 365.2425] * 2, rel=1e-12)
    assert prepared.notes == ("2 records: annual mean used",)


@pytest.mark.parametrize(("noleap", "days"), [(True, 365), (False, 365.2425)])
def test_a_rate_of_a_steady_state_is_of_the_year_of_its_calendar(noleap, days):
    steady = dataclasses.replace(output("g C m-2 yr-1"), noleap=noleap)
    about = task("s", steady, TWO, records([1], [1], [1], [2000], [10]))
    assert modelled(spec(), about, [[[730.0]], [[0]]])[0] == pytest.approx([730 / days], rel=1e-14)
    per_day = dataclasses.replace(output(), noleap=noleap)
    assert per_day.factor("g C m-2 yr-1") == pytest.approx(days, rel=1e-14)
    assert per_day.factor("kg C m-2 d-1") == 1e-3


@pytest.mark.parametrize("module", [sites, seasons])
def test_records_where_a_model_is_exactly_0_are_left_out_and_counted(module):
    # Specification 3.2: a cell without a flux has no vegetation; totals and bands keep it.
    seen = records([1, 1, 1], [1, 1, 1], [1, -1, -1], [2000] * 3, [9] * 3)
    words = {"compare": module.__name__.rpartition(".")[2], "output": "rh", "same_as": "x"}
    bare = {"rh": np.array([False, True])}
    about = task("s", output(), TWO, seen, bare=bare, classes={"koeppen": halves("w", "e")})
    left = module.prepare(module.Spec(**words), about)
    assert left.left_out["the model is exactly 0 there"] == 2
    assert len(left.pairs["pairs"].place) == 1
    kept = module.prepare(module.Spec(**words, zeros="keep"), about)
    assert len(kept.pairs["pairs"].place) == 3


def test_records_of_years_are_of_their_year():
    seen = records([1, 1], [1, 1], [1, 1], [2001, 1990], [np.nan] * 2, span="year",
                   units="g C m-2 yr-1")  # fmt: skip
    about = task("s", output("g C m-2 yr-1", years=(2000, 2001)), TWO, seen)
    assert modelled(spec(), about, [[[100.0], [300.0]], [[0], [0]]])[0].tolist() == [300, 200]


def many():
    rng = np.random.default_rng(3)
    n = 40
    lon = np.where(np.arange(n) < 24, 1.0, -1.0)
    study = [f"s{k}" for k in np.repeat(np.arange(5), 8)]
    seen = records(rng.gamma(3, 1, n), np.ones(n), lon, [2000] * n, DAYS[:n], study)
    values = rng.gamma(3, 1.3, (2, 365, 3))
    about = task("s", output(years=(2000,), daily=True), TWO, seen)
    return about, values


def test_sums_and_kept_values_give_the_same_scores():
    about, values = many()
    about = task(
        "s", about.outputs["rh"], TWO, about.observed, classes={"koeppen": halves("w", "e")}
    )
    of_sums = [*sites.OF_RECORDS, "bias_studies", "rmse_studies"]
    added = spec(scores=of_sums, groups=["regions"])
    kept = spec(scores=[*of_sums, "over"], groups=["regions"])
    prepared, by_sums = scores(sites, added, about, values)
    _, by_values = scores(sites, kept, about, values)
    assert prepared.groups == ("global", "w", "e")
    assert prepared.pairs["pairs"].sums
    for name in of_sums:
        assert by_sums[name] == pytest.approx(by_values[name], rel=1e-11)
    counts = sum(by_values[name] for name in ("over", "under", "well"))
    assert counts.tolist() == [[5] * 3, [2] * 3, [3] * 3]


def test_study_means_do_not_follow_the_longest_study():
    n = 18
    seen = records(np.zeros(n), np.ones(n), np.ones(n), [2000] * n, DAYS[:n],
                   ["long"] * 12 + ["short"] * 6)  # fmt: skip
    values = np.zeros((2, 365, 1))
    values[0, :12], values[0, 12:18] = 1.0, -2.0
    about = task("s", output(years=(2000,), daily=True), TWO, seen)
    asked = spec(scores=list(sites.Spec.SCORES))
    _, found = scores(sites, asked, about, values)
    assert found["bias"][0, 0] == 0
    assert found["bias_studies"][0, 0] == pytest.approx(-0.5)
    assert found["rmse_studies"][0, 0] == pytest.approx(np.sqrt(2.5))
    assert [found[name][0, 0] for name in ("over", "under", "well")] == [1, 1, 0]
    _, few = scores(sites, spec(least=7, scores=["over", "under"]), about, values)
    assert [few[name][0, 0] for name in ("over", "under")] == [1, 0]
    # Nothing that is observed varies: no correlation, and no line.
    assert np.isnan(found["r"][0, 0])


def test_a_member_without_a_value_has_no_score_and_costs_no_other():
    about, values = many()
    values[0, 5, 1] = np.nan
    _, found = scores(sites, spec(), about, values)
    for value in found.values():
        assert np.isnan(value[:, 1]).all()
        assert np.isfinite(value[:, [0, 2]]).all()


@needs_data
def test_casa_against_all_unmanipulated_records():
    """Specification, tables T3b to T3d; cells without vegetation are no locations."""
    with netCDF4.Dataset(site_pairs.CASA) as file:
        rate = np.ma.filled(file["cresp"][:], np.nan).astype(np.float64)
        lat, lon = (np.asarray(file[name][:], np.float64) for name in ("lat", "lon"))
    grown = rate > 0
    known = site_pairs.table()
    some = site_pairs.left(known["manipulation"] == "None")[3]
    named = {name: known[name][some] for name in ("lat", "lon", "year", "study")}
    seen = records(known["rh"][some], day=known["doy"][some], **named)
    about = task("dgrsd", output(), cells(lat, lon, grown), seen)
    asked = spec(scores=list(sites.Spec.SCORES))
    prepared, found = scores(sites, asked, about, rate[grown][:, None, None])
    names = ("bias", "rmse", "crmse", "mae", "r2", "bias_studies", "rmse_studies")
    expected = (0.625833, 1.585808, 1.457093, 1.306594, 0.000159, 0.481719, 1.383376)
    assert [found[name][0, 0] for name in names] == pytest.approx(expected, abs=2e-6)
    assert [found[name][0, 0] for name in ("over", "under", "well")] == [109, 41, 38]
    tables = sites.control(asked, prepared, {"pairs": rate[grown][prepared.pairs["pairs"].place]})
    lines = tables["lines"].columns
    assert lines["line_n"].tolist() == [6304, 6304, 191, 191]
    assert lines["line_intercept"][0] == pytest.approx(2.113973, rel=1e-6)
    assert lines["line_slope"][0] == pytest.approx(0.009729, abs=1e-6)
    assert lines["line_p"][0] == pytest.approx(0.3164, abs=1e-4)
    intervals = tables["intervals"].columns
    # Theory's 0.10425 by study; 0.018 if records were independent.
    assert intervals["mean_sd_by_studies"][2] == pytest.approx(0.10425, rel=0.04)
    assert intervals["mean_sd_by_records"][2] == pytest.approx(0.018, rel=0.04)
    study = dict(zip(tables["studies"].columns["study"].tolist(), range(999), strict=False))
    p, words = (tables["studies"].columns[f"study_{of}"] for of in ("p", "class"))
    assert p[study["1304"]] == pytest.approx(0.03125)
    assert p[study["11766"]] == pytest.approx(2.252913e-08, rel=1e-6)
    # Five pairs are too few.
    assert (np.isnan(p[study["7904"]]), words[study["7904"]]) == (True, "")
