"""Costs: how far the layers of a member are from what was observed at its location."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ensemble.members.responses.layers import overlap
from kernels import F8, I8, Coordinate, Variable
from scenarios import nearest
from scenarios.forcing import Observed
from scenarios.sections import CostOf
from scenarios.units import factor


class Unanswered(ValueError):
    """A response that the run cannot answer; ``below`` is its place below the response."""

    def __init__(self, text: str, below: str = "") -> None:
        self.below = below
        super().__init__(text)


@dataclass(frozen=True)
class Data:
    """What responses are checked against: the run's years, layers and observations."""

    years: I8
    coords: Mapping[str, Coordinate]
    observations: Sequence[Mapping[str, Observed]]
    locations: Sequence[str]


@dataclass(frozen=True)
class Cost:
    """A sum of squared differences from observations, in standard errors.

    Attributes
    ----------
    name, output, units, meaning : str
    weights : ndarray, shape (F, L, n, k), float64
        Of the k layers in the mean over each observed interval.
    observed, per_error : ndarray, shape (F, L, n), float64
        Values, and one over their standard errors; both 0 where there is no term.
    notes : tuple of (int, str)
        Forcing and what became of observations that have no term.
    """

    name: str
    output: str
    units: str
    meaning: str
    weights: F8
    observed: F8
    per_error: F8
    notes: tuple[tuple[int, str], ...] = ()

    @property
    def may_be_undefined(self) -> bool:
        """Return whether a member that ran may have no finite number."""
        return False

    def apply(self, values: F8, forcing: int, locations: slice) -> F8:
        """Return the cost (l, s) of ``values`` (l, k, s) at those locations.

        Notes
        -----
        A matrix product would be one line, but BLAS adds in an order that depends on the
        number of samples, and a member run alone must have the same bits. Here every layer
        adds to all members at once, the shallowest first; layers without weight are skipped,
        which changes no bit, for adding 0 does not.
        """
        weights = self.weights[forcing, locations]
        observed = self.observed[forcing, locations]
        per_error = self.per_error[forcing, locations]
        total = np.zeros((values.shape[0], values.shape[-1]))
        for i in np.flatnonzero(per_error.any(axis=0)):
            modelled = np.zeros_like(total)
            for k in np.flatnonzero(weights[:, i].any(axis=0)):
                weight = weights[:, i, k, None]
                # A layer that is nothing to one location may be NaN there.
                modelled += np.where(weight > 0.0, weight * values[:, k], 0.0)
            total += ((observed[:, i, None] - modelled) * per_error[:, i, None]) ** 2
        return total


def cost_of(name: str, asked: CostOf, variable: Variable, data: Data) -> Cost:
    """Return the cost of an output against what every forcing's locations observed.

    Raises
    ------
    Unanswered
        No such observation, another unit, no layers, values that have no error.
    """
    observed_names = sorted(set().union(*data.observations)) if data.observations else []
    if asked.observed not in observed_names:
        hint = (
            nearest(asked.observed, observed_names)
            or "; the forcing's reader brings no observations"
        )
        raise Unanswered(f"nothing is observed as {asked.observed!r}{hint}", ".cost.observed")
    bounds = bounds_of(variable, data, ".cost")
    parts = [
        _part(asked, by_name[asked.observed], variable, bounds) for by_name in data.observations
    ]
    weights, observed, per_error = (np.stack(arrays) for arrays in zip(*parts, strict=True))
    notes = tuple(
        (f, note)
        for f, by_name in enumerate(data.observations)
        for note in _notes(by_name[asked.observed], per_error[f], bounds, data.locations)
    )
    error = f"relative error {asked.relative_error:g}" if asked.relative_error else "own errors"
    meaning = f"cost of {variable.meaning} against {asked.observed!r} as observed, {error}"
    return Cost(name, variable.name, "1", meaning, weights, observed, per_error, notes)


def _part(asked: CostOf, seen: Observed, variable: Variable, bounds: F8) -> tuple[F8, F8, F8]:
    """Return weights (L, n, k), values and one over errors (L, n) of one forcing."""
    try:
        scale = factor(seen.units, variable.units)
    except ValueError as error:
        text = f"output {variable.name!r} is in {variable.units!r} and {error}"
        raise Unanswered(text, ".cost.observed") from error
    weights = overlap(bounds, seen.top, seen.bottom)
    values = seen.values * scale
    term = np.isfinite(values) & weights.any(axis=-1)
    errors, advice = _errors(asked, seen, values, scale)
    if not (errors[term] > 0).all():
        raise Unanswered(f"{asked.observed!r}: {advice}", ".cost")
    per_error = np.divide(1.0, errors, out=np.zeros_like(values), where=term)
    return np.where(term[..., None], weights, 0.0), np.where(term, values, 0.0), per_error


def _errors(asked: CostOf, seen: Observed, values: F8, scale: float) -> tuple[F8, str]:
    """Return standard errors (L, n) in the unit of values, and what to say of one that is not > 0.

    Errors of the observation itself are in its own unit, ``scale`` of that of values.
    """
    if asked.relative_error is not None:
        advice = "0 is observed, of which there is no relative error; leave that layer out"
        return asked.relative_error * np.abs(values), advice
    if seen.error is None:
        text = f"{asked.observed!r} has no errors of its own; say relative_error: 0.1"
        raise Unanswered(text, ".cost")
    return seen.error * abs(scale), "an observation has no error above 0; say relative_error: 0.1"


def _notes(seen: Observed, per_error: F8, bounds: F8, locations: Sequence[str]) -> Iterator[str]:
    """Yield a line for every location of which something has no term, or nothing is observed."""
    span = f"{bounds[0, 0]:g}-{bounds[-1, 1]:g} cm"
    for place, location in enumerate(locations):
        here = np.isfinite(seen.values[place])
        lost = np.flatnonzero(here & (per_error[place] == 0))
        if not here.any():
            yield f"location {location!r}: nothing is observed; its cost is 0"
        elif len(lost):
            said = ", ".join(f"{seen.top[place, i]:g}-{seen.bottom[place, i]:g}" for i in lost)
            yield (
                f"location {location!r}: {len(lost)} of {here.sum()} observations ({said} cm) "
                f"have no term, for less than half of each is in the model's {span}"
            )


def bounds_of(variable: Variable, data: Data, below: str) -> F8:
    """Return the layers that an output is on, (k, 2), cm."""
    found = ", ".join(variable.dims) or "none"
    own = data.coords.get(variable.dims[0]) if len(variable.dims) == 1 else None
    if own is None or own.bounds is None:
        needed = "needed an output on layers with bounds alone"
        raise Unanswered(f"output {variable.name!r} has dimensions ({found}); {needed}", below)
    try:
        return own.bounds * factor(own.units, "cm")
    except ValueError as error:
        text = f"dimension {variable.dims[0]!r} of output {variable.name!r} is no depth: {error}"
        raise Unanswered(text, below) from error


def layer_at(depth: float, variable: Variable, data: Data) -> tuple[int, str]:
    """Return the layer that holds a depth (cm), and its span for people."""
    bounds = bounds_of(variable, data, ".layer")
    inside = (bounds[:, 0] <= depth) & (depth < bounds[:, 1])
    inside[-1] |= depth == bounds[-1, 1]
    if not inside.any():
        span = f"{bounds[0, 0]:g} to {bounds[-1, 1]:g} cm"
        raise Unanswered(f"found {depth:g} cm; needed a depth in the layers, {span}", ".layer")
    index = int(np.flatnonzero(inside)[0])
    return index, f"{bounds[index, 0]:g}-{bounds[index, 1]:g} cm"
