"""A table by site and time: which row is whose, and the times that all sites have."""

from collections.abc import Container, Iterable
from itertools import pairwise
from typing import Any

from scenarios.forcing.common.checks import Findings, whole
from scenarios.forcing.common.table import Table
from scenarios.problems import nearest

DAYS = 365
Time = tuple[int, ...]
Rows = dict[str, dict[Time, int]]
"""Row by site and time; the time of a table without one is empty."""


class Indexed:
    """A table and where its sites and times are."""

    def __init__(
        self,
        table: Table,
        location: str,
        when: tuple[str, ...],
        findings: Findings,
        chosen: Container[str] | None = None,
    ) -> None:
        self.table, self.keys = table, (location, *when)
        self.rows: Rows = {}
        self.names: dict[str, None] = {}
        missing = [name for name in self.keys if name not in table.names]
        for name in missing:
            word = dict(zip(self.keys, ("location", "series.year", "series.day"), strict=False))
            text = f"no column {name!r}{nearest(name, table.names)}; say {word[name]}: NAME"
            findings.add("columns", table.problem(f"{text} in the scenario, or rename the column"))
        at = [] if missing else [table.names.index(name) for name in self.keys]
        for row, (_, cells) in enumerate(table.rows) if at else ():
            name = str(cells[at[0]]).strip()
            self.names.setdefault(name)
            if chosen is None or name in chosen:
                self._enter(row, name, [cells[i] for i in at[1:]], findings)

    def _enter(self, row: int, name: str, when: list[Any], findings: Findings) -> None:
        if name.lower() in ("", "nan", "none", "<na>"):
            text = "is empty; needed the name of a site"
            findings.add("bad names", self.table.problem(text, f"column {self.keys[0]!r}", row))
            return
        for cell, column, most in zip(when, self.keys[1:], (9999, DAYS), strict=False):
            if (number := whole(cell)) is None or not 1 <= number <= most:
                text = f"{cell!r} is not a whole number from 1 to {most}"
                findings.add("bad times", self.table.problem(text, f"column {column!r}", row))
                return
        time = tuple(whole(cell) or 0 for cell in when)
        rows = self.rows.setdefault(name, {})
        if time in rows:
            first = self.table.rows[rows[time]][0]
            text = f"is there again, first in {'line' if self.table.has_lines else 'row'} {first}"
            findings.add("repeated rows", self.table.problem(text, f"location {name!r}", row))
            return
        rows[time] = row


def common_times(table: Indexed, names: Iterable[str], findings: Findings) -> list[Time]:
    """Return the times, rising and without a gap, that all sites have."""
    rows_by_site = [table.rows.get(name, {}) for name in names]
    if not rows_by_site:
        return []
    times = sorted(set().union(*rows_by_site))
    for name, rows in zip(names, rows_by_site, strict=True):
        gaps = [time for time in times if time not in rows]
        if gaps:
            text = f"no row for {_said(gaps[0])}; needed the same times for every site"
            findings.add("gaps", table.table.problem(text, f"location {name!r}"))
    for before, after in pairwise(times):
        if after != _next(before):
            text = f"{_said(after)} follows {_said(before)}; needed {_said(_next(before))}"
            findings.add("gaps", table.table.problem(text))
    if times and times[0][1:] not in ((), (1,)):
        text = f"begins with {_said(times[0])}; needed day 1, or leave that year out"
        findings.add("gaps", table.table.problem(text))
    return times


def _next(time: Time) -> Time:
    year, *day = time
    if day and day[0] < DAYS:
        return (year, day[0] + 1)
    return (year + 1, *(1 for _ in day))


def _said(time: Time) -> str:
    return f"year {time[0]}" + "".join(f", day {day}" for day in time[1:])
