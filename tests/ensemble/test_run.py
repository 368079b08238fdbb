"""The path from a scenario to a store, on small ensembles."""

import os
import re
import shutil
import socket

import numpy as np
import pytest
import xarray as xr
from support import SMALL, plan, run

import ensemble
from ensemble.errors import PlanError
from ensemble.members.reopening import mapped, open_experiment, open_work
from ensemble.planning import creating
from ensemble.runs.verify import verify
from ensemble.store.lock import locked
from ensemble.store.reading import read


def digest(outcome):
    return read(outcome.path).digest()


def files(path):
    """Return the bytes of everything that readers see: no journals, locks or notes."""
    return {
        str(f.relative_to(path)): f.read_bytes()
        for f in path.rglob("*")
        if f.is_file() and f.parts[len(path.parts)] not in ("journal", "inflight", "lock")
    }


def test_xarray_opens_the_store_with_names_units_and_members(tmp_path):
    planned, outcome = run(tmp_path)
    assert outcome.complete
    assert outcome.members == {0: 800}
    flat = xr.open_zarr(outcome.path, chunks=None)
    assert flat.c_soil.dims == ("forcing", "location", "time", "sample")
    assert flat.c_soil.attrs["units"]
    assert flat.c_soil.shape == (4, 1, 118, 200)
    assert list(flat.forcing.values) == list(planned.experiment.forcings)
    assert str(flat.time.values[0])[:10] == "1901-12-31"
    tree = ensemble.open_run(outcome.path)
    assert {"statistics", "control", "drivers", "across_forcings"} <= set(tree.children)
    assert int((tree["status"] != 0).sum()) == 0


def test_statistics_equal_numpy_on_the_stored_members(tmp_path):
    _, outcome = run(tmp_path, "precision=float64")
    tree = ensemble.open_run(outcome.path)
    found, members = tree["statistics"], tree["d_total"].values
    expected = {
        "mean": members.mean(-1),
        "std": members.std(-1),
        "variance": members.var(-1),
        "min": members.min(-1),
        "max": members.max(-1),
        "above_200": (members > 200).mean(-1),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[f"d_total_{name}"].values, values, rtol=1e-12)
    soil = tree["c_soil"].values
    np.testing.assert_allclose(found["c_soil_mean"].values, soil.mean(-1), rtol=1e-13)
    np.testing.assert_allclose(found["c_soil_std"].values, soil.std(-1), rtol=1e-10)
    assert (found["count"].values == 200).all()


def test_quantiles_are_within_one_bin(tmp_path):
    _, outcome = run(tmp_path)
    tree = ensemble.open_run(outcome.path)
    edges = tree["statistics/d_total_edges"].values
    bins = tree["statistics/d_total_histogram"].shape[-1] - 2
    width = (edges[..., 1] - edges[..., 0]) / bins
    for level in (5, 50, 95):
        exact = np.quantile(tree["d_total"].values, level / 100, axis=-1, method="inverted_cdf")
        found = tree[f"statistics/d_total_q{level:02d}"].values
        assert (np.abs(found - exact) <= width).all()


def test_across_forcings_is_the_mean_over_models_of_each_models_mean(tmp_path):
    _, outcome = run(tmp_path)
    tree = ensemble.open_run(outcome.path)
    members = tree["d_total"].values[:, 0]
    found = tree["across_forcings"]
    means = members.mean(-1)
    assert found["d_total_mean"].values == pytest.approx(means.mean(), rel=1e-12)
    assert found["d_total_std_between"].values == pytest.approx(means.std(), rel=1e-12)
    assert found["d_total_std_within"].values == pytest.approx(members.std(-1).mean(), rel=1e-12)
    pooled = np.quantile(members, 0.5)
    spread = members.max() - members.min()
    assert found["d_total_q50"].values == pytest.approx(pooled, abs=0.02 * spread)


