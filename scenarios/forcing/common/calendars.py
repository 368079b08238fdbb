"""Units of time and calendars of CF: numbers of a time coordinate as days, and days as dates."""

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kernels import F8, I8

Step = Literal["day", "month", "year"]

CALENDARS = {
    **dict.fromkeys(("standard", "gregorian", "proleptic_gregorian"), "standard"),
    **dict.fromkeys(("noleap", "365_day"), "noleap"),
    **dict.fromkeys(("all_leap", "366_day"), "all_leap"),
    "360_day": "360_day",
    "julian": "julian",
}
"""Calendars as files say them, and as we do."""

MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)

UNIT = re.compile(r"\s*(?P<word>[A-Za-z]+)\s+since\s+(?P<origin>.+?)\s*", re.IGNORECASE)
_DAYS = {
    **dict.fromkeys(("d", "day", "days"), 1.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 1 / 24),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 1 / 1440),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1 / 86400),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1 / 86_400_000),
    **dict.fromkeys(("us", "microsecond", "microseconds"), 1 / 86_400_000_000),
    **dict.fromkeys(("week", "weeks"), 7.0),
}
_MONTHS = {
    **dict.fromkeys(("month", "months", "mon", "mons"), 1),
    **dict.fromkeys(("year", "years", "yr", "yrs", "common_year", "common_years"), 12),
}

ADVICE = "write CF time ('days since 1700-01-01') with time bounds"


@dataclass(frozen=True)
class Axis:
    """A unit of time and a calendar."""

    units: str
    calendar: str

    @property
    def _parts(self) -> tuple[str, str]:
        match = UNIT.fullmatch(self.units)
        assert match is not None, "asked for before"
        return match["word"].lower(), match["origin"]

    def days(self, values: F8) -> F8:
        """Return times, or bounds, as days since the origin; ValueError where no unit is known."""
        word, origin = self._parts
        if word in _DAYS:
            return values * _DAYS[word]
        if word not in _MONTHS:
            raise ValueError(f"has time in {self.units!r}; {ADVICE}")
        import cftime

        (first,) = self._dates(np.zeros(1))
        months = values.reshape(-1) * _MONTHS[word]
        whole = np.floor(months + 1e-9)
        count = 12 * first.year + first.month - 1 + whole.astype(np.int64)
        made = []
        for at in np.concatenate([count, count + 1]).tolist():
            lasts = days_in(at // 12, at % 12 + 1, self.calendar)
            begin = cftime.datetime(at // 12, at % 12 + 1, 1, calendar=self.calendar)
            # The origin's day and hour, in each month.
            into = min(first.day - 1, lasts - 1) + (first.hour + first.minute / 60) / 24
            number = cftime.date2num(begin, f"days since {origin}", calendar=self.calendar)
            made.append(float(number) + into)
        here, after = np.split(np.array(made), 2)
        return np.asarray(here + (months - whole) * (after - here)).reshape(values.shape)

    def _dates(self, days: F8) -> list[Any]:
        import cftime

        origin = self._parts[1]
        try:
            dates = cftime.num2date(
                days,
                f"days since {origin}",
                calendar=self.calendar,
                only_use_cftime_datetimes=True,
            )
        except (ValueError, TypeError, OverflowError) as error:
            text = f"has a time coordinate that cannot be read (units {self.units!r})"
            raise ValueError(f"{text}; {ADVICE}") from error
        return list(np.atleast_1d(dates))

    def dates(self, days: F8) -> tuple[I8, I8, I8]:
        """Return year, month and day of days since the origin."""
        dates = self._dates(days)
        year, month, day = (
            np.array([getattr(d, name) for d in dates], dtype=np.int64)
            for name in ("year", "month", "day")
        )
        return year, month, day

    def edges(self, days: F8, step: Step) -> tuple[F8, F8]:
        """Return how many days lie before and after times in their day, month or year."""
        early, late = [], []
        for date in self._dates(days):
            into = (date.hour + (date.minute + date.second / 60) / 60) / 24
            length = 1.0
            if step != "day":
                into += date.day - 1
                length = float(days_in(date.year, date.month, self.calendar))
            if step == "year":
                before = [days_in(date.year, m, self.calendar) for m in range(1, 13)]
                into += sum(before[: date.month - 1])
                length = float(sum(before))
            early.append(into)
            late.append(length - into)
        return np.array(early), np.array(late)

    def said(self, days: F8) -> str:
        """Return the first of some times for people."""
        (date,) = self._dates(days[:1])
        return f"{date.year}-{date.month:02d}-{date.day:02d} {date.hour:02d}:{date.minute:02d}"


def days_in(year: int, month: int, calendar: str) -> int:
    """Return the days of a month in a calendar of `CALENDARS`."""
    import calendar as months_of

    rule = CALENDARS[calendar]
    if rule == "360_day":
        return 30
    days = int(MONTH_DAYS[month - 1])
    if month != 2 or rule == "noleap":
        return days
    leap = year % 4 == 0 if rule == "julian" else months_of.isleap(year)
    return days + int(rule == "all_leap" or leap)
