"""Models: one file each, a table and compiled stages. See ``DESIGN.md`` beside this file.

A model of somebody else's needs the names of this package and none of its rooms.
"""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kernels.contract.arrays import F8 as F8
from kernels.contract.arrays import I8 as I8
from kernels.contract.arrays import U1 as U1
from kernels.contract.arrays import U8 as U8
from kernels.contract.build import block as block
from kernels.contract.build import compiled as compiled
from kernels.contract.build import equation as equation
from kernels.contract.entries import MODEL as MODEL
from kernels.contract.entries import Condition as Condition
from kernels.contract.entries import Coordinate as Coordinate
from kernels.contract.entries import Derived as Derived
from kernels.contract.entries import Limit as Limit
from kernels.contract.entries import Parameter as Parameter
from kernels.contract.entries import Variable as Variable
from kernels.contract.factors import Factor as Factor
from kernels.contract.faults import Fault as Fault
from kernels.contract.faults import Unavailable as Unavailable
from kernels.contract.faults import Uncompiled as Uncompiled
from kernels.contract.faults import Unfit as Unfit
from kernels.contract.faults import in_words as in_words
from kernels.contract.imports import explain, misplaced
from kernels.contract.kernel import STEPS as STEPS
from kernels.contract.kernel import Kernel as Kernel
from kernels.contract.libraries import version_of as version_of
from kernels.contract.paths import expanded as expanded
from kernels.contract.plausible import HALF_AROUND as HALF_AROUND
from kernels.contract.plausible import QUARTER_AROUND as QUARTER_AROUND
from kernels.contract.plausible import Plausible as Plausible
from kernels.contract.ranges import Range as Range
from kernels.contract.registry import NAME as NAME
from kernels.contract.registry import hidden as hidden
from kernels.contract.registry import installed as installed
from kernels.contract.registry import installed_as as installed_as
from kernels.contract.registry import load_installed as load_installed
from kernels.contract.registry import module_names as module_names
from kernels.contract.stages import Batch as Batch
from kernels.contract.stages import Run as Run
from kernels.contract.stages import Slab as Slab
from kernels.contract.stages import Stage as Stage
from kernels.contract.stages import Wanted as Wanted
from kernels.contract.stages import highest_of as highest_of
from kernels.contract.status import BAD_INPUT as BAD_INPUT
from kernels.contract.status import BAD_OUTPUT as BAD_OUTPUT
from kernels.contract.status import BY_CODE as BY_CODE
from kernels.contract.status import CRASHED as CRASHED
from kernels.contract.status import NOT_CONVERGED as NOT_CONVERGED
from kernels.contract.status import NOT_FINITE as NOT_FINITE
from kernels.contract.status import NOT_RUN as NOT_RUN
from kernels.contract.status import OK as OK
from kernels.contract.status import OUT_OF_RANGE as OUT_OF_RANGE
from kernels.contract.status import STATUSES as STATUSES
from kernels.contract.status import TIMED_OUT as TIMED_OUT

if TYPE_CHECKING:
    from kernels.contract.compiling import ready as ready
    from kernels.contract.compiling import without_samples as without_samples
    from kernels.contract.fingerprint import code_of as code_of
    from kernels.contract.fingerprint import fingerprint as fingerprint
    from kernels.numerics.exp import exp as exp
    from kernels.numerics.log import log as log

# Asked for alone: whoever runs nothing needs none of them.
LATER = {
    "exp": "numerics.exp",
    "code_of": "contract.fingerprint",
    "fingerprint": "contract.fingerprint",
    "log": "numerics.log",
    "ready": "contract.compiling",
    "without_samples": "contract.compiling",
}


def __getattr__(name: str) -> Any:
    if module := LATER.get(name):
        return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


ENTRY_POINTS = "soilsweep.kernels"
FAMILIES = ("casa", "chains", "corpse", "forest", "mimics", "programs", "two_box")
"""Folders with kernels: one file each directly in them, their parts one folder deeper."""


@cache
def _ours() -> dict[str, str]:
    """Return the kernels of this package, name to module; looked for once."""
    modules = {name: f"{__name__}.{name}" for name in module_names(__path__)}
    for family in FAMILIES:
        folders = [str(Path(folder) / family) for folder in __path__]
        modules |= {name: f"{__name__}.{family}.{name}" for name in module_names(folders)}
    return modules


def names() -> list[str]:
    """Return the kernels of this package and those that others install by entry point."""
    return sorted({*_ours(), *installed(ENTRY_POINTS)})


def unused() -> list[str]:
    """Return what is said of installed kernels that have the name of one of this package."""
    ours, others = _ours(), installed(ENTRY_POINTS)
    return [hidden("kernel", e) for name in sorted(others) if name in ours for e in others[name]]


def is_ours(name: str) -> bool:
    """Return whether a kernel is a file of this package, not an installed module's or a user's."""
    return name in _ours()


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


def imports_ours_alone() -> str:
    """Return who imports no module but this package's, now; empty if others may be imported."""
    return _ours_alone.get()


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
    module = module_of(name, beside)
    kernel = getattr(module, "KERNEL", None)
    if not isinstance(kernel, Kernel):
        raise LookupError(f"module {module.__name__!r} has no KERNEL table; see CONTRIBUTING.md")
    return kernel


def module_of(name: str, beside: Path | None = None) -> ModuleType:
    """Return the module of a kernel, as `get` finds it; whether it holds one is not looked at."""
    if ours := _ours().get(name):
        return import_module(ours)
    if who := _ours_alone.get():
        raise NotOurs(f"kernel {name!r} is not one of this package, and {who} imports no other")
    if entries := installed(ENTRY_POINTS).get(name):
        module: ModuleType = load_installed("kernel", entries)
        return module
    if "." in name:
        try:
            return import_module(name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # As of an installed one: it may fail in any way.
            raise LookupError(explain(name, error, beside)) from error
    raise LookupError(f"no kernel {name!r}; {_hint(name, beside)}")


def _hint(name: str, beside: Path | None) -> str:
    if advice := misplaced(name, beside):
        return advice
    near = difflib.get_close_matches(name, names(), n=1)
    return f"did you mean {near[0]!r}?" if near else f"available: {', '.join(names())}"
