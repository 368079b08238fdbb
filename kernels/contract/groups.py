"""Samples of a batch in groups, each of which has drivers of its own.

A kernel takes drivers by location. Where they differ between samples, because an earlier link
of a chain made them by its parameters or a factor changes them, samples that share theirs are a
group; a group is a call, or, where a call would hold fewer lanes than the kernel likes, several
groups are one call in which each stands as locations of its own. A kernel's members know nothing
of each other, so no bit depends on that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.stages import Batch, Run, Slab

Drive = Callable[[I8, Mapping[str, F8]], Mapping[str, F8]]
"""``drive(first, drivers)``: drivers (L many, *dims) of groups with these first samples (many,).

``drivers`` are the batch's, repeated for every group; the groups of a location stand side by side.
"""


def run_in_groups(
    run: Run,
    batch: Batch,
    apart: Sequence[NDArray[np.generic]],
    drive: Drive,
    at_once: Callable[[int], int],
    out: Mapping[str, F8],
    status: U1,
) -> list[str]:
    """Run a stage on samples in groups; return its notes.

    Parameters
    ----------
    apart : sequence of ndarray, shape (S,)
        Samples that differ in any of them are in different groups.
    drive : callable
        See `Drive`; of no sample, it is given one group whose first sample is 0.
    at_once : callable
        ``at_once(locations)``: groups of a call, given the locations of one, at least 1.
    """
    notes: list[str] = []
    for k, groups in enumerate(_calls(apart, status.shape, at_once)):
        own = replace(batch, slab=_of_call(batch.slab, k))
        notes += _call(run, own, drive, groups, out, status)
    return notes


def _of_call(slab: Slab | None, call: int) -> Slab | None:
    """Return a slab in which one of several calls keeps what it needs to go on."""
    return None if slab is None else Slab(slab.first, slab.kept.setdefault(call, {}))


def _calls(
    apart: Sequence[NDArray[np.generic]], shape: tuple[int, ...], at_once: Callable[[int], int]
) -> Iterator[list[I8]]:
    """Yield the groups of samples of every call, groups of one call equally large."""
    locations, samples = shape
    if all((one == one[:1]).all() for one in apart):
        # No sample at all is one group, too: it is how stages are compiled.
        yield [np.arange(samples)]
        return
    _, group = np.unique(np.stack(apart), axis=1, return_inverse=True)
    order, sizes = np.argsort(group.ravel(), kind="stable"), np.bincount(group.ravel())
    groups = np.split(order, np.cumsum(sizes)[:-1])
    for size in np.unique(sizes).tolist():
        alike = [one for one in groups if len(one) == size]
        several = at_once(locations * size)
        for k in range(0, len(alike), several):
            yield alike[k : k + several]


def _call(
    run: Run,
    own: Batch,
    drive: Drive,
    groups: Sequence[I8],
    out: Mapping[str, F8],
    status: U1,
) -> Sequence[str]:
    """Run groups of equally many samples; a pair of location and group is a location."""
    samples, many = np.concatenate(groups), len(groups)
    locations, width = len(status), len(groups[0])
    first = samples[::width] if width else np.zeros(1, np.int64)
    drivers = {n: np.repeat(v, many, axis=0) if many > 1 else v for n, v in own.drivers.items()}
    drivers = {**drivers, **drive(first, drivers)}
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
    return side_by_side(values[..., samples].reshape(*values.shape[:-1], many, width))


def side_by_side(values: F8) -> F8:
    """Return (L, *dims, many, n) as (L many, *dims, n)."""
    moved = np.moveaxis(values, -2, 1)
    return moved.reshape(-1, *moved.shape[2:])


def _of_one(own: Batch, drivers: Mapping[str, F8], samples: I8) -> Batch:
    """Return what a call sees of some samples that use the same drivers."""
    parameters = {n: np.ascontiguousarray(v[:, samples]) for n, v in own.parameters.items()}
    level = {n: np.ascontiguousarray(v[samples]) for n, v in own.level.items()}
    start = {n: np.ascontiguousarray(v[..., samples]) for n, v in own.start.items()}
    return replace(own, parameters=parameters, drivers=drivers, level=level, start=start)


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
        upstream[name] = _own(values[..., own.level[name][samples]], many)
        level[name] = np.arange(width)
    start = {n: _own(values[..., samples], many) for n, values in own.start.items()}
    return replace(
        own, parameters=parameters, drivers=drivers, upstream=upstream, level=level, start=start
    )


def _own(values: F8, many: int) -> F8:
    """Return (L, *dims, many n) as (L many, *dims, n), in one piece."""
    return np.ascontiguousarray(
        side_by_side(values.reshape(*values.shape[:-1], many, values.shape[-1] // many))
    )
