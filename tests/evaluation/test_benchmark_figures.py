"""Figures of benchmarks: Taylor diagrams, bands and maps of differences, of a small run."""

import numpy as np
import pytest
from benchmark_law.example import example, run
from gridded import forcing as data
from support import give

from ensemble.report.figures import (
    difference_maps,
    error_parts,
    score_table,
    taylor_diagram,
    turnover_times,
    zonal_benchmarks,
)
from ensemble.report.figures.parts.coastlines import coastlines
from ensemble.report.figures.parts.style import look
from ensemble.report.run import Run
from ensemble.scores.skill import SCORES
from ensemble.store.reading import read


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a run against maps and one against bands, as pages see them."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        give(patch, [data.forcing(locations=data.cells(30))])
        for name in ("map", "zonal", "turnover"):
            folder, one = tmp_path_factory.mktemp(name), example(name)
            one.write(folder)
            found[name] = Run(read(run(folder, name, one.scenario, one.words)))
    return found


def test_control_members_have_the_scores_of_the_store(runs):
    (held,) = runs["map"].against("map")
    assert held.labels == ("alpha", "beta", "gamma")
    assert [len(model.cells) for model in held.models] == [30, 30, 30]
    for name in ("bias", "r", "sd_ratio"):
        stored = runs["map"].results.whole(f"evaluation/control/it_{name}")[0]
        found = [SCORES[name](one.against(one.values).sums)[0, 0] for one in held.models]
        np.testing.assert_allclose(stored[0], found, rtol=1e-9)
        np.testing.assert_array_equal(held.score(name), stored.T)


@pytest.mark.parametrize(
    ("figure", "kind", "words"),
    [
        (
            taylor_diagram,
            "map",
            ("Taylor diagram against median of one, two, 30 cells", "weights:"),
        ),
        (difference_maps, "map", ("less median of one, two, 30 cells", "98th percentile")),
        (zonal_benchmarks, "map", ("smallest to the largest of one, two", "too narrow")),
        (error_parts, "map", ("30 cells", "median of one, two", "stand below the models")),
        (score_table, "map", ("of 3 control members", "n 30, weights:")),
        (turnover_times, "turnover", ("total of stock over that of rh", "30 cells", "strokes")),
        (zonal_benchmarks, "zonal", ("bands of 5 degrees", "too narrow", "the run's land")),
    ],
)
def test_every_figure_says_of_what_it_is(runs, figure, kind, words):
    with look():
        (picture,) = figure.draw(runs[kind])
    assert picture.svg.startswith(b"<?xml")
    for word in words:
        assert word in picture.caption


def test_a_scale_of_differences_is_cut_at_the_98th_percentile():
    values = np.append(np.linspace(-1, 1, 99), 1e6)
    assert difference_maps.cut(values) == pytest.approx(1.0, abs=0.02)
    assert difference_maps.cut(np.zeros(3)) == 1.0
    assert difference_maps.cut(np.array([-2.0, np.nan])) == 2.0


def test_ranks_are_by_what_is_better_and_equal_scores_share_one():
    values = np.array([-0.5, 2.0, np.nan, 0.5])
    assert score_table.ranks(values, "smaller").tolist()[:2] == [1.0, 0.0]
    assert score_table.ranks(values, "larger").tolist()[:2] == [0.0, 1.0]
    assert score_table.ranks(values, "nearest 0")[[0, 1, 3]].tolist() == [1.0, 0.0, 1.0]
    assert score_table.ranks(values, "nearest 1")[[0, 1, 3]].tolist() == [0.0, 0.5, 1.0]
    for nothing in ("neither", "smaller"):
        some = values if nothing == "neither" else values[2:]
        assert np.isnan(score_table.ranks(some, nothing)).all()


def test_coastlines_are_small_and_of_the_world():
    lines = coastlines()
    every = np.concatenate(lines)
    assert 1000 < len(every) < 5000
    assert (np.abs(every) <= [180, 90]).all()
    # No line crosses the map where the coast crosses 180 E, or follows its frame.
    assert max(np.abs(np.diff(line[:, 0])).max() for line in lines) < 90
    # The Cape of Good Hope and Cape Horn are where they are, to half a degree.
    for cape in ([18.5, -34.4], [-68.0, -55.5]):
        assert np.hypot(*(every - cape).T).min() < 1.5
