"""From YAML text to plain data: YAML 1.2, data only, every node with its line.

The text is composed to nodes and not constructed: a tag is refused before anything could be
made of it, and a merged key keeps the line where it is written.
"""

import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from scenarios.problems import Problem, ScenarioError, shown

Path_ = tuple[str | int, ...]

MAX_NODES = 100_000
"""Aliases of aliases grow exponentially when followed; no honest scenario comes near."""

MAX_WRITTEN = 20_000
"""Keys and values in a file, which take a second to read; longer tables have their own files."""

MAX_DIGITS = 400
"""Of a whole number, in any base: Python prints no longer ones than a few thousand."""

_CORE = "tag:yaml.org,2002:"
_MERGE = f"{_CORE}merge"
_DIRECTIVE = re.compile(r"^%YAML\s+(?!1\.2\s*$).*$", re.MULTILINE)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")


MAX_DEPTH = 50
"""Levels of nesting; the parser's time grows with their square."""

_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels; a scenario needs no more than ten"


class _Beyond(Exception):
    """More than a scenario may hold, and the line where it is."""


class _Limited(Composer):
    """Counts nodes as they are composed, so that a file of millions is not read to its end."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader=loader)
        self._composed = self._depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node:
        self._composed += 1
        self._depth += 1
        if self._composed > MAX_WRITTEN:
            words = (
                f"more than {MAX_WRITTEN:,} keys and values up to here; needed a scenario, whose "
                "longer tables are files that it names: is it a data file?"
            )
            raise _Beyond(words, self.parser.peek_event().start_mark.line + 1)
        if self._depth > MAX_DEPTH:
            raise _Beyond(_TOO_DEEP, self.parser.peek_event().start_mark.line + 1)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return cast(Node, node)


def spelled(path: Sequence[str | int]) -> str:
    """Return ``design.cross[0].n``."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


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
            yaml = YAML(typ="safe", pure=True)
            yaml.Composer = _Limited
            node: Node | None = yaml.compose(io.StringIO(text))
    except _Beyond as error:
        words, line = error.args
        raise ScenarioError([Problem(words, line=line)], source) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        words = f"found the control character #x{_code(error):02x}; needed text: is it a data file?"
        raise ScenarioError([Problem(words, line=line)], source) from error
    except MarkedYAMLError as error:
        raise ScenarioError([_syntax(error)], source) from error
    except (YAMLError, ValueError) as error:
        raise ScenarioError([Problem(f"not YAML: {_first_line(error)}")], source) from error
    return node


def _code(error: ReaderError) -> int:
    character = error.character
    return ord(character) if isinstance(character, str) else int(character)


_SYNTAX = (
    ("'\\t' that cannot", "problem_mark", "a tab; YAML is indented with spaces"),
    (
        "that cannot start any token",
        "problem_mark",
        "{found}, with which no plain word may begin; put the text in quotes",
    ),
    (
        "mapping values are not allowed",
        "problem_mark",
        "a colon where no 'key: value' can stand; put text that holds ': ' in quotes, put a "
        "space after the colon of the line before, or mend the indentation",
    ),
    (
        "could not find expected ':'",
        "context_mark",
        "no 'key: value' in this line; put a space after the colon",
    ),
    ("end of stream", "context_mark", "a quote that is opened here and never closed"),
    (
        "expected ',' or",
        "context_mark",
        "a bracket that is opened here and not closed before {found}{later}",
    ),
    (
        "expected the node content",
        "problem_mark",
        "{found} where a value is needed; is a bracket or comma left over, or missing?",
    ),
    (
        "expected <block end>",
        "problem_mark",
        "a line that is not indented like its neighbours, which begin in line {begun}",
    ),
    (
        "undefined alias",
        "problem_mark",
        "{found} after '*' and no '&' of that name above it; define it, or put the text in quotes",
    ),
    (
        "expected alphabetic or numeric",
        "problem_mark",
        "'*' or '&' without a name; put the text in quotes",
    ),
    (
        "found another document",
        "problem_mark",
        "a second document; needed one scenario in a file: remove '---' or '...'",
    ),
    ("unknown escape", "problem_mark", "{found} after a backslash; use single quotes"),
    (
        "sequence entries are not allowed",
        "problem_mark",
        "'- ' where no list can begin; begin the list in a line of its own",
    ),
)
"""What ruamel says, which of its two marks to show, and what to say instead."""


def _syntax(error: MarkedYAMLError) -> Problem:
    message = " ".join(str(error.problem or error.context).split())
    for part, which, words in _SYNTAX:
        mark = getattr(error, which) or error.problem_mark or error.context_mark
        if part in message and mark is not None:
            quoted = re.findall(r"'[^']*'|'''", message)
            facts = {
                "found": _named(quoted[-1] if quoted else "something"),
                "later": _later(error),
                "begun": error.context_mark.line + 1 if error.context_mark else "?",
            }
            return Problem(f"not YAML: found {words.format(**facts)}", line=mark.line + 1)
    mark = error.problem_mark or error.context_mark
    return Problem(f"not YAML: {message}", line=mark.line + 1 if mark else None)


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


def _first_line(error: BaseException) -> str:
    return (str(error.args[0] if error.args else error).splitlines() or ["?"])[0]


class Reader:
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
        if len(path) > MAX_DEPTH:
            raise ScenarioError([Problem(_TOO_DEEP, line=node.start_mark.line + 1)], self.source)
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
                shape = "a list" if isinstance(key, SequenceNode) else "braces"
                words = f"found {shape} in the place of a key; put a name that holds them in quotes"
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
    if len(text) > MAX_DIGITS:
        raise ValueError(text)
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
