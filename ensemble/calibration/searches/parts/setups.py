"""Spotpy set-ups of the user's own: parameters, simulation, observations and objective as they are.

Nothing of ours computes them, so they are no `Batch`: an algorithm of spotpy runs one in a process
of its own, and says each objective as it comes. One that goes on is told those that are known, in
the order of its calls, and computes them no more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ensemble.calibration.searches.parts import streams
from ensemble.calibration.searches.parts.child import Child
from ensemble.calibration.searches.parts.spotpy_child import MINIMISE
from kernels import F8


class SetupRun:
    """A run of a set-up; iterated over, it yields parameters (p,) and objectives (o,) of calls.

    Parameters
    ----------
    setup : str
        ``"module:Class"``.
    algorithm : str
        Any of spotpy's.
    settings : mapping
        What its method ``sample`` takes besides repetitions.
    repetitions : int
        As spotpy counts them.
    seed : int
        Of the scenario.
    restart : int
    known : ndarray, shape (c, o), optional
        Objectives of the first calls, from a run that was killed: these are not yielded again.

    Attributes
    ----------
    names : tuple of str
        Of its parameters.
    minimises : bool
        Whether the algorithm makes its objective small; others make it large.
    """

    def __init__(
        self,
        setup: str,
        algorithm: str,
        settings: Mapping[str, Any],
        repetitions: int,
        *,
        seed: int,
        restart: int,
        known: F8 | None = None,
    ) -> None:
        key = streams.key(seed, setup, restart, "starts")
        word = streams.words(key[None], np.zeros(1, np.int64), 1)[0, 0]
        words = {
            "setup": setup,
            "algorithm": algorithm,
            "settings": dict(settings),
            "repetitions": repetitions,
            "seed": int(word & np.uint64(0xFFFFFFFF)),
        }
        self.minimises = algorithm in MINIMISE | {"NSGAII", "padds"}
        self._child = Child("setup_child", words)
        self.names: tuple[str, ...] = self._child.tell(np.empty((0, 1)) if known is None else known)

    def __iter__(self) -> Iterator[tuple[F8, F8]]:
        """Yield parameters and objectives of the calls that are not known, as they come.

        Raises
        ------
        RuntimeError
            The set-up or the algorithm raised; with the end of what it said.
        """
        while (found := self._child.hear()) is not None:
            yield found
        self._child.end()

    def end(self) -> None:
        """End it before its end."""
        self._child.end()
