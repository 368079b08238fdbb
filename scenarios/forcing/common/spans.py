"""How long steps are in the units of rates, whether they are whole years, and days between months.

A rate over steps becomes one over years or days by what flows: the sum of rate x length, over
the length wanted, in the calendar of the file. So a leap year has its 366 days, and a month its
own; states are means by the days of their steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kernels import F8
from scenarios.forcing.common.calendars import CALENDARS, days_in
from scenarios.forcing.common.served import DAYS
from scenarios.forcing.common.times import MONTH_DAYS, When, complaints
from scenarios.units import convert, per, times

YEARS = {"equal": 365.0, "noleap": 365.0, "standard": 365.2425, "360_day": 360.0}
"""Days of a year, by what ``calendar:`` says of files without one."""


def _span(word: str) -> str:
    """Return the unit in which a time is counted: what is shorter than a month, in days."""
    return word if word in ("month", "yr") else "d"


@dataclass(frozen=True)
class Lengths:
    """The lengths of steps, (T,).

    Attributes
    ----------
    days : ndarray, shape (T,), float64
    of_month, of_year : ndarray, shape (T,), float64
        Months and years that a step is.
    """

    days: F8
    of_month: F8
    of_year: F8

    @classmethod
    def of(cls, when: When, calendar: str = "") -> "Lengths":
        """Return the lengths of dates.

        Parameters
        ----------
        when : When
        calendar : str
            Of files that do not say it.
        """
        rule = when.calendar if when.calendar in CALENDARS else calendar or "standard"
        months, inverse = np.unique(12 * when.year + when.month - 1, return_inverse=True)
        month = np.array([days_in(m // 12, m % 12 + 1, rule) for m in months.tolist()], float)
        years, back = np.unique(when.year, return_inverse=True)
        whole = [sum(days_in(y, m, rule) for m in range(1, 13)) for y in years.tolist()]
        year = np.array(whole, dtype=np.float64)[back]
        days = {"day": np.ones(year.size), "month": month[inverse], "year": year}[when.step]
        of_month = np.full(year.size, 12.0) if when.step == "year" else days / month[inverse]
        return cls(days, of_month, days / year)

    def take(self, which: slice) -> "Lengths":
        """Return those of some steps."""
        return Lengths(self.days[which], self.of_month[which], self.of_year[which])

    def in_unit(self, word: str) -> F8:
        """Return the lengths in a unit of time; in days for what is shorter than a month."""
        return {"month": self.of_month, "yr": self.of_year}.get(word, self.days)


@dataclass(frozen=True)
class Rates:
    """How values of steps become means over some of them, in the unit of a kernel.

    Attributes
    ----------
    found, needed : str
        Units.
    """

    found: str
    needed: str

    @property
    def _spans(self) -> tuple[str, str]:
        """Return the times that both are per, "" where either is not."""
        had, wanted = per(self.found), per(self.needed)
        return (_span(had), _span(wanted)) if had and wanted else ("", "")

    def weights(self, lengths: Lengths) -> tuple[F8, F8]:
        """Return what values are multiplied by, and what their sum is divided by the sum of."""
        had, wanted = self._spans
        return lengths.in_unit(had), lengths.in_unit(wanted)

    def lasting(self, values: F8, calendar: str) -> F8:
        """Return what has no time in the needed unit; raises as `convert`.

        A year has the days of the calendar; 365.25 where none is said.
        """
        had, wanted = self._spans
        if had == wanted or not calendar:
            return convert(values, self.found, self.needed)
        of_year = {"d": YEARS[calendar], "month": 12.0, "yr": 1.0}
        return self.converted(values * (of_year[had] / of_year[wanted]))

    def converted(self, values: F8) -> F8:
        """Return means by `weights` in the needed unit; raises as `convert`."""
        had, wanted = self._spans
        if had == wanted:
            return convert(values, self.found, self.needed)
        try:
            return convert(values, times(self.found, had), times(self.needed, wanted))
        except ValueError:
            # In the words of the file and the kernel: the spans are ours.
            convert(0.0, self.found, self.needed)
            raise


def in_whole_years(when: When) -> Iterator[str]:
    """Yield what keeps rising dates from being whole years of their own calendar."""
    if when.step != "day":
        yield from complaints(when)
        return
    import cftime

    rule = when.calendar if when.calendar in CALENDARS else "standard"
    dates = zip(when.year.tolist(), when.month.tolist(), when.day.tolist(), strict=True)
    days = [cftime.datetime(*date, calendar=rule) for date in dates]
    count = np.rint(cftime.date2num(days, "days since 1-1-1", calendar=rule)).astype(np.int64)
    for t in np.flatnonzero(np.diff(count) != 1).tolist():
        missing = int(count[t + 1] - count[t]) - 1
        what = f"{missing} missing" if missing > 0 else "there twice"
        yield f"{when.said(t)} is followed by {when.said(t + 1)}; {what}"
    first, last = (when.year[t] for t in (0, -1))
    if (when.month[0], when.day[0]) != (1, 1):
        text = f"begins with {when.said(0)}; needed whole years"
        yield f"{text}: leave out what is before {first + 1}"
    if (when.month[-1], when.day[-1]) != (12, days_in(int(last), 12, rule)):
        text = f"ends with {when.said(count.size - 1)}; needed whole years"
        yield f"{text}: leave out what is of {last}"


def between_months(values: F8) -> F8:
    """Return days (L, 365 Y) on lines between the middles of months, (L, 12 Y).

    Before the first and after the last middle the year is taken to go on: with the last
    December before, and the first January after.
    """
    years = values.shape[1] // 12
    ends = np.cumsum(np.tile(MONTH_DAYS, years)).astype(np.float64)
    middles = ends - np.tile(MONTH_DAYS, years) / 2
    at = np.concatenate([[-MONTH_DAYS[-1] / 2], middles, [ends[-1] + MONTH_DAYS[0] / 2]])
    days = np.arange(DAYS * years) + 0.5
    around = np.concatenate([values[:, 11:12], values, values[:, -12:-11]], axis=1)
    return np.stack([np.interp(days, at, series) for series in around])
