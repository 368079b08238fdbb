"""Resampled means against theory, and the same draws in any number of pieces."""

import numpy as np
import pytest
import site_pairs
from support import needs_data

from ensemble.scores import bootstrap
from scenarios.designs.sampling.streams import named

STREAM = named(1, "evaluation", "sites")


def test_means_scatter_as_theory_says():
    values = np.random.default_rng(1).gamma(2.0, 1.0, (40, 1))
    for size in (0, 20):
        means = bootstrap.of_records(values, STREAM, resamples=4000, size=size)
        expected = values.std() / np.sqrt(size or 40)
        # Four standard errors of a standard deviation of 4,000.
        assert means.std(ddof=1) == pytest.approx(expected, rel=4 / np.sqrt(8000))
        assert means.mean() == pytest.approx(values.mean(), abs=4 * expected / np.sqrt(4000))


def test_draws_do_not_depend_on_how_many_are_held(monkeypatch):
    values = np.random.default_rng(1).normal(size=(37, 2))
    whole = bootstrap.of_records(values, STREAM, resamples=50)
    monkeypatch.setattr(bootstrap, "DRAWS", 100)
    assert (bootstrap.of_records(values, STREAM, resamples=50) == whole).all()
    other = bootstrap.of_records(values, named(1, "evaluation", "others"), resamples=50)
    assert not (other == whole).any()


def test_a_study_is_drawn_with_all_its_records():
    values = np.array([[1.0], [1.0], [1.0], [5.0]])
    means = bootstrap.of_studies(values, np.array([0, 0, 0, 1]), STREAM, resamples=400)
    # Of two studies: one twice, the other twice, or each once.
    assert {*means[:, 0]} == {1.0, 2.0, 5.0}


@needs_data
def test_the_interval_to_report_is_that_of_studies():
    observed, modelled, study = site_pairs.pairs("None")
    code = np.unique(study, return_inverse=True)[1]
    values = np.stack([observed, modelled, modelled - observed], axis=1)
    by_study = bootstrap.of_studies(values, code, STREAM)
    # Specification, table T3c: 4 %; the difference's 0.10425 is theory's.
    assert by_study.std(axis=0, ddof=1) == pytest.approx([0.0674, 0.0832, 0.10425], rel=0.04)
    low, high = bootstrap.interval(by_study)[:, 2]
    assert (low, high) == pytest.approx((0.420, 0.821), abs=0.012)
    by_record = bootstrap.of_records(values[:, :2], STREAM, resamples=2500)
    assert by_record.std(axis=0, ddof=1) == pytest.approx([0.0146241, 0.0112733], rel=0.04)
    assert bootstrap.interval(by_record)[:, 0] == pytest.approx([1.474, 1.531], abs=0.002)
