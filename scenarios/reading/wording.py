"""What pydantic finds, in the words of a scenario: found, needed, nearest right name, place."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from scenarios import designs, forcing
from scenarios.execution import BACKENDS
from scenarios.problems import Problem, near, nearest, shown
from scenarios.reading.document import Document
from scenarios.reading.nodes import Path_
from scenarios.searches import SEARCHES
from scenarios.spec import Scenario

Schema = dict[str, Any]


@dataclass(frozen=True)
class _Finding:
    """One error of pydantic: its place in the data, and the branches of unions it is in."""

    error: Any
    path: Path_
    branches: tuple[tuple[Path_, str], ...]


def problems(
    error: ValidationError, document: Document, model: type[BaseModel] = Scenario
) -> Iterator[Problem]:
    """Yield every finding with its place; one, not one per branch, where a union fails.

    ``model`` is what the document was read into, whose schema tells which keys there are.
    """
    with _read_into(model):
        yield from list(_problems(error, document))


_MODEL: ContextVar[type[BaseModel]] = ContextVar("model", default=Scenario)


@contextmanager
def _read_into(model: type[BaseModel]) -> Iterator[None]:
    token = _MODEL.set(model)
    try:
        yield
    finally:
        _MODEL.reset(token)


def _problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    findings = [_find(e, document.data) for e in error.errors(include_url=False)]
    # A key that is there under a misspelt name is not missing as well.
    meant = {_meant(f, document.data) for f in findings if f.error["type"] == "extra_forbidden"}
    findings = [f for f in findings if f.error["type"] != "missing" or f.path not in meant]
    for group in _of_best_branches(findings):
        sentences = dict.fromkeys(_words(f, document) for f in group)
        place = document.problem("", group[0].path)
        yield Problem(_joined(sentences), place.where, place.file, place.line)


def _meant(finding: _Finding, data: Any) -> Path_:
    """Return the key that an unknown one seems to be, with its place."""
    *place, key = finding.path
    return (*place, near(str(key), _keys(tuple(place), data)))


def _find(error: Any, data: Any) -> _Finding:
    """Match ``loc`` with the data: what is no key there is a branch of a union."""
    loc = tuple(s for s in error["loc"] if s != "[key]")
    missing = error["type"] == "missing"
    steps = loc[:-1] if missing else loc
    path, branches = _match(steps, data, ())
    if missing and isinstance(loc[-1], str):
        path = (*path, loc[-1])
    return _Finding(error, path, branches)


def _match(
    steps: Sequence[str | int], node: Any, path: Path_
) -> tuple[Path_, tuple[tuple[Path_, str], ...]]:
    """Return the path along ``steps``, and the steps that are no keys with their places."""
    if not steps:
        return path, ()
    step, rest = steps[0], steps[1:]
    below = _below(node, step)
    if below is not None:
        return _match(rest, below[0], (*path, step))
    end, branches = _match(rest, node, path)
    return end, ((path, str(step)), *branches)


def _below(node: Any, step: str | int) -> tuple[Any] | None:
    if isinstance(node, dict) and step in node:
        return (node[str(step)],)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return (node[step],)
    return None


def _of_best_branches(findings: Sequence[_Finding]) -> Iterator[list[_Finding]]:
    """Yield findings, those of several branches of one union together or the deepest alone."""
    tags: dict[Path_, dict[str, int]] = {}
    for finding in findings:
        for place, tag in finding.branches:
            depth = tags.setdefault(place, {})
            depth[tag] = max(depth.get(tag, 0), len(finding.path))
    together: dict[Path_, list[_Finding]] = {}
    for finding in findings:
        unions = [(place, tag) for place, tag in finding.branches if len(tags[place]) > 1]
        if any(tags[place][tag] < max(tags[place].values()) for place, tag in unions):
            continue
        if unions:
            together.setdefault(finding.path, []).append(finding)
        else:
            yield [finding]
    yield from together.values()


def _joined(sentences: Iterable[str]) -> str:
    """Return one sentence of those that begin alike: ``found 3; needed A, or B``."""
    first, *others = sentences
    head, sign, _ = first.partition("needed ")
    if not sign or not all(text.startswith(head + sign) for text in others):
        return first
    return ", or ".join([first, *(text.removeprefix(head + sign) for text in others)])


_NEEDED = {
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_parsing_size", "int_from_float"), "a whole number"
    ),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    "finite_number": "a finite number",
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list, such as [a, b]"),
    "string_too_short": "text that is not empty",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "string_too_long": "{max_length} characters or fewer",
}
_MAPPINGS = frozenset(
    {"dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"}
)


def _words(finding: _Finding, document: Document) -> str:
    error, kind = finding.error, finding.error["type"]
    value, context = error.get("input"), error.get("ctx", {})
    if kind == "extra_forbidden":
        key = str(finding.path[-1])
        return f"unknown key {key!r}{nearest(key, _keys(finding.path[:-1], document.data))}"
    if kind == "missing":
        return _missing(finding, value, document)
    if kind == "value_error":
        return str(context["error"])
    text = f"found {shown(value)}; needed {needed(error)}"
    if kind in _MAPPINGS:
        text = f"found {shown(value)}; needed {_form(finding.path, document.data)}"
    return f"{text}, or leave it out" if value is None else text


def needed(error: Any) -> str:
    """Return what pydantic needed, without its own words for types."""
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind in _NEEDED:
        return _NEEDED[kind].format(**{name: _plain(limit) for name, limit in context.items()})
    if kind in _MAPPINGS:
        return "'key: value' lines"
    if kind == "string_type":
        return "text" if value is None or isinstance(value, list) else "text: put it in quotes"
    if kind in ("too_short", "too_long"):
        size, word = (
            (context["min_length"], "more")
            if kind == "too_short"
            else (context["max_length"], "fewer")
        )
        return f"{size} or {word} entries"
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        hint = nearest(value, choices) if isinstance(value, str) and len(choices) > 4 else ""
        expected = re.sub(r"\bTrue\b", "true", re.sub(r"\bFalse\b", "false", context["expected"]))
        return f"{expected}{hint if hint.startswith('; did') else ''}"
    message = error["msg"].replace("Input should be ", "").replace("String should have", "text of")
    return f"{message[0].lower()}{message[1:]}"


def _plain(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _form(path: Path_, data: Any) -> str:
    """Return what a mapping at a place looks like."""
    description = _about(path, data)
    if "{" in description:
        return description
    keys = ", ".join(_keys(path, data)) or description
    return f"'key: value' lines ({keys})" if keys else "'key: value' lines"


def _missing(finding: _Finding, value: Any, document: Document) -> str:
    if not isinstance(finding.error["loc"][-1], str):
        place = finding.path
        while place and not isinstance(place[-1], str):
            place = place[:-1]
        return f"found {shown(value)}; needed {_about(place, document.data) or 'more entries'}"
    name = finding.path[-1]
    if name == "version":
        return "is missing; say version: 1"
    description = _about(finding.path, document.data)
    return f"is missing; needed {name}: {description or 'and a value'}"


def _schema() -> Schema:
    met = (plugins.met() for plugins in (designs.DESIGNS, forcing.READERS, BACKENDS, SEARCHES))
    return _schema_with(_MODEL.get(), *(name for names in met for name in names))


@cache
def _schema_with(model: type[BaseModel], *plugins: str) -> Schema:
    """Return the schema of a model, made again where other plug-ins have been loaded."""
    return model.model_json_schema()


def _keys(path: Path_, data: Any) -> list[str]:
    """Return the keys that may stand at a place."""
    return sorted({k for node in _nodes(path, data) for k in node.get("properties", {})})


def _about(path: Path_, data: Any) -> str:
    """Return the description of a key."""
    nodes = _nodes(path[:-1], data)
    descriptions = (
        node.get("properties", {}).get(path[-1], {}).get("description") for node in nodes
    )
    return next((str(text) for text in descriptions if text), "")


def _nodes(path: Path_, data: Any) -> list[Schema]:
    """Return the schemas that a place may follow, given the tags written around it."""
    nodes = _alternatives(_schema(), data)
    for step in path:
        data = (_below(data, step) or (None,))[0]
        nodes = [a for node in nodes for n in _one_step(node, step) for a in _alternatives(n, data)]
    return nodes


def _alternatives(node: Schema, data: Any) -> list[Schema]:
    """Return the branches of a schema, references followed, that fit the tags in the data."""
    if "$ref" in node:
        return _alternatives(_schema()["$defs"][node["$ref"].rsplit("/", 1)[-1]], data)
    branches = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
    if branches:
        return [a for branch in branches for a in _alternatives(branch, data)]
    if isinstance(data, dict):
        for name in ("method", "reader", "backend", "name"):
            tag = node.get("properties", {}).get(name, {})
            written = data.get(name, tag.get("default"))
            if "const" in tag and written != tag["const"]:
                return []
    elif node.get("type") == "array" and data is not None and not isinstance(data, list):
        return []
    return [node]


def _one_step(node: Schema, step: str | int) -> list[Schema]:
    if isinstance(step, int):
        items = [node["items"]] if isinstance(node.get("items"), dict) else []
        return [*items, *node.get("prefixItems", ())[step : step + 1]]
    if step in node.get("properties", {}):
        return [node["properties"][step]]
    more = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
    return [schema for schema in more if isinstance(schema, dict)]
