"""What the same bytes depend on besides the scenario: kind of CPU, versions of libraries."""

import platform
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kernels import version_of

ALWAYS = ("python", "soilsweep", "numpy", "numba", "llvmlite", "numcodecs")
"""Whose versions every store has."""


@cache
def cpu() -> str:
    """Return the processor's model name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@cache
def versions(libraries: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of this program and of what its numbers depend on.

    Parameters
    ----------
    libraries : tuple of str
        Of the kernel's own.
    """
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python, **{name: version_of(name) for name in (*ALWAYS[1:], *libraries)}}


def libraries_in(versions: Mapping[str, str]) -> tuple[str, ...]:
    """Return the libraries of a kernel's own among versions that `versions` once returned."""
    return tuple(sorted(versions.keys() - {*ALWAYS}))
