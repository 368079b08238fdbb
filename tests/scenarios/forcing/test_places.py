"""Latitude, longitude and area: spelled, measured and limited alike by all readers."""

import numpy as np
import pytest

from scenarios.forcing.common.places import EARTH, find_places, in_degrees_or_m2, place_of


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("lat", "lat Lat LAT latitude Latitude lat_deg decimalLatitude nav_lat grid1d_lat"),
        ("lon", "lon LON long Long lng longitude Longitude lon_deg decimal_longitude nav_lon"),
        ("area", "area Area AREA cell_area land.area areacella area_km2 landarea_m2"),
        ("", "plate latent lat_bnds slope along longwave area_fraction clay narea rate y x"),
    ],
)
def test_every_usual_spelling_is_known_and_no_other(place, names):
    assert {name: place_of(name) for name in names.split()} == dict.fromkeys(names.split(), place)


def test_two_columns_of_one_place_are_refused_unless_one_is_chosen():
    names = ["lat", "Latitude", "Long", "area_km2"]
    found, complaints = find_places(names)
    assert complaints == ["columns 'lat' and 'Latitude' may both be lat; rename all but one"]
    assert (found["lon"].name, found["area"].unit) == ("Long", "km2")
    found, complaints = find_places(names, {"lat": "Latitude"})
    assert (found["lat"].name, complaints) == ("Latitude", [])


@pytest.mark.parametrize(
    ("place", "value", "unit", "right"),
    [
        ("lat", 45.0, "", 45.0),
        ("lat", np.pi / 4, "radians", 45.0),
        ("lon", 350.0, "degrees_east", 350.0),
        ("lon", -99.0, "", -99.0),
        ("area", 25.0, "km2", 25e6),
        ("area", 25.0, "ha", 25e4),
        ("area", 2e9, "m^2", 2e9),
        ("area", 2e9, "", 2e9),
    ],
)
def test_values_that_can_be(place, value, unit, right):
    found, wrong = in_degrees_or_m2(place, np.array([value]), unit)
    assert not wrong
    np.testing.assert_allclose(found, [right], rtol=1e-12)


@pytest.mark.parametrize(
    ("place", "value", "unit", "said"),
    [
        ("lat", 95.0, "", "found 95; needed degrees north, -90 to 90"),
        ("lat", 45.0, "m", "cannot become 'degree'; they measure different things"),
        ("lon", 400.0, "", "found 400; needed degrees east, -180 to 180 or 0 to 360"),
        ("area", 25.0, "", "no unit is given and 25 could be m2 or km2"),
        ("area", 0.001, "radian^2", "multiply by Earth's radius squared"),
        ("area", 2e9, "km2", "needed 0 to 5.1e+14 m2, the whole Earth: taken in 'km2'"),
        ("area", -5.0, "m2", "found -5; needed 0 to 5.1e+14 m2"),
    ],
)
def test_values_that_cannot_be(place, value, unit, said):
    wrong = in_degrees_or_m2(place, np.array([value]), unit)[1]
    assert [said in one.text for one in wrong] == [True]


def test_all_places_together_are_no_more_than_the_earth():
    cells = np.full(60_000, 1e10)
    (wrong,) = in_degrees_or_m2("area", cells, "m2")[1]
    assert "is 6e+14 m2 in all, taken in 'm2'; the Earth has 5.1e+14 m2" in wrong.text
    assert not in_degrees_or_m2("area", cells[:50_000], "m2")[1]
    assert EARTH == 5.1e14


@pytest.mark.parametrize(("value", "right"), [(2e3, 2e9), (2e9, 2e9)])
def test_cells_of_a_grid_are_km2_or_m2_by_what_can_be(value, right):
    found, wrong = in_degrees_or_m2("area", np.array([value, np.nan]), "", cells=True)
    assert not wrong
    np.testing.assert_allclose(found, [right, np.nan], rtol=1e-12)


@pytest.mark.parametrize(("value", "unit"), [(5e4, ""), (2e3, "m2")])
def test_cells_that_could_be_both_or_are_too_small_are_refused(value, unit):
    (wrong,) = in_degrees_or_m2("area", np.array([value]), unit, cells=True)[1]
    assert ("could be m2 or km2" if not unit else "is it km2?") in wrong.text
