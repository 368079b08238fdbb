"""Checksums of the arrays of many blocks, 4 bytes each, and their text for a digest."""

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kernels import I8

U4 = NDArray[np.uint32]

_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


class Sums:
    """Checksums by block and array.

    Parameters
    ----------
    size : int
        Blocks.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        # Blocks of a run write a few sets of arrays: parameters are written by some of them.
        self._names: list[tuple[str, ...]] = [()]
        self._set = np.zeros(size, dtype=np.uint16)
        self._columns: dict[str, U4] = {}
        self._others: dict[int, Mapping[str, str]] = {}

    def add(self, numbers: I8, checksums: Mapping[str, U4]) -> None:
        """Keep the checksums of some blocks that write the same arrays."""
        names = tuple(sorted(checksums))
        if names not in self._names:
            self._names.append(names)
        self._set[numbers] = self._names.index(names)
        for name, values in checksums.items():
            if name not in self._columns:
                self._columns[name] = np.zeros(self._size, dtype=np.uint32)
            self._columns[name][numbers] = values

    def put(self, number: int, checksums: Mapping[str, str]) -> None:
        """Keep the checksums of one block, as its line has them."""
        self._set[number] = 0
        self._others[number] = checksums

    def texts(self, numbers: I8) -> list[str]:
        """Return the checksums of blocks as JSON: a list of pairs, in order of names."""
        found, sets = np.empty(len(numbers), dtype=object), self._set[numbers]
        for which in np.unique(sets):
            here = np.flatnonzero(sets == which)
            if which:
                found[here] = self._alike(self._names[which], numbers[here])
            else:
                found[here] = [_text(self._others[number]) for number in numbers[here].tolist()]
        texts: list[str] = found.tolist()
        return texts

    def _alike(self, names: tuple[str, ...], numbers: I8) -> list[str]:
        """Return the texts of blocks that write the same arrays: all but the digits is the same."""
        text = "["
        places: list[int] = []
        for name in names:
            text += ("[" if not places else ", [") + json.dumps(name) + ', "'
            places.append(len(text))
            text += '00000000"]'
        line = np.frombuffer(f"{text}]".encode(), dtype=np.uint8)
        lines = np.repeat(line[None], len(numbers), axis=0)
        for name, place in zip(names, places, strict=True):
            values = self._columns[name][numbers]
            for k in range(8):
                lines[:, place + k] = _DIGITS[(values >> (28 - 4 * k)) & 15]
        width = len(line)
        whole = lines.tobytes().decode()
        return [whole[k : k + width] for k in range(0, len(whole), width)]


def _text(checksums: Mapping[str, str]) -> str:
    return json.dumps(sorted(checksums.items()))
