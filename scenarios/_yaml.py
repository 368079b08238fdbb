"""YAML in, plain data and a map of places out: YAML 1.2, data only, every node with its line.

The text is composed to nodes and not constructed: a tag is refused before anything could be
made of it, and a merged key keeps the line where it is written.
"""

import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from scenarios._problems import Problem, ScenarioError, shown

Path_ = tuple[str | int, ...]

MAX_NODES = 100_000
"""Aliases of aliases grow exponentially when followed; no honest scenario comes near."""

MAX_BYTES = 16 * 1024**2
"""A scenario is read by people; data has its own files."""

_CORE = "tag:yaml.org,2002:"
_MERGE = f"{_CORE}merge"
_DIRECTIVE = re.compile(r"^%YAML\s+(?!1\.2\s*$).*$", re.MULTILINE)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")


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
    """

    data: dict[str, Any]
    lines: Mapping[Path_, int]
    settings: Mapping[Path_, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def problem(self, text: str, path: Sequence[str | int]) -> Problem:
        """Return a problem at a node, with the line of the nearest node around it."""
        where = spelled(path)
        for end in range(len(path), -1, -1):
            near = tuple(path[:end])
            if near in self.settings:
                return Problem(text, where, file=f"--set {self.settings[near]}")
            if near in self.lines:
                return Problem(text, where, line=self.lines[near])
        return Problem(text, where)

    def locate(self, problem: Problem) -> Problem:
        """Return a problem of this document, known by ``where`` alone, with its line."""
        if problem.file or problem.line is not None or not problem.where:
            return problem
        placed = self.problem(problem.text, self._path(problem.where))
        return Problem(problem.text, problem.where, placed.file, placed.line)

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


def spelled(path: Sequence[str | int]) -> str:
    """Return ``design.cross[0].n``."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def parse(text: str, source: str) -> Document:
    """Return the document in ``text``.

    Raises
    ------
    ScenarioError
        Not YAML, not a mapping, or aliases that explode: nothing can be said beyond it.
    """
    node = compose(text, source)
    if not isinstance(node, MappingNode):
        found = {type(None): "nothing", SequenceNode: "a list"}.get(type(node), "a bare word")
        text = f"found {found}; needed lines such as 'version: 1': try `soilsweep init NAME`"
        raise ScenarioError([Problem(text)], source)
    reader = _Reader(source)
    data = reader.read(node, ())
    return Document(data, reader.lines, problems=tuple(reader.problems))


def compose(text: str, source: str) -> Node | None:
    """Return the root node; None where there is nothing but comments."""
    directive = _DIRECTIVE.search(text)
    if directive:
        line = text.count("\n", 0, directive.start()) + 1
        words = f"found {directive[0].strip()!r}; this is YAML 1.2: remove the line"
        raise ScenarioError([Problem(words, line=line)], source)
    try:
        with warnings.catch_warnings():
            # An anchor may be used again; ruamel warns of it.
            warnings.simplefilter("ignore")
            node: Node | None = YAML(typ="safe", pure=True).compose(io.StringIO(text))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        words = f"found the control character #x{_code(error):02x}; needed text: is it a data file?"
        raise ScenarioError([Problem(words, line=line)], source) from error
    except MarkedYAMLError as error:
        raise ScenarioError([_syntax(error)], source) from error
    except (YAMLError, ValueError) as error:
        raise ScenarioError([Problem(f"not YAML: {_first_line(error)}")], source) from error
    except RecursionError:
        text = "is nested too deeply; a scenario needs no more than ten levels"
        raise ScenarioError([Problem(text)], source) from None
    return node


def _code(error: ReaderError) -> int:
    found = error.character
    return ord(found) if isinstance(found, str) else int(found)


