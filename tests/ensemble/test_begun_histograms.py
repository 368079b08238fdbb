"""Histograms take what they need, and stores of earlier versions go on with what they have."""

import frozen
import numpy as np
import pytest
from commandline import soilsweep
from support import run

import ensemble
from ensemble.members.compiled_sums import mixture_quantiles
from ensemble.members.statistics import Declared, Target, reductions
from ensemble.members.statistics import histogram as module
from ensemble.members.statistics.histogram import Histogram
from ensemble.runs.verify import verify
from ensemble.store.reading import read

BINS = 50


def histogram(members=None, requests=("q05", "q50", "histogram")):
    edges = np.array([[-4.0, 4.0], [-1.1, 6.3]])
    target = Target("x", "Pg C", "a pool", 3, edges, BINS, members=members)
    return reductions(requests, target)["histogram"]


@pytest.mark.parametrize(
    ("members", "dtype"),
    [(4, "uint8"), (255, "uint8"), (256, "uint16"), (65_536, "uint32"), (2**32, "uint64")],
)
def test_counts_are_as_wide_as_the_members_of_the_design(members, dtype):
    reduction = histogram(members)
    assert reduction.declare()["histogram"].dtype == dtype
    assert reduction.start(slice(0, 2))["counts"].dtype == dtype
    # All members in one bin are counted: none is carried over.
    partial, few = reduction.start(slice(0, 2)), min(members, 70_000)
    reduction.update(partial, np.zeros((6, few)), slice(0, 6))
    assert (partial["counts"].max(axis=1) == few).all()


def test_where_the_design_is_not_known_counts_are_as_wide_as_can_be():
    assert histogram().start(slice(0, 1))["counts"].dtype == "uint64"


@pytest.mark.parametrize(("old", "new"), [(200, 400), (60_000, 120_000), (2**40, 200)])
def test_counts_of_a_shorter_design_or_an_earlier_version_are_widened(old, new):
    """A design that is extended keeps its blocks; their counts together need more bits."""
    before, now, few = histogram(old), histogram(new), min(old, new, 60_000)
    sums = []
    for _ in range(2):
        sums.append(before.start(slice(0, 2)))
        before.update(sums[-1], np.full((6, few), 0.5), slice(0, 6))
    merged = now.merge(*sums)["counts"]
    assert (merged.max(axis=1) == 2 * few).all()
    assert (merged.sum(axis=1) == 2 * few).all()


@pytest.mark.parametrize("level", [0, 5, 37.5, 50, 99, 100])
def test_quantiles_have_the_bits_that_edges_of_linspace_give(level):
    values = np.random.default_rng(3).normal(1.0, 1.5, (6, 997))
    reduction = histogram(997, [f"q{level:g}"])
    partial = reduction.start(slice(0, 2))
    reduction.update(partial, values, slice(0, 6))
    (found,) = (v for name, v in reduction.finish(partial).items() if name.startswith("q"))
    for r in range(6):
        edges = np.linspace(*partial["edges"][r], BINS + 1)
        low, high = partial["extremes"][r]
        ends = np.clip(np.concatenate([[low], edges, [high]]), low, high)
        counts, target = partial["counts"][r].astype(float), level / 100 * 997
        below = np.concatenate([[0.0], np.cumsum(counts)])
        k = next(k for k in range(BINS + 2) if counts[k] and below[k + 1] >= target)
        share = (target - below[k]) / counts[k]
        assert found[r] == ends[k] + (ends[k + 1] - ends[k]) * share


def test_quantiles_of_a_mixture_have_the_bits_that_edges_of_linspace_give():
    """By bisection alone, with every edge looked through."""
    rng = np.random.default_rng(5)
    values = rng.normal(1.0, 2.5, (3, 6, 400))
    reductions_, partials = [histogram(400) for _ in values], []
    for reduction, own in zip(reductions_, values, strict=True):
        partials.append(reduction.start(slice(0, 2)))
        reduction.update(partials[-1], own, slice(0, 6))
    counts, edges, extremes = (
        np.stack([p[name] for p in partials]) for name in ("counts", "edges", "extremes")
    )
    levels = np.array([0.0, 0.05, 0.5, 0.999, 1.0])
    found = np.empty((len(levels), 6))
    mixture_quantiles(counts, edges, extremes, levels, found)
    for r in range(6):
        of = [(counts[f, r], edges[f, r], extremes[f, r]) for f in range(3)]
        assert found[:, r].tolist() == [mixture_quantile(of, level) for level in levels]


