"""What all journals of a store say, read once: a second look reads what has been added since.

Journals are only ever appended to. So a process that looks again, as workers do, goes on where it
stopped in each of them; where one is shorter, gone or another file, all are read anew.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ensemble.store.committed import Committed, Segment
from ensemble.store.folders import Folder
from ensemble.store.journal import Entry, Key, entry_of, generation, journal_names, parsed, records
from ensemble.store.lines import Columns, Lines, Pattern, is_sound, split
from kernels import I8

_AT_ONCE = 1 << 20
"""Bytes of lines that are taken apart together."""

_MOST_PATTERNS = 32
"""Kinds of lines that are looked for; what is of none is read as JSON."""


class _Replaced(Exception):
    """A journal is shorter than before, or another file."""


@dataclass
class _Journal:
    """How far a journal has been read: bytes, lines, and the segment that it ends with."""

    name: str
    inode: int
    segment: int
    place: int = 0
    lines: int = 0


@dataclass(frozen=True)
class _Part:
    """Whole lines of one journal: where they begin in it, and how many are before them."""

    journal: _Journal
    place: int
    lines: int
    content: bytes


@dataclass(frozen=True)
class _Line:
    """One of several lines of a block; the first by name and place speaks for its equals."""

    entry: Entry
    segment: int
    place: int

    @property
    def order(self) -> tuple[str, int]:
        """Return where it stands among all lines of a store."""
        return self.entry.journal, self.place


class Journals:
    """What the journals of a store say.

    Parameters
    ----------
    blocks : tuple of int
        Blocks of the store along each axis.
    sums : bool
        Whether to keep checksums, for `Committed.sums`.

    Attributes
    ----------
    committed : Committed
    conflicts : mapping of block to list of Entry
        Blocks that two lines say different things of.
    late : mapping of str to int
        Lines that do not count, by journal: of workers of a store that this one has replaced.
    """

    def __init__(self, blocks: tuple[int, ...], *, sums: bool = False) -> None:
        self.blocks = blocks
        self._sums = sums
        self._patterns: list[Pattern] = []
        self._begin()

    def _begin(self) -> None:
        """Forget what was read."""
        self.committed = Committed(self.blocks, sums=self._sums)
        self.conflicts: dict[Key, list[Entry]] = {}
        self.late: dict[str, int] = {}
        self._generation = -1
        self._read: dict[str, _Journal] = {}
        self._void: set[tuple[str, str]] = set()
        self._several: dict[int, list[_Line]] = {}

    @property
    def kernels(self) -> dict[str, int]:
        """Return committed blocks by the short hash of their code; ``""`` where none says it."""
        return self.committed.by_kernel()

    def look(self, folder: Folder) -> None:
        """Read what the journals say beyond what they said when they were read last.

        Raises
        ------
        ValueError
            A line is not one of ours, though its checksum is right, or names no block here.
        """
        now = generation(folder)
        if now != self._generation:
            self._begin()
        self._generation = now
        try:
            self._look(folder)
        except _Replaced:
            # Nothing that was read need be true any more.
            self._begin()
            self._generation = now
            self._look(folder)

    def _look(self, folder: Folder) -> None:
        self.committed.read_from(folder)
        names = list(journal_names(folder))
        if self._read.keys() - set(names):
            raise _Replaced
        for parts in _together(self._news(folder, names)):
            self._take(parts)
        self._settle(folder)

    def _news(self, folder: Folder, names: Iterable[str]) -> Iterator[_Part]:
        """Yield the new lines of every journal."""
        for name in names:
            # Opened and not looked at from outside: only so a network file system tells its length.
            with folder.reader(name) as file:
                about = os.fstat(file.fileno())
                if name not in self._read:
                    self._read[name] = _Journal(name, about.st_ino, self._segment(name))
                journal = self._read[name]
                if about.st_ino != journal.inode or about.st_size < journal.place:
                    raise _Replaced
                yield from _parts(file.fileno(), journal)

    def _segment(self, journal: str, start: Mapping[str, Any] | None = None) -> int:
        """Return the number of a new segment, behind this first line."""
        start = start or {}
        segment = Segment(journal, start.get("generation", 0), str(start.get("kernel", "")))
        self.committed.segments.append(segment)
        return len(self.committed.segments) - 1

    def _take(self, parts: list[_Part]) -> None:
        """Take whole lines of some journals into account."""
        lines = split(b"".join(part.content for part in parts))
        origin = _Origin(parts, lines)
        found: list[_Alike | _Alone] = []
        left = np.flatnonzero(lines.sound)
        for pattern in self._patterns:
            left = _matched(pattern, lines, left, found)
        while left.size:
            line, before = int(left[0]), len(left)
            record = parsed(lines.text(line), *origin.of(line))
            if "start" in record:
                origin.begins(line, self._segment(origin.of(line)[0], record["start"]))
            elif "void" in record:
                self._void.add((record["void"]["journal"], record["void"]["line"]))
            elif len(self._patterns) < _MOST_PATTERNS:
                pattern = Pattern(record)
                left = _matched(pattern, lines, left, found)
                self._patterns += [pattern] if len(left) < before else []
            if len(left) == before:
                found += [_Alone(line, record)] if "block" in record else []
                left = left[1:]
        self._count(found, origin, lines)

    def _count(self, found: "list[_Alike | _Alone]", origin: "_Origin", lines: Lines) -> None:
        """Take lines of blocks into account that are of this store's generation."""
        segments = origin.segments()
        now = np.array([s.generation == self._generation for s in self.committed.segments])
        for one in found:
            if isinstance(one, _Alike):
                counts = now[segments[one.lines]]
                self._are_late(segments[one.lines[~counts]])
                which = one.lines[counts]
                self._add(one, counts, segments[which], origin.places(which))
            elif now[segments[one.line]]:
                place = int(origin.places(np.array([one.line]))[0])
                self._put(one.record, lines.checksum(one.line), int(segments[one.line]), place)
            else:
                self._are_late(segments[one.line : one.line + 1])

    def _are_late(self, segments: Any) -> None:
        for number, n in zip(*np.unique(segments, return_counts=True), strict=True):
            name = self.committed.segments[number].journal
            self.late[name] = self.late.get(name, 0) + int(n)

    def _add(self, alike: "_Alike", counts: Any, segments: Any, places: I8) -> None:
        columns = alike.columns if counts.all() else alike.columns.take(counts)
        self._refuse_other_grids(columns.block, segments)
        committed = self.committed
        numbers = committed.numbers(columns.block)
        fresh = np.zeros(len(numbers), dtype=np.bool_)
        fresh[np.unique(numbers, return_index=True)[1]] = True
        fresh &= ~committed.is_read(numbers)
        if self._several:
            fresh &= ~np.isin(numbers, list(self._several))
        if fresh.all():
            committed.add(numbers, columns, (segments, places), alike.notes)
            return
        once = (segments[fresh], places[fresh])
        committed.add(numbers[fresh], columns.take(fresh), once, alike.notes)
        for k in np.flatnonzero(~fresh):
            segment, place = int(segments[k]), int(places[k])
            entry = committed.entry_at(committed.segments[segment], place)
            self._again(int(numbers[k]), _Line(entry, segment, place))

    def _put(self, record: Mapping[str, Any], checksum: str, segment: int, place: int) -> None:
        """Take a line into account that was read as JSON."""
        about = self.committed.segments[segment]
        entry = entry_of(record, about.journal, checksum, about.kernel)
        number = self.committed.number(entry.block)
        if number is None:
            raise ValueError(_not_here(about.journal, entry.block))
        if number in self._several or self.committed.is_read(number):
            self._again(number, _Line(entry, segment, place))
        else:
            self.committed.put(number, entry, segment, place)

    def _refuse_other_grids(self, block: list[I8], segments: Any) -> None:
        wrong = np.zeros(len(segments), dtype=np.bool_)
        if len(block) != len(self.blocks):
            wrong[:] = True
        for places, n in zip(block, self.blocks, strict=False):
            wrong |= places >= n
        if wrong.any():
            k = int(np.argmax(wrong))
            name = self.committed.segments[segments[k]].journal
            raise ValueError(_not_here(name, tuple(int(places[k]) for places in block)))

    def _again(self, number: int, line: _Line) -> None:
        """Take one more line of a block into account."""
        committed = self.committed
        known = self._several.get(number)
        if known is None:
            known = [_Line(committed.entry(number), *committed.where(number))]
        says = line.entry.checksums
        same = next((k for k, one in enumerate(known) if one.entry.checksums == says), None)
        if same is None:
            self._several[number] = sorted([*known, line], key=lambda one: one.order)
        elif line.order < known[same].order:
            known[same] = line
            if number not in self._several:
                self._replace(number, line)

    def _replace(self, number: int, line: _Line | None) -> None:
        """Let another line, or none, count for a block."""
        if self.committed.is_read(number):
            self.committed.drop(number, self.committed.entry(number))
        if line:
            self.committed.put(number, line.entry, line.segment, line.place)

    def _settle(self, folder: Folder) -> None:
        """Find which of several lines of a block counts: the only one that none disowns."""
        for journal, line in self._void:
            self._disown(folder, journal, line)
        self.conflicts = {}
        for number, known in self._several.items():
            left = [a for a in known if (a.entry.journal, a.entry.line) not in self._void]
            self._replace(number, left[0] if len(left) == 1 else None)
            if len(left) > 1:
                self.conflicts[known[0].entry.block] = [one.entry for one in left]

    def _disown(self, folder: Folder, journal: str, line: str) -> None:
        """Find the block of a line that is disowned, if it is the only one of its block."""
        listed = (one.entry for known in self._several.values() for one in known)
        if journal not in self._read or any((e.journal, e.line) == (journal, line) for e in listed):
            return
        for checksum, record in records(folder, journal):
            number = self.committed.number(tuple(record.get("block", ())))
            if checksum == line and number is not None and self.committed.is_read(number):
                entry = self.committed.entry(number)
                if (entry.journal, entry.line) == (journal, line):
                    self._several[number] = [_Line(entry, *self.committed.where(number))]


