"""MIMICS at several sites through the engine: members are those of the scalar solver."""

import csv
import re

import numpy as np
import pytest
import xarray as xr
from mimics_cases import POOLS, Case, numbers, pools
from mimics_cases import run as run_members
from support import DATA, needs_data, run

import kernels
from kernels.mimics.one_layer.coefficients import coefficients
from kernels.mimics.one_layer.equations import COEFFICIENTS, FORMS
from kernels.mimics.one_layer.sets import FORM_OF, NAMES, SETS
from kernels.mimics.one_layer.steady import cold_start, steady
from kernels.numerics.small_systems import work

SITES = """\
site,litter_input [g C m-2 yr-1],annual_npp [kg C m-2 yr-1],MAT [degC],CLAY [percent],lignin_n [1]
ARC,70.5,0.0705,-7.0,5,15.1
HFR,372,0.372,7.1,15,20.58823529
KNZ,221,0.221,13.0,37,21.0
LUQ,900,0.9,23.0,62,11.5
"""
SCENARIO = """
version: 1
name: sites
kernel: {name: mimics, set: SET, form: FORM, stability: spectrum}
forcing:
  reader: site_table
  path: sites.csv
  location: site
  columns: {soil_temperature: MAT, clay: CLAY}
  values: {depth: 30}
design:
  method: latin_hypercube
  n: 60
  parameters:
    aV: {uniform: [LOW, HIGH]}
    beta: {uniform: [1.1, 2.0]}
    D1: {uniform: [1.0e-5, 4.0e-5]}
seed: 11
precision: float64
outputs: {OUTPUTS}
statistics: {soc_stock: [mean, std, q50]}
"""


def scenario(named):
    low, high = 0.7 * SETS[named]["aV"], 3 * SETS[named]["aV"]
    outputs = ", ".join(f"{name}: last" for name in (*POOLS, "respiration", "soc_stock", "growth"))
    words = {"SET": named, "FORM": FORM_OF[named], "OUTPUTS": outputs}
    text = SCENARIO.replace("LOW", repr(low)).replace("HIGH", repr(high))
    for word, value in words.items():
        text = re.sub(rf"\b{word}\b", value, text)
    return text


def by_hand(named, site, changed):
    """Return the pools of one member by the scalar solver."""
    constants = SETS[named] | changed
    k, y = np.empty(COEFFICIENTS), np.empty(7)
    assert coefficients(np.array([constants[n] for n in NAMES]), *site, 30.0, 1.0, k) == 0
    cold_start(y)
    status, _, _ = steady(FORMS.index(FORM_OF[named]), k, y, 300, work())
    assert status == kernels.OK
    return y


@pytest.mark.parametrize(
    "named",
    [pytest.param("wieder2015", marks=pytest.mark.slow), "sandbox"],
)
def test_sites_by_a_latin_hypercube(tmp_path, named):
    (tmp_path / "sites.csv").write_text(SITES)
    run(tmp_path, text=scenario(named))
    with xr.open_zarr(tmp_path / "run.zarr") as found:
        assert found.sizes["location"] == 4
        assert (found["status"].values == kernels.OK).all()
        assert found["location"].values.tolist() == ["ARC", "HFR", "KNZ", "LUQ"]
        assert "time" not in found.dims
        rows = list(csv.reader(SITES.splitlines()))[1:]
        for at, (_, litter, npp, warmth, clay, lignin) in enumerate(rows):
            site = (
                float(litter),
                1000 * float(npp),
                float(warmth),
                float(clay) / 100,
                float(lignin),
            )
            for s in (0, 17, 59):
                changed = {n: float(found[n][s]) for n in ("aV", "beta", "D1")}
                expected = by_hand(named, site, changed)
                member = np.array([found[pool].values[0, at, s] for pool in POOLS])
                np.testing.assert_allclose(member, expected, rtol=1e-14)
                assert found["respiration"].values[0, at, s] == pytest.approx(
                    float(litter) / 300.0, rel=1e-12
                )
        assert (found["growth"] < 0).all()
        stock = found["soc_stock"].values
        assert (stock[0].mean(axis=1) > 0.1).all()
    with xr.open_zarr(tmp_path / "run.zarr", group="statistics") as found:
        mean = found["soc_stock_mean"].values[0]
        np.testing.assert_allclose(mean, stock[0].mean(axis=1), rtol=1e-12)


