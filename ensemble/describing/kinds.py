"""The kinds of plug-ins: what there is of each, and what is known of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import kernels
import scenarios
from ensemble.describing import kernels as described_kernels
from ensemble.describing.description import Description, Row
from ensemble.describing.docstrings import parts_of
from ensemble.describing.words import as_yaml, example_of, words_of
from ensemble.members.statistics import FAMILIES
from ensemble.report.figures import FIGURES, SECTIONS
from scenarios import evaluated
from scenarios.benchmarks import BENCHMARKS
from scenarios.designs import DESIGNS
from scenarios.execution import BACKENDS
from scenarios.forcing import READERS
from scenarios.metrics import METRICS
from scenarios.observations import OBSERVATIONS
from scenarios.plugins import Plugins
from scenarios.problems import Problem, ScenarioError, nearest
from scenarios.reading import shipped
from scenarios.searches import SEARCHES

Listed = tuple[Mapping[str, str], list[str]]
"""A line of each by name, and what is said of installed ones that are of no use."""


@dataclass(frozen=True)
class Kind:
    """A kind of plug-in.

    Attributes
    ----------
    word, plural : str
    listed : callable
        Returns `Listed`.
    about : callable
        Returns the `Description` of a name, with options where the kind has such; raises
        `LookupError` where there is none of that name.
    """

    word: str
    plural: str
    listed: Callable[[], Listed]
    about: Callable[[str, Mapping[str, Any]], Description]

    def describe(self, name: str, options: Mapping[str, Any] | None = None) -> Description:
        """Return what is known of one.

        Raises
        ------
        ScenarioError
            There is none of that name, or its options are not its own.
        """
        if options and self.word != "kernel":
            text = f"a {self.word} is described with all its words; --set is for options of kernels"
            raise ScenarioError([Problem(text)], "--set")
        try:
            return self.about(name, options or {})
        except LookupError as error:
            raise ScenarioError(
                [Problem(str(error).strip("'\""))], f"{self.word} {name}"
            ) from error


def kind_of(word: str) -> Kind:
    """Return a kind by its word, singular or plural.

    Raises
    ------
    ScenarioError
        There is no such kind.
    """
    for kind in KINDS:
        if word in (kind.word, kind.plural):
            return kind
    words = [kind.word for kind in KINDS]
    raise ScenarioError([Problem(f"no kind {word!r}{nearest(word, words)}")], "KIND")


def _kernels() -> Listed:
    titles, useless = {}, kernels.unused()
    for name in kernels.names():
        try:
            titles[name] = kernels.get(name).title
        except LookupError as error:
            useless.append(str(error))
    return titles, useless


def _of_plugins(plugins: Plugins) -> Callable[[], Listed]:
    def listed() -> Listed:
        modules, refused = plugins.every()
        return {name: _line(plugins, module) for name, module in sorted(modules.items())}, refused

    return listed


def _line(plugins: Plugins, module: Any) -> str:
    line = parts_of(getattr(module, "Spec", module)).title
    # A scenario says the words of a family of statistics, and not its name.
    return f"{', '.join(module.EXAMPLES)}: {line}" if plugins is FAMILIES else line


def _about(plugins: Plugins, section: str, kind: str = "") -> Callable[..., Description]:
    """Return what describes plug-ins that have words of their own, those of a section.

    A section inside others is named with dots between.
    """

    def about(name: str, options: Mapping[str, Any]) -> Description:
        module = plugins.get(name)
        model, doc = module.Spec, parts_of(module)
        words: dict[str, Any] = {plugins.key: name}
        for key in reversed(section.split(".")):
            words = {key: words}
        alone = as_yaml(words)
        example = doc.example or example_of(model, section) or alone
        tables = {"Words": words_of(model, plugins.key), **_files(model)}
        told = {heading: rows for heading, rows in tables.items() if rows}
        who = kind or plugins.kind
        return Description(who, name, doc.title, doc.text, doc.source, told, example)

    return about


def _statistic(name: str, options: Mapping[str, Any]) -> Description:
    module = FAMILIES.get(name)
    doc, words = parts_of(module), list(module.EXAMPLES)
    tables = {"Statistics": [{"word": word} for word in words]}
    example = as_yaml({"statistics": {"OUTPUT": words}})
    return Description("statistic", name, doc.title, doc.text, doc.source, tables, example)


def _metric(name: str, options: Mapping[str, Any]) -> Description:
    doc = parts_of(METRICS.get(name))
    words = {"output": "OUTPUT", "metric": {name: "OBSERVED"}}
    example = as_yaml({"responses": {f"{name}_of_output": words}})
    return Description("metric", name, doc.title, doc.text, doc.source, {}, example)


def _figure(name: str, options: Mapping[str, Any]) -> Description:
    module = FIGURES.get(name)
    doc, row = parts_of(module), {"section": SECTIONS[module.SECTION], "order": f"{module.ORDER:g}"}
    return Description("figure", name, doc.title, doc.text, "", {"Page": [row]})


def _files(model: Any) -> dict[str, list[Row]]:
    """Return the files that a reader opens, and what has to be in each."""
    files: list[Row] = []
    held: list[Row] = []
    for one in getattr(model, "reads", ()):
        files.append({"key": one.key, "format": one.format, "holds": one.holds})
        held += [
            {
                "key": one.key,
                "name": quantity.name,
                "what": quantity.role,
                "units": ", ".join(quantity.units) or "-",
                "units_from": quantity.said,
                "needed": "yes" if quantity.needed else "no",
            }
            for quantity in one.quantities
        ]
    return {"Files": files, "What they hold": held}


def _scenarios() -> Listed:
    return {name: scenarios.load(name).title for name in scenarios.library()}, []


def _evaluations() -> Listed:
    names = shipped.library(shipped.EVALUATIONS)
    return {name: evaluated.load(name).asked.title for name in names}, []


def _evaluation(name: str, options: Mapping[str, Any]) -> Description:
    names = shipped.library(shipped.EVALUATIONS)
    if name not in names:
        raise LookupError(f"no shipped evaluation {name!r}{nearest(name, names)}")
    loaded = evaluated.load(name)
    text = f"Run it with `soilsweep evaluate {name}`."
    title, example = loaded.asked.title, loaded.text.rstrip()
    return Description("evaluation", name, title, text, example=example)


def _scenario(name: str, options: Mapping[str, Any]) -> Description:
    if name in shipped.library(shipped.EVALUATIONS):
        return _evaluation(name, options)
    if name not in scenarios.library():
        raise LookupError(f"no shipped scenario {name!r}{nearest(name, scenarios.library())}")
    loaded = scenarios.load(name)
    source = loaded.reference.citation if loaded.reference else ""
    return Description(
        "scenario", name, loaded.title, loaded.description, source, example=loaded.text.rstrip()
    )


IN_EVALUATION = "evaluation.benchmarks.NAME"

KINDS = (
    Kind("kernel", "kernels", _kernels, described_kernels.describe),
    Kind("design", "designs", _of_plugins(DESIGNS), _about(DESIGNS, "design")),
    Kind("reader", "readers", _of_plugins(READERS), _about(READERS, "forcing")),
    Kind(
        "observation",
        "observations",
        _of_plugins(OBSERVATIONS),
        _about(OBSERVATIONS, "observed", "observation"),
    ),
    Kind("benchmark", "benchmarks", _of_plugins(BENCHMARKS), _about(BENCHMARKS, IN_EVALUATION)),
    Kind("statistic", "statistics", _of_plugins(FAMILIES), _statistic),
    Kind("metric", "metrics", _of_plugins(METRICS), _metric),
    Kind("search", "searches", _of_plugins(SEARCHES), _about(SEARCHES, "algorithm")),
    Kind("backend", "backends", _of_plugins(BACKENDS), _about(BACKENDS, "execution")),
    Kind("figure", "figures", FIGURES.listed, _figure),
    Kind("scenario", "scenarios", _scenarios, _scenario),
    Kind("evaluation", "evaluations", _evaluations, _evaluation),
)
"""In the order in which they are listed."""
