"""``status --watch``: it redraws on a terminal, and ends when the run is done or left alone."""

import json
import os
import pty
import re
import subprocess
from functools import partial

import farming
import pytest
from commandline import soilsweep
from misbehaving.scenario import write
from waiting import PATIENCE, wait_for

import scenarios
from ensemble.commands import watching
from ensemble.runs import submit as submitting
from ensemble.store.lock import locked
from ensemble.store.reading import read
from slurm import commands, limits, queue

BLOCKS = 12


@pytest.fixture
def running(tmp_path):
    """A local run of some seconds, and its store."""
    file = write(tmp_path, n=BLOCKS, block=1, execution="{backend: local, workers: 1}")
    store = tmp_path / "run.zarr"
    process = farming.start(
        farming.command("run", file, "--store", store, "-q"), MISBEHAVE_SECONDS="0.4"
    )
    wait_for(lambda: list(store.glob("journal/*.jsonl")) or process.poll(), "it begins")
    yield store
    process.kill()
    process.communicate()


@pytest.fixture
def left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(watching, "SHORTEST", 0.01)
    return farming.create_of(scenarios.load(write(tmp_path, n=4, block=1)), tmp_path / "x.zarr")


def on_a_terminal(*words):
    """Run a command whose output is a terminal; return its exit code and all that was drawn."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        farming.command(*words),
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=farming.environment(TERM="xterm", COLUMNS="200"),
    )
    os.close(theirs)
    drawn = b""
    try:
        while part := os.read(ours, 65536):
            drawn += part
    except OSError:  # How a terminal says that its other side is closed.
        pass
    _, err = process.communicate(timeout=PATIENCE)
    os.close(ours)
    return process.returncode, drawn.decode(), err.decode()


@pytest.mark.slow
def test_on_a_terminal_it_is_redrawn_until_the_run_is_complete(running):
    code, drawn, err = on_a_terminal("status", running, "--watch")
    assert code == 0, err
    looks = drawn.count("digest")
    assert looks > 1
    # Each look but the first begins where the one before began.
    lines = drawn.rpartition("\x1b[2K")[2].count("\n")
    assert drawn.count("\x1b[1A") >= (looks - 1) * (lines - 1) > 0
    last = drawn.rpartition("\x1b[2K")[2]
    assert re.search(rf"state +complete, {BLOCKS} blocks", last)


@pytest.mark.slow
def test_elsewhere_what_has_changed_is_printed_below(running):
    code, out, err = farming.call("status", running, "--watch")
    assert code == 0, err
    assert "\x1b" not in out
    looks = out.split("\n\n")
    assert len(looks) > 1
    assert len(set(looks)) == len(looks)
    assert re.search(r"running +process \d+ on .*, 1 worker\n", looks[0])
    assert re.search(rf"state +running, \d+ of {BLOCKS} blocks", looks[0])
    assert re.search(r"running +nobody", looks[-1])


def test_a_run_that_nobody_runs_is_not_waited_for(left_alone):
    said = soilsweep("status", left_alone.path, "--watch")
    assert said.code == 75
    assert said.err == (
        "nobody works on it any more; the command that began it goes on, or here: "
        f"soilsweep worker {left_alone.path}\n"
    )
    assert re.search(r"running +nobody", said.out)


def test_for_programs_each_look_is_a_document(left_alone):
    said = soilsweep("status", left_alone.path, "--watch", "--json")
    first, _ = json.JSONDecoder().raw_decode(said.out)
    assert first["complete"] is False
    assert first["running"] == ""


def test_who_runs_it_is_named(left_alone):
    with locked(read(left_alone.path)):
        said = soilsweep("status", left_alone.path)
    assert re.search(rf"running +process {os.getpid()} on ", said.out)


@pytest.mark.parametrize("answer", ["sleep 5", "echo no controller >&2; exit 1"])
def test_a_cluster_that_never_answers_is_not_waited_for(left_alone, tmp_path, monkeypatch, answer):
    """Programs that hang or fail stand for SLURM's: the real ones answer."""
    (tmp_path / "bin").mkdir()
    for name in ("squeue", "scontrol"):
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{answer}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(watching, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(queue, "ask", partial(commands.call, seconds=0.2))
    monkeypatch.setattr(limits, "ask", partial(commands.call, seconds=0.2))
    submitting.remember(left_alone, 41, submitting.ARRAY)
    said = soilsweep("status", left_alone.path, "--watch")
    assert said.code == 75
    assert re.fullmatch(
        r"SLURM has not answered for \d+ minutes, and nobody else is seen to work on it: whether "
        r"its jobs wait or run is not known. Ask with: squeue -t all -j 41; while they do, watch "
        rf"again. Go on with .*: soilsweep worker {left_alone.path}; its jobs' logs are in .*\n",
        said.err,
    )


@pytest.mark.parametrize("silent", [0.0, 299.0, 301.0])
def test_an_old_answer_is_believed_for_some_minutes(silent):
    found = {"running": "", "workers": 0, "jobs": {"RUNNING": 1}, "queue": "an older answer: ..."}
    assert watching.at_work(found, silent) is (silent < 300)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, False),
        ({"running": "process 1 on host"}, True),
        ({"workers": 2}, True),
        ({"jobs": {"PENDING": 1, "COMPLETED": 3}}, True),
        ({"jobs": {"COMPLETED": 3, "TIMEOUT": 1}}, False),
        ({"jobs": {"none in the queue": 0}}, False),
        ({"queue": "squeue -h gave no answer within 60 s"}, True),
    ],
)
def test_who_may_still_go_on(found, expected):
    assert watching.at_work({"running": "", "workers": 0, **found}) is expected
