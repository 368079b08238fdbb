"""How the cells of a table are set: numbers right and with signs that print, words left."""

import re

from ensemble.tables.responses import Table

SHORT = 24
"""Characters of a cell that is never broken."""


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
