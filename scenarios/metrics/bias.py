"""Bias: the mean of modelled less observed.

Source: its definition.
"""

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.metrics._contract import Seen, Sums, few

MEANING = "mean of modelled less observed values"


def units(unit: str) -> str:
    """Return the unit of the output."""
    return unit


def unfit(seen: Seen) -> NDArray[np.str_]:
    """Return that nothing is observed."""
    return few(seen, 1)


def value(sums: Sums) -> F8:
    """Return the mean difference."""
    return sums.bias
