"""Calibrations of the line that misbehaves: three groups of four sites."""

import numpy as np
from calibrated import opened

import ensemble
import scenarios

TEXT = """
version: 1
name: lines
kernel: misbehaving.hill
forcing:
  reader: site_table
  path: sites.csv
  location: site
  observed: {path: sites.csv, y: y}
locations: {table: types.csv, key: site}
responses:
  j: {output: y, cost: {observed: y, relative_error: 0.1}}
calibration:
  minimise: j
  groups: {column: kind}
  parameters:
    x: {uniform: [0, 4]}
    z: {uniform: [0, 4]}
  algorithm: {name: sceua, complexes: 2}
  restarts: 2
  budget: 500
seed: 3
"""
KINDS = {"low": (0.5, 1.0), "mean": (1.5, 2.0), "high": (3.0, 3.0)}
"""x and z of each group; the drivers of the groups' sites are about 10, 20 and 30."""


def write(folder, sites=12):
    """Write sites and what is observed there, without an error."""
    draw, names = np.random.default_rng(2), list(KINDS)
    rows, types = ["site,driver [1],y [1]"], ["site,kind"]
    for k in range(sites):
        x, z = KINDS[names[k % 3]]
        driver = 10 * (1 + k % 3) + draw.uniform(-4, 4)
        rows.append(f"S{k:02d},{driver!r},{x * driver + z!r}")
        types.append(f"S{k:02d},{names[k % 3]}")
    (folder / "sites.csv").write_text("\n".join(rows))
    (folder / "types.csv").write_text("\n".join(types))


def load(folder, *settings, text=TEXT):
    """Return the scenario, with settings."""
    file = folder / "lines.yaml"
    file.write_text(text)
    return scenarios.load(file, settings=settings)


def plan(folder, *settings, text=TEXT, store="lines.zarr"):
    """Return its plan."""
    return ensemble.plan_calibration(load(folder, *settings, text=text), store=folder / store)


def run(folder, *settings, text=TEXT, store="lines.zarr", **words):
    """Run it; return the outcome and the results."""
    planned = plan(folder, *settings, text=text, store=store)
    outcome = ensemble.run_calibration(planned, **{"workers": 1, **words})
    return outcome, opened(outcome.path)
