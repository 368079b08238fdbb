"""Regions that values are added up over: all locations, or bands of latitude."""

import math
from dataclasses import dataclass

import numpy as np

from ensemble.scores.bands import DEGREES, band_of
from kernels import F8, I8
from scenarios.forcing import Locations

MOST_CLASSES = 200


@dataclass(frozen=True)
class Regions:
    """Areas that values are added up over, each a set of locations.

    Attributes
    ----------
    place : ndarray, shape (L,), int64
        The region of each location.
    area : ndarray, shape (L,), float64
        m2.
    bounds : ndarray, shape (n, 2), float64
        Southern and northern end, degrees north, of bands that hold a location; the number of a
        class, twice.
    labels : tuple of str
        Names of classes.
    """

    place: I8
    area: F8
    bounds: F8
    labels: tuple[str, ...] = ()

    @property
    def total(self) -> F8:
        """Return the area of each region, (n,)."""
        areas = [self.area[self.place == k] for k in range(len(self.bounds))]
        return np.array([math.fsum(each) for each in areas])

    def of(self, locations: slice) -> I8:
        """Return the regions of some locations, each once, rising."""
        return np.unique(self.place[locations])


def regions(locations: Locations, *, zonal: bool) -> Regions:
    """Return all locations as one region, or the bands of latitude that hold them.

    A latitude on an edge is of the band north of it, and the pole of the last one, as
    `ensemble.scores.bands.band_of` has it.
    """
    area = np.asarray(locations.columns["area"], dtype=np.float64)
    if not zonal:
        return Regions(np.zeros(len(area), np.int64), area, np.array([[-90.0, 90.0]]))
    lat = np.asarray(locations.columns["lat"], dtype=np.float64)
    held, place = np.unique(band_of(lat), return_inverse=True)
    south = held * DEGREES - 90.0
    return Regions(place.astype(np.int64), area, np.column_stack([south, south + DEGREES]))


def by_class(locations: Locations, column: str) -> Regions:
    """Return the classes that a column of locations has, by number; see `class_of`."""
    numbers, place = class_of(locations, column)
    names = locations.classes.get(column, {})
    labels = tuple(names.get(int(n), f"{n:.12g}") for n in numbers.tolist())
    area = np.asarray(locations.columns["area"], dtype=np.float64)
    return Regions(place, area, np.column_stack([numbers, numbers]), labels)


def class_of(locations: Locations, column: str) -> tuple[F8, I8]:
    """Return the numbers of classes, rising, and which of them each location has, (L,).

    Raises
    ------
    ValueError
        A location without a class, or numbers that are no classes, there being too many.
    """
    values = np.asarray(locations.columns[column], dtype=np.float64)
    if lacking := int((~np.isfinite(values)).sum()):
        first = locations.names[int(np.argmin(np.isfinite(values)))]
        text = f"column {column!r} has no value at {lacking:,} of {len(values):,} locations, first"
        raise ValueError(f"{text} {first!r}; needed a class of each: leave those locations out")
    numbers, place = np.unique(values, return_inverse=True)
    if len(numbers) > MOST_CLASSES:
        text = f"column {column!r} has {len(numbers):,} values; needed classes, at most"
        raise ValueError(f"{text} {MOST_CLASSES}")
    return numbers, place.astype(np.int64)


def each_once(locations: Locations) -> Regions:
    """Return all locations as one region, each of weight 1."""
    count = len(locations.names)
    return Regions(np.zeros(count, np.int64), np.ones(count), np.array([[-90.0, 90.0]]))
