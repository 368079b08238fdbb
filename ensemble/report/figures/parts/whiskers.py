"""How far a whisker reaches: a half width, but never below zero of what cannot be negative."""

import numpy as np

from kernels import F8

NEVER_NEGATIVE = ("mu_star", "sigma", "theta", "ST")
"""Indices of which no estimate is negative; those of S1 may be, by chance."""


def reach(values: F8, half: F8, *, never_negative: bool) -> F8:
    """Return how far whiskers reach below and above values, shape (2, *values); 0 where unknown.

    Parameters
    ----------
    values, half : ndarray, of one shape
    never_negative : bool
        Whether what is drawn has no values below zero.
    """
    above = np.where(np.isfinite(half) & np.isfinite(values), half, 0.0)
    below = np.minimum(above, np.maximum(values, 0.0)) if never_negative else above
    return np.stack([np.nan_to_num(below), above])


def band(values: F8, half: F8, *, never_negative: bool) -> tuple[F8, F8]:
    """Return the ends of a band about a line; NaN where either is not known."""
    low = values - half
    return (np.maximum(low, np.minimum(values, 0.0)) if never_negative else low), values + half
