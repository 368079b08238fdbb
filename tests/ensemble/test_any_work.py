"""What farms out knows nothing of members: a work of squares on every backend, and when it dies."""

import json
import os
import signal
import sys
from dataclasses import replace

import farming
import models
import numpy as np
import pytest
from commandline import refused, soilsweep
from covered import covered
from models import counting
from waiting import wait_for

from ensemble.errors import DONE, PlanError
from ensemble.farming.farm import Watcher, run_work
from ensemble.farming.opening import join, open_work
from ensemble.members.stored import WORK
from ensemble.store.finished import is_finalised
from ensemble.store.reading import read
from kernels import CRASHED
from scenarios.execution import BACKENDS, of_section

WHOLE = (40 * np.arange(6)[:, None] + np.arange(40)) ** 2


def squares(path):
    """Return the whole array of a store that is finished."""
    store = read(path)
    assert is_finalised(store)
    return store.read_whole("square")


@pytest.fixture
def store(tmp_path):
    return counting.make(tmp_path / "squares.zarr")


@pytest.fixture(autouse=True)
def _found_by_children(monkeypatch):
    for name, value in farming.environment().items():
        monkeypatch.setenv(name, value)


WORDS = {
    "local": [{"workers": 1}, {"workers": 3}, {"workers": 3, "workers_are": "processes"}],
    "dask": [{"workers": 2}],
}
"""What is said of a backend besides its name; of one that is new nothing."""

WITH_OTHERS = {"mpi", "slurm"}
"""Those that mpiexec or a cluster starts, with tests of their own."""

EXECUTIONS = [
    {"backend": name, **words}
    for name in covered(BACKENDS)
    if name not in WITH_OTHERS
    for words in WORDS.get(name, [{}])
]


@pytest.mark.parametrize("words", EXECUTIONS, ids=str)
def test_a_driver_runs_it(store, words):
    execution = of_section(words)
    asked = words.get("workers", 0)
    committed, before = run_work(store, join(store), execution, workers=asked)
    assert (len(committed), before) == (12, 0)
    np.testing.assert_array_equal(squares(store.path), WHOLE)
    assert int((store.path / "total").read_text()) == WHOLE.sum()


@farming.needs_mpi
def test_ranks_run_it(store):
    program = [sys.executable, "-m", "models.rank", str(store.path)]
    code, _, said = farming.finish(farming.mpiexec(3, program=program))
    assert code == 0, said
    np.testing.assert_array_equal(squares(store.path), WHOLE)


@pytest.mark.slurm
def test_jobs_of_a_cluster_run_it(store, on_cluster):
    asked = {"backend": "slurm", "jobs": 2, "memory": "1GiB", "time": 10, "interface": "lo"}
    committed, _ = run_work(store, join(store), of_section(asked))
    assert len(committed) == 12
    np.testing.assert_array_equal(squares(store.path), WHOLE)


@pytest.mark.parametrize("words", EXECUTIONS, ids=str)
def test_a_driver_that_is_told_to_stop_begins_no_block_more(store, words):
    execution = of_section(words)
    stopped = Watcher(stop=lambda: True)
    committed, _ = run_work(store, join(store), execution, stopped, workers=words.get("workers", 0))
    assert committed == {}
    # And the next run makes all of it.
    run_work(store, join(store), execution, workers=words.get("workers", 0))
    np.testing.assert_array_equal(squares(store.path), WHOLE)


def test_independent_workers_run_it(store):
    assert farming.call("worker", store.path, "--workers", 2)[0] == DONE
    np.testing.assert_array_equal(squares(store.path), WHOLE)


def test_a_worker_that_is_killed_is_replaced(store):
    slow = {"COUNTING_SECONDS": "0.2"}
    process = farming.start(farming.command("worker", store.path, "--workers", 2), **slow)
    wait_for(lambda: len(read(store.path).committed()) > 1, "two blocks are committed")
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    with open(children) as file:
        os.kill(int(file.read().split()[0]), signal.SIGKILL)
    _, said = process.communicate(timeout=farming.PATIENCE)
    assert process.returncode == DONE, said
    np.testing.assert_array_equal(squares(store.path), WHOLE)


def test_a_member_that_is_fatal_goes_into_quarantine_alone(store):
    code, _, said = farming.call("worker", store.path, "--workers", 1, COUNTING_CRASHES="95")
    assert code == DONE, said
    found, status = squares(store.path), read(store.path).read_whole("status")
    assert status[2, 15] == CRASHED
    assert (status == 0).sum() == status.size - 1
    np.testing.assert_array_equal(found, np.where(status == 0, WHOLE, 0))


def of_module(store, name):
    """Return a store that names another module."""
    return type(store)(store.path, {**store.attrs, "work": name}, store.specs, store.root)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("models.absent", "which cannot be imported here"),
        ("models.failing", "which cannot be imported here (not today)"),
        ("json", "which has no open_work and join"),
    ],
)
def test_a_module_that_cannot_run_it_is_named(store, name, said, monkeypatch, tmp_path):
    (tmp_path / "failing.py").write_text("raise SystemExit('not today')")
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    with pytest.raises(PlanError, match=f"the module '{name}'") as error:
        open_work(of_module(store, name))
    assert said in str(error.value)


def test_its_state_is_said_and_what_reads_ensembles_refuses_it(store):
    assert farming.call("worker", store.path, "--workers", 1, COUNTING_CRASHES="95")[0] == DONE
    said = json.loads(soilsweep("status", store.path, "--json").out)
    assert said["complete"]
    assert said["members"] == {"ok": 239, "crashed": 1}
    (lost,) = said["quarantine"]
    assert lost.startswith("member 2/15 crashed: killed by SIGSEGV")
    ensembles = (["report"], ["analyze"], ["replay", "0/0/1"], ["verify", "--rerun", "2"])
    for verb, *words in ensembles:
        said = soilsweep(verb, store.path, *words)
        refused(said, "is a store of 'models.counting'; needed one of an")


def test_members_that_it_does_not_have_are_refused_before_anything_is_mended(store):
    run_work(store, join(store), of_section({"backend": "local", "workers": 1}))
    worn = store.path / "square" / "c.1.2"
    worn.write_bytes(b"worn")
    said = soilsweep("verify", store.path, "--repair", "--rerun", 1)
    refused(said, "is a store of 'models.counting'; needed one of an ensemble")
    assert worn.read_bytes() == b"worn"


def test_it_is_verified_and_mended(store):
    run_work(store, join(store), of_section({"backend": "local", "workers": 1}))
    before = json.loads(soilsweep("verify", store.path, "--json").out)
    assert not before["damage"]
    assert (before["blocks"], before["chunks"]) == (12, 36)
    (store.path / "square" / "c.1.2").write_bytes(b"worn")
    (damage,) = json.loads(soilsweep("verify", store.path, "--json").out)["damage"]
    assert damage.startswith("block [1, 2], square: ")
    assert json.loads(soilsweep("verify", store.path, "--repair", "--json").out)["repaired"] == 1
    assert json.loads(soilsweep("verify", store.path, "--json").out) == before
    np.testing.assert_array_equal(squares(store.path), WHOLE)


def test_a_store_that_names_no_work_is_an_ensembles(store):
    unnamed = {name: value for name, value in store.attrs.items() if name != "work"}
    assert replace(store, attrs=unnamed).work == WORK
