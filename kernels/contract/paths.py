"""Paths as a scenario writes them, where ``~`` and ``$NAME`` stand for what they are where it runs.

A store keeps copies of a kernel's files, under names of its own.
"""

import os
import re
from hashlib import sha256
from pathlib import Path

from kernels.contract.faults import Fault, Unfit

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def expanded(written: str) -> str:
    """Return a path with its variables and its leading ``~`` replaced.

    The scenario keeps what was written: another machine has other folders.

    Raises
    ------
    ValueError
        A variable that is not set, or a user who has no home.
    """
    unset = [a or b for a, b in _VARIABLE.findall(written) if not os.environ.get(a or b)]
    if unset:
        raise ValueError(f"{written!r}: ${unset[0]} is not set; set it, or write the path out")
    path = _VARIABLE.sub(lambda match: os.environ[match[1] or match[2]], written)
    if "$" in path:
        raise ValueError(f"{written!r}: found a '$' without a name; write the path out")
    home = os.path.expanduser(path)
    if home.startswith("~"):
        raise ValueError(f"{written!r}: no such home; write the path out")
    return home


def placed(base: Path, written: str) -> Path:
    """Return the place of a path that is relative to a folder; raises as `expanded`."""
    return base / expanded(written)


def file_of(written: str, base: Path) -> Path:
    """Return a kernel's file: the store's copy where there is one, or that beside the scenario.

    Raises
    ------
    Unfit
        A variable in its path is not set.
    """
    kept = base / kept_as(written)
    try:
        return kept if kept.is_file() else placed(base, written)
    except ValueError as error:
        raise Unfit((Fault(str(error)),)) from error


def kept_as(written: str) -> str:
    """Return the name under which a store keeps a kernel's file."""
    return f"kernel-{sha256(written.encode()).hexdigest()[:8]}-{Path(written).name}"
