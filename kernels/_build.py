"""What kernels share when they compile: decorators, a stage from a block, runs of samples.

Scalar equations and row loops are `equation`; the one function of a stage that Python calls
is a `block`. Blocks receive C-contiguous writable arrays alone, so each compiles once.
"""

from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kernels._contract import F8, I8, U1, Batch, Run, Stage, Variable

Function = TypeVar("Function", bound=Callable[..., Any])

# Array indices are unsigned: numba lets signed ones count from the end, and that
# possibility keeps LLVM from vectorising a loop that starts at an offset.
ONE = np.uintp(1)

# Which of two levels advances along a run of samples.
BOTH, FIRST, SECOND = 0, 1, 2
# Runs shorter than this on average are slower than going sample by sample.
SHORTEST_RUN = 8


def equation(function: Function) -> Function:
    """Compile a function that blocks call; LLVM inlines it, so it needs no cache of its own."""
    return cast(Function, njit(error_model="numpy")(function))


def block(function: Function) -> Function:
    """Compile the function of a stage that Python calls: without the GIL, cached on disk.

    Notes
    -----
    Numba's cache asks only whether the file of the function itself has changed, not the
    files of what it calls or of the constants it has compiled in. The stamp is therefore
    the text of all modules beside the function and beside this file. Numba has no public
    name for its stamp; ``test_fingerprint.py`` fails on the day that this stops working.
    """
    dispatcher: Any = njit(error_model="numpy", nogil=True, cache=True)(function)
    folders = {Path(function.__code__.co_filename).parent, Path(__file__).parent}
    stamp = sha256("".join(sorted(_digest(folder) for folder in folders)).encode())
    dispatcher._cache._cache_file._source_stamp = stamp.hexdigest()
    return cast(Function, dispatcher)


@cache
def _digest(folder: Path) -> str:
    """Hash the modules of a folder, once per process: they are imported but once, too."""
    files = sorted(folder.glob("*.py"))
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def stage(
    name: str,
    function: Callable[..., None],
    *,
    settings: Callable[[Any, Mapping[str, NDArray[Any]]], tuple[Any, ...]],
    parameters: tuple[str, ...] = (),
    drivers: tuple[str, ...] = (),
    upstream: tuple[str, ...] = (),
    levels: tuple[str, ...] = (),
    outputs: tuple[Variable, ...],
) -> Stage:
    """Return the stage that calls a block with its tables spelt out in order.

    Parameters
    ----------
    function : callable
        ``function(*settings, *parameters, *drivers, *upstream, *levels, *outputs, status)``;
        an output that nobody asked for arrives with no elements. Arrays that are not
        C-contiguous and writable arrive as copies: other layouts would compile anew.
    settings : callable
        ``settings(options, coords)`` returns the leading numbers.
    levels : tuple of str
        The upstream names whose level is passed; one for each earlier stage is enough.
    """
    nothing = {variable.name: np.empty((0,) * (2 + len(variable.dims))) for variable in outputs}

    inputs = len(parameters) + len(drivers) + len(upstream) + len(levels)

    def open_stage(options: Any) -> Run:
        def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
            arrays: list[NDArray[Any]] = [
                *map(batch.parameters.__getitem__, parameters),
                *map(batch.drivers.__getitem__, drivers),
                *map(batch.upstream.__getitem__, upstream),
                *map(batch.level.__getitem__, levels),
                *map(out.get, nothing.keys(), nothing.values()),
                status,
            ]
            plain = [a if a.flags.carray else np.array(a, order="C") for a in arrays]
            function(*settings(options, batch.coords), *plain)
            for copy, target in zip(plain[inputs:], arrays[inputs:], strict=True):
                if copy is not target:
                    target[...] = copy

        return run

    return Stage(name, parameters, drivers, upstream, tuple(nothing), open_stage)


@equation
def find_runs(one: I8, two: I8, runs: I8) -> int:
    """Write runs of samples (first, stop, kind) over two levels; return how many, 0 if too many.

    Crossed designs keep the row of one level while those of the other follow one another;
    without sharing both advance. Loops along a run need no index, and so they vectorise.
    """
    count, start = 0, 0
    while start < len(one):
        if count == len(runs):
            return 0
        stop, kind = start + 1, BOTH
        if stop < len(one):
            step_one, step_two = one[stop] - one[start], two[stop] - two[start]
            if 0 <= step_one <= 1 and 0 <= step_two <= 1 and step_one + step_two > 0:
                kind = SECOND if step_one == 0 else FIRST if step_two == 0 else BOTH
                while (
                    stop < len(one)
                    and one[stop] - one[stop - 1] == step_one
                    and two[stop] - two[stop - 1] == step_two
                ):
                    stop += 1
        runs[count, 0], runs[count, 1], runs[count, 2] = start, stop, kind
        count, start = count + 1, stop
    return count


@equation
def first_uses(level: I8) -> I8:
    """Return for each sample the first one that uses the same row."""
    low = level.min()
    seen, uses = np.full(level.max() - low + 1, -1), np.empty_like(level)
    for s in range(len(level)):
        if seen[level[s] - low] < 0:
            seen[level[s] - low] = s
        uses[s] = seen[level[s] - low]
    return uses
