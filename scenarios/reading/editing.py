"""Other numbers in the text of a scenario, the rest as its author wrote it."""

import io
from collections.abc import Collection, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from scenarios.reading.document import parse
from scenarios.reading.nodes import compose


def with_values(
    text: str, values: Mapping[tuple[str, str], int], *, elsewhere: Collection[str] = ()
) -> str:
    """Return the text with numbers of its sections replaced or added.

    Parameters
    ----------
    text : str
        YAML of a scenario.
    values : mapping of (section, key) to int
    elsewhere : collection of str
        Sections that stand below another key, and are not those of their name.

    Returns
    -------
    str
        Where the text has no place for a number (it was set on the command line, or stands
        behind an anchor), the settings are named in a comment on top.
    """
    new = text
    for (section, key), value in values.items():
        new = _replaced(new, section, key, value)
    try:
        data = parse(new, "").data
        is_there = all(data[section][key] == value for (section, key), value in values.items())
    except (ValueError, LookupError, TypeError):
        is_there = False
    if is_there and not any(section in elsewhere for section, _ in values):
        return new
    settings = " ".join(f"--set {'.'.join(place)}={value}" for place, value in values.items())
    return f"# with {settings}\n{text}"


def as_text(words: Mapping[str, Any]) -> str:
    """Return sections as YAML that is read again to the same values."""
    written, yaml = io.StringIO(), YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 100
    yaml.dump(dict(words), written)
    return written.getvalue()


def _replaced(text: str, section: str, key: str, value: int) -> str:
    root = compose(text, "")
    if not isinstance(root, MappingNode):
        return text
    below = _at(root, section)
    if below is None:
        return f"{text.rstrip()}\n{section}: {{{key}: {value}}}\n"
    if not isinstance(below, MappingNode) or not below.value:
        return text
    node = _at(below, key)
    if isinstance(node, ScalarNode):
        return f"{text[: node.start_mark.index]}{value}{text[node.end_mark.index :]}"
    # A new key before the first one, in the section's own style.
    first = below.value[0][0].start_mark
    gap = ", " if below.flow_style else f"\n{' ' * first.column}"
    return f"{text[: first.index]}{key}: {value}{gap}{text[first.index :]}"


def _at(node: MappingNode, key: str) -> Node | None:
    """Return the node below a key."""
    return next((v for k, v in node.value if getattr(k, "value", None) == key), None)
