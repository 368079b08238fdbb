"""How far a cell lies from all records, as they see it, and how far is too far.

Source: Meyer and Pebesma (2021), Methods in Ecology and Evolution, 10.1111/2041-210X.13650.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, I8

WHISKER = 1.5
"""Spreads of the hinges above the upper one beyond which a training index is an outlier."""


@dataclass(frozen=True)
class Space:
    """Predictors standardised as records have them, and weighted.

    Attributes
    ----------
    varied : ndarray, shape (p,), bool
        Predictors that records do not have all alike; the others tell none from another.
    mean, scale : ndarray, shape (v,), float64
        Of those that vary.
    known : ndarray, shape (r, v), float64
        Records in this space.
    apart : float
        Mean distance of two records.
    """

    varied: NDArray[np.bool_]
    mean: F8
    scale: F8
    known: F8
    apart: float

    @classmethod
    def of(cls, records: F8, weights: F8) -> "Space":
        """Return the space of records.

        Parameters
        ----------
        records : ndarray, shape (r, p), float64
            Predictors that are numbers, one of which varies at least. They are divided by their
            standard deviation (ddof 1).
        weights : ndarray, shape (p,), float64
            Of predictors; their scale cancels.
        """
        from scipy.spatial.distance import pdist  # type: ignore[import-untyped]  # rarely needed

        varied = np.ptp(records, axis=0) > 0.0
        some = records[:, varied]
        mean, scale = some.mean(axis=0), weights[varied] / some.std(axis=0, ddof=1)
        known = (some - mean) * scale
        return cls(varied, mean, scale, known, float(pdist(known).mean()))

    def index(self, cells: F8) -> F8:
        """Return the distance of cells (n, p) to the nearest record over ``apart``, (n,).

        A cell with a gap has NaN.
        """
        asked = (cells[:, self.varied] - self.mean) * self.scale
        whole = np.isfinite(asked).all(axis=1)
        found = np.full(len(cells), np.nan)
        found[whole] = _nearest(asked[whole], self.known) / self.apart
        return found

    def training(self, fold: I8) -> F8:
        """Return the index of each record (r,), of the nearest record of another fold."""
        found = np.empty(len(self.known))
        for one in np.unique(fold):
            own = fold == one
            found[own] = _nearest(self.known[own], self.known[~own]) / self.apart
        return found


def _nearest(asked: F8, known: F8) -> F8:
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # 0.2 s: rarely needed

    return np.asarray(cKDTree(known).query(asked)[0], np.float64)


def threshold(training: F8) -> float:
    """Return the largest index of records, (r,), that is no outlier: cells above it are outside.

    Outliers are those of Tukey's boxplot, by hinges: medians of the halves of the sorted values,
    each half with the middle one if their number is odd, as R's ``boxplot.stats`` has them.
    """
    ordered = np.sort(training)
    half = (ordered.size + 1) // 2
    lower, upper = np.median(ordered[:half]), np.median(ordered[-half:])
    return float(ordered[ordered <= upper + WHISKER * (upper - lower)][-1])
