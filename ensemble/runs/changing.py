"""What a begun store does with a changed scenario: it takes it as a whole, or stays as it is.

Words that no member rests on (a title, a limit of failures) are taken as they are. Other changes
must be accepted, and then they still must be true of the members that are done: a statistic is
added where stored members, or sums, give it; another seed is not. A store with more arrays is
made beside the old one, whose files it shares, and takes its name at once: killed at any
moment, either is whole.
"""

import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ensemble.errors import PlanError
from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.members.limits import EXCLUDED
from ensemble.members.recounting import (
    answerable,
    answers,
    names_of,
    same_sums,
    stored_whole,
    with_recounted,
)
from ensemble.members.reopening import layout_of, open_experiment
from ensemble.members.responses.responses import Combined
from ensemble.planning import creating as launch
from ensemble.planning.identity import LIMITS, changes, section_changes
from ensemble.planning.plan import Plan
from ensemble.runs.accepted import JUDGED, WORDS
from ensemble.runs.growing import same_file
from ensemble.store.arrays import ArraySpec, documents
from ensemble.store.chunks import sync_folder
from ensemble.store.exchange import discard, swap
from ensemble.store.finished import MARK
from ensemble.store.folders import Folder
from ensemble.store.grid import Result
from ensemble.store.journal import Entry, Key, copy_with, generation
from ensemble.store.lock import locked, locked_name
from ensemble.store.names import beside, like
from ensemble.store.reading import read
from ensemble.store.store import Store
from ensemble.store.writing import with_attributes, write_node, write_static

DERIVED = ("statistics/", "across_forcings/", "aggregates/", "pilot/")
"""Groups of what a run ends with: they may be made anew."""

ANALYSES = ("sensitivity/", "variance/")

SETTINGS_SHOWN = 5
"""More settings than these are another scenario, and no advice."""

NOT_SHARED = ("lock", "claims", "workers", "scratch", MARK)
"""What a store beside another does not take over from it."""


def take_words(store: Store, plan: Plan) -> Store:
    """Return the store with the title and other words of a plan that no member rests on."""
    old, new = store.attrs["identity"]["scenario"], plan.identity["scenario"]
    if all(old.get(word) == new.get(word) for word in WORDS):
        return store
    with locked(store):
        versions = store.attrs["identity"]["versions"]
        attrs = _attributes(store, plan)
        attrs["identity"] = {**attrs["identity"], "versions": versions}
        return with_attributes(store, attrs)


def _attributes(store: Store, plan: Plan) -> dict[str, Any]:
    """Return a store's attributes with a plan's scenario; where its data are from stays."""
    before = store.attrs["identity"]
    # A store of before limits has no arrays for them, and stays one.
    counted = before.keys() | plan.identity.keys() - {"limits"}
    identity = {name: part for name, part in plan.identity.items() if name in counted}
    made = {word: launch.attributes(plan)[word] for word in ("title", "scenario")}
    return {**store.attrs, **made, "identity": identity}


def accept(store: Store, plan: Plan, reason: str) -> tuple[Store, list[str]]:
    """Return the store with everything that has changed, and what to warn of.

    Parameters
    ----------
    store : Store
    plan : Plan
        Of the changed scenario, data or code.
    reason : str
        Why; it is kept.

    Raises
    ------
    PlanError
        A change that is not true of the members that are done; all of them. Nothing is written.
    """
    change, changed = _Change(store, plan), changes(store.attrs["identity"], plan.identity)
    if problems := list(change.problems()):
        listed = "\n".join(f"  - {text}" for text in problems)
        raise PlanError(
            f"{store.path}: this cannot be accepted, and nothing was written:\n"
            f"{listed}\ncontinue with what it was begun with, or run into a new store with --store"
        )
    with locked(store):
        if read(store.path).attrs != store.attrs or store.committed() != change.committed:
            raise PlanError(f"{store.path}: another process was in it just now; run this again")
        accepted = [*store.attrs["accepted_changes"], {"reason": reason, "changes": changed}]
        attrs = {**_attributes(store, plan), "accepted_changes": accepted}
        if change.only_words:
            found = with_attributes(store, attrs)
        else:
            found = _remade(change, attrs)
    return found, [*(f"goes on although {text}" for text in changed), *change.warnings()]


