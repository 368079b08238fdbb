"""Scores that weights look at: all members alike, and as weights have them."""

from collections.abc import Iterator

import numpy as np

from ensemble.report.data.weighed import Weighed, every, scores_of
from ensemble.report.figures.parts.ensembles import before_and_after
from ensemble.report.figures.parts.style import (
    DARK,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.report.run import Run
from ensemble.tables.weights import rule
from scenarios import and_more, most_named

SECTION, ORDER = "constrained", 20

MOST_SCORES = 9
BINS = 30


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure of each weights."""
    for found in every(run):
        yield _figure(run, found)


def _figure(run: Run, found: Weighed) -> Picture:
    shown = list(scores_of(run, found))[: most_named(MOST_SCORES)]
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    drawn = figure(2.3 * down + 0.5, run.synthetic, width=WIDTH if across > 1 else 5.5)
    grid = drawn.subplots(down, across, squeeze=False)
    for axes, (looked, values) in zip(grid.flat, shown, strict=False):
        before_and_after(axes, values, found.weights, found.labels, BINS)
        axes.axvline(looked.best, color=DARK, lw=1.0)
        if np.isfinite(looked.error):
            reach = looked.error * (found.one.spec.nearest if found.one.spec.accept else 1.0)
            for limit in (looked.best - reach, looked.best + reach):
                axes.axvline(limit, color=DARK, lw=1.0, ls=(0, (4, 2)))
        some = values[np.isfinite(values)]
        pad = 0.03 * float(np.ptp(some)) if some.size else 0.0
        if pad > 0:
            axes.set_xlim(some.min() - pad, some.max() + pad)
        axes.set_xlabel(labelled(looked.name, looked.scored.units))
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    handles, labels = max(
        (axes.get_legend_handles_labels() for axes in grid.flat), key=lambda pair: len(pair[1])
    )
    names = [short(label, 30) for label in labels]
    drawn.legend(handles, names, loc="outside lower center", ncols=min(4, len(labels)))
    return finish(drawn, _caption(run, found, len(shown)))


def _caption(run: Run, found: Weighed, shown: int) -> str:
    spec = found.one.spec
    words = rule(run.results, found.one.name)
    lines = "" if spec.performance else (
        "; dashed: beyond these no member is accepted" if spec.accept else "; dashed: one sigma"
    )  # fmt: skip
    more = and_more(len(found.one.scores) - shown, "scores")
    left = f" Drawn are these{more}." * bool(more)
    return (
        f"Scores that the weights {found.one.name} look at ({words}). Ground: all "
        f"{found.rows:,} members alike; lines: shares of the weight, {found.effective:,.0f} "
        f"effective members, by forcing and model where there are several. Upright: what would be "
        f"right{lines}.{left}"
    )
