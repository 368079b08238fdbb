"""Find by file name: a new file in a folder is a new kernel, design, reader, statistic.

What others install is found by its entry point.
"""

import pkgutil
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kernels.contract.faults import in_words

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

DISTRIBUTION = "soilsweep"
NAME = re.compile(r"\w[\w-]*(\.\w[\w-]*)*")
"""What a scenario can say."""


def module_names(path: Iterable[str]) -> list[str]:
    """Return the public module names in a package's ``__path__``, sorted.

    A plug-in is a module that stands directly in its room; folders hold the parts of plug-ins.
    """
    names = (m.name for m in pkgutil.iter_modules(path) if not m.ispkg)
    return sorted(name for name in names if not name.startswith("_"))


def installed(group: str) -> "dict[str, list[EntryPoint]]":
    """Return the entry points of a group that are installed here, by name.

    Of one name there is one, unless they name different things.
    """
    # Imported where used: it reads the metadata of every installed distribution.
    from importlib.metadata import entry_points

    by_name: dict[str, list[EntryPoint]] = {}
    for entry in dict.fromkeys(entry_points(group=group)):
        by_name.setdefault(entry.name, []).append(entry)
    return by_name


def installed_as(kind: str, entry: "EntryPoint") -> str:
    """Return what an installed plug-in is called in messages, with its module and its owner."""
    return f"the installed {kind} {entry.name!r} ({entry.value}{_of_owner(entry)})"


def hidden(kind: str, entry: "EntryPoint") -> str:
    """Return what is said of an installed plug-in that has the name of one of ours."""
    owner = f"{DISTRIBUTION} has one of that name, which is used"
    return f"{installed_as(kind, entry)} is not used: {owner}"


def load_installed(kind: str, entries: "Sequence[EntryPoint]") -> Any:
    """Return what the one entry point of a name names; imports its module.

    Raises
    ------
    LookupError
        There are several, or it cannot be imported; the message says whose it is.
    """
    entry = entries[0]
    if len(entries) > 1:
        owners = " and ".join(f"{e.value}{_of_owner(e)}" for e in entries)
        of_one = len({_of_owner(e) for e in entries}) == 1
        mend = "correct its entry points" if of_one else "uninstall one of them"
        times = f"is installed {len(entries)} times: {owners}"
        raise LookupError(f"the {kind} {entry.name!r} {times}; {mend}")
    called = installed_as(kind, entry)
    if not NAME.fullmatch(entry.name):
        raise LookupError(f"{called} has no name; needed one of letters, digits, '_' and '-'")
    try:
        return entry.load()
    except KeyboardInterrupt:
        # That is the user, who wants no more of it.
        raise
    except BaseException as error:
        # Somebody else's module may fail in any way; the user needs to know in which.
        why = in_words(error)
        raise LookupError(f"{called} cannot be imported: {why}; correct or uninstall it") from error


def _of_owner(entry: "EntryPoint") -> str:
    """Return the distribution that an entry point is of, or where that is without a name."""
    if entry.dist is None:
        return ""
    try:
        about: Any = entry.dist.metadata or {}
    except FileNotFoundError:
        # Where its file is missing, versions of Python differ, and a package may stand in for it.
        about = {}
    name, version = about.get("Name"), about.get("Version")
    return f" of {name} {version}" if name else f" in {entry.dist.locate_file('')}"
