"""What the searches of a store have found so far: what journals vouch for, and nothing else."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.layout import GROUP
from ensemble.store.committed import Committed
from ensemble.store.grid import Axis, Grid
from ensemble.tables.calibration import Found
from kernels import F8
from scenarios.forcing.common.places import PLACES

OF_GROUPS = "group"

MOST_KINDS = 20
"""Values of a column that tells kinds of locations apart."""


@dataclass(frozen=True)
class SoFar(Found):
    """The results of a calibration, finished or not.

    Attributes
    ----------
    damage : list of str
        What was committed and cannot be read; filled while reading.
    """

    damage: list[str] = field(default_factory=list)
    _read: dict[str, NDArray[Any]] = field(default_factory=dict)

    @cached_property
    def committed(self) -> Committed:
        """Return the blocks that are committed."""
        return self.store.committed()

    @cached_property
    def grid(self) -> Grid:
        """Return the blocks of the store."""
        status = self.store.specs["status"]
        axes = zip(status.dims, status.shape, status.chunks, strict=True)
        return Grid(tuple(Axis(*axis) for axis in axes))

    @property
    def complete(self) -> bool:
        """Return whether every block is committed."""
        return len(self.committed) == self.grid.blocks

    @cached_property
    def forcings(self) -> tuple[str, ...]:
        """Return the names of the forcings."""
        return self.store.read_strings("forcing")

    @cached_property
    def locations(self) -> tuple[str, ...]:
        """Return the names of the locations."""
        return self.store.read_strings("location")

    def whole(self, path: str) -> F8:
        """Return an array of numbers that is of no group, such as a column of locations."""
        return np.asarray(self.array(path), dtype=np.float64)

    @cached_property
    def classes(self) -> dict[str, F8]:
        """Return columns of locations that tell few kinds apart, by group: (G,), NaN for none.

        Whole numbers of which there are two to `MOST_KINDS`; of groups that are locations.
        """
        of = self.read("group_of").astype(np.int64)
        ours, count = of >= 0, len(self.groups)
        one_each = len(np.unique(of[ours])) == ours.sum()
        found = {}
        for path, spec in self.store.specs.items():
            if not one_each or spec.dims != ("location",) or spec.dtype != "float64":
                continue
            if "/" in path or path in PLACES:
                continue
            values = self.whole(path)
            known = np.unique(values[np.isfinite(values)])
            if 2 <= len(known) <= MOST_KINDS and (known == np.round(known)).all():
                found[path] = np.full(count, np.nan)
                found[path][of[ours]] = np.broadcast_to(values, of.shape)[ours]
        return found

    @cached_property
    def done(self) -> NDArray[np.bool_]:
        """Return which groups are committed, (G,)."""
        groups = self.grid.axes[0]
        whole = np.asarray(self.committed.done).all(axis=1)
        return np.repeat(whole, groups.length)[: groups.size]

    def read(self, name: str) -> NDArray[Any]:
        """Return an array of the group; its fill where nothing is known."""
        return self.array(f"{GROUP}/{name}")

    def array(self, path: str) -> NDArray[Any]:
        """Return any array, each read once."""
        if path not in self._read:
            self._read[path] = self._of(path)
        return self._read[path]

    def _of(self, path: str) -> NDArray[Any]:
        spec = self.store.specs[path]
        out = np.full(spec.shape, spec.fill, spec.dtype)
        if OF_GROUPS not in spec.dims:
            try:
                return self.store.read_whole(path)
            except (OSError, ValueError) as error:
                # What is modelled beside observations is written when all searches have ended.
                if self.complete:
                    self.damage.append(f"{path}: {error}")
                return out
        for key in self.committed:
            try:
                chunk = self.store.read_chunk(path, self.grid.index(key, spec))
                out[self.grid.spans(key)[0]] = chunk
            except (OSError, ValueError) as error:
                self.damage.append(f"{path}, block {list(key)}: {error}")
        return out
