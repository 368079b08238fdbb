"""Drivers beside the ranges that kernels declare, value by value, without running a kernel."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.members.experiment import Experiment
from ensemble.planning.causes import Sample, cause
from ensemble.planning.notices import DRIVER, Notice, between, percent, with_unit
from kernels import F8, Kernel, Range, Variable

BOOL = NDArray[np.bool_]

AT_ONCE = 1 << 24
"""Values that are looked at together: daily drivers of a continent are gigabytes."""

SAMPLE = 100_000
"""Values of a forcing of which the middle one is taken."""


@dataclass
class _Tally:
    """What is out of range of one driver, over all forcings.

    Attributes
    ----------
    out, values : int
        Values beyond the range, and all.
    places, locations : int
        Pairs of forcing and location with such a value, and all.
    forcings : list of int
        In which it is.
    distance : float
        Of the worst value beyond the range; infinite where it is not finite.
    """

    out: int = 0
    values: int = 0
    places: int = 0
    locations: int = 0
    forcings: tuple[int, ...] = ()
    worst: float = math.nan
    distance: float = -1.0
    at: tuple[int, ...] = ()
    middle: float = math.nan
    largest: float = -math.inf

    @property
    def share(self) -> float:
        return self.out / self.values

    @property
    def sample(self) -> Sample:
        return Sample(self.worst, self.middle, self.largest)


def driver_notices(
    experiment: Experiment, read: Collection[str]
) -> tuple[list[Notice], list[BOOL]]:
    """Return what is out of range, and the locations at which every member fails for it.

    Parameters
    ----------
    experiment : Experiment
    read : collection of str
        Drivers that the run's stages read; of the others nothing can fail.

    Returns
    -------
    list of Notice
        One a driver, with exact shares over forcings, locations and times.
    list of ndarray, shape (L,), bool
        By forcing.
    """
    failing = [np.zeros(len(experiment.locations.names), np.bool_) for _ in experiment.forcings]
    notices: list[Notice] = []
    for driver in experiment.kernel.drivers:
        if driver.expected_range is None:
            continue
        notices += _of_driver(
            experiment, driver, driver.expected_range, driver.name in read, failing
        )
    return notices, failing


def _of_driver(
    experiment: Experiment, driver: Variable, range_: Range, read: bool, failing: list[BOOL]
) -> Iterator[Notice]:
    ends = _ends(experiment, driver)
    if _within(ends, range_.low, range_.high):
        yield from _too_small(experiment, driver, range_, ends)
        return
    if not _within(ends, range_.lower, range_.upper):
        widest = _widest(experiment.kernel, driver.name, range_)
        tally = _count(experiment, driver, ends, range_.lower, range_.upper)
        if read:
            _mark(experiment, driver, widest, failing)
        yield _notice(experiment, driver, range_, tally, accepted=False, fails=read)
        return
    tally = _count(experiment, driver, ends, range_.low, range_.high)
    yield _notice(experiment, driver, range_, tally, accepted=True, fails=False)


def _ends(experiment: Experiment, driver: Variable) -> list[tuple[float, float]]:
    """Return the least and the largest value of every forcing; NaN where one is not finite."""
    return [
        (float(values.min()), float(values.max())) if values.size else (math.inf, -math.inf)
        for values in (np.asarray(drivers[driver.name]) for drivers in experiment.drivers)
    ]


def _within(ends: list[tuple[float, float]], lower: float, upper: float) -> bool:
    """Return whether every forcing is finite and within a range; of no values, yes."""
    return all(
        least > most or (lower <= least and most <= upper and math.isfinite(most - least))
        for least, most in ends
    )


def _widest(kernel: Kernel, name: str, range_: Range) -> tuple[float, float]:
    """Return beyond what every link of a chain that reads a driver fails: the widest range."""
    ranges = [
        d.expected_range
        for part in kernel.parts
        for d in part.drivers
        if d.name == name and d.expected_range
    ] or [range_]
    return min(r.lower for r in ranges), max(r.upper for r in ranges)


def _outside(values: F8, lower: float, upper: float) -> BOOL:
    outside: BOOL = ~((values >= lower) & (values <= upper) & np.isfinite(values))
    return outside


def _parts(experiment: Experiment, name: str, f: int) -> Iterator[tuple[int, F8]]:
    """Yield the values of a forcing, some locations at a time, with the first's number."""
    values = experiment.drivers[f][name]
    step = max(1, AT_ONCE // max(1, math.prod(values.shape[1:])))
    for first in range(0, len(values), step):
        yield first, np.asarray(values[first : first + step], dtype=np.float64)


def _count(
    experiment: Experiment,
    driver: Variable,
    ends: list[tuple[float, float]],
    lower: float,
    upper: float,
) -> _Tally:
    """Return how much of a driver is beyond a range, over all forcings."""
    tally = _Tally()
    for f, (least, most) in enumerate(ends):
        whole = experiment.drivers[f][driver.name]
        tally.values += whole.size
        tally.locations += len(whole)
        if _within([(least, most)], lower, upper):
            continue
        tally.forcings += (f,)
        tally.largest = max(tally.largest, most)
        for first, values in _parts(experiment, driver.name, f):
            out = _outside(values, lower, upper)
            tally.out += int(out.sum())
            tally.places += int(out.reshape(len(out), -1).any(axis=1).sum())
            _worst(tally, values, out, (f, first), lower, upper)
    f = tally.at[0]
    tally.middle = _middle(np.asarray(experiment.drivers[f][driver.name]))
    return tally


def _worst(
    tally: _Tally, values: F8, out: BOOL, begin: tuple[int, int],
    lower: float, upper: float,
) -> None:  # fmt: skip
    """Keep the value that is farthest beyond the range, and where it is."""
    if not out.any():
        return
    with np.errstate(invalid="ignore"):
        distance = np.where(out, np.maximum(lower - values, values - upper), -1.0)
    distance = np.where(out & ~np.isfinite(values), np.inf, distance)
    flat = int(distance.argmax())
    if distance.reshape(-1)[flat] > tally.distance:
        tally.distance = float(distance.reshape(-1)[flat])
        tally.worst = float(values.reshape(-1)[flat])
        place, *rest = (int(k) for k in np.unravel_index(flat, values.shape))
        tally.at = (begin[0], begin[1] + place, *rest)


def _middle(values: F8) -> float:
    """Return the median of a forcing, of evenly spaced values where there are many."""
    flat = values.reshape(-1)
    some = np.asarray(flat[:: max(1, flat.size // SAMPLE)], dtype=np.float64)
    finite = some[np.isfinite(some)]
    return float(np.median(finite)) if finite.size else math.nan


def _mark(
    experiment: Experiment, driver: Variable, ends: tuple[float, float], failing: list[BOOL]
) -> None:
    """Mark locations at which a value of a driver is beyond what kernels accept."""
    for f, marks in enumerate(failing):
        for first, values in _parts(experiment, driver.name, f):
            out = _outside(values, *ends).reshape(len(values), -1).any(axis=1)
            marks[first : first + len(values)] |= out


def _too_small(
    experiment: Experiment, driver: Variable, range_: Range, ends: list[tuple[float, float]]
) -> Iterator[Notice]:
    """Yield a driver that nowhere reaches what soils and plants reach somewhere."""
    small = [f for f, (_, most) in enumerate(ends) if math.isfinite(most) and most < range_.peak]
    if not small:
        return
    f = max(small, key=lambda k: ends[k][1])
    values, most = np.asarray(experiment.drivers[f][driver.name]), ends[f][1]
    at = (f, *(int(k) for k in np.unravel_index(int(values.argmax()), values.shape)))
    why = cause(Sample(most, _middle(values), most), driver.units, range_)
    where = place_of(experiment, driver, at)
    reached, peak = (with_unit(value, driver.units) for value in (most, range_.peak))
    text = (
        f"{driver.name}{_of(experiment, tuple(small))}: the largest value of all is {reached} "
        f"({where}), and such data reach {peak} or more somewhere: {why or ASK}"
    )
    yield Notice(
        DRIVER, text, driver.name, len(small) / len(ends), most, range_.peak, range_.high,
        driver.units, where, why,
    )  # fmt: skip


ASK = "check the unit"
ASK_SOME = (
    "the middle value is inside, so that the unit may be right: check these values, or leave their "
    "locations out"
)
COMPUTE = (
    ", or compute the driver from its column by an expression that adds or clips: `soilsweep "
    "describe scenario mimics-reynolds-creek` shows both"
)
"""Of a reader whose columns may be expressions."""
ACCEPTED = "what the kernel accepts"


def _notice(
    experiment: Experiment,
    driver: Variable,
    range_: Range,
    tally: _Tally,
    *,
    accepted: bool,
    fails: bool,
) -> Notice:
    """Return what is said of values that a kernel does not accept, or does but nobody sees."""
    lower, upper = (range_.low, range_.high) if accepted else (range_.lower, range_.upper)
    why = cause(tally.sample, driver.units, range_)
    where = place_of(experiment, driver, tally.at)
    beyond = between(lower, upper, driver.units)
    whose = "what is seen" if accepted else ACCEPTED
    text = (
        f"{driver.name}{_of(experiment, tally.forcings)}: {percent(tally.share)} of "
        f"{tally.values:,} values, at {tally.places:,} of {tally.locations:,} locations, are "
        f"outside {beyond}, {whose}; the worst is {with_unit(tally.worst, driver.units)} "
        f"({where}): {why or _advice(experiment, lower <= tally.middle <= upper)}"
    )
    if fails:
        text += f"{'' if why else ';'} members there fail"
    return Notice(
        DRIVER, text, driver.name, tally.share, tally.worst, lower, upper, driver.units, where,
        why, fails,
    )  # fmt: skip


def _advice(experiment: Experiment, few: bool) -> str:
    """Return what to do where no cause is likely; ``few`` says that the middle value is inside."""
    if not few:
        return ASK
    computes = any(reader.computes for reader in experiment.scenario.forcing)
    return f"{ASK_SOME}{COMPUTE if computes else ''}"


def _of(experiment: Experiment, some: tuple[int, ...]) -> str:
    """Return which forcings are meant; nothing where there is one."""
    if len(experiment.forcings) == 1:
        return ""
    if len(some) == 1:
        return f" of {experiment.forcings[some[0]]!r}"
    return f" of {len(some)} of {len(experiment.forcings)} forcings"


def place_of(experiment: Experiment, driver: Variable, at: tuple[int, ...]) -> str:
    """Return a value's place in words: forcing, location, time."""
    f, place, *steps = at
    words = [experiment.forcings[f], experiment.locations.names[place]]
    for dim, step in zip(driver.dims, steps, strict=True):
        words.append(_step(experiment, dim, step))
    return ", ".join(words)


def _step(experiment: Experiment, dim: str, step: int) -> str:
    years = experiment.years
    if dim == "time" and step < len(years):
        days = experiment.steps.days
        return f"day {days[step]} of {years[step]}" if len(days) else str(years[step])
    coordinate = experiment.coords.get(dim)
    if dim == "date" and coordinate is not None:
        # Of some days alone, too, each says which it is of all.
        step = int(coordinate[step])
        if step // 365 < len(years):
            return f"day {step % 365 + 1} of {years[step // 365]}"
        return f"{dim} {step}"
    return f"{dim} {coordinate[step]}" if coordinate is not None else f"{dim} {step}"
