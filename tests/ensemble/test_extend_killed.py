"""Extending, killed or begun twice: no name is misled, and nothing is lost."""

import errno
import os
import shutil
from contextlib import nullcontext

import pytest
from commandline import members, refused, soilsweep
from extended import from_the_start, text
from support import load, run

import ensemble
from ensemble.errors import PlanError
from ensemble.runs import extend as extending
from ensemble.runs import longer
from ensemble.runs.analyze import analyze_store
from ensemble.runs.extend import extend
from ensemble.store import exchange
from ensemble.store import lock as locking
from ensemble.store.reading import read


class Killed(BaseException):
    """Goes where a signal would end the process."""


def kill(*args, **kwargs):
    raise Killed


def without_exchange(patch):
    patch.setattr(exchange, "_renameat2", lambda one, other: errno.EINVAL)


def killed_between_names(tmp_path, monkeypatch, words):
    """Return a store that was killed between two renames."""
    _, outcome = run(tmp_path, text=words)
    real = os.rename

    def rename(source, target, **ends):
        if target == outcome.path:
            raise Killed
        real(source, target, **ends)

    with monkeypatch.context() as patch:
        without_exchange(patch)
        patch.setattr(os, "rename", rename)
        with pytest.raises(Killed):
            extend(outcome.path, until=1e-9, most=40)
    assert not outcome.path.exists()
    return outcome.path


# --- names ---


def test_the_name_is_never_free_where_names_can_be_exchanged(tmp_path, monkeypatch):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "mark").touch()
    if not exchange.exchange(one, other):
        pytest.skip("no exchange of names here")
    assert (other / "mark").exists()
    assert not (one / "mark").exists()
    _, outcome = run(tmp_path, text=text("morris"))
    real = os.rename

    def rename(source, target, **ends):
        assert outcome.path not in (source, target)
        real(source, target, **ends)

    monkeypatch.setattr(os, "rename", rename)
    found = extend(outcome.path, until=1e-9, most=40)
    assert found.steps[-1].length == 40
    assert not list(tmp_path.glob(".run.zarr*"))


def test_another_error_of_the_exchange_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        exchange.exchange(tmp_path / "no", tmp_path / "neither")


def test_a_name_between_two_is_told_and_taken_by_nobody(tmp_path, monkeypatch):
    words = text("morris")
    path = killed_between_names(tmp_path, monkeypatch, words)
    for command in ("status", "report", "verify"):
        refused(soilsweep(command, path), "stopped between two names", "extend", "same")
    with pytest.raises(PlanError, match="stopped between two names"):
        run(tmp_path, text=words)
    assert not path.exists()
    assert extend(path, until=1e-9, most=40).steps[-1].length == 40
    assert members(from_the_start(tmp_path, path)) == members(path)
    assert not list(tmp_path.glob(".run.zarr*"))


@pytest.mark.slow
def test_an_original_is_kept_if_another_run_has_its_name(tmp_path, monkeypatch):
    words = text("morris")
    path = killed_between_names(tmp_path, monkeypatch, words)
    before = tmp_path / ".run.zarr.shorter"
    kept = members(before)
    fresh = ensemble.plan(load(tmp_path, words), store=tmp_path / "fresh.zarr")
    os.rename(ensemble.run(fresh, workers=1, stop=lambda: True).path, path)
    with pytest.raises(PlanError, match=r"found a run that .* does not hold"):
        extend(path, until=1e-9, most=40)
    assert members(before) == kept
    # What it says to do helps.
    shutil.rmtree(path)
    assert extend(path, until=1e-9, most=40).steps[-1].length == 40
    assert members(from_the_start(tmp_path, path)) == members(path)


