"""Where some steps are all that is looked at, no other is held, and nothing else changes."""

import numpy as np
import pytest
from steep import write_steep
from support import plan, run

import ensemble
from ensemble.members import filling, keeping, tile_sizes
from ensemble.runs.verify import replay, verify
from ensemble.store.reading import read

CROSSED = """
  cross:
    - {method: monte_carlo, n: 9, parameters: {tau_veg_obs: {normal: [10.3, 1.4], lower: 2}}}
    - {method: monte_carlo, n: 40, parameters: {tau_soil_obs: {normal: [38.3, 11], lower: 2}}}
"""
TOGETHER = """
  method: latin_hypercube
  n: 360
  parameters: {tau_veg_obs: {uniform: [7, 14]}, tau_soil_obs: {uniform: [20, 60]}}
"""
TEXT = """
version: 1
name: some
title: Some years
kernel: {name: two_box, scheme: %s}
forcing: {reader: synthetic_models, n: 3}
design: %s
seed: 7
outputs: {c_veg: {last: year}, c_soil: {at: [1950, 2018]}}
responses:
  d_total: {output: c_total, change: [1901, 2018]}
  relative: {output: delta_c_soil, change: [1920, 1990]}
  late: {output: c_soil, mean: [2000, 2018]}
  grown: {output: c_veg, at: 1990}
  logged: {output: c_total, at: 1970, transform: log10}
statistics:
  d_total: [mean, std, min, max, q05, q50]
  late: [mean, max]
  logged: [mean, q50]
limits: {c_total: {above: 2700 Pg C, then: %s}, delta_c_total: {above: 900 Pg C}}
"""


def text(scheme="implicit", design=CROSSED, then="count"):
    return TEXT % (scheme, design, then)


def everything(path):
    tree = ensemble.open_run(path)
    return {
        f"{node.path}/{name}".lstrip("/"): values.values
        for node in tree.subtree
        for name, values in node.data_vars.items()
    }


def as_before(patch):
    """Hold all steps of everything that is looked at."""
    for module in (keeping, filling):
        patch.setattr(module, "filled_in_part", lambda *_: set())


@pytest.mark.parametrize("then", ["count", "exclude"])
@pytest.mark.parametrize("design", [CROSSED, TOGETHER], ids=["crossed", "together"])
@pytest.mark.parametrize("scheme", ["implicit", "exponential"])
def test_nothing_else_changes(tmp_path, monkeypatch, scheme, design, then):
    how = {"text": text(scheme, design, then)}
    planned, outcome = run(tmp_path, store="some.zarr", **how)
    assert planned.layout.whole == ()
    with monkeypatch.context() as patch:
        as_before(patch)
        held, other = run(tmp_path, store="all.zarr", **how)
        assert {"c_veg", "c_soil", "c_total", "delta_c_soil"} <= {*held.layout.whole}
    found, expected = everything(outcome.path), everything(other.path)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        # One tile either way: not even sums move.
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert found["limits/c_total_beyond"].sum() > 0
    store = read(outcome.path)
    assert store.digest() == read(other.path).digest()
    assert not verify(store, rerun=20).damage
    assert not replay(store, (1, 0, 17)).differences


def test_members_that_fail_are_the_same(tmp_path, monkeypatch):
    write_steep(tmp_path)
    steep = (
        "forcing={reader: annual_table, path: steep.csv}",
        "out_of_range=flag",
        "failed_limit=1",
        "design.cross.1.parameters.tau_soil_obs={uniform: [2, 60]}",
        "limits={}",
    )
    _, outcome = run(tmp_path, *steep, text=text(), store="some.zarr")
    with monkeypatch.context() as patch:
        as_before(patch)
        _, other = run(tmp_path, *steep, text=text(), store="all.zarr")
    found, expected = everything(outcome.path), everything(other.path)
    assert 0 < (found["status"] != 0).sum() < found["status"].size
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize(
    "asked",
    [
        "statistics={c_soil: [mean]}",
        "outputs={c_soil: {all: year}}",
        "outputs={c_soil: {year: mean}}",
        "outputs={rh_box: {last: year}}",
        'responses.sum={expression: "c_veg + c_soil", at: 2018}',
    ],
)
def test_what_is_looked_at_whole_is_held(tmp_path, asked):
    layout = plan(tmp_path, asked, text=text()).layout
    # A stage fills all in part or nothing: what it makes is asked for whole then.
    assert not any(stream.steps is not None for stream in layout.streams)


def test_tiles_are_wider_where_members_are_fast_and_small(tmp_path):
    big = ("design.cross.0.n=300", "design.cross.1.n=400", "outputs={}")
    planned = plan(tmp_path, *big, "statistics={d_total: [mean]}", text=text())
    rows = planned.layout.sampler.rows(0, slice(0, 1), slice(0, 120_000))
    tiler = planned.layout.tiler()
    drivers = planned.experiment.drivers[0]
    every = tiler.tiles(drivers, planned.experiment.coords, rows.values, rows.levels, 120_000)
    widths = [tile.samples.stop - tile.samples.start for tile in every]
    assert sum(widths) == 120_000
    # Of the largest array, a mean of 19 years: 119 would leave a fifth of it.
    assert max(widths) == tile_sizes.TILE_BYTES // (8 * 19)


def test_tiles_and_blocks_change_no_member(tmp_path, monkeypatch):
    _, outcome = run(tmp_path, text=text(), store="one.zarr")
    monkeypatch.setattr(tile_sizes, "TILE_SAMPLES", 37)
    _, other = run(tmp_path, "block.sample=150", text=text(), store="cut.zarr", workers=2)
    found, expected = everything(other.path), everything(outcome.path)
    for name, values in expected.items():
        if name.startswith(("statistics/", "across_forcings/")):
            np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)
        else:
            np.testing.assert_array_equal(found[name], values, err_msg=name)
