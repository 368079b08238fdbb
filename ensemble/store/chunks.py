"""Chunk files: encode and decode, and the checksums of what is in them."""

import json
import math
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import blosc
from numpy.typing import NDArray

from ensemble.store.arrays import BLOSC_LEVEL, ArraySpec
from ensemble.store.shapes import is_count, listed

# Blosc's own thread pool would fight with our workers and is not fork-safe.
blosc.use_threads = False


def checksum(values: NDArray[np.generic]) -> str:
    """Return the CRC-32C of an array's decoded bytes as 8 hex digits."""
    # google_crc32c takes bytes-like objects of unsigned bytes alone; the view copies nothing.
    flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    return f"{google_crc32c.value(flat):08x}"


def chunk_name(spec: ArraySpec, index: tuple[int, ...]) -> str:
    """Return the file of one chunk, from the root of its store."""
    return f"{spec.path}/{'.'.join(['c', *map(str, index)])}"


def encode(spec: ArraySpec, values: NDArray[np.generic]) -> bytes | memoryview:
    """Return the file content of one chunk; edge chunks are padded with the fill value."""
    if spec.dtype == "string":
        return _encode_strings(values)
    if values.shape != spec.chunks:
        full = np.full(spec.chunks, spec.fill, dtype=spec.dtype)
        full[tuple(slice(0, n) for n in values.shape)] = values
        values = full
    values = np.ascontiguousarray(values, dtype=spec.dtype)
    if spec.raw:
        return values.reshape(-1).view(np.uint8).data
    encoded: bytes = blosc.compress(values, b"lz4", BLOSC_LEVEL, blosc.SHUFFLE, 0)
    return encoded


def _encode_strings(values: NDArray[np.generic]) -> bytes:
    from numcodecs import VLenUTF8

    return bytes(VLenUTF8().encode(values.astype(object).ravel()))


def decode(spec: ArraySpec, content: bytes) -> NDArray[np.generic]:
    """Return a chunk, padding included; raises `ValueError` for a torn one."""
    if spec.raw:
        raw = content
    else:
        # Blosc trusts the size in the header and would read past the end of a cut chunk.
        if len(content) < 16 or int.from_bytes(content[12:16], "little") != len(content):
            raise ValueError(f"not a whole blosc chunk: {len(content)} bytes")
        try:
            raw = blosc.decompress(content)
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"not a blosc chunk ({error})") from error
    values = np.frombuffer(raw, dtype=spec.dtype)
    return values.reshape(spec.chunks)


def pack(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Return named arrays as one file: a JSON line of names, dtypes and shapes, then the bytes.

    numpy's archives take as long for a block's two dozen small sums as the block's kernel.
    """
    exact = {name: np.ascontiguousarray(a) for name, a in sorted(arrays.items())}
    header = {name: [a.dtype.str, list(a.shape)] for name, a in exact.items()}
    # Joined once, of the arrays' own memory: sums of many cells are as large as a block may be.
    parts = (a.reshape(-1).view(np.uint8).data for a in exact.values())
    return b"".join([json.dumps(header).encode(), b"\n", *parts])


def unpack(content: bytes) -> dict[str, NDArray[np.generic]]:
    """Return what `pack` took; raises `ValueError` for anything else."""
    # The bytes behind the line begin at an even place of the memory only as bytes of their own.
    line, _, body = content.partition(b"\n")
    return {
        name: np.frombuffer(body, dtype, count, place).reshape(shape)
        for name, dtype, shape, count, place in _table(line)
    }


@lru_cache(maxsize=64)
def _table(line: bytes) -> tuple[tuple[str, Any, tuple[int, ...], int, int], ...]:
    """Return name, dtype, shape, length and place of what a first line names.

    It is looked at once for all blocks whose sums are of the same shapes.
    """
    try:
        header = json.loads(line)
    except RecursionError as error:
        raise ValueError("its first line is nested too deeply") from error
    if not (isinstance(header, dict) and all(map(_is_sum, header.values()))):
        raise ValueError("its first line names no arrays")
    rows, place = [], 0
    for name, (text, shape) in header.items():
        dtype, count = np.dtype(text), math.prod(shape)
        rows.append((name, dtype, tuple(shape), count, place))
        place += count * dtype.itemsize
    return tuple(rows)


def _is_sum(about: Any) -> bool:
    """Return whether a line names a type and a shape, as `pack` does."""
    if not (isinstance(about, list) and len(about) == 2 and listed(is_count)(about[1])):
        return False
    return isinstance(about[0], str) and re.fullmatch(r"[<|][fiub]\d", about[0]) is not None


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
