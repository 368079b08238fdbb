"""A run of our own as a model: its control member, or a mean of members, under one forcing."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from ensemble.errors import PlanError
from ensemble.members.benchmarks import Asked
from ensemble.members.evaluation.others import Other
from ensemble.members.evaluation.weights import weights_of
from ensemble.members.experiment import Experiment, beside
from ensemble.members.in_time import Steps
from ensemble.members.ranking import ranked
from ensemble.members.reopening import open_experiment
from ensemble.scores.weights import effective_size
from ensemble.store.reading import read as read_store
from ensemble.store.store import Store
from kernels import F8
from scenarios import Problem, ScenarioError
from scenarios.evaluated import Model, problem
from scenarios.paths import placed


def read(name: str, model: Model, needed: Collection[str], base: Path) -> Other:
    """Return the control member of a run, or a mean of members, where its store has whole outputs.

    Parameters
    ----------
    name : str
    model : Model
        With a store.
    needed : collection of str
        Outputs that benchmarks look at.
    base : Path
        Folder that the store's path starts from.

    Raises
    ------
    ScenarioError
        No such store, one that is not complete, or without what is needed; all that is wrong.
    """
    assert model.store is not None
    try:
        store = read_store(placed(base, model.store, f"models.{name}.store"))
        experiment = open_experiment(store)
        done = len(store.committed()) == int(np.prod(store.blocks))
    except PlanError as error:
        raise ScenarioError([Problem(str(error), f"models.{name}.store")]) from error
    problems = [] if done else [problem("is not complete; run it to its end first", name)]
    forcing = _forcing(name, model, experiment, problems)
    places = {}
    for output in needed:
        where = _place(store, experiment, model, output)
        if isinstance(where, str):
            problems.append(problem(where, name, output))
        else:
            places[output] = where
    shares, words = _shares(name, store, model, forcing, problems)
    if problems:
        raise ScenarioError(problems)
    asked, outputs = {}, {}
    for output, place in places.items():
        variable = experiment.kernel.variable(output)
        steps = _steps(experiment, output)
        dims = () if steps is None else (steps.dim,)
        asked[output] = Asked(replace(variable, dims=dims), steps, noleap=True)
        values = _values(store, output, forcing, shares)
        for axis, at in reversed(place):
            values = np.take(values, at, axis=axis)
        if shares is not None and not np.isfinite(values).all():
            lost = int((~np.isfinite(values.reshape(len(values), -1)).all(axis=1)).sum())
            text = f"some of these members failed at {lost:,} locations; needed members that ran"
            raise ScenarioError([problem(text, name, output)])
        outputs[output] = values.reshape(len(values), -1, 1)
    origin = {"store": Path(model.store).name, "forcing": experiment.forcings[forcing],
              "files": [], "land": "area of the locations",
              "synthetic": bool(store.attrs["synthetic"])}  # fmt: skip
    which = f" of {model.model}" if model.model else ""
    return Other(
        name,
        experiment.locations,
        asked,
        outputs,
        notes=(f"{words}{which} under {experiment.forcings[forcing]}",),
        provenance={output: origin for output in needed},
    )


def _shares(
    name: str, store: Store, model: Model, forcing: int, problems: list[Problem]
) -> tuple[F8 | None, str]:
    """Return what each sample counts of the mean, (S,), None for the control member; and words."""
    chosen = model.members
    if chosen == "control":
        return None, "control member"
    samples = store.specs["status"].shape[-1]
    if chosen == "all":
        return np.full(samples, 1.0 / samples), f"mean of all {samples:,} members"
    try:
        if chosen.best is not None:
            ranking = ranked(store, chosen.by, model=model.model or "")
            found = np.zeros(samples)
            found[ranking.first(chosen.best)] = 1.0 / chosen.best
            return found, f"mean of the {chosen.best} best members by {chosen.by}"
        weights = weights_of(store, str(chosen.weighted), forcing, model.model)
    except PlanError as error:
        problems.append(problem(str(error), name))
        return None, ""
    size = float(effective_size(weights))
    return weights / weights.sum(), f"mean by the weights {chosen.weighted}, {size:,.1f} effective"


def _values(store: Store, output: str, forcing: int, shares: F8 | None) -> F8:
    """Return the control member, or the mean of samples, (L, *dims)."""
    if shares is None:
        return np.asarray(store.read_whole(f"control/{output}")[forcing], dtype=np.float64)
    spec = store.specs[output]
    made: F8 = np.zeros(spec.shape[1:-1])
    counts = tuple(-(-n // c) for n, c in zip(spec.shape, spec.chunks, strict=True))
    for index in np.ndindex(*counts):
        here = [slice(k * c, min(n, k * c + c)) for n, c, k in
                zip(spec.shape, spec.chunks, index, strict=True)]  # fmt: skip
        mine = shares[here[-1]]
        if here[0].start <= forcing < here[0].stop and mine.any():
            part = store.read_sound(output, index)[forcing - here[0].start].astype(np.float64)
            made[tuple(here[1:-1])] += part[..., mine > 0] @ mine[mine > 0]
    return made


def _forcing(name: str, model: Model, experiment: Experiment, problems: list[Problem]) -> int:
    names = list(experiment.forcings)
    if model.forcing is None and len(names) > 1:
        problems.append(problem(f"has several forcings; say forcing: {' or '.join(names)}", name))
    elif model.forcing is not None and model.forcing not in names:
        text = f"has no forcing {model.forcing!r}; it has {', '.join(names)}"
        problems.append(problem(text, name))
    return names.index(model.forcing) if model.forcing in names else 0


def _steps(experiment: Experiment, output: str) -> Steps | None:
    variable = experiment.kernel.variable(output)
    return experiment.steps_of(variable) if experiment.has_time(output) else None


def _place(
    store: Store, experiment: Experiment, model: Model, output: str
) -> list[tuple[int, int]] | str:
    """Return where the model is along dimensions of an output, axis and place; or what is amiss."""
    of_control = model.members == "control"
    path = f"control/{output}" if of_control else output
    spec = store.specs.get(path)
    if spec is None:
        return f"the store has no {path}; needed a run with outputs: {{{output}: all}}"
    steps = _steps(experiment, output)
    # Without the axes of forcing and, of members, of samples.
    dims = spec.dims[1:] if of_control else spec.dims[1:-1]
    shape = dict(zip(spec.dims, spec.shape, strict=True))
    named = [d for d in dims if d in beside(experiment) and shape[d] > 1]
    rest = [d for d in dims if d not in beside(experiment)]
    wanted = ["location", *([] if steps is None else [steps.dim])]
    if rest != wanted or (steps is not None and shape[steps.dim] != len(steps.years)):
        text = f"is stored over ({', '.join(spec.dims)}); needed one number a place and time, as "
        return f"{text}outputs: {{{output}: all}} has it of what has no other dimension"
    places = [(dims.index(d), 0) for d in dims if d in beside(experiment) and d not in named]
    for dim in named:
        labels = experiment.kernel.coords[dim].labels
        if model.model not in labels:
            return f"is by {dim}; needed model: {' or '.join(labels)}"
        places.append((dims.index(dim), labels.index(model.model)))
    return sorted(places)
