"""An independent worker: claims blocks through the file system, runs and commits them.

``soilsweep worker STORE`` is a parent that runs no block and children that do. When a child
dies, the parent reads from its in-flight note in which block, and starts another that settles
it. Any number may start at any time, on any host that sees the store, and die at any moment.
"""

import json
import math
import os
import random
import signal
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from types import FrameType

from ensemble.errors import DONE, RESUMABLE, USER, PlanError, StoppedEarly
from ensemble.farming.claims import STALE_SECONDS, Claims, Heart, worker_name
from ensemble.farming.compiling import compile_once
from ensemble.farming.finishing import finalise
from ensemble.farming.opening import join
from ensemble.farming.work import Paused
from ensemble.farming.worker import MARGIN_SECONDS, Worker, hang_limit
from ensemble.printing import announced, guarded, put, say
from ensemble.store.finished import is_finalised
from ensemble.store.journal import Entry, Key
from ensemble.store.journals import Journals
from ensemble.store.platforms import die_with_parent
from ensemble.store.reading import read as read_store
from ensemble.store.room import why_not_written
from ensemble.store.store import Store
from slurm.walltime import Walltime

LONGEST_PAUSE = 10.0

FINISH: Key = (-1,)
"""The claim of who writes what the run ends with."""


@dataclass(frozen=True)
class Terms:
    """How a worker works.

    Attributes
    ----------
    sync : bool
    hang_seconds, stale : float
    driver : int
        Process of the run that it works for, which replaces it if it dies, and which it dies
        with; 0 for none.
    until : float
        When it has to be gone, in seconds since 1970; 0 for never.
    """

    sync: bool
    hang_seconds: float
    stale: float = STALE_SECONDS
    driver: int = 0
    until: float = 0.0


def pull(path: str, index: int, terms: Terms, settle: list[Key]) -> int:
    """Work on a store until it is complete or this worker has to go; return an exit code.

    Parameters
    ----------
    path : str
    index : int
        Of this child among its siblings.
    terms : Terms
    settle : list of key
        Suspects that a sibling died in; their claims are the dead one's.
    """
    if terms.driver:
        die_with_parent()
        if os.getppid() != terms.driver:
            # It was killed while this one was still starting.
            return RESUMABLE
    store = read_store(path)
    if is_finalised(store):
        return DONE
    work = join(store)
    store.make_folders("scratch", "inflight", "partials")
    heart = beating(store, index)
    try:
        # Of a run's own processes the last line says why one died; the run itself tells the rest.
        with nullcontext() if terms.driver else announced(put):
            compile_once(store, work)
        journals = store.journals()
        limit = hang_limit(work, terms.hang_seconds, store.committed(journals))
        worker = Worker(store, work, terms.sync, limit)
        claims = Claims(store.root, heart, terms.stale)
        walltime = Walltime(until=terms.until or math.inf)
        driven = terms.driver != 0
        puller = Puller(worker, claims, journals, _Stopping(), driven=driven, walltime=walltime)
        return puller.run(settle)
    finally:
        heart.stop()


def beating(store: Store, index: int) -> Heart:
    """Return the heart of a worker of this process, which others may look for."""
    job = os.environ.get("SLURM_JOB_ID", "")
    return Heart(store.root, worker_name(index), {"pid": os.getpid(), "job": job})