def test_a_longer_store_holds_a_shorter_one_and_no_other(tmp_path):
    _, outcome = run(tmp_path, text=text("morris", more="block: {sample: 18}"))
    short = tmp_path / "short.zarr"
    shutil.copytree(outcome.path, short)
    assert not longer.holds(outcome.path, short)
    extend(outcome.path, until=1e-9, most=40)
    assert longer.holds(outcome.path, short)
    assert not longer.holds(short, outcome.path)
    (outcome.path / "finalised").rename(tmp_path / "finalised")
    assert not longer.holds(outcome.path, short)
    (tmp_path / "finalised").rename(outcome.path / "finalised")
    other = text("morris", more="block: {sample: 18}").replace("seed: 5", "seed: 6")
    _, outcome = run(tmp_path, text=other, store="other.zarr")
    assert not longer.holds(tmp_path / "run.zarr", outcome.path)


def test_what_an_exchange_left_beside_is_not_taken_for_a_begun_one(tmp_path, monkeypatch):
    _, outcome = run(tmp_path, text=text("morris"))
    with monkeypatch.context() as patch:
        patch.setattr(exchange, "sync_folder", kill)
        with pytest.raises(Killed):
            extend(outcome.path, until=1e-9, most=40)
    if (tmp_path / ".run.zarr.longer").exists():
        assert read(outcome.path).attrs["identity"]["scenario"]["design"]["trajectories"] == 40
    again = extend(outcome.path, until=1e-9, most=40)
    assert [step.length for step in again.steps] == [40]
    assert not list(tmp_path.glob(".run.zarr*"))


# --- the analysis ---


@pytest.mark.parametrize("name", ["analyze_store", "after the swap"])
def test_killed_around_the_swap_the_analysis_is_not_lost(tmp_path, monkeypatch, name):
    _, outcome = run(tmp_path, text=text("morris"))
    analyze_store(outcome.path)
    with monkeypatch.context() as patch:
        if name == "after the swap":
            real = longer.take_place
            patch.setattr(longer, "take_place", lambda path: kill(real(path)))
        else:
            patch.setattr(extending, name, kill)
        with pytest.raises(Killed):
            extend(outcome.path, until=1e-9, most=40)
    extend(outcome.path, until=1e-9, most=40)
    left = ensemble.open_run(outcome.path)["sensitivity/d_soil_effective"].values
    assert (left == 40).all()


def test_an_analysis_that_cannot_be_made_is_a_warning(tmp_path, monkeypatch):
    def fail(path):
        raise PlanError(f"{path}: too many failures")

    _, outcome = run(tmp_path, text=text("morris"))
    analyze_store(outcome.path)
    monkeypatch.setattr(extending, "analyze_store", fail)
    found = extend(outcome.path, until=1e-9, most=40)
    assert found.steps[-1].length == 40
    assert found.warnings == [
        f"the longer run has no sensitivity/: {outcome.path}: too many failures"
    ]


# --- other wishes than those of the call that was stopped ---


def stopped(tmp_path):
    """Return a store of 20 trajectories beside which 40 are begun, and its half width."""
    _, outcome = run(tmp_path, text=text("morris", more="block: {sample: 18}"))
    asked = iter([False, False, True])
    more = {"workers": 1, "stop": lambda: next(asked, True)}
    found = extend(outcome.path, until=1e-9, most=40, **more)
    assert not found.complete
    return outcome.path, found.steps[0].width.value


@pytest.mark.slow
def test_what_is_narrow_enough_runs_nothing_of_what_was_begun(tmp_path):
    path, width = stopped(tmp_path)
    found = extend(path, until=2 * width)
    assert found.reached
    assert [step.length for step in found.steps] == [20]
    assert "trajectories: 40, is begun in" in found.warnings[0]
    assert (tmp_path / ".run.zarr.longer").exists()
    assert [step.length for step in extend(path, until=1e-9, most=40).steps] == [20, 40]
    assert members(from_the_start(tmp_path, path)) == members(path)


