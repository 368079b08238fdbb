"""Weights of models that are there already: those of members, over models."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble.members.benchmarks import Prepared
from ensemble.members.evaluation.asked import Scored
from ensemble.members.evaluation.weights import Looked, Weighting, logarithms, weightings
from ensemble.scores import weights as scoring
from kernels import F8
from scenarios import Problem, ScenarioError
from scenarios.benchmarks import BenchmarkSpec
from scenarios.weights import Weights

if TYPE_CHECKING:
    from ensemble.evaluation.evaluating import Evaluation


@dataclass(frozen=True)
class Weighed:
    """Models under some weights.

    Attributes
    ----------
    one : Weighting
    models : tuple of str
        Without products, and without means of others.
    weights : ndarray, shape (model,), float64
    effective : float
    means : mapping of str to (unit, plain mean, weighted mean, weighted standard deviation)
        Of scores that are numbers of the model itself, such as a total, or that ``of`` names.
    """

    one: Weighting
    models: tuple[str, ...]
    weights: F8
    effective: float
    means: Mapping[str, tuple[str, float, float, float]]


@dataclass(frozen=True)
class _Scores:
    """The scores of models, as weights look them up."""

    weights: Mapping[str, Weights]
    by_name: Mapping[str, tuple[Scored, int]]
    prepared: Mapping[str, Prepared]
    specs: Mapping[str, BenchmarkSpec]


def weigh(found: "Evaluation") -> Iterator[Weighed]:
    """Yield the weights of an evaluation.

    Raises
    ------
    ScenarioError
        As `weightings`; scores that there are not, models on unlike cells whose distance is asked.
    """
    section = found.loaded.asked.evaluation
    if not section.weights:
        return
    means = {name for name, one in found.loaded.asked.models.items() if one.mean_of}
    models = tuple(n for n, one in found.models.items() if not one.product and n not in means)
    prepared = {b: found.found[models[0], b].prepared for b in section.benchmarks}
    every = [
        Scored(b, score, about, found.units(b, about), _groups(prepared[b], about.grouped), (), ())
        for b, score, about in found.scored()
    ]
    by_name = {name: (one, k) for one in every for k, name in enumerate(one.names)}
    asked = _Scores(section.weights, by_name, prepared, section.benchmarks)
    for one in weightings(asked, found.loaded.source):
        yield _weighed(found, asked, one, models)


def _groups(prepared: Prepared, grouped: bool) -> tuple[str, ...]:
    return prepared.groups if grouped and len(prepared.groups) > 1 else ()


def _weighed(
    found: "Evaluation", asked: _Scores, one: Weighting, models: tuple[str, ...]
) -> Weighed:
    away = np.stack([_values(found, looked, models) - looked.best for looked in one.scores])
    logs = logarithms(one, one.scores, away)
    if one.spec.independence is not None:
        each = [_apart(found, one, benchmark, models) for benchmark in sorted(one.benchmarks)]
        logs = logs + scoring.independence(scoring.together(each), one.spec.independence)
    weights = scoring.normalised(logs)
    usual = [n for n, (s, k) in asked.by_name.items() if s.about.better == "neither" and k == 0]
    means = {}
    for name in one.spec.of or usual:
        if name not in asked.by_name:
            where = f"evaluation.weights.{one.name}.of"
            raise ScenarioError([Problem(f"no score {name!r}; needed a score of models", where)])
        scored, group = asked.by_name[name]
        values = _values(found, Looked(name, scored, group, np.nan, np.nan), models)
        (mine,), _ = scoring.weighted(values[None], weights)
        means[name] = scored.units, float(values.mean()), float(mine[0]), float(mine[1])
    return Weighed(one, models, weights, float(scoring.effective_size(weights)), means)


def _values(found: "Evaluation", looked: Looked, models: tuple[str, ...]) -> F8:
    """Return a score of each model, NaN of one that has not the group."""
    values = []
    for model in models:
        against = found.found[model, looked.scored.benchmark]
        label = looked.scored.groups[looked.group] if looked.scored.groups else ""
        groups = against.prepared.groups
        k = groups.index(label) if label in groups else None if label else 0
        score = against.scores[looked.scored.score]
        values.append(np.nan if k is None else score[k])
    return np.array(values)


def _apart(found: "Evaluation", one: Weighting, benchmark: str, models: tuple[str, ...]) -> F8:
    """Return the distances between models over the pairs of a benchmark."""
    every = [found.found[model, benchmark] for model in models]
    pairs = [next(iter(against.prepared.pairs.values())) for against in every]
    rows = [next(iter(against.modelled.values()), np.empty(0)) for against in every]
    if any(
        not np.array_equal(p.weight, pairs[0].weight) or len(r) != len(p.place)
        for p, r in zip(pairs, rows, strict=True)
    ):
        text = f"models are on unlike cells against {benchmark}, so none is near another; needed "
        where = f"evaluation.weights.{one.name}.independence"
        raise ScenarioError([Problem(f"{text}grid: MODEL, or no independence:", where)])
    return scoring.distances(np.array(rows), pairs[0].weight)
