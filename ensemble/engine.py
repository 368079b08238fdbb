"""Run a plan: create or continue its store, run what is missing, finish the statistics."""

import errno
import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ensemble import across, backends, launch
from ensemble.cpu import cpu, versions
from ensemble.journal import Entry, Journal, Key, headers
from ensemble.members import EnsembleWork
from ensemble.planning import Plan, changes, refuse_if_impossible
from ensemble.store import PlanError, Store

Progress = Callable[[int, int, float], None]
"""``progress(blocks done, blocks in all, seconds of this run)``; called after every commit."""


class StoppedEarly(RuntimeError):
    """The run ended before all blocks were committed; the same command goes on."""


@dataclass
class Outcome:
    """What `run` did.

    Attributes
    ----------
    path : Path
    blocks, committed, ran : int
        All, committed by now, and run by this call.
    members : mapping of int to int
        Members by status code, over all committed blocks.
    seconds : float
        Of this call.
    warnings : list of str
    """

    path: Path
    blocks: int
    committed: int = 0
    ran: int = 0
    members: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Return whether every block is committed."""
        return self.committed == self.blocks

    @property
    def failed(self) -> int:
        """Return the number of members that did not run well."""
        return sum(n for code, n in self.members.items() if code != 0)

    @property
    def failed_share(self) -> float:
        """Return the share of failed members."""
        return self.failed / max(1, sum(self.members.values()))


def run(
    plan: Plan,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    accept_changes: str = "",
) -> Outcome:
    """Run what is missing of a plan and finish its statistics.

    Parameters
    ----------
    plan : Plan
    workers : int, optional
        Instead of the scenario's; default one per core.
    progress : callable, optional
    stop : callable, optional
        Asked before every block; when true, workers finish theirs and the call returns.
    accept_changes : str
        Reason to continue a store although scenario, data or code have changed.

    Returns
    -------
    Outcome
        ``complete`` is False where ``stop`` ended it.

    Raises
    ------
    PlanError
        The run is certain to fail, or the store belongs to another scenario.
    StoppedEarly
        The disk is full or the target failed; what is committed stays.
    """
    begun = time.perf_counter()
    execution = plan.scenario.execution
    count = workers or execution.workers or len(os.sched_getaffinity(0))
    store, warnings = _store_of(plan, count, accept_changes)
    work = EnsembleWork(plan.setup, plan.layout)
    with _alone(store.path):
        committed = store.committed()
        store.make_folders("scratch", "inflight", *(() if committed else ("partials",)))
        store.clear_scratch()
        warnings += _suspects(store, committed) + _other_cpu(store)
        outcome = Outcome(store.path, plan.blocks, warnings=warnings)
        before = len(committed)
        shared = _Shared(store, work, committed, begun, progress, execution.sync)
        pending = (key for key in work.grid.keys() if key not in committed)
        _farm_out(execution.backend, shared, pending, min(count, plan.blocks - before), stop)
        if len(committed) == plan.blocks:
            finalise(store, work)
    outcome.committed, outcome.ran = len(committed), len(committed) - before
    for entry in committed.values():
        for code, n in entry.status.items():
            outcome.members[code] = outcome.members.get(code, 0) + n
    outcome.seconds = time.perf_counter() - begun
    return outcome


def _farm_out(
    backend: str,
    shared: "_Shared",
    pending: Iterator[Key],
    workers: int,
    stop: Callable[[], bool],
) -> None:
    if workers == 0:
        return
    try:
        backends.get(backend)(shared.open_worker, pending, workers, stop)
    except OSError as error:
        raise StoppedEarly(_why(error, shared.store.path)) from error
    finally:
        shared.close()


def _why(error: OSError, path: Path) -> str:
    """Return what stopped a run that was writing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{path}: the disk is full; free some space and run the same command again"
    return f"{path}: cannot write ({error.strerror}); mend that and run the same command again"


def _store_of(plan: Plan, workers: int, accept_changes: str) -> tuple[Store, list[str]]:
    """Return the plan's store, new or begun, and what to warn of."""
    if not plan.path.exists() or _is_empty(plan.path):
        refuse_if_impossible(plan, workers)
        try:
            return launch.create_store(plan), []
        except OSError as error:
            raise PlanError(f"{plan.path}: cannot be created: {error.strerror}") from error
    store = launch.read_store(plan.path)
    changed = changes(store.attrs["identity"], plan.identity)
    if changed and not accept_changes:
        listed = "\n".join(f"  - {text}" for text in changed)
        raise PlanError(
            f"{plan.path} was begun by another run:\n{listed}\n"
            "continue with what it was begun with, choose another place with --store, or go on "
            'with --accept-changes "reason"'
        )
    if changed:
        if any(text.startswith("block length") for text in changed):
            raise PlanError(
                f"{plan.path} was begun with other block lengths; chunks cannot be cut anew, "
                "so this cannot be accepted; choose another place with --store"
            )
        store = launch.accept(store, plan.identity, accept_changes, changed)
    refuse_if_impossible(plan, workers, done=len(store.committed()))
    return store, [f"goes on although {text}" for text in changed]


