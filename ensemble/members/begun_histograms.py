"""Histograms of stores that earlier versions began, which go on as they were begun.

They have every edge, where now the lowest and the highest are stored, and counts of 64 bits, where
now they have as many as the members of a design need.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.store.arrays import ArraySpec

EVERY, ENDS = "edge", "edge_end"


def as_begun(spec: ArraySpec, there: ArraySpec) -> ArraySpec:
    """Return an array of a histogram as a store that is begun has it; others as they are."""
    if there.dims[-1:] == (EVERY,) and spec.dims[-1:] == (ENDS,):
        last = there.shape[-1:]
        shape, chunks = (*spec.shape[:-1], *last), (*spec.chunks[:-1], *last)
        return replace(spec, dims=(*spec.dims[:-1], EVERY), shape=shape, chunks=chunks)
    if there.dims[-1:] == spec.dims[-1:] == ("bin",) and there.dtype == "uint64":
        return replace(spec, dtype=there.dtype)
    return spec


def as_stored(values: NDArray[Any], spec: ArraySpec) -> NDArray[Any]:
    """Return lowest and highest edge (..., 2) as the store has them: these, or every edge."""
    if spec.dims[-1:] != (EVERY,) or values.shape[-1] != 2:
        return values
    return np.linspace(values[..., 0], values[..., 1], spec.shape[-1], axis=-1)
