"""What kernels share when they compile: decorators, and runs of samples.

A function is compiled when it is first called, and numba is imported then: whoever only reads
tables, plans or hashes code has no need of it.
"""

import itertools
import os
from collections.abc import Callable, Mapping
from functools import cache, cached_property, update_wrapper
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from kernels.contract.arrays import I8

Function = TypeVar("Function", bound=Callable[..., Any])


KNOWN_TO_NUMBA: list[str] = []
"""Modules that tell numba how to compile functions of ours, imported before it compiles any."""


@cache
def _name_apart() -> None:
    """Let what this process compiles have names that no other process gives.

    Numba tells functions of one name apart, such as those that a factory makes, by a count that
    begins at 1 in every process. Blocks that two processes compiled, and a third one loads, may
    then call a function of one name and of two meanings: the first that is loaded is called by
    both, and nothing is said. Numba has no public name for the count; ``test_cached_blocks.py``
    fails on the day that this stops working.
    """
    from numba.core.bytecode import FunctionIdentity

    def begin_anew() -> None:
        FunctionIdentity._unique_ids = itertools.count(int.from_bytes(os.urandom(6)))

    begin_anew()
    os.register_at_fork(after_in_child=begin_anew)


def _njit() -> Any:
    """Return numba's decorator."""
    from numba import njit

    _name_apart()
    for module in KNOWN_TO_NUMBA:
        import_module(module)
    return njit


class Compiled:
    """A function that is compiled when it is first called, by Python or by another.

    Attributes
    ----------
    py_func : callable
        The function as written.
    targetoptions : mapping
        Those of numba's options that can change a value, for the fingerprint.
    """

    targetoptions: ClassVar[Mapping[str, Any]] = {
        "error_model": "numpy",
        "nopython": True,
        "boundscheck": None,
    }

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        self.py_func = function

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function does."""
        return self.dispatcher(*arguments)

    @cached_property
    def dispatcher(self) -> Any:
        """Return what numba makes of it, for Python to call."""
        return _njit()(error_model="numpy")(self.py_func)

    @property
    def _numba_type_(self) -> Any:
        """Return what numba takes it for where another function calls it: numba asks by this."""
        return self.dispatcher._numba_type_


class Equation(Compiled):
    """A function that blocks call, compiled into them."""

    @cached_property
    def part(self) -> Any:
        """Return what numba makes of it inside others."""
        from kernels.contract import parts

        pipeline = parts.Inlined if isinstance(self, Inlined) else parts.Parts
        # With the options of blocks: what numba has typed for one it knows of the other.
        return _njit()(error_model="numpy", nogil=True, pipeline_class=pipeline)(self.py_func)

    @property
    def _numba_type_(self) -> Any:
        return self.part._numba_type_


class Inlined(Equation):
    """One of which no call is left, however long it is."""

    targetoptions: ClassVar[Mapping[str, Any]] = {**Compiled.targetoptions, "forceinline": True}


class Block(Compiled):
    """A function that Python calls: without the interpreter's lock, cached on disk.

    Parameters
    ----------
    function : callable
    places : set of Path
        Files and folders whose modules it is compiled from.

    Notes
    -----
    Numba's cache asks only whether the file of the function itself has changed, not the
    files of what it calls or of the constants it has compiled in; and it looks at that file when
    the function is first called, by when it may say something else than what was imported. The
    stamp is therefore the text of all modules of ``places``, read now. Numba has no public name
    for where it keeps what it compiles; ``test_fingerprint.py`` fails on the day that this stops
    working.
    """

    targetoptions: ClassVar[Mapping[str, Any]] = {**Compiled.targetoptions, "nogil": True}

    def __init__(self, function: Callable[..., Any], places: set[Path]) -> None:
        super().__init__(function)
        self._stamp = sha256("".join(sorted(map(_digest, places))).encode()).hexdigest()

    @cached_property
    def dispatcher(self) -> Any:
        """Return what numba makes of it, or has on disk."""
        from kernels.contract.kept import Kept

        made: Any = _njit()(error_model="numpy", nogil=True, cache=True)(self.py_func)
        cache = made._cache
        cache._cache_file = Kept(cache._cache_path, cache._impl.filename_base, self._stamp)
        return made


BLOCKS: list[Block] = []
"""Every block of this process, for whoever compiles ahead."""


def equation(function: Function) -> Function:
    """Compile a function that blocks call, into them; it needs no cache of its own."""
    return cast(Function, Equation(function))


def block(function: Function) -> Function:
    """Compile a function that Python calls: without the interpreter's lock, cached on disk.

    It is compiled anew when its family of kernels, this room or that of mathematics has changed;
    a kernel of somebody else's when a module beside it or any of ours has. So another kernel, or
    an edited one of another family, compiles nothing anew.
    """
    file = Path(function.__code__.co_filename)
    # What somebody else's block calls of ours may be of any family.
    ours = {ROOM, ROOM.parent / "numerics"} if ROOM.parent in file.parents else {ROOM.parent}
    made = Block(function, {_family(file), *ours})
    BLOCKS.append(made)
    return cast(Function, made)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls, and that needs no other file than its own."""
    return Block(function, {Path(function.__code__.co_filename)})


ROOM = Path(__file__).parent
BESIDE = {ROOM / "compiling.py", ROOM / "kept.py"}
"""What compiles ahead and where it is kept: no block is another for a change of these."""


def _family(file: Path) -> Path:
    """Return the folder whose kernels share code with a module; its file, if it has none."""
    if ROOM.parent not in file.parents:
        return file.parent
    inside = file.relative_to(ROOM.parent).parts
    return ROOM.parent / inside[0]


@cache
def _digest(place: Path) -> str:
    """Hash the modules of a folder, once per process: they are imported but once, too."""
    if place.is_file():
        files = [place]
    else:
        # What lies below somebody else's module may be a whole home folder.
        ours = place == ROOM.parent or ROOM.parent in place.parents
        files = sorted({*(place.rglob("*.py") if ours else place.glob("*.py"))} - BESIDE)
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files)).hexdigest()


# Which of two levels advances along a run of samples.
BOTH, FIRST, SECOND, GATHER = 0, 1, 2, 3

# Runs shorter than this on average are slower than looking up every sample's row.
SHORTEST_RUN = 8


@equation
def find_runs(one: I8, two: I8) -> I8:
    """Return the runs of samples over two levels, (n, 3): first, past the last, kind.

    Crossed designs keep the row of one level while those of the other follow one another;
    without sharing both advance. A loop along a run needs no index, and so it vectorises.
    Where runs are short there is one of kind `GATHER`, whose samples look up their rows.
    """
    most = len(one) // SHORTEST_RUN + 1
    runs, count, start = np.empty((most, 3), np.int64), 0, 0
    while start < len(one) and count < most:
        stop, kind = start + 1, BOTH
        if stop < len(one):
            step_one, step_two = one[stop] - one[start], two[stop] - two[start]
            while (
                stop < len(one)
                and one[stop] - one[stop - 1] == step_one
                and two[stop] - two[stop - 1] == step_two
            ):
                stop += 1
            if step_one == 0 and step_two == 1:
                kind = SECOND
            elif step_one == 1 and step_two == 0:
                kind = FIRST
            elif not (step_one == 1 and step_two == 1):
                kind = GATHER
        runs[count] = start, stop, kind
        count, start = count + 1, stop
    if start < len(one):
        runs[0], count = (0, len(one), GATHER), 1
    return runs[:count]
