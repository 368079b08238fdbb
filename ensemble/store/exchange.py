"""A store takes another's name, so that whoever reads the name finds one of the two, whole.

Linux exchanges two names at once. Elsewhere the name is free for a moment; then whoever reads or
makes a store of that name is told so, and the command that was stopped goes on. What is removed
goes to a name first of which nobody reads.
"""

import ctypes
import errno
import os
import shutil
import time
from pathlib import Path

from ensemble.store.chunks import sync_folder
from ensemble.store.names import beside

_HERE = -100
_EXCHANGE = 2
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)
"""Of a kernel, a file system or a sandbox without exchange."""

REMOVE_TRIES, REMOVE_SECONDS = 20, 0.1
"""What is still there then has a name that nobody reads, and goes with the next."""


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


def discard(path: Path, left: Path) -> None:
    """Remove a store beside a name; killed in the middle, none takes the rest for a store."""
    gone = beside(path, "gone")
    remove(gone)
    os.rename(left, gone)
    remove(gone)


def remove(folder: Path) -> None:
    """Remove a folder as far as that can be done; a late worker may write there for a moment."""
    for _ in range(REMOVE_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(REMOVE_SECONDS)
