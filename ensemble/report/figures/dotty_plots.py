"""Dotty plots: the cost of each last candidate against each parameter, equifinal ones dark."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ensemble.calibration.stored import WORK
from ensemble.report.calibrated import Calibrated
from ensemble.report.data.cells import evenly
from ensemble.report.figures.parts.scales import scaled
from ensemble.report.figures.parts.searched import over_range
from ensemble.report.figures.parts.style import (
    DARK,
    PALE,
    RED,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    upright,
)
from kernels import F8

OF, SECTION, ORDER = WORK, "determined", 30

MOST_GROUPS = 3
"""That have a figure each."""

MOST_PARAMETERS = 24


def draw(run: Calibrated) -> Iterator[Picture | str]:
    """Yield one figure for each of some groups, or say that populations were not kept."""
    found = run.found
    if not found.has("population"):
        yield "Populations were not kept (keep: {population: false}): there are no dotty plots."
        return
    known = np.flatnonzero(found.best >= 0).tolist()
    shown = evenly(known, MOST_GROUPS)
    for group in shown:
        if np.isfinite(found.read("population_cost")[group]).any():
            yield _of_group(run, group)
    if len(known) > len(shown):
        yield f"Dotty plots of {len(shown)} of {len(known):,} groups, evenly chosen."


def _of_group(run: Calibrated, group: int) -> Picture:
    found, n = run.found, min(len(run.found.searched), MOST_PARAMETERS)
    points = found.read("population")[group].reshape(-1, len(found.parameters))
    cost = found.read("population_cost")[group].ravel()
    there = np.isfinite(cost) & np.isfinite(points).all(axis=1)
    points, cost = points[there], cost[there]
    best = float(found.of_best("cost")[group])
    factor = float(run.section["keep"]["equifinal"])
    dark = cost <= factor * best
    across = min(n, 4)
    down = -(-n // across)
    width = WIDTH if across > 2 else 3.6 * across + 0.6
    drawn = figure(2.2 * down + 0.5, run.synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    units = found.units
    at = found.of_best("parameters")[group]
    for j, axes in enumerate(grid.flat):
        if j >= n:
            axes.set_axis_off()
            continue
        _panel(axes, points[:, j], cost, dark)
        axes.plot(at[j], best, "D", color=RED, ms=5, zorder=4)
        over_range(axes, run, j)
        axes.set_xlabel(labelled(found.parameters[j], units[j]))
        if j % across == 0:
            axes.set_ylabel(upright(run.cost, "", 1.8))
    scaled(grid[0, 0].yaxis, np.append(cost, best))
    words = f"within {factor:g} times the best"
    handles = [
        Line2D([], [], color=PALE, marker="o", ls="", mec=DARK, mew=0.3, label="last candidates"),
        Line2D([], [], color=DARK, marker="o", ls="", label=words),
        Line2D([], [], color=RED, marker="D", ls="", label="best"),
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    return finish(drawn, _caption(run, group, len(cost), int(dark.sum()), words, n))


def _panel(axes: Axes, values: F8, cost: F8, dark: NDArray[np.bool_]) -> None:
    axes.scatter(values[~dark], cost[~dark], c=PALE, s=16, edgecolors=DARK, linewidths=0.3)
    axes.scatter(values[dark], cost[dark], c=DARK, s=16, zorder=3)
    axes.grid(True)


def _caption(run: Calibrated, group: int, count: int, dark: int, words: str, shown: int) -> str:
    found = run.found
    name = f" of {found.groups[group]}" if len(found.groups) > 1 else ""
    caption = (
        f"{run.cost} of the {count:,} candidates that the searches{name} ended with against each "
        f"parameter, over the range that is searched; dark: the {dark:,} {words}."
    )
    if len(found.searched) > shown:
        caption += f" The first {shown} of {len(found.searched)} parameters."
    evaluated = int(found.read("equifinal_count")[group])
    return f"{caption} Of all candidates that were evaluated {evaluated:,} are so near."
