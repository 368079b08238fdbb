"""Units and dimensions of an expression: what every part of a tree is, or why it is nothing.

What is added, or of which the larger is taken, is in one unit: the first's, into which others
are converted. A logarithm of what has a unit says so, ``log10(mg cm-3)``, and is then compared
with its like alone; the difference of two is a plain number, but of ``log1p``, where 1 is one of
the unit. Degrees have differences, in K, and a larger one; all else needs K.
"""

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from scenarios import units
from scenarios.expressions.grammar import (
    FUNCTIONS,
    Binary,
    Call,
    ExpressionError,
    Name,
    Negative,
    Node,
    Number,
)
from scenarios.expressions.unit_algebra import (
    DIFFERENCES,
    has_offset,
    is_plain,
    product,
    to_power,
)
from scenarios.problems import nearest
from scenarios.unit_text import parse
from scenarios.units import labelled

LOGARITHMS = ("log10", "ln", "log1p")

RATIOS = ("log10", "ln")
"""Logarithms whose difference is that of a ratio, whatever the unit; 0 of them is 1 of it."""

POSITIVE = {"log10": 0.0, "ln": 0.0, "log1p": -1.0}
"""Functions, and what their value must be above; a root's must not be below 0."""

MOST_ROOT = 1000
"""Of powers of what has a unit; a power that is no quotient of such numbers leaves no unit."""


@dataclass(frozen=True)
class Quantity:
    """What a value is.

    Attributes
    ----------
    dims : tuple of str
        Between location and sample; none for a number of a member.
    units : str
    of : str
        The function whose argument had a unit, which ``units`` names: ``log10``; else empty.
    value : float, optional
        Of a constant.
    """

    dims: tuple[str, ...] = ()
    units: str = "1"
    of: str = ""
    value: float | None = None


@dataclass(frozen=True)
class Measured:
    """An expression that has a meaning.

    Attributes
    ----------
    tree : Node
        With numbers that convert between units put in, and no units left in it.
    quantity : Quantity
    """

    tree: Node
    quantity: Quantity


def measure(node: Node, known: Mapping[str, Quantity]) -> Measured:
    """Return what an expression is.

    Parameters
    ----------
    node : Node
    known : mapping of str to Quantity
        Every output and response that it may name.

    Raises
    ------
    ExpressionErrors
        Every part that has no meaning.
    """
    walk = _Walk(known)
    found = walk.of(node)
    if found is None or walk.faults:
        raise ExpressionErrors(walk.faults)
    return Measured(*found)


def transformed(function: str, quantity: Quantity) -> Quantity:
    """Return what a function of one value is; raises `ExpressionErrors` where it is nothing."""
    tree = Call(function, (Name("value", 0),), 0)
    return measure(tree, {"value": quantity}).quantity


class ExpressionErrors(ValueError):
    """Every fault of an expression, each with its place."""

    def __init__(self, faults: list[ExpressionError]) -> None:
        self.faults = faults
        super().__init__("; ".join(map(str, faults)))


_ARITHMETIC = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow,
}  # fmt: skip

Found = tuple[Node, Quantity] | None
"""A part and what it is; None where that is told already."""


