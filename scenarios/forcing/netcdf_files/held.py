"""A variable over its files: its dates, its places, and its values some steps at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8, I8
from scenarios.forcing.common.made import SLAB_BYTES
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.times import Stamps, When, dates_of, joined
from scenarios.forcing.netcdf_files.axes import Axes, axes_of, place_along
from scenarios.forcing.netcdf_files.files import File, Files, again
from scenarios.forcing.netcdf_files.space import Space, named, space_of
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
    """

    name: str
    parts: tuple[Part, ...]
    when: When | None = None
    at: tuple[I8, ...] = ()
    yearless: bool = False

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


def hold(
    name: str,
    files: Sequence[File],
    all_files: Files,
    places: Mapping[str, str],
    units: Mapping[str, str],
    stamps: Stamps | None,
    where: Mapping[str, float],
) -> Held | None:
    """Return a variable of some files, which hold it; None, with findings, where it cannot be.

    Parameters
    ----------
    name : str
    files : sequence of File
    all_files : Files
    places, units : mapping
        ``variables:`` of places, and ``units:``, of the scenario.
    stamps : str or None
    where : mapping of str to float
        Of other dimensions, the coordinate of the place that is taken.
    """
    findings, parts, yearless = all_files.findings, list[Part](), False
    for file in files:
        with again(file.path) as dataset:
            try:
                alone = len(all_files.known) == 1
                part, months = _part(dataset, name, file.path, places, units, stamps, where, alone)
            except ValueError as error:
                said = str(error)
                named = "" if f"variable {name!r}" in said else f"variable {name!r}"
                findings.add("variables", Problem(said, named, str(file.path)))
                continue
        parts.append(replace(part, space=all_files.shared(part.space)))
        yearless = yearless or months
    if len(parts) < len(files):
        return None
    try:
        return _joined(name, parts, yearless)
    except ValueError as error:
        folder = str(parts[0].path.parent)
        findings.add("variables", Problem(str(error), f"variable {name!r}", folder))
        return None


def _part(
    dataset: Any,
    name: str,
    path: Path,
    places: Mapping[str, str],
    units: Mapping[str, str],
    stamps: Stamps | None,
    where: Mapping[str, float],
    alone: bool,
) -> tuple[Part, bool]:
    """Return a variable of a file, and whether its time is twelve months without years."""
    variable = dataset[name]
    if variable.dtype is str or variable.dtype.kind not in "fiu":
        raise ValueError("holds words; needed numbers")
    one = {dim: place_along(dataset, variable, dim, value) for dim, value in where.items()}
    axes = axes_of(dataset, variable, places, one)
    space = space_of(dataset, axes, units, alone=alone)
    when, yearless = _when(dataset, axes.time, stamps) if axes.time else (None, False)
    if when is not None and not when.year.size:
        raise ValueError("has no step of time; needed one or more")
    unit = str(getattr(variable, "units", "")).strip()
    return Part(path, axes, space, when, unit, one), yearless


def _when(dataset: Any, dim: str, stamps: Stamps | None) -> tuple[When, bool]:
    """Return the dates along a dimension, and whether they are twelve months without years."""
    own = dataset.variables.get(dim)
    if own is not None and own.dimensions == (dim,) and "since" not in getattr(own, "units", ""):
        values = numbers(own) if own.dtype is not str and own.dtype.kind in "fiu" else np.empty(0)
        if dim == "month" and sorted(values.tolist()) == list(range(1, 13)):
            month = values.astype(np.int64)
            return When(np.zeros(12, np.int64), month, np.full(12, 15), "noleap", "month"), True
        if dim == "year" and values.size and (values == np.rint(values)).all():
            year, ones = values.astype(np.int64), np.ones(values.size, np.int64)
            return When(year, 6 * ones, 15 * ones, "", "year"), False
    when = dates_of(dataset, dim, stamps)
    if when is None:
        size = len(dataset.dimensions[dim])
        raise ValueError(
            f"nothing in the file says when its {size} values along {dim!r} are; needed a "
            f"coordinate {dim}({dim}) with units such as 'days since 1901-01-01', or of whole "
            "years, called year"
        )
    return when, False


def _joined(name: str, parts: list[Part], yearless: bool) -> Held:
    """Return a variable of several files, by its dates."""
    if len(parts) > 1 and (yearless or any(part.when is None for part in parts)):
        listed = " and ".join(part.path.name for part in parts[:3])
        raise ValueError(
            f"is in {listed}, without dates that would tell them apart; name one of them with "
            f"variables: {{DRIVER: {{file: {parts[0].path.name}, variable: {name}}}}}"
        )
    dated = [part.when for part in parts if part.when is not None]
    if not dated:
        return Held(name, tuple(parts))
    for what, unlike in (
        ("unit", {part.unit for part in parts}),
        ("calendar", {one.calendar for one in dated}),
    ):
        if len(unlike) > 1:
            listed = " and ".join(map(repr, sorted(unlike)))
            raise ValueError(f"has {what} {listed} in its files; needed one {what}")
    when = joined(dated)
    sizes = [one.year.size for one in dated]
    file = np.repeat(np.arange(len(parts)), sizes)
    step = np.concatenate([np.arange(size) for size in sizes])
    order = when.order
    return Held(name, tuple(parts), when.take(order), (file[order], step[order]), yearless)
