"""The room against a real SLURM of three nodes; nothing here is pretended."""

import itertools
import json
import shlex
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from slurm_cluster import environments, missing, running
from waiting import wait_for

from slurm import limits, queue
from slurm.commands import SlurmError, call, epoch
from slurm.jobs import cancel, submit
from slurm.queue import counts, why_pending
from slurm.resources import Resources
from slurm.script import batch_script

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("on_cluster")]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(tmp_path):
    """Return ``script(*command, array=None, **resources)``, with its logs in `tmp_path`."""

    def write(*command, array=None, name="test", **resources):
        asked = Resources(**{"time": "10", "memory": "100M", **resources})
        return batch_script(asked, command, name=name, log=tmp_path, array=array)

    return write


def states(job):
    return counts(queue.read([job]))


def until(job, expected, seconds=20):
    wait_for(lambda: states(job) == expected, f"job {job} is {expected}", seconds)


def test_an_array_from_held_to_ended(script, tmp_path):
    text = script("bash", "-c", "echo task $SLURM_ARRAY_TASK_ID; sleep 2", array=3)
    job = submit(text, "--hold")
    until(job, {"PENDING": 3})
    assert "3 jobs wait (JobHeldUser, held by its owner" in why_pending(queue.read([job]))
    call("scontrol", "release", str(job))
    until(job, {"RUNNING": 3})
    found = queue.read([job])
    assert [task.task for task in found] == [0, 1, 2]
    assert {task.end - task.start for task in found} == {600}
    assert {task.nodes for task in found} <= {"n1", "n2", "n3"}
    until(job, {"COMPLETED": 3})
    assert all(task.ended for task in queue.read([job]))
    assert [(tmp_path / f"{job}_{i}.log").read_text() for i in range(3)] == [
        f"task {i}\n" for i in range(3)
    ]


ENDS = """
import json, os, subprocess
from slurm.walltime import Walltime, asked_end, job_end
job = os.environ["SLURM_JOB_ID"]
# An update of the last task by its number alone would be one of all tasks.
task = os.environ["SLURM_ARRAY_JOB_ID"] + "_" + os.environ["SLURM_ARRAY_TASK_ID"]
shown = subprocess.run(["scontrol", "show", "job", "-o", job], capture_output=True, text=True)
found = {"job": job, "first": job_end(), "shown": shown.stdout, "left": Walltime().left()}
subprocess.run(["scontrol", "update", "jobid=" + task, "timelimit=30"], check=True)
print(json.dumps({**found, "later": asked_end()}))
"""


def test_a_job_knows_its_end(script, tmp_path):
    (tmp_path / "ends.py").write_text(textwrap.dedent(ENDS))
    setup = (f"export PYTHONPATH={shlex.quote(str(ROOT))}",)
    text = script(sys.executable, str(tmp_path / "ends.py"), array=2, setup=setup)
    job = submit(text)
    until(job, {"COMPLETED": 2})
    for task in range(2):
        found = json.loads((tmp_path / f"{job}_{task}.log").read_text())
        (line,) = (s for s in found["shown"].splitlines() if s.startswith(f"JobId={found['job']} "))
        shown = dict(word.partition("=")[::2] for word in line.split())
        assert found["first"] == epoch(shown["EndTime"]) == epoch(shown["StartTime"]) + 600
        assert 590 < found["left"] <= 600
        assert found["later"] == found["first"] + 20 * 60


def test_cancelling_lets_the_command_end_itself(script, tmp_path):
    job = submit(script("bash", "-c", "trap 'echo stopped; exit' TERM; while :; do sleep .1; done"))
    until(job, {"RUNNING": 1})
    wait_for(lambda: (tmp_path / f"{job}.log").exists(), "the job has begun")
    cancel([job])
    until(job, {"CANCELLED": 1})
    assert "stopped\n" in (tmp_path / f"{job}.log").read_text()
    cancel([job, 999_999])


