"""When values hold: bounds first, then stamps; any unit of time, any calendar, either end."""

import netCDF4
import numpy as np
import pytest

from scenarios.forcing.common.times import When, complaints, dates_of, joined

LENGTHS = {
    "noleap": [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
    "360_day": [30] * 12,
    "standard": [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
    "julian": [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
    "all_leap": [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
}
"""Of 1904."""
PER_DAY = {"days": 1, "hours": 24, "minutes": 1440, "seconds": 86400, "milliseconds": 86_400_000}
MONTHS = [(1904, month) for month in range(1, 13)]


@pytest.fixture
def file(tmp_path):
    with netCDF4.Dataset(tmp_path / "t.nc", "w") as dataset:
        yield dataset


def put(file, values, units, calendar="noleap", bounds=None, name="time", dim="time", **attrs):
    """Write a coordinate of time, and its bounds (T, 2)."""
    file.createDimension(dim, len(values))
    time = file.createVariable(name, "f8", (dim,))
    time.setncatts({"units": units, "calendar": calendar, **attrs})
    time[:] = values
    if bounds is not None:
        file.createDimension("nv", 2)
        time.bounds = "of_time"
        file.createVariable("of_time", "f8", (dim, "nv"))[:] = bounds


def months(calendar="noleap", end=1.0):
    """Return stamps and bounds of 1904, days since its beginning."""
    ends = np.cumsum(LENGTHS[calendar]).astype(float)
    begins = ends - LENGTHS[calendar]
    return begins + end * (ends - begins), np.stack([begins, ends], axis=1)


def pairs(when):
    return list(zip(when.year.tolist(), when.month.tolist(), strict=True))


@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("unit", PER_DAY)
@pytest.mark.parametrize("calendar", LENGTHS)
def test_a_mean_belongs_to_the_month_of_its_bounds(file, calendar, unit, end):
    stamps, bounds = months(calendar, end)
    scale = PER_DAY[unit]
    put(file, stamps * scale, f"{unit} since 1904-01-01", calendar, bounds * scale)
    when = dates_of(file)
    assert pairs(when) == MONTHS
    assert when.step == "month"
    assert list(complaints(when)) == []


@pytest.mark.parametrize("name", ["time_bounds", "time_bnds"])
def test_bounds_of_the_usual_names_need_no_attribute(file, name):
    stamps, bounds = months()
    put(file, stamps, "days since 1904-01-01")
    file.createDimension("nv", 2)
    file.createVariable(name, "f8", ("time", "nv"))[:] = bounds
    assert pairs(dates_of(file)) == MONTHS


def test_bounds_may_have_a_unit_of_their_own(file):
    stamps, bounds = months()
    put(file, stamps, "days since 1904-01-01", bounds=24 * bounds)
    file["of_time"].units = "hours since 1904-01-01"
    assert pairs(dates_of(file)) == MONTHS


@pytest.mark.parametrize("unit", PER_DAY)
@pytest.mark.parametrize(("end", "said", "wrong"), [(0.0, "start", "end"), (1.0, "end", "start")])
def test_stamps_at_an_end_are_asked_for_in_every_unit(file, unit, end, said, wrong):
    stamps, _ = months(end=end)
    put(file, stamps * PER_DAY[unit], f"{unit} since 1904-01-01")
    with pytest.raises(ValueError, match="say stamps: start or stamps: end"):
        dates_of(file)
    assert pairs(dates_of(file, stamps=said)) == MONTHS
    # And who says the wrong one is told that the year is not whole.
    assert list(complaints(dates_of(file, stamps=wrong)))


@pytest.mark.parametrize("end", [0.03, 0.5, 0.97])
@pytest.mark.parametrize("stamps", [None, "start", "middle", "end"])
def test_stamps_inside_a_month_are_of_it(file, end, stamps):
    put(file, months(end=end)[0], "days since 1904-01-01")
    assert pairs(dates_of(file, stamps=stamps)) == MONTHS


def test_stamps_of_two_kinds_are_refused(file):
    stamps, _ = months()
    stamps[4] -= 10
    put(file, stamps, "days since 1904-01-01")
    with pytest.raises(ValueError, match="not all stand there"):
        dates_of(file, stamps="end")


@pytest.mark.parametrize("calendar", LENGTHS)
def test_months_and_years_since_a_date(file, calendar):
    put(file, np.arange(12.0), "months since 1904-01-16", calendar)
    assert pairs(dates_of(file)) == MONTHS
    put(file, np.arange(3) + 0.5, "years since 1904-01-01", calendar, name="y", dim="y")
    when = dates_of(file, "y")
    assert (when.year.tolist(), when.step) == ([1904, 1905, 1906], "year")
    assert when.said(1) == "1905"


@pytest.mark.parametrize("calendar", LENGTHS)
@pytest.mark.parametrize("order", [1, -1])
def test_bounds_may_be_months_since_a_date(file, calendar, order):
    begins = np.arange(12.0)
    bounds = np.stack([begins, begins + 1], axis=1)[::order]
    put(file, (begins + 1)[::order], "months since 1904-01-01", calendar, bounds)
    assert pairs(dates_of(file)) == MONTHS[::order]


def test_months_since_the_first_of_one_are_asked_for(file):
    put(file, np.arange(12.0), "months since 1904-01-01")
    with pytest.raises(ValueError, match=r"1904-01-01 00:00, where a month ends"):
        dates_of(file)
    assert pairs(dates_of(file, stamps="start")) == MONTHS
    assert pairs(dates_of(file, stamps="end"))[0] == (1903, 12)


def test_years_and_days_have_ends_too(file):
    put(file, 365.0 * np.arange(1, 4), "days since 1904-01-01")
    with pytest.raises(ValueError, match="where a year ends"):
        dates_of(file)
    assert dates_of(file, stamps="end").year.tolist() == [1904, 1905, 1906]
    assert dates_of(file, stamps="start").year.tolist() == [1905, 1906, 1907]
    put(file, np.arange(365.0), "days since 1904-01-01", name="d", dim="d")
    with pytest.raises(ValueError, match="where a day ends"):
        dates_of(file, "d")
    assert list(complaints(dates_of(file, "d", "start"))) == []
    assert list(complaints(dates_of(file, "d", "end")))


def test_the_order_is_that_of_the_dates(file):
    stamps, bounds = months()
    mixed = np.array([7, 0, 11, 3, 5, 1, 2, 4, 10, 6, 9, 8])
    put(file, stamps[mixed], "days since 1904-01-01", bounds=bounds[mixed])
    when = dates_of(file)
    np.testing.assert_array_equal(when.order, np.argsort(mixed))
    assert pairs(when.take(when.order)) == MONTHS


def test_february_29_comes_before_march_1(file):
    put(file, np.arange(366) + 0.5, "days since 1904-01-01", "standard")
    when = dates_of(file)
    np.testing.assert_array_equal(when.order, np.arange(366))
    assert when.leap.sum() == 1


def test_a_coordinate_of_another_name(file):
    stamps, bounds = months()
    put(file, stamps, "days since 1904-01-01", bounds=bounds, name="when", dim="record")
    assert pairs(dates_of(file, "record")) == MONTHS
    assert dates_of(file, "nv") is None


@pytest.mark.parametrize(
    ("values", "units", "calendar", "said"),
    [
        ([0.5, 1.5], "days since yesterday", "noleap", "cannot be read"),
        ([0.5, 1.5], "fortnights since 1904-01-01", "noleap", "has time in 'fortnights since"),
        ([0.5, 1.5], "days", "noleap", r"cannot be read \(units 'days'\)"),
        ([0.5, 1.5], "days since 1904-01-01", "lunar", "has calendar 'lunar'; needed 360_day"),
        ([0.5, 4.5, 8.5], "days since 1904-01-01", "noleap", "time steps of 4 to 4 days"),
        ([0.5, np.nan], "days since 1904-01-01", "noleap", "variable 'time' has gaps"),
    ],
)
def test_what_cannot_be_read_is_refused(file, values, units, calendar, said):
    put(file, values, units, calendar)
    with pytest.raises(ValueError, match=said):
        dates_of(file)


def test_bounds_of_unlike_lengths_are_refused(file):
    stamps, bounds = months()
    bounds[3, 0] -= 31
    put(file, stamps, "days since 1904-01-01", bounds=bounds)
    with pytest.raises(ValueError, match=r"steps of 28 to 61 days \(variable 'of_time'\)"):
        dates_of(file)


def test_what_is_missing_twice_or_part_of_a_year_is_said():
    def when(*found):
        year, month = np.array(found).T
        return When(year, month, np.full_like(year, 15), "noleap", "month")

    whole = [(1901, m) for m in range(1, 13)]
    assert list(complaints(when(*whole))) == []
    assert list(complaints(when(*whole[:4], *whole[5:]))) == [
        "1901-04 is followed by 1901-06; 1 missing"
    ]
    assert list(complaints(when(*whole[:5], *whole[4:]))) == [
        "1901-05 is followed by 1901-05; there twice"
    ]
    assert list(complaints(when((1900, 12), *whole, (1902, 1)))) == [
        "begins with 1900-12; needed whole years: leave out what is before 1901",
        "ends with 1902-01; needed whole years: leave out what is of 1902",
    ]


def test_files_of_days_and_of_months_are_not_one():
    one = np.array([1901])
    parts = [When(one, one - 1900, one - 1900, "noleap", step) for step in ("day", "month")]
    with pytest.raises(ValueError, match="one value a day and one value a month"):
        joined(parts)
