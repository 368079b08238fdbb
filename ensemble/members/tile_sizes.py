"""How wide and deep tiles are: by what they cost and hold, from the scenario alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

TILE_SAMPLES = 32768
LEAST_SAMPLES = 4096
TILE_SECONDS = 8e-3
TILE_BYTES = 4 << 20
MOST_SECONDS = 5.0
"""A tile's largest array takes so many bytes, in up to so many samples: as many as the kernel says
take so many seconds, between the least and the most. Each tile costs some 0.1-0.2 ms of Python, for
which threads wait for one another; beyond the caches, arrays run at the speed of memory, and nobody
can interrupt a call. Members by days of decades are fewer: how far a block has come is known after
each tile."""

MOST_TILE_BYTES = 128 << 20
"""What the stages of a tile fill, at most, unless one group of rows or one call's lanes take more:
daily series of a century are 0.3 MB for each member and output."""


@dataclass(frozen=True)
class TileSizes:
    """What tiles are cut by.

    Attributes
    ----------
    filled : mapping of str to (int, int)
        Values of a member that each stage fills, and those of its largest array; slab by slab, if
        years are run so.
    held : tuple of int
        Values of a member in each array that a tile has of its outputs.
    beside : int
        Of these, values that are no array of a stage.
    together : int
        Samples that a tile must not part.
    lanes : int
        Members that a call should have at least.
    seconds : float
        Declared work of a member.
    shares_work : bool
        Whether locations share work that is paid by tile.
    isolated : bool
        Whether each member starts programs: a tile is one member, which costs little beside these,
        so that it is known after each how far a block has come.
    """

    filled: Mapping[str, tuple[int, int]]
    held: tuple[int, ...]
    beside: int
    together: int
    lanes: int
    seconds: float
    shares_work: bool
    isolated: bool = False

    @property
    def samples(self) -> int:
        """Return the samples of a tile in which no stage is shared."""
        return self._whole_groups(sum(self.held), self._largest(self.filled))

    def _largest(self, stages: Collection[str]) -> int:
        """Return the values of a member in the largest array that has a column for each sample."""
        return max([1, *self.held, *(self.filled[name][1] for name in stages)])

    def _whole_groups(self, values: int, largest: int) -> int:
        """Return the samples of a tile, each filling so many values: whole groups, or lanes."""
        if self.isolated:
            return self.together
        lanes = self.lanes if self.together == 1 else 1
        seconds = max(self.seconds, 1e-12)
        soon = max(LEAST_SAMPLES, int(TILE_SECONDS / seconds))
        soon = max(lanes, min(soon, int(MOST_SECONDS / seconds)))
        most = max(lanes, min(TILE_SAMPLES, soon, TILE_BYTES // (8 * largest)))
        most = min(most, MOST_TILE_BYTES // max(1, 8 * values))
        step = lanes if most > lanes > 1 else self.together
        return max(self.together, most // step * step)

    def shape(
        self, locations: int, samples: int, rows: Mapping[str, int], driver_bytes: int
    ) -> tuple[int, int]:
        """Return locations and samples of a tile.

        Parameters
        ----------
        locations, samples : int
            Of the block.
        rows : mapping of str to int
            Distinct rows of the stages that are shared.
        driver_bytes : int
            Of the drivers of a location.
        """
        alone = [name for name in self.filled if name not in rows]
        own = self.beside + sum(self.filled[name][0] for name in alone)
        largest = self._largest(alone)
        wide = min(samples, self._whole_groups(own, largest))
        if self.isolated:
            return 1, wide
        if self.shares_work:
            # What locations share is paid by tile: all of them are in one, and samples are few.
            fewer = TILE_BYTES // (8 * largest * locations)
            wide = min(wide, max(self.together, fewer // self.together * self.together))
            return max(1, min(locations, MOST_TILE_BYTES // max(1, 8 * own * wide))), wide
        shared = (self.filled[name][1] * count for name, count in rows.items())
        deep = TILE_BYTES // (8 * max([largest * wide, *shared]))
        # A stage of few rows is given more locations, as far as they may be held.
        widths = {name: rows.get(name, wide) for name in self.filled}
        filled = sum(8 * self.filled[name][0] * width for name, width in widths.items())
        lanes = -(-self.lanes // max(1, min(widths.values())))
        deep = max(deep, min(lanes, MOST_TILE_BYTES // max(1, driver_bytes + filled)))
        deep = min(deep, max(lanes, int(MOST_SECONDS / max(self.seconds * wide, 1e-12))))
        return max(1, min(locations, deep)), wide
