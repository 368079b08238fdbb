"""Journals: one append-only file per worker process; a block is committed if a line says so.

Chunk files are not evidence: a chunk may be there and its neighbour not, and a block that
died between two renames looks complete array by array. A line is written after all chunks
of its block are, carries its own checksum, and a torn last line is simply not valid.
"""

import json
import os
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ensemble.folders import Folder

Key = tuple[int, ...]


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
    at : float
        Seconds since 1970 of the commit, by the clock of its host.
    """

    block: Key
    checksums: Mapping[str, str]
    status: Mapping[int, int]
    seconds: float
    notes: tuple[str, ...] = ()
    attempt: int = 1
    journal: str = field(default="", compare=False)
    at: float = field(default=0.0, compare=False)
    beyond: Mapping[str, int] = field(default_factory=dict)
    excluded: int = 0


class Journal:
    """The journal of this process; opened at the first line, safe for threads."""

    def __init__(self, folder: Folder, header: Mapping[str, Any]) -> None:
        self.folder = folder
        self.name = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}.jsonl"
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
        with self._lock:
            if self._descriptor is None:
                self._descriptor = self._open(sync)
            self._append(record, sync)

    def _open(self, sync: bool) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL
        descriptor = self._descriptor = self.folder.open(self.name, flags)
        self._append({"start": {**self._header, "time": time.time()}}, sync)
        return descriptor

    def _append(self, record: Mapping[str, Any], sync: bool) -> None:
        assert self._descriptor is not None
        text = json.dumps(record, separators=(",", ":"))
        line = f"{zlib.crc32(text.encode()):08x} {text}\n".encode()
        # One write per line: with O_APPEND two lines never mix, and a torn one ends the file.
        written = os.write(self._descriptor, line)
        if written != len(line):
            raise OSError(28, "no space left for the journal", str(self.folder.path / self.name))
        if sync:
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close the file; nothing is lost if it is never called."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


def _journals(folder: Folder) -> Iterator[str]:
    return (name for name in folder.names() if name.endswith(".jsonl"))


def _records(folder: Folder, name: str) -> Iterator[dict[str, Any]]:
    """Yield the valid lines of one journal."""
    for line in folder.read(name).split(b"\n"):
        if len(line) < 10 or line[8:9] != b" ":
            continue
        text = line[9:]
        if b"%08x" % zlib.crc32(text) == line[:8]:
            yield json.loads(text)


def headers(folder: Folder) -> list[dict[str, Any]]:
    """Return the first line of every journal: host, versions, CPU, time."""
    found = []
    for name in _journals(folder):
        found += [r["start"] for r in _records(folder, name) if "start" in r]
    return found


def read(folder: Folder) -> dict[Key, Entry]:
    """Return every committed block.

    Raises
    ------
    ValueError
        Two lines of one block disagree: the kernel is not deterministic, or two kinds of
        machine wrote one store.
    """
    committed: dict[Key, Entry] = {}
    for name in _journals(folder):
        for record in _records(folder, name):
            if "block" not in record:
                continue
            try:
                entry = _entry(record, name)
            except KeyError as error:
                raise ValueError(f"journal {name}: a line lacks {error}") from error
            _agree(committed.setdefault(entry.block, entry), entry)
    return committed


def _entry(record: Mapping[str, Any], journal: str) -> Entry:
    return Entry(
        block=tuple(record["block"]),
        checksums=record["checksums"],
        status={int(code): n for code, n in record["status"].items()},
        seconds=record["seconds"],
        notes=tuple(record.get("notes", ())),
        attempt=record["attempt"],
        journal=journal,
        at=record.get("at", 0.0),
        beyond=record.get("beyond", {}),
        excluded=record.get("excluded", 0),
    )


def _agree(first: Entry, second: Entry) -> None:
    if first.checksums != second.checksums:
        differ = sorted(
            name
            for name in first.checksums.keys() | second.checksums.keys()
            if first.checksums.get(name) != second.checksums.get(name)
        )
        raise ValueError(
            f"block {list(first.block)} was committed twice with different {', '.join(differ)} "
            f"({first.journal} and {second.journal}); the kernel is not deterministic, or two "
            "kinds of CPU wrote this store; run into a new store"
        )
