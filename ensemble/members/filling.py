"""What stages fill for a tile: which arrays, of which shape, at which steps."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ensemble.members.gathering import whole_stream
from ensemble.members.running import Stream
from ensemble.members.slabs import slabs_of
from ensemble.members.stages import filled_in_part, needed
from ensemble.members.tile_sizes import TileSizes
from kernels import F8, I8, Kernel, Stage

Shape = tuple[int, ...]
"""Between location and sample."""

_NO_STEPS = np.empty(0, np.int64)


class Filling:
    """The arrays that the stages of a kernel fill.

    Parameters
    ----------
    kernel : Kernel
    wanted : collection of str
        Outputs that a tile has whole.
    streams : sequence of Stream
    sizes : mapping of str to int
        Length of every dimension besides location and sample.
    slab : int, optional
        See `slabs_of`.

    Attributes
    ----------
    stages : list of Stage
        That run.
    fills : mapping of str to list of str
        Outputs and intermediates that each fills.
    lengths : mapping of str to tuple
        The shape of each where it is whole.
    slabs : Slabs or None
    steps : mapping of str to ndarray
        Of outputs that a tile does not have whole, those that it has.
    """

    def __init__(
        self,
        kernel: Kernel,
        wanted: Collection[str],
        streams: Sequence[Stream],
        sizes: Mapping[str, int],
        slab: int | None,
    ) -> None:
        self._kernel, self._sizes = kernel, sizes
        self._wanted, self._streams = wanted, streams
        self.outputs = tuple(dict.fromkeys([*wanted, *(s.output for s in streams)]))
        self.stages, self.fills = needed(kernel, self.outputs)
        made = {*self.outputs, *(name for names in self.fills.values() for name in names)}
        filled = [kernel.variable(name) for name in sorted(made)]
        self.slabs = slabs_of(kernel, self.stages, filled, sizes, slab)
        self.lengths = self.lengths_of(sizes)
        self.steps = {s.output: s.steps for s in streams if s.steps is not None}
        self._in_part: set[str] = set()
        if self.slabs is None:
            whole = {*wanted, *(s.output for s in streams if not s.may_be_filled)}
            self._in_part = filled_in_part(self.stages, self.fills, whole)
        self._shapes = {stage.name: self._of(stage) for stage in self.stages}
        self._picks = {stage.name: self._picked(stage) for stage in self.stages}

    def lengths_of(self, sizes: Mapping[str, int]) -> dict[str, Shape]:
        """Return the shape of every output and intermediate, given lengths of dimensions."""
        variables = (*self._kernel.outputs, *self._kernel.intermediates)
        return {v.name: tuple(sizes[d] for d in v.dims) for v in variables}

    def _of(self, stage: Stage) -> dict[str, Shape]:
        mine = self.fills[stage.name]
        shapes = {n: self.lengths[n] for n in mine if n not in self._in_part}
        for stream in self._streams:
            if stream.output in self._in_part and stream.output in mine:
                shapes[_filled_as(stream)] = stream.shape
        return shapes

    def _picked(self, stage: Stage) -> dict[str, I8]:
        picks = {n: _NO_STEPS for n in self.fills[stage.name] if n in self._in_part}
        return picks | {n: steps for n, steps in self.steps.items() if n in picks}

    def shapes(self, stage: Stage) -> Mapping[str, Shape]:
        """Return what a stage fills, by its name in ``out``."""
        return self._shapes[stage.name]

    def picks(self, stage: Stage) -> Mapping[str, I8]:
        """Return the steps of what a stage fills in part; none where the highest is all of it."""
        return self._picks[stage.name]

    def made(self, stream: Stream, values: Mapping[str, F8]) -> F8:
        """Return what a stream makes of what a stage filled: the stage has, or of all steps."""
        if stream.output in self._in_part:
            return values[_filled_as(stream)]
        return whole_stream(stream, values[stream.output])

    def tile_sizes(self, options: Any, together: int) -> TileSizes:
        """Return what tiles are cut by."""
        kernel, sizes, slabs = self._kernel, self._sizes, self.slabs
        begun = each = self._shapes
        if slabs is not None:
            first = self.lengths_of(slabs.sizes(sizes, slabs.first))
            later = self.lengths_of(slabs.sizes(sizes, slabs.each))
            begun = {name: {n: first[n] for n in names} for name, names in self.fills.items()}
            each = {name: {n: later[n] for n in names} for name, names in self.fills.items()}
        filled = {
            name: (sum(map(math.prod, shapes.values())), max(map(math.prod, each[name].values())))
            for name, shapes in begun.items()
        }
        held = [math.prod(self.lengths[n]) for n in self._wanted]
        held += [math.prod(stream.shape) for stream in self._streams]
        return TileSizes(
            filled,
            tuple(held),
            # What a tile holds beside what its stages fill; all at once, that is the same arrays.
            beside=sum(held) if slabs is not None else 0,
            together=together,
            lanes=kernel.lanes,
            seconds=kernel.seconds(options, sizes),
            shares_work=kernel.shared_seconds(options, sizes) > 0,
            isolated=kernel.isolated,
        )


def _filled_as(stream: Stream) -> str:
    """Return what a stage calls what it fills of an output in part."""
    return stream.array if stream.steps is None else stream.output
