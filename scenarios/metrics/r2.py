"""Square of Pearson's correlation.

Source: its definition.
"""

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.metrics._contract import Seen, Sums, varying

MEANING = "squared correlation of modelled and observed values"


def units(unit: str) -> str:
    """Return that it is a plain number."""
    return "1"


def unfit(seen: Seen) -> NDArray[np.str_]:
    """Return that observed values do not vary."""
    return varying(seen, "r2")


def value(sums: Sums) -> F8:
    """Return r squared; NaN of a model that does not vary."""
    return sums.correlation**2
