"""Taylor diagrams: correlation and spread against what is observed, of each benchmark of maps.

Taylor 2001, 10.1029/2000JD900719: the angle is the arc cosine of the correlation, the radius the
ratio of standard deviations, and the distance to 1 on the axis E' over the observed standard
deviation. A bias is not seen.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from ensemble.report.data.evaluated import Evaluated, Model, ceiling_cells, counted
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.style import (
    DARK,
    GREY,
    PALE,
    SERIES,
    Picture,
    figure,
    finish,
    short,
)
from ensemble.report.reported import Reported
from ensemble.scores import skill
from kernels import F8

OF, SECTION, ORDER = HELD, "fit", 22

MARKS = "osD^vP*"
CORRELATIONS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
MOST_DOTS = 3000


def draw(run: Reported) -> Iterator[Picture]:
    """Yield a diagram for each benchmark of maps."""
    for one in run.against("map"):
        if one.has_values:
            yield _figure(one, run.synthetic)


def _figure(one: Evaluated, synthetic: str) -> Picture:
    points = [_point(model) for model in one.models]
    products = {name: _point(*held) for name, held in one.ceiling.items()}
    every = [*points, *products.values()]
    clouds = _clouds(one)
    radii = [radius for _, radius in every if np.isfinite(radius)]
    radii += [float(np.quantile(cloud[1], 0.99)) for cloud in clouds if cloud.size]
    most = 1.1 * max([1.5, *radii])
    negative = any(angle > np.pi / 2 for angle, _ in every)
    drawn = figure(4.6, synthetic, width=7.0)
    ax: Any = drawn.add_subplot(projection="polar")
    _frame(ax, most, negative)
    for k, cloud in enumerate(clouds):
        ax.plot(*cloud, ".", color=SERIES[k % len(SERIES)], ms=2, alpha=0.25, zorder=2)
    handles = [Line2D([], [], marker="*", color=DARK, ls="", ms=10, label="observed")]
    ax.plot(0.0, 1.0, "*", color=DARK, ms=11, zorder=4, clip_on=False)
    for k, (label, point) in enumerate(zip(one.labels, points, strict=True)):
        colour = SERIES[k % len(SERIES)]
        mark: Any = {"marker": MARKS[k % len(MARKS)], "color": colour, "ls": "", "ms": 7}
        ax.plot(*point, **mark, mec="white", mew=0.6, zorder=4)
        handles.append(Line2D([], [], **mark, label=short(label, 30)))
    for k, (name, point) in enumerate(products.items()):
        mark = {"marker": MARKS[k % len(MARKS)], "mec": DARK, "mfc": "none", "ls": "", "ms": 7}
        ax.plot(*point, **mark, zorder=4)
        handles.append(Line2D([], [], **mark, label=short(f"product {name}", 30)))
    if clouds:
        handles.append(Line2D([], [], marker=".", color=GREY, ls="", label="samples"))
    drawn.legend(handles=handles, loc="outside right upper")
    return finish(drawn, _caption(one, bool(products)))


def _caption(one: Evaluated, products: bool) -> str:
    n = counted([len(model.cells) for model in one.models])
    caption = f"{one.name}: Taylor diagram against {one.about['reference']}, {n} cells, weights:"
    caption += f" {one.about['weights']}. Filled symbols: {one.who}; arcs about the star: E', the"
    caption += " centred RMSE over the observed standard deviation. A bias is not seen here."
    if products:
        caption += f" Open symbols: products, {ceiling_cells(one)}."
    return caption


def _frame(ax: Any, most: float, negative: bool) -> None:
    ax.set_thetamin(0)
    ax.set_thetamax(180 if negative else 90)
    ax.set_rmax(most)
    marks = [*(-c for c in CORRELATIONS[:0:-1]), *CORRELATIONS] if negative else CORRELATIONS
    words = [f"{c:g}".replace("-", "\N{MINUS SIGN}") for c in marks]
    ax.set_thetagrids(np.degrees(np.arccos(marks)), words)
    ax.set_rlabel_position(0)
    ax.grid(color=PALE, lw=0.6)
    turn = np.linspace(0, 2 * np.pi, 200)
    for size in (0.5, 1.0, 1.5):
        x, y = 1.0 + size * np.cos(turn), size * np.sin(turn)
        angle, radius = np.arctan2(y, x), np.hypot(x, y)
        inside = (y >= 0) & (radius <= most) & (negative | (x >= 0))
        shown = np.where(inside, angle, np.nan)
        ax.plot(shown, radius, color=GREY, lw=0.7, ls=(0, (3, 3)), zorder=1)
    circle = np.linspace(0, np.pi if negative else np.pi / 2, 100)
    ax.plot(circle, np.ones(100), color=DARK, lw=0.9, zorder=1)
    ax.set_xlabel("standard deviation over the observed one", labelpad=20)
    look: Any = {"rotation": -42, "ha": "center", "va": "center", "fontsize": 9}
    ax.text(np.radians(48), 1.2 * most, "correlation", **look)


def _point(model: Model, values: F8 | None = None) -> tuple[float, float]:
    """Return angle and radius of a model, or of other values of its pairs (p,)."""
    sums = model.against(model.values if values is None else values).sums
    r = np.clip(sums.correlation[0, 0], -1.0, 1.0)
    return float(np.arccos(r)), float(skill.sd_ratio(sums)[0, 0])


def _clouds(one: Evaluated) -> list[F8]:
    """Return angles and radii of samples, (2, n) each, of some evenly chosen."""
    if not {"r", "sd_ratio"} <= {*one.clouds}:
        return []
    found = []
    for r, ratio in zip(one.clouds["r"], one.clouds["sd_ratio"], strict=True):
        known = np.flatnonzero(np.isfinite(r) & np.isfinite(ratio))
        some = known[:: max(1, len(known) // MOST_DOTS)]
        found.append(np.stack([np.arccos(np.clip(r[some], -1, 1)), ratio[some]]))
    return found
