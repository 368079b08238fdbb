"""Drivers that are made when they are taken, some locations at a time.

Daily drivers of many cells are gigabytes, and a plan asks for their shapes alone.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike, NDArray
from pydantic import BaseModel

from kernels import I8, Variable

SLAB_BYTES = 32 << 20
"""What locations take that are made together, where all of them are wanted."""

FEW_YEARS = 1_000
"""Years of all cells up to which daily drivers are made at once: some tenths of a second."""

Make = Callable[[I8], Mapping[str, NDArray[Any]]]
"""Returns drivers (n, *dims) at locations (n,), the same to the bit whichever stand beside them."""


class Made(NDArrayOperatorsMixin):
    """One driver (L, *dims) of a `Source` or of `Filed`; to numpy an array, all of which it makes.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    """

    def __init__(
        self, source: "Source | Filed", name: str, shape: tuple[int, ...], dtype: DTypeLike
    ) -> None:
        self.source = source
        self.name = name
        self.shape = shape
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        """Return the number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Return the number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Return the bytes of all values."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Return values of the locations that the first part of a key chooses."""
        places, *rest = key if isinstance(key, tuple) else (key,)
        chosen = np.arange(len(self))[places]
        values = self.source.take(np.atleast_1d(chosen))[self.name]
        values = values if np.ndim(chosen) else values[0]
        if not rest:
            return values
        return np.asarray(values[(slice(None), *rest)] if np.ndim(chosen) else values[tuple(rest)])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        whole = np.empty(self.shape, self.dtype)
        for here, values in self.source.slabs():
            whole[here] = values[self.name]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **rest: Any) -> Any:
        plain = [np.asarray(one) if isinstance(one, Made) else one for one in inputs]
        return getattr(ufunc, method)(*plain, **rest)


Here = slice | tuple[slice, slice]
"""Which part of drivers is at hand: some locations, or all of them at some steps."""

Read = Callable[[], Iterator[tuple[slice, Mapping[str, NDArray[Any]]]]]
"""Yields every driver of all locations, (L, n), and at which n of T steps; file after file."""


class Filed:
    """What reads drivers (L, T) from files, each of which has all locations at some steps.

    One location costs as much as all: a plan looks at a few steps, of all locations.

    Parameters
    ----------
    read : callable
        See `Read`; raises `ScenarioError` with all that is wrong with what the files hold.
    steps : int
        T.
    looked_at : mapping of str to ndarray, shape (L, n)
        Every driver at the steps of ``at``.
    at : ndarray, shape (n,), int64

    Attributes
    ----------
    drivers : mapping of str to Made
    """

    def __init__(
        self, read: Read, steps: int, looked_at: Mapping[str, NDArray[Any]], at: I8
    ) -> None:
        self._read = read
        self.looked_at = looked_at
        self.at = at
        self.drivers: dict[str, Made] = {
            name: Made(self, name, (len(values), steps), values.dtype)
            for name, values in looked_at.items()
        }

    def glance(self, most: int) -> Mapping[str, NDArray[Any]]:
        """Return what tells that files are others: what was looked at."""
        return self.looked_at

    def take(self, places: I8) -> Mapping[str, NDArray[Any]]:
        """Return every driver at locations; every file is read."""
        made = self.drivers.items()
        taken = {n: np.empty((len(places), *d.shape[1:]), d.dtype) for n, d in made}
        for steps, values in self._read():
            for name, array in taken.items():
                array[:, steps] = values[name][places]
        return taken

    def slabs(self) -> Iterator[tuple[Here, Mapping[str, NDArray[Any]]]]:
        """Yield every driver, some steps at a time."""
        for steps, values in self._read():
            yield (slice(None), steps), values


class Source:
    """What makes the drivers of a forcing.

    Parameters
    ----------
    make : callable
        See `Make`.
    locations : int
        L.
    working : int
        Bytes that a location takes while it is made.

    Attributes
    ----------
    drivers : mapping of str to Made
        One location is made to learn their shapes.
    """

    def __init__(self, make: Make, locations: int, *, working: int) -> None:
        self._make = make
        self._step = max(1, SLAB_BYTES // working)
        self._last: tuple[bytes, Mapping[str, NDArray[Any]]] = (b"", {})
        self.locations = locations
        one = self.take(np.zeros(1, np.int64))
        self.drivers: dict[str, Made] = {
            name: Made(self, name, (locations, *values.shape[1:]), values.dtype)
            for name, values in one.items()
        }

    def take(self, places: I8) -> Mapping[str, NDArray[Any]]:
        """Return every driver at locations; those asked for last are at hand."""
        asked = places.tobytes()
        # One look at the pair: threads may ask for others meanwhile.
        known, values = self._last
        if known != asked:
            values = self._make(places)
            for array in values.values():
                array.flags.writeable = False
            self._last = (asked, values)
        return values

    def glance(self, most: int) -> Mapping[str, NDArray[Any]]:
        """Return every driver at so many locations, spread evenly over all."""
        return self.take(spread(self.locations, most))

    def slabs(self) -> Iterator[tuple[Here, Mapping[str, NDArray[Any]]]]:
        """Yield every driver, some neighbouring locations at a time."""
        for first in range(0, self.locations, self._step):
            here = slice(first, min(first + self._step, self.locations))
            yield here, self.take(np.arange(here.start, here.stop))

    def supplied(self, years: int) -> Mapping[str, NDArray[Any] | Made]:
        """Return every driver; at once where so many years of all locations are few."""
        return self.drivers if self.locations * years > FEW_YEARS else self.whole()

    def whole(self) -> dict[str, NDArray[Any]]:
        """Return every driver at all locations."""
        whole = {name: np.empty(made.shape, made.dtype) for name, made in self.drivers.items()}
        for here, values in self.slabs():
            for name, array in whole.items():
                array[here] = values[name]
        return whole


def recipe(
    spec: BaseModel, needs: Sequence[Variable], files: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Return all that made drivers follow from.

    Parameters
    ----------
    spec : BaseModel
        Of the reader, with its options.
    needs : sequence of Variable
        What is asked for.
    files : sequence of mapping
        What was read, with hashes of it.
    """
    asked = [[need.name, need.units, list(need.dims)] for need in needs]
    return json.dumps([spec.model_dump(mode="json"), asked, list(files)], sort_keys=True)


def spread(locations: int, most: int) -> I8:
    """Return numbers of locations spread evenly over all, the first and the last among them."""
    return np.unique(np.linspace(0, locations - 1, min(most, locations)).round().astype(np.int64))


def sources(drivers: Mapping[str, Any]) -> list[Source | Filed]:
    """Return what makes drivers, each once; none where all are arrays."""
    made = (one for one in drivers.values() if isinstance(one, Made))
    return list({id(one.source): one.source for one in made}.values())
