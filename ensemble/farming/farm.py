"""What a run of any work does besides running blocks: pending keys, progress, errors in words."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ensemble.errors import StoppedEarly
from ensemble.farming import backends
from ensemble.farming.backends import Farm
from ensemble.farming.work import Work
from ensemble.store.journal import Entry, Key
from ensemble.store.room import why_not_written

Progress = Callable[[int, int, float], None]
"""``progress(blocks done, blocks in all, seconds of this run)``; called after every commit."""


def pending(work: Work, committed: frozenset[Key], careful: frozenset[Key]) -> Iterator[Key]:
    """Yield what is to be run, suspects first: they take longest."""
    yield from sorted(careful)
    for key in work.grid.keys():
        if key not in committed and key not in careful:
            yield key


class Tally:
    """Keeps what is committed and tells of progress, for many threads."""

    def __init__(
        self, committed: dict[Key, Entry], blocks: int, begun: float, progress: Progress | None
    ) -> None:
        self.committed = committed
        self.blocks = blocks
        self.begun = begun
        self.progress = progress
        self._lock = threading.Lock()

    def report(self, entry: Entry) -> None:
        """Take one more committed block into account."""
        with self._lock:
            self.committed[entry.block] = entry
            self._tell(len(self.committed))

    def reached(self, done: int) -> None:
        """Show that so many blocks are done."""
        with self._lock:
            self._tell(done)

    def _tell(self, done: int) -> None:
        if self.progress:
            self.progress(done, self.blocks, time.perf_counter() - self.begun)


def farm_out(farm: Farm) -> None:
    """Run the blocks of a farm by its backend.

    Raises
    ------
    StoppedEarly
        The disk is full, or the cluster is gone.
    """
    if farm.count == 0:
        return
    try:
        backends.get(farm.execution.backend)(farm)
    except OSError as error:
        raise StoppedEarly(_why(error, farm.store.path)) from error


def _why(error: OSError, path: Path) -> str:
    """Return what stopped a run that was writing."""
    return f"{path}: {why_not_written(error)}"
