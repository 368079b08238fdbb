"""Read a scenario: YAML, overrides, spec and cross-checks, with every problem at once."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from scenarios._check import check
from scenarios._problems import Problem, ScenarioError, nearest
from scenarios._yaml import Document, override, parse, read_text
from scenarios.spec import Scenario

Check = Callable[[dict[str, Any]], Iterable[Problem]]


class Loaded(Scenario):
    """A scenario with where it came from."""

    text: str = ""
    source: str = ""
    base: Path = Path()


def library() -> list[str]:
    """Return the names of the shipped scenarios."""
    folder = resources.files("scenarios") / "library"
    return sorted(
        f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")
    )


def find(name: str | Path) -> Path:
    """Return the file of a path or of a shipped scenario's name."""
    path = Path(name)
    if not path.exists() and str(name) in library():
        return Path(str(resources.files("scenarios") / "library" / f"{name}.yaml"))
    if not path.exists() and path.suffix not in (".yaml", ".yml"):
        text = f"no such file and no shipped scenario of that name{nearest(str(name), library())}"
        raise ScenarioError([Problem(text)], str(name))
    return path


def load(path: str | Path, *, settings: Sequence[str] = (), checks: Sequence[Check] = ()) -> Loaded:
    """Return the scenario in a file, or shipped under a name.

    Parameters
    ----------
    path : str or Path
        A YAML file, or a name of `library`.
    settings : sequence of str
        Overrides as ``a.b=c``; the value is YAML.
    checks : sequence of callable
        More checks, given the sections that are well formed; `ensemble` adds its own.

    Raises
    ------
    ScenarioError
        With every problem found, each with its line.
    """
    file = find(path)
    text = read_text(file)
    document = override(parse(text, str(file)), settings)
    return build(document, text=text, source=str(file), base=file.parent, checks=checks)


def build(
    document: Document,
    *,
    text: str,
    source: str,
    base: Path,
    checks: Sequence[Check] = (),
) -> Loaded:
    """Return the scenario of a parsed document; see `load`."""
    problems: list[Problem] = []
    try:
        Scenario.model_validate(document.data)
    except ValidationError as error:
        problems += [_problem(e, document) for e in error.errors()]
    broken = {p.where.split(".")[0].split("[")[0] for p in problems}
    sound = _sections({k: v for k, v in document.data.items() if k not in broken})
    for found in (finding for c in (check, *checks) for finding in c(sound)):
        problems.append(_located(found, document))
    if problems:
        raise ScenarioError(sorted(set(problems), key=lambda p: (p.line or 0, p.where)), source)
    return Loaded.model_validate({**document.data, "text": text, "source": source, "base": base})


@cache
def _adapters() -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(Scenario, include_extras=True)
    return {name: TypeAdapter(hints[name]) for name in Scenario.model_fields}


def _sections(data: dict[str, Any]) -> dict[str, Any]:
    """Return the sections that are well formed on their own, parsed."""
    parsed = {}
    for name, adapter in _adapters().items():
        if name in data:
            try:
                parsed[name] = adapter.validate_python(data[name])
            except ValidationError:
                continue
    return parsed


def _located(problem: Problem, document: Document) -> Problem:
    if problem.file or problem.line is not None or not problem.where:
        return problem
    path = _steps(problem.where)
    return Problem(problem.text, problem.where, line=document.line(path))


def _steps(where: str) -> list[str | int]:
    parts = where.replace("[", ".").replace("]", "").split(".")
    return [int(p) if p.isdigit() else p for p in parts]


def _problem(error: Any, document: Document) -> Problem:
    """Return pydantic's finding in our words."""
    path = _data_path(error["loc"], document.data)
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    return Problem(_words(error, document), where, line=document.line(path))


def _data_path(loc: Sequence[str | int], data: Any) -> list[str | int]:
    """Return the place in the document: ``loc`` without the tags of unions."""
    path: list[str | int] = []
    node = data
    for i, step in enumerate(loc):
        if isinstance(node, dict) and step in node:
            node = node[step]
            path.append(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
            path.append(step)
        elif i == len(loc) - 1 and isinstance(node, dict) and isinstance(step, str):
            path.append(step)
    return path


def _words(error: Any, document: Document) -> str:
    kind, found = error["type"], error.get("input")
    if kind == "extra_forbidden":
        names = _siblings(error["loc"])
        return f"unknown key {error['loc'][-1]!r}{nearest(str(error['loc'][-1]), names)}"
    if kind == "missing":
        return "is missing; it has no default"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag_words(error, found)
    if kind == "value_error":
        return str(error["ctx"]["error"])
    message = error["msg"].replace("Input should be", "needed").replace("should have", "needs")
    return f"found {_short(found)}; {message[0].lower()}{message[1:]}"


def _short(found: Any) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _tag_words(error: Any, found: Any) -> str:
    """Return what to say of a design or reader that is not named, or not known."""
    from scenarios import designs, forcing

    is_design = "design" in error["loc"]
    key, known = ("method", designs.names()) if is_design else ("reader", forcing.names())
    if not isinstance(found, dict):
        return f"found {_short(found)}; needed a mapping with '{key}:' ({', '.join(known)})"
    if key not in found:
        return f"has no '{key}:'; needed one of {', '.join(known)}"
    return f"unknown {key} {found[key]!r}{nearest(str(found[key]), known)}"


def _siblings(loc: Sequence[str | int]) -> list[str]:
    """Return the keys allowed where an unknown one was found, from the JSON Schema."""
    schema = Scenario.model_json_schema()
    nodes = [schema]
    for step in loc[:-1]:
        nodes = [child for node in nodes for child in _children(node, step, schema)]
    known = [_deref(node, schema).get("properties", {}) for node in nodes]
    return sorted({key for properties in known for key in properties})


def _deref(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    ref = node.get("$ref", "")
    resolved: dict[str, Any] = schema["$defs"][ref.rsplit("/", 1)[-1]] if ref else node
    return resolved


def _children(
    node: dict[str, Any], step: str | int, schema: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    """Yield the schemas one step below; a union's tag stays on the matching branch."""
    node = _deref(node, schema)
    for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        model = _deref(branch, schema)
        tags = [p.get("const") for p in model.get("properties", {}).values()]
        if step in tags or (step == "cross" and "cross" in model.get("properties", {})):
            yield model
        elif isinstance(step, int) or step in model.get("properties", {}):
            yield from _children(model, step, schema)
    if isinstance(step, int) and "items" in node:
        yield node["items"]
    if isinstance(step, str) and step in node.get("properties", {}):
        yield node["properties"][step]
    elif isinstance(step, str) and isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def write_template(name: str, template: str) -> Path:
    """Write a shipped scenario under a new name, to be edited; returns the file.

    Raises
    ------
    ScenarioError
        The file is there already, or no such template.
    """
    file = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if template not in library():
        text = f"no shipped scenario {template!r}{nearest(template, library())}"
        raise ScenarioError([Problem(text)], "--from")
    if file.exists():
        raise ScenarioError([Problem("is there already; choose another name")], str(file))
    text = read_text(find(template))
    stem = file.stem
    text = text.replace(f"\nname: {template}\n", f"\nname: {stem}\n")
    text = text.replace(f"runs/{template}.zarr", f"runs/{stem}.zarr")
    file.write_text(text, encoding="utf-8")
    return file
