"""Child processes: a suspect block runs where its death costs nothing but itself.

The parent sees how the child ends: exit code, signal or time limit. That is the evidence; what
Dask, MPI or SLURM say of the block is not.
"""

import json
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ensemble.errors import RESUMABLE, USER, PlanError, StoppedEarly
from ensemble.farming.memory import MemoryWatch
from kernels import CRASHED, TIMED_OUT

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

PIPES: Mapping[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
"""Streams of a child that is told and says."""


def supervise(task: Mapping[str, Any], seconds: float) -> Death | None:
    """Run a task of `trial.main` in a process of its own; None if it came to its end.

    Parameters
    ----------
    task : mapping
        Keywords of `trial.perform`, as JSON can say them.
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
        child = start("ensemble.farming.trial", task, stdout=subprocess.PIPE, stderr=said)
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


_AS_HERE = (
    "import json, runpy, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
"""Runs a module where Python looks for modules as it does here."""


def start(module: str, task: Mapping[str, Any], **streams: Any) -> Process:
    """Start a module of this program in a process of its own, its task as JSON.

    It finds what this process finds, kernels beside a script or a notebook among them. Nothing of
    the script itself is run again: it may begin without a guard.
    """
    words = [module, json.dumps(task), json.dumps(sys.path)]
    return subprocess.Popen([sys.executable, "-P", "-c", _AS_HERE, *words], **streams)


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
        self._child = start("ensemble.farming.trial", task, stderr=self._said, **PIPES)

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
