"""Wilcoxon's signed-rank test of paired differences, by the rules of R, of every member at once.

R's `wilcox.test` takes the exact distribution of fewer than 50 differences without ties and zeros,
and else the normal one, with the variance of ties and a correction for continuity; SciPy's own
choice (``method="auto"``) has other limits and no correction. Tests hold these against SciPy's
`wilcoxon` with ``method`` and ``correction`` named, and against R: called study by study it takes
some hundred times as long as the ranks of all members in one array.

Sources: Wilcoxon, F. (1945), 10.2307/3001968; Hodges and Lehmann (1963), 10.1214/aoms/1177704172;
Benjamini and Hochberg (1995), 10.1111/j.2517-6161.1995.tb02031.x; classes of studies: Jian et al.
(2021), 10.1111/gcb.15795.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8

OVER, UNDER, WELL = 1, -1, 0
NAMES = {"over": OVER, "under": UNDER, "well": WELL}
LEVEL = 0.05
EXACT_BELOW = 50
"""Differences from which R takes the normal distribution."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Reading:
    """How a study is judged.

    Attributes
    ----------
    least : int
        Pairs that a study needs.
    exact : bool
        Whether small samples without ties have the exact distribution; else none has.
    decimals : int or None
        Of p, before it is compared with the level, which it then must be below.
    by_hodges_lehmann : bool
        Whether a class has the sign of the Hodges-Lehmann estimate; else that of the mean.
    dropped : tuple of str
        Studies that are left out by name.
    """

    least: int
    exact: bool = True
    decimals: int | None = None
    by_hodges_lehmann: bool = False
    dropped: tuple[str, ...] = ()


READINGS = {
    "paper": Reading(least=6),
    "authors_code": Reading(
        least=5,
        exact=False,
        decimals=3,
        by_hodges_lehmann=True,
        dropped=("531", "586", "900", "2095", "5309"),
    ),
}
"""Of Jian et al. (2021): what the text says, and what the code published with it does."""


@dataclass(frozen=True)
class Tested:
    """Signed-rank tests, one for each study and member, shape (k, s) or (s,).

    Attributes
    ----------
    n, zeros : ndarray, int64
        Differences that are not 0, and those that are and were dropped.
    ties, exact : ndarray, bool
        Whether any two have one size; whether p is of the exact distribution.
    v, p : ndarray, float64
        Sum of ranks of positive differences; two-sided p, NaN where nothing is left to test.
    mean : ndarray, float64
        Of all differences, zeros with them.
    """

    n: I8
    zeros: I8
    ties: Flags
    exact: Flags
    v: F8
    p: F8
    mean: F8


def signed_ranks(differences: F8, *, exact: bool = True) -> Tested:
    """Return the test of the differences of each member.

    Parameters
    ----------
    differences : ndarray, shape (n, s), float64
        Modelled less observed; equality of float64 decides on ties.
    exact : bool
        False for the normal distribution always.

    Returns
    -------
    Tested
        Of shape (s,). A member with a value that is not finite has NaN for v, p and mean.
    """
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    zeros = (differences == 0).sum(axis=0)
    n = len(differences) - zeros
    # Zeros are the smallest in size: ranks without them are ranks with them, less their number.
    ranks = np.where(differences == 0, 0.0, rankdata(np.abs(differences), axis=0) - zeros)
    v = (ranks * (differences > 0)).sum(axis=0)
    # Ties keep the sum of ranks and lower that of squares by (t^3 - t) / 12; all are quarters.
    whole = n * (n + 1.0) * (2 * n + 1)
    tied = 12 * (whole / 6 - (ranks**2).sum(axis=0))
    ties = tied > 0
    known = np.isfinite(differences).all(axis=0)
    by_table = known & (n < EXACT_BELOW) & ~ties & (zeros == 0) & exact
    with np.errstate(invalid="ignore", divide="ignore"):
        p = _normal(v - n * (n + 1) / 4, np.sqrt(whole / 24 - tied / 48))
    p[by_table] = _exact(n[by_table], v[by_table])
    p[(n == 0) | ~known] = np.nan
    mean = differences.mean(axis=0)
    return Tested(n, zeros, ties, by_table, np.where(known, v, np.nan), p, mean)


