"""Morris' elementary effects: mu, mu_star, sigma, theta and the interval of mu_star.

Of trajectories whose members all ran, by the formulas of ``scenarios/designs/morris.py``:
what `soilsweep analyze` finds in stored members, found without storing any. (It finds the
same where outputs are stored in float64; in float32 their rounding is a difference.)

Source: Morris (1991, 10.2307/1269043); Campolongo et al. (2007, 10.1016/j.envsoft.2006.10.004).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.moments import pooled
from ensemble.members.remembered import remembered
from ensemble.members.statistics._contract import Declared, Partial, Target
from ensemble.members.statistics._gather import gather_effects
from ensemble.members.statistics._whole_groups import EFFECTIVE, WholeGroups
from kernels import F8, I8, U1
from scenarios.designs.sampling.bootstrap import half_width, weights
from scenarios.designs.sampling.trajectories import theta

NAMES = {
    "mu": "mean elementary effect",
    "mu_star": "mean absolute elementary effect",
    "sigma": "standard deviation of the elementary effects",
    "theta": "importance beside the other parameters, sqrt(mu^2 + sigma^2) over its deviation,",
    "mu_star_conf": "half width of the interval of the mean absolute elementary effect",
}
EXAMPLES = tuple(NAMES)


def reduction(requests: Sequence[str], target: Target) -> "Effects":
    """Return the reduction for canonical requests."""
    return Effects(tuple(requests), target)


def unfit(request: str, design: Any) -> str:
    """Return why a design as the scenario says it has no such statistic; empty if it has.

    Of a design that is not sound the method alone is known, or nothing.
    """
    method = getattr(design, "method", "")
    if method not in ("morris", ""):
        return (
            f"found a {method} design; {request} is of steps along trajectories: needed "
            "{method: morris, trajectories: 50, ...} and no cross around it"
        )
    if request.endswith("_conf") and getattr(design, "resamples", 2) < 2:
        return f"found resamples: {design.resamples}; {request} needed 2 or more in design:"
    return ""


class Effects(WholeGroups):
    """Moments of signed effects, sums of their sizes, and those of every resample."""

    def __init__(self, requests: tuple[str, ...], target: Target) -> None:
        super().__init__(requests, target)
        intervals = "mu_star_conf" in requests
        self.resamples = int(self.attributes["resamples"]) if intervals else 0
        self._moves = remembered(self._open_moves, 256)

    def declare(self) -> dict[str, Declared]:
        """Return one array (..., effect) per request, and the trajectories that entered."""
        own = self.target.units
        units = {name: "1" if name == "theta" else own for name in self.requests}
        declared = {
            name: self.declare_index(("effect",), units[name], NAMES[name])
            for name in self.requests
        }
        return {**declared, EFFECTIVE: self.declare_effective()}

    def start(self, locations: slice) -> Partial:
        """Return the sums of no trajectories."""
        rows, k = self.rows(locations), len(self.labels)
        moments = {name: np.zeros((rows, k)) for name in ("mean", "spread", "size")}
        drawn = np.zeros((rows, self.resamples))
        sizes = np.zeros((rows, self.resamples, k))
        return {"n": np.zeros(rows), **moments, "drawn": drawn, "sizes": sizes}

    def row_nbytes(self) -> int:
        """Return the bytes of the sums of one row."""
        k = len(self.labels)
        return 8 * (1 + 3 * k + self.resamples * (1 + k))

    def _open_moves(self, location: int, first: int, count: int) -> tuple[I8, F8, U1]:
        """Return steps, directions and weights of some trajectories."""
        design = self.design(location)
        rank, signs = design.moves(first, first + count)
        drawn = weights(design.stream, self.resamples, first, first + count)
        return np.ascontiguousarray(rank), np.ascontiguousarray(signs), drawn

    def gather(self, partial: Partial, values: F8, first: int, rows: slice, location: int) -> None:
        """Add trajectories at rows of one design."""
        rank, signs, drawn = self._moves(location, first, values.shape[1])
        names = ("n", "mean", "spread", "size", "drawn", "sizes")
        delta = self.design(location).source.delta
        gather_effects(values, rank, signs, delta, drawn, *(partial[n][rows] for n in names))

    def merge(self, first: Partial, second: Partial) -> Partial:
        """Return the sums of both, by Chan's formula."""
        a, b = (partial["n"][:, None] for partial in (first, second))
        _, mean, between = pooled(a, first["mean"], b, second["mean"])
        return {
            "n": first["n"] + second["n"],
            "mean": mean,
            "spread": first["spread"] + second["spread"] + between,
            **{name: first[name] + second[name] for name in ("size", "drawn", "sizes")},
        }

    def finish(self, partial: Partial) -> dict[str, NDArray[Any]]:
        """Return one array (rows, effect) per request, and ``effective`` (rows,)."""
        design, n = self.design(0), partial["n"]
        left = np.where(self.enough(n), n, np.nan)[:, None]
        several = np.bincount(design.group, minlength=len(self.labels)) > 1
        squares = np.where(several, np.nan, partial["spread"])
        ddof = int(design.attributes["theta_ddof"])
        mu = partial["mean"] + 0.0 * left
        indices = {
            "mu": mu,
            "mu_star": partial["size"] / left,
            "sigma": np.sqrt(squares / (left - 1)),
            "theta": theta(mu, np.sqrt(squares / (left - ddof)), ddof),
        }
        if self.resamples:
            drawn = np.where(partial["drawn"] > 0, partial["drawn"], np.nan)
            means = partial["sizes"] / drawn[..., None]
            level = float(design.attributes["confidence"])
            width = half_width(means, level, partial["drawn"] > 0)
            indices["mu_star_conf"] = width + 0.0 * left
        return {**{name: indices[name] for name in self.requests}, EFFECTIVE: n}
