"""The work of an ensemble: blocks of forcing x locations x samples through one kernel."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.farming.work import Leave, RunBlock, Tell, stay, untold
from ensemble.members import across_forcings
from ensemble.members.block import Block
from ensemble.members.ending import Ending
from ensemble.members.evaluation import merging as scores
from ensemble.members.evaluation import weighted
from ensemble.members.evaluation.asked import CONTROL as CONTROL_PAIRS
from ensemble.members.experiment import Experiment, Rows, identity
from ensemble.members.finishing import merged_sums
from ensemble.members.layout import Layout
from ensemble.members.parts import Part, parts_of
from ensemble.members.quarantined import CONTROL, of_block
from ensemble.members.space import merging
from ensemble.members.space.sums import CONTROL as CONTROL_SUMS
from ensemble.members.statistics import Reduction
from ensemble.members.tile import Tile
from ensemble.store.arrays import ArraySpec
from ensemble.store.grid import Grid, Result
from ensemble.store.journal import Entry, Key
from ensemble.store.quarantine import Case
from ensemble.store.store import Store
from kernels import OK, U1

ROW_VALUES = 1 << 20
"""Numbers that rows of the design, and which of them are alike, take at once: 8 MiB."""


class EnsembleWork:
    """An ensemble, ready to be farmed out.

    Parameters
    ----------
    experiment : Experiment
    layout : Layout
        The arrays of the store and the blocks that fill them.
    quarantined : mapping of member to Case
        Members that are not run: they get their status and NaN.
    """

    def __init__(
        self, experiment: Experiment, layout: Layout, quarantined: Mapping[Key, Case] | None = None
    ) -> None:
        self.experiment = experiment
        self.layout = layout
        self.quarantined = quarantined or {}
        self.grid: Grid = layout.grid
        self.arrays: tuple[ArraySpec, ...] = layout.arrays

    pauses = False

    def open(self, leave: Leave = stay, tell: Tell = untold) -> RunBlock:
        """Return a function that runs blocks in this thread, with workspace of its own."""
        return _Runner(self.experiment, self.layout, self.quarantined, tell).run

    @property
    def seconds_per_block(self) -> float:
        """Return what a block takes by the kernel's own account."""
        return self.layout.seconds_per_block

    @property
    def time_limit(self) -> float:
        """Return the seconds after which the kernel ends a member itself; 0 where it does not."""
        return self.experiment.kernel.time_limit

    def parts(self, key: Key) -> list[Part]:
        """Return the parts of a block: its members, and control members where it has them."""
        return parts_of(self.grid, key)

    def probe(self, key: Key, numbers: tuple[int, ...]) -> None:
        """Run some members, or control members, for what it does to this process.

        Parameters
        ----------
        key : tuple of int
        numbers : tuple of int
            As `Part.numbers` has them.
        """
        runner = _Runner(self.experiment, self.layout, self.quarantined)
        if len(numbers) == 2:
            runner.control(key[0], slice(*numbers))
        else:
            runner.compute(key[0], slice(*numbers[:2]), slice(*numbers[2:]))

    def finish(self, store: Store, committed: Mapping[Key, Entry]) -> None:
        """Write control members, statistics and sums over space from the blocks' sums.

        Blocks write their members themselves. What is left is small, and as one file per block
        it is written and made durable once, not once per array. Idempotent.
        """
        forcings, locations, samples = (range(axis.blocks) for axis in self.grid.axes)
        ending = Ending(store, self.grid.axes[1].size)
        for place in locations:
            merged = [merged_sums(store, self.layout, (f, place, 0), samples) for f in forcings]
            finished = {path: np.concatenate([m[path] for m in merged]) for path in merged[0]}
            finished.update(across_forcings.compute(self.layout, finished))
            store.write_chunks(ending.take(self.grid.axes[1].span(place), finished))
        merging.finish(store, self.layout)
        scores.finish(store, self.layout)
        weighted.finish(store, self.layout)

    def compile(self) -> None:
        """Compile what blocks need, and run no member: one may be fatal."""
        runner = _Runner(self.experiment, self.layout, {})
        runner.tiler.compile(self.experiment.drivers[0], self.experiment.coords)
        place, width = slice(0, 1), self.layout.rows_together
        block = Block(self.layout, self.layout.reductions(0), 0, place, slice(0, width))
        block.take(runner.tiler.blank(place, np.zeros((1, width), np.uint8), 1.0))


