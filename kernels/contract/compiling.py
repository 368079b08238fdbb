"""Blocks that are not on disk yet are compiled side by side, a process a core.

Numba compiles one function after the other and holds a lock over it; blocks do not depend on each
other. What is missing is found by asking for all of it, whoever compiles takes the next that
nobody has taken, and then everything is loaded from disk.
"""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import get_ident
from time import perf_counter
from typing import Any

from numba import types
from numba.core.errors import NumbaError

from kernels.contract.build import BLOCKS, Compiled
from kernels.contract.faults import Uncompiled, in_words

_STYLES = re.compile(r"\x1b\[[0-9;]*m")

SECONDS_A_BYTE = 0.2e-3
"""What a byte of Python's own code takes to compile, of a block and of all that is compiled into
it, where the block has not been compiled here before: within a factor of two for 19 of ours, which
take 0.2 to 9 s."""

LOG = logging.getLogger("soilsweep.compiling")
"""Is told what takes long before the first block; `ensemble.printing.announced` shows it."""


@dataclass(frozen=True)
class Missing:
    """A block, as numba has it, that is not on disk for arguments of some types."""

    block: Any
    types: tuple[Any, ...]

    @property
    def name(self) -> tuple[str, str]:
        """Return its module and its name there."""
        return self.block.py_func.__module__, self.block.py_func.__name__

    @property
    def measured(self) -> float | None:
        """Return the seconds that it took when it was last compiled on this disk."""
        seconds: float | None = self.block._cache._cache_file.took()
        return seconds

    @property
    def seconds(self) -> float:
        """Return the seconds that it will take, about."""
        if self.measured is not None:
            return self.measured
        return SECONDS_A_BYTE * _length(self.block.py_func, set())


def ready(call: Callable[[], object], cores: int) -> None:
    """Have every block on disk that ``call`` calls, and loaded; log what takes long.

    Parameters
    ----------
    call : callable
        Calls blocks that fill arrays and return nothing, with no sample in them; twice.
    cores : int
        Processes that may compile at once, this one among them.

    Raises
    ------
    Uncompiled
        Numba cannot compile one.
    """
    with _asking() as missing:
        call()
    if not missing:
        return
    # The longest first, so that no core has the last of them to itself for long.
    missing.sort(key=lambda one: -one.seconds)
    processes = min(cores, len(missing))
    LOG.info("%s", _said_before(missing, processes))
    began = perf_counter()
    _side_by_side(missing, processes)
    call()
    LOG.info("compiled in %d s", ceil(perf_counter() - began))


def _said_before(missing: list[Missing], processes: int) -> str:
    """Return what is compiled, and about how long that takes."""
    seconds = max(missing[0].seconds, sum(one.seconds for one in missing) / processes)
    measured = sum(one.measured is not None for one in missing)
    by = "as measured here" if measured == len(missing) else "a guess by their length"
    modules = ", ".join(sorted({one.name[0] for one in missing}))
    blocks = f"{len(missing)} block{'s' if len(missing) > 1 else ''}"
    about = f"{blocks}, about {ceil(seconds)} s ({by})"
    return f"compiling {modules} for this kind of CPU, once: {about}"


def _length(function: Callable[..., Any], seen: set[Callable[..., Any]]) -> int:
    """Return the bytes of a function's code and of what it calls that is compiled into it."""
    if function in seen:
        return 0
    seen.add(function)
    code, closed = function.__code__, function.__closure__ or ()
    free = dict(zip(code.co_freevars, (cell.cell_contents for cell in closed), strict=True))
    named = [free.get(name, function.__globals__.get(name)) for name in (*code.co_names, *free)]
    inside = (_length(one.py_func, seen) for one in named if isinstance(one, Compiled))
    return len(code.co_code) + sum(inside)


def _compile(block: Any, kinds: tuple[Any, ...]) -> None:
    """Compile a block, and keep beside it how long that took."""
    began = perf_counter()
    block.compile(kinds)
    block._cache._cache_file.note(perf_counter() - began)


@contextmanager
def without_samples() -> Iterator[None]:
    """Let a stage object to a call with no sample: by then it has been compiled, or cannot be.

    Raises
    ------
    Uncompiled
        Numba cannot compile what it calls.
    """
    try:
        yield
    except NumbaError as error:
        raise _uncompiled(error) from error
    except Exception:
        # As if nothing had been called: what a member makes of it is for a block to see.
        return


