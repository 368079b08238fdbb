"""Blocks pushed to the workers of a Dask cluster, and their answers.

Dask pushes blocks; a worker answers with the entry it committed. What Dask says of a block
whose worker died is a reason to look, not evidence: it runs again in a child process.
"""

import os
import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dask
import distributed
from distributed import LocalCluster
from distributed.client import ClosedClientError
from distributed.scheduler import KilledWorker

from ensemble.errors import StoppedEarly
from ensemble.farming import certificates
from ensemble.farming.backends import Farm
from ensemble.farming.dask_worker import NoTime, Order, Refusal, close, leave, run_block
from ensemble.farming.notes import process_name
from ensemble.store.journal import Key
from ensemble.store.platforms import cores
from scenarios.paths import expanded

PER_WORKER = 3
"""Blocks in flight per worker: one that runs, one that waits there, one that waits here."""

ANSWER_SECONDS = 5.0
"""Answers are a few hundred bytes that lie ready where the block ran."""

GONE = "the Dask scheduler is gone; nothing is lost. Go on with:"

UNANSWERED = (OSError, ClosedClientError)
"""What a call raises whose scheduler dies meanwhile, or has been found dead."""

CAREFUL_TRIES = 5
"""Workers that may die while they watch a child process run the same block."""

SETTINGS: dict[str, Any] = {
    # One death is a reason to look at a block; three would cost three workers.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-saturation": 2.0,
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.daemon": True,
    "distributed.admin.tick.limit": "60s",
    "distributed.logging.distributed": "error",
}
"""Of clusters that the run starts itself."""

NO_PAGES: dict[str, Any] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
"""Dask's servers of pages ask nobody for a certificate, and cannot be switched off as such."""


def push(farm: Farm) -> None:
    """Push blocks to a Dask cluster."""
    with _client(farm) as client:
        joined = farm.execution.address or farm.execution.scheduler_file
        Push(client, farm, replaced=bool(joined)).run()


