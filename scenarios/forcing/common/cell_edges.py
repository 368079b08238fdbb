"""Edges of locations that are cells of a grid.

A cell that stands alone, every 30th of a grid, is no less a cell of it: what lies nearest to its
centre among those that are taken may lie in another.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.grids import Grid as Lattice
from scenarios.grids import grid_of

__all__ = ["BOUNDS", "Lattice", "edges", "grid_of_places", "known_grid"]

BOUNDS = ("lat_south", "lat_north", "lon_west", "lon_east")
"""Columns of locations: degrees north, and east around the centre."""


def edges(grid: Lattice | None, row: NDArray[Any], column: NDArray[Any]) -> dict[str, F8]:
    """Return the edges of some cells of a grid by the names of `BOUNDS`; nothing without a grid."""
    if grid is None:
        return {}
    both = (*grid.lat_bounds[row].T, *grid.lon_bounds[column].T)
    return dict(zip(BOUNDS, both, strict=True))


def known_grid(lat: F8, lon: F8) -> Lattice | None:
    """Return the grid of the centres of rows and columns; None where no edges follow from them."""
    try:
        return grid_of(lat, lon)
    except ValueError:
        return None


def grid_of_places(lat: F8, lon: F8, shape: tuple[int, ...]) -> Lattice | None:
    """Return the grid of places that stand row after row; None of sites and of other cells."""
    if len(shape) != 2:
        return None
    rows, columns = lat.reshape(shape), lon.reshape(shape)
    if not ((rows == rows[:, :1]).all() and (columns == columns[:1]).all()):
        return None
    return known_grid(np.asarray(rows[:, 0]), np.asarray(columns[0]))
