"""What a block gathers of benchmarks, tile by tile."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.evaluation.asked import (
    EXCLUDED,
    FAILED,
    GROUP,
    Evaluated,
    losses,
    moments_of,
)
from ensemble.members.evaluation.sums import OfMoments, PairSums
from ensemble.members.tile import Tile, blanked
from kernels import F8, OK


class Gathered:
    """Sums of all benchmarks over the locations of a block.

    Parameters
    ----------
    asked : Evaluated
    locations : slice
        Of the run.
    width : int
        Members.
    control : bool
        Whether these are control members, of which each pair is kept.
    excluding : bool
        Whether limits leave members out.
    """

    def __init__(
        self,
        asked: Evaluated,
        locations: slice,
        width: int,
        *,
        control: bool,
        excluding: bool,
    ) -> None:
        self._asked = asked
        self._lost = {why: np.zeros(width, np.uint32) for why in losses(excluding=excluding)}
        self._sums = {
            (benchmark, name): PairSums(
                pairs,
                asked.places(benchmark, name),
                locations,
                asked.rows(pairs.output),
                width,
                each=control,
            )
            for benchmark, name, pairs in asked.pairs()
        }

    def take(self, tile: Tile, out: NDArray[np.bool_] | None) -> None:
        """Add a tile; members that limits exclude, (l, s), have no score."""
        moments = {output: self._moments(tile, output, out) for output in self._asked.outputs}
        for sums in self._sums.values():
            sums.take(moments[sums.pairs.output], tile.locations, tile.samples.start)
        self._lost[FAILED][tile.samples] += (tile.status != OK).sum(axis=0, dtype=np.uint32)
        if out is not None:
            self._lost[EXCLUDED][tile.samples] += out.sum(axis=0, dtype=np.uint32)

    def _moments(self, tile: Tile, output: str, out: NDArray[np.bool_] | None) -> F8:
        """Return the moments of an output of a tile, (l, d, m, s), NaN where a member is lost."""
        if output in self._asked.steady:
            # One step is all, and moments differ in their shares: units of what was observed.
            whole = tile.full(output)[..., None, :]
            taken = OfMoments(self._asked.moments(output), 1, whole.ndim - 2)
            taken.take(whole, 0)
            values = taken.result()
        else:
            values = np.moveaxis(tile.full(moments_of(output)), self._asked.axis(output), -2)
        values = values if out is None else blanked(values, out)
        depth, (count, width) = len(values), values.shape[-2:]
        return np.ascontiguousarray(values).reshape(depth, -1, count, width)

    def partials(self, group: str = GROUP) -> dict[str, NDArray[Any]]:
        """Return the sums by ``group/benchmark/pairs/field``, and locations that members lack."""
        sums = {
            f"{group}/{benchmark}/{name}/{field}": values
            for (benchmark, name), sums in self._sums.items()
            for field, values in sums.partials().items()
        }
        return {f"{group}/{why}": count for why, count in self._lost.items()} | sums
