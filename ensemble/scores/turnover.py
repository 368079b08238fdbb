"""Turnover times of groups: the ratio of their stock to their flux, never a mean of cells'.

A cell that holds much and loses little has a turnover time without bound: the area mean over the
testbed is 946 years, where stock over flux is 26. The mean of cells' weighted by flux is the ratio.
"""

from dataclasses import dataclass

import numpy as np

from ensemble.scores.bands import sums
from ensemble.scores.quantiles import weighted_quantiles
from kernels import F8, I8


@dataclass(frozen=True)
class Turnover:
    """Turnover times of groups, each of the cells that have stock and flux.

    Attributes
    ----------
    n : ndarray, shape (g,), int64
        Cells.
    area, stock, flux : ndarray, shape (g,), float64
        Sums: of weights, of weights times stock and of weights times flux.
    time, median : ndarray, shape (g,), float64
        ``stock / flux``, and the median of cells by weight; NaN of a group without a cell.
    """

    n: I8
    area: F8
    stock: F8
    flux: F8
    time: F8
    median: F8


def turnover(stock: F8, flux: F8, weights: F8, group: I8, groups: int) -> Turnover:
    """Return turnover times of groups.

    Parameters
    ----------
    stock, flux : ndarray, shape (n,), float64
        Per area; a cell counts where both are known and above 0.
    weights : ndarray, shape (n,), float64
        Areas of land.
    group : ndarray, shape (n,), int64
        0 to ``groups`` - 1.
    """
    there = (stock > 0) & (flux > 0) & (weights > 0) & np.isfinite(stock) & np.isfinite(flux)
    c, f, w, g = stock[there], flux[there], weights[there], group[there]
    n = np.bincount(g, minlength=groups)
    area, held, lost = (sums(of, g, groups) for of in (w, w * c, w * f))
    half = np.array([0.5])
    median = [weighted_quantiles((c / f)[g == k], w[g == k], half)[0] for k in range(groups)]
    return Turnover(n, area, held, lost, held / np.where(n > 0, lost, np.nan), np.array(median))
