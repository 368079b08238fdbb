"""From a store back to the experiment and the work that made it."""

import linecache
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

import kernels
from ensemble.errors import PlanError
from ensemble.members import across_forcings, limits
from ensemble.members.begun_histograms import as_begun
from ensemble.members.evaluation import stored as evaluation
from ensemble.members.experiment import Experiment
from ensemble.members.in_time import DAY
from ensemble.members.layout import Layout
from ensemble.members.quarantined import cases_of
from ensemble.members.responses import observations
from ensemble.members.statistics import canonical
from ensemble.members.stored import AXES, check, is_apart, lengths_of
from ensemble.members.work import EnsembleWork
from ensemble.store.coordinates import flags_of
from ensemble.store.differences import other_code
from ensemble.store.machine import versions
from ensemble.store.store import Store, damaged_inputs
from kernels import F8, fingerprint
from scenarios import Scenario, as_written, plugins, read_options, with_derived
from scenarios.forcing import Locations
from scenarios.plugins import AS_WRITTEN
from scenarios.reading.wording import needed

Read = TypeVar("Read", bound=BaseModel)


class NotHere(PlanError):
    """A store whose scenario names plug-ins that are not here, or are not imported."""


UNNEEDED = ("reader", "backend", "observation reader")
"""Plug-ins of sections that stay as written: a store holds what was read, and runs anywhere."""


def open_experiment(store: Store, checked: Callable[[Store], None] = check) -> Experiment:
    """Return the experiment that a store was made from, from the store alone.

    Parameters
    ----------
    store : Store
    checked : callable
        Refuses a store that is not of the work it is opened for.

    Raises
    ------
    NotHere
        A design or a statistic that it names is not here.
    PlanError
        Its scenario is of another version, its kernel is not here, or its data is damaged.
    """
    scenario = scenario_of(store, checked)
    store.root.refuse_all_but_files("inputs")
    try:
        kernel, words = as_written(scenario.kernel, kernels.get(scenario.kernel.name))
        options = read_options(words, kernel)
        kernel = kernel.made(options, store.path / "inputs")
        kernel = with_derived(kernel, scenario.derived)
    except ValidationError as error:
        raise _not_ours(store, error) from error
    except (LookupError, kernels.NotOurs, kernels.Unfit) as error:
        raise PlanError(
            f"{store.path}: a store holds scenario, drivers and files, not its kernel's code nor "
            f"installed programs: {error}"
        ) from error
    try:
        return _experiment(store, scenario, kernel, options)
    except PlanError:
        raise
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        raise damaged_inputs(store.path, error) from error


def scenario_of(store: Store, checked: Callable[[Store], None] = check) -> Scenario:
    """Return the scenario that a store was made from; sections of `UNNEEDED` as they are written.

    Raises
    ------
    NotHere
        A design or a statistic that it names is not here.
    PlanError
        It is of another version, or the store is no ensemble's.
    """
    checked(store)
    words = store.attrs["identity"]["scenario"]
    scenario = read_words(store, Scenario, words, left=UNNEEDED)
    if missing := [*_missing_statistics(scenario)]:
        raise _not_here(store, missing)
    return scenario


def read_words(
    store: Store, model: type[Read], words: Mapping[str, Any], *, left: Collection[str] = ()
) -> Read:
    """Return words of a store's scenario as a model.

    Parameters
    ----------
    store : Store
        For messages.
    model : type
    words : mapping
    left : collection of str
        Kinds of plug-ins whose sections stay as written.

    Raises
    ------
    NotHere, PlanError
        As `scenario_of`.
    """
    try:
        return model.model_validate(words, context={AS_WRITTEN: left})
    except ValidationError as error:
        raise _not_ours(store, error) from error


def _missing_statistics(scenario: Scenario) -> Iterator[str]:
    """Yield the statistics that no family here knows, each with its place."""
    sums = {target: section.statistics for target, section in scenario.aggregates.items()}
    for section, asked in (("statistics", scenario.statistics), ("aggregates", sums)):
        for target, requests in asked.items():
            for request in requests:
                try:
                    canonical(request)
                except LookupError as error:
                    yield f"{section}.{target}: {error}"


def _not_ours(store: Store, error: ValidationError) -> PlanError:
    """Return the error of a scenario that cannot be read, with all that is wrong with it."""
    problems = error.errors(include_url=False)
    said = list(dict.fromkeys(map(_said, problems)))
    if all(isinstance(p.get("ctx", {}).get("error"), plugins.NotHere) for p in problems):
        return _not_here(store, said)
    return PlanError(
        f"{store.path}: its scenario is not one of this version of soilsweep ({'; '.join(said)}); "
        "open it with the version, and the installed plug-ins, that wrote it"
    )


def _said(problem: Any) -> str:
    """Return what pydantic finds, with its place."""
    ours = problem["type"] == "value_error"
    text = str(problem["ctx"]["error"]) if ours else f"needed {needed(problem)}"
    return f"{'.'.join(map(str, problem['loc']))}: {text}"


def _not_here(store: Store, said: Sequence[str]) -> NotHere:
    return NotHere(
        f"{store.path}: its scenario names plug-ins that cannot be used here ({'; '.join(said)}); "
        "install those that it was run with"
    )


def open_layout(store: Store) -> Layout:
    """Return the layout that a store has, from the store alone.

    Raises
    ------
    PlanError
        As `open_experiment`; or the store's arrays are not those of its scenario.
    """
    return layout_of(store, open_experiment(store))


