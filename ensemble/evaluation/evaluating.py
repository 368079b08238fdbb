"""Every model against every benchmark: scores, and what they are of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ensemble.evaluation import others, own
from ensemble.evaluation.ceiling import Ceiling, ceiling
from ensemble.evaluation.common import common
from ensemble.evaluation.weighing import Weighed, weigh
from ensemble.members.benchmarks import Task
from ensemble.members.benchmarks.parts.lattices import every_cell
from ensemble.members.evaluation.others import (
    Against,
    Other,
    against,
    may_be_held,
    products,
    regridded,
)
from ensemble.members.evaluation.preparing import read as read_observed
from scenarios import Problem, ScenarioError
from scenarios.benchmarks import BENCHMARKS, BenchmarkSpec, Score
from scenarios.catalogue import check_named
from scenarios.evaluated import Loaded, Model, problem
from scenarios.forcing import Locations

SYNTHETIC = "made up, to show how it goes"


@dataclass(frozen=True)
class Evaluation:
    """What came out: models and products, and each against each benchmark.

    Attributes
    ----------
    loaded : Loaded
    models : mapping of str to Other
        Products after models.
    found : mapping of (model, benchmark) to Against
        Of a product those alone that it can be held against.
    told : tuple of str
        What is not compared, and why.
    """

    loaded: Loaded
    models: Mapping[str, Other]
    found: Mapping[tuple[str, str], Against]
    told: tuple[str, ...] = ()

    @property
    def synthetic(self) -> str:
        """Return what made-up data is called; empty where all of it is real."""
        of_models = [about for one in self.models.values() for about in one.provenance.values()]
        of_observed = [one.prepared.provenance for one in self.found.values()]
        made = any(about.get("synthetic") for about in (*of_models, *of_observed))
        return SYNTHETIC if made else ""

    def scored(self) -> Iterator[tuple[str, str, Score]]:
        """Yield benchmark, score, and what is known of it."""
        for benchmark, spec in self.loaded.asked.evaluation.benchmarks.items():
            for score in spec.asked():
                yield benchmark, score, spec.SCORES[score]

    def of(self, benchmark: str) -> dict[str, Against]:
        """Return what is held against a benchmark, by model and product."""
        return {m: a for (m, b), a in self.found.items() if b == benchmark}

    @cached_property
    def ceilings(self) -> tuple[Ceiling, ...]:
        """Return what the products of each output are among themselves."""
        made = []
        for output in self.loaded.asked.evaluation.products:
            of = {n: o for n, o in self.models.items() if o.product and output in o.outputs}
            made.append(ceiling(output, of))
        return tuple(one for one in made if one is not None)

    @cached_property
    def weighed(self) -> tuple[Weighed, ...]:
        """Return the weights of models; raises `ScenarioError` where there cannot be any."""
        return tuple(weigh(self))

    @cached_property
    def stacked(self) -> dict[str, dict[str, int]]:
        """Return classes of studies by the pairs of all models, where authors' code is followed."""
        made = {}
        for benchmark, spec in self.loaded.asked.evaluation.benchmarks.items():
            stack = getattr(BENCHMARKS.get(spec.compare), "stacked", None)
            of = [a for m, a in self.of(benchmark).items() if not self.models[m].product]
            if stack and getattr(spec, "reading", "") == "authors_code" and len(of) > 1:
                made[benchmark] = stack(spec, [(a.prepared, a.modelled["pairs"]) for a in of])
        return made

    def units(self, benchmark: str, about: Score) -> str:
        """Return the unit of a score."""
        return about.units(next(iter(self.of(benchmark).values())).prepared.units)


