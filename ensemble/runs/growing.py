"""A store of a longer design made from a store of a shorter one, every whole block kept.

The longer store is a store beside the shorter one, and a run like any other, but for the
blocks that both have: their files are linked and their journal lines copied. When it is
complete it takes the shorter one's name (`store.exchange`). Killed at any moment, either is whole.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ensemble.errors import PlanError
from ensemble.members import pilot
from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.members.quarantined import cases_of
from ensemble.members.reopening import open_experiment, read_words
from ensemble.members.stored import read_ensemble
from ensemble.planning import creating
from ensemble.planning.identity import identity_of
from ensemble.planning.outlook import outlook
from ensemble.planning.plan import Plan
from ensemble.runs.accepted import of_members
from ensemble.store import quarantine
from ensemble.store.chunks import chunk_name
from ensemble.store.exchange import discard
from ensemble.store.journal import Key, copy_with
from ensemble.store.names import beside
from ensemble.store.reading import read
from ensemble.store.store import Store, partial_name
from scenarios import Loaded
from scenarios.reading.editing import with_values

FIELDS = {"morris": "trajectories", "sobol": "n"}
"""The word of a design that says how long it is."""


@dataclass(frozen=True)
class Growth:
    """A store and the plan of a longer design beside it.

    Attributes
    ----------
    store : Store
        The shorter one, complete.
    plan : Plan
        Of the longer one, whose path is beside the store's.
    kept : tuple of key
        Blocks that both have.
    """

    store: Store
    plan: Plan
    kept: tuple[Key, ...]

    @property
    def reused(self) -> int:
        """Return the members that are not run again."""
        return sum(self._members(key) for key in self.kept)

    @property
    def rerun(self) -> int:
        """Return the members of the shorter design that are run again: its last, cut block's."""
        status = self.store.specs["status"]
        return int(np.prod(status.shape)) - self.reused

    def _members(self, key: Key) -> int:
        spans = self.plan.layout.grid.spans(key)
        return int(np.prod([span.stop - span.start for span in spans]))


def length_field(store: Store) -> str:
    """Return the word that says how long the design is.

    Raises
    ------
    PlanError
        Longer is not what this design can become.
    """
    design = store.attrs["identity"]["scenario"]["design"]
    method = design.get("method", "cross")
    if method not in FIELDS:
        raise PlanError(
            f"{store.path}: a {method} design has no longer form with the same rows and indices "
            "of its own; use {method: morris, ...} or {method: sobol, ...}"
        )
    if design.get("optimal") is not None:
        raise PlanError(
            f"{store.path}: optimal: {design['optimal']} trajectories were chosen together, so "
            "more would be others; leave out optimal: and run into a new store"
        )
    return FIELDS[method]


def growth(store: Store, length: int) -> Growth:
    """Return how a store becomes one of a longer design.

    Parameters
    ----------
    store : Store
        Complete.
    length : int
        Trajectories, or base samples, of the longer design.

    Raises
    ------
    PlanError
        Its code or its data are not what made it, or a statistic rests on the design's length.
    """
    field = length_field(store)
    cases_of(store)  # for what is wrong with it is told of this store
    experiment, lengths = open_experiment(store), store.attrs["identity"]["block"]
    written = store.attrs["identity"]["scenario"]
    changed = {("design", field): length}
    scenario = _longer(store, written, changed)
    layout = Layout(replace(experiment, scenario=scenario))
    if {axis.name: axis.length for axis in layout.grid.axes} != lengths:
        # Blocks are as long as they were, or none could be kept.
        for name in ("location", "sample"):
            changed["block", name] = lengths[name]
        scenario = _longer(store, written, changed)
    grown = replace(experiment, scenario=scenario)
    _refuse_other_edges(store, experiment, grown)
    layout = Layout(grown)
    identity = {**identity_of(scenario, grown, layout)}
    # Of names and recipes of drivers the store says more than what it holds.
    for part in ("locations", "recipes"):
        if part in store.attrs["identity"]:
            identity[part] = store.attrs["identity"][part]
    _refuse_changes(store, identity)
    path, provenance = beside(store.path, "longer"), store.attrs["provenance"]
    foretold = outlook(layout, provenance)
    plan = Plan(scenario, grown, layout, path, identity, provenance, foretold)
    return Growth(store, plan, tuple(_whole_blocks(store, layout)))


