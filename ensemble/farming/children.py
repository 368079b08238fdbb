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
from typing import TYPE_CHECKING, Any

from ensemble.errors import PlanError, StoppedEarly
from ensemble.exits import RESUMABLE, USER
from ensemble.farming.memory import MemoryWatch
from ensemble.store.room import why_not_written
from kernels import CRASHED, TIMED_OUT

if TYPE_CHECKING:
    from ensemble.members.work import EnsembleWork

START_SECONDS = 600
"""Importing, opening the store and compiling, on a slow shared file system."""

OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
"""What ends a job that is cancelled, or whose node is short of memory, ends its children too."""


@dataclass(frozen=True)
class Death:
    """How a child ended that did not do its work.

    Attributes
    ----------
    status : int
        ``CRASHED`` or ``TIMED_OUT``.
    cause : str
        ``killed by SIGSEGV``, ``exit code 1: MemoryError``, ``no end within 60 s``.
    code : int
        As `subprocess` gives it; 0 where it had to be ended.
    """

    status: int
    cause: str
    code: int = 0

    @property
    def from_outside(self) -> bool:
        """Return whether something else than the child may have killed it: one is no proof."""
        return -self.code in OUTSIDE


Process = subprocess.Popen[bytes]


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
    PlanError, StoppedEarly
        The child says that the store cannot be used, or that it cannot be written now: no
        block is to blame for that.
    """
    memory = MemoryWatch()
    with tempfile.TemporaryFile() as said:
        child = start("ensemble.farming.children", task, stdout=subprocess.PIPE, stderr=said)
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
        raise (PlanError if code == USER else StoppedEarly)(last)
    if code < 0:
        return Death(CRASHED, how(code) + memory.explains(code), code)
    return Death(CRASHED, f"{how(code)}: {last}", code) if code else None


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


class Prober:
    """A child that forks for every part of a block it is asked to try.

    It has opened the store and compiled once, so a part takes milliseconds and not a second.
    What it says is a guide; the verdict on a member is left to `supervise`, whose process has
    no past: a library with threads of its own may not survive a fork.
    """

    def __init__(self, store: str, block: list[int]) -> None:
        self._said = tempfile.TemporaryFile()
        task = {"store": store, "block": block, "serve": True}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._child = start("ensemble.farming.children", task, stderr=self._said, **pipes)

    def dies(self, part: list[int], seconds: float) -> bool:
        """Return whether a process that runs these members dies, or takes longer than that."""
        child = self._child
        assert child.stdin
        assert child.stdout
        try:
            child.stdin.write(json.dumps([part, seconds]).encode() + b"\n")
            child.stdin.flush()
            if select.select([child.stdout], [], [], seconds + START_SECONDS)[0]:
                return child.stdout.readline() != b"0\n"
        except BrokenPipeError:
            pass
        return True

    def close(self) -> None:
        """End it."""
        self._child.kill()
        self._child.communicate()
        self._said.close()


def perform(
    store: str,
    block: list[int],
    sync: bool = True,
    seconds: float = 0.0,
    part: list[int] | None = None,
    serve: bool = False,
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
    serve : bool
        Try the parts that standard input names, each in a fork; see `Prober`.
    """
    from ensemble.farming.worker import HangLimit, Worker
    from ensemble.planning.creating import join, read_store

    opened = read_store(store)
    work = join(opened)
    work.compile()
    if serve:
        _serve(work, block[0])
        return
    os.write(1, b".")
    signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
    if part is not None:
        _try(work, block[0], part)
        return
    worker = Worker(opened, work, sync, HangLimit(seconds, 0.0, {}), alarm=False)
    worker.commit(work.open(), tuple(block))
    worker.close()


def _try(work: "EnsembleWork", forcing: int, part: list[int]) -> None:
    work.probe(forcing, slice(*part[:2]), slice(*part[2:]) if len(part) == 4 else None)


def _serve(work: "EnsembleWork", forcing: int) -> None:
    """Answer every ``[part, seconds]`` with 0 or how its process ended."""
    for line in sys.stdin:
        part, seconds = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            _try(work, forcing, part)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        os.write(1, b"%d\n" % status)


def main() -> None:
    """Run the task of the command line; see `supervise`."""
    from ensemble.printing import guarded

    with guarded():
        _main()


def _main() -> None:
    try:
        perform(**json.loads(sys.argv[1]))
    except PlanError as error:
        _end(str(error), USER)
    except StoppedEarly as error:
        _end(str(error), RESUMABLE)
    except OSError as error:
        _end(f"{error.filename or 'the store'}: {why_not_written(error)}", RESUMABLE)
    # Threads of libraries must not keep a process alive whose work is done.
    sys.stderr.flush()
    os._exit(0)


def _end(message: str, code: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
