"""Find by file name: a new file in a folder is a new kernel, design, reader, statistic."""

import pkgutil
from collections.abc import Iterable


def module_names(path: Iterable[str]) -> list[str]:
    """Return the public module names in a package's ``__path__``, sorted.

    A plug-in is a module that stands directly in its room; folders hold the parts of plug-ins.
    """
    found = (m.name for m in pkgutil.iter_modules(path) if not m.ispkg)
    return sorted(name for name in found if not name.startswith("_"))
