"""What a plan notices without running the kernel: wrong units, exact shares, certain failure."""

import json
from math import erfc, sqrt

import numpy as np
import pytest
from commandline import refused, soilsweep, tree
from small_sites import COLUMNS, SITES, sites
from support import SMALL, load, plan

import ensemble
import scenarios
from ensemble.errors import PlanError
from ensemble.members.experiment import Experiment
from ensemble.planning.causes import Sample, cause
from ensemble.planning.driver_ranges import driver_notices
from ensemble.planning.notices import DATA, DEFAULT, DESIGN, DRIVER, FROZEN, UNSAID, percent
from kernels import Range


def test_of_sound_sites_nothing_is_said(tmp_path):
    planned = sites(tmp_path)
    assert planned.warnings == []
    assert planned.outlook.certain == 0.0


SHIPPED = [n for n in scenarios.library() if n != "jian2021-parameters"]


SAID = {
    # The ranges of the public script that it follows leave the default out.
    "mimics-reynolds-creek": ["D1: its default, 1.5e-05, is outside the range"],
    # Each model of the land has parameters of its own: that is what it asks.
    "two-box-calibration": ["each of the 16 forcings gets parameters of its own"],
}


@pytest.mark.parametrize("name", SHIPPED)
def test_of_shipped_scenarios_nothing_else_is_said(name, tmp_path):
    loaded = scenarios.load(name)
    plan = ensemble.plan if loaded.calibration is None else ensemble.plan_calibration
    warnings = plan(loaded, store=tmp_path / "x.zarr").warnings
    for text, warning in zip(SAID.get(name, []), warnings, strict=True):
        assert text in str(warning)


def test_steady_states_of_the_shipped_testbed_meet_frozen_soil(tmp_path):
    planned = ensemble.plan(scenarios.load("jian2021-parameters"), store=tmp_path / "x.zarr")
    (notice,) = planned.warnings
    means = np.stack([d["soil_temperature"] for d in planned.experiment.drivers])
    assert notice.kind == FROZEN
    assert notice.share == np.mean(means < 0) > 0
    assert notice.value == means.min()
    assert (
        f"below 0 degC at {percent(np.mean(means < 0))} of 100 locations under 2 forcings"
        in str(notice)
    )
    assert f"below -5 degC at {percent(np.mean(means < -5))}" in str(notice)


def test_daily_drivers_are_not_said_to_be_frozen(tmp_path):
    planned = ensemble.plan(scenarios.load("jian2021-forcing"), store=tmp_path / "x.zarr")
    assert (planned.experiment.drivers[0]["soil_temperature"] < -5).any()
    assert planned.warnings == []


