"""Threads of this process: kernels release the interpreter lock, so threads are enough."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from ensemble.backends import OpenWorker
from ensemble.journal import Key


def run(
    open_worker: OpenWorker, keys: Iterator[Key], workers: int, stop: Callable[[], bool]
) -> None:
    """Pull blocks with ``workers`` threads; see `Backend`."""
    claim = threading.Lock()
    failed = threading.Event()

    def pull() -> None:
        try:
            do = open_worker()
            while not (stop() or failed.is_set()):
                with claim:
                    key = next(keys, None)
                if key is None:
                    return
                do(key)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(workers, thread_name_prefix="block") as pool:
        futures = [pool.submit(pull) for _ in range(workers)]
        for future in futures:
            future.result()
