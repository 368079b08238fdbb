"""What searches of a block do one after the other: a search proper, and what ends it.

A stage asks for the candidates of those searches that are in it, in any order, is told, and writes
in the ledger and the trace that they share when a search comes to a boundary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.searches._contract import Asked, State, Task, Told
from ensemble.calibration.searches.parts.ledger import Ledger
from ensemble.calibration.searches.parts.trace import Trace
from kernels import F8, I8

MOST_ITERATIONS = 60
"""Of a descent; with 30 nearly every one that could still fall is cut off."""

REDRAWN = 10
"""How often a start of which every point fails is drawn anew."""


@dataclass(frozen=True)
class Book:
    """What the stages of a batch share.

    Attributes
    ----------
    task : Task
    ledger : Ledger
    trace : Trace
    """

    task: Task
    ledger: Ledger
    trace: Trace

    @classmethod
    def of(cls, task: Task) -> "Book":
        """Return that of searches which have not begun."""
        return cls(task, Ledger(task), Trace(task.size))

    def boundary(self, which: I8, cost: F8, violation: F8, span: F8) -> None:
        """Write that searches are at a boundary, and their best ones there."""
        self.ledger.commit(which, np.where(violation > 0, np.inf, cost))
        self.trace.add(which, cost, violation, span, self.ledger.evaluations[which])

    def state(self) -> State:
        """Return copies of both."""
        return {**self.ledger.state(), **self.trace.state()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a state."""
        self.ledger.restore(state)
        self.trace.restore(state)


class Stage(Protocol):
    """One of the stages of a batch.

    Attributes
    ----------
    reason : ndarray, shape (S,), int64
        Why each search left it; `LIVE` while it is in it, or has not come to it.
    u, cost, violation : ndarray, shape (S, n), (S,), (S,)
        The best at the last boundary.
    population, population_cost, population_violation : ndarray, shape (S, s, n), (S, s), (S, s)
        All that it goes on from.
    """

    reason: I8
    population: F8
    population_cost: F8
    population_violation: F8

    @property
    def u(self) -> F8:
        """Return the best points."""
        ...

    @property
    def cost(self) -> F8:
        """Return their costs."""
        ...

    @property
    def violation(self) -> F8:
        """Return their violations."""
        ...

    def ask(self) -> Asked:
        """Return what its searches ask for; the same until it is told."""
        ...

    def tell(self, asked: Asked, told: Told) -> None:
        """Take what became of it; the ledger has it already."""
        ...

    def state(self) -> State:
        """Return copies of what is of boundaries."""
        ...

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from there."""
        ...


def ordered(told: Told) -> tuple[F8, F8]:
    """Return costs and violations by which candidates are compared: both inf where one failed."""
    violation = np.zeros(len(told.cost)) if told.violation is None else told.violation
    failed = ~(np.isfinite(told.cost) & np.isfinite(violation))
    return np.where(failed, np.inf, told.cost), np.where(failed, np.inf, violation)


def kept_back(parameters: int, *, polish: bool) -> int:
    """Return the evaluations that a search leaves to what ends it, where residuals exist.

    The best point again, for its residuals; their derivative there; and to polish, so many
    iterations as one takes evaluations.
    """
    iteration = parameters + 5
    return 1 + parameters + (iteration * iteration if polish else 0)
