"""Profiles of calibrated parameters: what is observed by depth, and what is modelled there."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ensemble.calibration.stored import WORK
from ensemble.report.calibrated import Calibrated
from ensemble.report.data.cells import evenly
from ensemble.report.data.compared import Compared
from ensemble.report.figures.parts.style import (
    BLUE,
    RED,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    short,
)

OF, SECTION, ORDER = WORK, "profiles", 20

MOST_PLACES = 12
"""Panels of one figure."""

DEPTH = "depth [cm]"


def draw(run: Calibrated) -> Iterator[Picture]:
    """Yield one figure for each response whose observations have depth."""
    for one in run.compared:
        known = np.flatnonzero((one.pairs(0) | one.pairs(1)).any(axis=1)).tolist()
        if known and one.top is not None:
            yield _drawn(run, one, known)


def _drawn(run: Calibrated, one: Compared, known: list[int]) -> Picture:
    picked = evenly(known, MOST_PLACES)
    across = min(len(picked), 3 if len(picked) in (3, 5, 6, 9) else 4)
    down = -(-len(picked) // across)
    width = WIDTH if across > 2 else 3.3 * across + 0.8
    drawn = figure(0.8 + 2.75 * down, run.synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    for k, axes in enumerate(grid.flat):
        if k >= len(picked):
            axes.set_axis_off()
            continue
        _panel(axes, one, picked[k])
        axes.set_title(short(one.places[picked[k]], int(width / across * 11)))
        if k + across >= len(picked):
            axes.set_xlabel(labelled(short(one.meaning, 24), one.units))
        if k % across == 0:
            axes.set_ylabel(DEPTH)
    # Shared by all panels.
    grid[0, 0].invert_yaxis()
    handles = [
        Line2D([], [], color=RED, marker="o", ms=4.5, lw=1.5, label="observed, bar: interval"),
        Line2D([], [], color=BLUE, marker="s", ms=4.5, lw=1.5, label="modelled over it"),
    ]
    if one.held_back:
        handles.append(
            Line2D([], [], color=RED, marker="o", ms=4.5, ls="", mfc="white", label="held back")
        )
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    some = f"{len(picked)} of {len(known):,} places" if len(known) > len(picked) else "all places"
    caption = (
        f"{one.name}: {one.meaning} by depth, at {some} that have both: observed, and modelled at "
        "the best parameters as the mean over each observed interval."
    )
    return finish(drawn, caption + " Hollow: held back from the search." * one.held_back)


def _panel(axes: Axes, one: Compared, place: int) -> None:
    assert one.top is not None
    assert one.bottom is not None
    here = (one.pairs(0) | one.pairs(1))[place]
    top, bottom = one.top[place][here], one.bottom[place][here]
    middle = (top + bottom) / 2
    order = np.argsort(middle, kind="stable")
    observed, modelled = one.observed[place][here], one.modelled[place][here]
    axes.plot(modelled[order], middle[order], "-", color=BLUE, linewidth=1.2)
    axes.vlines(modelled, top, bottom, color=BLUE, linewidth=1.5)
    axes.vlines(observed, top, bottom, color=RED, linewidth=1.5)
    inside = np.where(one.part[place][here] == 1, "white", RED)
    for values, marker, faces, edge in ((modelled, "s", BLUE, BLUE), (observed, "o", inside, RED)):
        axes.scatter(values, middle, marker=marker, c=faces, edgecolors=edge, s=20, zorder=3)
    axes.margins(x=0.08)
    axes.grid(True)