@dataclass(frozen=True)
class _Alike:
    """Lines of one pattern: their numbers, and what they say."""

    lines: I8
    columns: Columns
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Alone:
    """A line that was read as JSON."""

    line: int
    record: Mapping[str, Any]


def _matched(pattern: Pattern, lines: Lines, left: I8, found: list[Any]) -> I8:
    """Add lines that fit a pattern to what was found, and return the others."""
    if not (left.size and pattern.usable):
        return left
    fits, columns = pattern.match(lines, left)
    if not fits.any():
        return left
    found.append(_Alike(left[fits], columns, pattern.notes))
    return left[~fits]


class _Origin:
    """Where each of some lines stands: in which journal, behind which first line, how far in it."""

    def __init__(self, parts: list[_Part], lines: Lines) -> None:
        self._parts = parts
        sizes = np.array([len(part.content) for part in parts])
        self._begins = np.cumsum(sizes) - sizes
        self._first = np.append(np.searchsorted(lines.begins, self._begins), len(lines.begins))
        self._part = np.repeat(np.arange(len(parts)), np.diff(self._first))
        self._from = np.array([part.place for part in parts]) - self._begins
        self._lines = lines
        self._marks: list[tuple[int, int]] = []

    def of(self, line: int) -> tuple[str, int]:
        """Return the journal of a line, and its number there, from 1."""
        number = self._part[line]
        part = self._parts[number]
        return part.journal.name, int(part.lines + line - self._first[number] + 1)

    def places(self, lines: I8) -> I8:
        """Return where lines begin in their journals."""
        found: I8 = self._lines.begins[lines] + self._from[self._part[lines]]
        return found

    def begins(self, line: int, segment: int) -> None:
        """Say that a segment begins with a line."""
        self._marks.append((line, segment))

    def segments(self) -> Any:
        """Return the segment of each line; journals go on with the last one."""
        found = np.empty(len(self._part), dtype=np.int64)
        marks = iter([*self._marks, (len(found), 0)])
        line, segment = next(marks)
        for part, begin, end in zip(self._parts, self._first, self._first[1:], strict=False):
            found[begin:end] = part.journal.segment
            while line < end:
                found[line:end] = part.journal.segment = segment
                line, segment = next(marks)
        return found


def _parts(descriptor: int, journal: _Journal) -> Iterator[_Part]:
    """Yield the whole lines of a journal that have not been read, some megabytes at a time."""
    size = _AT_ONCE
    while content := os.pread(descriptor, size, journal.place):
        whole = content.rfind(b"\n") + 1
        if not whole and len(content) == size:
            # A line that is longer, or no journal at all.
            size *= 2
            continue
        # A last line may lack its end alone; what is torn may be whole at the next look.
        tail = content[whole:] if len(content) < size else b""
        lines = content[:whole] + (tail + b"\n" if is_sound(tail) else b"")
        if not lines:
            return
        part = _Part(journal, journal.place, journal.lines, lines)
        journal.place += min(len(lines), len(content))
        journal.lines += lines.count(b"\n")
        yield part


def _together(parts: Iterable[_Part]) -> Iterator[list[_Part]]:
    """Yield parts of several journals at a time: what numpy is asked costs more than a line."""
    held: list[_Part] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part.content)
        if size >= _AT_ONCE:
            yield held
            held, size = [], 0
    if held:
        yield held


def _not_here(journal: str, block: Key) -> str:
    return (
        f"{journal} names block {list(block)}, which this store does not have; remove that journal"
    )
