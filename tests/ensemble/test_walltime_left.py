"""Every backend leaves before its job ends, and the next launch goes on."""

import time

import farming
import pytest
from misbehaving.scenario import write

import scenarios
from ensemble.farming.worker import MARGIN_SECONDS
from ensemble.store.reading import read

BLOCKS = 400
WAYS = [
    pytest.param("{backend: local, workers: 2}", marks=pytest.mark.slow),
    pytest.param("{backend: dask, workers: 2}", marks=pytest.mark.slow),
    pytest.param("{backend: mpi}", marks=[farming.needs_mpi, pytest.mark.slow]),
    pytest.param("worker", marks=pytest.mark.slow),
]


def command(way, scenario, store):
    if way == "worker":
        return farming.command("worker", store, "--workers", 2)
    words = ("run", scenario, "--store", store, "--quiet", "--set", f"execution={way}")
    return farming.mpiexec(2, *words) if "mpi" in way else farming.command(*words)


@pytest.mark.chaos
@pytest.mark.parametrize("way", WAYS)
def test_it_leaves_in_time_and_goes_on(tmp_path, way):
    scenario, store = write(tmp_path, n=BLOCKS * 10, block=10), tmp_path / "run.zarr"
    if way == "worker":
        farming.create_of(scenarios.load(scenario), store)
    # Newer versions of SLURM tell a job so; it is believed before SLURM is asked.
    end = int(time.time() + MARGIN_SECONDS + 20)
    job = {"SLURM_JOB_ID": "1", "SLURM_JOB_END_TIME": str(end), "MISBEHAVE_SECONDS": "0.2"}
    code, _, err = farming.finish(command(way, scenario, store), **job)
    assert time.time() < end, "the job would have been killed"
    assert code == 75, err
    done = len(read(store).committed())
    assert 0 < done < BLOCKS
    assert farming.finish(command(way, scenario, store))[0] == 0
    undisturbed = tmp_path / "undisturbed.zarr"
    words = command("{backend: local, workers: 1}", scenario, undisturbed)
    assert farming.finish(words)[0] == 0
    assert farming.digest(store) == farming.digest(undisturbed)
