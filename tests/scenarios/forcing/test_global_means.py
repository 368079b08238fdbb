"""Facts of the reader of monthly global means; refusals are in test_refusals.py."""

import csv
import json
import os
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from pydantic import ValidationError

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.common.annual_means import month_days
from scenarios.forcing.global_means import Spec

NPP = Variable("npp", "Pg C yr-1", "net primary production")
RH = Variable("rh", "Pg C yr-1", "heterotrophic respiration")
C_VEG = Variable("c_veg_model", "Pg C", "vegetation carbon")
C_SOIL = Variable("c_soil_model", "Pg C", "soil carbon, litter included")
NEEDS = (NPP, RH, C_VEG, C_SOIL)
UNITS = {"npp": "kg C m-2 d-1", "rh": "kg C m-2 d-1", "c_veg_model": "kg C m-2"}
UNITS["c_soil_model"] = "kg C m-2"

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("SOILSWEEP_DATA", ROOT / ".." / "shared" / "data"))
TRENDY = DATA / "trendy_v9_s2"
AREA = 8.545906794e13


def write(folder, variable, values, *, model="A", units="", time=None, calendar=None):
    with netCDF4.Dataset(folder / f"{model}_S2_{variable}_gm.nc", "w") as dataset:
        dataset.createDimension("time", len(values))
        made = dataset.createVariable(variable, "f8", ("time",))
        made[:] = values
        if units:
            made.units = units
        if time is not None:
            coordinate = dataset.createVariable("time", "f8", ("time",))
            coordinate[:] = time
            coordinate.units = "days since 1900-01-01"
            if calendar:
                coordinate.calendar = calendar


def read(folder, needs=(NPP,), **words):
    units = {need.name: UNITS[need.name] for need in needs}
    words = {"members": {"A": {"start": 1900}}, "units": units, "area": 1e10, **words}
    words = {"steps": "months", **words}
    pattern = "{model}_S2_{variable}_gm.nc"
    spec = Spec(reader="global_means", path=".", pattern=pattern, **words)
    return spec.read(needs, folder)


MONTHS = np.arange(1.0, 37.0)


@pytest.mark.parametrize(
    ("calendar", "days"),
    [
        ("equal", np.full((3, 12), 365 / 12)),
        ("360_day", np.full((3, 12), 30.0)),
        ("noleap", np.tile([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], (3, 1))),
    ],
)
def test_a_flux_is_rate_times_days(tmp_path, calendar, days):
    write(tmp_path, "npp", MONTHS)
    (found,) = read(tmp_path, calendar=calendar)
    # On 1e12 m2 a kg m-2 is a Pg, and this is a hundredth of it.
    expected = 0.01 * (MONTHS.reshape(3, 12) * days).sum(axis=1)
    np.testing.assert_allclose(found.drivers["npp"][0], expected, rtol=1e-14)
    assert found.coords["year"].tolist() == [1900, 1901, 1902]


def test_standard_calendar_has_leap_years():
    days = month_days("standard", np.array([1900, 1904, 2000, 2001]))
    assert days.sum(axis=1).tolist() == [365, 366, 366, 365]


def test_rates_per_second_month_and_year(tmp_path):
    write(tmp_path, "npp", MONTHS)
    rates = MONTHS.reshape(3, 12)
    for unit, expected in (
        ("mg C m-2 s-1", rates.mean(axis=1) * 365 * 86_400 / 1e8),
        ("kg C m-2 month-1", rates.sum(axis=1) / 100),
        ("kg C m-2 yr-1", rates.mean(axis=1) / 100),
        ("Pg C yr-1", rates.mean(axis=1)),
    ):
        (found,) = read(tmp_path, units={"npp": unit})
        np.testing.assert_allclose(found.drivers["npp"][0], expected, rtol=1e-13)


def test_a_stock_is_the_mean_of_the_months_or_december(tmp_path):
    write(tmp_path, "cVeg", MONTHS)
    (mean,) = read(tmp_path, (C_VEG,))
    (last,) = read(tmp_path, (C_VEG,), stock="last")
    np.testing.assert_allclose(mean.drivers["c_veg_model"], [[0.065, 0.185, 0.305]])
    np.testing.assert_allclose(last.drivers["c_veg_model"], [[0.12, 0.24, 0.36]])


