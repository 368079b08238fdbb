"""Expressions of responses: text to a tree, by recursive descent.

::

    sum      = product {("+" | "-") product}
    product  = factor {("*" | "/") factor}
    factor   = ("+" | "-") factor | power
    power    = atom ["**" factor]                    to the right: 2 ** 3 ** 2 is 2 ** 9
    atom     = number ["[" unit "]"] | name | name "(" sum {"," sum} ")" | "(" sum ")"

A minus binds less than a power: ``-x ** 2`` is ``-(x ** 2)``, as in Python, R and Fortran.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from scenarios.problems import near, shown

FUNCTIONS = {
    "log10": 1, "ln": 1, "log1p": 1, "sqrt": 1, "exp": 1, "abs": 1, "min": 2, "max": 2,
}  # fmt: skip
"""Functions and how many values they take at least; those of two take more."""

OTHER_NAMES = {"log": "ln or log10", "log2": "log10(x) / log10(2)", "pow": "x ** 2"}
"""Functions of other languages that would be read in two ways, or are written otherwise."""

MOST_PARTS = 300
"""Numbers, names and signs: more is no formula of a person, and trees are walked in depth."""

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<unit>\[[^\[\]]*\])"
    r"|(?P<sign>\*\*|[-+*/(),])"
)
_INSTEAD = {
    "^": "** for a power", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-",
    "\N{MULTIPLICATION SIGN}": "*", "\N{MIDDLE DOT}": "*",
    "=": "an expression alone, its name is before the colon",
    "[": "a unit in brackets right after a number: 2 [mg cm-3]",
}  # fmt: skip


class ExpressionError(ValueError):
    """What is wrong with an expression, and at which character of it."""

    def __init__(self, text: str, at: int) -> None:
        self.at = at
        super().__init__(text)


@dataclass(frozen=True)
class Number:
    """A number, with the unit that is said of it; empty for none."""

    value: float
    unit: str
    at: int


@dataclass(frozen=True)
class Name:
    """An output or a response."""

    name: str
    at: int


@dataclass(frozen=True)
class Negative:
    """A value with the other sign."""

    of: "Node"
    at: int


@dataclass(frozen=True)
class Binary:
    """Two values and the sign between them, one of ``+ - * / **``."""

    sign: str
    left: "Node"
    right: "Node"
    at: int


@dataclass(frozen=True)
class Call:
    """A function of values."""

    function: str
    values: tuple["Node", ...]
    at: int


Node = Number | Name | Negative | Binary | Call


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def words(self) -> str:
        return shown(self.text) if self.text else "the end"


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises
    ------
    ExpressionError
        With what was found, what was needed, and where.
    """
    return _Parser(list(_tokens(text))).whole()


def names(node: Node) -> dict[str, int]:
    """Return the outputs and responses of a tree, and where each stands first."""
    found: dict[str, int] = {}
    for one in _walk(node):
        if isinstance(one, Name):
            found.setdefault(one.name, one.at)
    return found


def pointed(text: str, at: int) -> tuple[str, str]:
    """Return an expression and a line with a caret under one of its characters."""
    # A line's end or a tab is one character, as it is counted.
    return re.sub(r"\s", " ", text), f"{' ' * at}^"


def _walk(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Negative):
        yield from _walk(node.of)
    elif isinstance(node, Binary):
        yield from _walk(node.left)
        yield from _walk(node.right)
    elif isinstance(node, Call):
        for value in node.values:
            yield from _walk(value)


def _tokens(text: str) -> Iterator[_Token]:
    at, count = 0, 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            instead = _INSTEAD.get(text[at], "letters, digits, + - * / ** and brackets")
            raise ExpressionError(f"found {shown(text[at])}; needed {instead}", at)
        count += 1
        if count > MOST_PARTS:
            raise ExpressionError(f"has more than {MOST_PARTS} parts; name some of it apart", at)
        yield _Token(str(match.lastgroup), match[0], at)
        at = match.end()
    yield _Token("end", "", len(text))


class _Parser:
    """Tokens on their way to a tree; one look ahead."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.next = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def take(self) -> _Token:
        token = self.token
        self.next += 1
        return token

    def whole(self) -> Node:
        """Return the tree of all tokens."""
        node = self.sum()
        if self.token.kind != "end":
            raise self._unexpected("an operator (+ - * / **) or the end", node)
        return node

    def sum(self) -> Node:
        """Return what ``+`` and ``-`` join."""
        return self._joined(("+", "-"), self.product)

    def product(self) -> Node:
        """Return what ``*`` and ``/`` join."""
        return self._joined(("*", "/"), self.factor)

    def _joined(self, signs: tuple[str, ...], part: Callable[[], Node]) -> Node:
        node = part()
        while self.token.kind == "sign" and self.token.text in signs:
            sign = self.take()
            node = Binary(sign.text, node, part(), sign.at)
        return node

    def factor(self) -> Node:
        """Return a value and the signs before it."""
        if self.token.kind == "sign" and self.token.text in "+-":
            sign = self.take()
            value = self.factor()
            return value if sign.text == "+" else Negative(value, sign.at)
        return self.power()

    def power(self) -> Node:
        """Return a value and its power, if it has one."""
        base = self.atom()
        if self.token.text != "**":
            return base
        sign = self.take()
        return Binary("**", base, self.factor(), sign.at)

    def atom(self) -> Node:
        """Return a number, a name, a function of values, or what is in brackets."""
        token = self.token
        if token.kind == "number":
            return self._number()
        if token.kind == "name":
            self.take()
            return self._call(token) if self.token.text == "(" else Name(token.text, token.at)
        if token.text == "(":
            self.take()
            node = self.sum()
            self._close(token)
            return node
        raise self._unexpected("a number, a name or '('")

    def _number(self) -> Number:
        token = self.take()
        value = float(token.text)
        if not math.isfinite(value):
            raise ExpressionError(f"found {token.words}; needed a finite number", token.at)
        unit = ""
        if self.token.kind == "unit":
            said = self.take()
            unit = said.text[1:-1].strip()
            if not unit:
                raise ExpressionError("found '[]'; needed a unit in it", said.at)
        return Number(value, unit, token.at)

    def _call(self, name: _Token) -> Call:
        if name.text not in FUNCTIONS:
            instead = OTHER_NAMES.get(name.text) or near(name.text, FUNCTIONS)
            meant = f"; needed {instead}" if instead else f"; there are {', '.join(FUNCTIONS)}"
            raise ExpressionError(f"no function {name.words}{meant}", name.at)
        opened = self.take()
        values = [self.sum()]
        while self.token.text == ",":
            self.take()
            values.append(self.sum())
        self._close(opened)
        least = FUNCTIONS[name.text]
        if len(values) < least or (least == 1 and len(values) > 1):
            needed = "one value" if least == 1 else "two values or more"
            raise ExpressionError(f"found {len(values)} of {name.text}; needed {needed}", name.at)
        return Call(name.text, tuple(values), name.at)

    def _close(self, opened: _Token) -> None:
        if self.token.text != ")":
            raise self._unexpected(f"')' for the '(' at character {opened.at + 1}")
        self.take()

    def _unexpected(self, needed: str, before: Node | None = None) -> ExpressionError:
        token = self.token
        if isinstance(before, Number) and token.kind == "name":
            needed += f", such as {before.value:g} * {token.text}"
        return ExpressionError(f"found {token.words}; needed {needed}", token.at)
