"""Run what is missing of any work, and what it ends with."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ensemble.errors import StoppedEarly
from ensemble.farming import backends
from ensemble.farming.backends import Farm
from ensemble.farming.finishing import finalise
from ensemble.farming.meanwhile import meanwhile
from ensemble.farming.notes import Within, take_notes, within
from ensemble.farming.work import Work
from ensemble.farming.worker import hang_limit
from ensemble.store.committed import Committed
from ensemble.store.journal import Entry, Key
from ensemble.store.lock import locked
from ensemble.store.room import why_not_written
from ensemble.store.store import Store

MOST_SUMS = 100_000
"""Blocks whose checksums are held for the length of a run, 4 bytes for each of their arrays."""

Progress = Callable[[int, int, float], None]
"""``progress(blocks done, blocks in all, seconds of this run)``; called after every commit."""

LOOK_SECONDS, LOOK_SHARE = 1.0, 0.02
"""Between two looks at how far running blocks have come, and the time that looks may take."""


@runtime_checkable
class SeesWithin(Protocol):
    """A progress that is told how far running blocks have come, too, by a thread of its own."""

    def within(self, running: Within, seconds: float) -> None:
        """Take how far they have come, and the seconds of this run."""
        ...


@dataclass(frozen=True)
class Watcher:
    """Who waits for a run, and may end it.

    Attributes
    ----------
    progress : callable, optional
    say : callable
        Shows what a person who waits should know, such as the state of a queue.
    stop : callable
        Asked before every block; when true, workers finish theirs and the run ends.
    replaceable : bool
        Whether something starts this process again if it dies: then a block that hangs in it
        ends it.
    """

    progress: Progress | None = None
    say: Callable[[str], None] = lambda text: None
    stop: Callable[[], bool] = lambda: False
    replaceable: bool = False


def run_work(
    store: Store,
    work: Work,
    execution: Any,
    watcher: Watcher | None = None,
    *,
    base: Path = Path(),
    workers: int = 0,
    finished: Callable[[], None] = lambda: None,
) -> tuple[Committed, int]:
    """Run the blocks that a store lacks, and finish it when it has all.

    Parameters
    ----------
    store : Store
    work : Work
    execution : model
        Section ``execution`` of a scenario, of the backend's model.
    watcher : Watcher, optional
    base : Path
        Folder of the scenario, for files that ``execution`` names.
    workers : int
        0 leaves it to the backend.
    finished : callable
        Called when the store is finished, while nobody else may change it.

    Returns
    -------
    committed : Committed
    before : int
        How many were when the call began.

    Raises
    ------
    PlanError
        Somebody else runs it.
    StoppedEarly
        The disk is full, or the cluster is gone; what is committed stays.
    """
    begun, seen, blocks = time.perf_counter(), watcher or Watcher(), work.grid.blocks
    with locked(store):
        # With their checksums, of which the end wants a hash, where that is little to hold.
        journals = store.journals(sums=blocks <= MOST_SUMS)
        committed = store.committed(journals)
        store.make_folders("scratch", "inflight", *(() if committed else ("partials",)))
        store.clear_scratch()
        careful = frozenset(key for key in take_notes(store) if key not in committed)
        before = len(committed)
        tally = _Tally(committed, blocks, begun, seen.progress)
        farm = Farm(
            store=store,
            work=work,
            pending=_pending(committed, careful),
            careful=careful,
            count=blocks - before,
            workers=workers,
            execution=execution,
            base=base,
            limit=hang_limit(work, execution.hang_seconds, committed),
            replaceable=seen.replaceable,
            stop=seen.stop,
            report=tally.report,
            reached=tally.reached,
            say=seen.say,
        )
        with _looking(store, seen.progress, begun):
            _farm_out(farm)
        store.look(journals)
        committed = store.committed(journals)
        if len(committed) == blocks:
            finalise(store, work, committed)
            finished()
    return committed, before


def _pending(committed: Committed, careful: frozenset[Key]) -> Iterator[Key]:
    """Yield what is to be run, suspects first: they take longest."""
    yield from sorted(careful)
    yield from (key for key in committed.missing() if key not in careful)


class _Tally:
    """Keeps what is committed and tells of progress, for many threads."""

    def __init__(
        self, committed: Committed, blocks: int, begun: float, progress: Progress | None
    ) -> None:
        self.committed = committed
        self.blocks = blocks
        self.begun = begun
        self.progress = progress
        self._lock = threading.Lock()

    def report(self, entry: Entry) -> None:
        """Take one more committed block into account."""
        with self._lock:
            self.committed.note(entry.block)
            self._tell(len(self.committed))

    def reached(self, done: int) -> None:
        """Show that so many blocks are done."""
        with self._lock:
            self._tell(done)

    def _tell(self, done: int) -> None:
        if self.progress:
            self.progress(done, self.blocks, time.perf_counter() - self.begun)


@contextmanager
def _looking(store: Store, progress: Progress | None, begun: float) -> Iterator[None]:
    """Tell of what is done within running blocks, whoever runs them, from what they note."""
    if not isinstance(progress, SeesWithin):
        yield
        return

    def look(ended: threading.Event) -> None:
        pause = LOOK_SECONDS
        while not ended.wait(pause):
            before = time.perf_counter()
            with suppress(OSError):
                progress.within(within(store.root), before - begun)
            pause = max(LOOK_SECONDS, (time.perf_counter() - before) / LOOK_SHARE)

    with meanwhile("progress", look):
        yield


def _farm_out(farm: Farm) -> None:
    if farm.count == 0:
        return
    try:
        backends.get(farm.execution.backend)(farm)
    except OSError as error:
        raise StoppedEarly(_why(error, farm.store.path)) from error


def _why(error: OSError, path: Path) -> str:
    """Return what stopped a run that was writing."""
    return f"{path}: {why_not_written(error)}"
