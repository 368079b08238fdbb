"""The words of a section: the fields of the pydantic model that it is read into."""

import json
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML

from ensemble.describing.description import Row

Schema = Mapping[str, Any]

ENDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def words_of(model: type[BaseModel], key: str = "") -> list[Row]:
    """Return a row for each word: its name, what it may be, its default and what it is for.

    Parameters
    ----------
    model : type
    key : str
        Of the word that chooses the plug-in itself, which is left out.
    """
    schema = model.model_json_schema()
    needed = schema.get("required", [])
    rows: list[Row] = []
    for name, about in schema.get("properties", {}).items():
        if name == key:
            continue
        default = "needed" if name in needed else as_text(about.get("default"))
        value = _value(about, schema.get("$defs", {}))
        meaning = " ".join(str(about.get("description", "")).split())
        rows.append({"word": name, "value": value, "default": default, "meaning": meaning})
    return rows


def as_text(value: Any) -> str:
    """Return a value as a scenario would say it."""
    return value if isinstance(value, str) and value else json.dumps(value, default=str)


def example_of(model: type[BaseModel], section: str) -> str:
    """Return the first example of a model, as YAML of its section; empty where it has none."""
    extra = model.model_config.get("json_schema_extra")
    examples = extra.get("examples") if isinstance(extra, dict) else None
    return as_yaml({section: examples[0]}) if isinstance(examples, list) and examples else ""


def as_yaml(sections: Mapping[str, Any]) -> str:
    """Return sections of a scenario as YAML, without the line's end."""
    writer = YAML()
    # What holds no other mapping or list is one line, but for the sections themselves.
    nested = any(isinstance(below, Mapping | list) for below in sections.values())
    writer.default_flow_style = None if nested else False
    writer.width = 100
    text = StringIO()
    writer.dump(sections, text)
    return text.getvalue().rstrip("\n")


def _value(about: Schema, known: Mapping[str, Schema]) -> str:
    """Return in words what JSON Schema says that a value may be."""
    return " | ".join(dict.fromkeys(_choices(about, known))) or "any"


def _choices(about: Schema, known: Mapping[str, Schema]) -> Iterator[str]:
    if "$ref" in about:
        named = known.get(about["$ref"].rpartition("/")[2], {})
        if "properties" in named:
            yield f"{{{', '.join(named['properties'])}}}"
        else:
            yield from _choices(named, known)
    elif "const" in about:
        yield as_text(about["const"])
    elif "enum" in about:
        yield from map(as_text, about["enum"])
    elif any_of := about.get("anyOf") or about.get("oneOf"):
        for choice in any_of:
            yield from _choices(choice, known)
    elif about.get("type") == "array":
        yield f"list of {_value(about.get('items', {}), known)}"
    elif about.get("type") == "object":
        below = about.get("additionalProperties")
        yield f"{{name: {_value(below, known)}}}" if isinstance(below, Mapping) else "{...}"
    elif about.get("type") != "null":
        ends = [f"{sign} {about[word]:g}" for word, sign in ENDS.items() if word in about]
        yield " ".join([str(about.get("type", "any")), *ends])
