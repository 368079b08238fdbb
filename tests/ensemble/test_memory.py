"""Kills for memory as the system counts them: files as both versions of cgroups write them."""

import signal

import pytest

from ensemble.farming import memory
from ensemble.farming.memory import MemoryWatch

GIB = 2**30
V1 = "oom_kill_disable 0\nunder_oom 0\noom_kill {n}\n"
V2 = "low 0\nhigh 0\nmax 12\noom 1\noom_kill {n}\noom_group_kill 0\n"


@pytest.fixture(params=[1, 2])
def group(request, tmp_path, monkeypatch):
    """Return ``group(kills)``, which writes the files of a job's control group of 1 GiB."""
    tree = tmp_path / "memory" if request.param == 1 else tmp_path
    job = tree / "slurm" / "job_1"
    (job / "task_0").mkdir(parents=True)
    limit, events, text = {
        1: ("memory.limit_in_bytes", "memory.oom_control", V1),
        2: ("memory.max", "memory.events", V2),
    }[request.param]
    (job / limit).write_text(f"{GIB}\n")
    (job / "task_0" / limit).write_text("9223372036854771712\n" if request.param == 1 else "max\n")
    line = "4:memory:/slurm/job_1/task_0\n" if request.param == 1 else "0::/slurm/job_1/task_0\n"
    (tmp_path / "own").write_text(f"9:name=systemd:/\n{line}")
    (tmp_path / "vmstat").write_text("nr_free_pages 7\noom_kill 3\n")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN", tmp_path / "own")
    monkeypatch.setattr(memory, "HOST", tmp_path / "vmstat")

    def write(kills):
        (job / "task_0" / events).write_text(text.format(n=kills))

    write(0)
    return write


def test_a_kill_in_the_job(group):
    watch = MemoryWatch()
    group(1)
    assert watch.explains(-signal.SIGKILL) == (
        ", as its job ran out of its memory of 1,024 MiB; ask for a larger memory:"
    )
    assert watch.explains(-signal.SIGKILL) == ""


def test_a_kill_on_the_host(group, tmp_path):
    watch = MemoryWatch()
    (tmp_path / "vmstat").write_text("oom_kill 4\n")
    assert watch.explains(-signal.SIGKILL).startswith(", as this host ran out of memory;")


@pytest.mark.parametrize("code", [0, 1, -signal.SIGSEGV])
def test_other_ends_are_not_for_memory(group, code):
    watch = MemoryWatch()
    group(1)
    assert watch.explains(code) == ""


def test_where_nothing_is_counted(tmp_path, monkeypatch):
    for name in ("OWN", "HOST"):
        monkeypatch.setattr(memory, name, tmp_path / "absent")
    assert MemoryWatch().explains(-signal.SIGKILL) == ""
