"""Members before and after they are weighed: colours and histograms that figures share."""

import numpy as np
from matplotlib.axes import Axes

from ensemble.report.figures.parts.style import GREY, PALE, SERIES
from kernels import F8


def colour_of(labels: tuple[str, ...], k: int) -> str:
    """Return the colour of one of several forcings or models, grey beyond seven."""
    return SERIES[k] if len(labels) <= len(SERIES) else GREY


def before_and_after(
    axes: Axes, values: F8, weights: F8, labels: tuple[str, ...], bins: int
) -> None:
    """Draw all members alike as a pale ground, and weighted ones as a line of each label.

    Parameters
    ----------
    axes : Axes
    values, weights : ndarray, shape (label, sample), float64
        Lines are as high as weights say.
    labels : tuple of str
    bins : int
    """
    some = values[np.isfinite(values)]
    low, high = (float(some.min()), float(some.max())) if some.size else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    counts = np.histogram(some, edges)[0] / max(1, some.size)
    axes.stairs(counts, edges, fill=True, color=PALE, label="all members alike")
    for k, label in enumerate(labels):
        known = np.isfinite(values[k])
        mine = np.histogram(values[k][known], edges, weights=weights[k][known])[0]
        if mine.any():
            axes.stairs(mine, edges, color=colour_of(labels, k), lw=1.6, label=label)
    axes.set_ylabel("share of members")