def _uncompiled(error: NumbaError) -> Uncompiled:
    """Return what numba says, on one line: its own words and where; the code is at hand there."""
    # In colours where colorama is installed, which numba then asks for them.
    plain = _STYLES.sub("", str(getattr(error, "msg", error)))
    text = " ".join(plain.split("\n\n")[0].split())
    where = getattr(error, "loc", None)
    if where is None:
        return Uncompiled(f"numba cannot compile a function of it: {in_words(error)}")
    return Uncompiled(f"{where.filename}, line {where.line}: numba cannot compile this: {text}")


@contextmanager
def _asking() -> Iterator[list[Missing]]:
    """Let calls of this thread skip blocks that would be compiled, and note them."""
    missing: list[Missing] = []
    dispatchers = [block.dispatcher for block in BLOCKS]
    for one in dispatchers:
        one._compile_for_args = partial(_asked, one, get_ident(), missing)
    try:
        yield missing
    finally:
        for one in dispatchers:
            del one._compile_for_args


def _asked(
    block: Any, thread: int, missing: list[Missing], *arguments: Any, **named: Any
) -> Callable[..., Any]:
    """Return what numba calls for arguments that it has not seen in this process."""
    if get_ident() == thread and not named:
        found = tuple(map(block.typeof_pyval, arguments))
        cache = block._cache
        key = cache._index_key(found, block.targetctx.codegen())
        if not cache._cache_file.has(key):
            one = Missing(block, found)
            # Two stages may call one block.
            missing += [] if one in missing else [one]
            return _nothing
    compiled: Callable[..., Any] = type(block)._compile_for_args(block, *arguments, **named)
    return compiled


def _nothing(*arguments: Any) -> None:
    """Take a block's place while it is only asked for."""


def _side_by_side(missing: list[Missing], processes: int) -> None:
    """Compile in this process and in others; one that fails costs no more than the time."""
    tasks = [(one, told) for one in missing if (told := _told(one)) is not None]
    with TemporaryDirectory() as folder:
        others = [_start(folder) for _ in range(min(processes, len(tasks)) - 1)]
        try:
            for other in others:
                assert other.stdin is not None
                with suppress(BrokenPipeError), other.stdin as pipe:
                    pipe.write(json.dumps([told for _, told in tasks]).encode())
            for k, (one, _) in enumerate(tasks):
                if _take(Path(folder), k):
                    # One that cannot be compiled is told of when it is called.
                    with suppress(NumbaError):
                        _compile(one.block, one.types)
            for other in others:
                other.wait()
        finally:
            for other in others:
                other.kill()
                other.wait()


def _start(folder: str) -> "subprocess.Popen[bytes]":
    """Start another process that compiles."""
    words, null = [sys.executable, "-P", "-m", __name__, folder], subprocess.DEVNULL
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=null, stderr=null)


def _take(folder: Path, number: int) -> bool:
    """Return whether a task is this process' own: nobody else has taken it."""
    try:
        (folder / str(number)).touch(exist_ok=False)
    except OSError:
        return False
    return True


# --- what another process is told ---


def _told(one: Missing) -> list[Any] | None:
    """Return a task as JSON can say it; None if its types cannot be said."""
    try:
        return [*one.name, [_said(t) for t in one.types]]
    except ValueError:
        return None


def _said(kind: Any) -> Any:
    """Return a numba type in words; raises ValueError for one that blocks do not take."""
    is_a = partial(isinstance, kind)
    if is_a(types.Array) and kind.aligned:
        return {"array": [_said(kind.dtype), kind.ndim, kind.layout, not kind.mutable]}
    if is_a(types.BaseNamedTuple):
        of = kind.instance_class
        return {"named": [of.__module__, of.__name__, [_said(t) for t in kind]]}
    if is_a(types.BaseTuple):
        return {"tuple": [_said(t) for t in kind]}
    if is_a(types.Boolean):
        return "boolean"
    if is_a(types.Integer) or is_a(types.Float):
        return kind.name
    raise ValueError(f"no words for {kind}")


def _meant(said: Any) -> Any:
    """Return the numba type of some words."""
    if isinstance(said, str):
        return getattr(types, said)
    if "array" in said:
        dtype, ndim, layout, readonly = said["array"]
        return types.Array(_meant(dtype), ndim, layout, readonly=readonly)
    made: Any = types.BaseTuple
    if "tuple" in said:
        return made.from_types([_meant(t) for t in said["tuple"]])
    module, name, parts = said["named"]
    return made.from_types([_meant(t) for t in parts], getattr(import_module(module), name))


def main(folder: str) -> None:
    """Compile the tasks on standard input that nobody else has taken."""
    parent = os.getppid()
    for k, (module, name, said) in enumerate(json.load(sys.stdin)):
        if os.getppid() == parent and _take(Path(folder), k):
            _compile(getattr(import_module(module), name).dispatcher, tuple(map(_meant, said)))


if __name__ == "__main__":
    main(sys.argv[1])
