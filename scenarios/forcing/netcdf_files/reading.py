"""Files of one forcing on their way to drivers: looked at first, then read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8, Variable
from scenarios.forcing.common.cell_edges import Lattice, edges
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.made import Filed, Made, Source, spread
from scenarios.forcing.common.record_cells import of_grid, told_of
from scenarios.forcing.common.served import DAYS
from scenarios.forcing.common.spans import between_months
from scenarios.forcing.netcdf_files.areas import grid_of_cells, land_of
from scenarios.forcing.netcdf_files.asked import Asked
from scenarios.forcing.netcdf_files.choosing import chosen, masked, reference
from scenarios.forcing.netcdf_files.files import FEW_BYTES
from scenarios.forcing.netcdf_files.held import Cells
from scenarios.forcing.netcdf_files.judging import (
    LATER,
    lacking,
    note_faults,
    note_gaps,
    without_any,
)
from scenarios.forcing.netcdf_files.reductions import Gaps
from scenarios.forcing.netcdf_files.supplies import Sources, Supply
from scenarios.forcing.netcdf_files.taking import Taking, held_of
from scenarios.forcing.netcdf_files.timing import Target, Timing
from scenarios.paths import placed
from scenarios.problems import Problem

INCOMPLETE = "a value of some driver is missing"
"""Why places are left out."""

LOOKED_AT = 12
"""Steps that a plan looks at of large files."""


@dataclass
class Reading:
    """One forcing.

    Attributes
    ----------
    cells : Cells
        Places that are taken, so far.
    counts : dict
        How many places were left out, and why.
    values : dict
        Drivers at ``cells`` that have been read: (L,), months (L, 12 Y) or steps (L, T); of
        large files a few steps.
    """

    asked: Asked
    needs: Sequence[Variable]
    sources: Sources
    findings: Findings
    supplies: list[Supply] = field(default_factory=list)
    cells: Cells = field(init=False)
    timing: Timing = field(init=False)
    area: F8 | None = None
    land_gaps: list[Gaps] = field(default_factory=list)
    told_area: dict[str, Any] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    values: dict[str, F8] = field(default_factory=dict)
    _at: I8 = field(default_factory=lambda: np.empty(0, np.int64))

    def look(self) -> None:
        """Settle what supplies each driver, where and when; raise with all that is wrong."""
        found = [self.sources.supply(need) for need in self.needs]
        self.sources.check_keys(self.needs, [*self.asked.mask])
        self.supplies = [supply for supply in found if supply is not None]
        self.timing = Timing(self.asked, self.supplies, self.findings, self.sources.where)
        self.timing.settle()
        parts = [part for supply in self.supplies for part in supply.parts]
        space = reference(parts, self.findings)
        for supply in self.supplies if not space.lat.size else ():
            if supply.place:
                text = f"nothing says the {supply.place} of places; say values: or variables: of it"
                self.findings.add("places", Problem(text, f"driver {supply.need.name!r}"))
        self.findings.raise_all()
        self.cells = Cells(space, space.canonical())
        self._only(masked(self.asked.mask, self.sources, self.cells, self.counts, self.findings))
        self._only(chosen(self.asked.cells, self.cells, self.counts, self.findings, self._holds))
        land = land_of(self.sources, self.cells)
        self.area, self.told_area, self.land_gaps = land.area, land.told, land.gaps
        amount = next((part for part in parts if part.by_area), None)
        if self.area is None and amount is not None:
            why = self.told_area.get("area_left_out", "the files have none")
            text = f"{amount.rates.needed!r} is of a whole place, and its area is not known: {why}"
            self.findings.add("areas", amount.held.problem(text))
        self.findings.raise_all()

    def _holds(self, table: str) -> NDArray[np.bool_]:
        """Return which cells records of a table are in."""
        file = placed(self.sources.base, table, "forcing.cells.records")
        row, column = np.divmod(self.cells.kept, max(self.cells.space.columns.size, 1))
        lattice = self.lattice if self.cells.space.rows.size else None
        taken, self.records = of_grid(file, lattice, row, column, self.findings)
        return taken

    def _only(self, kept: NDArray[Any]) -> None:
        """Take some of the cells alone, by a mask or by places."""
        self.cells = self.cells.take(kept)
        self.values = {name: values[kept] for name, values in self.values.items()}
        self.area = None if self.area is None else self.area[kept]

    def take(self) -> None:
        """Read drivers, and leave out the places that have no value; raise with all at fault."""
        taking = self._taking()
        for supply in self.supplies:
            if self.timing.target(supply.need) is Target.LASTING:
                self.values[supply.need.name] = taking.lasting(supply)
            elif self.timing.of_months(supply):
                self.values[supply.need.name] = taking.by_months(supply)
        if self.large:
            self._at = spread(self._length(self.streamed[0]), LOOKED_AT)
            parts = [values for _, values in taking.steps(self.streamed, self._at)]
            for name in parts[0]:
                self.values[name] = np.concatenate([part[name] for part in parts], axis=1)
        else:
            for s in self.streamed:
                self.values[s.need.name] = np.empty((len(self.cells), self._length(s)))
            for here, values in taking.steps(self.streamed):
                for name, one in values.items():
                    self.values[name][:, here] = one
        self._leave_out(taking)
        note_faults(self.supplies, self.values, self.cells, self.findings)
        self.findings.raise_all()

    def _taking(self) -> Taking:
        return Taking(self.timing, self.cells, self.area, self.asked.calendar or "")

    @property
    def streamed(self) -> list[Supply]:
        """Return the drivers that are read step by step: years, or days of daily files."""
        lasting = Target.LASTING
        changing = [s for s in self.supplies if self.timing.target(s.need) is not lasting]
        return [s for s in changing if not self.timing.of_months(s)]

    @property
    def large(self) -> bool:
        """Return whether what changes is read when it is taken."""
        paths = {part.path for held in held_of(self.streamed) for part in held.parts}
        files = [file for path in paths if (file := self.sources.files.known[path]) is not None]
        few = sum(file.nbytes for file in files) <= FEW_BYTES
        # Steps of one length alone come side by side.
        return not few and len({s.need.dims for s in self.streamed}) == 1

    def _length(self, supply: Supply) -> int:
        return self.timing.length(self.timing.target(supply.need))

    def _leave_out(self, taking: Taking) -> None:
        """Leave out places without any value, and those that lack some if the scenario says so."""
        kept = ~without_any(taking.gaps.values(), self.cells)
        self._count("no value of any driver (ocean?)", ~kept)
        gaps = [*taking.gaps.values(), *self.land_gaps]
        incomplete = lacking(gaps, self.cells) & kept
        if self.asked.drop_incomplete:
            self._count(INCOMPLETE, incomplete)
            kept &= ~incomplete
        else:
            note_gaps(gaps, kept, self.cells, self.findings)
        if self.area is not None:
            bare = (self.area <= 0) & kept
            self._count("no land", bare)
            kept &= ~bare
        if not kept.any() and not self.findings:
            why = "; ".join(f"{count:,}: {reason}" for reason, count in self.counts.items())
            self.findings.add("places", Problem(f"no place is left ({why})", self.sources.where))
        self._only(kept)

    def _count(self, reason: str, which: NDArray[np.bool_]) -> None:
        if which.any():
            self.counts[reason] = self.counts.get(reason, 0) + int(which.sum())

    # --- what comes out ---

    def share(self, names: Sequence[str]) -> None:
        """Take the places of some names alone, in their order; count the others."""
        at = {name: i for i, name in enumerate(self.cells.names)}
        if len(at) > len(names):
            self.counts["not in every member"] = len(at) - len(names)
        self._only(np.array([at[name] for name in names], dtype=np.int64))

    def drivers(self) -> dict[str, NDArray[Any] | Made]:
        """Return every driver at the places that are taken, in the order of the needs."""
        found: dict[str, NDArray[Any] | Made] = dict(self.values)
        if self.large:
            looked_at = {s.need.name: self.values[s.need.name] for s in self.streamed}
            filed = Filed(self._again, self._length(self.streamed[0]), looked_at, self._at)
            found |= filed.drivers
        for supply in self.supplies:
            if self.timing.of_months(supply):
                found |= _by_days(supply.need.name, self.values[supply.need.name])
        return {need.name: found[need.name] for need in self.needs}

    def _again(self) -> Iterator[tuple[slice, Mapping[str, NDArray[Any]]]]:
        """Yield every step of what changes; raise with all gaps that no plan looked at."""
        findings, taking = Findings(), self._taking()
        yield from taking.steps(self.streamed)
        every = np.ones(len(self.cells), dtype=bool)
        note_gaps(taking.gaps.values(), every, self.cells, findings, LATER)
        findings.raise_all()

    def columns(self) -> dict[str, F8]:
        """Return what every store knows of the places."""
        space, kept = self.cells.space, self.cells.kept
        columns = {"lat": space.lat[kept], "lon": space.lon[kept]} if space.lat.size else {}
        if space.rows.size:
            columns |= edges(self.lattice, *np.divmod(kept, space.columns.size))
        return columns | ({} if self.area is None else {"area": self.area})

    @property
    def lattice(self) -> Lattice | None:
        """Return the rows and columns of a grid, where their edges are known."""
        try:
            return grid_of_cells(self.sources, self.cells.space)[0]
        except ValueError:
            return None

    def told(self) -> dict[str, Any]:
        """Return what provenance says."""
        files = [file for file in self.sources.files.known.values() if file is not None]
        said: dict[str, Any] = {
            "files": [file.about() for file in files],
            "drivers": {supply.need.name: supply.told for supply in self.supplies},
            "places": self.cells.space.said,
            "places_left_out": self.counts,
            **self.timing.told,
            **self.told_area,
        }
        said |= told_of(self.records)
        if warnings := [*self.records.get("warnings", ()), *self._warnings()]:
            said["warnings"] = warnings
        return said

    def _warnings(self) -> Iterator[str]:
        if count := self.counts.get(INCOMPLETE, 0):
            places = "1 place lacks" if count == 1 else f"{count:,} places lack"
            yield f"{places} a value of some driver, and {'is' if count == 1 else 'are'} left out"
        if "area_left_out" in self.told_area and self.cells.space.rows.size > 1:
            yield f"locations have no area: {self.told_area['area_left_out']}"

    def identity(self) -> list[dict[str, Any]]:
        """Return what drivers that are read later follow from."""
        files = [file for file in self.sources.files.known.values() if file is not None]
        return [{**file.about(), "changed": file.changed} for file in files]


def _by_days(name: str, months: F8) -> Mapping[str, NDArray[Any] | Made]:
    """Return days (L, 365 Y) on lines between months (L, 12 Y), made when they are many."""

    def make(places: I8) -> dict[str, F8]:
        return {name: between_months(months[places])}

    years = months.shape[1] // 12
    return Source(make, len(months), working=8 * DAYS * years).supplied(years)
