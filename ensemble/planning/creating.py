"""From a plan to a store on disk: metadata, coordinates, drivers, no member yet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import kernels
from ensemble.members import across_forcings, limits, pilot
from ensemble.members.evaluation import stored as evaluation
from ensemble.members.evaluation import weighted
from ensemble.members.evaluation.asked import GROUP as EVALUATION
from ensemble.members.evaluation.asked import STATISTICS
from ensemble.members.evaluation.statistics import labels
from ensemble.members.experiment import Experiment
from ensemble.members.in_time import DAY, Steps, Times
from ensemble.members.layout import KEEP_SAMPLES, Layout
from ensemble.members.reopening import EDGES, PILOT
from ensemble.members.responses import observations
from ensemble.members.space.sums import GROUP, class_dim
from ensemble.members.stored import WORK, kind_of_data
from ensemble.planning.calibrating import CalibrationPlan
from ensemble.planning.completing import completed
from ensemble.planning.plan import Plan
from ensemble.store.arrays import FORMAT, ArraySpec
from ensemble.store.coordinates import CELLS, PLACES, beside_climatology, complete, flags
from ensemble.store.store import Store
from ensemble.store.writing import create, write_slabs
from kernels import F8, I8
from scenarios.forcing import Filed, Here, Made, Source, sources

Static = dict[str, tuple[ArraySpec, NDArray[Any] | Sequence[NDArray[Any]]]]
"""Arrays known before a run; a sequence holds one for each place of the first dimension."""

DRIVERS = "drivers/"

TOGETHER_BYTES = 1 << 20
"""A driver of all forcings that is no larger is one file: each costs as much as writing that."""

DEPTHS = ("mm", "cm", "m")
"""Units of a kernel's own dimension that make it a depth in the soil."""


def create_store(
    plan: Plan,
    accepted: Sequence[Mapping[str, Any]] = (),
    check: Callable[[Plan], None] = lambda plan: None,
) -> Store:
    """Create the store of a plan: metadata, coordinates, drivers, no member yet.

    Drivers are written some locations at a time, and what a plan leaves is found from what was
    written: the edges of histograms, by a pilot, digests, and what of all values is out of range.

    Parameters
    ----------
    plan : Plan
    accepted : sequence of mapping
        Changes that were accepted in a store whose members it takes over.
    check : callable
        Refuses the plan with all that is known then, and there is no store.
    """
    static = static_arrays(plan)
    values = {path: array for path, (_, array) in static.items()}
    design, kernel = plan.scenario.design, plan.experiment.kernel
    inputs = {**(design.files(plan.experiment.base) if design else {}), **kernel.kept}

    def fill(store: Store) -> dict[str, Any]:
        write_drivers(store, plan.experiment)
        known = completed(plan, store)
        check(known)
        for path, (_, array) in _pilot(known.experiment).items():
            store.write_whole(path, np.asarray(array))
        return {**attributes(known), "accepted_changes": list(accepted)}

    specs = specs_of(plan, static)
    return create(plan.path, specs, attributes(plan), values, inputs=inputs, fill=fill)


def write_drivers(store: Store, experiment: Experiment) -> None:
    """Write the drivers of all forcings."""
    together: dict[str, list[NDArray[Any]]] = {}
    for forcing, drivers in enumerate(experiment.drivers):
        for path, values in _written(store, forcing, drivers):
            together.setdefault(path, []).append(values)
    for path, each in together.items():
        store.write_whole(path, np.stack(each))


