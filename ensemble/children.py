"""Child processes: a suspect block runs where its death costs nothing but itself.

The parent sees how the child ends: exit code, signal or time limit. That is the evidence; what
Dask, MPI or SLURM say of the block is not.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ensemble.exits import RESUMABLE, USER
from kernels import CRASHED, TIMED_OUT

START_SECONDS = 600
"""Importing, opening the store and compiling, on a slow shared file system."""


@dataclass(frozen=True)
class Death:
    """How a child ended that did not do its work.

    Attributes
    ----------
    status : int
        ``CRASHED`` or ``TIMED_OUT``.
    cause : str
        ``killed by SIGSEGV``, ``exit code 1: MemoryError``, ``no end within 60 s``.
    """

    status: int
    cause: str


Process = subprocess.Popen[bytes]


class Hindered(OSError):
    """A child could not do its work for a reason that is not the block's."""


def supervise(task: Mapping[str, Any], seconds: float) -> Death | None:
    """Run a task of `main` in a process of its own; None if it came to its end.

    Parameters
    ----------
    task : mapping
        Keywords of `perform`, as JSON can say them.
    seconds : float
        Limit, counted from when the child has opened the store and compiled.

    Raises
    ------
    Hindered
        The child says that the disk is full, or that the store cannot be used.
    """
    with tempfile.TemporaryFile() as said:
        child = start("ensemble.children", task, stdout=subprocess.PIPE, stderr=said)
        try:
            code = _wait(child, seconds)
        finally:
            child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    last = lines[-1] if lines else ""
    if code is None:
        return Death(TIMED_OUT, f"no end within {seconds:.0f} s")
    if code in (USER, RESUMABLE):
        raise Hindered(code, last)
    if code < 0:
        return Death(CRASHED, how(code))
    return Death(CRASHED, f"{how(code)}: {last}") if code else None


def start(module: str, task: Mapping[str, Any], **streams: Any) -> Process:
    """Start a module of this program in a process of its own, its task as JSON."""
    return subprocess.Popen([sys.executable, "-P", "-m", module, json.dumps(task)], **streams)


def how(code: int) -> str:
    """Return how a process ended, in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _wait(child: Process, seconds: float) -> int | None:
    """Return the child's exit code, or None if it exceeds its limit."""
    assert child.stdout is not None
    if not select.select([child.stdout], [], [], START_SECONDS)[0]:
        return None
    child.stdout.read(1)
    try:
        return child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None


def perform(
    store: str,
    block: list[int],
    sync: bool,
    seconds: float,
    part: list[int] | None = None,
) -> None:
    """Do in this process what a parent watches: commit a block, or try a part of it.

    Parameters
    ----------
    store : str
    block : list of int
    sync : bool
    seconds : float
        Limit; this process ends itself a little later if its parent has died.
    part : list of int, optional
        First and last + 1 location and sample of the members to try; two numbers for the
        control members of some locations. Without it the block is run and committed.
    """
    from ensemble.launch import open_work, read_store
    from ensemble.worker import HangLimit, Worker

    opened = read_store(store)
    work = open_work(opened)
    work.compile()
    os.write(1, b".")
    signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
    if part is not None:
        samples = slice(*part[2:]) if len(part) == 4 else None
        work.probe(block[0], slice(*part[:2]), samples)
        return
    worker = Worker(opened, work, sync, HangLimit(seconds, 0.0, {}), alarm=False)
    worker.commit(work.open(), tuple(block))
    worker.close()


def main() -> None:
    """Run the task of the command line; see `supervise`."""
    from ensemble.store import PlanError

    try:
        perform(**json.loads(sys.argv[1]))
    except PlanError as error:
        _end(str(error), USER)
    except OSError as error:
        _end(str(error), RESUMABLE)
    # Threads of libraries must not keep a process alive whose work is done.
    sys.stderr.flush()
    os._exit(0)


def _end(message: str, code: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
