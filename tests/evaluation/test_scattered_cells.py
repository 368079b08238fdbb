"""Cells that lie here and there: their grid, a row and a column for each, is never made whole."""

import numpy as np
import pytest

from ensemble.members.benchmarks.parts import lattices
from scenarios.forcing import Locations
from scenarios.grids import grid_of

COUNT = 40


@pytest.fixture
def there():
    """Return cells without a common edge, one of them across the meridian where columns begin."""
    draw = np.random.default_rng(7)
    south, west = draw.uniform(-85, 80, COUNT), draw.uniform(-180, 178, COUNT)
    west[3] = 179.0
    columns = {
        "lat_south": south, "lat_north": south + draw.uniform(0.5, 5, COUNT),
        "lon_west": west, "lon_east": west + draw.uniform(0.5, 5, COUNT),
    }  # fmt: skip
    edges = dict(zip(lattices.BOUNDS, columns.values(), strict=True))
    return lattices.cells_of(Locations(tuple(map(str, range(COUNT))), edges))


@pytest.mark.parametrize("method", ["conservative", "distance_weighted"])
def test_some_at_a_time_they_have_what_all_at_once_have(there, monkeypatch, method):
    grid = grid_of(np.arange(-87.5, 90, 5), np.arange(-177.5, 180, 5))
    draw = np.random.default_rng(8)
    values, land = draw.uniform(100, 900, grid.shape), draw.random(grid.shape)
    assert there.grid.shape == (COUNT, COUNT)
    whole = lattices.spread([values, 2 * values], land, grid, there, method)
    monkeypatch.setattr(lattices, "WHOLE", 10)
    monkeypatch.setattr(lattices, "PIECE", 7)
    pieces = list(there.pieces())
    assert [some.grid.shape for _, some in pieces] == [(7, 7)] * 5 + [(5, 5)]
    found = lattices.spread([values, 2 * values], land, grid, there, method)
    np.testing.assert_allclose(found, whole, rtol=1e-14)