_SYNTAX = (
    ("'\\t' that cannot", "{problem}", "a tab; YAML is indented with spaces"),
    (
        "that cannot start any token",
        "{problem}",
        "{found}, with which no plain word may begin; put the text in quotes",
    ),
    (
        "mapping values are not allowed",
        "{problem}",
        "a colon where no 'key: value' can stand; put text that holds ': ' in quotes, put a "
        "space after the colon of the line before, or mend the indentation",
    ),
    (
        "could not find expected ':'",
        "{context}",
        "no 'key: value' in this line; put a space after the colon",
    ),
    ("end of stream", "{context}", "a quote that is opened here and never closed"),
    (
        "expected ',' or",
        "{context}",
        "a bracket that is opened here and not closed before {found}{later}",
    ),
    (
        "expected the node content",
        "{problem}",
        "{found} where a value is needed; is a bracket or comma left over, or missing?",
    ),
    (
        "expected <block end>",
        "{problem}",
        "a line that is not indented like its neighbours, which begin in line {begun}",
    ),
    (
        "undefined alias",
        "{problem}",
        "{found} after '*' and no '&' of that name above it; define it, or put the text in quotes",
    ),
    (
        "expected alphabetic or numeric",
        "{problem}",
        "'*' or '&' without a name; put the text in quotes",
    ),
    (
        "found another document",
        "{problem}",
        "a second document; needed one scenario in a file: remove '---' or '...'",
    ),
    ("unknown escape", "{problem}", "{found} after a backslash; use single quotes"),
    (
        "sequence entries are not allowed",
        "{problem}",
        "'- ' where no list can begin; begin the list in a line of its own",
    ),
)
"""What ruamel says, which of its two marks to show, and what to say instead."""


def _syntax(error: MarkedYAMLError) -> Problem:
    said = " ".join(str(error.problem or error.context).split())
    marks = {"{problem}": error.problem_mark, "{context}": error.context_mark}
    for part, where, words in _SYNTAX:
        mark = marks[where] or error.problem_mark or error.context_mark
        if part in said and mark is not None:
            quoted = re.findall(r"'[^']*'|'''", said)
            facts = {
                "found": _named(quoted[-1] if quoted else "something"),
                "later": _later(error),
                "begun": error.context_mark.line + 1 if error.context_mark else "?",
            }
            return Problem(f"not YAML: found {words.format(**facts)}", line=mark.line + 1)
    mark = error.problem_mark or error.context_mark
    return Problem(f"not YAML: {said}", line=mark.line + 1 if mark else None)


def _later(error: MarkedYAMLError) -> str:
    """Return where the problem shows, if not in the line it began."""
    first, last = error.context_mark, error.problem_mark
    if first is None or last is None or first.line == last.line:
        return ""
    return f" in line {last.line + 1}"


def _named(token: str) -> str:
    """Return a token as people call it."""
    return {
        "'<stream end>'": "the end",
        "'<block mapping start>'": "an indented key",
        "'<scalar>'": "a word",
    }.get(token, token)


