"""The two faces of a scenario: as it is written, and on real data.

``with_data:`` replaces whole sections where real data is asked for, ``{forcing: {...}}``, or says
in words why there is none. A face is a document without ``with_data:``: whatever reads a scenario
sees one of the two, and a store holds that one, so that nothing later has to ask which it was.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scenarios.paths import expanded
from scenarios.problems import Problem, ScenarioError, nearest, shown
from scenarios.reading.document import Document
from scenarios.reading.shipped import find
from scenarios.spec import Scenario

KEY = "with_data"

VARIABLE = "SOILSWEEP_DATA"
"""Supplies the folder where the option stands without one, and does nothing else."""

OF_BOTH = ("version", "name", KEY)
"""What two faces of one scenario have in common."""

_NEEDED = "needed the sections that real data replace, {forcing: {...}}, or why there is none"


def folder_of(data: bool | str | os.PathLike[str]) -> Path:
    """Return the folder of real data.

    Parameters
    ----------
    data : bool, str or path
        The folder; True or empty where `VARIABLE` names it.

    Raises
    ------
    ScenarioError
        Nobody names a folder, or there is none of that name.
    """
    named = "" if isinstance(data, bool) else os.fspath(data)
    written = named or os.environ.get(VARIABLE, "")
    if not written:
        text = f"no folder is named; say --data FOLDER, or set {VARIABLE}"
        raise ScenarioError([Problem(text)], "--data")
    source = "--data" if named else VARIABLE
    try:
        folder = Path(expanded(written, "")).absolute()
    except ScenarioError as error:
        raise ScenarioError(error.problems, source) from error
    if not folder.is_dir():
        text = f"{written!r} is no folder; needed the one that holds the files of real data"
        raise ScenarioError([Problem(f"{text}{_scenario(written)}")], source)
    return folder


def _scenario(written: str) -> str:
    """Return what to do where a scenario stands for the folder; empty of other words."""
    try:
        find(written)
    except ScenarioError:
        return ""
    return f". {written} is a scenario: put --data behind it, or say --data=FOLDER"


def as_written(document: Document, sections: frozenset[str] | None = None) -> Document:
    """Return the face without real data; what is wrong with ``with_data:`` itself stays known."""
    data = {name: section for name, section in document.data.items() if name != KEY}
    problems = (*document.problems, *_problems(document, sections))
    return replace(document, data=data, problems=problems)


def on_data(document: Document, sections: frozenset[str] | None = None) -> Document:
    """Return the face on real data; ``sections`` are those of a scenario by default.

    Raises
    ------
    ScenarioError
        There is none.
    """
    written = document.data.get(KEY)
    if not isinstance(written, dict):
        raise ScenarioError([_none(document, written, sections)])
    replaced = {k: v for k, v in written.items() if k in _sections(sections)}
    plain = as_written(document, sections)
    data = {**plain.data, **replaced}
    if "store" not in replaced:
        data["store"] = _beside(data)
    lines = {p: line for p, line in document.lines.items() if p[:1] and p[0] not in replaced}
    lines |= {p[1:]: line for p, line in document.lines.items() if p[:1] == (KEY,) and p[1:]}
    given = {p: text for p, text in document.settings.items() if p[:1] and p[0] not in replaced}
    given |= {p[1:]: text for p, text in document.settings.items() if p[:1] == (KEY,) and p[1:]}
    return Document(data, lines, given, plain.problems, {name: KEY for name in replaced})


def replaced(document: Document) -> tuple[str, ...]:
    """Return the sections of a face that are of ``with_data:``."""
    return tuple(document.moved)


def _sections(sections: frozenset[str] | None) -> frozenset[str]:
    return (sections or frozenset(Scenario.model_fields)) - set(OF_BOTH)


def _beside(data: Mapping[str, Any]) -> Any:
    """Return where the run on real data goes: ``runs/NAME-data.zarr``."""
    written = data.get("store") or f"runs/{data.get('name')}.zarr"
    if not isinstance(written, str):
        return written
    stem = written.removesuffix(".zarr")
    return f"{stem}-data{written[len(stem) :]}"


def _none(document: Document, written: Any, sections: frozenset[str] | None) -> Problem:
    """Return why a scenario has no face on real data."""
    if KEY not in document.data:
        text = (
            "this scenario says nothing of real data; leave out --data and name files from its own "
        )
        return Problem(f"{text}folder, or write with_data: {{forcing: {{...}}}}")
    if isinstance(written, str) and written.strip():
        return document.problem(f"there is none to run on: {written.strip()}", (KEY,))
    return next(_problems(document, sections))


def _problems(document: Document, sections: frozenset[str] | None) -> Iterator[Problem]:
    """Yield what is wrong with ``with_data:`` itself, not with the sections in it."""
    if KEY not in document.data:
        return
    written = document.data[KEY]
    if isinstance(written, str) and written.strip():
        return
    if not isinstance(written, dict) or not written:
        yield document.problem(f"found {shown(written)}; {_NEEDED}", (KEY,))
        return
    for name in written:
        if name in OF_BOTH:
            text = "is the same with and without real data; leave it out here"
            yield document.problem(text, (KEY, name))
        elif name not in _sections(sections):
            text = f"no section {name!r}{nearest(str(name), _sections(sections))}"
            yield document.problem(text, (KEY, name))


def both(first: ScenarioError | None, other: ScenarioError | None) -> Sequence[Problem]:
    """Return the problems of the face that is asked for, and what the other has besides."""
    told = list(first.problems) if first else []
    known = {(p.text, p.line) for p in told}
    return [*told, *(p for p in (other.problems if other else ()) if (p.text, p.line) not in known)]
