"""Draws of records, fits, and what forests predict of cells."""

from collections.abc import Callable, Container, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.entries import Parameter
from kernels.contract.stages import Batch, Run
from kernels.contract.status import BAD_INPUT, OK, OUT_OF_RANGE
from kernels.forest.parts.dissimilarity import Space, threshold
from kernels.forest.parts.folds import folds_of, groups_of
from kernels.forest.parts.learning import quantiles_of
from kernels.forest.parts.members import Predict, predict, rows_of
from kernels.forest.parts.records import Records
from kernels.forest.parts.trees import SPLIT, Forest, Growth, matrix
from kernels.forest.shared.predictors import CLASSES, NUMBERS

DRAWN = 0.8
"""Part of the number of records that `by_class` draws."""

IMPORTANT = Growth(seed=0, mtry=4, trees=500, split=SPLIT)
"""The forest whose importance weighs predictors: the same for every member."""

WHOLE = ("rs", "ra")
"""What two forests give beside what one gives."""


def inside(name: str) -> str:
    """Return what a flux is called that is 0 outside the area of applicability."""
    return f"{name}_inside"


def drawn(draw: str, seed: int, records: Records) -> I8:
    """Return which records a forest is fitted to, (k,), one more than once where it is so drawn.

    From raw words of a counter-based stream, whose order is numpy's promise; that of
    ``Generator.choice`` is not.

    Parameters
    ----------
    draw : {"all", "bootstrap", "by_class"}
        All; as many with replacement; or `DRAWN` of the number with replacement, each in
        proportion to the area of its class over the number of its records.
    seed : int
        Of the forest.
    records : Records
    """
    count = records.flux.size
    if draw == "all":
        return np.arange(count)
    weight, size = np.ones(count), count
    if draw == "by_class":
        _, of, members = np.unique(records.columns["veg"], return_inverse=True, return_counts=True)
        weight, size = records.class_area / members[of], int(DRAWN * count)
    words = np.random.Philox(key=np.array([seed, 1], dtype=np.uint64)).random_raw(size)
    uniform = ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    shares = np.cumsum(weight)
    return np.asarray(np.searchsorted(shares, uniform * shares[-1], side="right"), np.int64)


def table_of(columns: Mapping[str, F8], names: Sequence[str]) -> F8:
    """Return predictors side by side, (n, names), float64."""
    return np.stack([columns[name] for name in names], axis=1)


def importance(records: Records, numbers: Sequence[str]) -> F8:
    """Return how much of the variance each predictor takes away in a forest of all records, (p,).

    Impurity's, which adds to 1; of predictors that are numbers.
    """
    return IMPORTANT.forest(matrix(records.columns, numbers), records.flux).shares


def _space(options: Any, records: Records, numbers: Sequence[str]) -> Space:
    equal = options.weights == "equal"
    weights = np.ones(len(numbers)) if equal else importance(records, numbers)
    return Space.of(table_of(records.columns, numbers), weights)


def _limit(options: Any, records: Records, space: Space) -> float:
    groups = groups_of(records, options.folds, options.block_degrees)
    return threshold(space.training(folds_of(groups, repeat=0)))


def chosen(subset: int, names: Sequence[str]) -> list[str]:
    """Return the predictors whose bit is set: that of the first counts 1."""
    return [name for k, name in enumerate(names) if subset >> k & 1]


