"""Observed values and what of the model stands beside each: layers of a depth, steps of a date.

Costs and metrics are made of the same pairs, so that none compares what another leaves out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ensemble.members.in_time import DAYS
from ensemble.members.responses.layers import overlap
from kernels import F8, I8, Coordinate, Variable, compiled
from scenarios import nearest
from scenarios.forcing import Observed
from scenarios.units import factor, readable

TIME = "time"


class Unanswered(ValueError):
    """A response that the run cannot answer; ``below`` is its place below the response."""

    def __init__(self, text: str, below: str = "") -> None:
        self.below = below
        super().__init__(text)


@dataclass(frozen=True)
class Data:
    """What responses are checked against: the run's steps, layers and observations."""

    years: I8
    coords: Mapping[str, Coordinate]
    observations: Sequence[Mapping[str, Observed]]
    locations: Sequence[str]
    days: I8 = field(default_factory=lambda: np.zeros(0, np.int64))


@compiled
def means_of_layers(values, there, weights, found):  # type: ignore[no-untyped-def]
    """Fill the means over layers beside every observation of some locations; see `Pairs.each`.

    Parameters
    ----------
    values : ndarray, shape (l, k, s)
    there : ndarray, shape (l, n), bool
    weights : ndarray, shape (l, n, k)
    found : ndarray, shape (l, n, s)
    """
    for at in range(len(there)):
        for i in range(there.shape[1]):
            if there[at, i]:
                mean = found[at, i]
                mean[:] = 0.0
                for k in range(weights.shape[2]):
                    weight = weights[at, i, k]
                    if weight > 0.0:
                        for s in range(len(mean)):
                            mean[s] += weight * values[at, k, s]


@dataclass(frozen=True)
class Pairs:
    """What is compared with what, at every location under every forcing.

    Attributes
    ----------
    observed : ndarray, shape (F, L, n), float64
        In the unit of the output; 0 where there is no pair.
    there : ndarray, shape (F, L, n), bool
    weights : ndarray, shape (F, L, n, k), float64, or None
        Of the k layers in the mean over each observed interval; None of an output without layers.
    steps : ndarray, shape (F, L, n, 2), int64, or None
        First step of each value's time, and the one after its last; None of one without time.
    dims : tuple of str
        Of the output.
    notes : tuple of (int, str)
        Forcing and what became of observations that have no pair.
    """

    observed: F8
    there: NDArray[np.bool_]
    weights: F8 | None
    steps: I8 | None
    dims: tuple[str, ...]
    notes: tuple[tuple[int, str], ...] = ()

    def at(self, forcings: I8, locations: I8, keep: NDArray[np.bool_] | None = None) -> "Pairs":
        """Return the pairs of places, one forcing and location each, as those of one forcing.

        Parameters
        ----------
        forcings, locations : ndarray, shape (p,), int64
        keep : ndarray, shape (p, n), bool, optional
            Which of them are to stay.
        """
        there = self.there[forcings, locations]
        there = there if keep is None else there & keep
        return replace(
            self,
            observed=self.observed[forcings, locations][None],
            there=there[None],
            weights=None if self.weights is None else self.weights[forcings, locations][None],
            steps=None if self.steps is None else self.steps[forcings, locations][None],
            notes=(),
        )

    def modelled(self, values: F8, forcing: int, locations: slice) -> F8:
        """Return what is modelled beside each observation, (l, n, s); NaN where there is none."""
        found = np.full((values.shape[0], self.there.shape[-1], values.shape[-1]), np.nan)
        if self.steps is None and self.weights is not None:
            there, weights = self.there[forcing, locations], self.weights[forcing, locations]
            means_of_layers(np.ascontiguousarray(values), there, weights, found)
            return found
        for i, modelled in self.each(values, forcing, locations):
            found[:, i] = np.where(self.there[forcing, locations, i][:, None], modelled, np.nan)
        return found

    def each(self, values: F8, forcing: int, locations: slice) -> Iterator[tuple[int, F8]]:
        """Yield each observation and what is modelled, (l, s), of ``values`` (l, *dims, s).

        Notes
        -----
        A matrix product would be one line, but BLAS adds in an order that depends on the
        number of samples, and a member run alone must have the same bits. Here every layer
        and every step adds to all members at once, the shallowest and the first before the
        others; layers without weight are skipped, which changes no bit, for adding 0 does not.
        """
        there = self.there[forcing, locations]
        for i in np.flatnonzero(there.any(axis=0)).tolist():
            at_time = self._at_time(values, forcing, locations, i)
            yield i, self._at_depth(at_time, forcing, locations, i)

    def _at_time(self, values: F8, forcing: int, locations: slice, i: int) -> F8:
        """Return means over the steps of one observation, (l, [k], s)."""
        if self.steps is None:
            return values
        first, last = self.steps[forcing, locations, i].T
        along = np.moveaxis(values, 1 + self.dims.index(TIME), 1)
        total = np.zeros((len(along), *along.shape[2:]))
        for t in range(int((last - first).max(initial=0))):
            more = np.flatnonzero(first + t < last)
            total[more] += along[more, first[more] + t]
        count = np.maximum(last - first, 1).astype(np.float64)
        return np.asarray(total / count.reshape(-1, *(1,) * (total.ndim - 1)))

    def _at_depth(self, values: F8, forcing: int, locations: slice, i: int) -> F8:
        """Return means over the layers of one observation, (l, s)."""
        if self.weights is None:
            return np.asarray(values, dtype=np.float64)
        weights = self.weights[forcing, locations, i]
        modelled = np.zeros((values.shape[0], values.shape[-1]))
        for k in np.flatnonzero(weights.any(axis=0)):
            weight = weights[:, k, None]
            # A layer that is nothing to one location may be NaN there.
            modelled += np.where(weight > 0.0, weight * values[:, k], 0.0)
        return modelled


