"""Outputs reduced in time inside a run, beside xarray's own of every day that was stored."""

import numpy as np
import pytest
import xarray as xr
from commandline import refused, soilsweep

import ensemble
import scenarios
from ensemble.members.in_time import SEASONS, Steps, cells_of, reduced
from ensemble.members.tile import Tile, Workspace
from ensemble.members.work import EnsembleWork
from ensemble.planning.notices import CUT
from ensemble.report.data.series import all_series
from ensemble.store.quarantine import Case
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.times import parts_along
from kernels import CRASHED, Variable
from scenarios.outputs import InTime
from scenarios.units import over_time

TEXT = """\
version: 1
name: days
kernel: {name: mimics, mode: transient, step: day}
forcing:
  - &sites
    reader: site_table
    path: sites.csv
    name: warm
    location: site
    columns: {soil_temperature: T}
    units: {T: degC, clay: "1", lignin_n: "1"}
    values: {depth: 30}
    series: {path: warm.csv, year: year, day: day}
  - {<<: *sites, name: cold, series: {path: cold.csv, year: year, day: day}}
design: {method: grid, parameters: {beta: {values: [1.1, 1.2, 1.3]}}}
precision: float64
block: {sample: 2}
"""
REDUCTIONS = {
    "month_mean": "{month: mean}",
    "month_sum": "{month: sum}",
    "month_max": "{month: max}",
    "season_sum": "{season: sum}",
    "season_min": "{season: min}",
    "year_last": "{year: last}",
    "year_sum": "{year: sum}",
    "month_mean_over_years": "{month: mean, over_years: mean}",
    "month_sum_max_over_years": "{month: sum, over_years: max}",
    "season_mean_over_years": "{season: mean, over_years: mean}",
    "doy_mean": "{doy: mean}",
    "doy_max": "{doy: max}",
    "mean_over_years": "{over_years: mean}",
    "sum_over_years": "{over_years: sum}",
    "year_max_min_over_years": "{year: max, over_years: min}",
    "month_mean_2000_2001": "{years: [2000, 2001], month: mean}",
    "mean_over_years_2000_2001": "{years: [2000, 2001], over_years: mean}",
}
DRAWN = (
    "month_mean_over_years", "month_sum_max_over_years", "season_mean_over_years", "doy_mean",
    "doy_max",
)  # fmt: skip
"""Those that have parts of the year along them."""
OUTPUTS = f"outputs:\n  respiration: [{', '.join(REDUCTIONS.values())}]\n"
OUTPUTS += "  soc_stock: {month: last}\n"


