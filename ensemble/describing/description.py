"""A plug-in as people and programs read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Row = Mapping[str, str]


@dataclass(frozen=True)
class Description:
    """What is known of one plug-in.

    Attributes
    ----------
    kind, name, title : str
    text : str
        Paragraphs, without the title.
    source : str
        Paper, package or file that it follows; empty where it is nobody's.
    tables : mapping of str to sequence of mapping
        By heading; all rows of a table have the same columns.
    example : str
        YAML of a scenario's section; empty where a word says it all.
    """

    kind: str
    name: str
    title: str
    text: str = ""
    source: str = ""
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    example: str = ""
