"""What is made small: residuals of responses, or the sum of a response's values over locations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ensemble.members.responses.costs import Cost
from ensemble.members.responses.kinds import (
    Combined,
    Expressed,
    Functional,
    Selected,
    evaluate,
    outputs_of,
    sides,
    with_parts,
)
from ensemble.members.responses.pairs import Pairs
from ensemble.members.responses.places import at_places, beside_observations, compared
from ensemble.members.tile import Tile
from kernels import F8, I8
from scenarios.calibration import Calibration

RMSE = "rmse"
"""The metric whose square is a sum of squares."""

BEST_AT_1, BEST_AT_0 = ("kge", "nse", "r2"), ("bias",)
"""Other metrics: what they lack of 1 is made small, or their size."""


class Unfit(ValueError):
    """A cost that no calibration can make small as it is asked for."""


@dataclass(frozen=True)
class Term:
    """A response that compares, and what its squares are multiplied by.

    Attributes
    ----------
    response : Functional
    weight : float
    plain : bool
        Whether residuals are differences in the response's unit and not standard errors.
    """

    response: Functional
    weight: float = 1.0
    plain: bool = False

    @property
    def name(self) -> str:
        """Return the response's name."""
        return self.response.name

    @property
    def pairs(self) -> Pairs:
        """Return what is compared with what."""
        inner = compared(self.response)
        assert inner is not None
        return inner.pairs

    def at(self, places: I8, keep: NDArray[np.bool_] | None) -> "Term":
        """Return the term of places (p, 2), as of one forcing; see `at_places`."""
        response = at_places(self.response, places[:, 0], places[:, 1], keep)
        return Term(response, self.weight, self.plain)

    def residuals(self, modelled: F8, forcing: int, here: slice) -> F8:
        """Return residuals without weight of what is modelled, (l, n, s); 0 without a pair."""
        inner = compared(self.response)
        assert inner is not None
        if isinstance(inner, Cost) and not self.plain:
            return inner.residuals(modelled, forcing, here)
        apart = inner.pairs.observed[forcing, here][..., None] - modelled
        return np.where(inner.pairs.there[forcing, here][..., None], apart, 0.0)

    def modelled(self, tile: Tile, first: int) -> F8:
        """Return what is modelled beside each observation, (l, n, s)."""
        return beside_observations(self.response, self.pairs.modelled, tile, first)


@dataclass(frozen=True)
class Limit:
    """A range that a response should be in, over the places of a group.

    Attributes
    ----------
    name : str
        The response, or what is called after it.
    lower, upper : float
        In its unit.
    over : str
        ``mean`` or ``sum`` of the places' values; ``ratio``: see `parts`.
    """

    name: str
    lower: float
    upper: float
    over: str = "mean"

    @property
    def parts(self) -> tuple[str, ...]:
        """Return which responses are added up over places; of a ratio the first by the second."""
        # No response of a user has a name with a slash.
        ends = ("numerator", "denominator") if self.over == "ratio" else ()
        return tuple(f"{self.name}/{end}" for end in ends) or (self.name,)

    def of(self, sums: Sequence[F8], count: I8) -> F8:
        """Return the value over places, given sums of its parts and the number of places."""
        if self.over == "ratio":
            with np.errstate(all="ignore"):
                return np.asarray(sums[0] / sums[1])
        return sums[0] / count if self.over == "mean" else sums[0]

    def violation(self, value: F8) -> F8:
        """Return how far values are outside, 0 within; NaN of what is no number."""
        with np.errstate(all="ignore"):
            if self.lower > 0:
                below, above = np.log(self.lower / value), np.log(value / self.upper)
                # What is not positive has no logarithm, and is further off than what is.
                width = self.upper - self.lower
                below = np.where(value > 0, below, 700.0 + (self.lower - value) / width)
            else:
                width = self.upper - self.lower
                below, above = (self.lower - value) / width, (value - self.upper) / width
        outside = np.where(value < self.lower, below, np.where(value > self.upper, above, 0.0))
        return np.where(np.isnan(value), np.nan, outside)


