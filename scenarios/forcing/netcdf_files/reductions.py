"""Steps of a file on their way to one mean, to years or to days, gaps counted before any mean."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from scenarios.forcing.common.spans import Lengths, Rates
from scenarios.forcing.common.times import When
from scenarios.forcing.netcdf_files.held import Cells, Held


@dataclass
class Gaps:
    """How many of the values of a variable are missing at each cell, (L,), of how many."""

    held: Held
    missing: I8
    of: int = 0

    @classmethod
    def none(cls, held: Held, cells: Cells) -> "Gaps":
        """Return those of nothing read so far."""
        return cls(held, np.zeros(len(cells), dtype=np.int64))

    @classmethod
    def of_one(cls, held: Held, values: F8) -> "Gaps":
        """Return those of one value of each cell, (L,)."""
        return cls(held, np.isnan(values).astype(np.int64), 1)

    def note(self, values: F8) -> None:
        """Count those of some steps, (n, L)."""
        self.missing += np.isnan(values).sum(axis=0)
        self.of += len(values)

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Return which cells have no value at all."""
        return np.asarray(self.missing == self.of)


@dataclass(frozen=True)
class Timed:
    """The steps of a variable that are taken.

    Attributes
    ----------
    held : Held
    which : ndarray, shape (T,), int64
        Numbers of its dates.
    when : When
        Of those.
    lengths, noleap : Lengths
        In the calendar of the file, and of years of 365 days.
    """

    held: Held
    which: I8
    when: When
    lengths: Lengths
    noleap: Lengths = field(repr=False)

    @classmethod
    def of(cls, held: Held, which: I8, calendar: str) -> "Timed":
        """Return some steps of a variable; ``calendar`` is of files that do not say one."""
        assert held.when is not None, "only what has time is timed"
        when = held.when.take(which)
        days_of_365 = Lengths.of(replace(when, calendar="noleap"))
        return cls(held, which, when, Lengths.of(when, calendar), days_of_365)

    @property
    def span(self) -> tuple[int, int]:
        """Return the first and last year."""
        return int(self.when.year[0]), int(self.when.year[-1])

    def mean(self, rates: Rates, cells: Cells, gaps: Gaps, years: tuple[int, int]) -> F8:
        """Return the mean over some years, (L,), not yet in the needed unit; NaN beside a gap."""
        at = np.flatnonzero((self.when.year >= years[0]) & (self.when.year <= years[1]))
        had, wanted = (w[at] for w in rates.weights(self.lengths))
        total = np.zeros(len(cells))
        for here, values in self.held.steps(self.which[at], cells):
            gaps.note(values)
            # One after the other: the bits are the same however many steps are read at a time.
            for step in values * had[here, np.newaxis]:
                total += step
        return np.asarray(total / wanted.sum())

    def steps(self, rates: Rates, cells: Cells, gaps: Gaps, here: slice) -> F8:
        """Return values of some steps, (n, L), each a mean over itself, in years of 365 days."""
        had, wanted = (w[here] for w in rates.weights(self.noleap))
        values = np.empty((had.size, len(cells)))
        for part, found in self.held.steps(self.which[here], cells):
            values[part] = found
        gaps.note(values)
        return values if np.array_equal(had, wanted) else values * (had / wanted)[:, np.newaxis]


def slices(length: int, width: int) -> Iterator[slice]:
    """Yield slices of a length, one after the other."""
    for first in range(0, length, width):
        yield slice(first, min(first + width, length))
