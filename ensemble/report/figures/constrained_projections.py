"""What benchmarks leave of a projection: all members alike, by each benchmark, by all of them."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ensemble.members.evaluation.weighted import USED, Target, used
from ensemble.report.data.weighed import Ensemble, Weighed, every, projections
from ensemble.report.figures.parts.ensembles import colour_of
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREY,
    SKY,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.report.run import Run
from ensemble.scores.weights import STATISTICS, TOO_FEW
from scenarios import and_more, most_named

SECTION, ORDER = "constrained", 40

MOST_PROJECTIONS = 6

MEAN, LOW, LOWER, UPPER, HIGH = (
    STATISTICS.index(word) for word in ("mean", "q05", "q25", "q75", "q95")
)


def draw(run: Run) -> Iterator[Picture | str]:
    """Yield a figure of each weights: a panel for each number of all locations."""
    for found in every(run):
        shown = list(projections(run, found))
        if shown:
            yield _figure(run, found, shown[: most_named(MOST_PROJECTIONS)])
        else:
            yield (
                f"Under the weights {found.one.name} no number of all locations is kept of each "
                "member: a sum over space, aggregates: {OUTPUT: [global]}, is drawn here."
            )
        if more := and_more(len(shown) - most_named(MOST_PROJECTIONS), "numbers"):
            yield f"In the table under the weights {found.one.name} stand these{more}."


def _figure(run: Run, found: Weighed, shown: list[tuple[Target, list[Ensemble]]]) -> Picture:
    rows = len(shown[0][1])
    drawn = figure(len(shown) * (0.34 * rows + 0.7) + 0.5, run.synthetic, width=8.5)
    grid = drawn.subplots(len(shown), 1, squeeze=False)
    for axes, (target, ensembles) in zip(grid.flat, shown, strict=True):
        _panel(axes, found, target, ensembles)
    handles = [
        Line2D([], [], color=GREY, lw=1.4, label="5 to 95 %"),
        Line2D([], [], color=GREY, lw=5.0, label="25 to 75 %"),
        Line2D([], [], color=DARK, marker="|", ls="", ms=11, mew=2, label="mean"),
    ]
    if len(found.labels) > 1:
        for k, label in enumerate(found.labels):
            handles.append(Line2D([], [], color=colour_of(found.labels, k), marker="D", ls="", ms=5,
                                  label=short(f"mean of {label}", 34)))  # fmt: skip
    drawn.legend(handles=handles, loc="outside lower center", ncols=3)
    return finish(drawn, _caption(found, shown))


def _panel(axes: Axes, found: Weighed, target: Target, ensembles: list[Ensemble]) -> None:
    first = ensembles[0].statistics
    for y, one in enumerate(ensembles):
        colour = (GREY, *[SKY] * (len(ensembles) - 2), BLUE)[y]
        s = one.statistics
        axes.plot([s[LOW], s[HIGH]], [y, y], color=colour, lw=1.4, solid_capstyle="butt")
        axes.plot([s[LOWER], s[UPPER]], [y, y], color=colour, lw=5.0, solid_capstyle="butt")
        axes.plot([s[MEAN]], [y], "|", color=DARK, ms=11, mew=2, zorder=4)
        if len(found.labels) > 1:
            for k, mean in enumerate(one.by_label):
                axes.plot([mean], [y + 0.27], "D", color=colour_of(found.labels, k), ms=4, zorder=3)
        axes.annotate(_beside(one, first, y), (1.01, y), xycoords=("axes fraction", "data"),
                      va="center", fontsize=8)  # fmt: skip
    axes.set_yticks(range(len(ensembles)), [short(one.words, 30) for one in ensembles])
    axes.set_ylim(len(ensembles) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(labelled(target.name, target.units))


def _beside(one: Ensemble, first: np.ndarray, y: int) -> str:
    """Return how many members there are, and how wide their range is beside that of all."""
    words = f"n = {one.members:,}"
    if one.effective < 0.995 * one.members:
        words += f", effective {one.effective:,.1f}"
    if one.effective < TOO_FEW:
        return f"{words}: too few for a range"
    whole = first[HIGH] - first[LOW]
    if y and whole > 0:
        words += f"; width {(one.statistics[HIGH] - one.statistics[LOW]) / whole:.0%}"
    return words


def _caption(found: Weighed, shown: list[tuple[Target, list[Ensemble]]]) -> str:
    caption = (
        f"What the weights {found.one.name} leave of projections: all members alike, weighed by "
        "each benchmark alone and by all together. n: members with a weight, of all forcings, "
        "models and samples; width: of the range from 5 to 95 %, over that of all members alike. "
    )
    looked = sorted({output for target, _ in shown for output in used(target, found.one)})
    if looked:
        names = [target.name for target, _ in shown if used(target, found.one)]
        caption += f"{', '.join(names)} (of {', '.join(looked)}): {USED}. "
    return caption + "Ranges are of these members: errors that all of them share are in none."
