"""Threads of this process: kernels release the interpreter lock, so threads are enough."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from pydantic import Field

from ensemble.farming.backends import Farm
from ensemble.store.platforms import cores
from scenarios.execution import BackendSpec
from slurm.walltime import Walltime


class Spec(BackendSpec):
    """Threads of this process."""

    backend: Literal["local"] = "local"
    workers: int | None = Field(default=None, ge=1, le=1024, description="threads; default: cores")


def run(farm: Farm) -> None:
    """Pull blocks with threads; the first exception ends the others after their block."""
    workers = min(farm.workers or cores(), farm.count)
    worker = farm.worker(alarm=farm.replaceable)
    claim = threading.Lock()
    walltime = Walltime()

    def ends_soon() -> bool:
        return walltime.left() < farm.limit.one_more

    failed = threading.Event()

    def pull() -> None:
        try:
            lane = worker.open()
            while not (farm.stop() or failed.is_set() or ends_soon()):
                with claim:
                    key = next(farm.pending, None)
                if key is None:
                    return
                lane.run(key, careful=key in farm.careful)
        except BaseException:
            failed.set()
            raise

    try:
        with ThreadPoolExecutor(workers, thread_name_prefix="block") as pool:
            futures = [pool.submit(pull) for _ in range(workers)]
            for future in futures:
                future.result()
    finally:
        worker.close()
