"""Where and when a record meets a run: cells by their edges, days and windows of days.

Source: Jian et al. (2021), 10.1111/gcb.15795, section 2.4: windows of a week beyond the years of
a run.
"""

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8

YEAR = 365
"""Days; day 366 is day 365."""

SAME = 1e-6
"""Degrees; edges of float32 grids that are as far away as this are reached."""


def window(day: int, half: int, *, wraps: bool = True) -> I8:
    """Return the days of a year of 365 that are within ``half`` days of one.

    Parameters
    ----------
    day : int
        1 to 366.
    half : int
    wraps : bool
        Whether the last days of the year are near the first; else days beyond it are left out.

    Returns
    -------
    ndarray, int64
        From 1 to 365, in the order of time.
    """
    days = min(day, YEAR) + np.arange(-half, half + 1)
    if wraps:
        return (days - 1) % YEAR + 1
    return days[(days >= 1) & (days <= YEAR)]


def covering(
    lat: F8, lon: F8, lat_bounds: NDArray[np.float64], lon_bounds: NDArray[np.float64]
) -> I8:
    """Return the first cell that each place lies in, -1 where none does.

    Parameters
    ----------
    lat, lon : ndarray, shape (k,), float64
    lat_bounds, lon_bounds : ndarray, shape (n, 2), float64
        Of cells, low and high; longitudes may be of any turn.

    Returns
    -------
    ndarray, shape (k,), int64
        A place on an edge lies in both cells.
    """
    low, high = lat_bounds.min(axis=1) - SAME, lat_bounds.max(axis=1) + SAME
    middle, half = lon_bounds.mean(axis=1), np.abs(np.diff(lon_bounds, axis=1))[:, 0] / 2
    found = np.full(len(lat), -1, dtype=np.int64)
    for k in range(len(lat)):
        far = np.abs((lon[k] - middle + 180.0) % 360.0 - 180.0)
        inside = np.flatnonzero((low <= lat[k]) & (lat[k] <= high) & (far <= half + SAME))
        if len(inside):
            found[k] = inside[0]
    return found