def layout_of(store: Store, experiment: Experiment) -> Layout:
    """Return the layout of a store's experiment; raises PlanError where its arrays are others."""
    try:
        layout = Layout(experiment, lengths_of(store), apart=is_apart(store))
        needed = [*layout.arrays, *across_forcings.arrays(layout)]
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
        spec = as_begun(spec, there)
        if (there.shape, there.chunks, there.dtype) != (spec.shape, spec.chunks, spec.dtype):
            raise PlanError(
                f"{store.path}: array {spec.path} is {list(there.shape)} {there.dtype} in chunks "
                f"of {list(there.chunks)}, and its scenario gives {list(spec.shape)} {spec.dtype} "
                f"in {list(spec.chunks)}; restore its zarr.json, or run into a new store"
            )
    return layout


def _experiment(
    store: Store, scenario: Scenario, kernel: kernels.Kernel, options: Any
) -> Experiment:
    forcings = store.read_strings("forcing")
    names = store.read_strings("location")
    status = store.specs["status"]
    if status.dims == AXES and (len(set(forcings)), len(names)) != status.shape[:2]:
        raise ValueError("the names of its forcings and locations are not those of its members")
    root = {p: s for p, s in store.specs.items() if "/" not in p and s.dtype == "float64"}
    columns = {p: store.read_whole(p) for p, s in root.items() if s.dims == ("location",)}
    classes = {c: known for c in columns if (known := flags_of(root[c].attrs))}
    drivers = mapped(store, kernel, len(forcings))
    dims = {d for driver in kernel.drivers for d in driver.dims} - {"time"}
    own = sorted(d for d in dims - kernel.coords.keys() if d in store.specs)
    coords = {name: store.read_whole(name) for name in ("year", *own) if name in store.specs}
    # Dates are of days that a reader numbers from 0.
    dated = [name for name in own if "calendar" in store.specs[name].attrs]
    coords |= {name: np.arange(len(coords[name])) for name in dated}
    if DAY in store.specs and store.specs[DAY].dims == ("time",):
        coords[DAY] = store.read_whole(DAY)
    return Experiment(
        scenario=scenario,
        kernel=kernel,
        options=options,
        forcings=forcings,
        locations=Locations(names, columns, classes),
        coords=coords,
        drivers=drivers,
        derived=[kernel.derive(options, d, coords) for d in drivers],
        synthetic=store.attrs["synthetic"],
        base=store.path / "inputs",
        edges=edges_of(store),
        observations=observations.read_observations(store, len(forcings)),
        sources=observations.read_sources(store, len(forcings), len(names)),
        limits=limits.of_store(store),
        evaluation=evaluation.read(store),
    )


PILOT, EDGES = "pilot/", "_edges"
"""How the path of a target's edges begins and ends."""


def edges_of(store: Store) -> dict[str, F8]:
    """Return the edges of histograms that a store was made with, (F, L, 2), by target."""
    return {
        path.removeprefix(PILOT).removesuffix(EDGES): store.read_whole(path)
        for path in store.specs
        if path.startswith(PILOT) and path.endswith(EDGES)
    }


def mapped(
    store: Store, kernel: kernels.Kernel, forcings: int
) -> Sequence[Mapping[str, NDArray[Any]]]:
    """Return every forcing's drivers as memory maps of the store's files, each mapped once."""
    maps: list[dict[str, NDArray[Any]]] = [{} for _ in range(forcings)]
    for driver in kernel.drivers:
        spec = store.specs[f"drivers/{driver.name}"]
        together = spec.chunks[0]
        for first in range(0, forcings, together):
            index = (first // together, *(0,) * (len(spec.shape) - 1))
            chunk = store.map_raw(spec.path, index)
            for own, values in zip(maps[first : first + together], chunk, strict=True):
                own[driver.name] = values
    return maps


def open_work(store: Store) -> EnsembleWork:
    """Return the work of a store, ready to run blocks: all that a worker elsewhere needs."""
    experiment = open_experiment(store)
    return EnsembleWork(experiment, layout_of(store, experiment), cases_of(store))


def join(store: Store) -> EnsembleWork:
    """Return the work of a store for a process that is to commit blocks of it.

    Raises
    ------
    PlanError
        The code here is not that of the blocks which the store has, or is to have.
    """
    work = open_work(store)
    refuse_other_code(store, work.experiment.kernel)
    return work


WITH_A_REASON = ', or go on with `soilsweep run SCENARIO --accept-changes "reason"`'


def refuse_other_code(
    store: Store,
    kernel: kernels.Kernel,
    others: Callable[[], Mapping[str, Any]] = dict,
    advice: str = WITH_A_REASON,
) -> None:
    """Refuse to commit blocks of a store with another kernel's code, or other versions.

    Parameters
    ----------
    store : Store
    kernel : Kernel
    others : callable
        Returns what of an identity is code of this work besides.
    advice : str
        What else may be done than to bring the code back.

    Raises
    ------
    PlanError
        With what is another.
    """
    # Of code that was edited and is back, Python would still show the text between.
    linecache.checkcache()
    try:
        known = versions(kernel.libraries)
        now = {"kernel": fingerprint(kernel), "versions": known, **others()}
        other = other_code(store.attrs["identity"], now)
    except ValueError as error:
        # A process that lives on, such as a Dask worker, holds what it imported.
        other = [str(error)]
    if other:
        raise PlanError(
            f"{store.path}: this process ({socket.gethostname()}) has other code than the run "
            f"was begun with: {'; '.join(other)}; bring that code back{advice}"
        )
