"""The lock of a store: one `run` alone, or any number of independent workers."""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ensemble.store import PlanError

LOCK_SECONDS = 1.0
"""A process that has just been killed may hold its lock for a moment."""

_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked(store: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a store's lock; the system releases it however this process ends.

    Parameters
    ----------
    store : Path
    shared : bool
        With other independent workers, but not with a `run`.

    Raises
    ------
    PlanError
        Somebody else holds it.
    """
    descriptor = os.open(store / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _take(descriptor, store, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, store: Path, kind: int) -> None:
    patience = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > patience:
                owner = os.pread(descriptor, 100, 0).decode() or "another process"
                text = f"{store}: {owner} is running it; wait for it or stop it"
                raise PlanError(text) from None
            time.sleep(0.02)
        except OSError as error:
            # A file system without locks: two runs at once would be waste, not damage.
            if error.errno not in _WITHOUT_LOCKS:
                raise
            return
