"""A file that ``soilsweep evaluate`` reads: models that are there already, and ``evaluation:``.

.. code-block:: yaml

    version: 1
    name: casa-2000-2010
    models:
      CASA-CNP:
        years: [2000, 2010]
        calendar: noleap
        outputs: {rh: {reader: netcdf_map, path: casa.nc, variable: cresp}}
    evaluation:
      benchmarks: {total: {compare: total, output: rh, value: 51.5 Pg C yr-1}}

No kernel runs: outputs are maps of somebody else's model, read as observations are. ``with_data:``
replaces whole sections, as in a scenario.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from scenarios.evaluation import WHERE, Evaluation, sources
from scenarios.observations import AnyObservation, GridMap, ObservationSpec, YearSeries
from scenarios.problems import Problem, ScenarioError, nearest
from scenarios.reading import faces, wording
from scenarios.reading.document import Document, override, parse, read_text
from scenarios.reading.shipped import EVALUATIONS, find
from scenarios.sections import Name, Strict, YearRange, one_message


class Chosen(Strict):
    """Members of a run whose mean is a model: the best by a score, or all as they are weighed."""

    best: int | None = Field(default=None, ge=1, description="how many, by a score of the run")
    by: str = Field(default="", description="of best: a score, or a sum over space")
    weighted: Name | None = Field(default=None, description="weights of the run")

    @model_validator(mode="after")
    def _one(self) -> "Chosen":
        if (self.best is None) == (self.weighted is None) or bool(self.by) != bool(self.best):
            raise ValueError("needed {best: 20, by: SCORE} or {weighted: WEIGHTS}")
        return self


Members = Annotated[
    Literal["control", "all"] | Chosen,
    one_message("control, all, {best: 20, by: SCORE} or {weighted: WEIGHTS}"),
]


class Model(Strict):
    """A model that is there already: somebody else's outputs as maps, or a run of our own."""

    outputs: dict[Name, AnyObservation] = Field(
        default={},
        description="{rh: {reader: netcdf_map, ...}}, a map of each output, or a series of totals "
        "of the globe, of which each model that is in it stands by its own name",
    )
    store: str | None = Field(
        default=None, min_length=1, description="of a run of our own, instead of outputs:"
    )
    mean_of: list[str] = Field(
        default=[], description="other models whose mean it is, over the cells that all have"
    )
    members: Members = Field(
        default="control",
        description="of that run: control, the mean of all, of {best: 20, by: SCORE}, or "
        "{weighted: WEIGHTS}",
    )
    model: str | None = Field(
        default=None, description="of that run, where several stand side by side"
    )
    forcing: str | None = Field(default=None, description="of that run, where it has several")
    years: YearRange | None = Field(
        default=None, description="[first, last] year that the maps are means of"
    )
    calendar: Literal["standard", "noleap"] = Field(
        default="standard", description="whose year a rate per year is of: 365.25 or 365 days"
    )

    @model_validator(mode="after")
    def _maps(self) -> "Model":
        words = ("outputs", "store", "mean_of")
        given = [f"{word}:" for word in words if getattr(self, word)]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"found {found}; needed one of outputs:, store: and mean_of:")
        if self.store is None and (self.members != "control" or self.model or self.forcing):
            raise ValueError("found members:, model: or forcing: without store:; leave it out")
        if not self.outputs and self.years is not None:
            raise ValueError(f"found years: beside {given[0]}, which has its own; leave it out")
        for name, spec in self.outputs.items():
            # What a store has kept stays as it is written.
            if isinstance(spec, ObservationSpec) and spec.gives not in (GridMap, YearSeries):
                text = f"reader {spec.reader} of {name} gives {spec.gives.__name__}"
                raise ValueError(
                    f"{text}; needed GridMap, of netcdf_map or array_map, or YearSeries, of "
                    "model_series or global_series"
                )
        kinds = {one.gives for one in self.outputs.values() if isinstance(one, ObservationSpec)}
        if len(kinds) > 1:
            raise ValueError("found maps and series among outputs:; needed one kind in a model")
        if kinds == {YearSeries} and self.years is not None:
            raise ValueError("found years: of a series, which has its own; leave it out")
        if self.calendar == "noleap" and self.years is None:
            raise ValueError("calendar: noleap is of years; say years: [first, last] as well")
        return self


