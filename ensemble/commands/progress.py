"""How far a run is, for people who wait: a bar on a terminal, lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Self

from ensemble.farming.farm import Progress
from ensemble.farming.notes import Within
from ensemble.members.stored import REAL
from ensemble.printing import announced, behind, put

if TYPE_CHECKING:
    from ensemble.planning.calibrating import CalibrationPlan
    from ensemble.planning.plan import Plan

QUIET_SECONDS, QUIET_GROWTH, LONGEST_QUIET_SECONDS = 30.0, 1.5, 600.0
"""After so long without a line something is said of what is running; then ever less often."""

MEMBERS, CANDIDATES = "members", "candidates at most"
"""What blocks are made of; a search may end before it has asked for all that it may."""


def of_members(planned: "Plan", *, silent: bool) -> AbstractContextManager[Progress | None]:
    """Return what yields a progress callback of a run, with members a second."""
    return of_blocks(planned, planned.members / planned.blocks, silent=silent)


@contextmanager
def of_blocks(
    planned: "Plan | CalibrationPlan", per_block: float = 0.0, *, silent: bool
) -> Iterator[Progress | None]:
    """Yield a progress callback: a bar on a terminal, some lines elsewhere, or nothing.

    It is told of what is done within blocks, too.

    Parameters
    ----------
    planned : Plan or CalibrationPlan
    per_block : float
        Members of a block; 0 where members are not what is counted.
    silent : bool
    """
    if silent:
        yield None
        return
    put(planned.experiment.synthetic or REAL)
    if not sys.stderr.isatty():
        with announced():
            yield _Lines(planned.blocks, MEMBERS if per_block else CANDIDATES)
        return
    with _Bar(planned.blocks, per_block) as bar:
        yield bar


class _Bar:
    """A bar on a terminal, which moves within long blocks, too.

    Parameters
    ----------
    blocks : int
    per_block : float
        Members of a block; 0 where members are not what is counted.
    """

    def __init__(self, blocks: int, per_block: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Columns

        said = (TextColumn(f"{{task.fields[{name}]}}") for name in ("rate", "within"))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *said)
        terminal = Console(file=behind(sys.stdout))
        self._columns = Columns(*columns, TimeRemainingColumn(), console=terminal, transient=False)
        self._task = self._columns.add_task("blocks", total=blocks, rate="", within="")
        self._per_block, self._done = per_block, 0

    def __enter__(self) -> Self:
        self._columns.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._columns.stop()

    def __call__(self, done: int, total: int, seconds: float) -> None:
        """Show that so many blocks are done."""
        self._done = done
        members = f"{done * self._per_block / max(seconds, 1e-9):,.0f} members/s"
        rate = members if self._per_block else ""
        self._columns.update(self._task, completed=done, within="", rate=rate)

    def within(self, running: Within, seconds: float) -> None:
        """Show how far the running ones have come."""
        if running.blocks:
            share = running.share / running.blocks
            text = f"and {share:.0%} of {running.blocks:,} that run"
            completed = self._done + running.share
            self._columns.update(self._task, completed=completed, within=text)


class _Lines:
    """A line for each tenth of a run, and where none is written for long, for what is running.

    Parameters
    ----------
    blocks : int
    member : str
        What blocks are made of.
    """

    def __init__(self, blocks: int, member: str) -> None:
        self._blocks, self._member = blocks, member
        self._step = max(1, blocks // 10)
        self._done, self._said, self._pause = 0, 0.0, QUIET_SECONDS

    def __call__(self, done: int, total: int, seconds: float) -> None:
        """Say at each tenth how far a run has come."""
        self._done = done
        if done and (done % self._step == 0 or done == total):
            left = seconds / done * (total - done)
            self._say(f"{done}/{total} blocks, {seconds:.1f} s, {left:.1f} s left", seconds)

    def within(self, running: Within, seconds: float) -> None:
        """Say how far running blocks have come, after a silence that grows."""
        if seconds - self._said < self._pause:
            return
        self._pause = min(LONGEST_QUIET_SECONDS, QUIET_GROWTH * self._pause)
        text = f"{self._done}/{self._blocks} blocks, {seconds:.0f} s"
        if running.blocks:
            text += (
                f"; {running.blocks:,} running: {running.done:,} of {running.members:,} "
                f"{self._member}"
            )
        self._say(text, seconds)

    def _say(self, text: str, seconds: float) -> None:
        self._said = seconds
        sys.stderr.write(f"{text}\n")
