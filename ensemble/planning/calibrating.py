"""From a scenario with ``calibration:`` to a plan: data opened and checked, nothing written."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.calibration.folds import folds_of
from ensemble.calibration.groups import Groups, groups_of, locations_kept
from ensemble.calibration.layout import Layout
from ensemble.calibration.metric_costs import undefined
from ensemble.calibration.objective import Unfit
from ensemble.calibration.searches import code
from ensemble.members.experiment import Experiment
from ensemble.members.responses.making import warnings as lacking
from ensemble.members.stages import needed
from ensemble.planning.checks import check_observed
from ensemble.planning.driver_ranges import driver_notices
from ensemble.planning.identity import identity_of
from ensemble.planning.notices import DATA, DESIGN, FILE, Notice
from ensemble.planning.outlook import Outlook, looked_at, of_data
from ensemble.planning.places import check_execution, store_place
from ensemble.planning.plan import opened, with_warnings
from ensemble.planning.planned import Planned
from scenarios import Loaded, Problem, ScenarioError, and_more, most_named, with_lines
from scenarios.calibration import Calibration, OfColumn
from scenarios.locations import labels

NAMES_SHOWN = 5

ALONE_SECONDS = 3600.0
"""Of a single block that no other worker can help with, above which a plan says so."""


@dataclass(frozen=True)
class CalibrationPlan(Planned):
    """A scenario with ``calibration:`` ready to run.

    Attributes
    ----------
    scenario : Loaded
    experiment : Experiment
    layout : Layout
    path : Path
    identity : mapping
        What must be the same for a run to continue a store.
    provenance : sequence of mappings
        Where each forcing came from.
    outlook : Outlook
        What drivers, groups and ranges foretell of the searches.
    """

    scenario: Loaded
    experiment: Experiment
    layout: Layout
    path: Path
    identity: Mapping[str, Any]
    provenance: Sequence[Mapping[str, Any]]
    outlook: Outlook = field(default_factory=Outlook)

    @property
    def searches(self) -> int:
        """Return the number of searches."""
        section, turns = self.layout.section, self.layout.turns
        return len(self.layout.groups.names) * turns * section.restarts

    @property
    def worker_nbytes(self) -> int:
        """Return the memory of a worker, bytes: its searches, and what a round computes."""
        return 2 * self.layout.block_nbytes


@with_lines
def plan_calibration(
    scenario: Loaded, *, store: str | os.PathLike[str] | None = None
) -> CalibrationPlan:
    """Open and check everything that a calibration needs.

    Parameters
    ----------
    scenario : Loaded
        From `scenarios.load`; it has a ``calibration``.
    store : str or path, optional
        Instead of the scenario's own.

    Raises
    ------
    ScenarioError
        The scenario or its data; every problem found.
    """
    section = scenario.calibration
    assert section is not None
    experiment, forcings = opened(scenario)
    if problems := [*check_observed(experiment), *_shared(section, experiment)]:
        raise ScenarioError(problems, scenario.source)
    layout = _layout(scenario, section, experiment)
    if problems := [*_names(layout), *_split(layout), *_search(layout)]:
        raise ScenarioError(problems, scenario.source)
    check_execution(scenario)
    path = store_place(scenario, store)
    identity = {**identity_of(scenario, experiment, layout), "search": code(layout.spec)}
    notes = lacking(layout.functionals, experiment.forcings)
    provenance = [with_warnings(f.provenance, notes.get(f.name, ())) for f in forcings]
    foretold = _foretold(layout, provenance)
    return CalibrationPlan(scenario, experiment, layout, path, identity, provenance, foretold)


def _shared(section: Calibration, experiment: Experiment) -> Iterator[Problem]:
    """Yield that nobody says whether forcings share a set, and splits that leave nothing."""
    if len(experiment.forcings) > 1 and section.forcings is None:
        text = f"there are {len(experiment.forcings)} forcings; say forcings: apart, a set for "
        yield Problem(f"{text}each, or together, one for all", "calibration.forcings")
    split = section.validation
    if split is not None and (split.split or split.folds) and split.of == "locations":
        if section.groups == "location":
            text = "found of: locations, and every location is a group of its own: nothing would "
            text += "be left to calibrate on, or to look at; needed of: layers, or other groups:"
            yield Problem(text, "calibration.validation.of")


def _layout(scenario: Loaded, section: Calibration, experiment: Experiment) -> Layout:
    """Return groups, costs and blocks; raises `ScenarioError` for what does not fit the data."""
    names = experiment.locations.names

    def column(name: str, where: str) -> tuple[str, ...]:
        base = scenario.base_of("locations")
        return labels(name, experiment.locations, scenario.locations, base, where)

    problems: list[Problem] = []
    of_groups = of_split = None
    try:
        if isinstance(section.groups, OfColumn):
            of_groups = column(section.groups.column, "calibration.groups.column")
        split = section.validation
        for word in ("column", "leave_out"):
            if split is not None and getattr(split, word) is not None:
                of_split = column(getattr(split, word), f"calibration.validation.{word}")
    except ScenarioError as error:
        raise ScenarioError(error.problems, scenario.source) from error
    groups = groups_of(section, experiment.forcings, names, of_groups)
    kept = locations_kept(section, groups, names, scenario.seed, of_split)
    folds = folds_of(split, groups, names, scenario.seed, of_split)
    if split is not None and of_split is not None and not kept.any():
        found = ", ".join(dict.fromkeys(of_split))
        text = f"no location has {split.calibrate!r} there; it has {found}"
        problems.append(Problem(text, "calibration.validation.calibrate"))
    problems += _without_any(groups, kept)
    if problems:
        raise ScenarioError(problems, scenario.source)
    try:
        return Layout(experiment, groups, kept, folds)
    except Unfit as error:
        raise ScenarioError([Problem(str(error), "calibration.minimise")]) from error
    except LookupError as error:
        raise ScenarioError([Problem(str(error), "calibration.algorithm")]) from error


def _without_any(groups: Groups, kept: Any) -> Iterator[Problem]:
    """Yield groups of which a split leaves no location to calibrate on."""
    lacking = [
        name
        for name, places in zip(groups.names, groups.every(), strict=True)
        if not kept[places[:, 0], places[:, 1]].any()
    ]
    if lacking:
        text = f"{listed(lacking)}: no location is left to calibrate on"
        yield Problem(text, "calibration.validation")


def listed(names: Sequence[str]) -> str:
    """Return groups in words, the first few by name."""
    first = names[: most_named(NAMES_SHOWN)]
    shown = ", ".join(map(repr, first))
    one = "group" if len(names) == 1 else "groups"
    return f"{one} {shown}{and_more(len(names) - len(first))}"


def _names(layout: Layout) -> Iterator[Problem]:
    """Yield columns of locations with the name of another array, and names that stand twice."""
    axes = {"status", "group", "restart", "parameter", "parameter_", "response", "part", "metric"}
    axes |= {"fold"}
    for name in sorted(axes & layout.experiment.locations.columns.keys()):
        text = "is the name of an array of the store; rename the column"
        yield Problem(text, f"column {name!r}")
    names = [term.name for term in layout.objective.terms]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"{name!r} is in the cost twice; name it once", "calibration.minimise")


def _split(layout: Layout) -> Iterator[Problem]:
    """Yield a split of what is no sum over observations, and that nothing is observed at all."""
    split = layout.section.validation
    if not layout.objective.compares:
        if split is not None and not split.by_location:
            text = f"{layout.objective.name!r} is not made of observations"
            text += ", of which some could be held back; needed of: locations"
            yield Problem(text, "calibration.validation.of")
        elif split is not None and split.in_turn:
            text = f"{layout.objective.name!r} is not made of observations: nothing that is held "
            text += "back in turn could be looked at; needed a response with cost:"
            yield Problem(text, "calibration.validation")
        return
    if not layout.observations.any():
        text = f"nothing is observed that {layout.objective.name!r} compares with, in any group"
        yield Problem(text, "calibration.minimise")
        return
    yield from _folds(layout)


def _folds(layout: Layout) -> Iterator[Problem]:
    """Yield groups of which a fold holds nothing, or all."""
    split = layout.section.validation
    if split is None or layout.folds is None:
        return
    there, observed = (layout.in_fold > 0).sum(axis=1), layout.observations > 0
    needed = split.folds or 2
    few = np.flatnonzero(observed & (there < needed)).tolist()
    if not few:
        return
    names = [layout.groups.names[g] for g in few]
    if split.folds:
        what = "observed locations" if split.by_location else "observations"
        least = int(there[few].min())
        text = f"found folds: {split.folds}; {listed(names)}: {what} for {least} of them "
        text += "alone; needed one or more for each fold"
        yield Problem(text, "calibration.validation.folds")
    else:
        text = f"{listed(names)}: what is observed has one value of {split.leave_out!r} alone, and "
        text += "nothing would be left to calibrate on; needed two or more in each group"
        yield Problem(text, "calibration.validation.leave_out")


def _search(layout: Layout) -> Iterator[Problem]:
    """Yield what does not suit the search."""
    has, n = layout.objective.has_residuals, layout.space.size
    try:
        spec = layout.spec
    except LookupError as error:
        yield Problem(str(error), "calibration.algorithm")
        return
    unfit = spec.unfit(n, residuals=has)
    for option, text in unfit.items():
        where = "calibration.algorithm" + (f".{option}" if option else "")
        yield Problem(text, where)
    if unfit:
        return
    least, budget = spec.least_budget(n, residuals=has), layout.section.budget
    if budget < least:
        text = f"found {budget:,}; needed at least {least:,} evaluations for {spec.name} of {n}"
        yield Problem(f"{text} parameters", "calibration.budget")


def _foretold(layout: Layout, provenance: Sequence[Mapping[str, Any]]) -> Outlook:
    """Return what drivers, groups and ranges say."""
    experiment = layout.experiment
    stages, _ = needed(experiment.kernel, layout.objective.outputs)
    seen, _ = looked_at(experiment)
    read = {name for stage in stages for name in stage.drivers}
    of_drivers, failing = driver_notices(seen, read)
    notices = [
        *(Notice(FILE, text) for text in experiment.kernel.warnings),
        *of_data(provenance),
        *of_drivers,
        *_of_forcings(layout),
        *_of_groups(layout),
        *_of_folds(layout),
        *_of_ranges(layout),
        *_of_time(layout),
    ]
    certain = float(np.mean(np.concatenate(failing))) if failing else 0.0
    return Outlook(tuple(notices), certain)


def _of_forcings(layout: Layout) -> Iterator[Notice]:
    """Yield that no scenario can be written with parameters that each forcing has of its own."""
    forcings = layout.experiment.forcings
    if len(forcings) > 1 and layout.section.forcings == "apart":
        text = f"each of the {len(forcings):,} forcings gets parameters of its own, and `soilsweep "
        text += "apply` will refuse them, as columns of locations are of all forcings: for a "
        yield Notice(DESIGN, f"{text}scenario of it say forcings: together, or name one forcing")


def _of_folds(layout: Layout) -> Iterator[Notice]:
    """Yield values that are left out by and have locations of a group, but nothing observed."""
    folds, groups = layout.folds, layout.groups
    if folds is None or folds.of is None or not layout.objective.compares:
        return
    for fold, value in enumerate(folds.names):
        there = np.unique(groups.of[(folds.of == fold) & (groups.of >= 0)])
        bare = there[(layout.in_fold[there, fold] == 0) & (layout.observations[there] > 0)]
        if len(bare):
            names = listed([groups.names[g] for g in bare.tolist()])
            text = f"{names}: nothing is observed at its locations of {value!r}, so that holding "
            yield Notice(DATA, f"{text}them back changes nothing: there is no search without them")


def _of_groups(layout: Layout) -> Iterator[Notice]:
    """Yield groups without observations, and with fewer than parameters."""
    if not layout.objective.compares:
        return
    names, n = layout.groups.names, layout.space.size
    found = layout.observations.tolist()
    nothing = [name for name, count in zip(names, found, strict=True) if count == 0]
    if nothing:
        text = f"{listed(nothing)}: nothing is observed; without a search, and the run ends with "
        yield Notice(DATA, f"{text}exit code 3")
    few = [name for name, count in zip(names, found, strict=True) if 0 < count < n]
    if few:
        text = f"{listed(few)}: fewer observations than the {n} parameters, which these cannot "
        yield Notice(DATA, f"{text}determine all")
    for why, without in undefined(layout).items():
        yield Notice(DATA, f"{listed(without)}: {why}; no candidate has a cost there")


def _of_ranges(layout: Layout) -> Iterator[Notice]:
    """Yield parameters whose default is outside the range that is searched."""
    table = {p.name: p for p in layout.experiment.kernel.parameters}
    # The first are those that are searched; what is tied to one has the ratio of the defaults.
    for name, low, high in zip(
        layout.section.parameters, layout.space.lower, layout.space.upper, strict=False
    ):
        default = table[name].default
        if math.isfinite(default) and not low <= default <= high:
            text = f"{name}: its default, {default:g}, is outside the range that is searched"
            yield Notice(DATA, f"{text}, {low:g} to {high:g}", name)


def _of_time(layout: Layout) -> Iterator[Notice]:
    """Yield that a single group will take long, as one worker alone runs it."""
    if len(layout.groups.names) == 1 and layout.seconds > ALONE_SECONDS:
        hours = layout.seconds / 3600
        text = f"one group is one block, which one worker runs: up to {hours:.3g} hours"
        yield Notice(DATA, f"{text}; a smaller budget: or more groups would be faster")
