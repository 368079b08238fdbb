"""From one grid to another, with land fractions: what falls on land stays on land.

A rate per area of land and the part that is land become two sums with the same weights, ``rate x
land`` and ``land``: their ratio is the rate on the target, the second over the overlap its land. So
totals are kept, which rates with the sea left out do not do once they are multiplied by the
target's own land. Without a land fraction there is no total, and nothing is regridded.

First-order conservative remapping with weights of overlap: Jones (1999),
10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2. Distance-weighted averages of the 4 nearest centres
are what CDO calls ``remapdis``: they lose or gain 0.03 to 0.24 % of a total.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from kernels import F8
from scenarios.grids import Conservative, Grid, on_sphere

Method = Literal["conservative", "distance_weighted"]

NEAREST = 4
WARNED, REFUSED = 1e-3, 1e-2
"""Parts of a total that a regridding may lose or gain: above, it is told of, or refused."""


@dataclass(frozen=True)
class Regridded:
    """A rate on the target's cells.

    Attributes
    ----------
    rate : ndarray, shape (rows, columns), float64
        Per area of land; NaN where nothing of the source is land with a value.
    land : ndarray, shape (rows, columns), float64
        Part of each cell that is land with a value.
    ratio : float
        Total on the target over that on the source.
    """

    rate: F8
    land: F8
    ratio: float


class Weights(Protocol):
    """What spreads a source over a target."""

    def spread(self, values: F8) -> F8:
        """Return the mean of values (rows, columns) over each cell of the target."""


@dataclass(frozen=True)
class DistanceWeighted:
    """Weights of one over the angle to the nearest centres; a centre at the place takes all."""

    source: Grid
    target: Grid

    @cached_property
    def nearest(self) -> tuple[F8, F8]:
        """Return the nearest centres of each of the target's, (cells, 4), and their weights."""
        from scipy.spatial import cKDTree  # type: ignore[import-untyped]

        chord, at = cKDTree(_places(self.source)).query(_places(self.target), k=NEAREST)
        angle = 2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0))
        here = angle <= 1e-12
        weights = np.where(here.any(axis=1, keepdims=True), here, 1.0 / np.where(here, 1.0, angle))
        return at, weights / weights.sum(axis=1, keepdims=True)

    def spread(self, values: F8) -> F8:
        """Return the weighted mean of values (rows, columns) at each centre of the target."""
        at, weights = self.nearest
        found = (values.reshape(-1)[at] * weights).sum(axis=1)
        return np.asarray(found.reshape(self.target.shape))


def _places(grid: Grid) -> F8:
    """Return centres on the unit sphere, (cells, 3)."""
    lat, lon = np.meshgrid(grid.lat, grid.lon, indexing="ij")
    return on_sphere(lat.reshape(-1), lon.reshape(-1))


METHODS: Mapping[str, type[Conservative] | type[DistanceWeighted]] = {
    "conservative": Conservative,
    "distance_weighted": DistanceWeighted,
}


def regrid(rate: F8, land: F8 | None, weights: Conservative | DistanceWeighted) -> Regridded:
    """Return a rate on another grid.

    Parameters
    ----------
    rate : ndarray, shape (rows, columns), float64
        Per area of land; NaN where there is none.
    land : ndarray, shape (rows, columns), float64, or None
        Part of each cell that is land.
    weights : Conservative or DistanceWeighted

    Raises
    ------
    ValueError
        There is no land fraction.
    """
    if land is None:
        text = "a rate per area of land without land fractions has no total, and is not regridded"
        raise ValueError(f"{text}; needed the land fraction of its grid, or land_fraction: 1")
    there = np.isfinite(rate) & (land > 0)
    part = np.where(there, land, 0.0)
    number = weights.spread(np.where(there, rate, 0.0) * part)
    found = weights.spread(part)
    some = found > 0
    on_target = np.divide(number, found, out=np.full_like(found, np.nan), where=some)
    before = float((weights.source.areas * part * np.where(there, rate, 0.0)).sum())
    after = float((weights.target.areas * number).sum())
    return Regridded(on_target, found, after / before if before else np.nan)


def conserved(found: Regridded, *, rescale: bool) -> tuple[Regridded, str]:
    """Return a regridded rate, and what is to be said of the total that it lost or gained.

    Parameters
    ----------
    found : Regridded
        On a target that covers all of the source.
    rescale : bool
        Multiply rates so that the total is the source's.

    Raises
    ------
    ValueError
        More than a hundredth was lost or gained, and nobody asked to rescale.
    """
    off = found.ratio - 1.0
    if rescale and np.isfinite(found.ratio):
        return Regridded(
            found.rate / found.ratio, found.land, 1.0
        ), f"rescaled by {1.0 / found.ratio - 1.0:+.2%}"
    if abs(off) > REFUSED:
        text = f"regridding changed the total by {off:+.2%}; needed {REFUSED:.0%} or less"
        raise ValueError(f"{text}: regrid: conservative, or conserve: rescale")
    return found, f"regridding changed the total by {off:+.2%}" if abs(off) > WARNED else ""
