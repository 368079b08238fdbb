"""Maps hatched outside the area of applicability: cells, counts and area are those of the store."""

import re

import numpy as np
import pytest
from support import run

import ensemble
from ensemble.report import Run, figures
from ensemble.report.data.fields import places_at
from ensemble.report.figures.parts.ground import draw_marked, empty_maps
from ensemble.report.figures.parts.numbers import numbers
from ensemble.report.figures.parts.style import look
from ensemble.store.reading import read
from ensemble.tables.applicable import marked_of

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

TEXT = """
version: 1
name: outside
kernel: {name: random_forest, training: invented, trees: 4, draw: by_class}
forcing: {reader: synthetic_predictors}
design: {method: monte_carlo, n: 5, parameters: {seed: {integers: [0, 99]}}}
seed: 3
outputs: {}
statistics: {rh: [mean, std], outside: [mean]}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return run(tmp_path_factory.mktemp("run"), text=TEXT, workers=1)[1].path


def drawn(store):
    with look():
        return list(figures.FIGURES.get("outside_maps").draw(Run(read(store))))


def test_cells_are_hatched_that_most_draws_leave_outside(store):
    (picture,) = drawn(store)
    with ensemble.open_run(store) as found:
        share = found["statistics/outside_mean"][0].to_numpy()
        at = np.stack([found[name].to_numpy() for name in ("lon", "lat")], axis=1)
        area = found["area"].to_numpy()
        mean, std = (found[f"statistics/rh_{s}"][0].to_numpy() for s in ("mean", "std"))
    outside = share > 0.5
    assert 0 < outside.sum() < len(at)
    table = picture.numbers
    for panel, values in ((1, mean), (2, 100 * std / mean)):
        here = table[table["panel"] == panel]
        hatched = here[here["mark"] == "hatched cell"]
        assert {*map(tuple, hatched[["x", "y"]].to_numpy().round(6))} == {*map(tuple, at[outside])}
        cells = here[here["mark"] == "cell"].set_index(["x", "y"])["value"]
        expected = [cells[tuple(place)] for place in at]
        np.testing.assert_allclose(expected, values, rtol=1e-6)
    n, whole, part = re.search(
        r"([\d,]+) of ([\d,]+) cells .* and (\S+) %", picture.caption
    ).groups()
    assert (int(n), int(whole)) == (outside.sum(), len(at))
    assert float(part) == float(f"{100 * area[outside].sum() / area.sum():.2g}")
    assert "two digits at best" in picture.caption


def test_a_cell_is_outside_where_most_members_say_so_and_unknown_ones_do_not_count():
    share, area = np.array([0.0, 0.5, 0.6, 1.0, np.nan]), np.array([4.0, 3.0, 2.0, 1.0, 90.0])
    marked = marked_of(share, area)
    assert marked.outside.tolist() == [False, False, True, True, False]
    assert (
        marked.words
        == "in more than half of the samples, 2 of 4 cells (50.0%) and 30 % of their area"
    )


def test_points_that_are_no_raster_are_crossed():
    lon, lat = np.arange(20.0) ** 1.5, np.linspace(-40.0, 40.0, 20)
    places = places_at(lat, lon)
    assert places.raster is None
    with look():
        figure, axes = empty_maps(1, 1, places, "")
        draw_marked(axes[0, 0], places, lat > 20, "outside")
    table = numbers(figure)
    assert set(table["series"]) == {"outside"}
    np.testing.assert_allclose(table["y"], lat[lat > 20])
