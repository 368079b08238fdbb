"""Figures of what a run is held against: each says number, weights and reference."""

import pytest
from benchmark_law.example import example, run
from gridded import forcing as data
from support import give

from ensemble.report.data import evaluated
from ensemble.report.figures import (
    score_histograms,
    seasonal_cycles,
    site_records,
    study_classes,
)
from ensemble.report.figures.parts.style import look
from ensemble.report.run import Run
from ensemble.store.reading import read


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """Return a run of three models that was held against records by site and by season."""
    folder = tmp_path_factory.mktemp("held")
    one, of_days = example("sites"), example("seasons")
    of_days.write(folder)
    days = {"compare": "seasons", **of_days.words}
    with pytest.MonkeyPatch.context() as patch:
        give(patch, [data.forcing(synthetic="invented")])
        words = {**one.words, "groups": ["regions"]}
        section = of_days.section
        path = run(folder, "sites", one.scenario, words, beside={"days": days}, **section)
    return Run(read(path))


def drawn(module, held):
    with look():
        return list(module.draw(held))


def test_cycles_are_of_records_by_region_with_what_was_left_out(held):
    (picture,) = drawn(seasonal_cycles, held)
    assert "150 of equal weight" in picture.caption
    assert "Against records.csv; 150 records: annual mean used" in picture.caption


def test_records_and_study_means_of_each_model_stand_side_by_side(held):
    pictures = drawn(site_records, held)
    assert len(pictures) == 3
    for picture, model in zip(pictures, ("alpha", "beta", "gamma"), strict=True):
        assert f"rh of {model}, control member" in picture.caption
        assert "95 % by resampling whole studies" in picture.caption


def test_studies_are_counted_by_model_and_region(held):
    (picture,) = drawn(study_classes, held)
    assert "reading: paper" in picture.caption
    assert "150 records of 15 studies" in picture.caption


def test_scores_of_members_are_drawn_where_they_vary(held):
    found = [p for p in drawn(score_histograms, held) if not isinstance(p, str)]
    assert len(found) == 1
    assert "20 or more of each" in found[0].caption
    scores = {one.name: one for one in evaluated.scores(held.results)}
    assert scores["it_rmse"].labels == ("alpha", "beta", "gamma")
    assert scores["it_rmse"].values.shape == (3, 20)
