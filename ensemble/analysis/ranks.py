"""Ranks of members: what ``transform: rank`` makes of a response when it is analysed.

A rank is one among others, so no block can have it: the store holds the response itself, and
indices are computed of ranks among the members that are analysed together, at one location.
"""

import numpy as np

from ensemble.members.layout import Layout
from ensemble.members.responses.kinds import RANK, Transformed
from kernels import F8


def is_ranked(layout: Layout, name: str) -> bool:
    """Return whether a response is analysed by its ranks."""
    response = layout.functionals.get(name)
    return isinstance(response, Transformed) and response.function == RANK


def ranked(values: F8) -> F8:
    """Return the place of each value among those of its row, 0 to 1; ties share theirs.

    Parameters
    ----------
    values : ndarray, shape (n, members)
        What is not finite has no rank, and is NaN.

    Returns
    -------
    ndarray, shape (n, members), float64
        ``(rank - 1/2) / finite members``, so that rows with unlike numbers of members compare.
    """
    # Half a second, which an analysis without ranks does not wait for.
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    places = np.full(values.shape, np.nan)
    for row, out in zip(values, places, strict=True):
        there = np.isfinite(row)
        out[there] = (rankdata(row[there]) - 0.5) / max(1, there.sum())
    return places
