"""Monte Carlo: independent random rows, or rank-correlated ones.

Row i depends on (seed, design path, parameter, i) alone: each parameter has a stream of
its own, whose word i becomes a uniform number and then, through the inverse distribution
function, a value. So a design may be extended, and a parameter added, without changing
the values there already are; and truncation is exact and costs no redraws.

Rank correlation is a Gaussian copula: Spearman's rho of a bivariate normal is 6/pi arcsin(r/2),
hence r = 2 sin(pi rho / 6).

Source: our own draws; of rank correlation Pearson, K. (1907), On further methods of determining
correlation, Drapers' Company Research Memoirs IV.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from kernels import F8, U8
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs.distributions.account import account
from scenarios.designs.distributions.grammar import Parameters
from scenarios.designs.distributions.marginals import Marginal, resolve
from scenarios.designs.sampling.levels import Levels, all_or_none, span
from scenarios.designs.sampling.normal import ndtri
from scenarios.designs.sampling.streams import key, uniforms
from scenarios.problems import Problem, ScenarioError, nearest

EDGE = 2.0**-53
"""Correlated uniforms keep this far from 0 and 1; the others do by construction."""

Pair = tuple[str, str, Annotated[float, Field(gt=-1, lt=1)]]


class Spec(DesignSpec):
    """Random rows from the distributions of the parameters."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "monte_carlo",
                    "n": 100,
                    "parameters": {"tau_soil_obs": {"normal": [38.3, 11.0], "lower": 2.0}},
                }
            ]
        }
    )

    method: Literal["monte_carlo"]
    n: int = Field(ge=1, le=2**62, description="rows; more rows leave the first ones as they are")
    parameters: Parameters
    rank_correlation: list[Pair] = Field(
        default=[],
        description="[one parameter, another, Spearman's rank correlation between -1 and 1]; "
        "pairs not named are uncorrelated",
    )

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies; ``"*"`` is all of the kernel's."""
        return tuple(self.parameters)

    def open(self, context: Context) -> "MonteCarlo":
        """Return the design; raise `ScenarioError` with every problem found."""
        problems: list[Problem] = []
        resolved = resolve(self.parameters, context, problems, truncate=True)
        names = resolved.names
        correlated = tuple(n for n in names if any(n in pair[:2] for pair in self.rank_correlation))
        factor = np.ones((0, 0))
        if not problems:
            factor = _cholesky(self.rank_correlation, correlated, names, context.path, problems)
        if problems:
            raise ScenarioError(problems)
        pairs = [list(pair) for pair in self.rank_correlation]
        attributes = account(
            context, self.method, self.n, resolved.attributes, rank_correlation=pairs
        )
        streams = {name: key(context, name) for name in names}
        return MonteCarlo(
            names, self.n, attributes, resolved.marginals, streams, correlated, factor
        )


def _cholesky(
    pairs: Sequence[Pair],
    correlated: Sequence[str],
    names: Sequence[str],
    path: str,
    problems: list[Problem],
) -> F8:
    """Return the lower factor of the normal correlations, shape (C, C)."""
    matrix = np.eye(len(correlated))
    seen: set[frozenset[str]] = set()
    for at, (parameter, partner, rho) in enumerate(pairs):
        where = f"{path}.rank_correlation[{at}]"
        unknown = [name for name in (parameter, partner) if name not in names]
        for name in unknown:
            text = f"{name!r} is not varied by this design{nearest(name, names)}"
            problems.append(Problem(text, where))
        pair = frozenset((parameter, partner))
        if parameter == partner:
            problems.append(Problem(f"found {parameter!r} twice; needed two parameters", where))
        elif pair in seen:
            problems.append(Problem(f"{parameter!r} and {partner!r} stand twice; keep one", where))
        elif not unknown:
            i, j = correlated.index(parameter), correlated.index(partner)
            matrix[i, j] = matrix[j, i] = 2.0 * np.sin(np.pi * rho / 6.0)
        seen.add(pair)
    if problems or not pairs:
        return np.ones((0, 0))
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < 1e-10:
        text = (
            f"the correlations contradict each other (smallest eigenvalue {least:.3g}, needed "
            "above 0); bring them nearer to 0, or state the pairs left out"
        )
        problems.append(Problem(text, f"{path}.rank_correlation"))
        return np.ones((0, 0))
    return np.linalg.cholesky(matrix).astype(np.float64)


@dataclass(frozen=True)
class MonteCarlo:
    """An opened Monte Carlo design; see `Design`."""

    parameters: tuple[str, ...]
    size: int
    attributes: dict[str, Any]
    marginals: dict[str, Marginal]
    streams: dict[str, U8]
    correlated: tuple[str, ...]
    factor: F8
    rows_together: int = 1
    extendable: bool = True

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return each parameter's values, shape (1 or L, stop - start), kernel units."""
        span(self.size, start, stop)
        u = {name: uniforms(self.streams[name], start, stop) for name in self.parameters}
        u.update(self._correlate({name: u[name] for name in self.correlated}))
        return {name: marginal.values(u[name]) for name, marginal in self.marginals.items()}

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)`` of the distinct rows; random rows are all distinct."""
        span(self.size, start, stop)
        return all_or_none(names, self.parameters, start, stop)

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return nothing: a plain sample has no indices of its own."""
        return {}

    def _correlate(self, u: dict[str, F8]) -> dict[str, F8]:
        """Return the uniforms of the correlated parameters, correlated."""
        if not u:
            return {}
        from scipy.special import ndtr  # type: ignore[import-untyped]  # 0.6 s: rarely needed

        z = [ndtri(values) for values in u.values()]
        mixed = {}
        for i, name in enumerate(u):
            # Not a matrix product: BLAS may sum in another order for another row count.
            total = self.factor[i, 0] * z[0]
            for j in range(1, i + 1):
                total = total + self.factor[i, j] * z[j]
            mixed[name] = np.clip(ndtr(total), EDGE, 1.0 - EDGE)
        return mixed
