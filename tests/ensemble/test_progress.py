"""How far running blocks have come is known on every backend, from what workers note."""

import os

import farming
import pytest
import waiting_program
from calibrated import plan as twins
from calibrated import write
from waiting import wait_for

import ensemble
import scenarios
from ensemble.calibration.work import CalibrationWork
from ensemble.commands import progress
from ensemble.farming import notes
from ensemble.farming.farm import SeesWithin
from ensemble.farming.notes import Within, within
from ensemble.members.work import EnsembleWork
from ensemble.runs.status import summary
from ensemble.store.folders import Folder
from ensemble.store.hosts import here


@pytest.fixture
def waits(tmp_path):
    """Return the scenario of a program whose members wait."""
    return waiting_program.write(tmp_path)


LOCAL = "execution={{backend: local, workers: 2, workers_are: {}}}"
WAYS = {
    "threads": lambda run: farming.command(*run, "--set", LOCAL.format("threads")),
    "processes": lambda run: farming.command(*run, "--set", LOCAL.format("processes")),
    "dask": lambda run: farming.command(*run, "--set", "execution={backend: dask, workers: 2}"),
    "mpi": lambda run: farming.mpiexec(2, *run, "--set", "execution.backend=mpi"),
}
SLOW = {"processes": [pytest.mark.slow], "dask": [pytest.mark.slow]}
SLOW["mpi"] = [pytest.mark.slow, farming.needs_mpi]


@pytest.mark.parametrize("way", [pytest.param(n, marks=SLOW.get(n, ())) for n in WAYS])
def test_members_done_within_blocks_are_known_while_they_run(way, waits, tmp_path):
    store, go = tmp_path / "run.zarr", tmp_path / "go"
    process = farming.start(WAYS[way](["run", waits, "--store", store]), GO=str(go))
    try:
        wait_for(lambda: (store / "inflight").is_dir() or process.poll(), "the store is there")
        root = Folder.at(store)
        wait_for(lambda: within(root).done == 2 or process.poll(), "the first members are done")
        running = within(root)
        assert (running.blocks, running.done, running.members) == (2, 2, 8)
        assert running.share == 0.5
        assert running.seconds >= 1
        said = summary(store)["within"]
        assert (said["blocks"], said["done"], said["all"]) == (2, 2, 8)
        go.touch()
        _, err = process.communicate(timeout=farming.PATIENCE)
    finally:
        go.touch()
        process.kill()
    assert process.returncode == 0, err
    assert within(root) == Within()
    assert summary(store)["within"] is None


@pytest.mark.slow
def test_members_of_an_independent_worker_are_known_too(waits, tmp_path):
    store, go = tmp_path / "run.zarr", tmp_path / "go"
    farming.create_of(scenarios.load(waits), store)
    words = farming.command("worker", store, "--workers", 2)
    process = farming.start(words, GO=str(go))
    try:
        root = Folder.at(store)
        wait_for(lambda: within(root).done == 2 or process.poll(), "the first members are done")
        go.touch()
        process.communicate(timeout=farming.PATIENCE)
    finally:
        go.touch()
        process.kill()
    assert process.returncode == 0


def test_an_ensemble_tells_after_each_tile():
    told = []
    planned = ensemble.plan(scenarios.load("tau-constraint", settings=["forcing.n=1"]))
    run = EnsembleWork(planned.experiment, planned.layout).open(tell=lambda *n: told.append(n))
    members = run((0, 0, 0)).status[0]
    assert told[-1] == (members, members)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


@pytest.mark.slow
def test_a_calibration_tells_after_each_round(tmp_path):
    write(tmp_path)
    layout = twins(tmp_path).layout
    asked = []
    CalibrationWork(layout).open(tell=lambda *n: asked.append(n))((0, 0))
    assert len(asked) > 10
    assert [done for done, _ in asked] == sorted({done for done, _ in asked})
    # Of each group two searches, which may ask for 400 candidates each.
    most = layout.grid.axes[0].length * 2 * 400
    assert {of for _, of in asked} == {most}
    assert asked[-1][0] <= most


def test_a_note_says_its_block_and_how_far_it_is(tmp_path, monkeypatch):
    (tmp_path / "inflight").mkdir()
    monkeypatch.setattr(notes, "TELL_SECONDS", 0.0)
    root = Folder.at(tmp_path)
    mine, gone = (notes.Note(root, f"{here()}-{pid}-1") for pid in (os.getpid(), 999_999_999))
    mine.begin((1, 2, 3))
    assert within(root) == Within(), "nothing is said of a block that has just begun"
    mine.tell(30, 40)
    gone.begin((0, 0, 0))
    gone.tell(1, 2)
    assert within(root) == Within(1, 30, 40, 0, 0.75)
    (file,) = tmp_path.glob(f"inflight/*-{os.getpid()}-1")
    assert file.read_text().split() == ["1", "2", "3", "30", "40", "0"]
    monkeypatch.setattr(notes, "TELL_SECONDS", 60.0)
    mine.begin((1, 2, 4))
    mine.tell(10, 40)
    assert within(root) == Within(), "not within the first second"
    mine.end()
    assert not file.read_text().strip()
    mine.remove()
    assert not file.exists()
    file.write_text(f"{'0 0 0':<80}3 words 1")
    assert within(root) == Within(), "what is no number is nothing"


def test_lines_break_a_silence_and_then_ever_less_often(capsys):
    lines = progress._Lines(20, progress.MEMBERS)
    assert isinstance(lines, SeesWithin)
    running = Within(2, 300, 1_000, 29, 0.6)
    for seconds in (10.0, 31.0, 40.0, 70.0, 80.0):
        lines.within(running, seconds)
    lines.within(Within(), 200.0)
    lines(2, 20, 201.0)
    lines(3, 20, 202.0)
    assert capsys.readouterr().err.splitlines() == [
        "0/20 blocks, 31 s; 2 running: 300 of 1,000 members",
        "0/20 blocks, 80 s; 2 running: 300 of 1,000 members",
        "0/20 blocks, 200 s",
        "2/20 blocks, 201.0 s, 1809.0 s left",
    ]
