"""HTML that cannot be injected into: whatever is not `Html` already is escaped."""

import base64
import html
import re
from collections.abc import Iterable, Sequence

from ensemble.tables.responses import Table

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
NUMBER = re.compile(r"[+\-\N{MINUS SIGN}]?[\d.,]+(e[+-]?\d+)?( ?%)?( \+- [\d.,e+-]+)?|\N{EN DASH}|")

SHORT = 24
"""Characters of a cell that is never broken."""


class Html(str):
    """Text that is markup; only the functions of this file make it."""

    __slots__ = ()


EMPTY = Html("")


def plain(value: object) -> str:
    """Return text without characters that neither HTML nor SVG may hold."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))


def escaped(value: object) -> Html:
    """Return a value as markup: unchanged if it is, escaped if it is anything else."""
    return value if isinstance(value, Html) else Html(html.escape(plain(value), quote=True))


def joined(parts: Iterable[object]) -> Html:
    """Return parts one after the other."""
    return Html("".join(escaped(part) for part in parts))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """Return an element; ``class_`` is written ``class``."""
    said = "".join(f' {k.rstrip("_")}="{escaped(v)}"' for k, v in attributes.items())
    return Html(f"<{name}{said}>{joined(children)}</{name}>")


def paragraphs(lines: Iterable[object], class_: str = "note") -> Html:
    """Return one paragraph per line."""
    return joined(tag("p", line, class_=class_) for line in lines)


def pairs(rows: Iterable[tuple[object, object]]) -> Html:
    """Return names and values below each other."""
    body = joined(tag("tr", tag("th", k, scope="row"), tag("td", v)) for k, v in rows)
    return tag("table", tag("tbody", body), class_="pairs")


def table(shown: Table) -> Html:
    """Return a table; numbers are set right, words left."""
    right = [_numeric([row[k] for row in shown.rows]) for k in range(len(shown.header))]
    body = [
        tag("tr", *_row(row, right), class_="rule" if k in shown.rules else "")
        for k, row in enumerate(shown.rows)
    ]
    head = joined(_head(shown, right))
    name = tag("h3", plain(shown.title)) if shown.title else EMPTY
    grid = tag("table", tag("thead", head), tag("tbody", *body))
    return joined([name, tag("div", grid, class_="wide"), paragraphs(map(_signs, shown.notes))])


def _numeric(cells: Sequence[str]) -> bool:
    return any(cells) and all(NUMBER.fullmatch(cell) for cell in cells)


def _signs(text: str) -> str:
    """Return text with the signs that print: plus-minus, and a minus before a number."""
    text = re.sub(r"(^| )\+- ", "\\1\N{PLUS-MINUS SIGN} ", text)
    return re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", text)


def _row(row: Sequence[str], right: Sequence[bool]) -> list[Html]:
    """Return the cells of a row; what is short stays on one line."""
    cells = []
    for k, (cell, aside) in enumerate(zip(row, right, strict=True)):
        class_ = "right" if aside else "short" if len(cell) <= SHORT else ""
        kind = {"scope": "row"} if k == 0 else {}
        # Names are printed as they are; numbers with signs that print.
        shown = _signs(cell) if aside or " to " in cell else cell
        cells.append(tag("td" if k else "th", shown, class_=class_, **kind))
    return cells


def _head(shown: Table, right: Sequence[bool]) -> list[Html]:
    """Return the header rows: what columns have in common above, where it is said."""
    lines, names = [], list(shown.header)
    if shown.groups:
        cells, k = [], 0
        for words, count in shown.groups:
            cells.append(tag("th", words, colspan=count, scope="colgroup", class_="group"))
            names[k : k + count] = [n.removeprefix(words).strip() for n in names[k : k + count]]
            k += count
        lines.append(tag("tr", *cells))
    heads = zip(names, right, strict=True)
    lines.append(
        tag("tr", *(tag("th", n, scope="col", class_="right" if r else "") for n, r in heads))
    )
    return lines


def picture(svg: bytes, *, caption: str, width: float) -> Html:
    """Return a figure of so many inches; as an image its content cannot touch the page."""
    source = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
    image = Html(f'<img src="{source}" alt="{escaped(caption)}" style="width:{width * 96:.0f}px">')
    return tag("figure", image, tag("figcaption", caption))


def section(name: str, title: str, *children: object) -> Html:
    """Return a section with a heading that the contents link to."""
    return tag("section", tag("h2", title), *children, id=name)
