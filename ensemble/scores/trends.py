"""Straight lines through years: slopes with intervals, and what is left without them.

Sources: least squares with the interval of Student's t; Theil (1950) and Sen (1968),
10.1080/01621459.1968.10480934, with Sen's interval, as `scipy.stats.theilslopes` has them.
"""

from dataclasses import dataclass

import numpy as np

from kernels import F8

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Trend:
    """A series of years, described.

    Attributes
    ----------
    n : int
        Years.
    mean, sd : float
        Over years; ``sd`` over n - 1.
    slope, error, half_width : float
        Least squares, per year; standard error, and t(0.975, n - 2) of it.
    r2, p : float
        Share of variance, and two-sided p of the slope.
    theil_sen, low, high : float
        Median of the slopes between all pairs, and its interval.
    """

    n: int
    mean: float
    sd: float
    slope: float
    error: float
    half_width: float
    r2: float
    p: float
    theil_sen: float
    low: float
    high: float


def gaps(years: F8) -> list[int]:
    """Return the years that are missing between the first and the last."""
    whole = np.arange(int(years.min()), int(years.max()) + 1)
    return [int(year) for year in np.setdiff1d(whole, years)]


def trend(years: F8, values: F8) -> Trend:
    """Return what is known of a series.

    Parameters
    ----------
    years, values : ndarray, shape (n,), float64, all finite
        Of three years or more.

    Returns
    -------
    Trend

    Raises
    ------
    ValueError
        If there are fewer than three years.
    """
    from scipy.stats import linregress, t, theilslopes  # type: ignore[import-untyped]

    n = len(years)
    if n < 3:
        raise ValueError(f"a trend of {n} years; needed three or more")
    line = linregress(years, values)
    sen = theilslopes(values, years, CONFIDENCE)
    width = t.ppf(0.5 + CONFIDENCE / 2, n - 2) * line.stderr
    mean, sd = values.mean(), values.std(ddof=1)
    found = (mean, sd, line.slope, line.stderr, width, line.rvalue**2, line.pvalue)
    return Trend(n, *map(float, (*found, sen.slope, sen.low_slope, sen.high_slope)))


def slopes(years: F8, values: F8) -> F8:
    """Return the least-squares slope of each column, (s,), of values (n, s)."""
    off = years - years.mean()
    return np.asarray(off @ values / (off @ off))


def detrended(years: F8, values: F8) -> F8:
    """Return values (n, s) less their own straight lines: two trends correlate by themselves."""
    off = (years - years.mean())[:, None]
    return np.asarray(values - values.mean(axis=0) - off * slopes(years, values))


def correlation_of_residuals(years: F8, values: F8, observed: F8) -> F8:
    """Return the correlation of each column with what was observed, both without their lines.

    Parameters
    ----------
    years, observed : ndarray, shape (n,), float64
    values : ndarray, shape (n, s), float64

    Returns
    -------
    ndarray, shape (s,), float64
        NaN where a series is its own line.
    """
    first, second = detrended(years, values), detrended(years, observed[:, None])
    size = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    straight = size <= 1e-12 * np.sqrt((values**2).sum(axis=0) * (observed**2).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (first * second).sum(axis=0) / size
    return np.where(straight, np.nan, found)
