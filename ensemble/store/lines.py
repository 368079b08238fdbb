"""Lines of journals, thousands at once: those that differ in numbers alone are read as columns.

What a process commits block after block differs in places, counts, seconds and checksums. The
first such line is read as JSON and gives a pattern; whatever fits it is taken apart by numpy, a
piece of the pattern at a time, and what fits none is read as JSON, one line after the other. A
pattern is narrower than JSON: what fits it, its reader would have taken, with the same numbers.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.store.shapes import NEVER
from kernels import F8, I8, U1

Flags = NDArray[np.bool_]
U4 = NDArray[np.uint32]

LONGEST = 1024
"""Bytes of a pattern between two numbers; longer texts (notes) are read as JSON."""

_DIGITS = 15
"""A number of so many digits is a float64 without rounding, and so is 10 to that."""

_TENS = 10.0 ** np.arange(_DIGITS + 1)

_HEX = np.full(256, 255, dtype=np.uint8)
_HEX[list(b"0123456789abcdef")] = np.arange(16)


@dataclass(frozen=True)
class Lines:
    """Lines of journals, one after the other.

    Attributes
    ----------
    content : ndarray, shape (bytes + padding,), uint8
    begins, ends : ndarray, shape (lines,), int64
        Where a line begins, and where its text ends; the text begins 9 bytes later.
    sound : ndarray, shape (lines,), bool
        Whether a line has a checksum, and it is right.
    """

    content: U1
    begins: I8
    ends: I8
    sound: Flags

    def text(self, line: int) -> bytes:
        """Return what stands behind a line's checksum."""
        return self.content[self.begins[line] + 9 : self.ends[line]].tobytes()

    def checksum(self, line: int) -> str:
        """Return the checksum that a line states."""
        begin = self.begins[line]
        return self.content[begin : begin + 8].tobytes().decode()


def is_sound(line: bytes) -> bool:
    """Return whether a line states its own checksum."""
    return line[8:9] == b" " and len(line) >= 10 and b"%08x" % zlib.crc32(line[9:]) == line[:8]


def split(content: bytes) -> Lines:
    """Return the lines of ``content``, which ends with a line's end."""
    padded = np.frombuffer(content + bytes(LONGEST + 32), dtype=np.uint8)
    ends = np.flatnonzero(padded[: len(content)] == 10)
    begins = np.concatenate(([0], ends[:-1] + 1))
    stated, sound = _hexes(padded, begins)
    sound &= (ends - begins >= 10) & (padded[begins + 8] == 32)
    crc32 = zlib.crc32
    found = [crc32(line[9:]) for line in content.split(b"\n")[:-1]]
    sound &= stated == np.array(found, dtype=np.uint32)
    return Lines(padded, begins, ends, sound)


@dataclass(frozen=True)
class Columns:
    """What lines of one pattern say.

    Attributes
    ----------
    block : list of ndarray, shape (lines,), int64
        Place along each axis.
    checksums : mapping of str to ndarray, uint32
        By array.
    status, beyond : mapping of int, and of str, to ndarray, int64
        Members by status code, and by output with a limit.
    numbers : mapping of str to ndarray
        Others by name: ``seconds``, ``at``, ``attempt``, ``excluded``.
    """

    block: list[I8] = field(default_factory=list)
    checksums: dict[str, U4] = field(default_factory=dict)
    status: dict[int, I8] = field(default_factory=dict)
    beyond: dict[str, I8] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)

    def take(self, rows: Any) -> "Columns":
        """Return some of the lines."""
        return Columns(
            [column[rows] for column in self.block],
            {name: column[rows] for name, column in self.checksums.items()},
            {code: column[rows] for code, column in self.status.items()},
            {name: column[rows] for name, column in self.beyond.items()},
            {name: column[rows] for name, column in self.numbers.items()},
        )


@dataclass(frozen=True)
class _Hole:
    """Where lines of a pattern differ: ``kind`` is count, real or hex."""

    kind: str
    field: str
    name: Any = None


