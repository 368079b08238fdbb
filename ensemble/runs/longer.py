"""The longer store takes the name of the shorter one, which goes; what a kill leaves is mended.

Nothing is removed but what the store at the name holds as well.
"""

import os
from pathlib import Path
from typing import Any

from ensemble.errors import PlanError
from ensemble.members.stored import read_ensemble
from ensemble.store.chunks import sync_folder
from ensemble.store.exchange import discard, remove, swap
from ensemble.store.finished import is_finalised
from ensemble.store.names import beside
from ensemble.store.store import Store


def take_place(path: Path) -> None:
    """Give the longer store, complete, the name of the shorter, which goes."""
    swap(beside(path, "longer"), path, "shorter")
    mend(path)


def mend(path: Path) -> None:
    """Finish what a process that was killed between two names has left.

    Raises
    ------
    PlanError
        A finished store is beside the name that the store at the name does not hold.
    """
    remove(beside(path, "gone"))
    before, longer = beside(path, "shorter"), beside(path, "longer")
    if before.exists() and not path.exists():
        os.rename(longer if holds(longer, before) else before, path)
        sync_folder(path.parent)
    for left in (before, longer):
        if left.exists() and holds(path, left):
            discard(path, left)
    if before.exists() or _is_no_longer_one(path, longer):
        left = before if before.exists() else longer
        raise PlanError(
            f"{left}: found a run that {path} does not hold; it was moved while its design was "
            f"extended. Move {path} away and give the run that name, or remove the run"
        )


def holds(long: Path, short: Path) -> bool:
    """Return whether a store is finished and has all that one of a shorter design has."""
    try:
        new, old = read_ensemble(long), read_ensemble(short)
        return is_finalised(new) and _is_longer(new, old) and _has_blocks(new, old)
    except PlanError:
        return False


def _is_longer(new: Store, old: Store) -> bool:
    return _samples(new) > _samples(old) and _rest(new) == _rest(old)


def _samples(store: Store) -> int:
    return store.specs["status"].shape[2]


def _rest(store: Store) -> list[Any]:
    """Return what two stores have in common that differ in the length of their design."""
    identity = store.attrs["identity"]
    # How blocks came to be as long as they are may be written otherwise.
    scenario = {k: v for k, v in identity["scenario"].items() if k != "block"}
    design = {k: v for k, v in scenario["design"].items() if k not in ("trajectories", "n")}
    parts = (identity[name] for name in ("kernel", "forcings", "locations", "block"))
    return [{**scenario, "design": design}, *parts]


def _has_blocks(new: Store, old: Store) -> bool:
    """Return whether all whole blocks are the same; a cut one is another in a longer design."""
    length, there = old.specs["status"].chunks[2], new.committed()
    for key, entry in old.committed().items():
        cut = (key[2] + 1) * length > _samples(old)
        if key not in there or not (cut or there[key].checksums == entry.checksums):
            return False
    return True


def _is_no_longer_one(path: Path, left: Path) -> bool:
    """Return whether a finished store is left that is not the longer one of this name."""
    try:
        other = read_ensemble(left)
        return is_finalised(other) and _samples(other) <= _samples(read_ensemble(path))
    except PlanError:
        return False
