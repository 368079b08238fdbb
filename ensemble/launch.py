"""From a plan to a store on disk, and from a store back to the setup that made it."""

import linecache
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

import kernels
from ensemble import across, limits, observed, quarantine
from ensemble.aggregates import GROUP
from ensemble.coordinates import PLACES, complete
from ensemble.cpu import versions
from ensemble.layout import KEEP_SAMPLES, Layout
from ensemble.members import EnsembleWork
from ensemble.planning import Plan, other_code
from ensemble.setup import Setup
from ensemble.store import FORMAT, PlanError, Store, create, damaged_inputs, read
from ensemble.zarr_json import ArraySpec
from kernels._fingerprint import fingerprint
from scenarios import Scenario, read_options
from scenarios.forcing import Locations

Static = dict[str, tuple[ArraySpec, NDArray[Any] | Sequence[NDArray[Any]]]]
"""Arrays known before a run; a sequence holds one for each place of the first dimension."""

DEPTHS = ("mm", "cm", "m")
"""Units of a kernel's own dimension that make it a depth in the soil."""


def create_store(plan: Plan, accepted: Sequence[Mapping[str, Any]] = ()) -> Store:
    """Create the store of a plan: metadata, coordinates, drivers, no member yet.

    Parameters
    ----------
    plan : Plan
    accepted : sequence of mapping
        Changes that were accepted in a store whose members it takes over.
    """
    static = static_arrays(plan)
    values = {path: array for path, (_, array) in static.items()}
    inputs = {**plan.scenario.design.files(plan.setup.base), **plan.setup.kernel.kept}
    attrs = {**attributes(plan), "accepted_changes": list(accepted)}
    return create(plan.path, specs_of(plan, static), attrs, values, inputs=inputs)


