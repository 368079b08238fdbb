"""A run of forests: each fitted once, whatever blocks there are, and with the same bits."""

import gzip
import json
import os

import farming
import numpy as np
import pytest
import xarray as xr
from forcing_law.examples.predictor_grid import EXAMPLE
from forest_tables import rows, text
from support import load, run

import ensemble
from ensemble.citing import cite
from ensemble.errors import USER
from ensemble.store.differences import other_code
from scenarios.forcing.common.nearest_cells import PREDICTORS

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

from sklearn.ensemble import RandomForestRegressor

TEXT = """
version: 1
name: forests
kernel: {name: random_forest, training: t.csv, trees: 10, draw: by_class}
forcing: {reader: predictor_grid, path: grid, testbed: testbed}
design:
  method: monte_carlo
  n: 12
  parameters: {seed: {integers: [0, 4294967295]}, mtry: {integers: [2, 5]}}
seed: 3
outputs: {rh: all}
statistics: {rh: [mean, std]}
"""


@pytest.fixture
def folder(tmp_path):
    EXAMPLE.write(tmp_path)
    (tmp_path / "t.csv").write_text(text(rows()))
    return tmp_path


def test_a_forest_is_fitted_once_a_sample_and_blocks_change_no_bit(folder, monkeypatch):
    fits, fit = [], RandomForestRegressor.fit
    monkeypatch.setattr(
        RandomForestRegressor, "fit", lambda self, *data: fits.append(1) or fit(self, *data)
    )
    _, one = run(folder, text=TEXT, workers=1, try_first=False)
    # And the control member's.
    assert len(fits) == 12 + 1
    fits.clear()
    cut = TEXT + "block: {location: 7, sample: 5}\n"
    _, other = run(folder, text=cut, store="cut.zarr", workers=1, try_first=False)
    assert len(fits) == 12 + 1
    with ensemble.open_run(one.path) as first, ensemble.open_run(other.path) as second:
        assert (first["status"] == 0).all()
        np.testing.assert_array_equal(first["rh"], second["rh"])
        # Moments are added up block by block.
        stds = first["statistics/rh_std"], second["statistics/rh_std"]
        np.testing.assert_allclose(*stds, rtol=1e-12)


def test_cells_in_another_order_have_the_same_values_by_name(folder):
    """So has a table whose records stand in another order; the store says which is where."""
    words = {"workers": 1, "try_first": False}
    _, one = run(folder, text=TEXT, **words)
    grid, table = folder / "grid" / PREDICTORS, folder / "t.csv"
    for file, opened in ((grid, gzip.open), (table, open)):
        with opened(file, "rt") as old:
            lines = old.read().splitlines()
        head = next(k for k, line in enumerate(lines) if line[0] != "#") + 1
        with opened(file, "wt") as new:
            new.write("\n".join([*lines[:head], *lines[: head - 1 : -1], ""]))
    _, other = run(folder, text=TEXT, store="turned.zarr", **words)
    with ensemble.open_run(one.path) as first, ensemble.open_run(other.path) as second:
        assert first["rh"].size
        xr.testing.assert_equal(first["rh"].sel(location=second["location"]), second["rh"])


def test_two_versions_of_scikit_learn_are_refused(folder):
    """An earlier one, as its files say, is what a worker finds first."""
    store = farming.create_of(load(folder, TEXT), folder / "run.zarr")
    identity = store.attrs["identity"]
    assert {"scikit-learn", "numpy"} <= identity["versions"].keys()
    older = folder / "older" / "scikit_learn-0.1.dist-info"
    older.mkdir(parents=True)
    (older / "METADATA").write_text("Metadata-Version: 2.1\nName: scikit-learn\nVersion: 0.1\n")
    path = os.pathsep.join([str(older.parent), farming.environment()["PYTHONPATH"]])
    code, _, said = farming.call("worker", store.path, "--workers", 1, PYTHONPATH=path)
    assert code == USER
    assert said.count("\n") == 1
    assert 'now "0.1"' in said
    assert "random_forest.libraries.scikit-learn has changed; version: scikit-learn was" in said
    code, _, said = farming.call(
        "run", folder / "small.yaml", "--store", store.path, PYTHONPATH=path
    )
    assert code == USER
    assert "version: scikit-learn was" in said
    found = {part.name for part in cite(store.path).parts if part.kind == "software"}
    assert f"scikit-learn {identity['versions']['scikit-learn']}" in found
    # Of a store that says nothing of it no more is known.
    held = json.loads(json.dumps(identity))
    del held["versions"]["scikit-learn"]
    assert other_code(held, identity) == []
