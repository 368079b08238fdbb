"""Axes of calibrated parameters: each is the range that is searched."""

from matplotlib.axes import Axes

from ensemble.report.calibrated import Calibrated
from ensemble.report.figures.parts.scales import in_decades

PAD = 0.04
"""Of the range, on either side of it."""


def ends(run: Calibrated, j: int) -> tuple[float, float]:
    """Return the ends of a parameter's range."""
    return float(run.found.read("lower")[j]), float(run.found.read("upper")[j])


def over_range(axes: Axes, run: Calibrated, j: int, pad: float = PAD) -> None:
    """Let the horizontal axis be the range that is searched, logarithmic where the search is."""
    low, high = ends(run, j)
    if run.in_logarithm(j):
        in_decades(axes.xaxis)
        wider = (high / low) ** pad
        axes.set_xlim(low / wider, high * wider)
    else:
        axes.set_xlim(low - pad * (high - low), high + pad * (high - low))
