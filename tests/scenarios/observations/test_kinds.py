"""Kinds of observations: land is known or not, and means in the right order."""

from dataclasses import replace

import numpy as np
import pytest

from scenarios.grids import RADIUS, grid_of
from scenarios.observations import GridMap, YearSeries


def test_without_land_fraction_there_is_no_land_area():
    grid = grid_of(np.array([-45.0, 45.0]), np.array([0.0, 180.0]))
    bare = GridMap(units="1", grid=grid, values=np.ones((2, 2)), area=grid.areas)
    assert bare.land_area is None
    half = replace(bare, land=np.full((2, 2), 0.5))
    assert half.land_area.sum() == pytest.approx(2 * np.pi * RADIUS**2)


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
