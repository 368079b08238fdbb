"""Compile once per kind of CPU, not once per worker: a shared file system would feel the storm."""

import hashlib
import os
import time
from pathlib import Path

from ensemble.claims import is_dead_here, worker_name
from ensemble.cpu import cpu
from ensemble.members import EnsembleWork
from ensemble.store import Store

PATIENCE_SECONDS = 300.0


def compile_once(store: Store, work: EnsembleWork) -> None:
    """Compile before the first block; wait where another process of this kind is at it.

    What one compiles, numba's cache holds for the others. A process that dies while it
    compiles costs the others their patience, no more.
    """
    kind = hashlib.sha256(cpu().encode()).hexdigest()[:12]
    busy, done = (store.path / "scratch" / f"{word}-{kind}" for word in ("compiling", "compiled"))
    if not done.exists() and not _claim(busy):
        patience = time.monotonic() + PATIENCE_SECONDS
        while not done.exists() and _at_it(busy) and time.monotonic() < patience:
            time.sleep(0.1)
    work.compile()
    done.touch()


def _claim(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    os.write(descriptor, worker_name(0).encode())
    os.close(descriptor)
    return True


def _at_it(path: Path) -> bool:
    """Return whether the one that compiles may still do so."""
    try:
        owner = path.read_text()
    except FileNotFoundError:
        return False
    return not (owner and is_dead_here(owner))
