"""A worker that was stopped in the middle of a commit wakes when the store has gone on without it.

A frozen node, on a file system without locks across nodes: the others take its claim for a dead
one's, finish the run, and somebody extends it. What it still writes must count nowhere.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import farming
import pytest
from commandline import members
from distributed import Client
from extended import from_the_start, text
from slurm_cluster import wait_for
from support import load

import ensemble
from ensemble.errors import DONE, RESUMABLE
from ensemble.runs.extend import extend
from ensemble.runs.verify import verify
from ensemble.store.exchange import discard
from ensemble.store.folders import Folder
from ensemble.store.journal import as_line
from ensemble.store.reading import read
from slurm import queue
from slurm.jobs import submit
from slurm.resources import Resources
from slurm.script import batch_script

POINTS = ("open", "rename", "line", "after")
LAST = (0, 0, 3)
"""The last, cut block of the first forcing: 20 trajectories of 3 rows in blocks of 18 rows."""

WORDS = text("morris", more="block: {sample: 18}")


def pulling_command(store):
    """Return an independent worker without a parent that would hold the lock of this host."""
    terms = {"sync": False, "hang_seconds": 60.0, "stale": 1.0}
    task = {"path": str(store), "index": 0, "terms": terms, "settle": []}
    return [sys.executable, "-m", "ensemble.farming.independent", json.dumps(task)]


def pulling(store, **more):
    return farming.start(pulling_command(store), **more)


def stopped_at(point, tmp_path):
    """Return the environment of processes of which the first that comes to a point is stopped."""
    chunk = ".".join(["c", *map(str, LAST)])
    path = os.pathsep.join(
        [str(farming.ROOT / "tests" / "late"), farming.environment()["PYTHONPATH"]]
    )
    stop = f"{point}:{chunk}:{tmp_path / 'stopped'}"
    return {"PYTHONPATH": path, "SOILSWEEP_STOP": stop}


def wait_until_stopped(tmp_path):
    """Return the process that has been stopped."""
    file = tmp_path / "stopped"
    wait_for(lambda: file.exists() and file.read_text(), "a process is stopped", 60)
    process = int(file.read_text())
    wait_for(lambda: state(process) == "T", "it stands still", 10)
    return process


def finish(process, seconds=60):
    """Wait for the end of a process; return (exit code, output, errors)."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return process.returncode, out, err


def state(process):
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def create(tmp_path):
    planned = ensemble.plan(load(tmp_path, WORDS), store=tmp_path / "run.zarr")
    return farming.create_of(planned.scenario, planned.path).path


def go_on_without(process, store, *, extended=True):
    """Let others finish the run, and extend it, while a process stands still; wake it."""
    try:
        code, _, said = finish(pulling(store))
        assert code == DONE, said
        if extended:
            assert extend(store, until=1e-9, most=40).complete
    finally:
        os.kill(process, signal.SIGCONT)


def as_from_the_start(tmp_path, store):
    """Check that a store is whole, and that of a run which nobody disturbed."""
    found = verify(read(store))
    assert not found.damage
    assert members(store) == members(from_the_start(tmp_path, store))


LONG = [(p, e) for p in POINTS for e in (False, True) if (p, e) != ("rename", True)]


@pytest.mark.parametrize(
    ("point", "extended"),
    [("rename", True), *(pytest.param(*case, marks=pytest.mark.slow) for case in LONG)],
)
def test_what_a_late_worker_writes_counts_nowhere(tmp_path, point, extended):
    store = create(tmp_path)
    late = pulling(store, **stopped_at(point, tmp_path))
    try:
        go_on_without(wait_until_stopped(tmp_path), store, extended=extended)
    finally:
        code, _, said = finish(late)
    assert code in ((DONE, RESUMABLE) if extended else (DONE,)), said
    if code == RESUMABLE:
        assert said.count("\n") == 1, said
        assert "extended, moved or removed while this process stood still" in said
    as_from_the_start(tmp_path, store)


