"""Latin hypercube: each parameter has one value in each of n equally probable strata.

Source: McKay, M. D., Beckman, R. J. and Conover, W. J. (1979), A comparison of three
methods for selecting values of input variables, Technometrics 21, 239-245,
https://doi.org/10.2307/1268522.

The plain table is our own, of the design's Philox
streams, so scipy is not imported; optimised tables are `scipy.stats.qmc.LatinHypercube`'s.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from kernels import F8
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs.distributions.account import account
from scenarios.designs.distributions.grammar import Parameters
from scenarios.designs.distributions.marginals import Marginal, Resolved, resolve
from scenarios.designs.sampling.levels import Levels, all_or_none, span
from scenarios.designs.sampling.qmc import engine
from scenarios.designs.sampling.streams import key, words
from scenarios.problems import Problem, ScenarioError

LARGEST = 2 * 10**7
"""Numbers in the table, 160 MB: the whole of it is held by every process."""

JITTER_BITS = 24
"""Of the place inside a stratum; n < 2^25, so stratum + place is exact in a double."""


class Spec(DesignSpec):
    """Stratified random rows; all of them are needed at once, so it cannot be extended."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "latin_hypercube",
                    "n": 50,
                    "parameters": {
                        "tau_veg_obs": {"uniform": [5.0, 15.0]},
                        "tau_soil_obs": {"lognormal": {"mean": 38.3, "sd": 11.0}},
                    },
                }
            ]
        }
    )

    method: Literal["latin_hypercube"]
    n: int = Field(ge=1, description="rows, and strata of each parameter")
    parameters: Parameters
    scramble: bool = Field(
        default=True, description="a random place inside each stratum; false: its middle"
    )
    optimization: Literal["random-cd"] | None = Field(
        default=None,
        description="scipy's: permutations that lower the centred discrepancy; some seconds",
    )

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies; ``"*"`` is all of the kernel's."""
        return tuple(self.parameters)

    def judge(self, context: Context) -> list[Problem]:
        """Return what is wrong without drawing the table; see `DesignSpec.judge`."""
        problems: list[Problem] = []
        self._resolved(context, problems)
        return problems

    def _resolved(self, context: Context, problems: list[Problem]) -> Resolved:
        """Return the parameters; add what is wrong with them or with their number."""
        resolved = resolve(self.parameters, context, problems, truncate=True)
        numbers = self.n * len(resolved.names)
        if numbers > LARGEST:
            most = LARGEST // len(resolved.names)
            text = (
                f"found {self.n!r} rows of {len(resolved.names)} parameters; a Latin hypercube "
                f"holds its whole table, at most n: {most} here; use monte_carlo or sobol"
            )
            problems.append(Problem(text, f"{context.path}.n"))
        return resolved

    def open(self, context: Context) -> "LatinHypercube":
        """Return the design; raise `ScenarioError` with every problem found."""
        problems: list[Problem] = []
        resolved = self._resolved(context, problems)
        if problems:
            raise ScenarioError(problems)
        attributes = account(
            context,
            self.method,
            self.n,
            resolved.attributes,
            scramble=self.scramble,
            optimization=self.optimization,
        )
        table = self._optimised(context, resolved.names) if self.optimization else {}
        for name in resolved.names if not table else ():
            table[name] = self._column(context, name)
        return LatinHypercube(resolved.names, self.n, attributes, resolved.marginals, table)

    def _column(self, context: Context, name: str) -> F8:
        """Return the uniforms of one parameter, shape (n,)."""
        order = np.argsort(words(key(context, name, "strata"), 0, self.n), kind="stable")
        if not self.scramble:
            return (order + 0.5) / self.n
        place = words(key(context, name, "place"), 0, self.n) >> np.uint64(64 - JITTER_BITS)
        return (order + (place.astype(np.float64) + 0.5) * 2.0**-JITTER_BITS) / self.n

    def _optimised(self, context: Context, names: tuple[str, ...]) -> dict[str, F8]:
        stream = key(context, "optimization")
        options = {"scramble": self.scramble, "optimization": self.optimization}
        sampler = engine("LatinHypercube", len(names), stream, **options)
        table = np.clip(sampler.random(self.n), 2.0**-53, 1.0 - 2.0**-53)
        return {name: np.ascontiguousarray(table[:, j]) for j, name in enumerate(names)}


@dataclass(frozen=True)
class LatinHypercube:
    """An opened Latin hypercube; see `Design`. Holds n x parameters uniforms."""

    parameters: tuple[str, ...]
    size: int
    attributes: dict[str, Any]
    marginals: dict[str, Marginal]
    table: dict[str, F8]
    rows_together: int = 1
    extendable: bool = False

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return each parameter's values, shape (1 or L, stop - start), kernel units."""
        span(self.size, start, stop)
        return {n: m.values(self.table[n][start:stop]) for n, m in self.marginals.items()}

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)`` of the distinct rows; they are all distinct."""
        span(self.size, start, stop)
        return all_or_none(names, self.parameters, start, stop)

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return nothing: it has no indices of its own."""
        return {}
