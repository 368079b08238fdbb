"""The netcdf reader in time: any calendar, means and years by what flows, days and leap days."""

import cftime
import nc_files as nc
import numpy as np
import pytest
import xarray as xr

from scenarios import ScenarioError
from scenarios.forcing.common.calendars import CALENDARS
from scenarios.forcing.common.spans import between_months

STATE = nc.need("t", "K")
RATE = nc.need("f", "g C m-2 yr-1")
STATES, RATES = nc.need("t", "K", "time"), nc.need("f", "g C m-2 yr-1", "time")
BOTH = {"t": nc.changing("degC"), "f": nc.changing("kg C m-2 s-1", seed=1)}
ALMOST = {"rtol": 1e-12}


def by_place(found, name):
    """Return a driver as (..., lat, lon), which is the order of locations."""
    values = np.asarray(found.drivers[name])
    return values.reshape(3, 4, *values.shape[1:])


def expected(dataset, freq):
    """Return days of steps and years, from the bounds, by cftime."""
    days = nc.length(dataset["time_bnds"].values)
    years = np.array([date.year for date in dataset["time"].values])
    assert freq != "D" or (days == 1).all()
    return days, years


@pytest.mark.parametrize("calendar", CALENDARS)
@pytest.mark.parametrize("freq", ["MS", "D", "YS"])
class TestCalendars:
    def dataset(self, calendar, freq, folder):
        made = nc.with_time(BOTH, calendar, freq)
        made.to_netcdf(folder / "f.nc")
        return made

    def test_means_are_weighted_by_the_days_of_steps(self, calendar, freq, tmp_path):
        made = self.dataset(calendar, freq, tmp_path)
        days, years = expected(made, freq)
        found = nc.read(tmp_path, [STATE, RATE])
        weighted = made["t"].weighted(xr.DataArray(days, dims="time")).mean("time")
        np.testing.assert_allclose(by_place(found, "t"), weighted + 273.15, **ALMOST)
        flows = (made["f"].values * 86400e3 * days[:, None, None]).sum(axis=0)
        np.testing.assert_allclose(by_place(found, "f"), flows / np.unique(years).size, **ALMOST)

    def test_years_are_what_flows_in_them(self, calendar, freq, tmp_path):
        made = self.dataset(calendar, freq, tmp_path)
        days, years = expected(made, freq)
        found = nc.read(tmp_path, [STATES, RATES], years=[2001, 2003])
        assert found.coords["year"].tolist() == [2001, 2002, 2003]
        for k, year in enumerate((2001, 2002, 2003)):
            of = years == year
            rate, wide = made["f"].values[of] * 86400e3, days[of, None, None]
            np.testing.assert_allclose(
                by_place(found, "f")[..., k], (rate * wide).sum(axis=0), **ALMOST
            )
            mean = (made["t"].values[of] * wide).sum(axis=0) / wide.sum()
            np.testing.assert_allclose(by_place(found, "t")[..., k], mean + 273.15, **ALMOST)


@pytest.mark.parametrize(
    ("unit", "needed", "in_year"),
    [
        ("g C m-2 month-1", "g C m-2 yr-1", lambda v, days: v.sum(axis=0)),
        ("g C m-2 yr-1", "g C m-2 yr-1", lambda v, days: (v * days).sum(axis=0) / 365),
        ("g C m-2 d-1", "g C m-2 d-1", lambda v, days: (v * days).sum(axis=0) / 365),
        ("g C m-2 d-1", "g C m-2 month-1", lambda v, days: (v * days).sum(axis=0) / 12),
        ("kg C m-2", "g C m-2", lambda v, days: 1e3 * (v * days).sum(axis=0) / 365),
    ],
)
def test_units_of_time_are_those_of_the_calendar(unit, needed, in_year, tmp_path):
    made = nc.with_time({"f": nc.changing(unit)}, last=2000)
    made.to_netcdf(tmp_path / "f.nc")
    days = nc.length(made["time_bnds"].values)[:, None, None]
    for dims in ((), ("time",)):
        found = nc.read(tmp_path, [nc.need("f", needed, *dims)])
        np.testing.assert_allclose(
            by_place(found, "f").reshape(3, 4), in_year(made["f"].values, days), **ALMOST
        )


