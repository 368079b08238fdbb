"""A variable over its files: its dates, its places, and its values some steps at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8, I8
from scenarios.forcing.common.made import SLAB_BYTES
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.times import When
from scenarios.forcing.netcdf_files.axes import Axes
from scenarios.forcing.netcdf_files.files import again
from scenarios.forcing.netcdf_files.space import Space, named
from scenarios.problems import Problem


@dataclass(frozen=True)
class Cells:
    """Places that are taken, by where they stand in the places of the first variable."""

    space: Space
    kept: I8
    _at: dict[int, I8] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return int(self.kept.size)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the locations."""
        space = self.space
        if space.words or not space.shape:
            return tuple(space.names[i] for i in self.kept.tolist())
        return named(space.lat[self.kept], space.lon[self.kept])

    def names_of(self, which: Any) -> list[str]:
        """Return the names of some of them."""
        return [self.space.name(int(i)) for i in self.kept[which]]

    def take(self, which: Any) -> "Cells":
        """Return some of them, by a mask or by places."""
        return Cells(self.space, self.kept[which])

    def of(self, space: Space) -> I8:
        """Return where they stand in the places of a file, -1 where they do not."""
        if id(space) not in self._at:
            self._at[id(space)] = space.at(self.space)[self.kept]
        return self._at[id(space)]


@dataclass(frozen=True)
class Part:
    """A variable in one file.

    ``when`` is in the order of the file; ``one`` is which place of other dimensions is taken.
    """

    path: Path
    axes: Axes
    space: Space
    when: When | None
    unit: str
    one: Mapping[str, int] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """Return how many values a step has."""
        return self.space.size


@dataclass(frozen=True)
class Held:
    """A variable over all files that hold it.

    Attributes
    ----------
    name : str
    parts : tuple of Part
    when : When or None
        In the order of dates; None without time.
    at : tuple of ndarray
        Of each date, the number of its part, and of its step there.
    yearless : bool
        Whether it is twelve months without years.
    snapshot : bool
        Whether it has one date without bounds, of which nothing says how long it holds; then
        ``when`` is None.
    """

    name: str
    parts: tuple[Part, ...]
    when: When | None = None
    at: tuple[I8, ...] = ()
    yearless: bool = False
    snapshot: bool = False

    @property
    def file(self) -> str:
        """Return the file for messages; the folder, where there are several."""
        return str(self.parts[0].path if len(self.parts) == 1 else self.parts[0].path.parent)

    @property
    def space(self) -> Space:
        """Return the places of its first file."""
        return self.parts[0].space

    @property
    def unit(self) -> str:
        """Return the unit that its files say, of the first; empty if they do not."""
        return self.parts[0].unit

    def problem(self, text: str, more: str = "") -> Problem:
        """Return a problem of the variable."""
        return Problem(text, f"variable {self.name!r}{more}", self.file)

    def fixed(self, cells: Cells) -> F8:
        """Return its values without time, (L,); NaN where there is none."""
        (part,) = self.parts
        with again(part.path) as dataset:
            return np.asarray(_read(dataset, self.name, part, None, cells)[0])

    def steps(self, which: I8, cells: Cells) -> Iterator[tuple[slice, F8]]:
        """Yield values (n, L) of some dates in rising order, and which n of them."""
        files, steps = self.at[0][which], self.at[1][which]
        begin = 0
        while begin < which.size:
            part = self.parts[files[begin]]
            most = max(1, SLAB_BYTES // (8 * part.cells))
            others = np.flatnonzero(files[begin : begin + most] != files[begin])
            end = min(begin + (int(others[0]) if others.size else most), which.size)
            with again(part.path) as dataset:
                yield slice(begin, end), _read(dataset, self.name, part, steps[begin:end], cells)
            begin = end


def _read(dataset: Any, name: str, part: Part, steps: I8 | None, cells: Cells) -> F8:
    """Return values (n, L), n is 1 without time."""
    variable = dataset[name]
    dims, time = variable.dimensions, part.axes.time
    rising = np.argsort(steps, kind="stable") if steps is not None else None
    chosen: Any = slice(None)
    if steps is not None and rising is not None:
        ordered = steps[rising]
        whole = ordered.size == ordered[-1] - ordered[0] + 1
        chosen = slice(int(ordered[0]), int(ordered[-1]) + 1) if whole else ordered
    whole_of = {dim: slice(at, at + 1) for dim, at in part.one.items()} | {time: chosen}
    values = numbers(variable, key=tuple(whole_of.get(dim, slice(None)) for dim in dims) or ...)
    first = [d for d in (time, *part.axes.space) if d]
    rest = [d for d in dims if d not in first]
    moved = values.transpose([dims.index(d) for d in (*first, *rest)])
    flat = moved.reshape(1 if steps is None else steps.size, -1)
    if rising is not None:
        flat = flat[np.argsort(rising, kind="stable")]
    at = cells.of(part.space)
    return np.asarray(np.where(at >= 0, flat[:, at], np.nan))