@pytest.mark.slow
def test_what_a_late_dask_worker_writes_counts_nowhere(tmp_path):
    """Its driver is killed meanwhile; the cluster is somebody's and lives on."""
    store, file = create(tmp_path), tmp_path / "scheduler.json"
    where = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = [*farming.DASK, "scheduler", "--host", "127.0.0.1", "--port", "0", *where]
    worker = [*farming.DASK, "worker", "--nthreads", "1", "--no-nanny", *where]
    (tmp_path / "s.yaml").write_text(WORDS)
    execution = f"execution={{backend: dask, scheduler_file: {file}}}"
    run = farming.command("run", tmp_path / "s.yaml", "--store", store, "--set", execution)
    there = [farming.start(scheduler), farming.start(worker, **stopped_at("rename", tmp_path))]
    try:
        wait_for(file.exists, "a scheduler is there", 60)
        driver = farming.start(run)
        there.append(driver)
        process = wait_until_stopped(tmp_path)
        assert process == there[1].pid
        driver.kill()
        driver.wait()
        go_on_without(process, store)
        with Client(scheduler_file=str(file)) as client:
            # It has one thread, so this comes after the block it was in.
            assert client.submit(os.getpid, pure=False).result(60) == process
    finally:
        for one in there:
            one.kill()
            one.wait()
            one.stdout.close()
            one.stderr.close()
    as_from_the_start(tmp_path, store)


@pytest.mark.slurm
def test_what_a_late_slurm_job_writes_counts_nowhere(on_cluster, tmp_path):
    """On a node of its own: no other sees the lock that its parent would hold."""
    store = create(tmp_path)
    setup = [f"export {k}={shlex.quote(v)}" for k, v in stopped_at("rename", tmp_path).items()]
    asked = Resources(time="10", memory="1GiB", setup=tuple(setup))
    job = submit(batch_script(asked, pulling_command(store), name="late", log=tmp_path))
    go_on_without(wait_until_stopped(tmp_path), store)
    wait_for(lambda: all(one.ended for one in queue.read([job])), "the job has ended", 60)
    log = (tmp_path / f"{job}.log").read_text().splitlines()
    # The first job of a clone may compile, and says so.
    said = [line for line in log if not line.startswith("compil")]
    assert len(said) <= 1, said
    as_from_the_start(tmp_path, store)


def test_a_late_writer_does_not_hinder_that_its_store_is_removed(tmp_path, monkeypatch):
    """It writes three more files, each into a folder that has just been emptied."""
    left = tmp_path / ".run.zarr.shorter"
    (left / "scratch").mkdir(parents=True)
    folder, rmdir, names = Folder.at(left).folder("scratch"), os.rmdir, iter("123")

    def late(name, **ends):
        if name == "scratch" and (chunk := next(names, "")):
            folder.write(chunk, b"late", sync=False)
        rmdir(name, **ends)

    monkeypatch.setattr(os, "rmdir", late)
    discard(tmp_path / "run.zarr", left)
    assert next(names, "") == ""
    assert list(tmp_path.iterdir()) == []


def test_lines_of_a_late_worker_do_not_return_with_the_next_extension(tmp_path):
    planned = ensemble.plan(load(tmp_path, WORDS), store=tmp_path / "run.zarr")
    store = ensemble.run(planned).path
    assert extend(store, until=1e-9, most=25).complete
    opened = read(store)
    entry = opened.committed()[0, 0, 0]
    # As an older version would have written it, which knows of no generation.
    start, line = (
        {"start": {"host": "late", "time": 1.0}},
        {"block": [0, 0, 0], "status": {"0": 18}},
    )
    line |= {"checksums": {**entry.checksums, "d_soil": "00000000"}, "seconds": 0, "attempt": 1}
    opened.journal.write("late-1-1.jsonl", as_line(start) + as_line(line), sync=False)
    assert extend(store, until=1e-9, most=40).complete
    assert not verify(read(store)).damage
    assert members(store) == members(from_the_start(tmp_path, store))