def back(store: Store, plan: Plan) -> str:
    """Return the settings that make a scenario the one a store was begun with, as advice.

    A run that was begun with ``--set`` is gone on with by other commands, too.
    """
    stored, now = store.attrs["identity"], plan.identity
    settings: list[str] = []
    for section in section_changes(stored, now):
        settings += _settings(
            stored["scenario"].get(section), now["scenario"].get(section), section
        )
    if not 0 < len(settings) <= SETTINGS_SHOWN:
        return ""
    return f" ({' '.join(f'--set {shlex.quote(one)}' for one in settings)})"


def _settings(old: Any, new: Any, where: str) -> Iterator[str]:
    """Yield ``path=value`` for everything below a key that was another."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for name in old:
            yield from _settings(old[name], new[name], f"{where}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for k, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _settings(one, other, f"{where}.{k}")
    elif old != new:
        yield f"{where}={json.dumps(old)}"


@dataclass(frozen=True)
class _Change:
    """A store, and the plan that it is to be of."""

    store: Store
    plan: Plan

    @cached_property
    def experiment(self) -> Experiment:
        return open_experiment(self.store)

    @cached_property
    def old(self) -> Layout:
        return layout_of(self.store, self.experiment)

    @cached_property
    def new(self) -> Layout:
        """Return the layout of the new scenario on the data that the store holds."""
        return Layout(replace(self.experiment, scenario=self.plan.scenario, edges=self._edges()))

    def _edges(self) -> Mapping[str, Any]:
        """Return edges of histograms: those of the store where nothing else is asked for."""
        before, now = self.experiment.scenario.histograms, self.plan.scenario.histograms
        kept = {
            target: values
            for target, values in self.experiment.edges.items()
            if before.edges.get(target) == now.edges.get(target)
            and (before.pilot == now.pilot or target in now.edges)
            and target not in self.other_responses
        }
        return {**self.plan.experiment.edges, **kept}

    @cached_property
    def committed(self) -> dict[Key, Entry]:
        return self.store.committed()

    @cached_property
    def static(self) -> launch.Static:
        return launch.static_arrays(self.renewed)

    @cached_property
    def renewed(self) -> Plan:
        return replace(self.plan, experiment=self.new.experiment, layout=self.new)

    @cached_property
    def specs(self) -> dict[str, ArraySpec]:
        """Return every array that the store will have; analyses stay."""
        analyses = {p: s for p, s in self.store.specs.items() if p.startswith(ANALYSES)}
        return analyses | {s.path: s for s in launch.specs_of(self.renewed, self.static)}

    @cached_property
    def other_responses(self) -> set[str]:
        """Return responses that the store does not hold as the new scenario means them."""
        before, now = self.experiment.scenario.responses, self.plan.scenario.responses
        other = {name for name in now if before.get(name) != now[name]}
        return other | {n for n, r in now.items() if r.combine and other & r.combine.keys()}

    @cached_property
    def stored(self) -> set[str]:
        """Return outputs and responses that the store holds whole, and means as they are meant."""
        names = {*self.old.outputs, *self.old.functionals}
        return {n for n in names if stored_whole(self.old, n)} - self.other_responses

    @cached_property
    def recounted(self) -> dict[str, str]:
        """Return what committed blocks have to add up anew, and the target of each."""
        return {
            name: target
            for name, target in names_of(self.new).items()
            if target in self.other_responses or not same_sums(self.old, self.new, name)
        }

    @property
    def only_words(self) -> bool:
        """Return whether the store has every array already, as it is to be."""
        same = self.specs.keys() == self.store.specs.keys() and not self.recounted
        return same and not self.other_responses

    def warnings(self) -> Iterator[str]:
        """Yield a line for every target whose sums are of members as the store holds them."""
        if not self.committed or self.new.precision == "float64":
            return
        for target in dict.fromkeys(self.recounted.values()):
            if target in self.new.outputs:
                yield f"{target}: added up of stored members, which are rounded to float32"

    # --- what is not true of the members that are done ---

    def problems(self) -> Iterator[str]:
        """Yield every change that cannot be accepted, and why."""
        found = list(self._other_members())
        yield from found
        if not found:
            yield from self._lost()
            yield from self._unknown()

    def _other_members(self) -> Iterator[str]:
        stored, now = self.store.attrs["identity"], self.plan.identity
        if stored["block"] != now["block"]:
            yield "block lengths: chunks cannot be cut anew"
        for name in sorted(stored["forcings"].keys() | now["forcings"].keys()):
            if stored["forcings"].get(name) != now["forcings"].get(name):
                yield f"forcing {name}: members that are done ran under other data"
        for text in changes(stored, now):
            if text.startswith(LIMITS):
                yield f"{text}: members are looked at as they run"
        if stored["locations"] != now["locations"]:
            yield "locations: members that are done are of another table"
        before = self.experiment.kernel.name, self.experiment.options
        sections = section_changes(stored, now)
        if before == (self.plan.experiment.kernel.name, self.plan.experiment.options):
            sections.pop("kernel", None)
        for name, texts in sections.items():
            if name == "kernel" or name not in JUDGED:
                yield from (f"{text}: members that are done are of the former" for text in texts)

    def _lost(self) -> Iterator[str]:
        """Yield arrays that the store would no longer have, or have with another shape."""
        for path, spec in self.store.specs.items():
            new = self.specs.get(path)
            if new is None:
                yield f"{path} would be lost; leave what it needs in the scenario"
            elif not path.startswith((*DERIVED, *ANALYSES)) and _geometry(spec) != _geometry(new):
                yield f"{path} would have another shape, type or unit than it has"

    def _unknown(self) -> Iterator[str]:
        """Yield what would be needed of blocks that are done, and is not stored."""
        if not self.committed:
            return
        for name in self.new.outputs.keys() - self.old.outputs.keys():
            yield f"outputs.{name}: members that are done do not hold it"
        for name in sorted(self.other_responses):
            if not answerable(self.new, name, self.stored):
                yield f"responses.{name}: {self._why_unanswered(name)}"
        for name, target in self.recounted.items():
            known = self.stored | self.other_responses
            if target not in known:
                section = "aggregates" if name.startswith("aggregates/") else "statistics"
                yield f"{section}.{target}: {_NOT_WHOLE}"

    def _why_unanswered(self, name: str) -> str:
        one = self.new.functionals[name]
        if isinstance(one, Combined) or one.output not in self.stored:
            return _NOT_WHOLE
        return "members that are done are stored in float32, and responses are exact"


_NOT_WHOLE = "it needs members that are done, and they are not stored whole (all)"


def _geometry(spec: ArraySpec) -> tuple[Any, ...]:
    return spec.dtype, spec.dims, spec.shape, spec.chunks, spec.attrs.get("units")


# --- the store that takes its place ---


def _remade(change: _Change, attrs: Mapping[str, Any]) -> Store:
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
        there, known = new.committed(), old.committed()
    except (PlanError, OSError, ValueError):
        return False
    return all(
        key in there
        and one.checksums.items() - {("partials", one.checksums.get("partials"))}
        <= there[key].checksums.items()
        for key, one in known.items()
    )


def _shared(change: _Change, building: Path, attrs: Mapping[str, Any]) -> Store:
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


def _write_metadata(change: _Change, new: Store) -> None:
    old = change.store.specs
    for path, spec in new.specs.items():
        if path in old and _geometry(old[path]) != _geometry(spec):
            new.root.remove_folder(path)
    for node, document in documents(tuple(new.specs.values()), new.attrs).items():
        write_node(new, node, document)


def _write_static(change: _Change, new: Store) -> None:
    """Write arrays known beforehand that are new, or may be others."""
    for path, (_, values) in change.static.items():
        if path not in change.store.specs or path.startswith(DERIVED):
            write_static(new, path, values)


def _recount(change: _Change, new: Store) -> Mapping[Key, Entry]:
    """Add up what committed blocks have not, and return their lines."""
    if not (change.recounted or change.other_responses):
        return change.committed
    return {key: _recounted(change, new, key, one) for key, one in change.committed.items()}


def _recounted(change: _Change, new: Store, key: Key, entry: Entry) -> Entry:
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


def _members(change: _Change, key: Key) -> dict[str, Any]:
    grid, store = change.new.grid, change.store
    needed = change.stored if change.other_responses else set(change.recounted.values())
    names = ["status", *({EXCLUDED} & store.specs.keys()), *sorted(change.stored & needed)]
    return {n: store.read_chunk(n, grid.index(key, store.specs[n])) for n in names}
