"""Weights of members by their scores: what a scenario asks for, and their arrays of the store."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ensemble.errors import PlanError
from ensemble.members.benchmarks import Prepared
from ensemble.members.evaluation.asked import GROUP as EVALUATION
from ensemble.members.evaluation.asked import Scored
from ensemble.scores import weights as scoring
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from kernels import F8
from scenarios import Problem, ScenarioError, limit_in_units, nearest
from scenarios.benchmarks import BenchmarkSpec
from scenarios.weights import OBSERVED, Amount, Weights

if TYPE_CHECKING:
    from ensemble.members.layout import Layout

GROUP = f"{EVALUATION}/weights"
NAMES = "weights"
"""The dimension of what is known of each weights, and the coordinate with their names."""

ABOUT = {
    "effective": "effective size: so many members of equal weight would know as much",
    "heaviest": f"share of all weight that the {scoring.HEAVIEST} heaviest members have",
    "without": "members without one of the scores, which have no weight",
}

BEST = {"smaller": 0.0, "nearest 0": 0.0, "nearest 1": 1.0}
"""The best value of a score, by which values are better."""


class Scores(Protocol):
    """Scores by name, and what they are of: of a run's members, or of models."""

    @property
    def weights(self) -> Mapping[str, Weights]:
        """Return the weights that are asked for."""
        ...

    @property
    def by_name(self) -> Mapping[str, tuple[Scored, int]]:
        """Return each score, and which group it is of."""
        ...

    @property
    def prepared(self) -> Mapping[str, Prepared]:
        """Return what was observed, by benchmark."""
        ...

    @property
    def specs(self) -> Mapping[str, BenchmarkSpec]:
        """Return the words of each benchmark."""
        ...


@dataclass(frozen=True)
class Looked:
    """A score that weights look at.

    Attributes
    ----------
    name : str
        With the group at its end, where it is of one.
    scored : Scored
    group : int
    sigma, discrepancy : float
        In the unit of the score; NaN where the kind of weights takes none.
    """

    name: str
    scored: Scored
    group: int
    sigma: float
    discrepancy: float

    @property
    def best(self) -> float:
        """Return the value of a member that is right."""
        return BEST[self.scored.about.better]

    @property
    def error(self) -> float:
        """Return the root of the sum of squares of both errors."""
        return math.hypot(self.sigma, 0.0 if math.isnan(self.discrepancy) else self.discrepancy)


@dataclass(frozen=True)
class Weighting:
    """Weights as they are made.

    Attributes
    ----------
    name : str
    spec : Weights
    scores : tuple of Looked
    dims : tuple of str
        Between forcing and sample: models side by side.
    shape : tuple of int
    outputs : frozenset of str
        Those that are compared in the scores.
    """

    name: str
    spec: Weights
    scores: tuple[Looked, ...]
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    outputs: frozenset[str]

    @property
    def benchmarks(self) -> set[str]:
        """Return the benchmarks whose scores it looks at."""
        return {one.scored.benchmark for one in self.scores}


def weightings(asked: Scores, source: str) -> tuple[Weighting, ...]:
    """Return the weights that a scenario asks for.

    Parameters
    ----------
    asked : Scores
    source : str
        Of the scenario, for messages.

    Raises
    ------
    ScenarioError
        Scores that are not there or of which no value is right, errors in other units, scores
        along unlike dimensions; all of them.
    """
    found: list[Weighting] = []
    problems: list[Problem] = []
    for name, spec in asked.weights.items():
        before = len(problems)
        where = f"evaluation.weights.{name}.{spec.kind}"
        looked = [one for s in spec.scores if (one := _looked(asked, spec, s, where, problems))]
        dims = max((one.scored.dims for one in looked), key=len, default=())
        for one in looked:
            if not {*one.scored.dims} <= {*dims}:
                text = f"{one.name} is by {', '.join(one.scored.dims)}, and others are by "
                text += f"{', '.join(dims)}; needed scores of which one has all dimensions"
                problems.append(Problem(text, where))
        if len(problems) == before:
            shapes = {one.scored.dims: one.scored.shape for one in looked}
            specs = (asked.specs[one.scored.benchmark] for one in looked)
            outputs = frozenset(output for each in specs for output in each.outputs())
            found.append(Weighting(name, spec, tuple(looked), dims, shapes[dims], outputs))
    if problems:
        raise ScenarioError(problems, source)
    return tuple(found)


