"""Cells of the sphere: their edges and areas, of even rows and of Gaussian ones."""

import numpy as np
import pytest

from scenarios.grids import (
    RADIUS,
    bounded_grid,
    cell_areas,
    column_bounds,
    gaussian_grid,
    gaussian_rows,
    grid_of,
    row_bounds,
)

SPHERE = 4 * np.pi * RADIUS**2
TESTBED = (-90 + np.arange(96) * 36 / 19).astype(np.float32)


def test_rows_of_gaussian_grids_are_those_of_the_quadrature():
    # evaluation.md 5.1: the first of 128 rows; BCC's of 160 from its NetCDF files (89.1415 N).
    for count, first in ((128, -88.927735), (160, -89.141519)):
        lat, bounds = gaussian_rows(count)
        assert lat[0] == pytest.approx(first, abs=1e-6)
        assert bounds[0, 0] == -90
        assert bounds[-1, 1] == 90
        np.testing.assert_array_equal(bounds[1:, 0], bounds[:-1, 1])
        assert ((bounds[:, 0] < lat) & (lat < bounds[:, 1])).all()


@pytest.mark.parametrize(
    "grid",
    [
        gaussian_grid(128, 256, 0.0),
        grid_of(TESTBED, np.arange(144) * 2.5),
        grid_of(np.arange(359, -1, -1) / 2 - 89.75, np.arange(720) / 2 - 179.75),
        grid_of(gaussian_rows(160)[0][::-1], np.arange(320) * 1.125),
    ],
    ids=["gaussian", "with rows of half a cell at the poles", "from north", "gaussian from north"],
)
def test_cells_of_a_whole_grid_are_the_sphere(grid):
    assert grid.areas.shape == grid.shape
    assert grid.areas.sum() == pytest.approx(SPHERE, rel=1e-12)
    middles = (grid.lat_bounds[:, 0] <= grid.lat) & (grid.lat <= grid.lat_bounds[:, 1])
    assert middles.all()


def test_rows_at_the_poles_are_half_as_high():
    bounds = row_bounds(TESTBED.astype(float))
    high = np.diff(bounds[[0, 1, -1]], axis=1)[:, 0]
    np.testing.assert_allclose(high, [18 / 19, 36 / 19, 18 / 19], rtol=1e-6)


def test_halfway_between_gaussian_rows_is_not_their_edge():
    # Trap 5 and decision 3: what a total of something smooth is off by, of 128 rows.
    lat, bounds = gaussian_rows(128)
    areas = cell_areas(bounds, np.array([0.0, 360.0]))
    halfway = np.concatenate([[-90.0], (lat[1:] + lat[:-1]) / 2, [90.0]])
    wrong = cell_areas(np.stack([halfway[:-1], halfway[1:]], axis=1), np.array([0.0, 360.0]))
    even = np.linspace(-90, 90, 129)
    worse = cell_areas(np.stack([even[:-1], even[1:]], axis=1), np.array([0.0, 360.0]))
    assert 1e-5 < np.abs(wrong - areas).sum() / SPHERE < 1e-3
    assert 1e-3 < np.abs(worse - areas).sum() / SPHERE < 1e-2


def test_a_list_of_cells_has_areas_too():
    bounds = np.array([[0.0, 90.0], [-90.0, 0.0]]), np.array([[0.0, 90.0], [90.0, 360.0]])
    np.testing.assert_allclose(cell_areas(*bounds), SPHERE * np.array([1, 3]) / 8, rtol=1e-14)


@pytest.mark.parametrize(
    ("lat", "lon", "text"),
    [
        ([50.0, 52.0, 54.5], [0.0, 2.0], "3 rows are neither evenly apart nor the 3 of a Gaussian"),
        (gaussian_rows(64)[0][:20], [0.0, 2.0], "20 rows are neither"),
        ([50.0, 52.0], [0.0, 2.0, 5.0], "3 columns are not evenly apart"),
        ([50.0, 52.0], np.arange(361) + 0.5, "round the Earth more than once"),
        ([50.0], [0.0, 2.0], "1 rows are neither"),
    ],
)
def test_edges_that_do_not_follow_are_not_made_up(lat, lon, text):
    with pytest.raises(ValueError, match=text):
        grid_of(np.array(lat), np.array(lon))


def test_columns_may_lie_across_the_date_line():
    west = column_bounds(np.array([170, 175, -180, -175, -170.0]))[:, 0]
    assert west.tolist() == [167.5, 172.5, -182.5, -177.5, -172.5]


@pytest.mark.parametrize(
    ("middle", "written", "held"),
    [
        (0, [358.75, 1.25], [-1.25, 1.25]),
        (357.5, [356.25, 358.75], [356.25, 358.75]),
        (-2.5, [-1.25, -3.75], [-3.75, -1.25]),
        (10, [9, 360], [9, 360]),
        (180, [0, 360], [0, 360]),
    ],
)
def test_bounds_of_a_file_lie_around_their_middles(middle, written, held):
    lat, lon = np.array([0.0]), np.array([middle], dtype=float)
    found = bounded_grid(lat, lon, np.array([[1.0, -1.0]]), np.array([written], dtype=float))
    assert (found.lon_bounds[0].tolist(), found.lat_bounds[0].tolist()) == (held, [-1, 1])


@pytest.mark.parametrize(
    ("lat", "lon", "named"), [([1, 2], [0, 5], "latitude 0 "), ([-1, 1], [5, 9], "longitude 2 ")]
)
def test_bounds_beside_their_middle_are_refused(lat, lon, named):
    bounds = (np.array([one], dtype=float) for one in (lat, lon))
    with pytest.raises(ValueError, match=f"the bounds of {named}do not hold it"):
        bounded_grid(np.array([0.0]), np.array([2.0]), *bounds)
