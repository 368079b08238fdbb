"""A scenario's YAML as a document: data, the line of each node, and settings put over it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, SequenceNode

from scenarios.problems import Problem, ScenarioError, shown
from scenarios.reading.nodes import Path_, Reader, compose, spelled

MAX_BYTES = 1024**2
"""A scenario is read by people; data has its own files. A megabyte takes seconds to read."""

LONGEST_NAMED = 100
"""Letters of a setting that a message has."""


@dataclass(frozen=True)
class Document:
    """A parsed scenario: plain data, where each node stands, and what is wrong so far.

    Attributes
    ----------
    data : dict
    lines : mapping of path to int
        Counted from 1.
    settings : mapping of path to str
        ``--set`` that put a node in place, which then has no line.
    problems : tuple of Problem
        Found in reading, and no reason to stop there.
    moved : mapping of str to str
        Sections that stand below another key, which places in messages begin with.
    """

    data: dict[str, Any]
    lines: Mapping[Path_, int]
    settings: Mapping[Path_, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)

    def problem(self, text: str, path: Sequence[str | int]) -> Problem:
        """Return a problem at a node, with the line of the nearest node around it."""
        where = spelled(path)
        for end in range(len(path), -1, -1):
            near = tuple(path[:end])
            if near in self.settings:
                return Problem(text, where, file=_named(self.settings[near]))
            if near in self.lines:
                return Problem(text, self._written(where, path), line=self.lines[near])
        return Problem(text, self._written(where, path))

    def _written(self, where: str, path: Sequence[str | int]) -> str:
        """Return a place with the key that its section stands below."""
        above = self.moved.get(str(path[0])) if path else None
        return f"{above}.{where}" if above else where

    def locate(self, problem: Problem) -> Problem:
        """Return a problem of this document, known by ``where`` alone, with its line."""
        if problem.file or problem.line is not None or not problem.where:
            return problem
        path = self._path(problem.where)
        placed = self.problem(problem.text, path)
        where = problem.where if placed.file else self._written(problem.where, path)
        text = problem.text
        if problem.other:
            beside = self.problem("", self._path(problem.other))
            text += f" ({beside.file or f'line {beside.line}'})"
        return Problem(text, where, placed.file, placed.line, below=problem.below)

    def _path(self, where: str) -> list[str | int]:
        """Return the steps of ``a.b[0].c``, as far as the data goes; keys may hold dots."""
        path: list[str | int] = []
        node: Any = self.data
        rest = where
        while rest:
            step = _next(node, rest)
            if step is None:
                break
            key, rest = step
            node = node[key]
            path.append(key)
        return path


def _next(node: Any, rest: str) -> tuple[str | int, str] | None:
    """Return the longest key of ``node`` that ``rest`` begins with, and what follows it."""
    if isinstance(node, list):
        match = re.match(r"\[(\d+)\]\.?", rest) or re.match(r"(\d+)(?:\.|$)", rest)
        if match and int(match[1]) < len(node):
            return int(match[1]), rest[match.end() :]
        return None
    keys = node if isinstance(node, dict) else ()
    for key in sorted((k for k in keys if k and rest.startswith(k)), key=len, reverse=True):
        after = rest[len(key) :]
        if not after or after[0] in ".[":
            return key, after.removeprefix(".")
    return None


def parse(text: str, source: str) -> Document:
    """Return the document in ``text``.

    Raises
    ------
    ScenarioError
        Not YAML, not a mapping, or aliases that explode: nothing can be said beyond it.
    """
    node = compose(text, source)
    if not isinstance(node, MappingNode):
        kind = {type(None): "nothing", SequenceNode: "a list"}.get(type(node), "a bare word")
        text = f"found {kind}; needed lines such as 'version: 1': try `soilsweep init NAME`"
        raise ScenarioError([Problem(text)], source)
    reader = Reader(source)
    data = reader.read(node, ())
    return Document(data, reader.lines, problems=tuple(reader.problems))


def override(document: Document, settings: Sequence[str]) -> Document:
    """Return the document with ``a.b=c`` settings applied; values are YAML.

    Raises
    ------
    ScenarioError
        A setting that is not ``path=value`` or whose path crosses a scalar; all of them.
    """
    problems: list[Problem] = []
    lines, applied, found = dict(document.lines), dict(document.settings), [*document.problems]
    data = document.data
    for setting in settings:
        place, sign, text = setting.partition("=")
        steps = re.sub(r"\[(\d+)\]", r".\1", place.strip()).split(".")
        if not sign or not all(steps):
            words = f"found {shown(setting)}; needed PATH=VALUE, such as seed=7 or design.n=100"
            problems.append(Problem(words, file="--set"))
            continue
        try:
            value, wrong = value_of(text)
            data, path = _assign(data, steps, value)
        except (ScenarioError, LookupError) as error:
            words = error.problems[0].text if isinstance(error, ScenarioError) else error.args[0]
            problems.append(Problem(words, file=_named(setting)))
            continue
        for marks in (lines, applied):
            for below in [k for k in marks if k[: len(path)] == path]:
                del marks[below]
        applied[path] = setting
        found = [p for p in found if p.where != spelled(path)]
        found += [Problem(words, spelled(path), _named(setting)) for words in wrong]
    if problems:
        raise ScenarioError(problems, "--set")
    return Document(data, lines, applied, tuple(found), document.moved)


def _named(setting: str) -> str:
    """Return where a problem of a setting is; of a long one its beginning."""
    return f"--set {setting if len(setting) <= LONGEST_NAMED else f'{setting[:LONGEST_NAMED]}...'}"


def value_of(text: str) -> tuple[Any, list[str]]:
    """Return the value a setting's YAML stands for, and what is wrong with it."""
    node = compose(text, "--set")
    if node is None:
        return None, []
    reader = Reader("--set")
    return reader.read(node, ()), [problem.text for problem in reader.problems]


