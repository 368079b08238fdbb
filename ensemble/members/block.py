"""What a block of an ensemble gathers, tile by tile."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ensemble.members import limits, undefined
from ensemble.members.distinct import Distinct
from ensemble.members.evaluation.asked import GROUP as EVALUATION
from ensemble.members.evaluation.gathering import Gathered
from ensemble.members.layout import Layout
from ensemble.members.responses.kinds import evaluate, sums_of
from ensemble.members.space.sums import GROUP, Sums
from ensemble.members.statistics import DistinctReduction, GroupsReduction, Partial, Reduction
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
        Whether these are control members, which no limit counts, nor those without a number.
    looked_at : collection of str, optional
        Responses whose members without a number are left out and counted; all, where not said.
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
        looked_at: Collection[str] | None = None,
    ) -> None:
        self.layout = layout
        self.forcing, self.first = forcing, (locations.start, samples.start)
        self.reductions = reductions
        # A check against the whole protocol takes as long as a small block.
        self._by_value = {n for n, r in reductions.items() if hasattr(r, "update_distinct")}
        depth, width = locations.stop - locations.start, samples.stop - samples.start
        self.status = np.zeros((depth, width), dtype=np.uint8)
        self.outputs = {
            name: np.empty((depth, *keep.shape, width), dtype=layout.precision)
            for name, keep in layout.outputs.items()
        }
        kept = layout.functionals if control or layout.keeps_responses else ()
        self.responses = {name: np.empty((depth, width)) for name in kept}
        self.sums: dict[str, Partial] = {
            name: reduction.start(locations) for name, reduction in reductions.items()
        }
        self.in_space = Sums(layout, locations, width) if layout.aggregates else None
        self.evaluated: Gathered | None = None
        if layout.evaluation:
            about = {"control": control, "excluding": layout.excluding}
            self.evaluated = Gathered(layout.evaluation, locations, width, **about)
        self.beyond = limits.Beyond(layout, depth, width, control=control)
        every = () if control else undefined.watched(layout)
        self.undefined = undefined.Undefined(
            [name for name in every if looked_at is None or name in looked_at], depth
        )
        self.notes: list[str] = []

    def take(self, tile: Tile) -> None:
        """Store, reduce and summarise one tile."""
        here, samples = tile.locations, tile.samples
        self.status[here, samples] = tile.status
        self.notes += tile.notes
        scalars = evaluate(self.layout.functionals, tile, self.forcing, self.first[0])
        for name, kept in self.responses.items():
            kept[here, samples] = scalars[name]
        for name, keep in self.layout.outputs.items():
            self.outputs[name][here, ..., samples] = keep.of(tile)
        if not tile.failed:
            self._sum_up(tile)
        out = self.beyond.take(tile)

        def reduced(name: str) -> F8:
            if name in self.layout.aggregates.making:
                making = self.layout.aggregates.making[name]
                values = sums_of(making, tile, scalars, self.forcing, self.first[0])
            else:
                values = scalars[name] if name in scalars else tile.full(name)
            # What is stored is whole; sums, statistics and indices are without what is left out.
            return values if out is None else blanked(values, out)

        self.add(tile, reduced, self.layout.aggregates.targets, out)
        if self.evaluated is not None:
            self.evaluated.take(tile, out)

    def _sum_up(self, tile: Tile) -> None:
        """Ask for sums of outputs before limits ask for the greatest value: one pass."""
        for name in self._by_value:
            if tile.has(target := name.partition("/")[0]):
                tile.distinct(target).sums  # noqa: B018

    def add(
        self,
        tile: Tile,
        reduced: Callable[[str], F8],
        summed: Collection[str],
        out: NDArray[np.bool_] | None,
    ) -> None:
        """Add a tile to sums over space and over samples.

        Parameters
        ----------
        tile : Tile
        reduced : callable
            Returns an output or a response (l, *dims, s), NaN where a member is left out.
        summed : collection of str
            Those of them that are added up over space.
        out : ndarray, shape (l, s), bool, optional
            Members that limits exclude.
        """
        if self.in_space is not None and summed:
            self._add_up(self.in_space, tile, reduced, summed, out)
        good = _good(tile, out)
        self._reduce(tile, reduced, good, self._with_numbers(tile, reduced, good))

    def _with_numbers(
        self, tile: Tile, reduced: Callable[[str], F8], good: NDArray[np.bool_] | None
    ) -> dict[str, NDArray[np.bool_]]:
        """Count members without a number; return which have one, where not all that ran have."""
        found: dict[str, NDArray[np.bool_]] = {}
        for name in self.undefined.count:
            lost = None if good is None else ~good
            there = self.undefined.take(tile, name, reduced(name), lost)
            if there is not None:
                found[name] = there
        return found

    def _reduce(
        self,
        tile: Tile,
        reduced: Callable[[str], F8],
        good: NDArray[np.bool_] | None,
        with_number: Mapping[str, NDArray[np.bool_]],
    ) -> None:
        """Add a tile to sums over samples; what families share of a target is made once."""
        known: dict[tuple[str, bool], list[tuple[Distinct, slice]]] = {}
        for name, reduction in self.reductions.items():
            target, sums = name.partition("/")[0], self.sums[name]
            if name in self.layout.in_groups:
                grouped = cast(GroupsReduction, reduction)
                self._take_groups(grouped, sums, reduced(target), tile)
                continue
            by_value = name in self._by_value
            once = by_value and good is None and tile.has(target)
            if (target, once) not in known:
                members = with_number.get(target, good)
                parts = _distinct(tile, target) if once else _parts(reduced(target), members, tile)
                known[target, once] = list(parts)
            for values, rows in known[target, once]:
                if by_value:
                    cast(DistinctReduction, reduction).update_distinct(sums, values, rows)
                else:
                    reduction.update(sums, values.values, rows)

    @staticmethod
    def _add_up(
        sums: Sums,
        tile: Tile,
        values: Callable[[str], F8],
        targets: Collection[str],
        out: NDArray[np.bool_] | None,
    ) -> None:
        """Add a tile to the sums over space."""
        for target in targets:
            sums.take(tile, target, values(sums.found.valued(target)))
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
        sums |= self.beyond.partials() | self.undefined.partials()
        sums |= self.in_space.partials(GROUP) if self.in_space else {}
        return sums | (self.evaluated.partials(EVALUATION) if self.evaluated else {})


def _good(tile: Tile, out: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Return which members of a tile enter sums; None where all do."""
    if out is None:
        return tile.status == OK if tile.failed else None
    return np.asarray((tile.status == OK) & ~out)


def _rows(tile: Tile, count: int) -> slice:
    """Return which rows of the sums are a tile's, which has so many."""
    places = tile.locations.stop - tile.locations.start
    first = tile.locations.start * (count // places)
    return slice(first, first + count)


def _distinct(tile: Tile, target: str) -> Iterator[tuple[Distinct, slice]]:
    """Yield the values of an output of a tile, each once, and their rows."""
    members = tile.distinct(target)
    yield members, _rows(tile, len(members.values))


def _parts(
    values: F8, good: NDArray[np.bool_] | None, tile: Tile
) -> Iterator[tuple[Distinct, slice]]:
    """Yield members (n, s) of a tile (l, *dims, s) and their rows; others left out by location."""
    depth, width = values.shape[0], values.shape[-1]
    flat = np.ascontiguousarray(values).reshape(depth, -1, width)
    rows = _rows(tile, depth * flat.shape[1])
    if good is None:
        yield Distinct(flat.reshape(-1, width)), rows
        return
    for k in range(depth):
        if good[k].any():
            first = rows.start + k * flat.shape[1]
            here = slice(first, first + flat.shape[1])
            yield Distinct(np.ascontiguousarray(flat[k][:, good[k]])), here
