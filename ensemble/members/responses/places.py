"""Responses of places, one forcing and location each: as those of a single forcing.

An ensemble runs whole locations; a search runs some candidates at each of many places, some of
which may stand there more than once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ensemble.members.responses.costs import Cost
from ensemble.members.responses.kinds import Expressed, Functional, Selected, Transformed
from ensemble.members.responses.pairs import Pairs
from ensemble.members.responses.scores import Score
from ensemble.members.tile import Tile, blanked
from kernels import F8, I8, OK
from scenarios.metrics import seen

Keep = NDArray[np.bool_] | None


def at_places(response: Functional, forcings: I8, locations: I8, keep: Keep = None) -> Functional:
    """Return a response of places, (p,) forcings and locations, as of one forcing.

    ``keep`` (p, n) says which of the observations that a cost or a metric looks at are to stay.
    """
    if isinstance(response, Cost):
        pairs = response.pairs.at(forcings, locations, keep)
        per_error = response.per_error[forcings, locations][None]
        return replace(response, pairs=pairs, per_error=np.where(pairs.there, per_error, 0.0))
    if isinstance(response, Score):
        pairs = response.pairs.at(forcings, locations, keep)
        every = tuple(seen(o, t) for o, t in zip(pairs.observed, pairs.there, strict=True))
        return replace(response, pairs=pairs, seen=every, notes=())
    if isinstance(response, Selected | Expressed | Transformed):
        inner = at_places(response.inner, forcings, locations, keep)  # type: ignore[arg-type]
        return replace(response, inner=inner)  # type: ignore[arg-type]
    return response


def compared(response: Functional) -> Cost | Score | None:
    """Return what compares a response with observations itself; None where nothing does.

    A response that is made of others, or a function of what is compared, does not.
    """
    inner: object = response
    while isinstance(inner, Selected | Expressed):
        if isinstance(inner, Expressed) and inner.parts:
            return None
        inner = inner.inner
    return inner if isinstance(inner, Cost | Score) else None


@dataclass(frozen=True)
class _Beside:
    """A function (l, *dims, s) to (l, n, s), in the place of a cost or a metric."""

    function: Callable[[F8, int, slice], F8]

    def apply(self, values: F8, forcing: int, locations: slice) -> F8:
        return self.function(values, forcing, locations)


def beside_observations(
    response: Functional, function: Callable[[F8, int, slice], F8], tile: Tile, first: int
) -> F8:
    """Return a function of what a cost or metric looks at, (l, n, s), NaN where members failed.

    Parameters
    ----------
    response : Functional
        One that `compared` finds a cost or a metric in, and no part of another's.
    function : callable
        Such as `Pairs.modelled` or `Cost.residuals` of it.
    tile : Tile
    first : int
        Place that those of the tile are counted from.
    """
    here = slice(first + tile.locations.start, first + tile.locations.stop)
    making = _with(response, _Beside(function))
    if isinstance(making, Expressed):
        found = making.of(tile, {}, 0, here)
        return blanked(found, tile.status != OK) if tile.failed else found
    output = response.output
    return tile.spread(output, lambda values: making.apply(values, 0, here))


def _with(response: Functional, beside: _Beside) -> "Expressed | Selected | _Beside":
    """Return a response with another function in the place of what compares."""
    if isinstance(response, Selected | Expressed):
        return replace(response, inner=_with(response.inner, beside))  # type: ignore[arg-type]
    return beside


def pairs_of(response: Functional) -> Pairs:
    """Return the pairs that a response compares itself."""
    inner = compared(response)
    assert inner is not None
    return inner.pairs
