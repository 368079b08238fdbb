"""Twins of MIMICS: sites whose observed stocks the kernel itself makes, of parameters drawn."""

import textwrap

import numpy as np
import xarray as xr
from commandline import soilsweep
from support import DATA

import ensemble
import scenarios

COLUMNS = "site,litter_input [g C m-2 yr-1],annual_npp [g C m-2 yr-1],soil_temperature [degC],"
COLUMNS += "clay [1],lignin_n [1]"

TRUTH = {"boreal": (0.6, 8e-6), "temperate": (1.0, 1.5e-5), "tropical": (1.7, 3e-5)}
"""tau_extra and D1 of each biome."""

SITES = 12

ENSEMBLE = """
version: 1
name: truth
kernel: {name: mimics}
forcing: {reader: site_table, path: sites.csv, location: site, values: {depth: 30}}
locations: {table: types.csv, key: site}
parameters: {tau_extra: {column: true_tau}, D1: {column: true_D1}}
design: {method: monte_carlo, n: 1, parameters: {beta: {uniform: [1.0, 1.1]}}}
outputs: {soc_stock: last}
precision: float64
"""

TWINS = """
version: 1
name: twins
title: Twins
kernel: {name: mimics}
forcing:
  reader: site_table
  path: sites.csv
  location: site
  values: {depth: 30}
  observed: {path: observed.csv, soc_stock: seen}
locations: {table: types.csv, key: site}
responses:
  j: {output: soc_stock, cost: {observed: soc_stock, relative_error: 0.1}}
calibration:
  minimise: j
  groups: {column: biome}
  parameters:
    tau_extra: {loguniform: [0.3, 3]}
    D1: {loguniform: [3.0e-6, 6.0e-5]}
  algorithm: {name: sceua, complexes: 2}
  restarts: 2
  budget: 400
seed: 5
"""


def write(folder, sites=SITES):
    """Write sites, their biomes, and what is observed there: what the kernel makes of the truth."""
    draw = np.random.default_rng(1)
    biomes, rows, types = list(TRUTH), [COLUMNS], ["site,biome,half,true_tau,true_D1"]
    for k in range(sites):
        biome = biomes[k % len(biomes)]
        npp, warm = draw.uniform(100, 900), draw.uniform(-2, 24)
        clay, lignin = draw.uniform(0.05, 0.6), draw.uniform(8, 25)
        rows.append(f"S{k:02d},{npp:.1f},{npp:.1f},{warm:.2f},{clay:.3f},{lignin:.2f}")
        half = "CAL" if k % 6 < 3 else "VAL"
        types.append(f"S{k:02d},{biome},{half},{TRUTH[biome][0]},{TRUTH[biome][1]}")
    (folder / "sites.csv").write_text("\n".join(rows))
    (folder / "types.csv").write_text("\n".join(types))
    (folder / "truth.yaml").write_text(ENSEMBLE)
    planned = ensemble.plan(scenarios.load(folder / "truth.yaml"), store=folder / "truth.zarr")
    assert ensemble.run(planned, workers=1).complete
    control = xr.open_datatree(folder / "truth.zarr", engine="zarr")["control"]
    stocks = control["soc_stock"].values[0]
    lines = [f"S{k:02d},{float(stock):.17g}" for k, stock in enumerate(stocks)]
    (folder / "observed.csv").write_text("\n".join(["site,seen [kg C m-2]", *lines]))


def add_errors(folder):
    """Give observations of twins errors, so that costs are no rounding."""
    draw, file = np.random.default_rng(3), folder / "observed.csv"
    head, *lines = file.read_text().split("\n")
    pairs = (line.split(",") for line in lines)
    seen = [f"{s},{float(v) * (1 + 0.1 * draw.standard_normal())!r}" for s, v in pairs]
    file.write_text("\n".join([head, *seen]))


def changed(old, new):
    """Return the text of twins with a part of it exchanged."""
    assert old in TWINS
    return TWINS.replace(old, new)


def load(folder, *settings, text=TWINS, name="twins"):
    """Return the scenario of twins, with settings."""
    file = folder / f"{name}.yaml"
    file.write_text(textwrap.dedent(text))
    return scenarios.load(file, settings=settings)


def plan(folder, *settings, text=TWINS, store="twins.zarr"):
    """Return the plan of twins."""
    return ensemble.plan_calibration(load(folder, *settings, text=text), store=folder / store)


def run(folder, *settings, text=TWINS, store="twins.zarr", **words):
    """Run twins; return the outcome and the results as xarray has them."""
    outcome = ensemble.run_calibration(plan(folder, *settings, text=text, store=store), **words)
    return outcome, opened(outcome.path)


def opened(path):
    """Return the results in a store."""
    return xr.open_datatree(path, engine="zarr")["calibration"].load().ds


def shipped(name, path, *settings, data=False):
    """Run a shipped scenario as a person does; return what was said, and the store."""
    words = [word for one in settings for word in ("--set", one)]
    words += ["--data", DATA] if data else []
    said = soilsweep("run", name, *words, "--store", path)
    assert said.code == 0, said.err
    return said, xr.open_datatree(path, engine="zarr").load()


def halves(name, folder, count):
    """Write which half each location of real data is of, in the reader's order; return the file."""
    planned = ensemble.plan_calibration(scenarios.load(name, data=DATA), store=folder / "none.zarr")
    names = planned.experiment.locations.names
    assert len(names) == count
    rows = (f"{one},{('even', 'odd')[k % 2]}" for k, one in enumerate(names))
    file = folder / "halves.csv"
    file.write_text("\n".join(["location,half", *rows]))
    return file
