"""From a scenario to a plan: data opened and checked, blocks counted, nothing written."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import kernels
from ensemble.members import limits
from ensemble.members.evaluation.preparing import prepare
from ensemble.members.evaluation.weighted import problems as check_weights
from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.members.pilot import stated
from ensemble.members.responses import observations
from ensemble.members.responses.making import warnings
from ensemble.members.stages import least_nbytes
from ensemble.planning.begun import begun_layout
from ensemble.planning.checks import (
    check_columns,
    check_dims,
    check_edges,
    check_observed,
    check_ranks,
    check_years,
    disagreements,
)
from ensemble.planning.identity import identity_of
from ensemble.planning.outlook import Outlook, outlook
from ensemble.planning.places import check_execution, store_place
from ensemble.planning.planned import Planned
from ensemble.planning.requests import check_resources, check_scores, check_statistics, check_sums
from scenarios import (
    Loaded,
    Problem,
    ScenarioError,
    as_written,
    check_files,
    check_kernel,
    make_kernel,
    read_options,
    with_derived,
    with_lines,
)
from scenarios.forcing import Forcing
from scenarios.locations import join


@dataclass(frozen=True)
class Plan(Planned):
    """A scenario ready to run.

    Attributes
    ----------
    scenario : Loaded
    experiment : Experiment
    layout : Layout
    path : Path
        Where the store is or will be.
    identity : mapping
        What must be the same for a run to continue a store.
    provenance : sequence of mappings
        Where each forcing came from.
    outlook : Outlook
        What drivers, defaults and the design foretell of the run.
    """

    scenario: Loaded
    experiment: Experiment
    layout: Layout
    path: Path
    identity: Mapping[str, Any]
    provenance: Sequence[Mapping[str, Any]]
    outlook: Outlook = field(default_factory=Outlook)

    @property
    def members(self) -> int:
        """Return the number of members, without the control members."""
        return math.prod(self.layout.shape)

    @property
    def block_nbytes(self) -> int:
        """Return the memory that one block takes, bytes, by the account that its length is of."""
        return self.layout.block_nbytes

    @property
    def worker_nbytes(self) -> int:
        """Return the memory of a worker, bytes: two blocks, and what is computed at once.

        Of the latter the least: one group of rows at one location, with its drivers.
        """
        experiment, layout = self.experiment, self.layout
        tile = least_nbytes(
            experiment.kernel, layout.wanted, experiment.sizes, layout.rows_together
        )
        return 2 * self.block_nbytes + tile

    @property
    def seconds(self) -> float:
        """Return the declared compute time of all members on one core, seconds."""
        return self.layout.seconds


@with_lines
def plan(scenario: Loaded, *, store: str | os.PathLike[str] | None = None) -> Plan:
    """Open and check everything a run needs.

    Parameters
    ----------
    scenario : Loaded
        From `scenarios.load`.
    store : str or path, optional
        Instead of the scenario's own; a folder, with ``~`` and ``$NAME`` replaced.

    Raises
    ------
    ScenarioError
        The scenario or its data; every problem found.
    """
    if scenario.calibration is not None:
        text = "needed a design; a calibration is planned by ensemble.plan_calibration"
        raise ScenarioError([Problem(text, "calibration")], scenario.source)
    experiment, forcings = opened(scenario)
    if problems := list(check_observed(experiment)):
        raise ScenarioError(problems, scenario.source)
    experiment = replace(experiment, evaluation=prepare(experiment, scenario.base_of("evaluation")))
    check_edges(experiment)
    # Others are found by a pilot when the store is made: a plan runs no kernel.
    experiment = replace(experiment, edges=stated(experiment))
    path = store_place(scenario, store)
    layout = begun_layout(path, experiment)
    check_columns(layout)
    problems = [*check_sums(layout), *check_scores(layout), *check_ranks(layout)]
    if problems := [*problems, *check_weights(layout)]:
        raise ScenarioError(problems, scenario.source)
    identity = identity_of(scenario, experiment, layout)
    check_execution(scenario)
    notes = warnings(layout.functionals, experiment.forcings)
    provenance = [with_warnings(f.provenance, notes.get(f.name, ())) for f in forcings]
    foretold = outlook(layout, provenance)
    return Plan(scenario, experiment, layout, path, identity, provenance, foretold)


def opened(scenario: Loaded) -> tuple[Experiment, list[Forcing]]:
    """Return what runs, and the data that it is made of; raises `ScenarioError`."""
    kernel, options = kernel_of(scenario)
    if problems := list(check_files(scenario)):
        raise ScenarioError(problems, scenario.source)
    forcings = read_forcings(scenario, kernel.drivers)
    experiment = experiment_of(scenario, kernel, options, forcings)
    check_dims(experiment)
    experiment.check_parameters()
    check_years(experiment)
    return experiment, forcings


def kernel_of(scenario: Loaded) -> tuple[kernels.Kernel, Any]:
    """Return the kernel with its tables made, and its options; the words are checked first."""
    try:
        kernel = kernels.get(scenario.kernel.name, scenario.base_of("kernel"))
    except LookupError as error:
        raise ScenarioError([Problem(str(error), "kernel")], scenario.source) from error
    sections = {name: getattr(scenario, name) for name in type(scenario).model_fields}
    problems = [*check_kernel(sections, kernel), *check_statistics(sections)]
    problems += check_resources(sections)
    if problems:
        raise ScenarioError(problems, scenario.source)
    kernel, words = as_written(scenario.kernel, kernel)
    options = read_options(words, kernel)
    made = make_kernel(kernel, options, scenario.base_of("kernel"))
    return with_derived(made, scenario.derived), options


def experiment_of(
    scenario: Loaded, kernel: kernels.Kernel, options: Any, forcings: Sequence[Forcing]
) -> Experiment:
    """Return the scenario with its data, before anything of them is checked together."""
    locations = forcings[0].locations
    coords = {n: observations.plain(v) for n, v in forcings[0].coords.items()}
    if scenario.locations:
        locations = join(locations, scenario.locations, scenario.base_of("locations"))
    labels = sorted({f.synthetic for f in forcings if f.synthetic})
    try:
        # numpy takes drivers that are made later for arrays.
        supplied: list[Mapping[str, Any]] = [f.drivers for f in forcings]
        derived = [
            kernel.derive(options, drivers, f.coords)
            for drivers, f in zip(supplied, forcings, strict=True)
        ]
    except ValueError as error:
        raise ScenarioError([Problem(str(error), "kernel")], scenario.source) from error
    return Experiment(
        scenario=scenario,
        kernel=kernel,
        options=options,
        forcings=tuple(f.name for f in forcings),
        locations=locations,
        coords=coords,
        drivers=[f.drivers for f in forcings],
        derived=derived,
        synthetic="; ".join(labels),
        base=scenario.base_of("design"),
        observations=observations.padded([f.observations for f in forcings]),
        sources=[f.sources for f in forcings],
        limits=limits.resolve(scenario, kernel),
        recipes=[f.recipe for f in forcings],
    )


def with_warnings(provenance: Mapping[str, Any], lacking: Sequence[str]) -> Mapping[str, Any]:
    """Return provenance with what the reader left out, and what responses lack, as warnings."""
    texts = [*provenance.get("warnings", ()), *lacking]
    return {**provenance, "warnings": texts} if texts else provenance


def read_forcings(scenario: Loaded, needs: Sequence[kernels.Variable]) -> list[Forcing]:
    """Return every forcing of every reader; they must agree on locations and coordinates."""
    forcings: list[Forcing] = []
    problems: list[Problem] = []
    for reader in scenario.forcing:
        try:
            forcings += reader.read(needs, scenario.base_of("forcing"))
        except ScenarioError as error:
            problems += error.problems
    for forcing in forcings[1:]:
        problems += disagreements(forcings[0], forcing)
    names = [f.name for f in forcings]
    for name in sorted({n for n in names if names.count(n) > 1}):
        text = (
            f"two forcings are named {name!r}; rename one with name:, or leave it out with members:"
        )
        problems.append(Problem(text, "forcing"))
    if problems:
        raise ScenarioError(problems, scenario.source)
    return forcings
