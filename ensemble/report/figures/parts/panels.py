"""Panels of what lies in time, one for each forcing: mean, spread and control of every line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.report.data.series import Series
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREY,
    SERIES,
    WIDTH,
    columns,
    figure,
    short,
    upright,
)
from ensemble.report.figures.parts.whiskers import band

MOST_PANELS = 60
DASHES = (0, (4, 2))


@dataclass(frozen=True)
class Ruler:
    """What stands below the panels: a label, and names of ticks where numbers are not enough."""

    label: str
    ticks: tuple[float, ...] = ()
    names: tuple[str, ...] = ()


def called(shown: Sequence[Series], where: str) -> str:
    """Return what the lines of a figure are, and where, for a caption."""
    place = f" at {where}" if where else ""
    meaning = f"{shown[0].meaning[:1].upper()}{shown[0].meaning[1:]}"
    lines = ", one line each of " + ", ".join(s.line for s in shown) if shown[0].line else ""
    count = len(shown[0].mean)
    some = f" (the first {MOST_PANELS} of {count:,})" if count > MOST_PANELS else ""
    return f"{meaning}{place}, by forcing{some}{lines}"


def panels(shown: Sequence[Series], rows: Sequence[str], synthetic: str, ruler: Ruler) -> Figure:
    """Draw ensemble mean +- 1 SD and control, a panel per forcing, a colour per line."""
    some = np.any([np.isfinite(line.mean).any(axis=1) for line in shown], axis=0)
    forcings = np.flatnonzero(some).tolist()[:MOST_PANELS]
    across = _across(len(forcings))
    down = -(-len(forcings) // across)
    width = WIDTH if across > 2 else 6.5
    each = 2.9 if across == 1 else 1.55 if across <= 4 else 1.15
    drawn = figure(down * each + 0.75 + 0.2 * (len(shown) > 2), synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    colours = [BLUE] if len(shown) == 1 else [SERIES[k % len(SERIES)] for k in range(len(shown))]
    for axes, k in zip(grid.flat, forcings, strict=False):
        for line, colour in zip(shown, colours, strict=True):
            _in_time(axes, line, k, colour, DARK if len(shown) == 1 else colour)
        axes.set_title(short(rows[k], 22 if across <= 4 else 16), fontsize=8, pad=3)
        axes.grid(True)
        if ruler.ticks:
            axes.set_xticks(ruler.ticks, ruler.names)
    for k, axes in enumerate(grid.flat):
        if k >= len(forcings):
            axes.set_axis_off()
        elif k >= len(forcings) - across:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel(ruler.label)
        if k % across == 0:
            axes.set_ylabel(upright(shown[0].name, shown[0].units, each))
    handles = _handles(shown, colours)
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    return drawn


def _in_time(axes: Axes, line: Series, k: int, colour: str, dark: str) -> None:
    """Draw one line under one forcing: mean, spread and control."""
    few = len(line.years) <= 12
    low, high = band(line.mean[k], line.std[k], never_negative=line.never_negative)
    axes.fill_between(line.years, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.plot(line.years, line.mean[k], "o-" if few else "-", color=colour, ms=3.5)
    if line.control is not None:
        axes.plot(line.years, line.control[k], color=dark, linestyle=DASHES, linewidth=1.2)


def _handles(shown: Sequence[Series], colours: Sequence[str]) -> list[Line2D | Patch]:
    """Return what a legend says of lines, spread and control."""
    several = len(shown) > 1
    dark = GREY if several else DARK
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, label=short(line.line, 26) if several else "ensemble mean")
        for line, colour in zip(shown, colours, strict=True)
    ]
    words = "\N{PLUS-MINUS SIGN} 1 SD over samples"
    handles.append(Patch(color=dark if several else BLUE, alpha=0.25, label=words))
    if shown[0].control is not None:
        label = "unconstrained (control)"
        handles.append(Line2D([], [], color=dark, ls=DASHES, lw=1.2, label=label))
    return handles


def _across(count: int) -> int:
    """Return how many panels stand side by side: few gaps in the last row."""
    if count > 24:
        return 6
    return min(count, 3 if count in (3, 5, 6, 9) else 4)
