"""Docstrings taken apart: title, paragraphs, source, a block of YAML, what each attribute is."""

import inspect
import re
import textwrap
from dataclasses import dataclass

_BLOCK = re.compile(r"^\.\. code-block:: yaml\n\n((?:(?:    .*)?\n)+)", re.MULTILINE)
_SOURCE = re.compile(r"^Sources?: ((?:.+\n)+)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^([\w, ]+) : .*\n((?:    .*\n|\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Docstring:
    """A docstring: its first sentence, the paragraphs after it, its source, its block of YAML."""

    title: str
    text: str
    source: str
    example: str


def parts_of(thing: object) -> Docstring:
    """Return the docstring of a module or class in parts; empty ones where it has none."""
    whole = inspect.cleandoc(getattr(thing, "__doc__", None) or "") + "\n"
    block = _BLOCK.search(whole)
    example = textwrap.dedent(block.group(1)).strip("\n") if block else ""
    whole = _BLOCK.sub("", whole)
    said = _SOURCE.search(whole)
    source = " ".join(said.group(1).split()) if said else ""
    title, _, text = _SOURCE.sub("", whole).partition("\n\n")
    # What attributes are is a table of its own.
    text = re.split(r"\n(?:Attributes|Parameters)\n-+\n", f"\n{text}")[0]
    return Docstring(" ".join(title.split()), text.strip(), source, example)


def attributes_of(thing: type) -> dict[str, str]:
    """Return what a class and its bases say of each attribute, in one line each; numpydoc."""
    said = {}
    for one in reversed(thing.__mro__):
        whole = inspect.cleandoc(one.__doc__ or "") + "\n"
        _, _, section = whole.partition("\nAttributes\n----------\n")
        for names, text in _ATTRIBUTE.findall(section):
            for name in names.split(","):
                said[name.strip()] = " ".join(text.split())
    return said
