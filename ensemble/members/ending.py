"""Arrays that a run ends with, put together from the locations of one block after the other."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.store.store import Store

Chunk = tuple[str, tuple[int, ...], NDArray[Any]]
"""Path, index and values, as `Store.write_chunks` takes them."""


class Ending:
    """Chunks of some blocks' locations each, held until their last block is there.

    Parameters
    ----------
    store : Store
        Whose arrays have chunks of whole blocks of locations, as `Layout.spec` gives them.
    locations : int
        Of the run.
    """

    def __init__(self, store: Store, locations: int) -> None:
        self._store, self._locations = store, locations
        self._parts: dict[str, list[NDArray[Any]]] = {}

    def take(self, here: slice, arrays: Mapping[str, NDArray[Any]]) -> Iterator[Chunk]:
        """Take arrays of some locations, the next ones, by path; yield chunks that are whole."""
        for path, values in arrays.items():
            spec = self._store.specs[path]
            axis = spec.dims.index("location")
            length = spec.chunks[axis]
            parts = self._parts.setdefault(path, [])
            parts.append(values)
            if here.stop % length == 0 or here.stop == self._locations:
                index = [0] * values.ndim
                index[axis] = (here.stop - 1) // length
                whole = parts[0] if len(parts) == 1 else np.concatenate(parts, axis)
                del self._parts[path]
                yield path, tuple(index), whole
