"""Outputs reduced in time while a tile is in memory: cells of steps, and cells of cells.

A cell is a whole year, month or season, or one day of the year. Steps are reduced within cells,
and cells over years where a climatology is asked for. Sums go step after step, whatever lies
beside them in memory: a member has the same bits in every tile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8, Variable
from scenarios import units
from scenarios.outputs import InTime

DAY = "day"
"""The coordinate of a run by days: day of the year, 1 to 365, of each step."""

DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Of the months of a year of 365 days."""

SEASONS = ("DJF", "MAM", "JJA", "SON")

_MEANINGS = {"min": "minimum", "max": "maximum", "last": "point"}
"""CF's words for verbs that are not CF's."""


@dataclass(frozen=True)
class Steps:
    """The calendar of a run: year of each step, and day of a year of 365 days where a step is one.

    ``days`` is empty where a step is a year; ``noleap`` is whether these, too, have 365 days.
    """

    years: I8
    days: I8
    dim: str = "time"
    noleap: bool = False

    @property
    def daily(self) -> bool:
        """Return whether a step is a day."""
        return len(self.days) > 0

    @property
    def calendar(self) -> str:
        """Return CF's name of the calendar that dates of this run are of."""
        return "noleap" if self.daily or self.noleap else "standard"

    @cached_property
    def bounds(self) -> I8:
        """Return where each step begins and ends, (T, 2), days since 1900-01-01 in its calendar."""
        if self.daily:
            begins = 365 * (self.years - 1900) + self.days - 1
            return np.stack([begins, begins + 1], axis=1)
        if self.noleap:
            return np.stack([365 * (self.years - 1900 + k) for k in (0, 1)], axis=1)
        turns = [[f"{y + k:04d}-01-01" for y in self.years] for k in (0, 1)]
        days = np.array(turns, dtype="datetime64[D]") - np.datetime64("1900-01-01")
        return days.astype(np.int64).T

    def parts(self, frequency: str) -> tuple[I8, I8, I8]:
        """Return year and part of the year of each step, and the steps of each whole part."""
        if frequency == "year":
            length = 365 if self.daily else 1
            return self.years, np.zeros(len(self.years), np.int64), np.array([length])
        if frequency == "doy":
            return self.years, self.days - 1, np.ones(365, np.int64)
        months = np.searchsorted(np.cumsum(DAYS), self.days)
        if frequency == "month":
            return self.years, months, DAYS
        # December begins the winter of the next year.
        quarters = np.stack([np.roll(DAYS, 1)[3 * k : 3 * k + 3] for k in range(4)]).sum(axis=1)
        return self.years + (months == 11), (months + 1) % 12 // 3, quarters


@dataclass(frozen=True)
class Cells:
    """Whole years, months or seasons, or days of the year, in the order of time.

    Attributes
    ----------
    years, parts : ndarray, shape (C,), int64
    steps : tuple of ndarray
        The steps of each.
    partial : tuple of str
        Names of those that the run or the window cuts, which are left out.
    """

    years: I8
    parts: I8
    steps: tuple[I8, ...]
    partial: tuple[str, ...]


def cells_of(reduction: InTime, steps: Steps) -> Cells:
    """Return the whole cells of a reduction's window."""
    first, last = reduction.years or (int(steps.years[0]), int(steps.years[-1]))
    seen = np.flatnonzero((steps.years >= first) & (steps.years <= last))
    years, parts, lengths = steps.parts(reduction.frequency)
    keys = np.stack([years[seen], parts[seen]], axis=1)
    found, inverse, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(inverse.reshape(-1), kind="stable")
    members = np.split(seen[order], np.cumsum(counts)[:-1])
    whole = counts == lengths[found[:, 1]]
    partial = tuple(named(reduction.frequency, *cell) for cell in found[~whole].tolist())
    kept = tuple(one for one, fits in zip(members, whole, strict=True) if fits)
    return Cells(found[whole, 0], found[whole, 1], kept, partial)


def named(frequency: str, year: int, part: int) -> str:
    """Return a cell in words, such as ``DJF 2001``."""
    if frequency == "season":
        return f"{SEASONS[part]} {year}"
    return f"{year}-{part + 1:02d}" if frequency == "month" else str(year)


