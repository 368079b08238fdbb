"""The stores of a folder: which scenario, how far, how many members, how large, how old."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensemble.errors import PlanError
from ensemble.evaluation.storing import is_evaluation
from ensemble.members.stored import about_data, is_ensemble
from ensemble.store.finished import is_finalised
from ensemble.store.lock import holder
from ensemble.store.reading import read
from ensemble.store.store import Store
from kernels import OK


@dataclass(frozen=True)
class Listed:
    """One store.

    Attributes
    ----------
    store : Path
    scenario, state : str
        State is ``done``, ``running, 3 of 8 blocks``, ``3 of 8 blocks``, ``evaluation of 2 models``
        or ``unreadable``.
    members, failed : int
        Committed ones; 0 of a calibration, whose candidates are not counted here, and of an
        evaluation, which has none.
    nbytes : int
    age : float
        Seconds since something was last written into it.
    about : dict
        ``data`` and ``synthetic``; nothing of what cannot be read.
    why : str
        It cannot be read.
    """

    store: Path
    scenario: str
    state: str
    members: int
    failed: int
    nbytes: int
    age: float
    about: dict[str, str]
    why: str = ""


def stores(folder: Path) -> list[Listed]:
    """Return the stores of a folder and of those below it, by name; no store is looked into.

    Raises
    ------
    PlanError
        There is no such folder.
    """
    if not folder.is_dir():
        raise PlanError(f"{folder}: no such folder; name one that runs were written into")
    return [_listed(path) for path in sorted(_found(folder))]


def _found(folder: Path) -> Iterator[Path]:
    """Yield the folders that have Zarr metadata, links and what is hidden left alone."""
    if (folder / "zarr.json").is_file():
        yield folder
        return
    for below in folder.iterdir():
        if below.is_dir() and not below.is_symlink() and not below.name.startswith("."):
            yield from _found(below)


def _listed(path: Path) -> Listed:
    nbytes, written = _size(path)
    age = max(0.0, time.time() - written)
    try:
        store = read(path)
        state, members = _of_models(store) if is_evaluation(store) else _of_blocks(store)
    except PlanError as error:
        return Listed(path, "-", "unreadable", 0, 0, nbytes, age, {}, str(error))
    failed = sum(n for code, n in members.items() if code != OK)
    about = about_data(store.attrs["synthetic"])
    name = str(store.attrs["identity"]["scenario"]["name"])
    return Listed(path, name, state, sum(members.values()), failed, nbytes, age, about)


def _of_blocks(store: Store) -> tuple[str, dict[int, int]]:
    """Return the state of a run, and how many members it has by status."""
    committed = store.committed()
    done, every = len(committed), committed.size
    state = f"{done:,} of {every:,} blocks"
    if done == every and is_finalised(store):
        state = "done"
    elif holder(store):
        state = f"running, {state}"
    return state, dict(committed.totals.members) if is_ensemble(store) else {}


def _of_models(store: Store) -> tuple[str, dict[int, int]]:
    """Return what an evaluation is of; it is whole, and has no members."""
    number = len(store.attrs["models"])
    return f"evaluation of {number:,} model{'s' if number > 1 else ''}", {}


def _size(path: Path) -> tuple[int, float]:
    """Return the bytes of a store's files, and when the last was written."""
    nbytes, last = 0, 0.0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                about = os.lstat(os.path.join(folder, name))
            except FileNotFoundError:
                # Of a run that goes on: journals and notes come and go.
                continue
            nbytes, last = nbytes + about.st_size, max(last, about.st_mtime)
    return nbytes, last


def plain(listed: Listed) -> dict[str, Any]:
    """Return what a program is told of a store."""
    about = {"nbytes": listed.nbytes, "age_seconds": round(listed.age, 1), **listed.about}
    counts = {"members": listed.members, "failed": listed.failed}
    words = {"store": str(listed.store), "scenario": listed.scenario, "state": listed.state}
    return {**words, **counts, **about, **({"why": listed.why} if listed.why else {})}
