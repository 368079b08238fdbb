"""The nearest of many places, and what is as near."""

import numpy as np

from scenarios.forcing.common.nearest_cells import distances
from scenarios.forcing.predictor_files.nearest import TIED, from_west, nearest_places

COLUMNS, ROWS = np.arange(0.0, 360.0, 2.5), np.linspace(-90.0, 90.0, 96)


def by_hand(lat, lon, lats, lons):
    """Return the nearest of all, one place at a time, by the rule in words."""
    lons = from_west(lons)
    found = []
    for a, o in zip(lat, lon, strict=True):
        far = distances(a, o, lats, lons)
        tied = np.flatnonzero(far <= far.min() + TIED)
        found.append(min(tied, key=lambda i: (lats[i], lons[i])))
    return np.array(found)


def test_it_is_the_nearest_by_hand_with_every_tie_settled():
    rng = np.random.default_rng(3)
    keep = rng.random((ROWS.size, COLUMNS.size)) < 0.5
    row, column = np.nonzero(keep)
    lats, lons = ROWS[row], COLUMNS[column]
    # Middles of cells of half a degree, a fifth of which stand between two columns.
    lat = -79.75 + 0.5 * rng.integers(0, 320, 300)
    lon = -178.75 + 2.5 * rng.integers(0, 144, 300)
    expected = by_hand(lat, lon, lats, lons)
    at, far = nearest_places(lat, lon, lats, lons, 1e5)
    np.testing.assert_array_equal(at, expected)
    np.testing.assert_allclose(far, distances(lat, lon, lats[at], lons[at]), rtol=1e-12)
    shuffled = rng.permutation(lats.size)
    again, _ = nearest_places(lat, lon, lats[shuffled], lons[shuffled], 1e5)
    np.testing.assert_array_equal(shuffled[again], at)


def test_the_column_at_180_is_the_westernmost_and_wins_its_ties():
    lats, lons = np.zeros(2), np.array([177.5, 180.0])
    at, _ = nearest_places(np.zeros(1), np.array([178.75]), lats, lons, 1e3)
    assert at.tolist() == [1]
    at, _ = nearest_places(np.zeros(1), np.array([1.25]), lats, np.array([2.5, 0.0]), 1e3)
    assert at.tolist() == [1]


def test_beyond_the_distance_there_is_none():
    at, far = nearest_places(np.array([0.0, 5.0]), np.zeros(2), np.zeros(1), np.zeros(1), 400.0)
    assert at.tolist() == [0, -1]
    assert far.tolist() == [0.0, np.inf]
    at, _ = nearest_places(np.zeros(2), np.zeros(2), np.zeros(0), np.zeros(0), 400.0)
    assert at.tolist() == [-1, -1]
