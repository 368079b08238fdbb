"""The nearest of many places to each of many, by great circle, with a rule for ties.

Longitudes of coarse grids stand at whole multiples of a step, and places in halves of a degree: a
fifth of the cells of half a degree lies as far from one column of the biogeochemical testbed as
from the next. What a search tree happens to return there is nobody's rule.
"""

import numpy as np

from kernels import F8, I8
from scenarios.forcing.common.nearest_cells import distances
from scenarios.grids import RADIUS, on_sphere

TIED = 1e-6
"""km by which places are as near as the nearest."""

REACH = 1e-4
"""km by which candidates may lie beyond what the tree has for the nearest: more than `TIED`, and
more than the rounding of a chord of 1e-5 km."""


def from_west(lon: F8) -> F8:
    """Return longitudes from -180 on to below 180: the column at 180 is the one at -180."""
    return np.where(lon >= 180.0, lon - 360.0, lon)


def nearest_places(lat: F8, lon: F8, lats: F8, lons: F8, within: float) -> tuple[I8, F8]:
    """Return which place is nearest to each of some, and how far it is.

    Of those that are as near, to `TIED`, the one of the smallest latitude, then of the smallest
    longitude, from -180 to below 180.

    Parameters
    ----------
    lat, lon : ndarray, shape (n,), float64
        Degrees.
    lats, lons : ndarray, shape (m,), float64
        Of the places that are looked among, degrees.
    within : float
        Distance beyond which there is none, km.

    Returns
    -------
    at : ndarray, shape (n,), int64
        -1 where there is none.
    far : ndarray, shape (n,), float64
        km; infinite where there is none.
    """
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # 0.2 s: rarely needed

    at, far = np.full(lat.size, -1, dtype=np.int64), np.full(lat.size, np.inf)
    if not lats.size or not lat.size:
        return at, far
    lons = from_west(lons)
    order = np.lexsort((lons, lats))
    tree = cKDTree(on_sphere(lats[order], lons[order]))
    points = on_sphere(lat, lon)
    chord, _ = tree.query(points)
    found = tree.query_ball_point(points, chord + 1e3 * REACH / RADIUS, return_sorted=True)
    counts = np.array([len(some) for some in found])
    of = np.repeat(np.arange(lat.size), counts)
    candidates = order[np.concatenate([np.asarray(some, dtype=np.int64) for some in found])]
    apart = distances(lat[of], lon[of], lats[candidates], lons[candidates])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    least = np.minimum.reduceat(apart, starts)
    # They stand in the order of the rule, so the first of those that are tied is meant.
    tied = np.flatnonzero(apart <= least[of] + TIED)
    _, first = np.unique(of[tied], return_index=True)
    near = least <= within
    at[near], far[near] = candidates[tied[first]][near], least[near]
    return at, far
