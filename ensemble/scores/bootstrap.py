"""Means of resampled pairs: of records as if each were alone, and of whole studies.

Records of one study are not independent: the interval to report is the one of studies. A draw
follows from its stream and its number alone, so that any process has it again.

Sources: Efron, B. (1979), 10.1214/aos/1176344552; 10,000 means as in Jian et al. (2021),
10.1111/gcb.15795.
"""

import numpy as np

from kernels import F8, I8, U8
from scenarios.designs.sampling.streams import uniforms

RESAMPLES = 10_000
DRAWS = 2**20
"""That are held at a time: 8 MB."""

TAILS = (0.025, 0.975)


def of_records(values: F8, stream: U8, *, resamples: int = RESAMPLES, size: int = 0) -> F8:
    """Return means of records drawn with replacement.

    Parameters
    ----------
    values : ndarray, shape (n, k), float64
        Columns are resampled together: a record keeps what is observed and modelled of it.
    stream : ndarray, shape (2,), uint64
        Key of the draws.
    resamples : int
    size : int
        Records of a mean; 0 for n. The code of Jian et al. has 20.

    Returns
    -------
    ndarray, shape (resamples, k), float64
        Their standard deviation is s sqrt((n - 1)/n)/sqrt(size) but for chance.
    """
    size = size or len(values)
    means = np.empty((resamples, values.shape[1]))
    step = max(1, DRAWS // size)
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        drawn = _drawn(len(values), stream, start * size, stop * size).reshape(-1, size)
        for k in range(values.shape[1]):
            means[start:stop, k] = values[:, k][drawn].mean(axis=1)
    return means


def of_studies(values: F8, study: I8, stream: U8, *, resamples: int = RESAMPLES) -> F8:
    """Return means over the records of studies drawn with replacement, with all their records.

    Parameters
    ----------
    values : ndarray, shape (n, k), float64
    study : ndarray, shape (n,), int64
        Of each record, from 0 on, none without a record.
    stream, resamples
        As of `of_records`.

    Returns
    -------
    ndarray, shape (resamples, k), float64
    """
    number = int(study.max()) + 1
    count = np.bincount(study, minlength=number).astype(np.float64)
    sums = np.stack([np.bincount(study, column, number) for column in values.T], axis=1)
    drawn = _drawn(number, stream, 0, resamples * number).reshape(resamples, number)
    return np.asarray(sums[drawn].sum(axis=1) / count[drawn].sum(axis=1)[:, None])


def interval(means: F8) -> F8:
    """Return the 95 % interval of means (resamples, k), shape (2, k): their own percentiles."""
    return np.asarray(np.quantile(means, TAILS, axis=0))


def _drawn(number: int, stream: U8, start: int, stop: int) -> I8:
    """Return which of ``number`` units each draw takes."""
    return (uniforms(stream, start, stop) * number).astype(np.int64)
