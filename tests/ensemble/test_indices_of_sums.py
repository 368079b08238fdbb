"""Indices of sums over all locations, one number a sample: against SALib's of the same numbers."""

import numpy as np
import pytest
from commandline import soilsweep
from gridded import forcing as data
from SALib.analyze import morris
from support import give, run

import ensemble
from ensemble.analysis import indices
from ensemble.members.reopening import open_layout
from ensemble.store.reading import read

TEXT = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: morris
  trajectories: 12
  levels: 4
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {}
responses: {change: {output: litter, change: [2000, 2002]}}
aggregates: {change: [global, global_mean, zonal]}
"""


@pytest.fixture
def store(tmp_path, monkeypatch):
    give(monkeypatch, data.both())
    return run(tmp_path, text=TEXT, workers=1)[1].path


def test_a_sum_over_all_locations_has_the_indices_of_a_response(store):
    said = soilsweep("analyze", store)
    assert said.code == 0, said.err
    assert "change_global, all locations" in said.out
    with ensemble.open_run(store) as found:
        total = found["aggregates/change_global"].to_numpy()
        names, ends = ["level", "slope"], [[1, 8], [0.1, 0.9]]
        drawn = np.stack([found[name].to_numpy() for name in names], axis=-1)
        indexed = found["sensitivity/change_global_mu_star"].to_numpy()
        mean = found["sensitivity/change_global_mean_mu_star"].to_numpy()
    problem = {"num_vars": 2, "names": names, "bounds": ends}
    assert indexed.shape == (total.shape[0], 1, 2)
    for f, values in enumerate(total):
        expected = morris.analyze(problem, drawn, values, num_levels=4, scaled=False)["mu_star"]
        np.testing.assert_allclose(indexed[f, 0], expected, rtol=1e-9)
    # A mean by area is the sum over one area: the same order of parameters.
    assert (indexed.argmax(axis=-1) == mean.argmax(axis=-1)).all()


def test_bands_and_one_location_have_none(store, tmp_path):
    layout = open_layout(read(store))
    assert indices.sums_of(read(store), layout) == ["change_global", "change_global_mean"]


def test_a_run_that_keeps_sums_alone_is_analysed(tmp_path, monkeypatch):
    give(monkeypatch, data.both())
    alone = TEXT.replace("responses: {change: {output: litter, change: [2000, 2002]}}\n", "")
    alone = alone.replace("{change: [global, global_mean, zonal]}", "{ratio: [global_mean]}")
    path = run(tmp_path, text=alone, workers=1)[1].path
    assert "ratio_global_mean, all locations" in soilsweep("analyze", path).out
