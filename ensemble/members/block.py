"""What a block of an ensemble gathers, tile by tile."""

from collections.abc import Collection, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ensemble.members import limits
from ensemble.members.layout import Layout
from ensemble.members.responses.responses import evaluate
from ensemble.members.space.sums import GROUP, Sums
from ensemble.members.statistics import GroupsReduction, Partial, Reduction
from ensemble.members.tile import Tile, blanked
from kernels import F8, OK, U8


class Block:
    """Members, their sums and their notes, filled by one tile after the other.

    Parameters
    ----------
    layout : Layout
    reductions : mapping of str to Reduction
        By ``target/family``; none for control members.
    forcing : int
    locations, samples : slice
        Of the run.
    control : bool
        Whether these are control members, which no limit counts.
    """

    def __init__(
        self,
        layout: Layout,
        reductions: Mapping[str, Reduction],
        forcing: int,
        locations: slice,
        samples: slice,
        *,
        control: bool = False,
    ) -> None:
        self.layout = layout
        self.forcing, self.first = forcing, (locations.start, samples.start)
        self.reductions = reductions
        depth, width = locations.stop - locations.start, samples.stop - samples.start
        self.status = np.zeros((depth, width), dtype=np.uint8)
        self.outputs = {
            name: np.empty((depth, *keep.shape, width), dtype=layout.precision)
            for name, keep in layout.outputs.items()
        }
        self.responses = {name: np.empty((depth, width)) for name in layout.functionals}
        self.sums: dict[str, Partial] = {
            name: reduction.start(locations) for name, reduction in reductions.items()
        }
        self.in_space = Sums(layout, locations, width) if layout.aggregates else None
        self.beyond = limits.Beyond(layout, depth, width, control=control)
        self.notes: list[str] = []

    def take(self, tile: Tile) -> None:
        """Store, reduce and summarise one tile."""
        here, samples = tile.locations, tile.samples
        self.status[here, samples] = tile.status
        self.notes += tile.notes
        scalars = evaluate(self.layout.functionals, tile, self.forcing, self.first[0])
        for name, values in scalars.items():
            self.responses[name][here, samples] = values
        outputs = dict.fromkeys([*self.layout.outputs, *self.layout.reduced_outputs])
        full = {name: tile.full(name) for name in outputs}
        for name, keep in self.layout.outputs.items():
            self.outputs[name][here, ..., samples] = keep.select(full[name])
        out = self.beyond.take(tile)
        # What is stored is whole; sums, statistics and indices are made without what is left out.
        reduced = {**full, **{n: v[here, samples] for n, v in self.responses.items()}}
        if out is not None:
            reduced = {n: blanked(v, out) for n, v in reduced.items() if n in self.layout.reduced}
        self.add(tile, reduced, self.layout.aggregates.targets, out)

    def add(
        self,
        tile: Tile,
        targets: Mapping[str, F8],
        summed: Collection[str],
        out: NDArray[np.bool_] | None,
    ) -> None:
        """Add a tile to sums over space and over samples.

        Parameters
        ----------
        tile : Tile
        targets : mapping of str to ndarray, shape (l, *dims, s)
            Outputs and responses that are added up, NaN where a member is left out.
        summed : collection of str
            Those of them that are added up over space.
        out : ndarray, shape (l, s), bool, optional
            Members that limits exclude.
        """
        if self.in_space is not None and summed:
            self._add_up(self.in_space, tile, targets, summed, out)
        good = _good(tile, out)
        for name, reduction in self.reductions.items():
            values = np.ascontiguousarray(targets[name.partition("/")[0]])
            if name in self.layout.in_groups:
                grouped = cast(GroupsReduction, reduction)
                self._take_groups(grouped, self.sums[name], values, tile)
            else:
                _reduce(reduction, self.sums[name], values, good, tile.locations.start)

    @staticmethod
    def _add_up(
        sums: Sums,
        tile: Tile,
        values: Mapping[str, F8],
        targets: Collection[str],
        out: NDArray[np.bool_] | None,
    ) -> None:
        """Add a tile to the sums over space."""
        for target in targets:
            sums.take(tile, target, values[target])
        if tile.failed:
            sums.take_lost("failed", tile, tile.status != OK)
        if out is not None:
            sums.take_lost("excluded", tile, out)

    def _take_groups(
        self, reduction: GroupsReduction, sums: Partial, values: F8, tile: Tile
    ) -> None:
        """Add a tile (l, *dims, s) of whole groups of rows, NaN where a member failed."""
        together, (place, sample) = self.layout.rows_together, self.first
        depth, width = values.shape[0], values.shape[-1]
        flat = np.ascontiguousarray(values).reshape(-1, width // together, together)
        rows = len(flat) // depth
        here = slice(tile.locations.start * rows, tile.locations.stop * rows)
        first = (sample + tile.samples.start) // together
        reduction.update_groups(sums, flat, first, here, place + tile.locations.start)

    def arrays(self, *, every: bool = False) -> dict[str, NDArray[Any]]:
        """Return the stored arrays of members, (L, *dims, S)."""
        stored: dict[str, NDArray[Any]] = dict(self.outputs)
        if every or self.layout.keeps_responses:
            stored.update(self.responses)
        stored["status"] = self.status
        if self.beyond.excluded is not None:
            stored[limits.EXCLUDED] = self.beyond.excluded.astype(np.uint8)
        return stored

    def count(self) -> U8:
        """Return the number of members that ran and are in statistics, by location."""
        good = self.status == OK
        if self.beyond.excluded is not None:
            good &= ~self.beyond.excluded
        return np.asarray(good.sum(axis=1), dtype=np.uint64)

    def partials(self) -> dict[str, NDArray[Any]]:
        """Return every sum by ``target/family/field``, and those over space."""
        sums = {f"{name}/{field}": v for name, one in self.sums.items() for field, v in one.items()}
        sums |= self.beyond.partials()
        return sums | (self.in_space.partials(GROUP) if self.in_space else {})


def _good(tile: Tile, out: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Return which members of a tile enter sums; None where all do."""
    if out is None:
        return tile.status == OK if tile.failed else None
    return np.asarray((tile.status == OK) & ~out)


def _reduce(
    reduction: Reduction, sums: Partial, values: F8, good: NDArray[np.bool_] | None, first: int
) -> None:
    """Add a tile (l, *dims, s) to the sums; failed members are left out, by location."""
    depth, width = values.shape[0], values.shape[-1]
    flat = values.reshape(depth, -1, width)
    rows = flat.shape[1]
    if good is None:
        here = slice(first * rows, (first + depth) * rows)
        reduction.update(sums, flat.reshape(-1, width), here)
        return
    for k in range(depth):
        if good[k].any():
            here = slice((first + k) * rows, (first + k + 1) * rows)
            reduction.update(sums, np.ascontiguousarray(flat[k][:, good[k]]), here)
