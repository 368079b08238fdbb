"""Products to hold maps against: two from climate alone, and the best estimate of several.

Respiration from climate has the forms of Hashimoto et al. (2015), 10.5194/bg-12-4121-2015, and of
Raich et al. (2002), 10.1046/j.1365-2486.2002.00511.x; the constants define these two products and
are not vouched for as those of the papers. Heterotrophic from soil respiration:
`respiration.heterotrophic`, of annual sums of a place.
"""

import numpy as np

from ensemble.scores.respiration import heterotrophic
from ensemble.scores.seasons import MONTHS
from kernels import F8, I8

MM = 0.1
"""cm; the equations have precipitation in cm per month."""


def climate_h(temperature: F8, precipitation: F8) -> F8:
    """Return annual Rh from monthly climate, in the form of Hashimoto et al.

    ``Rs = 1.68 exp(0.0528 T - 0.000628 T^2) q / (1.20 + q)``, q from this month's precipitation and
    the last one's; December comes before January.

    Parameters
    ----------
    temperature : ndarray, shape (12, ...), float64
        degC.
    precipitation : ndarray, shape (12, ...), float64
        mm per month.

    Returns
    -------
    ndarray, shape (...), float64
        g C m-2 yr-1; NaN where a month is.
    """
    p = MM * precipitation
    q = 0.98 * p + 0.02 * np.roll(p, 1, axis=0)
    warm = np.exp(0.0528 * temperature - 0.000628 * temperature**2)
    return _annual(1.68 * warm * q / (1.20 + q))


def climate_r(temperature: F8, precipitation: F8) -> F8:
    """Return annual Rh from monthly climate, in the form of Raich et al.

    ``Rs = 1.250 exp(0.05452 T) P / (4.259 + P)`` with T held between -13.3 and 33.5 degC; units and
    shapes are those of `climate_h`.
    """
    p = MM * precipitation
    return _annual(1.250 * np.exp(0.05452 * np.clip(temperature, -13.3, 33.5)) * p / (4.259 + p))


def _annual(daily: F8) -> F8:
    """Return Rh of a year from soil respiration of months, g C m-2 d-1."""
    return heterotrophic(np.tensordot(MONTHS, daily, axes=1))


def best_estimate(products: F8) -> tuple[F8, F8, I8]:
    """Return median, MAD and number of products of each cell.

    Parameters
    ----------
    products : ndarray, shape (p, ...), float64

    Returns
    -------
    median, mad : ndarray, shape (...), float64
        NaN unless all products have a value. The median of distances from the median is not scaled
        (R's ``mad`` multiplies it by 1.4826).
    count : ndarray, shape (...), int64
    """
    count = np.isfinite(products).sum(axis=0)
    median = np.where(count == len(products), np.median(products, axis=0), np.nan)
    return median, np.median(np.abs(products - median), axis=0), count