def _longer(
    store: Store, written: Mapping[str, Any], changed: Mapping[tuple[str, str], int]
) -> Loaded:
    """Return the scenario with other numbers, in its words as in its text."""
    data = json.loads(json.dumps(written))
    for (section, name), value in changed.items():
        data[section][name] = value
    replaced = store.attrs.get("with_data", [])
    text = with_values(store.attrs["scenario"], changed, elsewhere=replaced)
    about = {"text": text, "source": str(store.path), "base": store.path / "inputs"}
    about["replaced"] = tuple(replaced)
    return read_words(store, Loaded, {**data, **about})


def _refuse_other_edges(store: Store, experiment: Experiment, grown: Experiment) -> None:
    """Refuse where histograms would have other edges, as a pilot of the longer design finds."""
    new = pilot.edges(replace(grown, edges={}))
    old = experiment.edges
    other = [t for t in old if t not in new or not np.array_equal(old[t], new[t])]
    if other:
        lines = ", ".join(f"{target}: [lowest, highest]" for target in other)
        raise PlanError(
            f"{store.path}: the edges of histograms come from a pilot of this design, and a longer "
            f"one has others; say histograms: {{edges: {{{lines}}}}} and run into a new store"
        )


def _refuse_changes(store: Store, identity: Mapping[str, Any]) -> None:
    """Refuse a kernel or drivers that are not those of the blocks that are kept."""
    if others := of_members(store.attrs["accepted_changes"]):
        text = "changes were accepted while it was run, so its members are not all of one kind"
        raise PlanError(f"{store.path}: {text} ({'; '.join(others[:3])}); run into a new store")
    stored = store.attrs["identity"]
    for part, what in (("kernel", "kernel"), ("forcings", "drivers")):
        if stored[part] != identity[part]:
            raise PlanError(
                f"{store.path}: its {what} changed since it was run, so its members and new ones "
                "would differ; run into a new store"
            )


def _whole_blocks(store: Store, layout: Layout) -> Iterator[Key]:
    """Yield the blocks that are the same in both stores: all but the last, if that is cut."""
    samples = store.specs["status"].shape[2]
    for key in layout.grid.keys():
        if layout.grid.spans(key)[2].stop <= samples:
            yield key


def adopt(grown: Growth) -> Store:
    """Create the longer store, or take up one that is begun, with every kept block in it."""
    old, path = grown.store, grown.plan.path
    if path.exists():
        try:
            begun = read_ensemble(path)
            same = begun.attrs["identity"] == json.loads(json.dumps(dict(grown.plan.identity)))
        except PlanError:
            same = False
        if not same:
            discard(old.path, path)
    accepted = old.attrs["accepted_changes"]
    new = read(path) if path.exists() else creating.create_store(grown.plan, accepted)
    if missing := set(grown.kept) - new.committed().keys():
        _link(old, new, grown, missing)
    return new


def _link(old: Store, new: Store, grown: Growth, keys: Collection[Key]) -> None:
    """Link the files of blocks, make them durable, then say that they are committed."""
    grid, committed = grown.plan.layout.grid, old.committed()
    folders = {"partials"}
    for key in keys:
        same_file(old, new, partial_name(key))
        for name in committed[key].checksums.keys() - {"partials"}:
            spec = new.specs[name]
            folders.add(name)
            same_file(old, new, chunk_name(spec, grid.index(key, spec)))
    for name in old.root.names(quarantine.FOLDER):
        new.make_folders(quarantine.FOLDER)
        same_file(old, new, f"{quarantine.FOLDER}/{name}")
    for name in folders:
        new.root.folder(name).sync()
    copy_with(old.journal, new.journal, {key: committed[key] for key in grown.kept})


def same_file(old: Store, new: Store, name: str) -> None:
    """Give a file of one store a second name in another, or copy it where links cannot be had.

    A file of a store is replaced by renaming and never written again, so neither store can
    change the other's.
    """
    new.root.remove(name)
    try:
        new.root.link(old.root, name)
    except FileNotFoundError as error:
        raise PlanError(
            f"{old.path / name}: a file of a committed block is missing; run `soilsweep verify "
            f"{old.path} --repair` first"
        ) from error
    except OSError:
        new.root.write(name, old.root.read(name), sync=True)


def begun_length(store: Store) -> int | None:
    """Return the length of the longer design that was begun beside a store, if one was."""
    path = beside(store.path, "longer")
    if not path.exists():
        return None
    try:
        design = read_ensemble(path).attrs["identity"]["scenario"]["design"]
        return int(design[length_field(store)])
    except (PlanError, KeyError, TypeError, ValueError):
        return None
