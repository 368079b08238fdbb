"""Threads of this process, or processes where each has more to do than a start takes."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from pydantic import Field

from ensemble.farming.backends import Farm
from ensemble.farming.work import Paused
from ensemble.farming.worker import MARGIN_SECONDS
from ensemble.store.platforms import cores
from scenarios.execution import BackendSpec
from slurm.walltime import Walltime

WORTH_SECONDS = 5.0
"""Work of each worker from which processes are quicker than threads. Another one takes 1.2 s and
more until its first block; on two idle cores 2 s each took longer so, 6 s each less."""

PROCESS_NBYTES = 200 << 20
"""Memory of another process beside its blocks: libraries and compiled kernels."""

SHARE_OF_MEMORY = 0.25
"""Processes are not chosen where they would take more than that of the machine's memory."""


class Spec(BackendSpec):
    """Threads of this process, or this process and others."""

    backend: Literal["local"] = "local"
    workers: int | None = Field(default=None, ge=1, le=1024, description="default: one per core")
    workers_are: Literal["threads", "processes"] | None = Field(
        default=None,
        description=f"default: processes where each has more than {WORTH_SECONDS:g} s to do: they "
        "never wait for one another, as threads do for Python",
    )


def in_processes(chosen: Any, workers: int, seconds: float) -> bool:
    """Return whether workers are processes: as is chosen, or where it takes less time.

    Parameters
    ----------
    chosen : Spec
    workers : int
    seconds : float
        Of the kernel, on one core, in all blocks that are to be run.
    """
    if workers == 1:
        return False
    if chosen.workers_are:
        return bool(chosen.workers_are == "processes")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    fit = (workers - 1) * PROCESS_NBYTES <= SHARE_OF_MEMORY * memory
    return fit and seconds / workers > WORTH_SECONDS


def run(farm: Farm) -> None:
    """Run blocks with threads, or with processes; the first exception ends the others."""
    workers = min(farm.workers or cores(), farm.count)
    if in_processes(farm.execution, workers, farm.count * farm.work.seconds_per_block):
        from ensemble.farming.backends.parts.processes import lead

        farm.say(f"{workers} workers, as processes")
        lead(farm, workers)
    else:
        _in_threads(farm, workers)


def _in_threads(farm: Farm, workers: int) -> None:
    """Pull blocks with threads; the first exception ends the others after their block."""
    farm.work.compile()
    worker = farm.worker(alarm=farm.replaceable)
    claim = threading.Lock()
    walltime = Walltime()

    def ends_soon() -> bool:
        return walltime.left() < farm.limit.one_more

    failed = threading.Event()

    def leave() -> bool:
        return farm.stop() or failed.is_set() or walltime.left() < MARGIN_SECONDS

    worker.leave = leave

    def pull() -> None:
        try:
            lane = worker.open()
            while not (farm.stop() or failed.is_set() or ends_soon()):
                with claim:
                    key = next(farm.pending, None)
                if key is None:
                    return
                lane.run(key, careful=key in farm.careful)
        except Paused:
            return
        except BaseException:
            failed.set()
            raise

    try:
        with ThreadPoolExecutor(workers, thread_name_prefix="block") as pool:
            futures = [pool.submit(pull) for _ in range(workers)]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                # Ctrl-C in a notebook, for one: the pool waits for the blocks that run.
                failed.set()
                raise
    finally:
        worker.close()
