"""How the cells of a table are set: numbers right and with signs that print, words left."""

import re

from ensemble.tables.responses import Table

NUMBER = re.compile(r"[+\-\N{MINUS SIGN}]?[\d.,]+(e[+-]?\d+)?( ?%)?( \+- [\d.,e+-]+)?|\N{EN DASH}|")

SHORT = 24
"""Characters of a cell that is never broken."""


def numeric_columns(table: Table) -> list[bool]:
    """Return which columns hold numbers alone, and at least one."""
    columns = ([row[k] for row in table.rows] for k in range(len(table.header)))
    return [any(cells) and all(map(NUMBER.fullmatch, cells)) for cells in columns]


def own_headers(table: Table) -> list[str]:
    """Return the header without the words that stand above several columns."""
    headers, first = list(table.header), 0
    for words, count in table.groups:
        group = slice(first, first + count)
        headers[group] = [name.removeprefix(words).strip() for name in headers[group]]
        first += count
    return headers


def signs(text: str) -> str:
    """Return text with the signs that print: plus-minus, and a minus before a number."""
    text = re.sub(r"(^| )\+- ", "\\1\N{PLUS-MINUS SIGN} ", text)
    return re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", text)
