"""Responses of a scenario made ready: what they look at, their weights, their units."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ensemble.members.responses.costs import Cost, cost_of
from ensemble.members.responses.kinds import (
    RANK,
    Combined,
    Expressed,
    Functional,
    Itself,
    Selected,
    Transformed,
    Weighted,
    may_be_undefined,
)
from ensemble.members.responses.pairs import Data, Unanswered, layer_at
from ensemble.members.responses.scores import Score, score_of
from kernels import F8, I8, Kernel, Variable
from scenarios import Problem, Scenario, ScenarioError
from scenarios.expressions import FUNCTIONS, Quantity, measure, parse
from scenarios.response_sections import Response
from scenarios.responses import order, reduced, with_transform


def functionals(scenario: Scenario, kernel: Kernel, data: Data) -> dict[str, Functional]:
    """Return every response of a scenario, ready to be applied.

    Raises
    ------
    ScenarioError
        What does not fit the run's years, layers or observations; all of it.
    """
    ready: dict[str, Functional] = {}
    problems = []
    # Behind those that they are made of: their units are those of their parts.
    for name in order(scenario.responses):
        try:
            ready[name] = _functional(name, scenario.responses[name], kernel, data, ready)
        except Unanswered as error:
            problems.append(Problem(str(error), f"responses.{name}{error.below}"))
    if problems:
        raise ScenarioError(problems, scenario.name)
    return {name: ready[name] for name in scenario.responses}


def _functional(
    name: str, response: Response, kernel: Kernel, data: Data, others: Mapping[str, Functional]
) -> Functional:
    plain = _untransformed(name, response, kernel, data, others)
    if response.transform is None:
        return plain
    units = with_transform(_quantity(plain.units), response.transform).units
    words = f"{response.transform} of {plain.meaning}"
    if response.transform == RANK:
        words = f"{plain.meaning}, of which indices are those of its rank"
    return Transformed(name, units, words, response.transform, plain)


def _untransformed(
    name: str, response: Response, kernel: Kernel, data: Data, others: Mapping[str, Functional]
) -> Weighted | Itself | Cost | Score | Selected | Combined | Expressed:
    if response.combine is not None:
        return _combined(name, response.combine, others)
    if response.expression is not None:
        return _expressed(name, response, kernel, data, others)
    return _selected(name, response, kernel.variable(response.output or ""), data)


def _selected(
    name: str, response: Response, variable: Variable, data: Data
) -> Weighted | Itself | Cost | Score | Selected:
    """Return the response of a variable, at one place of its dimensions with names."""
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


def _quantity(units: str) -> Quantity:
    """Return what a response is, by the unit that it says."""
    of, opened, _ = units.partition("(")
    return Quantity((), units, of if opened and of in FUNCTIONS else "")


def _expressed(
    name: str, response: Response, kernel: Kernel, data: Data, others: Mapping[str, Functional]
) -> Expressed:
    """Return the response of an expression, whose names and units were checked with its words."""
    text = response.expression or ""
    outputs = {
        o.name: Quantity(o.dims, o.units) for o in kernel.outputs if o.name in response.names
    }
    parts = [other for other in response.names if other not in outputs]
    if missing := [part for part in parts if part not in others]:
        # Its own problem is told where it stands.
        below = ".expression"
        raise Unanswered(f"response {missing[0]!r} cannot be made; correct that one", below)
    known = {**outputs, **{part: _quantity(others[part].units) for part in parts}}
    measured = measure(parse(text), known)
    whole = measured.quantity
    variable = Variable(name, whole.units, " ".join(text.split()), whole.dims)
    inner = _selected(name, response, variable, data)
    return Expressed(
        name=name,
        units=inner.units,
        meaning=inner.meaning,
        tree=measured.tree,
        outputs={output: len(one.dims) for output, one in outputs.items()},
        parts=dict.fromkeys(parts, 1.0),
        dims=len(whole.dims),
        inner=inner,
    )


def _of_whole(
    name: str, response: Response, variable: Variable, data: Data
) -> Weighted | Itself | Cost | Score:
    """Return the response of a variable that has no dimension to choose a place of."""
    if response.cost is not None:
        return cost_of(name, response.cost, variable, data)
    if response.metric is not None:
        return score_of(name, response.metric, variable, data)
    if response.verb == "value":
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
    looked_at = any(may_be_undefined(others[part]) for part in parts)
    return Combined(name, units.pop(), sum_, dict(parts), may_be_undefined=looked_at)


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
    steps, weights = _weights(response, np.flatnonzero((years >= first) & (years <= last)))
    units = reduced(_quantity(variable.units), response.verb).units
    span = f"{first}-{last}" if first != last else str(first)
    meaning = f"{response.verb} of {variable.meaning}, {span}"
    return Weighted(name, variable.name, units, meaning, steps, weights)


def _weights(response: Response, span: I8) -> tuple[I8, F8]:
    """Return steps and weights."""
    count = len(span)
    match response.verb:
        case "change":
            return span[[-1, 0]], np.array([1.0, -1.0])
        case "mean":
            return span, np.full(count, 1.0 / count)
        case "sum":
            return span, np.ones(count)
        case "trend":
            centred = np.arange(count) - (count - 1) / 2
            return span, centred / (centred**2).sum()
        case _:
            return span, np.ones(1)


def warnings(responses: Mapping[str, Functional], forcings: Sequence[str]) -> dict[str, list[str]]:
    """Return what must be said of responses before a run, by forcing."""
    notes: dict[str, list[str]] = {label: [] for label in forcings}
    for name, response in responses.items():
        inner: object = response
        while isinstance(inner, Selected | Expressed | Transformed):
            inner = inner.inner
        for forcing, note in inner.notes if isinstance(inner, Cost | Score) else ():
            notes[forcings[forcing]].append(f"response {name!r}, {note}")
    return {label: texts for label, texts in notes.items() if texts}
