"""A group of a calibration as spotpy has its set-ups: what any sampler of spotpy takes."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ensemble.calibration.folds import WHOLE
from ensemble.calibration.layout import Layout
from ensemble.calibration.rounds import Places
from ensemble.calibration.searches.parts.spotpy_child import FAILED, factor_of
from kernels import F8, OK

LOG = "log10_"
"""How names of parameters begin that are searched in their logarithm."""


class SpotpySetup:
    """The parameters, observations and cost of a group, for ``spotpy.algorithms``.

    Parameters are those of the scenario with their ranges; one that is searched in its logarithm is
    ``log10_NAME``, and a ratio ``log10_NAME_over_OTHER``. A simulation is what is modelled beside
    each observation, location by location.

    Parameters
    ----------
    layout : Layout
        Of a calibration.
    group : int
    algorithm : str
        Which one it is for: the cost is as that wants it, see `objectivefunction`.

    Attributes
    ----------
    names : tuple of str
        Of the parameters of a vector.
    """

    def __init__(self, layout: Layout, group: int, algorithm: str) -> None:
        self._layout, self._factor = layout, factor_of(algorithm)
        mine, keep = layout.looked_at(group, WHOLE)
        names = layout.space.names
        self._places = Places(layout.experiment, layout.objective, [mine], names, keep)
        self._compared = layout.objective.compares
        there = self._places.objective.there() if self._compared else np.ones((1, 1), np.bool_)
        self._there = there
        scale = layout.space.scale
        self.names = tuple(
            (LOG if log else "") + name.replace(" / ", "_over_")
            for name, log in zip(layout.space.searched, scale.logarithmic, strict=True)
        )

    def values(self, vector: Sequence[float]) -> dict[str, float]:
        """Return the parameters of the kernel, in its units, that a vector stands for."""
        found = self._values(vector)[0]
        return dict(zip(self._layout.space.names, found.tolist(), strict=True))

    def _values(self, vector: Sequence[float]) -> F8:
        searched = np.array([[float(number) for number in vector]])
        scale = self._layout.space.scale
        searched[:, scale.logarithmic] = 10.0 ** searched[:, scale.logarithmic]
        return self._layout.space.values(scale.u(searched))[0]

    @cached_property
    def _table(self) -> list[Any]:
        """Return spotpy's parameters: made once, as each takes milliseconds."""
        from spotpy.parameter import Uniform

        scale = self._layout.space.scale
        ends = np.stack([scale.lower, scale.upper], axis=1)
        ends[scale.logarithmic] = np.log10(ends[scale.logarithmic])
        # What is not said spotpy estimates from random numbers.
        return [
            Uniform(name, low, high, step=0.1 * (high - low), optguess=0.5 * (low + high),
                    minbound=low, maxbound=high)
            for name, (low, high) in zip(self.names, ends.tolist(), strict=True)
        ]  # fmt: skip

    def parameters(self) -> Any:
        """Return the table of parameters, with a drawn value of each."""
        from spotpy.parameter import generate

        return generate(self._table)

    def simulation(self, vector: Sequence[float]) -> list[float]:
        """Return what is modelled beside each observation.

        It is 1e30 for all where a member failed or a limit is broken. Of a cost that compares
        nothing with what is observed, it is the cost itself.
        """
        values, group = self._values(vector), np.zeros(1, np.int64)
        if not self._compared:
            cost = self._places.evaluate(group, values).cost
            return [float(cost[0]) if np.isfinite(cost[0]) else FAILED]
        found, status = self._places.modelled(group, values)
        modelled = np.concatenate(found, axis=1)[self._there]
        sound = (status == OK).all() and np.isfinite(modelled).all()
        if sound and self._places.objective.limits:
            violation = self._places.evaluate(group, values).violation
            sound = violation is not None and violation[0] == 0.0
        return list(map(float, modelled)) if sound else [FAILED] * len(modelled)

    def evaluation(self) -> list[float]:
        """Return what is observed, in the units of what is modelled."""
        if not self._compared:
            return [0.0]
        every = [term.pairs.observed[0] for term in self._places.objective.terms]
        return list(map(float, np.concatenate(every, axis=1)[self._there]))

    def objectivefunction(
        self, simulation: Sequence[float], evaluation: Sequence[float], params: Any = None
    ) -> float:
        """Return the cost J of a simulation, as the algorithm wants it.

        J for one that makes it small, -J/2, the logarithm of a likelihood with known errors, for
        ``dream``, ``demcz``, ``mcmc`` and ``mle``, and -J for others. What has no cost has 1e30 in
        its place, never NaN.
        """
        cost = FAILED
        if not self._compared:
            (cost,) = simulation
        elif not np.any(np.asarray(simulation) == FAILED):
            whole = np.full(self._there.shape, np.nan)
            whole[self._there] = simulation
            ends = np.cumsum([t.pairs.there.shape[-1] for t in self._places.objective.terms])
            cost = self._places.cost_of(np.split(whole, ends[:-1], axis=1))
        return self._factor * (cost if np.isfinite(cost) else FAILED)
