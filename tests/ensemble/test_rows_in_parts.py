"""Rows of the design are held for some samples of a block at a time, which changes no member."""

import numpy as np
import pytest
from support import plan

from ensemble.members import tile_sizes, work
from ensemble.members.block import Block
from ensemble.members.layout import Layout
from ensemble.members.work import EnsembleWork, count_codes
from ensemble.store.quarantine import Case
from kernels import CRASHED, OK

ONE_TILE, ALL = 1, 1 << 20
KEY = (2, 0, 0)
BY_NAME = "[mean, std, min, max, q50, histogram]"


def computed(planned, cases=None):
    return EnsembleWork(planned.experiment, planned.layout, cases).open()(KEY)


def pieces(monkeypatch, planned, values):
    """Return a block whose rows are held as many at a time as ``values`` are numbers."""
    monkeypatch.setattr(work, "ROW_VALUES", values)
    return computed(planned)


@pytest.fixture
def planned(tmp_path, monkeypatch):
    monkeypatch.setattr(tile_sizes, "TILE_SAMPLES", 16)
    asked = f"statistics={{c_veg: {BY_NAME}, c_soil: {BY_NAME}, d_total: {BY_NAME}}}"
    edges = "histograms={edges: {c_veg: [0, 2000], c_soil: [0, 5000], d_total: [-900, 900]}}"
    return plan(tmp_path, asked, edges)


def test_parts_are_whole_tiles_and_cover_every_sample_once(planned, monkeypatch):
    seen = []
    monkeypatch.setattr(Block, "take", lambda self, tile: seen.append((self, tile.samples)))
    pieces(monkeypatch, planned, ONE_TILE)
    block = seen[0][0]
    spans = [span for whose, span in seen if whose is block]
    assert [span.start for span in spans] == list(range(0, 200, 16))
    assert [span.stop for span in spans[:-1]] == [span.start for span in spans[1:]]
    assert spans[-1].stop == 200


def test_no_member_and_no_count_is_another(planned, monkeypatch):
    whole, cut = (pieces(monkeypatch, planned, n) for n in (ALL, ONE_TILE))
    assert whole.arrays.keys() == cut.arrays.keys()
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(cut.arrays[name], values, err_msg=name)
    for name, values in whole.partials.items():
        if name.endswith(("/mean", "/spread")):
            np.testing.assert_allclose(cut.partials[name], values, rtol=1e-12, err_msg=name)
        else:
            np.testing.assert_array_equal(cut.partials[name], values, err_msg=name)
    assert (whole.status, whole.notes) == (cut.status, cut.notes)


def test_members_in_quarantine_stay_out_whatever_part_they_are_in(planned, monkeypatch):
    # A whole part of one tile, and a member of another.
    numbers = [*range(32, 48), 199]
    cases = {(2, 0, k): Case((2, 0, k), CRASHED, "killed by SIGSEGV", "") for k in numbers}
    whole = computed(planned, cases)
    monkeypatch.setattr(work, "ROW_VALUES", ONE_TILE)
    cut = computed(planned, cases)
    assert whole.status == cut.status == {OK: 183, CRASHED: 17}
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(cut.arrays[name], values, err_msg=name)


def test_responses_that_are_not_stored_are_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr("ensemble.members.layout.KEEP_SAMPLES", 100)
    layout = Layout(plan(tmp_path).experiment)
    block = Block(layout, {}, 0, slice(0, 1), slice(0, 200))
    assert layout.functionals
    assert not block.responses
    control = Block(layout, {}, 0, slice(0, 1), slice(0, 1), control=True)
    assert control.responses.keys() == layout.functionals.keys()


@pytest.mark.parametrize("codes", [[], [0, 0, 0], [0, 3, 3, 0, 255]])
def test_members_are_counted_by_status(codes):
    expected = {code: codes.count(code) for code in sorted(set(codes))}
    assert count_codes(np.array([codes], dtype=np.uint8)) == expected
