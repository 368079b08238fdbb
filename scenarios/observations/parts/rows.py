"""Columns of a table as numbers and texts, and rows that are left out for a reason."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from scenarios.forcing.common.checks import (
    LEAST,
    Findings,
    MissingError,
    as_range,
    number,
    runs,
    whole,
)
from scenarios.forcing.common.table import PLAIN, Layout, Table, load_table
from scenarios.observations._contract import Step, Text
from scenarios.paths import placed
from scenarios.problems import Problem, nearest
from scenarios.units import contradicts, factor

YEARS = (1000, 2999)
"""Which numbers are years of observations: in a file without a header 51.0 is none."""

WHERE = "observed"
"""Section that problems of the words are in, where nobody knows a longer path."""


def open_table(base: Path, path: str, findings: Findings, needed: str, rows: str,
               layout: Layout = PLAIN) -> Table:  # fmt: skip
    """Return the table that a scenario names; raise `ScenarioError` where there is no header."""
    file = placed(base, path, f"{WHERE}.path")
    return load_table(file, findings, rows=rows, needed=needed, layout=layout)


@dataclass
class Columns:
    """Columns of a table, read once.

    Attributes
    ----------
    table : Table
    findings : Findings
    """

    table: Table
    findings: Findings
    _at: dict[str, int] = field(default_factory=dict)

    def need(self, *names: str) -> None:
        """Note columns that are not there, and raise with all that is known by then."""
        for name in names:
            if name in self.table.names:
                self._at[name] = self.table.names.index(name)
            else:
                text = f"no column {name!r}{nearest(name, self.table.names)}"
                self.findings.add("columns", self.table.in_header(text))
        self.findings.raise_all()

    def has(self, name: str) -> bool:
        """Return whether there is a column; it is read from then on."""
        if name in self.table.names:
            self._at[name] = self.table.names.index(name)
        return name in self._at

    def each_once(
        self,
        names: Iterable[Any],
        column: str,
        spelled: Callable[[Any], object] = lambda name: "",
        rows: Iterable[int] | None = None,
    ) -> None:
        """Note every row whose name was there before.

        Parameters
        ----------
        names : iterable
            Of rows; what makes two rows the same.
        column : str
            Where the row is at fault.
        spelled : callable
            Returns a name in words; nothing where the line says it.
        rows : iterable of int
            Those that names are of; all by default.
        """
        seen: dict[Any, int] = {}
        for row, name in zip(count() if rows is None else rows, names, strict=False):
            first = seen.setdefault(name, row)
            if first != row:
                text = f"{spelled(name)} is there again, first in line {self.table.rows[first][0]}"
                self.add("repeated rows", text.lstrip(), column, row)

    def texts(self, name: str) -> Text:
        """Return the cells of a column as they stand, (n,)."""
        at = self._at[name]
        return np.array([str(cells[at]).strip() for _, cells in self.table.rows], dtype=np.str_)

    def numbers(self, name: str, *, least: float = LEAST, gaps: bool = True) -> F8:
        """Return a column, (n,), float64; NaN where a cell stands for "no value".

        Parameters
        ----------
        name : str
        least : float
            What it can be at least: below it -99 and -999 stand for "no value".
        gaps : bool
            Whether there may be such cells; otherwise each is noted, as what is no number is.
        """
        at, found = self._at[name], np.full(len(self.table.rows), np.nan)
        for row, (_, cells) in enumerate(self.table.rows):
            try:
                found[row] = number(cells[at], least)
            except ValueError as error:
                if not (gaps and isinstance(error, MissingError)):
                    self.add("bad values", f"{error}; needed a number", name, row)
        return found

    def years(self, name: str) -> I8:
        """Return a column of calendar years, (n,); every other cell is noted."""
        at, found = self._at[name], np.zeros(len(self.table.rows), dtype=np.int64)
        for row, (_, cells) in enumerate(self.table.rows):
            year = whole(cells[at])
            if year is None or not YEARS[0] <= year <= YEARS[1]:
                text = f"found {cells[at]!r}; needed a year, {YEARS[0]} to {YEARS[1]}"
                self.add("bad times", text, name, row)
            else:
                found[row] = year
        return found

    def within(self, name: str, values: F8, least: float, most: float, needed: str) -> None:
        """Note numbers of a column that are outside limits; NaN is not."""
        with np.errstate(invalid="ignore"):
            wrong = np.flatnonzero((values < least) | (values > most))
        for row in wrong.tolist():
            self.add("bad values", f"found {values[row]:g}; needed {needed}", name, row)

    def add(self, kind: str, text: str, name: str, row: int) -> None:
        """Note a problem of a cell."""
        where = f"column {self.table.names[self._at[name]]!r}"
        self.findings.add(kind, self.table.problem(text, where, row))

    def lines(self) -> I8:
        """Return the lines of the rows, (n,)."""
        return np.array([line for line, _ in self.table.rows], dtype=np.int64)

    def unit(self, name: str, said: str, like: str) -> str:
        """Return the unit of a column: of its header, or as a scenario says.

        Parameters
        ----------
        name : str
        said : str
            ``units:`` of the scenario; empty if it says none.
        like : str
            A unit of the quantity: what cannot become it is refused.
        """
        return self._checked(self.table.units.get(name, ""), said, like, f"column {name!r}")

    def known_unit(self, name: str, said: str, like: str) -> str:
        """Return the unit of a column whose layout alone says it (``like``), unless others do."""
        found = self.table.units.get(name, "") or ("" if said else like)
        return self._checked(found, said, like, f"column {name!r}")

    def _checked(self, found: str, said: str, like: str, where: str) -> str:
        text = wrong_unit(found, said, like)
        if text:
            self.findings.add("units", self.table.in_header(text, where))
        return said or found


def wrong_unit(found: str, said: str, like: str) -> str:
    """Return what is wrong with the unit that a file and a scenario say; empty if nothing is."""
    if contradicts(found, said):
        return f"is in {found!r} and the scenario says {said!r}; correct units: or the file"
    if not (said or found):
        return f"has no unit; say units:, such as {like!r}"
    try:
        factor(said or found, like)
    except ValueError as error:
        return str(error)
    return ""


@dataclass
class Kept:
    """Rows that are left, and what each reason cost.

    Attributes
    ----------
    study : ndarray, shape (n,), str
    kept : ndarray, shape (n,), bool
    """

    study: Text
    kept: NDArray[np.bool_]
    steps: list[Step] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, study: Text) -> "Kept":
        """Return all rows of a file."""
        new = cls(study, np.ones(study.size, dtype=np.bool_))
        new._step("rows of the file")
        return new

    def need(self, asked: NDArray[np.bool_], of: str, reason: str) -> None:
        """Keep the rows that fulfil something; those that do not are counted under a reason."""
        lost = int((self.kept & ~asked).sum())
        self.kept = self.kept & asked
        if lost:
            self.left_out[reason] = self.left_out.get(reason, 0) + lost
        self._step(of)

    def _step(self, of: str) -> None:
        left = self.study[self.kept]
        self.steps.append(Step(of, int(left.size), int(np.unique(left).size)))


def gap_notes(names: Sequence[str], years: I8, values: F8) -> tuple[str, ...]:
    """Return which rows (n, T) have no value of some of the years, in a sentence each."""
    found = []
    for name, row in zip(names, values, strict=True):
        gaps = years[np.isnan(row)]
        if gaps.size:
            listed = ", ".join(as_range(run) for run in runs(gaps.tolist()))
            found.append(f"{name} has no value of {listed}")
    return tuple(found)


def told(reader: str, digests: Iterable[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return the provenance of a reader."""
    return {"reader": reader, "files": [dict(one) for one in digests], **more}


def problem_of_words(text: str, key: str) -> Problem:
    """Return a problem of the words of a scenario."""
    return Problem(text, f"{WHERE}.{key}")
