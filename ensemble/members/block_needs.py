"""What a block of a scenario takes and holds, for the rule of block lengths."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ensemble.members.block_rule import Needs
from ensemble.members.stages import needed, reads_of
from ensemble.members.statistics import GroupsReduction, Reduction

if TYPE_CHECKING:
    from ensemble.members.layout import Layout

ROWS_LOOKED_AT = 4096
"""Rows of a design among which distinct ones are counted: as many as a call sees."""

COPIES = 2
"""Sums are in memory, and once more as they are written or merged."""


def needs_of(layout: "Layout") -> Needs:
    """Return what the rule of block lengths is given.

    Parameters
    ----------
    layout : Layout
        Asked for outputs, responses, statistics, sums over space and the design; of blocks it
        need not know yet.
    """
    forcings, locations, samples = layout.shape
    stored, members = _stored(layout), _of_members(layout)
    largest, of_location, depth = _of_locations(layout)
    return Needs(
        forcings=forcings,
        locations=locations,
        samples=samples,
        together=layout.sampler.first.rows_together,
        seconds=layout.seconds_per_member,
        shared_seconds=layout.shared_seconds,
        array_nbytes=stored,
        location_array_nbytes=largest,
        # The largest chunk is there twice: as it is, and encoded.
        member_nbytes=members + stored,
        location_nbytes=of_location,
        sample_nbytes=_of_samples(layout),
        lanes=_lanes(layout),
        depth=depth,
        # Three sums and what rounding takes of each, where a response is one number.
        locations_together=bool(layout.aggregates.making or layout.evaluation),
    )


def _stored(layout: "Layout") -> int:
    """Return the bytes of a member in the largest array."""
    itemsize = np.dtype(layout.precision).itemsize
    arrays = [itemsize * math.prod(kept.shape) for kept in layout.outputs.values()]
    return max([8 if layout.functionals else 1, *arrays])


def _of_members(layout: "Layout") -> int:
    """Return the bytes of a member in all arrays of members: outputs, responses, status, rows."""
    itemsize = np.dtype(layout.precision).itemsize
    values = sum(math.prod(kept.shape) for kept in layout.outputs.values())
    drawn = layout.sampler.parameters
    own = sum("location" in layout.sampler.dims(name) for name in drawn)
    responses = len(layout.functionals) if layout.keeps_responses else 0
    # What is beyond a limit is counted by member, and left out or not.
    return itemsize * values + 8 * (responses + own) + 1 + 2 * layout.excluding


def _of_samples(layout: "Layout") -> int:
    """Return the bytes of a sample, whatever the locations: sums over space, and of benchmarks.

    Rows of the design are held for some samples at a time, however many a block has.
    """
    every = layout.aggregates.lost_by().values() if layout.aggregates else ()
    regions = max((len(known.bounds) for known in every), default=0)
    in_space = 8 * COPIES * layout.aggregates.row_values(layout) * regions
    return in_space + COPIES * sum(layout.evaluation.nbytes().values())


def _of_locations(layout: "Layout") -> tuple[int, int, int]:
    """Return bytes of a location in its largest array and in all, and the depth of its sums.

    Arrays of statistics and control members have all forcings in one chunk, and are made of the
    sums when all blocks are done.
    """
    forcings = layout.shape[0]
    largest, finished, summed, depth = 0, 0, 0, 1
    for name, reduction in layout.reductions(0).items():
        rows = math.prod(layout.target_shape(name.partition("/")[0]))
        arrays = [
            np.dtype(declared.dtype).itemsize * rows * math.prod(n for _, n in declared.extra)
            for declared in reduction.declare().values()
        ]
        sums = _sums_nbytes(reduction, rows)
        largest = max(largest, forcings * max(arrays, default=0))
        finished, summed = finished + sum(arrays), summed + sums
        depth = max(depth, math.ceil(sums / (8 * rows)))
    control = sum(math.prod(kept.shape) for kept in layout.outputs.values())
    control = 8 * (control + len(layout.functionals) + len(layout.experiment.kernel.parameters))
    at_the_end = forcings * COPIES * (finished + control) + COPIES * summed
    return largest, max(COPIES * (summed + control), at_the_end), depth


def sums_nbytes(layout: "Layout") -> int:
    """Return the bytes at one location of all sums over samples that a block writes."""
    return sum(
        _sums_nbytes(reduction, math.prod(layout.target_shape(name.partition("/")[0])))
        for name, reduction in layout.reductions(0).items()
    )


def _sums_nbytes(reduction: Reduction, rows: int) -> int:
    """Return the bytes of a reduction's sums at one location."""
    if isinstance(reduction, GroupsReduction):
        return rows * reduction.row_nbytes()
    return sum(values.nbytes for values in reduction.start(slice(0, 1)).values())


def _lanes(layout: "Layout") -> int:
    """Return the locations that a call wants at once: so many that its rows fill the lanes.

    A stage that reads no parameter of the design has one row, whatever the samples.
    """
    kernel, design = layout.experiment.kernel, layout.sampler.first
    if kernel.lanes == 1:
        return 1
    stages, _ = needed(kernel, layout.wanted)
    seen = min(design.size, ROWS_LOOKED_AT)
    return math.ceil(kernel.lanes / _fewest_rows(reads_of(stages), layout, seen))


def _fewest_rows(reads: Mapping[str, Iterable[str]], layout: "Layout", seen: int) -> int:
    """Return the distinct rows of the stage that has the fewest, among some of the design."""
    if "location" in layout.sampler.independent:
        return seen
    design = layout.sampler.first
    varied = {frozenset(names) & frozenset(design.parameters) for names in reads.values()}
    counts = [len(design.levels(names, 0, seen)[0]) if names else 1 for names in varied]
    return min(counts, default=seen)
