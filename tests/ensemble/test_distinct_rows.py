"""Statistics of what stages share: sums over distinct rows are sums over all members."""

import numpy as np
import pytest
from steep import write_steep
from support import run

import ensemble
from ensemble.members.statistics import exceedance, histogram, moments

REQUESTS = "[mean, std, variance, min, max, q05, q50, histogram, {above: 300}]"
CROSS = f"""
version: 1
name: shared
title: Vegetation runs once for all members that share its turnover time
kernel: two_box
forcing: {{reader: synthetic_models, n: 3}}
design:
  cross:
    - {{method: monte_carlo, n: 9, parameters: {{tau_veg_obs: {{normal: [10.3, 1.4], lower: 2}}}}}}
    - {{method: monte_carlo, n: 40, parameters: {{tau_soil_obs: {{normal: [38.3, 11], lower: 2}}}}}}
seed: 7
outputs: {{}}
responses: {{late: {{output: c_veg, at: 2018}}}}
statistics: {{c_veg: {REQUESTS}, c_soil: {REQUESTS}, late: [mean, max, q50]}}
"""


def statistics(folder, *settings, text=CROSS, store="run.zarr", **more):
    _, outcome = run(folder, *settings, text=text, store=store, **more)
    tree = ensemble.open_run(outcome.path)["statistics"]
    return {name: values.values for name, values in tree.data_vars.items()}


def alike(one, other):
    assert one.keys() == other.keys()
    for path, values in one.items():
        if path.endswith(("_mean", "_std", "_variance", "_q05", "_q50")):
            np.testing.assert_allclose(other[path], values, rtol=1e-12, err_msg=path)
        else:
            # Counts, shares and extremes have no rounding.
            np.testing.assert_array_equal(other[path], values, err_msg=path)


@pytest.mark.parametrize("settings", [(), ("block.sample=50",)], ids=["whole", "split"])
def test_sharing_changes_no_statistic_beyond_its_last_bits(tmp_path, monkeypatch, settings):
    shared = statistics(tmp_path, *settings, store="shared.zarr")
    monkeypatch.setattr("ensemble.members.tiles.SHARE_BELOW", 0.0)
    alike(shared, statistics(tmp_path, *settings, store="apart.zarr"))


@pytest.mark.parametrize("samples", [7, 64])
def test_tiles_change_no_statistic_beyond_its_last_bits(tmp_path, monkeypatch, samples):
    whole = statistics(tmp_path, store="whole.zarr")
    monkeypatch.setattr("ensemble.members.tile_sizes.TILE_SAMPLES", samples)
    alike(whole, statistics(tmp_path, store="cut.zarr"))


def test_threads_change_no_bit(tmp_path):
    one = statistics(tmp_path, "block.sample=50", store="one.zarr", workers=1)
    many = statistics(tmp_path, "block.sample=50", store="many.zarr", workers=3)
    for path, values in one.items():
        np.testing.assert_array_equal(many[path], values, err_msg=path)


def test_a_family_that_takes_values_once_is_given_the_rows_of_a_stage(tmp_path, monkeypatch):
    given = []
    for family in (moments.Moments, histogram.Histogram, exceedance.Exceedance):
        plain = family.update_distinct

        def spy(self, partial, members, rows, plain=plain):
            # One member is how statistics are compiled.
            if members.members > 1:
                given.append((self.target.name, members.values.shape[1], members.members))
            plain(self, partial, members, rows)

        monkeypatch.setattr(family, "update_distinct", spy)
    statistics(tmp_path, workers=1)
    assert {(count, of) for name, count, of in given if name == "c_veg"} == {(9, 360)}
    assert {(count, of) for name, count, of in given if name == "c_soil"} == {(360, 360)}


class Plain:
    """A family of another package, which knows nothing of values that count several times."""

    def __init__(self, ours):
        self.declare, self.start, self.finish = ours.declare, ours.start, ours.finish
        self.merge, self.ours = ours.merge, ours

    def update(self, partial, values, rows):
        # One member is how statistics are compiled.
        assert values.shape[1] in (1, 360)
        assert values.flags.c_contiguous
        self.ours.update(partial, values, rows)


def test_a_family_that_does_not_is_given_every_member(tmp_path, monkeypatch):
    expected = statistics(tmp_path, store="ours.zarr")
    for family in (moments, histogram, exceedance):
        plain = family.reduction
        monkeypatch.setattr(family, "reduction", lambda *a, plain=plain: Plain(plain(*a)))
    alike(expected, statistics(tmp_path, store="theirs.zarr"))


FAILING = (
    CROSS.replace("synthetic_models, n: 3", "annual_table, path: steep.csv")
    .replace("normal: [38.3, 11], lower: 2", "uniform: [2, 60]")
    .replace("seed: 7", "seed: 7\nout_of_range: flag\nfailed_limit: 1")
)
EXCLUDING = CROSS + "limits: {c_veg: {above: 450 Pg C, then: exclude}}"


@pytest.mark.parametrize(
    "text",
    [FAILING, EXCLUDING],
    ids=["failed", "excluded"],
)
def test_members_that_failed_or_are_excluded_are_in_no_sum(tmp_path, text):
    """Kept members are the oracle: numpy's sums of what the store holds."""
    write_steep(tmp_path)
    text = text.replace("outputs: {}", "outputs: {c_veg: {all: year}, c_soil: {all: year}}")
    _, outcome = run(tmp_path, "precision=float64", text=text)
    tree = ensemble.open_run(outcome.path)
    good = tree["status"].values == 0
    if "excluded" in tree:
        good &= tree["excluded"].values == 0
    assert 0 < good.sum() < good.size
    for target in ("c_veg", "c_soil"):
        values = np.where(good[:, :, None, :], tree[target].values, np.nan)
        known = tree["statistics"]
        for name, reduce in (("mean", np.nanmean), ("std", np.nanstd)):
            found = known[f"{target}_{name}"].values
            np.testing.assert_allclose(found, reduce(values, axis=-1), rtol=1e-11)
        np.testing.assert_array_equal(known[f"{target}_max"].values, np.nanmax(values, axis=-1))
        counted = known[f"{target}_histogram"].values.sum(axis=-1)
        np.testing.assert_array_equal(
            counted, np.broadcast_to(good.sum(-1)[..., None], counted.shape)
        )
