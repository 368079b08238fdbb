"""Records of sites beside a run: the location that has each, and the steps that it is held against.

A day inside the years of a run is that day. One beyond them is a window of days over the years that
are compared, so that it is of the same season (Jian et al. 2021, 10.1111/gcb.15795). A run by years
has their mean alone, which says nothing of seasons, and is said so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ensemble.members.benchmarks._contract import Asked, Moments, Task, refused
from ensemble.scores import records as rules
from ensemble.scores.seasons import month_of
from kernels import F8, I8
from scenarios.benchmarks import BenchmarkSpec
from scenarios.forcing.common.nearest_cells import distances
from scenarios.observations import SiteRecords

EDGES = ("lat_south", "lat_north", "lon_west", "lon_east")
BESIDE_KM = 30.0
"""How far a record may be from a location that is a point."""

ANNUAL = "annual mean used"
IN_THE_RUN, BEYOND, MEAN = "in the run", "window of days beyond the run", ANNUAL

Flags = NDArray[np.bool_]


class OfRecords(BenchmarkSpec):
    """Words of benchmarks that compare records of sites."""

    window: int = Field(
        default=3, ge=0, le=90, description="days on either side, of records beyond the run's years"
    )
    reading: Literal["paper", "authors_code"] = Field(
        default="paper", description="as the text of Jian et al. 2021 has it, or as their code does"
    )
    search_km: float | None = Field(
        default=None,
        ge=0,
        description="how far the nearest location may be where no cell has a record in it; by "
        "default 0, and 30 where locations are no cells",
    )
    zeros: Literal["leave_out", "keep"] = Field(
        default="leave_out",
        description="records where a model that is there already is exactly 0, as without plants",
    )
    regions: str = Field(
        default="koeppen",
        description="name of the map of classes: that regions are of, or latitude",
    )


@dataclass(frozen=True)
class Matched:
    """Records that a run has a value of, in the order of its locations.

    Attributes
    ----------
    kept : ndarray, shape (n,), int64
        Which of the records.
    place, moment : ndarray, shape (n,), int64
    moments : Moments
        Of means, in the unit of the records.
    how : ndarray, shape (n,), str
        What of the run a record is compared with.
    left_out : mapping of str to int
    """

    kept: I8
    place: I8
    moment: I8
    moments: Moments
    how: NDArray[np.str_]
    left_out: Mapping[str, int]

    def told(self, records: SiteRecords) -> dict[str, NDArray[Any]]:
        """Return what pages say of each record, by the names of a benchmark's arrays."""
        names = ("lat", "lon", "year", "day", "line")
        kept = {f"record_{name}": getattr(records, name)[self.kept] for name in names}
        return {**kept, "record_how": self.how}

    def notes(self) -> tuple[str, ...]:
        """Return what is to be said of the steps that records are compared with."""
        found, number = np.unique(self.how, return_counts=True)
        told = [f"{n:,} records: {how}" for how, n in zip(found, number, strict=True)]
        return tuple(told)


def matched(spec: OfRecords, task: Task, asked: Asked, records: SiteRecords) -> Matched:
    """Return records that have a location and a time in a run.

    Raises
    ------
    ScenarioError
        No record has, locations have no coordinates, units of another kind.
    """
    left_out: dict[str, int] = {}
    there = _timed(spec, task, asked, records, left_out)
    place = np.full(len(records.values), -1, dtype=np.int64)
    place[there] = _places(spec, task, records.lat[there], records.lon[there])
    _count(left_out, "no location of the run has it", there & (place < 0))
    bare = task.bare.get(asked.variable.name)
    if bare is not None and spec.zeros == "leave_out":
        at_zero = (place >= 0) & bare[place]
        _count(left_out, "the model is exactly 0 there", at_zero)
        place[at_zero] = -1
    keys, how = _times(spec, task, asked, records, np.flatnonzero(place >= 0))
    kept = np.array(sorted(keys, key=lambda k: place[k]), dtype=np.int64)
    _count(left_out, "its day is not in the run", int((place >= 0).sum()) - len(kept))
    if not len(kept):
        why = "; ".join(f"{text}: {n:,}" for text, n in left_out.items())
        raise refused(task, f"no record has a value of the run ({why}); needed one or more")
    distinct = {key: k for k, key in enumerate(dict.fromkeys(keys[k] for k in kept.tolist()))}
    steps = _Steps(spec, task, asked)
    means = Moments.means([steps.of(key) for key in distinct])
    try:
        moments = replace(means, shares=means.shares * asked.factor(records.units))
    except ValueError as error:
        raise refused(task, str(error), "output") from error
    moment = np.array([distinct[keys[k]] for k in kept.tolist()], dtype=np.int64)
    return Matched(
        kept, place[kept], moment, moments, np.array([how[k] for k in kept.tolist()]), left_out
    )


