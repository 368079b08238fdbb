"""Quantiles of weighted values, as every table and map of an evaluation has them."""

import numpy as np

from kernels import F8


def weighted_quantiles(values: F8, weights: F8, quantiles: F8) -> F8:
    """Return quantiles, interpolated on cumulative weights at mid-steps.

    Parameters
    ----------
    values, weights : ndarray, shape (n,), float64
        What is not finite, or has a weight of 0, is left out.
    quantiles : ndarray, shape (q,), float64
        From 0 to 1.

    Returns
    -------
    ndarray, shape (q,), float64
        NaN where nothing has a weight. Beyond the outer mid-steps, the smallest and largest.
    """
    there = np.isfinite(values) & (weights > 0)
    if not there.any():
        return np.full(len(quantiles), np.nan)
    order = np.argsort(values[there], kind="stable")
    rising, w = values[there][order], weights[there][order]
    middles = (np.cumsum(w) - w / 2) / w.sum()
    return np.interp(quantiles, middles, rising)
