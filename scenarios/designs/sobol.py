"""Sobol indices: Saltelli's layout of a Sobol sequence, and the estimators that suit it.

Sources: Saltelli, A. et al. (2010), Variance based sensitivity analysis of model output,
Computer Physics Communications 181, 259-270, https://doi.org/10.1016/j.cpc.2009.09.018
(layout, first order; total order after Jansen); Saltelli, A. (2002), Computer Physics
Communications 145, 280-297, https://doi.org/10.1016/S0010-4655(02)00280-1 (second order).
Layout and estimates are those of SALib 1.6 (Iwanaga et al. 2022,
https://doi.org/10.18174/sesmo.18155), number for number.

Here rows are found by their index, and bootstrap means are matrix products. The sequence is
`scipy.stats.qmc.Sobol`'s, entered at any point.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from kernels import F8, I8, U8
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs.distributions.account import account
from scenarios.designs.distributions.grammar import Parameters
from scenarios.designs.distributions.marginals import Marginal, resolve
from scenarios.designs.sampling import saltelli as _saltelli
from scenarios.designs.sampling.groups import Groups, grouped
from scenarios.designs.sampling.levels import Levels, by_appearance, single, span, tiled
from scenarios.designs.sampling.qmc import engine
from scenarios.designs.sampling.streams import key
from scenarios.problems import Problem, ScenarioError

BITS = 30
"""Of scipy's sequence by default: 2^30 base samples, numbers that are multiples of 2^-30."""

MOST_PARAMETERS = 10_600
"""Half of the dimensions for which scipy has direction numbers."""


class Spec(DesignSpec):
    """Saltelli rows for first, total and second order Sobol indices."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "sobol",
                    "n": 64,
                    "parameters": {
                        "tau_veg_obs": {"uniform": [5.0, 15.0]},
                        "tau_soil_obs": {"normal": [38.3, 11.0], "lower": 2.0},
                    },
                }
            ]
        }
    )

    method: Literal["sobol"]
    n: int = Field(
        ge=1,
        le=2**BITS,
        description="base samples, best a power of two; each takes parameters + 2 rows, or "
        "2 parameters + 2 with second_order",
    )
    parameters: Parameters
    second_order: bool = Field(default=False, description="rows and indices for pairs as well")
    groups: Groups = Field(default={})
    scramble: bool = Field(
        default=True, description="scramble the sequence by the seed (linear matrix, shift)"
    )
    resamples: int = Field(default=100, ge=0, description="of the bootstrap; 0: no intervals")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="level of the intervals")

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies; ``"*"`` is all of the kernel's."""
        return tuple(self.parameters)

    def open(self, context: Context) -> "Sobol":
        """Return the design; raise `ScenarioError` with every problem found."""
        problems: list[Problem] = []
        resolved = resolve(self.parameters, context, problems, truncate=True)
        names = resolved.names
        labels: tuple[str, ...] = ()
        if not problems:
            labels, group = grouped(self.groups, names, context.path, problems)
            self._check(resolved.marginals, context, problems)
        if problems:
            raise ScenarioError(problems)
        rows_together = len(labels) * (2 if self.second_order else 1) + 2
        size = self.n * rows_together
        if self.n & (self.n - 1):
            resolved.attributes["warnings"].append(
                f"n: {self.n} is not a power of two, so the sequence is not balanced; "
                f"{2 ** (self.n.bit_length() - 1)} or {2 ** self.n.bit_length()} would be"
            )
        attributes = account(
            context,
            self.method,
            size,
            resolved.attributes,
            n=self.n,
            second_order=self.second_order,
            groups={k: list(v) for k, v in self.groups.items()},
            effects=list(labels),
            scramble=self.scramble,
            resamples=self.resamples,
            confidence=self.confidence,
        )
        sequence = Sequence(2 * len(names), self.n, self.scramble, key(context, "scramble"))
        stream = key(context, "bootstrap")
        marginals = resolved.marginals
        return Sobol(names, size, rows_together, attributes, marginals, group, sequence, stream)

    def _check(
        self, marginals: dict[str, Marginal], context: Context, problems: list[Problem]
    ) -> None:
        """Add what the sequence cannot do."""
        if len(marginals) > MOST_PARAMETERS:
            text = f"found {len(marginals)} parameters; the sequence has {MOST_PARAMETERS}"
            problems.append(Problem(text, f"{context.path}.parameters"))
        for name, marginal in marginals.items():
            if not self.scramble and marginal.unbounded:
                text = (
                    "the first point of the plain sequence is 0, an infinite value of this "
                    "distribution; say scramble: true, or lower: and upper:"
                )
                problems.append(Problem(text, f"{context.path}.parameters.{name}"))


