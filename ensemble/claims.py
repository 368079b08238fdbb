"""Claims through the file system: workers that share nothing else, no port, no queue, no lock.

A claim is a file that only one process can create; its text names the worker. A worker's own
file in ``workers/`` is touched every few seconds as long as it lives. A claim whose worker is
gone is taken over, and the block is a suspect. If two workers ever run one block, they write
the same bytes: a race costs time and nothing else.
"""

import json
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from ensemble.chunks import write_file
from ensemble.journal import Key

BEAT_SECONDS = 10.0
STALE_SECONDS = 120.0
"""A worker that has not been heard of for so long is gone: caches of network file systems
show a file up to a minute late."""


class Heart:
    """Touches this worker's file while the process lives.

    Parameters
    ----------
    folder : Path
        ``workers/`` of the store.
    name : str
        This worker's.
    about : mapping
        What others may want to know: job, host.
    """

    def __init__(self, folder: Path, name: str, about: dict[str, object]) -> None:
        self.path = folder / name
        folder.mkdir(exist_ok=True)
        write_file(self.path, json.dumps(about).encode(), sync=False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            # A full disk or a server that is away must not end a worker; it is late, no more.
            with suppress(OSError):
                os.utime(self.path)

    def now(self) -> float:
        """Return the file system's time, which is the clock that others' files are dated by."""
        os.utime(self.path)
        return self.path.stat().st_mtime

    def stop(self) -> None:
        """End in order."""
        self._stop.set()
        self.path.unlink(missing_ok=True)


class Claims:
    """The claims of one worker.

    Parameters
    ----------
    store : Path
    heart : Heart
    stale : float
        Seconds without a heartbeat after which a worker counts as gone.
    """

    def __init__(self, store: Path, heart: Heart, stale: float = STALE_SECONDS) -> None:
        self.folder = store / "claims"
        self.folder.mkdir(exist_ok=True)
        self.workers = heart.path.parent
        self.heart = heart
        self.stale = stale

    def take(self, key: Key) -> str:
        """Claim a block: ``"new"``, ``"inherited"`` of a worker that is gone, or ``""``."""
        path = self._path(key)
        if self._create(path):
            return "new"
        try:
            owner = path.read_text()
        except FileNotFoundError:
            return "new" if self._create(path) else ""
        if owner == self.heart.path.name or self._alive(owner, path):
            return ""
        return "inherited" if self._inherit(path, owner) else ""

    def _inherit(self, path: Path, owner: str) -> bool:
        """Put this worker's name in the place of one that is gone, unless another has done so."""
        # Others see it gone as well, and one may have been faster: one at a time looks again.
        turn = path.with_name(f".{path.name}")
        if not self._create(turn):
            self._skip_the_dead(turn)
            return False
        try:
            if path.read_text() != owner:
                return False
            write_file(path, self.heart.path.name.encode(), sync=False)
        except FileNotFoundError:
            return False
        finally:
            turn.unlink(missing_ok=True)
        return True

    def _skip_the_dead(self, turn: Path) -> None:
        """Free the turn of a worker that died in it, for the next time."""
        with suppress(FileNotFoundError):
            if not self._alive(turn.read_text(), turn):
                turn.unlink()

    def drop(self, key: Key) -> None:
        """Give a claim back: the block is committed, or somebody else's."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: Key) -> Path:
        return self.folder / "-".join(map(str, key))

    def _create(self, path: Path) -> bool:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except (FileExistsError, FileNotFoundError):
            # Somebody's, or the folder is gone: the run is over.
            return False
        try:
            os.write(descriptor, self.heart.path.name.encode())
        finally:
            os.close(descriptor)
        return True

    def _alive(self, owner: str, claim: Path) -> bool:
        """Return whether a claim's worker has been heard of; a claim without name is young."""
        if owner and is_dead_here(owner):
            return False
        try:
            now = self.heart.now()
        except FileNotFoundError:
            # The run is over. Without a clock nobody can be said to be late.
            return True
        file = self.workers / owner if owner else claim
        try:
            return now - file.stat().st_mtime < self.stale
        except FileNotFoundError:
            return False


def worker_name(index: int) -> str:
    """Return a name for a worker that no other has, now or later."""
    return f"{socket.gethostname()}-{os.getpid()}-{index}-{time.time_ns():x}"


def is_dead_here(owner: str) -> bool:
    """Return whether a worker was a process of this host that is gone: no need to wait."""
    host, *rest = owner.rsplit("-", 3)
    return bool(rest) and host == socket.gethostname() and not Path("/proc", rest[0]).exists()
