"""What differs between systems: all is there on Linux, most on macOS, nothing on Windows.

Imports no library and nothing that a system may lack: the first to be asked, before anything else.
"""

import os
import signal
import sys
from pathlib import Path

CLUSTERS = ("slurm", "mpi")
"""Backends whose programs and whose ends of processes are those of Linux."""

PR_SET_PDEATHSIG = 1

WINDOWS = (
    "soilsweep runs on Linux and macOS; on Windows use it inside WSL, the Windows Subsystem for "
    "Linux: wsl --install, then install soilsweep there"
)


def is_windows() -> bool:
    """Return whether files and processes are those of Windows."""
    return sys.platform in ("win32", "cygwin")


def refuse_windows() -> None:
    """End a process of Windows with one sentence."""
    if is_windows():
        sys.stderr.write(f"{WINDOWS}\n")
        sys.exit(2)


def without(backend: str) -> str:
    """Return why a backend cannot be used on this system; empty where it can."""
    if backend not in CLUSTERS or sys.platform == "linux":
        return ""
    return (
        f"execution.backend: {backend} is for Linux and this is {sys.platform}; use local or dask "
        "here, or give the same command on the cluster"
    )


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_alive(pid: str) -> bool:
    """Return whether there is a process of that number on this host."""
    if not (pid.isascii() and pid.isdecimal() and len(pid) < 10):
        return False
    if Path("/proc/self").exists():
        return Path("/proc", pid).exists()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sync(descriptor: int) -> None:
    """Make what was written to a file durable."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def die_with_parent() -> None:
    """Ask the system to kill this process when its parent is killed; only Linux does so."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
