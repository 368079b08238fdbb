"""Drivers of a forcing at its cells: lasting, by months, and step by step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from kernels import F8, I8
from scenarios.forcing.common.made import SLAB_BYTES
from scenarios.forcing.common.served import DAYS
from scenarios.forcing.netcdf_files.held import Cells, Held
from scenarios.forcing.netcdf_files.reductions import Gaps, slices
from scenarios.forcing.netcdf_files.supplies import Part, Supply
from scenarios.forcing.netcdf_files.timing import Target, Timing


@dataclass
class Taking:
    """What reads drivers at some cells, and counts what is missing.

    Attributes
    ----------
    timing : Timing
    cells : Cells
    area : ndarray or None, shape (L,)
        m2, for drivers that are of the whole place.
    calendar : str
        Of files that do not say one.
    gaps : dict
        Of each variable that was read, by driver and variable.
    """

    timing: Timing
    cells: Cells
    area: F8 | None
    calendar: str
    gaps: dict[tuple[str, str], Gaps] = field(default_factory=dict)
    _lasting: dict[tuple[str, str], F8] = field(default_factory=dict)

    def lasting(self, supply: Supply) -> F8:
        """Return a driver without time, (L,): a mean over the years of what has time."""
        return self._sum(supply, self._mean)

    def by_months(self, supply: Supply) -> F8:
        """Return a driver of every month, (L, 12 Y); (L, 1) where it has no time."""

        def read(part: Part) -> F8:
            timed = self.timing.of(part.held)
            if timed is None:
                return self._mean(part)[:, np.newaxis]
            every = slice(0, timed.which.size)
            return self._converted(
                part, timed.steps(part.rates, self.cells, self._gap(part), every)
            ).T

        return self._sum(supply, read)

    def steps(
        self, supplies: Sequence[Supply], at: I8 | None = None
    ) -> Iterator[tuple[slice, dict[str, F8]]]:
        """Yield drivers (L, n) of years, then of days, some after the other; of ``at`` alone."""
        for target, read in ((Target.YEARLY, self._year), (Target.DAILY, self._days)):
            of = [s for s in supplies if self.timing.target(s.need) is target]
            for here in self._slices(of, target, at) if of else ():
                yield here, {s.need.name: read(s, here) for s in of}

    def _slices(self, of: Sequence[Supply], target: Target, at: I8 | None) -> Iterator[slice]:
        if at is not None:
            yield from (slice(t, t + 1) for t in at.tolist())
            return
        cells = [p.space.size for s in of for q in s.parts for p in q.held.parts]
        width = max(1, min(DAYS, SLAB_BYTES // (8 * max(cells, default=1))))
        yield from slices(self.timing.length(target), 1 if target is Target.YEARLY else width)

    def _year(self, supply: Supply, here: slice) -> F8:
        """Return a driver of one year, (L, 1)."""
        year = int(self.timing.years[here.start])

        def read(part: Part) -> F8:
            timed = self.timing.of(part.held)
            if timed is None:
                return self._mean(part)
            values = timed.mean(part.rates, self.cells, self._gap(part), (year, year))
            return self._converted(part, values)

        return self._sum(supply, read)[:, np.newaxis]

    def _days(self, supply: Supply, here: slice) -> F8:
        """Return a driver on some days, (L, n)."""

        def read(part: Part) -> F8:
            timed = self.timing.of(part.held)
            if timed is None:
                return self._mean(part)[:, np.newaxis]
            return self._converted(
                part, timed.steps(part.rates, self.cells, self._gap(part), here)
            ).T

        values = self._sum(supply, read).reshape(len(self.cells), -1)
        return np.array(np.broadcast_to(values, (len(self.cells), here.stop - here.start)))

    # --- one variable ---

    def _sum(self, supply: Supply, read: Callable[[Part], F8]) -> F8:
        """Return the sum of what a driver is made of; a number or a place is (L,)."""
        if supply.value is not None:
            return np.full(len(self.cells), supply.value)
        if supply.place:
            space = self.cells.space
            return np.asarray((space.lat if supply.place == "lat" else space.lon)[self.cells.kept])
        total = supply.parts[0].term.sign * read(supply.parts[0])
        for part in supply.parts[1:]:
            total = total + part.term.sign * read(part)
        return np.asarray(total)

    def _mean(self, part: Part) -> F8:
        """Return one value of each place, (L,); of what has no time it is read once."""
        timed = self.timing.of(part.held)
        if timed is not None:
            gaps = self._gap(part)
            values = timed.mean(part.rates, self.cells, gaps, timed.span)
            return self._converted(part, values)
        key = (part.driver, part.term.name)
        if key not in self._lasting:
            values = part.held.fixed(self.cells)
            self._gap(part).note(values[np.newaxis])
            if part.by_area and self.area is not None:
                values = values * self.area
            self._lasting[key] = part.rates.lasting(values, self.calendar)
        return self._lasting[key]

    def _converted(self, part: Part, values: F8) -> F8:
        """Return values (L,) or (n, L) in the driver's unit."""
        if part.by_area and self.area is not None:
            values = values * self.area
        return part.rates.converted(values)

    def _gap(self, part: Part) -> Gaps:
        key = (part.driver, part.term.name)
        return self.gaps.setdefault(key, Gaps.none(part.held, self.cells))


def held_of(supplies: Sequence[Supply]) -> list[Held]:
    """Return every variable of some drivers, each once."""
    return list({id(p.held): p.held for s in supplies for p in s.parts}.values())