class Puller:
    """One worker's way through the blocks of a store that others work on as well.

    Parameters
    ----------
    worker : Worker
    claims : Claims
    journals : Journals
        As read until now; nobody else's.
    stopping : callable
        Asked before every block.
    driven : bool
        Whether it goes when no block is left to take, and a run finishes what it works on.
    walltime : Walltime, optional
        How long there is; that of this job by default.
    say : callable
        Told why it leaves early.
    """

    def __init__(
        self,
        worker: Worker,
        claims: Claims,
        journals: Journals,
        stopping: Callable[[], bool],
        *,
        driven: bool = False,
        walltime: Walltime | None = None,
        say: Callable[[str], None] = say,
    ) -> None:
        self.worker = worker
        self.store, self.work = worker.store, worker.work
        self.claims = claims
        self.journals = journals
        self.stopping = stopping
        self.driven = driven
        self.say = say
        self.blocks = self.work.grid.blocks
        self.first = zlib.crc32(claims.heart.name.encode()) % self.blocks
        self.committed = self.store.committed(journals)
        self.walltime = walltime or Walltime()
        worker.report, worker.leave = self._note, self._leaves
        self.lane = worker.open()

    def run(self, settle: list[Key]) -> int:
        """Run what is left; see `pull`."""
        try:
            for key in settle:
                self._run(key, careful=True)
            pause = 0.1
            while not self._complete():
                if self._must_go():
                    return RESUMABLE
                if self._pass():
                    pause = 0.1
                    continue
                if self.driven:
                    return DONE
                pause = min(2 * pause, LONGEST_PAUSE)
                time.sleep(pause * random.uniform(0.5, 1.0))
            return DONE if self.driven else self._finish()
        except Paused:
            return RESUMABLE
        finally:
            self.worker.close()

    def _complete(self) -> bool:
        if len(self.committed) < self.blocks:
            self._look()
        return len(self.committed) == self.blocks

    def _look(self) -> None:
        self.store.look(self.journals)
        self.committed = self.store.committed(self.journals)

    def _pass(self) -> bool:
        """Go once through all blocks; return whether there was something to do."""
        did = False
        # From another place than others: they would all meet at the first.
        for key in self.committed.missing(self.first):
            how = self.claims.take(key)
            if not how:
                continue
            did = True
            if self._must_go():
                self.claims.drop(key)
                break
            self._run(key, careful=how == "inherited")
        return did

    def _run(self, key: Key, *, careful: bool) -> None:
        """Run a block that is claimed, unless somebody has; its claim is given back."""
        try:
            if not self._known(key):
                self.lane.run(key, careful=careful)
        except Paused:
            self.claims.drop(key)
            raise
        self.claims.drop(key)

    def _known(self, key: Key) -> bool:
        """Return whether somebody committed a block since the journals were read."""
        # Sums are written before the commit: without them there can be none, and one look at
        # a file is cheaper than at all journals.
        if self.store.has_partials(key):
            self._look()
        return key in self.committed

    def _note(self, entry: Entry) -> None:
        self.committed.note(entry.block)

    def _leaves(self) -> bool:
        """Return whether to leave a block inside."""
        return self.stopping() or self.walltime.left() < MARGIN_SECONDS

    def _must_go(self) -> bool:
        if self.stopping():
            return True
        left, needed = self.walltime.left(), self.worker.limit.one_more
        if left < needed:
            submitted = "SLURM_JOB_ID" in os.environ and not self.driven
            again = "`soilsweep submit`" if submitted else "the same command"
            self.say(
                f"worker {os.getpid()} leaves: its job ends in {max(0.0, left):.0f} s, and one "
                f"more block may need {needed:.0f} s; {again} goes on"
            )
        return left < needed

    def _finish(self) -> int:
        """Finish the run, or wait for the one who does."""
        pause = 0.1
        while not is_finalised(self.store):
            if self.claims.take(FINISH):
                self._look()
                finalise(self.store, self.work, self.committed)
            elif self.stopping():
                return RESUMABLE
            else:
                self.store.refuse_replaced()
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        return DONE


class _Stopping:
    """Whether this worker was asked to go: SIGTERM, SIGINT, or its parent has died."""

    def __init__(self) -> None:
        self._asked = False
        self._parent = os.getppid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def __call__(self) -> bool:
        return self._asked or os.getppid() != self._parent


def main() -> None:
    """Run one child: the arguments of `pull` as JSON."""
    with guarded():
        _main()


def _main() -> None:
    given = json.loads(sys.argv[1])
    settle = [tuple(key) for key in given["settle"]]
    try:
        code = pull(given["path"], given["index"], Terms(**given["terms"]), settle)
    except PlanError as error:
        code = USER
        sys.stderr.write(f"{error}\n")
    except StoppedEarly as error:
        code = RESUMABLE
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        code = RESUMABLE
        sys.stderr.write(f"{error.filename or given['path']}: {why_not_written(error)}\n")
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
