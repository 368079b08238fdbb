"""Checks across the sections of a scenario: names that one section uses of another."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

import kernels
from kernels import Kernel
from kernels.chains.parts import links, variants
from scenarios import calibration as _calibration
from scenarios import derived as _derived
from scenarios import evaluation as _evaluation
from scenarios import limits as _limits
from scenarios import numbers as _numbers
from scenarios import outputs as _outputs
from scenarios import responses as _responses
from scenarios import units
from scenarios.problems import Problem, ScenarioError, nearest, of_kernel, shown
from scenarios.reading.wording import needed
from scenarios.sections import KernelChoice


def check(sections: dict[str, Any], base: Path | None = None) -> Iterator[Problem]:
    """Yield the problems of the sections that are well formed.

    A kernel outside this package is not imported here, so what depends on its table is
    checked when the run is planned. ``base`` is the folder of the scenario.
    """
    chosen = sections.get("kernel")
    if chosen is None:
        return
    if "." in chosen.name:
        yield from _derived.syntax(sections.get("derived", {}))
        yield from _responses.syntax(sections.get("responses", {}))
        yield from _numbers.of_designs(_designs(sections), sections.get("seed"), None)
        return
    try:
        kernel = kernels.get(chosen.name, base)
    except LookupError as error:
        yield Problem(str(error), "kernel")
        return
    if kernel.read is not None and any("." in name for name in linked(chosen.options)):
        yield from _derived.syntax(sections.get("derived", {}))
        yield from _responses.syntax(sections.get("responses", {}))
        yield from _numbers.of_designs(_designs(sections), sections.get("seed"), None)
        return
    yield from check_kernel(sections, kernel)


def check_kernel(sections: dict[str, Any], kernel: Kernel) -> Iterator[Problem]:
    """Yield what does not fit the kernel's table, and names that nothing answers to.

    Parameters
    ----------
    sections : dict
        Parsed; an entry of outputs, responses or statistics is None where it is not sound.
        ``design parts``: designs by place, where the whole is not sound. ``unsound``: names of
        sections of which nothing is known, so that nothing is missed in them.
    kernel : Kernel
    """
    kernel, asked = as_written(sections["kernel"], kernel)
    mistakes = list(_options(asked, kernel))
    yield from mistakes
    if kernel.make is not None:
        if mistakes:
            return
        try:
            kernel = kernel.made(read_options(asked, kernel), None)
        except kernels.Unfit as error:
            yield from _faults(error)
            return
        yield from _own_tables(kernel)
    kernel, wrong = _derived.extended(kernel, sections.get("derived", {}), RESERVED)
    yield from wrong
    outputs = [o.name for o in kernel.outputs]
    sections = _without(sections, sections.get("derived", {}).keys() - set(outputs))
    responses = sections.get("responses", {})
    for name in sections.get("outputs", {}):
        if name not in outputs:
            yield _no_output(kernel, f"outputs.{name}", name, outputs)
    if not mistakes:
        yield from _outputs.problems(sections.get("outputs", {}), kernel)
    scores = sections.get("evaluation")
    named = scores.scores() if scores else ()
    yield from _responses.problems(responses, kernel, RESERVED, named)
    yield from _observed(sections, kernel, outputs)
    targets = sections.get("statistics", {})
    yield from _evaluation.problems(sections, kernel, {*outputs, *responses})
    unsound = {"responses", "evaluation"} & {*sections.get("unsound", ())}
    for section in ("statistics", "aggregates") if not unsound else ():
        for name in sections.get(section, {}):
            if name not in outputs and name not in responses:
                if section == "statistics" and scores and scores.named(name):
                    continue
                known = [*outputs, *responses, *(scores.scores() if scores else ())]
                text = f"no output or response {name!r}{of_kernel(name, known)}"
                yield Problem(text, f"{section}.{name}")
            elif getattr(responses.get(name), "transform", None) == _responses.RANK:
                text = f"{name!r} has no rank before all members ran; `analyze` has its indices"
                words = "needed a response without transform: rank"
                yield Problem(f"{text}; {words}", f"{section}.{name}")
    yield from _limits.problems(sections.get("limits", {}), kernel, responses)
    yield from _unused(sections, targets, responses)
    yield from _parameters(sections, kernel)
    yield from _numbers.of_parameters(sections.get("parameters") or {}, kernel)
    yield from _numbers.of_designs(_designs(sections), sections.get("seed"), kernel)
    yield from _calibration.problems(sections, kernel)


def as_written(choice: KernelChoice, kernel: Kernel) -> tuple[Kernel, dict[str, Any]]:
    """Return the kernel that a section asks for, and the words of its options.

    Of a kernel of which an option has a list of values where it takes one, it is the one that
    puts them side by side.
    """
    words = choice.options
    if not variants.listed(words, kernel, kernels.get):
        return kernel, words
    return kernels.get(variants.NAME), {variants.OF: {"name": choice.name, **words}}


def linked(words: Mapping[str, Any]) -> list[str]:
    """Return the kernels that one of several is made of, as far as they can be read."""
    if variants.KERNELS in words:
        return links.names({links.SPELLINGS[0]: words[variants.KERNELS]})
    return links.names(words)


def _without(sections: dict[str, Any], wrong: Collection[str]) -> dict[str, Any]:
    """Return sections without what rests on derived outputs that are wrong themselves."""
    if not wrong:
        return sections
    left = dict(sections)
    for section in ("outputs", "statistics", "aggregates", "limits"):
        entries = sections.get(section) or {}
        left[section] = {n: entry for n, entry in entries.items() if n not in wrong}
    responses = sections.get("responses") or {}
    left["responses"] = {
        name: None if one is None or one.names.keys() & set(wrong) else one
        for name, one in responses.items()
    }
    return left


def _no_output(kernel: Kernel, where: str, name: str, outputs: list[str]) -> Problem:
    return Problem(
        f"kernel {kernel.name!r} has no output {name!r}{of_kernel(name, outputs)}", where
    )


def _observed(sections: dict[str, Any], kernel: Kernel, outputs: list[str]) -> Iterator[Problem]:
    """Yield what a reader's section says is observed and is no output, or of which none is known.

    A profile may be observed by more than a kernel makes; what a person names is meant.
    """
    for reader in sections.get("forcing") or ():
        for name, where in reader.compared().items():
            if name not in outputs:
                yield _no_output(kernel, where, name, outputs)


RESERVED = frozenset(
    "forcing location sample time year status excluded limits realization parameter lat lon area "
    "statistics across_forcings control drivers pilot sensitivity calibration "
    "observations observation sources bound aggregates band variance undefined "
    "evaluation evaluated weighted journal partials inflight scratch inputs lock claims workers "
    "quarantine logs jobs tls finalised".split()
)
"""Arrays and folders of every store; lower case."""


def _unused(
    sections: dict[str, Any], targets: dict[str, Any], responses: dict[str, Any]
) -> Iterator[Problem]:
    """Yield histogram edges and published numbers of what is not there."""
    histograms, reference = sections.get("histograms"), sections.get("reference")
    unsound = sections.get("unsound", ())
    for name in histograms.edges if histograms and "statistics" not in unsound else ():
        if name not in targets:
            text = f"no statistics are asked of {name!r}{nearest(name, targets)}"
            yield Problem(text, f"histograms.edges.{name}")
    for name in reference.responses if reference and "responses" not in unsound else ():
        if name not in responses:
            text = f"no response {name!r}{nearest(name, responses)}"
            yield Problem(text, f"reference.responses.{name}")


def _designs(sections: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every design that varies parameters itself, with its place."""
    whole = {"design": sections["design"]} if sections.get("design") else {}
    waiting = [*{**whole, **sections.get("design parts", {})}.items()]
    while waiting:
        place, design = waiting.pop(0)
        factors = getattr(design, "cross", None)
        if factors is None:
            yield place, design
        else:
            waiting = [*((f"{place}.cross[{i}]", f) for i, f in enumerate(factors)), *waiting]


