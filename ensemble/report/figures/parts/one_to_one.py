"""Observed against modelled: what panels of points beside the line of equals have in common."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ensemble.report.figures.parts.style import GREY, RED, pretty
from kernels import F8

DASHES = (0, (4, 2))

POINTS: Mapping[str, Any] = {"alpha": 0.85, "linewidths": 0.4, "zorder": 3}
"""How points look."""


def around(values: F8) -> tuple[float, float]:
    """Return the ends of an axis with room beside the least and the greatest value."""
    low, high = float(values.min()), float(values.max())
    pad = 0.06 * ((high - low) or abs(high) or 1.0)
    return low - pad, high + pad


def equals(axes: Axes, ends: tuple[float, float]) -> None:
    """Draw the line on which modelled values are as observed."""
    axes.plot(ends, ends, color=GREY, linestyle=DASHES, linewidth=1.2)


def depths(drawn: Figure, dots: PathCollection, beside: Axes | list[Axes]) -> None:
    """Draw the scale of points that are coloured by depth."""
    bar = drawn.colorbar(dots, ax=beside, shrink=0.75, pad=0.02)
    bar.set_label("middle of the interval [cm]")
    bar.ax.invert_yaxis()
    bar.outline.set_visible(False)


def legend(drawn: Figure) -> None:
    """Say which line is which."""
    handles = [
        Line2D([], [], color=GREY, ls=DASHES, lw=1.2, label="1:1"),
        Line2D([], [], color=RED, lw=1.4, label="regression"),
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=2)


def rmse_in_words(rmse: float, units: str) -> str:
    """Return an RMSE with its unit."""
    unit = "" if units in ("", "1") else f" {pretty(units)}"
    return f"RMSE {rmse:.3g}{unit}"


def r2_in_words(r2: float) -> str:
    """Return a share of variance behind what stands before it; nothing of one that is none."""
    return f", r\N{SUPERSCRIPT TWO} {r2:.2f}" if np.isfinite(r2) else ""


def line_in_words(intercept: float, slope: float) -> str:
    """Return the regression of modelled on observed values."""
    sign = "+" if slope >= 0 else "\N{MINUS SIGN}"
    start = f"{intercept:.3g}".replace("-", "\N{MINUS SIGN}")
    return f"modelled = {start} {sign} {abs(slope):.2f} observed"