def mixture_quantile(histograms, level):
    low, high = min(x[0] for _, _, x in histograms), max(x[1] for _, _, x in histograms)
    while low < (middle := 0.5 * (low + high)) < high:
        share = sum(share_below(middle, *one) for one in histograms)
        low, high = (low, middle) if share >= level * len(histograms) else (middle, high)
    return high


def share_below(x, counts, ends, extremes):
    if not extremes[0] < x < extremes[1]:
        return float(x >= extremes[1])
    edges = np.linspace(*ends, BINS + 1)
    between = np.clip([extremes[0], *edges, extremes[1]], *extremes)
    k = np.searchsorted(edges, x, side="right")
    inside = (x - between[k]) / (between[k + 1] - between[k])
    return (counts[:k].sum() + counts[k] * inside) / counts.sum()


def test_a_store_has_two_edges_of_each_row_and_narrow_counts(tmp_path):
    _, outcome = run(tmp_path)
    known = ensemble.open_run(outcome.path)["statistics"]
    edges, counts = known["d_total_edges"], known["d_total_histogram"]
    assert edges.dims == ("forcing", "location", "edge_end")
    assert (edges[..., 0] < edges[..., 1]).all()
    # The small run has 200 samples.
    assert counts.dtype == "uint8"
    assert (counts.values.sum(axis=-1) == 200).all()


class Earlier(Histogram):
    """Histograms as they were: counts of 64 bits, every edge in the store."""

    def declare(self):
        every = Declared(extra=(("edge", self.target.bins + 1),), attrs={"units": "Pg C"})
        counts = Declared("uint64", (("bin", self.target.bins + 2),))
        return super().declare() | {"histogram": counts, "edges": every}

    def start(self, locations):
        partial = super().start(locations)
        return partial | {"counts": partial["counts"].astype(np.uint64)}

    def finish(self, partial):
        finished = super().finish(partial)
        low, high = finished["edges"].T
        return finished | {"edges": np.linspace(low, high, self.target.bins + 1, axis=1)}


SETTINGS = ("block.sample=30", f"histograms.bins={BINS}")


def statistics(path):
    tree = ensemble.open_run(path)
    return {
        n: v for group in (tree["statistics"], tree["across_forcings"]) for n, v in group.items()
    }


@pytest.mark.parametrize("done", [5, None], ids=["half", "all"])
def test_a_store_that_an_earlier_version_began_goes_on_with_what_it_has(
    tmp_path, monkeypatch, done
):
    with monkeypatch.context() as earlier:
        earlier.setattr(module, "reduction", lambda names, of: Earlier(tuple(names), of))
        asked = iter([False] * (done or 99))
        cut = {"workers": 1, "stop": lambda: next(asked, True)}
        _, begun = run(tmp_path, *SETTINGS, store="begun.zarr", **cut)
        assert begun.complete == (done is None)
    _, ended = run(tmp_path, *SETTINGS, store="begun.zarr")
    assert ended.complete
    assert ended.committed == 28
    _, fresh = run(tmp_path, *SETTINGS, store="fresh.zarr")
    old, new = statistics(ended.path), statistics(fresh.path)
    assert old.keys() == new.keys()
    for target in ("d_total", "c_soil"):
        ends, every = new.pop(f"{target}_edges").values, old.pop(f"{target}_edges").values
        assert every.shape[-1] == BINS + 1
        linear = np.linspace(ends[..., 0], ends[..., 1], BINS + 1, axis=-1)
        np.testing.assert_array_equal(linear, every)
        counts = f"{target}_histogram"
        assert (old[counts].dtype, new[counts].dtype) == ("uint64", "uint8")
    for name, values in new.items():
        np.testing.assert_array_equal(old[name].values, values.values, err_msg=name)
    assert not verify(read(ended.path)).damage


def test_a_store_of_an_earlier_version_that_accepts_changes_gets_what_a_new_one_has(
    tmp_path, monkeypatch
):
    store = frozen.unpack("killed", tmp_path)
    monkeypatch.chdir(tmp_path)
    before = len(read(store).committed())
    said = soilsweep("run", "frozen.yaml", "--accept-changes", "modules have moved", "--json")
    assert said.code == 0, said.err
    assert 0 < before < len(read(store).committed())
    assert soilsweep("run", "frozen.yaml", "--store", "new.zarr", "--json").code == 0
    old, new = statistics(store), statistics(tmp_path / "new.zarr")
    assert old.keys() == new.keys()
    for name, values in new.items():
        # Blocks that were done have the sums of their version, in another order.
        np.testing.assert_allclose(old[name].values, values.values, rtol=1e-12, err_msg=name)
    assert not verify(read(store)).damage