def days_of(folder, years=(1999, 2000, 2001)):
    """Write sites and two series of days."""
    rng = np.random.default_rng(4)
    (folder / "sites.csv").write_text("site,clay,lignin_n\nA,0.2,20\nB,0.4,15\n")
    header = "site,year,day,litter_input [g C m-2 yr-1],annual_npp [g C m-2 yr-1],T"
    for name, mean in (("warm", 12.0), ("cold", 2.0)):
        rows = [
            f"{site},{year},{day},{400 + 200 * np.sin(day / 58):.2f},500,"
            f"{mean + 8 * np.sin(day / 58) + rng.normal():.3f}"
            for site in "AB"
            for year in years
            for day in range(1, 366)
        ]
        (folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")


def run(folder, outputs, name):
    (folder / f"{name}.yaml").write_text(TEXT + outputs)
    plan = ensemble.plan(scenarios.load(folder / f"{name}.yaml"), store=folder / f"{name}.zarr")
    assert ensemble.run(plan, workers=1).complete
    return folder / f"{name}.zarr"


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Return the store of every day and the store of reductions."""
    folder = tmp_path_factory.mktemp("in-time")
    days_of(folder)
    every = run(folder, "outputs: {respiration: all, soc_stock: all}\n", "every")
    return every, run(folder, OUTPUTS, "reduced")


def by_xarray(days):
    """Return every reduction by xarray's resample and groupby."""
    months, years = days.resample(time="MS"), days.resample(time="YS")
    # A season that the run cuts is left out.
    inside = days.sel(time=slice("1999-03-01", "2001-11-30"))
    seasons = inside.resample(time="QS-DEC")
    window = days.sel(time=slice("2000", "2001"))
    by_season = inside.groupby("time.season").mean().sel(season=["DJF", "MAM", "JJA", "SON"])
    return {
        "month_mean": months.mean(),
        "month_sum": months.sum(),
        "month_max": months.max(),
        "season_sum": seasons.sum(),
        "season_min": seasons.min(),
        "year_last": years.last(),
        "year_sum": years.sum(),
        "month_mean_over_years": days.groupby("time.month").mean(),
        "month_sum_max_over_years": months.sum().groupby("time.month").max(),
        "season_mean_over_years": by_season,
        "doy_mean": days.groupby("time.dayofyear").mean(),
        "doy_max": days.groupby("time.dayofyear").max(),
        "mean_over_years": days.mean("time"),
        "sum_over_years": days.sum("time"),
        "year_max_min_over_years": years.max().min("time"),
        "month_mean_2000_2001": window.resample(time="MS").mean(),
        "mean_over_years_2000_2001": window.mean("time"),
    }


def test_reductions_are_those_of_xarray(stores):
    every, made = (ensemble.open_run(store).to_dataset() for store in stores)
    expected = by_xarray(every["respiration"])
    assert expected.keys() == REDUCTIONS.keys()
    for name, known in expected.items():
        found = made[f"respiration_{name}"]
        time = [d for d in known.dims if d not in ("forcing", "location", "sample")]
        known = known.transpose("forcing", "location", *time, "sample")
        np.testing.assert_allclose(found, known, rtol=1e-12, err_msg=name)
        assert found.shape[:2] == (2, 2), name
    known = every["soc_stock"].resample(time="MS").last()
    np.testing.assert_array_equal(
        made["soc_stock_month_last"], known.transpose("forcing", "location", "time", "sample")
    )
    assert "respiration" not in made
    assert "soc_stock" not in made


def test_a_sum_in_time_is_an_amount_and_cf_says_what_is_reduced(stores):
    made = ensemble.open_run(stores[1]).to_dataset()
    attrs = made["respiration_month_sum"].attrs
    assert (attrs["units"], attrs["cell_methods"]) == ("mg C cm-3", "time_month: sum")
    assert made["respiration_month_mean"].attrs["units"] == "mg C cm-3 d-1"
    climatology = made["respiration_month_sum_max_over_years"]
    assert climatology.attrs["cell_methods"] == (
        "month_climatology: sum within years month_climatology: maximum over years"
    )
    assert made["respiration_mean_over_years"].attrs["cell_methods"] == "time: mean"
    assert made["month_climatology"].attrs["climatology"] == "month_climatology_bounds"
    assert made["month_of_year"].values.tolist() == list(range(1, 13))
    assert made["season_of_year"].values.tolist() == ["DJF", "MAM", "JJA", "SON"]
    for name in ("season_sum", "season_mean_over_years"):
        assert made[f"respiration_{name}"].attrs["left_out"] == "not whole: DJF 1999, DJF 2002"
    first, last = made["month_climatology_bounds"].values[1]
    assert (first.strftime("%Y-%m-%d"), last.strftime("%Y-%m-%d")) == ("1999-02-01", "2001-03-01")
    winter = made["time_season_bounds"].values[3]
    assert [d.strftime("%Y-%m-%d") for d in winter] == ["1999-12-01", "2000-03-01"]
    assert made["time_season"].values[3].strftime("%Y-%m-%d") == "2000-02-28"


def test_a_plan_tells_what_the_ends_of_a_run_and_of_a_window_cut(stores, monkeypatch):
    monkeypatch.chdir(stores[0].parent)
    reductions = "[{season: sum}, {season: mean, over_years: mean}, {month: mean}, {year: mean}, "
    reductions += "{years: [2000, 2000], season: max}]"
    asked = f"outputs={{respiration: {reductions}, soc_stock: {{season: last}}}}"
    plan = ensemble.plan(scenarios.load("every.yaml", settings=[asked]), store="cut.zarr")
    cut = [notice for notice in plan.warnings if notice.kind == CUT]
    assert list(map(str, cut)) == [
        "respiration_season_sum, respiration_season_mean_over_years, soc_stock_season_last: "
        "without DJF 1999 and DJF 2002, of which 1999-2001 has only a part; a winter is of the "
        "year of its January",
        "respiration_season_max_2000_2000: without DJF 2000 and DJF 2001, of which 2000 has only a "
        "part; a winter is of the year of its January",
    ]
    assert "without DJF 1999 and DJF 2002" in soilsweep("plan", "every.yaml", "--set", asked).out
    whole = "outputs={respiration: [{month: mean}, {doy: mean}, {over_years: mean}]}"
    plan = ensemble.plan(scenarios.load("every.yaml", settings=[whole]), store="cut.zarr")
    assert not [notice for notice in plan.warnings if notice.kind == CUT]


def test_netcdf_takes_every_frequency(stores, tmp_path):
    made = ensemble.open_run(stores[1]).to_dataset().load()
    made.to_netcdf(tmp_path / "reduced.nc")
    with xr.open_dataset(tmp_path / "reduced.nc") as again:
        for name in made.variables:
            if name.startswith(("respiration", "soc", "time", "month", "season", "day")):
                xr.testing.assert_equal(made[name].variable, again[name].variable)


@pytest.mark.slow
def test_every_command_knows_reduced_outputs(stores):
    store = stores[1]
    assert soilsweep("verify", store, "--rerun", 4).code == 0
    replayed = soilsweep("replay", store, "1/1/2")
    assert replayed.code == 0
    assert "match the store bit for bit" in replayed.out
    assert soilsweep("replay", store, "0/1/0").code == 0
    assert soilsweep("status", store).code == 0
    page = store.with_suffix(".html")
    assert soilsweep("report", store, "-o", page).code == 0
    text = page.read_text()
    assert "mean of each month of heterotrophic respiration" in text
    captions = [part.partition("<")[0] for part in text.split("<figcaption>")[1:]]
    climatologies = [caption for caption in captions if "members of each forcing" in caption]
    # At two places.
    assert len(climatologies) == 2 * len(DRAWN)
    (winter,) = [c for c in climatologies if "of the mean of each season" in c and " at A" in c]
    assert winter.endswith(
        "by forcing: mean and standard deviation over 3 members of each forcing. Left out, not "
        "whole: DJF 1999, DJF 2002."
    )
    control = ensemble.open_run(store)["control"].to_dataset()
    assert control["respiration_month_mean"].dims == ("forcing", "location", "time_month")
    assert np.isfinite(control["respiration_month_mean"]).all()


def test_what_is_drawn_of_a_climatology_is_what_members_have(stores):
    made = ensemble.open_run(stores[1]).to_dataset()
    every = {s.name: s for s in all_series(Results(read(stores[1])), 1, parts_along)}
    assert every.keys() == {f"respiration_{name}" for name in DRAWN}
    for name, line in every.items():
        values = made[name].values[:, 1]
        np.testing.assert_allclose(line.mean, values.mean(axis=-1), rtol=1e-12)
        np.testing.assert_allclose(line.std, values.std(axis=-1), rtol=1e-9, atol=1e-15)
        assert line.members.tolist() == [3, 3]
        assert line.units == made[name].attrs["units"]
    assert every["respiration_season_mean_over_years"].years.tolist() == list(SEASONS)
    assert every["respiration_doy_mean"].years.tolist() == list(range(1, 366))


def test_only_what_is_left_is_held(stores):
    every, made = (read(store).specs for store in stores)
    assert made["respiration_month_mean"].shape[2] == 36
    assert every["respiration"].shape[2] == 3 * 365
    assert not {"respiration", "soc_stock"} & made.keys()
    folder = stores[0].parent
    plans = [
        ensemble.plan(scenarios.load(folder / "every.yaml"), store=folder / "a.zarr"),
        ensemble.plan(
            scenarios.load(
                folder / "every.yaml", settings=["outputs={respiration: {month: mean}}"]
            ),
            store=folder / "b.zarr",
        ),
    ]
    days, months = (plan.layout.needs.member_nbytes for plan in plans)
    # Two outputs, or one; the largest array once more, encoded; and the status.
    assert (days, months) == ((2 + 1) * 3 * 365 * 8 + 1, (1 + 1) * 36 * 8 + 1)
    assert plans[1].nbytes < plans[0].nbytes


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ("{soc_stock: {month: sum}}", "a sum of 'soc_stock', and 'kg C m-2' is no amount per time"),
        ("{soc_stock: {years: [1990, 2000], year: mean}}", "year 1990 is not in the run"),
        ("{soc_stock: {years: [2000, 2000], season: mean, over_years: mean}}", "no whole DJF"),
        ("{soc_stock: {at: [2000]}}", "found at: and steps of a day"),
        ("{soc_stock: {all: year}}", "found all: and steps of a day"),
        ("{soc_stock: [{month: mean}, {month: mean}]}", "twice; needed each reduction once"),
        ("{soc_stock: [all, {last: step}]}", "needed one of all, last and at: beside reductions"),
        ("{soc_stock: [{month: mean}, {all: year}]}", "found all: and steps of a day"),
        ("{soc_stock: [{month: mean}, every]}", "found 'every'; needed all, last, {all: year}"),
        ("{soc_stock: {month: mean, season: mean}}", "found month and season; needed one of"),
        ("{soc_stock: {mont: mean}}", "did you mean 'month'"),
        ("{soc_stock: {doy: sum}}", "found 'sum'; needed 'mean', 'min' or 'max'"),
        ("{soc_stock: {month: mean, over_years: sum}}", "needed over_years: mean, min or max"),
    ],
)
def test_what_has_no_meaning_is_refused(outputs, message, stores, monkeypatch):
    monkeypatch.chdir(stores[0].parent)
    said = soilsweep("plan", "every.yaml", "--set", f"outputs={outputs}")
    refused(said, message, lines=None)


