"""What a block keeps of searches that have ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.folds import WHOLE
from ensemble.calibration.identifiability import STEP, at_bound, directions
from ensemble.calibration.layout import FEW, GROUP, PARTS, QUARANTINED, Layout
from ensemble.calibration.metrics import metrics
from ensemble.calibration.rounds import Places
from ensemble.calibration.searches import NO_FINITE_START, Found
from ensemble.calibration.searching import FAILURES, Ended, Searching
from ensemble.store.grid import Result
from ensemble.store.journal import Key
from ensemble.store.quarantine import Case
from kernels import BAD_INPUT, F8, NOT_FINITE, OK, OUT_OF_RANGE

BESIDE = ("modelled", "predicted")
"""How names of a block's sums begin, and of arrays, that hold what is modelled at places."""


@dataclass
class Kept:
    """The arrays of a block, each as its chunk, filled with what says that nothing is there."""

    layout: Layout
    key: Key
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        grid = self.layout.grid
        for spec in self.layout.arrays:
            if "group" not in spec.dims:
                continue
            sizes = dict(zip(spec.dims, spec.shape, strict=True))
            for axis, span in zip(grid.axes, grid.spans(self.key), strict=True):
                if axis.name in sizes:
                    sizes[axis.name] = span.stop - span.start
            self.arrays[spec.path] = np.full(tuple(sizes.values()), spec.fill, spec.dtype)

    def put(self, name: str, place: Any, values: Any) -> None:
        """Put values into an array, where the store has it; longer ones are cut at its end."""
        path = f"{GROUP}/{name}"
        if path not in self.arrays:
            return
        into = self.arrays[path][place]
        values = np.asarray(values)
        here = tuple(slice(0, min(a, b)) for a, b in zip(into.shape, values.shape, strict=True))
        if into.ndim:
            into[here] = values[here]
        else:
            self.arrays[path][place] = values


def result(
    searching: Searching, ended: Ended, key: Key, cases: Mapping[Key, Case], every: Places
) -> Result:
    """Return what a block keeps.

    Parameters
    ----------
    searching : Searching
    ended : Ended
    key : tuple of int
    cases : mapping of (group, restart) to Case
        Searches in quarantine.
    every : Places
        All places of the block's units, those held back, too.
    """
    kept = Kept(searching.layout, key)
    _nothing(kept, searching, cases)
    _searches(kept, searching, ended)
    best = _best(searching, ended)
    own = {unit: s for unit, s in best.items() if searching.units[unit][1] == WHOLE}
    _directions(kept, searching, ended, own)
    _equifinal(kept, searching, ended, own)
    _in_turn(kept, searching, ended, best)
    partials = _compared(kept, searching, ended, best, every)
    status = kept.arrays["status"]
    counts = np.bincount(status.ravel(), minlength=1).tolist()
    notes = sorted({case.note for case in cases.values()})
    return Result(
        kept.arrays, {code: n for code, n in enumerate(counts) if n}, partials, tuple(notes)
    )


def _nothing(kept: Kept, searching: Searching, cases: Mapping[Key, Case]) -> None:
    """Say why there is no search of some groups."""
    for group in np.flatnonzero(~searching.observed).tolist():
        kept.arrays["status"][group] = BAD_INPUT
        kept.put("reason", group, np.full(searching.layout.section.restarts, FEW))
    for (group, restart), case in cases.items():
        place = group - searching.groups.start, restart
        kept.arrays["status"][place] = case.status
        kept.put("reason", place, QUARANTINED)


def _values(searching: Searching, found: Found) -> F8:
    """Return the best parameters of every search, (S, n)."""
    values, _ = searching.layout.space.values(np.nan_to_num(found.u))
    return np.where(np.isfinite(found.u).all(axis=1, keepdims=True), values, np.nan)


def _searches(kept: Kept, searching: Searching, ended: Ended) -> None:
    """Keep what each search of all observations found."""
    found, layout = ended.found, searching.layout
    values = _values(searching, found)
    there = np.isfinite(values[:, 0])
    for s, (unit, restart) in enumerate(ended.searches):
        group, fold = searching.units[unit]
        if fold != WHOLE:
            continue
        place = group, restart
        kept.arrays["status"][place] = _status(found, s)
        kept.put("parameters", place, values[s])
        kept.put("cost", place, found.cost[s] if there[s] else np.nan)
        kept.put("violation", place, found.violation[s] if there[s] else np.nan)
        for name in ("reason", "evaluations", "generations"):
            kept.put(name, place, getattr(found, name)[s])
        for name in ("tallies", "trace_cost", "trace_range", "trace_evaluations"):
            kept.put(name, place, getattr(found, name)[s])
        order = np.argsort(found.population_cost[s], kind="stable")
        points, _ = layout.space.values(np.nan_to_num(found.population[s][order]))
        absent = np.isnan(found.population[s][order])
        kept.put("population", place, np.where(absent.any(axis=1, keepdims=True), np.nan, points))
        kept.put("population_cost", place, found.population_cost[s][order])