def pairs_of(
    observed: str, years: tuple[int, int] | None, variable: Variable, data: Data, verb: str
) -> Pairs:
    """Return what an output is compared with.

    Parameters
    ----------
    observed : str
        An observation of the forcings' readers.
    years : tuple of int, optional
        First and last year that values without a date are compared with the mean of.
    variable : Variable
        The output, or what stands for one.
    data : Data
    verb : str
        ``cost`` or ``metric``, for messages.

    Raises
    ------
    Unanswered
        No such observation, another unit, no depth or date where the output has one.
    """
    below = f".{verb}"
    names = sorted(set().union(*data.observations)) if data.observations else []
    if observed not in names:
        hint = nearest(observed, names) or "; the forcing's reader brings no observations"
        raise Unanswered(f"nothing is observed as {observed!r}{hint}", f"{below}.observed")
    several = [by_name[observed] for by_name in data.observations]
    bounds = _bounds(observed, several[0], variable, data, below)
    try:
        scale = factor(several[0].units, variable.units)
    except ValueError as error:
        text = f"output {variable.name!r} is in {variable.units!r} and {error}"
        if not readable(variable.units):
            # A logarithm, or a root, of what has a unit.
            text = f"found values in {variable.units!r}; needed what is observed, {observed!r} in "
            text += f"{several[0].units!r}, itself"
            text += "; residual: log compares logarithms" if verb == "cost" else ""
        raise Unanswered(text, f"{below}.observed") from error
    steps = _steps(observed, several, years, variable, data, below)
    values = np.stack([seen.values * scale for seen in several])
    there = np.isfinite(values)
    weights = None
    if bounds is not None:
        weights = np.stack([_overlap(bounds, seen) for seen in several])
        there &= weights.any(axis=-1)
        weights = np.where(there[..., None], weights, 0.0)
    notes = tuple(
        (f, note)
        for f, seen in enumerate(several)
        for note in _notes(seen, there[f], bounds, data.locations, verb)
    )
    return Pairs(np.where(there, values, 0.0), there, weights, steps, variable.dims, notes)


def scale_of(observed: str, variable: Variable, data: Data) -> float:
    """Return what observed values are multiplied by to be in the unit of an output."""
    return factor(data.observations[0][observed].units, variable.units)


def _overlap(bounds: F8, seen: Observed) -> F8:
    assert seen.top is not None
    assert seen.bottom is not None
    return overlap(bounds, seen.top, seen.bottom)


def _bounds(observed: str, seen: Observed, variable: Variable, data: Data, below: str) -> F8 | None:
    """Return the layers of an output that is observed by depth, cm; None where neither has any."""
    rest = tuple(dim for dim in variable.dims if dim != TIME)
    if seen.has_depth:
        if not rest:
            found = ", ".join(variable.dims) or "none"
            text = f"output {variable.name!r} has dimensions ({found}); needed an output with"
            raise Unanswered(f"{text} layers, as {observed!r} is observed by depth", below)
        return bounds_of(variable, data, below)
    if rest:
        text = f"output {variable.name!r} is along {', '.join(rest)}, and {observed!r} is observed"
        raise Unanswered(f"{text} without depth; needed an output without layers", below)
    return None


