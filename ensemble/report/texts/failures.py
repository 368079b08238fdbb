"""How many members failed or are beyond limits, which, and where."""

from collections.abc import Iterator, Sequence

import numpy as np

from ensemble.members.undefined import lines
from ensemble.report.data.failures import BINS, Account, Spread
from ensemble.report.parts import Banner, Heading, Notes, Part, Verbatim
from ensemble.report.run import Run
from ensemble.report.texts.wording import MOST_ROWS, span
from ensemble.tables.limits import limit_lines, plain, table_of
from ensemble.tables.responses import NONE, Table
from ensemble.tables.results import Results
from kernels import BY_CODE, I8, OK
from scenarios import and_more, most_named

MOST_TEXTS = 10
"""Exceptions that are shown, and control members that are named."""

MOST_CHARACTERS = 2000
"""Of an exception."""

WORST = 20
"""Forcings or locations that are named, those with most failures."""


def failures(run: Run) -> Iterator[Part]:
    """Yield how many members failed, which, and where."""
    results, account = run.results, run.account
    if control := _failed_controls(results):
        yield Banner(control)
    if results.complete and (without := lines(run.store)):
        yield Notes(without)
    if not account.statuses:
        yield f"None of {account.members:,} members failed."
        return
    yield _by_status(account)
    for axis, names, counts in (
        ("forcing", results.forcings, account.by_forcing),
        ("location", results.locations, account.by_location),
    ):
        if len(names) > 1:
            yield _by_place(axis, names, counts)
    if account.spreads:
        yield _by_parameter(account.spreads)
    else:
        yield Notes(["Parameters are not stored, so where failures sit cannot be shown."])
    yield from _exceptions(results)


def limits(run: Run) -> Iterator[Part]:
    """Yield which share of members holds more than a soil can, and where."""
    store, committed = run.store, run.results.committed
    if beyond := table_of(store, committed):
        yield beyond
    yield from limit_lines(plain(store, committed))


def _by_status(account: Account) -> Table:
    rows = [
        [f.name, f"{f.count:,}", f"{f.count / account.members:.2%}", ", ".join(f.first), f.advice]
        for f in account.statuses
    ]
    notes = ["a member is FORCING/LOCATION/SAMPLE, as `soilsweep replay STORE MEMBER` takes it"]
    if account.looked_at < account.blocks:
        notes.append(
            f"where they are: of the first {account.looked_at:,} of {account.blocks:,} blocks "
            "that hold some"
        )
    header = ["status", "members", "share", "the first", "what to do"]
    return Table("failed members by status", header, rows, notes)


def _exceptions(results: Results) -> Iterator[Part]:
    """Yield what kernels raised: each text once, the most frequent first."""
    counts = results.committed.totals.notes
    if not counts:
        return
    yield Heading("Exceptions")
    for note, count in counts.most_common(most_named(MOST_TEXTS)):
        text = note if len(note) <= MOST_CHARACTERS else f"{note[:MOST_CHARACTERS]} ..."
        yield Verbatim(f"{count:,} times noted: {text}")
    if more := and_more(len(counts) - most_named(MOST_TEXTS), "texts").strip():
        yield Notes([more])


def _failed_controls(results: Results) -> list[str]:
    """Return one line per control member that failed, of the first few."""
    status = results.cells("control/status")
    failed = np.argwhere(np.isfinite(status) & (status != OK))
    lines = []
    for at in map(tuple, failed[: most_named(MOST_TEXTS)]):
        outcome = BY_CODE.get(int(status[at]))
        text = f"{outcome.name}: {outcome.advice}" if outcome else f"status {status[at]:.0f}"
        member = f"{results.forcings[at[0]]}/{results.locations[at[1]]}"
        lines.append(f"The control member of {member} failed, {text}")
    more = and_more(len(failed) - len(lines), "control members").strip()
    return [*lines, more] if more else lines


def _by_place(axis: str, names: Sequence[str], counts: I8) -> Table:
    """Return how many members failed under each forcing or at each location, the worst first."""
    order = [k for k in np.argsort(-counts, kind="stable") if counts[k]]
    rows = [[names[k], f"{counts[k]:,}"] for k in order[:WORST]]
    notes = [f"{len(names) - len(order)} of {len(names)} without failure"]
    if len(order) > WORST:
        notes.append(f"the {WORST} worst of {len(order)}")
    return Table(f"failed members by {axis}", [axis, "failed"], rows, notes)


def _by_parameter(spreads: list[Spread]) -> Table:
    """Return the range of each parameter over failed members and over all."""
    rows = []
    for spread in sorted(spreads, key=lambda s: -s.contrast)[:MOST_ROWS]:
        shares = []
        for quarter in np.split(np.arange(BINS), 4):
            members = spread.all[quarter].sum()
            shares.append(f"{spread.failed[quarter].sum() / members:.1%}" if members else NONE)
        failed = span(spread.failed_span) if spread.failed.any() else NONE
        rows.append([spread.name, spread.units, span(spread.span), failed, *shares])
    header = ["parameter", "units", "all members", "failed members"]
    header += [f"failed in quarter {k}" for k in (1, 2, 3, 4)]
    notes = ["quarters of the range of all members, lowest first; parameters that tell most first"]
    return Table("where failures sit", header, rows, notes)
