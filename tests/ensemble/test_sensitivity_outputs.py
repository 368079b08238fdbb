"""Indices of stored outputs, cell by cell, against SALib and against loops."""

import numpy as np
import pytest
from commandline import soilsweep
from SALib.analyze import morris, sobol
from steep import write_steep
from support import run

import ensemble
from ensemble.analysis.indices import results, stored
from ensemble.errors import PlanError
from ensemble.runs.analyze import analyze_store
from ensemble.store.reading import read
from ensemble.tables.believing import number_with

TEXT = """
version: 1
name: cells
kernel: two_box
forcing: {{reader: synthetic_models, n: 2}}
design: {design}
seed: 5
{more}
outputs: {outputs}
"""
SPAN = "{tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [20, 60]}}"
MORRIS = f"{{method: morris, trajectories: 24, levels: 6, parameters: {SPAN}}}"
SOBOL = f"{{method: sobol, n: 32, second_order: true, parameters: {SPAN}}}"
NAMES = ["tau_veg_obs", "tau_soil_obs"]
PROBLEM = {"num_vars": 2, "names": NAMES, "bounds": [[0, 1], [0, 1]]}
ENDS = ("", "_conf")
YEARS = "{c_soil: {at: [1905, 1950, 2018]}, c_veg: all, rh_box: last}"


def text(design, *, outputs=YEARS, more=""):
    return TEXT.format(design=design, outputs=outputs, more=more)


def unit_rows(tree):
    x = np.stack([tree[name].values for name in NAMES], axis=-1)
    low, high = x.min(axis=0), x.max(axis=0)
    return np.round((x - low) / (high - low), 12)


def test_effects_of_every_cell_are_salibs(tmp_path):
    _, outcome = run(tmp_path, text=text(MORRIS))
    analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    found = tree["sensitivity"]
    assert found["c_soil_mu"].dims == ("forcing", "location", "c_soil_year", "effect")
    assert found["c_veg_theta"].dims == ("forcing", "location", "time", "effect")
    assert found["rh_box_mu"].dims == ("forcing", "location", "effect")
    assert list(found["effect"].values) == NAMES
    x = unit_rows(tree)
    for f, year in np.ndindex(2, 3):
        y = tree["c_soil"].values[f, 0, year].astype(float)
        expected = morris.analyze(PROBLEM, x, y, num_levels=6, seed=1)
        for index in ("mu", "mu_star", "sigma"):
            mine = found[f"c_soil_{index}"].values[f, 0, year]
            np.testing.assert_allclose(mine, expected[index], rtol=1e-8, atol=1e-9)
        size = np.hypot(expected["mu"], expected["sigma"])
        theta = found["c_soil_theta"].values[f, 0, year]
        np.testing.assert_allclose(theta, size / size.std(ddof=1), rtol=1e-8)


def test_sobol_indices_of_every_cell_are_salibs(tmp_path):
    _, outcome = run(tmp_path, text=text(SOBOL))
    analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    found = tree["sensitivity"]
    assert found["c_soil_S2"].dims == ("forcing", "location", "c_soil_year", "effect", "effect_2")
    for f, year in np.ndindex(2, 3):
        y = tree["c_soil"].values[f, 0, year].astype(float)
        expected = sobol.analyze(PROBLEM, y, seed=1)
        for index in ("S1", "ST", "S2"):
            mine = found[f"c_soil_{index}"].values[f, 0, year]
            np.testing.assert_allclose(mine, expected[index], rtol=1e-8, atol=1e-10)


def test_intervals_are_as_wide_as_salibs(tmp_path):
    design = MORRIS.replace("24", "200, resamples: 1000")
    _, outcome = run(tmp_path, text=text(design, outputs="{c_soil: last}"))
    analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    y = tree["c_soil"].values[0, 0].astype(float)
    expected = morris.analyze(PROBLEM, unit_rows(tree), y, num_levels=6, num_resamples=1000, seed=2)
    mine = tree["sensitivity/c_soil_mu_star_conf"].values[0, 0]
    np.testing.assert_allclose(mine, expected["mu_star_conf"], rtol=0.12)


@pytest.mark.parametrize("design", [MORRIS, SOBOL])
def test_batches_change_nothing(tmp_path, monkeypatch, design):
    more = "block: {sample: 24}\nindependent: [location]"
    _, outcome = run(tmp_path, text=text(design, more=more))
    whole = results(read(outcome.path))
    monkeypatch.setattr("ensemble.analysis.indices.READ_BYTES", 8 * 200)
    parts = results(read(outcome.path))
    assert whole.keys() == parts.keys()
    for name, (_, values) in whole.items():
        np.testing.assert_array_equal(values, parts[name][1])


@pytest.mark.parametrize("longest", [60, 12])
def test_a_cell_that_lost_too_many_units_has_no_index(tmp_path, longest):
    write_steep(tmp_path)
    words = text(MORRIS, more="out_of_range: flag\nfailed_limit: 1").replace("[20,", "[2,")
    words = words.replace("synthetic_models, n: 2", "annual_table, path: steep.csv")
    words = words.replace(" 60]", f" {longest}]").replace("levels: 6", "levels: 20")
    _, outcome = run(tmp_path, text=words)
    if longest == 12:
        with pytest.raises(PlanError, match=r"(?s)too many members failed.*cells have too few"):
            analyze_store(outcome.path)
        return
    tables = analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    bad = np.isnan(tree["c_veg"].values).any(axis=2).reshape(3, 24, 3).any(axis=2).sum(axis=1)
    assert bad.any()
    left = tree["sensitivity/c_veg_effective"].values
    assert (left == (24 - bad)[:, None, None, None]).all()
    assert np.isfinite(tree["sensitivity/c_veg_mu"]).all()
    assert any("at worst" in note for table in tables for note in table["notes"])


def test_the_command_prints_means_and_each_row_when_asked(tmp_path):
    more = "responses: {late: {output: c_soil, at: 2018}}"
    _, outcome = run(tmp_path, text=text(MORRIS, more=more))
    short = soilsweep("analyze", outcome.path)
    assert short.code == 0, short.err
    assert "sensitivity of late, global" in short.out
    assert "sensitivity of c_soil, means over its cells" in short.out
    assert "1905" not in short.out
    long = soilsweep("analyze", outcome.path, "--rows")
    assert "1905" in long.out
    tree = ensemble.open_run(outcome.path)
    means = [float(tree[f"sensitivity/c_soil_theta{end}"].values[0, ..., 1].mean()) for end in ENDS]
    assert number_with(*means) in short.out
    one = [float(tree[f"sensitivity/c_soil_mu{end}"].values[0, 0, 0, 1]) for end in ENDS]
    assert number_with(*one) in long.out
    kept, computed = stored(read(outcome.path)), results(read(outcome.path))
    assert kept.keys() == computed.keys()


def test_where_nothing_is_kept_it_says_where_the_indices_are(tmp_path):
    words = text(MORRIS).replace(f"outputs: {YEARS}", "statistics: {c_soil: [mu]}")
    _, outcome = run(tmp_path, text=words)
    with pytest.raises(PlanError, match="are in statistics/"):
        analyze_store(outcome.path)


def test_a_design_without_indices_is_refused_with_outputs_alone(tmp_path):
    design = f"{{method: latin_hypercube, n: 12, parameters: {SPAN}}}"
    _, outcome = run(tmp_path, "forcing.n=1", text=text(design))
    with pytest.raises(PlanError, match="name responses"):
        analyze_store(outcome.path)
