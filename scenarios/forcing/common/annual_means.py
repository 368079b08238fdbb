"""From monthly to annual values: days, units and areas."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kernels import F8, I8
from scenarios.units import convert, per, times

Calendar = Literal["equal", "noleap", "standard", "360_day"]
Stock = Literal["mean", "last"]

_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.float64)


def month_days(calendar: Calendar, years: I8) -> F8:
    """Return the days of the months, shape (T, 12); ``equal`` is twelve of 365/12 d."""
    if calendar == "360_day":
        return np.full((years.size, 12), 30.0)
    if calendar == "equal":
        return np.full((years.size, 12), 365.0 / 12.0)
    days = np.tile(_DAYS, (years.size, 1))
    if calendar == "standard":
        leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
        days[leap, 1] = 29.0
    return days


@dataclass(frozen=True)
class ToAnnual:
    """How months become years.

    Attributes
    ----------
    calendar : str
        What days the months have.
    stock : str
        A year's stock is the mean of its months, or the ``last``.
    area : float or None
        m2, for totals of means per m2.
    """

    calendar: Calendar
    stock: Stock
    area: float | None

    def check(self, found: str, needed: str) -> None:
        """Raise ValueError where the unit found cannot become the one needed."""
        self.annual(np.zeros((1, 12)), np.array([1901]), found, needed)

    def annual(self, monthly: F8, years: I8, found: str, needed: str) -> F8:
        """Return annual values in the needed unit.

        Parameters
        ----------
        monthly : ndarray, shape (T, 12), float64
            Rates or stocks in ``found``.
        years : ndarray, shape (T,), int64
        found, needed : str
            Units; a mean per m2 becomes a total where ``needed`` is one.

        Returns
        -------
        ndarray, shape (T,), float64
            For ``yr-1``: what flows in the calendar year, so a year has the days it has and
            not 365.25. Otherwise the mean over the year's days, or December for stocks.

        Raises
        ------
        ValueError
            The unit found cannot become the one needed.
        """
        days = month_days(self.calendar, years)
        had, wanted = per(found), per(needed)
        if wanted == "yr" and had == "month":
            # A month's total, whatever the length of the month.
            return self._convert(monthly.sum(axis=1), found, needed, "month", "yr")
        if wanted == "yr" and had not in ("", "yr"):
            return self._convert((monthly * days).sum(axis=1), found, needed, "d", "yr")
        if not wanted and self.stock == "last":
            return self._convert(monthly[:, 11], found, needed)
        mean = (monthly * days).sum(axis=1) / days.sum(axis=1)
        return self._convert(mean, found, needed)

    def _convert(self, values: F8, found: str, needed: str, *spans: str) -> F8:
        """Return values x span found (x area) in needed x span needed."""
        source, target = times(found, *spans[:1]), times(needed, *spans[1:])
        if self.area is not None:
            try:
                return convert(values * self.area, times(source, "m2"), target)
            except ValueError:
                pass  # no mean per m2; what is wrong with it, if anything, is said below
        try:
            return convert(values, source, target)
        except ValueError:
            # In the words of the file and the kernel: the spans are ours.
            convert(0.0, found, needed)
            raise
