"""One scenario on every backend: the same bytes, in every array."""

import json
import subprocess
import sys
from pathlib import Path

import farming
import pytest
from waiting import PATIENCE, wait_for

from ensemble.store.lock import locked

DASK = [sys.executable, "-m", "dask"]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The undisturbed run that the others are compared with."""
    store = tmp_path_factory.mktemp("local") / "run.zarr"
    return store, farming.run(store, "execution.workers=1")


@pytest.mark.slow
def test_own_dask_cluster(tmp_path, local):
    store, digest = local
    ours = tmp_path / "run.zarr"
    assert farming.run(ours, backend="{backend: dask, workers: 2}") == digest
    assert farming.visible(ours) == farming.visible(store)
    assert len(list((ours / "journal").iterdir())) == 2
    assert not (ours / "tls").exists()


@pytest.mark.slow
def test_running_dask_cluster_by_scheduler_file_and_by_address(tmp_path, local):
    file = tmp_path / "scheduler.json"
    scheduler = subprocess.Popen(
        [
            *DASK,
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            file,
        ],
        env=farming.environment(),
        stderr=subprocess.DEVNULL,
    )
    worker = subprocess.Popen(
        [*DASK, "worker", "--scheduler-file", file, "--nthreads", "2", "--no-dashboard"],
        env=farming.environment(),
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    try:
        first = f"{{backend: dask, scheduler_file: {file}}}"
        assert farming.run(tmp_path / "file.zarr", backend=first) == local[1]
        address = json.loads(file.read_text())["address"]
        second = f"{{backend: dask, address: '{address}'}}"
        assert farming.run(tmp_path / "address.zarr", backend=second) == local[1]
    finally:
        for process in (worker, scheduler):
            process.terminate()
            process.wait(timeout=PATIENCE)


@farming.needs_mpi
@pytest.mark.parametrize("ranks", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_mpi_ranks(tmp_path, local, ranks):
    ours = tmp_path / "run.zarr"
    words = farming.with_settings("execution.backend=mpi")
    code, _, err = farming.finish(
        farming.mpiexec(ranks, "run", "tau-constraint", "--store", ours, "--quiet", *words)
    )
    assert code == 0, err
    assert farming.digest(ours) == local[1]
    assert farming.visible(ours) == farming.visible(local[0])


@farming.needs_mpi
def test_mpi_ranks_end_together_where_the_scenario_is_wrong(tmp_path):
    for wrong in ("design.cross.0.m=20", "forcing.n=-4"):
        code, _, err = farming.finish(
            farming.mpiexec(
                2,
                "run",
                "tau-constraint",
                "--store",
                tmp_path / "x",
                "--set",
                "execution.backend=mpi",
                "--set",
                wrong,
            )
        )
        assert code == 2
        assert err.count("--set") == 1
    assert not (tmp_path / "x").exists()


def test_independent_workers(tmp_path, local):
    ours = tmp_path / "run.zarr"
    farming.create(ours)
    workers = [farming.start(farming.command("worker", ours, "--workers", 1)) for _ in range(3)]
    ended = [worker.communicate(timeout=PATIENCE) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], ended
    assert farming.digest(ours) == local[1]
    assert farming.visible(ours) == farming.visible(local[0])
    blocks = [len(f.read_text().splitlines()) - 1 for f in (ours / "journal").iterdir()]
    assert sum(blocks) == farming.BLOCKS, "some blocks ran twice"


def test_a_worker_on_a_finished_store_has_nothing_to_do(local):
    store, _ = local
    before = farming.visible(store)
    assert farming.call("worker", store, "--workers", 1)[0] == 0
    assert farming.visible(store) == before


@pytest.mark.slow
def test_run_and_workers_refuse_each_other(tmp_path):
    store = tmp_path / "run.zarr"
    opened = farming.create(store)
    with locked(opened, shared=True):
        words = farming.with_settings()
        code, _, err = farming.call("run", "tau-constraint", "--store", store, *words)
        assert code == 2
        assert "is running it" in err
        with locked(opened, shared=True):
            pass
    with locked(opened):
        code, _, err = farming.call("worker", store)
        assert code == 2
        assert "is running it" in err


ORPHAN = """
import os, sys, time
from ensemble.farming.backends.parts.ranks import end_with_launcher
launcher = int(sys.argv[2])
while os.getppid() == launcher:
    time.sleep(0.01)
open(sys.argv[1] + ".begun", "w").write(str(os.getppid()))
end_with_launcher()
open(sys.argv[1] + ".ran-on", "w").close()
"""


@pytest.mark.slow
def test_a_rank_whose_launcher_died_while_it_started_ends(tmp_path):
    """mpiexec may be killed before a rank has looked who started it."""
    mark = tmp_path / "rank"
    words = f"\"{sys.executable}\" -c '{ORPHAN}' {mark} $$ >/dev/null 2>&1 & echo $!"
    said = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=True)
    rank = int(said.stdout)
    wait_for(lambda: not Path(f"/proc/{rank}").exists(), "the rank has ended")
    if mark.with_suffix(".begun").read_text() != "1":
        pytest.skip("orphans are not given to process 1 here")
    assert not mark.with_suffix(".ran-on").exists()
