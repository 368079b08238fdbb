"""Heterotrophic respiration where only that of the soil, or its interval, is known.

Source: ln Rh = 1.22 + 0.73 ln Rs, g C m-2 yr-1: Bond-Lamberty et al. (2004),
10.1111/j.1365-2486.2004.00816.x. It is for annual values of a place: never of a total, or of a day.
"""

import numpy as np

from kernels import F8

INTERCEPT, EXPONENT = 1.22, 0.73


def heterotrophic(soil: F8) -> F8:
    """Return annual Rh of places from annual Rs, g C m-2 yr-1; 0 where that is 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(INTERCEPT + EXPONENT * np.log(soil)))


def interval(of_soil: float, heterotrophic: float, soil: float) -> float:
    """Return the interval of Rh that is the same share of it as that of Rs, in the unit of both."""
    return of_soil * heterotrophic / soil
