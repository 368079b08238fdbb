"""Expressions evaluated for many members at once: trees on arrays.

Every operation is one of numpy's on whole arrays, so a member alone has the bits that it has
among others. What is no finite number, such as the logarithm of 0, is none in all that is made
of it, as it would be were it a response of its own: 1 / (1 / 0) is no 0. Who calls counts it.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from kernels import F8
from scenarios.expressions.grammar import Call, Name, Negative, Node, Number

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log10": np.log10,
    "ln": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
}

SIGNS: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}


def evaluate(node: Node, values: Mapping[str, F8]) -> F8:
    """Return the value of a tree.

    Parameters
    ----------
    node : Node
        As `measure` returns it: no units are left in it.
    values : mapping of str to ndarray
        Arrays of every name, of shapes that go together.
    """
    with np.errstate(all="ignore"):
        return np.asarray(_value(node, values), dtype=np.float64)


def widened(values: F8, missing: int) -> F8:
    """Return values (L, *dims, S) with dimensions of length 1 before theirs."""
    return values.reshape(len(values), *(1,) * missing, *values.shape[1:]) if missing else values


def _number(found: Any) -> Any:
    """Return values, NaN where they are no finite number."""
    there = np.isfinite(found)
    return found if there.all() else np.where(there, found, np.nan)


def _value(node: Node, values: Mapping[str, F8]) -> Any:
    if isinstance(node, Number):
        return np.float64(node.value)
    if isinstance(node, Name):
        return values[node.name]
    if isinstance(node, Negative):
        return -_value(node.of, values)
    if isinstance(node, Call):
        several = [_value(one, values) for one in node.values]
        function = FUNCTIONS[node.function]
        return _number(function(*several) if len(several) == 1 else reduce(function, several))
    left, right = _value(node.left, values), _value(node.right, values)
    found = _number(SIGNS[node.sign](left, right))
    # Of what is no number, its power 0 is none either; to IEEE it is 1.
    return np.where(np.isnan(left), np.nan, found) if node.sign == "**" else found