class _Reader:
    """Nodes on their way to plain data; notes lines and what is wrong."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines: dict[Path_, int] = {}
        self.problems: list[Problem] = []
        self._under_way: set[int] = set()
        self._count = 0

    def read(self, node: Node, path: Path_) -> Any:
        """Return a node's data."""
        self._tick()
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._under_way:
            self._note("found an alias of what it stands in; write the value out", node, path)
            return None
        self._check_tag(node, path, "map" if isinstance(node, MappingNode) else "seq")
        self._under_way.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
            return self._list(node, path)
        finally:
            self._under_way.discard(id(node))

    def _tick(self) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            words = f"aliases ('*name') expand to more than {MAX_NODES:,} values; write them out"
            raise ScenarioError([Problem(words)], self.source)

    def _note(self, words: str, node: Node, path: Path_) -> None:
        self.problems.append(Problem(words, spelled(path), line=node.start_mark.line + 1))

    def _list(self, node: Node, path: Path_) -> list[Any]:
        for i, item in enumerate(node.value):
            self.lines[(*path, i)] = item.start_mark.line + 1
        return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        nodes: dict[str, Node] = {}
        # Merged keys come first and are replaced in place, as YAML's merge says.
        for key, name, value in (*self._merged(node, path, ()), *self._own(node, path)):
            nodes[name] = value
            self.lines[(*path, name)] = key.start_mark.line + 1
        return {name: self.read(value, (*path, name)) for name, value in nodes.items()}

    def _own(self, node: MappingNode, path: Path_) -> Iterator[tuple[Node, str, Node]]:
        """Yield the keys that stand in a mapping itself, with their names."""
        first: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                found = "a list" if isinstance(key, SequenceNode) else "braces"
                words = f"found {found} in the place of a key; put a name that holds them in quotes"
                self._note(words, key, path)
                continue
            name = str(key.value)
            if not name.strip() or key.tag == f"{_CORE}null":
                self._note("found a colon with no key before it; name the key", key, path)
            elif name in first:
                words = f"stands twice, first in line {first[name]}; keep one"
                self._note(words, key, (*path, name))
            else:
                first[name] = key.start_mark.line + 1
                if key.tag != _MERGE:
                    yield key, name, value

    def _merged(
        self, node: MappingNode, path: Path_, seen: tuple[int, ...]
    ) -> Iterator[tuple[Node, str, Node]]:
        """Yield what ``<<`` merges in; of several, the first has the last word."""
        for key, value in node.value:
            if key.tag != _MERGE:
                continue
            several = value.value if isinstance(value, SequenceNode) else [value]
            for other in reversed(several):
                self._tick()
                if not isinstance(other, MappingNode):
                    self._note("needed '<<: *name' of a mapping defined above", key, path)
                elif id(other) in (*seen, *self._under_way):
                    self._note("found '<<:' of what it stands in; write it out", key, path)
                else:
                    yield from self._merged(other, path, (*seen, id(other)))
                    own = ((k, v) for k, v in other.value if isinstance(k, ScalarNode))
                    yield from ((k, str(k.value), v) for k, v in own if k.tag != _MERGE)

    def _check_tag(self, node: Node, path: Path_, *allowed: str) -> bool:
        tag = str(node.tag)
        if tag.startswith(_CORE) and tag.removeprefix(_CORE) in allowed:
            return True
        short = tag.replace(_CORE, "!!")
        words = f"found the tag {short!r}; a scenario holds data and never code: remove the tag"
        self._note(words, node, path)
        return False

    def _scalar(self, node: ScalarNode, path: Path_) -> Any:
        """Return None, a bool, a number or text; dates are text here."""
        text = str(node.value)
        if not self._check_tag(node, path, *_SCALARS):
            return text
        read, needed = _SCALARS[str(node.tag).removeprefix(_CORE)]
        try:
            value = read(text)
        except ValueError:
            self._note(f"found {shown(text)}; needed {needed}", node, path)
            return text
        if isinstance(value, int) and _LEADING_ZERO.fullmatch(text):
            words = f"found {text}, which some programs read as octal; write it without the zero"
            self._note(words, node, path)
        if isinstance(value, float) and not math.isfinite(value):
            words = f"found {text}; needed a finite number: leave a bound out where there is none"
            self._note(words, node, path)
        return value


def _whole(text: str) -> int:
    return int(text, 10 if _LEADING_ZERO.fullmatch(text) else 0)


def _number(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_SCALARS: dict[str, tuple[Callable[[str], Any], str]] = {
    "int": (_whole, "a whole number"),
    "float": (_number, "a number"),
    "bool": (_boolean, "true or false"),
    "null": (lambda text: None, "nothing"),
    **dict.fromkeys(("str", "timestamp", "value", "merge"), (str, "text")),
}
"""What a plain word is read as, by YAML 1.2; ``no``, ``on`` and dates are text."""


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
            value, wrong = _value(text)
            data, path = _assign(data, steps, value)
        except (ScenarioError, LookupError) as error:
            words = error.problems[0].text if isinstance(error, ScenarioError) else error.args[0]
            problems.append(Problem(words, file=f"--set {setting}"))
            continue
        for known in (lines, applied):
            for below in [k for k in known if k[: len(path)] == path]:
                del known[below]
        applied[path] = setting
        found = [p for p in found if p.where != spelled(path)]
        found += [Problem(words, spelled(path), f"--set {setting}") for words in wrong]
    if problems:
        raise ScenarioError(problems, "--set")
    return Document(data, lines, applied, tuple(found))


def _value(text: str) -> tuple[Any, list[str]]:
    """Return the value a setting's YAML stands for, and what is wrong with it."""
    node = compose(text, "--set")
    if node is None:
        return None, []
    reader = _Reader("--set")
    return reader.read(node, ()), [problem.text for problem in reader.problems]


def _first_line(error: BaseException) -> str:
    return (str(error.args[0] if error.args else error).splitlines() or ["?"])[0]


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
            words = f"has more than {MAX_BYTES // 1024**2} MB; needed {needed}: is it a data file?"
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
