"""Cells and days of records: ties, the turn of longitudes, New Year, what is left of the data."""

import numpy as np
import pytest
import site_pairs
from support import needs_data

from ensemble.scores import records
from scenarios import grids


def test_of_two_centres_as_near_the_first_is_taken_and_longitudes_wrap():
    lon = np.arange(0.0, 360.0, 2.5)
    found = grids.nearest(lon, np.array([101.25, -1.0, 359.9, 358.75, 123.75]), around=True)
    # 358.75 is as far from 0 as from 357.5, and 0 comes first.
    assert list(lon[found]) == [100.0, 0.0, 0.0, 0.0, 122.5]
    lat = np.array([10.0, -0.0, -10.0])
    assert list(grids.nearest(lat, np.array([5.0, -5.0, -90.0]))) == [0, 1, 2]


def test_centres_of_float32_tie_where_their_numbers_do():
    lat = np.linspace(-90, 90, 96, dtype=np.float32).astype(np.float64)
    middle = np.float64(-90 + 180 / 95 * 2.5)
    assert grids.nearest(lat, np.array([middle]))[0] == 2


@pytest.mark.parametrize(
    ("day", "mean"),
    # Specification 3.3, with the value of a day its number.
    [(2, 106.285714), (365, 208.571429), (366, 208.571429), (100, 100.0)],
)
def test_windows_wrap_at_new_year(day, mean):
    assert records.window(day, 3).mean() == pytest.approx(mean, rel=1e-8)


def test_windows_of_the_authors_code_do_not_wrap():
    assert list(records.window(2, 3, wraps=False)) == [1, 2, 3, 4, 5]
    assert list(records.window(365, 3, wraps=False)) == [362, 363, 364, 365]
    assert list(records.window(2, 3)) == [364, 365, 1, 2, 3, 4, 5]


def test_a_place_is_in_the_cell_that_has_it_and_in_none_where_cells_are_missing():
    lat_bounds = np.array([[0.0, 2.0], [2.0, 4.0], [2.0, 4.0]])
    lon_bounds = np.array([[358.0, 362.0], [358.0, 362.0], [2.0, 6.0]])
    lat, lon = np.array([1.0, 2.0, 3.0, 3.0]), np.array([-1.5, 0.5, 5.9, 7.0])
    # On the edge between two cells it is in the first.
    assert list(records.covering(lat, lon, lat_bounds, lon_bounds)) == [0, 0, 2, -1]


@needs_data
@pytest.mark.parametrize(
    ("manipulation", "counts", "studies", "without_months"),
    [
        # Specification, table T3a.
        ("all", [9489, 9084, 9027, 8925, 8901, 7957], [242, 239, 236, 229, 229, 204], 6883),
        ("None", [7546, 7176, 7119, 7026, 7002, 6304], [225, 222, 219, 212, 212, 191], 5495),
    ],
)
def test_records_that_are_left(manipulation, counts, studies, without_months):
    columns = site_pairs.table()
    chosen = (columns["manipulation"] == "None") | (manipulation == "all")
    steps = site_pairs.left(chosen)
    assert [int(step.sum()) for step in steps] == counts
    assert [len({*columns["study"][step]}) for step in steps] == studies
    assert site_pairs.left(chosen, months=False)[-1].sum() == without_months
    if manipulation == "all":
        assert (columns["made"].sum(), (columns["made"] & steps[3]).sum()) == (1170, 1098)