@pytest.mark.parametrize("verb", ["sum", "change", "trend"])
def test_responses_by_days_are_means_or_refused(verb, stores, monkeypatch):
    monkeypatch.chdir(stores[0].parent)
    response = f"{{r: {{output: respiration, {verb}: [1999, 2000]}}}}"
    said = soilsweep("plan", "every.yaml", "--set", f"responses={response}")
    refused(said, f"found {verb}: of an output by days", lines=None)


def test_days_and_a_kernel_of_years_are_refused(stores, monkeypatch):
    monkeypatch.chdir(stores[0].parent)
    said = soilsweep("plan", "every.yaml", "--set", "kernel.step=year")
    refused(said, "steps within a year (day)", lines=None)


def steps(first, last):
    years = np.arange(first, last + 1)
    return Steps(np.repeat(years, 365), np.tile(np.arange(1, 366), len(years)))


def test_a_window_and_the_ends_of_a_run_cut_seasons_and_years():
    whole = cells_of(InTime(season="mean"), steps(2000, 2001))
    assert whole.partial == ("DJF 2000", "DJF 2002")
    assert [len(s) for s in whole.steps] == [92, 92, 91, 90, 92, 92, 91]
    window = cells_of(InTime(season="mean", years=(2001, 2001)), steps(2000, 2002))
    assert window.partial == ("DJF 2001", "DJF 2002")
    late = steps(2000, 2002)
    late = Steps(late.years[40:-1], late.days[40:-1])
    assert cells_of(InTime(year="mean"), late).partial == ("2000", "2002")
    assert cells_of(InTime(month="mean"), late).partial == ("2000-02", "2002-12")


