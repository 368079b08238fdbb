"""A plan beside a store of it: drivers as they were written, and what only they could tell.

A plan makes no large driver and runs no kernel. What it leaves is found once, when the store is
made (`completed`), is read from a store that is there (`on_store`), and is compared with one only
as far as must be (`beside`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError
from ensemble.members import pilot
from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.members.reopening import edges_of, mapped
from ensemble.planning.calibrating import CalibrationPlan
from ensemble.planning.identity import RECIPE, digest, settled
from ensemble.planning.notices import Notice
from ensemble.planning.outlook import Outlook, outlook
from ensemble.planning.plan import Plan
from ensemble.store.store import Store, damaged_inputs
from scenarios.forcing import sources

Planned = TypeVar("Planned", Plan, CalibrationPlan)


def completed(plan: Plan, store: Store) -> Plan:
    """Return a plan with all that follows from the drivers that a new store holds.

    Edges of histograms are those of the pilot, which rests on scenario and forcings alone.
    """
    experiment = replace(plan.experiment, drivers=_mapped(plan, store))
    experiment = replace(experiment, edges=pilot.edges(experiment))
    layout = layout_on(plan, experiment)
    known = replace(plan, experiment=experiment, layout=layout)
    digests = digests_of(plan, experiment)
    foretold = outlook(layout, plan.provenance) if plan.outlook.looked_at else plan.outlook
    return replace(known, identity=settled(plan.identity, digests), outlook=foretold)


def digests_of(plan: Planned, experiment: Experiment) -> dict[str, str]:
    """Return the digests of forcings of which a store holds other bytes than a plan has."""
    return {name: digest(name, experiment) for name in _held_otherwise(plan, experiment)}


def _held_otherwise(plan: Planned, experiment: Experiment) -> Iterator[str]:
    """Yield forcings of which a store holds other bytes than a plan has: made, or made wider."""
    for (name, planned), held in zip(_by_name(plan), experiment.drivers, strict=True):
        wider = any(held[n].dtype != planned[n].dtype for n in held)
        if wider or plan.identity["forcings"][name].startswith(RECIPE):
            yield name


def on_store(plan: Plan, store: Store) -> Plan:
    """Return a plan on what its store holds: drivers in its files, edges of its pilot.

    Raises
    ------
    PlanError
        The store's drivers are damaged.
    """
    try:
        drivers = _mapped(plan, store)
        edges = {**plan.experiment.edges, **edges_of(store)}
    except PlanError:
        raise
    except (OSError, ValueError, LookupError) as error:
        raise damaged_inputs(store.path, error) from error
    experiment = replace(plan.experiment, drivers=drivers, edges=edges)
    told = store.attrs.get("noticed")
    foretold = plan.outlook
    if foretold.looked_at and told is not None:
        foretold = Outlook(tuple(Notice(one.get("kind", ""), one["text"]) for one in told))
    layout = layout_on(plan, experiment)
    return replace(plan, experiment=experiment, layout=layout, outlook=foretold)


def beside(plan: Planned, store: Store) -> Planned:
    """Return a plan whose drivers have the hashes of a store's where they are the same.

    Drivers that are made are so if their recipe is; else, as for a store of before there were
    recipes, they are made and compared.
    """
    stored, now = store.attrs["identity"], plan.identity["forcings"]
    same = {
        name: stored["forcings"][name]
        for name, text in now.items()
        if name in stored["forcings"]
        and (
            stored.get("recipes", {}).get(name) == text
            or (text.startswith(RECIPE) and _same_values(plan, store, name))
        )
    }
    return replace(plan, identity=settled(plan.identity, same))


def layout_on(plan: Plan, experiment: Experiment) -> Layout:
    """Return the layout of a plan on other data; its blocks are those of the plan."""
    _, locations, samples = plan.layout.grid.axes
    lengths = (locations.length, samples.length)
    return Layout(experiment, lengths, apart=plan.layout.apart)


def _mapped(plan: Planned, store: Store) -> Sequence[Mapping[str, NDArray[Any]]]:
    return mapped(store, plan.experiment.kernel, len(plan.experiment.forcings))


def _same_values(plan: Planned, store: Store, name: str) -> bool:
    """Return whether a forcing's drivers are, made now, those of a store to the bit."""
    experiment = plan.experiment
    try:
        names = store.read_strings("forcing")
        there = mapped(store, experiment.kernel, len(names))[names.index(name)]
    except PlanError:
        raise
    except (OSError, ValueError, LookupError):
        return False
    ours = experiment.drivers[experiment.forcings.index(name)]
    if any(ours[n].shape != v.shape for n, v in there.items()):
        return False
    # Beside a forcing in double precision, a store holds others so, too.
    there = {n: v.astype(ours[n].dtype, copy=False) for n, v in there.items()}
    every = [there if n == name else d for n, d in _by_name(plan)]
    stored = store.attrs["identity"]["forcings"][name]
    if digest(name, replace(experiment, drivers=every)) != stored:
        return False
    return all(
        np.array_equal(there[n][here].view(np.uint8), some[n].view(np.uint8))
        for source in sources(ours)
        for here, some in source.slabs()
        for n in some
        if n in there
    )


def _by_name(plan: Planned) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return zip(plan.experiment.forcings, plan.experiment.drivers, strict=True)
