"""A local run in processes: one thread of this one runs blocks, and so do its children.

They claim blocks as independent workers do. This process looks after the children, tells of
progress and finishes the run.
"""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

from ensemble.errors import DONE, USER, PlanError, StoppedEarly
from ensemble.farming.backends import Farm
from ensemble.farming.claims import WORKERS, Claims
from ensemble.farming.compiling import compile_once
from ensemble.farming.independent import Puller, Terms, beating
from ensemble.farming.parent import START_TRIES, Children
from ensemble.store.journal import Key

POLL_SECONDS = 0.1
"""Between two looks at children while this process runs blocks, for which it needs Python, too."""

END_SECONDS = 0.02
"""The same when they alone run the last ones."""


def lead(farm: Farm, workers: int) -> None:
    """Run blocks with one thread of this process and with so many processes less one.

    Raises
    ------
    PlanError, StoppedEarly
        A child says that it cannot go on, and why.
    """
    run = _Run(farm)
    try:
        run.run(workers)
    finally:
        run.children.end()
        # Who compiled is no more of interest.
        farm.store.clear_scratch()
    if run.children.refused:
        code, said = run.children.refused[0]
        raise (PlanError if code == USER else StoppedEarly)(said)


class _Run:
    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.store = farm.store
        # Whoever left them is gone: this run has the store to itself.
        for folder in ("claims", WORKERS):
            self.store.root.remove_folder(folder)
        execution = farm.execution
        terms = Terms(execution.sync, execution.hang_seconds, driver=os.getpid())
        self.children = Children(self.store, terms, farm.say, kept=True)
        self.journals = self.store.journals()
        self.told = len(self.journals.committed)
        self.failed = threading.Event()

    def run(self, workers: int) -> None:
        """Run blocks until none is left, or somebody must stop."""
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="block") as pool:
                try:
                    self.children.begin(range(1, workers))
                    self._rounds(pool)
                except BaseException:
                    # Ctrl-C in a notebook, for one: the pool waits for this thread's block.
                    self.failed.set()
                    raise
        finally:
            while self.children:
                self._look()
                time.sleep(END_SECONDS)

    def _rounds(self, pool: ThreadPoolExecutor) -> None:
        """Run blocks; children that die time and again before their first leave it to us."""
        settle = sorted(self.farm.careful)
        for _ in range(START_TRIES):
            own = pool.submit(self._pull, settle)
            while not own.done() or self.children:
                self._look()
                self._tell()
                if own.done():
                    time.sleep(END_SECONDS)
                else:
                    wait([own], POLL_SECONDS)
            self._tell()
            if own.result() != DONE or self._stopping() or not self._left():
                return
            settle = []

    def _pull(self, settle: list[Key]) -> int:
        """Run blocks in this thread."""
        farm, store = self.farm, self.store
        heart = beating(store, 0)
        try:
            claims = Claims(store.root, heart)
            for key in settle:
                claims.take(key)
            compile_once(store, farm.work)
            worker = farm.worker(alarm=farm.replaceable)
            journals = store.journals()
            puller = Puller(worker, claims, journals, self._stopping, driven=True, say=farm.say)
            return puller.run(settle)
        except BaseException:
            self.failed.set()
            raise
        finally:
            heart.stop()

    def _stopping(self) -> bool:
        return self.failed.is_set() or self.farm.stop()

    def _look(self) -> None:
        """Look after the children; where one cannot go on, or we shall stop, ask all to go."""
        self.children.look()
        if self.children.refused:
            self.failed.set()
        if not self.children.asked and self._stopping():
            self.children.ask()

    def _tell(self) -> None:
        """Tell of every block that has been committed since, one by one."""
        done = len(self.store.look(self.journals))
        for each in range(self.told + 1, done + 1):
            self.farm.reached(each)
        self.told = max(self.told, done)

    def _left(self) -> int:
        return self.farm.work.grid.blocks - self.told
