"""The lock of a store: one `run` alone, or any number of independent workers; and of a name."""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ensemble.errors import PlanError
from ensemble.store.names import beside
from ensemble.store.store import Store

LOCK_SECONDS = 1.0
"""A process that has just been killed may hold its lock for a moment."""

_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked(store: Store, *, shared: bool = False) -> Iterator[None]:
    """Hold a store's lock; the system releases it however this process ends.

    Parameters
    ----------
    store : Store
    shared : bool
        With other independent workers, but not with a `run`.

    Raises
    ------
    PlanError
        Somebody else holds it.
    StoppedEarly
        Another store has been given its name meanwhile.
    """
    descriptor = store.root.open("lock", os.O_RDWR | os.O_CREAT)
    try:
        _take(descriptor, store.path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        store.refuse_replaced()
        _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def holder(store: Store) -> str:
    """Return who holds a store's lock, in words; empty for nobody, and where locks are not seen."""
    try:
        descriptor = store.root.open("lock", os.O_RDONLY)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 100, 0).decode() or "another process"
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return ""


@contextmanager
def locked_name(store: Path) -> Iterator[None]:
    """Hold the name of a store while folders of it and beside it are moved.

    A lock inside a store goes where the store goes, so it cannot do this.

    Raises
    ------
    PlanError
        Somebody else holds it.
    """
    file = beside(store, "extend.lock")
    descriptor = _open_named(file, store, fcntl.LOCK_EX)
    try:
        _sign(descriptor)
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)


def _open_named(file: Path, store: Path, kind: int) -> int:
    """Open and lock a file that whoever holds it may remove."""
    while True:
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise PlanError(f"{file}: cannot be locked: {error.strerror}") from error
        try:
            _take(descriptor, store, kind)
            if _is_at(descriptor, file):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, file: Path) -> bool:
    """Return whether an open file still has its name: its last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    """Write who holds a lock."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)


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
