"""Laws of benchmarks: scores are those of whole outputs, however a run is cut."""

import numpy as np
import pytest
import xarray as xr
from benchmark_law.example import example, run
from covered import covered
from gridded import forcing as data
from support import give

from ensemble.members.evaluation.stored import digest
from ensemble.members.evaluation.stored import read as read_prepared
from ensemble.members.evaluation.sums import of_outputs
from ensemble.members.reopening import open_layout
from ensemble.store.reading import read
from scenarios.benchmarks import BENCHMARKS, BETTER, BenchmarkSpec

EVERY = covered(BENCHMARKS)


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, [data.forcing(locations=data.cells(30))])


@pytest.fixture(params=EVERY)
def name(request):
    return request.param


@pytest.fixture
def store(name, tmp_path):
    """Return the store of the example's run."""
    one = example(name)
    one.write(tmp_path)
    return run(tmp_path, name, one.scenario, one.words, **one.section)


def scores(path):
    return xr.open_zarr(path, group="evaluation").load()


def named(path):
    """Return the scores of a store, as its layout names them."""
    return open_layout(read(path)).evaluation.all


def by_outputs(path, samples):
    """Return the scores that follow from the stored outputs of some samples, by name."""
    store = read(path)
    layout = open_layout(store)
    (prepared,), (spec,) = layout.evaluation.prepared.values(), layout.evaluation.specs.values()
    outputs = {}
    for output in layout.evaluation.outputs:
        values = store.read_whole(output)[0][..., samples]
        if output not in layout.evaluation.steady:
            values = np.moveaxis(values, layout.evaluation.axis(output), -2)
        else:
            values = values[..., None, :]
        # Models side by side are more members.
        flat = values.reshape(len(values), -1, *values.shape[-2:])
        flat = np.moveaxis(flat, 1, 2)
        outputs[output] = flat.reshape(*flat.shape[:2], -1)
    with np.errstate(all="ignore"):
        return BENCHMARKS.get(spec.compare).score(spec, prepared, of_outputs(prepared, outputs))


def test_a_benchmark_has_words_and_says_what_is_better(name):
    spec = BENCHMARKS.get(name).Spec
    assert issubclass(spec, BenchmarkSpec)
    assert spec.SCORES
    assert any(score.default for score in spec.SCORES.values())
    for score in spec.SCORES.values():
        assert score.meaning
        assert score.better in BETTER
        assert isinstance(score.units("g C m-2 yr-1"), str)
    for field, about in spec.model_fields.items():
        assert about.description or field == "compare", f"{name}: {field} has no description"


def test_scores_are_those_of_the_stored_outputs(store):
    found, whole = scores(store), by_outputs(store, slice(None))
    assert found.sizes["sample"] > 1
    for scored in named(store):
        values = found[scored.name].to_numpy()[0]
        expected = np.asarray(whole[scored.score])
        expected = expected if scored.groups else expected[:1]
        assert np.isfinite(values).any(), scored.name
        np.testing.assert_allclose(
            values, expected.reshape(values.shape), rtol=1e-9, atol=1e-12, err_msg=scored.name
        )


def test_blocks_of_another_length_change_no_bit(name, store, tmp_path):
    folder = tmp_path / "again"
    folder.mkdir()
    one = example(name)
    one.write(folder)
    text = one.scenario.replace("location: 7, sample: 8", "location: 4, sample: 20")
    assert text != one.scenario
    other = scores(run(folder, name, text, one.words, **one.section))
    for scored in named(store):
        first, second = (found[scored.name].to_numpy() for found in (scores(store), other))
        np.testing.assert_array_equal(first, second, err_msg=scored.name)


def test_a_sample_with_a_failed_member_has_no_score_and_the_others_keep_theirs(name, tmp_path):
    one = example(name)
    one.write(tmp_path)
    text = one.scenario.replace(*one.failing)
    assert text != one.scenario
    path = run(tmp_path, name, text, one.words, **one.section)
    status = read(path).read_whole("status")[0]
    lost, found = (status != 0).any(axis=0), scores(path)
    assert 0 < lost.sum() < lost.size
    np.testing.assert_array_equal(found.failed_cells[0], (status != 0).sum(axis=0))
    layout = open_layout(read(path))
    places = np.concatenate([pairs.place for _, _, pairs in layout.evaluation.pairs()])
    compared = (status != 0)[np.unique(places)].any(axis=0)
    expected = by_outputs(path, ~compared)
    for scored in layout.evaluation.all:
        values = found[scored.name].to_numpy()[0]
        assert np.isnan(values[..., compared]).all(), scored.name
        mine = np.asarray(expected[scored.score])
        mine = mine if scored.groups else mine[:1]
        left = values[..., ~compared]
        np.testing.assert_allclose(left, mine.reshape(left.shape), rtol=1e-9, atol=1e-12)
        group = f"evaluation/statistics/{scored.name}_count"
        assert (read(path).read_whole(group) == np.isfinite(values).sum(axis=-1)).all()


def test_a_store_holds_what_was_prepared(store):
    held = read(store)
    (prepared,) = read_prepared(held).values()
    assert digest(prepared) == held.attrs["identity"]["evaluation"]["it"]
    assert digest(prepared) == held.attrs["evaluation"]["it"]["digest"]


def test_the_control_member_has_each_pair(store):
    held = read(store)
    layout = open_layout(held)
    for benchmark, pairs_name, pairs in layout.evaluation.pairs():
        modelled = held.read_whole(f"evaluation/{benchmark}/{pairs_name}/modelled")
        assert modelled.shape[:2] == (1, len(pairs.place))
        assert np.isfinite(modelled).all()
