"""What a run ends with: chunks of many blocks' locations, and stores of before, of one each."""

from dataclasses import replace

import numpy as np
import pytest
from commandline import soilsweep
from gridded import forcing as data
from support import give, plan

import ensemble
from ensemble.members import layout as layout_module
from ensemble.members.layout import Layout
from ensemble.members.stored import is_apart, read_ensemble
from ensemble.planning.footprint import footprint

TEXT = """
version: 1
name: ends
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 40
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {rh: all}
responses: {change: {output: litter, change: [2000, 2002]}}
statistics: {rh: [mean, std, q50], change: [mean, max]}
histograms: {bins: 50}
block: {location: 2, sample: 15}
"""


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, data.both())


def everything(path):
    tree = ensemble.open_run(path)
    return {
        f"{node.path}/{name}".lstrip("/"): values.values
        for node in tree.subtree
        for name, values in node.data_vars.items()
    }


def same(path, other):
    found, expected = everything(path), everything(other)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def ends(path):
    """Return the files of chunks, by array, of what a run ends with and that has locations."""
    store = read_ensemble(path)
    return {
        name: [n for n in store.root.names(name) if n.startswith("c.")]
        for name, spec in store.specs.items()
        if "/" in name and "location" in spec.dims and len(spec.dims) > 1
        if not name.startswith(("pilot/", "drivers/"))
    }


def before(planned, blocks=None):
    """Run some blocks, or all, of a plan as an earlier version would have cut what it ends with."""
    lengths = tuple(axis.length for axis in planned.layout.grid.axes[1:])
    older = replace(planned, layout=Layout(planned.experiment, lengths, apart=True))
    asked = iter(range(10**6))
    return ensemble.run(older, workers=1, stop=lambda: blocks is not None and next(asked) >= blocks)


def test_it_is_one_chunk_where_it_is_small(tmp_path):
    planned, older = plan(tmp_path, text=TEXT), plan(tmp_path, text=TEXT, store="older.zarr")
    assert ensemble.run(planned).complete
    assert before(older).complete
    places = planned.layout.grid.axes[1].blocks
    assert places > 1
    assert {len(files) for files in ends(planned.path).values()} == {1}
    assert {len(files) for files in ends(older.path).values()} == {places}
    same(planned.path, older.path)
    store = read_ensemble(planned.path)
    assert not is_apart(store)
    assert is_apart(read_ensemble(older.path))
    assert store.digest() == read_ensemble(older.path).digest()


@pytest.mark.parametrize("nbytes", [1, 3_000, 40_000])
def test_large_ones_are_cut_between_blocks(tmp_path, monkeypatch, nbytes):
    monkeypatch.setattr(layout_module, "END_NBYTES", nbytes)
    planned, older = plan(tmp_path, text=TEXT), plan(tmp_path, text=TEXT, store="older.zarr")
    assert ensemble.run(planned).complete
    assert before(older).complete
    same(planned.path, older.path)
    axis, store = planned.layout.grid.axes[1], read_ensemble(planned.path)
    for name in ends(planned.path):
        spec = store.specs[name]
        chunk = spec.chunks[spec.dims.index("location")]
        assert chunk == axis.size or chunk % axis.length == 0
        assert spec.chunk_nbytes <= nbytes or chunk == axis.length


def test_a_plan_counts_its_files(tmp_path):
    planned = plan(tmp_path, text=TEXT)
    few = footprint(planned.layout)
    lengths = tuple(axis.length for axis in planned.layout.grid.axes[1:])
    many = footprint(Layout(planned.experiment, lengths, apart=True))
    assert many.files > few.files
    assert many.nbytes > few.nbytes


def test_a_store_of_before_goes_on_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planned = plan(tmp_path, text=TEXT)
    assert not before(planned, blocks=3).complete
    again = plan(tmp_path, text=TEXT)
    assert again.layout.apart
    assert ensemble.run(again).complete
    straight = plan(tmp_path, text=TEXT, store="straight.zarr")
    assert ensemble.run(straight).complete
    same(planned.path, straight.path)
    assert {len(files) for files in ends(planned.path).values()} == {
        again.layout.grid.axes[1].blocks
    }


def test_a_change_that_is_accepted_leaves_it_as_it_is(tmp_path):
    planned = plan(tmp_path, text=TEXT)
    assert before(planned).complete
    changed = TEXT.replace("change: [mean, max]", "change: [mean, max, std]")
    outcome = ensemble.run(plan(tmp_path, text=changed), accept_changes="spread, too")
    assert outcome.complete
    straight = plan(tmp_path, text=changed, store="straight.zarr")
    assert ensemble.run(straight).complete
    same(planned.path, straight.path)
    assert {len(files) for files in ends(planned.path).values()} == {
        planned.layout.grid.axes[1].blocks
    }
    assert soilsweep("verify", planned.path).code == 0
