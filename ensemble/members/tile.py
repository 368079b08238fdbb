"""A tile: the outputs of a rectangle of members, and the memory that they are in."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ensemble.members.compiled_sums import expand
from ensemble.members.distinct import Distinct
from ensemble.members.running import at_of
from kernels import F8, I8, OK, U1


@dataclass(frozen=True)
class Tile:
    """Outputs of a rectangle of members, before anything is stored; valid until the next one.

    Attributes
    ----------
    locations, samples : slice
        Place inside the block.
    status : ndarray, shape (l, s), uint8
    notes : tuple of str
        What kernels said of members, and exceptions that they raised.
    arrays : mapping of str to (values, level)
        Outputs, and what streams made of some, (l, *dims, r); with the row that each sample uses
        where these are shared.
    steps : mapping of str to ndarray, shape (k,), int64
        Of outputs that are not held whole, the steps that are.
    """

    locations: slice
    samples: slice
    status: U1
    notes: tuple[str, ...]
    arrays: Mapping[str, tuple[F8, I8 | None]]
    _workspace: "Workspace"
    steps: Mapping[str, I8] = field(default_factory=dict)
    _full: dict[str, F8] = field(default_factory=dict, init=False)
    _distinct: dict[str, Distinct] = field(default_factory=dict, init=False)

    @cached_property
    def failed(self) -> bool:
        """Return whether any member of the tile failed."""
        return bool(self.status.any())

    def moved(self, samples: int, locations: int = 0) -> "Tile":
        """Return the same tile so many samples and locations further on in its block."""
        moves = (self.locations, locations), (self.samples, samples)
        at = [slice(place.start + by, place.stop + by) for place, by in moves]
        return replace(self, locations=at[0], samples=at[1])

    def full(self, name: str) -> F8:
        """Return an output (l, *dims, s), NaN where the member failed."""
        if name not in self._full:
            values, level = self.arrays[name]
            if level is not None:
                shape = (*values.shape[:-1], len(level))
                values = expand(values, level, self._workspace.take(f"full/{name}", shape))
            self._full[name] = blanked(values, self.status != OK) if self.failed else values
        return self._full[name]

    def has(self, name: str) -> bool:
        """Return whether the tile has an output."""
        return name in self.arrays

    def places(self, output: str, steps: I8) -> tuple[str, I8]:
        """Return the array that has some steps of an output, and their places along its time."""
        if output in self.arrays:
            return output, steps
        return at_of(output), np.searchsorted(self.steps[output], steps)

    def distinct(self, name: str) -> Distinct:
        """Return the values (l x *dims, r) of an output, each once; for where no member failed."""
        if name not in self._distinct:
            values, level = self.arrays[name]
            counted = None
            if level is not None:
                counted = np.bincount(level, minlength=values.shape[-1])
                used = np.flatnonzero(counted)
                if len(used) < len(counted):
                    values, counted = np.take(values, used, axis=-1), counted[used]
            self._distinct[name] = Distinct(values.reshape(-1, values.shape[-1]), counted)
        return self._distinct[name]

    def reaches(self, name: str, above: float) -> bool:
        """Return whether a value of an output may be above a number; one look at distinct rows."""
        known = self._distinct.get(name)
        most = (self.arrays[name][0] if known is None else known.sums.high).max(initial=-np.inf)
        # What is not known hides what is.
        return not most <= above

    def scalar(self, name: str, reduce: Callable[[F8], F8]) -> F8:
        """Return ``reduce`` of an output, (l, s): on its distinct rows, then spread."""
        return self.spread(name, reduce)

    def spread(self, name: str, reduce: Callable[[F8], F8]) -> F8:
        """Return ``reduce`` of an output, (l, ..., s): on its distinct rows, then spread."""
        values, level = self.arrays[name]
        spread = reduce(values)
        spread = spread if level is None else np.take(spread, level, axis=-1)
        return blanked(spread, self.status != OK) if self.failed else spread


def known_tile(status: U1, outputs: Mapping[str, F8]) -> Tile:
    """Return members that have been run, as a tile: status (l, s), outputs (l, *dims, s)."""
    depth, width = status.shape
    arrays = {n: (np.asarray(v, dtype=np.float64), None) for n, v in outputs.items()}
    return Tile(slice(0, depth), slice(0, width), status, (), arrays, Workspace())


class Workspace:
    """Memory for the arrays of a tile, the same for every tile.

    Fresh memory for each would be zeroed by the system page by page, which takes as long
    as the two-box kernel itself.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, F8] = {}

    def take(self, name: str, shape: tuple[int, ...]) -> F8:
        """Return an array of that shape, holding anything."""
        size = math.prod(shape)
        if self._buffers.get(name, _NOTHING).size < size:
            self._buffers[name] = np.empty(size)
        return self._buffers[name][:size].reshape(shape)


_NOTHING = np.empty(0)


def blanked(values: F8, members: NDArray[np.bool_]) -> F8:
    """Return ``values`` (l, *dims, s) with NaN in all that is of some members (l, s)."""
    middle = (slice(None), *(None,) * (values.ndim - 2), slice(None))
    return np.where(members[middle], np.nan, values)
