"""What an observation reader is: real files in, one of five kinds out, checked at the door.

A file of this folder is one reader. It holds a pydantic model named ``Spec`` whose ``read(base)``
opens the files once, checks names, units, order, gaps and ranges, and returns one of the kinds
below. A kind holds values in the unit that its file or the scenario says; whoever compares converts
them. What was left out is counted by reason, and nothing is left out without one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from scenarios.forcing.common.declared import Declared
from scenarios.grids import Grid
from scenarios.plugins import Chosen, Plugins

Text = NDArray[np.str_]
Span = Literal["day", "month", "year"]


@dataclass(frozen=True, kw_only=True)
class Observations:
    """What all kinds have.

    Attributes
    ----------
    units : str
        Of the values; empty for classes.
    left_out : mapping of str to int
        How many records, years, rows or cells each reason cost, in the order in which they were
        looked at.
    notes : tuple of str
        Sentences for people: what was taken for what.
    provenance : mapping
        JSON-able: ``reader``, ``files`` with their sha256, ``citation`` where one is known.
    """

    units: str
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """How many records and studies there were once something was asked of them."""

    of: str
    records: int
    studies: int


@dataclass(frozen=True, kw_only=True)
class SiteRecords(Observations):
    """Values of places, one record each, in the order of the file.

    Attributes
    ----------
    values : ndarray, shape (r,), float64
        In ``units``; finite.
    lat, lon : ndarray, shape (r,), float64
        Degrees north, and east from -180 to 180.
    year, month, day : ndarray, shape (r,), float64
        Calendar year, month 1 to 12 and day of the year 1 to 365; NaN where it is not known. Of a
        record with a day, the month is the one of that day.
    study : ndarray, shape (r,), str
        Publication or data set: records of one are not independent of each other.
    span : str
        What a value is the mean of: a ``day``, a ``month`` or a ``year``.
    error : ndarray, shape (r,), float64, or None
        Standard error, ``units``; NaN where it is not known.
    columns : mapping of str to ndarray, shape (r,), str
        Other columns as they are written: ``manipulation``.
    line : ndarray, shape (r,), int64
        Of the file, counted from 1.
    steps : tuple of Step
        From the file to these records.
    """

    values: F8
    lat: F8
    lon: F8
    year: F8
    month: F8
    day: F8
    study: Text
    span: Span
    line: I8
    error: F8 | None = None
    columns: Mapping[str, Text] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def some(self, kept: NDArray[np.bool_]) -> "SiteRecords":
        """Return the records that are kept, (r,)."""
        names = ("values", "lat", "lon", "year", "month", "day", "study", "line")
        error = None if self.error is None else self.error[kept]
        columns = {name: words[kept] for name, words in self.columns.items()}
        fields = {name: getattr(self, name)[kept] for name in names}
        return replace(self, **fields, error=error, columns=columns)


@dataclass(frozen=True, kw_only=True)
class YearSeries(Observations):
    """Annual values of products or models, one row each; a model may have several realisations.

    Attributes
    ----------
    names : tuple of str
        Product or model of each row.
    realisations : tuple of str
        Of each row; empty texts where a model has one.
    years : ndarray, shape (T,), int64
        Rising.
    values : ndarray, shape (rows, T), float64
        In ``units``; NaN where a row has no value of that year.
    interval : float or None
        Half width of the interval of 95 % of every value, ``units``.
    """

    names: tuple[str, ...]
    years: I8
    values: F8
    realisations: tuple[str, ...] = ()
    interval: float | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """Return each name once, in the order of the rows."""
        return tuple(dict.fromkeys(self.names))

    def within(self, first: int, last: int) -> "YearSeries":
        """Return the years from ``first`` to ``last``, both included."""
        kept = (self.years >= first) & (self.years <= last)
        return replace(self, years=self.years[kept], values=self.values[:, kept])

    def means(self) -> tuple[F8, I8]:
        """Return the mean of each of `models`, and the most years that a realisation of it has.

        Years within a realisation first, then realisations within a model: a model of thirty
        realisations weighs as one of one.

        Returns
        -------
        means : ndarray, shape (models,), float64
            NaN where a model has no value.
        years : ndarray, shape (models,), int64
        """
        counts = np.isfinite(self.values).sum(axis=1)
        sums = np.where(np.isfinite(self.values), self.values, 0.0).sum(axis=1)
        rows = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        names = np.array(self.names)
        of = [(names == name) & (counts > 0) for name in self.models]
        means = [rows[one].mean() if one.any() else np.nan for one in of]
        return np.array(means), np.array([counts[one].max(initial=0) for one in of], dtype=np.int64)

    def by_model(self) -> F8:
        """Return each year's mean over the realisations of a model, (models, T), float64."""
        names = np.array(self.names)
        every = []
        for name in self.models:
            rows = self.values[names == name]
            known = np.isfinite(rows)
            n = known.sum(axis=0)
            sums = np.where(known, rows, 0.0).sum(axis=0)
            every.append(np.where(n > 0, sums / np.maximum(n, 1), np.nan))
        return np.array(every).reshape(len(every), self.years.size)


