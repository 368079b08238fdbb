"""Find by file name: a new file in a folder is a new kernel, design, reader, statistic.

What others install is found by its entry point.
"""

import pkgutil
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints


def module_names(path: Iterable[str]) -> list[str]:
    """Return the public module names in a package's ``__path__``, sorted.

    A plug-in is a module that stands directly in its room; folders hold the parts of plug-ins.
    """
    names = (m.name for m in pkgutil.iter_modules(path) if not m.ispkg)
    return sorted(name for name in names if not name.startswith("_"))


def installed(group: str) -> "EntryPoints":
    """Return the entry points of a group that are installed here."""
    # Imported where used: it reads the metadata of every installed distribution.
    from importlib.metadata import entry_points

    return entry_points(group=group)
