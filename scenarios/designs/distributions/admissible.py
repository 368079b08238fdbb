"""The range of a parameter that the forcings of a scenario admit, and the kernel's own.

Random designs are cut at the first; the others are checked against both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels import F8
from scenarios.designs._contract import Context
from scenarios.units import labelled


def describe_admissible(context: Context, name: str, *, by_location: bool) -> dict[str, Any]:
    """Return the admissible range of a parameter as it is used, JSON-able."""
    ends = admissible(context, name, by_location=by_location)
    described: dict[str, Any] = {}
    for side, bound in zip(("lower", "upper"), ends, strict=True):
        finite = bound[np.isfinite(bound)]
        if not finite.size:
            continue
        range_ = {"least": float(finite.min()), "most": float(finite.max())}
        described[side] = range_ | {"locations": len(finite)} if len(bound) > 1 else range_["most"]
    return described


def describe_all(context: Context, names: Iterable[str]) -> dict[str, Any]:
    """Return the admissible range of every parameter that has one."""
    described = {name: describe_admissible(context, name, by_location=False) for name in names}
    return {name: bounds for name, bounds in described.items() if bounds}


def admissible(context: Context, name: str, *, by_location: bool) -> tuple[F8, F8]:
    """Return the admissible range in kernel units, (1, 1), or (L, 1) ``by_location``.

    A parameter that is the same everywhere must suit every location: the tightest range.
    NaN (a location that says nothing) is no bound.
    """
    lower = np.asarray(context.lower.get(name, np.array([-np.inf])), dtype=np.float64)
    upper = np.asarray(context.upper.get(name, np.array([np.inf])), dtype=np.float64)
    lower = np.where(np.isnan(lower), -np.inf, lower).reshape(-1, 1)
    upper = np.where(np.isnan(upper), np.inf, upper).reshape(-1, 1)
    if by_location:
        return lower, upper
    return lower.max(axis=0, keepdims=True), upper.min(axis=0, keepdims=True)


@dataclass(frozen=True)
class Excess:
    """A value that no run could use.

    Attributes
    ----------
    row : int
        The first such one.
    text : str
        What was found and what the bound is.
    bound : str
        The words of a distribution that keep to every location's bound.
    """

    row: int
    text: str
    bound: str

    def mended(self, distribution: object) -> str:
        """Return the text with what to do to the distribution, or to the lack of one."""
        if distribution is None:
            return f"{self.text}; give it a distribution of its own, with '{self.bound}'"
        return f"{self.text}; add '{self.bound}'"


def excesses(name: str, values: F8, context: Context) -> Iterator[Excess]:
    """Yield the first value beyond each bound of the kernel's table and of the forcings.

    Parameters
    ----------
    name : str
        Of a parameter of the kernel.
    values : ndarray, shape (1 or L, n), kernel units
    context : Context
    """
    parameter = context.parameters[name]
    lower, upper = admissible(context, name, by_location=True)
    limits = (
        ("lower", np.array([[parameter.lower]]), "the kernel's bound"),
        ("upper", np.array([[parameter.upper]]), "the kernel's bound"),
        ("lower", lower, "the bound that the forcings admit"),
        ("upper", upper, "the bound that the forcings admit"),
    )
    for side, bound, owner in limits:
        below = side == "lower"
        bad = values < bound if below else values > bound
        if not bad.any():
            continue
        row = int(np.flatnonzero(bad.any(axis=0))[0])
        place = int(np.flatnonzero(bad[:, row])[0])
        value = float(np.broadcast_to(values, bad.shape)[place, row])
        limit = float(np.broadcast_to(bound, bad.shape)[place, row])
        at = f" at location {place}" if len(bad) > 1 else ""
        text = (
            f"{name} is {labelled(repr(value), parameter.units)}{at}, "
            f"{'below' if below else 'above'} {owner}, {labelled(repr(limit), parameter.units)}"
        )
        tightest = float(bound.max() if below else bound.min())
        yield Excess(row, text, f"{side}: {tightest!r}")