@dataclass(frozen=True)
class Sequence:
    """A Sobol sequence that can be entered at any point.

    Attributes
    ----------
    d : int
        Columns.
    length : int
        Points that may be asked for, at most 2^BITS.
    scramble : bool
    stream : ndarray, shape (2,)
        Key of the scrambling.
    """

    d: int
    length: int
    scramble: bool
    stream: U8

    @cached_property
    def numbers(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return the first point (d,) and the direction numbers (bits, d), as integers.

        scipy's own ``fast_forward(n)`` takes n steps. But point m + 1 is point m with
        direction number k flipped, k the lowest zero bit of m, so a draw that believes
        itself at 2^k tells number k.
        """
        sampler = engine("Sobol", self.d, self.stream, scramble=self.scramble)
        first = previous = _integers(sampler.random(1))
        directions = []
        for k in range((self.length - 1).bit_length()):
            sampler.num_generated = 2**k
            point = _integers(sampler.random(1))
            directions.append(point ^ previous)
            previous = point
        return first[0], np.array(directions, dtype=np.uint32).reshape(-1, self.d)

    def points(self, start: int, stop: int) -> F8:
        """Return points ``start`` to ``stop``, shape (stop - start, d), in [0, 1)."""
        first, directions = self.numbers
        count = stop - start
        steps = np.empty((count, self.d), dtype=np.uint32)
        if count == 0:
            return steps.astype(np.float64)
        gray = start ^ (start >> 1)
        flipped = [k for k in range(len(directions)) if gray >> k & 1]
        steps[0] = first ^ np.bitwise_xor.reduce(directions[flipped], axis=0, dtype=np.uint32)
        after = np.arange(start + 1, stop)
        # The lowest set bit of m says which direction leads from point m - 1 to m.
        steps[1:] = directions[np.bitwise_count((after & -after) - 1)]
        return np.bitwise_xor.accumulate(steps, axis=0) * 2.0**-BITS


def _integers(points: F8) -> NDArray[np.uint32]:
    return (points * 2.0**BITS).astype(np.uint32)


@dataclass(frozen=True)
class Sobol:
    """An opened Saltelli design; see `Design`.

    The rows of a base sample are A, then A with each group from B, then, with second order, B
    with each group from A, then B.
    """

    parameters: tuple[str, ...]
    size: int
    rows_together: int
    attributes: dict[str, Any]
    marginals: dict[str, Marginal]
    group: I8
    sequence: Sequence
    stream: U8
    extendable: bool = True

    @cached_property
    def pattern(self) -> NDArray[np.bool_]:
        """Return where a row takes a group from B, shape (rows together, groups)."""
        return _saltelli.pattern(len(self.attributes["effects"]), self.attributes["second_order"])

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return each parameter's values, shape (1 or L, stop - start), kernel units."""
        span(self.size, start, stop)
        begin, end = start // self.rows_together, -(-stop // self.rows_together)
        points = self.sequence.points(begin, end)
        skip = start - begin * self.rows_together
        columns = {}
        for j, (name, marginal) in enumerate(self.marginals.items()):
            u = np.ascontiguousarray(points[:, [j, j + len(self.parameters)]].T)
            if marginal.unbounded:
                u = np.maximum(u, 2.0 ** -(BITS + 1))  # the middle of the cell at 0
            # Two values of a base sample serve all its rows.
            values = np.stack([marginal.values(u[0]), marginal.values(u[1])], axis=-1)
            laid = values[..., self.pattern[:, self.group[j]].astype(np.int64)]
            laid = laid.reshape(len(values), -1)
            columns[name] = np.ascontiguousarray(laid[:, skip : skip + stop - start])
        return columns

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)``: rows of a base sample that differ in other groups only."""
        span(self.size, start, stop)
        used = np.unique(self.group[[n in names for n in self.parameters]])
        if not used.size:
            return single(start, stop)
        sides = self.pattern[:, used]
        _, alike = np.unique(sides, axis=0, return_inverse=True)
        return tiled(by_appearance(alike.reshape(-1)), self.rows_together, start, stop)

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return ``S1``, ``ST`` (..., effect), with second order ``S2`` (..., effect, effect).

        With ``_conf`` the half widths of their bootstrap intervals, and ``effective``
        (..., effect) the base samples without a failed member. ``S2`` is NaN on and below
        the diagonal, every index where the response does not vary.
        """
        return _saltelli.indices(
            response,
            groups=len(self.attributes["effects"]),
            second_order=self.attributes["second_order"],
            resamples=self.attributes["resamples"],
            confidence=self.attributes["confidence"],
            stream=self.stream,
        )
