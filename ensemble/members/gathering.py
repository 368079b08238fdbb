"""What a tile has of its outputs: whole ones put together of slabs, and what streams make."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ensemble.members.running import Stream
from ensemble.members.slabs import Slabs, Span
from ensemble.members.tile import Workspace
from kernels import F8, I8, Kernel

Arrays = Mapping[str, tuple[F8, I8 | None]]
"""Values (l, *dims, r), and the row that each sample uses where these are shared."""


class Gathered:
    """The outputs of a tile whose years come slab after slab."""

    def __init__(
        self, kernel: Kernel, wanted: Collection[str], streams: Sequence[Stream], slabs: Slabs
    ) -> None:
        self._slabs, self._wanted = slabs, wanted
        names = {*wanted, *(stream.output for stream in streams)}
        self._dims = {name: kernel.variable(name).dims for name in names}
        self._takers = [(stream, stream.begin()) for stream in streams]
        self._whole: dict[str, tuple[F8, I8 | None]] = {}
        self._levels: dict[str, I8 | None] = {}

    def take(
        self,
        arrays: Arrays,
        span: Span,
        depth: int,
        lengths: Mapping[str, tuple[int, ...]],
        workspace: Workspace,
    ) -> None:
        """Take a slab; ``lengths`` are those of whole outputs."""
        for name in self._wanted:
            values, level = arrays[name]
            if places := self._slabs.places(self._dims[name], span):
                shape = (depth, *lengths[name], values.shape[-1])
                whole = workspace.take(f"whole/{name}", shape)
                whole[places] = values
                self._whole[name] = whole, level
            else:
                self._whole[name] = values, level
        for stream, taker in self._takers:
            values, self._levels[stream.output] = arrays[stream.output]
            taker.take(values, self._slabs.first_step(self._dims[stream.output], span))

    def arrays(self) -> dict[str, tuple[F8, I8 | None]]:
        """Return what the tile has when all slabs are taken."""
        made = {s.array: (taker.result(), self._levels[s.output]) for s, taker in self._takers}
        return self._whole | made


def whole_stream(stream: Stream, values: F8) -> F8:
    """Return what a stream makes of all steps of an output at once."""
    taker = stream.begin()
    taker.take(values, 0)
    return np.ascontiguousarray(taker.result())