def _assign(node: Any, steps: Sequence[str], value: Any, path: Path_ = ()) -> tuple[Any, Path_]:
    """Return a copy of ``node`` with the value at ``steps``, and the value's path."""
    if not steps:
        return value, path
    head, rest = steps[0], steps[1:]
    if path == ("kernel",) and isinstance(node, str):
        # "kernel: two_box" is short for a mapping; an option may be set below it.
        node = {"name": node}
    if isinstance(node, list):
        if not head.isdecimal() or int(head) >= len(node):
            there = f"entries 0 to {len(node) - 1}" if node else "no entries"
            raise LookupError(f"{spelled(path)} is a list; it has {there} and no {head!r}")
        at = int(head)
        below, whole = _assign(node[at], rest, value, (*path, at))
        return [*node[:at], below, *node[at + 1 :]], whole
    if node is not None and not isinstance(node, dict):
        words = f"{spelled(path)} is {shown(node)} and has nothing below it to set"
        raise LookupError(f"{words}; needed the path of a key, such as seed")
    node = node or {}
    # A key may hold dots, as models' names do.
    for end in range(len(steps), 1, -1):
        if ".".join(steps[:end]) in node:
            head, rest = ".".join(steps[:end]), steps[end:]
            break
    below, whole = _assign(node.get(head), rest, value, (*path, head))
    return {**node, head: below}, whole


def read_text(path: Path, needed: str = "the YAML file of a scenario") -> str:
    """Return a file's text, or raise one problem that says why not."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            words = f"has more than {MAX_BYTES // 1024**2} MiB; needed {needed}: is it a data file?"
        else:
            return content.decode("utf-8-sig")
    except FileNotFoundError:
        words = f"no such file; needed {needed}"
    except IsADirectoryError:
        words = f"is a folder; needed {needed}"
    except UnicodeDecodeError as error:
        words = (
            f"is not UTF-8 text (byte {error.start + 1}); needed {needed}: is it a data file, or "
            "saved in another encoding?"
        )
    except (OSError, ValueError) as error:
        words = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise ScenarioError([Problem(words, file=str(path))], str(path))
