"""Models: one file each, a table and compiled stages. See ``DESIGN.md`` beside this file."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kernels._contract import MODEL as MODEL
from kernels._contract import Batch as Batch
from kernels._contract import Coordinate as Coordinate
from kernels._contract import Derived as Derived
from kernels._contract import Fault as Fault
from kernels._contract import Kernel as Kernel
from kernels._contract import Limit as Limit
from kernels._contract import Parameter as Parameter
from kernels._contract import Run as Run
from kernels._contract import Stage as Stage
from kernels._contract import Unavailable as Unavailable
from kernels._contract import Unfit as Unfit
from kernels._contract import Variable as Variable
from kernels._imports import explain, misplaced
from kernels._plausible import HALF_AROUND as HALF_AROUND
from kernels._plausible import QUARTER_AROUND as QUARTER_AROUND
from kernels._plausible import Plausible as Plausible
from kernels._ranges import Range as Range
from kernels._registry import module_names as module_names
from kernels._status import BY_CODE as BY_CODE
from kernels._status import CRASHED as CRASHED
from kernels._status import NOT_RUN as NOT_RUN
from kernels._status import OK as OK
from kernels._status import STATUSES as STATUSES
from kernels._status import TIMED_OUT as TIMED_OUT

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

ENTRY_POINTS = "soilsweep.kernels"


def _installed() -> "EntryPoints":
    # Imported where used: it reads the metadata of every installed distribution.
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINTS)


def names() -> list[str]:
    """Return the kernels of this package and those that others install by entry point."""
    return sorted({*module_names(__path__), *(e.name for e in _installed())})


def is_ours(name: str) -> bool:
    """Return whether a kernel is a file of this package, not an installed module's or a user's."""
    return name in module_names(__path__)


class NotOurs(Exception):
    """A kernel of somebody else's, where none may be imported."""


_ours_alone: ContextVar[str] = ContextVar("ours_alone", default="")


@contextmanager
def ours_alone(who: str) -> Iterator[None]:
    """Let `get` import no module but this package's: a store may come from anybody.

    Parameters
    ----------
    who : str
        What does not import others' modules, for the message: ``"a report"``.
    """
    token = _ours_alone.set(who)
    try:
        yield
    finally:
        _ours_alone.reset(token)


def get(name: str, beside: Path | None = None) -> Kernel:
    """Return the kernel of that name, entry point or dotted module; imports it.

    Parameters
    ----------
    name : str
    beside : Path, optional
        Folder of the scenario: a module that lies there, or in the working folder, is pointed
        out where it cannot be used.

    Raises
    ------
    LookupError
        No such kernel, or its module does not run; the message says what to do.
    NotOurs
        It is not one of this package and `ours_alone`.
    """
    if is_ours(name):
        module = import_module(f"kernels.{name}")
    elif who := _ours_alone.get():
        raise NotOurs(f"kernel {name!r} is not one of this package, and {who} imports no other")
    elif found := [e for e in _installed() if e.name == name]:
        module = found[0].load()
    elif "." in name:
        try:
            module = import_module(name)
        except (Exception, SystemExit) as error:
            # Somebody else's module may fail in any way; the user needs to know in which.
            raise LookupError(explain(name, error, beside)) from error
    else:
        raise LookupError(f"no kernel {name!r}; {_hint(name, beside)}")
    kernel = getattr(module, "KERNEL", None)
    if not isinstance(kernel, Kernel):
        raise LookupError(f"module {module.__name__!r} has no KERNEL table; see kernels/DESIGN.md")
    return kernel


def _hint(name: str, beside: Path | None) -> str:
    if advice := misplaced(name, beside):
        return advice
    near = difflib.get_close_matches(name, names(), n=1)
    return f"did you mean {near[0]!r}?" if near else f"available: {', '.join(names())}"