def _timed(
    spec: OfRecords, task: Task, asked: Asked, records: SiteRecords, left_out: dict[str, int]
) -> Flags:
    """Return which records say when they are of, as far as they are the mean of."""
    # A year whose number is not known is held against the mean of years, as one beyond the run.
    there = np.isfinite(records.year) | (records.span == "year")
    if records.span == "day":
        there &= np.isfinite(records.day)
    elif records.span == "month":
        there &= np.isfinite(records.month)
    _count(left_out, f"no year and {records.span}", ~there)
    if spec.reading == "authors_code" and asked.steps is not None and asked.steps.daily:
        before = there & (records.year < asked.steps.years.min())
        _count(left_out, "before the run (authors_code)", before)
        there &= ~before
    return there


def _count(left_out: dict[str, int], why: str, of: Flags | int) -> None:
    if number := int(np.sum(of)):
        left_out[why] = number


def _places(spec: OfRecords, task: Task, lat: F8, lon: F8) -> I8:
    """Return the location of each record, -1 where none has it."""
    columns = task.places.columns
    places = task.column("lat", "degrees_north"), task.column("lon", "degrees_east")
    if all(name in columns for name in EDGES):
        south, north, west, east = (np.asarray(columns[name]) for name in EDGES)
        found = rules.covering(lat, lon, np.stack([south, north], 1), np.stack([west, east], 1))
        reach = spec.search_km or 0.0
    else:
        found = np.full(len(lat), -1, dtype=np.int64)
        reach = BESIDE_KM if spec.search_km is None else spec.search_km
    if reach:
        for k in np.flatnonzero(found < 0):
            far = distances(float(lat[k]), float(lon[k]), *places)
            best = int(far.argmin())
            found[k] = best if far[best] <= reach else -1
    return found


Key = tuple[str | int, ...]
"""Names a set of steps: ("day", year, day), ("window", day), ("month", year or "", month)."""


def _times(
    spec: OfRecords, task: Task, asked: Asked, records: SiteRecords, some: I8
) -> tuple[dict[int, Key], dict[int, str]]:
    """Return what names the steps of each of some records, of those that the run has."""
    if asked.steps is None:
        return dict.fromkeys(some.tolist(), ("period",)), dict.fromkeys(some.tolist(), MEAN)
    years = {*np.unique(asked.steps.years).tolist()}
    last = (task.period or (0, max(years)))[1]
    days = {*(asked.steps.years * 366 + asked.steps.days).tolist()} if asked.steps.daily else set()
    keys: dict[int, Key] = {}
    how: dict[int, str] = {}
    for k in some.tolist():
        year = int(records.year[k]) if np.isfinite(records.year[k]) else -1
        inside = year in years and not (spec.reading == "authors_code" and year >= last)
        if records.span == "year":
            keys[k], how[k] = (("year", year), IN_THE_RUN) if inside else (("period",), MEAN)
        elif not days:
            keys[k], how[k] = ("period",), MEAN
        elif records.span == "month":
            month = int(records.month[k])
            keys[k] = ("month", year if inside else "", month)
            how[k] = IN_THE_RUN if inside else "months over the years that are compared"
        elif not inside:
            keys[k], how[k] = ("window", int(records.day[k])), BEYOND
        elif year * 366 + (day := min(int(records.day[k]), rules.YEAR)) in days:
            keys[k], how[k] = ("day", year, day), IN_THE_RUN
    return keys, how


class _Steps:
    """Steps of a run by what names them."""

    def __init__(self, spec: OfRecords, task: Task, asked: Asked) -> None:
        self._spec, self._asked = spec, asked
        self._period = asked.in_years(task.period)
        if not len(self._period):
            first, last = task.period or (0, 0)
            text = f"the run has no year of {first} to {last}; needed one or more"
            raise refused(task, text, "period")

    def of(self, key: Key) -> I8:
        """Return the steps (one or more) of a key."""
        steps = self._asked.steps
        if steps is None or key[0] == "period":
            return self._period
        if key[0] == "year":
            return np.flatnonzero(steps.years == key[1])
        if key[0] == "day":
            return np.flatnonzero((steps.years == key[1]) & (steps.days == key[2]))
        if key[0] == "month":
            here = self._period if key[1] == "" else np.flatnonzero(steps.years == key[1])
            return np.asarray(here[month_of(steps.days[here]) == int(key[2]) - 1])
        wraps = self._spec.reading == "paper"
        days = rules.window(int(key[1]), self._spec.window, wraps=wraps)
        return np.asarray(self._period[np.isin(steps.days[self._period], days)])
