"""What the command line prints: plain lines and small tables, never a number of its own."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensemble.analysis.indices import may_be_analysed
from ensemble.commands.tables import print_table
from ensemble.members.stored import about_data, read_ensemble
from ensemble.printing import put
from ensemble.runs.run import Outcome
from ensemble.store.outcomes import advice_of, name_of
from ensemble.tables.learned import learned_tables
from ensemble.tables.limits import table_at
from ensemble.tables.responses import Table, ending_tables
from ensemble.tables.results import Results
from ensemble.tables.scores import score_tables
from ensemble.tables.spreads import spread_tables
from ensemble.tables.subsets import subset_tables
from ensemble.tables.sums import sum_tables
from ensemble.tables.validation import validation_tables
from ensemble.tables.weights import weight_tables

if TYPE_CHECKING:
    from ensemble.planning.calibrating import CalibrationPlan
    from ensemble.planning.plan import Plan
    from ensemble.runs.extend import Extension
    from ensemble.runs.verify import Replay, Verdict


MOST_LINES = 30
"""That a run ends with on standard output: a screen."""

AROUND = 4
"""Lines of a table beside its rows, rules and notes: one before it, title, header, rule."""

FEWEST_ROWS = 6
"""Rows below which a table is not begun that has more."""


def print_outcome(planned: "Plan", outcome: Outcome) -> None:
    """Print what a run did and, when it is complete, its responses: a screen at most."""
    beyond = table_at(outcome.path)
    tables = [beyond] if beyond else []
    if outcome.complete:
        tables += ending_tables(outcome.path)
        results = Results(read_ensemble(outcome.path))
        tables += sum_tables(results) if planned.layout.aggregates else []
        tables += score_tables(results) if planned.layout.evaluation else []
        tables += validation_tables(results)
        tables += subset_tables(results) or learned_tables(results)
        tables += weight_tables(results) if planned.layout.weightings else []
        tables += spread_tables(results) if planned.layout.aggregates else []
    then = "analyze" if may_be_analysed(planned.layout) else ""
    end_with(tables, outcome, then, failure_lines(outcome.members))


def end_with(
    tables: Sequence[Table], outcome: Outcome, then: str, failed: Sequence[str] = ()
) -> None:
    """Print tables as far as a screen has room, then how far a run is and what to do with it.

    Parameters
    ----------
    tables : sequence of Table
    outcome : Outcome
    then : str
        The command that looks further into such a store, if any.
    failed : sequence of str
        Lines about members that failed.
    """
    state = "complete" if outcome.complete else "stopped early"
    done = f"{outcome.committed}/{outcome.blocks} blocks ({outcome.ran} now)"
    below = ["", f"{outcome.path}: {state}, {done}, {outcome.seconds:.1f} s", *failed]
    if outcome.complete:
        store = shlex.quote(str(outcome.path))
        ways = [f"soilsweep {word} {store}" for word in ("report", then) if word]
        below += [f"look at it: {'; '.join(ways)}"]
        below += [f"open it with xarray.open_datatree({str(outcome.path)!r})"]
    # One line, of what data it is, was printed before the run.
    print_some(tables, outcome.path, MOST_LINES - 1 - len(below))
    put(*below)


def print_some(tables: Sequence[Table], store: Path, left: int) -> None:
    """Print the tables that so many lines have room for, a note once, and where others are."""
    told, last, absent = set[str](), len(tables) - 1, 0
    for k, table in enumerate(tables):
        notes = [note for note in table.notes if note not in told]
        # Two lines are kept to say that others are not shown.
        room = left - AROUND - len(notes) - len(table.rules) - (2 if k < last or absent else 0)
        fits = len(table.rows) if len(table.rows) <= room else room - 1
        if fits < min(len(table.rows), FEWEST_ROWS):
            absent += 1
            continue
        if cut := len(table.rows) - fits:
            notes.append(f"rows not shown: {cut:,}; soilsweep report {store}")
        rules = tuple(rule for rule in table.rules if rule < fits)
        print_table(replace(table, rows=table.rows[:fits], notes=notes, rules=rules))
        told.update(table.notes)
        left -= fits + AROUND + len(notes) + len(rules)
    if absent:
        put("", f"tables not shown: {absent}; soilsweep report {store}")


def failure_lines(members: Mapping[int, int]) -> list[str]:
    """Return one line per status that is not ok."""
    return [
        f"{n:,} members {name_of(code)}: {advice_of(code)}"
        for code, n in sorted(members.items())
        if code != 0
    ]


def outcome_summary(planned: "Plan", outcome: Outcome) -> dict[str, Any]:
    """Return an outcome of members for programs."""
    return {**counted(planned, outcome, "members"), "limits": outcome.limits}


def counted(planned: "Plan | CalibrationPlan", outcome: Outcome, what: str) -> dict[str, Any]:
    """Return an outcome for programs, with the key under which its counts by status stand."""
    return {
        "store": str(outcome.path),
        "complete": outcome.complete,
        "blocks": outcome.blocks,
        "committed": outcome.committed,
        "ran": outcome.ran,
        what: {name_of(code): n for code, n in sorted(outcome.members.items())},
        "seconds": round(outcome.seconds, 3),
        "warnings": outcome.warnings,
        **about_data(planned.experiment.synthetic),
    }


def _pairs(pairs: Sequence[tuple[str, Any]]) -> None:
    put(*_aligned(pairs))


def _aligned(pairs: Sequence[tuple[str, Any]]) -> list[str]:
    width = max(len(name) for name, _ in pairs)
    return [f"{name.ljust(width)}  {value}".rstrip() for name, value in pairs]


def print_plan(summary: Mapping[str, Any]) -> None:
    """Print what a run would do; each warning is a line."""
    lines = summary["warnings"] or ["none"]
    shown = {n: v for n, v in summary.items() if n not in ("warnings", "noticed")}
    pairs = [(name.replace("_", " "), value) for name, value in _readable(shown)]
    _pairs([*pairs, ("warnings", lines[0]), *(("", line) for line in lines[1:])])


def _readable(summary: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in summary.items():
        if isinstance(value, dict):
            yield name, ", ".join(f"{k} {_number(v)}" for k, v in value.items()) or "none"
        elif isinstance(value, list):
            yield name, ", ".join(map(str, value)) or "none"
        else:
            yield name, _number(value)


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def print_analysis(tables: Sequence[Mapping[str, Any]]) -> None:
    """Print sensitivity tables."""
    for table in tables:
        print_table(Table(table["title"], table["header"], table["rows"], notes=table["notes"]))


def print_extension(extension: "Extension") -> None:
    """Print how wide the intervals were at each length of the design."""
    rows = [
        [
            f"{step.length:,}",
            f"{step.members:,}",
            f"{step.members - step.reused:,}" if k else "",
            f"{step.width.value:.3g}",
            step.width.where,
        ]
        for k, step in enumerate(extension.steps)
    ]
    share = ", a share of the largest index of its row" if extension.relative else ""
    notes = [f"needed {extension.until:g}{share}"]
    if again := sum(step.rerun for step in extension.steps):
        notes.append(f"{again:,} members were run again: their block was cut by the design's end")
    last = extension.steps[-1].width
    if last.known < last.rows:
        notes.append(f"{last.rows - last.known:,} of {last.rows:,} rows have no index")
    header = ["length", "members", "newly run", "half width", "of"]
    print_table(Table(f"intervals of {extension.index}", header, rows, notes=notes))


def print_replay(again: "Replay") -> None:
    """Print one member's parameters, outcome and whether its bytes match."""
    _pairs([(n, f"{v:.10g}") for n, v in again.parameters.items()])
    _pairs([("status", again.status), *((n, f"{v:.10g}") for n, v in again.responses.items())])
    for note in (*again.reasons, *again.notes):
        put(note)
    for difference in again.differences:
        put(difference)
    if not again.differences:
        compared = f"{again.compared} arrays match the store bit for bit"
        put(compared if again.compared else "not committed yet: nothing to compare with")


def print_verdict(verdict: "Verdict") -> None:
    """Print what `verify` found."""
    for line in (*verdict.remarks, *verdict.damage):
        put(line)
    reran = f", {verdict.members} members rerun" if verdict.members else ""
    repaired = f", {verdict.repaired} blocks repaired" if verdict.repaired else ""
    good = "all match" if not verdict.damage else f"{len(verdict.damage)} do not match"
    put(f"{verdict.blocks} blocks, {verdict.chunks} checksums{reran}{repaired}: {good}")
    put(f"digest {verdict.digest}")
    if verdict.damage and not verdict.repaired:
        put("run damaged blocks again with --repair")
