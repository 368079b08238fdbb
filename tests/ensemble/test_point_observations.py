"""Observations without depth: columns of sites, with errors, dates and repeats, to costs."""

import numpy as np
import pytest
import xarray as xr
from points import CORES, DATED, TEXT, YEARS, write
from support import plan

import ensemble
import scenarios
from ensemble.members.reopening import open_experiment
from ensemble.planning.identity import digest
from ensemble.runs.verify import verify
from ensemble.store.reading import read


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    folder = tmp_path_factory.mktemp("points")
    write(folder)
    planned = plan(folder, text=TEXT)
    assert ensemble.run(planned, workers=1).complete
    return planned


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dated")
    write(folder)
    planned = plan(folder, text=DATED)
    assert ensemble.run(planned, workers=1).complete
    return planned


def test_a_value_without_a_date_stands_beside_the_mean_of_its_years(points):
    found = xr.open_zarr(points.path)
    inside = (found.year.values >= 2001) & (found.year.values <= 2004)
    mean = found.c_soil.values[0, :, inside].mean(axis=0)
    expected = np.stack([((2.5 - mean[0]) / 0.2) ** 2, np.zeros(40), ((4.0 - mean[2]) / 0.3) ** 2])
    np.testing.assert_allclose(found.j.values[0], expected, rtol=1e-12)


def test_what_is_not_observed_is_told(points):
    said = "\n".join(map(str, points.warnings))
    assert "c_soil: nothing is observed at 1 of 3 sites, 'HFR'" in said
    assert "response 'j', location 'HFR': nothing is observed; its cost is 0" in said


def test_repeats_and_dates_are_pairs_of_their_own(dated):
    found = xr.open_zarr(dated.path)
    soil = {y: found.c_soil.values[0, :, found.year.values == y][0] for y in YEARS}
    own, floor = {"ARC": 0.2, "LUQ": 0.3}, 0.1

    def term(site, place, year, value):
        return (value - soil[year][place]) ** 2 / (own[site] ** 2 + floor**2)

    luq = term("LUQ", 2, 2003, 3.9) + term("LUQ", 2, 2002, 4.1)
    np.testing.assert_allclose(found.j.values[0, 2], luq, rtol=1e-12)
    arc = term("ARC", 0, 2001, 2.4) + term("ARC", 0, 2001, 2.6)
    np.testing.assert_allclose(found.j.values[0, 0], arc, rtol=1e-12)


def test_the_store_holds_values_dates_and_lines(dated):
    tree = xr.open_datatree(dated.path, engine="zarr")
    seen = tree["observations"]
    nan = np.nan
    np.testing.assert_array_equal(seen["c_soil"].values[0], [[2.4, 2.6], [nan, nan], [4.1, 3.9]])
    np.testing.assert_array_equal(
        seen["c_soil_year"].values[0], [[2001, 2001], [nan, nan], [2002, 2003]]
    )
    np.testing.assert_array_equal(seen["c_soil_line"].values[0], [[2, 4], [nan, nan], [6, 3]])
    np.testing.assert_allclose(seen["c_soil_error"].values[0, 2], [0.3, 0.3], rtol=1e-15)
    assert seen["c_soil"].attrs["units"] == "Pg C"
    again = open_experiment(read(dated.path))
    assert again.observations[0]["c_soil"].top is None
    assert again.observations[0]["c_soil"].file.endswith("cores.csv")
    (name,) = dated.experiment.forcings
    assert digest(name, again) == digest(name, dated.experiment)
    assert verify(read(dated.path), rerun=6).damage == []


def test_lines_are_no_part_of_what_is_observed(tmp_path):
    write(tmp_path)
    first = plan(tmp_path, text=DATED).identity["forcings"]
    (tmp_path / "cores.csv").write_text("# cores of 2001 to 2005\n" + CORES)
    assert plan(tmp_path, text=DATED).identity["forcings"] == first
    (tmp_path / "cores.csv").write_text(CORES.replace("2003,3.9", "2003,3.8"))
    assert plan(tmp_path, text=DATED).identity["forcings"] != first