def bounds_of(variable: Variable, data: Data, below: str) -> F8:
    """Return the layers that an output is on, (k, 2), cm."""
    found = ", ".join(variable.dims) or "none"
    rest = (
        tuple(dim for dim in variable.dims if dim != TIME) if below != ".layer" else variable.dims
    )
    own = data.coords.get(rest[0]) if len(rest) == 1 else None
    if own is None or own.bounds is None:
        needed = "needed an output on layers with bounds alone"
        raise Unanswered(f"output {variable.name!r} has dimensions ({found}); {needed}", below)
    try:
        return own.bounds * factor(own.units, "cm")
    except ValueError as error:
        text = f"dimension {rest[0]!r} of output {variable.name!r} is no depth: {error}"
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


def _steps(
    observed: str,
    several: Sequence[Observed],
    years: tuple[int, int] | None,
    variable: Variable,
    data: Data,
    below: str,
) -> I8 | None:
    """Return the steps that each value is compared with the mean of; None without time."""
    dated = any(seen.has_time for seen in several)
    if dated and years is not None:
        text = f"{observed!r} has dates of its own; leave years: out"
        raise Unanswered(text, f"{below}.years")
    if TIME not in variable.dims:
        if dated:
            text = f"{observed!r} has dates and output {variable.name!r} no time; leave them out"
            raise Unanswered(text, f"{below}.observed")
        if years is not None:
            text = f"output {variable.name!r} has no time; leave years: out"
            raise Unanswered(text, f"{below}.years")
        return None
    if dated:
        return np.stack([dated_steps(seen, data.years, data.days)[0] for seen in several])
    if years is None:
        text = f"output {variable.name!r} has a time and {observed!r} no dates; needed years: "
        raise Unanswered(f"{text}[first, last], over which the mean is compared", below)
    inside = np.flatnonzero((data.years >= years[0]) & (data.years <= years[1]))
    if missing := [y for y in years if y not in data.years]:
        span = f"{data.years[0]}-{data.years[-1]}"
        text = f"year {missing[0]} is not in the run ({span}); name a year inside it"
        raise Unanswered(text, f"{below}.years")
    return np.broadcast_to(
        np.array([inside[0], inside[-1] + 1]), (len(several), *several[0].values.shape, 2)
    )


def dated_steps(seen: Observed, years: I8, days: I8) -> tuple[I8, NDArray[np.bool_]]:
    """Return first and past-last step of each value's date, (L, n, 2), and which are in the run.

    A year is all of its steps, a month all of its days, a day is one. Of a year or a month that
    the run has not whole, or of a value that is not there, there are no steps.
    """
    shape = seen.values.shape
    unknown = np.full(shape, np.nan)
    year, month, day = (
        unknown if part is None else part for part in (seen.year, seen.month, seen.day)
    )
    first_of = np.concatenate([[0], np.cumsum(DAYS)])
    steps = np.zeros((*shape, 2), np.int64)
    inside = np.zeros(shape, np.bool_)
    for at in zip(*np.nonzero(np.isfinite(seen.values) & np.isfinite(year)), strict=True):
        lowest, highest = 1, 365
        if np.isfinite(month[at]):
            m = int(month[at])
            lowest, highest = int(first_of[m - 1]) + 1, int(first_of[m])
        if np.isfinite(day[at]):
            lowest = highest = int(lowest + day[at] - 1)
        here = years == year[at]
        if len(days):
            here = here & (days >= lowest) & (days <= highest)
        found = np.flatnonzero(here)
        if len(found) >= (highest - lowest + 1 if len(days) else 1):
            steps[at], inside[at] = (found[0], found[-1] + 1), True
    return steps, inside


def _notes(
    seen: Observed, there: NDArray[np.bool_], bounds: F8 | None, locations: Sequence[str], verb: str
) -> Iterator[str]:
    """Yield a line for every location of which something has no term, or nothing is observed."""
    nothing = "its cost is 0" if verb == "cost" else "it has no metric"
    for place, location in enumerate(locations):
        here = np.isfinite(seen.values[place])
        lost = np.flatnonzero(here & ~there[place])
        if not here.any():
            yield f"location {location!r}: nothing is observed; {nothing}"
        elif len(lost) and bounds is not None and seen.top is not None and seen.bottom is not None:
            span = f"{bounds[0, 0]:g}-{bounds[-1, 1]:g} cm"
            said = ", ".join(f"{seen.top[place, i]:g}-{seen.bottom[place, i]:g}" for i in lost)
            yield (
                f"location {location!r}: {len(lost)} of {here.sum()} observations ({said} cm) "
                f"have no term, for less than half of each is in the model's {span}"
            )