def test_sums_differences_and_litter_by_default(tmp_path):
    for name, factor in (("gpp", 3.0), ("ra", 1.0), ("cSoil", 10.0), ("cLitter", 1.0)):
        write(tmp_path, name, np.full(24, factor))
    member = {"start": 1900, "variables": {"npp": ["gpp", "-ra"]}}
    (found,) = read(tmp_path, (NPP, C_SOIL), members={"A": member})
    np.testing.assert_allclose(found.drivers["npp"], [[7.3, 7.3]])
    np.testing.assert_allclose(found.drivers["c_soil_model"], [[0.11, 0.11]])
    assert found.provenance["drivers"]["npp"]["from"] == "gpp - ra"
    assert found.provenance["drivers"]["c_soil_model"]["from"] == "cSoil + cLitter"
    assert len(found.provenance["files"]) == 4
    assert str(tmp_path) not in json.dumps(dict(found.provenance))


def test_models_of_different_length_share_their_common_years(tmp_path):
    write(tmp_path, "npp", MONTHS)
    write(tmp_path, "npp", MONTHS[:24], model="B")
    a, b = read(tmp_path, members={"A": {"start": 1900}, "B": {"start": 1901}})
    assert a.coords["year"].tolist() == b.coords["year"].tolist() == [1901, 1902]
    np.testing.assert_allclose(a.drivers["npp"][0, 0], MONTHS[12:24].sum() * 3.65 / 12)


def test_years_asked_are_the_years_given(tmp_path):
    write(tmp_path, "npp", MONTHS)
    (found,) = read(tmp_path, years=(1901, 1902))
    assert found.coords["year"].tolist() == [1901, 1902]


def test_units_in_the_file_are_used(tmp_path):
    write(tmp_path, "cVeg", MONTHS, units="g m-2")
    (found,) = read(tmp_path, (C_VEG,), units={})
    np.testing.assert_allclose(found.drivers["c_veg_model"], [[6.5e-5, 18.5e-5, 30.5e-5]])


def test_units_of_one_model(tmp_path):
    write(tmp_path, "cVeg", MONTHS)
    members = {"A": {"start": 1900, "units": {"cVeg": "g C m-2"}}}
    (found,) = read(tmp_path, (C_VEG,), members=members)
    np.testing.assert_allclose(found.drivers["c_veg_model"][0, 0], 6.5e-5)


def test_a_time_coordinate_says_the_start(tmp_path):
    middle = np.cumsum(np.tile([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], 3)) - 14.0
    write(tmp_path, "npp", MONTHS, time=middle, calendar="noleap")
    for member in ({}, {"start": 1900}):
        (found,) = read(tmp_path, members={"A": member})
        assert found.coords["year"].tolist() == [1900, 1901, 1902]


def test_other_dimensions_of_length_one(tmp_path):
    with netCDF4.Dataset(tmp_path / "A_S2_npp_gm.nc", "w") as dataset:
        for name, size in (("lat", 1), ("time", 24), ("lon", 1)):
            dataset.createDimension(name, size)
        dataset.createVariable("npp", "f4", ("time", "lat", "lon"))[:] = 2.0
    (found,) = read(tmp_path)
    np.testing.assert_allclose(found.drivers["npp"], [[7.3, 7.3]])


def test_one_folder_a_model(tmp_path):
    (tmp_path / "A").mkdir()
    write(tmp_path, "npp", MONTHS)
    (tmp_path / "A_S2_npp_gm.nc").rename(tmp_path / "A" / "A_npp.nc")
    words = {"members": {"A": {"start": 1900}}, "units": {"npp": "kg C d-1"}, "steps": "months"}
    spec = Spec(reader="global_means", path=".", pattern="{model}/{model}_{variable}.nc", **words)
    assert [f.name for f in spec.read((NPP,), tmp_path)] == ["A"]


@pytest.mark.parametrize(
    "pattern", ["{model}.nc", "{model}_{variable}_{run}.nc", "{model_{variable}"]
)
def test_pattern_is_checked(pattern):
    with pytest.raises(ValidationError, match=r"needs \{model\} and \{variable\}"):
        Spec(reader="global_means", path=".", pattern=pattern, members={"A": {}})


def test_missing_months_outside_the_years_asked_do_not_matter(tmp_path):
    write(tmp_path, "npp", np.r_[np.full(12, np.nan), MONTHS])
    (found,) = read(tmp_path, years=(1901, 1903))
    assert np.isfinite(found.drivers["npp"]).all()
    with pytest.raises(ScenarioError, match="1900-01: is missing"):
        read(tmp_path)


LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def cesm(folder, values, keep=slice(None), *, stamps="end", bounds=True, scale=1, unit="days"):
    """Write monthly series of 1900 on, stamped as CESM does, with bounds; or otherwise."""
    years = len(next(iter(values.values()))) // 12
    ends = np.cumsum(np.tile(LENGTHS, years)).astype(float)
    begins = ends - np.tile(LENGTHS, years)
    at = {"start": begins, "end": ends, "middle": (begins + ends) / 2}[stamps][keep]
    for name, series in values.items():
        with netCDF4.Dataset(folder / f"A_S2_{name}_gm.nc", "w") as file:
            file.createDimension("time", None)
            file.createDimension("nv", 2)
            time = file.createVariable("time", "f8", ("time",))
            time.setncatts({"units": f"{unit} since 1900-01-01", "calendar": "noleap"})
            time[:] = at * scale
            if bounds:
                time.bounds = "time_bounds"
                made = file.createVariable("time_bounds", "f8", ("time", "nv"))
                made[:] = np.stack([begins, ends], axis=1)[keep] * scale
            file.createVariable(name, "f8", ("time",))[:] = series[keep]


def formula():
    """Return NPP and cSoil of 41 years, kg C m-2 s-1 and kg C m-2."""
    m = np.arange(12 * 41)
    wave = 1 + 0.8 * np.cos(2 * np.pi * (m % 12 - 6) / 12)
    return {"npp": 2e-8 * wave * (1 + 0.001 * (m // 12)), "cSoil": 15 + 0.001 * m}


SECONDS = {"npp": "kg C m-2 s-1", "cSoil": "kg C m-2"}
OF_CESM = {"units": SECONDS, "members": {"A": {}}, "area": 1e14, "calendar": "noleap"}


def of_1901(found):
    i = found.coords["year"].tolist().index(1901)
    return found.drivers["npp"][0, i], found.drivers["c_soil_model"][0, i]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"stamps": "start"},
        {"stamps": "middle", "bounds": False},
        {"scale": 1440, "unit": "minutes"},
        {"keep": np.random.default_rng(1).permutation(12 * 41)},
    ],
    ids=["CESM", "at the start", "in the middle, no bounds", "minutes", "in any order"],
)
def test_a_monthly_mean_belongs_to_the_month_of_its_bounds(tmp_path, how):
    """NPP and soil carbon of 1901 by hand: 63.374750 Pg C yr-1 and 1501.752603 Pg C."""
    cesm(tmp_path, formula(), **how)
    (found,) = read(tmp_path, (NPP, C_SOIL), **OF_CESM)
    assert found.coords["year"].size == 41
    assert of_1901(found) == pytest.approx((63.374750142, 1501.752603), rel=1e-9)


def test_stamps_that_may_be_of_two_months_are_asked_for(tmp_path):
    for end in ("start", "end"):
        cesm(tmp_path, formula(), stamps=end, bounds=False)
        with pytest.raises(ScenarioError, match="say stamps: start or stamps: end"):
            read(tmp_path, (NPP, C_SOIL), **OF_CESM)
        (found,) = read(tmp_path, (NPP, C_SOIL), **OF_CESM, stamps=end)
        assert of_1901(found) == pytest.approx((63.374750142, 1501.752603), rel=1e-9)
        member = {"members": {"A": {"stamps": end}}}
        (found,) = read(tmp_path, (NPP, C_SOIL), **{**OF_CESM, **member})
        assert of_1901(found)[0] == pytest.approx(63.374750142, rel=1e-9)


def test_twelve_months_from_december_are_no_year(tmp_path):
    """Who was once told to leave out what was before the stamp of January 1 had such files."""
    cesm(tmp_path, formula(), slice(11, 12 * 41 - 1))
    with pytest.raises(ScenarioError) as error:
        read(tmp_path, (NPP, C_SOIL), **OF_CESM)
    said = "begins with 1900-12; needed whole years: leave out what is before 1901 and 1 more ("
    assert said in str(error.value)


