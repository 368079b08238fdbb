"""Names of a package that are imported when somebody asks for them."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Parameters
    ----------
    package : str
        Its name, for the message.
    homes : mapping of str to str
        The module that each name is of, or that it is itself.
    """

    def get(name: str) -> Any:
        if module := homes.get(name):
            found = import_module(module)
            return found if module == f"{package}.{name}" else getattr(found, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
