"""Means of bands of latitude, with intervals that take cells to be independent.

They are not: neighbours are alike, and the interval is too narrow. It is the one that papers print
(Jian et al. 2021, 10.1111/gcb.15795), and is t times the standard error where weights are equal.
"""

from dataclasses import dataclass

import numpy as np

from kernels import F8, I8

DEGREES = 5.0
BANDS = int(180 / DEGREES)
EDGES = -90.0 + DEGREES * np.arange(BANDS + 1)


def band_of(lat: F8) -> I8:
    """Return the band of each centre, from -90 on: [-90, -85), ..., [85, 90].

    Latitudes are rounded to a millionth of a degree first: grids in float32 hold -0.0, and 36k/19
    that should be 0, 5 or 60.
    """
    found = np.floor((np.round(lat, 6) + 90.0) / DEGREES).astype(np.int64)
    return np.minimum(found, BANDS - 1)


@dataclass(frozen=True)
class Means:
    """Means of groups of cells.

    Attributes
    ----------
    n : ndarray, shape (g,), int64
        Cells with a value.
    weight : ndarray, shape (g,), float64
    mean, half_width : ndarray, shape (g,), float64
        Weighted; the half width of the interval of 95 %. NaN of a group without a cell, and the
        half width of one with a single cell.
    plain, plain_half_width : ndarray, shape (g,), float64
        The same without weights.
    """

    n: I8
    weight: F8
    mean: F8
    half_width: F8
    plain: F8
    plain_half_width: F8


def sums(values: F8, group: I8, groups: int) -> F8:
    """Return the sum of the values (n,) of each group, (g,)."""
    return np.bincount(group, values, groups).astype(np.float64, copy=False)


def means(values: F8, weights: F8, group: I8, groups: int = BANDS) -> Means:
    """Return the means of groups.

    Parameters
    ----------
    values, weights : ndarray, shape (n,), float64
        Cells without a value or a weight are left out; a value of 0 counts.
    group : ndarray, shape (n,), int64
        0 to ``groups`` - 1.
    """
    there = np.isfinite(values) & (weights > 0)
    x, w, g = values[there], weights[there], group[there]
    n = np.bincount(g, minlength=groups)
    weighted, plain = (_mean(x, of, g, n) for of in (w, np.ones_like(w)))
    return Means(n, sums(w, g, groups), *weighted, *plain)


def _mean(x: F8, w: F8, group: I8, n: I8) -> tuple[F8, F8]:
    """Return weighted means (g,) and the half widths of their intervals."""
    from scipy.stats import t  # type: ignore[import-untyped]

    groups = len(n)
    whole = sums(w, group, groups)
    whole = np.where(n > 0, whole, np.nan)
    mean = sums(w * x, group, groups) / whole
    spread = sums((w * (x - mean[group])) ** 2, group, groups)
    free = np.where(n > 1, n - 1, np.nan)
    return mean, t.ppf(0.975, free) * np.sqrt(spread * n / free) / whole
