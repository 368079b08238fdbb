"""Morris: elementary effects along trajectories that move one group at a time.

Sources: Morris, M. D. (1991), Factorial sampling plans for preliminary computational
experiments, Technometrics 33, 161-174, https://doi.org/10.2307/1269043 (trajectories, mu,
sigma); Campolongo, F., Cariboni, J. and Saltelli, A. (2007), Environmental Modelling &
Software 22, 1509-1518, https://doi.org/10.1016/j.envsoft.2006.10.004 (mu_star, optimal
trajectories); Ruano, M. V. et al. (2012), ibid. 37, 103-109,
https://doi.org/10.1016/j.envsoft.2012.03.008 (their local search); Wang, Y.-P. et al. (2021), JGR
Biogeosciences, https://doi.org/10.1029/2020JG006205 (theta). Layout and effects are
those of SALib 1.6 (Iwanaga et al. 2022, https://doi.org/10.18174/sesmo.18155), number for number.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from kernels import F8, I8, U8
from scenarios.designs._contract import Context, DesignSpec
from scenarios.designs.distributions.account import account
from scenarios.designs.distributions.admissible import excesses
from scenarios.designs.distributions.grammar import Distribution, Parameters
from scenarios.designs.distributions.marginals import Marginal, Resolved, resolve
from scenarios.designs.sampling import trajectories as _trajectories
from scenarios.designs.sampling.groups import Groups, grouped
from scenarios.designs.sampling.levels import Levels, runs, single, span, trimmed
from scenarios.designs.sampling.streams import key
from scenarios.designs.sampling.trajectories import Source, Steps
from scenarios.problems import Problem, ScenarioError


class Spec(DesignSpec):
    """Trajectories on a grid of levels, for screening many parameters with few members."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "morris",
                    "trajectories": 20,
                    "levels": 4,
                    "parameters": {
                        "tau_veg_obs": {"uniform": [5.0, 15.0]},
                        "tau_soil_obs": {"normal": [38.3, 11.0], "lower": 2.0, "upper": 80.0},
                    },
                }
            ]
        }
    )

    method: Literal["morris"]
    trajectories: int = Field(
        ge=2,
        le=2**50,
        description="trajectories, each of parameters (or groups) + 1 rows; with optimal, how "
        "many to choose from",
    )
    parameters: Parameters
    levels: int = Field(
        default=4, ge=2, le=10_000, multiple_of=2, description="of the grid, an even number"
    )
    groups: Groups = Field(default={})
    optimal: int | None = Field(
        default=None,
        ge=2,
        description="keep this many trajectories, far apart from each other, found by SALib's "
        "local search; such a design cannot be extended",
    )
    resamples: int = Field(default=100, ge=0, description="of the bootstrap; 0: no intervals")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="level of the intervals")
    theta_ddof: Literal[0, 1] = Field(
        default=1,
        description="of the standard deviations in theta: 1 divides by n - 1, 0 by n; sigma is "
        "of n - 1 always, as SALib's",
    )

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies; ``"*"`` is all of the kernel's."""
        return tuple(self.parameters)

    def judge(self, context: Context) -> list[Problem]:
        """Return what is wrong without choosing trajectories; see `DesignSpec.judge`."""
        problems: list[Problem] = []
        self._resolved(context, problems)
        return problems

    def _resolved(
        self, context: Context, problems: list[Problem]
    ) -> tuple[Resolved, tuple[str, ...], I8]:
        """Return parameters, labels of effects and groups; add what is wrong to ``problems``."""
        resolved = resolve(self.parameters, context, problems, truncate=False)
        for name, marginal in resolved.marginals.items():
            problems += _check(name, self.parameters.get(name), marginal, context)
        labels: tuple[str, ...] = ()
        group = np.empty(0, np.int64)
        if not problems:
            labels, group = grouped(self.groups, resolved.names, context.path, problems)
        if self.optimal is not None and not self.optimal < self.trajectories <= 5000:
            text = (
                f"found optimal: {self.optimal} of trajectories: {self.trajectories}; needed "
                "fewer than the trajectories, and at most 5000 of these to choose from"
            )
            problems.append(Problem(text, f"{context.path}.optimal"))
        return resolved, labels, group

    def open(self, context: Context) -> "Morris":
        """Return the design; raise `ScenarioError` with every problem found."""
        problems: list[Problem] = []
        resolved, labels, group = self._resolved(context, problems)
        if problems:
            raise ScenarioError(problems)
        source = Source(key(context, "trajectories"), self.levels, len(resolved.names), len(labels))
        chosen: tuple[int, ...] = ()
        if self.optimal is not None:
            laid = source.draw(0, self.trajectories).levels(group)
            chosen = _trajectories.farthest(source.grid[laid].transpose(1, 2, 0), self.optimal)
        count = len(chosen) or self.trajectories
        attributes = account(
            context,
            self.method,
            count * (len(labels) + 1),
            resolved.attributes,
            trajectories=count,
            levels=self.levels,
            delta=source.delta,
            groups={k: list(v) for k, v in self.groups.items()},
            effects=list(labels),
            optimal=self.optimal,
            chosen=list(chosen),
            resamples=self.resamples,
            confidence=self.confidence,
            theta_ddof=self.theta_ddof,
        )
        stream = key(context, "bootstrap")
        return Morris(attributes, resolved.marginals, group, source, chosen, stream)


