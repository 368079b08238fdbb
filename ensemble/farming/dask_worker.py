"""What a Dask worker process does: open a store once, run the blocks it is told to."""

import socket
import threading
from dataclasses import dataclass

from distributed import Worker as DaskWorker
from distributed import get_worker

from ensemble.errors import PlanError, StoppedEarly
from ensemble.farming.compiling import compile_once
from ensemble.farming.opening import join
from ensemble.farming.work import Paused
from ensemble.farming.worker import MARGIN_SECONDS, Lane, Worker, hang_limit
from ensemble.printing import announced, put
from ensemble.store.journal import Entry, Key
from ensemble.store.reading import read as read_store
from ensemble.store.store import Store
from slurm.walltime import Walltime


@dataclass(frozen=True)
class NoTime:
    """The answer of a worker whose job ends too soon for another block."""

    worker: str


@dataclass(frozen=True)
class Refusal:
    """The answer of a worker that cannot join the run, or go on: the driver raises it, and ends.

    Raised in the worker, Dask would print it there too, with lines of its own code.
    """

    error: PlanError | StoppedEarly | OSError


@dataclass(frozen=True)
class Order:
    """What a worker is told besides the block; the same for all blocks of a run.

    ``run`` tells this run from one before it, whose store may have been deleted since.
    """

    run: str
    store: str
    sync: bool
    hang_seconds: float


class _Opened:
    """A store as one run of one driver sees it from this process."""

    def __init__(self, order: Order) -> None:
        store = _read(order.store)
        work = join(store)
        with announced(put):
            compile_once(store, work)
        self.worker = Worker(store, work, order.sync, hang_limit(work, order.hang_seconds))
        self.walltime = Walltime()
        self.worker.leave = lambda: self.walltime.left() < MARGIN_SECONDS
        # A cluster that is somebody's may run several tasks in one process.
        self._own = threading.local()

    @property
    def lane(self) -> Lane:
        """Return this thread's way through blocks."""
        if not hasattr(self._own, "lane"):
            self._own.lane = self.worker.open()
        lane: Lane = self._own.lane
        return lane


_opening = threading.Lock()
_opened: dict[Order, _Opened] = {}


def run_block(order: Order, key: Key, careful: bool = False) -> Entry | NoTime | Refusal:
    """Run, write and commit one block; in child processes if it is a suspect.

    Dask runs a task again whose worker died after the commit; then there is nothing to do.
    """
    try:
        return _run_block(order, key, careful)
    except (PlanError, StoppedEarly, OSError) as error:
        return Refusal(error)


def _run_block(order: Order, key: Key, careful: bool) -> Entry | NoTime:
    with _opening:
        if order not in _opened:
            _opened[order] = _Opened(order)
    opened = _opened[order]
    worker, store = opened.worker, opened.worker.store
    if store.has_partials(key) and (entry := worker.committed().get(key)):
        return entry
    if opened.walltime.left() < worker.limit.one_more:
        return NoTime(get_worker().address)
    try:
        return opened.lane.run(key, careful=careful)
    except Paused:
        return NoTime(get_worker().address)


def close(order: Order) -> None:
    """End a run in this process; a cluster that is somebody's lives on."""
    if opened := _opened.pop(order, None):
        opened.worker.close()


def _read(path: str) -> Store:
    try:
        return read_store(path)
    except PlanError as error:
        host = socket.gethostname()
        text = f"a worker on {host}: {error}; the store must lie where all workers see it"
        raise PlanError(text) from error


def leave(dask_worker: DaskWorker) -> None:
    """End this worker process, its nanny and so its job, once this call has been answered."""
    dask_worker.loop.add_callback(dask_worker.close, reason="walltime")
