"""From the words of ``evaluation:`` to pairs with the places and steps of a run."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ensemble.members.benchmarks import Asked, Prepared, Task
from ensemble.members.benchmarks.parts.lattices import cells_of
from ensemble.members.benchmarks.parts.products import together
from ensemble.members.evaluation.others import Other, beside, products
from ensemble.members.experiment import Experiment
from ensemble.members.experiment import beside as dims_beside
from scenarios import Problem, ScenarioError
from scenarios.benchmarks import BENCHMARKS
from scenarios.evaluation import WHERE, Evaluation
from scenarios.observations import ObservationSpec


def prepare(experiment: Experiment, base: Path) -> dict[str, Prepared]:
    """Return every benchmark of a scenario, paired with its run.

    Parameters
    ----------
    experiment : Experiment
    base : Path
        Folder that the section's relative paths start from.

    Raises
    ------
    ScenarioError
        Observations that cannot be read, outputs and years that the run has not, and whatever else
        benchmarks refuse; every problem found.
    """
    section = experiment.scenario.evaluation
    if section is None:
        return {}
    problems: list[Problem] = []
    outputs = _outputs(section, experiment, problems)
    observed, classes = read(section, base, problems)
    others = _products(section, observed, experiment, problems)
    made = {}
    for name, spec in section.benchmarks.items():
        unread = name in observed and observed[name] is None
        if unread or not outputs.keys() >= {*spec.outputs()}:
            continue
        if unknown := _outside(section, name, [outputs[o] for o in spec.outputs()]):
            problems.append(unknown)
            continue
        mine = {output: outputs[output] for output in spec.outputs()}
        seed, period = experiment.scenario.seed, section.period_of(name)
        of = observed.get(name)
        task = Task(name, mine, experiment.locations, of, period, classes, seed, base)
        try:
            prepared = BENCHMARKS.get(spec.compare).prepare(spec, task)
            from_where = {} if of is None else dict(of.provenance)
            made[name] = beside(spec, task, replace(prepared, provenance=from_where), others)
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(list(dict.fromkeys(problems)), experiment.scenario.name)
    return made


def _products(
    section: Evaluation,
    observed: Mapping[str, Any],
    experiment: Experiment,
    problems: list[Problem],
) -> dict[str, Other]:
    """Return the products on the cells of a run; none where its locations are points."""
    there = cells_of(experiment.locations)
    if problems or there is None:
        return {}
    try:
        return products(section.products, observed, section.period, there)
    except ValueError as error:
        problems.append(Problem(str(error), "evaluation.products"))
        return {}


def _outputs(
    section: Evaluation, experiment: Experiment, problems: list[Problem]
) -> dict[str, Asked]:
    """Return the outputs that can be compared; note those that have more than time and models."""
    found: dict[str, Asked] = {}
    for name, spec in section.benchmarks.items():
        for output in spec.outputs():
            variable = experiment.kernel.variable(output)
            steps = experiment.steps_of(variable) if experiment.has_time(output) else None
            rest = {*variable.dims} - dims_beside(experiment) - ({steps.dim} if steps else set())
            if rest:
                text = f"{output!r} has the dimension {min(rest)}, and a benchmark compares one "
                text += "number a place and time; needed an output without it, such as one of "
                problems.append(Problem(f"{text}derived:", f"{WHERE}.{name}.output"))
            else:
                # A steady state is of the kernel's own year, which has no leap day.
                found[output] = Asked(variable, steps, noleap=True)
    return found


def read(
    section: Evaluation, base: Path, problems: list[Problem]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what was observed by benchmark, and maps of classes; None of what cannot be read.

    That of a benchmark with `same_as` is another's, or the maps of several together.
    """

    def one(spec: ObservationSpec, where: str) -> Any:
        try:
            return spec.read(base)
        except ScenarioError as error:
            problems.extend(
                p if p.where.startswith("evaluation") or p.file else _at(p, where)
                for p in error.problems
            )
            return None

    benchmarks = section.benchmarks.items()
    own = {n: s.observed for n, s in benchmarks if s.observed is not None}
    observed = {n: one(s, f"{WHERE}.{n}.observed") for n, s in own.items()}
    for name, spec in benchmarks:
        if spec.sources:
            parts = {source: observed[source] for source in spec.sources}
            known = all(part is not None for part in parts.values())
            several = isinstance(spec.same_as, list)
            whole = together(parts) if several and known else next(iter(parts.values()))
            observed[name] = whole if known else None
    classes = {n: one(s, f"evaluation.classes.{n}") for n, s in section.classes.items()}
    return observed, classes


def _at(problem: Problem, where: str) -> Problem:
    """Return a problem of a reader at its place in the scenario."""
    inner = problem.where.removeprefix("observed").strip(".")
    place = f"{where}.{inner}" if inner else where
    return Problem(problem.text, place, problem.file, problem.line, problem.other, problem.below)


def _outside(section: Evaluation, name: str, asked: list[Asked]) -> Problem | None:
    """Return that the years to be compared are not all in the run; None if they are."""
    period = section.period_of(name)
    for one in asked if period else ():
        if one.steps is None:
            continue
        first, last = int(one.steps.years[0]), int(one.steps.years[-1])
        assert period is not None
        if not first <= period[0] <= period[1] <= last:
            own = section.benchmarks[name].period is not None
            where = f"{WHERE}.{name}.period" if own else "evaluation.period"
            text = f"found {list(period)}; the run has {first}-{last}"
            return Problem(f"{text}; needed years among these", where)
    return None
