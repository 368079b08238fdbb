"""The best of searches, and the range of their points, generation by generation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.searches._contract import State
from kernels import F8, I8


class Trace:
    """Generations of S searches; each adds to its own when it comes to a boundary.

    Attributes
    ----------
    last : ndarray, shape (S,), int64
        The last generation of each, from 0 on; -1 before the first.
    cost, violation, span : ndarray, shape (S, g)
        NaN behind the last.
    evaluations : ndarray, shape (S, g), int64
        -1 behind the last.
    """

    def __init__(self, size: int) -> None:
        self.last = np.full(size, -1)
        self.cost, self.violation, self.span = np.full((3, size, 64), np.nan)
        self.evaluations = np.full((size, 64), -1)

    def add(self, which: I8, cost: F8, violation: F8, span: F8, evaluations: I8) -> None:
        """Add a generation of each of some searches."""
        self.last[which] += 1
        at = self.last[which]
        if len(at) and at.max() >= self.cost.shape[1]:
            self._widen(2 * self.cost.shape[1])
        self.cost[which, at], self.violation[which, at] = cost, violation
        self.span[which, at], self.evaluations[which, at] = span, evaluations

    def _widen(self, length: int) -> None:
        """Make room for so many generations."""
        more = ((0, 0), (0, length - self.cost.shape[1]))
        self.cost = np.pad(self.cost, more, constant_values=np.nan)
        self.violation = np.pad(self.violation, more, constant_values=np.nan)
        self.span = np.pad(self.span, more, constant_values=np.nan)
        self.evaluations = np.pad(self.evaluations, more, constant_values=-1)

    def state(self) -> State:
        """Return copies, without room to spare."""
        length = int(self.last.max(initial=-1)) + 1
        return {
            "generation": self.last.copy(),
            "trace_cost": self.cost[:, :length].copy(),
            "trace_violation": self.violation[:, :length].copy(),
            "trace_range": self.span[:, :length].copy(),
            "trace_evaluations": self.evaluations[:, :length].copy(),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a state."""
        self.last = state["generation"].copy()
        self.cost, self.violation = state["trace_cost"].copy(), state["trace_violation"].copy()
        self.span = state["trace_range"].copy()
        self.evaluations = state["trace_evaluations"].copy()
        self._widen(max(64, self.cost.shape[1]))
