"""Stored outputs in time: mean and spread over samples, read block by block."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.numbers import Numbers, merge_moments
from ensemble.zarr_json import ArraySpec

F8 = NDArray[np.float64]

MOST_VALUES = 20_000_000_000
"""Stored values that are read for one output; with more, statistics must be asked for."""

PIECE = 1 << 21
"""Values that are reduced at a time."""


@dataclass(frozen=True)
class Series:
    """An output in time at one location; arrays (forcing, year), NaN where unknown."""

    name: str
    units: str
    meaning: str
    years: NDArray[np.int64]
    mean: F8
    std: F8
    control: F8 | None


def all_series(numbers: Numbers, place: int) -> Iterator[Series]:
    """Yield every output that has a time axis and no other."""
    scenario = numbers.store.attrs["identity"]["scenario"]
    targets = [n for n in scenario["statistics"] if n not in scenario["responses"]]
    for name in dict.fromkeys([*scenario["outputs"], *targets]):
        found = _from_statistics(numbers, name, place) or _from_members(numbers, name, place)
        if found is not None and np.isfinite(found.mean).any():
            yield found


def _years(numbers: Numbers, dim: str) -> NDArray[np.int64] | None:
    path = "year" if dim == "time" else dim
    if path not in numbers.store.specs or not (dim == "time" or dim.endswith("_year")):
        return None
    years: NDArray[np.int64] = numbers.store.read_whole(path)
    return years


def _from_statistics(numbers: Numbers, name: str, place: int) -> Series | None:
    paths = [f"statistics/{name}_{word}" for word in ("mean", "std")]
    spec = numbers.store.specs.get(paths[0])
    if spec is None or paths[1] not in numbers.store.specs:
        return None
    if len(spec.dims) != 3 or (years := _years(numbers, spec.dims[2])) is None:
        return None
    mean, std = (numbers.cells(path)[:, place] for path in paths)
    control = numbers.store.specs.get(f"control/{name}")
    same = control is not None and control.dims == spec.dims
    base = numbers.cells(f"control/{name}")[:, place] if same else None
    meaning = spec.attrs["long_name"].removeprefix("mean of ")
    return Series(name, spec.attrs["units"], meaning, years, mean, std, base)


def _from_members(numbers: Numbers, name: str, place: int) -> Series | None:
    spec = numbers.store.specs.get(name)
    if spec is None or len(spec.dims) != 4 or (years := _years(numbers, spec.dims[2])) is None:
        return None
    forcings, _, times, samples = spec.shape
    if len(years) < 2 or forcings * times * samples > MOST_VALUES:
        return None
    mean, std = _moments(numbers, spec, place)
    control = numbers.cells(f"control/{name}")[:, place]
    about = (name, spec.attrs["units"], spec.attrs["long_name"])
    return Series(*about, years, mean, std, control)


def _moments(numbers: Numbers, spec: ArraySpec, place: int) -> tuple[F8, F8]:
    """Return mean and standard deviation (forcing, time), one chunk in memory at a time."""
    forcings, locations, samples = numbers.grid.axes
    shape = (spec.shape[0], spec.shape[2])
    n, mean, spread = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    block, inside = divmod(place, locations.length)
    for f, s in np.ndindex(forcings.blocks, samples.blocks):
        chunk = numbers.chunk(spec.path, (f, block, s))
        if chunk is None or not numbers.finished[f, place]:
            continue
        values = chunk[0, inside]
        step = max(1, PIECE // values.shape[1])
        for t in range(0, len(values), step):
            here = (f, slice(t, t + step))
            merge_moments((n[here], mean[here], spread[here]), values[t : t + step])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, mean, np.nan), np.sqrt(spread / n)
