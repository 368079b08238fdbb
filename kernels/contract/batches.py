"""Drivers and parameters of a batch, as blocks read them, and statuses of what they may not be."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from kernels.contract.arrays import F8, U1
from kernels.contract.drivers import About
from kernels.contract.entries import Parameter
from kernels.contract.stages import Batch
from kernels.contract.status import BAD_INPUT, OK, OUT_OF_RANGE


def driver_status(
    table: Mapping[str, About], drivers: Mapping[str, F8], litter: Collection[str] = ()
) -> U1:
    """Return a status for every location, (L,): finite, and where some soil or plant could be.

    What is no number anywhere decides, whatever else is out of range. ``litter`` names the
    drivers of which not all may be zero: in equilibrium without any, every pool ends at zero, or,
    without microbes, anywhere. None may be named.
    """
    count = len(next(iter(drivers.values())))
    status = np.full(count, OK, np.uint8)
    finite = np.ones(count, np.bool_)
    for name, values in drivers.items():
        _, lowest, highest, _ = table[name]
        flat = values.reshape(count, -1 if count else 1)
        # Where one value is no number, neither is the least or the most.
        least, most = flat.min(axis=1), flat.max(axis=1)
        with np.errstate(invalid="ignore"):
            status[~((least >= lowest) & (most <= highest))] = OUT_OF_RANGE
        finite &= np.isfinite(least) & np.isfinite(most)
    if litter:
        total = sum(drivers[name].reshape(count) for name in litter)
        status[total == 0.0] = OUT_OF_RANGE
    status[~finite] = BAD_INPUT
    return status


def parameter_status(table: Sequence[Parameter], values: Mapping[str, F8]) -> U1:
    """Return a status for every member, (1 or L, S): finite and within bounds."""
    shape = np.broadcast_shapes(*(values[p.name].shape for p in table))
    status = np.full(shape, OK, np.uint8)
    for p in table:
        drawn = values[p.name]
        with np.errstate(invalid="ignore"):
            wrong = ~((drawn >= p.lower) & (drawn <= p.upper))
        status[np.broadcast_to(wrong, shape)] = OUT_OF_RANGE
    for p in table:
        status[np.broadcast_to(~np.isfinite(values[p.name]), shape)] = BAD_INPUT
    return status


def packed_rows(batch: Batch, names: Sequence[str], at: slice, samples: slice) -> F8:
    """Return some members' parameters, (1 or L, S, parameters)."""
    columns = [batch.parameters[n] for n in names]
    deep = max(len(c) for c in columns)
    taken = [(c if len(c) == 1 else c[at])[:, samples] for c in columns]
    shape = taken[0].shape if deep == 1 else (at.stop - at.start, taken[0].shape[1])
    rows = np.empty((*shape, len(taken)))
    # One by one: each view of `np.broadcast_to` takes longer than a column of a small batch.
    for i, column in enumerate(taken):
        rows[..., i] = column
    return rows


def bounds_of(table: Sequence[Parameter]) -> F8:
    """Return the lower and upper bounds of a table, (2, parameters)."""
    return np.array([[p.lower for p in table], [p.upper for p in table]])


def worse(one: U1, other: U1) -> U1:
    """Return the statuses of drivers in two spans of time together, as `driver_status` has them."""
    joint = np.where((one == OK) & (other == OK), OK, OUT_OF_RANGE).astype(np.uint8)
    joint[(one == BAD_INPUT) | (other == BAD_INPUT)] = BAD_INPUT
    return joint


def so_far(batch: Batch, status: U1) -> U1:
    """Return the statuses of drivers in all slabs until now, given those of this one."""
    if batch.slab is None:
        return status
    known = batch.slab.kept.get("drivers")
    batch.slab.kept["drivers"] = joint = status if known is None else worse(known, status)
    return joint
