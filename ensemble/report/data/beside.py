"""Dimensions along which models, kernels or options of one stand side by side, in a store."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from ensemble.tables.results import Results
from kernels import MODEL

LONG_NAMES = (MODEL, "kernel", "variant")
OPTION = "option "
"""What the store says of such a dimension, or what that begins with; of pools it says else."""


def is_beside(results: Results, dim: str) -> bool:
    """Return whether models, kernels or options stand side by side along a dimension."""
    spec = results.store.specs.get(dim)
    if spec is None or spec.dtype != "string":
        return False
    # A kernel of models of its own may call them what it likes.
    said = MODEL if dim == MODEL else str(spec.attrs.get("long_name", ""))
    return said in LONG_NAMES or said.startswith(OPTION)


def labels_along(results: Results, *dims: str) -> tuple[str, ...]:
    """Return the names along dimensions, the last fastest; empty where one has none.

    Of no dimension it is one without a name.
    """
    specs = results.store.specs
    if any(dim not in specs or specs[dim].dtype != "string" for dim in dims):
        return ()
    every = [[_called(results, dim, place) for place in results.store.read_strings(dim)]
             for dim in dims]  # fmt: skip
    return tuple(", ".join(places) for places in product(*every))


def _called(results: Results, dim: str, place: str) -> str:
    """Return a place in words: a value of an option says little without its option."""
    said = str(results.store.specs[dim].attrs.get("long_name", ""))
    return f"{dim} {place}" if said.startswith(OPTION) else str(place)


def side_by_side(
    results: Results, dims: Sequence[str]
) -> Iterator[tuple[str, tuple[int | slice, ...]]]:
    """Yield each place of what stands side by side in an output, and where it is there.

    Parameters
    ----------
    results : Results
    dims : sequence of str
        Of the output, between location and sample. One place without a name is yielded where
        nothing stands side by side.
    """
    beside = [dim for dim in dims if is_beside(results, dim)]
    sizes = [results.store.specs[dim].shape[0] for dim in beside]
    labels = labels_along(results, *beside)
    for label, place in zip(labels, np.ndindex(*sizes), strict=True):
        at = dict(zip(beside, place, strict=True))
        yield label, tuple(at.get(dim, slice(None)) for dim in dims)


def others(results: Results, dims: Sequence[str]) -> tuple[str, ...]:
    """Return the dimensions along which nothing stands side by side."""
    return tuple(dim for dim in dims if not is_beside(results, dim))
