"""Journals: one append-only file per worker process; a block is committed if a line says so.

Chunk files are not evidence: a chunk may be there and its neighbour not, and a block that
died between two renames looks complete array by array. A line is written after all chunks
of its block are, carries its own checksum, and a torn last line is simply not valid.
"""

import json
import os
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ensemble.store import shapes
from ensemble.store.folders import Folder
from ensemble.store.hosts import here
from ensemble.store.lines import is_sound
from ensemble.store.platforms import sync as sync_file
from ensemble.store.shapes import amiss, shown

Key = tuple[int, ...]

GENERATION = "generation"
"""File beside the journals of a store that has taken the place of a shorter one."""


@dataclass(frozen=True)
class Entry:
    """A committed block.

    Attributes
    ----------
    block : tuple of int
        Index along each axis of the work.
    checksums : mapping of str to str
        CRC-32C of the decoded values, by array.
    status : mapping of int to int
        Members by status code.
    seconds : float
        From claim to commit.
    notes : tuple of str
        What a person should know: exceptions of members.
    beyond : mapping of str to int
        Members beyond the limit of an output, by name.
    excluded : int
        Members that statistics are made without because of that.
    journal, line, kernel : str
        The file and the checksum of its line; a short hash of the code that made the block.
    recounted : tuple of str
        Sums that were not added up when it ran, but of its members as the store holds them.
    at : float
        Seconds since 1970 of the commit, by the clock of its host.
    """

    block: Key
    checksums: Mapping[str, str]
    status: Mapping[int, int]
    seconds: float
    notes: tuple[str, ...] = ()
    attempt: int = 1
    recounted: tuple[str, ...] = ()
    journal: str = field(default="", compare=False)
    line: str = field(default="", compare=False)
    kernel: str = field(default="", compare=False)
    at: float = field(default=0.0, compare=False)
    beyond: Mapping[str, int] = field(default_factory=dict)
    excluded: int = 0


class Journal:
    """The journal of this process; opened at the first line, safe for threads."""

    def __init__(self, folder: Folder, header: Mapping[str, Any]) -> None:
        self.folder = folder
        self.name = f"{here()}-{os.getpid()}-{time.time_ns()}.jsonl"
        self._header = dict(header)
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def commit(self, entry: Entry, *, sync: bool) -> None:
        """Append the line that makes a block count."""
        record = {
            "block": list(entry.block),
            "checksums": dict(entry.checksums),
            "status": {str(code): n for code, n in entry.status.items()},
            "seconds": round(entry.seconds, 6),
            "attempt": entry.attempt,
            "at": round(time.time(), 3),
        }
        if entry.notes:
            record["notes"] = list(entry.notes)
        if entry.beyond:
            record["beyond"] = dict(entry.beyond)
        if entry.excluded:
            record["excluded"] = entry.excluded
        self._add(record, sync)

    def disown(self, entry: Entry, *, sync: bool) -> None:
        """Append a line that makes another line of a block not count any more."""
        self._add({"void": {"journal": entry.journal, "line": entry.line}}, sync)

    def _add(self, record: Mapping[str, Any], sync: bool) -> None:
        with self._lock:
            if self._descriptor is None:
                self._descriptor = self._open(sync)
            self._append(record)
            descriptor = self._descriptor
        if sync:
            # Outside the lock: threads that wait for the disk together wait once.
            sync_file(descriptor)

    def _open(self, sync: bool) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL
        self._descriptor = self.folder.open(self.name, flags)
        more = {"time": time.time(), "generation": generation(self.folder)}
        self._append({"start": {**self._header, **more}})
        if sync:
            self.folder.sync()
        return self._descriptor

    def _append(self, record: Mapping[str, Any]) -> None:
        assert self._descriptor is not None
        line = as_line(record)
        # One write per line: with O_APPEND two lines never mix, and a torn one ends the file.
        written = os.write(self._descriptor, line)
        if written != len(line):
            raise OSError(28, "no space left for the journal", str(self.folder.path / self.name))

    def close(self) -> None:
        """Close the file; nothing is lost if it is never called."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


def as_line(record: Mapping[str, Any]) -> bytes:
    """Return a line of a journal: a checksum, and what it is of."""
    text = json.dumps(record, separators=(",", ":"))
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


def generation(folder: Folder) -> int:
    """Return how often the store of these journals has taken the place of another."""
    try:
        return int(folder.read(GENERATION))
    except FileNotFoundError:
        return 0


def set_generation(folder: Folder, number: int) -> None:
    """Say of a new store that it takes the place of another."""
    folder.write(GENERATION, str(number).encode(), sync=True)


def copy_with(source: Folder, target: Folder, found: Mapping[Key, Entry]) -> None:
    """Copy journals for a store that takes another's place, with entries of some of its blocks.

    Of each block the line that counts stays, with the checksums of its entry; lines of late
    workers and disowned ones do not come along, which would count again under the new number.
    """
    number = generation(source) + 1
    set_generation(target, number)
    for name in journal_names(source):
        lines = []
        for line, record in records(source, name):
            if "start" in record:
                lines.append(as_line({"start": {**record["start"], "generation": number}}))
            entry = found.get(tuple(record.get("block", ())))
            if entry and (entry.journal, entry.line) == (name, line):
                again = {"recounted": list(entry.recounted)} if entry.recounted else {}
                lines.append(as_line({**record, "checksums": dict(entry.checksums), **again}))
        target.write(name, b"".join(lines), sync=True)


def journal_names(folder: Folder) -> Iterator[str]:
    """Yield the names of all journals, in order."""
    return (name for name in folder.names() if name.endswith(".jsonl"))


def records(folder: Folder, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield checksum and content of the valid lines of one journal, one by one.

    Raises
    ------
    ValueError
        A line is not one of ours, though its checksum is right.
    """
    with folder.reader(name) as file:
        for number, line in enumerate(file, start=1):
            if is_sound(line := line.removesuffix(b"\n")):
                yield line[:8].decode(), parsed(line[9:], name, number)


