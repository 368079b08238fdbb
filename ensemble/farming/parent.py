"""Parents of workers: those of `soilsweep worker` run no block, and so outlive every block."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from ensemble.errors import DONE, RESUMABLE, USER
from ensemble.farming.children import Process, how, start
from ensemble.farming.independent import Terms
from ensemble.farming.memory import MemoryWatch
from ensemble.farming.notes import process_name, take_notes
from ensemble.printing import say
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
    said: IO[bytes] | None
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
        return _Parent(Children(store, terms, say)).run(workers)


class Children:
    """Worker processes of a store: replaced when they die, until they are asked to go.

    Parameters
    ----------
    store : Store
    terms : Terms
    say : callable
        Told how one died.
    kept : bool
        Whether what they write is kept for `refused`; else it goes where this process writes.

    Attributes
    ----------
    codes : set of int
        How those ended that did not die.
    refused : list of (int, str)
        Of those that could not go on: exit code and last line.
    """

    def __init__(
        self, store: Store, terms: Terms, say: Callable[[str], None], *, kept: bool = False
    ) -> None:
        self.store = store
        self.terms = terms
        self.say = say
        self.kept = kept
        self.codes: set[int] = set()
        self.refused: list[tuple[int, str]] = []
        self.asked = False
        self._memory = MemoryWatch()
        self._alive: list[_Child] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._alive)

    def begin(self, indices: Iterable[int]) -> None:
        """Start one for each index."""
        for index in indices:
            # One by one: where the system gives no more, those that are there are known.
            self._alive.append(_Child(index, *self._start(index, [])))

    def look(self) -> None:
        """Take note of those that have ended, and replace those that have died."""
        for child in self._alive[:]:
            code = child.process.poll()
            if code is not None:
                self._ended(child, code)

    def ask(self, number: int = signal.SIGTERM) -> None:
        """Ask them to go after their blocks, or end them by another signal."""
        self.asked = True
        for child in self._alive:
            if child.process.poll() is None:
                child.process.send_signal(number)

    def end(self) -> None:
        """End those that are left, at once."""
        self.ask(signal.SIGKILL)
        for child in self._alive:
            child.process.wait()
            if child.said:
                child.said.close()
        self._alive.clear()

    def _start(self, index: int, settle: list[Key]) -> tuple[Process, IO[bytes] | None]:
        task = {
            "path": str(self.store.path.absolute()),
            "index": index,
            "terms": asdict(self.terms),
            "settle": [list(key) for key in settle],
        }
        said = tempfile.TemporaryFile() if self.kept else None
        # A session of its own: Ctrl-C reaches the parent alone, which passes it on once.
        module = "ensemble.farming.independent"
        return start(module, task, start_new_session=True, stderr=said), said

    def _ended(self, child: _Child, code: int) -> None:
        last = _last_line(child.said)
        self._alive.remove(child)
        if code in (DONE, RESUMABLE, USER):
            self.codes.add(code)
            if code != DONE and not self.asked:
                self.refused.append((code, last))
            return
        if self._was_starting(code):
            return
        suspects = list(take_notes(self.store, process_name(child.process.pid)))
        child.lives = 0 if suspects else child.lives + 1
        child.settle = sorted({*suspects, *(() if suspects else child.settle)})
        blocks = ", ".join(str(list(key)) for key in child.settle) or "no block"
        why = f"{how(code)}{self._memory.explains(code)}" + (f": {last}" if last else "")
        self.say(f"worker {child.process.pid} died ({why}) in {blocks}")
        if self.asked or child.lives >= START_TRIES:
            self.codes.add(RESUMABLE)
            return
        child.process, child.said = self._start(child.index, child.settle)
        self._alive.append(child)

    def _was_starting(self, code: int) -> bool:
        """Return whether one that was asked to go could not hear it yet: it had no block."""
        if not self.asked or -code != signal.SIGTERM:
            return False
        self.codes.add(RESUMABLE)
        return True


def _last_line(said: IO[bytes] | None) -> str:
    """Return the last line that a child that has ended wrote; empty where that is not kept."""
    if said is None:
        return ""
    with said:
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


class _Parent:
    """The process of `tend`, which passes on what it is asked."""

    def __init__(self, children: Children) -> None:
        self.children = children
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def run(self, workers: int) -> int:
        """Start children and look after them; see `tend`."""
        self.children.begin(range(workers))
        while self.children:
            time.sleep(POLL_SECONDS)
            self.children.look()
        codes = self.children.codes
        # One that saw the run complete is proof for all.
        return DONE if DONE in codes else max(codes)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        again = self.children.asked
        if not again:
            os.write(2, b"stopping after the running blocks; again to stop at once\n")
        self.children.ask(signal.SIGKILL if again else signal.SIGTERM)
