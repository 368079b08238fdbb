"""What the analyses of Morris and Saltelli designs share: failures, chunks, bootstrap."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.designs._normal import ndtri
from scenarios.designs._streams import generator

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]

VALUES = 2**20  # float64 of a chunk of responses, and of bootstrap counts: 8 MB each

ONE_THREAD = 2**18
"""Multiplications up to which OpenBLAS keeps to one thread."""

Units = slice | NDArray[np.bool_]


def patterns(response: F8, unit: int) -> Iterator[tuple[I8, Units, F8]]:
    """Yield responses that have lost the same units, those units removed.

    Parameters
    ----------
    response : ndarray, shape (M, size), float64
        A value that is not finite marks a failed member.
    unit : int
        Rows that are lost together.

    Yields
    ------
    which : ndarray, shape (m,), int64
        Of the M responses.
    kept : slice, or ndarray of bool, shape (units,)
        The units left.
    values : ndarray, shape (m, units kept, unit), float64
        About 8 MB at a time, unless one response alone is larger.
    """
    values = response.reshape(len(response), -1, unit)
    good = np.asarray(np.isfinite(values).all(axis=-1))
    whole = good.all(axis=-1)
    step = max(1, VALUES // max(1, response.shape[1]))
    yield from _pieces(values, np.flatnonzero(whole), slice(None), step)
    broken = np.flatnonzero(~whole)
    if broken.size:
        distinct, number = np.unique(good[broken], axis=0, return_inverse=True)
        for k, kept in enumerate(distinct):
            yield from _pieces(values, broken[number.reshape(-1) == k], kept, step)


def _pieces(values: F8, which: I8, kept: Units, step: int) -> Iterator[tuple[I8, Units, F8]]:
    for start in range(0, len(which), step):
        chosen = which[start : start + step]
        yield chosen, kept, values[chosen][:, kept]


def counts(stream: U8, units: int, resamples: int) -> Iterator[F8]:
    """Yield how often each unit is drawn, shape (r, units), r adding up to ``resamples``.

    A bootstrap mean is a weighted mean, so all indices of all resamples are matrix
    products with these counts, and nothing is gathered.
    """
    draws = generator(stream)
    step = max(1, VALUES // units)
    for start in range(0, resamples, step):
        number = min(step, resamples - start)
        yield tally(draws.integers(units, size=(number, units), dtype=np.uint32))


def tally(drawn: NDArray[np.integer[Any]]) -> F8:
    """Return how often each unit is drawn, (r, units), from unit numbers (r, units)."""
    resamples, units = drawn.shape
    # One bincount for all resamples: each has its own range of numbers.
    flat = (drawn + units * np.arange(resamples)[:, None]).reshape(-1)
    return np.bincount(flat, minlength=units * resamples).reshape(resamples, units).astype(float)


def means_of(weight: F8, terms: F8) -> F8:
    """Return the mean over units of ``terms`` (m, units, n) in each resample, (m, r, n).

    Parameters
    ----------
    weight : ndarray, shape (r, units), float64
        How often each unit is in each resample.
    terms : ndarray, shape (m, units, n), float64
    """
    resamples, units = weight.shape
    # Products this small stay on one thread: to wake the others on a busy machine costs
    # several times the arithmetic.
    rows = ONE_THREAD // (units * terms.shape[-1])
    if rows < 4:
        return np.asarray(weight @ terms / units)
    parts = [weight[start : start + rows] @ terms for start in range(0, resamples, rows)]
    return np.asarray(np.concatenate(parts, axis=1) / units)


def half_width(replicates: F8, confidence: float) -> F8:
    """Return SALib's interval: normal quantile x standard deviation of (..., resample, index)."""
    width: F8 = _quantile(confidence) * replicates.std(axis=-2, ddof=1)
    return width


@cache
def _quantile(confidence: float) -> float:
    return float(ndtri(np.array([0.5 + confidence / 2.0]))[0])
