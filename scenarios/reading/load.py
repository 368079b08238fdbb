"""Read a scenario: YAML, overrides, spec and cross-checks, with every problem at once."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints

from pydantic import BaseModel, Field, PrivateAttr, TypeAdapter, ValidationError

from scenarios import designs
from scenarios.calibration import UNUSED, beside
from scenarios.problems import Problem, ScenarioError, near, shown
from scenarios.reading import faces
from scenarios.reading import wording as _words
from scenarios.reading.checks import check
from scenarios.reading.document import Document, override, parse, read_text
from scenarios.reading.nodes import Path_
from scenarios.reading.shipped import find
from scenarios.spec import NOTHING_KEPT, Scenario

Check = Callable[[dict[str, Any]], Iterable[Problem]]
P = ParamSpec("P")


class Loaded(Scenario):
    """A scenario with where it came from.

    Attributes
    ----------
    text, source : str
        Of its file, and which that is.
    base : Path
        Folder of the file.
    data : Path or None
        Folder of real data, where that was asked for.
    replaced : tuple of str
        Sections that are of ``with_data:``, whose paths start in the folder of real data.
    """

    text: str = ""
    source: str = ""
    base: Path = Path()
    data: Path | None = Field(default=None, exclude=True)
    replaced: tuple[str, ...] = Field(default=(), exclude=True)
    _document: Document | None = PrivateAttr(default=None)

    def base_of(self, section: str) -> Path:
        """Return the folder in which relative paths of a section start."""
        return self.data if self.data is not None and section in self.replaced else self.base


def load(
    path: str | Path,
    *,
    settings: Sequence[str] = (),
    checks: Sequence[Check] = (),
    data: bool | str | os.PathLike[str] = False,
    both_faces: bool = False,
) -> Loaded:
    """Return the scenario in a file, or shipped under a name.

    Parameters
    ----------
    path : str or Path
        A YAML file, or a name of `library`; by one that it had once, `renamed`, it is found too.
    settings : sequence of str
        Overrides as ``a.b=c``; the value is YAML. They are put over the face that is asked for.
    checks : sequence of callable
        More checks, given the sections that are well formed; `ensemble` adds its own.
    data : bool, str or path
        The folder of real data, or True for the one that ``SOILSWEEP_DATA`` names: then
        sections are those of ``with_data:`` where it has them.
    both_faces : bool
        Look for problems in the other face, too, as it is written.

    Raises
    ------
    ScenarioError
        With every problem found, each with its line.
    """
    file = find(path)
    text = read_text(file)
    asked = data is not False
    folder = faces.folder_of(data) if asked else None
    inner = [s for s in settings if s.partition("=")[0].strip().startswith(f"{faces.KEY}.")]
    document = override(parse(text, str(file)), inner)
    made = partial(build, text=text, source=str(file), base=file.parent, checks=checks)

    def face(on_data: bool) -> Document:
        try:
            return faces.on_data(document) if on_data else faces.as_written(document)
        except ScenarioError as error:
            raise ScenarioError(error.problems, str(file)) from error

    def read() -> Loaded:
        chosen = override(face(asked), [s for s in settings if s not in inner])
        return made(chosen, folder=folder)

    if not both_faces:
        return read()
    first = other = loaded = None
    try:
        loaded = read()
    except ScenarioError as error:
        first = error
    try:
        if asked or isinstance(document.data.get(faces.KEY), dict):
            made(face(not asked))
    except ScenarioError as error:
        other = error
    if loaded is None or other:
        raise ScenarioError(_tidy(faces.both(first, other)), str(file))
    return loaded


def build(
    document: Document,
    *,
    text: str,
    source: str,
    base: Path,
    checks: Sequence[Check] = (),
    folder: Path | None = None,
) -> Loaded:
    """Return the scenario of a face of a parsed document; see `load`."""
    problems = list(document.problems)
    try:
        Scenario.model_validate(document.data)
    except ValidationError as error:
        problems += _words.problems(error, document)
    if "calibration" in document.data:
        problems += (
            document.problem(UNUSED.format(name), (name,)) for name in beside(document.data)
        )
    elif not any(document.data.get(name) for name in (*KEEPS, "evaluation")):
        problems.append(Problem(NOTHING_KEPT))
    sound = _sections(document.data)
    replaced = faces.replaced(document)
    of_kernel = folder if folder is not None and "kernel" in replaced else base
    every: tuple[Check, ...] = (partial(check, base=of_kernel), *checks)
    for found in (finding for c in every for finding in c(sound)):
        problems.append(document.locate(found))
    for name, section in sound.items():
        if name in document.data and name not in ("kernel", *ABOUT):
            problems += _quoted(document, document.data[name], _dumped(name, section), (name,))
    if problems:
        raise ScenarioError(_tidy(problems), source)
    about = {"text": text, "source": source, "base": base, "data": folder, "replaced": replaced}
    loaded = Loaded.model_validate({**document.data, **about})
    loaded._document = document
    return loaded


def _tidy(problems: Iterable[Problem]) -> list[Problem]:
    """Return each problem once, by line; of several about one value, the first."""
    kept: list[Problem] = []
    for problem in dict.fromkeys(problems):
        places = [p.where for p in kept if p.text.startswith("found ")]
        place = problem.where if problem.text.startswith("found ") else None
        if place is None or not any(_holds(place, where) for where in places):
            kept.append(problem)
    return sorted(kept, key=lambda p: p.order)


def _holds(outer: str, inner: str) -> bool:
    """Return whether one place is the other or around it."""
    return inner == outer or (bool(outer) and inner.startswith((f"{outer}.", f"{outer}[")))


@cache
def _adapters() -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(Scenario, include_extras=True)
    return {name: TypeAdapter(hints[name]) for name in Scenario.model_fields}


def _dumped(name: str, section: Any) -> Any:
    if name in BY_NAME:
        return {
            key: [_plain(one) for one in below] if isinstance(below, list) else _plain(below)
            for key, below in section.items()
        }
    return _adapters()[name].dump_python(section)


def _plain(below: Any) -> Any:
    return below.model_dump() if isinstance(below, BaseModel) else below


ABOUT = ("design parts", "design method", "unsound")
"""What is known of sections besides themselves."""

KEEPS = ("outputs", "responses", "statistics", "aggregates")
"""Sections of which one at least must say something, or nothing is kept."""

BY_NAME = (*KEEPS, "derived", "limits")
"""Sections that are checked entry by entry; a broken entry stands as nothing."""


def _sections(data: dict[str, Any]) -> dict[str, Any]:
    """Return the sections that are well formed on their own, parsed.

    Of those that hold entries by name, and of a crossed design, the sound parts alone; of a
    design that is not sound its ``design method``. ``unsound``: sections of which nothing is known,
    because they cannot be read or a key seems to be a misspelt one of theirs.
    """
    parsed: dict[str, Any] = {"unsound": _misspelt(data)}
    for name in _adapters():
        if name not in data:
            continue
        section = _parsed(name, data[name])
        if section is not None:
            parsed[name] = section
        elif name in BY_NAME and isinstance(data[name], dict):
            entries = {key: _parsed(name, {key: entry}) for key, entry in data[name].items()}
            broken: Any = [] if name == "statistics" else None
            parsed[name] = {key: read[key] if read else broken for key, read in entries.items()}
        elif name == "design":
            parsed["design parts"] = dict(_factors(data["design"], "design"))
            parsed["design method"] = _method(data["design"])
        else:
            parsed["unsound"].add(name)
    return parsed


def _misspelt(data: dict[str, Any]) -> set[str]:
    """Return the sections that unknown keys seem to be."""
    sections = set(_adapters())
    return {near(str(key), sections) for key in data.keys() - sections} - data.keys()


def _method(design: Any) -> str:
    """Return which design it is where that much is known; else empty."""
    method = designs.CHOSEN.name(design)
    return method if isinstance(method, str) and designs.DESIGNS.has(method) else ""


def _parsed(name: str, value: Any) -> Any:
    try:
        return _adapters()[name].validate_python(value)
    except ValidationError:
        return None


def _factors(design: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield the sound factors of a cross that is not sound itself, with their places."""
    several = design.get("cross") if isinstance(design, dict) else None
    for i, factor in enumerate(several if isinstance(several, list) else ()):
        place = f"{where}.cross[{i}]"
        section = _parsed("design", factor)
        if section is not None:
            yield place, section
        else:
            yield from _factors(factor, place)