def test_control_member_is_the_models_own_turnover_times(tmp_path):
    planned, outcome = run(tmp_path)
    tree = ensemble.open_run(outcome.path)
    for f, derived in enumerate(planned.experiment.derived):
        for name in ("tau_veg_obs", "tau_soil_obs"):
            assert tree[f"control/{name}"].values[f, 0] == derived[name].default[0]
    own = planned.experiment.drivers[0]["c_veg_model"][0]
    control = tree["control/c_veg"].values[0, 0]
    np.testing.assert_allclose(control, own, rtol=1e-6)


@pytest.mark.parametrize("workers", [2, 5])
def test_any_number_of_threads_gives_the_same_bytes(tmp_path, workers):
    _, one = run(tmp_path, store="one.zarr", workers=1)
    _, many = run(tmp_path, store="many.zarr", workers=workers)
    assert digest(one) == digest(many)
    assert files(one.path) == files(many.path)


def test_split_samples_give_the_same_members_and_statistics(tmp_path):
    _, whole = run(tmp_path, store="whole.zarr")
    _, split = run(tmp_path, "block.sample=30", store="split.zarr")
    assert split.blocks == 4 * 7
    a, b = ensemble.open_run(whole.path), ensemble.open_run(split.path)
    for name in ("c_veg", "c_soil", "d_total", "tau_veg_obs", "status"):
        np.testing.assert_array_equal(a[name].values, b[name].values)
    for name, values in a["statistics"].data_vars.items():
        np.testing.assert_allclose(b["statistics"][name].values, values.values, rtol=1e-12)


def test_sharing_stages_changes_no_bit(tmp_path, monkeypatch):
    _, shared = run(tmp_path, store="shared.zarr")
    monkeypatch.setattr("ensemble.members.tiles.SHARE_BELOW", 0.0)
    _, apart = run(tmp_path, store="apart.zarr")
    assert digest(shared) == digest(apart)


def test_stopped_and_continued_equals_undisturbed(tmp_path):
    _, whole = run(tmp_path, "block.sample=30", store="whole.zarr")
    left = iter([False] * 9)
    planned, first = run(
        tmp_path, "block.sample=30", workers=1, stop=lambda: next(left, True), store="cut.zarr"
    )
    assert first.committed == 9
    assert not first.complete
    tree = ensemble.open_run(first.path)
    assert int((tree["status"] == 255).sum()) == 800 - 9 * 30 + 10
    second = ensemble.run(planned, workers=2)
    assert second.ran == 28 - 9
    assert files(first.path) == files(whole.path)


def test_a_complete_run_runs_nothing_again(tmp_path):
    planned, _ = run(tmp_path)
    again = ensemble.run(planned)
    assert again.ran == 0
    assert again.complete


def test_the_store_alone_is_enough_to_run_its_blocks(tmp_path):
    planned, outcome = run(tmp_path)
    shutil.rmtree(tmp_path / "small.yaml", ignore_errors=True)
    experiment = open_experiment(read(outcome.path))
    assert experiment.forcings == planned.experiment.forcings
    again = open_work(read(outcome.path)).open()((2, 0, 0))
    ours = ensemble.open_run(outcome.path)
    np.testing.assert_array_equal(again.arrays["c_soil"][0], ours["c_soil"].values[2])


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("seed=8", "seed was 7 and is now 8"),
        ("design.cross.1.n=26", r"design.cross\[1\].n was 25 and is now 26"),
        ("kernel.scheme=explicit", "scheme"),
        ("block.sample=50", "block length"),
        ("precision=float64", "precision"),
    ],
)
def test_a_changed_scenario_is_refused_and_the_change_named(tmp_path, setting, named):
    _, outcome = run(tmp_path)
    before = files(outcome.path)
    with pytest.raises(PlanError, match=named):
        run(tmp_path, setting)
    assert files(outcome.path) == before


