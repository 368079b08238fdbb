"""Responses: named scalars of a member, each a weighted sum of one output over years."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import Variable
from scenarios.spec import Response

F8 = NDArray[np.float64]


@dataclass(frozen=True)
class Functional:
    """A response ready to be applied.

    Attributes
    ----------
    name, output, units, meaning : str
    steps : ndarray, shape (k,), int64
        Time indices it looks at.
    weights : ndarray, shape (k,), float64
    """

    name: str
    output: str
    units: str
    meaning: str
    steps: NDArray[np.int64]
    weights: F8

    def apply(self, values: F8) -> F8:
        """Return the response (l, s) of ``values`` (l, time, s)."""
        total = self.weights[0] * values[:, self.steps[0]]
        for step, weight in zip(self.steps[1:], self.weights[1:], strict=True):
            total += weight * values[:, step]
        return np.asarray(total, dtype=np.float64)


def functional(
    name: str, response: Response, variable: Variable, years: NDArray[np.int64]
) -> Functional:
    """Return the response on a time axis.

    Parameters
    ----------
    name : str
    response : Response
    variable : Variable
        The output it looks at; its dims must be ("time",).
    years : ndarray, shape (T,), int64

    Raises
    ------
    ValueError
        A year outside the run, or an output without a plain time axis.
    """
    if variable.dims != ("time",):
        raise ValueError(f"output {variable.name!r} has dims {variable.dims}; time alone is needed")
    first, last = response.years
    outside = [y for y in (first, last) if y not in years]
    if outside:
        raise ValueError(
            f"year {outside[0]} is not in the run ({years[0]}-{years[-1]}); name a year inside it"
        )
    steps, weights, units = _weights(response, np.flatnonzero((years >= first) & (years <= last)))
    span = f"{first}-{last}" if first != last else str(first)
    meaning = f"{response.verb} of {variable.meaning}, {span}"
    return Functional(name, variable.name, units(variable.units), meaning, steps, weights)


def _weights(
    response: Response, span: NDArray[np.int64]
) -> tuple[NDArray[np.int64], F8, Callable[[str], str]]:
    """Return steps, weights and how units change."""
    count = len(span)
    same = str
    match response.verb:
        case "change":
            return span[[-1, 0]], np.array([1.0, -1.0]), same
        case "mean":
            return span, np.full(count, 1.0 / count), same
        case "sum":
            return span, np.ones(count), lambda units: units.removesuffix(" yr-1")
        case "trend":
            centred = np.arange(count) - (count - 1) / 2
            return span, centred / (centred**2).sum(), lambda units: f"{units} yr-1"
        case _:
            return span, np.ones(1), same
