"""What the same bytes depend on besides the scenario: kind of CPU, versions of libraries."""

import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


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
def versions() -> dict[str, str]:
    """Return the versions of this program and of what its numbers depend on."""
    installed = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in ("soilsweep", "numpy", "numba", "llvmlite", "numcodecs"):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            installed[name] = "not installed"
    return installed
