"""Spreads of totals, of locations and of single sites, each against members by hand."""

import numpy as np
import pytest
from support import run

import ensemble
from ensemble.members.stored import read_ensemble
from ensemble.tables.results import Results
from ensemble.tables.spreads import spread_tables

pytest.importorskip("quantile_forest", reason="needs the extra 'forest'")

TEXT = """
version: 1
name: spreads
kernel: {name: random_forest, training: invented, trees: 4, quantiles: [0.05, 0.5, 0.95]}
forcing: {reader: synthetic_predictors}
design: {method: grid, parameters: {seed: [0, 1, 2]}}
outputs: {rh: all, rh_pred_q05: all, rh_pred_q95: all}
statistics: {rh: [mean, std], rh_pred_q05: [mean], rh_pred_q95: [mean]}
aggregates: {rh: [global]}
"""


def test_three_spreads_are_apart_and_named(tmp_path):
    store = run(tmp_path, text=TEXT, workers=1)[1].path
    with ensemble.open_run(store) as found:
        rh, low, high = (
            found[name][0].to_numpy().astype(float) for name in ("rh", "rh_pred_q05", "rh_pred_q95")
        )
        weight = found["area"].to_numpy() * 1e-15
    (table,) = spread_tables(Results(read_ensemble(store)))
    assert table.header == ["spread", "Pg C yr-1"]
    expected = [
        (weight @ rh).std(),
        weight @ rh.std(axis=1),
        weight @ (high - low).mean(axis=1) / 2,
    ]
    # What one hides: errors of locations add up to less than their sum.
    assert expected[0] < expected[1] < expected[2]
    np.testing.assert_allclose([float(row[1]) for row in table.rows], expected, atol=6e-4)
    assert [row[0].split(" of ")[0] for row in table.rows] == [
        "standard deviation",
        "sum over locations",
        "sum over locations",
    ]
    assert table.rows[2][0].endswith("q05 to q95")
    assert "of single sites" in table.notes[1]
