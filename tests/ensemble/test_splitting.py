"""Shares of variance of models, forcings and parameters, from a run to the store and tables."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from anova import shares_of
from gridded import forcing as data
from gridded import model
from support import give, plan

import ensemble
from ensemble.analysis import shares as splitting
from ensemble.report import Run
from ensemble.report.figures import variance_by_year
from ensemble.report.figures.parts.bars import LEAST_SHARE
from ensemble.report.figures.parts.style import look
from ensemble.runs.analyze import analyze_store
from ensemble.store.coordinates import is_copy
from ensemble.store.reading import read
from ensemble.tables.shares import named

TEXT = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: monte_carlo
  n: 40
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {rh: all, litter: {at: [2000, 2002]}, stock: all}
responses: {change: {output: litter, change: [2000, 2002]}}
aggregates: {rh: [global, zonal_mean], litter: [global]}
block: {location: 4, sample: 16}
"""
MODEL_TERMS = ["model", "forcing", "parameters", "model x forcing", "model x parameters",
               "forcing x parameters", "model x forcing x parameters"]  # fmt: skip
FAILING = TEXT.replace("level: {uniform: [1, 8]}", "level: {uniform: [1, 9.5]}")
CROSSED = TEXT.replace(
    TEXT[TEXT.index("  method") : TEXT.index("seed")],
    "  cross:\n"
    "    - {method: monte_carlo, n: 5, parameters: {level: {uniform: [1, 8]}}}\n"
    "    - {method: monte_carlo, n: 6, parameters: {slope: {uniform: [0.1, 0.9]}}}\n",
)


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, data.both(10))


def analysed(tmp_path, text=TEXT, *settings):
    planned = plan(tmp_path, *settings, text=text)
    assert ensemble.run(planned, workers=1).complete
    tables = analyze_store(planned.path)
    return xr.open_datatree(planned.path, engine="zarr"), tables


def test_shares_of_every_cell_are_those_of_its_members(tmp_path):
    tree, tables = analysed(tmp_path)
    found = tree["variance"]
    assert found.rh_share.dims == ("location", "time", "term_model")
    assert found.term_model.values.tolist() == MODEL_TERMS
    assert found.term.values.tolist() == ["forcing", "parameters", "forcing x parameters"]
    assert found.litter_share.dims == ("location", "litter_year", "term")
    assert found.change_share.dims == ("location", "term")
    for place, year in np.ndindex(10, 3):
        cube = tree.rh.values[:, place, :, year].transpose(1, 0, 2)
        expected = list(shares_of(cube).values())
        np.testing.assert_allclose(found.rh_share[place, year], expected, atol=1e-12)
    for name in ("rh", "litter", "stock", "change"):
        total = found[f"{name}_share"].values.sum(axis=-1)
        # At the poles it is always as warm, so nothing changes.
        some = slice(2, None) if name == "change" else slice(None)
        np.testing.assert_allclose(total[some], 1, atol=1e-12)
    assert np.isnan(found.change_share[:2]).all()
    assert (found.rh_levels == [3, 2, 40]).all()
    sums, split = tree["aggregates"], tree["variance/aggregates"]
    assert split.rh_global_share.dims == ("time", "term_model")
    assert split.rh_zonal_mean_share.dims == ("band", "time", "term_model")
    for band, year in np.ndindex(len(sums.band), 3):
        cube = sums.rh_zonal_mean.values[:, band, :, year].transpose(1, 0, 2)
        expected = list(shares_of(cube).values())
        np.testing.assert_allclose(split.rh_zonal_mean_share[band, year], expected, atol=1e-12)
    np.testing.assert_array_equal(split.band, sums.band)
    titles = [t["header"] for t in tables]
    assert ["term", "litter_global", "change", "litter"] in titles
    assert ["term", "rh_global", "rh_zonal_mean", "rh", "stock"] in titles


def test_pools_are_cells_and_no_factor(tmp_path, monkeypatch):
    outputs = tuple(
        replace(v, dims=tuple("pool" if d == "model" else d for d in v.dims)) for v in model.OUTPUTS
    )
    coords = {"pool": model.KERNEL.coords["model"]}
    monkeypatch.setattr(model, "KERNEL", replace(model.KERNEL, outputs=outputs, coords=coords))
    found = analysed(tmp_path)[0]["variance"]
    assert found.stock_share.dims == ("location", "pool", "term")
    assert found.term.values.tolist() == ["forcing", "parameters", "forcing x parameters"]


@pytest.mark.slow
def test_how_locations_are_read_changes_nothing(tmp_path, monkeypatch):
    tree, _ = analysed(tmp_path)
    monkeypatch.setattr(splitting, "READ_BYTES", 1)
    analyze_store(tmp_path / "run.zarr")
    again = xr.open_datatree(tmp_path / "run.zarr", engine="zarr")
    for path in ("variance", "variance/aggregates"):
        assert tree[path].to_dataset().identical(again[path].to_dataset())


