"""Nash-Sutcliffe efficiency, 1 - MSE / variance observed.

Source: Nash and Sutcliffe (1970, 10.1016/0022-1694(70)90255-6).
"""

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.metrics._contract import Seen, Sums, varying

MEANING = "Nash-Sutcliffe efficiency"


def units(unit: str) -> str:
    """Return that it is a plain number."""
    return "1"


def unfit(seen: Seen) -> NDArray[np.str_]:
    """Return that observed values do not vary."""
    return varying(seen, "nse")


def value(sums: Sums) -> F8:
    """Return 1 where the model is right, 0 where it is no better than the observed mean."""
    return np.asarray(1.0 - sums.mse / sums.observed_variance)
