"""CLM's soil: levels to the testbed's six layers, and water contents from texture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import F8

# How many of CLM's levels, from the top, the testbed's converter takes for each layer.
_OLD = (1, 2, 2, 2, 2, 1)
_NEW = (1, 2, 2, 2, 4, 5)
LEVELS = {10: _OLD, 15: _OLD, 20: _NEW, 25: _NEW}
"""By the number of levels, of soil or of all ground: CLM4.5 has 10 or 15, CLM5.0 20 or 25."""


def midpoint_thickness(centres: F8) -> F8:
    """Return thicknesses of levels, (n,) m, between midpoints of their centres.

    So the testbed's converter has them. Of CLM5.0's first level that is 0.025 m, not the 0.020
    it has.
    """
    between = (centres[1:] + centres[:-1]) / 2
    last = centres[-1] + (centres[-1] - centres[-2]) / 2
    return np.diff(np.concatenate([[0.0], between, [last]]))


@dataclass(frozen=True)
class Layering:
    """Weights of levels in the testbed's layers, (6, n), rows adding up to 1.

    ``present`` says which layers have a level above bedrock.
    """

    weights: F8

    @property
    def present(self) -> NDArray[np.bool_]:
        """Return which layers have any level, (6,)."""
        return np.asarray(self.weights.sum(axis=1) > 0)

    def mean(self, values: F8) -> F8:
        """Return means of layers (..., 6) from levels (..., at least n)."""
        used = values[..., : self.weights.shape[1]]
        return np.asarray(np.einsum("...n,kn->...k", used, self.weights))


def layering(levels: int, thickness: F8, above_rock: int | None = None) -> Layering:
    """Return how levels become layers.

    Parameters
    ----------
    levels : int
        A key of `LEVELS`.
    thickness : ndarray, shape (n,)
        Of levels, m.
    above_rock : int or None
        Levels above bedrock; those below have no water and no roots, and are left out.
    """
    counts = LEVELS[levels]
    ends = np.cumsum(counts)
    weights = np.zeros((len(counts), ends[-1]))
    for k, (end, count) in enumerate(zip(ends, counts, strict=True)):
        weights[k, end - count : end] = thickness[end - count : end]
    if above_rock is not None:
        weights[:, above_rock:] = 0.0
    whole = weights.sum(axis=1, keepdims=True)
    return Layering(np.divide(weights, whole, out=np.zeros_like(weights), where=whole > 0))


# Of mineral soil, texture in fractions: CLM4.5 and CLM5.0 alike, without organic matter.


def saturation(sand: F8) -> F8:
    """Return the water content at saturation, m3 m-3."""
    return np.asarray(0.489 - 0.126 * sand)


def field_capacity(sand: F8, clay: F8) -> F8:
    """Return the water content at which 0.1 mm d-1 drains, m3 m-3."""
    conductivity = 86400 * 0.0070556 * 10 ** (-0.884 + 1.53 * sand)
    exponent = 1 / (2 * (2.91 + 15.9 * clay) + 3)
    return np.asarray(saturation(sand) * (0.1 / conductivity) ** exponent)


def wilting_point(sand: F8, clay: F8, silt: F8, field: F8) -> F8:
    """Return the water content at the wilting point, m3 m-3, at least 5 % below field capacity.

    The testbed's regression on percent of sand, clay and silt.
    """
    s, c, t = 100 * sand, 100 * clay, 100 * silt
    percent = (
        92.3851 - 1.5722 * t - 0.5423 * s - 0.0072 * c**2 + 0.0072 * t**2 - 0.0059 * s**2
        + 160.14591 / c + 6.60011 / s + 0.0022 * c * t - 0.0039 * c * s
    )  # fmt: skip
    lower = np.where(field > 0.05, field - 0.05, field / 2)
    return np.minimum(percent / 100, lower)