def _check(
    name: str, written: Distribution | None, marginal: Marginal, context: Context
) -> list[Problem]:
    """Return what is wrong with the lowest and the highest level, which tell of all."""
    where = f"{context.path}.parameters.{name}"
    if marginal.unbounded:
        text = (
            "the outer levels are the probabilities 0 and 1, infinite values of this "
            "distribution; add lower: and upper:"
        )
        return [Problem(text, where)]
    problems = []
    for excess in excesses(name, marginal.values(np.array([0.0, 1.0])), context):
        level = ("lowest", "highest")[excess.row]
        problems.append(Problem(f"{level} level: {excess.mended(written)}", where))
    return problems


@dataclass(frozen=True)
class Morris:
    """An opened Morris design; see `Design`.

    Attributes
    ----------
    group : ndarray, shape (D,), int64
        Which group moves each parameter.
    source : Source
        Of trajectory t, from (seed, design path, t).
    chosen : tuple of int
        Trajectories of the source, where not all in order.
    """

    attributes: dict[str, Any]
    marginals: dict[str, Marginal]
    group: I8
    source: Source
    chosen: tuple[int, ...]
    stream: U8

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the parameters in order."""
        return tuple(self.marginals)

    @property
    def size(self) -> int:
        """Return the number of rows."""
        return int(self.attributes["size"])

    @property
    def rows_together(self) -> int:
        """Return the rows of a trajectory: groups + 1."""
        return self.source.groups + 1

    @property
    def extendable(self) -> bool:
        """Return whether more trajectories leave the first as they are."""
        return not self.chosen

    @cached_property
    def grid(self) -> dict[str, F8]:
        """Return each parameter's values at the levels, shape (1 or L, levels)."""
        u = self.source.grid
        return {name: marginal.values(u) for name, marginal in self.marginals.items()}

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return each parameter's values, shape (1 or L, stop - start), kernel units."""
        span(self.size, start, stop)
        begin, end = start // self.rows_together, -(-stop // self.rows_together)
        laid = self._steps(begin, end).levels(self.group)
        skip = start - begin * self.rows_together
        values = {}
        for j, name in enumerate(self.parameters):
            level = laid[j].reshape(-1)[skip : skip + stop - start]
            values[name] = np.take(self.grid[name], level, axis=1)
        return values

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)``: rows of a trajectory until one of the names moves."""
        span(self.size, start, stop)
        used = np.unique(self.group[[n in names for n in self.parameters]])
        if not used.size:
            return single(start, stop)
        begin, end = start // self.rows_together, -(-stop // self.rows_together)
        fresh = np.zeros((end - begin, self.rows_together), dtype=np.bool_)
        fresh[:, 0] = True
        rank = self._steps(begin, end).rank[:, used]
        np.put_along_axis(fresh, rank + 1, True, axis=1)
        skip = start - begin * self.rows_together
        return trimmed(runs(fresh.reshape(-1)), skip, skip + stop - start)

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return ``mu``, ``mu_star``, ``sigma``, ``theta`` (..., effect) per step of the unit cube.

        Also, with ``_conf``, the half widths of their bootstrap intervals over trajectories,
        and ``effective``, the trajectories without a failed member. As in SALib an effect is a
        difference of the response divided by the step in probability, so for a uniform
        parameter it is the slope times the parameter's range; ``sigma`` of a group of several
        is NaN, and with it every ``theta``, ``sqrt(mu**2 + sigma**2)`` over its standard
        deviation over the effects.
        """
        return _trajectories.effects(
            response,
            self._steps(0, self.size // self.rows_together),
            self.group,
            delta=self.source.delta,
            resamples=self.attributes["resamples"],
            confidence=self.attributes["confidence"],
            stream=self.stream,
            theta_ddof=self.attributes["theta_ddof"],
        )

    def moves(self, begin: int, end: int) -> tuple[I8, F8]:
        """Return the step at which each effect moves and in which direction, (T, effect)."""
        steps = self._steps(begin, end)
        return steps.rank, _trajectories.directions(steps, self.group)

    def _steps(self, begin: int, end: int) -> Steps:
        """Return the trajectories ``begin`` to ``end`` of the design."""
        if not self.chosen:
            return self.source.draw(begin, end)
        return self.source.draw(0, max(self.chosen) + 1).take(list(self.chosen[begin:end]))
