"""Kling-Gupta efficiency, with the ratio of standard deviations.

1 - sqrt((r - 1)^2 + (sd ratio - 1)^2 + (mean ratio - 1)^2).

Source: Gupta et al. (2009, 10.1016/j.jhydrol.2009.08.003).
"""

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.metrics._contract import Seen, Sums, varying

MEANING = "Kling-Gupta efficiency"


def units(unit: str) -> str:
    """Return that it is a plain number."""
    return "1"


def unfit(seen: Seen) -> NDArray[np.str_]:
    """Return that observed values do not vary, or have a mean of 0."""
    around_0 = np.abs(seen.mean) <= 1e-12 * np.sqrt(seen.variance)
    text = "the observed mean is 0, and kge divides by it"
    why = varying(seen, "kge")
    return np.where((why == "") & around_0, text, why)


def value(sums: Sums) -> F8:
    """Return 1 where the model is right; NaN of a model that does not vary."""
    spread = np.sqrt(sums.modelled_variance / sums.observed_variance)
    means = 1.0 + sums.bias / sums.observed_mean
    apart = (sums.correlation - 1.0) ** 2 + (spread - 1.0) ** 2 + (means - 1.0) ** 2
    return np.asarray(1.0 - np.sqrt(apart))
