"""The figure of Morris' screening: how large effects are against how much they vary."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from ensemble.report.data.effects import Effects
from ensemble.report.figures.parts.style import (
    DARK,
    GREY,
    SERIES,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
    logarithmic,
    short,
    wrapped,
)
from ensemble.report.figures.parts.whiskers import reach
from ensemble.report.run import Run
from kernels import F8, I8

SECTION, ORDER = "sensitivity", 50


MOST_EFFECTS = 30
MOST_PANELS = 6
DECADES = 1.5
"""Powers of ten between means from which axes are logarithmic; twice as many between cells."""

MU_STAR, SIGMA = "\N{GREEK SMALL LETTER MU}*", "\N{GREEK SMALL LETTER SIGMA}"
LINES = (
    (1.0, (0, (5, 2)), f"{SIGMA} = {MU_STAR}"),
    (0.1, (0, (1, 1.5)), f"{SIGMA} = {MU_STAR}/10"),
)


def draw(run: Run) -> Iterator[Picture | str]:
    """Yield the effects of parameters against their spread, or that they are noise."""
    yield from screenings(run.effects, run.synthetic)
    for effects in run.effects:
        both = {"mu_star", "sigma"} <= set(effects.indices)
        if both and not len(_order(effects)) and effects.withheld("mu_star"):
            yield f"Effects are not drawn.{effects.said('mu_star')}"


def screenings(shown: Sequence[Effects], synthetic: str) -> Iterator[Picture]:
    """Yield figures of sigma against mu_star, some responses in each."""
    with_both = [effects for effects in shown if {"mu_star", "sigma"} <= set(effects.indices)]
    with_both = [effects for effects in with_both if len(_order(effects))]
    for first in range(0, len(with_both), MOST_PANELS):
        yield _screening(with_both[first : first + MOST_PANELS], synthetic)


def _order(effects: Effects) -> I8:
    """Return the effects that have both, the largest first; groups have no sigma."""
    order = effects.order("mu_star", MOST_EFFECTS)
    return order[np.isfinite(effects.mean("sigma")[order])]


def _screening(shown: Sequence[Effects], synthetic: str) -> Picture:
    across = min(len(shown), 2)
    down = -(-len(shown) // across)
    width = WIDTH if across > 1 else 6.4
    drawn = figure(0.6 + 4.1 * down, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False)
    for axes, effects in zip(grid.flat, shown, strict=False):
        _panel(axes, effects)
        axes.set_title(wrapped(f"{effects.name}: {effects.meaning}", int(width / across * 9.5)))
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    handles = [Line2D([], [], color=GREY, ls=dash, label=words) for _, dash, words in LINES]
    if several := max(len(effects.cells) for effects in shown) > 1:
        dot = Line2D([], [], color=GREY, marker="o", ls="", ms=3.5, alpha=0.6)
        dot.set_label(f"one of the {shown[0].kind}")
        mean = Line2D([], [], color=DARK, marker="o", ls="", ms=7, label="their mean")
        handles = [mean, dot, *handles]
    drawn.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    _name_points(drawn, list(grid.flat), shown)
    return finish(drawn, _caption(shown, several))


def _panel(axes: Axes, effects: Effects) -> None:
    """Draw the cloud of cells, the means, their intervals and the two lines."""
    order = _order(effects)
    cloud = [effects.indices[index][:, order] for index in ("mu_star", "sigma")]
    x, y = (effects.mean(index)[order] for index in ("mu_star", "sigma"))
    several = len(cloud[0]) > 1
    half, high = effects.half("mu_star")[order], effects.half("sigma")[order]
    right = reach(x, half, never_negative=True)
    up = reach(y, high, never_negative=True)
    for k, effect in enumerate(order.tolist()):
        # A parameter has one look in all panels, and in the figure by depth.
        colour, shape = SERIES[effect % len(SERIES)], "os^Dv"[effect // len(SERIES) % 5]
        if several:
            axes.plot(cloud[0][:, k], cloud[1][:, k], "o", color=colour, ms=3, alpha=0.4, mew=0)
        axes.errorbar(
            x[k], y[k], xerr=right[:, [k]], yerr=up[:, [k]], fmt=shape, color=colour, ms=7,
            mec=DARK, mew=0.8, ecolor=DARK, elinewidth=1.1, capsize=2, zorder=3,
        )  # fmt: skip
    both = np.concatenate([*(c.ravel() for c in cloud), x, y])
    longest, highest = (float(np.nanmax(v + e[1])) for v, e in ((x, right), (y, up)))
    _scale(axes, np.concatenate([x, y]), both[np.isfinite(both)], (longest, highest), cloud)
    axes.grid(True)
    axes.set_xlabel(labelled(f"mean absolute effect {MU_STAR}", effects.units))
    axes.set_ylabel(labelled(f"standard deviation {SIGMA}", effects.units))


def _scale(
    axes: Axes, means: F8, every: F8, ends_of: tuple[float, float], cloud: Sequence[F8]
) -> None:
    """Choose the axes and draw the lines: logarithmic where values differ by powers of ten.

    ``ends_of`` are the longest whiskers, to the right and up.
    """
    longest, highest = ends_of
    positive = every[every > 0]
    wide = means[means > 0]
    spans = (v.max() / v.min() if v.size else 1.0 for v in (wide, positive))
    beyond = [
        np.log10(span) > most for span, most in zip(spans, (DECADES, 2 * DECADES), strict=True)
    ]
    if len(wide) == len(means) and any(beyond):
        axes.set_xscale("log")
        axes.set_yscale("log")
        logarithmic(axes.xaxis)
        logarithmic(axes.yaxis)
        pad = 1.6
        most = max(longest, float(np.nanmax(cloud[0])))
        axes.set_xlim(np.nanmin(cloud[0][cloud[0] > 0]) / pad, most * pad)
        axes.set_ylim(
            np.nanmin(cloud[1][cloud[1] > 0]) / pad, max(highest, np.nanmax(cloud[1])) * pad
        )
        ends = np.array([positive.min() / 2, max(longest, positive.max()) * 2])
    else:
        ends = np.array([0.0, max(longest, float(np.nanmax(cloud[0]))) * 1.12])
        axes.set_xlim(*ends)
        top = max(highest, float(np.nanmax(cloud[1])))
        axes.set_ylim(0, max(top * 1.1, ends[1] * 0.15, 1e-300))
    limits = axes.get_xlim(), axes.get_ylim()
    for slope, dash, _ in LINES:
        axes.plot(ends, slope * ends, color=GREY, linestyle=dash, linewidth=1.1, zorder=1)
    axes.set_xlim(*limits[0])
    axes.set_ylim(*limits[1])


PLACES = [
    (8, 5), (8, -10), (0, 10), (0, -15), (-8, 5), (-8, -10), (16, 16), (16, -22),
    (-16, 16), (-16, -22), (26, 4), (-26, 4), (8, 28), (8, -34), (-8, 28), (-8, -34),
]  # fmt: skip
"""Where a name may stand, points from its marker; the first that is free is taken."""


def _name_points(drawn: Figure, panels: Sequence[Axes], shown: Sequence[Effects]) -> None:
    """Name the parameters beside their markers, clear of each other and of the markers."""
    drawn.draw_without_rendering()
    for axes, effects in zip(panels, shown, strict=False):
        order = _order(effects)
        points = np.column_stack([effects.mean(i)[order] for i in ("mu_star", "sigma")])
        centres = axes.transData.transform(points)
        size = drawn.dpi / 72 * 4.5
        taken = [Bbox([c - size, c + size]) for c in centres]
        for k, effect in enumerate(order.tolist()):
            name = _placed(axes, short(effects.effects[effect], 24), points[k], taken)
            taken.append(name.get_window_extent())


def _placed(axes: Axes, text: str, point: F8, taken: Sequence[Bbox]) -> Annotation:
    """Return the name at the place that overlaps least with what is there."""
    name = axes.annotate(
        text, (float(point[0]), float(point[1])), xytext=(0, 0), textcoords="offset points",
        fontsize=8.5, color=DARK, zorder=5, annotation_clip=False,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip
    name.set_in_layout(False)
    frame, costs = axes.get_window_extent(), []
    for right, up in PLACES:
        _stand(name, right, up)
        box = name.get_window_extent()
        shared = sum(_area(Bbox.intersection(box, other)) for other in taken)
        costs.append(shared + 4 * (_area(box) - _area(Bbox.intersection(box, frame))))
    best = int(np.argmin(np.round(costs, 3)))
    _stand(name, *PLACES[best])
    if best >= 6:
        x, y = PLACES[best]
        axes.annotate(
            "", (float(point[0]), float(point[1])), xytext=(x, y + 3), textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.6},
        ).set_in_layout(False)  # fmt: skip
    return name


def _stand(name: Annotation, right: float, up: float) -> None:
    name.set_position((right, up))
    name.set_horizontalalignment("left" if right > 0 else "right" if right < 0 else "center")


def _area(box: Bbox | None) -> float:
    return 0.0 if box is None else float(box.width * box.height)


def _caption(shown: Sequence[Effects], several: bool) -> str:
    caption = (
        f"Elementary effects of each parameter: mean absolute effect ({MU_STAR}) against standard "
        f"deviation ({SIGMA}). Far above {SIGMA} = {MU_STAR} a parameter acts unevenly or together "
        f"with others; far below {SIGMA} = {MU_STAR}/10 its effect is nearly the same everywhere."
    )
    known = [i for i in ("mu_star", "sigma") if any(f"{i}_conf" in e.indices for e in shown)]
    if known:
        words = {"mu_star": MU_STAR, "sigma": SIGMA}
        caption += f" Whiskers: bootstrap intervals of {' and '.join(words[i] for i in known)}"
        caption += ", their mean half width" if several else ""
        caption += "; none below zero."
    else:
        caption += " No interval is known; ask for mu_star_conf, or analyze stored members."
    return caption + "".join(effects.said("mu_star") for effects in shown)