def _quoted(document: Document, written: Any, read: Any, path: Path_) -> Iterator[Problem]:
    """Yield the numbers that are written as text or as true: pydantic would take them."""
    if isinstance(read, list | tuple) and not isinstance(written, list) and len(read) == 1:
        yield from _quoted(document, written, read[0], path)
    elif isinstance(written, dict) and isinstance(read, dict):
        for key in written.keys() & read.keys():
            yield from _quoted(document, written[key], read[key], (*path, key))
    elif isinstance(written, list) and isinstance(read, list | tuple):
        for i, (one, other) in enumerate(zip(written, read, strict=False)):
            yield from _quoted(document, one, other, (*path, i))
    elif isinstance(read, int | float) and not isinstance(read, bool):
        if isinstance(written, str):
            words = f"found {shown(written)}; needed a number: remove the quotes"
            yield document.problem(words, path)
        elif isinstance(written, bool):
            yield document.problem(f"found {shown(written)}; needed a number", path)


Planned = TypeVar("Planned")


def with_lines(
    function: Callable[Concatenate[Loaded, P], Planned],
) -> Callable[Concatenate[Loaded, P], Planned]:
    """Give the problems that a function finds in a loaded scenario their file and lines."""

    @wraps(function)
    def checked(scenario: Loaded, /, *args: P.args, **kwargs: P.kwargs) -> Planned:
        try:
            return function(scenario, *args, **kwargs)
        except ScenarioError as error:
            document = scenario._document
            problems = [document.locate(p) if document else p for p in error.problems]
            problems.sort(key=lambda problem: problem.order)
            raise ScenarioError(problems, scenario.source or error.source) from error

    return checked
