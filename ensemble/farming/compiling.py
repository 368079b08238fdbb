"""Compile once per kind of CPU, not once per worker: a shared file system would feel the storm."""

import hashlib
import os
import time

from ensemble.farming.claims import is_dead_here, worker_name
from ensemble.farming.work import Work
from ensemble.store.folders import Folder
from ensemble.store.machine import cpu
from ensemble.store.store import Store

PATIENCE_SECONDS = 300.0


def compile_once(store: Store, work: Work) -> None:
    """Compile before the first block; wait where another process of this kind is at it.

    What one compiles, numba's cache holds for the others. A process that dies while it
    compiles costs the others their patience, no more.
    """
    kind = hashlib.sha256(cpu().encode()).hexdigest()[:12]
    scratch = store.root.folder("scratch", make=True)
    busy, done = (f"{word}-{kind}" for word in ("compiling", "compiled"))
    if not scratch.exists(done) and not _claim(scratch, busy):
        patience = time.monotonic() + PATIENCE_SECONDS
        while not scratch.exists(done) and _at_it(scratch, busy) and time.monotonic() < patience:
            time.sleep(0.1)
    work.compile()
    scratch.write(done, b"", sync=False)


def _claim(scratch: Folder, name: str) -> bool:
    try:
        descriptor = scratch.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return False
    os.write(descriptor, worker_name(0).encode())
    os.close(descriptor)
    return True


def _at_it(scratch: Folder, name: str) -> bool:
    """Return whether the one that compiles may still do so."""
    try:
        owner = scratch.read(name).decode()
    except FileNotFoundError:
        return False
    return not (owner and is_dead_here(owner))
