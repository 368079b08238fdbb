"""Evidence that the system has ended processes for their memory: its own counters, by SIGKILL."""

import signal
from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
HOST = Path("/proc/vmstat")
OWN = Path("/proc/self/cgroup")


class MemoryWatch:
    """Tells whether a process that dies while it is watched was killed as memory ran out.

    The counters are those of this process's control group, which its children and all of a SLURM
    job's step are in, and of the host.
    """

    def __init__(self) -> None:
        self._group, self.limit = _group()
        self._before = self._kills()

    def explains(self, code: int) -> str:
        """Return what to add to how a process ended, code as `subprocess` has it; or nothing."""
        before, self._before = self._before, self._kills()
        if -code != signal.SIGKILL or self._before == before:
            return ""
        if self._before[0] == before[0]:
            return ", as this host ran out of memory; give jobs a larger memory: or fewer cores:"
        of = f" of {self.limit / 2**20:,.0f} MiB" if self.limit else ""
        return f", as its job ran out of its memory{of}; ask for a larger memory:"

    def _kills(self) -> tuple[int, int]:
        """Return how many processes have been killed in the control group, and on the host."""
        return _count(self._group, "oom_kill"), _count(HOST, "oom_kill")


def _group() -> tuple[Path, int]:
    """Return the file that counts kills in this process's control group, and its limit in bytes."""
    with suppress(OSError):
        for line in OWN.read_text().splitlines():
            _, names, path = line.split(":", 2)
            inside = path.lstrip("/")
            if names == "memory":  # Version 1 has a tree for each resource.
                folder = CGROUPS / "memory" / inside
                return folder / "memory.oom_control", _limit(folder, "memory.limit_in_bytes")
            if names == "" and (CGROUPS / inside / "memory.events").exists():
                folder = CGROUPS / inside
                return folder / "memory.events", _limit(folder, "memory.max")
    return Path("/nowhere"), 0


def _limit(folder: Path, name: str) -> int:
    """Return the least limit in bytes of a group and those around it; 0 where there is none."""
    limits = []
    while folder != CGROUPS:
        with suppress(OSError, ValueError):
            limits.append(int((folder / name).read_text()))
        folder = folder.parent
    # Version 1 says "none" with a number that no machine has.
    return min((limit for limit in limits if limit < 2**50), default=0)


def _count(file: Path, name: str) -> int:
    """Return a count from lines of names and numbers; 0 where the system does not say."""
    with suppress(OSError, ValueError):
        words = dict(line.split(None, 1) for line in file.read_text().splitlines() if " " in line)
        return int(words.get(name, 0))
    return 0
