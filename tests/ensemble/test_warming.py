"""Compiling before the first block: no member runs, and one process of each kind does it."""

import subprocess
import sys
import threading
import time

import farming
import pytest
from misbehaving.scenario import write

import scenarios
from ensemble.farming import compiling as warming
from ensemble.farming.claims import worker_name
from ensemble.farming.compiling import compile_once
from ensemble.members.reopening import open_work


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A store whose every member would end this process."""
    monkeypatch.setenv("MISBEHAVE", "segfault=" + "+".join(map(str, [0.1, *range(4)])))
    store = farming.create_of(scenarios.load(write(tmp_path, n=4, block=4)), tmp_path / "run.zarr")
    return store, open_work(store)


def marks(store, word):
    return list((store.path / "scratch").glob(f"{word}-*"))


def test_no_member_runs(opened):
    compile_once(*opened)
    assert marks(opened[0], "compiled")


def test_what_one_compiles_the_others_find(opened):
    store, work = opened
    compile_once(store, work)
    (busy,) = marks(store, "compiling")
    (done,) = marks(store, "compiled")
    done.unlink()
    busy.write_text(worker_name(0))
    threading.Timer(0.5, done.touch).start()
    begun = time.monotonic()
    compile_once(store, work)
    assert time.monotonic() - begun >= 0.45


def test_one_that_died_is_not_waited_for(opened):
    store, work = opened
    compile_once(store, work)
    (busy,) = marks(store, "compiling")
    (done,) = marks(store, "compiled")
    done.unlink()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, *rest = busy.read_text().rsplit("-", 3)
    busy.write_text("-".join([host, str(ended.pid), *rest]))
    begun = time.monotonic()
    compile_once(store, work)
    assert time.monotonic() - begun < warming.PATIENCE_SECONDS
