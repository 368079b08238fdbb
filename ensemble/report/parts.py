"""What a page is made of; a macro of ``html/parts.html`` shows each kind, and none holds markup."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ensemble.report.figures.parts.style import Picture
from ensemble.tables.responses import Table

PIXELS_PER_INCH = 96


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
class Image:
    """A figure as an image: its content cannot touch the page.

    Attributes
    ----------
    source : str
        A ``data:`` address that holds all of it.
    caption : str
    width : int
        Pixels of a screen.
    """

    source: str
    caption: str
    width: int

    @classmethod
    def of(cls, picture: Picture) -> "Image":
        """Return a picture as an image."""
        source = "data:image/svg+xml;base64," + base64.b64encode(picture.svg).decode()
        return cls(source, str(picture.caption), round(picture.width * PIXELS_PER_INCH))


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