def parsed(text: bytes, journal: str, number: int) -> dict[str, Any]:
    """Return what a line of a journal holds, by its text behind the checksum.

    Raises
    ------
    ValueError
        No version wrote it.
    """
    try:
        record: dict[str, Any] = json.loads(text)
        _refuse_absurd(record)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"journal {journal}, line {number}: its checksum is right and {error}; no version "
            "of this program wrote it: see where that file is from, and remove it"
        ) from error
    return record


def _refuse_absurd(record: Any) -> None:
    """Refuse what is no line of a journal; raises ValueError with what is wrong with it."""
    if not isinstance(record, dict):
        raise ValueError(f"it holds {type(record).__name__}")
    kind = next((name for name in _SHAPES if name in record), None)
    if kind is None:
        raise ValueError(f"it says {', '.join(sorted(record))[:60] or 'nothing'}")
    held = record if kind == "block" else record[kind]
    if not isinstance(held, dict):
        raise ValueError(f"its {kind!r} is {shown(held)}")
    if wrong := amiss(held, *_SHAPES[kind]):
        raise ValueError(wrong)


_SHAPES = {"start": shapes.START, "void": shapes.VOID, "block": shapes.BLOCK}


def headers(folder: Folder) -> list[dict[str, Any]]:
    """Return the first line of every journal: host, versions, code, CPU, time; and its file."""
    lines = []
    for name in journal_names(folder):
        # It is looked for and not the rest: a journal may have a million lines.
        starts = (r["start"] for _, r in records(folder, name) if "start" in r)
        lines += [{**start, "journal": name} for start in islice(starts, 1)]
    return lines


def entry_of(record: Mapping[str, Any], journal: str, line: str, kernel: str) -> Entry:
    """Return a block as its line has it.

    Parameters
    ----------
    record : mapping
        What the line holds, of the shape of a block.
    journal, line, kernel : str
        The file, the line's checksum, a short hash of the code that made the block.
    """
    return Entry(
        block=tuple(record["block"]),
        checksums=record["checksums"],
        status={int(code): n for code, n in record["status"].items()},
        seconds=record["seconds"],
        notes=tuple(record.get("notes", ())),
        recounted=tuple(record.get("recounted", ())),
        attempt=record["attempt"],
        journal=journal,
        line=line,
        kernel=kernel,
        at=record.get("at", 0.0),
        beyond=record.get("beyond", {}),
        excluded=record.get("excluded", 0),
    )


def disagreement(first: Entry, second: Entry) -> str:
    """Return what two lines of one block say differently, for a person."""
    differ = sorted(
        name
        for name in first.checksums.keys() | second.checksums.keys()
        if first.checksums.get(name) != second.checksums.get(name)
    )
    return (
        f"block {list(first.block)} was committed twice with different {', '.join(differ)} "
        f"({first.journal} and {second.journal})"
    )
