"""Searches of a library that cannot be saved: their costs are kept, and told to it again.

A pickled optimiser goes on elsewhere than it would have (measured: cmaes 0.13), or cannot be
pickled. A new one with the same seed that is told the same costs comes to the same point, for the
library's own time alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.searches._contract import (
    BUDGET,
    ENDED,
    LIVE,
    NO_FINITE_START,
    Asked,
    State,
    Told,
)
from ensemble.calibration.searches.parts import streams
from ensemble.calibration.searches.parts.child import Child
from ensemble.calibration.searches.parts.stage import REDRAWN, Book, ordered
from kernels import I8

GENERATION = 100
"""Evaluations after which the best is noted; so many of the last are the population."""


class Replayed:
    """Searches of spotpy, each in its turn, in one child process; a `Stage`.

    Parameters
    ----------
    book : Book
    budget : int
        Evaluations of each search, here.
    algorithm : str
    settings : mapping
    repetitions : int
        As spotpy counts.
    """

    def __init__(
        self,
        book: Book,
        budget: int,
        algorithm: str,
        settings: Mapping[str, Any],
        repetitions: int,
    ) -> None:
        task = book.task
        size, n = task.size, task.parameters
        self._book, self._budget = book, budget
        self._words = {
            "algorithm": algorithm,
            "settings": dict(settings),
            "repetitions": repetitions,
            "budget": budget,
            "parameters": n,
        }
        self.reason = np.zeros(size, np.int64)
        self.u, (self.cost, self.violation) = np.full((size, n), np.nan), np.full((2, size), np.inf)
        self.population = np.full((size, GENERATION, n), np.nan)
        self.population_cost, self.population_violation = np.full((2, size, GENERATION), np.inf)
        self._costs, self._calls = np.zeros((size, GENERATION)), np.zeros(size, np.int64)
        self._points = np.empty((size, n))
        self._child: Child | None = None
        self._live = np.empty(0, np.int64)

    def ask(self) -> Asked:
        """Return what each live search asks for; starts the child where it is not there."""
        live = np.flatnonzero(self.reason == LIVE)
        if self._child is None and len(live):
            self._begin(live)
            live = np.flatnonzero(self.reason == LIVE)
        return Asked(live, self._points[live].copy(), np.full(len(live), np.inf))

    def _begin(self, live: I8) -> None:
        """Start the child, and have it come to where the searches are."""
        task = self._book.task
        groups, restarts = (tuple(np.array(x)[live]) for x in (task.groups, task.restarts))
        keys = streams.keys(task.seed, groups, restarts, "starts")
        word = streams.words(keys, np.zeros(len(live), np.int64), 1)[:, 0]
        seeds = [int(w & np.uint64(0xFFFFFFFF)) for w in word]
        known = [self._costs[s, : self._calls[s]] for s in live]
        include = np.empty((0, task.parameters)) if task.include is None else task.include
        self._child, self._live = Child("spotpy_child", self._words), live
        self._heard(self._child.tell((seeds, known, include)))

    def _heard(self, said: Mapping[int, Any]) -> None:
        """Take what searches ask for, or why they have ended."""
        over = []
        for i, what in said.items():
            s = self._live[i]
            if not isinstance(what, str):
                self._points[s] = what
                continue
            if what not in ("ended", "budget"):
                raise RuntimeError(f"spotpy's {self._words['algorithm']} raised {what}")
            why = ENDED if what == "ended" else BUDGET
            self.reason[s] = why if np.isfinite(self.cost[s]) else NO_FINITE_START
            over.append(s)
        self._note(np.array(over, np.int64), last=True)
        if self._child is not None and (self.reason[self._live] != LIVE).all():
            self._child.end()

    def _note(self, which: I8, *, last: bool) -> None:
        """Note the best of searches after every hundred evaluations, and at the end."""
        whole = self._calls[which] % GENERATION == 0
        noted = which[~whole | (self._calls[which] == 0)] if last else which[whole]
        noted = noted[np.isfinite(self.cost[noted])]
        trace, spent = self._book.trace, self._book.ledger.evaluations
        span = np.full(len(noted), np.nan)
        trace.add(noted, self.cost[noted], self.violation[noted], span, spent[noted])

    def tell(self, asked: Asked, told: Told) -> None:
        """Take costs, and pass them on; every call is a boundary."""
        cost, violation = ordered(told)
        s = asked.search
        at = self._calls[s]
        if at.max() >= self._costs.shape[1]:
            self._costs = np.pad(self._costs, ((0, 0), (0, self._costs.shape[1])))
        # spotpy knows one number: outside the limits it is that of a failure.
        self._costs[s, at] = passed = np.where(violation > 0, np.inf, cost)
        self.population[s, at % GENERATION] = asked.u
        self.population_cost[s, at % GENERATION] = cost
        self.population_violation[s, at % GENERATION] = violation
        self._calls[s] += 1
        better = (violation < self.violation[s]) | (
            (violation == self.violation[s]) & (cost < self.cost[s])
        )
        best = s[better]
        self.u[best], self.cost[best] = asked.u[better], cost[better]
        self.violation[best] = violation[better]
        outside = self.violation[s] > 0
        self._book.ledger.commit(s, np.where(outside, np.inf, self.cost[s]))
        self._note(s, last=False)
        lost = (self._calls[s] >= REDRAWN * GENERATION) & ~np.isfinite(self.cost[s])
        places = {int(t): i for i, t in enumerate(self._live)}
        assert self._child is not None
        answers = {
            places[int(t)]: None if gone else float(value)
            for t, gone, value in zip(s, lost, passed, strict=True)
        }
        self._heard(self._child.tell(answers))

    def state(self) -> State:
        """Return copies of the costs told, and of the best and the last candidates."""
        length = int(self._calls.max(initial=0))
        return {
            "reason": self.reason.copy(),
            "calls": self._calls.copy(),
            "told": self._costs[:, :length].copy(),
            **{name: getattr(self, name).copy() for name in KEPT},
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from there: a new child is told the costs again."""
        if self._child is not None:
            self._child.end()
        self._child = None
        self.reason, self._calls = state["reason"].copy(), state["calls"].copy()
        length = state["told"].shape[1]
        self._costs = np.zeros((len(self.reason), max(GENERATION, length)))
        self._costs[:, :length] = state["told"]
        for name in KEPT:
            setattr(self, name, state[name].copy())


KEPT = ("u", "cost", "violation", "population", "population_cost", "population_violation")
