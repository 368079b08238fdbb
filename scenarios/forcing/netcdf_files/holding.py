"""How a variable is found in files: its axes, places and dates, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.times import Stamps, When, dates_of, joined
from scenarios.forcing.netcdf_files.axes import axes_of, place_along
from scenarios.forcing.netcdf_files.files import File, Files, again
from scenarios.forcing.netcdf_files.held import Held, Part
from scenarios.forcing.netcdf_files.space import space_of
from scenarios.problems import Problem


@dataclass(frozen=True)
class Said:
    """What a scenario says of a variable.

    Attributes
    ----------
    places, units : mapping
        ``variables:`` of places, and ``units:``.
    stamps : str or None
    where : mapping of str to float
        Of other dimensions, the coordinate of the place that is taken.
    """

    places: Mapping[str, str]
    units: Mapping[str, str]
    stamps: Stamps | None = None
    where: Mapping[str, float] = field(default_factory=dict)


def hold(name: str, files: Sequence[File], all_files: Files, said: Said) -> Held | None:
    """Return a variable of some files, which hold it; None, with findings, where it cannot be."""
    findings, found = all_files.findings, list[Held]()
    for file in files:
        with again(file.path) as dataset:
            try:
                found.append(_in_file(dataset, name, file.path, all_files, said, len(files) == 1))
            except ValueError as error:
                text = str(error)
                where = "" if f"variable {name!r}" in text else f"variable {name!r}"
                findings.add("variables", Problem(text, where, str(file.path)))
    if len(found) < len(files):
        return None
    try:
        return found[0] if len(found) == 1 else _joined(name, found)
    except ValueError as error:
        folder = str(found[0].parts[0].path.parent)
        findings.add("variables", Problem(str(error), f"variable {name!r}", folder))
        return None


def _in_file(
    dataset: Any, name: str, path: Path, all_files: Files, said: Said, whole: bool
) -> Held:
    """Return a variable of one file; ``whole`` is whether no other file holds it."""
    variable = dataset[name]
    if variable.dtype is str or variable.dtype.kind not in "fiu":
        raise ValueError("holds words; needed numbers")
    one = {dim: place_along(dataset, variable, dim, at) for dim, at in said.where.items()}
    axes = axes_of(dataset, variable, said.places, one)
    space = space_of(dataset, axes, said.units, alone=len(all_files.known) == 1)
    snapshot = whole and bool(axes.time) and _undated(dataset, axes.time)
    when, yearless = None, False
    if axes.time and not snapshot:
        when, yearless = _when(dataset, axes.time, said.stamps)
    unit = str(getattr(variable, "units", "")).strip()
    part = Part(path, axes, all_files.shared(space), when, unit, one)
    if when is None:
        return Held(name, (part,), snapshot=snapshot)
    order = when.order
    at = (np.zeros(order.size, np.int64), order)
    return Held(name, (part,), when.take(order), at, yearless)


def _undated(dataset: Any, dim: str) -> bool:
    """Return whether there is one date without bounds: nothing says how long it holds."""
    of_time = [v for v in dataset.variables.values() if v.dimensions == (dim,)]
    named = {str(getattr(v, "bounds", "")) for v in of_time} | {"time_bnds", "time_bounds"}
    bounded = any(name in dataset.variables for name in named)
    return len(dataset.dimensions[dim]) == 1 and dim != "year" and not bounded


def _when(dataset: Any, dim: str, stamps: Stamps | None) -> tuple[When, bool]:
    """Return the dates along a dimension, and whether they are twelve months without years."""
    size = len(dataset.dimensions[dim])
    if not size:
        raise ValueError("has no step of time; needed one or more")
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
        raise ValueError(
            f"nothing in the file says when its {size} values along {dim!r} are; needed a "
            f"coordinate {dim}({dim}) with units such as 'days since 1901-01-01', or of whole "
            "years, called year"
        )
    return when, False


def _joined(name: str, found: Sequence[Held]) -> Held:
    """Return a variable of several files, by its dates."""
    parts = [held.parts[0] for held in found]
    dated = [part.when for part in parts if part.when is not None]
    if any(held.yearless for held in found) or len(dated) < len(parts):
        listed = " and ".join(part.path.name for part in parts[:3])
        raise ValueError(
            f"is in {listed}, without dates that would tell them apart; name one of them with "
            f"variables: {{DRIVER: {{file: {parts[0].path.name}, variable: {name}}}}}"
        )
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
    at = (file[order], step[order])
    return replace(found[0], parts=tuple(parts), when=when.take(order), at=at)
