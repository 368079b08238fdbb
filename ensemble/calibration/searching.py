"""The searches of some groups: rounds of asking, evaluating and telling, to their end."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.folds import WHOLE
from ensemble.calibration.layout import Layout
from ensemble.calibration.rounds import Evaluated, Places
from ensemble.calibration.searches import Asked, Batch, Found, State, Task, Told, begin
from kernels import F8, I8, NOT_RUN, STATUSES

Search = tuple[int, ...]
"""A unit of the block, and a restart; the first units are its groups."""

FAILURES = [status.code for status in STATUSES if status.code not in (0, NOT_RUN)]


@dataclass(frozen=True)
class Ended:
    """Searches that have ended.

    Attributes
    ----------
    searches : tuple of Search
    found : Found
    batch : Batch
    """

    searches: tuple[Search, ...]
    found: Found
    batch: Batch


class Searching:
    """The searches of the groups of a block; one at a time in a thread.

    Parameters
    ----------
    layout : Layout
    groups : slice
    left_out : collection of Search
        That are not run: of the whole run, group and restart.
    """

    def __init__(self, layout: Layout, groups: slice, left_out: Collection[Search] = ()) -> None:
        self.layout, self.groups = layout, groups
        self.left_out = set(left_out)

    @cached_property
    def units(self) -> tuple[tuple[int, int], ...]:
        """Return what is searched for: groups, and then each without each of its folds.

        A group is counted from the block's first; the fold of the groups themselves is -1.
        """
        in_fold = self.layout.in_fold[self.groups]
        turns = np.argwhere((in_fold > 0) & self.observed[:, None]).tolist()
        return (*((g, WHOLE) for g in range(len(in_fold))), *((g, fold) for g, fold in turns))

    @cached_property
    def places(self) -> Places:
        """Return the places that are calibrated on, of every unit."""
        layout = self.layout
        looked_at = [layout.looked_at(g + self.groups.start, fold) for g, fold in self.units]
        keep = [
            None if kept[0] is None else np.concatenate(kept)
            for kept in zip(*(kept for _, kept in looked_at), strict=True)
        ]
        mine, names = [places for places, _ in looked_at], layout.space.names
        return Places(layout.experiment, layout.objective, mine, names, keep)

    @cached_property
    def observed(self) -> NDArray[np.bool_]:
        """Return which groups have something to be calibrated on."""
        counts = np.array([len(one) for one in self.layout.searched_places[self.groups]])
        if not self.layout.objective.compares:
            return counts > 0
        return self.layout.observations[self.groups] > 0

    @cached_property
    def searches(self) -> tuple[Search, ...]:
        """Return the searches that are run."""
        return tuple(
            (unit, restart)
            for unit, (group, _) in enumerate(self.units)
            if self.observed[group]
            for restart in range(self.layout.section.restarts)
            if (group + self.groups.start, restart) not in self.left_out
        )

    @cached_property
    def unit(self) -> I8:
        """Return the unit of each search."""
        return np.array([unit for unit, _ in self.searches], np.int64)

    def task(self) -> Task:
        """Return what the searches are to do."""
        layout = self.layout
        names = layout.groups.names[self.groups]
        squares = self.places.residuals[self.unit] if layout.objective.has_residuals else None
        return Task(
            seed=layout.experiment.scenario.seed,
            # Without a fold a group has the random numbers that it has with all: what then differs
            # is what it was calibrated on.
            groups=tuple(names[self.units[unit][0]] for unit, _ in self.searches),
            restarts=tuple(restart for _, restart in self.searches),
            parameters=layout.space.size,
            budget=layout.section.budget,
            residuals=squares,
            include=np.empty((0, layout.space.size)),
            equifinal=layout.section.keep.equifinal,
            tallies=len(layout.tallied),
        )

    def run(
        self,
        state: State | None = None,
        after: Callable[[Batch, int], None] = lambda batch, asked: None,
    ) -> Ended:
        """Run all searches to their end.

        Parameters
        ----------
        state : mapping, optional
            Where they stood.
        after : callable
            Called after each round, with how many candidates it had.
        """
        batch = begin(self.layout.spec, self.task())
        if state is not None:
            batch.restore(state)
        while len(asked := batch.ask()):
            batch.tell(self.told(asked))
            after(batch, len(asked))
        return Ended(self.searches, batch.found(), batch)

    def evaluated(
        self, search: I8, u: F8, needed: F8 | None = None
    ) -> tuple[Evaluated, NDArray[np.bool_]]:
        """Return what became of points (k, n), and which were cut back into their ranges.

        ``needed`` (k,) is as of `Asked.needed_below`; without it the whole cost is.
        """
        values, clipped = self.layout.space.values(u)
        return self.places.evaluate(self.unit[search], values, needed), clipped

    def told(self, asked: Asked) -> Told:
        """Return what became of a round's candidates."""
        found, clipped = self.evaluated(asked.search, asked.u, asked.needed_below)
        tallies = [found.status[:, None] == np.array(FAILURES), found.broken]
        # One kind for each late output: all are left out together.
        late = len(self.layout.early.late)
        tallies.append(np.repeat(found.decided[:, None], late, axis=1))
        if self.layout.space.below:
            tallies.append(clipped[:, None])
        counted = np.concatenate(tallies, axis=1).astype(np.int64)
        return Told(found.cost, found.violation, found.residuals, counted)


def events(layout: Layout, tallies: I8) -> Mapping[str, int]:
    """Return how often each kind of event befell candidates, of those that did."""
    total = tallies.reshape(-1, len(layout.tallied)).sum(axis=0)
    return {name: int(n) for name, n in zip(layout.tallied, total.tolist(), strict=True) if n}
