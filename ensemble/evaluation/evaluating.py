"""Every model against every benchmark: scores, and what they are of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ensemble.evaluation import others, own
from ensemble.evaluation.others import Other
from ensemble.members.benchmarks import Prepared, Task
from ensemble.members.evaluation.preparing import read as read_observed
from ensemble.members.evaluation.sums import modelled_of, of_outputs
from kernels import F8
from scenarios import Problem, ScenarioError
from scenarios.benchmarks import BENCHMARKS, Score
from scenarios.catalogue import check_named
from scenarios.evaluated import Loaded, Model

SYNTHETIC = "synthetic data: made up, to show how it goes"


@dataclass(frozen=True)
class Against:
    """A model against a benchmark.

    Attributes
    ----------
    prepared : Prepared
    scores : mapping of str to ndarray, shape (groups,), float64
        Those that are asked for; of a score of the whole alone (1,).
    modelled : mapping of str to ndarray, shape (p,), float64
        What the model has of each pair, by the name of the pairs.
    """

    prepared: Prepared
    scores: Mapping[str, F8]
    modelled: Mapping[str, F8]


@dataclass(frozen=True)
class Evaluation:
    """What came out: models, and each against each benchmark.

    Attributes
    ----------
    loaded : Loaded
    models : mapping of str to Other
    found : mapping of (model, benchmark) to Against
    """

    loaded: Loaded
    models: Mapping[str, Other]
    found: Mapping[tuple[str, str], Against]

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

    def units(self, benchmark: str, about: Score) -> str:
        """Return the unit of a score."""
        one = next(a for (_, b), a in self.found.items() if b == benchmark)
        return about.units(one.prepared.units)


def evaluate(loaded: Loaded) -> Evaluation:
    """Return every model against every benchmark.

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
    models = {}
    for name, model in loaded.asked.models.items():
        try:
            models[name] = _read(name, model, loaded)
        except ScenarioError as error:
            problems += error.problems
    section, base = loaded.asked.evaluation, loaded.base_of("evaluation")
    observed, classes = read_observed(section, base, problems)
    found: dict[tuple[str, str], Against] = {}
    for benchmark, spec in section.benchmarks.items():
        source = spec.same_as or benchmark
        if source in observed and observed[source] is None:
            continue
        for name, one in models.items():
            asked = {output: one.asked[output] for output in spec.outputs()}
            task = Task(benchmark, asked, one.places, observed.get(source),
                        section.period_of(benchmark), classes, loaded.asked.seed, base)  # fmt: skip
            try:
                found[name, benchmark] = _against(spec, task, one)
            except ScenarioError as error:
                problems += error.problems
    if problems:
        raise loaded.located(ScenarioError(list(dict.fromkeys(problems))))
    return Evaluation(loaded, models, found)


def _read(name: str, model: Model, loaded: Loaded) -> Other:
    base = loaded.base_of("models")
    if model.store is None:
        return others.read(name, model, base)
    benchmarks = loaded.asked.evaluation.benchmarks.values()
    needed = dict.fromkeys(output for spec in benchmarks for output in spec.outputs())
    return own.read(name, model, needed, base)


def _against(spec: Any, task: Task, one: Other) -> Against:
    module = BENCHMARKS.get(spec.compare)
    prepared: Prepared = module.prepare(spec, task)
    if task.observed is not None and not prepared.provenance:
        prepared = replace(prepared, provenance=task.observed.provenance)
    with np.errstate(all="ignore"):
        made = module.score(spec, prepared, of_outputs(prepared, one.outputs))
    groups = len(prepared.groups)
    scores = {}
    for name in spec.asked():
        values = np.asarray(made[name], dtype=np.float64).reshape(-1)
        size = groups if spec.SCORES[name].grouped else 1
        scores[name] = np.where(np.isfinite(values), values, np.nan)[:size]
    return Against(prepared, scores, modelled_of(prepared, one.outputs))
