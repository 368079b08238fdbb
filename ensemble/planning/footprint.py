"""What a run leaves on a disk, and what writing it takes: many small files cost more than bytes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ensemble.members import across_forcings
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
    """

    files: int
    nbytes: int


def footprint(layout: Layout) -> Footprint:
    """Return what a run leaves on a disk."""
    experiment, blocks = layout.experiment, layout.grid.blocks
    drivers = sum(len(drivers) for drivers in experiment.drivers)
    # Drivers are a chunk for each forcing, of bytes that are counted as they come.
    files, nbytes = blocks + drivers, blocks * FILE_NBYTES + drivers * FILE_NBYTES
    for spec in (*layout.arrays, *across_forcings.arrays(layout)):
        chunks = math.prod(-(-n // c) for n, c in zip(spec.shape, spec.chunks, strict=True))
        files += chunks + 1
        nbytes += chunks * FILE_NBYTES * -(-spec.chunk_nbytes // FILE_NBYTES) + FILE_NBYTES
    return Footprint(files, nbytes)


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
