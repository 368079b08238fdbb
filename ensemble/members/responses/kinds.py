"""Responses, ready to be applied: named scalars of a member.

One is made of an output, of an expression, or of other responses; `evaluate` makes all of a tile,
each behind those that it names.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ensemble.members.responses.costs import Cost
from ensemble.members.responses.scores import Score, Summed, over_all
from ensemble.members.tile import Tile, blanked
from kernels import F8, I8, OK
from scenarios import expressions
from scenarios.expressions import Binary, Node

RANK = "rank"
"""A transform that is made when indices are computed: no member alone has a rank."""


@dataclass(frozen=True)
class Weighted:
    """A weighted sum of one output over years, or its value in one layer.

    Attributes
    ----------
    name, output, units, meaning : str
    steps : ndarray, shape (k,), int64
        Indices that it looks at, of the one dimension of the output.
    weights : ndarray, shape (k,), float64
    """

    name: str
    output: str
    units: str
    meaning: str
    steps: I8
    weights: F8

    def apply(self, values: F8, forcing: int, locations: slice) -> F8:
        """Return the response (l, s) of ``values`` (l, n, s)."""
        return self.at(self.steps, values)

    def at(self, places: I8, values: F8) -> F8:
        """Return the response (l, s) of ``values`` (l, k, s), in which its steps have places."""
        total = self.weights[0] * values[:, places[0]]
        for place, weight in zip(places[1:], self.weights[1:], strict=True):
            total += weight * values[:, place]
        return np.asarray(total, dtype=np.float64)


@dataclass(frozen=True)
class Itself:
    """An output that is a number already."""

    name: str
    output: str
    units: str
    meaning: str

    def apply(self, values: F8, forcing: int, locations: slice) -> F8:
        """Return the response (l, s) of ``values`` (l, s)."""
        return np.array(values, dtype=np.float64)


@dataclass(frozen=True)
class Selected:
    """A response at one place of dimensions with names: of one model of several.

    Attributes
    ----------
    name, output, units, meaning : str
    places : tuple of int or slice
        Which place along each dimension of the output; a slice of all where none is chosen.
    inner : Functional
        What is asked of the rest.
    """

    name: str
    output: str
    units: str
    meaning: str
    places: tuple[int | slice, ...]
    inner: "Weighted | Itself | Cost | Score | Summed"

    def apply(self, values: F8, forcing: int, locations: slice) -> F8:
        """Return the response (l, s) of ``values`` (l, *dims, s)."""
        return self.inner.apply(values[:, *self.places], forcing, locations)


@dataclass(frozen=True)
class Combined:
    """A weighted sum of other responses, ``parts``; it has no output of its own."""

    name: str
    units: str
    meaning: str
    parts: Mapping[str, float] = field(default_factory=dict)
    output: str = ""
    may_be_undefined: bool = False


@dataclass(frozen=True)
class Expressed:
    """An expression of outputs and other responses, and what is asked of its values.

    Attributes
    ----------
    name, units, meaning : str
    tree : Node
        See `expressions.evaluate`.
    outputs : mapping of str to int
        Those that it names, and how many dimensions each has between location and sample.
    parts : mapping of str to float
        Responses that it names; the numbers mean nothing.
    dims : int
        Dimensions of its values between location and sample.
    inner : Functional
        What is asked of them.
    """

    name: str
    units: str
    meaning: str
    tree: Node
    outputs: Mapping[str, int]
    parts: Mapping[str, float]
    dims: int
    inner: "Weighted | Itself | Cost | Score | Selected | Summed"
    output: str = ""

    def of(self, tile: Tile, parts: Mapping[str, F8], forcing: int, here: slice) -> F8:
        """Return the response (l, s) of a tile, given others (l, s)."""
        arrays = {
            name: expressions.widened(tile.full(name), self.dims - n)
            for name, n in self.outputs.items()
        }
        arrays |= {name: expressions.widened(parts[name], self.dims) for name in self.parts}
        depth, width = tile.status.shape
        values = expressions.evaluate(self.tree, arrays)
        if values.ndim < 2 + self.dims:
            # Of numbers alone.
            values = np.broadcast_to(values, (depth, *(1,) * self.dims, width))
        with np.errstate(all="ignore"):
            return self.inner.apply(values, forcing, here)


@dataclass(frozen=True)
class Transformed:
    """A function of what is otherwise the response; of a rank the response itself."""

    name: str
    units: str
    meaning: str
    function: str
    inner: "Weighted | Itself | Cost | Score | Selected | Combined | Expressed"

    @property
    def output(self) -> str:
        """Return the output that it looks at; empty for none, or several."""
        return self.inner.output

    @property
    def parts(self) -> Mapping[str, float]:
        """Return the responses that it is made of."""
        return parts_of(self.inner)

    def of(self, values: F8) -> F8:
        """Return the function of values."""
        if self.function == RANK:
            return values
        with np.errstate(all="ignore"):
            return np.asarray(expressions.FUNCTIONS[self.function](values), dtype=np.float64)


Functional = Weighted | Itself | Cost | Score | Selected | Combined | Expressed | Transformed
"""A response ready to be applied."""


def may_be_undefined(response: Functional) -> bool:
    """Return whether members that ran may have no finite number, and are counted for it."""
    if isinstance(response, Transformed) and response.function == RANK:
        return may_be_undefined(response.inner)
    if isinstance(response, Selected):
        return not isinstance(response.inner, Summed) and may_be_undefined(response.inner)
    if isinstance(response, Cost | Combined):
        return response.may_be_undefined
    return isinstance(response, Score | Expressed | Transformed)


def parts_of(response: Functional) -> Mapping[str, float]:
    """Return the responses that one is made of, with weights where it has such."""
    return response.parts if isinstance(response, Combined | Expressed | Transformed) else {}


def sides(response: Functional, names: Sequence[str]) -> dict[str, Functional]:
    """Return numerator and denominator of a quotient as two responses of these names."""
    assert isinstance(response, Expressed)
    assert isinstance(response.tree, Binary)
    trees = response.tree.left, response.tree.right
    return {n: replace(response, name=n, tree=t) for n, t in zip(names, trees, strict=True)}


def evaluate(
    responses: Mapping[str, Functional],
    tile: Tile,
    forcing: int,
    first: int,
    known: Mapping[str, F8] | None = None,
) -> dict[str, F8]:
    """Return responses of a tile, (l, s), NaN where the member failed or there is no number.

    Parameters
    ----------
    responses : mapping of str to Functional
        With every part of those that are made of others.
    tile : Tile
    forcing, first : int
        Forcing of the tile, and the location that its places are counted from.
    known : mapping of str to ndarray, shape (l, s), optional
        Responses that need not be made.
    """
    here = slice(first + tile.locations.start, first + tile.locations.stop)
    values: dict[str, F8] = dict(known or {})
    for name in responses:
        _make(name, responses, tile, values, (forcing, here))
    return {name: values[name] for name in responses}


def _make(
    name: str,
    responses: Mapping[str, Functional],
    tile: Tile,
    values: dict[str, F8],
    place: tuple[int, slice],
) -> None:
    """Add a response to values, after those that it is made of.

    A function inside another that calls itself is a circle of objects: it would hold every tile
    until Python looks for circles, which a command has it do seldom.
    """
    if name not in values:
        for part in parts_of(responses[name]):
            _make(part, responses, tile, values, place)
        values[name] = _value(responses[name], tile, values, *place)


def _value(
    response: Functional, tile: Tile, values: Mapping[str, F8], forcing: int, here: slice
) -> F8:
    """Return a response of a tile, given those that it is made of."""
    if isinstance(response, Combined):
        total = np.zeros(tile.status.shape)
        for part, weight in response.parts.items():
            total += weight * values[part]
        return total
    if isinstance(response, Transformed):
        found = response.of(_value(response.inner, tile, values, forcing, here))
    elif isinstance(response, Expressed):
        found = response.of(tile, values, forcing, here)
    elif isinstance(response, Weighted):
        array, places = tile.places(response.output, response.steps)
        found = tile.scalar(array, partial(response.at, places))
    else:
        apply = partial(response.apply, forcing=forcing, locations=here)
        found = tile.scalar(response.output, apply)
    if not may_be_undefined(response):
        return found
    lost = ~np.isfinite(found)
    if tile.failed:
        lost |= tile.status != OK
    return blanked(found, lost) if lost.any() else found


def summed(response: Functional) -> "tuple[Summed, Selected | Expressed | Summed] | None":
    """Return the sums of a metric over all locations, and the response that makes them.

    None of a response that is no metric.
    """
    if isinstance(response, Score):
        sums = over_all(response)
        return sums, sums
    if not isinstance(response, Selected | Expressed):
        return None
    below = None if isinstance(response.inner, Summed) else summed(response.inner)
    if below is None or isinstance(below[1], Expressed):
        return None
    if isinstance(response, Expressed):
        return below[0], replace(response, inner=below[1])
    return None if isinstance(below[1], Selected) else (below[0], replace(response, inner=below[1]))


def sums_of(
    making: "Selected | Expressed | Summed",
    tile: Tile,
    values: Mapping[str, F8],
    forcing: int,
    first: int,
) -> F8:
    """Return the sums of a metric of a tile, (l, 3, s), NaN where the member failed."""
    here = slice(first + tile.locations.start, first + tile.locations.stop)
    if isinstance(making, Expressed):
        found = making.of(tile, values, forcing, here)
        return blanked(found, tile.status != OK) if tile.failed else found
    output = making.score.output if isinstance(making, Summed) else making.output
    apply = partial(making.apply, forcing=forcing, locations=here)
    return tile.spread(output, apply)


def with_parts(
    responses: Mapping[str, Functional], names: Collection[str]
) -> dict[str, Functional]:
    """Return some responses and all that they are made of."""
    wanted: set[str] = set()

    def want(name: str) -> None:
        if name in responses and name not in wanted:
            wanted.add(name)
            for part in parts_of(responses[name]):
                want(part)

    for name in names:
        want(name)
    return {name: response for name, response in responses.items() if name in wanted}


def looked_at(response: Functional) -> tuple[str, ...]:
    """Return the outputs that a response looks at itself."""
    if isinstance(response, Transformed):
        return looked_at(response.inner)
    if isinstance(response, Expressed):
        return tuple(response.outputs)
    return (response.output,) if response.output else ()


def steps_looked_at(response: Functional) -> I8 | None:
    """Return the steps of its one output that a response looks at; None where it is all of them.

    Of an output without time these are layers.
    """
    if isinstance(response, Transformed):
        return steps_looked_at(response.inner)
    return response.steps if isinstance(response, Weighted) else None


def outputs_of(responses: Mapping[str, Functional]) -> list[str]:
    """Return the outputs that responses look at, each once."""
    return list(dict.fromkeys(n for one in responses.values() for n in looked_at(one)))
