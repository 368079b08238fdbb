"""The searches of a block in their stages, as the one batch that a driver sees."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.searches._contract import (
    INFEASIBLE,
    LIVE,
    Asked,
    Found,
    State,
    Told,
)
from ensemble.calibration.searches.parts.stage import MOST_ITERATIONS, Book, Stage
from kernels import F8, I8


class Ending(Stage, Protocol):
    """A stage that goes on from where another has ended.

    Attributes
    ----------
    jacobian : ndarray, shape (S, m, n)
    residuals_there : ndarray, shape (S, m)
        At the best point; NaN where they are not known.
    """

    jacobian: F8

    @property
    def residuals_there(self) -> F8:
        """Return the residuals at the best points."""
        ...

    @property
    def idle(self) -> NDArray[np.bool_]:
        """Return which searches have not begun."""
        ...

    def begin(self, which: I8, u: F8) -> None:
        """Have searches begin from points (k, n)."""
        ...


class Staged:
    """A `Batch` of a stage, and of what ends it where the cost is a sum of squares.

    Parameters
    ----------
    book : Book
    main : Stage
    ending : Ending, optional
        ``main`` itself where it ends by itself.
    """

    def __init__(self, book: Book, main: Stage, ending: Ending | None = None) -> None:
        self._book, self._main, self._ending = book, main, ending
        self._stages: dict[str, Stage] = {"main": main}
        if ending is not None and ending is not main:
            self._stages["ending"] = ending
        self._asked: Asked | None = None
        self._parts: list[Asked] = []
        self._order = np.empty(0, np.int64)

    def ask(self) -> Asked:
        """Return the candidates of the next round, by search."""
        if self._asked is None:
            self._parts = [stage.ask() for stage in self._stages.values()]
            search = np.concatenate([part.search for part in self._parts])
            u = np.concatenate([part.u for part in self._parts])
            needed = np.concatenate([part.needed_below for part in self._parts])
            self._order = np.argsort(search, kind="stable")
            self._asked = Asked(search[self._order], u[self._order], needed[self._order])
        return self._asked

    def tell(self, told: Told) -> None:
        """Take what became of them."""
        asked = self.ask()
        if len(told.cost) != len(asked):
            raise ValueError(f"found {len(told.cost)} costs of {len(asked)} candidates")
        if self._ending is not None and told.residuals is None:
            raise ValueError("found no residuals; the cost was said to be a sum of squares")
        self._book.ledger.add(asked, told)
        back = np.empty_like(self._order)
        back[self._order] = np.arange(len(back))
        self._asked, first = None, 0
        for stage, part in zip(self._stages.values(), self._parts, strict=True):
            if len(part):
                stage.tell(part, _of(told, back[first : first + len(part)]))
            first += len(part)
        self._hand_over()

    def _hand_over(self) -> None:
        """Have searches whose main stage is over begin the next."""
        if self._ending is not None and self._ending is not self._main:
            left = self._ending.idle & (self._main.reason != LIVE)
            which = np.flatnonzero(left & np.isfinite(self._main.cost))
            self._ending.begin(which, self._main.u[which])

    def state(self) -> State:
        """Return copies of what all goes on from."""
        states = {"": self._book.state(), **{n: s.state() for n, s in self._stages.items()}}
        return {f"{n}_{k}".lstrip("_"): a for n, s in states.items() for k, a in s.items()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a state; see `Batch.restore`."""
        _check(state, self.state(), self._book.task.size)
        self._book.restore(state)
        for name, stage in self._stages.items():
            mine = {k.removeprefix(f"{name}_"): a for k, a in state.items() if k.startswith(name)}
            stage.restore(mine)
        self._asked = None

    def found(self) -> Found:
        """Return what was found; of searches that have ended, for good."""
        main, ending, trace = self._main, self._ending, self._book.trace
        u, cost, violation = main.u.copy(), main.cost.copy(), main.violation.copy()
        jacobian = residuals = None
        over = main.reason != LIVE
        if ending is not None:
            over &= (ending.reason != LIVE) | ~np.isfinite(main.cost)
            better = np.isfinite(ending.cost)
            better &= (ending.violation < violation) | (
                (ending.violation == violation) & (ending.cost <= cost)
            )
            u[better], cost[better] = ending.u[better], ending.cost[better]
            violation[better] = ending.violation[better]
            jacobian, residuals = ending.jacobian.copy(), ending.residuals_there.copy()
        u[~np.isfinite(cost)] = np.nan
        outside = over & np.isfinite(cost) & (violation > 0)
        reason = np.where(outside, INFEASIBLE, np.where(over, main.reason, LIVE))
        length = int(trace.last.max(initial=-1)) + 1
        return Found(
            reason=reason,
            evaluations=self._book.ledger.evaluations.copy(),
            generations=np.maximum(trace.last, 0),
            u=u,
            cost=cost,
            violation=violation,
            trace_cost=trace.cost[:, :length].copy(),
            trace_violation=trace.violation[:, :length].copy(),
            trace_range=trace.span[:, :length].copy(),
            trace_evaluations=trace.evaluations[:, :length].copy(),
            population=main.population.copy(),
            population_cost=main.population_cost.copy(),
            population_violation=main.population_violation.copy(),
            tallies=self._book.ledger.tallies.copy(),
            jacobian=jacobian,
            residuals=residuals,
        )

    def equifinal(self, limit: F8) -> tuple[F8, F8, I8]:
        """Return the ranges of the equifinal candidates; see `Batch.equifinal`."""
        return self._book.ledger.ranges(limit)


def _of(told: Told, rows: I8) -> Told:
    """Return what became of some of the candidates."""
    return replace(
        told,
        cost=told.cost[rows],
        violation=None if told.violation is None else told.violation[rows],
        residuals=None if told.residuals is None else told.residuals[rows],
        tallies=None if told.tallies is None else told.tallies[rows],
    )


def _check(state: Mapping[str, NDArray[Any]], mine: State, size: int) -> None:
    """Raise `ValueError` where a state is not of such a batch; lengths that grow may differ."""
    grow = ("trace_", "equifinal_", "main_told")
    wrong = sorted(mine.keys() ^ set(state))
    wrong += [n for n in mine.keys() & set(state) if len(state[n]) != size]
    wrong += [
        name
        for name, array in mine.items()
        if name in state and not name.startswith(grow) and state[name].shape != array.shape
    ]
    if wrong:
        named = ", ".join(dict.fromkeys(wrong))
        raise ValueError(f"the state is of other searches: {named} differ; begin them again")


def ending(book: Book, *, polish: bool) -> Ending | None:
    """Return what ends other searches, where the cost is a sum of squares."""
    if book.task.residuals is None:
        return None
    from ensemble.calibration.searches.parts.descent import Descent

    return Descent(book, starts=1, iterations=MOST_ITERATIONS if polish else 0, two_sided=False)
