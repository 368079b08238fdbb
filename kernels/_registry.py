"""Find by file name: a new file in a folder is a new kernel, design, reader, statistic."""

import pkgutil
from collections.abc import Iterable


def module_names(path: Iterable[str]) -> list[str]:
    """Return the public module names in a package's ``__path__``, sorted."""
    return sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_"))
