"""Claims by files, with real files and real processes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import farming
import pytest
from waiting import PATIENCE, wait_for

from ensemble.farming import claims
from ensemble.farming.claims import Claims, Heart, is_dead_here, worker_name
from ensemble.store.folders import Folder
from ensemble.store.hosts import here

KEYS = 500
RACERS = 4

NAMES = """
import sys
from ensemble.farming.claims import is_dead_here, worker_name
print(worker_name(0), is_dead_here(sys.argv[1]))
"""

RACER = """
import json, random, sys, time
from pathlib import Path
from ensemble.farming.claims import Claims, Heart, worker_name
from ensemble.store.folders import Folder
store, index, keys = Folder.at(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
heart = Heart(store, worker_name(index), {})
mine = Claims(store, heart)
print("ready", flush=True)
sys.stdin.readline()
got = {}
order = list(range(keys))
# In one order for all, the first to begin would be the first at every key.
random.Random(index).shuffle(order)
for key in order:
    time.sleep(1e-4)
    if how := mine.take((key,)):
        got[key] = how
print(json.dumps(got), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def join(tmp_path):
    """Return ``join(name="")``: claims of one more worker of this process."""
    hearts = []

    def new(name="", **given):
        name = name or worker_name(len(hearts))
        hearts.append(Heart(Folder.at(tmp_path), name, {}))
        return Claims(Folder.at(tmp_path), hearts[-1], **given)

    yield new
    for heart in hearts:
        heart.stop()


def can_unshare():
    """Return whether a process may have a namespace of processes of its own."""
    words = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    return (
        bool(shutil.which("unshare")) and not subprocess.run(words, capture_output=True).returncode
    )


@pytest.fixture
def dead():
    """Return the name of a worker of this host that is gone."""
    process = subprocess.Popen(["true"])
    process.wait()
    return f"{here()}-{process.pid}-0-0"


def race(store, keys=KEYS):
    """Let processes claim the same keys at once; return what each one got, while all live."""
    words = [sys.executable, "-c", RACER, str(store)]
    racers = [
        subprocess.Popen(
            [*words, str(i), str(keys)],
            env=farming.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(RACERS)
    ]
    try:
        assert [r.stdout.readline() for r in racers] == ["ready\n"] * RACERS
        for racer in racers:
            racer.stdin.write("go\n")
            racer.stdin.flush()
        return [json.loads(racer.stdout.readline()) for racer in racers]
    finally:
        for racer in racers:
            racer.communicate("end\n", timeout=PATIENCE)


def path_of(heart):
    return heart.folder.path / heart.name


def claim(store, key, owner):
    (store / "claims").mkdir(exist_ok=True)
    (store / "claims" / str(key)).write_text(owner)


def silent(path, seconds):
    """Let a file look as if it had been touched so long ago."""
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_every_key_goes_to_exactly_one_process(tmp_path):
    got = race(tmp_path)
    assert Counter(int(key) for each in got for key in each) == Counter(range(KEYS))
    assert {how for each in got for how in each.values()} == {"new"}
    assert sum(bool(each) for each in got) > 1, "there was no race"


def test_every_key_of_a_dead_worker_goes_to_exactly_one_process(tmp_path, dead):
    for key in range(KEYS):
        claim(tmp_path, key, dead)
    got = race(tmp_path)
    assert Counter(int(key) for each in got for key in each) == Counter(range(KEYS))
    assert {how for each in got for how in each.values()} == {"inherited"}
    assert sum(bool(each) for each in got) > 1, "there was no race"
    assert not [f for f in (tmp_path / "claims").iterdir() if f.name.startswith(".")]


def test_a_claim_that_was_renewed_meanwhile_is_left_alone(tmp_path, join, dead, monkeypatch):
    """Both see a dead owner; the slower one must not take what the faster one has inherited."""
    fast, slow = join(), join()
    claim(tmp_path, 7, dead)
    alive = slow._alive

    def looks_while_the_other_takes(owner, path):
        found = alive(owner, path)
        assert fast.take((7,)) == "inherited"
        return found

    monkeypatch.setattr(slow, "_alive", looks_while_the_other_takes)
    assert slow.take((7,)) == ""
    assert (tmp_path / "claims" / "7").read_text() == fast.heart.name
    assert len(list((tmp_path / "claims").iterdir())) == 1


def test_who_died_while_inheriting_stops_nobody_for_long(tmp_path, join, dead):
    heir = join()
    claim(tmp_path, 7, dead)
    claim(tmp_path, ".7", heir.heart.name)
    worker = join()
    assert worker.take((7,)) == "", "somebody alive is at it"
    claim(tmp_path, ".7", dead)
    assert worker.take((7,)) == ""
    assert worker.take((7,)) == "inherited"
    assert [f.name for f in (tmp_path / "claims").iterdir()] == ["7"]


def test_a_living_owner_keeps_its_claim(tmp_path, join):
    owner, other = join(), join()
    assert owner.take((1, 2, 3)) == "new"
    assert other.take((1, 2, 3)) == ""
    assert owner.take((1, 2, 3)) == ""
    owner.drop((1, 2, 3))
    owner.drop((1, 2, 3))
    assert other.take((1, 2, 3)) == "new"


def test_a_dead_process_of_this_host_is_inherited_at_once(tmp_path, join, dead):
    # Its heart was touched just now: what counts is that the process is gone.
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / dead).write_text("{}")
    claim(tmp_path, 5, dead)
    assert join().take((5,)) == "inherited"


def test_another_hosts_worker_is_inherited_when_silent_for_long(tmp_path, join):
    # The number of a process that this host does not have says nothing of another's.
    owner = join("elsewhere-999999999-0-0")
    assert owner.take((5,)) == "new"
    other = join(stale=60.0)
    assert other.take((5,)) == ""
    silent(path_of(owner.heart), 50)
    assert other.take((5,)) == ""
    silent(path_of(owner.heart), 61)
    assert other.take((5,)) == "inherited"
    owner.heart.stop()
    assert join().take((5,)) == "", "the heir is alive"
    other.drop((5,))
    claim(tmp_path, 5, "elsewhere-999999999-0-0")
    assert join().take((5,)) == "inherited", "its worker has ended and left the claim"


def test_the_clock_is_the_file_systems(tmp_path, join, monkeypatch):
    """A host whose clock is a day ahead takes nothing from those who live."""
    owner, other = join("elsewhere-1-0-0"), join()
    assert owner.take((5,)) == "new"
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert other.take((5,)) == ""
    assert abs(other.heart.now() - path_of(owner.heart).stat().st_mtime) < 5


def test_a_heart_that_beat_in_the_future_is_silent(tmp_path, join):
    """The file system's clock was put right by hours after its worker had gone."""
    owner, other = join("elsewhere-1-0-0"), join(stale=60.0)
    assert owner.take((5,)) == "new"
    silent(path_of(owner.heart), -50)
    assert other.take((5,)) == ""
    silent(path_of(owner.heart), -5 * 3600)
    assert other.take((5,)) == "inherited"
    claim(tmp_path, 6, "")
    silent(tmp_path / "claims" / "6", -5 * 3600)
    assert other.take((6,)) == "inherited"


def test_a_claim_without_a_name_is_young_until_it_is_stale(tmp_path, join):
    claim(tmp_path, 5, "")
    worker = join(stale=60.0)
    assert worker.take((5,)) == ""
    silent(tmp_path / "claims" / "5", 61)
    assert worker.take((5,)) == "inherited"


def test_no_claims_where_the_run_is_over(tmp_path, join):
    worker = join()
    assert worker.take((1,)) == "new"
    shutil.rmtree(tmp_path / "claims")
    assert worker.take((1,)) == ""
    worker.drop((1,))
    shutil.rmtree(tmp_path / "workers")
    assert worker.take((1,)) == ""
    worker.heart.stop()


def test_who_has_lost_its_own_heart_takes_nothing_from_others(tmp_path, join):
    """Without the file there is no clock to date others by; they are not dead for that."""
    owner, other = join("elsewhere-1-0-0"), join()
    assert owner.take((5,)) == "new"
    path_of(other.heart).unlink()
    assert other.take((5,)) == ""


def test_a_heart_beats_and_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "BEAT_SECONDS", 0.05)
    heart = Heart(Folder.at(tmp_path), "me", {"pid": 1, "job": ""})
    assert json.loads(path_of(heart).read_text()) == {"pid": 1, "job": ""}
    silent(path_of(heart), 1000)
    wait_for(lambda: path_of(heart).stat().st_mtime > time.time() - 500, "it beats", every=0.01)
    heart.stop()
    assert not path_of(heart).exists()
    heart._thread.join(PATIENCE)
    assert not path_of(heart).exists()
    assert heart._thread not in threading.enumerate()
    heart.stop()


@pytest.mark.parametrize("name", ["", "x", "a-b", "host-not-a-number-0", socket.gethostname()])
def test_what_is_no_name_is_of_no_dead_process_here(name):
    assert not is_dead_here(name)


def test_names(dead):
    assert not is_dead_here(worker_name(0))
    assert is_dead_here(dead)
    # An older version's says nothing of the container it was in.
    assert not is_dead_here(f"{socket.gethostname()}-{dead.rsplit('-', 3)[1]}-0-0")
    assert not is_dead_here(f"not-{dead}")
    assert worker_name(0) != worker_name(0)


@pytest.mark.skipif(not can_unshare(), reason="namespaces of processes take unshare and root")
def test_containers_of_one_host_name_do_not_take_each_other_for_dead(dead):
    """Both have a process 7, and neither sees the other's."""
    inside = ["unshare", "--pid", "--fork", "--mount-proc"]
    mine = worker_name(0)
    for owner in (mine, dead):
        code, out, said = farming.finish([*inside, sys.executable, "-c", NAMES, owner])
        assert code == 0, said
        name, gone = out.split()
        assert gone == "False"
        assert not is_dead_here(name)
        assert name.split(".")[0] == mine.split(".")[0]
        assert name.rsplit("-", 3)[0] != mine.rsplit("-", 3)[0]
