"""What was drawn: a histogram of each parameter, and where the control members stand."""

from collections.abc import Iterator, Sequence

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.report.data.failures import Spread
from ensemble.report.figures.parts.style import (
    BLUE,
    RED,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
)
from ensemble.report.run import Run

SECTION, ORDER = "design", 20

MOST_PARAMETERS = 24

CAPTION = (
    "Values drawn for the members, all committed ones together; bars: the share of members; "
    "ticks below: the control members, one per forcing and location where they differ."
)


def draw(run: Run) -> Iterator[Picture]:
    """Yield one figure where parameters are stored."""
    if run.account.spreads:
        yield drawn_parameters(run.account.spreads, run.synthetic)


def drawn_parameters(shown: Sequence[Spread], synthetic: str) -> Picture:
    """Draw histograms of the sampled parameters and where the control members stand."""
    count, shown = len(shown), shown[:MOST_PARAMETERS]
    across = min(len(shown), 4)
    down = -(-len(shown) // across)
    picture = figure(
        down * 1.75 + 0.5, synthetic, width=WIDTH if across > 2 else 3.6 * across + 0.4
    )
    grid = picture.subplots(down, across, squeeze=False)
    for axes, parameter in zip(grid.flat, shown, strict=False):
        axes.stairs(
            parameter.all / max(1, parameter.all.sum()),
            parameter.edges,
            fill=True,
            color=BLUE,
            alpha=0.55,
        )
        top = axes.get_ylim()[1]
        if parameter.control.size:
            axes.vlines(parameter.control, -0.12 * top, -0.02 * top, color=RED, linewidth=1.0)
            axes.set_ylim(-0.14 * top, top)
        axes.set_yticks([])
        # Panels are narrow: few ticks, and small numbers with their power beside the axis.
        axes.locator_params(axis="x", nbins=4)
        axes.ticklabel_format(axis="x", scilimits=(-3, 5))
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(labelled(parameter.name, parameter.units))
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    handles = [
        Patch(color=BLUE, alpha=0.55, label="samples"),
        Line2D([], [], color=RED, linestyle="", marker="|", ms=9, label="control members"),
    ]
    picture.legend(handles=handles, loc="outside lower center", ncols=2)
    caption = CAPTION
    if count > MOST_PARAMETERS:
        caption += f" The first {MOST_PARAMETERS} of {count} parameters."
    return finish(picture, caption)
