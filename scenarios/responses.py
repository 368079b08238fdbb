"""What responses are, as far as words tell: names, dimensions and units, before any data.

Responses may name each other in any order; what goes round in a circle is refused.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import kernels
from kernels import Kernel
from scenarios import numbers as _numbers
from scenarios.expressions import ExpressionError, Quantity, measure, parse, pointed, transformed
from scenarios.expressions.measuring import (
    LOGARITHMS,
    RATIOS,
    ExpressionErrors,
    has_offset_of,
)
from scenarios.expressions.unit_algebra import apart
from scenarios.metrics import metric as _metric
from scenarios.problems import Problem, nearest, of_kernel
from scenarios.response_sections import Response

RANK = "rank"

Responses = Mapping[str, Response | None]
"""By name; None where an entry is not sound."""


def problems(
    responses: Responses, kernel: Kernel, reserved: Collection[str], scores: Collection[str] = ()
) -> Iterator[Problem]:
    """Yield what is wrong with responses whatever the data are.

    Parameters
    ----------
    responses : mapping of str to Response or None
    kernel : Kernel
        With its tables.
    reserved : collection of str
        Names that every store has.
    scores : collection of str
        Names of scores, which are no responses.
    """
    yield from _taken(responses, kernel, reserved)
    for name, response in responses.items():
        if response is not None and response.combine is not None:
            yield from _parts(name, response.combine, responses, scores)
    yield from _Table(responses, kernel).problems


def syntax(responses: Responses) -> Iterator[Problem]:
    """Yield expressions that cannot be read; no kernel is needed."""
    for name, response in responses.items():
        if response is not None and response.expression is not None:
            try:
                parse(response.expression)
            except ExpressionError as error:
                yield _at_character(name, response.expression, error)


def _at_character(name: str, text: str, error: ExpressionError) -> Problem:
    """Return a fault of an expression with a caret under its place."""
    return Problem(str(error), f"responses.{name}.expression", below=pointed(text, error.at))


def order(responses: Mapping[str, Response]) -> list[str]:
    """Return the names of responses, each behind those that it names; of circles some order."""
    ordered: dict[str, None] = {}
    under_way: set[str] = set()

    def place(name: str) -> None:
        if name in ordered or name in under_way:
            return
        under_way.add(name)
        for other in responses[name].names:
            if other in responses:
                place(other)
        ordered.setdefault(name)

    for name in responses:
        place(name)
    return list(ordered)


def reached(responses: Mapping[str, Response], names: Collection[str]) -> set[str]:
    """Return responses that rest on any of some names, directly or by others; and those names."""
    found = set(names)
    for name in order(responses):
        if found & responses[name].names.keys():
            found.add(name)
    return found


def reduced(one: Quantity, verb: str, metric: str = "") -> Quantity:
    """Return what a value along dimensions is once a verb, or a metric, made a number of it.

    Raises
    ------
    ValueError
        The verb has no meaning of it.
    """
    if verb == "cost":
        return Quantity()
    if verb == "metric":
        return Quantity((), _metric(metric).units(apart(one.units)))
    if one.of and verb in ("sum", "trend"):
        raise ValueError(f"found {verb} of {one.units!r}; needed a plain number or a unit")
    if one.of in LOGARITHMS and verb == "change":
        if one.of not in RATIOS:
            raise ValueError(f"found change of {one.units!r}; needed log10 or ln of it")
        return Quantity()
    if has_offset_of(one) and verb == "sum":
        raise ValueError(f"found sum of {one.units!r}, whose zero is not nothing; needed K")
    between = apart(one.units)
    changes = {
        "sum": one.units.removesuffix(" yr-1"), "trend": f"{between} yr-1", "change": between,
    }  # fmt: skip
    return Quantity((), changes.get(verb, one.units), one.of)


def with_transform(one: Quantity, transform: str | None) -> Quantity:
    """Return what a response is once it is transformed; ranks are, when indices are computed."""
    if transform is None or transform == RANK:
        return one
    return transformed(transform, one)


@dataclass
class _Table:
    """Responses measured, each behind those that it names; what is wrong with them."""

    responses: Responses
    kernel: Kernel
    known: dict[str, Quantity] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outputs = {o.name: Quantity(o.dims, o.units) for o in self.kernel.outputs}
        sound = {name: one for name, one in self.responses.items() if one is not None}
        # A name that an output has is told as such.
        self.circles = _circles({n: r for n, r in sound.items() if n not in self.outputs})
        for circle in self.circles:
            text = f"goes round in a circle: {' of '.join((*circle, circle[0]))}"
            self.problems.append(Problem(text, f"responses.{circle[0]}"))
        for name in order(sound):
            measured = self._measured(name, sound[name])
            if measured is not None:
                self.known[name] = measured
        # In the order of the scenario, whatever the order of measuring.
        places = list(self.responses)
        self.problems.sort(key=lambda p: places.index(p.where.split(".", 2)[1]))

    def fault(self, text: str, name: str, below: str = "") -> None:
        self.problems.append(Problem(text, f"responses.{name}{below}"))

    def _measured(self, name: str, response: Response) -> Quantity | None:
        """Return what a response is; None where that is told, or another's fault."""
        if response.combine is not None:
            return self._combined(response.combine)
        whole = self._of_expression(name, response)
        if response.output is not None:
            whole = self.outputs.get(response.output)
            if whole is None:
                kernel = self.kernel.name
                hint = of_kernel(response.output, self.outputs)
                self.fault(f"kernel {kernel!r} has no output {response.output!r}{hint}", name,
                           ".output")  # fmt: skip
        if whole is None or not self._fits(name, response, whole):
            return None
        try:
            name_of = response.metric.name if response.metric else ""
            one = reduced(whole, response.verb, name_of)
            return with_transform(one, response.transform)
        except ExpressionErrors as error:
            self.fault(str(error), name, ".transform")
        except (LookupError, ValueError) as error:
            self.fault(str(error), name, f".{response.verb}")
        return None

    def _of_expression(self, name: str, response: Response) -> Quantity | None:
        text = response.expression
        if text is None:
            return None
        try:
            tree = parse(text)
        except ExpressionError as error:
            self.problems.append(_at_character(name, text, error))
            return None
        if not self._names_are_known(name, response):
            return None
        try:
            return measure(tree, {**self.outputs, **self.known}).quantity
        except ExpressionErrors as errors:
            self.problems += [_at_character(name, text, fault) for fault in errors.faults]
        return None

    def _names_are_known(self, name: str, response: Response) -> bool:
        """Return whether every name has a quantity; tell those that nothing has."""
        every = {**self.outputs, **dict.fromkeys(self.responses)}
        text = response.expression or ""
        for other, at in response.names.items():
            one = self.responses.get(other)
            if other not in every:
                hint = nearest(other, every.keys() - {name})
                if cut := next((n for n in self.responses if "-" in n and n in text), ""):
                    hint = f"; {cut!r} has a '-' in it and cannot stand in an expression: rename it"
                error = ExpressionError(f"no output or response {other!r}{hint}", at)
                self.problems.append(_at_character(name, text, error))
            elif one is not None and one.transform == RANK:
                error = ExpressionError(f"{other!r} has no rank before all members ran", at)
                self.problems.append(_at_character(name, text, error))
        # Of responses that are wrong themselves nothing more is said.
        return all(other in self.outputs or other in self.known for other in response.names)

    def _combined(self, parts: Mapping[str, float]) -> Quantity | None:
        found = [self.known.get(part) for part in parts]
        several = {one.units for one in found if one is not None}
        return found[0] if None not in found and len(several) == 1 else None

    def _fits(self, name: str, response: Response, whole: Quantity) -> bool:
        """Return whether places and verb suit the dimensions; tell where they do not."""
        said = f"output {response.output!r}" if response.output else "the expression"
        faults = list(_selected(name, response, whole.dims, self.kernel, said))
        faults = faults or list(_dims(name, response, whole.dims, self.kernel, said))
        self.problems += faults
        return not faults


