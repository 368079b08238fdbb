"""What a run leaves on a disk, and what writing it takes: many small files cost more than bytes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ensemble.members import across_forcings
from ensemble.members.block_needs import sums_nbytes
from ensemble.members.layout import Layout
from ensemble.planning.notices import FILES, Notice

FILE_NBYTES = 4096
"""What a file takes at least on most file systems."""

MANY_FILES = 100_000
"""Inodes of a run above which quotas, backups and removing it become a matter of their own."""

COMMIT_SECONDS = (0.001, 0.003)
"""What writing and committing a block takes on a local disk, and on one that others use."""


@dataclass(frozen=True)
class Footprint:
    """Files and bytes of a run's members, sums and statistics; drivers come on top.

    Attributes
    ----------
    files : int
        Inodes, while it runs: chunks, metadata, a file of sums for each block, drivers.
    nbytes : int
        Before compression, each file in whole units of 4 KiB.
    sums_nbytes : int
        Of it, the sums that blocks write, which are not compressed.
    """

    files: int
    nbytes: int
    sums_nbytes: int


def footprint(layout: Layout) -> Footprint:
    """Return what a run leaves on a disk."""
    experiment, blocks = layout.experiment, layout.grid.blocks
    drivers = sum(len(drivers) for drivers in experiment.drivers)
    # Drivers are a chunk for each forcing, of bytes that are counted as they come.
    files, nbytes = blocks + drivers, drivers * FILE_NBYTES
    at_one, deep = sums_nbytes(layout), layout.grid.axes[1].length
    nbytes += blocks * _whole_units(deep * at_one)
    for spec in (*layout.arrays, *across_forcings.arrays(layout)):
        chunks = math.prod(-(-n // c) for n, c in zip(spec.shape, spec.chunks, strict=True))
        files += chunks + 1
        nbytes += chunks * _whole_units(spec.chunk_nbytes) + FILE_NBYTES
    forcings, locations, _ = layout.shape
    of_blocks = forcings * locations * layout.grid.axes[2].blocks * at_one
    return Footprint(files, nbytes, of_blocks)


def _whole_units(nbytes: int) -> int:
    """Return what a file of so many bytes takes."""
    return FILE_NBYTES * max(1, -(-nbytes // FILE_NBYTES))


def many_files(layout: Layout) -> Iterator[Notice]:
    """Yield that a run has more files than quotas and backups like, and what to do."""
    files = footprint(layout).files
    if files <= MANY_FILES:
        return
    text = (
        f"{files:,} files in {layout.grid.blocks:,} blocks: file systems of clusters count them, "
        f"and more than {MANY_FILES:,} are slow to copy and to remove; keep fewer outputs, ask for "
        "statistics instead of members, or say longer blocks (block:)"
    )
    yield Notice(FILES, text, value=float(files), upper=float(MANY_FILES), units="1")
