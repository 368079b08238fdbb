"""The work of an ensemble: blocks of forcing x locations x samples through one kernel."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ensemble.farming.work import RunBlock
from ensemble.members import limits
from ensemble.members.experiment import Rows, Setup, identity
from ensemble.members.finishing import finish
from ensemble.members.layout import Layout
from ensemble.members.parts import Part, parts_of
from ensemble.members.responses.responses import evaluate
from ensemble.members.space.sums import CONTROL as CONTROL_SUMS
from ensemble.members.space.sums import GROUP, Sums
from ensemble.members.statistics import Partial, Reduction, UnitsReduction
from ensemble.members.tiles import Chain, Tile, blanked
from ensemble.store.arrays import ArraySpec
from ensemble.store.grid import Grid, Result
from ensemble.store.journal import Entry, Key
from ensemble.store.quarantine import CONTROL, Case, of_block
from ensemble.store.store import Store
from kernels import F8, OK, U1, U8


class EnsembleWork:
    """An ensemble, ready to be farmed out.

    Parameters
    ----------
    setup : Setup
    layout : Layout
        The arrays of the store and the blocks that fill them.
    quarantined : mapping of member to Case
        Members that are not run: they get their status and NaN.
    """

    def __init__(
        self, setup: Setup, layout: Layout, quarantined: Mapping[Key, Case] | None = None
    ) -> None:
        self.setup = setup
        self.layout = layout
        self.quarantined = quarantined or {}
        self.grid: Grid = layout.grid
        self.arrays: tuple[ArraySpec, ...] = layout.arrays

    def open(self) -> RunBlock:
        """Return a function that runs blocks in this thread, with workspace of its own."""
        return _Runner(self.setup, self.layout, self.quarantined).run

    @property
    def seconds_per_block(self) -> float:
        """Return what a block takes by the kernel's own account."""
        return self.layout.seconds_per_block

    @property
    def time_limit(self) -> float:
        """Return the seconds after which the kernel ends a member itself; 0 where it does not."""
        return self.setup.kernel.time_limit

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
        runner = _Runner(self.setup, self.layout, self.quarantined)
        if len(numbers) == 2:
            runner.control(key[0], slice(*numbers))
        else:
            runner.compute(key[0], slice(*numbers[:2]), slice(*numbers[2:]))

    def finish(self, store: Store, committed: Mapping[Key, Entry]) -> None:
        """Write control members and statistics; idempotent."""
        finish(store, self)

    def compile(self) -> None:
        """Compile what blocks need, and run no member: one may be fatal."""
        runner = _Runner(self.setup, self.layout, {})
        runner.chain.compile(self.setup.drivers[0], self.setup.coords)
        place, width = slice(0, 1), self.layout.tile_unit
        block = Block(self.layout, self.layout.reductions(0), 0, place, slice(0, width))
        block.take(runner.chain.blank(place, np.zeros((1, width), np.uint8), 1.0))

    def merge(self, key: Key, partials: Iterable[Mapping[str, NDArray[Any]]]) -> dict[str, Any]:
        """Return what is known of one forcing and some locations once all its blocks are.

        Parameters
        ----------
        key : tuple of int
            Any block of theirs.
        partials : iterable of mappings
            In block order.
        """
        locations = self.grid.axes[1].span(key[1])
        reductions = self.layout.reductions(key[0])
        total: dict[str, NDArray[Any]] = {}
        for partial in partials:
            for name, reduction in reductions.items():
                mine = _fields(partial, name)
                so_far = _fields(total, name)
                merged = reduction.merge(so_far, mine) if so_far else mine
                total.update({f"{name}/{field}": v for field, v in merged.items()})
            limits.merge(total, partial)
            total["count"] = total.get("count", np.uint64(0)) + partial["count"]
            total.update({k: v for k, v in partial.items() if k.startswith("control/")})
        return _finished(self.layout, reductions, total, locations)