AGAIN = (
    'echo start ${SLURM_RESTART_COUNT:-0} $SLURMD_NODENAME; [ "$SLURM_RESTART_COUNT" ] || sleep 99'
)


@pytest.mark.parametrize("how", ["requeued by hand", "node dead"])
def test_a_job_starts_again(how, script, tmp_path, on_cluster):
    job = submit(script("bash", "-c", AGAIN))
    log = tmp_path / f"{job}.log"
    wait_for(lambda: log.exists() and log.read_text(), "the job has begun")
    node = queue.read([job])[0].nodes
    if how == "node dead":
        on_cluster.kill_node(node)
        assert on_cluster.state(node).startswith("down")
        assert node not in processes_by_node(on_cluster)
    else:
        call("scontrol", "requeue", str(job))
    wait_for(lambda: states(job) == {"PENDING": 1}, "the job waits again")
    until(job, {"COMPLETED": 1})
    lines = [line.split() for line in log.read_text().splitlines() if line.startswith("start")]
    assert [line[1] for line in lines] == ["0", "1"]
    if how == "node dead":
        assert lines[1][2] != node
        on_cluster.start_node(node)
        assert on_cluster.state(node) == "idle"


def processes_by_node(cluster):
    return {
        found.get("SLURM_TEST_NODE") or found.get("SLURMD_NODENAME")
        for _, found in environments()
        if found.get("SLURM_CONF") == cluster.environment["SLURM_CONF"]
    }


def test_a_controller_that_restarts_is_waited_for(script, on_cluster):
    job = submit(script("sleep", "60"))
    until(job, {"RUNNING": 1})
    on_cluster.stop_controller()
    back = threading.Timer(1, on_cluster.start_controller)
    back.start()
    try:
        assert states(job) == {"RUNNING": 1}
    finally:
        back.join()


def test_limits(script):
    found = limits.read()
    assert (found.cluster, found.kill_wait, found.accounting) == ("test", 2, False)
    assert (limits.max_minutes(), limits.max_minutes("short")) == (None, 30)
    with pytest.raises(SlurmError, match="no partition nope; available: debug, short"):
        limits.max_minutes("nope")
    most = limits.array_tasks(10**9, found)
    job = submit(script("true", array=most), "--hold")
    assert states(job) == {"PENDING": most}
    with pytest.raises(SlurmError, match="Invalid job array specification"):
        submit(script("true", array=most + 1), "--hold")


def test_odd_words_reach_slurm_unchanged(script):
    name = 'it\'s odd # "name" a\\b'
    job = submit(script("true", name=name, extra=("--comment=a 'b' # c",)), "--hold")
    assert call("squeue", "-h", "-j", str(job), "-o", "%j|%k").strip() == f"{name}|a 'b' # c"


def test_long_ids_are_not_cut(script):
    wanted = list(itertools.accumulate(range(1, 45)))
    job = submit(script("true"), "--hold", f"--array={','.join(map(str, wanted))}")
    assert [task.task for task in queue.read([job])] == wanted


def test_unknown_jobs_are_not_there(script):
    assert queue.read([999_998]) == []
    job = submit(script("true"), "--hold")
    assert [found.id for found in queue.read([job, 999_998])] == [job]


def test_two_clusters_side_by_side_and_nothing_stays(on_cluster, tmp_path):
    with running(nodes=1) as second:
        assert processes_by_node(second) >= {"controller", "n1"}
        second.call("sbatch", f"--output={tmp_path}/%j.log", "--wrap", "sleep 99")
        wait_for(lambda: second.call("squeue", "-h", "-t", "R"), "the job runs")
        assert not on_cluster.call("squeue", "-h")
    assert processes_by_node(second) == set()
    assert not second.folder.exists()


def test_where_there_is_no_slurm_the_reason_is_said(monkeypatch):
    assert missing() == ""
    with monkeypatch.context() as patch:
        patch.setattr("slurm_cluster.PATH", "/nowhere")
        assert "slurmctld, slurmd" in missing()