@pytest.mark.parametrize("timed", [False, True], ids=["no time", "time"])
def test_monthly_fluxes_with_annual_stocks(tmp_path, timed):
    """As YIBs and SDGVM are published: 1,440 months of NPP, 120 years of stocks."""
    npp, stock = 1 + np.arange(1440.0) % 12, 100 + np.arange(120.0)
    if timed:
        months = np.cumsum(np.tile(LENGTHS, 120)) - 14.0
        write(tmp_path, "npp", npp, time=months, calendar="noleap")
        write(tmp_path, "cVeg", stock, time=365 * np.arange(120) + 180.0, calendar="noleap")
    else:
        write(tmp_path, "npp", npp)
        write(tmp_path, "cVeg", stock)
    members = {} if timed else {"start": 1900}
    (found,) = read(tmp_path, (NPP, C_VEG), members={"A": members}, steps=None)
    assert found.coords["year"].tolist() == list(range(1900, 2020))
    np.testing.assert_allclose(found.drivers["c_veg_model"][0], stock / 100, rtol=1e-14)
    np.testing.assert_allclose(found.drivers["npp"][0], 78 * 365 / 12 / 100, rtol=1e-12)
    assert found.provenance["annual"] == ["cVeg"]
    (part,) = read(tmp_path, (NPP, C_VEG), members={"A": members}, years=(1950, 1959))
    np.testing.assert_allclose(part.drivers["c_veg_model"][0], stock[50:60] / 100)


@pytest.mark.parametrize("where", ["reader", "member"])
def test_values_without_a_time_are_months_or_years_as_the_scenario_says(tmp_path, where):
    """1,440 values are 120 years of months, or 1,440 years: nothing in the file tells."""
    write(tmp_path, "npp", 1 + np.arange(1440.0) % 12)
    write(tmp_path, "cVeg", np.full(1440, 100.0))
    with pytest.raises(ScenarioError) as error:
        read(tmp_path, (NPP, C_VEG), steps=None)
    assert str(error.value) == (
        "scenario: forcing.members.A: the files have no time coordinate, and npp has 1,440 values "
        "(A_S2_npp_gm.nc): 120 years of months, or 1,440 years; say steps: months or steps: years"
    )
    found = {}
    for steps in ("months", "years"):
        words = {"members": {"A": {"start": 500, "steps": steps}}, "steps": None}
        words = {"members": {"A": {"start": 500}}, "steps": steps} if where == "reader" else words
        (found[steps],) = read(tmp_path, (NPP, C_VEG), **words)
    assert found["months"].coords["year"].tolist() == list(range(500, 620))
    assert found["years"].coords["year"].tolist() == list(range(500, 1940))
    # A hundredth of a Pg for every kg m-2: of the mean rate of a year, or of each value's own.
    months, years = (found[steps].drivers["npp"][0] for steps in ("months", "years"))
    np.testing.assert_allclose(months, 6.5 * 365 / 100, rtol=1e-12)
    np.testing.assert_allclose(years, (1 + np.arange(1440.0) % 12) * 365 / 100, rtol=1e-12)


def test_values_that_are_no_whole_years_of_months_are_not_taken_for_years(tmp_path):
    write(tmp_path, "npp", np.ones(100))
    with pytest.raises(ScenarioError, match="no whole years of months, or 100 years; say steps"):
        read(tmp_path, steps=None)
    with pytest.raises(ScenarioError, match="has 100 months; needed whole years"):
        read(tmp_path)
    (found,) = read(tmp_path, steps="years")
    assert found.coords["year"].tolist() == list(range(1900, 2000))


@pytest.mark.parametrize(
    ("dated", "untold", "annual"), [(36, 36, []), (36, 3, ["npp"]), (3, 36, ["cVeg"]), (3, 3, None)]
)
def test_a_series_with_a_time_tells_of_those_without(tmp_path, dated, untold, annual):
    """Of cVeg a file says what its values are; npp has as many, or twelve times as many or few."""
    at = np.cumsum(np.tile(LENGTHS, 3)) - 14.0 if dated == 36 else 365 * np.arange(3) + 180.0
    write(tmp_path, "cVeg", np.ones(dated), time=at, calendar="noleap")
    write(tmp_path, "npp", np.ones(untold))
    (found,) = read(tmp_path, (NPP, C_VEG), steps=None)
    assert found.coords["year"].tolist() == [1900, 1901, 1902]
    assert found.provenance["annual"] == (["npp", "cVeg"] if annual is None else annual)
    np.testing.assert_allclose(found.drivers["npp"], 3.65, rtol=1e-12)


def test_lengths_of_one_model_are_compared(tmp_path):
    write(tmp_path, "npp", np.ones(1440))
    # 108 values are no twelfth of 1,440, and no file says what either is: the scenario has to.
    for n in (108, 240, 1428):
        write(tmp_path, "cVeg", np.ones(n))
        for years in (None, (1900, 1905)):
            with pytest.raises(ScenarioError) as error:
                read(tmp_path, (NPP, C_VEG), years=years)
            said = f"npp has 1440 months, 1900-2019; cVeg has {n} months, 1900-{1899 + n // 12}"
            assert said in str(error.value)


