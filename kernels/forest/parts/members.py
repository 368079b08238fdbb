"""Members by their rows of parameters: each distinct row is fitted once, for all locations."""

from collections.abc import Callable, Container, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, U1
from kernels.contract.batches import parameter_status
from kernels.contract.entries import Parameter
from kernels.contract.stages import Batch
from kernels.contract.status import OUT_OF_RANGE

Predict = Callable[[Mapping[str, F8]], Mapping[str, F8]]
"""Takes drivers of locations by name, each (n,), and returns outputs by name, each (n, *dims)."""

Fit = Callable[[F8, Container[str]], Predict]
"""``fit(row, asked)``: of parameters in their order, and of outputs that are asked for."""


def rows_of(table: Sequence[Parameter], batch: Batch, out: Mapping[str, F8], status: U1) -> F8:
    """Return the parameters of members, (1 or L, S, parameters), all of them whole numbers.

    Members with others get their status; outputs get NaN.
    """
    status[:] = parameter_status(table, batch.parameters)
    given = [_alike(batch.parameters[parameter.name]) for parameter in table]
    values = np.stack(np.broadcast_arrays(*given), axis=-1)
    broken = (values != np.floor(values)).any(axis=-1)
    status[np.broadcast_to(broken, status.shape)] = OUT_OF_RANGE
    for found in out.values():
        found[...] = np.nan
    return values


def _alike(parameter: F8) -> F8:
    """Return a parameter as (1, S) where all locations have the same: rows are then few to sort."""
    return parameter[:1] if (parameter == parameter[:1]).all() else parameter


def predict(
    fit: Fit,
    drivers: Mapping[str, F8],
    values: F8,
    runs: NDArray[np.bool_],
    out: Mapping[str, F8],
) -> None:
    """Fill outputs (L, *dims, S) of the members (L, S) that run; ``values`` are of `rows_of`."""
    rows, which = np.unique(values.reshape(-1, values.shape[-1]), axis=0, return_inverse=True)
    which = which.reshape(values.shape[:2])
    for k, row in enumerate(rows):
        samples = np.flatnonzero((which == k).any(axis=0))
        asked = runs[:, samples] & (which[:, samples] == k)
        cells = np.flatnonzero(asked.any(axis=1))
        if not cells.size:
            continue
        place, sample = np.nonzero(asked)
        predicted = fit(row, out)({name: held[cells] for name, held in drivers.items()})
        for name in predicted.keys() & out.keys():
            found = np.full((len(runs), *predicted[name].shape[1:]), np.nan)
            found[cells] = predicted[name]
            out[name][place, ..., samples[sample]] = found[place]