@pytest.mark.parametrize("most", [15, 20])
def test_a_limit_that_is_reached_runs_nothing_of_what_was_begun(tmp_path, most):
    path, _ = stopped(tmp_path)
    found = extend(path, until=1e-9, most=most)
    assert [step.length for step in found.steps] == [20]
    assert "and kept" in found.warnings[0]
    assert (tmp_path / ".run.zarr.longer").exists()


@pytest.mark.slow
def test_a_smaller_limit_discards_what_was_begun_above_it(tmp_path):
    path, _ = stopped(tmp_path)
    found = extend(path, until=1e-9, most=30)
    assert [step.length for step in found.steps] == [20, 30]
    assert "trajectories: 40, was begun, above --most 30" in found.warnings[0]
    assert members(from_the_start(tmp_path, path)) == members(path)
    assert not list(tmp_path.glob(".run.zarr*"))


@pytest.mark.slow
def test_what_is_discarded_is_never_taken_up_half_removed(tmp_path, monkeypatch):
    path, _ = stopped(tmp_path)
    real = shutil.rmtree

    def remove_half(folder, **more):
        if (folder / "zarr.json").exists():
            for file in (folder / "partials").iterdir():
                file.unlink()
            raise Killed
        real(folder, **more)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", remove_half)
        with pytest.raises(Killed):
            extend(path, until=1e-9, most=30)
    assert extend(path, until=1e-9, most=40).steps[-1].length == 40
    assert members(from_the_start(tmp_path, path)) == members(path)
    assert not list(tmp_path.glob(".run.zarr*"))


# --- two at once ---


def test_a_second_extend_is_refused_from_the_first_look_on(tmp_path):
    _, outcome = run(tmp_path, text=text("morris"))
    asked = []

    def progress(plan):
        with pytest.raises(PlanError, match=f"process {os.getpid()} on .* is running it"):
            extend(outcome.path, until=1e9)
        asked.append(plan)
        return nullcontext()

    extend(outcome.path, until=1e-9, most=40, progress=progress)
    assert len(asked) == 1
    assert not list(tmp_path.glob(".run.zarr*"))


@pytest.mark.slow
def test_a_second_extend_moves_nothing_between_two_names(tmp_path, monkeypatch):
    _, outcome = run(tmp_path, text=text("morris"))
    real, asked = os.rename, []

    def rename(source, target, **ends):
        if target == outcome.path and not asked:
            asked.append(source)
            before = sorted(tmp_path.iterdir())
            with pytest.raises(PlanError, match="is running it"):
                extend(outcome.path, until=1e-9, most=40)
            assert sorted(tmp_path.iterdir()) == before
        real(source, target, **ends)

    without_exchange(monkeypatch)
    monkeypatch.setattr(os, "rename", rename)
    assert extend(outcome.path, until=1e-9, most=40).steps[-1].length == 40
    assert asked
    assert members(from_the_start(tmp_path, outcome.path)) == members(outcome.path)


def test_a_lock_whose_file_was_removed_is_taken_again(tmp_path, monkeypatch):
    _, outcome = run(tmp_path, text=text("morris"))
    found, real = [], locking._is_at

    def is_at(descriptor, file):
        if not found:
            file.unlink()  # as its last holder does, who was a moment faster
        found.append(real(descriptor, file))
        return found[-1]

    monkeypatch.setattr(locking, "_is_at", is_at)
    with locking.locked_name(outcome.path):
        assert found == [False, True]
    assert not list(tmp_path.glob(".run.zarr*"))


def test_a_link_to_a_store_stays_one(tmp_path):
    _, outcome = run(tmp_path, text=text("morris"))
    link = tmp_path / "link.zarr"
    link.symlink_to(outcome.path)
    assert extend(link, until=1e-9, most=40).steps[-1].length == 40
    assert link.is_symlink()
    assert found_units(read(outcome.path)) == 40


def found_units(store):
    return store.attrs["identity"]["scenario"]["design"]["trajectories"]
