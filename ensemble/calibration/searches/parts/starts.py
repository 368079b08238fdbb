"""Where descents start: points of a scrambled Sobol sequence of each search's own."""

from collections.abc import Mapping
from functools import cached_property
from inspect import signature

import numpy as np

from ensemble.calibration.searches._contract import Task
from ensemble.calibration.searches.parts import streams
from kernels import F8, I8


class Starts:
    """As many points at a time as a search has starts, (K, n) of each.

    Parameters
    ----------
    task : Task
        Its points to include are the first of the first draw.
    number : int
        K.
    """

    def __init__(self, task: Task, number: int) -> None:
        self._task, self._number = task, number

    @cached_property
    def _seeds(self) -> I8:
        task = self._task
        keys = streams.keys(task.seed, task.groups, task.restarts, "starts")
        word = streams.words(keys, np.zeros(len(keys), np.int64), 1)[:, 0]
        return (word & np.uint64(0xFFFFFFFF)).astype(np.int64)

    def points(self, which: I8, draw: I8) -> F8:
        """Return the starts of searches, (k, K, n), of their draw ``draw`` (S,)."""
        n, number = self._task.parameters, self._number
        found = np.empty((len(which), number, n))
        for at, s in enumerate(which):
            found[at] = sobol(n, int(self._seeds[s]), int(draw[s]) * number, number)
            if self._task.include is not None and draw[s] == 0:
                found[at, : len(self._task.include)] = self._task.include[:number]
        return found


def sobol(n: int, seed: int, first: int, number: int) -> F8:
    """Return some points of a scrambled Sobol sequence, (number, n)."""
    from scipy.stats import qmc  # type: ignore[import-untyped]

    # scipy renamed seed= to rng= in 1.15; a number means the same to both.
    word = "rng" if "rng" in signature(qmc.Sobol).parameters else "seed"
    words: Mapping[str, int] = {word: seed}
    # A power of two, or scipy warns of an unbalanced sequence; the first are the same.
    whole = 1 << (first + number - 1).bit_length()
    points: F8 = qmc.Sobol(n, scramble=True, **words).random(whole)
    return points[first : first + number]