def _is_empty(path: Path) -> bool:
    """Return whether a path is a folder without content, which a store may take over.

    Raises
    ------
    PlanError
        A folder that holds something else than a store.
    """
    if not path.is_dir() or (path / "zarr.json").exists():
        return False
    if any(path.iterdir()):
        raise PlanError(
            f"{path}: found a folder with other files; needed a store, an empty folder or a name "
            "that is not taken; choose another place with --store"
        )
    return True


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the store's lock; the system releases it however this process ends."""
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 100).decode() or "another process"
            raise PlanError(f"{path}: {owner} is running it; wait for it or stop it") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _suspects(store: Store, committed: Mapping[Key, Entry]) -> list[str]:
    """Return a warning that names the blocks a crashed run was in, and clear the notes."""
    suspects = set()
    for note in (store.path / "inflight").iterdir():
        words = note.read_bytes().split()
        key = tuple(int(word) for word in words if word.isdigit())
        if len(key) == len(words) and key and key not in committed:
            suspects.add(key)
        note.unlink()
    if not suspects:
        return []
    named = ", ".join(str(list(key)) for key in sorted(suspects))
    return [
        f"the last run was killed or crashed in block {named} (forcing, location, sample); "
        "running again; if it happens again there, replay a member of that block"
    ]


def _other_cpu(store: Store) -> list[str]:
    begun_on = {h["cpu"] for h in headers(store.journal)} - {cpu()}
    if not begun_on:
        return []
    return [
        f"begun on {', '.join(sorted(begun_on))}, going on with {cpu()}: "
        "values are equal to rounding, not to the last bit"
    ]


class _Shared:
    """What the workers of this process share: the store, the journal, the tally."""

    def __init__(
        self,
        store: Store,
        work: EnsembleWork,
        committed: dict[Key, Entry],
        begun: float,
        progress: Progress | None,
        sync: bool,
    ) -> None:
        self.store = store
        self.work = work
        self.committed = committed
        self.begun = begun
        self.progress = progress
        self.sync = sync
        header = {"host": socket.gethostname(), "pid": os.getpid(), "cpu": cpu()}
        self.journal = Journal(store.journal, {**header, "versions": versions()})
        self._lock = threading.Lock()
        self._notes: dict[Path, int] = {}

    def open_worker(self) -> Callable[[Key], None]:
        """Return this thread's function that runs, writes and commits one block."""
        run_block = self.work.open()
        name = f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
        note = self.store.path / "inflight" / name
        descriptor = os.open(note, os.O_WRONLY | os.O_CREAT, 0o666)
        with self._lock:
            self._notes[note] = descriptor

        def do(key: Key) -> None:
            begun = time.perf_counter()
            # A fixed width, so that one write replaces the whole note of the block before.
            os.pwrite(descriptor, " ".join(map(str, key)).ljust(80).encode(), 0)
            result = run_block(key)
            sums = self.store.write(self.work.grid, key, result, sync=self.sync)
            seconds = time.perf_counter() - begun
            entry = Entry(key, sums, result.status, seconds, result.notes[:20])
            self.journal.commit(entry, sync=self.sync)
            self._tell(entry)

        return do

    def _tell(self, entry: Entry) -> None:
        with self._lock:
            self.committed[entry.block] = entry
            done = len(self.committed)
            if self.progress:
                self.progress(done, self.work.grid.blocks, time.perf_counter() - self.begun)

    def close(self) -> None:
        """Remove this process' in-flight notes: it ended in order."""
        self.journal.close()
        for note, descriptor in self._notes.items():
            os.close(descriptor)
            note.unlink(missing_ok=True)


def finalise(store: Store, work: EnsembleWork) -> None:
    """Write control members and statistics from the blocks' sums; idempotent.

    Blocks write their members themselves. What is left is small, and as one file per block
    it is written and made durable once, not once per array.
    """
    forcings, locations, samples = (range(axis.blocks) for axis in work.grid.axes)
    for place in locations:
        merged = [
            work.merge((f, place, 0), (store.read_partials((f, place, s)) for s in samples))
            for f in forcings
        ]
        finished = {path: np.concatenate([m[path] for m in merged]) for path in merged[0]}
        finished.update(across.compute(work.layout, finished))
        for path, values in finished.items():
            store.write_chunk(path, work.grid.index((0, place, 0), store.specs[path]), values)
