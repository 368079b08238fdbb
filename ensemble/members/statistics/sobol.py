"""Sobol indices of first, total and second order, and their intervals.

Of Saltelli rows whose members all ran, by the formulas of ``designs/sampling/saltelli.py``:
what `soilsweep analyze` finds in stored members, found without storing any. Every index is
a ratio of means over rows, so sums of a row's terms are all that is kept, once plain and
once for each resample of the bootstrap.

Source: Saltelli et al. (2010, 10.1016/j.cpc.2009.09.018).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.remembered import remembered
from ensemble.members.statistics._contract import Declared, Partial, Target
from ensemble.members.statistics._gather import gather_saltelli
from ensemble.members.statistics._whole_groups import EFFECTIVE, WholeGroups
from kernels import F8, U1
from scenarios.designs.sampling.bootstrap import half_width, weights
from scenarios.designs.sampling.saltelli import is_constant, share

ORDERS = {
    "S1": "first-order Sobol index",
    "ST": "total Sobol index",
    "S2": "second-order Sobol index",
}
NAMES = {
    **ORDERS,
    **{
        f"{name}_conf": f"half width of the interval of the {words}"
        for name, words in ORDERS.items()
    },
}
EXAMPLES = tuple(NAMES)

W, A, B, SQUARES, PRODUCT, FIRST_OF_GROUPS = range(6)
"""Places of the terms: the weight, a, b, (a^2 + b^2) / 2, a b, and then by group."""


def reduction(requests: Sequence[str], target: Target) -> "Sobol":
    """Return the reduction for canonical requests."""
    return Sobol(tuple(requests), target)


def unfit(request: str, design: Any) -> str:
    """Return why a design as the scenario says it has no such statistic; empty if it has.

    Of a design that is not sound the method alone is known, or nothing.
    """
    method = getattr(design, "method", "")
    if method not in ("sobol", ""):
        return (
            f"found a {method} design; {request} is of Saltelli rows: needed "
            "{method: sobol, n: 1024, ...} and no cross around it"
        )
    if request.startswith("S2") and not getattr(design, "second_order", True):
        return f"found second_order: false; {request} needed second_order: true in design:"
    if request.endswith("_conf") and getattr(design, "resamples", 2) < 2:
        return f"found resamples: {design.resamples}; {request} needed 2 or more in design:"
    return ""


class Sobol(WholeGroups):
    """Sums of the terms of Saltelli's and Jansen's estimators, plain and resampled."""

    def __init__(self, requests: tuple[str, ...], target: Target) -> None:
        super().__init__(requests, target)
        self.groups = len(self.labels)
        self.second = bool(self.attributes["second_order"])
        intervals = any(name.endswith("_conf") for name in requests)
        self.resamples = int(self.attributes["resamples"]) if intervals else 0
        pairs = self.groups * (self.groups + 1) // 2 if self.second else 0
        self.terms = FIRST_OF_GROUPS + 3 * self.groups + pairs
        self._weights = remembered(self._draw, 256)

    def declare(self) -> dict[str, Declared]:
        """Return one array (..., effect) or (..., effect, effect_2) per request."""
        declared = {}
        for name in self.requests:
            dims = ("effect", "effect_2") if name.startswith("S2") else ("effect",)
            declared[name] = self.declare_index(dims, "1", NAMES[name])
        return {**declared, EFFECTIVE: self.declare_effective()}

    def start(self, locations: slice) -> Partial:
        """Return the sums of no rows."""
        rows = self.rows(locations)
        single = {name: np.zeros(rows) for name in ("n", "shift", "total", "square", "largest")}
        return {**single, "sums": np.zeros((rows, 1 + self.resamples, self.terms))}

    def row_nbytes(self) -> int:
        """Return the bytes of the sums of one row."""
        return 8 * (5 + (1 + self.resamples) * self.terms)

    def _draw(self, location: int, first: int, count: int) -> U1:
        return weights(self.design(location).stream, self.resamples, first, first + count)

    def gather(self, partial: Partial, values: F8, first: int, rows: slice, location: int) -> None:
        """Add Saltelli rows at rows of one design."""
        drawn = self._weights(location, first, values.shape[1])
        names = ("n", "shift", "total", "square", "largest", "sums")
        sums = (partial[name][rows] for name in names)
        gather_saltelli(values, self.groups, self.second, drawn, *sums)

    def merge(self, first: Partial, second: Partial) -> Partial:
        """Return the sums of both, about the shift of the first that has any rows."""
        none = first["n"] == 0
        shift = np.where(none, second["shift"], first["shift"])
        one, two = (self._about(part, shift) for part in (first, second))
        added = {name: one[name] + two[name] for name in ("n", "total", "square", "sums")}
        largest = np.maximum(one["largest"], two["largest"])
        return {**added, "shift": shift, "largest": largest}

    def _about(self, partial: Partial, shift: F8) -> Partial:
        """Return the sums of values from which another shift is taken."""
        step = np.where(partial["n"] > 0, partial["shift"] - shift, 0.0)
        if not step.any():
            return partial
        count = partial["n"] * self.design(0).rows_together
        square = partial["square"] + step * (2 * partial["total"] + step * count)
        total = partial["total"] + step * count
        # (rows, resamples) of terms; every product grows by what its factors grow by.
        old, e = np.moveaxis(partial["sums"], -1, 0), step[:, None]
        new, g = old.copy(), self.groups
        new[[A, B]] += e * old[W]
        new[SQUARES] += e * (old[A] + old[B] + e * old[W])
        new[PRODUCT] += e * (old[A] + old[B] + e * old[W])
        low = FIRST_OF_GROUPS
        new[low + g : low + 2 * g] += e * old[low : low + g]
        if self.second:
            low += 3 * g
            new[low : low + g] += e * old[W]
            one, two = np.triu_indices(g, 1)
            both = old[low + one] + old[FIRST_OF_GROUPS + two] + old[A]
            new[low + g :] += e * (both + e * old[W])
        sums = np.ascontiguousarray(np.moveaxis(new, 0, -1))
        return {**partial, "total": total, "square": square, "sums": sums}

    def finish(self, partial: Partial) -> dict[str, NDArray[Any]]:
        """Return one array (rows, effect, ...) per request, and ``effective`` (rows,)."""
        n = partial["n"]
        count = np.where(self.enough(n), n * self.design(0).rows_together, np.nan)
        mean = partial["total"] / count
        deviation = np.sqrt(np.maximum(partial["square"] / count - mean**2, 0.0))
        deviation = np.where(is_constant(deviation, partial["largest"]), np.nan, deviation)
        drawn = partial["sums"][..., W] > 0
        whole = np.where(drawn, partial["sums"][..., W], np.nan)
        means = partial["sums"] / whole[..., None]
        estimates = self._estimates(means, mean[:, None, None], deviation[:, None, None])
        indices = {name: values[:, 0] for name, values in estimates.items()}
        if self.resamples:
            level = float(self.attributes["confidence"])
            for name, values in estimates.items():
                flat = values[:, 1:].reshape(len(n), self.resamples, -1)
                width = half_width(flat, level, drawn[:, 1:])
                indices[f"{name}_conf"] = width.reshape(len(n), *values.shape[2:])
        return {**{name: indices[name] for name in self.requests}, EFFECTIVE: n}

    def _estimates(self, means: F8, mean: F8, deviation: F8) -> dict[str, F8]:
        """Return the indices (rows, 1 + resamples, effect, ...) from the means of the terms."""
        g, low = self.groups, FIRST_OF_GROUPS
        scale = deviation**2
        a, b = means[..., A : A + 1], means[..., B : B + 1]
        variance = (means[..., SQUARES : SQUARES + 1] - ((a + b) / 2) ** 2) / scale
        steps = means[..., low : low + g]
        numerator = (means[..., low + g : low + 2 * g] - mean * steps) / scale
        first = share(numerator, variance)
        indices = {
            "S1": first,
            "ST": share(means[..., low + 2 * g : low + 3 * g] / scale, variance),
        }
        if self.second:
            low += 3 * g
            one, two = np.triu_indices(g, 1)
            grown = means[..., low + one] + steps[..., two] + a
            joint = means[..., low + g :] - mean * (grown - a - b) - means[..., PRODUCT, None]
            indices["S2"] = pairs = np.full((*first.shape, g), np.nan)
            alone = first[..., one] + first[..., two]
            pairs[..., one, two] = share(joint / scale, variance) - alone
        return indices