class TestWithoutTime:
    @pytest.mark.parametrize(
        ("calendar", "days"),
        [(None, 365.25), ("noleap", 365), ("360_day", 360), ("standard", 365.2425)],
    )
    def test_a_year_has_the_days_of_the_calendar_that_is_said(self, calendar, days, tmp_path):
        made = xr.Dataset({"f": nc.grid(nc.cells(), "g C m-2 d-1")})
        made.to_netcdf(tmp_path / "f.nc")
        found = nc.read(tmp_path, [RATE], calendar=calendar)
        np.testing.assert_allclose(by_place(found, "f"), days * made["f"].values, **ALMOST)

    def test_what_has_no_time_is_repeated_beside_what_has(self, tmp_path):
        made = nc.with_time({"t": nc.changing()})
        made["c"] = nc.grid(nc.cells(5), "percent")
        made.to_netcdf(tmp_path / "f.nc")
        found = nc.read(tmp_path, [STATES, nc.need("c", "1", "time")])
        expected = np.repeat(made["c"].values[..., None] / 100, 4, axis=2)
        np.testing.assert_allclose(by_place(found, "c"), expected, **ALMOST)

    def test_years_of_nothing_are_asked_for_or_repeated(self, tmp_path):
        xr.Dataset({"t": nc.grid(nc.cells())}).to_netcdf(tmp_path / "f.nc")
        with pytest.raises(ScenarioError, match="no variable has time, and the kernel needs one"):
            nc.read(tmp_path, [STATES])
        found = nc.read(tmp_path, [STATES], years=[1901, 1903])
        assert by_place(found, "t").shape == (3, 4, 3)
        assert found.coords["year"].tolist() == [1901, 1902, 1903]

    def test_twelve_months_without_years_are_a_mean_alone(self, tmp_path):
        months = np.arange(1, 13)
        made = xr.Dataset({"t": nc.grid(nc.cells(0, (12, 3, 4)), month=months)})
        made.isel(month=np.roll(np.arange(12), 5)).to_netcdf(tmp_path / "f.nc")
        days = np.array([cftime.DatetimeNoLeap(1, m, 1).daysinmonth for m in months])
        expected = (made["t"].values * days[:, None, None]).sum(axis=0) / 365 + 273.15
        np.testing.assert_allclose(by_place(nc.read(tmp_path, [STATE]), "t"), expected, **ALMOST)
        with pytest.raises(ScenarioError, match="twelve months without years"):
            nc.read(tmp_path, [STATES])

    def test_one_date_is_a_mean_alone(self, tmp_path):
        """As programs write what lasts: nothing says whether it is of a day or of ten years."""
        date = cftime.DatetimeNoLeap(2000, 1, 1)
        made = xr.Dataset({"t": nc.grid(nc.cells(0, (1, 3, 4)), time=[date])})
        made.to_netcdf(tmp_path / "f.nc")
        found = nc.read(tmp_path, [STATE])
        np.testing.assert_allclose(by_place(found, "t"), made["t"].values[0] + 273.15, **ALMOST)
        with pytest.raises(
            ScenarioError, match=r"one date without bounds, .* needed one value a y"
        ):
            nc.read(tmp_path, [STATES], years=[1999, 2001])

    def test_a_coordinate_of_whole_years_is_dates(self, tmp_path):
        made = xr.Dataset({"t": nc.grid(nc.cells(0, (3, 3, 4)), year=[1903, 1901, 1902])})
        made.to_netcdf(tmp_path / "f.nc")
        found = nc.read(tmp_path, [STATES])
        assert found.coords["year"].tolist() == [1901, 1902, 1903]
        expected = np.moveaxis(made["t"].values[[1, 2, 0]], 0, -1) + 273.15
        np.testing.assert_allclose(by_place(found, "t"), expected, **ALMOST)


class TestDays:
    DAYS = nc.need("t", "K", "date")

    def daily(self, folder, calendar):
        made = nc.with_time({"t": nc.changing()}, calendar, "D", last=2001)
        made.to_netcdf(folder / "f.nc")
        return made

    def test_days_are_as_they_stand(self, tmp_path):
        made = self.daily(tmp_path, "noleap")
        needs = [self.DAYS, nc.need("yearly", "K", "time"), nc.need("mean", "K")]
        found = nc.read(tmp_path, needs, variables={"yearly": "t", "mean": "t"})
        assert found.coords["date"].tolist() == list(range(730))
        assert found.coords["year"].tolist() == [2000, 2001]
        days = np.moveaxis(made["t"].values, 0, -1) + 273.15
        np.testing.assert_allclose(by_place(found, "t"), days, **ALMOST)
        years = days.reshape(3, 4, 2, 365).mean(axis=-1)
        np.testing.assert_allclose(by_place(found, "yearly"), years, **ALMOST)
        np.testing.assert_allclose(by_place(found, "mean"), days.mean(axis=-1), **ALMOST)

    def test_days_of_a_kernel_by_days(self, tmp_path):
        made = self.daily(tmp_path, "noleap")
        found = nc.read(tmp_path, [STATES], step="day")
        np.testing.assert_allclose(
            by_place(found, "t"), np.moveaxis(made["t"].values, 0, -1) + 273.15, **ALMOST
        )
        assert found.coords["day"].tolist() == 2 * list(range(1, 366))
        assert found.coords["year"].tolist() == 365 * [2000] + 365 * [2001]

    def test_leap_days_are_refused_or_left_out(self, tmp_path):
        made = self.daily(tmp_path, "standard")
        with pytest.raises(ScenarioError, match=r"2000-02-29 is there .*say leap_days: drop"):
            nc.read(tmp_path, [self.DAYS])
        found = nc.read(tmp_path, [self.DAYS], leap_days="drop")
        kept = [(d.month, d.day) != (2, 29) for d in made["time"].values]
        expected = np.moveaxis(made["t"].values[kept], 0, -1) + 273.15
        np.testing.assert_allclose(by_place(found, "t"), expected, **ALMOST)

    def test_years_of_360_days_are_no_days_of_kernels(self, tmp_path):
        self.daily(tmp_path, "360_day")
        with pytest.raises(ScenarioError, match=r"years of 360 days.*the kernel needs 365"):
            nc.read(tmp_path, [self.DAYS])

    def test_days_between_months_are_asked_for(self, tmp_path):
        made = nc.with_time({"t": nc.changing()}, "360_day")
        made.to_netcdf(tmp_path / "f.nc")
        with pytest.raises(ScenarioError, match=r"monthly values .* say interpolate: linear"):
            nc.read(tmp_path, [self.DAYS])
        found = nc.read(tmp_path, [self.DAYS], interpolate="linear")
        months = np.moveaxis(made["t"].values, 0, -1).reshape(12, -1) + 273.15
        np.testing.assert_allclose(found.drivers["t"], between_months(months), **ALMOST)

    def test_days_and_months_are_not_added_up(self, tmp_path):
        self.daily(tmp_path, "noleap")
        nc.with_time({"u": nc.changing()}, last=2001).to_netcdf(tmp_path / "g.nc")
        words = {"variables": {"t": ["t", "u"]}, "interpolate": "linear"}
        with pytest.raises(ScenarioError, match="'u': has one value a month and 't' one a day"):
            nc.read(tmp_path, [self.DAYS], ["f.nc", "g.nc"], **words)
        found = nc.read(tmp_path, [STATES], ["f.nc", "g.nc"], **words)
        assert by_place(found, "t").shape == (3, 4, 2)

    def test_years_are_no_days(self, tmp_path):
        nc.with_time({"t": nc.changing()}, freq="YS").to_netcdf(tmp_path / "f.nc")
        with pytest.raises(ScenarioError, match="one value a year; the kernel needs days"):
            nc.read(tmp_path, [self.DAYS])

    def test_step_is_for_kernels_by_days(self, tmp_path):
        self.daily(tmp_path, "noleap")
        for needs in ([STATE], [self.DAYS]):
            with pytest.raises(ScenarioError, match="leave step: out"):
                nc.read(tmp_path, needs, step="day")


