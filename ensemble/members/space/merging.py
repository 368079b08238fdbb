"""Sums over space merged from those of blocks, and their statistics over samples."""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.layout import Layout
from ensemble.members.of_samples import HELD_BYTES, over_samples
from ensemble.members.space.regions import Regions
from ensemble.members.space.sums import CONTROL, COUNT, GROUP, STATISTICS, Aggregate
from ensemble.store.store import Store
from kernels import F8, I8, U8

Pair = tuple[F8, F8]


def finish(store: Store, layout: Layout) -> None:
    """Write every array of sums over space; every block committed. Idempotent."""
    if not layout.aggregates:
        return
    forcings, _, samples = layout.grid.axes
    control = []
    for f in range(forcings.blocks):
        control.append(_control(store, layout, f))
        if not layout.keeps_responses:
            continue
        for s in range(samples.blocks):
            for name, values in merged(store, layout, f, s).items():
                spec = store.specs[f"{GROUP}/{name}"]
                index = (f, *(0,) * (len(spec.shape) - 2), s)
                store.write_chunk(spec.path, index, values[None])
    for name in control[0]:
        store.write_whole(f"{CONTROL}/{name}", np.stack([each[name] for each in control]))
    for name, values in _statistics(store, layout).items():
        store.write_whole(f"{STATISTICS}/{name}", values)


def merged(store: Store, layout: Layout, forcing: int, sample: int) -> dict[str, NDArray[Any]]:
    """Return the sums of one forcing and one block of samples, ([region], *dims, s) by name."""
    asked = layout.aggregates
    pairs: dict[str, Pair] = {}
    lost: dict[str, NDArray[Any]] = {}
    # Each file holds the sums of every statistic too, and is read once.
    for here, partial in partials_of(store, layout, forcing, sample):
        _add_pairs(pairs, layout, here, partial, GROUP)
        _add_lost(lost, layout, here, partial)
    arrays: dict[str, NDArray[Any]] = {}
    for aggregate in asked.all:
        pair = _with_dims(layout, aggregate.sums, pairs[aggregate.sums])
        arrays[aggregate.name] = _finished(
            aggregate, pair, asked.by_target[aggregate.sums], forcing
        )
    for name, values in lost.items():
        word, _, column = name.partition(".")
        if column:
            arrays[f"{word}_{column}"] = values
            continue
        arrays[f"{word}_global"] = values.sum(axis=0, dtype=values.dtype)
        if asked.any_zonal:
            arrays[f"{word}_zonal"] = values
    return arrays


def _control(store: Store, layout: Layout, forcing: int) -> dict[str, F8]:
    """Return the sums of the control members of a forcing, ([region], *dims) by name."""
    pairs: dict[str, Pair] = {}
    for here, partial in partials_of(store, layout, forcing, 0):
        _add_pairs(pairs, layout, here, partial, CONTROL)
    regions_of = layout.aggregates.by_target
    return {
        aggregate.name: _finished(
            aggregate,
            _with_dims(layout, aggregate.sums, pairs[aggregate.sums]),
            regions_of[aggregate.sums],
            forcing,
        )[..., 0]
        for aggregate in layout.aggregates.all
    }


def partials_of(
    store: Store, layout: Layout, forcing: int, sample: int
) -> Iterator[tuple[slice, Mapping[str, NDArray[Any]]]]:
    """Yield locations and sums of each block, in block order."""
    places = layout.grid.axes[1]
    for place in range(places.blocks):
        yield places.span(place), store.read_partials((forcing, place, sample))


def _add_pairs(
    pairs: dict[str, Pair],
    layout: Layout,
    here: slice,
    partial: Mapping[str, NDArray[Any]],
    group: str,
) -> None:
    """Add a block's high and low parts (n, cells, s) to the sums of each target."""
    for target, regions in layout.aggregates.by_target.items():
        high, low = (partial[f"{group}/{target}/{part}"] for part in ("high", "low"))
        if target not in pairs:
            shape = (len(regions.bounds), *high.shape[1:])
            pairs[target] = np.zeros(shape), np.zeros(shape)
        add(pairs[target], regions.of(here), high, low)


def _with_dims(layout: Layout, target: str, pair: Pair) -> Pair:
    """Return both parts with the dimensions of their target, (n, *dims, s)."""
    dims = layout.target_shape(target)
    high, low = (part.reshape(len(part), *dims, part.shape[-1]) for part in pair)
    return high, low