class Pattern:
    """Lines that differ in numbers and checksums alone.

    Parameters
    ----------
    record : mapping
        What one of them holds, of the shape of a block.

    Attributes
    ----------
    notes : tuple of str
        What all of them note.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._pieces = list(_joined(_pieces(record)))
        self.notes = tuple(record.get("notes", ()))
        self._named = all(map(_is_hex, record["checksums"].values()))

    @property
    def usable(self) -> bool:
        """Return whether it can be looked for, and tells all checksums."""
        literals = (len(piece) for piece in self._pieces if isinstance(piece, bytes))
        return self._named and max(literals) <= LONGEST

    def match(self, lines: Lines, which: I8) -> tuple[Flags, Columns]:
        """Return which of some lines fit, and what those say.

        Parameters
        ----------
        lines : Lines
        which : ndarray, shape (n,), int64
            Numbers of lines.

        Returns
        -------
        fits : ndarray, shape (n,), bool
        columns : Columns
            Of those that fit.
        """
        at, ends = lines.begins[which] + 9, lines.ends[which]
        fits, columns, last = np.ones(len(which), dtype=np.bool_), Columns(), lines.ends[-1]
        for piece in self._pieces:
            # What does not fit goes on beside the others, and must not leave the content.
            at = np.minimum(at, last)
            if isinstance(piece, bytes):
                fits &= _windows(lines.content, len(piece))[at] == piece
                at = at + len(piece)
                continue
            values, width, good = _KINDS[piece.kind](lines.content, at)
            fits &= good
            at = at + width
            _put(columns, piece, values)
        fits &= at == ends
        return fits, columns.take(fits)


def _is_hex(value: str) -> bool:
    return len(value) == 8 and all(c in "0123456789abcdef" for c in value)


def _pieces(record: Mapping[str, Any]) -> Iterator[bytes | _Hole]:
    """Yield the text of a line, with holes for what is its own."""
    for number, (name, value) in enumerate(record.items()):
        yield (b"," if number else b"{") + _json(name) + b":"
        if name == "block":
            for axis in range(len(value)):
                yield b"," if axis else b"["
                yield _Hole("count", "block")
            yield b"]"
        elif name in ("checksums", "status", "beyond"):
            yield from _mapping(name, value)
        elif name in ("seconds", "at"):
            yield _Hole("real", name)
        elif name in ("attempt", "excluded"):
            yield _Hole("count", name)
        else:
            yield _json(value)
    yield b"}"


def _mapping(field: str, value: Mapping[str, Any]) -> Iterator[bytes | _Hole]:
    quote = b'"' if field == "checksums" else b""
    kind = "hex" if field == "checksums" else "count"
    yield b"{"
    for number, name in enumerate(value):
        yield (b"," if number else b"") + _json(name) + b":" + quote
        yield _Hole(kind, field, int(name) if field == "status" else name)
        yield quote
    yield b"}"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _joined(pieces: Iterator[bytes | _Hole]) -> Iterator[bytes | _Hole]:
    """Yield pieces with texts that follow each other as one."""
    text = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            text += piece
            continue
        if text:
            yield text
        text = b""
        yield piece
    yield text


def _put(columns: Columns, hole: _Hole, values: Any) -> None:
    if hole.field == "block":
        columns.block.append(values)
    elif hole.name is None:
        columns.numbers[hole.field] = values
    else:
        getattr(columns, hole.field)[hole.name] = values


def _windows(content: U1, width: int) -> NDArray[np.bytes_]:
    """Return ``width`` bytes from every place, without a copy."""
    shape = (len(content) - width + 1,)
    return np.ndarray(shape, dtype=f"S{width}", buffer=content, strides=(1,))


def _bytes(content: U1, at: I8, width: int) -> U1:
    """Return ``width`` bytes from some places, (places, width)."""
    return _windows(content, width)[at].view(np.uint8).reshape(-1, width)


def _hexes(content: U1, at: I8) -> tuple[U4, Flags]:
    """Return numbers of 8 hexadecimal digits, in small letters, and where there are such."""
    digits = _HEX[_bytes(content, at, 8)]
    halves = digits[:, ::2] << 4 | digits[:, 1::2]
    values = np.ascontiguousarray(halves).view(">u4").reshape(-1).astype(np.uint32)
    return values, np.asarray((digits < 16).all(axis=1))


def _digits(content: U1, at: I8) -> tuple[I8, I8]:
    """Return whole numbers from digits, and how many digits there are; over 15 are too many."""
    found = _bytes(content, at, _DIGITS + 1) - np.uint8(48)
    width = np.argmax(found > 9, axis=1)
    width[(found <= 9).all(axis=1)] = _DIGITS + 1
    value = np.zeros(len(at), dtype=np.int64)
    for k in range(min(int(width.max(initial=0)), _DIGITS)):
        value = np.where(k < width, value * 10 + found[:, k], value)
    return value, width


def _counts(content: U1, at: I8) -> tuple[I8, I8, Flags]:
    """Return whole numbers as JSON writes them, their widths, and where there are such."""
    value, width = _digits(content, at)
    zero_before = (content[at] == 48) & (width > 1)
    return value, width, (width > 0) & (width <= _DIGITS) & ~zero_before


def _reals(content: U1, at: I8) -> tuple[F8, I8, Flags]:
    """Return numbers from 0 without exponent, as Python reads them; see `_counts`."""
    whole, width, good = _counts(content, at)
    dot = content[at + np.minimum(width, _DIGITS)] == 46
    part, more = _digits(content, at + np.minimum(width, _DIGITS) + 1)
    good &= ~dot | ((more > 0) & (width + more <= _DIGITS))
    more = np.where(dot & good, more, 0)
    # Both are exact, so that the one rounding of the division is that of the text.
    scale = _TENS[more]
    value = (whole * scale + np.where(more > 0, part, 0)) / scale
    return value, width + more + (more > 0), good & (value < NEVER)


def _sums(content: U1, at: I8) -> tuple[U4, I8, Flags]:
    values, good = _hexes(content, at)
    return values, np.full(len(at), 8, dtype=np.int64), good


_KINDS: Mapping[str, Callable[[U1, I8], tuple[Any, I8, Flags]]] = {
    **{"count": _counts, "real": _reals, "hex": _sums}
}