@dataclass(frozen=True)
class Level:
    """Groups of places along time and what becomes of each; sums are multiplied by ``scale``."""

    groups: tuple[I8, ...]
    verb: str
    scale: float = 1.0

    def apply(self, values: F8, axis: int) -> F8:
        """Return one value per group along an axis."""
        lengths = np.array([len(group) for group in self.groups])
        return self.finish(self.fold(values, self.groups, axis), lengths, axis)

    def fold(
        self,
        values: F8,
        groups: Sequence[I8],
        axis: int,
        so_far: F8 | None = None,
        goes_on: NDArray[np.bool_] | None = None,
    ) -> F8:
        """Return what the places of groups come to, one after the other.

        Parameters
        ----------
        values : ndarray
        groups : sequence of ndarray
            Places along the axis.
        so_far : ndarray, optional
            What earlier places of those groups that go on came to, along the axis.
        goes_on : ndarray, bool, optional
            Which groups these are; none by default.
        """
        if self.verb == "last":
            return np.take(values, [group[-1] for group in groups], axis=axis)
        lengths = np.array([len(group) for group in groups])
        total = np.take(values, [group[0] for group in groups], axis=axis)
        join = {"min": np.minimum, "max": np.maximum}.get(self.verb, np.add)
        if so_far is not None and goes_on is not None and goes_on.any():
            some = np.moveaxis(total, axis, 0)
            some[goes_on] = join(np.moveaxis(so_far, axis, 0), some[goes_on])
        for j in range(1, int(lengths.max())):
            here = np.flatnonzero(lengths > j)
            part = np.take(values, [groups[k][j] for k in here.tolist()], axis=axis)
            if len(here) == len(lengths):
                join(total, part, out=total)
            else:
                some = np.moveaxis(total, axis, 0)
                some[here] = join(some[here], np.moveaxis(part, axis, 0))
        return total

    def finish(self, total: F8, lengths: I8, axis: int) -> F8:
        """Return what whole groups come to, of so many places each: a mean, or in other units."""
        if self.verb == "mean":
            total /= lengths.reshape(-1, *(1,) * (total.ndim - axis - 1))
        elif self.scale != 1.0:
            total *= self.scale
        return total


@dataclass(frozen=True)
class Times:
    """What lies along the time of a reduced output.

    Attributes
    ----------
    dim : str
    bounds : ndarray, shape (n, 2), int64
        Begin of the first and end of the last step of each, days since 1900-01-01.
    calendar : str
    places : ndarray, shape (n,), or None
        Of a climatology: months and days of the year as numbers, seasons by name.
    """

    dim: str
    bounds: I8
    calendar: str
    places: NDArray[np.generic] | None = None


@dataclass(frozen=True)
class Reduced:
    """A reduction in time of one output, ready to be applied.

    Attributes
    ----------
    variable : Variable
        As the store has it: name, units, meaning, dims.
    levels : tuple of Level
    times : Times or None
        None where one value is left.
    attrs : dict
        CF's ``cell_methods``, and what is left out.
    cut : str
        What is left out because only a part of it is there, in words; empty where nothing is.
    """

    variable: Variable
    levels: tuple[Level, ...]
    times: Times | None
    attrs: dict[str, str]
    cut: str = ""

    def apply(self, values: F8, axis: int) -> F8:
        """Return what is left of values with time along an axis."""
        for level in self.levels:
            values = level.apply(values, axis)
        return values if self.times else np.moveaxis(values, axis, 0)[0]


def reduced(reduction: InTime, variable: Variable, steps: Steps) -> Reduced:
    """Return a reduction of an output of a run.

    Raises
    ------
    ValueError
        Years outside the run, or no whole year, month or season of a kind.
    """
    cells = _checked(reduction, steps)
    text, scale = variable.units, 1.0
    if reduction.within == "sum":
        text, scale = units.over_time(variable.units, "day" if steps.daily else "year")
    levels = [Level(cells.steps, reduction.within, scale)]
    times: Times | None = _times(
        reduction, steps, cells, [np.array([k]) for k in range(len(cells.years))]
    )
    if reduction.over:
        order, inverse = np.unique(cells.parts, return_inverse=True)
        groups = tuple(np.flatnonzero(inverse.reshape(-1) == k) for k in range(len(order)))
        levels.append(Level(groups, reduction.over))
        times = None if reduction.frequency == "year" else _times(reduction, steps, cells, groups)
    axis = variable.dims.index(steps.dim)
    middle = () if times is None else (times.dim,)
    made = Variable(
        f"{variable.name}_{reduction.suffix}",
        text,
        f"{_words(reduction)} of {variable.meaning}",
        (*variable.dims[:axis], *middle, *variable.dims[axis + 1 :]),
        # A sum is another quantity than the standard name says.
        "" if reduction.within == "sum" else variable.standard_name,
    )
    cut = _cut(cells, _span(reduction, steps))
    return Reduced(made, tuple(levels), times, _attrs(reduction, times, cells), cut)