def test_factors_of_a_cross_are_told_apart(tmp_path):
    tree, _ = analysed(tmp_path, CROSSED)
    found = tree["variance"]
    labels = found.axis_model.values.tolist()
    assert labels[:2] == ["model", "forcing"]
    assert len(labels) == 4
    cube = tree.stock.values[:, 3].transpose(1, 0, 2).reshape(3, 2, 5, 6)
    np.testing.assert_allclose(found.stock_share[3], list(shares_of(cube).values()), atol=1e-12)
    cube = tree.change.values[:, 3].reshape(2, 5, 6)
    np.testing.assert_allclose(found.change_share[3], list(shares_of(cube).values()), atol=1e-12)


@pytest.mark.slow
def test_samples_drawn_for_each_forcing_are_within_it(tmp_path):
    tree, _ = analysed(tmp_path, TEXT + "independent: [forcing]\n")
    terms = tree["variance"].term_model.values.tolist()
    assert terms == ["model", "forcing", "parameters within forcing", "model x forcing",
                     "model x parameters within forcing"]  # fmt: skip
    cube = tree.rh.values[:, 0, :, 0]
    within = cube.mean(axis=1).var(axis=1).mean() / cube.var()
    assert tree["variance"].rh_share[0, 0, 2] == pytest.approx(within, abs=1e-12)


def test_failed_members_cost_their_samples_and_are_told(tmp_path):
    tree, tables = analysed(tmp_path, FAILING)
    failed = (tree.status.values != 0).any(axis=0)
    assert failed.any()
    found = tree["variance"]
    np.testing.assert_array_equal(found.rh_levels[:, 2], (~failed).sum(axis=1))
    for place in range(10):
        good = tree.rh.values[:, place, :, 1][..., ~failed[place]].transpose(1, 0, 2)
        expected = list(shares_of(good).values())
        np.testing.assert_allclose(found.rh_share[place, 1], expected, atol=1e-12)
    lost = failed.any(axis=0).sum()
    assert tree["variance/aggregates"].rh_global_levels.values.tolist() == [3, 2, 40 - lost]
    said = " ".join(note for t in tables for note in t["notes"])
    assert "levels with failed members are left out at" in said


def test_where_a_fifth_is_lost_there_are_no_shares(tmp_path):
    text = TEXT.replace("level: {uniform: [1, 8]}", "level: {uniform: [6, 10]}")
    tree, tables = analysed(tmp_path, text)
    failed = (tree.status.values != 0).any(axis=0)
    many = failed.mean(axis=1) > 0.2
    assert many.any()
    known = np.isfinite(tree["variance"].rh_share.values).all(axis=(1, 2))
    np.testing.assert_array_equal(known, ~many)
    said = " ".join(note for t in tables for note in t["notes"])
    assert "have lost more than a fifth and have no shares" in said


def test_one_forcing_and_no_models_leave_nothing_to_split(tmp_path, monkeypatch):
    give(monkeypatch, data.both(10)[:1])
    text = TEXT.replace("rh: all, ", "").replace(", stock: all", "")
    planned = plan(tmp_path, text=text.replace("rh: [global, zonal_mean], ", ""))
    ensemble.run(planned, workers=1)
    # Its parameters are told apart as those of a sample, which needs nothing to cross.
    analyze_store(planned.path)
    kept = read(planned.path).specs
    assert not [p for p in kept if p.startswith("variance/")]
    assert [p for p in kept if p.startswith("sensitivity/") and p.endswith("_S1")]


def test_one_forcing_leaves_models_and_parameters(tmp_path, monkeypatch):
    give(monkeypatch, data.both(10)[:1])
    tree, _ = analysed(tmp_path)
    terms = tree["variance"].term_model.values.tolist()
    assert terms == ["model", "parameters", "model x parameters"]
    cube = tree.rh.values[0, 2, :, 0]
    expected = list(shares_of(cube).values())
    np.testing.assert_allclose(tree["variance"].rh_share[2, 0], expected, atol=1e-12)


@pytest.mark.slow
def test_an_older_split_goes(tmp_path):
    tree, _ = analysed(tmp_path)
    assert "rh_share" in tree["variance"]
    store = read(tmp_path / "run.zarr")
    kept = splitting.stored(store)
    assert set(kept) == {
        p for p in store.specs if p.startswith("variance/") and not is_copy(store.specs, p)
    }
    analyze_store(tmp_path / "run.zarr")
    again = splitting.stored(read(tmp_path / "run.zarr"))
    for path, (_, values) in kept.items():
        np.testing.assert_array_equal(values, again[path][1])


def test_a_page_has_shares_of_every_year(tmp_path):
    tree, _ = analysed(tmp_path, CROSSED)
    with look():
        drawn = list(variance_by_year.draw(Run(read(tmp_path / "run.zarr"))))
    # Litter has no models; it and respiration have other terms.
    of_litter, svg = (picture.svg.decode() for picture in drawn)
    assert "litter_global" in of_litter
    assert "rh_global" in svg
    assert "rh_zonal_mean" not in svg
    shares = tree["variance/aggregates"].rh_global_share.values
    main = tree["variance/term_model"].values[(shares >= LEAST_SHARE).any(axis=0)]
    assert len(main) > 2
    assert all(f">{term}</text>" in svg for term in main)


def test_a_factor_of_many_parameters_has_a_name_that_fits():
    assert named("q10") == "q10"
    assert named("q10+aV") == "q10+aV"
    assert named("model x q10+aV+D1 x start") == "model x q10 and 2 more x start"
