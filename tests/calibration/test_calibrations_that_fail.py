"""Candidates that fail, searches that end their process, runs that are stopped."""

import signal

import farming
import numpy as np
import pytest
from misbehaving import lines
from waiting import wait_for

import ensemble
from ensemble.calibration import checkpoints
from ensemble.calibration.layout import QUARANTINED
from ensemble.calibration.searches import NO_FINITE_START
from ensemble.errors import FAILED_MEMBERS, RESUMABLE
from ensemble.farming.worker import MARGIN_SECONDS, one_more
from ensemble.store.reading import read
from kernels import CRASHED, NOT_FINITE, OK

LOW, MEAN, HIGH = range(3)
OF_A_GROUP = ("parameters", "cost", "evaluations", "reason", "trace_cost", "population", "tallies",
              "jacobian_sv", "equifinal_low", "metrics")  # fmt: skip


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    lines.write(folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(sites):
    outcome, found = lines.run(sites, store="undisturbed.zarr")
    assert outcome.complete
    assert outcome.blocks == 1
    truth = np.array(list(lines.KINDS.values()))
    for restart in range(2):
        np.testing.assert_allclose(found.parameters.values[:, restart], truth, rtol=1e-3)
    return found


def same(found, other, groups, restarts=slice(None)):
    """Compare groups to the last bit; arrays without restarts where all of them are compared."""
    every = restarts == slice(None)
    for name in OF_A_GROUP:
        one, two = found[name], other[name]
        if "restart" in one.dims:
            one, two = (each.isel(restart=restarts) for each in (one, two))
        elif not every:
            continue
        one, two = (each.isel(group=list(groups)).values for each in (one, two))
        np.testing.assert_array_equal(one, two, err_msg=name)


@pytest.mark.parametrize(("word", "status"), [("nan", NOT_FINITE), ("raises", CRASHED)])
@pytest.mark.parametrize("above", [2.0, 0.1])
def test_where_candidates_fail_is_bad_ground_of_their_group_alone(
    sites, undisturbed, monkeypatch, word, status, above
):
    monkeypatch.setenv("MISBEHAVE", f"{word}_above={above},from=25")
    outcome, found = lines.run(sites, store=f"{word}-{above}.zarr")
    assert outcome.complete
    assert outcome.members == {OK: 6}
    same(found, undisturbed, (LOW, MEAN))
    x, z = np.moveaxis(found.parameters.values[HIGH], -1, 0)
    assert (x <= above).all()
    # As far as it may go, and z as much as it can make up for it.
    np.testing.assert_allclose(x, above, rtol=1e-2)
    np.testing.assert_allclose(z, 4.0, rtol=1e-2)
    tallies = found.tallies.isel(group=HIGH)
    failed = tallies.sel(tally="crashed" if status == CRASHED else "not_finite").values
    assert (failed > 0).all()
    assert (tallies.sum("tally").values == failed).all()


def test_a_group_all_of_whose_candidates_fail_has_no_result(sites, undisturbed, monkeypatch):
    monkeypatch.chdir(sites)
    lines.load(sites)
    code, _, said = farming.call("run", "lines.yaml", "--store", "lost.zarr",
                                 MISBEHAVE="raises_above=-1,from=25")  # fmt: skip
    assert code == FAILED_MEMBERS, said
    assert "1 group has no result" in said
    found = lines.opened(sites / "lost.zarr")
    same(found, undisturbed, (LOW, MEAN))
    assert np.isnan(found.parameters.values[HIGH]).all()
    assert np.isnan(found.cost.values[HIGH]).all()
    assert (found.reason.values[HIGH] == NO_FINITE_START).all()
    assert found.tallies.isel(group=HIGH).sel(tally="crashed").values.min() > 0


def test_one_observation_is_searched_and_said_to_be_too_few(tmp_path):
    lines.write(tmp_path, sites=3)
    planned = lines.plan(tmp_path)
    (few,) = [str(notice) for notice in planned.warnings if "observations" in str(notice)]
    assert "fewer observations than the 2 parameters" in few
    _, found = lines.run(tmp_path)
    assert (found.cost.values < 1e-6).all()
    # One direction is determined, the other is not at all.
    assert (found.jacobian_sv.values[:, 0] > 1).all()
    assert (found.jacobian_sv.values[:, 1] < 1e-6 * found.jacobian_sv.values[:, 0]).all()


@pytest.mark.slow
def test_a_search_that_ends_its_process_is_put_in_quarantine_alone(sites, undisturbed):
    fatal = float(undisturbed.parameters.values[MEAN, 1, 0])
    lines.load(sites)
    store = sites / "crashed.zarr"
    words = ("run", sites / "lines.yaml", "--store", store, "--quiet")
    code, _, said = farming.call(*words, MISBEHAVE=f"segfault={fatal!r}")
    assert code == 0, said
    (case,) = read(store).quarantined().values()
    assert case.member == (MEAN, 1)
    assert case.cause == "killed by SIGSEGV"
    found = lines.opened(store)
    same(found, undisturbed, (LOW, HIGH))
    same(found, undisturbed, (MEAN,), [0])
    assert np.isnan(found.parameters.values[MEAN, 1]).all()
    assert found.reason.values[MEAN, 1] == QUARANTINED
    assert read(store).committed().totals.members == {OK: 5, CRASHED: 1}


@pytest.mark.parametrize("words", [{"workers": 1}, {"workers": 2}], ids=str)
def test_a_run_that_is_stopped_leaves_its_searches_where_they_are(sites, undisturbed, words):
    name = f"stopped-{words['workers']}.zarr"
    asked = []

    def stop():
        asked.append(1)
        return len(asked) > 6

    planned = lines.plan(sites, store=name)
    outcome = ensemble.run_calibration(planned, stop=stop, **words)
    assert not outcome.complete
    assert list((outcome.path / checkpoints.FOLDER).iterdir())
    assert not list((outcome.path / "inflight").iterdir()), "nothing that is looked into"
    times = 0
    while not outcome.complete:
        asked.clear()
        outcome = ensemble.run_calibration(planned, stop=stop if times < 3 else lambda: False)
        times += 1
    assert times == 4
    assert read(outcome.path).digest() == read(sites / "undisturbed.zarr").digest()


def test_sigterm_ends_a_run_within_a_round_and_the_same_command_goes_on(sites, undisturbed):
    lines.load(sites)
    store = sites / "terminated.zarr"
    command = farming.command("run", sites / "lines.yaml", "--store", store, "--quiet")
    process = farming.start(command, MISBEHAVE="seconds=0.2")
    folder = store / checkpoints.FOLDER
    wait_for(lambda: folder.exists() and list(folder.iterdir()), "there is a checkpoint")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == RESUMABLE, said
    assert "soilsweep run" in said
    assert len(read(store).committed()) == 0
    code, _, said = farming.finish(command)
    assert code == 0, said
    assert read(store).digest() == read(sites / "undisturbed.zarr").digest()


def test_searches_need_no_more_of_a_job_than_what_they_are_left_at(sites):
    planned = lines.plan(sites, "calibration.budget=100000000")
    assert planned.layout.seconds_per_block > 600.0
    assert one_more(planned.layout.seconds_per_block, pauses=True) == 3 * MARGIN_SECONDS