def test_members_that_failed_are_nan_and_bits_do_not_depend_on_the_tile():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(2, 3, 2 * 365, 5))
    level = np.array([4, 0, 0, 3, 1, 2, 4])
    status = np.zeros((2, 7), np.uint8)
    status[1, 2] = 3
    variable = Variable("flux", "g C m-2 d-1", "a flux", ("layer", "time"))
    for words in ({"month": "mean"}, {"doy": "mean"}, {"over_years": "sum"}, {"season": "last"}):
        done = reduced(InTime(**words), variable, steps(2000, 2001))
        arrays = {"flux": (values, level)}
        tile = Tile(slice(0, 2), slice(0, 7), status, (), arrays, Workspace())
        found = tile.spread("flux", lambda v, done=done: done.apply(v, 2))
        assert np.isnan(found[1, ..., 2]).all()
        assert np.isfinite(np.delete(found, 2, axis=-1)).all()
        for k, at in enumerate(level):
            one = done.apply(np.ascontiguousarray(values[:1, ..., at : at + 1]), 2)
            np.testing.assert_array_equal(found[:1, ..., k : k + 1], one)


def test_years_of_a_kernel_by_years_are_reduced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text("""\
version: 1
name: years
kernel: two_box
forcing: {reader: synthetic_models, n: 2}
design: {method: grid, parameters: {tau_veg_obs: {values: [8, 9, 10]}}}
precision: float64
outputs: {c_soil: all, c_veg: all}
""")
    made = "outputs={c_soil: [{year: last}, {years: [1990, 2009], over_years: mean}], c_veg: "
    made += "[{years: [1990, 2009], year: max}]}"
    assert soilsweep("run", "s.yaml", "--store", "all.zarr", "-q").code == 0
    assert soilsweep("run", "s.yaml", "--store", "made.zarr", "-q", "--set", made).code == 0
    every, found = (ensemble.open_run(tmp_path / f"{n}.zarr").to_dataset() for n in ("all", "made"))
    np.testing.assert_array_equal(found["c_soil_year_last"], every["c_soil"])
    window = (every["year"] >= 1990) & (every["year"] <= 2009)
    mean = every["c_soil"].values[:, :, window.values].mean(axis=2)
    np.testing.assert_allclose(found["c_soil_mean_over_years_1990_2009"], mean, rtol=1e-14)
    np.testing.assert_array_equal(
        found["c_veg_year_max_1990_2009"], every["c_veg"].values[:, :, window.values]
    )
    np.testing.assert_array_equal(found["time_year"], every["time"])
    said = soilsweep("plan", "s.yaml", "--set", "outputs={c_soil: {month: mean}}")
    refused(said, "found month: and a kernel whose step is a year", lines=None)


