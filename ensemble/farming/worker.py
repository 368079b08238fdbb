"""A worker: one process' way into a store. Every backend ends here.

Before a block runs, its key is noted (`notes`). A timer of the operating system ends the process
if a block hangs: no thread of Python could, while a kernel holds the interpreter.
"""

import math
import os
import signal
import socket
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ensemble.farming import suspects
from ensemble.farming.notes import Note, process_name
from ensemble.farming.work import Leave, Paused, RunBlock, Work, stay
from ensemble.store.committed import Committed
from ensemble.store.journal import Entry, Journal, Key
from ensemble.store.journals import Journals
from ensemble.store.machine import cpu, libraries_in, versions
from ensemble.store.store import Store

HANGS_AFTER = 100
"""A block hangs when it has taken so many times the median."""

TIMED = 1000
"""Blocks whose times are looked at: the latest."""

MARGIN_SECONDS = 10.0
"""What is left of a job's walltime beyond twice a block's usual time when the last one begins."""

Report = Callable[[Entry], None]


class HangLimit:
    """How long a block may take before its process is ended, seconds.

    Parameters
    ----------
    floor : float
        Never less than this.
    declared : float
        What the kernel says a block takes; used until blocks have been timed.
    timed : iterable of float
        What the last blocks took.
    pauses : bool
        Whether blocks can be left inside.
    """

    def __init__(
        self, floor: float, declared: float, timed: Iterable[float] = (), *, pauses: bool = False
    ) -> None:
        self.floor = floor
        self.declared = declared
        self.pauses = pauses
        self._timed = deque(timed, maxlen=TIMED)

    def add(self, seconds: float) -> None:
        """Take the time of one more block into account."""
        self._timed.append(seconds)

    @property
    def typical(self) -> float:
        """Return what a block takes, seconds: the median, or what is declared."""
        return statistics.median(self._timed) if self._timed else self.declared

    @property
    def seconds(self) -> float:
        """Return the limit."""
        return max(self.floor, HANGS_AFTER * self.typical)

    @property
    def one_more(self) -> float:
        """Return how much of a job's walltime one more block needs, to be sure of it."""
        return one_more(self.typical, pauses=self.pauses)


def one_more(typical: float, *, pauses: bool = False) -> float:
    """Return how much of a job's walltime a block needs that takes so long, to be sure of it.

    One that can be left inside needs little more than what it is left at.
    """
    return 2 * (MARGIN_SECONDS if pauses else typical) + MARGIN_SECONDS


def hang_limit(work: Work, floor: float, committed: Committed | None = None) -> HangLimit:
    """Return the limit of a work's blocks, never below ``floor`` seconds.

    What ends its own members in time is left to do so.
    """
    members = math.prod(axis.length for axis in work.grid.axes)
    own = work.time_limit * (members + 1)
    timed = () if committed is None else committed.latest(TIMED).tolist()
    return HangLimit(max(floor, own), work.seconds_per_block, timed, pauses=work.pauses)


class _Alarm:
    """One timer for all threads of a process, set to the first deadline.

    When it rings, SIGALRM ends the process: its exit is the evidence.
    """

    def __init__(self) -> None:
        self._deadlines: dict[int, float] = {}
        self._lock = threading.Lock()

    def start(self, seconds: float) -> None:
        """Begin to watch this thread."""
        with self._lock:
            self._deadlines[threading.get_ident()] = time.monotonic() + seconds
            self._set()

    def stop(self) -> None:
        """End it."""
        with self._lock:
            self._deadlines.pop(threading.get_ident(), None)
            self._set()

    def _set(self) -> None:
        first = min(self._deadlines.values(), default=None)
        # Zero would switch the timer off although the deadline has just passed.
        wait = 0.0 if first is None else max(1e-3, first - time.monotonic())
        signal.setitimer(signal.ITIMER_REAL, wait)


@dataclass
class Worker:
    """Runs, writes and commits blocks of a store.

    Attributes
    ----------
    store : Store
    work : Work
    sync : bool
        Whether chunks must survive a power cut before they are committed.
    limit : HangLimit
    alarm : bool
        Whether to end this process when a block hangs: only where something replaces it.
    report : callable
        Told of every commit.
    leave : callable
        Asked inside blocks that can be left: whether to.
    """

    store: Store
    work: Work
    sync: bool
    limit: HangLimit
    alarm: bool = True
    report: Report = lambda entry: None
    leave: Leave = stay
    _notes: list[Note] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _journals: Journals | None = None

    def __post_init__(self) -> None:
        self.journal = new_journal(self.store)
        self.timer = _Alarm() if self.alarm else None

    def open(self) -> "Lane":
        """Return this thread's way through blocks, with workspace of its own."""
        note = Note(self.store.root, f"{process_name()}-{threading.get_ident()}")
        with self._lock:
            self._notes.append(note)
        return Lane(self, self.work.open(self.leave, note.tell), note)

    def commit(self, run: RunBlock, key: Key) -> Entry:
        """Run one block, write its chunks and append the line that makes it count."""
        begun = time.perf_counter()
        if self.timer:
            self.timer.start(self.limit.seconds)
        try:
            result = run(key)
            with self.store.there():
                sums = self.store.write(self.work.grid, key, result, sync=self.sync)
        finally:
            if self.timer:
                self.timer.stop()
        seconds = time.perf_counter() - begun
        entry = Entry(
            key,
            sums,
            result.status,
            seconds,
            result.notes[:20],
            beyond=result.beyond,
            excluded=result.excluded,
        )
        self.journal.commit(entry, sync=self.sync)
        self.limit.add(seconds)
        return entry

    def committed(self) -> Committed:
        """Return every block that is committed by now, by whatever process."""
        with self._lock:
            if self._journals is None:
                self._journals = self.store.journals()
            else:
                self.store.look(self._journals)
            return self.store.committed(self._journals)

    def close(self) -> None:
        """Remove this process' in-flight notes: it ended in order."""
        self.journal.close()
        for note in self._notes:
            note.remove()
        self._notes.clear()


class Lane:
    """One thread of a worker: runs, writes and commits one block after the other."""

    def __init__(self, worker: Worker, run: RunBlock, note: Note) -> None:
        self.worker = worker
        self._run = run
        self._note = note

    def run(self, key: Key, *, careful: bool = False) -> Entry:
        """Run, write and commit one block.

        Parameters
        ----------
        key : tuple of int
        careful : bool
            A process died in it: find out in child processes what is wrong with it.

        Raises
        ------
        OSError
            It cannot be written.
        Paused
            It was left where it goes on from.
        """
        self._note.begin(key)
        try:
            entry = self._settle(key) if careful else self.worker.commit(self._run, key)
        except Paused:
            self._note.end()
            raise
        self._note.end()
        self.worker.report(entry)
        return entry

    def _settle(self, key: Key) -> Entry:
        worker = self.worker
        seconds = worker.limit.seconds
        suspects.settle(worker.store, worker.work, key, sync=worker.sync, seconds=seconds)
        return worker.committed()[key]


def new_journal(store: Store) -> Journal:
    """Return a journal of this process, which says where and with what code it writes."""
    where = {"host": socket.gethostname(), "pid": os.getpid(), "cpu": cpu()}
    libraries = libraries_in(store.attrs["identity"].get("versions", {}))
    begun = {**where, "versions": versions(libraries), "kernel": store.kernel}
    return Journal(store.journal, begun)
