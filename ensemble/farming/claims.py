"""Claims through the file system: workers that share nothing else, no port, no queue, no lock.

A claim is a file that only one process can create; its text names the worker. A worker's own
file in ``workers/`` is touched every few seconds as long as it lives. A claim whose worker is
gone is taken over, and the block is a suspect. If two workers ever run one block, they write
the same bytes: a race costs time and nothing else.
"""

import json
import os
import threading
import time
from contextlib import suppress

from ensemble.store.folders import Folder
from ensemble.store.hosts import here, is_gone
from ensemble.store.journal import Key

WORKERS = "workers"
"""Folder of a store with a file for each worker that is alive."""

BEAT_SECONDS = 10.0
STALE_SECONDS = 120.0
"""A worker that has not been heard of for so long is gone: caches of network file systems
show a file up to a minute late."""


class Heart:
    """Touches this worker's file while the process lives.

    Parameters
    ----------
    store : Folder
    name : str
        This worker's.
    about : mapping
        What others may want to know: job, host.
    """

    def __init__(self, store: Folder, name: str, about: dict[str, object]) -> None:
        self.folder = store.folder(WORKERS, make=True)
        self.name = name
        self.folder.write(name, json.dumps(about).encode(), sync=False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            # A full disk or a server that is away must not end a worker; it is late, no more.
            with suppress(OSError):
                self.folder.touch(self.name)

    def now(self) -> float:
        """Return the file system's time, which is the clock that others' files are dated by."""
        self.folder.touch(self.name)
        return self.folder.status(self.name).st_mtime

    def stop(self) -> None:
        """End in order."""
        self._stop.set()
        self.folder.remove(self.name)


class Claims:
    """The claims of one worker.

    Parameters
    ----------
    store : Folder
    heart : Heart
    stale : float
        Seconds without a heartbeat after which a worker counts as gone.
    """

    def __init__(self, store: Folder, heart: Heart, stale: float = STALE_SECONDS) -> None:
        self.folder = store.folder("claims", make=True)
        self.heart = heart
        self.stale = stale

    def take(self, key: Key) -> str:
        """Claim a block: ``"new"``, ``"inherited"`` of a worker that is gone, or ``""``."""
        name = self._name(key)
        if self._create(name):
            return "new"
        try:
            owner = self._owner(name)
        except FileNotFoundError:
            return "new" if self._create(name) else ""
        if owner == self.heart.name or self._alive(owner, name):
            return ""
        return "inherited" if self._inherit(name, owner) else ""

    def _owner(self, name: str) -> str:
        return self.folder.read(name).decode()

    def _inherit(self, name: str, owner: str) -> bool:
        """Put this worker's name in the place of one that is gone, unless another has done so."""
        # Others see it gone as well, and one may have been faster: one at a time looks again.
        turn = f".{name}"
        if not self._create(turn):
            self._skip_the_dead(turn)
            return False
        try:
            if self._owner(name) != owner:
                return False
            self.folder.write(name, self.heart.name.encode(), sync=False)
        except FileNotFoundError:
            return False
        finally:
            self.folder.remove(turn)
        return True

    def _skip_the_dead(self, turn: str) -> None:
        """Free the turn of a worker that died in it, for the next time."""
        with suppress(FileNotFoundError):
            if not self._alive(self._owner(turn), turn):
                self.folder.remove(turn)

    def drop(self, key: Key) -> None:
        """Give a claim back: the block is committed, or somebody else's."""
        self.folder.remove(self._name(key))

    def _name(self, key: Key) -> str:
        return "-".join(map(str, key))

    def _create(self, name: str) -> bool:
        try:
            descriptor = self.folder.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except (FileExistsError, FileNotFoundError):
            # Somebody's, or the folder is gone: the run is over.
            return False
        try:
            os.write(descriptor, self.heart.name.encode())
        finally:
            os.close(descriptor)
        return True

    def _alive(self, owner: str, claim: str) -> bool:
        """Return whether a claim's worker has been heard of; a claim without name is young."""
        if owner and is_dead_here(owner):
            return False
        try:
            now = self.heart.now()
        except FileNotFoundError:
            # The run is over. Without a clock nobody can be said to be late.
            return True
        folder, name = (self.heart.folder, owner) if owner else (self.folder, claim)
        try:
            return heard_of(folder.status(name).st_mtime, now, self.stale)
        except FileNotFoundError:
            return False


def heard_of(beat: float, now: float, stale: float = STALE_SECONDS) -> bool:
    """Return whether a heartbeat is of late.

    One in the future is of before a clock was put back, and its worker never beat since.
    """
    return abs(now - beat) < stale


def worker_name(index: int) -> str:
    """Return a name for a worker that no other has, now or later."""
    return f"{here()}-{os.getpid()}-{index}-{time.time_ns():x}"


def is_dead_here(owner: str) -> bool:
    """Return whether a worker was a process of this host that is gone: no need to wait."""
    place, *rest = owner.rsplit("-", 3)
    return bool(rest) and is_gone(place, rest[0])
