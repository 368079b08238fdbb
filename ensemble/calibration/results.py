"""What a block keeps of searches that have ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.identifiability import STEP, at_bound, directions
from ensemble.calibration.layout import FEW, GROUP, METRICS, PARTS, QUARANTINED, Layout
from ensemble.calibration.metrics import metrics
from ensemble.calibration.rounds import Places
from ensemble.calibration.searches import NO_FINITE_START, Found
from ensemble.calibration.searching import FAILURES, Ended, Searching
from ensemble.store.grid import Result
from ensemble.store.journal import Key
from ensemble.store.quarantine import Case
from kernels import BAD_INPUT, F8, NOT_FINITE, OK, OUT_OF_RANGE

MODELLED = "modelled/"
"""How names of a block's sums begin that hold what is modelled at its places."""


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
        All places of the block's groups, those held back, too.
    """
    kept = Kept(searching.layout, key)
    _nothing(kept, searching, cases)
    best = _searches(kept, searching, ended)
    _directions(kept, searching, ended, best)
    _equifinal(kept, searching, ended, best)
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


def _searches(kept: Kept, searching: Searching, ended: Ended) -> dict[int, int]:
    """Keep what each search found, and return the best one of each group."""
    found, layout = ended.found, searching.layout
    values, _ = layout.space.values(np.nan_to_num(found.u))
    there = np.asarray(np.isfinite(found.u).all(axis=1))
    values = np.where(there[:, None], values, np.nan)
    best: dict[int, int] = {}
    for s, (group, restart) in enumerate(ended.searches):
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
        if there[s] and (group not in best or _better(found, s, best[group])):
            best[group] = s
    return best


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
    order = np.argsort(searching.group[search], kind="stable")
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
    group = np.array(sorted(best), np.int64)
    values, _ = layout.space.values(ended.found.u[[best[g] for g in group.tolist()]])
    modelled = [np.full((len(every.places), t.pairs.there.shape[-1]), np.nan)
                for t in layout.objective.terms]  # fmt: skip
    if len(group):
        modelled, _ = every.modelled(group, values)
    _metrics(kept, searching, every, "metrics", modelled)
    defaults, _ = _at_defaults(searching)
    _metrics(kept, searching, every, "default_metrics", defaults)
    return {
        f"{MODELLED}{term.name}": values
        for term, values in zip(layout.objective.terms, modelled, strict=True)
    }


def _at_defaults(searching: Searching) -> tuple[list[F8], Any]:
    """Return what is modelled at the kernel's defaults, at all places of the block's groups."""
    layout = searching.layout
    groups = layout.every_place[searching.groups]
    plain = Places(layout.experiment, layout.objective, groups, (), _all(layout))
    return plain.modelled(np.arange(len(groups)), np.empty((len(groups), 0)))


def _all(layout: Layout) -> list[None]:
    return [None] * len(layout.objective.terms)


def places_of_all(searching: Searching) -> Places:
    """Return all places of a block's groups, those held back, too."""
    layout = searching.layout
    groups = layout.every_place[searching.groups]
    names = layout.space.names
    return Places(layout.experiment, layout.objective, groups, names, _all(layout))


def _terms(kept: Kept, searching: Searching, ended: Ended) -> None:
    """Keep the share of each response in the cost of each search's best point."""
    there = np.flatnonzero(np.isfinite(ended.found.u).all(axis=1))
    if not len(there):
        return
    evaluated, _ = searching.evaluated(there, ended.found.u[there])
    assert evaluated.residuals is not None
    own = searching.places.term_of(searching.group[there])
    for i, s in enumerate(there.tolist()):
        squares = evaluated.residuals[i] ** 2
        terms = range(len(searching.layout.objective.terms))
        shares = [squares[own[i] == term].sum() for term in terms]
        kept.put("cost_terms", ended.searches[s], np.array(shares))


def _metrics(
    kept: Kept, searching: Searching, every: Places, name: str, modelled: list[F8]
) -> None:
    """Keep metrics by group, part and response."""
    layout, (f, place) = searching.layout, every.places.T
    for number, (term, values) in enumerate(zip(layout.objective.terms, modelled, strict=True)):
        observed, part = term.pairs.observed[f, place], layout.part(number)[f, place]
        for group, (first, count) in enumerate(
            zip(every.starts.tolist(), every.counts.tolist(), strict=True)
        ):
            here = slice(first, first + count)
            found = np.full((len(PARTS), len(METRICS)), np.nan)
            for p in range(len(PARTS)):
                counted = part[here] == p
                found[p] = metrics(observed[here], values[here], counted, layout.space.size)
            kept.put(name, (group, slice(None), number), found)
