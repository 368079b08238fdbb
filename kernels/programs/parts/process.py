"""Start a program in a folder of its own and see to its end, in time or not."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from kernels.contract.faults import Unavailable

BUSY = 26
"""``ETXTBSY``: for a moment a fork in another thread holds the program open for writing."""

TAIL_BYTES, TAIL_LINES = 2000, 5


def run(
    command: Sequence[str], folder: Path, *, seconds: float, out: Path, err: Path
) -> int | None:
    """Run a program and return its exit code, minus its signal, or None if it was too slow.

    Parameters
    ----------
    command : sequence of str
        Program and arguments; no shell reads them.
    folder : Path
        Where it runs.
    seconds : float
        Time limit.
    out, err : Path
        Files for what it prints and for its complaints; not in ``folder``, whose names are its.

    Raises
    ------
    Unavailable
        It cannot be started on this machine.

    Notes
    -----
    It leads a session of its own, so that what it started in turn ends with it.
    """
    with out.open("wb") as printed, err.open("wb") as complaints:
        process = _start(command, folder, (printed.fileno(), complaints.fileno()))
    try:
        in_time = _ends(process.pid, seconds)
    finally:
        # Not yet waited for, it still holds the number of its group: nobody else is killed.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode if in_time else None


def _start(
    command: Sequence[str], folder: Path, files: tuple[int, int]
) -> "subprocess.Popen[bytes]":
    for attempt in range(20):
        try:
            return subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=files[0],
                stderr=files[1],
                start_new_session=True,
            )
        except OSError as error:
            if error.errno != BUSY or attempt == 19:
                message = f"{command[0]!r} cannot be started: {error.strerror}"
                raise Unavailable(error.errno, message) from error
            time.sleep(0.01)
    raise AssertionError


def _environment() -> Mapping[str, str]:
    """Return ours with one thread, and without what makes an MPI program join our own job."""
    ours = {n: v for n, v in os.environ.items() if not n.startswith(("PMI", "OMPI_"))}
    return {**ours, "OMP_NUM_THREADS": "1"}


def _ends(pid: int, seconds: float) -> bool:
    """Return whether a process ends in time; it is looked at, not waited for."""
    begun = time.monotonic()
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        elapsed = time.monotonic() - begun
        if elapsed > seconds:
            return False
        # A twentieth of what has passed, so that a program of milliseconds is not slowed.
        time.sleep(min(0.01, max(1e-4, elapsed / 20)))
    return True


def told(code: int) -> str:
    """Return how a program ended that did not end well."""
    if code < 0:
        return f"killed by {_signal(-code)}"
    # A shell, and many a wrapper, add 128 to the signal that killed their program.
    return f"exit code {code}{f' ({_signal(code - 128)})' if 128 < code < 160 else ''}"


def _signal(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def tail(file: Path, folder: Path) -> str:
    """Return the last lines of a file as one, without the folder's own name."""
    with file.open("rb") as content:
        content.seek(max(0, content.seek(0, os.SEEK_END) - TAIL_BYTES))
        printed = content.read().decode(errors="replace").replace(str(folder), ".")
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return " | ".join(lines[-TAIL_LINES:])
