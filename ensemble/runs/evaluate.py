"""Hold the stored members of a finished run against benchmarks that it was not begun with."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from ensemble.errors import PlanError
from ensemble.members.evaluation import afterwards
from ensemble.members.evaluation.asked import EVALUATED, Evaluated
from ensemble.members.evaluation.preparing import prepare
from ensemble.members.evaluation.stored import specs_of, to_arrays, words
from ensemble.members.reopening import open_layout
from ensemble.members.stored import read_ensemble
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from ensemble.store.writing import add_arrays
from ensemble.tables.responses import Table
from ensemble.tables.results import Results
from ensemble.tables.scores import score_tables
from scenarios import Problem, ScenarioError
from scenarios.evaluation import Evaluation
from scenarios.evaluation import problems as problems_of
from scenarios.reading.document import Document, parse, read_text
from scenarios.reading.wording import problems as in_words

Arrays = dict[str, tuple[ArraySpec, NDArray[Any]]]


class _File(BaseModel):
    """A file with ``evaluation:``; of a whole scenario the other sections are not looked at."""

    model_config = ConfigDict(extra="ignore")

    evaluation: Evaluation


def evaluate_store(path: Path, file: Path) -> list[Table]:
    """Score the stored members of a finished run, keep scores in its store, and return tables.

    No member is run: outputs that are compared must be stored at every step. Results go into the
    group ``evaluated/``, in the place of those of an earlier call; the run stays what it was.

    Parameters
    ----------
    path : Path
        A finished run.
    file : Path
        YAML with a section ``evaluation:``; its relative paths start in its folder.

    Raises
    ------
    ScenarioError
        The file, or observations that it names.
    PlanError
        The run is not finished, or does not hold an output that is compared.
    """
    document = parse(read_text(file), str(file))
    try:
        return _tables(path, document, file.parent)
    except ScenarioError as error:
        located = [document.locate(problem) for problem in error.problems]
        raise ScenarioError(sorted(located, key=lambda p: p.order), str(file)) from error


def _tables(path: Path, document: Document, base: Path) -> list[Table]:
    section = _section(document)
    store = read_ensemble(path)
    layout = open_layout(store)
    if (done := len(store.committed())) < layout.grid.blocks:
        raise PlanError(
            f"{path}: {done}/{layout.grid.blocks} blocks are committed; run it to the end"
        )
    experiment = layout.experiment
    sections: dict[str, Any] = {"evaluation": section}
    taken = {*layout.functionals, *(v.name for v in experiment.kernel.outputs)}
    sections["independent"] = experiment.scenario.independent
    if found := list(problems_of(sections, experiment.kernel, taken)):
        raise ScenarioError(found)
    scenario = experiment.scenario.model_copy(update={"evaluation": section, "statistics": {}})
    bare = replace(experiment, scenario=scenario, evaluation={})
    asked = Evaluated(replace(bare, evaluation=prepare(bare, base)))
    afterwards.refuse_missing(store, layout, asked)
    members = afterwards.of_members(store, layout, asked)
    control = afterwards.of_control(store, layout, asked)
    kept = _keep(store, asked, members, control, document.data["evaluation"]["benchmarks"])
    return score_tables(Results(kept), EVALUATED)


def _section(document: Document) -> Evaluation:
    """Return the section of a file; raises `ScenarioError` with every problem found."""
    found = list(document.problems)
    try:
        section = _File.model_validate(document.data).evaluation
    except ValidationError as error:
        raise ScenarioError([*found, *in_words(error, document)]) from error
    if section.weights or section.keep:
        text = "weights: and keep: are of scores that a run has from its own evaluation:; leave "
        text += "them out, or add all of it to its scenario and run that into a new store"
        found.append(Problem(text, "evaluation"))
    if found:
        raise ScenarioError(found)
    return section


def _keep(
    store: Store,
    asked: Evaluated,
    members: Mapping[str, Any],
    control: Mapping[str, Any],
    benchmarks: Mapping[str, Any],
) -> Store:
    """Write scores and what was observed in the place of those of an earlier call.

    Words of benchmarks stand beside them, as the scenario of the run has none of them.
    """
    every: Arrays = dict(to_arrays(asked.prepared, EVALUATED))
    for path, spec in specs_of(asked, members, EVALUATED):
        name = path.rpartition("/")[2]
        if path.startswith(f"{EVALUATED}/control/"):
            every[path] = spec, control[name]
        elif name == "modelled":
            every[path] = spec, control[path.removeprefix(f"{EVALUATED}/")]
        elif spec.dtype == "uint64":
            count = np.isfinite(members[name.removesuffix("_count")]).sum(axis=-1)
            every[path] = spec, count.astype(np.uint64)
        else:
            every[path] = spec, members[name]
    left = {p: s for p, s in store.specs.items() if p.partition("/")[0] != EVALUATED}
    said = {n: {**words(one), "asked": benchmarks[n]} for n, one in asked.prepared.items()}
    bare = replace(store, specs=left, attrs={**store.attrs, EVALUATED: said})
    grown = add_arrays(bare, every)
    for gone in store.specs.keys() - grown.specs.keys():
        store.root.remove_folder(gone)
    return grown