def evaluate(loaded: Loaded) -> Evaluation:
    """Return every model, and every product beside them, against every benchmark.

    Raises
    ------
    ScenarioError
        Whatever models, observations and benchmarks refuse, all of it, with lines.
    """
    if loaded.data is not None:
        named = check_named(loaded.data, [getattr(loaded.asked, n) for n in loaded.replaced])
        if missing := list(named):
            raise ScenarioError(missing, loaded.source)
    problems: list[Problem] = []
    models = _models(loaded, problems)
    section, base = loaded.asked.evaluation, loaded.base_of("evaluation")
    observed, classes = read_observed(section, base, problems)
    if not problems:
        models |= _products(loaded, models, observed, problems)
    found: dict[tuple[str, str], Against] = {}
    told: list[str] = []
    for benchmark, spec in section.benchmarks.items():
        if benchmark in observed and observed[benchmark] is None:
            continue
        of = observed.get(benchmark)
        task = Task(benchmark, {}, Locations(), of, section.period_of(benchmark), classes,
                    loaded.asked.seed, base)  # fmt: skip
        held = _held(spec, task, models, problems, told)
        if loaded.asked.common and not problems:
            shared = common(spec, of, models, held)
            if isinstance(shared, str):
                told.append(f"{benchmark}: {shared}")
            elif shared is not None:
                task = replace(task, observed=shared.observed)
                again = _held(spec, task, {n: shared.models[n] for n in held}, problems, told)
                held = {name: _fewer(one, held[name]) for name, one in again.items()}
        found |= {(name, benchmark): one for name, one in held.items()}
    if problems:
        raise loaded.located(ScenarioError(list(dict.fromkeys(problems))))
    made = Evaluation(loaded, models, found, tuple(dict.fromkeys(told)))
    try:
        _ = made.weighed
    except ScenarioError as error:
        raise loaded.located(error) from error
    return made


def _fewer(one: Against, alone: Against) -> Against:
    """Return a model on what all have, with what was left out of it alone, and for the others."""
    left_out = dict(alone.prepared.left_out)
    if lost := alone.own - one.n:
        left_out["not of every model"] = lost
    return replace(one, own=alone.own, prepared=replace(one.prepared, left_out=left_out))


def _held(
    spec: BenchmarkSpec,
    task: Task,
    models: Mapping[str, Other],
    problems: list[Problem],
    told: list[str],
) -> dict[str, Against]:
    """Return models against a benchmark; note what models lack, and tell of products that do."""
    found = {}
    for name, one in models.items():
        if one.product and not may_be_held(spec, task.name, one):
            continue
        try:
            found[name] = against(spec, one.task(task, spec.outputs()), one.outputs)
        except ScenarioError as error:
            if not one.product:
                problems += error.problems
                continue
            told.append(f"{name} is not held against {task.name}: {error.problems[0].text}")
    return found


def _models(loaded: Loaded, problems: list[Problem]) -> dict[str, Other]:
    """Return the models, on one grid where one is asked for; note what is wrong."""
    models: dict[str, Other] = {}
    asked = loaded.asked.models
    for name, model in asked.items():
        try:
            found = {} if model.mean_of else _read(name, model, loaded)
        except ScenarioError as error:
            problems += error.problems
            continue
        twice = found.keys() & (models.keys() | (asked.keys() - {name}))
        problems += [problem(f"model {one!r} is there twice", name) for one in sorted(twice)]
        models |= found
    if problems:
        return models
    try:
        models = {name: _on_grid(loaded, one, models) for name, one in models.items()}
        for name, model in asked.items():
            if model.mean_of:
                models[name] = others.mean(name, {one: models[one] for one in model.mean_of})
    except ScenarioError as error:
        problems += error.problems
    return models


def _on_grid(loaded: Loaded, one: Other, models: Mapping[str, Other]) -> Other:
    """Return a model or product on the cells of the model that `grid` names."""
    grid = loaded.asked.grid
    if not grid or one.name == grid:
        return one
    target = models[grid].grid if grid in models else None
    try:
        if target is None:
            text = f"is to be regridded to {grid}, which has no whole grid"
            raise ValueError(f"{text}; needed a model of maps")
        return regridded(one, every_cell(target))
    except ValueError as error:
        raise ScenarioError([problem(str(error), one.name)]) from error


def _products(
    loaded: Loaded,
    models: Mapping[str, Other],
    observed: Mapping[str, Any],
    problems: list[Problem],
) -> dict[str, Other]:
    section = loaded.asked.evaluation
    try:
        found = products(section.products, observed, section.period)
        found = {name: _on_grid(loaded, one, models) for name, one in found.items()}
    except ValueError as error:
        problems.append(Problem(str(error), "evaluation.products"))
        return {}
    for name in found.keys() & models.keys():
        problems.append(Problem(f"product {name!r} is a model, too", "evaluation.products"))
    return found


def _read(name: str, model: Model, loaded: Loaded) -> dict[str, Other]:
    base = loaded.base_of("models")
    if model.store is None:
        return others.read(name, model, base)
    benchmarks = loaded.asked.evaluation.benchmarks.values()
    needed = dict.fromkeys(output for spec in benchmarks for output in spec.outputs())
    return {name: own.read(name, model, needed, base)}
