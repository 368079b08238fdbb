"""Run a link of a chain: what earlier links made are drivers to it, under its own names.

A kernel takes drivers by location, and an earlier link may have made R of them by its
parameters. Samples are grouped by which of the R they use; a group is a call, or, where a
call would hold fewer lanes than the kernel likes, several groups are one call in which each
stands as locations of its own. A kernel's members know nothing of each other, so no bit
depends on that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.stages import Batch, Run, Slab

Pairs = tuple[tuple[str, str], ...]
"""(a link's own name, the chain's), of what has a name."""


@dataclass(frozen=True)
class Wiring:
    """What a stage of a link calls by other names than the chain.

    Attributes
    ----------
    parameters, made, fed : tuple of (own name, name in the chain)
        Parameters; the link's outputs and intermediates; drivers that earlier links make.
    lanes : int
        See `kernels.Kernel.lanes`.
    """

    parameters: Pairs
    made: Pairs
    fed: Pairs
    lanes: int = 1


def open_link(open_: Callable[[Any], Run], options: Any, wiring: Wiring, _: Any) -> Run:
    """Return the run of one stage of a link, in the names of the chain."""
    run = open_(options)

    def wired(batch: Batch, out: Mapping[str, F8], status: U1) -> Sequence[str] | None:
        own = Batch(
            parameters={n: batch.parameters[c] for n, c in wiring.parameters},
            drivers=batch.drivers,
            coords=batch.coords,
            upstream={n: batch.upstream[c] for n, c in wiring.made if c in batch.upstream},
            level={n: batch.level[c] for n, c in wiring.made if c in batch.level},
            slab=batch.slab,
        )
        fed = {n: (batch.upstream[c], batch.level[c]) for n, c in wiring.fed}
        mine = {n: out[c] for n, c in wiring.made if c in out}
        if not fed:
            return run(own, mine, status)
        notes: list[str] = []
        levels = [level for _, level in fed.values()]
        for k, calls in enumerate(_calls(levels, status.shape, wiring.lanes)):
            notes += _call(
                run, replace(own, slab=_of_call(batch.slab, k)), fed, calls, mine, status
            )
        return notes

    return wired


def _of_call(slab: Slab | None, call: int) -> Slab | None:
    """Return a slab in which one of several calls keeps what it needs to go on."""
    return None if slab is None else Slab(slab.first, slab.kept.setdefault(call, {}))


def open_side_by_side(columns: Mapping[str, tuple[str, ...]], _: Any) -> Run:
    """Return a run that puts outputs of several models beside each other, the first dimension."""

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        for name, values in out.items():
            for k, column in enumerate(columns[name]):
                values[:, k] = batch.upstream[column][..., batch.level[column]]

    return run


def _calls(levels: Sequence[I8], shape: tuple[int, ...], lanes: int) -> Iterator[list[I8]]:
    """Yield the groups of samples of every call, groups of one call equally large."""
    locations, samples = shape
    # Outputs of one stage have one array of levels.
    several = list({id(level): level for level in levels}.values())
    if all((level == level[:1]).all() for level in several):
        # No sample at all is one group, too: it is how stages are compiled.
        yield [np.arange(samples)]
        return
    _, group = np.unique(np.stack(several), axis=1, return_inverse=True)
    order, sizes = np.argsort(group.ravel(), kind="stable"), np.bincount(group.ravel())
    groups = np.split(order, np.cumsum(sizes)[:-1])
    for size in np.unique(sizes).tolist():
        alike = [one for one in groups if len(one) == size]
        several_at_once = max(1, lanes // (locations * size))
        for k in range(0, len(alike), several_at_once):
            yield alike[k : k + several_at_once]


def _call(
    run: Run,
    own: Batch,
    fed: Mapping[str, tuple[F8, I8]],
    groups: Sequence[I8],
    out: Mapping[str, F8],
    status: U1,
) -> Sequence[str]:
    """Run groups of equally many samples; a pair of location and group is a location."""
    samples, many = np.concatenate(groups), len(groups)
    locations, width = len(status), len(groups[0])
    first = samples[::width] if width else np.zeros(1, np.int64)
    drivers = {n: np.repeat(v, many, axis=0) if many > 1 else v for n, v in own.drivers.items()}
    for name, (values, level) in fed.items():
        row = level[first] if width else first
        drivers[name] = np.ascontiguousarray(_apart(values[..., row, None])[..., 0])
    if many == 1:
        batch = _of_one(own, drivers, samples)
    else:
        batch = _of_several(own, drivers, samples, (locations, many, width))
    if many == 1 and width == status.shape[1]:
        return run(batch, out, status) or ()
    made = {n: _filled(v, samples, (locations, many, width), own.slab) for n, v in out.items()}
    codes = np.zeros((locations * many, width), dtype=np.uint8)
    notes = run(batch, made, codes) or ()
    status[:, samples] = codes.reshape(locations, -1)
    for name, values in made.items():
        together = np.moveaxis(values.reshape(locations, many, *values.shape[1:]), 1, -2)
        out[name][..., samples] = together.reshape(*out[name].shape[:-1], -1)
    return notes


def _filled(values: F8, samples: I8, shape: tuple[int, int, int], slab: Slab | None) -> F8:
    """Return what a call fills, (L many, *dims, width), for what is (L, *dims, S) in all calls.

    In slabs after the first it holds what it has: an output without time, such as the pools of a
    start, may have been filled before, and is not filled again.
    """
    locations, many, width = shape
    if slab is None or slab.first:
        return np.empty((locations * many, *values.shape[1:-1], width))
    return _apart(values[..., samples].reshape(*values.shape[:-1], many, width))


def _apart(values: F8) -> F8:
    """Return (L, *dims, many, n) as (L many, *dims, n)."""
    moved = np.moveaxis(values, -2, 1)
    return moved.reshape(-1, *moved.shape[2:])


def _of_one(own: Batch, drivers: Mapping[str, F8], samples: I8) -> Batch:
    """Return what a call sees of some samples that use the same drivers."""
    parameters = {n: np.ascontiguousarray(v[:, samples]) for n, v in own.parameters.items()}
    level = {n: np.ascontiguousarray(v[samples]) for n, v in own.level.items()}
    return Batch(parameters, drivers, own.coords, own.upstream, level, slab=own.slab)


def _of_several(
    own: Batch, drivers: Mapping[str, F8], samples: I8, shape: tuple[int, int, int]
) -> Batch:
    """Return what a call sees of several groups, each a location of its own."""
    locations, many, width = shape
    parameters = {}
    for name, values in own.parameters.items():
        rows = values[:, samples].reshape(len(values), many, width)
        rows = np.broadcast_to(rows, (locations, many, width))
        parameters[name] = np.ascontiguousarray(rows.reshape(-1, width))
    upstream, level = {}, {}
    for name, values in own.upstream.items():
        used = values[..., own.level[name][samples]]
        used = used.reshape(*values.shape[:-1], many, width)
        upstream[name] = np.ascontiguousarray(_apart(used))
        level[name] = np.arange(width)
    return Batch(parameters, drivers, own.coords, upstream, level, slab=own.slab)
