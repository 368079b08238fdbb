"""Kinds of observations: grids of which the areas are known, and means in the right order."""

import numpy as np
import pytest

from scenarios.observations import Grid, GridMap, YearSeries
from scenarios.observations.parts.grids import equal_columns, equal_rows, gaussian_rows

EARTH = 4 * np.pi * 6.371e6**2


def grid(rows, columns):
    lat, lat_bounds = rows
    lon, lon_bounds = equal_columns(columns, 0.0)
    return Grid(lat, lon, lat_bounds, lon_bounds)


@pytest.mark.parametrize(
    "rows", [equal_rows(360), equal_rows(143, poles=True), gaussian_rows(128), gaussian_rows(3)]
)
def test_areas_of_cells_are_those_of_the_sphere(rows):
    one = grid(rows, 7)
    assert one.shape == (rows[0].size, 7)
    assert one.areas.sum() == pytest.approx(EARTH, rel=1e-14)
    assert (one.lat_bounds[:, 0] <= one.lat).all()
    assert (one.lat <= one.lat_bounds[:, 1]).all()
    np.testing.assert_allclose(one.lat_bounds[1:, 0], one.lat_bounds[:-1, 1], atol=1e-12)


def test_gaussian_rows_are_not_equally_apart_and_their_areas_are_the_weights():
    centres, bounds = gaussian_rows(128)
    # evaluation.md 5.1, of the grid of CNRM-ESM2-1.
    assert centres[0] == pytest.approx(-88.927735, abs=1e-6)
    weights = np.polynomial.legendre.leggauss(128)[1]
    found = np.diff(np.sin(np.radians(bounds)), axis=1)[:, 0]
    np.testing.assert_allclose(found, weights, atol=1e-14)
    np.testing.assert_array_equal(bounds[1:, 0], bounds[:-1, 1])


def test_a_list_of_cells_has_one_area_each():
    lat, bounds = equal_rows(4)
    ends = np.array([[0.0, 90.0]] * 4)
    one = Grid(lat, np.full(4, 45.0), bounds, ends, kind="cells")
    assert one.shape == (4,)
    assert one.areas.sum() == pytest.approx(EARTH / 4)
    assert Grid(lat, np.full(4, 45.0), kind="cells").areas is None


def test_without_land_fraction_there_is_no_land_area():
    one = grid(equal_rows(2), 2)
    bare = GridMap(units="1", grid=one, values=np.ones((2, 2)), area=one.areas)
    assert bare.land_area is None
    half = GridMap(
        units="1", grid=one, values=np.ones((2, 2)), area=one.areas, land=np.full((2, 2), 0.5)
    )
    assert half.land_area.sum() == pytest.approx(EARTH / 2)


SERIES = YearSeries(
    units="Pg C yr-1",
    names=("many", "many", "one"),
    realisations=("r1", "r2", ""),
    years=np.array([2000, 2001, 2002]),
    values=np.array([[1.0, 2.0, 6.0], [5.0, np.nan, np.nan], [10.0, 20.0, np.nan]]),
)


def test_means_are_of_years_then_of_realisations_then_of_models():
    means, years = SERIES.means()
    assert SERIES.models == ("many", "one")
    # Not (1 + 2 + 6 + 5)/4, which would weigh realisations by their years.
    np.testing.assert_allclose(means, [(3.0 + 5.0) / 2, 15.0])
    np.testing.assert_array_equal(years, [3, 2])
    np.testing.assert_allclose(SERIES.by_model(), [[3.0, 2.0, 6.0], [10.0, 20.0, np.nan]])
    means, years = SERIES.within(2001, 2001).means()
    np.testing.assert_allclose(means, [2.0, 20.0])
    assert np.isnan(SERIES.within(1990, 1991).means()[0]).all()