def _looked(
    asked: Scores, spec: Weights, name: str, where: str, problems: list[Problem]
) -> Looked | None:
    if name not in asked.by_name:
        problems.append(Problem(f"no score {name!r}{nearest(name, asked.by_name)}", where))
        return None
    scored, group = asked.by_name[name]
    if scored.about.better not in BEST:
        text = f"{name}: {scored.about.better} is better, so no value is right; needed a score "
        problems.append(Problem(f"{text}such as a bias or an rmse", where))
        return None
    tolerances = {**(spec.likelihood or {}), **(spec.accept or {})}
    sigma = discrepancy = math.nan
    try:
        if name in tolerances:
            sigma = _amount(asked, scored, tolerances[name].sigma)
            if (other := tolerances[name].discrepancy) is not None:
                discrepancy = _amount(asked, scored, other)
    except ValueError as error:
        problems.append(Problem(str(error), f"{where}.{name}"))
        return None
    return Looked(name, scored, group, sigma, discrepancy)


def _amount(asked: Scores, scored: Scored, amount: Amount) -> float:
    """Return a standard error in the unit of a score."""
    if not isinstance(amount, str):
        return float(amount)
    if amount != OBSERVED:
        return limit_in_units(amount, scored.units)
    prepared = asked.prepared[scored.benchmark]
    interval = prepared.about.get("interval")
    if interval is None or scored.units != prepared.units:
        text = f"{scored.benchmark} has no interval of what was observed in {scored.units!r}"
        raise ValueError(f"found observed; {text}: needed a number")
    return float(interval)


def arrays(layout: "Layout") -> Iterator[ArraySpec]:
    """Yield the arrays of weights, and what is known of each."""
    every = layout.weightings
    for one in every:
        middle = dict(zip(one.dims, one.shape, strict=True))
        looked = ", ".join(looked.name for looked in one.scores)
        words = f"weight by {one.spec.kind} of {looked}; all members together have 1"
        about = {"units": "1", "long_name": words, "scores": looked}
        yield layout.summed(f"{GROUP}/{one.name}", middle, about, sample=True)
    shape = (len(every),)
    for word, words in ABOUT.items() if every else ():
        dtype, fill = ("uint64", 0) if word == "without" else ("float64", math.nan)
        about = {"units": "1", "long_name": words}
        yield ArraySpec(f"{GROUP}/{word}", dtype, (NAMES,), shape, shape, fill, about)


def finish(store: Store, layout: "Layout") -> dict[str, F8]:
    """Write the weights of a run whose scores are written; return them by name.

    Each is (forcing, *dims, sample). Idempotent.
    """
    found: dict[str, F8] = {}
    about: dict[str, list[float]] = {word: [] for word in ABOUT}
    for one in layout.weightings:
        logarithms = logarithms_of(store, one, one.scores)
        weights = found[one.name] = scoring.normalised(logarithms)
        _write(store, layout, f"{GROUP}/{one.name}", weights)
        about["effective"].append(float(scoring.effective_size(weights)))
        about["heaviest"].append(scoring.heaviest(weights))
        about["without"].append(int(np.isnan(logarithms).sum()))
    for word, values in about.items() if found else ():
        dtype = store.specs[f"{GROUP}/{word}"].dtype
        store.write_whole(f"{GROUP}/{word}", np.array(values, dtype=dtype))
    return found


def _write(store: Store, layout: "Layout", path: str, values: F8) -> None:
    """Write an array (forcing, *dims, sample) chunk by chunk."""
    samples = layout.grid.axes[2]
    middle = (0,) * (values.ndim - 2)
    store.write_chunks(
        (path, (f, *middle, s), np.ascontiguousarray(values[f : f + 1, ..., samples.span(s)]))
        for f in range(len(values))
        for s in range(samples.blocks)
    )


def logarithms_of(store: Store, one: Weighting, scores: Sequence[Looked]) -> F8:
    """Return logarithms of weights by some of the scores, (forcing, *dims, sample)."""
    found = logarithms(one, scores, np.stack([distance(store, one, s) for s in scores]))
    if one.spec.independence is None:
        return found
    return found + _independence(store, one, one.spec.independence, found.shape)


