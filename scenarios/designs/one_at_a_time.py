"""One at a time: the control member, then each parameter changed by stated shares of its value.

Not a sensitivity analysis of interacting parameters, which `morris` and `sobol` are; it shows
what a parameter does around one point, such as the calibrated one of each site.

Source: our own.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from kernels import F8, I8
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs.distributions.account import account
from scenarios.designs.distributions.admissible import excesses
from scenarios.designs.distributions.grammar import EVERY, AlsoAs, Real, refuse_distributions
from scenarios.designs.sampling.levels import Levels, runs, single, span
from scenarios.problems import Problem, ScenarioError, nearest, no_parameter
from scenarios.units import labelled


def _listed(value: Any) -> Any:
    """Read one name, and ``all``."""
    if isinstance(value, dict):
        needed = "say parameters: [names] and change: [shares], or use {method: morris, ...}"
        for words in value.values():
            refuse_distributions(words, {}, needed)
    if value == "all":
        return [EVERY]
    return [value] if isinstance(value, str) else value


Shares = Annotated[list[Real], Field(min_length=1)]


class Spec(DesignSpec):
    """The control member, and each parameter times 1 + each change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "one_at_a_time",
                    "parameters": ["tau_veg_obs", "tau_soil_obs"],
                    "change": [-0.25, 0.25],
                }
            ]
        }
    )

    method: Literal["one_at_a_time"]
    parameters: Annotated[list[str], BeforeValidator(_listed), AlsoAs(({"type": "string"},))] = (
        Field(
            min_length=1,
            description="all or a list of names; values are those of the control member, and the "
            "kernel's plausible ranges are not asked",
        )
    )
    change: Shares | dict[str, Shares] = Field(
        default=[-0.25, 0.25],
        description="shares by which each is changed, or {parameter: [shares]} where they differ",
    )

    @field_validator("parameters", "change")
    @classmethod
    def _once(cls, value: Any) -> Any:
        for several in value.values() if isinstance(value, dict) else [value]:
            twice = sorted({v for v in several if several.count(v) > 1})
            if twice:
                raise ValueError(f"{twice[0]!r} stands twice; state it once")
            if 0.0 in several:
                raise ValueError("found a change of 0; the control member is the first row anyway")
        return value

    @model_validator(mode="after")
    def _each_has_changes(self) -> "Spec":
        if not isinstance(self.change, dict):
            return self
        if self.parameters == [EVERY]:
            raise ValueError("found change: by parameter; needed parameters: as a list of these")
        if other := sorted(self.change.keys() - set(self.parameters)):
            text = f"found changes of {other[0]!r}{nearest(other[0], self.parameters)}"
            raise ValueError(f"{text}; needed those of the parameters alone")
        if without := [name for name in self.parameters if name not in self.change]:
            raise ValueError(f"change: says nothing of {without[0]!r}; needed shares of each")
        return self

    def of(self, name: str) -> list[float]:
        """Return the shares by which a parameter is changed."""
        return self.change[name] if isinstance(self.change, dict) else self.change

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies; ``"*"`` is all of the kernel's."""
        return tuple(self.parameters)

    def judge(self, context: Context) -> list[Problem]:
        """Return changes that turn the sign of what cannot be negative; defaults may be of data."""
        names = [*context.parameters] if self.parameters == [EVERY] else self.parameters
        where = f"{context.path}.change"
        return [
            Problem(
                f"{name}: a change of {min(self.of(name)):g} turns its sign, and it is {p.lower:g} "
                f"or more {p.units}; needed -1 or more",
                f"{where}.{name}" if isinstance(self.change, dict) else where,
            )
            for name in names
            if (p := context.parameters.get(name)) and p.lower >= 0.0 and min(self.of(name)) < -1.0
        ]

    def open(self, context: Context) -> "OneAtATime":
        """Return the design; raise `ScenarioError` with every problem found."""
        names = [*context.parameters] if self.parameters == [EVERY] else self.parameters
        unknown = [n for n in names if n not in context.parameters]
        if unknown:
            raise ScenarioError(
                [
                    Problem(
                        no_parameter(name, context.parameters),
                        f"{context.path}.parameters",
                    )
                    for name in unknown
                ]
            )
        plain = {n: np.array([context.parameters[n].default]) for n in names}
        control = {n: np.atleast_1d(context.control.get(n, plain[n])) for n in names}
        problems = [
            problem
            for name in control
            for problem in _faults(
                context, name, control[name], 1.0 + np.array([0.0, *self.of(name)])
            )
        ]
        if problems:
            raise ScenarioError(problems)
        change = {name: tuple(self.of(name)) for name in control}
        size = 1 + sum(map(len, change.values()))
        attributes = account(
            context,
            self.method,
            size,
            parameters=list(control),
            change=self.change,
            admissible={},
            warnings=[],
        )
        return OneAtATime(attributes, control, change)


def _faults(context: Context, name: str, centre: F8, factors: F8) -> Iterator[Problem]:
    """Yield what is wrong with a parameter (1 or L,) times factors (n,)."""
    where = f"{context.path}.parameters"
    table, values = context.parameters[name], centre[:, np.newaxis] * factors
    if name in context.unlike:
        text = f"{name}: its default differs between the forcings, which share one design"
        yield Problem(f"{text}; say independent: [forcing]", where)
    if (centre == 0.0).any():
        text = f"{name}: a share of 0 changes nothing; say parameters: {{{name}: NUMBER}}"
        yield Problem(text, where)
    outside = values[~((values >= table.lower) & (values <= table.upper))]
    if outside.size:
        made = labelled(f"{outside[0]:g}", table.units)
        text = f"{name}: a change makes it {made}; needed {table.lower:g} to {table.upper:g}"
        yield Problem(text, where)
    for excess in excesses(name, values, context):
        yield Problem(f"{name}: {excess.mended(None)}", where)


@dataclass(frozen=True)
class OneAtATime:
    """An opened design; see `Design`.

    Attributes
    ----------
    control : dict of str to ndarray, shape (1 or L,)
        Values of the first row, kernel units.
    change : dict of str to tuple of float
        Shares by which each is changed, one row each.
    """

    attributes: dict[str, Any]
    control: dict[str, F8]
    change: dict[str, tuple[float, ...]]
    rows_together: int = 1
    extendable: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the parameters in order."""
        return tuple(self.control)

    @property
    def size(self) -> int:
        """Return the number of rows: 1, and one for each change of a parameter."""
        return 1 + sum(map(len, self.change.values()))

    @cached_property
    def _owner(self) -> I8:
        """Return which parameter each row changes, (size,); -1 of the first, which changes none."""
        counts = [len(shares) for shares in self.change.values()]
        return np.concatenate(([-1], np.repeat(np.arange(len(counts)), counts)))

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return each parameter's values, shape (1 or L, stop - start), kernel units."""
        span(self.size, start, stop)
        values = {}
        for k, (name, centre) in enumerate(self.control.items()):
            factors = np.ones(self.size)
            factors[self._owner == k] += self.change[name]
            values[name] = centre[:, np.newaxis] * factors[start:stop]
        return values

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)``: rows that neighbours share."""
        span(self.size, start, stop)
        used = [k for k, name in enumerate(self.control) if name in names]
        if not used:
            return single(start, stop)
        # A row is new where one of the names is changed in it or was in the row before.
        mine = np.isin(self._owner, used)
        fresh = mine | np.concatenate(([False], mine[:-1]))
        return runs(fresh[start:stop].copy())

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return nothing: changes around one point are no index."""
        return {}
