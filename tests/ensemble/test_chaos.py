"""SIGKILL at random moments, the same command again: the bytes of an undisturbed run."""

import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from farming import EXCLUDE

from ensemble.store.reading import read

KILLS = 100

# 320 short blocks: most of a run is commits, and a kill is likely to fall into one.
SETTINGS = ["block.sample=250", "forcing.n=8", EXCLUDE]


def command(store):
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    program = [sys.executable, "-c", "from ensemble.commands.app import main; main()"]
    return [*program, "run", "tau-constraint", "--store", str(store), "--quiet", *settings]


def visible(path):
    """Return everything a reader sees; journals and notes differ from run to run."""
    return {
        str(f.relative_to(path)): f.read_bytes()
        for f in path.rglob("*")
        if f.is_file() and f.relative_to(path).parts[0] not in ("journal", "inflight", "lock")
    }


def start(store):
    with open(store.with_suffix(".log"), "w") as log:
        return subprocess.Popen(command(store), stderr=log)


def said(store):
    return store.with_suffix(".log").read_text()


def wait_for_a_journal(store, process):
    """Return once this process has committed its first block, or has ended."""
    mine = f"*-{process.pid}-*.jsonl"
    while process.poll() is None and not list(store.glob(f"journal/{mine}")):
        time.sleep(0.002)


@pytest.mark.slow
@pytest.mark.chaos
def test_killed_at_random_moments_and_run_again_gives_the_same_bytes(tmp_path):
    begun = time.monotonic()
    undisturbed = tmp_path / "undisturbed.zarr"
    first = start(undisturbed)
    assert first.wait() == 0, said(undisturbed)
    longest = time.monotonic() - begun
    expected, digest = visible(undisturbed), read(undisturbed).digest()

    draw = random.Random(20221111)
    store, kills, finished, partial = tmp_path / "killed.zarr", 0, 0, set()
    while kills < KILLS:
        process = start(store)
        if draw.random() < 0.7:
            wait_for_a_journal(store, process)
            patience = draw.uniform(0.0, 0.3)
        else:
            patience = draw.uniform(0.1, longest)
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            partial.add(len(read(store).committed()) if store.exists() else -1)
            continue
        assert process.returncode == 0, said(store)
        finished += 1
        assert read(store).digest() == digest
        shutil.rmtree(store)

    last = start(store)
    assert last.wait() == 0, said(store)
    assert read(store).digest() == digest
    assert visible(store) == expected
    assert {f.name for f in tmp_path.glob("*.zarr")} == {"undisturbed.zarr", "killed.zarr"}
    assert not list(tmp_path.glob(".*"))
    print(f"{kills} kills, {finished} runs that got through, committed then: {sorted(partial)}")
