"""Rows of grids: their centres, bounds and areas on a sphere."""

import numpy as np

from kernels import F8
from scenarios.forcing.common.nearest_cells import RADIUS


def equal_rows(rows: int, *, poles: bool = False) -> tuple[F8, F8]:
    """Return centres (rows,) and bounds (rows, 2) of rows equally apart, south to north, degrees.

    With ``poles`` the first and last centre lie on the poles, and their cells are half as high.
    """
    step = 180.0 / (rows - 1 if poles else rows)
    first = -90.0 if poles else -90.0 + step / 2
    centres = first + step * np.arange(rows, dtype=np.float64)
    return centres, halfway(centres, step)


def halfway(centres: F8, step: float) -> F8:
    """Return bounds (n, 2) half a step to both sides of latitudes, within the poles, degrees."""
    edges = np.stack([centres - step / 2, centres + step / 2], axis=1)
    return np.asarray(np.clip(edges, -90.0, 90.0))


def gaussian_rows(rows: int) -> tuple[F8, F8]:
    """Return centres (rows,) and bounds (rows, 2) of a Gaussian grid, south to north, degrees.

    Centres are the arcsines of the nodes of Gauss and Legendre; the sine of a bound is -1 and the
    weights of all rows south of it, so that areas of rows are their weights.
    """
    nodes, weights = np.polynomial.legendre.leggauss(rows)
    # The middle edge is 0 and the last one 1, which sums of weights miss by rounding.
    sines = np.concatenate([[-1.0], -1.0 + np.cumsum(weights)])
    sines = (sines - sines[::-1]) / 2
    edges = np.degrees(np.arcsin(np.clip(sines, -1.0, 1.0)))
    return np.degrees(np.arcsin(nodes)), np.stack([edges[:-1], edges[1:]], axis=1)


def equal_columns(columns: int, first: float) -> tuple[F8, F8]:
    """Return centres (columns,) and bounds (columns, 2) of longitudes all around, degrees east."""
    step = 360.0 / columns
    centres = first + step * np.arange(columns, dtype=np.float64)
    return centres, np.stack([centres - step / 2, centres + step / 2], axis=1)


def areas(lat_bounds: F8, lon_bounds: F8, *, paired: bool = False) -> F8:
    """Return the areas of cells on a sphere of 6,371 km, m2.

    Parameters
    ----------
    lat_bounds, lon_bounds : ndarray, shape (rows, 2) and (columns, 2), float64
        Degrees.
    paired : bool
        Whether both are of one list of cells; the areas are (n,), else (rows, columns).
    """
    height = np.abs(np.diff(np.sin(np.radians(lat_bounds)), axis=1))[:, 0]
    width = np.radians(np.abs(np.diff(lon_bounds, axis=1)))[:, 0]
    square = (RADIUS * 1e3) ** 2
    return np.asarray(square * (height * width if paired else height[:, np.newaxis] * width))
