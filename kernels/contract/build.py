"""What kernels share when they compile: decorators, and runs of samples."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from kernels.contract.arrays import I8

Function = TypeVar("Function", bound=Callable[..., Any])

BLOCKS: list[Any] = []
"""Every block of this process, for whoever compiles ahead."""


def equation(function: Function) -> Function:
    """Compile a function that blocks call; LLVM inlines it, so it needs no cache of its own."""
    return cast(Function, njit(error_model="numpy")(function))


def block(function: Function) -> Function:
    """Compile a function that Python calls: without the interpreter's lock, cached on disk.

    Notes
    -----
    Numba's cache asks only whether the file of the function itself has changed, not the
    files of what it calls or of the constants it has compiled in. The stamp is therefore
    the text of all modules of its family, of this room and of the room of mathematics; for a
    kernel of somebody else's, of all modules beside it and all of ours. So another kernel, or an
    edited one of another family, compiles nothing anew. Numba has no public name for its stamp;
    ``test_fingerprint.py`` fails on the day that this stops working.
    """
    dispatcher: Any = njit(error_model="numpy", nogil=True, cache=True)(function)
    file = Path(function.__code__.co_filename)
    # What somebody else's block calls of ours may be of any family.
    ours = {ROOM, ROOM.parent / "numerics"} if ROOM.parent in file.parents else {ROOM.parent}
    places = {_family(file), *ours}
    stamp = sha256("".join(sorted(_digest(place) for place in places)).encode())
    dispatcher._cache._cache_file._source_stamp = stamp.hexdigest()
    BLOCKS.append(dispatcher)
    return cast(Function, dispatcher)


ROOM = Path(__file__).parent


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
        files = sorted(place.rglob("*.py") if ours else place.glob("*.py"))
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
