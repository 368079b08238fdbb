"""The committed blocks of a store: a bitmap, and for each block where its line stands.

A store may have a million blocks. So of a block a few numbers are kept, in arrays that the system
fills when they are touched; what else its line says is read again when somebody asks.
"""

import hashlib
import math
import os
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ensemble.store.folders import Folder
from ensemble.store.journal import Entry, Key, entry_of, parsed
from ensemble.store.lines import Columns, is_sound
from ensemble.store.sums import Sums
from ensemble.store.totals import Totals
from kernels import F8, I8, OK, U1

MOST_BLOCKS = 2**31
"""Blocks of a store; of 28 bytes each, where it has so many."""

_AT_ONCE = 1 << 14

_READ, _NOTED = 1, 2


@dataclass(frozen=True)
class Segment:
    """Lines of a journal behind one first line.

    Attributes
    ----------
    journal : str
    generation : int
    kernel : str
        Short hash of the code that made its blocks; empty where it does not say.
    """

    journal: str
    generation: int = 0
    kernel: str = ""


class _Opened:
    """A journal that lines are read of, closed with this object: by any of several threads."""

    def __init__(self, journal: str, descriptor: int) -> None:
        self.journal, self.descriptor = journal, descriptor
        weakref.finalize(self, os.close, descriptor)