def _span(reduction: InTime, steps: Steps) -> str:
    """Return the years that are looked at, such as ``2001-2005``."""
    first, last = reduction.years or (int(steps.years[0]), int(steps.years[-1]))
    return str(first) if first == last else f"{first}-{last}"


def _cut(cells: Cells, span: str) -> str:
    """Return in words what is left out, and why."""
    if not cells.partial:
        return ""
    words = " and ".join([", ".join(cells.partial[:-1]), cells.partial[-1]]).removeprefix(" and ")
    return f"{words}, of which {span} has only a part"


def _checked(reduction: InTime, steps: Steps) -> Cells:
    """Return the cells, all of them there."""
    years = steps.years
    for year in reduction.years or ():
        if year not in years:
            raise ValueError(f"year {year} is not in the run ({years[0]}-{years[-1]})")
    cells = cells_of(reduction, steps)
    span = _span(reduction, steps)
    if not cells.steps:
        raise ValueError(f"no whole {reduction.frequency} in {span}; needed one or more")
    wanted = {"season": 4, "month": 12, "doy": 365}.get(reduction.frequency, 1)
    if reduction.over and (lacking := sorted({*range(wanted)} - {*cells.parts.tolist()})):
        what = SEASONS[lacking[0]] if reduction.frequency == "season" else f"{lacking[0] + 1}"
        what = what if reduction.frequency == "season" else f"{reduction.frequency} {what}"
        more = "; DJF needs two years or more" if what == "DJF" else ""
        raise ValueError(f"no whole {what} in {span}; needed one of each over years{more}")
    return cells


def _times(reduction: InTime, steps: Steps, cells: Cells, groups: Sequence[I8]) -> Times:
    """Return the axis of cells, or of groups of them over years."""
    first = [steps.bounds[cells.steps[group[0]][0], 0] for group in groups]
    last = [steps.bounds[cells.steps[group[-1]][-1], 1] for group in groups]
    bounds = np.stack([first, last], axis=1)
    if not reduction.over:
        return Times(f"time_{reduction.frequency}{reduction.window}", bounds, steps.calendar)
    places = np.unique(cells.parts)
    labels = (
        np.array(SEASONS, dtype=object)[places] if reduction.frequency == "season" else places + 1
    )
    word = {"doy": "day"}.get(reduction.frequency, reduction.frequency)
    return Times(f"{word}_climatology{reduction.window}", bounds, steps.calendar, labels)


def _words(reduction: InTime) -> str:
    """Return a reduction in words."""
    over = f"{reduction.over} over years" if reduction.over else ""
    if reduction.doy:
        text = f"{over} of each day of the year"
    elif reduction.over and (reduction.frequency, reduction.within) == ("year", reduction.over):
        text = over
    else:
        within = f"{reduction.within} of each {reduction.frequency}"
        text = f"{over} of the {within}" if over else within
    return text if reduction.years is None else "{}, {}-{},".format(text, *reduction.years)


def _attrs(reduction: InTime, times: Times | None, cells: Cells) -> dict[str, str]:
    dim = times.dim if times else "time"
    within, over = (_MEANINGS.get(v, v) for v in (reduction.within, reduction.over))
    methods = f"{dim}: {within}"
    if times and reduction.over:
        methods += f" within years {dim}: {over} over years"
    elif reduction.over and reduction.within != reduction.over:
        methods += f" within years {dim}: {over} over years"
    attrs = {"cell_methods": methods}
    if cells.partial:
        attrs["left_out"] = f"not whole: {', '.join(cells.partial)}"
    return attrs
