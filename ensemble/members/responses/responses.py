"""Responses: named scalars of a member, each made of one output, or of other responses."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ensemble.members.responses.costs import Cost, Data, Unanswered, cost_of, layer_at
from ensemble.members.tile import Tile
from kernels import F8, I8, Kernel, Variable
from scenarios import Problem, Scenario, ScenarioError
from scenarios.sections import Response


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
        total = self.weights[0] * values[:, self.steps[0]]
        for step, weight in zip(self.steps[1:], self.weights[1:], strict=True):
            total += weight * values[:, step]
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
    inner: "Weighted | Itself | Cost"

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


Functional = Weighted | Itself | Cost | Selected | Combined
"""A response ready to be applied."""


def evaluate(
    responses: Mapping[str, Functional], tile: Tile, forcing: int, first: int
) -> dict[str, F8]:
    """Return responses of a tile, (l, s), NaN where the member failed.

    Parameters
    ----------
    responses : mapping of str to Functional
        With every part of those that are combined.
    tile : Tile
    forcing, first : int
        Forcing of the tile, and the location that its places are counted from.
    """
    here = slice(first + tile.locations.start, first + tile.locations.stop)
    values: dict[str, F8] = {}
    for name, response in responses.items():
        if not isinstance(response, Combined):
            apply = partial(response.apply, forcing=forcing, locations=here)
            values[name] = tile.scalar(response.output, apply)
    for name, response in responses.items():
        if isinstance(response, Combined):
            values[name] = np.zeros(tile.status.shape)
            for part, weight in response.parts.items():
                values[name] += weight * values[part]
    return values


def with_parts(
    responses: Mapping[str, Functional], names: Collection[str]
) -> dict[str, Functional]:
    """Return some responses and what they are combined of."""
    wanted = set(names)
    for name in names:
        response = responses.get(name)
        wanted |= set(response.parts) if isinstance(response, Combined) else set()
    return {name: response for name, response in responses.items() if name in wanted}


def outputs_of(responses: Mapping[str, Functional]) -> list[str]:
    """Return the outputs that responses look at, each once."""
    return list(
        dict.fromkeys(response.output for response in responses.values() if response.output)
    )


def functionals(scenario: Scenario, kernel: Kernel, data: Data) -> dict[str, Functional]:
    """Return every response of a scenario, ready to be applied.

    Raises
    ------
    ScenarioError
        What does not fit the run's years, layers or observations; all of it.
    """
    ready: dict[str, Functional] = {}
    problems = []
    # Those that are combined come last: their units are those of their parts.
    for name, response in sorted(scenario.responses.items(), key=lambda r: bool(r[1].combine)):
        try:
            ready[name] = _functional(name, response, kernel, data, ready)
        except Unanswered as error:
            problems.append(Problem(str(error), f"responses.{name}{error.below}"))
    if problems:
        raise ScenarioError(problems, scenario.name)
    return {name: ready[name] for name in scenario.responses}


def _functional(
    name: str, response: Response, kernel: Kernel, data: Data, others: Mapping[str, Functional]
) -> Functional:
    if response.combine is not None:
        return _combined(name, response.combine, others)
    variable = kernel.variable(response.output or "")
    if not response.selected:
        return _of_whole(name, response, variable, data)
    dims = variable.dims
    left = replace(variable, dims=tuple(d for d in dims if d not in response.selected))
    inner = _of_whole(name, response, left, data)
    places = tuple(
        data.coords[dim].labels.index(response.selected[dim])
        if dim in response.selected
        else slice(None)
        for dim in dims
    )
    meaning = f"{inner.meaning}, {', '.join(response.selected.values())}"
    return Selected(name, variable.name, inner.units, meaning, places, inner)


def _of_whole(
    name: str, response: Response, variable: Variable, data: Data
) -> Weighted | Itself | Cost:
    """Return the response of a variable that has no dimension to choose a place of."""
    if response.cost is not None:
        return cost_of(name, response.cost, variable, data)
    if response.value is not None:
        _needs(variable, (), "no dimension")
        return Itself(name, variable.name, variable.units, variable.meaning)
    if response.layer is not None:
        index, span = layer_at(response.layer, variable, data)
        meaning = f"{variable.meaning}, {span}"
        steps, weights = np.array([index]), np.ones(1)
        return Weighted(name, variable.name, variable.units, meaning, steps, weights)
    return functional(name, response, variable, data.years)


def _combined(name: str, parts: Mapping[str, float], others: Mapping[str, Functional]) -> Combined:
    missing = [part for part in parts if part not in others]
    if missing:
        # Its own problem is told where it stands.
        raise Unanswered(f"response {missing[0]!r} cannot be made; correct that one", ".combine")
    units = {others[part].units for part in parts}
    if len(units) > 1:
        said = ", ".join(f"{part} in {others[part].units!r}" for part in parts)
        raise Unanswered(f"found {said}; needed responses in one unit", ".combine")
    sum_ = " + ".join(f"{weight:g} {part}" for part, weight in parts.items())
    return Combined(name, units.pop(), sum_, dict(parts))


def _needs(variable: Variable, dims: tuple[str, ...], words: str) -> None:
    if variable.dims != dims:
        found = ", ".join(variable.dims) or "none"
        raise Unanswered(f"output {variable.name!r} has dimensions ({found}); needed {words}")


def functional(name: str, response: Response, variable: Variable, years: I8) -> Weighted:
    """Return the response on a time axis.

    Parameters
    ----------
    name : str
    response : Response
        Of one of the verbs in time.
    variable : Variable
        The output it looks at; its dims must be ("time",).
    years : ndarray, shape (T,), int64

    Raises
    ------
    ValueError
        A year outside the run, or an output without a plain time axis.
    """
    if variable.dims != ("time",):
        raise Unanswered(f"output {variable.name!r} has dims {variable.dims}; time alone is needed")
    if response.verb != "mean" and len(np.unique(years)) < len(years):
        text = f"found {response.verb}: of an output by days; needed mean:, which is over all days"
        raise Unanswered(f"{text}, or outputs reduced in time")
    first, last = response.years
    outside = [y for y in (first, last) if y not in years]
    if outside:
        raise Unanswered(
            f"year {outside[0]} is not in the run ({years[0]}-{years[-1]}); name a year inside it"
        )
    steps, weights, units = _weights(response, np.flatnonzero((years >= first) & (years <= last)))
    span = f"{first}-{last}" if first != last else str(first)
    meaning = f"{response.verb} of {variable.meaning}, {span}"
    return Weighted(name, variable.name, units(variable.units), meaning, steps, weights)


def _weights(response: Response, span: I8) -> tuple[I8, F8, Callable[[str], str]]:
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


def warnings(responses: Mapping[str, Functional], forcings: Sequence[str]) -> dict[str, list[str]]:
    """Return what must be said of responses before a run, by forcing."""
    notes: dict[str, list[str]] = {label: [] for label in forcings}
    for response in responses.values():
        response = response.inner if isinstance(response, Selected) else response
        for forcing, note in response.notes if isinstance(response, Cost) else ():
            notes[forcings[forcing]].append(f"response {response.name!r}, {note}")
    return {label: texts for label, texts in notes.items() if texts}
