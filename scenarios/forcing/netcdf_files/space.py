"""Places of a variable: cells of a grid or sites, by name, and where another file has them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from scenarios.forcing.common.file_units import unit_said
from scenarios.forcing.common.nearest_cells import wrapped
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.places import in_degrees_or_m2
from scenarios.forcing.netcdf_files.axes import Axes, names_of

_ALIKE = 1e-3
"""Part of the distance of two rows within which two files have the same row."""

_DIGITS = 4
"""Of degrees in names: 11 m."""


def _nothing() -> F8:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Space:
    """Places in the order of a file, the last dimension fastest.

    Attributes
    ----------
    shape : tuple of int
        Of the dimensions of places; none where there is one value everywhere.
    lat, lon : ndarray, shape (n,), float64
        Degrees north, and east from -180 to 180; empty where nothing says them.
    rows, columns : ndarray
        Latitudes and longitudes of a grid, (lat,) and (lon,); empty for sites.
    words : tuple of str
        Names that the file has; without any, places are called by their degrees.
    """

    shape: tuple[int, ...] = ()
    lat: F8 = field(default_factory=_nothing)
    lon: F8 = field(default_factory=_nothing)
    rows: F8 = field(default_factory=_nothing)
    columns: F8 = field(default_factory=_nothing)
    words: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return how many places there are; 1 where it is one value everywhere."""
        return math.prod(self.shape)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the name of each place."""
        return self.words or (named(self.lat, self.lon) if self.shape else ("global",))

    def name(self, i: int) -> str:
        """Return the name of one place."""
        if self.words or not self.shape:
            return self.names[i]
        return named(self.lat[i : i + 1], self.lon[i : i + 1])[0]

    @property
    def said(self) -> str:
        """Return it for people: ``96 x 144 cells, latitudes -90 to 90 by 1.895``."""
        if not self.rows.size:
            return f"{self.size} sites" if self.shape else "one value everywhere"
        least, most = self.rows.min(), self.rows.max()
        grid = f"{self.rows.size} x {self.columns.size} cells"
        if self.rows.size < 2:
            return grid
        step = f"{np.median(np.abs(np.diff(self.rows))):.4g}"
        return f"{grid}, latitudes {least:g} to {most:g} by {step}"

    def alike(self, other: "Space") -> bool:
        """Return whether another file has the same places in the same order."""
        return self is other or (
            self.shape == other.shape
            and self.words == other.words
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.columns, other.columns)
            and (bool(self.rows.size) or np.array_equal(self.lat, other.lat))
            and (bool(self.rows.size) or np.array_equal(self.lon, other.lon))
        )

    def canonical(self) -> I8:
        """Return the order that does not depend on that of the file, for a grid: south to north.

        Within a row from 180 W to the east. Sites stay as they stand.
        """
        if not self.rows.size:
            return np.arange(self.size)
        return np.asarray(np.lexsort((self.lon, self.lat)), dtype=np.int64)

    def at(self, others: "Space") -> I8:
        """Return where the places of another space stand in this one, -1 where they do not.

        Raises
        ------
        ValueError
            They are on other grids, or sites and a grid.
        """
        if not self.shape:
            return np.zeros(others.size, dtype=np.int64)
        if self.alike(others):
            return np.arange(self.size)
        if bool(self.rows.size) != bool(others.rows.size):
            raise ValueError(f"has {self.said}")
        if not self.rows.size:
            known = {name: i for i, name in enumerate(self.names)}
            found = np.array([known.get(name, -1) for name in others.names], dtype=np.int64)
            if (found < 0).all():
                raise ValueError(f"has other sites ({', '.join(self.names[:3])}, ...)")
            return found
        row, column = (
            _matched(mine, theirs, around)
            for mine, theirs, around in (
                (self.rows, others.rows, False), (self.columns, others.columns, True)
            )
        )  # fmt: skip
        if row is None or column is None:
            raise ValueError(f"has {self.said}")
        grid = np.where(
            (row[:, None] < 0) | (column < 0), -1, row[:, None] * self.columns.size + column
        )
        return np.asarray(grid.reshape(-1))


def _matched(mine: F8, theirs: F8, around: bool) -> I8 | None:
    """Return where another's rows stand among mine, -1 beyond; None where the grids differ.

    One may be a part of the other: then all rows of the smaller range stand in both.
    """
    mine_apart, apart = (_spacing(one) for one in (mine, theirs))
    if mine_apart and apart and abs(mine_apart - apart) > 0.01 * apart:
        return None
    step = apart or mine_apart or 1.0
    found = _nearest(mine, theirs, around, _ALIKE * step)
    back = _nearest(theirs, mine, around, _ALIKE * step)
    if around:
        return found if (found >= 0).all() or (back >= 0).all() else None
    inside = (theirs > mine.min() - step / 2) & (theirs < mine.max() + step / 2)
    covered = (mine > theirs.min() - step / 2) & (mine < theirs.max() + step / 2)
    whole = (found[inside] >= 0).all() and (back[covered] >= 0).all()
    return found if whole and inside.any() else None


def _spacing(values: F8) -> float:
    return float(np.median(np.diff(np.sort(values)))) if values.size > 1 else 0.0


def _nearest(mine: F8, theirs: F8, around: bool, within: float) -> I8:
    """Return which of mine is nearest to each of theirs, -1 where none is near enough."""
    whole = 360.0 if around else np.inf
    order = np.argsort(mine)
    rising = mine[order]
    after = np.searchsorted(rising, theirs)
    sides = np.stack([(after - 1) % mine.size, after % mine.size])
    apart = np.abs(rising[sides] - theirs)
    apart = np.minimum(apart, whole - apart)
    best = apart.argmin(axis=0)
    at = sides[best, np.arange(theirs.size)]
    near = apart[best, np.arange(theirs.size)] <= within
    return np.asarray(np.where(near, order[at], -1), dtype=np.int64)


def space_of(dataset: Any, axes: Axes, said: Mapping[str, str], *, alone: bool) -> Space:
    """Return the places of a variable.

    Parameters
    ----------
    dataset : netCDF4.Dataset
    axes : Axes
    said : mapping of str to str
        ``units:`` of the scenario.
    alone : bool
        Whether there is no other file: then sites without names are numbered.

    Raises
    ------
    ValueError
        Degrees that cannot be, with gaps or twice; sites that nothing names.
    """
    if not axes.space:
        return Space()
    shape = tuple(len(dataset.dimensions[dim]) for dim in axes.space)
    if not axes.lat:
        return Space(shape, words=_names(dataset, axes.space[0], shape[0], alone))
    lat, lon = (_degrees(dataset, p, n, said) for p, n in (("lat", axes.lat), ("lon", axes.lon)))
    lon = wrapped(lon)
    lon = np.where(lon == 180.0, -180.0, lon)
    if dataset[axes.lat].dimensions == dataset[axes.lon].dimensions:
        lat, lon = lat.reshape(-1), lon.reshape(-1)
        named = names_of(dataset, axes.space[0]) if len(shape) == 1 else ""
        space = Space(shape, lat, lon, words=_words(dataset, named) if named else ())
        _once(space.names, "sites" if len(shape) == 1 else "cells")
        return space
    for name, values in ((axes.lat, lat), (axes.lon, lon)):
        if np.unique(np.round(values, 6)).size < values.size:
            advice = "; leave the column out that is there again" if name == axes.lon else ""
            raise ValueError(f"variable {name!r} has a value twice{advice}")
    every_lat, every_lon = np.meshgrid(lat, lon, indexing="ij")
    return Space(shape, every_lat.reshape(-1), every_lon.reshape(-1), lat, lon)


def _degrees(dataset: Any, place: str, name: str, said: Mapping[str, str]) -> F8:
    variable = dataset[name]
    # 99 degrees west is a place.
    values = numbers(variable, real=(-99.0,) if place == "lon" else ())
    unit = unit_said(name, variable, {name: said.get(name, said.get(place, ""))})
    degrees, wrong = in_degrees_or_m2(place, values, unit)
    if wrong:
        raise ValueError(f"variable {name!r}: {wrong[0].text}")
    if np.isnan(degrees).any():
        raise ValueError(f"variable {name!r} has a gap; needed the {place} of every place")
    return degrees


def named(lat: F8, lon: F8) -> tuple[str, ...]:
    """Return names such as ``52.25N_13.75W``, the same whatever the precision of the file."""
    north, east = (_spelled(lat, "NS"), _spelled(lon, "EW"))
    return tuple(f"{a}_{b}" for a, b in zip(north, east, strict=True))


def _spelled(degrees: F8, ends: str) -> list[str]:
    unlike, back = np.unique(np.round(degrees, _DIGITS), return_inverse=True)
    words = [f"{abs(v):.{_DIGITS}f}".rstrip("0").rstrip(".") + ends[v < 0] for v in unlike.tolist()]
    return [words[i] for i in back.tolist()]


def _names(dataset: Any, dim: str, size: int, alone: bool) -> tuple[str, ...]:
    """Return the names of sites without latitudes and longitudes."""
    if named := names_of(dataset, dim):
        names = _words(dataset, named)
        _once(names, "sites")
        return names
    if dim in dataset.variables and dataset[dim].dimensions == (dim,):
        numbered = numbers(dataset[dim])
        if (numbered == np.rint(numbered)).all():
            names = tuple(str(int(one)) for one in numbered)
            _once(names, "sites")
            return names
    if not alone:
        raise ValueError(
            f"nothing names the sites along {dim!r}, and there are several files; needed a "
            f"variable of names or numbers along it, such as {dim}({dim}), in each"
        )
    return tuple(str(i + 1) for i in range(size))


def _words(dataset: Any, name: str) -> tuple[str, ...]:
    import netCDF4

    values: NDArray[Any] = np.ma.filled(np.ma.asarray(dataset[name][:]), "")
    if values.ndim == 2:
        values = netCDF4.chartostring(values)
    return tuple(str(one).strip("\0 ") for one in values.tolist())


def _once(names: tuple[str, ...], what: str) -> None:
    if "" in names:
        raise ValueError(f"has {what} without a name; needed one for each")
    unlike, counts = np.unique(np.array(names), return_counts=True)
    if (counts > 1).any():
        again = str(unlike[counts > 1][0])
        raise ValueError(f"has {what} called {again!r} {counts.max()} times; needed each name once")
