"""A changed scenario beside a begun store: what differs, and what is not true of its members."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ensemble.members import pilot
from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.members.recounting import answerable, names_of, same_sums, stored_whole
from ensemble.members.reopening import layout_of, open_experiment
from ensemble.members.responses.kinds import looked_at, parts_of
from ensemble.members.stored import is_apart, lengths_of
from ensemble.planning import creating
from ensemble.planning.identity import LIMITS, changes, section_changes
from ensemble.planning.plan import Plan
from ensemble.runs.accepted import JUDGED
from ensemble.store.arrays import ArraySpec
from ensemble.store.committed import Committed
from ensemble.store.store import Store
from scenarios.responses import reached

DERIVED = (
    "statistics/",
    "across_forcings/",
    "aggregates/",
    "evaluation/",
    "weighted/",
    "pilot/",
    "undefined/",
)
"""Groups of what a run ends with: they may be made anew."""

ANALYSES = ("sensitivity/", "variance/", "evaluated/")


@dataclass(frozen=True)
class Change:
    """A store, and the plan that it is to be of."""

    store: Store
    plan: Plan

    @cached_property
    def experiment(self) -> Experiment:
        """Return the experiment of the store, on the data that it holds."""
        return open_experiment(self.store)

    @cached_property
    def old(self) -> Layout:
        """Return the layout that the store has."""
        return layout_of(self.store, self.experiment)

    @cached_property
    def new(self) -> Layout:
        """Return the layout of the new scenario on the data that the store holds."""
        now = replace(self.experiment, scenario=self.plan.scenario, edges=self._edges())
        return Layout(now, lengths_of(self.store), apart=is_apart(self.store))

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
        planned = self.plan.experiment
        found = pilot.edges(replace(planned, edges={**planned.edges, **kept}))
        return {**found, **kept}

    @cached_property
    def committed(self) -> Committed:
        """Return the blocks that are done."""
        return self.store.committed()

    @cached_property
    def static(self) -> creating.Static:
        """Return the arrays that are known before a run."""
        return creating.static_arrays(self.renewed)

    @cached_property
    def renewed(self) -> Plan:
        """Return the plan with the layout of the new scenario on the data of the store."""
        return replace(self.plan, experiment=self.new.experiment, layout=self.new)

    @cached_property
    def specs(self) -> dict[str, ArraySpec]:
        """Return every array that the store will have; analyses stay."""
        analyses = {p: s for p, s in self.store.specs.items() if p.startswith(ANALYSES)}
        every = {s.path: s for s in creating.specs_of(self.renewed, self.static)}
        return analyses | every | dict(self._drivers(every))

    def _drivers(self, every: Mapping[str, ArraySpec]) -> Iterator[tuple[str, ArraySpec]]:
        """Yield drivers as the store's files cut them, whatever a new store's would."""
        for path, there in self.store.specs.items():
            new = every.get(path)
            if new and path.startswith(creating.DRIVERS) and new.shape == there.shape:
                yield path, replace(new, chunks=there.chunks)

    @cached_property
    def other_responses(self) -> set[str]:
        """Return responses that the store does not hold as the new scenario means them."""
        before, now = self.experiment.scenario.responses, self.plan.scenario.responses
        return reached(now, {name for name in now if before.get(name) != now[name]})

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

    def problems(self) -> Iterator[str]:
        """Yield every change that cannot be accepted, and why."""
        others = list(self._other_members())
        yield from others
        if not others:
            yield from self._lost()
            yield from self._unknown()

    def _other_members(self) -> Iterator[str]:
        stored, now = self.store.attrs["identity"], self.plan.identity
        if stored["block"] != now["block"]:
            yield "block lengths: chunks cannot be cut anew"
        for name in sorted(stored["forcings"].keys() | now["forcings"].keys()):
            if stored["forcings"].get(name) != now["forcings"].get(name):
                yield f"forcing {name}: members that are done ran under other data"
        held, asked = (one.get("evaluation", {}) for one in (stored, now))
        for name in sorted(held.keys() | asked.keys()):
            if held.get(name) != asked.get(name):
                yield f"evaluation.benchmarks.{name}: {_AS_THEY_RUN}"
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
            elif not path.startswith((*DERIVED, *ANALYSES)) and geometry(spec) != geometry(new):
                yield f"{path} would have another shape, type or unit than it has"

    def _unknown(self) -> Iterator[str]:
        """Yield what would be needed of blocks that are done, and is not stored."""
        if not self.committed:
            return
        for name in self.new.outputs.keys() - self.old.outputs.keys():
            kept = self.new.outputs[name]
            what = "it" if kept.output == name else name
            yield f"outputs.{kept.output}: members that are done do not hold {what}"
        for name in sorted(self.other_responses):
            if not answerable(self.new, name, self.stored):
                yield f"responses.{name}: {self._why_unanswered(name)}"
        for name, target in self.recounted.items():
            answered = self.stored | self.other_responses
            if target not in answered:
                section = "aggregates" if name.startswith("aggregates/") else "statistics"
                yield f"{section}.{target}: {_NOT_WHOLE}"

    def _why_unanswered(self, name: str) -> str:
        response = self.new.functionals[name]
        if parts_of(response) or not self.stored.issuperset(looked_at(response)):
            return _NOT_WHOLE
        return "members that are done are stored in float32, and responses are exact"


_AS_THEY_RUN = (
    "members are scored as they run; `soilsweep evaluate RUN --with FILE` scores those that are "
    "stored, or run into a new store"
)
_NOT_WHOLE = "it needs members that are done, and they are not stored whole (all)"


def geometry(spec: ArraySpec) -> tuple[Any, ...]:
    """Return what of an array cannot change while its chunks stay: type, shape, chunks, unit."""
    return spec.dtype, spec.dims, spec.shape, spec.chunks, spec.attrs.get("units")