def logarithms(one: Weighting, scores: Sequence[Looked], away: F8) -> F8:
    """Return logarithms of weights without what models share, of distances (score, ...)."""
    spec = one.spec
    if spec.likelihood is not None:
        return scoring.likelihood(away, np.array([s.sigma for s in scores]))
    if spec.accept is not None:
        return scoring.accepted(away, np.array([s.error for s in scores]), spec.nearest)
    assert spec.sigma is not None
    return scoring.performance(away, spec.sigma)


def distance(store: Store, one: Weighting, looked: Looked) -> F8:
    """Return how far members are from the best value of a score, (forcing, *dims, sample).

    The same along dimensions of the weights that the score has not.
    """
    values = store.read_whole(f"{EVALUATION}/{looked.scored.name}")
    values = values[:, looked.group] if looked.scored.groups else values
    own = looked.scored.dims
    lengths = [n if d in own else 1 for d, n in zip(one.dims, one.shape, strict=True)]
    # Dimensions of outputs have one order, the kernel's.
    away = values.reshape(len(values), *lengths, -1) - looked.best
    return np.broadcast_to(away, (len(values), *one.shape, away.shape[-1]))


def _independence(store: Store, one: Weighting, sigma: float, shape: tuple[int, ...]) -> F8:
    """Return how much models and forcings count whose control members are alike.

    (forcing, *dims, 1).
    """
    each = [_apart(store, one, benchmark) for benchmark in sorted(one.benchmarks)]
    return scoring.independence(scoring.together(each), sigma).reshape(*shape[:-1], 1)


def _apart(store: Store, one: Weighting, benchmark: str) -> F8:
    """Return distances between control members over the pairs of a benchmark."""
    squares: Any = 0.0
    total = 0.0
    for path, spec in store.specs.items():
        group, _, word = path.rpartition("/")
        if word != "modelled" or group.rpartition("/")[0] != f"{EVALUATION}/{benchmark}":
            continue
        values, own = store.read_whole(path), spec.dims[2:]
        weights = store.read_whole(f"{group}/weight")
        lengths = [n if d in own else 1 for d, n in zip(one.dims, one.shape, strict=True)]
        values = values.reshape(*values.shape[:2], *lengths)
        whole = np.broadcast_to(values, (*values.shape[:2], *one.shape))
        rows = np.moveaxis(whole, 1, -1).reshape(-1, len(weights))
        squares = squares + scoring.distances(rows, weights) ** 2 * weights.sum()
        total += weights.sum()
    return np.asarray(np.sqrt(squares / total))


def known(store: Store) -> dict[str, dict[str, float]]:
    """Return what a finished store says of each weights, by name and by the words of `ABOUT`."""
    if f"{GROUP}/{NAMES}" not in store.specs:
        return {}
    names = store.read_strings(f"{GROUP}/{NAMES}")
    values = {word: store.read_whole(f"{GROUP}/{word}").tolist() for word in ABOUT}
    return {name: {w: v[k] for w, v in values.items()} for k, name in enumerate(names)}


def lines(store: Store) -> list[str]:
    """Return what a finished run should say of weights that rest on few members, one line each."""
    texts = []
    for name, about in known(store).items():
        size = about["effective"]
        if size >= scoring.FEW:
            continue
        text = f"weights.{name}: effective size {size:.3g}, fewer than {scoring.FEW:.0f} members"
        if size < scoring.TOO_FEW:
            text += f"; below {scoring.TOO_FEW:.0f} there are no weighted quantiles"
        texts.append(f"{text}: allow larger errors (sigma:, discrepancy:) or run more samples")
    return texts


def weights_of(store: Store, name: str, forcing: int, model: str | None) -> F8:
    """Return the weights of the samples of a forcing, and of one of models side by side, (S,).

    Raises
    ------
    PlanError
        No such weights or model, or none of these samples has any.
    """
    names = list(known(store))
    if name not in names:
        there = f"; it has {', '.join(names)}" if names else ""
        raise PlanError(f"{store.path}: has no weights {name!r}{there}")
    spec = store.specs[f"{GROUP}/{name}"]
    found = store.read_whole(spec.path)[forcing]
    for dim in spec.dims[1:-1]:
        labels = store.read_strings(dim)
        if model not in labels:
            raise PlanError(
                f"{store.path}: weights are by {dim}; needed model: {' or '.join(labels)}"
            )
        found = found[labels.index(model)]
    if not found.any():
        raise PlanError(f"{store.path}: none of these members has a weight by {name!r}")
    return np.asarray(found, dtype=np.float64)