class _Runner:
    """One worker thread's way through blocks."""

    def __init__(self, setup: Setup, layout: Layout, cases: Mapping[Key, Case]) -> None:
        self.setup = setup
        self.layout = layout
        self.cases = cases
        self.sampler = layout.sampler
        self.chain = Chain(
            setup.kernel, setup.options, layout.wanted, setup.sizes, layout.tile_unit
        )

    def run(self, key: Key) -> Result:
        """Run one block."""
        forcing = key[0]
        locations, samples = self.layout.grid.spans(key)[1:]
        rows, block = self.compute(forcing, locations, samples)
        arrays = {path: values[None] for path, values in block.arrays().items()}
        for name in self.layout.stored_parameters:
            values = rows.values[name]
            dims = self.sampler.dims(name)
            lead = values[None] if "forcing" in dims else values
            arrays[name] = lead if "location" in dims else lead[..., 0, :]
        owned = {p: self.layout.exact(p, v) for p, v in arrays.items() if self.layout.owns(key, p)}
        partials = {"count": block.count(), **block.partials()}
        if key[2] == 0:
            partials.update(self.control(forcing, locations))
        found = Result(owned, count_codes(block.status), partials, tuple(block.notes))
        return replace(found, beyond=block.beyond.totals, excluded=block.beyond.left_out)

    def compute(self, forcing: int, locations: slice, samples: slice) -> tuple[Rows, "Block"]:
        """Run the members of a rectangle, those in quarantine left out."""
        rows = self.sampler.rows(forcing, locations, samples)
        width = samples.stop - samples.start
        reductions = self._reductions(forcing, samples)
        block = Block(self.layout, reductions, forcing, locations, samples)
        cases = self._cases(forcing, locations, samples)
        block.notes += sorted({case.note for case in cases.values()})
        if cases:
            codes = _codes(cases, block.status.shape)
            tiles = self._tiles_around(codes, forcing, locations, rows)
        else:
            tiles = self._tiles(forcing, locations, rows, width)
        for tile in tiles:
            block.take(tile)
        return rows, block

    def _reductions(self, forcing: int, samples: slice) -> Mapping[str, Reduction]:
        """Return the reductions; a part of a block that parts units is not looked at in units."""
        found = self.layout.reductions(forcing)
        unit = self.layout.tile_unit
        if samples.start % unit == 0 and samples.stop % unit == 0:
            return found
        return {n: r for n, r in found.items() if n not in self.layout.in_units}

    def _cases(self, forcing: int, locations: slice, samples: slice) -> dict[tuple[int, int], Case]:
        if not self.cases:
            return {}
        return of_block(self.cases, (slice(forcing, forcing + 1), locations, samples))

    def _tiles(self, forcing: int, locations: slice, rows: Rows, width: int) -> Iterator[Tile]:
        drivers = {n: v[locations] for n, v in self.setup.drivers[forcing].items()}
        return self.chain.tiles(drivers, self.setup.coords, rows.values, rows.levels, width)

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
        wide = self.chain.tile_samples
        for start in range(0, width, wide):
            some = slice(start, min(start + wide, width))
            yield replace(self.chain.blank(locations, status[:, some], np.nan), samples=some)

    def control(self, forcing: int, locations: slice) -> dict[str, NDArray[Any]]:
        """Return the outputs and responses of the control members, (1, L, *dims)."""
        rows = self.setup.control_rows(forcing, locations)
        block = Block(self.layout, {}, forcing, locations, slice(0, 1), control=True)
        cases = self._cases(forcing, locations, slice(0, 0))
        tiles = self._tiles(forcing, locations, rows, 1)
        if cases:
            codes = _codes({(k, 0): case for (k, _), case in cases.items()}, block.status.shape)
            tiles = self._tiles_around(codes, forcing, locations, rows)
        for tile in tiles:
            block.take(tile)
        found = {f"control/{p}": v[None, ..., 0] for p, v in block.arrays(every=True).items()}
        for name, values in rows.values.items():
            found[f"control/{name}"] = values[None, :, 0]
        return found | (block.in_space.partials(CONTROL_SUMS) if block.in_space else {})


def _codes(cases: Mapping[tuple[int, int], Case], shape: tuple[int, ...]) -> U1:
    """Return the status of the members in quarantine, 0 elsewhere."""
    codes = np.zeros(shape, dtype=np.uint8)
    for (place, sample), case in cases.items():
        if sample != CONTROL:
            codes[place, sample] = case.status
    return codes


class Block:
    """What a block gathers, tile by tile."""

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
            if name in self.layout.in_units:
                units = cast(UnitsReduction, reduction)
                self._take_units(units, self.sums[name], values, tile)
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

    def _take_units(self, reduction: UnitsReduction, sums: Partial, values: F8, tile: Tile) -> None:
        """Add a tile (l, *dims, s) of whole units, NaN where a member failed."""
        unit, (place, sample) = self.layout.tile_unit, self.first
        depth, width = values.shape[0], values.shape[-1]
        flat = np.ascontiguousarray(values).reshape(-1, width // unit, unit)
        rows = len(flat) // depth
        here = slice(tile.locations.start * rows, tile.locations.stop * rows)
        first = (sample + tile.samples.start) // unit
        reduction.update_units(sums, flat, first, here, place + tile.locations.start)

    def arrays(self, *, every: bool = False) -> dict[str, NDArray[Any]]:
        """Return the stored arrays of members, (L, *dims, S)."""
        found: dict[str, NDArray[Any]] = dict(self.outputs)
        if every or self.layout.keeps_responses:
            found.update(self.responses)
        found["status"] = self.status
        if self.beyond.excluded is not None:
            found[limits.EXCLUDED] = self.beyond.excluded.astype(np.uint8)
        return found

    def count(self) -> U8:
        """Return the number of members that ran and are in statistics, by location."""
        good = self.status == OK
        if self.beyond.excluded is not None:
            good &= ~self.beyond.excluded
        return np.asarray(good.sum(axis=1), dtype=np.uint64)

    def partials(self) -> dict[str, NDArray[Any]]:
        """Return every sum by ``target/family/field``, and those over space."""
        found = {f"{n}/{field}": v for n, sums in self.sums.items() for field, v in sums.items()}
        found |= self.beyond.partials()
        return found | (self.in_space.partials(GROUP) if self.in_space else {})


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


def _fields(partial: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    prefix = f"{name}/"
    return {k.removeprefix(prefix): v for k, v in partial.items() if k.startswith(prefix)}


def _finished(
    layout: Layout,
    reductions: Mapping[str, Reduction],
    total: Mapping[str, NDArray[Any]],
    locations: slice,
) -> dict[str, NDArray[Any]]:
    """Return the control members and finished statistics (1, L, *dims, *extra) by path."""
    depth = locations.stop - locations.start
    found = {path: v for path, v in total.items() if path.startswith("control/")}
    found.update(limits.finished(layout, total))
    if reductions:
        found["statistics/count"] = total["count"][None]
    for name, reduction in reductions.items():
        target = name.partition("/")[0]
        dims = layout.target_shape(target)
        for request, values in reduction.finish(_fields(total, name)).items():
            shape = (1, depth, *dims, *values.shape[1:])
            found[f"statistics/{target}_{request}"] = values.reshape(shape)
    return found


def count_codes(status: U1) -> dict[int, int]:
    """Return how many members have each status."""
    codes, counts = np.unique(status, return_counts=True)
    return {int(code): int(n) for code, n in zip(codes, counts, strict=True)}
