"""Backends: where blocks run; one file each, the file's name is ``execution.backend``.

A backend holds ``Spec``, the words that it takes of a scenario (`scenarios.execution.BackendSpec`
with its own), and ``run(farm)``, which runs the blocks of a `Farm` until they are done or
``farm.stop()``, and raises `OSError` or `StoppedEarly` where it cannot go on. A scenario is read
before anything runs: what takes long to import stands in ``parts/`` and is imported in ``run``.
Others install one by an entry point of the group ``soilsweep.backends`` that names such a module.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios.execution import BACKENDS

if TYPE_CHECKING:
    from ensemble.farming.work import Work
    from ensemble.farming.worker import HangLimit, Report, Worker
    from ensemble.store.journal import Key
    from ensemble.store.store import Store


@dataclass
class Farm:
    """What a backend is given: the blocks to run, and whom to tell.

    Attributes
    ----------
    store : Store
    work : Work
    pending : iterator of key
        Blocks to run, in order, not all made at once.
    careful : frozenset of key
        Those of them that a process died in; they are settled in child processes.
    count : int
        Number of pending blocks.
    workers : int
        As asked on the command line or in the scenario; 0 where neither says.
    execution : model
        The scenario's section, of this backend's model.
    base : Path
        Folder of the scenario.
    limit : HangLimit
    replaceable : bool
        Whether something starts this process again if it dies.
    stop : callable
        Asked before every block; true when no more should be begun.
    report : callable
        To be told of every block committed.
    reached : callable
        To be told how many blocks are done, where that is all that is known.
    say : callable
        Shows a line to the person who waits.
    """

    store: "Store"
    work: "Work"
    pending: "Iterator[Key]"
    careful: "frozenset[Key]"
    count: int
    workers: int
    execution: Any
    base: Path
    limit: "HangLimit"
    replaceable: bool
    stop: Callable[[], bool]
    report: "Report"
    reached: Callable[[int], None]
    say: Callable[[str], None]

    def worker(self, *, alarm: bool) -> "Worker":
        """Return a worker in this process."""
        from ensemble.farming.worker import Worker

        sync = self.execution.sync
        return Worker(self.store, self.work, sync, self.limit, alarm=alarm, report=self.report)


def names() -> list[str]:
    """Return the backends a scenario may name, installed ones among them."""
    return BACKENDS.names()


def get(name: str) -> Callable[[Farm], None]:
    """Return what runs blocks there; raises `LookupError` where there is no such backend."""
    run: Callable[[Farm], None] = BACKENDS.get(name).run
    return run
