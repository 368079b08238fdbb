"""Figures in small multiples: series in time, what was drawn, where failures sit."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from ensemble.report.data.failures import Spread
from ensemble.report.data.series import Series
from ensemble.report.figures.style import (
    BLUE,
    DARK,
    GREY,
    ORANGE,
    PALE,
    RED,
    SERIES,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    short,
)

MOST_PANELS = 60
DASHES = (0, (4, 2))


def series(shown: Sequence[Series], rows: Sequence[str], synthetic: str, caption: str) -> Picture:
    """Draw ensemble mean +- 1 SD and control in time, a panel per forcing, a colour per line."""
    some = np.any([np.isfinite(one.mean).any(axis=1) for one in shown], axis=0)
    known = np.flatnonzero(some).tolist()[:MOST_PANELS]
    across = _across(len(known))
    down = -(-len(known) // across)
    width = WIDTH if across > 2 else 6.5
    each = 2.9 if across == 1 else 1.55 if across <= 4 else 1.15
    drawn = figure(down * each + 0.75 + 0.2 * (len(shown) > 2), synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    colours = [BLUE] if len(shown) == 1 else [SERIES[k % len(SERIES)] for k in range(len(shown))]
    for axes, k in zip(grid.flat, known, strict=False):
        for one, colour in zip(shown, colours, strict=True):
            _in_time(axes, one, k, colour, DARK if len(shown) == 1 else colour)
        axes.set_title(short(rows[k], 22 if across <= 4 else 16), fontsize=8, pad=3)
        axes.grid(True)
    for k, axes in enumerate(grid.flat):
        if k >= len(known):
            axes.set_axis_off()
        elif k >= len(known) - across:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("year")
        if k % across == 0:
            axes.set_ylabel(labelled(shown[0].name, shown[0].units))
    handles = _handles(shown, colours)
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    return finish(drawn, caption)


def _in_time(axes: Axes, one: Series, k: int, colour: str, dark: str) -> None:
    """Draw one line under one forcing: mean, spread and control."""
    few = len(one.years) <= 12
    low, high = one.mean[k] - one.std[k], one.mean[k] + one.std[k]
    axes.fill_between(one.years, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.plot(one.years, one.mean[k], "o-" if few else "-", color=colour, ms=3.5)
    if one.control is not None:
        axes.plot(one.years, one.control[k], color=dark, linestyle=DASHES, linewidth=1.2)


def _handles(shown: Sequence[Series], colours: Sequence[str]) -> list[Line2D | Patch]:
    """Return what a legend says of lines, spread and control."""
    several = len(shown) > 1
    dark = GREY if several else DARK
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, label=short(one.line, 26) if several else "ensemble mean")
        for one, colour in zip(shown, colours, strict=True)
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


MOST_PARAMETERS = 24


def drawn_parameters(shown: Sequence[Spread], synthetic: str, caption: str) -> Picture:
    """Draw histograms of the sampled parameters and where the control members stand."""
    shown = shown[:MOST_PARAMETERS]
    across = min(len(shown), 4)
    down = -(-len(shown) // across)
    picture = figure(
        down * 1.75 + 0.5, synthetic, width=WIDTH if across > 2 else 3.6 * across + 0.4
    )
    grid = picture.subplots(down, across, squeeze=False)
    for axes, one in zip(grid.flat, shown, strict=False):
        axes.stairs(one.all / max(1, one.all.sum()), one.edges, fill=True, color=BLUE, alpha=0.55)
        top = axes.get_ylim()[1]
        if one.control.size:
            axes.vlines(one.control, -0.12 * top, -0.02 * top, color=RED, linewidth=1.0)
            axes.set_ylim(-0.14 * top, top)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(labelled(one.name, one.units))
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    handles = [
        Patch(color=BLUE, alpha=0.55, label="samples"),
        Line2D([], [], color=RED, linestyle="", marker="|", ms=9, label="control members"),
    ]
    picture.legend(handles=handles, loc="outside lower center", ncols=2)
    return finish(picture, caption)


def failed_parameters(shown: Sequence[Spread], synthetic: str, caption: str) -> Picture:
    """Draw, for each parameter, all members and failed ones, and the share that failed."""
    shown = shown[:12]
    across = min(len(shown), 3)
    down = -(-len(shown) // across)
    picture = figure(down * 2.7 + 0.5, synthetic, width=WIDTH if across > 1 else 5.5)
    grid = picture.subplots(2 * down, across, squeeze=False, height_ratios=[2, 1.3] * down)
    for k, one in enumerate(shown):
        upper, lower = grid[2 * (k // across), k % across], grid[2 * (k // across) + 1, k % across]
        upper.stairs(one.all, one.edges, fill=True, color=PALE)
        upper.stairs(one.failed, one.edges, fill=True, color=RED)
        upper.set_ylabel("members")
        upper.tick_params(labelbottom=False)
        upper.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(one.all > 0, one.failed / one.all, np.nan)
        lower.stairs(np.nan_to_num(share), one.edges, fill=True, color=ORANGE)
        lower.set_ylim(0, 1.05)
        lower.set_yticks([0, 0.5, 1], ["0", "50%", "100%"])
        lower.set_ylabel("failed")
        lower.set_xlabel(labelled(one.name, one.units))
        lower.sharex(upper)
        for axes in (upper, lower):
            axes.grid(axis="y")
    for k in range(len(shown), across * down):
        for row in (0, 1):
            grid[2 * (k // across) + row, k % across].set_axis_off()
    handles = [Patch(color=PALE, label="all members"), Patch(color=RED, label="failed members")]
    handles.append(Patch(color=ORANGE, label="share failed"))
    picture.legend(handles=handles, loc="outside lower center", ncols=3)
    return finish(picture, caption)


def failed_scatter(one: Spread, two: Spread, synthetic: str, caption: str) -> Picture:
    """Draw a draw of members in the plane of the two parameters that tell failures best."""
    picture = figure(4.2, synthetic, width=6.2)
    axes = picture.subplots()
    for bad, colour, marker, size, words in (
        (False, GREY, "o", 5, "ran"),
        (True, RED, "x", 14, "failed"),
    ):
        pick = one.points_failed == bad
        axes.scatter(
            one.points[pick],
            two.points[pick],
            s=size,
            c=colour,
            marker=marker,
            linewidths=0.8 if bad else 0,
            alpha=0.8 if bad else 0.45,
            rasterized=True,
            label=f"{words} ({pick.sum():,} shown)",
        )
    axes.set_xlabel(labelled(one.name, one.units))
    axes.set_ylabel(labelled(two.name, two.units))
    axes.grid(True)
    picture.legend(loc="outside lower center", ncols=2, markerscale=1.6)
    return finish(picture, caption)