def static_arrays(plan: Plan) -> Static:
    """Return every array that is known before a block runs."""
    own = {
        **_coordinates(plan.layout),
        **_drivers(plan.setup),
        **observed.to_arrays(plan.setup),
        **_pilot(plan.setup),
        **_bands(plan.layout),
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
    yield from plan.layout.arrays
    yield from across.arrays(plan.layout)


def attributes(plan: Plan) -> dict[str, Any]:
    """Return the attributes of the root of a plan's store."""
    scenario, kernel = plan.scenario, plan.setup.kernel
    return {
        "Conventions": "CF-1.11",
        "title": scenario.title or scenario.name,
        "source": f"soilsweep, kernel {kernel.name}: {kernel.title}",
        "references": kernel.source,
        "soilsweep_format": FORMAT,
        "synthetic": plan.setup.synthetic,
        "scenario": scenario.text,
        "identity": dict(plan.identity),
        "accepted_changes": [],
        "design": dict(plan.layout.sampler.first.attributes),
        "limits_not_looked_at": limits.not_looked_at(plan.layout),
        "provenance": [dict(p) for p in plan.provenance],
        "kernel_notes": [*kernel.warnings, *kernel.notes],
        "noticed": [dict(notice.as_json()) for notice in plan.warnings],
        "seed": scenario.seed,
    }


def _whole(path: str, values: NDArray[Any], dims: tuple[str, ...], **rest: Any) -> Static:
    dtype = "string" if values.dtype.kind in "OU" else values.dtype.name
    fill: Any = "" if dtype == "string" else 0 if values.dtype.kind in "iu" else float("nan")
    spec = ArraySpec(path, dtype, dims, values.shape, values.shape, fill=fill, **rest)
    return {path: (spec, values)}


def _coordinates(layout: Layout) -> Static:
    """Return the coordinate variables of the root group."""
    setup = layout.setup
    found = _whole("forcing", np.array(setup.forcings, dtype=object), ("forcing",))
    found |= _whole("location", np.array(setup.locations.names, dtype=object), ("location",))
    for name, column in setup.locations.columns.items():
        values = np.asarray(column, dtype=np.float64)
        found |= _whole(name, values, ("location",), attrs=PLACES.get(name, {}))
    if "year" in setup.coords:
        found |= _time(setup.years)
    for name, values in setup.own_coords.items():
        found |= _whole(name, values, (name,))
    for name, own in setup.kernel.coords.items():
        found |= _own(name, own)
    for name, kept in layout.outputs.items():
        if kept.dims != kept.variable.dims and not isinstance(kept.steps, int):
            dim = f"{name}_year"
            found |= _whole(dim, setup.years[kept.steps], (dim,))
    for dim, names in layout.labels.items():
        found |= _whole(f"statistics/{dim}", np.array(names, dtype=object), (dim,))
    if layout.sampler.size <= KEEP_SAMPLES:
        rows = np.arange(layout.sampler.size, dtype=np.int64)
        about = {"long_name": "member of each forcing and location", "standard_name": "realization"}
        found |= _whole("realization", rows, ("sample",), attrs=about)
    return found


def _own(name: str, own: kernels.Coordinate) -> Static:
    """Return a dimension of the kernel's own as CF has a vertical coordinate, or its labels."""
    if own.labels:
        labels = np.array(own.labels, dtype=object)
        return _whole(name, labels, (name,), attrs={"long_name": own.meaning})
    about = {"units": own.units, "long_name": own.meaning}
    if own.units in DEPTHS:
        about |= {"positive": "down", "axis": "Z"}
    if own.bounds is None:
        return _whole(name, own.values, (name,), attrs=about)
    # CF: what bounds mean and their unit are those of the coordinate.
    bounds = _whole(f"{name}_bounds", own.bounds, (name, "bound"))
    return _whole(name, own.values, (name,), attrs={**about, "bounds": f"{name}_bounds"}) | bounds


def _time(years: NDArray[np.int64]) -> Static:
    """Return the end of each year as a CF time, and the year as a number."""
    ends = np.array([f"{y}-12-31" for y in years], dtype="datetime64[D]")
    days = (ends - np.datetime64("1900-01-01")).astype(np.int64)
    about = {"units": "days since 1900-01-01", "calendar": "standard", "standard_name": "time"}
    about |= {"axis": "T", "bounds": "time_bounds", "long_name": "end of the year"}
    found = _whole("time", days, ("time",), attrs=about)
    # CF: what bounds mean and their unit are those of the coordinate.
    first = np.array([f"{y}-01-01" for y in years], dtype="datetime64[D]")
    begins = (first - np.datetime64("1900-01-01")).astype(np.int64)
    found |= _whole("time_bounds", np.stack([begins, days + 1], axis=1), ("time", "bound"))
    return found | _whole("year", years, ("time",), attrs={"long_name": "calendar year"})


def _drivers(setup: Setup) -> Static:
    """Return every driver as (forcing, location, *dims), one raw chunk per forcing.

    Daily drivers are large: they are neither stacked nor made wider than they come.
    """
    found: Static = {}
    for driver in setup.kernel.drivers:
        arrays = [np.asarray(d[driver.name]) for d in setup.drivers]
        shape = (len(arrays), *arrays[0].shape)
        narrow = all(array.dtype == np.float32 for array in arrays)
        spec = ArraySpec(
            path=f"drivers/{driver.name}",
            dtype="float32" if narrow else "float64",
            dims=("forcing", "location", *driver.dims),
            shape=shape,
            chunks=(1, *shape[1:]),
            attrs={"units": driver.units, "long_name": driver.meaning},
            raw=True,
        )
        found[spec.path] = (spec, arrays)
    return found


def _pilot(setup: Setup) -> Static:
    found: Static = {}
    for target, values in setup.edges.items():
        found |= _whole(f"pilot/{target}_edges", values, ("forcing", "location", "edge_end"))
    return found


def _bands(layout: Layout) -> Static:
    """Return the bands of latitude that sums are made over: middle, ends and area."""
    found: Static = {}
    if not layout.aggregates or not layout.aggregates.any_zonal:
        return found
    bands, about = layout.aggregates.bands, {"units": "degrees_north", "long_name": "latitude"}
    bounded = {**about, "bounds": "band_bounds"}
    found |= _whole(f"{GROUP}/band", bands.bounds.mean(axis=1), ("band",), attrs=bounded)
    found |= _whole(f"{GROUP}/band_bounds", bands.bounds, ("band", "bound"))
    area = {"units": "m2", "long_name": "area of the locations in the band"}
    return found | _whole(f"{GROUP}/band_area", bands.total, ("band",), attrs=area)


def open_setup(store: Store) -> Setup:
    """Return the setup that a store was made from, from the store alone.

    Raises
    ------
    PlanError
        Its scenario is of another version, its kernel is not here, or its data is damaged.
    """
    scenario = scenario_of(store)
    store.root.refuse_all_but_files("inputs")
    try:
        kernel = kernels.get(scenario.kernel.name)
        options = read_options(scenario.kernel.options, kernel)
        kernel = kernel.made(options, store.path / "inputs")
    except ValidationError as error:
        raise _not_ours(store, error) from error
    except (LookupError, kernels.NotOurs, kernels.Unfit) as error:
        raise PlanError(
            f"{store.path}: a store holds scenario, drivers and files, not its kernel's code nor "
            f"installed programs: {error}"
        ) from error
    try:
        return _setup(store, scenario, kernel, options)
    except PlanError:
        raise
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        raise damaged_inputs(store.path, error) from error


def scenario_of(store: Store) -> Scenario:
    """Return the scenario that a store was made from; raises PlanError for one of other words."""
    try:
        return Scenario.model_validate(store.attrs["identity"]["scenario"])
    except ValidationError as error:
        raise _not_ours(store, error) from error


def _not_ours(store: Store, error: ValidationError) -> PlanError:
    return PlanError(
        f"{store.path}: its scenario is not one of this version of soilsweep "
        f"({error.error_count()} problems); open it with the version that wrote it"
    )


def open_layout(store: Store) -> Layout:
    """Return the layout that a store has, from the store alone.

    Raises
    ------
    PlanError
        As `open_setup`; or the store's arrays are not those of its scenario.
    """
    return layout_of(store, open_setup(store))


def layout_of(store: Store, setup: Setup) -> Layout:
    """Return the layout of a store's own setup; raises PlanError where its arrays are others."""
    try:
        layout = Layout(setup)
        needed = [*layout.arrays, *across.arrays(layout)]
    except (OSError, ValueError, TypeError, LookupError, StopIteration) as error:
        # A kernel's tables are looked through by name, to an end that says nothing.
        why = str(error) or "it names an output that its kernel does not have"
        raise PlanError(
            f"{store.path}: its scenario cannot be run on what it holds ({why}); restore its "
            "zarr.json, or run into a new store"
        ) from error
    for spec in needed:
        # One that is not there at all is missed by whoever needs it; `verify` lists them.
        there = store.specs.get(spec.path, spec)
        if (there.shape, there.chunks, there.dtype) != (spec.shape, spec.chunks, spec.dtype):
            raise PlanError(
                f"{store.path}: array {spec.path} is {list(there.shape)} {there.dtype} in chunks "
                f"of {list(there.chunks)}, and its scenario gives {list(spec.shape)} {spec.dtype} "
                f"in {list(spec.chunks)}; restore its zarr.json, or run into a new store"
            )
    return layout


def _setup(store: Store, scenario: Scenario, kernel: kernels.Kernel, options: Any) -> Setup:
    forcings = store.read_strings("forcing")
    names = store.read_strings("location")
    status = store.specs["status"].shape
    if (len(set(forcings)), len(names)) != status[:2]:
        raise ValueError("the names of its forcings and locations are not those of its members")
    root = {p: s for p, s in store.specs.items() if "/" not in p and s.dtype == "float64"}
    columns = {p: store.read_whole(p) for p, s in root.items() if s.dims == ("location",)}
    drivers = [_mapped(store, kernel, f) for f in range(len(forcings))]
    dims = {d for driver in kernel.drivers for d in driver.dims} - {"time"}
    own = sorted(d for d in dims - kernel.coords.keys() if d in store.specs)
    coords = {name: store.read_whole(name) for name in ("year", *own) if name in store.specs}
    edges = {
        p.removeprefix("pilot/").removesuffix("_edges"): store.read_whole(p)
        for p in store.specs
        if p.startswith("pilot/") and p.endswith("_edges")
    }
    return Setup(
        scenario=scenario,
        kernel=kernel,
        options=options,
        forcings=forcings,
        locations=Locations(names, columns),
        coords=coords,
        drivers=drivers,
        derived=[kernel.derive(options, d, coords) for d in drivers],
        synthetic=store.attrs["synthetic"],
        base=store.path / "inputs",
        edges=edges,
        observations=observed.read_observations(store, len(forcings)),
        sources=observed.read_sources(store, len(forcings), len(names)),
        limits=limits.of_store(store),
    )


def _mapped(store: Store, kernel: kernels.Kernel, forcing: int) -> Mapping[str, NDArray[Any]]:
    found = {}
    for driver in kernel.drivers:
        path = f"drivers/{driver.name}"
        index = (forcing, *(0,) * (len(store.specs[path].shape) - 1))
        found[driver.name] = store.map_raw(path, index)[0]
    return found


def open_work(store: Store) -> EnsembleWork:
    """Return the work of a store, ready to run blocks: all that a worker elsewhere needs."""
    setup = open_setup(store)
    return EnsembleWork(setup, layout_of(store, setup), quarantine.read(store.root))


def join(store: Store) -> EnsembleWork:
    """Return the work of a store for a process that is to commit blocks of it.

    Raises
    ------
    PlanError
        The code here is not that of the blocks which the store has, or is to have.
    """
    work = open_work(store)
    # Of code that was edited and is back, Python would still show the text between.
    linecache.checkcache()
    try:
        now = {"kernel": fingerprint(work.setup.kernel), "versions": versions()}
        found = other_code(store.attrs["identity"], now)
    except ValueError as error:
        # A process that lives on, such as a Dask worker, holds what it imported.
        found = [str(error)]
    if found:
        raise PlanError(
            f"{store.path}: this process ({socket.gethostname()}) has other code than the run "
            f"was begun with: {'; '.join(found)}; bring that code back, or go on with "
            '`soilsweep run SCENARIO --accept-changes "reason"`'
        )
    return work


def read_store(path: str | Path) -> Store:
    """Return an existing store; see `store.read`."""
    return read(Path(path))
