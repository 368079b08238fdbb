"""A work that has no kernel, no scenario and no carbon: it squares numbers, block by block.

``COUNTING_CRASHES="17"`` kills the process that squares 17; ``COUNTING_SECONDS`` makes blocks slow.
"""

import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from ensemble.store.arrays import ArraySpec
from ensemble.store.grid import Axis, Grid, Result
from ensemble.store.writing import create

NAME = "models.counting"
ROWS, CELLS = Axis("row", 6, 2), Axis("cell", 40, 10)
SHAPES = {"dims": ("row", "cell"), "shape": (6, 40), "chunks": (2, 10)}
FATAL = {int(word) for word in os.environ.get("COUNTING_CRASHES", "").split()}


@dataclass(frozen=True)
class Numbers:
    """Numbers of a block, first and last + 1 row and cell."""

    rows: slice
    cells: slice

    @property
    def numbers(self):
        return (self.rows.start, self.rows.stop, self.cells.start, self.cells.stop)

    @property
    def members(self):
        return (self.rows.stop - self.rows.start) * (self.cells.stop - self.cells.start)

    def halves(self):
        a, b, c, d = self.numbers
        if b - a > 1:
            return Numbers(slice(a, a + 1), self.cells), Numbers(slice(a + 1, b), self.cells)
        return Numbers(self.rows, slice(c, (c + d) // 2)), Numbers(
            self.rows, slice((c + d) // 2, d)
        )

    def member(self):
        return (self.rows.start, self.cells.start), f"{self.rows.start}/{self.cells.start}"


class Counting:
    """Squares ``40 row + cell``; those in quarantine are left at 0."""

    grid = Grid((ROWS, CELLS))
    arrays = (
        ArraySpec("square", "int64", **SHAPES, fill=0),
        ArraySpec("status", "uint8", **SHAPES, fill=255),
    )
    seconds_per_block, time_limit, pauses = 0.01, 0.0, False

    def __init__(self, lost=None):
        self.lost = lost or {}

    def open(self, leave=None, tell=None):
        def run(key):
            time.sleep(float(os.environ.get("COUNTING_SECONDS", "0")))
            rows, cells = self.grid.spans(key)
            square, status = self.squares(rows, cells)
            counts = dict(
                zip(*map(np.ndarray.tolist, np.unique(status, return_counts=True)), strict=True)
            )
            return Result(
                {"square": square, "status": status}, counts, {"sum": square.sum(keepdims=True)}
            )

        return run

    def squares(self, rows, cells):
        numbers = np.add.outer(
            40 * np.arange(rows.start, rows.stop), np.arange(cells.start, cells.stop)
        )
        status = np.zeros(numbers.shape, np.uint8)
        for (row, cell), case in self.lost.items():
            if rows.start <= row < rows.stop and cells.start <= cell < cells.stop:
                status[row - rows.start, cell - cells.start] = case.status
        if FATAL & set(numbers[status == 0].tolist()):
            os.kill(os.getpid(), signal.SIGSEGV)
        return np.where(status == 0, numbers**2, 0), status

    def compile(self):
        pass

    def parts(self, key):
        return [Numbers(*self.grid.spans(key))]

    def probe(self, key, numbers):
        self.squares(slice(*numbers[:2]), slice(*numbers[2:]))

    def finish(self, store, committed):
        sums = [store.read_partials(key)["sum"][0, 0] for key in self.grid.keys()]
        store.root.write("total", str(sum(map(int, sums))).encode(), sync=False)


def open_work(store):
    return Counting(store.quarantined())


join = open_work


def make(path):
    """Create a store of this work."""
    attrs = {
        **{"soilsweep_format": 2, "title": "squares", "work": NAME, "synthetic": ""},
        **{"identity": {"kernel": {}, "scenario": {}}, "accepted_changes": []},
    }
    return create(path, Counting.arrays, attrs, {})
