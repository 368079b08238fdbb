"""Quantiles: the midpoints of n equally probable parts of each distribution.

A deterministic stand-in for a random sample: value i of n is the quantile of
(i + 0.5) / n. With several parameters it is the full factorial of their quantiles, the
first parameter slowest.

Source: our own.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from kernels import F8
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs.distributions.account import account, factors
from scenarios.designs.distributions.admissible import excesses
from scenarios.designs.distributions.grammar import Parameters
from scenarios.designs.distributions.marginals import Marginal, resolve
from scenarios.designs.sampling.factorial import Factorial
from scenarios.designs.sampling.levels import Levels, all_or_none, span
from scenarios.problems import Problem, ScenarioError


class Spec(DesignSpec):
    """Quantiles of the midpoints; not random, whatever the seed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "quantiles",
                    "n": 10,
                    "parameters": {
                        "tau_veg_obs": {"normal": [10.3, 1.4]},
                        "tau_soil_obs": {"normal": [38.3, 11.0], "lower": 2.0},
                    },
                }
            ]
        }
    )

    method: Literal["quantiles"]
    n: int = Field(ge=1, le=2**40, description="quantiles of each parameter, at (i + 0.5) / n")
    parameters: Parameters

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies; ``"*"`` is all of the kernel's."""
        return tuple(self.parameters)

    def open(self, context: Context) -> Factorial:
        """Return the design; raise `ScenarioError` with every problem found."""
        problems: list[Problem] = []
        resolved = resolve(self.parameters, context, problems, truncate=False)
        for name, marginal in resolved.marginals.items():
            # Quantiles rise, so the first and the last tell of all.
            ends = marginal.values(np.array([0.5, self.n - 0.5]) / self.n)
            for excess in excesses(name, ends, context):
                quantile = (0, self.n - 1)[excess.row]
                text = f"quantile {quantile}: {excess.mended(self.parameters.get(name))}"
                problems.append(Problem(text, f"{context.path}.parameters.{name}"))
        if problems:
            raise ScenarioError(problems)
        axes = tuple(Midpoints(name, self.n, m) for name, m in resolved.marginals.items())
        axis = factors([{"size": self.n, "parameters": [name]} for name in resolved.names])
        attributes = account(
            context, self.method, self.n ** len(axes), resolved.attributes, axis, n=self.n
        )
        return Factorial(axes, attributes)


@dataclass(frozen=True)
class Midpoints:
    """Quantiles of one parameter; see `Design`."""

    name: str
    size: int
    marginal: Marginal
    rows_together: int = 1
    extendable: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the one parameter."""
        return (self.name,)

    @property
    def attributes(self) -> dict[str, Any]:
        """Return nothing; the factorial accounts for it."""
        return {}

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return the values, shape (1 or L, stop - start), kernel units."""
        span(self.size, start, stop)
        return {self.name: self.marginal.values((np.arange(start, stop) + 0.5) / self.size)}

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)`` of the distinct rows."""
        span(self.size, start, stop)
        return all_or_none(names, self.parameters, start, stop)

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return nothing."""
        return {}
