"""Cells of the sphere: their edges, their areas, and the rows of Gaussian grids.

Rows of a Gaussian grid are at the nodes of a Gauss-Legendre quadrature in the sine of latitude, and
a row's part of the sphere is its weight, so that the edges are ``sin b_k = -1 + sum of weights``.
Halfway between the middles of 160 such rows is wrong by 2e-5 of a total; rows that are taken to be
evenly apart are wrong by 2e-3.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8

RADIUS = 6_371_000.0
"""Of the Earth, m."""

EVEN = 2e-3
"""Part of a step by which distances of even rows may differ: those of float32 do, Gaussian ones by
8e-3 next to the poles, however many they are."""


SAME = 1e-6
"""Degrees; rows of float32 that are as far away as this are equally far."""


def _turned(degrees: F8) -> F8:
    """Return differences of longitudes from -180 to 180."""
    return np.asarray((degrees + 180.0) % 360.0 - 180.0)


def nearest(middles: F8, values: F8, *, around: bool = False) -> I8:
    """Return the middle nearest to each value; of two as near, the first.

    Parameters
    ----------
    middles : ndarray, shape (n,), float64
        Degrees, in the order of the file.
    values : ndarray, shape (k,), float64
    around : bool
        Whether they are longitudes: 359 and -1 are the same.

    Returns
    -------
    ndarray, shape (k,), int64
    """
    apart = values[:, np.newaxis] - middles
    far = np.abs(_turned(apart) if around else apart)
    near = far <= far.min(axis=1, keepdims=True) + SAME
    return np.asarray(near.argmax(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class Grid:
    """Rows and columns of cells.

    Attributes
    ----------
    lat : ndarray, shape (rows,), float64
        Middles, degrees north, in the order of the values.
    lon : ndarray, shape (columns,), float64
        Middles, degrees east.
    lat_bounds, lon_bounds : ndarray, shape (rows, 2) and (columns, 2), float64
        Edges of each, the lower first.
    """

    lat: F8
    lon: F8
    lat_bounds: F8
    lon_bounds: F8

    @property
    def shape(self) -> tuple[int, int]:
        """Return the number of rows and of columns."""
        return self.lat.size, self.lon.size

    def nearest(self, lat: F8, lon: F8) -> tuple[I8, I8, NDArray[np.bool_]]:
        """Return the row and column nearest to each place, (n,), and whether it lies in them.

        Each by itself, longitudes modulo 360; of two as near, the first. A place more than half a
        cell away, beyond the grid, is in none.
        """
        row, column = nearest(self.lat, lat), nearest(self.lon, lon, around=True)
        low, high = self.lat_bounds[row].T
        west, east = (self.lon_bounds[column] - self.lon[column, np.newaxis]).T
        apart = _turned(lon - self.lon[column])
        inside = (low - SAME <= lat) & (lat <= high + SAME)
        return row, column, inside & (west - SAME <= apart) & (apart <= east + SAME)

    @cached_property
    def areas(self) -> F8:
        """Return the area of each cell, (rows, columns), m2."""
        return cell_areas(self.lat_bounds[:, np.newaxis], self.lon_bounds[np.newaxis])


def grid_of(lat: F8, lon: F8) -> Grid:
    """Return the grid whose cells have these middles.

    Parameters
    ----------
    lat : ndarray, shape (rows,)
        Degrees north, either way round: evenly apart, or all rows of a Gaussian grid.
    lon : ndarray, shape (columns,)
        Degrees east, evenly apart.

    Raises
    ------
    ValueError
        The edges do not follow from the middles; what was found, and what is needed.
    """
    lat, lon = (np.asarray(at, dtype=np.float64) for at in (lat, lon))
    return Grid(lat, lon, row_bounds(lat), column_bounds(lon))


def bounded_grid(lat: F8, lon: F8, lat_bounds: F8, lon_bounds: F8) -> Grid:
    """Return the grid whose cells have these middles and bounds.

    Parameters
    ----------
    lat, lon : ndarray, shape (rows,) and (columns,)
    lat_bounds, lon_bounds : ndarray, shape (rows, 2) and (columns, 2)
        Degrees. They may be written from north to south or from east to west, and longitudes
        across the meridian at which they begin: (358.75, 1.25) is around 0.

    Raises
    ------
    ValueError
        A middle lies beside its bounds.
    """
    low, high = rows = np.sort(np.clip(lat_bounds, -90.0, 90.0), axis=1).T
    beside = ~((low < high) & (low <= lat) & (lat <= high))
    columns = np.full(lon_bounds.shape, np.nan)
    for west, east in (lon_bounds.T, lon_bounds.T[::-1]):
        rising = (west < east) & (east <= west + 360.0)
        width = np.where(rising, east - west, (east - west) % 360.0)
        before = (lon - west) % 360.0
        holds = (width > 0) & (before <= width) & (rising | (width <= 180.0))
        columns[holds] = np.stack([lon - before, lon - before + width], axis=1)[holds]
    for name, at, out in (("latitude", lat, beside), ("longitude", lon, np.isnan(columns[:, 0]))):
        if out.any():
            text = f"the bounds of {name} {at[out.argmax()]:g} do not hold it"
            raise ValueError(f"{text}; needed bounds around each middle")
    return Grid(lat, lon, rows.T, columns)


def gaussian_grid(rows: int, columns: int, first_longitude: float) -> Grid:
    """Return a Gaussian grid, its rows from south to north and its columns eastward."""
    lat, lat_bounds = gaussian_rows(rows)
    lon = first_longitude + 360.0 / columns * np.arange(columns, dtype=np.float64)
    return Grid(lat, lon, lat_bounds, column_bounds(lon))


def gaussian_rows(count: int) -> tuple[F8, F8]:
    """Return the middles (n,) and edges (n, 2) of n Gaussian rows, degrees, from the south."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    edges = np.concatenate([[-1.0], -1.0 + np.cumsum(weights)])
    # From both ends: the last edge is the pole, and one in the middle the equator.
    edges = np.degrees(np.arcsin(np.clip((edges - edges[::-1]) / 2, -1.0, 1.0)))
    edges[0], edges[-1] = -90.0, 90.0
    return np.degrees(np.arcsin(nodes)), np.stack([edges[:-1], edges[1:]], axis=1)


