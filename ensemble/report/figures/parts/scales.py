"""Axes that are logarithmic where values ask for it."""

import numpy as np
from matplotlib.axis import Axis, XAxis

from ensemble.report.figures.parts.style import logarithmic
from kernels import F8

WIDE = 20.0
"""Greatest over least value from which an axis is logarithmic, where all are above zero."""


def scaled(axis: Axis, values: F8) -> bool:
    """Make an axis logarithmic where its values span orders of magnitude; return whether."""
    known = values[np.isfinite(values)]
    if not known.size or known.min() <= 0 or known.max() < WIDE * known.min():
        return False
    in_decades(axis)
    return True


def in_decades(axis: Axis) -> None:
    """Make an axis logarithmic, with powers of ten as labels."""
    if isinstance(axis, XAxis):
        axis.axes.set_xscale("log")
    else:
        axis.axes.set_yscale("log")
    logarithmic(axis)
