"""When the values of a NetCDF file hold: settled by its bounds first, then by its stamps.

One function for every reader, `dates_of`. A monthly mean belongs to the month of its time
bounds, wherever in it (or at either end of it) the stamp stands. Without bounds a stamp inside
a month is of that month; one at 00:00 of the first of a month may be the month's beginning
(pandas' and xarray's ``MS``) or the end of the month before (CESM), and only the scenario can
say which: ``stamps: start`` or ``stamps: end``. Likewise for days and for years. Any unit of
time is read, months and years among them, in any calendar of CF. The order of values is that
of their dates, never that of the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from scenarios.forcing.common.calendars import ADVICE, UNIT, Axis
from scenarios.forcing.common.calendars import CALENDARS as CALENDARS
from scenarios.forcing.common.calendars import MONTH_DAYS as MONTH_DAYS
from scenarios.forcing.common.calendars import Step as Step

Stamps = Literal["start", "middle", "end"]
STAMPS = "where time stamps stand in their interval, for files without time bounds"
"""What ``stamps:`` says, for readers that have it."""

_BEFORE = np.concatenate([[0], np.cumsum(MONTH_DAYS)[:-1]])
_YEAR = 365

# Days that a step of a kind may have, at least and at most.
_LENGTHS: dict[Step, tuple[float, float]] = {
    "day": (0.99, 1.01),
    "month": (27.5, 31.5),
    "year": (359.0, 367.0),
}
_EDGE: dict[Step, float] = {"day": 1 / 1440, "month": 1 / 24, "year": 1 / 24}
"""Days from the edge of an interval within which a stamp is taken to stand at it."""


@dataclass(frozen=True)
class When:
    """Dates of values, each (T,), one a day, a month or a year.

    ``day`` counts from 1 within the month. ``calendar`` is the file's word, empty without one.
    """

    year: I8
    month: I8
    day: I8
    calendar: str
    step: Step

    @property
    def leap(self) -> NDArray[np.bool_]:
        """Return which values are of February 29."""
        if self.step != "day":
            return np.zeros(self.year.size, dtype=bool)
        return np.asarray((self.month == 2) & (self.day == 29))

    @property
    def per_year(self) -> int:
        """Return how many values a year has, of 365 days."""
        return {"day": _YEAR, "month": 12, "year": 1}[self.step]

    @property
    def count(self) -> I8:
        """Return days, months or years since year 0, every year of 365 days."""
        if self.step == "year":
            return self.year
        if self.step == "month":
            return np.asarray(12 * self.year + self.month - 1)
        return np.asarray(_YEAR * self.year + _BEFORE[self.month - 1] + self.day - 1)

    @property
    def order(self) -> NDArray[np.intp]:
        """Return where the values stand in the file, from the first date to the last."""
        return np.lexsort((self.day, self.month, self.year))

    def take(self, which: NDArray[Any]) -> "When":
        """Return some of the dates."""
        parts = (self.year[which], self.month[which], self.day[which])
        return When(*parts, self.calendar, self.step)

    def said(self, t: int) -> str:
        """Return a date for people."""
        if self.step == "year":
            return f"{self.year[t]}"
        date = f"{self.year[t]}-{self.month[t]:02d}"
        return date if self.step == "month" else f"{date}-{self.day[t]:02d}"


def dates_of(dataset: Any, dimension: str = "time", stamps: Stamps | None = None) -> When | None:
    """Return when values along a dimension of a file hold, in the order of the file.

    By the bounds of its time coordinate, else its stamps; without one, by the variables
    ``year`` and ``month`` (and ``day``), or ``mcdate``, CLM's date at the end of a step.

    Parameters
    ----------
    dataset : netCDF4.Dataset
    dimension : str
        Of time.
    stamps : str or None
        Where stamps stand, for files without bounds; None if the scenario does not say.

    Returns
    -------
    When or None
        None where nothing in the file says it.

    Raises
    ------
    ValueError
        It is said in a way that cannot be read, or that may mean two things.
    """
    names = dataset.variables
    time = _coordinate(dataset, dimension)
    if time is not None:
        return _of_time(dataset, time, stamps)
    if _along(names, "year", dimension) and _along(names, "month", dimension):
        return _of_columns(names, dimension)
    if _along(names, "mcdate", dimension):
        return _before(_whole(names["mcdate"]))
    if dimension in names and names[dimension].ndim == 1 and dimension == "time":
        units = str(getattr(names[dimension], "units", ""))
        raise ValueError(f"has a time coordinate that cannot be read (units {units!r}); {ADVICE}")
    return None


def _coordinate(dataset: Any, dimension: str) -> Any | None:
    """Return the variable of times along a dimension: its own, or the one that is since a date."""
    named = [dataset.variables[dimension]] if dimension in dataset.variables else []
    others = [v for n, v in dataset.variables.items() if n != dimension and not _is_bounds(n)]
    for variable in (*named, *others):
        units = getattr(variable, "units", "")
        if variable.dimensions == (dimension,) and UNIT.fullmatch(str(units)):
            return variable
    return None


def _is_bounds(name: str) -> bool:
    return name.endswith(("_bounds", "_bnds"))


def _along(names: Any, name: str, dimension: str) -> bool:
    return name in names and names[name].dimensions == (dimension,)


def _of_columns(names: Any, dimension: str) -> When:
    year, month = (_whole(names[n]) for n in ("year", "month"))
    has_days = _along(names, "day", dimension)
    day = _whole(names["day"]) if has_days else np.full_like(year, 15)
    if ((month < 1) | (month > 12)).any():
        raise ValueError(f"has a month {month.max()} in variable 'month'; needed 1 to 12")
    months = 12 * year + month
    monthly = not has_days or np.unique(months).size == months.size
    return When(year, month, day, "", "month" if monthly else "day")


def _whole(variable: Any) -> I8:
    values = np.ma.asarray(variable[:])
    if np.ma.is_masked(values):
        raise ValueError(f"variable {variable.name!r} has gaps; needed the date of every value")
    return np.asarray(np.ma.getdata(values), dtype=np.int64)


def _before(ends: I8) -> When:
    """Return the days before dates YYYYMMDD, of a calendar without leap days."""
    year, month, day = ends // 10000, ends // 100 % 100, ends % 100
    if ((month < 1) | (month > 12)).any():
        raise ValueError("variable 'mcdate' holds what is no date; needed YYYYMMDD")
    count = _YEAR * year + _BEFORE[month - 1] + day - 2
    year, of_year = np.divmod(count, _YEAR)
    month = np.asarray(np.searchsorted(_BEFORE, of_year, side="right"), dtype=np.int64)
    monthly = np.unique(12 * year + month).size == month.size
    day = of_year - _BEFORE[month - 1] + 1
    return When(year, month, day, "noleap", "month" if monthly else "day")


# --- a time coordinate ---


def _of_time(dataset: Any, time: Any, stamps: Stamps | None) -> When:
    calendar = str(getattr(time, "calendar", "standard")).lower()
    if calendar not in CALENDARS:
        raise ValueError(f"has calendar {calendar!r}; needed {', '.join(sorted(CALENDARS))}")
    axis = Axis(str(time.units), calendar)
    bounds = _bounds(dataset, time)
    if bounds is None:
        moments, step = _of_stamps(axis, _known(time), stamps)
    else:
        own = str(getattr(bounds, "units", ""))
        sides = (Axis(own, calendar) if UNIT.fullmatch(own) else axis).days(_known(bounds))
        wide = sides[:, 1] - sides[:, 0]
        moments, step = sides.mean(axis=1), _step(wide, f"variable {bounds.name!r}")
        axis = Axis(own, calendar) if UNIT.fullmatch(own) else axis
    year, month, day = axis.dates(moments)
    return When(year, month, day, calendar, step)


def _bounds(dataset: Any, time: Any) -> Any | None:
    """Return the bounds of times, (T, 2), that the file has; by their attribute, or usual names."""
    for name in (getattr(time, "bounds", ""), "time_bounds", "time_bnds"):
        bounds = dataset.variables.get(name)
        if bounds is not None and bounds.ndim == 2 and bounds.shape == (time.size, 2):
            return bounds
    return None


def _known(variable: Any) -> F8:
    values = np.ma.asarray(variable[:]).astype(np.float64)
    filled = np.ma.filled(values, np.nan)
    if not np.isfinite(filled).all():
        raise ValueError(f"variable {variable.name!r} has gaps; needed the time of every value")
    return np.asarray(filled)


def _step(days: F8, what: str) -> Step:
    for step, (least, most) in _LENGTHS.items():
        if days.size and ((days >= least) & (days <= most)).all():
            return step
    least, most = (float(f(days)) if days.size else 0.0 for f in (np.min, np.max))
    raise ValueError(
        f"has time steps of {least:g} to {most:g} days ({what}); needed days, months or years"
    )


def _of_stamps(axis: "Axis", values: F8, stamps: Stamps | None) -> tuple[F8, Step]:
    """Return moments inside the intervals that stamps belong to, days, and the step."""
    days = axis.days(values)
    apart = np.diff(np.unique(days))
    # Where a month is left out, or there twice, the others still say what the step is.
    step = _step(np.atleast_1d(np.median(apart)), "variable 'time'") if apart.size else "month"
    early, late = axis.edges(days, step)
    at_edge = np.minimum(early, late) < _EDGE[step]
    if not at_edge.any():
        return days, step
    first = axis.said(days[at_edge][:1])
    what = {"day": "a day", "month": "a month", "year": "a year"}[step]
    if stamps is None:
        raise ValueError(
            f"has no time bounds, and stamps such as {first}, where {what} ends and the next "
            "begins; say stamps: start or stamps: end (xarray writes the start, CESM the end)"
        )
    if stamps == "middle" or not at_edge.all():
        raise ValueError(
            f"has the stamp {first}, where {what} ends and the next begins, and not all stand "
            f"there, or the scenario says stamps: {stamps}; needed time bounds, or stamps that "
            "are alike"
        )
    inside = _LENGTHS[step][0] / 2
    return days + (inside if stamps == "start" else -inside), step


# --- many files, whole years ---


def joined(parts: list[When]) -> When:
    """Return the dates of several files in a row; raise ValueError where their steps differ."""
    steps = sorted({part.step for part in parts})
    if len(steps) > 1:
        raise ValueError(f"have one value a {' and one value a '.join(steps)}; needed one kind")
    year, month, day = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("year", "month", "day")
    )
    return When(year, month, day, parts[0].calendar, parts[0].step)


def complaints(when: When) -> Iterator[str]:
    """Yield what keeps rising dates, without February 29, from being whole years."""
    count, per_year = when.count, when.per_year
    for t in np.flatnonzero(np.diff(count) != 1):
        missing = int(count[t + 1] - count[t]) - 1
        what = f"{missing} missing" if missing > 0 else "there twice"
        yield f"{when.said(int(t))} is followed by {when.said(int(t) + 1)}; {what}"
    if count.size and count[0] % per_year:
        yield (
            f"begins with {when.said(0)}; needed whole years: leave out what is before "
            f"{-(-int(count[0]) // per_year)}"
        )
    if count.size and (count[-1] + 1) % per_year:
        yield (
            f"ends with {when.said(count.size - 1)}; needed whole years: leave out what is of "
            f"{int(count[-1]) // per_year}"
        )
