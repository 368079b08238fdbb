"""Which steps of variables are taken, and what each driver is: lasting, by years or by days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from kernels import I8, Variable
from scenarios.forcing.common.calendars import CALENDARS
from scenarios.forcing.common.checks import Findings, as_range
from scenarios.forcing.common.served import DAYS
from scenarios.forcing.common.spans import in_whole_years
from scenarios.forcing.common.times import When, complaints
from scenarios.forcing.netcdf_files.asked import Asked
from scenarios.forcing.netcdf_files.held import Held
from scenarios.forcing.netcdf_files.reductions import Timed
from scenarios.forcing.netcdf_files.supplies import Supply
from scenarios.problems import Problem


class Target(Enum):
    """What a driver is made into."""

    LASTING = "one value"
    YEARLY = "one value a year"
    DAILY = "one value a day"


@dataclass
class Timing:
    """The dates of all variables of a forcing, and of what is made of them.

    Attributes
    ----------
    years : ndarray, shape (Y,), int64
        Of the run; none where no driver has time.
    """

    asked: Asked
    supplies: Sequence[Supply]
    findings: Findings
    where: str
    years: I8 = field(default_factory=lambda: np.empty(0, np.int64))
    told: dict[str, Any] = field(default_factory=dict)
    _timed: dict[int, Timed] = field(default_factory=dict)

    def target(self, need: Variable) -> Target:
        """Return what a driver is made into."""
        if not need.dims:
            return Target.LASTING
        return Target.DAILY if need.dims == ("date",) or self.asked.step == "day" else Target.YEARLY

    def of(self, held: Held) -> Timed | None:
        """Return the steps of a variable that are taken; None without time."""
        return self._timed.get(id(held))

    def of_months(self, supply: Supply) -> bool:
        """Return whether a driver's days lie between months."""
        steps = {p.held.when.step for p in supply.parts if p.held.when is not None}
        return self.target(supply.need) is Target.DAILY and "month" in steps

    def length(self, target: Target) -> int:
        """Return how many steps a driver has that changes."""
        return self.years.size * (DAYS if target is Target.DAILY else 1)

    def settle(self) -> None:
        """Settle the steps of every variable; note what is wrong with them."""
        for problem in (*self._wrong_dims(), *self._snapshots(), *self._unlike_steps()):
            self.findings.add("drivers", problem)
        spans: dict[tuple[int, int], Held] = {}
        for held, needed in self._held().values():
            timed = self._take(held, needed)
            if timed is not None:
                self._timed[id(held)] = timed
                if not held.yearless:
                    spans.setdefault(timed.span, held)
        if len(spans) > 1:
            self.findings.add("years", _unlike(spans, self.where))
        changing = [s for s in self.supplies if self.target(s.need) is not Target.LASTING]
        span = next(iter(spans), self.asked.years)
        if changing and span is None and not self._held() and not self.findings:
            listed = ", ".join(repr(s.need.name) for s in changing[:3])
            text = (
                f"no variable has time, and the kernel needs {self.target(changing[0].need).value} "
                f"of {listed}; read files with time, ask the kernel for drivers without (drivers: "
                "mean, or a steady mode), or say years: [first, last] to repeat what there is"
            )
            self.findings.add("years", Problem(text, f"{self.where}.years"))
        if span is not None:
            self.told["years"] = list(span)
            if changing:
                self.years = np.arange(span[0], span[1] + 1, dtype=np.int64)
        self.told["steps"] = {
            held.name: f"{held.when.step}s, {held.when.calendar or 'no calendar'}"
            for held, _ in self._held().values() if held.when is not None
        }  # fmt: skip

    def _held(self) -> dict[int, tuple[Held, set[Target]]]:
        """Return every variable that has time, and what it is made into."""
        found: dict[int, tuple[Held, set[Target]]] = {}
        for supply in self.supplies:
            for part in supply.parts:
                if part.held.when is not None:
                    _, targets = found.setdefault(id(part.held), (part.held, set()))
                    targets.add(self.target(supply.need))
        return found

    def _wrong_dims(self) -> Iterator[Problem]:
        needs = [supply.need for supply in self.supplies]
        for need in needs:
            if need.dims not in ((), ("time",), ("date",)):
                text = f"driver {need.name!r} has dimensions ({', '.join(need.dims)}) and this "
                text += "reader gives none, (time) or (date); use another reader"
                yield Problem(text, f"{self.where}.reader")
        dated = any(need.dims == ("date",) for need in needs)
        if self.asked.step == "day" and (dated or not any(need.dims for need in needs)):
            why = "the kernel asks for days by itself" if dated else "no driver changes in time"
            yield Problem(f"{why}; leave step: out", f"{self.where}.step")

    def _snapshots(self) -> Iterator[Problem]:
        """Yield variables of one date alone, of which years or days are asked for."""
        for supply in self.supplies:
            target = self.target(supply.need)
            for part in supply.parts if target is not Target.LASTING else ():
                if part.held.snapshot:
                    text = "has one date without bounds, which says nothing of others"
                    yield part.held.problem(f"{text}; needed {target.value}")

    def _unlike_steps(self) -> Iterator[Problem]:
        """Yield days that would be a sum of days and of lines between months."""
        for supply in self.supplies:
            steps = {p.held.when.step: p.held for p in supply.parts if p.held.when is not None}
            if self.target(supply.need) is Target.DAILY and {"day", "month"} <= steps.keys():
                text = f"has one value a month and {steps['day'].name!r} one a day; needed the same"
                yield steps["month"].problem(f"{text} of what is added up by days")

    def _take(self, held: Held, targets: set[Target]) -> Timed | None:
        """Return the steps of a variable; None, with findings, where they cannot be taken."""
        when = held.when
        assert when is not None, "only what has time is taken so"
        which = np.arange(when.year.size)
        if held.yearless:
            if changing := targets - {Target.LASTING}:
                text = f"has twelve months without years; needed {next(iter(changing)).value}"
                self.findings.add("steps", held.problem(f"{text}: it can be averaged alone"))
            return Timed.of(held, which, "noleap")
        if self.asked.years is not None:
            first, last = self.asked.years
            which = which[(when.year >= first) & (when.year <= last)]
            has = when.year[which]
            if not which.size or (has[0], has[-1]) != (first, last):
                has_all = as_range((int(when.year[0]), int(when.year[-1])))
                text = f"has {has_all}; needed {as_range((first, last))}"
                self.findings.add("years", held.problem(text, " and forcing.years"))
                return None
        taken = when.take(which)
        wrong = list(in_whole_years(taken))
        if Target.DAILY in targets and not wrong:
            which, wrong = self._of_365(held, which, taken)
        for text in wrong:
            self.findings.add(f"steps of {held.name}", held.problem(text))
        return None if wrong else Timed.of(held, which, self.asked.calendar or "")

    def _of_365(self, held: Held, which: I8, taken: When) -> tuple[I8, list[str]]:
        """Return steps of years of 365 days, or what keeps them from being so."""
        if taken.step == "year":
            return which, ["has one value a year; the kernel needs days"]
        if taken.step == "month":
            if not self.asked.interpolate:
                return which, [
                    "has monthly values and the kernel needs days; say interpolate: linear"
                ]
            return which, []
        if CALENDARS.get(taken.calendar) == "360_day":
            return which, [
                "has years of 360 days (calendar '360_day') and the kernel needs 365; write it in "
                "another calendar (xarray: .convert_calendar('noleap', align_on='year'))"
            ]
        if taken.leap.any():
            if not self.asked.drop_leap_days:
                first = taken.said(int(np.flatnonzero(taken.leap)[0]))
                return which, [
                    f"{first} is there (calendar {taken.calendar!r}) and years of the kernels have "
                    "365 days; say leap_days: drop"
                ]
            which, taken = which[~taken.leap], taken.take(~taken.leap)
        return which, list(complaints(taken))


def _unlike(spans: dict[tuple[int, int], Held], where: str) -> Problem:
    """Return that variables have unlike years, and which all have."""
    listed = "; ".join(
        f"{held.name} ({Path(held.file).name}) has {as_range(span)}" for span, held in spans.items()
    )
    first, last = max(s[0] for s in spans), min(s[1] for s in spans)
    advice = f"say years: [{first}, {last}]" if first < last else "they share fewer than two"
    return Problem(f"variables have unlike years: {listed}; {advice}", f"{where}.years")
