"""Grid: stated values of each parameter, every combination, the first parameter slowest.

Source: our own; a full factorial.
"""

from collections.abc import Collection
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from kernels import F8
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs.distributions.account import account, factors
from scenarios.designs.distributions.admissible import describe_all, excesses
from scenarios.designs.distributions.conversion import conversion
from scenarios.designs.distributions.grammar import AlsoAs, Real, Words, refuse_distributions
from scenarios.designs.sampling.factorial import Factorial
from scenarios.designs.sampling.levels import Levels, all_or_none, span
from scenarios.problems import Problem, ScenarioError, no_parameter

LONGEST = 10**6
"""Values of one parameter: they are held in memory."""

Spaced = tuple[Real, Real, Annotated[int, Field(ge=2, le=LONGEST, strict=True)]]


class Values(Words):
    """Values of one parameter: a list, or a rule for one."""

    values: list[Real] | None = Field(
        default=None, min_length=1, max_length=LONGEST, description="the values, in this order"
    )
    linspace: Spaced | None = Field(
        default=None, description="[first, last, n]: n values at equal distances, ends included"
    )
    logspace: Spaced | None = Field(
        default=None,
        description="[first, last, n]: n values at equal ratios, ends included; the ends are "
        "values, not exponents",
    )
    units: str = Field(default="", description="of the values; default: the kernel's units")

    @model_validator(mode="after")
    def _one(self) -> "Values":
        rules = ("values", "linspace", "logspace")
        named = [rule for rule in rules if getattr(self, rule) is not None]
        if len(named) != 1:
            raise ValueError(
                f"found {' and '.join(named) or 'none'}; needed one of {', '.join(rules)}"
            )
        if self.logspace is not None and not (self.logspace[0] > 0 and self.logspace[1] > 0):
            raise ValueError(f"logspace: {list(self.logspace)} needs both ends above 0")
        written = self.array().tolist()
        if len(set(written)) < len(written):
            twice = next(value for at, value in enumerate(written) if value in written[:at])
            raise ValueError(f"{twice!r} stands twice; state each value once")
        return self

    def array(self) -> F8:
        """Return the values, shape (n,), in the units written."""
        if self.linspace is not None:
            return np.linspace(*self.linspace, dtype=np.float64)
        if self.logspace is not None:
            return np.geomspace(*self.logspace, dtype=np.float64)
        return np.array(self.values, dtype=np.float64)


def _listed(value: Any) -> Any:
    """Read a plain list of values."""
    if isinstance(value, (list, tuple)):
        return {"values": value}
    return refuse_distributions(value, INSTEAD, "say its values, or use {method: quantiles, n: 5}")


INSTEAD = {
    "uniform": "say {linspace: [first, last, n]}",
    "loguniform": "say {logspace: [first, last, n]}, whose ends are values, not exponents",
}
"""Values at equal distances in what is uniform."""


Axis = Annotated[
    Values,
    BeforeValidator(_listed),
    AlsoAs(({"type": "array", "minItems": 1, "items": {"type": "number"}},)),
]


class Spec(DesignSpec):
    """Every combination of stated values."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "grid",
                    "parameters": {
                        "tau_veg_obs": [8.0, 10.3, 12.0],
                        "tau_soil_obs": {"linspace": [20.0, 60.0, 5]},
                    },
                }
            ]
        }
    )

    method: Literal["grid"]
    parameters: dict[str, Axis] = Field(
        min_length=1,
        description="name: [values], {linspace: [first, last, n]} or {logspace: [first, last, n]}; "
        "the first parameter changes slowest",
    )

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies."""
        return tuple(self.parameters)

    def open(self, context: Context) -> Factorial:
        """Return the design; raise `ScenarioError` with every problem found."""
        problems: list[Problem] = []
        axes = [self._axis(name, context, problems) for name in self.parameters]
        if problems:
            raise ScenarioError(problems)
        vectors = tuple(axis for axis in axes if axis is not None)
        shape = factors([{"size": v.size, "parameters": [v.name]} for v in vectors])
        written = {
            name: axis.model_dump(mode="json", exclude_defaults=True)
            for name, axis in self.parameters.items()
        }
        attributes = account(
            context,
            self.method,
            prod(v.size for v in vectors),
            shape,
            parameters=list(self.parameters),
            values=written,
            admissible=describe_all(context, self.parameters),
            warnings=[],
        )
        return Factorial(vectors, attributes)

    def _axis(self, name: str, context: Context, problems: list[Problem]) -> "Vector | None":
        """Return the values of one parameter in kernel units."""
        where = f"{context.path}.parameters.{name}"
        axis = self.parameters[name]
        if name not in context.parameters:
            text = no_parameter(name, context.parameters)
            problems.append(Problem(text, where))
            return None
        try:
            units = conversion(axis.units, context.parameters[name].units)
        except ValueError as error:
            problems.append(Problem(str(error), f"{where}.units"))
            return None
        values = units.to_kernel(axis.array())
        for excess in excesses(name, values[None], context):
            text = f"{excess.text}; leave value {excess.row} out, or change it"
            problems.append(Problem(text, where))
        return Vector(name, values)


@dataclass(frozen=True)
class Vector:
    """The values of one parameter; see `Design`."""

    name: str
    values: F8
    rows_together: int = 1
    extendable: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the one parameter."""
        return (self.name,)

    @property
    def size(self) -> int:
        """Return how many values there are."""
        return len(self.values)

    @property
    def attributes(self) -> dict[str, Any]:
        """Return nothing; the factorial accounts for it."""
        return {}

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return the values, shape (1, stop - start), kernel units."""
        span(self.size, start, stop)
        return {self.name: self.values[None, start:stop]}

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)`` of the distinct rows."""
        span(self.size, start, stop)
        return all_or_none(names, self.parameters, start, stop)

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return nothing."""
        return {}