@pytest.mark.parametrize("plain", ["all", "last", "{at: [1995, 2005]}"])
def test_steps_stand_beside_reductions_of_one_output(plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(YEARS)
    alone, beside = (
        f"outputs={{c_soil: {kept}, c_veg: last}}"
        for kept in (plain, f"[{{over_years: mean}}, {plain}, {{years: [1990, 2009], year: max}}]")
    )
    for name, kept in (("alone", alone), ("beside", beside)):
        assert soilsweep("run", "s.yaml", "--store", f"{name}.zarr", "-q", "--set", kept).code == 0
    one, other = (ensemble.open_run(tmp_path / f"{n}.zarr") for n in ("alone", "beside"))
    np.testing.assert_array_equal(one["c_soil"], other["c_soil"])
    assert one["c_soil"].dims == other["c_soil"].dims
    assert {"c_soil_mean_over_years", "c_soil_year_max_1990_2009"} <= set(other.data_vars)
    if plain == "all":
        known = other["c_soil"].mean("time")
        np.testing.assert_allclose(other["c_soil_mean_over_years"], known, rtol=1e-5)
    assert soilsweep("replay", "beside.zarr", "1/0/4").code == 0
    assert soilsweep("report", "beside.zarr", "-o", "s.html").code == 0
    wrong = beside.replace("2005", "2050")
    if wrong != beside:
        said = soilsweep("plan", "s.yaml", "--set", wrong)
        refused(said, "year 2050 is not in the run", lines=None)


YEARS = """\
version: 1
name: years
kernel: two_box
forcing: {reader: synthetic_models, n: 2}
design: {method: latin_hypercube, n: 6, parameters: {tau_veg_obs: {uniform: [8, 12]}}}
outputs: {c_soil: [{year: last}, {years: [1990, 2009], over_years: mean}], c_veg: all}
block: {sample: 3}
"""


def test_a_store_of_reductions_takes_changes_that_it_can_answer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(YEARS)
    run = ("run", "s.yaml", "--store", "s.zarr", "-q", "--accept-changes", "a test", "--set")
    assert soilsweep(*run[:5]).code == 0
    lost = soilsweep(*run, "outputs.c_soil=[{year: last}]")
    refused(lost, "c_soil_mean_over_years_1990_2009 would be lost", lines=None)
    more = soilsweep(*run, "outputs.c_soil=[{year: last}, {year: max}]")
    refused(more, "c_soil_mean_over_years_1990_2009 would be lost", lines=None)
    # Sums of a reduced output are of steps that nobody has kept.
    refused(soilsweep(*run, "statistics={c_soil: [mean]}"), "not stored whole", lines=None)
    assert soilsweep(*run, "statistics={c_veg: [mean]}").code == 0
    assert soilsweep("verify", "s.zarr", "--rerun", 3).code == 0


def test_members_in_quarantine_are_nan_in_what_is_reduced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(YEARS)
    plan = ensemble.plan(scenarios.load(tmp_path / "s.yaml"), store=tmp_path / "s.zarr")
    case = Case((1, 0, 4), CRASHED, "killed by SIGSEGV", "soilsweep replay ...")
    work = EnsembleWork(plan.experiment, plan.layout, {case.member: case})
    found = work.open()((1, 0, 1)).arrays
    whole = EnsembleWork(plan.experiment, plan.layout).open()((1, 0, 1)).arrays
    assert found["status"][0, 0].tolist() == [0, CRASHED, 0]
    for name in ("c_soil_year_last", "c_soil_mean_over_years_1990_2009"):
        assert np.isnan(found[name][..., 1]).all()
        np.testing.assert_array_equal(found[name][..., ::2], whole[name][..., ::2])


def test_a_kernel_of_days_under_years_is_refused(tmp_path, monkeypatch):
    days_of(tmp_path)
    for name in ("warm", "cold"):
        rows = (tmp_path / f"{name}.csv").read_text().splitlines()
        first = [row.split(",") for row in rows if row.split(",")[2] in ("day", "1")]
        text = "\n".join(",".join(row[:2] + row[3:]) for row in first)
        (tmp_path / f"{name}.csv").write_text(text + "\n")
    text = TEXT.replace(", day: day}", "}") + "outputs: {soc_stock: last}\n"
    (tmp_path / "s.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    refused(soilsweep("plan", "s.yaml"), "has no day of the year", lines=None)


@pytest.mark.parametrize(
    ("unit", "step", "left", "scale"),
    [
        ("mg C cm-3 d-1", "day", "mg C cm-3", 1.0),
        ("g C m-2 yr-1", "year", "g C m-2", 1.0),
        ("g C m-2 yr-1", "day", "g C m-2", 1 / 365),
        ("kg C m-2/s", "day", "kg C m-2", 86400.0),
        ("yr-1", "year", "1", 1.0),
    ],
)
def test_the_unit_of_a_sum_in_time(unit, step, left, scale):
    assert over_time(unit, step) == (left, scale)


@pytest.mark.parametrize(
    ("unit", "step"),
    [("kg C m-2", "day"), ("degC", "year"), ("g C m-2 d-1", "year"), ("m2 yr-2", "year")],
)
def test_what_is_no_rate_or_has_no_fixed_step_has_no_sum(unit, step):
    with pytest.raises(ValueError, match=r"amount per|has no fixed number"):
        over_time(unit, step)


MORRIS = """\
version: 1
name: effects
kernel: two_box
forcing: {reader: synthetic_models, n: 2}
design:
  method: morris
  trajectories: 6
  levels: 8
  parameters: {tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [20, 60]}}
outputs: {c_soil: [{years: [1990, 2009], year: max}, {over_years: mean}]}
responses: {mean_soil: {output: c_soil, mean: [1901, 2018]}}
statistics: {mean_soil: [mu_star, mu_star_conf]}
"""


def test_indices_and_more_members_of_what_is_reduced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(MORRIS)
    assert soilsweep("run", "s.yaml", "--store", "s.zarr", "-q").code == 0
    said = soilsweep("extend", "s.zarr", "--until", "1e-9", "--most", 30)
    assert said.code in (0, 3), said.err
    assert read(tmp_path / "s.zarr").specs["c_soil_mean_over_years"].shape == (2, 1, 90)
    assert soilsweep("analyze", "s.zarr").code == 0
    assert soilsweep("verify", "s.zarr", "--rerun", 3).code == 0
    found = ensemble.open_run(tmp_path / "s.zarr")
    # All years' mean is the response's.
    indices = found["sensitivity"].to_dataset()
    np.testing.assert_allclose(
        indices["c_soil_mean_over_years_mu_star"], indices["mean_soil_mu_star"], rtol=1e-4
    )
    assert "time_year_1990_2009" in indices["c_soil_year_max_1990_2009_mu_star"].dims
    assert indices["c_soil_year_max_1990_2009_mu_star"].sizes["time_year_1990_2009"] == 20


def test_members_that_fail_in_a_run_are_nan_in_what_is_reduced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MISBEHAVE", "nan=2")
    (tmp_path / "drivers.csv").write_text("model,year,driver\nm,2000,1.0\nm,2001,3.0\n")
    (tmp_path / "s.yaml").write_text("""\
version: 1
name: failing
kernel: misbehaving.model
forcing: {reader: annual_table, path: drivers.csv, units: {driver: "1"}}
design: {method: grid, parameters: {x: {values: [1, 2, 3]}}}
outputs: {y: [{over_years: mean}, {year: last}]}
failed_limit: 1
""")
    assert soilsweep("run", "s.yaml", "--store", "s.zarr", "-q").code == 0
    found = ensemble.open_run(tmp_path / "s.zarr").to_dataset()
    np.testing.assert_array_equal(found["y_mean_over_years"].values[0, 0], [3, np.nan, 5])
    last = found["y_year_last"].values[0, 0]
    np.testing.assert_array_equal(last, [[2, np.nan, 4], [4, np.nan, 6]])
    assert soilsweep("report", "s.zarr", "-o", "s.html").code == 0