class Committed(Mapping[Key, Entry]):
    """Every committed block by key, in order of keys, with what its line says.

    Parameters
    ----------
    blocks : tuple of int
        Blocks along each axis.
    sums : bool
        Whether to keep checksums, 4 bytes each.

    Attributes
    ----------
    sums : Sums or None
    totals : Totals
        What their lines count of members.
    segments : list of Segment
        Parts of journals; lines are of one of them.

    Raises
    ------
    ValueError
        There are more blocks than a store may have.
    """

    def __init__(self, blocks: tuple[int, ...], *, sums: bool = False) -> None:
        self.blocks, self.size = blocks, math.prod(blocks)
        if self.size > MOST_BLOCKS:
            raise ValueError(f"found {self.size:,} blocks; needed at most {MOST_BLOCKS:,}")
        self.totals = Totals(blocks[0])
        self.segments: list[Segment] = []
        self.sums = Sums(self.size) if sums else None
        self._count = 0
        # Zeros are memory only where something else is written.
        self._state = np.zeros(self.size, dtype=np.uint8)
        self._failed = np.zeros(self.size, dtype=np.bool_)
        self._segment = np.zeros(self.size, dtype=np.int32)
        self._place = np.zeros(self.size, dtype=np.int64)
        self._seconds = np.zeros(self.size)
        self._at = np.zeros(self.size)
        self._strides = [math.prod(blocks[k + 1 :]) for k in range(len(blocks))]
        self._folder: Folder | None = None
        self._open: _Opened | None = None

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: object) -> bool:
        number = self.number(key)
        return number is not None and bool(self._state[number])

    def __iter__(self) -> Iterator[Key]:
        return self._keys(lambda state: state != 0, 0, self.size)

    def __getitem__(self, key: Key) -> Entry:
        number = self.number(key)
        if number is None or self._state[number] != _READ:
            raise KeyError(key)
        return self.entry(number)

    def missing(self, first: int = 0) -> Iterator[Key]:
        """Yield the blocks that are not committed when their turn comes, from number ``first`` on.

        Those before it come last.
        """
        for begin, end in ((first, self.size), (0, first)):
            for key in self._keys(lambda state: state == 0, begin, end):
                if key not in self:
                    yield key

    def _keys(self, which: Callable[[U1], Any], begin: int, end: int) -> Iterator[Key]:
        for start in range(begin, end, _AT_ONCE):
            numbers = start + np.flatnonzero(which(self._state[start : min(start + _AT_ONCE, end)]))
            if numbers.size:
                places = np.unravel_index(numbers, self.blocks)
                yield from zip(*(place.tolist() for place in places), strict=True)

    def number(self, key: object) -> int | None:
        """Return which block a key is, in order; None where there is no such block."""
        if not isinstance(key, tuple) or len(key) != len(self.blocks):
            return None
        if not all(0 <= k < n for k, n in zip(key, self.blocks, strict=True)):
            return None
        return sum(int(k) * s for k, s in zip(key, self._strides, strict=True))

    def numbers(self, places: list[I8]) -> I8:
        """Return which blocks are at some places, by axis; all of them are there."""
        found = np.zeros(len(places[0]), dtype=np.int64)
        for place, stride in zip(places, self._strides, strict=True):
            found += place * stride
        return found

    def key(self, number: int) -> Key:
        """Return the key of a block."""
        return tuple(int(k) for k in np.unravel_index(number, self.blocks))

    def note(self, key: Key) -> None:
        """Take a block for committed whose line has not been read yet; this process wrote it."""
        number = self.number(key)
        assert number is not None
        if not self._state[number]:
            self._state[number] = _NOTED
            self._count += 1

    def is_read(self, numbers: Any) -> Any:
        """Return whether lines of some blocks have been read."""
        return self._state[numbers] == _READ

    def add(self, numbers: I8, columns: Columns, where: tuple[Any, I8], notes: Any) -> None:
        """Take lines of one pattern into account, each of another block and none read before.

        Parameters
        ----------
        numbers : ndarray, shape (n,)
            Of their blocks.
        columns : Columns
        where : pair of ndarray, shape (n,)
            Numbers of segments, and places in their journals.
        notes : tuple of str
            What all of them note.
        """
        if not len(numbers):
            return
        self._count += int((self._state[numbers] == 0).sum())
        self._state[numbers] = _READ
        self._segment[numbers], self._place[numbers] = where
        self._seconds[numbers] = columns.numbers["seconds"]
        self._at[numbers] = columns.numbers.get("at", 0.0)
        for code, column in columns.status.items():
            if code != OK:
                self._failed[numbers] |= column > 0
        self.totals.add_columns(columns, notes)
        if self.sums:
            self.sums.add(numbers, columns.checksums)

    def put(self, number: int, entry: Entry, segment: int, place: int) -> None:
        """Take one line into account, of a block of which none has been read."""
        self._count += int(self._state[number] == 0)
        self._state[number] = _READ
        self._segment[number], self._place[number] = segment, place
        self._seconds[number], self._at[number] = entry.seconds, entry.at
        self._failed[number] = any(n for code, n in entry.status.items() if code != OK)
        self.totals.add(entry, number // self._strides[0])
        if self.sums:
            self.sums.put(number, entry.checksums)

    def drop(self, number: int, entry: Entry) -> None:
        """Take back what `put` or `add` did."""
        self._state[number] = 0
        self._count -= 1
        self.totals.add(entry, number // self._strides[0], -1)

    def where(self, number: int) -> tuple[int, int]:
        """Return the segment of a block's line, and the line's place in its journal."""
        return int(self._segment[number]), int(self._place[number])

    def rests_on_the_same(self, other: "Committed") -> bool:
        """Return whether the same lines say so of the same blocks; no line is read for it."""
        here, there = (np.flatnonzero(one._state == _READ) for one in (self, other))
        if not np.array_equal(here, there):
            return False
        names = sorted({segment.journal for one in (self, other) for segment in one.segments})
        files = [
            np.searchsorted(names, [segment.journal for segment in one.segments] or [""])
            for one in (self, other)
        ]
        mine, others = self._segment[here], other._segment[here]
        same = np.array_equal(files[0][mine], files[1][others])
        return same and np.array_equal(self._place[here], other._place[here])

    def read_from(self, folder: Folder) -> None:
        """Read lines again from these journals."""
        self._folder, self._open = folder, None

    def entry(self, number: int) -> Entry:
        """Return what the line of a block says."""
        segment, place = self.where(number)
        return self.entry_at(self.segments[segment], place)

    def entry_at(self, segment: Segment, place: int) -> Entry:
        """Return what a line says.

        Raises
        ------
        ValueError
            It is not there any more.
        """
        line = self._line(segment.journal, place)
        if not is_sound(line):
            raise ValueError(f"{segment.journal} changed while it was read; run this again")
        record = parsed(line[9:], segment.journal, 0)
        return entry_of(record, segment.journal, line[:8].decode(), segment.kernel)

    def _line(self, journal: str, place: int) -> bytes:
        assert self._folder is not None
        held = self._open
        if held is None or held.journal != journal:
            held = self._open = _Opened(journal, self._folder.open(journal, os.O_RDONLY))
        size = 1024
        while True:
            line, end, _ = os.pread(held.descriptor, size, place).partition(b"\n")
            if end or len(line) < size:
                return line
            size *= 8

    def digest(self) -> str:
        """Return one hash over the checksums of every block; they have to be kept."""
        assert self.sums is not None
        whole = hashlib.sha256()
        for start in range(0, self.size, _AT_ONCE):
            numbers = start + np.flatnonzero(self._state[start : start + _AT_ONCE] == _READ)
            if not numbers.size:
                continue
            texts = self.sums.texts(numbers)
            # Blocks that follow each other differ along the last axis.
            rows, last = np.divmod(numbers, self.blocks[-1])
            cuts = np.flatnonzero(np.diff(rows)) + 1
            for part in np.split(np.arange(len(numbers)), cuts):
                head = ", ".join(map(str, [*self.key(int(numbers[part[0]]))[:-1], ""]))
                pairs = zip(last[part].tolist(), texts[part[0] : part[-1] + 1], strict=True)
                whole.update("".join([f"[[{head}{k}], {text}]" for k, text in pairs]).encode())
        return whole.hexdigest()

    @property
    def failing(self) -> list[Key]:
        """Return the blocks with failed members, in order."""
        numbers = np.flatnonzero(self._failed & (self._state == _READ))
        places = np.unravel_index(numbers, self.blocks)
        return list(zip(*(place.tolist() for place in places), strict=True))

    @property
    def done(self) -> Any:
        """Return whether each block is committed, an array of the blocks along every axis."""
        return (self._state != 0).reshape(self.blocks)

    @property
    def seconds(self) -> float:
        """Return what workers took for all of them."""
        return float(self._seconds[self._state == _READ].sum())

    def latest(self, most: int) -> F8:
        """Return the seconds of the blocks that were committed last, ``most`` of them."""
        read = np.flatnonzero(self._state == _READ)
        if len(read) > most:
            read = read[np.argpartition(self._at[read], -most)[-most:]]
        return self._seconds[read]

    def since(self, time: float) -> tuple[int, float]:
        """Return how many were committed since a time, and when the first of them was begun."""
        late = np.flatnonzero((self._state == _READ) & (self._at > time))
        if not late.size:
            return 0, math.nan
        return len(late), float((self._at[late] - self._seconds[late]).min())

    def by_journal(self) -> dict[str, tuple[int, float]]:
        """Return how many blocks each journal commits, and the seconds they took."""
        found: dict[str, tuple[int, float]] = {}
        for segment, n, seconds in self._by_segment():
            before = found.get(segment.journal, (0, 0.0))
            found[segment.journal] = (before[0] + n, before[1] + seconds)
        return found

    def by_kernel(self) -> dict[str, int]:
        """Return how many blocks there are by the short hash of the code that made them."""
        found: Counter[str] = Counter()
        for segment, n, _ in self._by_segment():
            found[segment.kernel] += n
        return dict(found)

    def _by_segment(self) -> Iterator[tuple[Segment, int, float]]:
        read = np.flatnonzero(self._state == _READ)
        segments = self._segment[read]
        counts = np.bincount(segments)
        seconds = np.bincount(segments, self._seconds[read])
        for number in np.flatnonzero(counts):
            yield self.segments[number], int(counts[number]), float(seconds[number])
