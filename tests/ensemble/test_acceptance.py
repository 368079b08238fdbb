"""TB-3 to TB-6 of the two-box model through the whole program: scenario in, store out."""

import numpy as np
import pytest
from support import run

import ensemble

DESIGN = """
  cross:
    - {method: quantiles, n: 100, parameters: {tau_veg_obs: {normal: [10.3, 1.4]}}}
    - {method: quantiles, n: 100, parameters: {tau_soil_obs: {normal: [38.3, 11.0]}}}
"""
SCENARIO = """
version: 1
name: acceptance
kernel: {{name: two_box, scheme: {scheme}}}
forcing: {forcing}
design: {design}
responses:
  veg: {{output: c_veg, change: [1901, 2018]}}
  soil: {{output: c_soil, change: [1901, 2018]}}
  total: {{output: c_total, change: [1901, 2018]}}
statistics: {{veg: [mean, std], soil: [mean, std], total: [mean, std]}}
"""
S16 = "{reader: synthetic_models, steady_year: true}"
TB1 = """
  reader: annual_table
  path: tb1.csv
"""


def write_tb1(folder):
    """Write the series TB-1 as a land model's table, stocks by the implicit scheme."""
    u = np.arange(118) / 117
    npp, a, b = 50 * (1 + 0.2 * u), 9 - 0.5 * u, 23 - 2 * u
    a[0], b[0] = a[1], b[1]
    veg, soil = [npp[0] * a[0]], [npp[0] * b[0]]
    for t in range(1, 118):
        veg.append((veg[-1] + npp[t]) / (1 + 1 / a[t]))
        soil.append((soil[-1] + veg[-1] / a[t]) / (1 + 1 / b[t]))
    lines = ["year,model,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]"]
    for t in range(118):
        row = (npp[t], soil[t] / b[t], veg[t], soil[t])
        lines.append(f"{1901 + t},TB1," + ",".join(f"{v!r}" for v in map(float, row)))
    (folder / "tb1.csv").write_text("\n".join(lines))


def statistics(tmp_path, scheme, forcing, design=DESIGN):
    text = SCENARIO.format(scheme=scheme, forcing=forcing, design=design)
    _, outcome = run(tmp_path, text=text)
    return ensemble.open_run(outcome.path)


TB4 = {
    "implicit": (70.8578413990, 166.4385480061, 237.2963894051),
    "explicit": (71.4923570374, 168.1223726712, 239.6147297086),
    "exponential": (71.1701512961, 167.2776312535, 238.4477825496),
}


@pytest.mark.parametrize("scheme", TB4)
def test_tb4_deterministic_design(tmp_path, scheme):
    write_tb1(tmp_path)
    found = statistics(tmp_path, scheme, TB1)["statistics"]
    for name, mean in zip(("veg", "soil", "total"), TB4[scheme], strict=True):
        assert found[f"{name}_mean"].values.item() == pytest.approx(mean, rel=1e-9)
    if scheme == "implicit":
        spreads = (11.8088427831, 51.3122715043, 51.7203955216)
        for name, std in zip(("veg", "soil", "total"), spreads, strict=True):
            assert found[f"{name}_std"].values.item() == pytest.approx(std, rel=1e-9)


def test_tb5_random_design_from_a_table(tmp_path):
    write_tb1(tmp_path)
    draw = np.random.default_rng(2022)
    tables = {}
    for name, mean, sd in (("veg", 10.3, 1.4), ("soil", 38.3, 11.0)):
        values = draw.normal(mean, sd, 100)
        (tmp_path / f"{name}.csv").write_text("tau\n" + "\n".join(map(repr, values.tolist())))
        tables[name] = f"{{method: table, path: {name}.csv, columns: {{tau_{name}_obs: tau}}}}"
    design = f"\n  cross:\n    - {tables['veg']}\n    - {tables['soil']}\n"
    found = statistics(tmp_path, "implicit", TB1, design)["statistics"]
    expected = {
        "veg": (68.8818309468, 13.1350133999),
        "soil": (169.1034942623, 52.5578766437),
        "total": (237.9853252091, 53.0416435629),
    }
    for name, (mean, std) in expected.items():
        assert found[f"{name}_mean"].values.item() == pytest.approx(mean, rel=1e-9)
        assert found[f"{name}_std"].values.item() == pytest.approx(std, rel=1e-9)


TB6 = {
    "implicit": (98.999998, 70.999994, 100.996587, 129.540871),
    "explicit": (100.764778, 71.744081, 102.799623, 130.591288),
    "exponential": (99.863185, 71.378888, 101.878803, 130.073940),
}


@pytest.mark.parametrize("scheme", TB6)
def test_tb6_sixteen_synthetic_models(tmp_path, scheme):
    tree = statistics(tmp_path, scheme, S16)
    found = (
        tree["control/veg"].values.mean(),
        tree["control/soil"].values.mean(),
        tree["across_forcings/veg_mean"].values.item(),
        tree["across_forcings/soil_mean"].values.item(),
    )
    assert found == pytest.approx(TB6[scheme], abs=2e-6)
    if scheme == "implicit":
        within = tree["across_forcings/total_std_within"].values.item()
        assert within == pytest.approx(39.294951, abs=2e-6)
        first = [tree[f"control/{n}"].values[0, 0] for n in ("veg", "soil")]
        first += [tree[f"statistics/{n}_mean"].values[0, 0] for n in ("veg", "soil")]
        assert first == pytest.approx([63.089120, 56.499581, 72.386632, 90.787360], abs=2e-6)
        last = [tree[f"control/{n}"].values[-1, 0] for n in ("veg", "soil")]
        last += [tree[f"statistics/{n}_mean"].values[-1, 0] for n in ("veg", "soil")]
        assert last == pytest.approx([150.735225, 80.018910, 139.430442, 198.393870], abs=2e-6)