@contextmanager
def _client(farm: Farm) -> Iterator[Any]:
    chosen = farm.execution
    if chosen.address or chosen.scheduler_file:
        with _join(farm) as client:
            yield client
        return
    workers = min(farm.workers or cores(), farm.count)
    with (
        dask.config.set({**SETTINGS, **({} if chosen.dashboard else NO_PAGES)}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=certificates.security(farm.store.root),
            # None would still be a server, at a port that another run may have.
            scheduler_kwargs={"dashboard": chosen.dashboard, "dashboard_address": "127.0.0.1:0"},
            # Dask would kill a worker for its memory; the plan has checked what blocks need.
            memory_limit=0,
            local_directory=os.environ.get("TMPDIR", "/tmp"),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def _join(farm: Farm) -> Any:
    """Return a client of a running cluster."""
    from distributed.security import Security

    chosen, tls = farm.execution, farm.execution.tls
    where = {"address": chosen.address} if chosen.address else {}
    if chosen.scheduler_file:
        file = expanded(chosen.scheduler_file, "execution.scheduler_file")
        where = {"scheduler_file": file}
    security = (
        Security(
            require_encryption=True,
            tls_ca_file=expanded(tls.ca, "execution.tls.ca"),
            tls_client_cert=expanded(tls.cert, "execution.tls.cert"),
            tls_client_key=expanded(tls.key, "execution.tls.key"),
        )
        if tls
        else None
    )
    try:
        return distributed.Client(**where, security=security, timeout=30)
    except (OSError, TimeoutError, ValueError) as error:
        place = chosen.address or chosen.scheduler_file
        raise StoppedEarly(
            f"no Dask scheduler answers at {place} ({error}); start it, then:"
        ) from error


class Push:
    """Keeps a bounded number of blocks in flight and takes answers as they come.

    Parameters
    ----------
    client : distributed.Client
    farm : Farm
    replaced : bool
        Whether others come for workers that leave.

    Attributes
    ----------
    tend : callable
        Called about once a second: what a cluster needs besides blocks.
    workers, done : int
        Worker threads there are, and blocks they have committed.
    """

    def __init__(self, client: Any, farm: Farm, *, replaced: bool) -> None:
        self.client = client
        self.replaced = replaced
        self.farm = farm
        self.tend: Callable[[], None] = self._say_if_alone
        self.order = Order(
            run=f"{process_name()}-{time.time_ns()}",
            store=str(Path(farm.store.path).absolute()),
            sync=farm.execution.sync,
            hang_seconds=farm.execution.hang_seconds,
        )
        self._flying: dict[Any, Key] = {}
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._again: list[Key] = []
        self._careful: dict[Key, int] = dict.fromkeys(farm.careful, 0)
        self._gone: set[str] = set()
        self._tended = 0.0
        self._alone = False
        self._leaving = False
        self.workers = 0
        self.done = 0

    def run(self) -> None:
        """Run the farm's blocks until they are done or it is told to stop."""
        self._push()
        # A cluster that is somebody's lives on, and must not hold on to files of the store.
        with suppress(*UNANSWERED):
            self.client.run(close, self.order, on_error="ignore")

    def _push(self) -> None:
        while True:
            self._look_around()
            more = not (self.farm.stop() or self._leaving) and self._top_up()
            if not (self._flying or more):
                return
            for future in self._arrived():
                self._take(future)

    def _look_around(self) -> None:
        """See about once a second who is there."""
        if time.monotonic() < self._tended + 1:
            return
        self._tended = time.monotonic()
        there = self._ask(self.client.nthreads)
        self.workers = sum(n for worker, n in there.items() if worker not in self._gone)
        if waiting := self._gone & there.keys():
            # Not Dask's retirement: it keeps a worker whose answers no other can take over.
            self._ask(self.client.run, leave, workers=list(waiting), on_error="ignore")
        self.tend()

    def _ask(self, call: Callable[..., Any], *words: Any, **more: Any) -> Any:
        """Return what Dask answers; a scheduler that does not is gone."""
        if self.client.status not in ("running", "connecting"):
            raise StoppedEarly(GONE)
        try:
            return call(*words, **more)
        except (AttributeError, *UNANSWERED) as error:
            if isinstance(error, AttributeError) and self.client.scheduler is not None:
                raise
            # A client that closes itself meanwhile has no scheduler left to call.
            raise StoppedEarly(GONE) from error

    def _say_if_alone(self) -> None:
        alone = self.workers == 0
        if alone and not self._alone:
            self.farm.say("no Dask worker is there; waiting for one")
        self._alone = alone

    def _top_up(self) -> bool:
        """Submit what the workers can take; return whether there may be more."""
        # Before the first worker is there, one is expected; after the last has gone, who knows.
        workers = self.workers or (0 if self._gone else 1)
        while len(self._flying) < PER_WORKER * workers:
            key = self._again.pop() if self._again else next(self.farm.pending, None)
            if key is None:
                return False
            careful = key in self._careful
            future = self._ask(self.client.submit, run_block, self.order, key, careful, pure=False)
            self._flying[future] = key
            future.add_done_callback(self._answers.put)
        return True

    def _arrived(self) -> Iterator[Any]:
        """Yield what has come by now, after waiting a moment for the first."""
        try:
            yield self._answers.get(timeout=1.0)
            while True:
                yield self._answers.get_nowait()
        except queue.Empty:
            return

    def _take(self, future: Any) -> None:
        key = self._flying.pop(future)
        if future.status == "error":
            self._failed(key, future.exception())
        elif future.status == "finished":
            answer = self._answer(future)
            if answer is None:
                self._again.append(key)
            elif isinstance(answer, Refusal):
                raise answer.error
            elif isinstance(answer, NoTime):
                self._again.append(key)
                # Workers of an own cluster are in one job, whose end is that of all.
                self._leaving = not self.replaced
                self._gone.add(answer.worker)
            else:
                self.done += 1
                self.farm.report(answer)
        else:
            self._lost(key)

    def _lost(self, key: Key) -> None:
        """Send a block again whose answer went with its worker, unless the scheduler went too.

        Dask calls an answer lost when the worker that held it dies before it is asked; the
        block is committed and will say so. Cancelled is also what a lost scheduler leaves.
        """
        self._ask(self.client.nthreads)
        self._again.append(key)

    def _answer(self, future: Any) -> Any:
        """Return what a worker said; None if it left before it could be asked.

        Dask would wait until another worker has run the block again; there may be none, until
        this loop has seen to it. A block that is committed says so when it is sent again.
        """
        try:
            return future.result(timeout=ANSWER_SECONDS)
        except (TimeoutError, KilledWorker):
            return None
        except (CancelledError, *UNANSWERED) as error:
            raise StoppedEarly(GONE) from error

    def _failed(self, key: Key, error: BaseException | None) -> None:
        """Run a block again whose worker died; whatever else happened ends the run."""
        if not isinstance(error, KilledWorker):
            assert error is not None
            raise error
        tries = self._careful[key] = self._careful.get(key, -1) + 1
        if tries > CAREFUL_TRIES:
            raise StoppedEarly(
                f"{tries} workers died while block {list(key)} ran in a process of its own; see "
                "their logs, then:"
            )
        self.farm.say(f"a worker died in block {list(key)}; running it in a process of its own")
        self._again.append(key)
