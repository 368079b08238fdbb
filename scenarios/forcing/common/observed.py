"""What was observed: values with what is known of each, for whoever compares or calibrates.

A reader has records, in the order of its file (`Records`); a run has them by location
(`Observed`), as they are stored, digested and compared. Depth and time are there where they mean
something, and a value stands beside the model's at that place and time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kernels import F8, I8


@dataclass(frozen=True)
class Observed:
    """Observations of one quantity at locations; repeats stand beside each other.

    Attributes
    ----------
    values : ndarray, shape (L, n), float64
        In ``units``; NaN where a location has fewer than n observations.
    top, bottom : ndarray, shape (L, n), float64, or None
        Of the interval, cm, downward from the surface of the mineral soil; NaN as ``values``.
        None of what has no depth.
    units, meaning : str
    error : ndarray, shape (L, n), float64, or None
        Standard error, ``units``; NaN where it is not known; None if none is.
    year, month, day : ndarray, shape (L, n), float64, or None
        When. ``day`` is of the month where there is one, else of the year. NaN as ``values``, and
        for a part that one value lacks; None if all do.
    line : ndarray, shape (L, n), float64, or None
        Of ``file``, counted from 1; it is in no digest.
    file : str
        For messages; empty where each value has a source of its own.
    """

    values: F8
    top: F8 | None
    bottom: F8 | None
    units: str
    meaning: str
    error: F8 | None = None
    year: F8 | None = None
    month: F8 | None = None
    day: F8 | None = None
    line: F8 | None = None
    file: str = ""

    @property
    def arrays(self) -> dict[str, F8]:
        """Return the arrays, (L, n), by what their names end in: nothing, ``_top``, ``_error``."""
        every = {part: getattr(self, part) for part in PARTS}
        known = {f"_{part}": array for part, array in every.items() if array is not None}
        return {"": self.values, **known}

    @property
    def has_depth(self) -> bool:
        """Return whether values are of intervals of depth."""
        return self.top is not None and self.bottom is not None

    @property
    def has_time(self) -> bool:
        """Return whether values have dates."""
        return self.year is not None


PARTS = ("top", "bottom", "error", "year", "month", "day", "line")
"""What is known of each value besides itself."""


@dataclass(frozen=True)
class Records:
    """Observations of one quantity as a file has them, one after the other.

    Attributes
    ----------
    location : ndarray, shape (r,), int64
        Which location of the run each is of.
    values, top, bottom, error, year, month, day, line : ndarray, shape (r,), or None
        As `Observed` has them.
    units, meaning, file : str
    """

    location: I8
    values: F8
    units: str
    meaning: str
    top: F8 | None = None
    bottom: F8 | None = None
    error: F8 | None = None
    year: F8 | None = None
    month: F8 | None = None
    day: F8 | None = None
    line: F8 | None = None
    file: str = ""

    def by_location(self, count: int) -> Observed:
        """Return the records of each of ``count`` locations, NaN behind them.

        Those of a location are in the order of depth, time and value, whatever that of their file.
        """
        keys = (self.error, self.values, self.day, self.month, self.year, self.bottom, self.top)
        known = [key for key in keys if key is not None]
        order = np.lexsort((*known, self.location))
        held = np.bincount(self.location, minlength=count)
        place = self.location[order]
        at = np.arange(len(order)) - np.repeat(np.cumsum(held) - held, held)
        shape = count, int(held.max(initial=0))

        def spread(values: F8) -> F8:
            wide = np.full(shape, np.nan)
            wide[place, at] = values[order]
            return wide

        return _each(self, spread)


def widened(observed: Observed, count: int) -> Observed:
    """Return observations with room for ``count`` at each location, NaN behind those there are."""

    def wide(values: F8) -> F8:
        out = np.full((len(values), count), np.nan)
        out[:, : values.shape[1]] = values
        return out

    return _each(observed, wide)


def with_parts(observed: Observed, parts: set[str]) -> Observed:
    """Return observations of which all have some parts, not known where they had none."""
    lacking = [part for part in parts if getattr(observed, part) is None]
    unknown: dict[str, Any] = {part: np.full_like(observed.values, np.nan) for part in lacking}
    return replace(observed, **unknown)


def _each(one: Observed | Records, make: Callable[[F8], F8]) -> Observed:
    """Return observations with every array made anew."""
    parts = {part: getattr(one, part) for part in PARTS}
    made: dict[str, Any] = {n: None if array is None else make(array) for n, array in parts.items()}
    return Observed(
        values=make(one.values), units=one.units, meaning=one.meaning, file=one.file, **made
    )