class _Walk:
    """A walk of a tree, with what was found wrong on the way."""

    def __init__(self, known: Mapping[str, Quantity]) -> None:
        self.known = known
        self.faults: list[ExpressionError] = []

    def fault(self, text: str, at: int) -> None:
        self.faults.append(ExpressionError(text, at))

    def of(self, node: Node) -> Found:
        """Return a part as it is evaluated, and what it is."""
        if isinstance(node, Number):
            return self._number(node)
        if isinstance(node, Name):
            if node.name not in self.known:
                hint = nearest(node.name, self.known)
                self.fault(f"no output or response {node.name!r}{hint}", node.at)
                return None
            return node, self.known[node.name]
        if isinstance(node, Negative):
            return self._negative(node)
        if isinstance(node, Call):
            return self._call(node)
        both = self.of(node.left), self.of(node.right)
        if both[0] is None or both[1] is None:
            return None
        return self._binary(node, both[0], both[1])

    def _number(self, node: Number) -> Found:
        unit = node.unit or "1"
        if node.unit and not units.readable(unit):
            self.fault(_unknown(unit), node.at)
            return None
        return Number(node.value, "", node.at), Quantity((), unit, "", node.value)

    def _negative(self, node: Negative) -> Found:
        below = self.of(node.of)
        if below is None:
            return None
        tree, one = below
        if one.of in LOGARITHMS:
            self.fault(f"found - before {_words(one)}; needed the inverse inside of it", node.at)
            return None
        value = None if one.value is None else -one.value
        if value is None and not self._has_zero(one, "found - before", node.at):
            return None
        return Negative(tree, node.at), Quantity(one.dims, one.units, one.of, value)

    def _binary(self, node: Binary, left: tuple[Node, Quantity],
                right: tuple[Node, Quantity]) -> Found:  # fmt: skip
        if node.sign in "+-":
            return self._sum(node, left, right)
        if node.sign == "**":
            return self._power(node, left, right)
        dims = self._dims([left[1], right[1]], node.at)
        for _, one in (left, right):
            if not self._is_simple(one, f"found {node.sign} and", node.at):
                return None
        if dims is None:
            return None
        if node.sign == "/" and _constant(node.right) == 0:
            self.fault("found a division by 0; needed another number", node.at)
            return None
        power = 1 if node.sign == "*" else -1
        unit = product(left[1].units, right[1].units, power)
        return Binary(node.sign, left[0], right[0], node.at), Quantity(dims, unit)

    def _sum(self, node: Binary, left: tuple[Node, Quantity],
             right: tuple[Node, Quantity]) -> Found:  # fmt: skip
        dims = self._dims([left[1], right[1]], node.at)
        logarithms = [one.of in LOGARITHMS for _, one in (left, right)]
        if any(logarithms):
            if node.sign == "-" and left[1].of in RATIOS and _alike(left[1], right[1]):
                tree = Binary("-", left[0], right[0], node.at)
                return None if dims is None else (tree, Quantity(dims))
            said = f"found {_words(left[1])} {node.sign} {_words(right[1])}"
            self.fault(f"{said}; needed the same operation inside of one logarithm", node.at)
            return None
        pair = self._in_one_unit([left, right], node.at, node.sign)
        if pair is None or dims is None:
            return None
        trees, unit = pair
        if has_offset(unit) and not (left[1].of or right[1].of):
            # Degrees have a difference, which is in K, and no sum.
            if node.sign == "+" or unit not in DIFFERENCES:
                what = "sum" if node.sign == "+" else "difference"
                self.fault(f"found a {what} of {unit}; needed K", node.at)
                return None
            unit = DIFFERENCES[unit]
        of = left[1].of or right[1].of
        return Binary(node.sign, trees[0], trees[1], node.at), Quantity(dims, unit, of)

    def _power(self, node: Binary, base: tuple[Node, Quantity],
               exponent: tuple[Node, Quantity]) -> Found:  # fmt: skip
        power = _constant(node.right)
        if power is None or exponent[1].units != "1":
            self.fault("found a power that is not a plain number; needed x ** 2", node.at)
            return None
        if not self._is_simple(base[1], "found a power of", node.at):
            return None
        try:
            unit = "1" if is_plain(base[1].units) else to_power(base[1].units, _exactly(power))
        except ValueError as error:
            self.fault(f"{error}; needed a whole power, or a plain number", node.at)
            return None
        tree = Binary("**", base[0], Number(power, "", node.right.at), node.at)
        return tree, Quantity(base[1].dims, unit)

    def _call(self, node: Call) -> Found:
        below = [self.of(value) for value in node.values]
        found = [one for one in below if one is not None]
        if len(found) < len(below):
            return None
        if FUNCTIONS[node.function] > 1:
            return self._extreme(node, found)
        ((tree, one),) = found
        if node.function == "abs":
            if one.of in LOGARITHMS:
                self.fault(f"found abs of {_words(one)}; needed a difference of two", node.at)
                return None
            if not self._has_zero(one, "found abs of", node.at):
                return None
            return Call("abs", (tree,), node.at), Quantity(one.dims, one.units, one.of)
        if not self._is_simple(one, f"found {node.function} of", node.at):
            return None
        if node.function == "exp":
            return self._exponential(node, tree, one)
        value, least = _constant(node.values[0]), POSITIVE.get(node.function)
        if value is not None and (value < 0 if least is None else value <= least):
            self.fault(f"found {node.function} of {value:g}, which is no finite number", node.at)
            return None
        return Call(node.function, (tree,), node.at), self._wrapped(node.function, one)

    def _wrapped(self, function: str, one: Quantity) -> Quantity:
        """Return what a logarithm or a root is."""
        if is_plain(one.units):
            return Quantity(one.dims)
        if function == "sqrt":
            try:
                return Quantity(one.dims, to_power(one.units, Fraction(1, 2)))
            except ValueError:
                pass
        return Quantity(one.dims, f"{function}({one.units})", function)

    def _exponential(self, node: Call, tree: Node, one: Quantity) -> Found:
        try:
            scale = units.factor(one.units, "1")
        except ValueError:
            text = f"found exp of {_words(one)}; needed a plain number: divide it by something"
            self.fault(f"{text} of its unit", node.at)
            return None
        return Call("exp", (_scaled(tree, scale),), node.at), Quantity(one.dims)

    def _extreme(self, node: Call, found: list[tuple[Node, Quantity]]) -> Found:
        dims = self._dims([one for _, one in found], node.at)
        pair = self._in_one_unit(found, node.at, node.function)
        if pair is None or dims is None:
            return None
        trees, unit = pair
        of = next((one.of for _, one in found if one.of), "")
        return Call(node.function, tuple(trees), node.at), Quantity(dims, unit, of)

    def _in_one_unit(
        self, found: list[tuple[Node, Quantity]], at: int, sign: str
    ) -> tuple[list[Node], str] | None:
        """Return values in the unit of the first that has one: 0 is 0 in any unit."""
        first = next((one for _, one in found if one.value != 0 or one.units != "1"), found[0][1])
        trees = []
        for tree, one in found:
            if one.value == 0 and one.units == "1" and _zero_is_nothing(first):
                trees.append(tree)
                continue
            try:
                scale = 1.0 if _alike(one, first) else self._factor(one, first)
            except ValueError as error:
                said = f"found {_words(first)} {sign} {_words(one)}"
                more = ""
                if one.value is not None and one.units == "1" and not first.of:
                    more = f"; say its unit: {one.value:g} [{first.units}]"
                self.fault(f"{said}: {error}{more}", at)
                return None
            trees.append(_scaled(tree, scale))
        return trees, first.units

    @staticmethod
    def _factor(one: Quantity, first: Quantity) -> float:
        if one.of or first.of:
            raise ValueError("needed the same function of one unit")
        return units.factor(one.units, first.units)

    def _is_simple(self, one: Quantity, said: str, at: int) -> bool:
        """Return whether a value is in a unit of which products and functions have a meaning."""
        if one.of:
            self.fault(f"{said} {_words(one)}; needed a plain number or a unit", at)
            return False
        return self._has_zero(one, said, at)

    def _has_zero(self, one: Quantity, said: str, at: int) -> bool:
        """Return whether 0 of a value is nothing; tell where it is not, as in degC."""
        if has_offset_of(one):
            self.fault(f"{said} {_words(one)}, whose zero is not nothing; needed K", at)
            return False
        return True

    def _dims(self, several: list[Quantity], at: int) -> tuple[str, ...] | None:
        """Return the dimensions of values together; those without the first ones go with all."""
        different = list(dict.fromkeys(one.dims for one in several if one.dims))
        most = max(different, key=len, default=())
        # Respiration of several models stands beside the NPP that all of them have.
        if any(dims != most[len(most) - len(dims) :] for dims in different):
            listed = " and ".join(f"({', '.join(dims)})" for dims in different)
            self.fault(f"found dimensions {listed}; needed values along the same", at)
            return None
        return most


