"""The changed store is made beside the old one, shares its files, and takes its name at once."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ensemble.errors import PlanError
from ensemble.members.limits import EXCLUDED
from ensemble.members.recounting import answers, with_recounted
from ensemble.runs.change import DERIVED, Change, geometry
from ensemble.runs.growing import same_file
from ensemble.store.arrays import documents
from ensemble.store.chunks import sync_folder
from ensemble.store.exchange import discard, swap
from ensemble.store.finished import MARK
from ensemble.store.folders import Folder
from ensemble.store.grid import Result
from ensemble.store.journal import Entry, Key, copy_with, generation
from ensemble.store.lock import locked_name
from ensemble.store.names import beside, like
from ensemble.store.reading import read
from ensemble.store.store import Store
from ensemble.store.writing import write_node, write_static

NOT_SHARED = ("lock", "claims", "workers", "scratch", MARK)
"""What a store beside another does not take over from it."""


def remade(change: Change, attrs: Mapping[str, Any]) -> Store:
    """Make the changed store beside the old one, sharing its files, and give it its name."""
    path = change.store.path.resolve()
    building = beside(path, "changed")
    if building.exists():
        discard(path, building)
    try:
        new = _shared(change, building, attrs)
        _write_metadata(change, new)
        _write_static(change, new)
        copy_with(change.store.journal, new.journal, _recount(change, new))
        new.root.sync()
    except OSError as error:
        shutil.rmtree(building, ignore_errors=True)
        why = f"cannot be changed: {error.strerror or error}"
        raise PlanError(f"{error.filename or path}: {why}; {path} is as it was") from error
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    with locked_name(path):
        swap(building, path, "before")
        for left in (building, beside(path, "before")):
            if left.exists():
                discard(path, left)
    return read(change.store.path)


def mend(path: Path) -> None:
    """Finish, or take back, what a process that was killed between two names has left.

    Raises
    ------
    PlanError
        Another store has the name meanwhile.
    """
    path = path.resolve() if path.is_symlink() else path
    before = beside(path, "before")
    if not before.exists():
        return
    with locked_name(path):
        if not path.exists():
            os.rename(before, path)
            sync_folder(path.parent)
        elif _took_its_place(path, before):
            discard(path, before)
        elif before.exists():
            raise PlanError(
                f"{before}: found a run that {path} does not hold; it was moved while it took a "
                f"changed scenario. Move {path} away and give the run that name, or remove the run"
            )


def _took_its_place(path: Path, before: Path) -> bool:
    """Return whether a store is the next generation of another, with its blocks."""
    try:
        new, old = read(path), read(before)
        if generation(new.journal) != generation(old.journal) + 1:
            return False
        there, done = new.committed(), old.committed()
    except (PlanError, OSError, ValueError):
        return False
    return all(
        key in there
        and entry.checksums.items() - {("partials", entry.checksums.get("partials"))}
        <= there[key].checksums.items()
        for key, entry in done.items()
    )


def _shared(change: Change, building: Path, attrs: Mapping[str, Any]) -> Store:
    """Return a store with a second name for every file of the old one, but for those of processes.

    Nor are its journals shared: this store's are of another generation.
    """
    source = change.store.path.resolve()
    building.mkdir()
    like(source, building)
    new = Store(building, attrs, change.specs, Folder.at(building))
    for folder, names, files in os.walk(source):
        here = Path(folder).relative_to(source)
        if here == Path():
            names[:] = [n for n in names if n not in NOT_SHARED]
            files = [n for n in files if n not in NOT_SHARED]
        for name in names:
            (building / here / name).mkdir()
            like(Path(folder) / name, building / here / name)
        for name in files if here != Path("journal") else ():
            same_file(change.store, new, str(here / name))
    new.make_folders("scratch")
    return new


def _write_metadata(change: Change, new: Store) -> None:
    old = change.store.specs
    for path, spec in new.specs.items():
        if path in old and geometry(old[path]) != geometry(spec):
            new.root.remove_folder(path)
    for node, document in documents(tuple(new.specs.values()), new.attrs).items():
        write_node(new, node, document)


def _write_static(change: Change, new: Store) -> None:
    """Write arrays known beforehand that are new, or may be others."""
    for path, (_, values) in change.static.items():
        if path not in change.store.specs or path.startswith(DERIVED):
            write_static(new, {path: values})


def _recount(change: Change, new: Store) -> Mapping[Key, Entry]:
    """Add up what committed blocks have not, and return their lines."""
    if not (change.recounted or change.other_responses):
        return change.committed
    return {key: _recounted(change, new, key, entry) for key, entry in change.committed.items()}


def _recounted(change: Change, new: Store, key: Key, entry: Entry) -> Entry:
    """Write what one block has more, and return its line."""
    try:
        members = _members(change, key)
        before = change.store.read_partials(key)
    except (OSError, ValueError) as error:
        raise PlanError(
            f"{change.store.path}: block {list(key)} cannot be read ({error}); run `soilsweep "
            f"verify {change.store.path} --repair` first"
        ) from error
    asked = answers(change.new, key, members, sorted(change.other_responses))
    control = {p.partition("/")[2]: v for p, v in before.items() if p.startswith("control/")}
    sums = dict(before)
    if control:
        alone = {n: v[..., None] for n, v in control.items() if n in (*change.stored, "status")}
        answered = answers(change.new, key, alone, sorted(change.other_responses))
        sums |= {f"control/{name}": values[..., 0] for name, values in answered.items()}
    sums = with_recounted(change.new, key, {**members, **asked}, sums, change.recounted)
    more = asked if change.new.keeps_responses else {}
    checksums = new.write(change.new.grid, key, Result(more, {}, sums), sync=False)
    recounted = tuple(dict.fromkeys([*entry.recounted, *change.recounted]))
    return replace(entry, checksums={**entry.checksums, **checksums}, recounted=recounted)


def _members(change: Change, key: Key) -> dict[str, Any]:
    grid, store = change.new.grid, change.store
    needed = change.stored if change.other_responses else set(change.recounted.values())
    names = ["status", *({EXCLUDED} & store.specs.keys()), *sorted(change.stored & needed)]
    return {n: store.read_chunk(n, grid.index(key, store.specs[n])) for n in names}
