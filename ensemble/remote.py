"""What a Dask worker process does: open a store once, run the blocks it is told to."""

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from distributed import get_worker

from ensemble.journal import Entry, Key
from ensemble.launch import open_work, read_store
from ensemble.warming import compile_once
from ensemble.worker import Lane, Worker, hang_limit
from slurm.walltime import Walltime


@dataclass(frozen=True)
class NoTime:
    """The answer of a worker whose job ends too soon for another block."""

    worker: str


@dataclass(frozen=True)
class Order:
    """What a worker is told besides the block; the same for all blocks of a run."""

    store: str
    sync: bool
    hang_seconds: float


@dataclass
class _Opened:
    worker: Worker
    lane: Lane
    walltime: Walltime


_opening = threading.Lock()


def run_block(order: Order, key: Key, careful: bool = False) -> Entry | NoTime:
    """Run, write and commit one block; in child processes if it is a suspect.

    Dask runs a task again whose worker died after the commit; then there is nothing to do.
    """
    with _opening:
        opened = _open(order)
    worker, store = opened.worker, opened.worker.store
    if store.partial_path(key).exists() and (entry := store.committed().get(key)):
        return entry
    if opened.walltime.left() < worker.limit.one_more:
        return NoTime(get_worker().address)
    return opened.lane.run(key, careful=careful)


@cache
def _open(order: Order) -> _Opened:
    """Open the store, map its drivers and compile: once per process."""
    store = read_store(Path(order.store))
    work = open_work(store)
    compile_once(store, work)
    worker = Worker(store, work, order.sync, hang_limit(work, order.hang_seconds, {}))
    return _Opened(worker, worker.open(), Walltime())