def _circles(responses: Mapping[str, Response]) -> list[tuple[str, ...]]:
    """Return circles of responses that name each other, each once."""
    circles: dict[frozenset[str], tuple[str, ...]] = {}

    def walk(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = path[path.index(name) :]
            circles.setdefault(frozenset(circle), circle)
            return
        if name in done:
            return
        for other in responses[name].names:
            if other in responses:
                walk(other, (*path, name))
        done.add(name)

    done: set[str] = set()
    for name in responses:
        walk(name, ())
    return list(circles.values())


def _taken(responses: Responses, kernel: Kernel, reserved: Collection[str]) -> Iterator[Problem]:
    """Yield names that something in the store has already."""
    parameters = [p.name for p in kernel.parameters]
    outputs = [o.name for o in kernel.outputs]
    for name in responses:
        owner = (
            "an output of the kernel"
            if name in outputs
            else "a parameter of the kernel"
            if name in parameters
            else "a dimension of the kernel"
            if name.removesuffix("_bounds") in kernel.coords
            else "a name that every store has"
            if name in reserved or name.removesuffix("_year") in outputs
            else ""
        )
        if owner:
            text = f"is also {owner}; give the response a name of its own, such as {name}_change"
            yield Problem(text, f"responses.{name}")


def _parts(
    name: str, parts: Mapping[str, float], responses: Responses, scores: Collection[str]
) -> Iterator[Problem]:
    """Yield what a response cannot be combined of."""
    single = [n for n, other in responses.items() if other is None or other.combine is None]
    for part in parts:
        where = f"responses.{name}.combine.{part}"
        other = responses.get(part)
        if part in scores and part not in responses:
            text = f"{part!r} is a score, known once all locations are merged, and responses are of"
            needed = f"weights: {{NAME: {{performance: [{part}, ...], sigma: 1}}}} in evaluation:"
            yield Problem(f"{text} one location; needed {needed}, which combines scores", where)
        elif part not in responses:
            yield Problem(f"no response {part!r}{nearest(part, single)}", where)
        elif part not in single:
            text = f"response {part!r} is combined too; name those that it is made of"
            yield Problem(text, where)
        elif other is not None and other.transform == RANK:
            yield Problem(f"{part!r} has no rank before all members ran", where)


def _selected(
    name: str, response: Response, dims: Sequence[str], kernel: Kernel, said: str
) -> Iterator[Problem]:
    """Yield places that a value has not, and dimensions with names of which none is said."""
    labels = {dim: kernel.coords[dim].labels for dim in dims if dim in kernel.coords}
    named = {dim: places for dim, places in labels.items() if places}
    for dim, place in response.selected.items():
        below = dim in (response.where or {}).keys() - response.short
        where = f"responses.{name}.{f'where.{dim}' if below else dim}"
        if dim not in dims:
            text = f"{said} has no dimension {dim!r}{nearest(dim, named)}"
            if dim in response.short and dim not in kernel.coords:
                text = f"unknown key {dim!r}{nearest(dim, [*Response.model_fields, *named])}"
            yield Problem(text, where)
        elif dim not in named:
            text = f"the places of {dim!r} have no names; needed a dimension whose places have"
            yield Problem(text, where)
        elif place not in named[dim]:
            yield Problem(f"no {dim} {place!r}{nearest(place, named[dim])}", where)
    for dim in (dim for dim in named if dim not in response.selected):
        example = (
            f"{dim}: {named[dim][0]}"
            if dim == kernels.MODEL or Response.takes(dim)
            else f"where: {{{dim}: {named[dim][0]}}}"
        )
        text = f"{said} is along {dim} ({', '.join(named[dim])}); say {example}"
        yield Problem(text, f"responses.{name}")


def _dims(
    name: str, response: Response, every: Sequence[str], kernel: Kernel, said: str
) -> Iterator[Problem]:
    """Yield a verb that the dimensions do not suit; of outputs time has a message of its own."""
    dims = tuple(dim for dim in every if dim not in response.selected)
    layered = len(dims) == 1 and dims[0] in kernel.coords
    rest = [dim for dim in dims if dim != "time"]
    comparable = len(rest) < 2 and all(dim in kernel.coords for dim in rest)
    needed = {
        "value": ("no dimension", not dims),
        "layer": ("layers alone", layered),
        "cost": ("layers, time, both or neither", comparable),
        "metric": ("layers, time, both or neither", comparable),
    }
    words, fits = needed.get(response.verb, ("", True))
    if not fits:
        text = f"{said} has dimensions ({', '.join(dims) or 'none'})"
        what = "an output" if response.output else "an expression"
        where = f"responses.{name}.{response.verb}"
        if response.expression is not None and response.verb == "value" and response.value is None:
            example = "mean: [1990, 2000]" if dims == ("time",) else "layer: 10"
            yield Problem(f"{text}; say what of it, such as {example}", f"responses.{name}")
            return
        yield Problem(f"{text}; needed {what} with {words}", where)
    elif response.verb == "layer":
        yield from _numbers.of_depth(name, response, dims, kernel)
