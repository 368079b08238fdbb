"""Gauss-Newton with Marquardt's lambda from several starts, of all searches of a block.

Marquardt, D. W. (1963), Journal of the Society for Industrial and Applied Mathematics 11, 431-441,
https://doi.org/10.1137/0111030; several lambdas side by side as PEST++ tries them (White, J. T. et
al. (2020), https://doi.org/10.3133/tm7C26). The starts of a search go through an iteration together
and never know of each other, but for the budget.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.searches._contract import (
    BUDGET,
    CONVERGED,
    ITERATIONS,
    LIVE,
    NO_FINITE_START,
    Asked,
    State,
    Told,
)
from ensemble.calibration.searches.parts import descent_steps as steps
from ensemble.calibration.searches.parts.slopes import Slopes
from ensemble.calibration.searches.parts.stage import REDRAWN, Book, ordered
from ensemble.calibration.searches.parts.starts import Starts
from kernels import F8, I8

Rows = tuple[I8, ...]

IDLE, START, ITERATING, FINAL, DONE = range(5)
"""Where a search is: it has not begun, evaluates its starts, iterates, evaluates the derivative at
its best point, or is done."""


class Descent:
    """Searches that go down from K starts each; a `Stage`, and an `Ending` of others.

    Parameters
    ----------
    book : Book
        Of a task with residuals.
    starts : int
    iterations : int
        At most, of each start; with 0 the starts are evaluated, and the derivative at the best.
    two_sided : bool
        Whether derivatives are central differences.
    drawn : Starts, optional
        Where starts are drawn from; without it searches are idle until they are told to begin.

    Attributes
    ----------
    jacobian : ndarray, shape (S, m, n)
        At the best point; NaN where it is not known.
    """

    def __init__(
        self,
        book: Book,
        *,
        starts: int,
        iterations: int,
        two_sided: bool,
        drawn: Starts | None = None,
    ) -> None:
        task = book.task
        assert task.residuals is not None
        self._book, self._iterations, self._drawn = book, iterations, drawn
        size, n, self._sizes = task.size, task.parameters, np.asarray(task.residuals, np.int64)
        m = int(self._sizes.max(initial=0))
        self._an_iteration = n * (2 if two_sided else 1) + len(steps.FACTORS)
        self.reason = np.zeros(size, np.int64)
        self.population = np.full((size, starts, n), np.nan)
        self.population_cost, self.population_violation = np.full((2, size, starts), np.inf)
        self._residuals = np.full((size, starts, m), np.nan)
        self._where, self._draw = np.zeros((2, size), np.int64)
        self._damping = np.ones((size, starts))
        self._still, self._iteration, self._code = np.zeros((3, size, starts), np.int64)
        self._going = np.zeros((size, starts), np.bool_)
        self.jacobian = np.full((size, m, n), np.nan)
        self._slopes = Slopes(size, starts, n, m, two_sided)
        self._steps = np.zeros(size, np.bool_)
        self._candidates = np.empty((size, starts, len(steps.FACTORS), n))
        self._there = np.zeros(self._candidates.shape[:3], np.bool_)
        self._place = np.zeros(self._candidates.shape[:3], np.int64)
        self._factors = np.array(steps.FACTORS)
        self._rows: list[Rows] = []
        if drawn is not None:
            which = np.arange(size)
            self.begin(which, drawn.points(which, self._draw))

    @property
    def idle(self) -> NDArray[np.bool_]:
        """Return which searches have not begun."""
        idle: NDArray[np.bool_] = self._where == IDLE
        return idle

    def begin(self, which: I8, u: F8) -> None:
        """Have searches begin from points (k, K, n), or (k, n) where there is one start."""
        self.population[which] = u.reshape(len(which), *self.population.shape[1:])
        self._where[which] = START

    def _best(self) -> I8:
        """Return the best start of each search."""
        least = self.population_violation.min(axis=1, keepdims=True)
        cost = np.where(self.population_violation == least, self.population_cost, np.inf)
        return np.asarray(np.argmin(cost, axis=1))

    def _of_best(self, array: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = array[np.arange(len(array)), self._best()]
        return found

    @property
    def u(self) -> F8:
        """Return the best point of each search."""
        return self._of_best(self.population)

    @property
    def cost(self) -> F8:
        """Return its cost."""
        return self._of_best(self.population_cost)

    @property
    def violation(self) -> F8:
        """Return its violation."""
        return self._of_best(self.population_violation)

    @property
    def residuals_there(self) -> F8:
        """Return its residuals, (S, m)."""
        return self._of_best(self._residuals)

    def ask(self) -> Asked:
        """Return starts, points beside points, and candidates, as each search needs."""
        begins = np.repeat(self._where == START, self.population.shape[1])
        on = (self._where == ITERATING) | (self._where == FINAL)
        first = np.nonzero(begins.reshape(self.population_cost.shape))
        second, points = self._slopes.asked(on & ~self._steps, self.population)
        third = np.nonzero(self._there & (on & self._steps)[:, None, None])
        self._rows = [first, second, third]
        u = np.concatenate([self.population[first], points, self._candidates[third]])
        search = np.concatenate([first[0], second[0], third[0]])
        needed = np.full(len(u), np.inf)
        needed[len(u) - len(third[0]) :] = self._needed(third[:2])
        return Asked(search, u, needed)

    def _needed(self, starts: Rows) -> F8:
        """Return below which cost candidates of starts are better, or equifinal."""
        outside = self.population_violation[starts] > 0
        limit = self._book.ledger.limit[starts[0]]
        return np.where(outside, np.inf, np.maximum(self.population_cost[starts], limit))

    def tell(self, asked: Asked, told: Told) -> None:
        """Take what became of them, in the order in which they were asked."""
        assert told.residuals is not None
        cost, violation = ordered(told)
        inside = np.arange(told.residuals.shape[1]) < self._sizes[asked.search, None]
        sound = (np.isfinite(told.residuals) | ~inside).all(axis=1) & np.isfinite(cost)
        cost, violation = np.where(sound, cost, np.inf), np.where(sound, violation, np.inf)
        residuals = told.residuals[:, : self._residuals.shape[2]]
        first, second, third = self._rows
        a, b = len(first[0]), len(first[0]) + len(second[0])
        if a:
            self._started(first, cost[:a], violation[:a], residuals[:a])
        if b > a:
            self._slopes.tell(second, residuals[a:b], sound[a:b])
            self._beside(np.unique(second[0]))
        if len(cost) > b:
            self._stepped(third, cost[b:], violation[b:], residuals[b:])

    def _started(self, rows: Rows, cost: F8, violation: F8, residuals: F8) -> None:
        """Take the starts of searches; draw them anew where all have failed."""
        self.population_cost[rows], self.population_violation[rows] = cost, violation
        self._residuals[rows] = residuals
        which = np.unique(rows[0])
        failed = ~np.isfinite(self.population_cost[which])
        self._code[which] = np.where(failed, NO_FINITE_START, LIVE)
        unfit = which[failed.all(axis=1)]
        self._book.ledger.commit(unfit, np.full(len(unfit), np.inf))
        self._draw[unfit] += 1
        again = self._left(unfit) >= self.population.shape[1]
        again &= (self._draw[unfit] <= REDRAWN) & (self._drawn is not None)
        over = unfit[~again]
        self.reason[over], self._where[over] = NO_FINITE_START, DONE
        if self._drawn is not None:
            self.population[unfit[again]] = self._drawn.points(unfit[again], self._draw)
        self._boundary(which[~failed.all(axis=1)])

    def _left(self, which: I8) -> I8:
        """Return the evaluations that searches may still make, but for the last derivative."""
        left: I8 = self._book.task.budget - self._book.ledger.spent()[which]
        return left - self.population.shape[2]

    def _boundary(self, which: I8) -> None:
        """Be at a boundary: begin another iteration, or the derivative at the best point."""
        span = np.full(len(which), np.nan)
        if self.population.shape[1] > 1:
            steps.spans(which, self.population, self.population_cost, span)
        self._book.boundary(which, self.cost[which], self.violation[which], span)
        self._going[which] = False
        for s, left in zip(which, self._left(which), strict=True):
            self._admit(s, left)
        final = which[~self._going[which].any(axis=1)]
        self._going[final, self._best()[final]] = True
        self._where[which] = ITERATING
        self._where[final] = FINAL
        self._begin_slopes(which)

    def _admit(self, s: int, left: int) -> None:
        """Choose the starts that the budget lets go on, the better ones first."""
        code = self._code[s]
        code[(code == LIVE) & (self._iteration[s] >= self._iterations)] = ITERATIONS
        order = np.lexsort((self.population_cost[s], self.population_violation[s]))
        live = order[code[order] == LIVE]
        most = max(left, 0) // self._an_iteration
        self._going[s, live[:most]] = True
        code[live[most:]] = BUDGET

    def _begin_slopes(self, which: I8) -> None:
        """Want the derivatives of searches."""
        self._steps[which] = False
        self._slopes.begin(which, self._going, self.population)

    def _beside(self, which: I8) -> None:
        """Go on with searches that have been told of points beside theirs: retry, or step."""
        final = self._where[which] == FINAL
        kept = self._going[which].sum(axis=1) * len(self._factors)
        # The last derivative is what was kept back.
        spare = self._left(which) + np.where(final, self.population.shape[2], -kept)
        for s, most in zip(which, spare, strict=True):
            self._slopes.retry(s, most)
        ready = ~self._slopes.wanted(which)
        self._slopes.finish(which[ready], self._residuals)
        self._done(which[ready & final])
        steps_on = which[ready & ~final]
        steps.steps(
            *(steps_on, self._going, self.population, self._residuals, self._sizes),
            *(self._slopes.columns, self._slopes.sound, self._damping, self._factors),
            *(self._candidates, self._there),
        )
        self._steps[steps_on] = True
        none = steps_on[~self._there[steps_on].any(axis=(1, 2))]
        self._iterated(none, np.empty(0), np.empty(0), self._residuals[:0, 0])

    def _stepped(self, rows: Rows, cost: F8, violation: F8, residuals: F8) -> None:
        """Take what became of candidates."""
        self._place[rows] = np.arange(len(cost))
        self._iterated(np.unique(rows[0]), cost, violation, residuals)

    def _iterated(self, which: I8, cost: F8, violation: F8, residuals: F8) -> None:
        """End an iteration of searches: each start goes to its best candidate, if any is better."""
        converged = np.zeros(self._going.shape, np.bool_)
        steps.choose(
            *(which, self._going, self._there, self._place, self._candidates),
            *(cost, violation, residuals),
            *(self.population, self.population_cost, self.population_violation, self._residuals),
            *(self._damping, self._factors, self._still, self._iteration, converged),
        )
        self._code[converged] = CONVERGED
        self._boundary(which)

    def _done(self, which: I8) -> None:
        """Keep the derivative at the best points of searches that are done."""
        best = self._best()[which]
        columns = self._slopes.columns[which, best].transpose(0, 2, 1)
        inside = np.arange(columns.shape[1]) < self._sizes[which, None]
        known = inside[:, :, None] & self._slopes.sound[which, best][:, None, :]
        self.jacobian[which] = np.where(known, columns, np.nan)
        self._where[which] = DONE
        self.reason[which] = self._code[which, best]
        outside = self.violation[which] > 0
        self._book.ledger.commit(which, np.where(outside, np.inf, self.cost[which]))

    def state(self) -> State:
        """Return copies of what is of boundaries."""
        return {name: getattr(self, attribute).copy() for name, attribute in KEPT.items()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from there; the book has been restored."""
        for name, attribute in KEPT.items():
            setattr(self, attribute, state[name].copy())
        on = (self._where == ITERATING) | (self._where == FINAL)
        self._begin_slopes(np.flatnonzero(on))


KEPT = {
    "reason": "reason",
    "where": "_where",
    "draw": "_draw",
    "population": "population",
    "population_cost": "population_cost",
    "population_violation": "population_violation",
    "residuals": "_residuals",
    "damping": "_damping",
    "still": "_still",
    "iteration": "_iteration",
    "code": "_code",
    "going": "_going",
    "jacobian": "jacobian",
}
"""What a boundary is of, by its name in a state."""
