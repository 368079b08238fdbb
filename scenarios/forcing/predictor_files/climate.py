"""Predictors from monthly temperature and precipitation.

Sources: Thornthwaite, C. W. (1948), Geographical Review 38, 55-94, 10.2307/210739; of months above
26.5 degC Willmott, C. J. et al. (1985), Journal of Climatology 5, 589-606, 10.1002/joc.3370050602.
"""

import numpy as np

from kernels import F8
from scenarios.forcing.common.times import MONTH_DAYS

MIDDLES = np.array([15, 46, 74, 105, 135, 166, 196, 227, 258, 288, 319, 349], dtype=np.float64)
"""Day of the year in the middle of each month."""

HOT = 26.5
"""degC, from which evapotranspiration follows temperature alone."""


def of_months(temperature: F8, precipitation: F8, lat: F8) -> dict[str, F8]:
    """Return the predictors that follow from climate.

    Parameters
    ----------
    temperature, precipitation : ndarray, shape (n, 12), float64
        degC, and mm month-1.
    lat : ndarray, shape (n,), float64
        Degrees north.

    Returns
    -------
    dict of str to ndarray, shape (n,), float64
        ``mat`` (degC), ``map``, ``map_gs`` (mm yr-1), ``dry`` and ``gsl`` (months); NaN where a
        month is.
    """
    gap = np.isnan(temperature + precipitation).any(axis=1)
    warm = temperature > 0.0
    with np.errstate(invalid="ignore"):
        found = {
            "mat": (temperature * MONTH_DAYS).sum(axis=1) / MONTH_DAYS.sum(),
            "map": precipitation.sum(axis=1),
            "dry": (evapotranspiration(temperature, lat) > precipitation).sum(axis=1),
            "gsl": warm.sum(axis=1),
            "map_gs": np.where(warm, precipitation, 0.0).sum(axis=1),
        }
    return {name: np.where(gap, np.nan, values) for name, values in found.items()}


def evapotranspiration(temperature: F8, lat: F8) -> F8:
    """Return potential evapotranspiration by Thornthwaite's equation, (n, 12), mm month-1.

    Months that are not above 0 degC have none.

    Parameters
    ----------
    temperature : ndarray, shape (n, 12), float64
        degC.
    lat : ndarray, shape (n,), float64
        Degrees north.
    """
    above = np.maximum(temperature, 0.0)
    heat = ((above / 5.0) ** 1.514).sum(axis=1, keepdims=True)
    power = 6.75e-7 * heat**3 - 7.71e-5 * heat**2 + 1.792e-2 * heat + 0.49239
    with np.errstate(divide="ignore", invalid="ignore"):
        mild = np.where(above > 0.0, 16.0 * (10.0 * above / heat) ** power, 0.0)
    hot = -415.85 + 32.24 * above - 0.43 * above**2
    # Of months of thirty days of twelve hours.
    whole = np.where(above >= HOT, hot, mild)
    return np.asarray(whole * day_length(lat) / 12.0 * MONTH_DAYS / 30.0)


def day_length(lat: F8) -> F8:
    """Return the hours of daylight in the middle of each month, (n, 12)."""
    tilt = 0.409 * np.sin(2.0 * np.pi * MIDDLES / MONTH_DAYS.sum() - 1.39)
    sunset = np.arccos(np.clip(-np.tan(np.radians(lat))[:, np.newaxis] * np.tan(tilt), -1.0, 1.0))
    return np.asarray(24.0 / np.pi * sunset)
