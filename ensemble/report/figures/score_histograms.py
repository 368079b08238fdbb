"""Scores of members: a histogram of each score by model, and where control members stand."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from ensemble.members.evaluation.asked import EVALUATED, GROUP
from ensemble.report.data.evaluated import Score, scores
from ensemble.report.figures.parts.style import (
    DARK,
    SERIES,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.report.run import Run

SECTION, ORDER = "fit", 50

MOST_SCORES = 12
BINS = 30
BEST = {"nearest 0": 0.0, "nearest 1": 1.0}


def draw(run: Run) -> Iterator[Picture | str]:
    """Yield one figure of the scores that vary from member to member."""
    found = [o for g in (GROUP, EVALUATED) for o in scores(run.results, g) if _varies(o)]
    if found:
        yield _drawn(run, found[:MOST_SCORES])
    if len(found) > MOST_SCORES:
        yield f"Histograms of {MOST_SCORES} of {len(found)} scores; the store has all."


def _varies(one: Score) -> bool:
    some = one.values[np.isfinite(one.values)]
    return len(some) > 1 and bool(np.ptp(some) > 0)


def _drawn(run: Run, found: list[Score]) -> Picture:
    across = min(3, len(found))
    down = -(-len(found) // across)
    drawn = figure(2.1 * down + 0.5, run.synthetic, width=WIDTH if across > 1 else 5.0)
    grid = drawn.subplots(down, across, squeeze=False)
    for axes, one in zip(grid.flat, found, strict=False):
        _panel(axes, one)
    for axes in list(grid.flat)[len(found) :]:
        axes.set_axis_off()
    handles, labels = max(
        (axes.get_legend_handles_labels() for axes in grid.flat), key=lambda h: len(h[1])
    )
    drawn.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
    return finish(drawn, _caption(found))


def _panel(axes: Axes, one: Score) -> None:
    some = one.values[np.isfinite(one.values)]
    edges = np.linspace(some.min(), some.max(), BINS + 1)
    for k, (label, row) in enumerate(zip(one.labels, one.values, strict=True)):
        colour = SERIES[k % len(SERIES)]
        here = row[np.isfinite(row)]
        if len(here):
            counts = np.histogram(here, edges)[0]
            axes.stairs(counts, edges, fill=True, color=colour, alpha=0.45, label=short(label, 30))
        if np.isfinite(one.control[k]):
            axes.axvline(one.control[k], color=colour, lw=1.4)
    if one.better in BEST and edges[0] <= BEST[one.better] <= edges[-1]:
        axes.axvline(BEST[one.better], color=DARK, lw=1.0, ls=(0, (4, 2)))
    axes.set_title(f"{short(one.name, 34)}, better: {one.better}")
    axes.set_xlabel(labelled("", one.units).strip())
    axes.set_ylabel("samples")


def _caption(found: list[Score]) -> str:
    least = min(int(np.isfinite(one.values).sum(axis=1).min()) for one in found)
    names = ", ".join(dict.fromkeys(one.benchmark for one in found))
    return (
        f"Scores of members against {names}, of all locations together: samples of equal weight by "
        f"model and forcing, {least:,} or more of each; upright lines: control members; dashed: "
        "what would be right. A sample whose member failed at a compared location has none."
    )
