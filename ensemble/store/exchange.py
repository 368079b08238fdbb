"""A store takes another's name, so that whoever reads the name finds one of the two, whole.

Linux exchanges two names at once. Elsewhere the name is free for a moment; then `store.read`
and `store.create` say so, and `mend` goes on. Nothing is removed but what the store at the
name holds as well, and that goes to a name first of which nobody reads.
"""

import ctypes
import errno
import os
import shutil
import time
from pathlib import Path
from typing import Any

from ensemble.errors import PlanError
from ensemble.store.chunks import sync_folder
from ensemble.store.finished import is_finalised
from ensemble.store.store import Store, beside, read

_HERE = -100
_EXCHANGE = 2
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)
"""Of a kernel, a file system or a sandbox without exchange."""

REMOVE_TRIES, REMOVE_SECONDS = 20, 0.1
"""What is still there then has a name that nobody reads, and goes with the next."""


def take_place(path: Path) -> None:
    """Give the longer store, complete, the name of the shorter, which goes."""
    swap(beside(path, "longer"), path, "shorter")
    mend(path)


def swap(new: Path, path: Path, word: str) -> None:
    """Give a store the name of another, which is left beside as ``new`` or under ``word``."""
    if not exchange(new, path):
        os.rename(path, beside(path, word))
        os.rename(new, path)
    sync_folder(path.parent)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names at once; return False where that cannot be done."""
    failed = _renameat2(bytes(one), bytes(other))
    if failed and failed not in _CANNOT:
        raise OSError(failed, os.strerror(failed), str(one), None, str(other))
    return not failed


def _renameat2(one: bytes, other: bytes) -> int:
    """Return the error number of the system call, 0 for none."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return errno.ENOSYS
    here = ctypes.c_int(_HERE)
    done = call(here, ctypes.c_char_p(one), here, ctypes.c_char_p(other), ctypes.c_uint(_EXCHANGE))
    return ctypes.get_errno() if done else 0


def mend(path: Path) -> None:
    """Finish what a process that was killed between two names has left.

    Raises
    ------
    PlanError
        A finished store is beside the name that the store at the name does not hold.
    """
    _remove(beside(path, "gone"))
    before, longer = beside(path, "shorter"), beside(path, "longer")
    if before.exists() and not path.exists():
        os.rename(longer if holds(longer, before) else before, path)
        sync_folder(path.parent)
    for left in (before, longer):
        if left.exists() and holds(path, left):
            discard(path, left)
    if before.exists() or _is_no_longer_one(path, longer):
        left = before if before.exists() else longer
        raise PlanError(
            f"{left}: found a run that {path} does not hold; it was moved while its design was "
            f"extended. Move {path} away and give the run that name, or remove the run"
        )


def discard(path: Path, left: Path) -> None:
    """Remove a store beside a name; killed in the middle, none takes the rest for a store."""
    gone = beside(path, "gone")
    _remove(gone)
    os.rename(left, gone)
    _remove(gone)


def _remove(folder: Path) -> None:
    """Remove a folder as far as that can be done; a late worker may write there for a moment."""
    for _ in range(REMOVE_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(REMOVE_SECONDS)


def holds(long: Path, short: Path) -> bool:
    """Return whether a store is finished and has all that one of a shorter design has."""
    try:
        new, old = read(long), read(short)
        return is_finalised(new) and _is_longer(new, old) and _has_blocks(new, old)
    except PlanError:
        return False


def _is_longer(new: Store, old: Store) -> bool:
    return _samples(new) > _samples(old) and _rest(new) == _rest(old)


def _samples(store: Store) -> int:
    return store.specs["status"].shape[2]


def _rest(store: Store) -> list[Any]:
    """Return what two stores have in common that differ in the length of their design."""
    identity = store.attrs["identity"]
    # How blocks came to be as long as they are may be written otherwise.
    scenario = {k: v for k, v in identity["scenario"].items() if k != "block"}
    design = {k: v for k, v in scenario["design"].items() if k not in ("trajectories", "n")}
    parts = (identity[name] for name in ("kernel", "forcings", "locations", "block"))
    return [{**scenario, "design": design}, *parts]


def _has_blocks(new: Store, old: Store) -> bool:
    """Return whether all whole blocks are the same; a cut one is another in a longer design."""
    length, there = old.specs["status"].chunks[2], new.committed()
    for key, entry in old.committed().items():
        cut = (key[2] + 1) * length > _samples(old)
        if key not in there or not (cut or there[key].checksums == entry.checksums):
            return False
    return True


def _is_no_longer_one(path: Path, left: Path) -> bool:
    """Return whether a finished store is left that is not the longer one of this name."""
    try:
        found = read(left)
        return is_finalised(found) and _samples(found) <= _samples(read(path))
    except PlanError:
        return False