def add(sums: Pair, here: I8, high: F8, low: F8) -> None:
    """Add pairs to those of some regions; what rounding takes goes to the low part."""
    before = sums[0][here]
    both = before + high
    back = both - before
    sums[0][here] = both
    sums[1][here] += ((before - (both - back)) + (high - back)) + low


def _finished(aggregate: Aggregate, pair: Pair, regions: Regions, forcing: int) -> F8:
    """Return an aggregate ([region], *dims, s)."""
    if aggregate.dim:
        return aggregate.finish(*pair, regions.total, forcing)
    total = np.zeros_like(pair[0][:1]), np.zeros_like(pair[0][:1])
    for high, low in zip(*pair, strict=True):
        add(total, np.zeros(1, np.int64), high[None], low[None])
    return np.asarray(aggregate.finish(*total, np.array([math.fsum(regions.area)]), forcing)[0])


def _add_lost(
    total: dict[str, NDArray[Any]],
    layout: Layout,
    here: slice,
    partial: Mapping[str, NDArray[Any]],
) -> None:
    """Add a block's number and area of members in no sum to those of each region, (n, s)."""
    asked = layout.aggregates
    for why, word, end in itertools.product(asked.losses, asked.lost, asked.lost_by()):
        part, known = partial[f"{GROUP}/{why}{end}/{word}"], asked.lost_by()[end]
        shape = (len(known.bounds), part.shape[-1])
        total.setdefault(f"{why}_{word}{end}", np.zeros(shape, part.dtype))[known.of(here)] += part


def _statistics(store: Store, layout: Layout) -> dict[str, NDArray[Any]]:
    """Return every statistic (forcing, [region], *dims) by name."""
    forcings, _, samples = layout.shape
    statistics: dict[str, NDArray[Any]] = {}
    for aggregate in layout.aggregates.all:
        if not aggregate.over_samples:
            continue
        lead = tuple(layout.aggregates.sizes(aggregate.dim).values())
        regions = math.prod(lead)
        rows = regions * math.prod(aggregate.shape)
        step = max(1, HELD_BYTES // (8 * samples))
        for f in range(forcings):
            for first in range(0, rows, step):
                some = slice(first, min(first + step, rows))
                values = _rows(store, layout, aggregate.name, f, some)
                about = aggregate.name, aggregate.units, aggregate.meaning
                found: dict[str, NDArray[Any]] = {}
                found |= over_samples(values, aggregate.statistics, *about)
                if aggregate.counted:
                    found[COUNT] = np.isfinite(values).sum(axis=1, dtype=np.uint64)
                for request, row in found.items():
                    name = f"{aggregate.name}_{request}"
                    whole = statistics.setdefault(name, np.empty((forcings, rows), row.dtype))
                    whole[f, some] = row
        for request in aggregate.over_samples:
            name = f"{aggregate.name}_{request}"
            statistics[name] = statistics[name].reshape(forcings, *lead, *aggregate.shape)
    return {**statistics, **_counts(store, layout)}


def _rows(store: Store, layout: Layout, name: str, forcing: int, rows: slice) -> F8:
    """Return some rows of a sum (rows, S), of all samples."""
    samples = layout.grid.axes[2]
    out = np.empty((rows.stop - rows.start, samples.size))
    for s, values in _blocks(store, layout, name, forcing):
        out[:, samples.span(s)] = values.reshape(-1, values.shape[-1])[rows]
    return out


def _blocks(
    store: Store, layout: Layout, name: str, forcing: int
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield each block of samples and what is known of it, stored or merged anew."""
    for s in range(layout.grid.axes[2].blocks):
        if layout.keeps_responses:
            spec = store.specs[f"{GROUP}/{name}"]
            yield s, store.read_sound(spec.path, (forcing, *(0,) * (len(spec.shape) - 2), s))[0]
        else:
            yield s, merged(store, layout, forcing, s)[name]


def _counts(store: Store, layout: Layout) -> dict[str, U8]:
    """Return the samples all of whose members are in the sums, (forcing, [region])."""
    counts = {}
    for kind in layout.aggregates.kinds():
        names = [f"{why}_cells_{kind}" for why in layout.aggregates.losses]
        each = []
        for f in range(layout.shape[0]):
            by_block = zip(*(_blocks(store, layout, name, f) for name in names), strict=True)
            lost = (sum(values for _, values in blocks) for blocks in by_block)
            each.append(sum((count == 0).sum(axis=-1) for count in lost))
        counts[f"count_{kind}"] = np.array(each, dtype=np.uint64)
    return counts
