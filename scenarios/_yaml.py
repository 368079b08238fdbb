"""YAML in, plain dicts and a map of line numbers out; safe, with anchors and comments."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from scenarios._problems import Problem, ScenarioError

Path_ = tuple[str | int, ...]

MAX_NODES = 1_000_000
"""Aliases of aliases grow exponentially when followed; no honest scenario comes near."""


@dataclass(frozen=True)
class Document:
    """A parsed scenario: plain data and where each node stands (lines counted from 1)."""

    data: dict[str, Any]
    lines: Mapping[Path_, int]

    def line(self, path: Sequence[str | int]) -> int | None:
        """Return the line of a node, or of the nearest node around it."""
        for end in range(len(path), -1, -1):
            if tuple(path[:end]) in self.lines:
                return self.lines[tuple(path[:end])]
        return None


def parse(text: str, source: str) -> Document:
    """Return the document in ``text``.

    Raises
    ------
    ScenarioError
        Not YAML, a key twice, not a mapping, or aliases that explode.
    """
    yaml = YAML(typ="rt")
    try:
        tree = yaml.load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        text = " ".join(str(error.problem or error.context).split())
        hint = "; indent with spaces, not tabs" if "'\\t'" in text else ""
        line = mark.line + 1 if mark else None
        raise ScenarioError([Problem(f"not YAML: {text}{hint}", line=line)], source) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise ScenarioError([Problem(f"not YAML: {error}")], source) from error
    if not isinstance(tree, CommentedMap):
        found = "an empty file" if tree is None else f"a {type(tree).__name__}"
        needed = "a mapping such as 'version: 1' is needed; see `soilsweep init`"
        raise ScenarioError([Problem(f"found {found}; {needed}")], source)
    lines: dict[Path_, int] = {}
    data = _plain(tree, (), lines, source)
    return Document(data, lines)


def _plain(node: Any, path: Path_, lines: dict[Path_, int], source: str) -> Any:
    """Return ``node`` as dicts and lists, noting the line of each node below it."""
    if len(lines) > MAX_NODES:
        text = f"aliases expand to more than {MAX_NODES:,} nodes; write the values out"
        raise ScenarioError([Problem(text)], source)
    if isinstance(node, CommentedMap):
        for key in node:
            lines[(*path, _key(key))] = _line(node, key)
        return {_key(k): _plain(v, (*path, _key(k)), lines, source) for k, v in node.items()}
    if isinstance(node, CommentedSeq):
        for i in range(len(node)):
            lines[(*path, i)] = _line(node, i)
        return [_plain(v, (*path, i), lines, source) for i, v in enumerate(node)]
    return _scalar(node)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(key)


def _line(node: CommentedMap | CommentedSeq, key: Any) -> int:
    """Return the line of an item; merged keys (``<<``) stand where the mapping does."""
    try:
        return (
            int(node.lc.item(key)[0] if isinstance(node, CommentedSeq) else node.lc.key(key)[0]) + 1
        )
    except (KeyError, TypeError, AttributeError):
        return int(node.lc.line) + 1


def _scalar(value: Any) -> Any:
    """Return ruamel's round-trip scalars as the builtin they stand for."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind) and type(value) is not kind:
            return kind(value)
    if type(value).__name__ == "ScalarBoolean":
        return bool(value)
    return value


def override(document: Document, settings: Sequence[str]) -> Document:
    """Return the document with ``a.b=c`` settings applied; values are YAML.

    Raises
    ------
    ScenarioError
        A setting that is not ``path=value`` or whose path crosses a scalar; all of them.
    """
    problems: list[Problem] = []
    lines = dict(document.lines)
    data = document.data
    if isinstance(data.get("kernel"), str):
        # "kernel: two_box" is short for a mapping; an option may be set below it.
        data = {**data, "kernel": {"name": data["kernel"]}}
    for setting in settings:
        path, sign, text = setting.partition("=")
        if not sign or not path:
            needed = "needed PATH=VALUE, such as design.n=100"
            problems.append(Problem(f"found {setting!r}; {needed}", "--set"))
            continue
        try:
            value = _scalar_tree(YAML(typ="safe", pure=True).load(text))
            data = _assign(data, path.split("."), value)
        except (YAMLError, LookupError, ValueError) as error:
            problems.append(Problem(f"cannot set {setting!r}: {_first_line(error)}", "--set"))
            continue
        steps = tuple(int(s) if s.isdigit() else s for s in path.split("."))
        lines = {k: v for k, v in lines.items() if k[: len(steps)] != steps}
    if problems:
        raise ScenarioError(problems)
    return Document(data, lines)


def _first_line(error: BaseException) -> str:
    return str(error.args[0] if error.args else error).splitlines()[0]


def _scalar_tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(k): _scalar_tree(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_scalar_tree(v) for v in value]
    return value


def _assign(node: Any, steps: Sequence[str], value: Any) -> Any:
    """Return a copy of ``node`` with the value at ``steps``."""
    if not steps:
        return value
    head, rest = steps[0], steps[1:]
    if isinstance(node, list):
        if not head.isdigit() or int(head) >= len(node):
            raise LookupError(f"{head!r} is not an index of a list of {len(node)}")
        return [_assign(v, rest, value) if i == int(head) else v for i, v in enumerate(node)]
    if node is None:
        node = {}
    if not isinstance(node, dict):
        raise LookupError(f"{head!r} is below {node!r}, which is a value and not a mapping")
    return {**node, head: _assign(node.get(head), rest, value)}


def read_text(path: Path) -> str:
    """Return a file's text, or one problem that says why not."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = (
            "no such file; check the path, or list the shipped ones with `soilsweep init --list`"
        )
    except IsADirectoryError:
        problem = "is a directory; name the YAML file inside it"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start}); is it a data file?"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    raise ScenarioError([Problem(problem)], str(path))
