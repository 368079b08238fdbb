"""Stored outputs in time: mean and spread over samples, read block by block."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.report.data.beside import labels_along
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from ensemble.tables.results import Results, merge_moments
from ensemble.tables.signs import never_negative
from ensemble.tables.times import years_along
from kernels import F8
from scenarios.outputs import array_names

MOST_VALUES = 20_000_000_000
"""Stored values that are read for one output; with more, statistics must be asked for."""

PIECE = 1 << 21
"""Values that are reduced at a time."""


MOST_LINES = 8
"""Models, or other places with names, that are drawn of one output."""


@dataclass(frozen=True)
class Series:
    """An output in time at one location; arrays (forcing, year), NaN where unknown.

    ``line`` is a model, or another place of a dimension whose places have names; else empty.
    ``years`` may be what else lies in time: months or days of the year, or seasons by name;
    ``members`` (forcing,) are those that ran, where their values were read.
    """

    name: str
    units: str
    meaning: str
    years: NDArray[Any]
    mean: F8
    std: F8
    control: F8 | None
    line: str = ""
    never_negative: bool = False
    members: F8 | None = None

    def along(self, years: NDArray[Any]) -> "Series":
        """Return the same along other numbers."""
        return replace(self, years=years)


Lines = list[tuple[str, tuple[int | slice, ...]]]
"""What a line is called, and its index into the dimensions between location and sample."""


Along = Callable[[Store, str], NDArray[Any] | None]
"""Returns what lies along a dimension in time; None of another."""


def all_series(results: Results, place: int, along: Along = years_along) -> Iterator[Series]:
    """Yield every output with a time axis and no other, or others whose places have names."""
    scenario = results.store.attrs["identity"]["scenario"]
    targets = [n for n in scenario["statistics"] if n not in scenario["responses"]]
    for name in dict.fromkeys([*array_names(scenario["outputs"]), *targets]):
        about = (results, name, place, along)
        every = _from_statistics(*about) or _from_members(*about)
        sign = never_negative(results.store, name)
        known = (line for line in every if np.isfinite(line.mean).any())
        yield from (replace(line, never_negative=sign) for line in known)


def _lines(
    results: Results, dims: Sequence[str], along: Along
) -> tuple[NDArray[Any], Lines] | None:
    """Return the years of an output on these dimensions and its lines; None if it has none."""
    on = {dim: years for dim in dims if (years := along(results.store, dim)) is not None}
    others = [dim for dim in dims if dim not in on]
    labels = labels_along(results, *others)
    if len(on) != 1 or not labels:
        return None
    (years,) = on.values()
    sizes = [results.store.specs[dim].shape[0] for dim in others]
    lines: Lines = []
    for label, place in zip(labels[:MOST_LINES], np.ndindex(*sizes), strict=False):
        at = dict(zip(others, place, strict=True))
        lines.append((label, tuple(at.get(dim, slice(None)) for dim in dims)))
    return years, lines


def _from_statistics(results: Results, name: str, place: int, along: Along) -> list[Series]:
    paths = [f"statistics/{name}_{word}" for word in ("mean", "std")]
    spec = results.store.specs.get(paths[0])
    if spec is None or paths[1] not in results.store.specs:
        return []
    if (layout := _lines(results, spec.dims[2:], along)) is None:
        return []
    mean, std = (results.cells(path)[:, place] for path in paths)
    control = results.store.specs.get(f"control/{name}")
    same = control is not None and control.dims == spec.dims
    base = results.cells(f"control/{name}")[:, place] if same else None
    meaning = spec.attrs["long_name"].removeprefix("mean of ")
    return _series((name, spec.attrs["units"], meaning), layout, mean, std, base)


def _from_members(results: Results, name: str, place: int, along: Along) -> list[Series]:
    spec = results.store.specs.get(name)
    if spec is None or (layout := _lines(results, spec.dims[2:-1], along)) is None:
        return []
    forcings, _, *cells, samples = spec.shape
    if len(layout[0]) < 2 or forcings * math.prod(cells) * samples > MOST_VALUES:
        return []
    mean, std, members = _moments(results, spec, place)
    control = results.cells(f"control/{name}")[:, place]
    labels = (name, spec.attrs["units"], spec.attrs["long_name"])
    every = _series(labels, layout, mean, std, control)
    return [replace(line, members=members) for line in every]


def _series(
    labels: tuple[str, str, str],
    layout: tuple[NDArray[Any], Lines],
    mean: F8,
    std: F8,
    control: F8 | None,
) -> list[Series]:
    """Return one series per line of arrays (forcing, *dims)."""
    years, lines = layout
    every = [(label, (slice(None), *index)) for label, index in lines]
    return [
        Series(*labels, years, mean[at], std[at], None if control is None else control[at], label)
        for label, at in every
    ]


def _moments(results: Results, spec: ArraySpec, place: int) -> tuple[F8, F8, F8]:
    """Return mean and standard deviation (forcing, *dims), one chunk in memory at a time.

    The third is how many members there are, (forcing,).
    """
    forcings, locations, samples = results.grid.axes
    cells = spec.shape[2:-1]
    shape = (spec.shape[0], math.prod(cells))
    n, mean, spread = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    block, inside = divmod(place, locations.length)
    for f, s in np.ndindex(forcings.blocks, samples.blocks):
        chunk = results.chunk(spec.path, (f, block, s))
        if chunk is None or not results.finished[f, place]:
            continue
        values = chunk[0, inside].reshape(shape[1], -1)
        step = max(1, PIECE // values.shape[1])
        for t in range(0, len(values), step):
            here = (f, slice(t, t + step))
            merge_moments((n[here], mean[here], spread[here]), values[t : t + step])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, std = np.where(n > 0, mean, np.nan), np.sqrt(spread / n)
    return mean.reshape(-1, *cells), std.reshape(-1, *cells), n.max(axis=1, initial=0.0)
