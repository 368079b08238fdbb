"""Blocks of a store as arithmetic on axes, and what one block gives to be stored."""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.store.arrays import ArraySpec
from ensemble.store.journal import Key


@dataclass(frozen=True)
class Axis:
    """An axis of a work: its length and how many of it one block takes."""

    name: str
    size: int
    length: int

    @property
    def blocks(self) -> int:
        """Return how many blocks lie along it."""
        return math.ceil(self.size / self.length)

    def span(self, index: int) -> slice:
        """Return what block ``index`` covers."""
        return slice(index * self.length, min((index + 1) * self.length, self.size))


@dataclass(frozen=True)
class Grid:
    """All blocks of a work, as arithmetic on integers: 10^9 members need no list."""

    axes: tuple[Axis, ...]

    @property
    def blocks(self) -> int:
        """Return the number of blocks."""
        return math.prod(axis.blocks for axis in self.axes)

    def keys(self) -> Iterator[Key]:
        """Yield every key, last axis fastest."""
        return itertools.product(*(range(axis.blocks) for axis in self.axes))

    def number(self, key: Key) -> int:
        """Return which of all keys one is, in their order."""
        return int(np.ravel_multi_index(key, tuple(axis.blocks for axis in self.axes)))

    def key(self, number: int) -> Key:
        """Return the key of a number; see `number`."""
        return tuple(map(int, np.unravel_index(number, tuple(a.blocks for a in self.axes))))

    def spans(self, key: Key) -> tuple[slice, ...]:
        """Return what a block covers along each axis."""
        return tuple(axis.span(k) for axis, k in zip(self.axes, key, strict=True))

    def owns(self, key: Key, spec: ArraySpec) -> bool:
        """Return whether a block writes an array; without an axis it is for the block at 0."""
        lacking = (k for axis, k in zip(self.axes, key, strict=True) if axis.name not in spec.dims)
        return not any(lacking)

    def index(self, key: Key, spec: ArraySpec) -> tuple[int, ...]:
        """Return the chunk of an array that a block writes."""
        place = {axis.name: k for axis, k in zip(self.axes, key, strict=True)}
        return tuple(place.get(dim, 0) for dim in spec.dims)


@dataclass(frozen=True)
class Result:
    """What one block computed.

    Attributes
    ----------
    arrays : mapping of str to ndarray
        One chunk per array of the store that this block owns, by path.
    status : mapping of int to int
        Members by status code.
    partials : mapping of str to ndarray
        Sums to be merged with those of other blocks.
    notes : tuple of str
        What a person should know.
    beyond : mapping of str to int
        Members beyond the limit of an output, by name.
    excluded : int
        Members that statistics are made without because of that.
    """

    arrays: Mapping[str, NDArray[Any]]
    status: Mapping[int, int]
    partials: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    beyond: Mapping[str, int] = field(default_factory=dict)
    excluded: int = 0