@dataclass(frozen=True)
class Objective:
    """What is made small, and within which limits.

    Attributes
    ----------
    name : str
        As tables say it: ``j``, ``rmse of j_soc``.
    terms : tuple of Term
        The cost is the sum of their squares; empty where it is the sum of a response's values.
    value : str
        That response.
    limits : tuple of Limit
    responses : mapping of str to Functional
        All that values and limits are made of.
    rmse : bool
        Whether the cost is the square of an RMSE: first the mean over a location's
        observations, then over locations.
    metric : str
        Of all pairs of a group together, where the cost is made of one that is no sum of squares.
    """

    name: str
    terms: tuple[Term, ...] = ()
    value: str = ""
    limits: tuple[Limit, ...] = ()
    responses: Mapping[str, Functional] = field(default_factory=dict)
    rmse: bool = False
    metric: str = ""

    @property
    def compares(self) -> bool:
        """Return whether the cost is made of pairs of what is observed and modelled."""
        return bool(self.terms)

    @property
    def has_residuals(self) -> bool:
        """Return whether the cost is a sum of squares."""
        return self.compares and not self.metric

    @property
    def meaning(self) -> str:
        """Return what the cost is, in words."""
        if self.has_residuals:
            return "sum of squared residuals"
        if self.metric in BEST_AT_1:
            return f"1 less {self.name}"
        return f"size of {self.name}" if self.metric else f"sum of {self.value}"

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the outputs of the kernel that it looks at."""
        looked_at = {**self.responses, **{t.name: t.response for t in self.terms}}
        return tuple(outputs_of(looked_at))

    @property
    def observations(self) -> int:
        """Return the places for residuals of a location, all terms together."""
        return sum(term.pairs.there.shape[-1] for term in self.terms)

    def at(self, places: I8, keep: Sequence[NDArray[np.bool_] | None]) -> "Objective":
        """Return the objective of places (p, 2); ``keep`` has (p, n) of each term."""
        terms = tuple(t.at(places, k) for t, k in zip(self.terms, keep, strict=True))
        responses = {
            name: at_places(one, places[:, 0], places[:, 1]) for name, one in self.responses.items()
        }
        return replace(self, terms=terms, responses=responses)

    def there(self) -> NDArray[np.bool_]:
        """Return which residuals of each place there are, (p, n); of an objective of places."""
        return np.concatenate([term.pairs.there[0] for term in self.terms], axis=1)

    def residuals(self, tile: Tile, first: int) -> F8:
        """Return the residuals of a tile, each with the root of its weight, (l, n, s)."""
        here = slice(first + tile.locations.start, first + tile.locations.stop)
        return self.residuals_of([term.modelled(tile, first) for term in self.terms], here)

    def residuals_of(self, modelled: Sequence[F8], here: slice) -> F8:
        """Return the residuals of what is modelled, (l, n, s) of each term, all together."""
        each = zip(self.terms, modelled, strict=True)
        roots = [np.sqrt(term.weight) * term.residuals(found, 0, here) for term, found in each]
        return np.concatenate(roots, axis=1)

    def values(self, tile: Tile, first: int) -> Iterator[tuple[str, F8]]:
        """Yield the value of each response that is looked at as a number, (l, s)."""
        if self.responses:
            yield from evaluate(self.responses, tile, 0, first).items()


def objective_of(section: Calibration, every: Mapping[str, Functional]) -> Objective:
    """Return what a section makes small.

    Raises
    ------
    Unfit
        A metric that says nothing of how good parameters are, or of what compares nothing.
    """
    minimised = section.minimise
    response = every[minimised.response]
    limits = tuple(
        Limit(name, *required.range, over=required.over)
        for name, required in section.require.items()
    )
    for limit in limits:
        if limit.over == "ratio":
            every = {**every, **sides(every[limit.name], limit.parts)}
    looked_at = [part for limit in limits for part in limit.parts]
    needed = with_parts(every, looked_at)
    if minimised.name:
        return _of_metric(minimised.name, response, limits, needed)
    terms = tuple(_terms(response, every))
    if terms:
        return Objective(response.name, terms, "", limits, needed)
    needed = with_parts(every, [response.name, *looked_at])
    return Objective(response.name, (), response.name, limits, needed)


def _of_metric(
    name: str, response: Functional, limits: tuple[Limit, ...], needed: Mapping[str, Functional]
) -> Objective:
    known = (RMSE, *BEST_AT_1, *BEST_AT_0)
    if name not in known:
        text = f"found {name}; needed one of {', '.join(known)}"
        raise Unfit(f"{text}, or a response that has what is to be made small")
    if compared(response) is None:
        text = f"{response.name!r} compares nothing with what is observed itself"
        raise Unfit(f"{text}; needed a response with cost: or metric:")
    terms = (Term(response, plain=True),)
    metric, called = name if name != RMSE else "", f"{name} of {response.name}"
    return Objective(called, terms, "", limits, needed, rmse=name == RMSE, metric=metric)


def _terms(response: Functional, every: Mapping[str, Functional]) -> Iterator[Term]:
    """Yield what a response is the sum of squares of; nothing where it is none."""
    if isinstance(response, Combined):
        parts = {name: list(_terms(every[name], every)) for name in response.parts}
        if all(parts.values()) and min(response.parts.values()) >= 0:
            for name, weight in response.parts.items():
                yield from (Term(t.response, weight * t.weight) for t in parts[name])
        return
    inner = compared(response)
    if isinstance(inner, Cost) and inner.huber == np.inf:
        if isinstance(response, Cost | Selected | Expressed):
            yield Term(response)
