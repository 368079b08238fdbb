"""Run a kernel's stages over the rows of one block, in tiles that stay in the cache.

A stage runs once per distinct row of the parameters read so far, so a cross of 100
vegetation and 100 soil turnover times steps 100 vegetation series, not 10,000.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import kernels
from ensemble.errors import PlanError
from ensemble.members.filling import Filling
from ensemble.members.gathering import Gathered
from ensemble.members.running import Stream
from ensemble.members.slabs import ALL, Slabs, Span
from ensemble.members.stages import Raised, at_locations, guarded, reads_of
from ensemble.members.tile import Tile, Workspace
from ensemble.store.platforms import cores
from kernels import BY_CODE, F8, I8, OK, U1, Batch, Kernel, Run, Slab, Stage, Unavailable, Wanted

Levelled = tuple[I8, I8]
"""The first sample of every distinct row, and the row of every sample."""

Levels = Callable[[Collection[str], int, int], Levelled]

Asking = Callable[[Tile], NDArray[np.bool_]]

SHARE_BELOW = 0.5
"""A stage is shared when its distinct rows are at most this fraction of the samples."""

MOST_SHARED_BYTES = 256 << 20
"""Rows of a stage that are held at one location for all samples of a block; where there are
more, they are shared within each tile."""


@dataclass(frozen=True)
class _Shared:
    """A stage evaluated on its R distinct rows, and the row each sample from ``first`` uses."""

    values: Mapping[str, F8]
    status: U1
    level: I8
    failed: bool
    first: int = 0
    streamed: dict[str, F8] = field(default_factory=dict)

    def of(self, samples: slice | I8) -> I8:
        """Return the rows that some samples of the block use."""
        if isinstance(samples, slice):
            return self.level[samples.start - self.first : samples.stop - self.first]
        return self.level[samples - self.first]


class Tiler:
    """The stages of a kernel that a set of wanted outputs needs; one per worker thread.

    Parameters
    ----------
    kernel : Kernel
    options : dataclass
        The kernel's options.
    wanted : collection of str
        Outputs to deliver.
    sizes : mapping of str to int
        Length of every dimension besides location and sample.
    together : int
        Samples that a tile must not part.
    streams : sequence of Stream
        What becomes of outputs as their steps come; those that are not wanted, too, are not held.
    slab : int, optional
        Years of a slab after the first; by default as many as fit into a cache, all with `ALL`.
    """

    def __init__(
        self,
        kernel: Kernel,
        options: Any,
        wanted: Collection[str],
        sizes: Mapping[str, int],
        together: int = 1,
        streams: Sequence[Stream] = (),
        slab: int | None = None,
    ) -> None:
        self.kernel = kernel
        self.together = together
        self.wanted, self.streams = tuple(wanted), tuple(streams)
        self._options, self._sizes = options, sizes
        self._filling = Filling(kernel, self.wanted, self.streams, sizes, slab)
        self.outputs, self.slabs = self._filling.outputs, self._filling.slabs
        self.stages, self.fills = self._filling.stages, self._filling.fills
        self._dims = self._filling.lengths
        self.reads = reads_of(self.stages)
        self._cut = self._filling.tile_sizes(options, together)
        self.tile_samples = self._cut.samples
        self._producer = {name: s.name for s in self.stages for name in s.outputs}
        self._runs: dict[str, Run] = {s.name: s.open(options) for s in self.stages}
        self._workspace = Workspace()
        self._without_slabs: Tiler | None = None

    def tiles(
        self,
        drivers: Mapping[str, F8],
        coords: Mapping[str, NDArray[Any]],
        rows: Mapping[str, F8],
        levels: Levels,
        samples: int,
        wanted: Asking | None = None,
    ) -> Iterator[Tile]:
        """Yield every tile of a block.

        Parameters
        ----------
        drivers : mapping, (L, *dims)
        coords : mapping
        rows : mapping of str to ndarray, shape (1 or L, S)
        levels : callable
            `Design.levels` over the rows given here: offsets start at 0.
        samples : int
            S.
        wanted : callable, optional
            Says, of a tile of the outputs that a stage makes first, of which members (l, s) its
            late ones are wanted. It may not be asked, and then all have them.
        """
        locations = len(next(iter(drivers.values())))
        needs = dict.fromkeys(name for stage in self.stages for name in stage.drivers)
        base = Batch(parameters=rows, drivers={n: drivers[n] for n in needs}, coords=coords)
        every = self._few(levels, slice(0, samples), [s.name for s in self.stages], ())
        few = self._held(every)
        # Stages that few rows need, but more than may be held for a whole block.
        tight = every.keys() - few.keys()
        shared_rows = few if self.slabs is None else every
        rows_of = {name: len(first) for name, (first, _) in shared_rows.items()}
        sizes = (locations, samples, rows_of, self._held_drivers(base))
        deep, wide = self._cut.shape(*sizes)
        for l0 in range(0, locations, deep):
            here = slice(l0, min(l0 + deep, locations))
            if self.slabs is not None:
                for s0 in range(0, samples, wide):
                    some = slice(s0, min(s0 + wide, samples))
                    yield from self._slab_by_slab(self.slabs, base, levels, here, some)
                continue
            part = at_locations(base, here)
            notes: list[str] = []
            shared = self._shared(part, few, slice(0, samples), {}, notes)
            for s0 in range(0, samples, wide):
                some = slice(s0, min(s0 + wide, samples))
                known = shared
                if tight:
                    mine = self._few(levels, some, tight, shared)
                    known = self._shared(part, mine, some, shared, notes)
                tile = self._tile(part, known, here, some, wanted=wanted)
                yield replace(tile, notes=(*notes, *tile.notes)) if notes else tile
                notes = []

    def _held_drivers(self, base: Batch) -> int:
        """Return the bytes of a location's drivers that a tile holds at once."""
        share = 1.0 if self.slabs is None else self.slabs.first / self.slabs.years
        return int(share * sum(8 * math.prod(v.shape[1:]) for v in base.drivers.values()))

    def _slab_by_slab(
        self, slabs: Slabs, base: Batch, levels: Levels, here: slice, samples: slice
    ) -> Iterator[Tile]:
        """Yield a tile whose years are run one slab after the other."""
        few = self._few(levels, samples, [s.name for s in self.stages], ())
        dims = {driver.name: driver.dims for driver in self.kernel.drivers}
        gathered = Gathered(self.kernel, self.wanted, self.streams, slabs)
        shape = (here.stop - here.start, self._dims, self._workspace)
        try:
            for span in slabs.spans():
                part = slabs.cut(base, here, span, dims)
                notes: list[str] = []
                known = self._shared(part, few, samples, {}, notes, span)
                tile = self._tile(part, known, here, samples, span)
                gathered.take(tile.arrays, span, *shape)
        except Raised:
            yield from self._all_years(base, levels, here, samples)
        else:
            yield replace(tile, notes=(*notes, *tile.notes), arrays=gathered.arrays())

    def _all_years(
        self, base: Batch, levels: Levels, here: slice, samples: slice
    ) -> Iterator[Tile]:
        """Yield what stands for a tile in which a stage raises, in tiles that hold all years.

        Members at fault are found by halves, which cannot be done once others have gone on.
        """
        if self._without_slabs is None:
            about = (self.kernel, self._options, self.wanted, self._sizes, self.together)
            self._without_slabs = Tiler(*about, self.streams, slab=ALL)
        drivers = {n: v[here] for n, v in base.drivers.items()}
        shared = base.parameters.items()
        rows = {n: (v if len(v) == 1 else v[here])[:, samples] for n, v in shared}
        width, first = samples.stop - samples.start, samples.start

        def mine(names: Collection[str], start: int, stop: int) -> Levelled:
            return levels(names, first + start, first + stop)

        for tile in self._without_slabs.tiles(drivers, base.coords, rows, mine, width):
            yield tile.moved(first, here.start)

    def blank(self, locations: slice, status: U1, value: float) -> Tile:
        """Return a tile that no stage has run, ``value`` everywhere; ``status`` is (l, s)."""
        depth, width = status.shape
        shapes = {n: self._dims[n] for n in self.wanted} | {s.array: s.shape for s in self.streams}
        arrays = {n: (np.full((depth, *one, width), value), None) for n, one in shapes.items()}
        place = locations, slice(0, width)
        return Tile(*place, status, (), arrays, self._workspace, self._filling.steps)

    def compile(self, drivers: Mapping[str, Any], coords: Mapping[str, NDArray[Any]]) -> None:
        """Call every stage with no sample: numba compiles, and no member runs.

        Raises
        ------
        PlanError
            A function of the kernel cannot be compiled.
        """
        try:
            kernels.ready(partial(self._call, drivers, coords), cores())
        except kernels.Uncompiled as error:
            raise PlanError(f"kernel {self.kernel.name}: {error}; mend it") from error

    def _call(self, drivers: Mapping[str, Any], coords: Mapping[str, NDArray[Any]]) -> None:
        one = {n: np.array(v[:1], dtype=np.float64) for n, v in drivers.items()}
        for stage in self.stages:
            batch = Batch(
                parameters={n: np.empty((1, 0)) for n in stage.parameters},
                drivers={n: one[n] for n in stage.drivers},
                coords=coords,
                upstream={n: np.ones((1, *self._dims[n], 1)) for n in stage.upstream},
                level={n: np.empty(0, np.int64) for n in stage.upstream},
                picks=self._filling.picks(stage),
            )
            out = {n: np.empty((1, *shape, 0)) for n, shape in self._filling.shapes(stage).items()}
            with kernels.without_samples():
                self._runs[stage.name](batch, out, np.zeros((1, 0), np.uint8))

    def _few(
        self, levels: Levels, samples: slice, among: Collection[str], known: Collection[str]
    ) -> dict[str, Levelled]:
        """Return the stages whose distinct rows are few, and their rows, of some samples.

        A stage is shared only with those that feed it, or where these are ``known``.
        """
        by_stage: dict[str, Levelled] = {}
        for stage in self.stages:
            if stage.name not in among:
                continue
            first, level = levels(self.reads[stage.name], samples.start, samples.stop)
            makers = {self._producer[name] for name in stage.upstream}
            few = len(first) <= max(1, SHARE_BELOW * (samples.stop - samples.start))
            if few and makers <= {*by_stage, *known}:
                by_stage[stage.name] = first, level
        return by_stage

    def _held(self, every: Mapping[str, Levelled]) -> dict[str, Levelled]:
        """Return the stages whose rows may be held at one location, with those that feed them."""
        kept: dict[str, Levelled] = {}
        for stage in self.stages:
            if stage.name in every:
                nbytes = 8 * self._cut.filled[stage.name][0] * len(every[stage.name][0])
                makers = {self._producer[name] for name in stage.upstream}
                if nbytes <= MOST_SHARED_BYTES and makers <= kept.keys():
                    kept[stage.name] = every[stage.name]
        return kept

    def _shared(
        self,
        base: Batch,
        few: Mapping[str, Levelled],
        samples: slice,
        known: Mapping[str, _Shared],
        notes: list[str],
        span: Span | None = None,
    ) -> dict[str, _Shared]:
        """Evaluate stages on their distinct rows, beside those that are ``known``."""
        done = dict(known)
        for stage in self.stages:
            if stage.name not in few:
                continue
            first, level = few[stage.name]
            batch = self._batch(stage, base, done, {}, first + samples.start)
            values, status, raised = self._evaluate(
                stage, batch, len(first), keep=span is None, span=span
            )
            notes += raised
            failed = bool(status.any())
            done[stage.name] = _Shared(values, status, level, failed, samples.start)
        return done

    def _tile(
        self,
        base: Batch,
        shared: Mapping[str, _Shared],
        here: slice,
        samples: slice,
        span: Span | None = None,
        wanted: Asking | None = None,
    ) -> Tile:
        """Return a tile of all years; of those of a span alone, all outputs and no streams."""
        width = samples.stop - samples.start
        status = np.zeros((here.stop - here.start, width), dtype=np.uint8)
        own: dict[str, Mapping[str, F8]] = {}
        notes: list[str] = []
        for stage in self.stages:
            if stage.name in shared:
                one = shared[stage.name]
                if one.failed:
                    notes += self._merge(stage, status, one.status[:, one.of(samples)])
                continue
            batch = self._batch(stage, base, shared, own, samples)
            if wanted is not None and stage.late:
                batch = replace(batch, wanted=_asking(wanted, stage, here, samples))
            own[stage.name], mine, raised = self._evaluate(stage, batch, width, span=span)
            notes += raised
            if mine.any():
                notes += self._merge(stage, status, mine)
        whole = self.outputs if span is not None else self.wanted
        arrays = {name: self._value(name, shared, own, samples) for name in whole}
        if span is None:
            arrays |= {s.array: self._streamed(s, shared, own, samples) for s in self.streams}
        about = tuple(notes), arrays, self._workspace
        return Tile(here, samples, status, *about, self._filling.steps)

    def _merge(self, stage: Stage, status: U1, mine: U1) -> list[str]:
        """Give members the status of the first stage they fail in; say which of several kernels."""
        fresh = np.where(status == OK, mine, OK)
        np.copyto(status, mine, where=status == OK)
        if not self.kernel.parts:
            return []
        return [f"{stage.name}: {BY_CODE[c].name}" for c in np.unique(fresh).tolist() if c != OK]

    def _batch(
        self,
        stage: Stage,
        base: Batch,
        shared: Mapping[str, _Shared],
        own: Mapping[str, Mapping[str, F8]],
        samples: slice | I8,
    ) -> Batch:
        """Return what a stage sees of the given samples."""
        upstream: dict[str, F8] = {}
        level: dict[str, I8] = {}
        for name in stage.upstream:
            producer = self._producer[name]
            if producer in shared:
                upstream[name] = shared[producer].values[name]
                level[name] = shared[producer].of(samples)
            else:
                upstream[name] = own[producer][name]
                level[name] = np.arange(upstream[name].shape[-1])
        return replace(
            base,
            # Copies: what is the same for all samples comes as a view that cannot be written to.
            parameters={
                n: np.array(base.parameters[n][:, samples], order="C") for n in stage.parameters
            },
            drivers={n: base.drivers[n] for n in stage.drivers},
            upstream=upstream,
            level=level,
            picks=self._filling.picks(stage),
        )

    def _evaluate(
        self,
        stage: Stage,
        batch: Batch,
        width: int,
        *,
        keep: bool = False,
        span: Span | None = None,
    ) -> tuple[dict[str, F8], U1, list[str]]:
        """Run one stage; ``keep`` where the result must outlive the next tile."""
        some = next(iter(batch.drivers.values()), None)
        locations = len(next(iter(batch.upstream.values())) if some is None else some)
        if span is not None:
            return self._go_on(stage, batch, (locations, width), span)
        shapes = {n: (locations, *shape, width) for n, shape in self._filling.shapes(stage).items()}
        if keep:
            out = {n: np.empty(shape) for n, shape in shapes.items()}
        else:
            out = {n: self._workspace.take(n, shape) for n, shape in shapes.items()}
        status = np.zeros((locations, width), dtype=np.uint8)
        notes = guarded(self._runs[stage.name], batch, out, status)
        return out, status, notes

    def _go_on(
        self, stage: Stage, batch: Batch, shape: tuple[int, int], span: Span
    ) -> tuple[dict[str, F8], U1, list[str]]:
        """Run some years of one stage."""
        assert self.slabs is not None
        dims, out = (
            self._filling.lengths_of(self.slabs.sizes(self._sizes, span.last - span.first)),
            {},
        )
        for name in self.fills[stage.name]:
            size = (shape[0], *dims[name], shape[1])
            if not self.kernel.time_of(self.kernel.variable(name)):
                out[name] = span.lasting.setdefault(name, np.full(size, np.nan))
            else:
                out[name] = self._workspace.take(name, size)
        status = np.zeros(shape, dtype=np.uint8)
        slab = Slab(span.first == 0, span.kept.setdefault(stage.name, {}))
        try:
            notes = self._runs[stage.name](replace(batch, slab=slab), out, status)
        except Unavailable:
            raise
        except Exception as error:
            raise Raised from error
        return out, status, list(notes or ())

    def _value(
        self,
        name: str,
        shared: Mapping[str, _Shared],
        own: Mapping[str, Mapping[str, F8]],
        samples: slice,
    ) -> tuple[F8, I8 | None]:
        producer = self._producer[name]
        if producer in own:
            return own[producer][name], None
        return shared[producer].values[name], shared[producer].of(samples)

    def _streamed(
        self,
        stream: Stream,
        shared: Mapping[str, _Shared],
        own: Mapping[str, Mapping[str, F8]],
        samples: slice,
    ) -> tuple[F8, I8 | None]:
        """Return what a stream makes of an output: the stage, or of all steps, once if shared."""
        if (producer := self._producer[stream.output]) in own:
            return self._filling.made(stream, own[producer]), None
        one = shared[producer]
        if stream.array not in one.streamed:
            one.streamed[stream.array] = self._filling.made(stream, one.values)
        return one.streamed[stream.array], one.of(samples)


def _asking(asking: Asking, stage: Stage, here: slice, samples: slice) -> Wanted:
    """Return what a stage asks, of a tile of what it has made by then."""

    def wanted(out: Mapping[str, F8], rows: slice, columns: slice) -> NDArray[np.bool_]:
        early = out.keys() - set(stage.late)
        arrays = {n: (np.ascontiguousarray(out[n][rows, ..., columns]), None) for n in early}
        shape = rows.stop - rows.start, columns.stop - columns.start
        place = slice(rows.start, rows.stop), slice(columns.start, columns.stop)
        tile = Tile(*place, np.zeros(shape, np.uint8), (), arrays, Workspace())
        return asking(tile.moved(samples.start, here.start))

    return wanted