def _parameters(sections: dict[str, Any], kernel: Kernel) -> Iterator[Problem]:
    """Yield parameters that the kernel has not, or that two designs of a cross vary."""
    parameters = [p.name for p in kernel.parameters]
    for name in sections.get("parameters") or ():
        if name not in parameters:
            text = f"kernel {kernel.name!r} has no parameter {name!r}{of_kernel(name, parameters)}"
            yield Problem(text, f"parameters.{name}")
    owners: dict[str, str] = {}
    for place, design in _designs(sections):
        words = design.model_dump()
        for name in design.names():
            where = _where(name, words, place) or place
            if name == "*":
                continue
            if name not in parameters:
                text = (
                    f"kernel {kernel.name!r} has no parameter {name!r}{of_kernel(name, parameters)}"
                )
                yield Problem(text, where)
            elif name in owners:
                text = f"{name!r} is varied by {owners[name]} too; remove it from one of them"
                yield Problem(text, where)
            owners.setdefault(name, place)


def _where(name: str, node: Any, place: str) -> str:
    """Return where a name first stands below a place; empty if it does not."""
    if isinstance(node, dict):
        if name in node:
            return f"{place}.{name}"
        below = (_where(name, v, f"{place}.{k}") for k, v in node.items())
        return next(filter(None, below), "")
    if isinstance(node, list | tuple):
        if name in node:
            return f"{place}[{node.index(name)}]"
        return next(
            filter(None, (_where(name, v, f"{place}[{i}]") for i, v in enumerate(node))), ""
        )
    return ""


