"""The parent of independent workers: runs no block itself, and so outlives every block."""

import os
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

from ensemble.errors import DONE, RESUMABLE, USER
from ensemble.farming.children import Process, how, start
from ensemble.farming.independent import Terms
from ensemble.farming.memory import MemoryWatch
from ensemble.farming.worker import process_name, take_notes
from ensemble.store.journal import Key
from ensemble.store.lock import locked
from ensemble.store.reading import read as read_store
from ensemble.store.store import Store

START_TRIES = 3
"""Times in a row that a child may die before its first block, of which no block is guilty."""

POLL_SECONDS = 0.1


@dataclass
class _Child:
    index: int
    process: Process
    lives: int = 0
    settle: list[Key] = field(default_factory=list)


def tend(path: Path, workers: int, terms: Terms) -> int:
    """Run workers on a store, replacing those that die, until all end; return an exit code.

    Parameters
    ----------
    path : Path
    workers : int
        Processes, one thread each.
    terms : Terms

    Raises
    ------
    PlanError
        Not a store, or a `run` has it.
    """
    store = read_store(path.absolute())
    with locked(store, shared=True):
        return _Parent(store, terms).run(workers)


class _Parent:
    def __init__(self, store: Store, terms: Terms) -> None:
        self.store = store
        self.terms = terms
        self.children: list[_Child] = []
        self.codes: set[int] = set()
        self.asked = False
        self.memory = MemoryWatch()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def run(self, workers: int) -> int:
        """Start children and look after them; see `tend`."""
        self.children = [_Child(i, self._start(i, [])) for i in range(workers)]
        while self.children:
            time.sleep(POLL_SECONDS)
            for child in self.children[:]:
                code = child.process.poll()
                if code is not None:
                    self._ended(child, code)
        # One that saw the run complete is proof for all.
        return DONE if DONE in self.codes else max(self.codes)

    def _start(self, index: int, settle: list[Key]) -> Process:
        task = {
            "path": str(self.store.path),
            "index": index,
            "terms": asdict(self.terms),
            "settle": [list(key) for key in settle],
        }
        # A session of its own: Ctrl-C reaches the parent alone, which passes it on once.
        return start("ensemble.farming.independent", task, start_new_session=True)

    def _ended(self, child: _Child, code: int) -> None:
        if code in (DONE, RESUMABLE, USER):
            self.codes.add(code)
            self.children.remove(child)
            return
        suspects = list(take_notes(self.store, process_name(child.process.pid)))
        child.lives = 0 if suspects else child.lives + 1
        child.settle = sorted({*suspects, *(() if suspects else child.settle)})
        blocks = ", ".join(str(list(key)) for key in child.settle) or "no block"
        why = f"{how(code)}{self.memory.explains(code)}"
        sys.stderr.write(f"worker {child.process.pid} died ({why}) in {blocks}\n")
        if self.asked or child.lives >= START_TRIES:
            self.codes.add(RESUMABLE)
            self.children.remove(child)
            return
        child.process = self._start(child.index, child.settle)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        signal_ = signal.SIGKILL if self.asked else signal.SIGTERM
        if not self.asked:
            os.write(2, b"stopping after the running blocks; again to stop at once\n")
        self.asked = True
        for child in self.children:
            if child.process.poll() is None:
                child.process.send_signal(signal_)
