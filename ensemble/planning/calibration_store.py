"""From a plan of a calibration to its store: groups and observations, no search yet."""

from dataclasses import replace
from typing import Any

import numpy as np

from ensemble.calibration.layout import GROUP, METRICS, PARTS
from ensemble.calibration.objective import Term
from ensemble.calibration.stored import (
    BETWEEN,
    CALIBRATED,
    FOLD,
    FOLD_OF,
    GROUP_OF,
    LABELS,
    PARAMETER_UNITS,
    TIED_TO,
    WORK,
)
from ensemble.members.reopening import mapped
from ensemble.members.responses import observations
from ensemble.members.responses.costs import Cost
from ensemble.members.responses.places import compared
from ensemble.planning.calibrating import CalibrationPlan
from ensemble.planning.completing import digests_of
from ensemble.planning.creating import (
    Static,
    common_attributes,
    coordinates_of,
    drivers_of,
    one_chunk,
    write_drivers,
)
from ensemble.planning.identity import settled
from ensemble.store.coordinates import complete
from ensemble.store.store import Store
from ensemble.store.writing import create
from kernels import F8
from scenarios.locations import words

PLACES = ("forcing", "location")


def create_store(plan: CalibrationPlan) -> Store:
    """Create the store of a plan: coordinates, drivers, observations, groups; no search yet."""
    own = static_arrays(plan)
    every = [spec for spec, _ in own.values()]
    specs, copies = complete([*every, *drivers_of(plan.experiment), *plan.layout.arrays])
    values: dict[str, Any] = {path: array for path, (_, array) in own.items()}
    values |= {path: values[source] for path, source in copies.items()}

    def fill(store: Store) -> dict[str, Any]:
        write_drivers(store, plan.experiment)
        names = plan.experiment.forcings
        drivers = mapped(store, plan.experiment.kernel, len(names))
        experiment = replace(plan.experiment, drivers=drivers)
        identity = settled(plan.identity, digests_of(plan, experiment))
        return attributes(replace(plan, identity=identity))

    inputs = dict(plan.experiment.kernel.kept)
    return create(
        plan.path, tuple(specs.values()), attributes(plan), values, inputs=inputs, fill=fill
    )


def attributes(plan: CalibrationPlan) -> dict[str, Any]:
    """Return the attributes of the root of a plan's store."""
    layout = plan.layout
    about = {"method": "calibration", "search": layout.spec.name, "cost": layout.objective.name}
    return {**common_attributes(plan), "work": WORK, "design": about, LABELS: _labels(plan)}


def static_arrays(plan: CalibrationPlan) -> Static:
    """Return every array but drivers that is known before a search begins."""
    layout = plan.layout
    arrays = {**coordinates_of(plan.experiment), **observations.to_arrays(plan.experiment)}
    table = {p.name: p for p in plan.experiment.kernel.parameters}
    named = {
        "group": layout.groups.names,
        "parameter": layout.space.names,
        f"{GROUP}/parameter_": layout.space.names,
        f"{GROUP}/response": tuple(term.name for term in layout.objective.terms),
        f"{GROUP}/part": PARTS,
        f"{GROUP}/metric": METRICS,
        f"{GROUP}/tally": layout.tallied,
        FOLD: layout.folds.names if layout.folds is not None else (),
    }
    for path, names in named.items():
        if names:
            dims = (path.rpartition("/")[2],)
            arrays |= one_chunk(path, np.array(names, dtype=object), dims)
    # Texts that name no dimension are attributes: xarray cannot open arrays of them lazily.
    said = {PARAMETER_UNITS: BETWEEN.join(table[name].units for name in layout.space.names)}
    if layout.section.tied:
        said[TIED_TO] = BETWEEN.join(layout.space.tied_to)
    for name, ends in (("lower", layout.space.lower), ("upper", layout.space.upper)):
        about = {"long_name": f"{name} end of the range that is searched", **said}
        arrays |= one_chunk(f"{GROUP}/{name}", ends, ("parameter",), attrs=about)
    restarts = np.arange(layout.section.restarts)
    arrays |= one_chunk("restart", restarts, ("restart",))
    about = {"long_name": "group of each place, counted from 0"}
    arrays |= one_chunk(GROUP_OF, layout.groups.of.astype(np.int64), PLACES, attrs=about)
    about = {"long_name": "1 where a place is calibrated on"}
    arrays |= one_chunk(CALIBRATED, layout.calibrated.astype(np.int64), PLACES, attrs=about)
    if layout.folds is not None and layout.folds.of is not None:
        about = {"long_name": "fold of each place, counted from 0; -1 for none"}
        arrays |= one_chunk(FOLD_OF, layout.folds.of, PLACES, attrs=about)
    for number, term in enumerate(layout.objective.terms):
        arrays |= _compared(plan, number, term)
    return arrays


def _labels(plan: CalibrationPlan) -> dict[str, list[str]]:
    """Return the columns of words in the table of locations, by location; none without a table."""
    scenario = plan.scenario
    if scenario.locations is None:
        return {}
    base = scenario.base_of("locations")
    columns = words(plan.experiment.locations, scenario.locations, base)
    return {name: list(cells) for name, cells in columns.items()}


def _compared(plan: CalibrationPlan, number: int, term: Term) -> Static:
    """Return what a term compares with, by place: values, what they count, their part."""
    layout, pairs = plan.layout, term.pairs
    values = {
        "observed": np.where(pairs.there, pairs.observed, np.nan),
        "weight": np.where(pairs.there, term.weight * _per_error(term) ** 2, 0.0),
        "part": layout.part(number),
    }
    if layout.folds is not None:
        values["fold"] = layout.fold_of[number]
    return {
        spec.path: (spec, array)
        for word, array in values.items()
        for spec in [layout.of_observations(word, term, array.dtype.name)]
    }


def _per_error(term: Term) -> F8:
    """Return one over the standard error of each value; 1 where differences are as they are."""
    inner = compared(term.response)
    if isinstance(inner, Cost) and not term.plain:
        return inner.per_error
    return np.ones(term.pairs.there.shape)
