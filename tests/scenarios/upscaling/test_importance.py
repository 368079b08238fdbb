"""What forests learn from real records, and what a search over predictors is worth."""

from pathlib import Path

import numpy as np
import pytest
from commandline import soilsweep
from support import DATA, needs_data

import ensemble
from ensemble.members.stored import read_ensemble
from ensemble.tables.results import Results
from ensemble.tables.subsets import ranked, searches

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

IMPURITY = {
    "mat": 13.9, "litter": 12.4, "map_gs": 11.8, "map": 11.6, "gpp": 10.3, "soc": 7.5, "veg": 7.1,
    "dry": 6.9, "swc": 6.6, "gsl": 6.1, "clay": 5.8,
}  # fmt: skip
"""Per cent, of ten seeds, with ties of the nearest cell settled otherwise: that moves clay most."""

GROUPS = {"climate": 39.9, "vegetation": 36.0, "soil": 24.1}


def prepared():
    assert soilsweep("prepare", "forest", "--data", DATA, "-o", "training_rh.csv").code == 0


def ran(name, *settings):
    """Run a scenario on real records and return its store."""
    words = [w for setting in settings for w in ("--set", setting)]
    here = [
        w
        for key in ("kernel.training", "forcing.path")
        for w in ("--set", f"{key}={Path.cwd()}/training_rh.csv")
    ]
    said = soilsweep("run", name, "--data", DATA, *here, *words, "--store", f"{name}.zarr")
    assert said.code == 0, said.err
    return f"{name}.zarr"


@pytest.mark.acceptance
@needs_data
def test_importance_is_that_of_the_specification(tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    prepared()
    seeds = "design={method: grid, parameters: {seed: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}"
    with ensemble.open_run(ran("forest-importance", seeds, "kernel.trees=150")) as found:
        impurity = dict(
            zip(found["predictor"].values, found["importance"][0, 0].values.mean(-1), strict=True)
        )
        dealt = found["held_out_importance"][0, 0].values.astype(float).mean(axis=-1)
        groups = dict(
            zip(found["group"].values, found["group_importance"][0, 0].values.mean(-1), strict=True)
        )
        names = list(found["predictor"].values)
    for name, share in IMPURITY.items():
        assert 100 * impurity[name] == pytest.approx(share, abs=1.3), name
    for name, share in GROUPS.items():
        assert 100 * groups[name] == pytest.approx(share, abs=1.5), name
    study, random = (dict(zip(names, row, strict=True)) for row in dealt)
    record_property("measured", "by study folds: " + ", ".join(
        f"{name} {100 * value:.1f} %" for name, value in sorted(study.items(), key=lambda p: -p[1])
    ))  # fmt: skip
    record_property("measured", "by random folds: " + ", ".join(
        f"{name} {100 * value:.1f} %" for name, value in sorted(random.items(), key=lambda p: -p[1])
    ))  # fmt: skip
    # Rain alone holds elsewhere; by chance each predictor seems to count, and rain the most.
    assert max(study, key=study.get) == max(random, key=random.get) == "map"
    assert 0.02 < study["map"] < 0.10
    assert sum(value <= 0.005 for value in study.values()) >= 6
    assert min(random.values()) > 0.005


@pytest.mark.acceptance
@needs_data
def test_scores_out_of_bag_are_those_of_the_specification(tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    assert soilsweep("prepare", "forest", "--data", DATA, "--flux", "rs", "-o", "s.csv").code == 0
    prepared()
    for flux, name, nse in (("rh", "training_rh.csv", 0.4917), ("rs", "s.csv", 0.5621)):
        table = tmp_path / name
        settings = [
            f"kernel={{name: forest_importance, training: {table}, flux: {flux}, trees: 500}}",
            f"forcing.path={table}", "design={method: grid, parameters: {seed: [0]}}",
            "outputs={oob_nse: all}",
        ]  # fmt: skip
        words = [w for setting in settings for w in ("--set", setting)]
        store = f"{flux}.zarr"
        said = soilsweep("run", "forest-importance", "--data", DATA, *words, "--store", store)
        assert said.code == 0, said.err
        with ensemble.open_run(store) as found:
            value = float(found["oob_nse"].squeeze())
        record_property("measured", f"{flux}: {value:.4f}")
        assert value == pytest.approx(nse, abs=0.02)


@pytest.mark.acceptance
@needs_data
def test_the_ranking_of_subsets_is_noise(tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    prepared()
    seeds = "design.parameters.seed={values: [0, 1]}"
    store = ran("forest-subsets", seeds, "outputs={oob_rmse: all}")
    (found,) = searches(Results(read_ensemble(tmp_path / store))).values()
    assert found.error.shape == (1023, 2)
    correlation, shared = found.agreement()
    record_property("measured", f"subsets: ranks of two seeds correlate at {correlation:.3f}, "
                    f"top 20 share {shared:.0f}")  # fmt: skip
    assert 0.70 < correlation < 0.85
    assert shared < 12


@pytest.mark.acceptance
@needs_data
def test_errors_out_of_bag_choose_other_subsets_than_study_folds(
    tmp_path, monkeypatch, record_property
):
    monkeypatch.chdir(tmp_path)
    prepared()
    # Each seventeenth subset, and all predictors.
    store = ran("forest-subsets", "design.parameters.subset={linspace: [3, 1023, 61]}")
    (found,) = searches(Results(read_ensemble(tmp_path / store))).values()
    study = found.held["study"].mean(axis=1)
    correlation = ranked(found.mean, study)
    least = found.named(int(study.argmin()))
    record_property(
        "measured",
        f"study folds: ranks correlate at {correlation:.2f}; all {study[-1]:.1f}, least "
        f"{study.min():.1f} g C m-2 yr-1 of {least}",
    )
    # Spearman's 0.39 of 101 others, with a standard error of 0.12 of so few.
    assert correlation == pytest.approx(0.39, abs=0.3)
    assert study.min() < study[-1]
    assert (study > found.mean + 30).all()
    assert np.isfinite(study).all()