def _own_tables(kernel: Kernel) -> Iterator[Problem]:
    """Yield names and units of tables that a scenario declares, and that no store can have."""
    taken = RESERVED | {f"{output.name}_year" for output in kernel.outputs}
    for name in kernel.coords.keys() & RESERVED:
        yield Problem("is a name of every store's own; choose another", f"kernel.coords.{name}")
    taken |= {f"{name}_bounds" for name in kernel.coords}
    for table in ("parameters", "drivers", "outputs"):
        for entry in getattr(kernel, table):
            where = f"kernel.{table}.{entry.name}"
            if entry.name in taken:
                yield Problem("is a name of every store's own; choose another", where)
            try:
                units.per(entry.units)
            except ValueError as error:
                yield Problem(str(error), f"{where}.units")


def _faults(error: kernels.Unfit) -> Iterator[Problem]:
    for fault in error.faults:
        dot = "" if fault.where.startswith("[") else "."
        where = f"kernel{dot}{fault.where}" if fault.where else "kernel" * (not fault.file)
        yield Problem(fault.text, where, fault.file, fault.line)


def make_kernel(kernel: Kernel, options: Any, base: Path) -> Kernel:
    """Return the kernel with tables and files; see `kernels.Kernel.made`.

    Raises
    ------
    ScenarioError
        Every file that is not there or does not fit.
    """
    try:
        return kernel.made(options, base)
    except kernels.Unfit as error:
        raise ScenarioError(list(_faults(error))) from error


def _options(options: dict[str, Any], kernel: Kernel) -> Iterator[Problem]:
    if kernel.read is not None:
        try:
            read_options(options, kernel)
        except kernels.Unfit as error:
            yield from _faults(error)
        return
    types = get_type_hints(kernel.options)
    for name in sorted(options.keys() - types.keys()):
        text = f"kernel {kernel.name!r} has no option {name!r}{nearest(name, types)}"
        yield Problem(text, f"kernel.{name}")
    try:
        read_options({k: v for k, v in options.items() if k in types}, kernel)
    except ValidationError as error:
        for finding in error.errors():
            where = ".".join(["kernel", *(str(s) for s in finding["loc"] if s != "[key]")])
            yield Problem(_said(finding, kernel), where)


def _said(finding: Any, kernel: Kernel) -> str:
    """Return what is wrong with one option."""
    *steps, name = finding["loc"]
    if finding["type"] == "unexpected_keyword_argument":
        return f"unknown key {name!r}{nearest(str(name), _keys(kernel.options, steps))}"
    if finding["type"] == "missing":
        return f"is missing; needed {name}: and a value"
    return f"found {shown(finding['input'])}; needed {needed(finding)}"


def _keys(kind: Any, steps: Sequence[str | int]) -> Iterable[str]:
    """Return the keys of a mapping below the options of a kernel."""
    for step in steps:
        kind = get_type_hints(kind)[str(step)] if is_dataclass(kind) else get_args(kind)[-1]
    return get_type_hints(kind) if is_dataclass(kind) else ()


def read_options(options: dict[str, Any], kernel: Kernel) -> Any:
    """Return the kernel's options as its dataclass.

    Raises
    ------
    pydantic.ValidationError
        They are not those of the kernel.
    kernels.Unfit
        They are not those of the kernels that this one is made of.
    """
    if kernel.read is not None:
        return kernel.read(options, kernels.get, _strict)
    return TypeAdapter(kernel.options).validate_python(options)


def _strict(options: Mapping[str, Any], kernel: Kernel) -> Any:
    """Return the options of one of several kernels; raises `kernels.Unfit` with all faults."""
    faults = [
        kernels.Fault(problem.text, problem.where.removeprefix("kernel."))
        for problem in _options(dict(options), kernel)
    ]
    if faults:
        raise kernels.Unfit(faults)
    return read_options(dict(options), kernel)
