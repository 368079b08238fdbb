"""The twelve forests of He et al. (2022), from SRDB and the grid to totals, as a person does it."""

import numpy as np
import pytest
from commandline import soilsweep
from support import DATA, needs_data

import ensemble

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

import sklearn

EXACT = sklearn.__version__ == "1.9.1"
"""Others grow other trees of one seed."""

HE = """
version: 1
name: he
kernel: {{name: random_forest, training: training_{flux}.csv, flux: {flux}}}
forcing: {{reader: predictor_grid, path: "{data}/gridded_0p5deg", testbed: "{data}/testbed"}}
design:
  method: grid
  parameters: {{seed: [2022], trees: [100, 150, 200], mtry: [2, 3, 4, 5]}}
outputs: {{}}
aggregates: {{{flux}: [global]}}
statistics: {{{flux}: [mean], outside: [mean]}}
"""

FOUND = {"rh": (51.62, 52.1889732437818), "rs": (86.13, 86.22631732338868)}
"""Pg C yr-1: mean of the forests, and the total of the forest of seed 0, 150 trees and mtry 4."""


@pytest.mark.acceptance
@needs_data
@pytest.mark.parametrize("flux", FOUND)
def test_they_have_the_totals_of_the_specification(flux, tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    assert soilsweep("prepare", "forest", "--data", str(DATA), "--flux", flux).code == 0
    (tmp_path / "he.yaml").write_text(HE.format(flux=flux, data=DATA))
    said = soilsweep("run", "he.yaml", "--store", "he.zarr")
    assert said.code == 0, said.err
    with ensemble.open_run("he.zarr") as tree:
        totals = tree[f"aggregates/{flux}_global"]
        assert totals.attrs["units"] == "Pg C yr-1"
        control = tree[f"aggregates/control/{flux}_global"].item()
        mean, sd = totals.mean().item(), totals.std(ddof=1).item()
        inside = tree["statistics/outside_mean"].values[0] == 0
        share = tree["area"].values[inside].sum() / tree["area"].values.sum()
    text = f"{mean:.2f} +- {sd:.2f} Pg C yr-1, seed 0 {control:.12f}, inside {share:.3f}"
    record_property("measured", f"{flux}: {text}")
    expected, first = FOUND[flux]
    np.testing.assert_allclose(mean, expected, atol=5.1e-3 if EXACT else 1.5)
    np.testing.assert_allclose(control, first, **({"rtol": 1e-14} if EXACT else {"atol": 1.5}))
    if flux == "rh" and EXACT:
        np.testing.assert_allclose(sd, 0.81, atol=5.1e-3)
        np.testing.assert_allclose(share, 0.883, atol=5.1e-4)
