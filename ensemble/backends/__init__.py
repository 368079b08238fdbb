"""Backends: where blocks run; one file each, the file's name is ``execution.backend``."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Protocol

from ensemble.journal import Key
from kernels import module_names

OpenWorker = Callable[[], Callable[[Key], None]]
"""Called once in each worker; returns a function that runs, writes and commits one block."""


class Backend(Protocol):
    """Maps a worker's function over blocks until they are done or ``stop`` says so."""

    def __call__(
        self, open_worker: OpenWorker, keys: Iterator[Key], workers: int, stop: Callable[[], bool]
    ) -> None:
        """Run blocks; the first exception of a worker ends the others after their block."""
        ...


def names() -> list[str]:
    """Return the backends a scenario may name."""
    return module_names(__path__)


def get(name: str) -> Backend:
    """Return the backend of that name."""
    run: Backend = import_module(f"ensemble.backends.{name}").run
    return run
