"""How near modelled values are to observed ones, weighted: scores of three sums over pairs.

Everything follows from what was observed and from sums of ``e = modelled - observed``:
``E1 = sum w e``, ``E2 = sum w e^2`` and ``EO = sum w e (o - mean o)``. Blocks add them up, and
nothing cancels where a model is close to what was observed. Weights are areas of land on a map and
1 at sites; standard deviations are those of a population, over the sum of weights.

Sources: KGE of Gupta et al. (2009), 10.1016/j.jhydrol.2009.08.003, and of Kling et al. (2012),
10.1016/j.jhydrol.2012.01.011; parts of the mean square error of Kobayashi and Salam (2000),
10.2134/agronj2000.922345x.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.metrics import Seen, Sums, few, kge, nse, r2, rmse, varying


@dataclass(frozen=True)
class Compared:
    """Modelled against observed values of one group of pairs.

    Attributes
    ----------
    n : int
        Pairs of which both are known, with a weight above 0.
    sums : Sums
        Of one row, (1, s); ``sums.seen.count`` is the sum of weights.
    mae : ndarray, shape (1, s), float64
        Mean of the sizes of differences.
    """

    n: int
    sums: Sums
    mae: F8


def compared(modelled: F8, observed: F8, weights: F8) -> Compared:
    """Return the sums of pairs of one group.

    Parameters
    ----------
    modelled : ndarray, shape (n,) or (n, s), float64
        Of one model, or of members.
    observed, weights : ndarray, shape (n,), float64
        Weights are 0 or more.

    Returns
    -------
    Compared
        Of pairs of which all are finite: a pair that one member lacks is dropped for all.
    """
    columns = modelled.reshape(len(observed), -1)
    there = np.isfinite(columns).all(axis=1) & np.isfinite(observed) & (weights > 0)
    w, o, m = weights[there], observed[there], columns[there]
    whole = w.sum() if w.size else np.nan
    mean = (w * o).sum() / whole
    apart = o - mean
    seen = Seen(*(np.array([x]) for x in (whole, mean, (w * apart**2).sum() / whole)))
    e = m - o[:, np.newaxis]
    sums = Sums(seen, *(found[np.newaxis] for found in (w @ e, w @ e**2, (w * apart) @ e)))
    return Compared(int(there.sum()), sums, (w @ np.abs(e))[np.newaxis] / whole)


def unfit(seen: Seen, n: NDArray[np.int64], name: str) -> NDArray[np.str_]:
    """Return why groups of ``n`` pairs have no such score, (l,); empty of those that have."""
    counted = replace(seen, count=np.asarray(n, dtype=np.float64))
    if name in ("kge", "kge_2012"):
        return kge.unfit(counted)
    if name in ("r", "r2", "sd_ratio", "nse", "taylor"):
        return varying(counted, name)
    return few(counted, 1)


def crmse(sums: Sums) -> F8:
    """Return the root mean square error without the bias, E'."""
    return np.asarray(np.sqrt(np.maximum(sums.mse - sums.bias**2, 0.0)))


def sd_modelled(sums: Sums) -> F8:
    """Return the standard deviation of modelled values."""
    return np.asarray(np.sqrt(sums.modelled_variance))


def sd_ratio(sums: Sums) -> F8:
    """Return the standard deviation of modelled over that of observed values."""
    return np.asarray(np.sqrt(sums.modelled_variance / sums.observed_variance))


def kge_2012(sums: Sums) -> F8:
    """Return the Kling-Gupta efficiency with coefficients of variation for standard deviations."""
    means = 1.0 + sums.bias / sums.observed_mean
    apart = (sums.correlation - 1.0) ** 2 + (sd_ratio(sums) / means - 1.0) ** 2 + (means - 1.0) ** 2
    return np.asarray(1.0 - np.sqrt(apart))


def taylor(sums: Sums) -> F8:
    """Return Taylor's score (2001, 10.1029/2000JD900719, eq. 4): 1 for the right pattern.

    ``4 (1 + R) / ((s + 1/s)^2 (1 + R0))`` with s the ratio of standard deviations and R0 = 1; it
    does not see a bias. NaN of a model that does not vary.
    """
    ratio = sd_ratio(sums)
    some = np.where(ratio > 0, ratio, np.nan)
    return np.asarray(2.0 * (1.0 + sums.correlation) / (some + 1.0 / some) ** 2)


def parts(sums: Sums) -> tuple[F8, F8, F8]:
    """Return the parts of the mean square error: bias, spread and pattern.

    ``bias^2``, ``(s_m - s_o)^2`` and ``2 s_m s_o (1 - R)``; the last is 0 where a model does not
    vary, as all that it lacks is spread.
    """
    s_m, s_o = sd_modelled(sums), np.sqrt(sums.observed_variance)
    pattern = np.where(s_m > 0, 2.0 * s_m * s_o * (1.0 - sums.correlation), 0.0)
    return sums.bias**2, np.asarray((s_m - s_o) ** 2), pattern


def bias(sums: Sums) -> F8:
    """Return the mean of modelled less observed values."""
    return sums.bias


def correlation(sums: Sums) -> F8:
    """Return Pearson's correlation; NaN where modelled values do not vary."""
    return sums.correlation


SCORES = {
    "bias": bias,
    "rmse": rmse.value,
    "crmse": crmse,
    "r": correlation,
    "r2": r2.value,
    "sd_ratio": sd_ratio,
    "kge": kge.value,
    "kge_2012": kge_2012,
    "nse": nse.value,
    "taylor": taylor,
}
"""What sums of pairs give, each a function of `Sums` that returns (l, s)."""
