"""The process that watches over ``run``: what it is told, it passes on; what it sees, it mends."""

import os
import signal
from pathlib import Path

import farming
import pytest
from misbehaving.scenario import write
from waiting import PATIENCE, ended, wait_for

LONG = {"MISBEHAVE_SECONDS": "0.2"}


ALONE, PROCESSES = "{backend: local, workers: 1}", "{workers: 2, workers_are: processes}"


def children_of(pid):
    """Return the processes that a process has started."""
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def running(tmp_path, execution=ALONE, **more):
    """Start a run of some seconds; return it, its child and the store, after its first commit."""
    store = tmp_path / "run.zarr"
    scenario = write(tmp_path, n=2000, block=100, execution=execution)
    process = farming.start(farming.command("run", scenario, "--store", store), **LONG, **more)

    def begun():
        assert process.poll() is None, process.communicate()
        return list(store.glob("journal/*.jsonl"))

    wait_for(begun, "the first commit", every=0.01)
    (child,) = children_of(process.pid)
    return process, child, store


@pytest.mark.parametrize("execution", [ALONE, PROCESSES])
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_request_to_stop_ends_after_the_running_block(tmp_path, number, execution):
    process, child, _ = running(tmp_path, execution)
    others = children_of(child)
    assert len(others) == (execution == PROCESSES)
    # Ctrl-C is sent to both by the terminal, SIGTERM by a batch system to the parent.
    for pid in (process.pid, child) if number == signal.SIGINT else (process.pid,):
        os.kill(pid, number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 75, err
    assert "Go on with" in err
    assert "died" not in err
    wait_for(lambda: all(map(ended, [child, *others])), "its child has ended, and what it started")


@pytest.mark.parametrize("execution", [ALONE, PROCESSES])
def test_nothing_runs_on_when_it_is_killed(tmp_path, execution):
    process, child, _ = running(tmp_path, execution)
    others = children_of(child)
    process.kill()
    process.communicate()
    wait_for(lambda: all(map(ended, [child, *others])), "its child has ended, and what it started")


def test_killed_for_good_it_ends_as_it_was_killed(tmp_path):
    """SIGKILL is nobody's fault: out of memory, an administrator. It is not started again."""
    process, child, _ = running(tmp_path)
    os.kill(child, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGSEGV, marks=pytest.mark.slow),
        pytest.param(signal.SIGABRT, marks=pytest.mark.slow),
    ],
)
def test_after_a_crash_a_new_process_goes_on(tmp_path, number):
    process, child, store = running(tmp_path)
    os.kill(child, number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert f"died ({number.name}); going on" in err
    assert len(list((store / "journal").iterdir())) >= 2
    assert not (store / "quarantine").exists()


def test_exit_codes_are_passed_on(tmp_path):
    assert farming.call("run", "no-such-scenario")[0] == 2
