"""Shuffled complex evolution of all searches of a block, step by step side by side.

Duan, Q. et al. (1992), Water Resources Research 28, 1015-1031, https://doi.org/10.1029/91WR02985;
(1993), Journal of Optimization Theory and Applications 76, 501-521,
https://doi.org/10.1007/BF00939380; (1994), Journal of Hydrology 158, 265-284,
https://doi.org/10.1016/0022-1694(94)90057-4. Where these, Duan's program and spotpy's differ: a
point is replaced by a strictly better one alone, a sub-complex is drawn by weight alone, and the
complex is sorted after every step.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.searches._contract import (
    BUDGET,
    CONVERGED,
    LIVE,
    NO_FINITE_START,
    NO_PROGRESS,
    Asked,
    State,
    Told,
)
from ensemble.calibration.searches.parts import sceua_steps as steps
from ensemble.calibration.searches.parts import streams
from ensemble.calibration.searches.parts.stage import REDRAWN, Book, ordered
from kernels import F8, I8


class Evolution:
    """Searches that evolve p complexes of m points each and shuffle them; a `Stage`.

    Parameters
    ----------
    book : Book
    budget : int
        Evaluations of each search, here.
    complexes : int
    mutation : int
        As `sceua_steps` numbers them.
    kstop : int
        Generations without progress.
    pcento : float
        What no progress is, as a fraction.
    peps : float
        Geometric mean of the ranges of a population that has converged.

    Attributes
    ----------
    population : ndarray, shape (S, s, n)
        Sorted, at the last boundary; of a search that has not begun its first points.
    """

    def __init__(
        self,
        book: Book,
        budget: int,
        complexes: int,
        mutation: int,
        *,
        kstop: int,
        pcento: float,
        peps: float,
    ) -> None:
        task = book.task
        size, n, p = task.size, task.parameters, complexes
        m, q = 2 * n + 1, n + 1
        self._book, self._budget, self._mutation = book, budget, mutation
        self._kstop, self._pcento, self._peps = kstop, pcento, peps
        self.reason = np.zeros(size, np.int64)
        self.population = np.empty((size, p * m, n))
        self.population_cost, self.population_violation = np.full((2, size, p * m), np.inf)
        self._draw = np.zeros(size, np.int64)
        self._initial = streams.keys(task.seed, task.groups, task.restarts, "initial")
        self._evolution = streams.keys(task.seed, task.groups, task.restarts, "evolution")
        self._complexes = np.empty((size, p, m, n))
        self._costs, self._violations = np.empty((2, size, p, m))
        self._step, self._phase = np.zeros((2, size, p), np.int64)
        self._chosen, self._centre = np.zeros((size, p, q), np.int64), np.empty((size, p, n))
        self._uniforms = np.empty((size, p, m, q + 2 * n))
        self._spread = np.zeros((size, n))
        self._row = np.empty(0, np.int64)
        self._first(np.arange(size))
        if task.include is not None:
            self.population[:, : len(task.include)] = task.include[: p * m]

    @property
    def u(self) -> F8:
        """Return the best point of each search."""
        return self.population[:, 0]

    @property
    def cost(self) -> F8:
        """Return its cost."""
        return self.population_cost[:, 0]

    @property
    def violation(self) -> F8:
        """Return its violation."""
        return self.population_violation[:, 0]

    def ask(self) -> Asked:
        """Return the first points of searches that begin, then a candidate of each complex."""
        live = self.reason == LIVE
        begins = np.flatnonzero(live & ~self._begun())
        evolves = np.flatnonzero(live & self._begun())
        s, n = self.population.shape[1:]
        most = len(evolves) * self._step.shape[1]
        search, u = np.empty(most, np.int64), np.empty((most, n))
        row, (cost, violation) = np.empty(most, np.int64), np.empty((2, most))
        count = steps.propose(
            evolves,
            self._mutation,
            self._uniforms,
            *(self._complexes, self._costs, self._violations, self._step, self._phase),
            *(self._chosen, self._centre, search, u, row, cost, violation),
        )
        search, u, self._row = search[:count], u[:count], row[:count]
        if self._mutation == steps.NORMAL:
            self._around_the_best(search, u)
        first = self.population[begins].reshape(-1, n)
        all_of_it = np.full(len(first), np.inf)
        return Asked(
            np.concatenate([np.repeat(begins, s), search]),
            np.concatenate([first, u]),
            np.concatenate([all_of_it, self._needed(search, cost[:count], violation[:count])]),
        )

    def _begun(self) -> NDArray[np.bool_]:
        """Return which searches have a population."""
        begun: NDArray[np.bool_] = np.isfinite(self.population_cost[:, 0])
        return begun

    def _needed(self, search: I8, cost: F8, violation: F8) -> F8:
        """Return below which cost a candidate replaces a point, or is equifinal."""
        p = self._step.shape[1]
        whole = (violation > 0) | (self._phase[search, self._row % p] == steps.MUTATION)
        return np.where(whole, np.inf, np.maximum(cost, self._book.ledger.limit[search]))

    def _around_the_best(self, search: I8, u: F8) -> None:
        """Make of words (c, n) of mutations normal numbers around the best of the sub-complex.

        With the standard deviation of the population, cut at the cube by the inverse distribution.
        """
        from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]

        p = self._step.shape[1]
        is_one = self._row >= p
        s, k, words = search[is_one], self._row[is_one] - p, u[is_one]
        best = self._complexes[s, k, self._chosen[s, k, 0]]
        spread = self._spread[s]
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = ndtr((0.0 - best) / spread), ndtr((1.0 - best) / spread)
            drawn = best + spread * ndtri(low + words * (high - low))
        u[is_one] = np.where(spread > 0, np.clip(drawn, 0.0, 1.0), best)

    def tell(self, asked: Asked, told: Told) -> None:
        """Take first points and candidates, in the order in which they were asked."""
        cost, violation = ordered(told)
        first = len(asked) - len(self._row)
        if first:
            self._settle(asked.search[:first], cost[:first], violation[:first])
        search, beta = asked.search[first:], self._complexes.shape[2]
        steps.accept(
            *(search, asked.u[first:], cost[first:], violation[first:], self._row, beta),
            *(self._complexes, self._costs, self._violations, self._step, self._phase),
            self._chosen,
        )
        told_of = np.unique(search)
        done = told_of[(self._step[told_of] == beta).all(axis=1)]
        if len(done):
            self._shuffle(done)

    def _settle(self, search: I8, cost: F8, violation: F8) -> None:
        """Begin searches with their first points, or draw these anew where all have failed."""
        s = self.population.shape[1]
        which = search[::s]
        costs, violations = cost.reshape(-1, s), violation.reshape(-1, s)
        sound = np.isfinite(costs).any(axis=1)
        fit, unfit = which[sound], which[~sound]
        self.population_cost[fit], self.population_violation[fit] = costs[sound], violations[sound]
        span = np.empty(len(fit))
        steps.settle(fit, self.population, self.population_cost, self.population_violation, span)
        self._boundary(fit, span)
        self._book.ledger.commit(unfit, np.full(len(unfit), np.inf))
        self._draw[unfit] += 1
        over = self._draw[unfit] > REDRAWN
        over |= self._book.ledger.evaluations[unfit] + s > self._budget
        self.reason[unfit[over]] = NO_FINITE_START
        self._first(unfit[~over])

    def _first(self, which: I8) -> None:
        """Draw the points that searches begin with."""
        s, n = self.population.shape[1:]
        found = streams.uniforms(self._initial[which], self._draw[which] * s * n, s * n)
        self.population[which] = found.reshape(-1, s, n)

    def _shuffle(self, which: I8) -> None:
        """Put the complexes of searches together that have evolved them."""
        span = np.empty(len(which))
        steps.shuffle(
            which,
            *(self.population, self.population_cost, self.population_violation),
            *(self._complexes, self._costs, self._violations, span),
        )
        self._boundary(which, span)

    def _boundary(self, which: I8, span: F8) -> None:
        """Be at a boundary: stop, or begin another generation."""
        self._book.boundary(which, self.cost[which], self.violation[which], span)
        trace = self._book.trace
        still = np.empty(len(which), np.bool_)
        steps.still(
            *(which, trace.last, self._kstop, self._pcento, trace.cost, trace.violation, still)
        )
        p, m = self._complexes.shape[1:3]
        over = self._book.ledger.evaluations[which] + 3 * p * m > self._budget
        why = np.select([span <= self._peps, still, over], [CONVERGED, NO_PROGRESS, BUDGET], LIVE)
        self.reason[which] = why
        self._generation(which[why == LIVE])

    def _generation(self, which: I8) -> None:
        """Deal out the populations of searches, and find the words of their next generation."""
        p, m, width = self._uniforms.shape[1:]
        places = p * m * width
        each = -(-places // 4) * 4
        first = self._book.trace.last[which] * each
        found = streams.uniforms(self._evolution[which], first, places)
        self._uniforms[which] = found.reshape(-1, p, m, width)
        steps.deal(
            which,
            *(self.population, self.population_cost, self.population_violation),
            *(self._complexes, self._costs, self._violations),
        )
        self._step[which] = 0
        self._phase[which] = steps.REFLECTION
        if self._mutation == steps.NORMAL:
            for s in which:
                # One by one: how numpy adds up an array depends on what else is in it.
                self._spread[s] = np.std(self.population[s], axis=0)

    def state(self) -> State:
        """Return populations and why searches have stopped; the rest is found by number."""
        return {
            "reason": self.reason.copy(),
            "draw": self._draw.copy(),
            "population": self.population.copy(),
            "population_cost": self.population_cost.copy(),
            "population_violation": self.population_violation.copy(),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from there; the book has been restored."""
        self.reason, self._draw = state["reason"].copy(), state["draw"].copy()
        self.population = state["population"].copy()
        self.population_cost = state["population_cost"].copy()
        self.population_violation = state["population_violation"].copy()
        self._generation(np.flatnonzero((self.reason == LIVE) & self._begun()))
