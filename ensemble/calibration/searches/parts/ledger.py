"""What searches have spent and met, up to their boundaries: the same for every kind of search."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.searches._contract import Asked, State, Task, Told
from ensemble.calibration.searches.parts import equifinal
from kernels import F8, I8, compiled


@compiled
def _append(search, u, cost, tallies, pending, pending_u, pending_cost, met):  # type: ignore[no-untyped-def]
    """Add candidates to what their searches have pending; there is room."""
    for i in range(len(search)):
        s = search[i]
        at = pending[s]
        pending_cost[s, at] = cost[i]
        for j in range(u.shape[1]):
            pending_u[s, at, j] = u[i, j]
        for t in range(tallies.shape[1]):
            met[s, t] += tallies[i, t]
        pending[s] = at + 1


def _wider(array: NDArray[Any], length: int) -> NDArray[Any]:
    """Return an array with more room along its last axis."""
    wide = np.zeros((*array.shape[:-1], length), array.dtype)
    wide[..., : array.shape[-1]] = array
    return wide


class Ledger:
    """Evaluations, events and equifinal candidates of S searches.

    What is told is pending until its search comes to a boundary: a kill takes it along, and it is
    told again.

    Attributes
    ----------
    evaluations : ndarray, shape (S,), int64
    tallies : ndarray, shape (S, t), int64
    limit : ndarray, shape (S,)
        Up to which cost a candidate is equifinal, by the best one at the last boundary; inf where
        every candidate may still be.
    """

    def __init__(self, task: Task) -> None:
        size, n = task.size, task.parameters
        self._factor = task.equifinal
        self.evaluations = np.zeros(size, np.int64)
        self.tallies = np.zeros((size, task.tallies), np.int64)
        self.limit = np.full(size, np.inf)
        self._costs, self._count = np.zeros((size, 64)), np.zeros(size, np.int64)
        self._stairs = np.zeros((size, n, 2, 2, 16))
        self._steps = np.zeros((size, n, 2), np.int64)
        self._pending = np.zeros(size, np.int64)
        self._met = np.zeros_like(self.tallies)
        self._told_u, self._told_cost = np.empty((size, 64, n)), np.empty((size, 64))

    def add(self, asked: Asked, told: Told) -> None:
        """Take what became of candidates; those that cannot be equifinal have no cost here."""
        need = self._pending + np.bincount(asked.search, minlength=len(self._pending))
        if (most := int(need.max(initial=0))) > (held := self._told_cost.shape[1]):
            most = max(most, 2 * held)
            self._told_cost = _wider(self._told_cost, most)
            by_parameter = self._told_u.transpose(0, 2, 1)
            self._told_u = np.ascontiguousarray(_wider(by_parameter, most).transpose(0, 2, 1))
        cost = np.where(np.isfinite(told.cost), told.cost, np.inf)
        if told.violation is not None:
            cost = np.where(told.violation > 0, np.inf, cost)
        tallies = told.tallies
        if tallies is None:
            tallies = np.zeros((len(asked), self.tallies.shape[1]), np.int64)
        places = (self._pending, self._told_u, self._told_cost, self._met)
        _append(asked.search, asked.u, cost, tallies, *places)

    def commit(self, which: I8, best: F8) -> None:
        """Have searches be at a boundary.

        Parameters
        ----------
        which : ndarray, shape (k,), int64
        best : ndarray, shape (k,)
            Cost of the best of each; inf where it is no candidate or violates a limit.
        """
        self.evaluations[which] += self._pending[which]
        self.tallies[which] += self._met[which]
        self._met[which] = 0
        limit = self.near(best)
        self.limit[which] = limit
        # Without a best one, nothing that counts has been told.
        limit = np.where(np.isfinite(best), limit, -np.inf)
        while short := equifinal.take(
            which,
            limit,
            *(self._pending, self._told_u, self._told_cost),
            *(self._costs, self._count, self._stairs, self._steps),
        ):
            if short == 1:
                self._costs = _wider(self._costs, 2 * self._costs.shape[-1])
            else:
                self._stairs = _wider(self._stairs, 2 * self._stairs.shape[-1])

    def near(self, best: F8) -> F8:
        """Return up to which cost a candidate is equifinal beside the best; inf without one."""
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(best), best + (self._factor - 1) * np.abs(best), np.inf)

    def spent(self) -> I8:
        """Return the evaluations of each search, pending ones among them."""
        spent: I8 = self.evaluations + self._pending
        return spent

    def ranges(self, limit: F8) -> tuple[F8, F8, I8]:
        """Return what `Batch.equifinal` does."""
        low, high = np.empty((2, *self._steps.shape[:2]))
        found = np.empty(len(low), np.int64)
        kept = (self._costs, self._count, self._stairs, self._steps)
        equifinal.ranges(np.asarray(limit, np.float64), *kept, low, high, found)
        return low, high, found

    def state(self) -> State:
        """Return copies of what is of the boundaries."""
        costs = self._costs[:, : self._count.max(initial=0)]
        stairs = self._stairs[..., : self._steps.max(initial=0)]
        return {
            "evaluations": self.evaluations.copy(),
            "tallies": self.tallies.copy(),
            "equifinal_limit": self.limit.copy(),
            "equifinal_costs": _cut(costs, self._count),
            "equifinal_count": self._count.copy(),
            "equifinal_stairs": _cut(stairs, self._steps[:, :, :, None]),
            "equifinal_steps": self._steps.copy(),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from the boundaries of a state; what is pending is forgotten."""
        self.evaluations = state["evaluations"].copy()
        self.tallies = state["tallies"].copy()
        self.limit = state["equifinal_limit"].copy()
        self._costs = _wider(state["equifinal_costs"], max(64, state["equifinal_costs"].shape[-1]))
        self._count = state["equifinal_count"].copy()
        stairs = state["equifinal_stairs"]
        self._stairs = _wider(stairs, max(16, stairs.shape[-1]))
        self._steps = state["equifinal_steps"].copy()
        self._pending[:] = 0
        self._met[:] = 0


def _cut(array: F8, count: I8) -> F8:
    """Return a copy with zeros behind each row's own number, so that equal states are equal."""
    return np.where(np.arange(array.shape[-1]) < count[..., None], array, 0.0)
