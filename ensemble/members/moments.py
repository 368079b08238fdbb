"""Moments of two groups of members together, by Chan's formula."""

from typing import Any

import numpy as np

from kernels import F8


def pooled(n: F8, mean: F8, more: Any, other: F8) -> tuple[F8, F8, F8]:
    """Return number and mean of both groups, and what the difference of their means adds.

    Parameters
    ----------
    n, mean : ndarray, float64
        Of the first group; 0 where there is nothing yet.
    more : ndarray or int
        Number of the second.
    other : ndarray, float64
        Its mean.

    Returns
    -------
    n, mean : ndarray
    between : ndarray
        To be added to both sums of squared deviations.

    Notes
    -----
    T. F. Chan, G. H. Golub, R. J. LeVeque (1979). The compiled sums of a block
    (`compiled_sums.pool`) multiply in another order, on which the last bits of every store
    rest.
    """
    both = n + more
    share = more / np.where(both > 0, both, 1.0)
    step = other - mean
    return both, mean + step * share, step**2 * n * share