class EvaluationFile(Strict):
    """Models and what they are held against."""

    version: Literal[1] = Field(description="1")
    name: Name = Field(description="of the evaluation, and of its store")
    title: str = Field(default="", description="one line")
    description: str = Field(
        default="", description="paragraphs that its page begins with, apart by an empty line"
    )
    seed: int = Field(default=0, ge=0, description="of what is resampled")
    models: dict[str, Model] = Field(
        min_length=1, description="{NAME: {outputs: {rh: {reader: netcdf_map, ...}}}}"
    )
    grid: str = Field(
        default="",
        description="model to whose cells all are regridded, conservatively; by default each "
        "stays on its own",
    )
    common: bool = Field(
        default=True,
        description="whether models are compared on the cells of maps and the records of sites "
        "that all have, or each on its own",
    )
    evaluation: Evaluation = Field(description="as in a scenario")
    store: str = Field(default="", description="where results go; by default runs/NAME.zarr")

    @model_validator(mode="after")
    def _of_members(self) -> "EvaluationFile":
        if self.evaluation.keep:
            raise ValueError("found evaluation.keep:, of members of a run; leave it out")
        if self.evaluation.weights and "weights" in self.models:
            raise ValueError("models.weights: is a name of every store's own; choose another")
        return self

    @model_validator(mode="after")
    def _outputs(self) -> "EvaluationFile":
        for name, one in self.evaluation.benchmarks.items():
            for model, about in self.models.items():
                for output in one.outputs() if about.outputs else ():
                    if output not in about.outputs:
                        text = f"{WHERE}.{name}: model {model!r} has no output {output!r}"
                        raise ValueError(f"{text}{nearest(output, about.outputs)}")
        return self

    @model_validator(mode="after")
    def _models(self) -> "EvaluationFile":
        single = [name for name, one in self.models.items() if not one.mean_of]
        for model, about in self.models.items():
            for name in about.mean_of:
                if name not in single:
                    text = f"models.{model}.mean_of: no other model {name!r}"
                    raise ValueError(f"{text}{nearest(name, single)}")
        if self.grid and self.grid not in single:
            raise ValueError(f"grid: no model {self.grid!r}{nearest(self.grid, single)}")
        return self


@dataclass(frozen=True)
class Loaded:
    """An evaluation with where it came from.

    Attributes
    ----------
    asked : EvaluationFile
    text : str
        Of its file.
    source : str
    base : Path
        Folder of the file.
    data : Path or None
        Folder of real data, where that was asked for.
    replaced : tuple of str
        Sections that are of ``with_data:``.
    document : Document
    """

    asked: EvaluationFile
    text: str
    source: str
    base: Path
    data: Path | None
    replaced: tuple[str, ...]
    document: Document

    def base_of(self, section: str) -> Path:
        """Return the folder in which relative paths of a section start."""
        return self.data if self.data is not None and section in self.replaced else self.base

    @property
    def store(self) -> str:
        """Return where results go unless the command line says otherwise."""
        return self.asked.store or f"runs/{self.asked.name}.zarr"

    def located(self, error: ScenarioError) -> ScenarioError:
        """Return an error whose problems have their lines."""
        found = [self.document.locate(problem) for problem in error.problems]
        return ScenarioError(sorted(found, key=lambda one: one.order), self.source)


def load(
    path: str | Path,
    *,
    settings: Sequence[str] = (),
    data: bool | str | os.PathLike[str] = False,
) -> Loaded:
    """Return the evaluation in a file, or shipped under a name; see `scenarios.load`.

    Raises
    ------
    ScenarioError
        With every problem found, each with its line.
    """
    file = find(path, EVALUATIONS)
    text, folder = read_text(file), faces.folder_of(data) if data is not False else None
    sections = frozenset(EvaluationFile.model_fields)
    face = partial(faces.on_data if folder else faces.as_written, sections=sections)
    try:
        document = override(face(parse(text, str(file))), settings)
    except ScenarioError as error:
        raise ScenarioError(error.problems, str(file)) from error
    problems = list(document.problems)
    asked = None
    try:
        asked = EvaluationFile.model_validate(document.data)
        problems += map(document.locate, sources(asked.evaluation))
    except ValidationError as error:
        problems += wording.problems(error, document, EvaluationFile)
    if problems or asked is None:
        raise ScenarioError(sorted(problems, key=lambda one: one.order), str(file))
    replaced = faces.replaced(document)
    return Loaded(asked, text, str(file), file.parent, folder, replaced, document)


def problem(text: str, model: str, output: str = "") -> Problem:
    """Return a problem of a model, or of one of its outputs."""
    return Problem(text, f"models.{model}.outputs.{output}" if output else f"models.{model}")
