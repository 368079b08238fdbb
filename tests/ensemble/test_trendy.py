"""The shipped scenario on real land models, against a plain loop that shares no code with us."""

import csv
from collections import defaultdict

import numpy as np
import pytest
from support import DATA, needs_data

import ensemble
import scenarios

TABLE = """
  reader: annual_table
  path: {data}/trendy_v9_s2/annual_global.csv
  units: {{NPP: Pg C yr-1, Rh: Pg C yr-1, cVeg: Pg C, cSoil: Pg C}}
"""
FILES = """
  reader: global_means
  path: {data}/trendy_v9_s2/global_means
  pattern: "{{model}}_S2_{{variable}}_gm.nc"
  area: 8.545906794e+13
  units: {{npp: kg C m-2 d-1, rh: kg C m-2 d-1, c_veg_model: kg C m-2, c_soil_model: kg C m-2}}
  years: [1901, 2018]
  steps: months
  members:
    VISIT: {{start: 1860, variables: {{npp: [gpp, -ra], c_soil_model: [cSoil, cLitter]}}}}
    JULES-ES-1p0: {{start: 1700}}
"""
SHIPPED = "forcing: {reader: synthetic_models, steady_year: true}"


def run_on(tmp_path, forcing, name):
    text = scenarios.load("tau-constraint").text
    assert SHIPPED in text
    file = tmp_path / f"{name}.yaml"
    file.write_text(text.replace(SHIPPED, "forcing:" + forcing.format(data=DATA)))
    planned = ensemble.plan(scenarios.load(file), store=tmp_path / f"{name}.zarr")
    ensemble.run(planned)
    return ensemble.open_run(planned.path)


def series():
    """Return npp, cveg, csoil of each model from the CSV, read by hand."""
    found = defaultdict(list)
    with open(DATA / "trendy_v9_s2" / "annual_global.csv") as lines:
        for row in csv.DictReader(lines):
            found[row["model"]].append([float(row[k]) for k in ("NPP", "cVeg", "cSoil")])
    return {model: np.array(rows).T for model, rows in found.items()}


def two_boxes(npp, veg, soil, tau_veg_obs=None, tau_soil_obs=None):
    """Equations 1-5 year by year, implicit, one member; returns both changes."""
    litter = npp[1:] - np.diff(veg)
    rh = litter - np.diff(soil)
    a, b = veg[1:] / litter, soil[1:] / rh
    a, b = np.append(a[0], a), np.append(b[0], b)
    if tau_veg_obs is not None:
        a, b = a + tau_veg_obs - a[-37:].mean(), b + tau_soil_obs - b[-37:].mean()
    v, s = npp[0] * a[0], npp[0] * b[0]
    v0, s0 = v, s
    for t in range(1, len(npp)):
        v = (v + npp[t]) / (1 + 1 / a[t])
        s = (s + v / a[t]) / (1 + 1 / b[t])
    return v - v0, s - s0


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return run_on(tmp_path_factory.mktemp("table"), TABLE, "table")


@needs_data
def test_every_member_equals_a_plain_loop(table):
    for model, (npp, veg, soil) in series().items():
        f = list(table["forcing"].values).index(model)
        own = two_boxes(npp, veg, soil)
        for name, value in zip(("c_veg_change", "c_soil_change"), own, strict=True):
            assert table[f"control/{name}"].values[f, 0] == pytest.approx(value, rel=1e-9)
        taus = table["tau_veg_obs"].values, table["tau_soil_obs"].values
        for i in (0, 99, 100, 5050, 9999):
            veg_change, soil_change = two_boxes(npp, veg, soil, taus[0][i], taus[1][i])
            assert table["c_veg_change"].values[f, 0, i] == pytest.approx(veg_change, rel=1e-9)
            assert table["c_soil_change"].values[f, 0, i] == pytest.approx(soil_change, rel=1e-9)
            total = veg_change + soil_change
            assert table["c_total_change"].values[f, 0, i] == pytest.approx(total, rel=1e-9)


@needs_data
def test_the_emulation_follows_each_models_own_stocks_after_the_first_year(table):
    """Through 1902, the first diagnosed year, the boxes start from a steady state of their own."""
    for model, (_, veg, soil) in series().items():
        f = list(table["forcing"].values).index(model)
        for name, own in (("c_veg", veg), ("c_soil", soil)):
            emulated = table[f"control/{name}"].values[f, 0].astype(float)
            assert emulated[-1] == pytest.approx(own[-1], rel=2e-3)


@needs_data
def test_the_netcdf_files_give_the_same_within_the_csvs_rounding(table, tmp_path):
    files = run_on(tmp_path, FILES, "files")
    assert list(files["forcing"].values) == list(table["forcing"].values)
    for name in ("c_total_change", "c_veg_change", "c_soil_change"):
        for kind in ("control/", ""):
            a, b = files[f"{kind}{name}"].values, table[f"{kind}{name}"].values
            # Stocks are rounded to 1e-5 Pg C, NPP to 1e-5 Pg C yr-1; turnover times magnify it.
            np.testing.assert_allclose(a, b, atol=5e-3)


@needs_data
def test_constraining_real_models_raises_the_sink_as_the_paper_says(table):
    unconstrained = table["control/c_total_change"].values
    constrained = table["statistics/c_total_change_mean"].values
    assert (constrained > unconstrained).all()
    assert (
        table["statistics/c_soil_change_mean"].values > table["control/c_soil_change"].values
    ).all()