def _best(searching: Searching, ended: Ended) -> dict[int, int]:
    """Return the best search of each unit that any found something of."""
    best: dict[int, int] = {}
    for s, (unit, _) in enumerate(ended.searches):
        if np.isfinite(ended.found.u[s]).all():
            if unit not in best or _better(ended.found, s, best[unit]):
                best[unit] = s
    return best


def _in_turn(kept: Kept, searching: Searching, ended: Ended, best: Mapping[int, int]) -> None:
    """Keep what the searches found that a fold was held back from."""
    values = _values(searching, ended.found)
    for unit, place in enumerate(searching.units):
        mine = np.flatnonzero(searching.unit == unit)
        if place[1] == WHOLE or not len(mine):
            continue
        s = best.get(unit, int(mine[0]))
        kept.put("fold_parameters", place, values[s])
        kept.put("fold_cost", place, ended.found.cost[s] if unit in best else np.nan)
        kept.put("fold_reason", place, ended.found.reason[s])
        kept.put("fold_evaluations", place, ended.found.evaluations[mine].sum())


def _better(found: Found, one: int, other: int) -> bool:
    return bool(
        (found.violation[one], found.cost[one]) < (found.violation[other], found.cost[other])
    )


def _status(found: Found, search: int) -> int:
    """Return the status of a search: of one that never began, what befell most candidates."""
    if found.reason[search] != NO_FINITE_START:
        return OUT_OF_RANGE if found.violation[search] > 0 else OK
    tallies = found.tallies[search][: len(FAILURES)]
    return FAILURES[int(np.argmax(tallies))] if tallies.any() else NOT_FINITE


def _directions(kept: Kept, searching: Searching, ended: Ended, best: Mapping[int, int]) -> None:
    """Keep what the data determine at the best point of each group."""
    found, has = ended.found, searching.layout.objective.has_residuals
    own = None
    for group, s in best.items():
        kept.put("at_bound", group, at_bound(found.u[s])[searching.layout.space.follows])
        if not has:
            continue
        if found.jacobian is not None:
            jacobian = found.jacobian[s]
        else:
            own = _jacobians(searching, found, list(best.values())) if own is None else own
            jacobian = own[s]
        told = directions(jacobian[: searching.places.residuals[group]])
        kept.put("jacobian_sv", group, told.values)
        kept.put("weakest", group, told.weakest)
        kept.put("correlation", group, told.correlation)


def _jacobians(searching: Searching, found: Found, searches: list[int]) -> dict[int, F8]:
    """Return derivatives of residuals at best points, (m, n) each: of searches that make none."""
    n = searching.layout.space.size
    search = np.repeat(np.array(searches, np.int64), n + 1)
    u = found.u[search].copy()
    steps = np.zeros((len(searches), n + 1, n))
    points = u.reshape(len(searches), n + 1, n)
    for j in range(n):
        steps[:, j + 1, j] = np.where(points[:, 0, j] + STEP > 1.0, -STEP, STEP)
    order = np.argsort(searching.unit[search], kind="stable")
    moved = (points + steps).reshape(-1, n)
    evaluated, _ = searching.evaluated(search[order], moved[order])
    assert evaluated.residuals is not None
    residuals = np.empty_like(evaluated.residuals)
    residuals[order] = np.where(evaluated.status[:, None] == OK, evaluated.residuals, np.nan)
    by_point = residuals.reshape(len(searches), n + 1, -1)
    width = np.stack([steps[:, j + 1, j] for j in range(n)], axis=1)
    apart = (by_point[:, 1:] - by_point[:, :1]) / width[:, :, None]
    return {s: apart[i].T for i, s in enumerate(searches)}


def _equifinal(kept: Kept, searching: Searching, ended: Ended, best: Mapping[int, int]) -> None:
    """Keep the ranges of candidates that cost hardly more than the best of their group."""
    if not best:
        return
    found, space = ended.found, searching.layout.space
    limit = np.full(len(ended.searches), -np.inf)
    for s, (group, _) in enumerate(ended.searches):
        if group in best and found.violation[s] == found.violation[best[group]]:
            limit[s] = searching.layout.section.keep.equifinal * found.cost[best[group]]
    low, high, count = ended.batch.equifinal(limit)
    for group in best:
        mine = [s for s, (g, _) in enumerate(ended.searches) if g == group and count[s]]
        if mine:
            ends = np.stack([low[mine].min(axis=0), high[mine].max(axis=0)])
            ends = space.with_tied(space.scale.theta(ends))
            kept.put("equifinal_low", group, ends[0])
            kept.put("equifinal_high", group, ends[1])
            kept.put("equifinal_count", group, count[mine].sum())


