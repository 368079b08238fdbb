"""What journals count of members, added up while they are read: nothing is kept block by block."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ensemble.store.lines import Columns
from kernels import I8


class Counted(Protocol):
    """What a line says of the members of its block."""

    @property
    def status(self) -> Mapping[int, int]:
        """Return members by status code."""
        ...

    @property
    def beyond(self) -> Mapping[str, int]:
        """Return members beyond the limit of an output, by name."""
        ...

    @property
    def excluded(self) -> int:
        """Return members that statistics are made without."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a person should know."""
        ...


@dataclass
class Totals:
    """Members of committed blocks, by place along the first axis of the work's blocks.

    Parameters
    ----------
    length : int
        Blocks along that axis.

    Attributes
    ----------
    status : dict of int to ndarray, shape (length,), int64
        Members by status code.
    beyond : dict of str to ndarray, shape (length,), int64
        Members beyond the limit of an output, by name.
    excluded : int
        Members that statistics are made without because of that.
    notes : Counter
        How many blocks note a text.
    """

    length: int
    status: dict[int, I8] = field(default_factory=dict)
    beyond: dict[str, I8] = field(default_factory=dict)
    excluded: int = 0
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Counted, first: int, sign: int = 1) -> None:
        """Add what one line says, at a place along the first axis; ``sign`` -1 takes it back."""
        for code, n in entry.status.items():
            self._of(self.status, code)[first] += sign * n
        for name, n in entry.beyond.items():
            self._of(self.beyond, name)[first] += sign * n
        self.excluded += sign * entry.excluded
        for note in entry.notes:
            self.notes[note] += sign
            if not self.notes[note]:
                del self.notes[note]

    def add_columns(self, columns: Columns, notes: tuple[str, ...]) -> None:
        """Add what lines of one pattern say, with the notes that all of them have."""
        first = columns.block[0]
        for code, column in columns.status.items():
            np.add.at(self._of(self.status, code), first, column)
        for name, column in columns.beyond.items():
            np.add.at(self._of(self.beyond, name), first, column)
        self.excluded += int(np.sum(columns.numbers.get("excluded", 0)))
        for note in notes:
            self.notes[note] += len(first)

    def _of(self, held: dict[Any, I8], name: Any) -> I8:
        if name not in held:
            held[name] = np.zeros(self.length, dtype=np.int64)
        return held[name]

    @property
    def members(self) -> dict[int, int]:
        """Return members by status code, those of none left out."""
        return {code: n for code, held in self.status.items() if (n := int(held.sum()))}
