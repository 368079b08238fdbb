"""What people read when a cluster does what clusters do; the table is in slurm/EVENTS.md."""

import json
import re
import shutil

import farming
import pytest
import slurm_accounts
from commandline import refused, soilsweep
from misbehaving.scenario import write
from waiting import wait_for

from ensemble.commands import watching

pytestmark = pytest.mark.slurm

JOB = "execution={backend: slurm, memory: 1GiB, time: 10, interface: lo}"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Return the scenario of a kernel that does as it is told; members are blocks."""
    for name, value in farming.environment().items():
        monkeypatch.setenv(name, value)
    return write(tmp_path, n=4, block=1)


def submit(scenario, store, *settings):
    words = [word for setting in (JOB, *settings) for word in ("--set", setting)]
    return soilsweep("submit", scenario, "--store", store, "--json", *words)


def submitted(scenario, store, *settings):
    said = submit(scenario, store, *settings)
    assert said.code == 0, said.err
    return json.loads(said.out)["job"]


def status(store):
    said = soilsweep("status", store, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def complete(store):
    return wait_for(lambda: (s := status(store))["complete"] and s, "the run is complete")


def logs(store):
    return "".join(file.read_text() for file in sorted((store / "logs").glob("*")))


def test_spaces_and_other_letters_in_the_store_s_path(on_cluster, study, tmp_path):
    stores = [tmp_path / 'it\'s my "runs"' / f"ü;& {verb}.zarr" for verb in ("run", "submit")]
    words = ("--quiet", "--set", JOB, "--set", "execution.cores=2")
    said = soilsweep("run", study, "--store", stores[0], *words)
    assert (said.code, said.err) == (0, "")
    assert len(list((stores[0] / "logs").iterdir())) == 1
    submitted(study, stores[1])
    complete(stores[1])
    assert farming.digest(stores[0]) == farming.digest(stores[1])


@pytest.mark.parametrize("verb", ["run", "submit"])
def test_a_path_that_slurm_cannot_take_is_refused(on_cluster, study, tmp_path, verb):
    store = tmp_path / "50%" / "x.zarr"
    said = soilsweep(verb, study, "--store", store, "--set", JOB)
    refused(said, "SLURM reads the % or backslash in", "write logs to another folder", lines=1)
    assert not store.parent.exists()


@pytest.mark.skipif(not farming.MPIEXEC.exists(), reason="no MPI library beside this Python")
def test_srun_that_starts_no_mpi(on_cluster, study, tmp_path):
    store = tmp_path / "x.zarr"
    run = farming.command("run", study, "--store", store, "--set", "execution.backend=mpi")
    # Where an environment lies on top of another, only mpiexec knows where its library is.
    one = [*farming.mpiexec(1)[:-3], "printenv", "LD_LIBRARY_PATH"]
    library = farming.finish(one)[1].strip()
    words = ["srun", "-n", "2", "--chdir", str(tmp_path), *run]
    code, _, said = farming.finish(words, LD_LIBRARY_PATH=library)
    assert code == 2
    (line,) = (line for line in said.splitlines() if not line.startswith("srun:"))
    assert line.startswith("2 processes were started and MPI connects none of them")
    assert "mpiexec" in line
    assert "--mpi=pmix" in line
    assert not store.exists()


def test_a_time_in_which_no_worker_would_begin_a_block(on_cluster, study, tmp_path):
    store = tmp_path / "x.zarr"
    refused(
        submit(study, store, "execution.time=2"),
        "execution.time is 2 and needs 3 minutes",
        "stop up to 120 s before its end",
        "keeps 10 s and twice what a block takes",
    )
    assert not store.exists()


@pytest.mark.parametrize("verb", ["run", "submit", "plan"])
@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("partition=nope", "execution.partition: no partition nope; available: debug, short"),
        ("cores=50", "execution.cores is 50 and the largest node has 2"),
        ("memory=9GiB", "execution.memory is 9,216 MiB and the largest node has 4,000"),
        ("constraint=gpu", "execution.constraint (gpu): SLURM says 'Invalid feature spec"),
        ("reservation=now", "execution.reservation (now): SLURM says 'Requested reservation is"),
        ("extra=['--gres=gpu:1']", "execution.extra (--gres=gpu:1): SLURM says 'Invalid generic"),
        ("extra=['--no-such']", "execution.extra (--no-such): SLURM says"),
    ],
)
def test_what_no_node_of_this_site_has(on_cluster, study, tmp_path, verb, setting, says):
    if verb == "plan" and setting != "partition=nope":
        pytest.skip("the same check; one case shows that it is made")
    store = tmp_path / "x.zarr"
    words = ("--set", JOB, "--set", f"execution.{setting}")
    said = soilsweep(verb, study, "--store", store, *words)
    assert said.code == 2
    assert says in said.err
    assert "Traceback" not in said.err
    assert not store.exists()


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("account=nope", "execution.account (nope): SLURM says 'Invalid account or account/part"),
        ("qos=nope", "execution.qos (nope): SLURM says 'Invalid qos specification'"),
    ],
)
def test_who_may_not(with_accounts, study, tmp_path, setting, says):
    store = tmp_path / "x.zarr"
    refused(submit(study, store, f"execution.{setting}"), says, "sacctmgr show associations")
    assert not store.exists()


def test_more_jobs_than_an_account_may_have(with_accounts, study, tmp_path):
    store = tmp_path / "x.zarr"
    said = submit(study, store, "execution.account=few", "execution.jobs=3")
    refused(said, "execution.jobs (3), execution.account (few)", "AssocMaxSubmitJobLimit")
    assert not store.exists()
    held = ("execution.account=few", "execution.jobs=2", "execution.extra=['--hold']")
    submitted(study, store, *held)
    other = tmp_path / "y.zarr"
    refused(submit(study, other, *held), "AssocMaxSubmitJobLimit", "until some of yours have ended")


def test_a_queue_that_is_full(with_accounts, study, tmp_path, monkeypatch):
    monkeypatch.setattr("slurm.commands.PAUSES", (0.1,))
    with_accounts.call("sbatch", "--hold", "--array=0-11", "--mem=9", "-o/dev/null", stdin=WAITS)
    with_accounts.call("sbatch", "--hold", "--array=0-4", "--mem=9", "-o/dev/null", stdin=WAITS)
    store = tmp_path / "x.zarr"
    said = submit(study, store, "execution.jobs=4", "execution.memory=9M")
    refused(said, "execution.jobs (4): SLURM says", "the queue of this cluster is full")
    assert not store.exists()


WAITS = "#!/bin/bash\nsleep 100\n"


def test_longer_arrays_than_the_site_takes_are_cut(with_accounts, tmp_path):
    study = write(tmp_path, n=40, block=1)
    said = submit(study, tmp_path / "x.zarr", "execution.jobs=30", "execution.extra=['--hold']")
    assert said.code == 0, said.err
    assert json.loads(said.out)["tasks"] == 12
    assert "12 jobs instead of 30: the site's MaxArraySize" in said.err


def test_a_qos_whose_jobs_are_shorter(with_accounts, study, tmp_path):
    store = tmp_path / "x.zarr"
    submitted(study, store, "execution.qos=brief", "execution.time=10")
    seen = wait_for(lambda: (s := status(store)).get("queue") and s, "it waits")
    assert seen["jobs"] == {"PENDING": 1}
    assert "QOSMaxWallDurationPerJobLimit" in seen["queue"]
    assert "will never start; cancel, ask for less" in seen["queue"]


@pytest.mark.skipif(not slurm_accounts.confines(), reason="no memory cgroup of version 1 here")
def test_a_member_that_takes_all_memory(with_accounts, study, tmp_path):
    store = tmp_path / "x.zarr"
    setup = "execution.setup=['export MISBEHAVE=memory=2']"
    submitted(study, store, setup)
    done = complete(store)
    assert done["members"] == {"ok": 3, "crashed": 1}
    (case,) = done["quarantine"]
    assert "killed by SIGKILL, as its job ran out of its memory of 1,024 MiB" in case
    assert "ask for a larger memory:" in case
    assert "died (killed by SIGKILL, as its job ran out of its memory" in logs(store)
    seen = wait_for(lambda: (s := status(store)).get("ended") and s, "its job has ended")
    assert seen["jobs"] == {"OUT_OF_MEMORY": 1}
    assert seen["ended"].startswith("1 job ended OUT_OF_MEMORY (killed for its memory: ask for mor")


def test_the_end_of_walltime(on_cluster, study, tmp_path):
    store = tmp_path / "x.zarr"
    soon = "execution.setup=['export SLURM_JOB_END_TIME=$(($(date +%s) + 5))']"
    submitted(study, store, soon)
    says = r"worker \d+ leaves: its job ends in \d s, and one more block may need 10 s; `soilsweep"
    wait_for(lambda: re.search(says, logs(store)), "a worker has left")
    assert status(store)["blocks"]["done"] == 0


def test_held_requeued_and_released(on_cluster, study, tmp_path):
    store = tmp_path / "x.zarr"
    job = submitted(study, store, "execution.setup=['export MISBEHAVE_SECONDS=0.3']")
    wait_for(lambda: status(store)["blocks"]["done"], "it runs")
    on_cluster.call("scontrol", "requeuehold", str(job))

    def waits():
        seen = status(store)
        return seen["jobs"] == {"PENDING": 1} and seen["queue"]

    says = wait_for(waits, "it waits")
    assert "was requeued and held: scontrol show job says why and where" in says
    assert "then scontrol release" in says
    # A requeued job waits until the credential of its first start has expired.
    on_cluster.call("scontrol", "release", str(job))
    complete(store)


def test_a_node_that_goes_down(on_cluster, study, tmp_path):
    store = tmp_path / "x.zarr"
    submitted(study, store, "execution.setup=['export MISBEHAVE_SECONDS=0.5']")
    wait_for(lambda: status(store)["blocks"]["done"], "it runs")
    (node,) = on_cluster.call("squeue", "-h", "-t", "R", "-o", "%N").split()
    on_cluster.kill_node(node)
    try:
        wait_for(lambda: status(store)["jobs"] == {"PENDING": 1}, "it is requeued")
        complete(store)
    finally:
        on_cluster.start_node(node)
    assert farming.digest(store)


def test_watching_ends_when_all_is_cancelled(on_cluster, study, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "IDLE_SECONDS", 0.0)
    store = tmp_path / "my x.zarr"
    submitted(study, store, "execution.extra=['--hold']")
    assert soilsweep("cancel", store).code == 0
    said = soilsweep("status", store, "--watch")
    assert said.code == 75
    assert said.err.count("\n") == 1
    assert "nobody works on it any more; its jobs have ended. Go on with" in said.err
    assert f"here: soilsweep worker '{store}'" in said.err
    assert f"logs are in '{store}/logs'" in said.err
    assert re.search(r"jobs +1 CANCELLED", said.out)


BANNER = """#!/bin/sh
echo '*** Maintenance on 2026-12-24, job 7 | call 5 | 6 | 7 | 8 | 9 ***'
echo 20261224
echo 'module: warning: nothing loaded' >&2
exec {real} "$@"
"""


def test_lines_of_the_site_s_own_are_no_answers(on_cluster, study, tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sbatch", "squeue", "scontrol", "scancel", "sinfo"):
        (folder / name).write_text(BANNER.format(real=shutil.which(name)))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    store = tmp_path / "x.zarr"
    job = submitted(study, store, "execution.extra=['--hold']")
    assert job < 20261224
    assert status(store)["jobs"] == {"PENDING": 1}
    said = soilsweep("cancel", store)
    assert said.out == f"cancelled: {job}\n"
    words = ("--quiet", "--set", JOB)
    said = soilsweep("run", study, "--store", store, *words)
    assert (said.code, said.err) == (0, "")
    assert len(list((store / "jobs").iterdir())) == 2
    refused(submit(study, tmp_path / "y.zarr", "execution.constraint=gpu"), "execution.constraint")
