"""One round: the candidates of all live searches of a block, in one call of the kernel.

A row is a place and as many samples as a call holds there: the candidates of a group, cut where
they are more than a row is wide. What a row lacks is filled with its first candidate again: no
member knows of another, so that is nothing but time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.early import Early, decided
from ensemble.calibration.metric_costs import MetricCosts
from ensemble.calibration.objective import Limit, Objective
from ensemble.members.experiment import Experiment, identity
from ensemble.members.tiles import Asking, Tiler
from kernels import F8, I8, OK, U1

ROW_COST = 0.5
"""What a row takes beside its samples, in samples: rows are as wide as that makes cheapest."""


@dataclass(frozen=True)
class Packing:
    """Where candidates stand in rows.

    Attributes
    ----------
    width : int
    place : ndarray, shape (r,), int64
        The place of each row, counted in the block.
    candidate : ndarray, shape (r, width), int64
        Which candidate each sample is.
    first : ndarray, shape (k,), int64
        The row of each candidate at the first place of its group.
    step : ndarray, shape (k,), int64
        From there to its row at the next place.
    column : ndarray, shape (k,), int64
    """

    width: int
    place: I8
    candidate: I8
    first: I8
    step: I8
    column: I8


def packed(group: I8, starts: I8, counts: I8) -> Packing:
    """Return rows of candidates.

    Parameters
    ----------
    group : ndarray, shape (k,), int64
        The group of each candidate, ascending.
    starts, counts : ndarray, shape (g,), int64
        First place of each group in the block, and how many it has.
    """
    asked = np.bincount(group, minlength=len(starts))
    width = _width(asked, counts)
    chunks = -(-asked // width)
    before = np.concatenate([[0], np.cumsum(asked)])[:-1]
    own = np.arange(len(group)) - before[group]
    rows_before = np.concatenate([[0], np.cumsum(chunks * counts)])[:-1]
    first = rows_before[group] + own // width
    live = np.flatnonzero(asked)
    # Rows of a group: place by place, of each all chunks.
    rows = chunks[live] * counts[live]
    of = np.repeat(live, rows)
    inside = np.arange(rows.sum()) - np.repeat(rows_before[live], rows)
    place = starts[of] + inside // chunks[of]
    begin = before[of] + inside % chunks[of] * width
    left = np.minimum(width, before[of] + asked[of] - begin)
    column = np.arange(width)
    candidate = begin[:, None] + np.where(column < left[:, None], column, 0)
    return Packing(width, place, candidate, first, chunks[group], own % width)


def _width(asked: I8, counts: I8) -> int:
    """Return how wide rows are cheapest."""
    live = asked > 0
    asked, counts = asked[live], counts[live]
    sizes = np.unique(asked)
    if len(sizes) == 1:
        return int(sizes[0])
    costs = [int(((width + ROW_COST) * counts * -(-asked // width)).sum()) for width in sizes]
    return int(sizes[int(np.argmin(costs))])


@dataclass(frozen=True)
class Evaluated:
    """What became of candidates.

    Attributes
    ----------
    cost : ndarray, shape (k,), float64
        NaN where there is none, and inf where early terms alone have decided.
    violation : ndarray, shape (k,), float64, or None
    broken : ndarray, shape (k, limits), bool
        Which limits are broken.
    residuals : ndarray, shape (k, m), float64, or None
        Behind those of a group zeros.
    status : ndarray, shape (k,), uint8
        Of the first place of the group that failed.
    decided : ndarray, shape (k,), bool
        Of which early terms alone are no less than what was needed.
    """

    cost: F8
    violation: F8 | None
    broken: NDArray[np.bool_]
    residuals: F8 | None
    status: U1
    decided: NDArray[np.bool_]


class Places:
    """The places of some groups, ready to be run with any candidates; one per worker thread.

    Parameters
    ----------
    experiment : Experiment
    objective : Objective
        Of all places.
    groups : sequence of ndarray, shape (p, 2)
        Forcing and location of each place of each group, in the order of sums.
    names : sequence of str
        Parameters that candidates hold.
    keep : sequence of ndarray (p, n), one per term of the objective
        Which observations of the places count, one group's behind the other's; None for all.
    """

    def __init__(
        self,
        experiment: Experiment,
        objective: Objective,
        groups: Sequence[I8],
        names: Sequence[str],
        keep: Sequence[NDArray[np.bool_] | None],
    ) -> None:
        self.experiment, self.names = experiment, tuple(names)
        self.places = np.concatenate([*groups, np.empty((0, 2), np.int64)])
        self.counts = np.array([len(one) for one in groups], np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.counts)])[:-1].astype(np.int64)
        self.objective = objective.at(self.places, keep)
        self._every = np.arange(len(self.places))
        self._drivers = {name: _at(experiment, name, self.places) for name in self._needed()}
        self._control = self._controls()
        self._early = Early.of(objective, experiment.kernel)
        self._tiler: Tiler | None = None
        self.calls = 0
        self._slots()

    def _needed(self) -> list[str]:
        return [driver.name for driver in self.experiment.kernel.drivers]

    def _controls(self) -> tuple[tuple[str, ...], F8]:
        """Return all parameters, those that are searched, too, and their controls, (c, p)."""
        found: dict[str, F8] = {}
        whole = slice(0, len(self.experiment.locations.names))
        for f in np.unique(self.places[:, 0]).tolist():
            mine = self.places[:, 0] == f
            for name, values in self.experiment.control_rows(f, whole).values.items():
                found.setdefault(name, np.empty(len(self.places)))
                found[name][mine] = values[self.places[mine, 1], 0]
        return tuple(found), np.array([*found.values()]).reshape(len(found), len(self.places))

    def _slots(self) -> None:
        """Give the residuals of each group their numbers: place after place, term after term."""
        if not self.objective.compares:
            self.residuals = np.zeros(len(self.counts), np.int64)
            return
        there = self.objective.there()
        owner = np.repeat(np.arange(len(self.counts)), self.counts)
        place, slot = np.nonzero(there)
        group = owner[place]
        self.residuals = np.bincount(group, minlength=len(self.counts)).astype(np.int64)
        most = int(self.residuals.max(initial=0))
        before = np.concatenate([[0], np.cumsum(self.residuals)])[:-1]
        number = np.arange(len(group)) - before[group]
        shape = len(self.counts), most
        self._ordinal, self._slot = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self._scale = np.zeros(shape)
        self._ordinal[group, number] = place - self.starts[group]
        self._slot[group, number] = slot
        self._scale[group, number] = 1.0
        if self.objective.rmse:
            each = there.sum(axis=1)
            with_some = np.bincount(owner[each > 0], minlength=len(self.counts))
            share = 1.0 / np.sqrt(np.maximum(each, 1) * np.maximum(with_some, 1)[owner])
            self._scale[group, number] = share[place]
        if self.objective.metric:
            observed = np.concatenate([t.pairs.observed[0] for t in self.objective.terms], axis=1)
            held = np.zeros(shape)
            held[group, number] = observed[place, slot]
            self._metric = MetricCosts(self.objective.metric, held, self._scale > 0)

    def term_of(self, group: I8) -> I8:
        """Return the term that each residual of groups is of, (k, m); -1 behind their last."""
        lengths = [term.pairs.there.shape[-1] for term in self.objective.terms]
        own = np.repeat(np.arange(len(lengths)), lengths)[self._slot[group]]
        return np.where(self._scale[group] > 0, own, -1)

    @property
    def tiler(self) -> Tiler:
        """Return what runs members; made when it is needed, as it opens the kernel."""
        if self._tiler is None:
            kernel, options = self.experiment.kernel, self.experiment.options
            self._tiler = Tiler(kernel, options, self.objective.outputs, self.experiment.sizes)
        return self._tiler

    def evaluate(self, group: I8, values: F8, needed: F8 | None = None) -> Evaluated:
        """Return costs, residuals and violations of candidates.

        Parameters
        ----------
        group : ndarray, shape (k,), int64
            The group of each, ascending, counted in these places.
        values : ndarray, shape (k, n), float64
            Parameters, in their units.
        needed : ndarray, shape (k,), float64, optional
            A cost that is not below this need not be known: see `Asked.needed_below`.
        """
        packing = packed(group, self.starts, self.counts)
        objective = self._of_rows(packing)
        shape = len(packing.place), packing.width
        status = np.zeros(shape, np.uint8)
        residuals = np.empty((shape[0], objective.observations, shape[1]))
        looked_at = {name: np.empty(shape) for name in objective.responses}
        needed = None if needed is None else needed[packing.candidate]
        asking = None
        if needed is not None and self._early.late:
            asking = self._early.below(objective, needed)
        for tile in self._tiles(packing, values, asking):
            here = tile.locations, tile.samples
            status[here] = tile.status
            if objective.compares:
                residuals[tile.locations, :, tile.samples] = objective.residuals(tile, 0)
            for name, found in objective.values(tile, 0):
                looked_at[name][here] = found
        failed = self._first_failed(group, packing, status)
        violation, broken = self._violations(group, packing, looked_at)
        gathered: F8 | None = None
        if not objective.compares:
            cost = self._summed(group, packing, looked_at[objective.value])
        else:
            gathered = self._gathered(group, packing, residuals)
            cost = self._costs(group, gathered)
        gathered = gathered if objective.has_residuals else None
        cost = np.where(failed == OK, cost, np.nan)
        early = np.zeros(len(group), np.bool_)
        if needed is not None and self._early.late:
            own = self._early.residuals(objective, residuals)
            early = self._summed(group, packing, decided(own, needed).astype(np.float64)) > 0
            early &= failed == OK
        cost = np.where(early, np.inf, cost)
        return Evaluated(cost, violation, broken, gathered, failed, early)

    def _costs(self, group: I8, gathered: F8) -> F8:
        """Return the costs (k,) that residuals (k, m) make."""
        if self.objective.metric:
            return self._metric.costs(group, -gathered)
        # One after the other, so that neither company nor padding changes a bit.
        squares = np.cumsum(gathered**2, axis=1)
        return squares[:, -1] if squares.shape[1] else np.zeros(len(group))

    def cost_of(self, modelled: Sequence[F8]) -> float:
        """Return the cost of what is modelled at the places of one group, (p, n) of each term."""
        group = np.zeros(1, np.int64)
        packing = packed(group, self.starts, self.counts)
        here = slice(0, len(self.places))
        residuals = self.objective.residuals_of([one[..., None] for one in modelled], here)
        return float(self._costs(group, self._gathered(group, packing, residuals))[0])

    def modelled(self, group: I8, values: F8) -> tuple[list[F8], U1]:
        """Return what is modelled beside each observation of one candidate of each group.

        Returns
        -------
        modelled : list of ndarray, shape (p, n)
            Of each term, NaN where nothing is compared or the member failed.
        status : ndarray, shape (p,), uint8
        """
        packing = packed(group, self.starts, self.counts)
        objective = self._of_rows(packing)
        assert packing.width == 1, "one candidate of each group"
        found = [np.full((len(self.places), t.pairs.there.shape[-1]), np.nan)
                 for t in objective.terms]  # fmt: skip
        status = np.zeros(len(self.places), np.uint8)
        for tile in self._tiles(packing, values):
            at = packing.place[tile.locations]
            status[at] = tile.status[:, 0]
            for term, into in zip(objective.terms, found, strict=True):
                into[at] = term.modelled(tile, 0)[:, :, 0]
        return found, status

    def _of_rows(self, packing: Packing) -> Objective:
        if np.array_equal(packing.place, self._every):
            return self.objective
        at = np.stack([np.zeros_like(packing.place), packing.place], axis=1)
        return self.objective.at(at, [None] * len(self.objective.terms))

    def _tiles(self, packing: Packing, values: F8, wanted: Asking | None = None) -> Any:
        """Yield the tiles of rows; see `Tiler.tiles`."""
        names, controls = self._control
        shape = len(names), len(packing.place), packing.width
        # All at once: one by one they would take as long as a tenth of what the kernel does.
        same = np.broadcast_to(controls[:, packing.place, None], shape)
        rows = dict(zip(names, same, strict=True))
        for j, name in enumerate(self.names):
            rows[name] = values[packing.candidate, j]
        drivers = self._drivers
        if not np.array_equal(packing.place, self._every):
            drivers = {name: driver[packing.place] for name, driver in drivers.items()}
        self.calls += 1
        coords = self.experiment.coords
        return self.tiler.tiles(drivers, coords, rows, identity, packing.width, wanted)

    def _first_failed(self, group: I8, packing: Packing, status: U1) -> U1:
        """Return the status of the first place of each candidate's group that failed."""
        found = status[packing.first, packing.column]
        if not status.any():
            return found
        for j in range(1, int(self.counts[group].max(initial=0))):
            more = np.flatnonzero((self.counts[group] > j) & (found == OK))
            found[more] = status[packing.first[more] + j * packing.step[more], packing.column[more]]
        return found

    def _summed(self, group: I8, packing: Packing, values: F8) -> F8:
        """Return the sum of values (r, s) over the places of each candidate's group, in order."""
        total = values[packing.first, packing.column].copy()
        for j in range(1, int(self.counts[group].max(initial=0))):
            more = np.flatnonzero(self.counts[group] > j)
            total[more] += values[packing.first[more] + j * packing.step[more],
                                  packing.column[more]]  # fmt: skip
        return total

    def _gathered(self, group: I8, packing: Packing, residuals: F8) -> F8:
        """Return the residuals of each candidate, (k, m)."""
        row = packing.first[:, None] + self._ordinal[group] * packing.step[:, None]
        return np.asarray(
            residuals[row, self._slot[group], packing.column[:, None]] * self._scale[group]
        )

    def _violations(
        self, group: I8, packing: Packing, values: dict[str, F8]
    ) -> tuple[F8 | None, NDArray[np.bool_]]:
        limits: tuple[Limit, ...] = self.objective.limits
        broken = np.zeros((len(group), len(limits)), np.bool_)
        if not limits:
            return None, broken
        total = np.zeros(len(group))
        for i, limit in enumerate(limits):
            sums = [self._summed(group, packing, values[part]) for part in limit.parts]
            apart = limit.violation(limit.of(sums, self.counts[group]))
            broken[:, i] = ~(apart == 0.0)
            total += apart
        return total, broken


def _at(experiment: Experiment, name: str, places: I8) -> F8:
    """Return a driver at places, (p, *dims)."""
    first = experiment.drivers[0][name]
    found = np.empty((len(places), *first.shape[1:]))
    for f in np.unique(places[:, 0]).tolist():
        mine = places[:, 0] == f
        found[mine] = np.asarray(experiment.drivers[f][name][places[mine, 1]])
    return found
