"""In-flight notes: the block that each thread of a worker is in, and how far it has come in it.

A note that outlives its process is how the next one knows which block the process died in. How
far a block has come is for people who wait, and nothing rests on it.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ensemble.store.folders import Folder
from ensemble.store.hosts import here, is_gone
from ensemble.store.journal import Key
from ensemble.store.store import Store

FOLDER = "inflight"

WIDTH = 80
"""Characters of a note's block, and then of how far it is: one write replaces what was there."""

TELL_SECONDS = 1.0
"""From one word of how far a block has come to the next: file systems are shared."""


class Note:
    """What one thread says of where it is.

    Parameters
    ----------
    root : Folder
        Of the store.
    name : str
        Of the process, and of the thread in it.
    """

    def __init__(self, root: Folder, name: str) -> None:
        self._root, self._name = root, f"{FOLDER}/{name}"
        self._file = root.open(self._name, os.O_WRONLY | os.O_CREAT)
        self._begun = self._next = 0.0

    def begin(self, key: Key) -> None:
        """Say which block is begun."""
        self._begun = time.monotonic()
        self._next = self._begun + TELL_SECONDS
        os.pwrite(self._file, " ".join(map(str, key)).ljust(2 * WIDTH).encode(), 0)

    def tell(self, done: int, of: int) -> None:
        """Say how much of the block is done, unless that was said within this second."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + TELL_SECONDS
        text = f"{done} {of} {now - self._begun:.0f}"
        # Nobody's block fails because a disk is full of what it says of itself.
        with suppress(OSError):
            os.pwrite(self._file, text.ljust(WIDTH).encode(), WIDTH)

    def end(self) -> None:
        """Say that the block is no more this thread's."""
        os.pwrite(self._file, b" " * 2 * WIDTH, 0)

    def remove(self) -> None:
        """Remove the note: the process ends in order."""
        os.close(self._file)
        self._root.remove(self._name)


def process_name(pid: int | None = None) -> str:
    """Return how notes and claims name a process of this host."""
    return f"{here()}-{pid or os.getpid()}"


def take_notes(store: Store, process: str = "") -> Iterator[Key]:
    """Yield the blocks that dead processes were in, and clear their notes.

    Parameters
    ----------
    store : Store
    process : str
        One process, by `process_name`; all where empty, when none is alive.
    """
    notes = store.root.folder(FOLDER, make=True)
    for name in notes.names():
        if process and not name.startswith(f"{process}-"):
            continue
        key = _numbers(notes.read(name)[:WIDTH])
        # What names no block of this store is a note of nobody's.
        if len(key) == len(store.blocks):
            if all(k < n for k, n in zip(key, store.blocks, strict=True)):
                yield key
        notes.remove(name)


def living(root: Folder) -> list[str]:
    """Return the notes whose processes may be alive; those of another host may."""
    return [name for name in root.names(FOLDER) if _lives(name)]


def _lives(note: str) -> bool:
    place, *rest = note.rsplit("-", 2)
    return not (rest and is_gone(place, rest[0]))


@dataclass(frozen=True)
class Within:
    """How far the blocks have come that are being run.

    Attributes
    ----------
    blocks : int
        Those that have said something: of a block of less than a second nothing is known.
    done, members : int
        Members of them that are done, and all. Of calibrations: candidates, and the most that
        searches may ask for.
    seconds : int
        Since the first of them began.
    share : float
        Of these blocks that is done, in blocks.
    """

    blocks: int = 0
    done: int = 0
    members: int = 0
    seconds: int = 0
    share: float = 0.0


def within(root: Folder) -> Within:
    """Return how far the blocks have come that living processes are in."""
    return _together(_told(root))


def _together(told: Iterable[tuple[int, int, int]]) -> Within:
    some = list(told)
    if not some:
        return Within()
    done, members, seconds = zip(*some, strict=True)
    share = sum(min(1.0, part / of) for part, of, _ in some)
    return Within(len(some), sum(done), sum(members), max(seconds), share)


def _told(root: Folder) -> Iterator[tuple[int, int, int]]:
    for name in living(root):
        try:
            told = _numbers(root.read(f"{FOLDER}/{name}")[WIDTH : 2 * WIDTH])
        except OSError:
            # Its process has ended meanwhile.
            continue
        if len(told) == 3 and told[1]:
            yield told[0], told[1], told[2]


def _numbers(text: bytes) -> tuple[int, ...]:
    """Return the whole numbers of a text; none where anything else stands in it."""
    words = text.split()
    sound = all(word.isdigit() and len(word) < 19 for word in words)
    return tuple(map(int, words)) if sound else ()