def test_columns_of_a_series_have_the_dates_of_its_rows(tmp_path):
    write(tmp_path)
    lines = (tmp_path / "years.csv").read_text().splitlines()
    seen = {"ARC,2002": "2.25", "LUQ,2004": "4.5"}
    out = [lines[0] + ",C_OBS [Pg C]"]
    out += [f"{line},{seen.get(','.join(line.split(',')[:2]), 'NA')}" for line in lines[1:]]
    (tmp_path / "years.csv").write_text("\n".join(out))
    text = TEXT.replace("c_soil: STOCK, error: SE", "c_soil: C_OBS")
    text = text.replace(", years: [2001, 2004]", ", relative_error: 0.1")
    planned = plan(tmp_path, text=text)
    observed = planned.experiment.observations[0]["c_soil"]
    np.testing.assert_array_equal(observed.values, [[2.25], [np.nan], [4.5]])
    np.testing.assert_array_equal(observed.year, [[2002], [np.nan], [2004]])


REFUSED = {
    "{c_soil: STOK, error: SE}": "forcing.observed.c_soil: no column 'STOK' in",
    "{c_soli: STOCK}": "forcing.observed.c_soli: kernel 'two_box' has no output 'c_soli'; did you",
    "{c_soil: STOCK, error: SEE}": "sites.csv:1: no column 'SEE'",
    "{error: SE}": "names no output; needed {output: column}",
    "{c_soil: STOCK, c_veg: STOCK, error: SE}": "found error: of 2 outputs; needed it beside",
    "{c_soil: 3}": "found 3; needed a column's name",
    "{c_soil: STOCK, month: SE}": "found month: without year:; needed both",
    "{rh_box: STOCK}": "output 'rh_box' is in 'Pg C yr-1' and 'g C' cannot become 'Pg C yr-1'",
    "{c_soil: area}": "'m2' cannot become 'Pg C'",
    "{c_soil: STOCK, year: SE}": "found '2e14'; needed a year from 1 to 9999",
    "{c_soil: {column: STOCK, erorr: SE}}": "unknown key 'erorr'; did you mean 'error'?",
    "{path: nothing.csv, c_soil: C}": "nothing.csv: no such file",
}


@pytest.mark.parametrize(("words", "told"), REFUSED.items())
def test_what_does_not_fit_is_refused(tmp_path, words, told):
    write(tmp_path)
    text = TEXT.replace("{c_soil: STOCK, error: SE}", words)
    with pytest.raises(scenarios.ScenarioError) as caught:
        plan(tmp_path, text=text)
    assert told in str(caught.value)
    assert not (tmp_path / "run.zarr").exists()


FILES = {
    ("sampled,C [Pg C]", "sampled,C"): "column 'C' has no unit; say units: {c_soil: UNIT}",
    ("C [Pg C]", "C [Pg CO2]"): "is of CO2",
    ("ARC,2001,2.4", "ARC,1999,2.4"): "cores.csv:2: location 'ARC', c_soil: year 1999 is not in",
    ("ARC,2001,2.4", "ARC,,2.4"): "cores.csv:2: location 'ARC', column 'sampled': found ''; needed",
    ("2.4,200", "2_4,200"): "cores.csv:2: location 'ARC', column 'C': '2_4' is not a number",
    ("2.4,200", "2.4,-200"): "found -200; needed an error above 0",
    ("error [Tg C]", "error"): "column 'error' has no unit; say units: {error: Pg C}, or write it",
    (
        "ARC,2001,2.6,200",
        "ARC,2001,2.4,200",
    ): "cores.csv:4: location 'ARC': is there again, cell by",
    ("error [Tg C]", "error [K]"): "'K' cannot become 'Pg C'",
    ("2.6,200", "2.6,"): "'c_soil': an observation has no error above 0",
    ("site,sampled", "plot,sampled"): "no column 'site'",
}


@pytest.mark.parametrize(("change", "told"), FILES.items())
def test_a_table_that_is_wrong_is_refused_with_its_line(tmp_path, change, told):
    old, new = change
    assert CORES.count(old) == 1
    write(tmp_path, cores=CORES.replace(old, new))
    with pytest.raises(scenarios.ScenarioError) as caught:
        plan(tmp_path, text=DATED)
    assert told in str(caught.value)