def _compared(
    kept: Kept, searching: Searching, ended: Ended, best: Mapping[int, int], every: Places
) -> dict[str, NDArray[Any]]:
    """Keep metrics and shares of the cost; return what is modelled at the block's places."""
    layout = searching.layout
    if not layout.objective.compares:
        return {}
    if layout.objective.has_residuals:
        _terms(kept, searching, ended)
    unit = np.array(sorted(best), np.int64)
    values, _ = layout.space.values(ended.found.u[[best[u] for u in unit.tolist()]])
    modelled = [np.full((len(every.places), t.pairs.there.shape[-1]), np.nan)
                for t in layout.objective.terms]  # fmt: skip
    if len(unit):
        modelled, _ = every.modelled(unit, values)
    partials: dict[str, F8] = {}
    own = sum(map(len, layout.every_place[searching.groups]))
    defaults = _at_defaults(searching)
    for number, term in enumerate(layout.objective.terms):
        judged = Judged(kept, searching, every, number)
        predicted = judged.put("metrics", modelled[number])
        judged.put("default_metrics", defaults[number])
        held = (modelled[number][:own], predicted)
        kinds = BESIDE if layout.folds is not None else BESIDE[:1]
        partials |= {f"{kind}/{term.name}": held[k] for k, kind in enumerate(kinds)}
    return partials


def _at_defaults(searching: Searching) -> list[F8]:
    """Return what is modelled at the kernel's defaults, at all places of the block's units."""
    layout = searching.layout
    groups = layout.every_place[searching.groups]
    plain = Places(layout.experiment, layout.objective, groups, (), _all(layout))
    found, _ = plain.modelled(np.arange(len(groups)), np.empty((len(groups), 0)))
    cuts = plain.starts[1:]
    of_group = [np.split(values, cuts) for values in found]
    return [np.concatenate([own[g] for g, _ in searching.units]) for own in of_group]


def _all(layout: Layout) -> list[None]:
    return [None] * len(layout.objective.terms)


def places_of_all(searching: Searching) -> Places:
    """Return all places of a block's units, those held back, too."""
    layout = searching.layout
    groups = layout.every_place[searching.groups]
    names, units = layout.space.names, [groups[g] for g, _ in searching.units]
    return Places(layout.experiment, layout.objective, units, names, _all(layout))


def _terms(kept: Kept, searching: Searching, ended: Ended) -> None:
    """Keep the share of each response in the cost of each search's best point."""
    groups = searching.groups.stop - searching.groups.start
    there = np.flatnonzero(np.isfinite(ended.found.u).all(axis=1) & (searching.unit < groups))
    if not len(there):
        return
    evaluated, _ = searching.evaluated(there, ended.found.u[there])
    assert evaluated.residuals is not None
    own = searching.places.term_of(searching.unit[there])
    for i, s in enumerate(there.tolist()):
        squares = evaluated.residuals[i] ** 2
        terms = range(len(searching.layout.objective.terms))
        shares = [squares[own[i] == term].sum() for term in terms]
        kept.put("cost_terms", ended.searches[s], np.array(shares))


class Judged:
    """Metrics of one response, by group, part and fold.

    Parameters
    ----------
    kept : Kept
    searching : Searching
    every : Places
        All places of all units.
    number : int
        Of the term.
    """

    def __init__(self, kept: Kept, searching: Searching, every: Places, number: int) -> None:
        self.kept, self.searching, self.number = kept, searching, number
        self.layout = searching.layout
        self.at = [
            (slice(first, first + count), tuple(every.places[first : first + count].T))
            for first, count in zip(every.starts.tolist(), every.counts.tolist(), strict=True)
        ]
        groups = searching.groups.stop - searching.groups.start
        self.own = int(every.counts[:groups].sum())

    def put(self, name: str, values: F8) -> F8:
        """Keep the metrics of values beside all places of all units.

        Returns
        -------
        ndarray, shape (p, n)
            Of the groups' places: the value of the unit that a fold was held back from, beside
            the observations of the fold; NaN beside others.
        """
        observed = self.layout.objective.terms[self.number].pairs.observed
        predicted = np.full((self.own, values.shape[1]), np.nan)
        for (here, place), (group, fold) in zip(self.at, self.searching.units, strict=True):
            part = self.layout.part(self.number, fold)[place]
            found = [self._of(observed[place], values[here], part == p) for p in range(len(PARTS))]
            where = (group,) if fold == WHOLE else (group, fold)
            word = "" if fold == WHOLE else "fold_"
            self.kept.put(f"{word}{name}", (*where, slice(None), self.number), np.array(found))
            if fold != WHOLE:
                own = predicted[self.at[group][0]]
                own[part == 1] = values[here][part == 1]
        if self.layout.folds is not None:
            groups = self.searching.groups.stop - self.searching.groups.start
            for group, (here, place) in enumerate(self.at[:groups]):
                counted = self.layout.fold_of[self.number][place] != WHOLE
                pooled = self._of(observed[place], predicted[here], counted)
                self.kept.put(name, (group, PARTS.index("validation"), self.number), pooled)
        return predicted

    def _of(self, observed: F8, values: F8, counted: NDArray[np.bool_]) -> F8:
        return metrics(observed, values, counted, self.layout.space.size)
