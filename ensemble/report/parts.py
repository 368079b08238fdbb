"""What a page is made of; a macro of ``html/parts.html`` shows each kind, and none holds markup."""

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

from ensemble.report.figures.parts.style import Picture
from ensemble.tables.responses import Table

if TYPE_CHECKING:
    import pandas as pd

PIXELS_PER_INCH = 96

LONG = 500_000
"""Bytes of a table from which it is kept packed, which R and pandas read as it is."""


@dataclass(frozen=True)
class Notes:
    """Lines in small type, a paragraph each."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Banner:
    """Lines that nobody should miss.

    Attributes
    ----------
    lines : sequence of str
    kind : str
        ``good``, ``bad`` or ``made-up``.
    points : sequence of str
        Listed below the lines.
    aside : bool
        Whether a reader of screens hears it as a note beside the page.
    """

    lines: Sequence[str]
    kind: str = "bad"
    points: Sequence[str] = ()
    aside: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True)
class Verbatim:
    """Text as it was written, with its lines."""

    text: str


@dataclass(frozen=True)
class Code:
    """A hash or name that a program takes, as a value of `Pairs` or `Listing`; words after it."""

    text: str
    after: str = ""


@dataclass(frozen=True)
class Pairs:
    """Names and their values below each other."""

    rows: Sequence[tuple[str, str | Code]]


@dataclass(frozen=True)
class Listing:
    """Rows below a header, all of it words or hashes: what is numbers is a `Table`."""

    header: Sequence[str]
    rows: Sequence[Sequence[str | Code]]


@dataclass(frozen=True)
class Fingerprint:
    """One hash of a kernel, and the beginnings of those of its parts."""

    whole: str
    parts: Sequence[str]


@dataclass(frozen=True)
class Taken:
    """A file that a page holds, to be taken from it.

    Attributes
    ----------
    name : str
        Of the file.
    words : str
        What the link says.
    address : str
        A ``data:`` address that holds all of it.
    """

    name: str
    words: str
    address: str


@dataclass(frozen=True)
class Image:
    """A figure as an image: its content cannot touch the page.

    Attributes
    ----------
    source : str
        A ``data:`` address that holds all of it.
    caption : str
    width : int
        Pixels of a screen.
    taken : tuple of Taken
        The figure for a paper, and its numbers.
    """

    source: str
    caption: str
    width: int
    taken: tuple[Taken, ...] = ()

    @classmethod
    def of(cls, picture: Picture, name: str) -> "Image":
        """Return a picture as an image, whose files have a name."""
        # As it stands on the page, it is dark where the page is; for a paper it is not.
        shown = picture.svg.replace(b"</style>", _dark() + b"</style>", 1)
        source = _address("image/svg+xml", shown)
        svg = Taken(f"{name}.svg", "SVG", _address("image/svg+xml", picture.svg))
        taken = (svg, *_numbers(picture, name))
        width = round(picture.width * PIXELS_PER_INCH)
        return cls(source, str(picture.caption), width, taken)


def _numbers(picture: Picture, name: str) -> tuple[Taken, ...]:
    """Return the table of a figure; of one that shows no number none."""
    table = picture.numbers
    if table.empty:
        return ()
    text = as_csv(table)
    words = f"numbers as CSV, {len(table):,} row{'s' * (len(table) != 1)}"
    if len(text) < LONG:
        return (Taken(f"{name}.csv", words, _address("text/csv", text)),)
    packed = gzip.compress(text, mtime=0)
    return (Taken(f"{name}.csv.gz", f"{words}, packed", _address("application/gzip", packed)),)


def as_csv(table: "pd.DataFrame") -> bytes:
    """Return a table as CSV, in digits that 32 bits are told apart by."""
    return table.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode()


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@cache
def _dark() -> bytes:
    """Return the rules by which figures are dark where the reader's screen is."""
    return (files("ensemble.report") / "html" / "dark.css").read_bytes()


Part: TypeAlias = (
    str | Table | Notes | Banner | Heading | Verbatim | Pairs | Listing | Fingerprint | Image
)
"""A string is a paragraph."""


@dataclass(frozen=True)
class Section:
    """Parts below a heading that the contents link to."""

    name: str
    title: str
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Top:
    """What a page begins with.

    Attributes
    ----------
    title, source : str
    description : sequence of str
        What the scenario says of itself, a paragraph each.
    banners : sequence of Banner
    cards : sequence of (str, str)
        Numbers and what they are of.
    """

    title: str
    source: str
    description: Sequence[str]
    banners: Sequence[Banner]
    cards: Sequence[tuple[str, str]]