def _normal(off: F8, error: F8) -> F8:
    """Return the two-sided p of distances from the mean, with the correction for continuity."""
    from scipy.special import erfc  # type: ignore[import-untyped]

    return np.asarray(erfc(np.abs((off - 0.5 * np.sign(off)) / error) / np.sqrt(2)))


def _exact(n: I8, v: F8) -> F8:
    """Return the two-sided p of the exact distribution; all ranks are whole."""
    smaller = np.minimum(v, n * (n + 1) / 2 - v).astype(np.int64)
    return np.minimum(1.0, 2 * _chances()[n, smaller])


@cache
def _chances() -> F8:
    """Return P(V <= v) of n signs, (n, v), for each n that has an exact test."""
    most = EXACT_BELOW - 1
    table = np.ones((most + 1, most * (most + 1) // 2 + 1))
    chance = np.zeros(table.shape[1])
    chance[0] = 1.0
    for n in range(1, most + 1):
        # Rank n is positive, or not.
        chance[n:] = (chance[n:] + chance[:-n]) / 2
        chance[:n] /= 2
        table[n] = np.cumsum(chance)
    return table


def hodges_lehmann(differences: F8) -> F8:
    """Return the median of the means of all pairs of differences that are not 0, each with itself.

    Parameters
    ----------
    differences : ndarray, shape (n, s), float64

    Returns
    -------
    ndarray, shape (s,), float64
        NaN where all are 0. R's `estimate` without the exact distribution is the root of the
        normal statistic, which differs from it in later digits.
    """
    found = np.full(differences.shape[1], np.nan)
    for k, column in enumerate(differences.T):
        some = column[column != 0]
        if len(some) and np.isfinite(some).all():
            first, second = np.triu_indices(len(some))
            found[k] = np.median((some[first] + some[second]) / 2)
    return found


def of_studies(differences: F8, study: I8, number: int, reading: Reading) -> Tested:
    """Return the test of each study; those with too few pairs have p NaN, too.

    Parameters
    ----------
    differences : ndarray, shape (n, s), float64
    study : ndarray, shape (n,), int64
        Of each pair, from 0 on.
    number : int
        Of studies.
    reading : Reading

    Returns
    -------
    Tested
        Of shape (number, s).
    """
    tests = [signed_ranks(differences[rows], exact=reading.exact) for rows in _rows(study, number)]
    stacked = {
        name: np.array([getattr(test, name) for test in tests]).reshape(number, -1)
        for name in Tested.__dataclass_fields__
    }
    return Tested(**stacked)


def classes(
    differences: F8, study: I8, tests: Tested, reading: Reading
) -> tuple[NDArray[np.int8], Flags]:
    """Return the class of each study and member, and which studies have pairs enough.

    Parameters
    ----------
    differences, study
        As those of `of_studies`.
    tests : Tested
        What that returned.
    reading : Reading

    Returns
    -------
    classes : ndarray, shape (k, s), int8
        ``OVER``, ``UNDER`` or ``WELL``; what could not be tested is ``WELL``.
    enough : ndarray, shape (k,), bool
    """
    number = len(tests.p)
    enough = np.bincount(study, minlength=number) >= reading.least
    sign = np.sign(tests.mean)
    if reading.by_hodges_lehmann:
        estimates = [hodges_lehmann(differences[rows]) for rows in _rows(study, number)]
        sign = np.sign(np.array(estimates).reshape(sign.shape))
    if reading.decimals is None:
        apart = tests.p <= LEVEL
    else:
        apart = np.round(tests.p, reading.decimals) < LEVEL
    return np.where(apart, sign, WELL).astype(np.int8), enough


def benjamini_hochberg(p: F8) -> F8:
    """Return p adjusted for the number of tests, (k,); NaN stays, and is no test."""
    from scipy.stats import false_discovery_control

    adjusted = np.full(p.shape, np.nan)
    there = np.isfinite(p)
    if there.any():
        adjusted[there] = false_discovery_control(p[there])
    return adjusted


def _rows(study: I8, number: int) -> Sequence[I8]:
    """Return the pairs of each study."""
    order = np.argsort(study, kind="stable")
    return np.split(order, np.searchsorted(study[order], np.arange(1, number)))
