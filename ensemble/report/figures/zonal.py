"""Sums over space by latitude and in time: lines per model and forcing, and their spread."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.report.data.cells import evenly
from ensemble.report.data.space_sums import Lines, all_lines, gaps, side_by_side
from ensemble.report.figures.parts.style import (
    DARK,
    GREY,
    SERIES,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    short,
    upright,
)
from ensemble.report.figures.parts.whiskers import band
from ensemble.report.run import Run
from ensemble.scores.bands import DEGREES

SECTION, ORDER = "space", 20

MOST_PANELS = 12
MOST_LINES = len(SERIES)
DASHES = (0, (4, 2))


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure for each sum over space by latitude or in time."""
    yield from lines(side_by_side(all_lines(run.results)), run.results.forcings, run.synthetic)


def lines(shown: Sequence[Lines], forcings: Sequence[str], synthetic: str) -> Iterator[Picture]:
    """Yield a figure for each sum: a panel per forcing with a line per model, or one of all."""
    for space_sum in shown:
        yield _figure(space_sum, forcings, synthetic)


def _figure(space_sum: Lines, forcings: Sequence[str], synthetic: str) -> Picture:
    by_model = len(space_sum.models) > 1
    panels = evenly(range(len(forcings)), MOST_PANELS) if by_model else [0]
    names = space_sum.models if by_model else forcings
    drawn_lines = evenly(range(len(names)), MOST_LINES)
    across = min(len(panels), 2 if len(panels) in (2, 4) else 3)
    down = -(-len(panels) // across)
    width = WIDTH if across > 1 else 7.0
    each = 2.6 if across > 1 else 3.4
    drawn = figure(down * each + 0.75, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for ax, panel in zip(grid.flat, panels, strict=False):
        for k, n in enumerate(drawn_lines):
            at = (n, panel) if by_model else (0, n)
            _line(ax, space_sum, at, SERIES[k])
        if by_model and len(forcings) > 1:
            ax.set_title(short(forcings[panel], 40))
        ax.grid(True)
    for k, ax in enumerate(grid.flat):
        if k >= len(panels):
            ax.set_axis_off()
        elif k >= len(panels) - across:
            ax.tick_params(labelbottom=True)
            north = "latitude [\N{DEGREE SIGN}N]"
            ax.set_xlabel(north if space_sum.along == "latitude" else "year")
        if k % across == 0:
            ax.set_ylabel(upright(space_sum.name, space_sum.units, each))
    if space_sum.along == "year":
        grid.flat[0].xaxis.get_major_locator().set_params(integer=True)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=SERIES[k], lw=1.8, label=short(names[n] or "ensemble mean", 30))
        for k, n in enumerate(drawn_lines)
    ]
    handles += _more_handles(space_sum)
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    return finish(drawn, _caption(space_sum, len(names) - len(drawn_lines)))


def _line(ax: Axes, space_sum: Lines, at: tuple[int, int], colour: str) -> None:
    curves = [space_sum.mean[at], space_sum.std[at], space_sum.control[at]]
    x = space_sum.at
    if space_sum.along == "latitude":
        x, curves = gaps(space_sum.at, curves, DEGREES)
    mean, std, control = curves
    low, high = band(mean, std, never_negative=space_sum.never_negative)
    ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    marker = "o" if space_sum.along == "latitude" or len(x) < 12 else None
    ax.plot(x, mean, color=colour, marker=marker, ms=2.6, linewidth=1.6)
    ax.plot(x, control, color=colour, linestyle=DASHES, linewidth=1.0)


def _more_handles(space_sum: Lines) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = []
    if np.isfinite(space_sum.std).any():
        handles.append(Patch(color=GREY, alpha=0.4, label="\N{PLUS-MINUS SIGN} 1 SD over samples"))
    if np.isfinite(space_sum.control).any():
        handles.append(Line2D([], [], color=DARK, ls=DASHES, lw=1.0, label="control members"))
    return handles


def _caption(space_sum: Lines, left: int) -> str:
    caption = f"{space_sum.meaning[:1].upper()}{space_sum.meaning[1:]}"
    caption += f", {space_sum.words}" if space_sum.words else ""
    caption += ": mean and standard deviation over samples"
    which = space_sum.beside if len(space_sum.models) > 1 else "forcing"
    caption += f", a line per {which}."
    if space_sum.along == "latitude":
        caption += f" Each point is a band of {DEGREES:g} degrees; where none is, lines end."
    if left > 0:
        caption += f" Without {left} others; the store holds all."
    return caption