def _written(
    store: Store, forcing: int, drivers: Mapping[str, NDArray[Any] | Made]
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Write the large drivers of a forcing, and yield the small ones, which are in one file."""
    paths = {name: f"{DRIVERS}{name}" for name in drivers if f"{DRIVERS}{name}" in store.specs}
    small = {path for path in paths.values() if _is_small(store.specs[path])}
    for name, path in paths.items():
        if isinstance(driver := drivers[name], Made):
            continue
        exact = np.asarray(driver, dtype=store.specs[path].dtype)
        if path in small:
            yield path, exact
        else:
            store.write_chunk(path, (forcing, *(0,) * exact.ndim), exact[None])
    for source in sources(drivers):
        made = {paths[name]: name for name in source.drivers if name in paths}
        specs = {path: store.specs[path] for path in made if path in small}
        held = {path: np.empty(spec.shape[1:], spec.dtype) for path, spec in specs.items()}
        write_slabs(store, (forcing,), made.keys() - small, _slabs(source, made, held))
        yield from held.items()


def _slabs(
    source: Source | Filed, made: Mapping[str, str], held: Mapping[str, NDArray[Any]]
) -> Iterator[tuple[Here, dict[str, NDArray[Any]]]]:
    """Yield what is made together and where it stands, and hold what is small."""
    for here, some in source.slabs():
        for path, whole in held.items():
            whole[here] = some[made[path]]
        yield here, {path: some[name] for path, name in made.items() if path not in held}


def _is_small(spec: ArraySpec) -> bool:
    """Return whether a driver of all forcings is one chunk."""
    return spec.nbytes <= TOGETHER_BYTES


def static_arrays(plan: Plan) -> Static:
    """Return every array but drivers that is known before a block runs."""
    own = {
        **_coordinates(plan.layout),
        **observations.to_arrays(plan.experiment),
        **evaluation.to_arrays(plan.experiment.evaluation),
        **_pilot(plan.experiment),
        **_bands(plan.layout),
        **_classes(plan.layout),
    }
    specs, copies = complete(_filled(plan, own))
    values = {path: values for path, (_, values) in own.items()}
    values |= {path: values[source] for path, source in copies.items()}
    return {path: (specs[path], array) for path, array in values.items()}


def specs_of(plan: Plan, static: Static) -> tuple[ArraySpec, ...]:
    """Return every array of a plan's store."""
    return tuple(complete(_filled(plan, static))[0].values())


def _filled(plan: Plan, static: Static) -> Iterator[ArraySpec]:
    """Yield what is known before a run, what blocks fill, and what it ends with."""
    yield from (spec for spec, _ in static.values())
    yield from drivers_of(plan.experiment)
    unknown = np.empty(pilot.shape_of(plan.experiment))
    for target in pilot.targets(plan.scenario):
        yield from (spec for spec, _ in _edges(target, unknown).values())
    yield from plan.layout.arrays
    yield from across_forcings.arrays(plan.layout)


def attributes(plan: Plan) -> dict[str, Any]:
    """Return the attributes of the root of a plan's store."""
    return {
        **common_attributes(plan),
        "work": WORK,
        "design": dict(plan.layout.sampler.first.attributes),
        "limits_not_looked_at": limits.not_looked_at(plan.layout),
        **_evaluated(plan.experiment),
    }


def _evaluated(experiment: Experiment) -> dict[str, Any]:
    """Return what is said of benchmarks; nothing where there are none."""
    every = {name: evaluation.words(one) for name, one in experiment.evaluation.items()}
    return {EVALUATION: every} if every else {}


def common_attributes(plan: Plan | CalibrationPlan) -> dict[str, Any]:
    """Return the attributes that the root of a store has whatever its blocks are."""
    scenario, kernel = plan.scenario, plan.experiment.kernel
    return {
        "Conventions": "CF-1.11",
        "title": scenario.title or scenario.name,
        "source": f"soilsweep, kernel {kernel.name}: {kernel.title}",
        "references": kernel.source,
        "soilsweep_format": FORMAT,
        "synthetic": plan.experiment.synthetic,
        "data": kind_of_data(plan.experiment.synthetic),
        "with_data": list(scenario.replaced),
        "scenario": scenario.text,
        "identity": dict(plan.identity),
        "accepted_changes": [],
        "provenance": [dict(p) for p in plan.provenance],
        "kernel_notes": [*kernel.warnings, *kernel.notes],
        "noticed": [dict(notice.as_json()) for notice in plan.warnings],
        "seed": scenario.seed,
    }


def one_chunk(path: str, values: NDArray[Any], dims: tuple[str, ...], **rest: Any) -> Static:
    """Return an array of one chunk."""
    dtype = "string" if values.dtype.kind in "OU" else values.dtype.name
    fill: Any = "" if dtype == "string" else 0 if values.dtype.kind in "iu" else float("nan")
    spec = ArraySpec(path, dtype, dims, values.shape, values.shape, fill=fill, **rest)
    return {path: (spec, values)}


def _coordinates(layout: Layout) -> Static:
    """Return the coordinate variables of the root group."""
    experiment = layout.experiment
    arrays = coordinates_of(experiment)
    for name, kept in layout.outputs.items():
        if kept.dims != kept.variable.dims and not isinstance(kept.steps, int):
            dim = f"{name}_year"
            arrays |= one_chunk(dim, experiment.years[kept.steps], (dim,))
        if kept.reduced is not None and kept.reduced.times is not None:
            arrays |= _reduced_time(kept.reduced.times)
    named = {"statistics": layout.labels, STATISTICS: labels(layout), **weighted.labels(layout)}
    for group, every in named.items():
        for dim, names in every.items():
            arrays |= one_chunk(f"{group}/{dim}", np.array(names, dtype=object), (dim,))
    if layout.sampler.size <= KEEP_SAMPLES:
        rows = np.arange(layout.sampler.size, dtype=np.int64)
        about = {"long_name": "member of each forcing and location", "standard_name": "realization"}
        arrays |= one_chunk("realization", rows, ("sample",), attrs=about)
    return arrays


def coordinates_of(experiment: Experiment) -> Static:
    """Return the coordinates of forcings, locations, times and the kernel's own dimensions."""
    arrays = one_chunk("forcing", np.array(experiment.forcings, dtype=object), ("forcing",))
    arrays |= one_chunk(
        "location", np.array(experiment.locations.names, dtype=object), ("location",)
    )
    for name, column in experiment.locations.columns.items():
        values = np.asarray(column, dtype=np.float64)
        about = (PLACES | CELLS).get(name, {}) | flags(experiment.locations.classes.get(name, {}))
        arrays |= one_chunk(name, values, ("location",), attrs=about)
    if "year" in experiment.coords:
        arrays |= _time(experiment.steps)
    for name, values in experiment.own_coords.items():
        days = experiment.days_of(name)
        arrays |= one_chunk(name, values, (name,)) if days is None else _days(days)
    for name, own in experiment.kernel.coords.items():
        arrays |= _own(name, own)
    return arrays


def _own(name: str, own: kernels.Coordinate) -> Static:
    """Return a dimension of the kernel's own as CF has a vertical coordinate, or its labels."""
    if own.labels:
        labels = np.array(own.labels, dtype=object)
        return one_chunk(name, labels, (name,), attrs={"long_name": own.meaning})
    about = {"units": own.units, "long_name": own.meaning}
    if own.units in DEPTHS:
        about |= {"positive": "down", "axis": "Z"}
    if own.bounds is None:
        return one_chunk(name, own.values, (name,), attrs=about)
    # CF: what bounds mean and their unit are those of the coordinate.
    bounds = one_chunk(f"{name}_bounds", own.bounds, (name, "bound"))
    return (
        one_chunk(name, own.values, (name,), attrs={**about, "bounds": f"{name}_bounds"}) | bounds
    )


def _time(steps: Steps) -> Static:
    """Return the last day of each step as a CF time, the year as a number, and the day if any."""
    long_name = "day" if steps.daily else "end of the year"
    arrays = _dates("time", steps.bounds, steps.calendar, long_name)
    if steps.daily:
        about = {"long_name": "day of a year of 365 days"}
        arrays |= one_chunk(DAY, steps.days, ("time",), attrs=about)
    return arrays | one_chunk("year", steps.years, ("time",), attrs={"long_name": "calendar year"})


def _days(steps: Steps) -> Static:
    """Return the days of a kernel that has years, too, as a CF time."""
    return _dates(steps.dim, steps.bounds, steps.calendar, "day")


def _dates(dim: str, bounds: I8, calendar: str, long_name: str, word: str = "bounds") -> Static:
    """Return a CF time: the last day between bounds (n, 2), days since 1900-01-01."""
    units = {"units": "days since 1900-01-01", "calendar": calendar}
    about = {**units, "standard_name": "time", "axis": "T", word: f"{dim}_bounds"}
    arrays = one_chunk(dim, bounds[:, 1] - 1, (dim,), attrs={**about, "long_name": long_name})
    # CF: what bounds mean and their unit are those of the coordinate; readers know that of bounds,
    # and not of a climatology's.
    own = {} if word == "bounds" else units
    return arrays | one_chunk(f"{dim}_bounds", bounds, (dim, "bound"), attrs=own)


def _reduced_time(times: Times) -> Static:
    """Return the time of a reduced output: a series, or a climatology as CF has it."""
    if times.places is None:
        return _dates(times.dim, times.bounds, times.calendar, "last day of each")
    text = "last day of each in the last year; climatology bounds say over which years"
    arrays = _dates(times.dim, times.bounds, times.calendar, text, "climatology")
    name = beside_climatology(times.dim)
    about = {"long_name": name.partition("_of_year")[0] + " of the year"}
    return arrays | one_chunk(name, times.places, (times.dim,), attrs=about)


def drivers_of(experiment: Experiment) -> Iterator[ArraySpec]:
    """Yield every driver as (forcing, location, *dims), raw, so that it may be mapped.

    Small ones are one chunk. Daily drivers are large, and one chunk per forcing: they are
    neither stacked nor made wider than they come.
    """
    for driver in experiment.kernel.drivers:
        supplied = [drivers[driver.name] for drivers in experiment.drivers]
        shape = (len(supplied), *supplied[0].shape)
        narrow = all(one.dtype == np.float32 for one in supplied)
        spec = ArraySpec(
            path=f"{DRIVERS}{driver.name}",
            dtype="float32" if narrow else "float64",
            dims=("forcing", "location", *driver.dims),
            shape=shape,
            chunks=shape,
            attrs={"units": driver.units, "long_name": driver.meaning},
            raw=True,
        )
        yield spec if _is_small(spec) else replace(spec, chunks=(1, *shape[1:]))


def _pilot(experiment: Experiment) -> Static:
    """Return the edges of histograms that are known."""
    arrays: Static = {}
    for target, values in experiment.edges.items():
        arrays |= _edges(target, values)
    return arrays


def _edges(target: str, values: F8) -> Static:
    return one_chunk(f"{PILOT}{target}{EDGES}", values, ("forcing", "location", "edge_end"))


def _bands(layout: Layout) -> Static:
    """Return the bands of latitude that sums are made over: middle, ends and area."""
    arrays: Static = {}
    if not layout.aggregates or not layout.aggregates.any_zonal:
        return arrays
    bands, about = layout.aggregates.bands, {"units": "degrees_north", "long_name": "latitude"}
    bounded = {**about, "bounds": "band_bounds"}
    arrays |= one_chunk(f"{GROUP}/band", bands.bounds.mean(axis=1), ("band",), attrs=bounded)
    arrays |= one_chunk(f"{GROUP}/band_bounds", bands.bounds, ("band", "bound"))
    area = {"units": "m2", "long_name": "area of the locations in the band"}
    return arrays | one_chunk(f"{GROUP}/band_area", bands.total, ("band",), attrs=area)


def _classes(layout: Layout) -> Static:
    """Return the classes of locations that sums are made over: name, number, area, locations."""
    arrays: Static = {}
    for column, known in layout.aggregates.classes.items():
        dim = class_dim(column)
        names = np.array(known.labels, dtype=object)
        about = {"long_name": f"class of locations, by their {column}"}
        arrays |= one_chunk(f"{GROUP}/{dim}", names, (dim,), attrs=about)
        count = np.bincount(known.place, minlength=len(names))
        about = {"units": "1", "long_name": "locations of the class"}
        arrays |= one_chunk(f"{GROUP}/{column}_locations", count, (dim,), attrs=about)
        if layout.aggregates.has_area:
            about = {"units": "m2", "long_name": "area of the locations of the class"}
            arrays |= one_chunk(f"{GROUP}/{column}_area", known.total, (dim,), attrs=about)
    return arrays