@dataclass(frozen=True, kw_only=True)
class LatitudeSeries(Observations):
    """Means of latitudes, south to north.

    Attributes
    ----------
    latitude : ndarray, shape (n,), float64
        Centres, degrees north.
    bounds : ndarray, shape (n, 2), float64
        Degrees north.
    values : ndarray, shape (n,), float64
        In ``units``; NaN where there is no land.
    """

    latitude: F8
    bounds: F8
    values: F8


@dataclass(frozen=True, kw_only=True)
class GridMap(Observations):
    """Values of cells, rows and columns in the order of the file.

    Attributes
    ----------
    grid : Grid
    values : ndarray, shape (rows, columns) or (T, rows, columns), float64
        In ``units``; NaN where there is none.
    area : ndarray, shape (rows, columns), float64
        Of the whole cell, m2: of the file where it has one, else of the grid's edges.
    land : ndarray, shape (rows, columns), float64, or None
        What part of ``area`` is land, 0 to 1 and a little more where a model has a larger Earth;
        None where nothing tells it, and then no total is to be had of a rate per land area.
    land_source : str
        Where ``land`` is from: ``sftlf``, or ``estimated from luc4c_landmask.nc``.
    years : ndarray or None, shape (T,), int64
        Of values along time; None where they have no time.
    month : ndarray or None, shape (T,), int64
        1 to 12, where values along time are of months; those of a climatology have no ``years``.
    """

    grid: Grid
    values: F8
    area: F8
    land: F8 | None = None
    land_source: str = ""
    years: I8 | None = None
    month: I8 | None = None

    def same_cells(self, other: "GridMap") -> bool:
        """Return whether another map has values of the same times on the same grid."""
        return self.values.shape == other.values.shape and all(
            np.array_equal(getattr(self.grid, n), getattr(other.grid, n)) for n in ("lat", "lon")
        )

    @property
    def land_area(self) -> F8 | None:
        """Return the land of each cell, m2; None where nothing tells it."""
        return None if self.land is None else np.asarray(self.area * self.land)


@dataclass(frozen=True, kw_only=True)
class ClassMap(Observations):
    """Classes of cells.

    Attributes
    ----------
    grid : Grid
    codes : ndarray, shape (rows, columns), int64
        -1 where a cell has no class.
    names : mapping of int to str
        Of every code but -1: an identifier, such as ``boreal`` or ``igbp_1``.
    meanings : mapping of int to str
        For people, where the files say more than the name.
    """

    grid: Grid
    codes: I8
    names: Mapping[int, str]
    meanings: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Climate:
    """Monthly climate that a product is made of.

    Attributes
    ----------
    product : str
        Which one: ``climate_h``, ``climate_r``.
    temperature, precipitation : GridMap
        Of twelve months, on one grid.
    """

    product: str
    temperature: GridMap
    precipitation: GridMap


@dataclass(frozen=True, kw_only=True)
class GridMaps(Observations):
    """Several maps by name: products of one quantity, or a stock and its flux.

    Attributes
    ----------
    maps : mapping of str to GridMap
        Each in a unit of its own.
    made : mapping of str to Climate
        What is made of climate, by the names of products.
    """

    maps: Mapping[str, GridMap]
    made: Mapping[str, Climate] = field(default_factory=dict)


class ObservationSpec(Declared):
    """Base of the models that ``observed:`` is read into.

    Attributes
    ----------
    gives : type
        The kind that `read` returns, from which follows how it is compared.
    """

    gives: ClassVar[type[Observations]]

    reader: str

    def read(self, base: Path) -> Observations:
        """Return what the files hold; raise `ScenarioError` with every problem found.

        Parameters
        ----------
        base : Path
            Folder of the scenario file; relative paths start there.
        """
        raise NotImplementedError


BY_SUFFIX = {".nc": "netcdf_map", ".npy": "array_map", ".txt": "global_series"}
"""Readers of files whose ending says what they are, where a scenario names a file alone."""


def _unsaid(section: Mapping[str, Any]) -> str | None:
    path = section.get("path")
    return BY_SUFFIX.get(Path(path).suffix.lower()) if isinstance(path, str) else None


OBSERVATIONS = Plugins(
    "observation reader",
    "scenarios.observations",
    "soilsweep.observations",
    ("Spec",),
    ObservationSpec,
    key="reader",
)
AnyObservation = Annotated[ObservationSpec, Chosen(OBSERVATIONS, _unsaid)]
"""The type of ``observed:``, read into the model of its reader."""
