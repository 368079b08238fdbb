"""Names beside a store: of one that is being made, and of one that takes another's place."""

import glob
import os
import shutil
from contextlib import suppress
from pathlib import Path

from ensemble.errors import PlanError
from ensemble.store.hosts import is_gone


def beside(path: Path, word: str) -> Path:
    """Return the hidden name of what takes part when a store takes another's place."""
    return path.with_name(f".{path.name}.{word}")


def refuse_between_names(path: Path) -> None:
    """Refuse a free name that is a store's, which was killed while a longer one took it."""
    if not path.name or path.exists():
        return
    if (before := beside(path, "before")).exists():
        raise PlanError(
            f"{path}: taking a changed scenario was stopped between two names, and the run is in "
            f"{before}; nothing is lost: give the same `soilsweep run` command again"
        )
    if (before := beside(path, "shorter")).exists():
        raise PlanError(
            f"{path}: extending it was stopped between two names, and its run is in {before}; "
            "nothing is lost: give the same `soilsweep extend` command again"
        )


def remove_abandoned(path: Path) -> None:
    """Remove half-made stores of processes of this host that are gone."""
    for folder in path.parent.glob(f".{glob.escape(path.name)}.*-*.new"):
        place, _, process = folder.name.removesuffix(".new").rpartition("-")
        if is_gone(place.removeprefix(f".{path.name}."), process):
            shutil.rmtree(folder, ignore_errors=True)


def like(source: Path, target: Path) -> None:
    """Give a folder the group and the mode of another: a project may share what is in it."""
    about = source.stat()
    with suppress(OSError):
        os.chown(target, -1, about.st_gid)
    # After the group, for a change of that may take the mode's bit for it away.
    target.chmod(about.st_mode & 0o7777)
