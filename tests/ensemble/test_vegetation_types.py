"""Constraints per vegetation type: types are locations with a table of taus (two_box.md, 5)."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
from support import run

import ensemble
from ensemble.members.reopening import open_layout
from ensemble.planning import trial
from ensemble.store.reading import read
from scenarios.forcing.synthetic_models import model

TYPES = {"forest": (0.6, 12.0, 1.5, 30.0, 6.0), "grassland": (0.4, 4.0, 0.5, 60.0, 9.0)}

SCENARIO = """
version: 1
name: types
kernel: two_box
forcing:
  reader: annual_table
  path: types.csv
  location: type
  units: {npp: Pg C yr-1, rh: Pg C yr-1, cveg: Pg C, csoil: Pg C}
locations: {table: taus.csv, key: type}
design:
  cross:
    - method: quantiles
      n: 20
      parameters: {tau_veg_obs: {normal: {column: veg_mean, sd: veg_sd}}}
    - method: monte_carlo
      n: 30
      parameters: {tau_soil_obs: {normal: {column: soil_mean, sd: soil_sd}, lower: 10}}
outputs: {c_soil: last}
responses: {d_total: {output: c_total, change: [1901, 2018]}}
statistics: {d_total: [mean, std]}
"""


@pytest.fixture
def outcome(tmp_path):
    with open(tmp_path / "types.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["year", "model", "type", "npp", "rh", "cveg", "csoil"])
        for m in (0, 5):
            years, series = model(m)
            for name, (share, *_) in TYPES.items():
                for t, year in enumerate(years):
                    values = [series[k][t] * share for k in ("npp", "rh", "cveg", "csoil")]
                    rows.writerow([year, f"S{m}", name, *map(repr, map(float, values))])
    lines = [f"{name},{','.join(map(str, v[1:]))}" for name, v in TYPES.items()]
    header = "type,veg_mean,veg_sd,soil_mean,soil_sd"
    (tmp_path / "taus.csv").write_text("\n".join([header, *lines]))
    return run(tmp_path, text=SCENARIO)[1]


def test_each_type_has_rows_of_its_own_from_the_same_draws(outcome):
    tree = ensemble.open_run(outcome.path)
    veg, soil = tree["tau_veg_obs"].values, tree["tau_soil_obs"].values
    assert veg.shape == soil.shape == (2, 600)
    order = list(tree["location"].values)
    for place, name in enumerate(order):
        _, veg_mean, veg_sd, *_ = TYPES[name]
        standard = (veg[place] - veg_mean) / veg_sd
        np.testing.assert_allclose(standard, (veg[0] - TYPES[order[0]][1]) / TYPES[order[0]][2])
        assert veg[place].mean() == pytest.approx(veg_mean, abs=1e-9)
        assert (soil[place] >= 10).all()


def test_each_type_equals_a_plain_loop_with_its_own_taus(outcome):
    tree = ensemble.open_run(outcome.path)
    for f, m in enumerate((0, 5)):
        for place, name in enumerate(tree["location"].values):
            _, series = model(m)
            scaled = {k: v * TYPES[name][0] for k, v in series.items()}
            taus = [tree[f"tau_{box}_obs"].values[place, 371] for box in ("veg", "soil")]
            found = tree["d_total"].values[f, place, 371]
            assert found == pytest.approx(change(scaled, *taus), rel=1e-9)


def change(series, tau_veg_obs, tau_soil_obs):
    npp, veg, soil = (series[k] for k in ("npp", "cveg", "csoil"))
    litter = npp[1:] - np.diff(veg)
    a, b = veg[1:] / litter, soil[1:] / (litter - np.diff(soil))
    a, b = np.append(a[0], a), np.append(b[0], b)
    a, b = a + tau_veg_obs - a[-37:].mean(), b + tau_soil_obs - b[-37:].mean()
    v, s = npp[0] * a[0], npp[0] * b[0]
    start = v + s
    for t in range(1, len(npp)):
        v = (v + npp[t]) / (1 + 1 / a[t])
        s = (s + v / a[t]) / (1 + 1 / b[t])
    return v + s - start


def test_totals_over_types_come_from_the_store(outcome):
    tree = ensemble.open_run(outcome.path)
    total = tree["d_total"].sum("location")
    assert total.shape == (2, 600)
    by_type = tree["statistics/d_total_mean"].values.sum(axis=1)
    np.testing.assert_allclose(total.mean("sample").values, by_type, rtol=1e-12)


def test_a_trial_has_the_rows_of_each_type(outcome):
    layout = open_layout(read(outcome.path))
    planned, drawn = SimpleNamespace(layout=layout, experiment=layout.experiment), {}
    for place in (0, 1):
        found = trial._rows(planned, (1, place), [0, 599, 31], drawn)
        sampler, here = layout.sampler, slice(place, place + 1)
        every = sampler.rows(1, here, slice(0, 600)).values
        for name in ("tau_veg_obs", "tau_soil_obs"):
            np.testing.assert_array_equal(found[name][0, 1:], every[name][0, [0, 599, 31]])
    assert len(drawn) == 2