YEARS = "site,year,litter_input [g C m-2 yr-1],soil_temperature [degC]\n" + "".join(
    f"{site},{year},{litter + year - 2000},{warm + 0.05 * (year - 2000)}\n"
    for site, litter, warm in (("ARC", 70.5, -7.0), ("HFR", 372.0, 7.1))
    for year in range(2001, 2031)
)


@pytest.mark.slow
def test_annual_drivers_in_time(tmp_path):
    (tmp_path / "sites.csv").write_text("\n".join(SITES.splitlines()[:3]) + "\n")
    (tmp_path / "years.csv").write_text(YEARS)
    text = f"""
        version: 1
        name: years
        kernel: {{name: mimics, mode: transient}}
        forcing:
          reader: site_table
          path: sites.csv
          location: site
          columns: {{clay: CLAY}}
          values: {{depth: 30}}
          series: {{path: years.csv}}
        design: {{method: monte_carlo, n: 5, parameters: {{beta: {{uniform: [1.1, 2.0]}}}}}}
        precision: float64
        outputs: {{{", ".join(f"{pool}: all" for pool in POOLS)}, soc_stock: all}}
        responses: {{gain: {{output: soc_stock, change: [2001, 2030]}}}}
    """
    run(tmp_path, text=text)
    with xr.open_zarr(tmp_path / "run.zarr") as found:
        assert (found["status"].values == kernels.OK).all()
        case = Case("wieder2015", 0.0, 0.0, 0.15, 20.58823529, 30.0)
        drivers = case.drivers | {
            "litter_input": 372.0 + np.arange(1, 31)[np.newaxis],
            "annual_npp": np.full((1, 30), 372.0),
            "soil_temperature": 7.1 + 0.05 * np.arange(1, 31)[np.newaxis],
            "lignin_n": np.full((1, 30), 20.58823529),
        }
        options = case.options(mode="transient")
        again = run_members(options, drivers, {"beta": found["beta"].values}, steps=30)
        for s in range(5):
            member = np.stack([found[pool].values[0, 1, :, s] for pool in POOLS], axis=-1)
            np.testing.assert_allclose(member, pools(again, sample=s), rtol=1e-14)
        gain = found["soc_stock"].values[0, :, -1] - found["soc_stock"].values[0, :, 0]
        np.testing.assert_allclose(found["gain"].values[0], gain, rtol=1e-12)


HFR = "1.142508032|4.438239601|0.07745015435|0.08480804711|4.822764554|3.633543001|4.481606365"


@needs_data
def test_sites_of_the_long_term_network(tmp_path):
    """Real sites; that of HFR is a case with published pools."""
    with (DATA / "mimics_sites" / "lter" / "LTER_SITE_1.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["site,litter_input [g C m-2 yr-1],MAT [degC],CLAY [percent],lignin_n [1]"]
    for row in rows:
        # ANPP in g of dry matter, half of it carbon, as the published case has it for lignin, too.
        npp, lignin = float(row["ANPP"]) / 2, float(row["LIG"]) / 100 * float(row["CN"]) * 2
        clay = row["CLAY2"]
        lines.append(f"{row['Site']},{npp},{row['MAT']},{clay},{lignin}")
    (tmp_path / "sites.csv").write_text("\n".join(lines) + "\n")
    text = scenario("sandbox").replace("clay: CLAY", "clay: CLAY, annual_npp: litter_input")
    first, last = text.index("  n: 60"), text.index("seed:")
    text = f"{text[:first]}  n: 3\n  parameters: {{tau_npp: {{uniform: [95, 105]}}}}\n{text[last:]}"
    run(tmp_path, text=text)
    with xr.open_zarr(tmp_path / "run.zarr") as found:
        assert (found["status"].values == kernels.OK).all()
        assert found.sizes["location"] == len(rows) == 14
        litter = np.array([float(line.split(",")[1]) for line in lines[1:]])
        respired = found["respiration"].values[0] * 300.0
        np.testing.assert_allclose(respired, np.repeat(litter[:, np.newaxis], 3, 1), rtol=1e-10)
        # Its modifier of turnover is clipped, so what is varied here leaves this site alone.
        at = [row["Site"] for row in rows].index("HFR")
        for s in range(3):
            member = np.array([found[pool].values[0, at, s] for pool in POOLS])
            np.testing.assert_allclose(member, numbers(HFR), rtol=1e-8)
        stock = found["soc_stock"].values[0]
        assert ((stock > 0.5) & (stock < 50)).all()
