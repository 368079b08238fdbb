"""Spreads of totals, of locations and of single sites, each against members by hand."""

import numpy as np
import pytest
from support import run

import ensemble
from ensemble.commands.console import MOST_LINES, print_outcome
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
    assert table.title == "spreads [Pg C yr-1]"
    assert table.header == ["of", "totals", "locations", "single sites"]
    expected = [
        (weight @ rh).std(),
        weight @ rh.std(axis=1),
        weight @ (high - low).mean(axis=1) / 2,
    ]
    # What one hides: errors of locations add up to less than their sum.
    assert expected[0] < expected[1] < expected[2]
    (row,) = table.rows
    assert row[0] == "rh"
    np.testing.assert_allclose([float(cell) for cell in row[1:]], expected, atol=6e-4)
    assert "half the predictive interval of rh, q05 to q95" in table.notes[1]


def test_spreads_of_one_unit_share_a_table_that_a_run_ends_with(tmp_path, capsys):
    text = TEXT.replace("quantiles: [0.05, 0.5, 0.95]", "soil_respiration: invented")
    text = text.replace("outputs: {rh: all, rh_pred_q05: all, rh_pred_q95: all}", "outputs: {}")
    text = text.replace("rh_pred_q05: [mean], rh_pred_q95: [mean]", "rs: [mean, std]")
    text = text.replace("{rh: [global]}", "{rh: [global], rs: [global]}")
    planned, outcome = run(tmp_path, text=text, workers=1)
    (table,) = spread_tables(Results(read_ensemble(outcome.path)))
    assert [row[0] for row in table.rows] == ["rh", "rs"]
    assert table.header == ["of", "totals", "locations"]
    print_outcome(planned, outcome)
    assert "soilsweep report" in (said := capsys.readouterr().out)
    assert said.index("sums over all") < said.index("spreads [Pg C yr-1]")
    assert len(said.splitlines()) <= MOST_LINES
