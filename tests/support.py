"""Small scenarios and helpers that several tests share."""

import os
import textwrap
from pathlib import Path

import pytest

import ensemble
import scenarios
from scenarios.forcing import Forcing

SMALL = """
version: 1
name: small
title: Small
kernel: two_box
forcing: {reader: synthetic_models, n: 4}
design:
  cross:
    - {method: monte_carlo, n: 8, parameters: {tau_veg_obs: {normal: [10.3, 1.4], lower: 2}}}
    - {method: monte_carlo, n: 25, parameters: {tau_soil_obs: {normal: [38.3, 11], lower: 2}}}
seed: 7
outputs: {c_veg: {all: year}, c_soil: {all: year}}
responses:
  d_total: {output: c_total, change: [1901, 2018]}
  d_soil: {output: c_soil, change: [1901, 2018]}
statistics:
  d_total: [mean, std, variance, min, max, q05, q50, q95, {above: 200}]
  c_soil: [mean, std, q50]
histograms: {bins: 200}
"""


def give(patch: pytest.MonkeyPatch, forcings: list[Forcing]) -> None:
    """Make the reader of synthetic models read these instead."""
    from scenarios.forcing.synthetic_models import Spec

    patch.setattr(Spec, "read", lambda self, needs, base: forcings)


def load(tmp_path: Path, text: str = SMALL, *settings: str) -> scenarios.Loaded:
    file = tmp_path / "small.yaml"
    file.write_text(textwrap.dedent(text))
    return scenarios.load(file, settings=settings)


def plan(tmp_path: Path, *settings: str, text: str = SMALL, store: str = "run.zarr"):
    return ensemble.plan(load(tmp_path, text, *settings), store=tmp_path / store)


def run(tmp_path: Path, *settings: str, text: str = SMALL, store: str = "run.zarr", **kwargs):
    planned = plan(tmp_path, *settings, text=text, store=store)
    return planned, ensemble.run(planned, **kwargs)


DATA = Path(os.environ.get("SOILSWEEP_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="real data is not here; set SOILSWEEP_DATA to its folder"
)
