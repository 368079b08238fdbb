"""A run of our own as a model: the control member of one of its forcings."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from ensemble.errors import PlanError
from ensemble.members.benchmarks import Asked
from ensemble.members.evaluation.others import Other
from ensemble.members.experiment import Experiment
from ensemble.members.in_time import Steps
from ensemble.members.reopening import open_experiment
from ensemble.store.reading import read as read_store
from ensemble.store.store import Store
from scenarios import Problem, ScenarioError
from scenarios.evaluated import Model, problem
from scenarios.paths import placed


def read(name: str, model: Model, needed: Collection[str], base: Path) -> Other:
    """Return the control member of a run, where its store keeps whole outputs of it.

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
    for output in needed:
        problems += [problem(text, name, output) for text in _unfit(store, experiment, output)]
    if problems:
        raise ScenarioError(problems)
    asked, outputs = {}, {}
    for output in needed:
        variable = experiment.kernel.variable(output)
        steps = _steps(experiment, output)
        values = store.read_whole(f"control/{output}")[forcing].astype(np.float64)
        asked[output] = Asked(variable, steps, noleap=True)
        outputs[output] = values.reshape(len(values), -1, 1)
    origin = {"store": Path(model.store).name, "forcing": experiment.forcings[forcing],
              "files": [], "land": "area of the locations",
              "synthetic": bool(store.attrs["synthetic"])}  # fmt: skip
    return Other(
        name,
        experiment.locations,
        asked,
        outputs,
        notes=(f"control member under {experiment.forcings[forcing]}",),
        provenance={output: origin for output in needed},
    )


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


def _unfit(store: Store, experiment: Experiment, output: str) -> list[str]:
    """Return what keeps an output of a store from being compared."""
    spec = store.specs.get(f"control/{output}")
    if spec is None:
        return [f"the store has no control/{output}; needed a run with outputs: {{{output}: all}}"]
    steps = _steps(experiment, output)
    wanted = ("forcing", "location", *(() if steps is None else (steps.dim,)))
    if spec.dims != wanted or (steps is not None and spec.shape[-1] != len(steps.years)):
        text = f"is stored over ({', '.join(spec.dims)}); needed one number a place and time, as "
        return [f"{text}outputs: {{{output}: all}} has it of what has no other dimension"]
    return []
