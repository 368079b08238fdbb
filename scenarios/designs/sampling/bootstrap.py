"""What the analyses of Morris and Saltelli designs share: failures, chunks, bootstrap."""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8, U1, U8
from scenarios.designs.sampling.normal import ndtri
from scenarios.designs.sampling.streams import WORDS, words

VALUES = 2**20  # float64 of a chunk of responses, and of bootstrap counts: 8 MB each

ONE_THREAD = 2**18
"""Multiplications up to which OpenBLAS keeps to one thread."""

UNITS = 2**16
"""Units whose random words are held at a time."""

LANES = 4
"""Weights that one random word decides."""

Units = slice | NDArray[np.bool_]


def patterns(response: F8, rows_together: int) -> Iterator[tuple[I8, Units, F8]]:
    """Yield responses that have lost the same units, those units removed.

    Parameters
    ----------
    response : ndarray, shape (M, size), float64
        A value that is not finite marks a failed member.
    rows_together : int
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
    values = response.reshape(len(response), -1, rows_together)
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


def weights(stream: U8, resamples: int, begin: int, end: int) -> U1:
    """Return how often units ``begin`` to ``end`` are drawn, shape (end - begin, resamples).

    A unit's weights follow from the stream and its number alone, so a block of a run knows
    them without the others, and a longer design keeps those of a shorter one.

    Notes
    -----
    The Poisson bootstrap: weights are Poisson numbers of mean 1, which a bootstrap's own
    tend to, and means are divided by the sum of the weights (Hanley, J. A. and MacGibbon, B.
    (2006), Computer Methods and Programs in Biomedicine 83, 57-62,
    https://doi.org/10.1016/j.cmpb.2006.04.006). A quarter of a random word decides one.
    """
    width = -(-resamples // (LANES * WORDS)) * WORDS
    drawn = words(stream, begin * width, end * width).astype("<u8")
    lanes = drawn.view("<u2").reshape(end - begin, LANES * width)
    return np.asarray(_poisson()[lanes[:, :resamples]])


@cache
def _poisson() -> U1:
    """Return the Poisson number of mean 1 of each value of 16 bits, by inversion."""
    cells = 2**16
    chance = [math.exp(-1) / math.factorial(k) for k in range(10)]
    above = np.round(np.cumsum(chance) * cells)
    return np.searchsorted(above, np.arange(cells), side="right").astype(np.uint8)


def counts(stream: U8, units: int, resamples: int) -> Iterator[F8]:
    """Yield how often each unit is drawn, shape (r, units), r adding up to ``resamples``.

    A bootstrap mean is a weighted mean, so all indices of all resamples are matrix
    products with these counts, and nothing is gathered.
    """
    every = np.empty((resamples, units), dtype=np.uint8)
    for begin in range(0, units, UNITS):
        end = min(begin + UNITS, units)
        every[:, begin:end] = weights(stream, resamples, begin, end).T
    step = max(1, VALUES // units)
    for start in range(0, resamples, step):
        yield every[start : start + step].astype(np.float64)


def of_units(drawn: Iterable[F8], kept: Units) -> Iterator[F8]:
    """Yield the counts of the units left, without resamples that drew none of them."""
    for weight in drawn:
        some = weight[:, kept]
        yield some[some.any(axis=1)]


def tally(drawn: NDArray[np.integer[Any]]) -> F8:
    """Return how often each unit is drawn, (r, units), from unit numbers (r, units).

    For draws of others: SALib's intervals are ours with SALib's draws.
    """
    resamples, units = drawn.shape
    # One bincount for all resamples: each has its own range of numbers.
    flat = (drawn + units * np.arange(resamples)[:, None]).reshape(-1)
    return np.bincount(flat, minlength=units * resamples).reshape(resamples, units).astype(float)


def means_of(weight: F8, terms: F8) -> F8:
    """Return the weighted mean of ``terms`` (m, units, n) in each resample, (m, r, n).

    Parameters
    ----------
    weight : ndarray, shape (r, units), float64
        How often each unit is in each resample; no resample is empty.
    terms : ndarray, shape (m, units, n), float64
    """
    resamples, units = weight.shape
    whole = weight.sum(axis=1, keepdims=True)
    # Products this small stay on one thread: to wake the others on a busy machine costs
    # several times the arithmetic.
    rows = ONE_THREAD // (units * terms.shape[-1])
    if rows < 4:
        return np.asarray(weight @ terms / whole)
    parts = [weight[start : start + rows] @ terms for start in range(0, resamples, rows)]
    return np.asarray(np.concatenate(parts, axis=1) / whole)


def half_width(replicates: F8, confidence: float, drawn: NDArray[np.bool_] | None = None) -> F8:
    """Return SALib's interval: normal quantile x standard deviation of (..., resample, index).

    Parameters
    ----------
    replicates : ndarray, shape (..., resample, index), float64
    confidence : float
    drawn : ndarray, shape (..., resample), bool, optional
        Resamples that drew any unit; the others are left out.

    Returns
    -------
    ndarray, shape (..., index)
        NaN for fewer than two resamples.
    """
    if drawn is None or drawn.all():
        if replicates.shape[-2] < 2:
            return np.full((*replicates.shape[:-2], replicates.shape[-1]), np.nan)
        return np.asarray(quantile(confidence) * replicates.std(axis=-2, ddof=1))
    here = drawn[..., None]
    number = here.sum(axis=-2)
    mean = np.where(here, replicates, 0.0).sum(axis=-2) / np.maximum(number, 1)
    squares = np.where(here, replicates - mean[..., None, :], 0.0) ** 2
    variance = squares.sum(axis=-2) / np.where(number > 1, number - 1, np.nan)
    return np.asarray(quantile(confidence) * np.sqrt(variance))


@cache
def quantile(confidence: float) -> float:
    """Return how many standard deviations the half width of an interval is."""
    return float(ndtri(np.array([0.5 + confidence / 2.0]))[0])
