"""Calibrations by MPI ranks and in jobs of a real SLURM, and at the end of a job's time."""

import json
import time

import farming
import pytest
from misbehaving import lines
from waiting import wait_for

from ensemble.calibration import checkpoints
from ensemble.farming.worker import MARGIN_SECONDS
from ensemble.planning.calibration_store import create_store
from ensemble.store.reading import read

SETTINGS = ("calibration.groups=location", "calibration.restarts=10")
"""Twelve groups in two blocks."""


PROCESSES = "{backend: local, workers: 2, workers_are: processes}"
WAYS = [
    pytest.param("{backend: local, workers: 2}", marks=pytest.mark.slow),
    pytest.param("worker", marks=pytest.mark.slow),
    # Each waits a minute for the end of its job, and CI has an hour for all.
    pytest.param(PROCESSES, marks=pytest.mark.acceptance),
    pytest.param("{backend: dask, workers: 2}", marks=pytest.mark.acceptance),
    pytest.param("{backend: mpi}", marks=[farming.needs_mpi, pytest.mark.acceptance]),
]


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    lines.write(folder)
    return folder


@pytest.fixture(scope="module")
def digest(sites):
    """Return the digest of a run that nothing disturbs."""
    outcome, _ = lines.run(sites, *SETTINGS, store="undisturbed.zarr")
    assert outcome.blocks == 2
    return read(outcome.path).digest()


def with_settings(execution):
    every = (*SETTINGS, f"execution={execution}")
    return [word for setting in every for word in ("--set", setting)]


def command(way, sites, store):
    if way == "worker":
        return farming.command("worker", store, "--workers", 2)
    words = ("run", sites / "lines.yaml", "--store", store, "--quiet", *with_settings(way))
    return farming.mpiexec(2, *words) if "mpi" in way else farming.command(*words)


@pytest.mark.chaos
@pytest.mark.parametrize("way", WAYS)
def test_searches_are_left_before_the_job_ends_and_go_on(sites, digest, tmp_path, way):
    store = tmp_path / "run.zarr"
    lines.load(sites)
    if way == "worker":
        create_store(lines.plan(sites, *SETTINGS, store=store))
    # Newer versions of SLURM tell a job so; it is believed before SLURM is asked.
    end = int(time.time() + 4 * MARGIN_SECONDS + 20)
    job = {"SLURM_JOB_ID": "1", "SLURM_JOB_END_TIME": str(end), "MISBEHAVE": "seconds=2"}
    code, _, err = farming.finish(command(way, sites, store), **job)
    assert time.time() < end, "the job would have been killed"
    assert code == 75, err
    assert len(read(store).committed()) == 0
    assert list((store / checkpoints.FOLDER).iterdir())
    # Dask ends its processes from outside: their files stay, and name no block.
    assert not any(note.read_text().strip() for note in (store / "inflight").iterdir())
    code, _, err = farming.finish(command(way, sites, store))
    assert code == 0, err
    assert read(store).digest() == digest


@pytest.mark.slow
@farming.needs_mpi
def test_mpi_ranks_come_to_the_same_bytes(sites, digest, tmp_path):
    lines.load(sites)
    store = tmp_path / "run.zarr"
    code, _, err = farming.finish(command("{backend: mpi}", sites, store))
    assert code == 0, err
    assert read(store).digest() == digest


JOB = "{backend: slurm, jobs: 2, memory: 1GiB, time: 10, interface: lo}"


@pytest.fixture
def study(sites, monkeypatch):
    for name, value in farming.environment().items():
        monkeypatch.setenv(name, value)
    lines.load(sites)
    return sites


@pytest.mark.slurm
def test_dask_workers_in_jobs_come_to_the_same_bytes(on_cluster, study, digest, tmp_path):
    store = tmp_path / "run.zarr"
    code, _, err = farming.finish(command(JOB, study, store))
    assert code == 0, err
    assert read(store).digest() == digest


@pytest.mark.slurm
def test_a_job_array_comes_to_the_same_bytes_though_a_node_goes_down(
    on_cluster, study, digest, tmp_path, monkeypatch
):
    store = tmp_path / "run.zarr"
    # Long enough that there is a checkpoint before a block is done.
    monkeypatch.setenv("MISBEHAVE", "seconds=0.1")
    words = (study / "lines.yaml", "--store", store, "--json", *with_settings(JOB))
    code, out, err = farming.call("submit", *words)
    assert code == 0, err
    assert json.loads(out)["tasks"] == 2
    folder = store / checkpoints.FOLDER
    wait_for(lambda: folder.exists() and list(folder.iterdir()), "there is a checkpoint")
    (node, *_) = on_cluster.call("squeue", "-h", "-t", "R", "-o", "%N").split()
    on_cluster.kill_node(node)
    on_cluster.start_node(node)

    def complete():
        code, out, err = farming.call("status", store, "--json")
        assert code == 0, err
        return json.loads(out)["complete"]

    wait_for(complete, "the run is complete", every=1.0)
    assert read(store).digest() == digest
