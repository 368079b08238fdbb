"""Runs on a real SLURM: Dask workers in jobs, and job arrays that need nobody."""

import json

import farming
import pytest
from commandline import refused, soilsweep
from waiting import wait_for

pytestmark = pytest.mark.slurm

JOB = ("execution.memory=1GiB", "execution.time=10")
DASK = "{backend: slurm, jobs: 2, memory: 1GiB, time: 10, interface: lo}"


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    store = tmp_path_factory.mktemp("local") / "run.zarr"
    return store, farming.run(store, "execution.workers=1")


def submit(store, *settings, **more):
    words = farming.with_settings(*JOB, *settings)
    code, out, err = farming.call("submit", "tau-constraint", "--store", store, "--json", *words)
    assert code == 0, err
    return json.loads(out), err


def status(store):
    code, out, err = farming.call("status", store, "--json")
    assert code == 0, err
    return json.loads(out)


def test_dask_workers_in_jobs(on_cluster, tmp_path, local):
    ours = tmp_path / "run.zarr"
    assert farming.run(ours, backend=DASK) == local[1]
    assert farming.visible(ours).keys() - farming.visible(local[0]).keys() <= {
        str(f.relative_to(ours)) for f in [*ours.glob("logs/*"), *ours.glob("jobs/*")]
    }
    assert len(list((ours / "jobs").iterdir())) == 2


def test_an_array_that_needs_nobody(on_cluster, tmp_path, local):
    ours = tmp_path / "run.zarr"
    found, _ = submit(ours, "execution.jobs=3", "execution.cores=2")
    assert found["tasks"] == 3
    done = wait_for(lambda: (s := status(ours))["complete"] and s, "the run is complete", 60)
    assert done["digest"] == local[1]
    assert done["blocks"] == {"done": farming.BLOCKS, "all": farming.BLOCKS}
    assert done["seconds_left"] == 0
    shared = farming.visible(local[0])
    ours_visible = farming.visible(ours)
    assert {name: ours_visible[name] for name in shared} == shared


def test_a_waiting_array_is_shown_cancelled_and_submitted_again(on_cluster, tmp_path, local):
    ours = tmp_path / "run.zarr"
    found, _ = submit(ours, "execution.extra=['--hold']", "execution.jobs=2")
    seen = status(ours)
    assert seen["jobs"] == {"PENDING": 2}
    assert "JobHeldUser" in seen["queue"]
    assert seen["blocks"]["done"] == 0
    refused_nothing = soilsweep("cancel", ours)
    assert refused_nothing.code == 0
    assert str(found["job"]) in refused_nothing.out
    wait_for(lambda: status(ours)["jobs"].keys() <= {"CANCELLED", "none in the queue"}, "gone")
    submit(ours)
    wait_for(lambda: status(ours)["complete"], "the run is complete", 60)
    assert farming.digest(ours) == local[1]


def test_the_array_is_no_longer_than_there_are_blocks(on_cluster, tmp_path):
    words = farming.with_settings(*JOB, "execution.jobs=1000", "execution.cores=2")
    code, out, err = farming.call(
        "submit", "tau-constraint", "--store", tmp_path / "x.zarr", "--emit-script", *words
    )
    assert code == 0
    assert "#SBATCH --array=0-19\n" in out
    assert "20 jobs instead of 1000: there are no more blocks" in err
    assert not on_cluster.call("squeue", "-h").strip()


def test_the_array_is_no_longer_than_the_site_allows(on_cluster, tmp_path):
    limit = int(on_cluster.call("scontrol", "show", "config").split("MaxArraySize")[1].split()[1])
    words = farming.with_settings(*JOB, f"execution.jobs={limit + 9}", "block.sample=1")
    code, out, err = farming.call(
        "submit", "tau-constraint", "--store", tmp_path / "x.zarr", "--emit-script", *words
    )
    assert code == 0
    assert f"#SBATCH --array=0-{limit - 1}\n" in out
    assert "MaxArraySize" in err


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("execution.partition=none", "execution.partition: no partition none"),
        ("execution.time=2-00:00:00", "partition allows 30"),
        ("execution.constraint=gpu", "execution.constraint (gpu): SLURM says"),
    ],
)
def test_what_this_site_does_not_take_is_refused(on_cluster, tmp_path, setting, says):
    words = ["--set", "execution={backend: slurm, partition: short, time: 10}", "--set", setting]
    said = soilsweep("submit", "tau-constraint", "--store", tmp_path / "x.zarr", *words)
    refused(said, says, lines=None)
    assert not (tmp_path / "x.zarr").exists()