def test_years_that_only_some_variables_have_are_asked_for(tmp_path):
    months = np.cumsum(np.tile(LENGTHS, 4)) - 14.0
    write(tmp_path, "npp", np.ones(48), time=months, calendar="noleap")
    write(tmp_path, "cVeg", np.ones(36), time=months[:36], calendar="noleap")
    with pytest.raises(ScenarioError, match=r"say years: \[1900, 1902\]"):
        read(tmp_path, (NPP, C_VEG), members={"A": {}})
    (found,) = read(tmp_path, (NPP, C_VEG), members={"A": {}}, years=(1900, 1902))
    assert found.coords["year"].tolist() == [1900, 1901, 1902]


@pytest.mark.parametrize("fill", [-99.0, -999.0, -9999.0, 1e20, 9.969209968386869e36, np.nan])
@pytest.mark.parametrize("variable", ["npp", "cVeg"])
def test_a_gap_of_one_month_is_named(tmp_path, variable, fill):
    """A year's mean would hide it: eleven months of 5000 and one of -99 are 4575."""
    for name in ("npp", "cVeg"):
        values = np.full(36, 5000.0)
        if name == variable:
            values[16] = fill
        write(tmp_path, name, values)
    with pytest.raises(ScenarioError) as error:
        read(tmp_path, (NPP, C_VEG))
    assert f"A_S2_{variable}_gm.nc: model 'A', variable '{variable}', 1901-05: is missing" in str(
        error.value
    )


def test_a_month_with_less_than_no_stock_is_named(tmp_path):
    values = np.full(36, 5.0)
    values[16] = -1.0
    write(tmp_path, "cVeg", values)
    with pytest.raises(ScenarioError, match="1901-05: found -1; needed 0 or more"):
        read(tmp_path, (C_VEG,))


def trendy(**words):
    visit = {
        "start": 1860,
        "variables": {"npp": ["gpp", "-ra"], "c_soil_model": ["cSoil", "cLitter"]},
    }
    words = {"area": AREA, "years": (1901, 2018), "steps": "months", **words}
    spec = Spec(
        reader="global_means",
        path="global_means",
        pattern="{model}_S2_{variable}_gm.nc",
        units=UNITS,
        members={"VISIT": visit, "JULES-ES-1p0": {"start": 1700}},
        **words,
    )
    return spec.read(NEEDS, TRENDY)


def annual_table():
    with (TRENDY / "annual_global.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = {"npp": "NPP", "rh": "Rh", "c_veg_model": "cVeg", "c_soil_model": "cSoil"}
    return {
        (model, name): np.array([float(r[column]) for r in rows if r["model"] == model])
        for model in ("VISIT", "JULES-ES-1p0")
        for name, column in columns.items()
    }


real = pytest.mark.skipif(not TRENDY.is_dir(), reason=f"real TRENDY data is not at {TRENDY}")


@real
def test_trendy_months_give_the_annual_table_to_its_last_digit():
    table = annual_table()
    for found in trendy():
        for name, values in found.drivers.items():
            np.testing.assert_array_equal(np.round(values[0], 5), table[found.name, name])


@real
@pytest.mark.parametrize(
    ("words", "low", "high"),
    [
        # The area as the data's README rounds it, and what other conventions would do.
        ({"area": 85.46e12}, 1.0e-5, 1.2e-5),
        ({"calendar": "noleap"}, 5e-4, 2.1e-3),
        ({"calendar": "standard"}, 2e-3, 4e-3),
        ({"calendar": "360_day"}, 1.3e-2, 1.4e-2),
        ({"stock": "last"}, 1e-4, 2e-3),
    ],
)
def test_other_conventions_do_not(words, low, high):
    table = annual_table()
    off = max(
        np.abs(values[0] / table[found.name, name] - 1).max()
        for found in trendy(**words)
        for name, values in found.drivers.items()
    )
    assert low < off < high


@pytest.mark.parametrize(("area", "said"), [(8.5e7, "less than any region"), (8.5e20, "the Earth")])
def test_an_area_of_another_unit_is_refused(area, said):
    with pytest.raises(ValueError, match=said):
        Spec(reader="global_means", path=".", pattern="{model}_{variable}.nc", members={"A": {}},
             area=area)  # fmt: skip
