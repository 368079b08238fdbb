"""Seasonal cycles: means of days with intervals, how a modelled one fits, and the line to beat.

Sources: Jian et al. (2021), 10.1111/gcb.15795, section 2.5, figure 6; the line to beat is a
temperature sensitivity of 2 on top of annual means (van 't Hoff).
"""

from dataclasses import dataclass

import numpy as np

from kernels import F8, I8

YEAR = 365
CONFIDENCE = 0.95
MONTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
MIDDLES = np.array([15.5, 45, 74.5, 105, 135.5, 166, 196.5, 227.5, 258, 288.5, 319, 349.5])
"""Days of the year in the middle of each month."""

Q10 = 2.0


def month_of(day: I8) -> I8:
    """Return the month, 0 to 11, of days of the year, 1 to 366."""
    return np.searchsorted(np.cumsum(MONTHS), np.minimum(day, YEAR))


@dataclass(frozen=True)
class Means:
    """Means of records by group.

    Attributes
    ----------
    n : ndarray, shape (g,), int64
    mean, half_width : ndarray, shape (g, k), float64
        NaN without a record; the width of the 95 % interval, t x standard error, with one.
    """

    n: I8
    mean: F8
    half_width: F8


def means(values: F8, group: I8, number: int) -> Means:
    """Return means of the records of each group.

    Parameters
    ----------
    values : ndarray, shape (n, k), float64
    group : ndarray, shape (n,), int64
        Of each record, from 0 on.
    number : int
        Of groups.
    """
    from scipy.stats import t  # type: ignore[import-untyped]

    n = np.bincount(group, minlength=number)
    some = np.where(n > 0, n, np.nan)[:, None]
    mean = np.stack([np.bincount(group, v, number) for v in values.T], axis=1) / some
    off = (values - mean[group]) ** 2
    square = np.stack([np.bincount(group, v, number) for v in off.T], axis=1)
    more = np.where(n > 1, n, np.nan)[:, None]
    width = t.ppf(0.5 + CONFIDENCE / 2, more - 1) * np.sqrt(square / (more - 1) / more)
    return Means(n, mean, width)


@dataclass(frozen=True)
class Fit:
    """How modelled means fit observed ones, (s,) each.

    Attributes
    ----------
    n : int
        Means that are compared.
    r2, p, slope, intercept
        Of the regression of modelled on observed means.
    rmse
        Root of the mean square of their differences.
    residual_sd
        Standard error of the regression's residuals, with n - 2.
    """

    n: int
    r2: F8
    p: F8
    slope: F8
    intercept: F8
    rmse: F8
    residual_sd: F8


def fit(observed: F8, modelled: F8) -> Fit:
    """Return how modelled means (n, s) fit observed ones (n,), of those that are observed.

    NaN for fewer than three means, for observed means that are all the same, and for R2 and p of
    modelled ones that are.
    """
    from scipy.special import stdtr  # type: ignore[import-untyped]

    there = np.isfinite(observed)
    o, m = observed[there], modelled[there]
    n = len(o)
    rmse = np.sqrt(((m - o[:, None]) ** 2).sum(axis=0) / np.where(n > 0, n, np.nan))
    nothing = np.full(m.shape[1], np.nan)
    if n < 3 or np.ptp(o) == 0:
        return Fit(n, nothing, nothing, nothing, nothing, rmse, nothing)
    off = o - o.mean()
    slope = off @ m / (off @ off)
    intercept = m.mean(axis=0) - slope * o.mean()
    total = ((m - m.mean(axis=0)) ** 2).sum(axis=0)
    rest = ((m - intercept - slope * o[:, None]) ** 2).sum(axis=0)
    flat = total <= 1e-24 * (m**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        r2 = np.where(flat, np.nan, slope**2 * (off @ off) / total)
        t = np.sqrt(r2 * (n - 2) / np.maximum(1 - r2, 0.0))
    p = 2 * stdtr(n - 2, -t)
    return Fit(n, r2, p, slope, intercept, rmse, np.sqrt(rest / (n - 2)))


def phase(days: F8, values: F8) -> F8:
    """Return the day of the maximum of the first harmonic of each column.

    Parameters
    ----------
    days : ndarray, shape (n,), float64
        Of the year.
    values : ndarray, shape (n, s), float64, all finite

    Returns
    -------
    ndarray, shape (s,), float64
        From 0 to 365, by least squares of a mean, a cosine and a sine, as days need not be whole
        years; NaN for fewer than four days or where nothing varies.
    """
    if len(days) < 4:
        return np.full(values.shape[1], np.nan)
    angle = 2 * np.pi * days / YEAR
    terms = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=1)
    _, cosine, sine = np.linalg.lstsq(terms, values, rcond=None)[0]
    size = np.abs(values).max(axis=0)
    flat = np.hypot(cosine, sine) <= 1e-12 * size
    return np.where(flat, np.nan, np.arctan2(sine, cosine) * YEAR / (2 * np.pi) % YEAR)


def phase_shift(modelled: F8, observed: F8) -> F8:
    """Return how many days later a maximum is, from -182.5 to 182.5: modulo the year."""
    half = YEAR / 2
    return np.asarray((modelled - observed + half) % YEAR - half)


def sensitivity(temperature: F8, day: I8, q10: float = Q10) -> F8:
    """Return the factor that a fixed temperature sensitivity gives each place's annual mean.

    Parameters
    ----------
    temperature : ndarray, shape (n, 12), float64
        Monthly means of the place of each record, degC.
    day : ndarray, shape (n,), int64
        Of the year, 1 to 366.
    q10 : float
        Ratio of rates 10 degC apart.

    Returns
    -------
    ndarray, shape (n,), float64
        q(day) / mean(q) with q = q10^((T - 10)/10) of the months. q, not T, is interpolated
        between the middles of months, and December and January meet.
    """
    rate = q10 ** ((temperature - 10.0) / 10.0)
    middles = np.concatenate([[MIDDLES[-1] - YEAR], MIDDLES, [MIDDLES[0] + YEAR]])
    around = np.concatenate([rate[:, -1:], rate, rate[:, :1]], axis=1)
    days = np.minimum(day, YEAR)
    after = np.searchsorted(middles, days, side="right")
    share = (days - middles[after - 1]) / (middles[after] - middles[after - 1])
    rows = np.arange(len(days))
    between = (1 - share) * around[rows, after - 1] + share * around[rows, after]
    return np.asarray(between / rate.mean(axis=1))