def has_offset_of(one: Quantity) -> bool:
    """Return whether a value is in degrees whose zero is not nothing."""
    return not one.of and has_offset(one.units)


def _zero_is_nothing(one: Quantity) -> bool:
    """Return whether 0 means one thing in every unit of a value: not in degrees or logarithms."""
    return one.of not in RATIOS and not has_offset_of(one)


def _unknown(unit: str) -> str:
    """Return why a text is no unit."""
    try:
        parse(unit)
    except ValueError as error:
        return str(error)
    return f"{unit!r} is no unit that is known"


def _alike(one: Quantity, other: Quantity) -> bool:
    """Return whether two values are the same function, or none, of one unit."""
    if one.of != other.of:
        return False
    inside = [units_.removeprefix(f"{one.of}(").removesuffix(")") if one.of else units_
              for units_ in (one.units, other.units)]  # fmt: skip
    return units.same(*inside)


def _words(one: Quantity) -> str:
    """Return what a value is, for people."""
    if one.value is not None:
        return labelled(f"{one.value:g}", one.units)
    return "a plain number" if one.units == "1" else f"{one.units!r}"


def _constant(node: Node) -> float | None:
    """Return the value of a tree of numbers alone; None if it is none, or no finite number."""
    if isinstance(node, Number):
        return None if node.unit else node.value
    if isinstance(node, Negative):
        below = _constant(node.of)
        return None if below is None else -below
    if not isinstance(node, Binary):
        return None
    left, right = _constant(node.left), _constant(node.right)
    if left is None or right is None:
        return None
    try:
        value = _ARITHMETIC[node.sign](left, right)
    except (ArithmeticError, ValueError):
        return None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _exactly(power: float) -> Fraction:
    """Return a power as a quotient of small numbers: 1 / 3 is one, 0.333 is another than that."""
    near = Fraction(power).limit_denominator(MOST_ROOT)
    # Of a number of the grammar, whose last bit is rounding.
    return near if math.isclose(power, near, rel_tol=1e-15) else Fraction(power)


def _scaled(tree: Node, scale: float) -> Node:
    """Return a tree in another unit; unchanged where a factor is 1."""
    if scale == 1.0:
        return tree
    if isinstance(tree, Number):
        return Number(tree.value * scale, "", tree.at)
    return Binary("*", tree, Number(scale, "", tree.at), tree.at)
