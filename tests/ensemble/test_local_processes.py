"""Workers of a local run in processes: chosen by what there is to do, watched, the same bytes."""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import farming
import numpy as np
import pytest
from commandline import soilsweep
from models import counting
from support import SMALL

from ensemble.errors import PlanError, StoppedEarly
from ensemble.farming.backends import local
from ensemble.farming.farm import Watcher, run_work
from ensemble.farming.opening import join
from ensemble.store.reading import read
from scenarios.execution import of_section

WHOLE = (40 * np.arange(6)[:, None] + np.arange(40)) ** 2
PROCESSES = {"workers": 2, "workers_are": "processes"}


@pytest.fixture
def store(tmp_path):
    return counting.make(tmp_path / "squares.zarr")


def run(store, words=PROCESSES, **watched):
    """Run the blocks of a store; return what is committed."""
    asked = words.get("workers", 0)
    watcher = Watcher(**watched)
    return run_work(store, join(store), of_section(words), watcher, workers=asked)[0]


def journals(store):
    return sorted((store.path / "journal").iterdir())


@pytest.fixture
def started():
    """A function that returns the living processes that this one has started in the test."""
    file = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children")
    before = set(file.read_text().split())
    return lambda: [int(word) for word in file.read_text().split() if word not in before]


def test_the_bytes_are_those_of_one_worker(tmp_path):
    one, three = tmp_path / "one.zarr", tmp_path / "three.zarr"
    digest = farming.run(one, "execution.workers=1")
    assert farming.run(three, backend="{workers: 3, workers_are: processes}") == digest
    assert farming.visible(three) == farming.visible(one)
    blocks = [len(f.read_text().splitlines()) - 1 for f in (three / "journal").iterdir()]
    assert sum(blocks) == farming.BLOCKS, "some blocks ran twice"


def test_both_processes_run_blocks_and_every_one_is_told(store, monkeypatch):
    monkeypatch.setenv("COUNTING_SECONDS", "0.5")
    told, said = [], []
    committed = run(store, progress=lambda *now: told.append(now[:2]), say=said.append)
    assert len(committed) == 12
    assert told == [(n, 12) for n in range(1, 13)]
    assert said == ["2 workers, as processes"]
    assert len(journals(store)) == 2
    np.testing.assert_array_equal(store.read_whole("square"), WHOLE)


SCRIPT = """
import sys
sys.path[:0] = sys.argv[2:]
import os
from pathlib import Path
from ensemble.farming.farm import run_work
from ensemble.store.reading import read
from models import counting
from scenarios.execution import of_section

print("once")
os.environ["COUNTING_SECONDS"] = "0.4"
store = counting.make(Path(sys.argv[1]))
words = of_section({"workers": 2, "workers_are": "processes"})
run_work(store, counting.join(store), words, workers=2)
"""


@pytest.mark.parametrize("how", [(), ("-P",), ("-c",), ("-I",)], ids=str)
def test_a_script_without_a_guard_whose_modules_only_it_finds(tmp_path, how):
    """Nothing of it runs twice, and processes find modules where it has said."""
    path, script = tmp_path / "squares.zarr", tmp_path / "script.py"
    script.write_text(SCRIPT)
    program = ("-c", SCRIPT) if how == ("-c",) else (*how, script)
    folders = (farming.ROOT, farming.ROOT / "tests")
    words = [sys.executable, *program, path, *folders]
    alone = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, words)), cwd=tmp_path, env=alone, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "once\n"), done.stderr
    found = read(path)
    np.testing.assert_array_equal(found.read_whole("square"), WHOLE)
    assert len(journals(found)) == 2


def test_one_that_is_killed_is_replaced(store, monkeypatch, started):
    monkeypatch.setenv("COUNTING_SECONDS", "0.5")
    said, killed = [], []

    def kill(*now):
        # Once it has a journal it has committed a block, and is in another.
        if len(journals(store)) == 2 and not killed:
            killed.extend(started())
            os.kill(killed[0], signal.SIGKILL)

    assert len(run(store, progress=kill, say=said.append)) == 12
    assert len(killed) == 1
    assert any(f"worker {killed[0]} died (killed by SIGKILL) in [" in text for text in said)
    np.testing.assert_array_equal(store.read_whole("square"), WHOLE)
    assert not (store.path / "quarantine").exists()
    assert not list((store.path / "inflight").iterdir())