WRONG = {
    "Celsius given as K": ("soil_temperature", ("K", (-7.0, 7.1, 13.0, 23.0)), 1.0, True),
    "kelvin given as Celsius": ("soil_temperature", ("degC", (266.0, 280.0, 286.0, 296.0)), 1, 1),
    "percent given as a fraction": ("clay", ("1", (5.0, 15.0, 37.0, 62.0)), 1.0, True),
    "a fraction given as percent": ("clay", ("percent", (0.05, 0.15, 0.37, 0.3)), 1.0, False),
    "g given as kg": ("litter_input", ("kg C m-2 yr-1", (70.5, 372.0, 221.0, 900.0)), 0.75, True),
    "kg given as g": ("annual_npp", ("g C m-2 yr-1", (0.0705, 0.372, 0.221, 0.9)), 1.0, False),
    "a year's sum given as one per second": (
        "litter_input", ("g C m-2 s-1", (70.5, 372.0, 221.0, 900.0)), 1.0, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_unit_is_named_with_its_share_and_cause(words, tmp_path):
    name, column, share, fails = WRONG[words]
    planned = sites(tmp_path, **{name: column})
    (notice,) = planned.warnings
    assert (notice.kind, notice.name, notice.share) == (DRIVER, name, share)
    assert notice.fails == bool(fails)
    assert notice.cause.startswith(words)
    values = planned.experiment.drivers[0][name]
    assert notice.value in values
    assert notice.place.split(", ")[-1] == "ABCD"[int(np.argmax(values == notice.value))]
    for part in (name, notice.cause, notice.place, notice.units if notice.units != "1" else ""):
        assert part in str(notice)


def test_a_few_values_beyond_are_not_called_a_wrong_unit(tmp_path):
    (notice,) = sites(tmp_path, annual_npp=("g C m-2 yr-1", (-122.0, 372.0, 221.0, 900.0))).warnings
    assert "the middle value is inside, so that the unit may be right" in str(notice)
    assert "or leave their locations out, or compute the driver" in str(notice)
    assert "`soilsweep describe scenario mimics-reynolds-creek` shows both; members" in str(notice)


def test_a_mass_that_no_unit_calls_carbon_is_said_to_be_taken_so(tmp_path):
    values = COLUMNS["annual_npp"][1]
    planned = sites(tmp_path, annual_npp=("g m-2 yr-1", values))
    (notice,) = planned.warnings
    assert notice.kind == UNSAID
    assert "annual_npp (from annual_npp) in 'g m-2 yr-1': no unit says" in str(notice)
    assert "units: {NAME: g C m-2 yr-1} says so" in str(notice)
    np.testing.assert_array_equal(planned.experiment.drivers[0]["annual_npp"], values)
    said = SITES.replace("values:", "units: {annual_npp: g C m-2 yr-1}, values:")
    assert sites(tmp_path, said, annual_npp=("g m-2 yr-1", values)).warnings == []


def test_of_an_expression_one_unit_with_carbon_is_enough(tmp_path):
    words = 'columns: {annual_npp: {expression: "(npp + more) / 2"}}, values:'
    text = SITES.replace("values:", words)
    npp = ("g C m-2 yr-1", COLUMNS["annual_npp"][1])
    assert sites(tmp_path, text, npp=npp, more=npp).warnings == []
    assert sites(tmp_path, text, npp=npp, more=("g m-2 yr-1", npp[1])).warnings == []
    (notice,) = sites(
        tmp_path, text, **dict.fromkeys(("npp", "more"), ("g m-2 yr-1", npp[1]))
    ).warnings
    assert "annual_npp (from (npp + more) / 2) in 'g m-2 yr-1'" in str(notice)


def test_what_is_observed_as_a_mass_of_nothing_said_is_noticed(tmp_path):
    text = SITES.replace("values:", "observed: {carbon_stock: SOC}, values:")
    (notice,) = sites(tmp_path, text, SOC=("kg m-2", (1.0, 2.0, 3.0, 4.0))).warnings
    assert "carbon_stock, observed in 'kg m-2'" in str(notice)
    assert sites(tmp_path, text, SOC=("kg C m-2", (1.0, 2.0, 3.0, 4.0))).warnings == []


def test_where_all_members_are_certain_to_fail_the_run_is_refused(tmp_path):
    planned = sites(tmp_path, soil_temperature=("K", COLUMNS["soil_temperature"][1]))
    assert planned.outlook.certain == 1.0
    with pytest.raises(PlanError, match=r"every member would fail.*\n.*Celsius given as K\?"):
        ensemble.run(planned)
    before = tree(tmp_path)
    refused(
        soilsweep("run", tmp_path / "small.yaml", "--store", tmp_path / "sites.zarr"),
        "every member would fail", "Celsius given as K?", "nothing was written", lines=None,
    )  # fmt: skip
    said = soilsweep("plan", tmp_path / "small.yaml", "--store", tmp_path / "sites.zarr", "--json")
    assert said.code == 2
    assert json.loads(said.out)["noticed"][0]["cause"] == "Celsius given as K?"
    assert tree(tmp_path) == before


def test_where_some_run_the_plan_warns_and_goes_on(tmp_path):
    planned = sites(tmp_path, soil_temperature=("degC", (-7.0, 7.1, 286.0, 23.0)))
    (notice,) = planned.warnings
    assert notice.share == planned.outlook.certain == 0.25
    said = soilsweep("plan", tmp_path / "small.yaml", "--store", tmp_path / "sites.zarr")
    assert said.code == 0
    assert "25% of 4 values, at 1 of 4 locations, are outside -80 to 80 degC" in said.out
    outcome = ensemble.run(planned)
    assert outcome.failed == 20
    assert str(notice) in outcome.warnings


def test_drivers_in_time_name_the_year_and_shares_are_a_plain_count(tmp_path):
    text = SMALL.replace("{reader: synthetic_models, n: 4}", "{reader: synthetic_models, n: 3}")
    planned = plan(tmp_path, text=text)
    experiment = planned.experiment
    drivers = [{n: v.copy() for n, v in d.items()} for d in experiment.drivers]
    random = np.random.default_rng(3)
    for d in drivers[:2]:
        d["npp"] *= np.where(random.random(d["npp"].shape) < 0.3, 1000.0, 1.0)
    drivers[1]["npp"][0, 17] = -5e6
    spoilt = Experiment(**{**vars(experiment), "drivers": drivers})
    (notice,), failing = driver_notices(spoilt, {"npp"})
    every = np.stack([d["npp"] for d in drivers])
    assert notice.share == np.mean((every < -10.0) | (every > 200.0))
    assert notice.value == -5e6
    assert notice.place == f"{experiment.forcings[1]}, global, {experiment.years[17]}"
    assert "of 2 of 3 forcings" in str(notice)
    # The two-box kernel holds no range of its own: it runs them.
    assert not notice.fails
    assert not np.any(failing)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_counted_and_fails(value, tmp_path):
    experiment = sites(tmp_path).experiment
    drivers = [{n: v.copy() for n, v in d.items()} for d in experiment.drivers]
    drivers[0]["clay"][2] = value
    (notice,), (failing,) = driver_notices(
        Experiment(**{**vars(experiment), "drivers": drivers}), {"clay"}
    )
    assert notice.share == 0.25
    assert notice.fails
    assert failing.tolist() == [False, False, True, False]


def test_a_driver_that_no_stage_reads_fails_nobody(tmp_path):
    experiment = sites(tmp_path, soil_temperature=("K", COLUMNS["soil_temperature"][1])).experiment
    (notice,), (failing,) = driver_notices(experiment, set())
    assert notice.name == "soil_temperature"
    assert not notice.fails
    assert not failing.any()


BEYOND = SITES.replace("beta: {uniform: [1.1, 2.0]}", "e1: {normal: [0.55, 0.3]}")


def test_a_distribution_that_leaves_the_bounds_is_foretold_with_its_share(tmp_path):
    (notice,) = sites(tmp_path, BEYOND).warnings
    share = 0.5 * (erfc(0.55 / 0.3 / sqrt(2)) + erfc(0.45 / 0.3 / sqrt(2)))
    assert (notice.kind, notice.name) == (DESIGN, "e1")
    assert notice.share == pytest.approx(share, rel=1e-9)
    said = f"e1: {percent(share)} of its distribution is outside 0 to 1, the kernel's bounds"
    assert str(notice).startswith(said)


def test_a_parameter_in_another_unit_is_told(tmp_path):
    text = SMALL.replace("{normal: [38.3, 11], lower: 2}", "{normal: [700, 50], lower: 500}")
    planned = ensemble.plan(load(tmp_path, text), store=tmp_path / "x.zarr")
    (notice,) = planned.warnings
    assert (notice.kind, notice.name, notice.share) == (DESIGN, "tau_soil_obs", 1.0)
    assert notice.cause == "months given as years?"


def test_a_default_that_does_not_exist_is_told_and_is_no_number(tmp_path):
    rows = [f"{y},M,{1e-6 * (1 + y % 2)},50,{600 + y - 1980},1500" for y in range(1980, 1991)]
    (tmp_path / "a.csv").write_text("\n".join(["year,model,NPP,Rh,cVeg,cSoil", *rows]))
    units = "{NPP: Pg C yr-1, Rh: Pg C yr-1, cVeg: Pg C, cSoil: Pg C}"
    text = f"""
version: 1
name: none
kernel: {{name: two_box, reference: [1982, 1990]}}
forcing: {{reader: annual_table, path: a.csv, units: {units}}}
design: {{method: monte_carlo, n: 5, parameters: {{tau_veg_obs: {{uniform: [5, 15]}}}}}}
seed: 1
outputs: {{c_soil: last}}
"""
    planned = ensemble.plan(load(tmp_path, text), store=tmp_path / "x.zarr")
    found = {n.name: n for n in planned.warnings if n.kind == DEFAULT}
    said = "no default follows from the drivers at 1 of 1 locations, such as M, global"
    assert said in str(found["tau_veg_obs"])
    assert found["tau_veg_obs"].share == 1.0
    assert found["tau_veg_obs"].as_json()["value"] is None


def test_the_words_of_a_reader_are_notices_too(tmp_path):
    from dataclasses import replace

    from ensemble.planning.outlook import WARNINGS_SHOWN, outlook

    planned = sites(tmp_path)
    said = [{"warnings": [f"profile {k} is short" for k in range(WARNINGS_SHOWN + 3)]}]
    found = outlook(planned.layout, said).notices
    assert {notice.kind for notice in found} == {DATA}
    assert str(found[-1]) == "and 3 more such (SOILSWEEP_ALL=1 lists them)"
    assert len(replace(planned, outlook=outlook(planned.layout, said)).warnings) == len(found)


def test_warnings_of_another_kind_are_not_hidden_behind_many_of_one(tmp_path):
    from ensemble.planning.outlook import WARNINGS_SHOWN, outlook

    planned = sites(tmp_path)
    many = [f"'P-{k}': {k} of 9 layers (3, {k} cm) are deep" for k in range(2 * WARNINGS_SHOWN)]
    found = [
        str(n) for n in outlook(planned.layout, [{"warnings": [*many, "units.csv is odd"]}]).notices
    ]
    assert found[-2:] == ["and 10 more such (SOILSWEEP_ALL=1 lists them)", "units.csv is odd"]
    assert found[:-2] == many[:WARNINGS_SHOWN]


@pytest.mark.parametrize(
    ("units", "values", "range_", "words"),
    [
        ("degC", (60.0, 55.0, 60.0), Range(low=-60.0, high=50.0), "Fahrenheit given as Celsius?"),
        ("cm", (0.3, 0.3, 0.3), Range(low=1.0, high=1e3), "m given as cm?"),
        ("g C m-2 d-1", (900.0, 400.0, 900.0), Range(low=0.0, high=10.0, peak=0.01),
         "g given as kg or a year's sum given as a day's?"),
        ("Pg C", (4e14, 4e14, 4e14), Range(low=100.0, high=5e3), "kg given as Pg?"),
        ("1", (7e9, 7e9, 7e9), Range(low=0.0, high=1.0), ""),
    ],
)  # fmt: skip
def test_a_cause_brings_all_of_a_data_set_back(units, values, range_, words):
    assert cause(Sample(*values), units, range_) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (1, "100%"), (1e-9, "less than 0.01%"), (1 - 1e-9, "more than 99.99%"),
     (0.5, "50%"), (0.12345, "12.35%"), (0.9999, "99.99%")],
)  # fmt: skip
def test_a_share_is_never_rounded_to_none_or_all(share, words):
    assert percent(share) == words
