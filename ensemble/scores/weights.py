"""Weights of members by how near they are to what was observed, and statistics that have them.

Likelihood of independent normal errors; performance and independence as Knutti et al. (2017),
10.1002/2016GL072012, and Brunner et al. (2020), 10.5194/esd-11-995-2020, have them; acceptance by
history matching, Williamson et al. (2013), 10.1007/s00382-013-1896-4. Logarithms of weights are
added up, so that none of many members is lost to underflow; a member without a score is NaN.
"""

from collections.abc import Sequence

import numpy as np

from ensemble.scores.quantiles import weighted_quantiles
from kernels import F8

HEAVIEST = 10
"""Members whose share of all weight tells whether few decide."""

FEW, TOO_FEW = 30.0, 5.0
"""Effective sizes below which a user is warned, and below which there are no quantiles."""


def likelihood(scores: F8, sigmas: F8) -> F8:
    """Return logarithms of ``exp(-chi2 / 2)``, chi2 the sum of squares of score over sigma.

    Parameters
    ----------
    scores : ndarray, shape (k, ...), float64
        Distances from the best value, 0; NaN where a member has none.
    sigmas : ndarray, shape (k,), float64
        Standard errors in the units of the scores, above 0.

    Returns
    -------
    ndarray, shape (...), float64
    """
    return np.asarray(-0.5 * (_over(scores, sigmas) ** 2).sum(axis=0))


def performance(scores: F8, sigma: float) -> F8:
    """Return logarithms of ``exp(-(D / sigma)**2)``.

    D is the mean over scores of their sizes over their medians; of one score its size itself.

    Parameters
    ----------
    scores : ndarray, shape (k, ...), float64
        As `likelihood` has them.
    sigma : float

    Returns
    -------
    ndarray, shape (...), float64
    """
    sizes = np.abs(scores)
    if len(sizes) > 1:
        flat = sizes.reshape(len(sizes), -1)
        middles = [
            np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 1.0 for row in flat
        ]
        sizes = _over(sizes, np.where(np.array(middles) > 0, middles, 1.0))
    return np.asarray(-((sizes.mean(axis=0) / sigma) ** 2))


def implausibility(scores: F8, sigmas: F8) -> F8:
    """Return the largest size of score over sigma of each member, (...); NaN of one without.

    Parameters
    ----------
    scores : ndarray, shape (k, ...), float64
    sigmas : ndarray, shape (k,), float64
        Roots of the sum of squares of the errors of what was observed and of any model.
    """
    return np.asarray(np.abs(_over(scores, sigmas)).max(axis=0))


def accepted(scores: F8, sigmas: F8, below: float) -> F8:
    """Return 0 where `implausibility` is below a number, and minus infinity elsewhere."""
    found = implausibility(scores, sigmas)
    return np.where(np.isnan(found), np.nan, np.where(found < below, 0.0, -np.inf))


def independence(distances: F8, sigma: float) -> F8:
    """Return logarithms of ``1 / (1 + sum over others of exp(-(S / sigma)**2))``, (n,).

    Parameters
    ----------
    distances : ndarray, shape (n, n), float64
        S between models; what a model without values is far from all is NaN.
    sigma : float
        In their unit.
    """
    near = np.exp(-((np.nan_to_num(distances, nan=np.inf) / sigma) ** 2))
    np.fill_diagonal(near, 0.0)
    return np.asarray(-np.log1p(near.sum(axis=1)))


def distances(values: F8, weights: F8) -> F8:
    """Return root mean square differences of models, (n, n).

    Parameters
    ----------
    values : ndarray, shape (n, p), float64
        What each model has of every pair.
    weights : ndarray, shape (p,), float64
    """
    share = weights / weights.sum()
    found = np.zeros((len(values), len(values)))
    for k, row in enumerate(values):
        found[k] = np.sqrt(((values - row) ** 2) @ share)
    return found


def together(each: Sequence[F8]) -> F8:
    """Return the mean of distances (n, n) of several kinds, each over its median; one as it is."""
    if len(each) == 1:
        return each[0]
    upper = np.triu_indices(len(each[0]), 1)
    middles = [float(np.nanmedian(s[upper])) if len(upper[0]) else 1.0 for s in each]
    return np.asarray(np.mean([s / (m or 1.0) for s, m in zip(each, middles, strict=True)], axis=0))


def normalised(logarithms: F8) -> F8:
    """Return weights that add up to 1, of the same shape; 0 of what has none.

    All are 0 where no member has a weight.
    """
    known = np.where(np.isnan(logarithms), -np.inf, logarithms)
    largest = known.max(initial=-np.inf)
    if not np.isfinite(largest):
        return np.zeros(known.shape)
    weights = np.exp(known - largest)
    return np.asarray(weights / weights.sum())


def effective_size(weights: F8, axis: int | None = None) -> F8:
    """Return ``(sum w)**2 / sum w**2``: so many members of equal weight would know as much."""
    squares = (weights**2).sum(axis=axis)
    total = weights.sum(axis=axis) ** 2
    return np.asarray(np.divide(total, squares, out=np.zeros_like(total * 1.0), where=squares > 0))


def heaviest(weights: F8, count: int = HEAVIEST) -> float:
    """Return the share of the heaviest members of all weight; 0 where nothing has any."""
    flat = np.sort(weights.reshape(-1))
    return float(flat[-count:].sum() / total) if (total := flat.sum()) > 0 else 0.0


LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
STATISTICS = ("mean", "std", *(f"q{level * 100:02.0f}" for level in LEVELS))
"""What `weighted` gives."""


def weighted(values: F8, weights: F8) -> tuple[F8, F8]:
    """Return the statistics of rows of members, and of how many equal members each is worth.

    Parameters
    ----------
    values : ndarray, shape (n, m), float64
        NaN of a member that has none: its weight is shared out among the others.
    weights : ndarray, shape (m,), float64

    Returns
    -------
    statistics : ndarray, shape (n, s), float64
        By `STATISTICS`: the standard deviation is that of a population, quantiles are interpolated
        on cumulative weights at mid-steps, and NaN where the effective size is below `TOO_FEW`.
    size : ndarray, shape (n,), float64
    """
    there = np.isfinite(values)
    w = np.where(there, weights, 0.0)
    total, x = w.sum(axis=1), np.where(there, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (w * x).sum(axis=1) / total
        std = np.sqrt((w * (x - mean[:, None]) ** 2).sum(axis=1) / total)
    size = effective_size(w, axis=1)
    found = np.full((len(values), len(STATISTICS)), np.nan)
    found[:, 0], found[:, 1] = mean, std
    levels = np.array(LEVELS)
    for k in np.flatnonzero(size >= TOO_FEW).tolist():
        found[k, 2:] = weighted_quantiles(values[k], w[k], levels)
    return found, size


def _over(scores: F8, sigmas: F8) -> F8:
    return np.asarray(scores / sigmas.reshape(-1, *(1,) * (scores.ndim - 1)))
