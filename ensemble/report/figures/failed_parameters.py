"""Where failures sit: by parameter, and in the plane of the two that tell most."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from ensemble.report.data.failures import Spread
from ensemble.report.figures.parts.style import (
    GREY,
    ORANGE,
    PALE,
    RED,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
    upright,
)
from ensemble.report.run import Run

SECTION, ORDER = "failures", 20

BY_PARAMETER = "Where failures sit: all and failed members by parameter, and the share that failed."
IN_PLANE = (
    "A random draw of members of the blocks that hold failures, in the plane of the "
    "two parameters in which failed members differ most from all."
)


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure by parameter, and one of members, where some failed."""
    tell_most = [s for s in run.account.spreads if s.failed.any()]
    if not tell_most:
        return
    tell_most.sort(key=lambda s: -s.contrast)
    yield failed_parameters(tell_most, run.synthetic)
    if len(tell_most) > 1 and tell_most[0].points.size:
        yield failed_scatter(tell_most[0], tell_most[1], run.synthetic)


def failed_parameters(shown: Sequence[Spread], synthetic: str) -> Picture:
    """Draw, for each parameter, all members and failed ones, and the share that failed."""
    shown = shown[:12]
    across = min(len(shown), 3)
    down = -(-len(shown) // across)
    picture = figure(down * 2.7 + 0.5, synthetic, width=WIDTH if across > 1 else 5.5)
    grid = picture.subplots(2 * down, across, squeeze=False, height_ratios=[2, 1.3] * down)
    for k, parameter in enumerate(shown):
        upper, lower = grid[2 * (k // across), k % across], grid[2 * (k // across) + 1, k % across]
        upper.stairs(parameter.all, parameter.edges, fill=True, color=PALE)
        upper.stairs(parameter.failed, parameter.edges, fill=True, color=RED)
        upper.set_ylabel("members")
        upper.tick_params(labelbottom=False)
        upper.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(parameter.all > 0, parameter.failed / parameter.all, np.nan)
        lower.stairs(np.nan_to_num(share), parameter.edges, fill=True, color=ORANGE)
        lower.set_ylim(0, 1.05)
        lower.set_yticks([0, 0.5, 1], ["0", "50%", "100%"])
        lower.set_ylabel("failed")
        lower.set_xlabel(labelled(parameter.name, parameter.units))
        lower.sharex(upper)
        for axes in (upper, lower):
            axes.grid(axis="y")
    for k in range(len(shown), across * down):
        for row in (0, 1):
            grid[2 * (k // across) + row, k % across].set_axis_off()
    handles = [Patch(color=PALE, label="all members"), Patch(color=RED, label="failed members")]
    handles.append(Patch(color=ORANGE, label="share failed"))
    picture.legend(handles=handles, loc="outside lower center", ncols=3)
    return finish(picture, BY_PARAMETER)


def failed_scatter(first: Spread, second: Spread, synthetic: str) -> Picture:
    """Draw a draw of members in the plane of the two parameters that tell failures best."""
    picture = figure(4.2, synthetic, width=6.2)
    axes = picture.subplots()
    for bad, colour, marker, size, words in (
        (False, GREY, "o", 5, "ran"),
        (True, RED, "x", 14, "failed"),
    ):
        pick = first.points_failed == bad
        axes.scatter(
            first.points[pick],
            second.points[pick],
            s=size,
            c=colour,
            marker=marker,
            linewidths=0.8 if bad else 0,
            alpha=0.8 if bad else 0.45,
            rasterized=True,
            label=f"{words} ({pick.sum():,} shown)",
        )
    axes.set_xlabel(labelled(first.name, first.units))
    axes.set_ylabel(upright(second.name, second.units, 4.2))
    axes.grid(True)
    picture.legend(loc="outside lower center", ncols=2, markerscale=1.6)
    return finish(picture, IN_PLANE)
