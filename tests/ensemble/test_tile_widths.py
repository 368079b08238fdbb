"""How wide and deep a tile is: by what it costs, from the scenario alone."""

import math

import numpy as np
import pytest

import kernels
from ensemble.members import tile_sizes
from ensemble.members.tiles import Tiler

DAYS = 365


class Shapes:
    """A kernel of one stage whose tiles are only looked at, and the tiles of a block of it."""

    def __init__(self, values, *, lanes=1, together=1, shared=0.0, seconds=4e-6):
        def open_(options):
            return lambda batch, out, status: None

        kernel = kernels.Kernel(
            name="shapes",
            title="Shapes",
            source="tests",
            parameters=(kernels.Parameter("a", "1", 1.0, 0.0, 2.0, "a", "tests"),),
            drivers=(kernels.Variable("d", "1", "a driver", ()),),
            outputs=(kernels.Variable("y", "1", "what is made", ("time",)),),
            stages=(kernels.Stage("s", ("a",), ("d",), (), ("y",), open_),),
            options=type(None),
            seconds=lambda options, sizes: seconds,
            shared_seconds=lambda options, sizes: shared,
            lanes=lanes,
        )
        self.tiler = Tiler(kernel, None, ("y",), {"time": values}, together)

    def of(self, locations, samples):
        """Return locations and samples of every tile of a block."""

        def levels(names, start, stop):
            return np.arange(stop - start), np.arange(stop - start)

        drivers = {"d": np.zeros(locations)}
        rows = {"a": np.ones((1, samples))}
        return [
            (t.locations.stop - t.locations.start, t.samples.stop - t.samples.start)
            for t in self.tiler.tiles(drivers, {}, rows, levels, samples)
        ]


@pytest.mark.parametrize(
    ("shapes", "block", "widest"),
    [
        # A century of years: 4,096 samples are 3.7 MiB.
        (Shapes(119), (1, 10_000), (1, 4096)),
        # A steady state: more would be no faster.
        (Shapes(1), (1, 10_000), (1, 4096)),
        # Some 8 ms of kernel, so that Python for each tile is a small part of it.
        (Shapes(1, seconds=1e-6), (1, 10_000), (1, 8000)),
        (Shapes(1, seconds=1e-8), (1, 100_000), (1, 32_768)),
        (Shapes(1, seconds=0.0), (1, 100_000), (1, 32_768)),
        (Shapes(119, seconds=1e-8), (1, 10_000), (1, 4405)),
        (Shapes(10, seconds=1e-8, together=60), (1, 100_000), (1, 32_760)),
        # A year of days: as many samples as 4 MiB hold.
        (Shapes(DAYS), (1, 10_000), (1, 1436)),
        # A century of days: 13 samples would be 4 MiB, and a call wants its lanes.
        (Shapes(110 * DAYS, lanes=32), (1, 100), (1, 32)),
        (Shapes(110 * DAYS), (1, 100), (1, 13)),
        # Members of 10 ms: 5 s, and how far a block has come is known after each tile.
        (Shapes(1, seconds=1e-2), (1, 10_000), (1, 500)),
        (Shapes(1, seconds=1e-2), (1000, 50), (10, 50)),
        (Shapes(1, seconds=1e-2, lanes=32), (1000, 1), (500, 1)),
        # Of 10 s: one by one, but for the lanes of a call and groups that stay whole.
        (Shapes(1, seconds=10.0), (1000, 1), (1, 1)),
        (Shapes(1, seconds=10.0, lanes=32), (1000, 1), (32, 1)),
        (Shapes(1, seconds=10.0, together=60), (1000, 120), (1, 60)),
        # Few samples: more locations.
        (Shapes(119), (1000, 50), (88, 50)),
        # Trajectories stay whole, be they ever so large.
        (Shapes(119, together=60), (1, 10_000), (1, 4080)),
        (Shapes(110 * DAYS, together=60), (1, 120), (1, 60)),
        # What locations share is paid by tile, so all are in it and samples are few.
        (Shapes(10, shared=1.0), (5000, 64), (5000, 10)),
        (Shapes(10, shared=1.0, together=12), (5000, 96), (5000, 12)),
    ],
)
def test_tiles_are_as_wide_as_they_cost(shapes, block, widest):
    made = shapes.of(*block)
    assert made[0] == widest
    assert sum(math.prod(tile) for tile in made) == math.prod(block)


@pytest.mark.parametrize("values", [1, 12, 119, DAYS, 3650])
@pytest.mark.parametrize("together", [1, 9])
def test_no_tile_is_larger_than_it_need_be(values, together):
    for depth, width in Shapes(values, together=together).of(60, 9 * 700):
        assert 8 * values * depth * width <= tile_sizes.TILE_BYTES or width == together
        assert width <= tile_sizes.TILE_SAMPLES
