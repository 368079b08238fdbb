"""When the values of a CLM history file hold: years, months and days, however it says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scenarios.forcing._served import DAYS

I8 = NDArray[np.int64]
Step = Literal["month", "day"]

MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_BEFORE = np.concatenate([[0], np.cumsum(MONTH_DAYS)[:-1]])

_LEAP = frozenset({"standard", "gregorian", "proleptic_gregorian", "julian", "366_day", "all_leap"})


@dataclass(frozen=True)
class When:
    """Dates of values, each (T,).

    ``day`` counts from 1 within the month. ``calendar`` is the file's word, empty without one.
    """

    year: I8
    month: I8
    day: I8
    calendar: str

    @property
    def step(self) -> Step:
        """Return whether there is one value a month, or a day."""
        months = 12 * self.year + self.month
        return "month" if np.unique(months).size == months.size else "day"

    @property
    def leap(self) -> NDArray[np.bool_]:
        """Return which values are of February 29."""
        return np.asarray((self.month == 2) & (self.day == 29))

    @property
    def count(self) -> I8:
        """Return months or days since year 0, every year of 12 or 365."""
        if self.step == "month":
            return np.asarray(12 * self.year + self.month - 1)
        return np.asarray(DAYS * self.year + _BEFORE[self.month - 1] + self.day - 1)

    def take(self, which: NDArray[Any]) -> "When":
        """Return some of the dates."""
        return When(self.year[which], self.month[which], self.day[which], self.calendar)

    def said(self, t: int) -> str:
        """Return a date for people."""
        date = f"{self.year[t]}-{self.month[t]:02d}"
        return date if self.step == "month" else f"{date}-{self.day[t]:02d}"


def joined(parts: list[When]) -> When:
    """Return the dates of several files in a row."""
    year, month, day = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("year", "month", "day")
    )
    return When(year, month, day, parts[0].calendar)


def complaints(when: When) -> Iterator[str]:
    """Yield what keeps rising dates, without February 29, from being whole years."""
    per_year = 12 if when.step == "month" else DAYS
    count = when.count
    for t in np.flatnonzero(np.diff(count) != 1):
        missing = int(count[t + 1] - count[t]) - 1
        what = f"{missing} missing" if missing > 0 else "out of order or there twice"
        yield f"{when.said(int(t))} is followed by {when.said(int(t) + 1)}; {what}"
    if count.size and count[0] % per_year:
        yield f"begins with {when.said(0)}; needed whole years"
    if count.size and (count[-1] + 1) % per_year:
        yield f"ends with {when.said(count.size - 1)}; needed whole years"


def dates_of(dataset: Any) -> When:
    """Return when the values of a file hold.

    By its time bounds, else its time; a whole number of days marks the end of a step, as CLM
    writes it. Without a time coordinate, variables ``year`` and ``month``, or ``mcdate``, the
    date at the end of a step.

    Raises
    ------
    ValueError
        There is none of them, or it cannot be read.
    """
    names = dataset.variables
    time = names.get("time")
    if time is not None and "since" in str(getattr(time, "units", "")):
        return _of_time(dataset, time)
    if "year" in names and "month" in names:
        year, month = (np.asarray(names[n][:], dtype=np.int64) for n in ("year", "month"))
        day = np.asarray(names["day"][:], np.int64) if "day" in names else np.full_like(year, 15)
        return When(year, month, day, "")
    if "mcdate" in names:
        return _before(np.asarray(names["mcdate"][:], dtype=np.int64))
    raise ValueError("has no time coordinate, nor year and month, nor mcdate")


def _of_time(dataset: Any, time: Any) -> When:
    import netCDF4

    calendar = str(getattr(time, "calendar", "standard")).lower()
    bounds = next(
        (dataset[n] for n in (getattr(time, "bounds", ""), "time_bounds", "time_bnds")
         if n in dataset.variables),
        None,
    )  # fmt: skip
    values = np.asarray(time[:], dtype=np.float64)
    if bounds is not None:
        values = np.asarray(bounds[:], dtype=np.float64).mean(axis=1)
    elif (values == np.rint(values)).all() and str(time.units).startswith("days"):
        values = values - 0.5
    try:
        found: Any = netCDF4.num2date(values, time.units, calendar=calendar)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"has a time coordinate that cannot be read ({error})") from error
    dates = np.atleast_1d(found)
    year, month, day = (
        np.array([getattr(d, name) for d in dates], dtype=np.int64)
        for name in ("year", "month", "day")
    )
    return When(year, month, day, calendar)


def _before(ends: I8) -> When:
    """Return the days before dates YYYYMMDD, of a calendar without leap days."""
    year, month, day = ends // 10000, ends // 100 % 100, ends % 100
    count = DAYS * year + _BEFORE[month - 1] + day - 2
    year, of_year = np.divmod(count, DAYS)
    month = np.asarray(np.searchsorted(_BEFORE, of_year, side="right"), dtype=np.int64)
    return When(year, month, of_year - _BEFORE[month - 1] + 1, "noleap")


def leaps(calendar: str) -> bool:
    """Return whether a calendar has February 29."""
    return calendar in _LEAP
