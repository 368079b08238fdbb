"""Paths as a scenario writes them: ``~`` and ``$NAME`` stand for what they are where it runs."""

import os
import re
from pathlib import Path

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
    found = _VARIABLE.sub(lambda match: os.environ[match[1] or match[2]], written)
    if "$" in found:
        raise ValueError(f"{written!r}: found a '$' without a name; write the path out")
    home = os.path.expanduser(found)
    if home.startswith("~"):
        raise ValueError(f"{written!r}: no such home; write the path out")
    return home


def placed(base: Path, written: str) -> Path:
    """Return the place of a path that is relative to a folder; raises as `expanded`."""
    return base / expanded(written)