def test_where_the_system_starts_no_more_those_that_began_are_ended(store, monkeypatch, started):
    files = [tempfile.TemporaryFile()]

    def no_more():
        if files:
            return files.pop()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_more)
    monkeypatch.setenv("COUNTING_SECONDS", "0.5")
    with pytest.raises(StoppedEarly, match="Too many open files"):
        run(store, {"workers": 3, "workers_are": "processes"})
    assert not started()
    assert not read(store.path).committed()
    assert not list((store.path / "inflight").iterdir())


def test_where_none_can_start_this_process_runs_all(store, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setenv("COUNTING_SECONDS", "0.1")
    said = []
    assert len(run(store, say=said.append)) == 12
    assert [text.partition(" died ")[2] for text in said[1:]] == ["(exit code 1) in no block"] * 3
    assert len(journals(store)) == 1


def test_one_that_refuses_ends_the_run_with_its_words(store, monkeypatch):
    monkeypatch.setenv("COUNTING_SECONDS", "0.5")
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not p.endswith("tests")])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(PlanError, match=r"the module 'models.counting', which cannot be imported"):
        run(store)
    assert 0 < len(read(store.path).committed()) < 12
    assert not list((store.path / "inflight").iterdir())


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_an_interrupt_in_a_notebook_ends_after_the_running_blocks(
    store, monkeypatch, started, kind
):
    monkeypatch.setenv("COUNTING_SECONDS", "0.4")
    this = threading.get_ident()
    # A notebook's; a process in the background of a shell may have none.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt(done, *_):
        if done == 1:
            signal.pthread_kill(this, signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            run(store, {"workers": 2, "workers_are": kind}, progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(read(store.path).committed()) < 12
    assert not started()
    assert not list((store.path / "inflight").iterdir())


def test_what_is_left_behind_is_no_claim_of_anybody(store):
    """A run has the store to itself: it waits for no worker whose host is gone."""
    claims = store.root.folder("claims", make=True)
    claims.write("0-0", b"elsewhere-1-0-abc", sync=False)
    store.root.folder("workers", make=True).write("elsewhere-1-0-abc", b"{}", sync=False)
    assert len(run(store)) == 12
    assert not (store.path / "claims").exists()


@pytest.mark.parametrize(
    ("words", "workers", "seconds", "apart"),
    [
        ({}, 2, 10.1, True),
        ({}, 2, 9.9, False),
        ({}, 8, 39.0, False),
        ({}, 8, 41.0, True),
        ({}, 1, 1e6, False),
        ({"workers_are": "processes"}, 1, 1e6, False),
        ({"workers_are": "processes"}, 2, 0.0, True),
        ({"workers_are": "threads"}, 2, 1e6, False),
        # More than a quarter of any machine's memory.
        ({}, 100_000_000, 1e12, False),
    ],
)
def test_processes_are_chosen_where_each_has_more_to_do_than_a_start_takes(
    words, workers, seconds, apart
):
    assert local.in_processes(of_section(words), workers, seconds) is apart


def test_a_run_chooses_by_what_is_left(store):
    farm = SimpleNamespace(execution=of_section({"workers": 2}), count=12, work=counting.Counting)
    assert not local.in_processes(farm.execution, 2, farm.count * farm.work.seconds_per_block)


def test_a_plan_says_which_and_counts_their_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SMALL)

    def said(*words):
        words = [word for one in words for word in ("--set", one)]
        return json.loads(soilsweep("plan", "s.yaml", "--json", "--workers", 2, *words).out)

    short, long = said(), said("design.cross.1.n=5000000", "outputs={}")
    assert short["workers"] == "2, as threads"
    assert long["workers"] == "2, as processes"
    same = said("design.cross.1.n=5000000", "outputs={}", "execution.workers_are=threads")
    assert same["workers"] == "2, as threads"
    assert same["memory"] != long["memory"]