def row_bounds(lat: F8) -> F8:
    """Return the edges of rows (rows, 2), degrees: even rows end at the poles.

    Raises
    ------
    ValueError
        Rows are neither evenly apart nor those of a Gaussian grid.
    """
    even = even_bounds(lat)
    # Up to three Gaussian rows are evenly apart, too. Of hundreds they take a second to find.
    if even is not None and lat.size > 3:
        return np.clip(even, -90.0, 90.0)
    gaussian, bounds = gaussian_rows(lat.size)
    order = np.argsort(lat)
    if lat.size > 1 and np.abs(lat[order] - gaussian).max() <= EVEN * 180.0 / lat.size:
        found = np.empty_like(bounds)
        found[order] = bounds
        return found
    if even is None:
        text = f"{lat.size} rows are neither evenly apart nor the {lat.size} of a Gaussian grid"
        raise ValueError(f"{text}; needed their bounds")
    return np.clip(even, -90.0, 90.0)


def column_bounds(lon: F8) -> F8:
    """Return the edges of columns (columns, 2), degrees, each around its middle.

    They may cross the meridian at which longitudes begin: what they leave out of the circle lies
    in the largest distance of two.

    Raises
    ------
    ValueError
        Columns are not evenly apart, or go round the Earth more than once.
    """
    if lon.size > 1 and (around := float(np.ptp(lon))) >= 360.0:
        raise ValueError(f"columns go round the Earth more than once: over {around:g} degrees")
    rising = np.sort(lon % 360.0)
    first = rising[(np.diff(rising, append=rising[:1] + 360.0).argmax() + 1) % max(lon.size, 1)]
    unwound = first + (lon - first) % 360.0
    even = even_bounds(unwound)
    if even is None:
        raise ValueError(f"{lon.size} columns are not evenly apart; needed their bounds")
    return np.asarray(even + (lon - unwound)[:, np.newaxis])


def even_bounds(middles: F8) -> F8 | None:
    """Return edges (n, 2) halfway between middles; None where those are not evenly apart."""
    if middles.size < 2:
        return None
    order = np.argsort(middles)
    steps = np.diff(middles[order])
    step = float(steps.mean())
    if not step > 0 or np.abs(steps - step).max() > EVEN * step:
        return None
    # From the ends on, not from each middle: those of float32 would leave gaps between cells.
    edges = middles[order[0]] + step * (np.arange(middles.size + 1) - 0.5)
    found = np.empty((middles.size, 2))
    found[order] = np.stack([edges[:-1], edges[1:]], axis=1)
    return found


def on_sphere(lat: F8, lon: F8) -> F8:
    """Return points of the unit sphere, (n, 3), of places (n,) in degrees."""
    phi, turn = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(phi) * np.cos(turn), np.cos(phi) * np.sin(turn), np.sin(phi)], axis=1)


def cell_areas(lat_bounds: F8, lon_bounds: F8) -> F8:
    """Return the areas of cells, m2: ``R^2 (sin north - sin south) (east - west)``.

    Parameters
    ----------
    lat_bounds, lon_bounds : ndarray, shape (..., 2)
        Degrees; what stands before the two edges is broadcast, so rows ``(n, 1, 2)`` and columns
        ``(1, m, 2)`` give the areas of a grid, ``(n, 2)`` and ``(n, 2)`` those of a list of cells.
    """
    height = np.abs(np.diff(np.sin(np.radians(lat_bounds)), axis=-1))[..., 0]
    width = np.radians(np.abs(np.diff(lon_bounds, axis=-1)))[..., 0]
    return np.asarray(RADIUS**2 * height * width)


SLIVER = 1e-9
"""Part of a cell below which an overlap is rounding of edges."""


@dataclass(frozen=True)
class Conservative:
    """Weights of overlap, rows and columns apart, as an area is a product of both."""

    source: Grid
    target: Grid

    @cached_property
    def rows(self) -> F8:
        """Return what part of each row of the target each of the source is, (target, source)."""
        south, north = (np.sin(np.radians(g.lat_bounds)) for g in (self.target, self.source))
        return _shares(south, north, np.zeros(1))

    @cached_property
    def columns(self) -> F8:
        """Return what part of each column of the target each of the source is."""
        # Columns may be counted from any meridian, and one may lie across it.
        target, source = (g.lon_bounds for g in (self.target, self.source))
        first = np.floor((source.min() - target.max()) / 360.0)
        last = np.ceil((source.max() - target.min()) / 360.0)
        return _shares(target, source, 360.0 * np.arange(first, last + 1))

    def spread(self, values: F8) -> F8:
        """Return the mean of values (rows, columns) over each cell of the target.

        Where the source does not reach, there is nothing: 0.
        """
        return np.asarray(self.rows @ values @ self.columns.T)


def _shares(target: F8, source: F8, turns: F8) -> F8:
    """Return the part of each interval of the target that each of the source covers."""
    shares = np.zeros((len(target), len(source)))
    for turn in turns:
        low = np.maximum(target[:, :1] + turn, source[:, 0])
        high = np.minimum(target[:, 1:] + turn, source[:, 1])
        shares += np.maximum(high - low, 0.0)
    shares /= np.diff(target, axis=1)
    return np.where(shares > SLIVER, shares, 0.0)