class _Runner:
    """One worker thread's way through blocks."""

    def __init__(
        self,
        experiment: Experiment,
        layout: Layout,
        cases: Mapping[Key, Case],
        tell: Tell = untold,
    ) -> None:
        self.experiment = experiment
        self.layout = layout
        self.cases = cases
        self.tell = tell
        self.sampler = layout.sampler
        self.tiler = layout.tiler(layout.rows_together)

    def run(self, key: Key) -> Result:
        """Run one block."""
        forcing = key[0]
        locations, samples = self.layout.grid.spans(key)[1:]
        block = self.compute(forcing, locations, samples)
        arrays = {path: values[None] for path, values in block.arrays().items()}
        arrays |= self._parameters(key)
        owned = {p: self.layout.exact(p, v) for p, v in arrays.items() if self.layout.owns(key, p)}
        partials = {"count": block.count(), **block.partials()}
        if key[2] == 0:
            partials.update(self.control(forcing, locations))
        result = Result(owned, count_codes(block.status), partials, tuple(block.notes))
        return replace(result, beyond=block.beyond.totals, excluded=block.beyond.left_out)

    def _parameters(self, key: Key) -> dict[str, NDArray[Any]]:
        """Return the parameters that a block stores."""
        mine = [name for name in self.layout.stored_parameters if self.layout.owns(key, name)]
        if not mine:
            return {}
        rows, arrays = self.sampler.rows(key[0], *self.layout.grid.spans(key)[1:]), {}
        for name in mine:
            dims, values = self.sampler.dims(name), rows.values[name]
            lead = values[None] if "forcing" in dims else values
            arrays[name] = lead if "location" in dims else lead[..., 0, :]
        return arrays

    def compute(self, forcing: int, locations: slice, samples: slice) -> Block:
        """Run the members of a rectangle, those in quarantine left out."""
        reductions = self._reductions(forcing, samples)
        block = Block(self.layout, reductions, forcing, locations, samples)
        cases = self._cases(forcing, locations, samples)
        block.notes += sorted({case.note for case in cases.values()})
        codes = _codes(cases, block.status.shape) if cases else None
        done = 0
        for here in self._in_parts(samples):
            rows = self.sampler.rows(forcing, locations, here)
            first, width = here.start - samples.start, here.stop - here.start
            if codes is None:
                tiles = self._tiles(forcing, locations, rows, width)
            else:
                some = codes[:, first : first + width]
                tiles = self._tiles_around(some, forcing, locations, rows)
            for tile in tiles:
                block.take(tile.moved(first) if first else tile)
                done += tile.status.size
                self.tell(done, block.status.size)
        return block

    def _in_parts(self, samples: slice) -> Iterator[slice]:
        """Yield samples whose rows are held at once: whole tiles, which stay as they are."""
        held = self.sampler.row_values + len(self.tiler.stages)
        wide = self.tiler.tile_samples
        step = max(1, ROW_VALUES // (held * wide)) * wide
        for start in range(samples.start, samples.stop, step):
            yield slice(start, min(start + step, samples.stop))

    def _reductions(self, forcing: int, samples: slice) -> Mapping[str, Reduction]:
        """Return the reductions; those of whole groups not of what parts a group."""
        every = self.layout.reductions(forcing)
        together = self.layout.rows_together
        if samples.start % together == 0 and samples.stop % together == 0:
            return every
        return {n: r for n, r in every.items() if n not in self.layout.in_groups}

    def _cases(self, forcing: int, locations: slice, samples: slice) -> dict[tuple[int, int], Case]:
        if not self.cases:
            return {}
        return of_block(self.cases, (slice(forcing, forcing + 1), locations, samples))

    def _tiles(self, forcing: int, locations: slice, rows: Rows, width: int) -> Iterator[Tile]:
        drivers = {n: v[locations] for n, v in self.experiment.drivers[forcing].items()}
        return self.tiler.tiles(drivers, self.experiment.coords, rows.values, rows.levels, width)

    def _tiles_around(
        self, codes: U1, forcing: int, locations: slice, rows: Rows
    ) -> Iterator[Tile]:
        """Yield the tiles of a block whose members with a code are not to be run.

        A neighbour's parameters stand in for theirs, location by location and without
        sharing, which changes no bit of the others.
        """
        depth, width = codes.shape
        for k in range(depth):
            good = np.flatnonzero(codes[k] == OK)
            here = slice(locations.start + k, locations.start + k + 1)
            stand_in = np.where(codes[k] == OK, np.arange(width), good[0] if len(good) else 0)
            own = {n: v if len(v) == 1 else v[k : k + 1] for n, v in rows.values.items()}
            values = {n: np.ascontiguousarray(v[:, stand_in]) for n, v in own.items()}
            if not len(good):
                yield from self._blank_tiles(slice(k, k + 1), codes[k : k + 1])
                continue
            for tile in self._tiles(forcing, here, Rows(values, identity), width):
                status = np.where(codes[k, tile.samples], codes[k, tile.samples], tile.status)
                yield replace(tile, locations=slice(k, k + 1), status=status)

    def _blank_tiles(self, locations: slice, status: U1) -> Iterator[Tile]:
        width = status.shape[1]
        wide = self.tiler.tile_samples
        for start in range(0, width, wide):
            some = slice(start, min(start + wide, width))
            yield replace(self.tiler.blank(locations, status[:, some], np.nan), samples=some)

    def control(self, forcing: int, locations: slice) -> dict[str, NDArray[Any]]:
        """Return the outputs and responses of the control members, (1, L, *dims)."""
        rows = self.experiment.control_rows(forcing, locations)
        block = Block(self.layout, {}, forcing, locations, slice(0, 1), control=True)
        cases = self._cases(forcing, locations, slice(0, 0))
        tiles = self._tiles(forcing, locations, rows, 1)
        if cases:
            codes = _codes({(k, 0): case for (k, _), case in cases.items()}, block.status.shape)
            tiles = self._tiles_around(codes, forcing, locations, rows)
        for tile in tiles:
            block.take(tile)
        arrays = {f"control/{p}": v[None, ..., 0] for p, v in block.arrays(every=True).items()}
        for name, values in rows.values.items():
            arrays[f"control/{name}"] = values[None, :, 0]
        arrays |= block.in_space.partials(CONTROL_SUMS) if block.in_space else {}
        return arrays | (block.evaluated.partials(CONTROL_PAIRS) if block.evaluated else {})


def _codes(cases: Mapping[tuple[int, int], Case], shape: tuple[int, ...]) -> U1:
    """Return the status of the members in quarantine, 0 elsewhere."""
    codes = np.zeros(shape, dtype=np.uint8)
    for (place, sample), case in cases.items():
        if sample != CONTROL:
            codes[place, sample] = case.status
    return codes


def count_codes(status: U1) -> dict[int, int]:
    """Return how many members have each status."""
    if not status.any():
        # Of millions, and nearly always: counting each would take 8 bytes and 6 ns a member.
        return {OK: status.size} if status.size else {}
    counts = np.bincount(status.reshape(-1)).tolist()
    return {code: n for code, n in enumerate(counts) if n}