def open_forest(
    options: Any,
    *,
    records: Records,
    table: Sequence[Parameter],
    names: Sequence[str],
    soil: Records | None = None,
) -> Run:
    """Return what fits a forest for each distinct row of parameters, and asks it about cells.

    Parameters
    ----------
    options : Options
    records : Records
    table : sequence of Parameter
    names : sequence of str
        Predictors, in their order.
    soil : Records, optional
        Of all respiration of soils, for a second forest beside the first.
    """
    numbers = [variable.name for variable in NUMBERS if variable.name in names]
    spread = tuple(quantiles_of(options, f"{options.flux}_pred"))
    told = (options.flux, *spread)

    def fit(row: F8, asked: Container[str]) -> Predict:
        seed, mtry, trees, subset, *seeds = row.astype(np.int64).tolist()
        own = chosen(subset, names)

        def grown(seed: int, learned: Records, quantiles: tuple[float, ...] = ()) -> Forest:
            taken = learned.some(drawn(options.draw, seed, learned))
            growth = Growth(seed, mtry, trees, options.split, quantiles)
            return growth.forest(matrix(taken.columns, own), taken.flux)

        quantiles = options.quantiles if any(name in asked for name in spread) else ()
        forest = grown(seed, records, quantiles)
        whole = None
        if soil is not None and any(name in asked for name in WHOLE):
            whole = grown(seeds[0], soil)
        return partial(_told, forest, whole, own, told)

    # Of records and options alone, and slow: once, and only for who asks.
    space = cache(lambda: _space(options, records, numbers))
    limit = cache(lambda: _limit(options, records, space()))
    distance = _last_kept(lambda cells: space().index(cells))

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        values = rows_of(table, batch, out, status)
        if not status.size:
            # A look at what must be compiled: there is nothing, and weights take a forest.
            return
        wrong = cell_status(batch.drivers, names)
        status[wrong != OK] = wrong[wrong != OK, np.newaxis]
        clipped = [name for name in (options.flux, *WHOLE) if inside(name) in out]
        predicted = {name: out[name] for name in (*told, *WHOLE) if name in out}
        predicted |= {n: np.empty_like(out[inside(n)]) for n in clipped if n not in out}
        if predicted:
            predict(fit, batch.drivers, values, status == OK, predicted)
        di = cache(lambda: distance(table_of(batch.drivers, numbers)))
        for name in clipped:
            out[inside(name)][:] = np.where(status == OK, predicted[name], np.nan)
            out[inside(name)][(di() > limit())[:, np.newaxis] & (status == OK)] = 0.0
        flags: dict[str, Callable[[], Any]] = {
            "beyond": lambda: beyond(batch.drivers, records),
            "unseen": lambda: unseen(batch.drivers, records),
            "di": di,
            "outside": lambda: di() > limit(),
        }
        for name in flags.keys() & out.keys():
            held = np.broadcast_to(flags[name]()[:, np.newaxis], status.shape)
            out[name][status == OK] = held[status == OK]

    return run


def _last_kept(index: Callable[[F8], F8]) -> Callable[[F8], F8]:
    """Return an index of cells that keeps the last: a run asks about the same, call after call."""
    kept: list[tuple[F8, F8]] = []

    def found(cells: F8) -> F8:
        # One look and one change, as threads share the stage.
        of, values = kept[0] if kept else (None, cells)
        if of is None or not np.array_equal(of, cells, equal_nan=True):
            values = index(cells)
            kept[:] = [(cells, values)]
        return values

    return found


def _told(
    forest: Forest,
    whole: Forest | None,
    own: Sequence[str],
    names: Sequence[str],
    cells: Mapping[str, F8],
) -> dict[str, F8]:
    """Return what forests say of cells: means, quantiles if there are any, and what roots have.

    Where the forest of all respiration says less than that of its heterotrophic part, what roots
    have is below 0: clipped, it would hide that the two forests contradict each other there.
    """
    asked = matrix(cells, own)
    found = dict(zip(names, forest.told(asked), strict=False))
    if whole is not None:
        found["rs"] = whole.mean(asked)
        found["ra"] = found["rs"] - found["rh"]
    return found


def cell_status(drivers: Mapping[str, F8], names: Sequence[str]) -> U1:
    """Return a status for every cell, (L,): finite predictors, and a class that is one."""
    held = np.stack([drivers[name] for name in names])
    status = np.full(held.shape[1], OK, dtype=np.uint8)
    if "veg" in names:
        status[~np.isin(drivers["veg"], np.arange(1.0, len(CLASSES) + 1.0))] = OUT_OF_RANGE
    status[~np.isfinite(held).all(axis=0)] = BAD_INPUT
    return status


def beyond(drivers: Mapping[str, F8], records: Records) -> F8:
    """Return how many numbers of each cell are outside what records have, (L,).

    A forest does not extrapolate: there it has the value of the edge.
    """
    count = np.zeros(len(next(iter(drivers.values()))))
    for variable in NUMBERS:
        if variable.name in drivers:
            known, values = records.columns[variable.name], drivers[variable.name]
            count += (values < known.min()) | (values > known.max())
    return count


def unseen(drivers: Mapping[str, F8], records: Records) -> F8:
    """Return 1 for cells of a class without any record, else 0, (L,)."""
    if "veg" not in drivers:
        return np.zeros(len(next(iter(drivers.values()))))
    return (~np.isin(drivers["veg"], records.columns["veg"])).astype(np.float64)