class TestWholeYears:
    def refused(self, folder, change, match, freq="D", calendar="standard", **words):
        made = nc.with_time({"t": nc.changing()}, calendar, freq)
        change(made).to_netcdf(folder / "f.nc")
        with pytest.raises(ScenarioError, match=match) as error:
            nc.read(folder, [STATES], **words)
        assert "f.nc" in str(error.value)
        assert "'t'" in str(error.value)

    def test_a_leap_day_that_is_missing(self, tmp_path):
        def change(made):
            return made.isel(time=np.delete(np.arange(made["time"].size), 59))

        self.refused(tmp_path, change, "2000-02-28 is followed by 2000-03-01; 1 missing")

    def test_years_that_are_not_whole(self, tmp_path):
        self.refused(tmp_path, lambda m: m.isel(time=slice(1, None)), "begins with 2000-01-02")
        self.refused(tmp_path, lambda m: m.isel(time=slice(0, -1)), "ends with 2003-12-30")

    def test_years_that_are_not_there(self, tmp_path):
        self.refused(
            tmp_path, lambda m: m, "has 2000-2003; needed 1999-2003", "MS", years=[1999, 2003]
        )

    def test_years_asked_for_may_be_whole_where_the_file_is_not(self, tmp_path):
        made = nc.with_time({"t": nc.changing()}).isel(time=slice(5, -3))
        made.to_netcdf(tmp_path / "f.nc")
        assert nc.read(tmp_path, [STATES], years=[2001, 2002]).coords["year"].tolist() == [
            2001, 2002,
        ]  # fmt: skip

    def test_unlike_years_are_told_with_those_that_all_have(self, tmp_path):
        nc.with_time({"t": nc.changing()}).to_netcdf(tmp_path / "a.nc")
        nc.with_time({"f": nc.changing("kg C m-2 s-1")}, first=2001, last=2005
                     ).to_netcdf(tmp_path / "b.nc")  # fmt: skip
        with pytest.raises(ScenarioError, match=r"b.nc.* has 2001-2005; say years: \[2001, 2003\]"):
            nc.read(tmp_path, [STATE, RATE], ["a.nc", "b.nc"])
        found = nc.read(tmp_path, [STATE, RATE], ["a.nc", "b.nc"], years=[2001, 2003])
        assert found.provenance["years"] == [2001, 2003]

    def test_stamps_that_may_be_either(self, tmp_path):
        made = nc.with_time({"t": nc.changing()}).drop_vars("time_bnds")
        made["time"].attrs = {}
        made.to_netcdf(tmp_path / "f.nc")
        with pytest.raises(ScenarioError, match="say stamps: start or stamps: end"):
            nc.read(tmp_path, [STATES])
        with_bounds = nc.with_time({"t": nc.changing()})
        with_bounds.to_netcdf(tmp_path / "g.nc")
        one, other = (nc.read(tmp_path, [STATES], p, stamps=s) for p, s in
                      (("f.nc", "start"), ("g.nc", None)))  # fmt: skip
        np.testing.assert_array_equal(one.drivers["t"], other.drivers["t"])
