"""A full or read-only file system: refused or stopped, nothing half-written, and it goes on."""

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from commandline import PROGRAM, members, refused, soilsweep, tree
from malformed_stores import damaged
from misbehaving import lines
from support import SMALL

from ensemble.calibration.checkpoints import Checkpoints, Clock
from ensemble.runs import run
from ensemble.store.reading import read
from ensemble.store.store import Store

MIB = 1024**2


def mount(*words: object) -> None:
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path, monkeypatch) -> Iterator[Callable[..., Path]]:
    """Return a function that mounts a small file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SMALL)

    def make(**options: object) -> Path:
        words = ",".join(f"{name}={value}" for name, value in options.items())
        mount("-t", "tmpfs", "-o", words, "tmpfs", folder)
        return folder

    yield make
    subprocess.run(["umount", "--lazy", folder], capture_output=True, check=False)


def command(folder: Path, *more: str) -> list[str]:
    lean = ["--set", "outputs={}", "--set", "block.sample=50", "--workers", "2"]
    return ["run", "s.yaml", "--store", str(folder / "runs" / "x.zarr"), "--quiet", *lean, *more]


def fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def test_a_disk_that_is_too_small_is_refused_beforehand(disk):
    folder = disk(size=f"{MIB}")
    said = soilsweep(*command(folder, "--set", "outputs={c_veg: all}"))
    refused(said, "the store needs up to", "has 1.0 MiB free; keep fewer outputs")
    assert tree(folder) == {}


def test_a_disk_that_fills_while_the_store_is_created_is_left_as_it_was(disk, monkeypatch):
    folder = disk(size=f"{8 * MIB}")
    honest, ballast = run.create_store, folder / "ballast"

    def create_store(*arguments, **options):
        fill(ballast)
        return honest(*arguments, **options)

    # Of another program, after all has been found large enough.
    monkeypatch.setattr(run, "create_store", create_store)
    refused(soilsweep(*command(folder)), "x.zarr: cannot be created: No space left on device")
    ballast.unlink()
    assert tree(folder) == {}


def test_a_disk_without_so_many_inodes_is_refused_beforehand(disk):
    folder = disk(size=f"{8 * MIB}", nr_inodes=40)
    said = soilsweep(*command(folder))
    refused(said, "the store needs up to", "files and", "has room for 39; keep fewer outputs")
    assert tree(folder) == {}


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_disk_that_fills_during_a_run_stops_it_and_the_same_command_goes_on(
    disk, monkeypatch, kind
):
    kept = "--set", f"execution.workers_are={kind}"
    # The store takes 4.5 MiB, 3.2 of them sums of blocks.
    folder = disk(size=f"{6 * MIB}")
    ballast, honest, written = folder / "ballast", Store.write, []

    def write(store, *arguments, **options):
        written.append(arguments)
        if len(written) == 5:
            fill(ballast)
        return honest(store, *arguments, **options)

    monkeypatch.setattr(Store, "write", write)
    said = soilsweep(*command(folder, *kept))
    refused(said, "x.zarr: the disk is full; free some space", code=75, lines=2)
    assert said.err.splitlines()[1].startswith("  soilsweep run s.yaml --store ")
    store = folder / "runs" / "x.zarr"
    assert not list((store / "scratch").iterdir())
    assert not list((store / "inflight").iterdir())
    status = json.loads(soilsweep("status", store, "--json").out)
    assert 0 < status["blocks"]["done"] < 16

    ballast.unlink()
    assert soilsweep(*command(folder, *kept)).code == 0
    undisturbed = folder.parent
    assert soilsweep(*command(undisturbed, *kept)).code == 0
    assert members(store) == members(undisturbed / "runs" / "x.zarr")
    assert soilsweep("verify", store).code == 0


def test_a_disk_that_fills_at_the_very_end_stops_the_run_and_it_goes_on(disk, monkeypatch):
    folder = disk(size=f"{6 * MIB}")

    def finalise(store, work, committed):
        raise OSError(errno.ENOSPC, "No space left on device", str(store.path))

    with monkeypatch.context() as patch:
        patch.setattr("ensemble.farming.farm.finalise", finalise)
        refused(soilsweep(*command(folder)), "the disk is full", code=75, lines=2)
    said = soilsweep(*command(folder), "--json")
    assert said.code == 0
    assert json.loads(said.out)["ran"] == 0


def test_a_disk_that_fills_while_searches_are_written_down_stops_them_and_they_go_on(
    disk, monkeypatch
):
    folder = disk(size=f"{4 * MIB}")
    lines.write(folder.parent)
    lines.load(folder.parent)
    ballast, honest, written = folder / "ballast", Checkpoints.save, []
    command = ["run", "lines.yaml", "--quiet", "--workers", "1", "--store"]

    def save(checkpoints, *arguments):
        written.append(arguments)
        if len(written) == 5:
            fill(ballast)
        return honest(checkpoints, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Clock, "due", True)
        patch.setattr(Checkpoints, "save", save)
        said = soilsweep(*command, str(folder / "x.zarr"))
    refused(said, "x.zarr: the disk is full; free some space", code=75, lines=2)
    assert not list((folder / "x.zarr" / "scratch").iterdir())
    ballast.unlink()
    assert soilsweep(*command, str(folder / "x.zarr")).code == 0
    assert soilsweep(*command, "y.zarr").code == 0
    assert read(folder / "x.zarr").digest() == read(folder.parent / "y.zarr").digest()


def test_a_quota_that_is_used_up_is_no_full_disk(disk, monkeypatch):
    folder = disk(size=f"{6 * MIB}")

    def finalise(store, work, committed):
        raise OSError(errno.EDQUOT, "Disk quota exceeded", str(store.path))

    monkeypatch.setattr("ensemble.farming.farm.finalise", finalise)
    said = soilsweep(*command(folder))
    refused(said, "x.zarr: your disk quota is used up", "`quota -s`", code=75, lines=2)
    assert "full" not in said.err


def test_a_read_only_target_is_refused(disk):
    folder = disk(size=f"{8 * MIB}")
    mount("-o", "remount,ro", folder)
    refused(soilsweep(*command(folder)), "disk is not writable; choose another place with --store")
    assert tree(folder) == {}


def test_a_store_on_a_read_only_file_system_can_be_read(disk):
    folder = disk(size=f"{16 * MIB}")
    damaged()(folder)
    before = tree(folder)
    mount("-o", "remount,ro", folder)
    store = folder / "d.zarr"
    for words in (["status", store], ["verify", store], ["replay", store, "1/0/3"]):
        assert soilsweep(*words).code == 0
    refused(soilsweep("analyze", store), "variance: Read-only file system")
    assert tree(folder) == before


def test_a_run_in_its_own_process_says_the_same(disk):
    folder = disk(size=f"{8 * MIB}", nr_inodes=40)
    done = subprocess.run([*PROGRAM, *command(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert tree(folder) == {}