def test_changed_forcing_data_is_refused_by_its_name(tmp_path):
    planned, _ = run(tmp_path)
    planned.experiment.drivers[1]["npp"][0, 5] += 1e-9
    from ensemble.planning.identity import digest as forcing_digest

    name = planned.experiment.forcings[1]
    planned.identity["forcings"][name] = forcing_digest(name, planned.experiment)
    with pytest.raises(PlanError, match=f"forcing: {name} has changed"):
        ensemble.run(planned)


def test_an_accepted_change_is_recorded(tmp_path):
    planned, outcome = run(tmp_path)
    planned.identity["kernel"]["two_box"] = "0" * 64
    outcome = ensemble.run(planned, accept_changes="comment only")
    accepted = read(outcome.path).attrs["accepted_changes"]
    assert accepted[0]["reason"] == "comment only"
    assert "two_box" in accepted[0]["changes"][0]


def test_a_title_may_change(tmp_path):
    run(tmp_path)
    _, again = run(tmp_path, "title=Another")
    assert again.complete


def test_two_runs_at_once_are_refused(tmp_path):
    planned, outcome = run(tmp_path)
    with locked(read(outcome.path)), pytest.raises(PlanError, match="is running it"):
        ensemble.run(planned)


def test_the_block_of_a_crash_runs_in_a_child_and_only_that(tmp_path):
    planned, _ = run(tmp_path, workers=1, stop=iter([False, True, True]).__next__)
    (planned.path / "inflight" / "host-1-1").write_text("1 0 0".ljust(80))
    outcome = ensemble.run(planned)
    assert outcome.complete
    pids = {
        key: entry.journal.split("-")[-2] for key, entry in read(planned.path).committed().items()
    }
    assert {key for key, pid in pids.items() if pid != str(os.getpid())} == {(1, 0, 0)}
    assert not list((planned.path / "inflight").iterdir())


def test_metadata_holds_no_host_and_no_time(tmp_path):
    _, outcome = run(tmp_path)
    text = (outcome.path / "zarr.json").read_text()
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)
    assert str(tmp_path) not in text
    attrs = read(outcome.path).attrs
    assert attrs["identity"]["kernel"]
    assert attrs["identity"]["forcings"]
    assert attrs["scenario"] == SMALL


def test_a_full_cross_is_planned_without_rows(tmp_path):
    planned = plan(tmp_path, "design.cross.0.n=100000", "design.cross.1.n=10000", "outputs={}")
    assert planned.members == 4 * 10**9
    assert not planned.layout.stored_parameters


def test_the_plan_counts_the_drivers_that_the_store_keeps(tmp_path):
    planned, _ = run(tmp_path)
    names = (driver.name for driver in planned.experiment.kernel.drivers)
    files = [f for n in names for f in (tmp_path / "run.zarr" / "drivers" / n).glob("c.*")]
    kept = sum(f.stat().st_size for f in files)
    assert planned.driver_nbytes == kept > 0
    assert planned.nbytes == kept + sum(spec.nbytes for spec in planned.layout.arrays)


@pytest.mark.parametrize("most", [0, 1 << 20], ids=["a file for each forcing", "one file"])
def test_drivers_of_forcings_are_one_file_where_they_are_small(tmp_path, monkeypatch, most):
    monkeypatch.setattr(creating, "TOGETHER_BYTES", most)
    planned, outcome = run(tmp_path)
    store = read(outcome.path)
    kernel = planned.experiment.kernel
    count = len(planned.experiment.forcings)
    assert len(list((outcome.path / "drivers" / "npp").glob("c.*"))) == (1 if most else count)
    held, one = mapped(store, kernel, count), ensemble.open_run(outcome.path)["drivers"]
    for k, (own, given) in enumerate(zip(held, planned.experiment.drivers, strict=True)):
        assert isinstance(own["npp"], np.memmap)
        for name, values in own.items():
            np.testing.assert_array_equal(values, given[name])
            np.testing.assert_array_equal(values, one[name][k])
    assert not verify(store, rerun=3).damage
