"""What a search is: it asks for candidates, is told their costs, and survives a kill.

Searches of a block stand side by side in one `Batch`, and never know of each other: what one asks
for depends on its seed, group, restart, options and told costs alone. So it is the same to the last
bit alone and among thousands, in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from kernels import F8, I8

State = dict[str, NDArray[Any]]
"""What a kill must not take along; arrays whose first axis is the search, and no objects."""

REASONS = (
    "live",
    "converged",
    "no progress",
    "budget",
    "no finite start",
    "infeasible",
    "ended",
    "iterations",
)
LIVE, CONVERGED, NO_PROGRESS, BUDGET, NO_FINITE_START, INFEASIBLE, ENDED, ITERATIONS = range(8)
"""Why a search stopped, as numbers: places in `REASONS`. *Ended*: as a library ends by itself;
*iterations*: a descent that was still falling after as many as it may take."""


@dataclass(frozen=True)
class Task:
    """What the searches of a block are to do; S searches, n parameters.

    Attributes
    ----------
    seed : int
        Of the scenario.
    groups : tuple of str
        The group of each search, (S,).
    restarts : tuple of int
        Its restart, (S,). Seed, group and restart are all that random numbers come from.
    parameters : int
        Those that are searched, each as u in [0, 1]; one whose bounds are equal is not (`Scale`).
    budget : int
        Evaluations of each search, whatever it does with them; never exceeded.
    residuals : ndarray, shape (S,), int64, optional
        Of how many squares the cost of a search is the sum; None where it is no such sum.
    include : ndarray, shape (i, n), optional
        Points in the cube that replace the first of a search's own starting points.
    equifinal : float
        Candidates that cost at most so many times the best are equifinal.
    tallies : int
        Kinds of events that `Told.tallies` counts.
    """

    seed: int
    groups: tuple[str, ...]
    restarts: tuple[int, ...]
    parameters: int
    budget: int
    residuals: I8 | None = None
    include: F8 | None = None
    equifinal: float = 1.05
    tallies: int = 0

    @property
    def size(self) -> int:
        """Return the number of searches."""
        return len(self.groups)


@dataclass(frozen=True)
class Asked:
    """The candidates of a round: those of all live searches together.

    Attributes
    ----------
    search : ndarray, shape (k,), int64
        Whose each is, ascending; a search may ask for none or for many.
    u : ndarray, shape (k, n), float64
        In [0, 1].
    needed_below : ndarray, shape (k,), float64
        A candidate whose cost is not below this changes nothing: where a part of its cost alone is
        not, the rest need not be computed, and any cost from there on may be told, `inf` too. It is
        `inf` where the whole cost matters whatever it is.
    """

    search: I8
    u: F8
    needed_below: F8

    def __len__(self) -> int:
        return len(self.search)


@dataclass(frozen=True)
class Told:
    """What became of the candidates of a round, in their order.

    Candidates are compared as pairs (violation, cost): feasible ones by cost, infeasible ones,
    which come after, by violation. Never one number made of both.

    Attributes
    ----------
    cost : ndarray, shape (k,), float64
        NaN and inf are no cost: the candidate comes last.
    violation : ndarray, shape (k,), float64, optional
        How far outside the limits, 0 within them; NaN as an infinite cost. None: all within.
    residuals : ndarray, shape (k, m), float64, optional
        Of a cost that is a sum of squares, its roots with signs; m is the most of any search, and
        beyond a search's own number what stands there is not read.
    tallies : ndarray, shape (k, t), optional
        How often each kind of event befell each candidate: added up by search.
    """

    cost: F8
    violation: F8 | None = None
    residuals: F8 | None = None
    tallies: I8 | None = None


@dataclass(frozen=True)
class Found:
    """What searches have found up to the last boundary of each; final where it has a reason.

    Attributes
    ----------
    reason : ndarray, shape (S,), int64
        Places in `REASONS`; `INFEASIBLE` wherever the best one violates a limit.
    evaluations, generations : ndarray, shape (S,), int64
        A generation of `levenberg_marquardt` is an iteration of every start that goes on.
    u : ndarray, shape (S, n)
        The best candidate; NaN where there is none.
    cost, violation : ndarray, shape (S,)
        Of the best one; inf where there is none.
    trace_cost, trace_violation, trace_range : ndarray, shape (S, g)
        Cost and violation of the best one, and the geometric mean of the ranges of the
        population, of every generation from the first on; NaN behind a search's last, and the
        range also where there is one point alone.
    trace_evaluations : ndarray, shape (S, g), int64
        Evaluations by then; -1 behind a search's last.
    population : ndarray, shape (S, s, n)
        The points that a search ends with; NaN behind a search's last.
    population_cost, population_violation : ndarray, shape (S, s)
    tallies : ndarray, shape (S, t), int64
    jacobian : ndarray, shape (S, m, n), optional
        Derivative of the residuals with u at the best point, where the cost is a sum of squares;
        NaN where it could not be had.
    residuals : ndarray, shape (S, m), optional
        There.
    """

    reason: I8
    evaluations: I8
    generations: I8
    u: F8
    cost: F8
    violation: F8
    trace_cost: F8
    trace_violation: F8
    trace_range: F8
    trace_evaluations: I8
    population: F8
    population_cost: F8
    population_violation: F8
    tallies: I8
    jacobian: F8 | None = None
    residuals: F8 | None = None


class Batch(Protocol):
    """The searches of a block.

    ::

        batch = begin(spec, task)
        if checkpoint:
            batch.restore(checkpoint)
        while len(asked := batch.ask()):
            batch.tell(costs_of(asked))
            checkpoint = batch.state()    # now and then
        found = batch.found()
    """

    def ask(self) -> Asked:
        """Return the candidates of the next round; none when all searches are done.

        Asked again before it is told, it returns the same.
        """
        ...

    def tell(self, told: Told) -> None:
        """Take what became of the candidates that were asked for."""
        ...

    def state(self) -> State:
        """Return copies of what all goes on from: each search at its own last boundary.

        At any time; what searches have been told since their boundary is not in it, is asked again
        after `restore`, and comes to the same.
        """
        ...

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from the state of a batch of the same words and task.

        Raises
        ------
        ValueError
            It is another's: arrays of other names or shapes.
        """
        ...

    def found(self) -> Found:
        """Return what was found up to each search's last boundary."""
        ...

    def equifinal(self, limit: F8) -> tuple[F8, F8, I8]:
        """Return the ranges of the equifinal candidates, of all that were evaluated.

        Parameters
        ----------
        limit : ndarray, shape (S,)
            Up to which cost; at most ``task.equifinal`` x the best cost of the search.

        Returns
        -------
        low, high : ndarray, shape (S, n)
            NaN where there is none.
        count : ndarray, shape (S,), int64
        """
        ...