RESPONSES = {
    ", years: [2001, 2004]": ("", "output 'c_soil' has a time and 'c_soil' no dates; needed years"),
    "years: [2001, 2004]": ("years: [2001, 2050]", "year 2050 is not in the run (2000-2005)"),
    "[2001, 2004]": ("[2004, 2001]", "found years: [2004, 2001]; needed [first year, last year]"),
}


@pytest.mark.parametrize(("old", "new"), RESPONSES.items())
def test_a_cost_that_has_no_pair_of_time_is_refused(tmp_path, old, new):
    write(tmp_path)
    words, told = new
    with pytest.raises(scenarios.ScenarioError) as caught:
        plan(tmp_path, text=TEXT.replace(old, words))
    assert told in str(caught.value)


PAIRLESS = {
    "{output: c_soil, cost: {observed: c_soil, years: [2001, 2004], error: {floor: 1e999 Pg C}}}": (
        "responses.j.cost.error.floor: found '1e999 Pg C'; needed a finite number and its unit"
    ),
    "{output: c_soil, metric: {rmse: c_soil, bias: c_soil, years: [2001, 2004]}}": (
        "responses.j.metric: found rmse and bias; needed one metric, {rmse: soc}"
    ),
    "{output: c_soil, metric: {r2: c_soil, years: [2001, 2004]}}": (
        "no location has r2 of 'c_soil': 2 values or more are needed"
    ),
    "{expression: log10(c_soil), metric: {rmse: c_soil, years: [2001, 2004]}}": (
        "found values in 'log10(Pg C)'; needed what is observed, 'c_soil' in 'g C', itself"
    ),
    "{expression: sqrt(c_soil), cost: {observed: c_soil, years: [2001, 2004]}}": (
        "'c_soil' in 'g C', itself; residual: log compares logarithms"
    ),
}


@pytest.mark.parametrize(("words", "told"), PAIRLESS.items())
def test_what_cannot_be_compared_is_refused(tmp_path, words, told):
    write(tmp_path)
    text = TEXT.replace("{output: c_soil, cost: {observed: c_soil, years: [2001, 2004]}}", words)
    assert text != TEXT
    with pytest.raises(scenarios.ScenarioError) as caught:
        plan(tmp_path, text=text)
    assert told in str(caught.value)


def test_no_number_beside_no_observation_is_no_cost(tmp_path):
    # At HFR nothing is observed, and what is modelled there has no number either.
    write(tmp_path)
    words = "{expression: 'c_soil + 0 * c_soil / (c_soil - c_soil) * 1 [Pg C]', cost"
    planned = plan(tmp_path, text=TEXT.replace("{output: c_soil, cost", words))
    assert ensemble.run(planned, workers=1).complete
    found = xr.open_datatree(planned.path, engine="zarr")
    assert np.isnan(found["j"].values[0, [0, 2]]).all()
    np.testing.assert_array_equal(found["j"].values[0, 1], np.zeros(40))
    np.testing.assert_array_equal(found["undefined/j"].values, [[40, 0, 40]])


def test_dates_and_years_are_not_both(tmp_path):
    write(tmp_path)
    text = DATED.replace("error: {floor: 100 Tg C}", "years: [2001, 2003]")
    with pytest.raises(scenarios.ScenarioError, match="has dates of its own; leave years: out"):
        plan(tmp_path, text=text)


def test_months_are_refused_where_steps_are_years(tmp_path):
    cores = CORES.replace("site,sampled", "site,month,sampled")
    cores = "\n".join(
        line if k == 0 else line.replace(",", ",5,", 1) for k, line in enumerate(cores.splitlines())
    )
    write(tmp_path, cores=cores)
    text = DATED.replace("year: sampled,", "year: sampled, month: month,")
    with pytest.raises(
        scenarios.ScenarioError, match="has months or days, and the run's steps are"
    ):
        plan(tmp_path, text=text)


def test_an_unread_column_of_years_is_told(tmp_path):
    write(tmp_path, cores=CORES.replace("sampled", "year"))
    text = DATED.replace("year: sampled, ", "").replace(
        "error: {floor: 100 Tg C}", "years: [2001, 2003], error: {floor: 100 Tg C}"
    )
    said = "\n".join(map(str, plan(tmp_path, text=text).warnings))
    assert "column 'year' is not read, and values have no date" in said
    assert "1 rows of" in said
    assert "sites that are not in the run: 'elsewhere'" in said
