"""Figures of importance: bars of each location, or their spread where locations are many.

As figure 2 of Wang et al. (2021, 10.1029/2020JG006205).
"""

from collections.abc import Iterator, Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.report.data.effects import Effects
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    RED,
    SERIES,
    THETA,
    WIDTH,
    Picture,
    aside,
    columns,
    figure,
    finish,
    short,
    wrapped,
)
from ensemble.report.figures.parts.whiskers import reach
from ensemble.report.run import Run
from kernels import I8

SECTION, ORDER = "sensitivity", 30


MOST_BARS = 12
"""Cells that get a bar each; more are shown by their spread."""

MOST_EFFECTS = 14
MOST_PANELS = 4
"""Responses in one figure."""


def draw(run: Run) -> Iterator[Picture | str]:
    """Yield the importance of parameters to the responses, or that it is noise."""
    yield from importances(run.effects, run.synthetic)
    for target in run.effects:
        if "theta" in target.indices and not len(target.order("theta", 1)):
            yield f"Importance is not drawn.{target.said('theta')}"


def importances(shown: Sequence[Effects], synthetic: str) -> Iterator[Picture]:
    """Yield figures of the importance of parameters, some responses in each."""
    with_theta = [o for o in shown if "theta" in o.indices and len(o.order("theta", 1))]
    for first in range(0, len(with_theta), MOST_PANELS):
        yield _importance(with_theta[first : first + MOST_PANELS], synthetic)


def _importance(shown: Sequence[Effects], synthetic: str) -> Picture:
    cells = list(dict.fromkeys(cell for target in shown for cell in target.cells))
    many = len(cells) > MOST_BARS
    looks = dict(zip(cells, colours(len(cells)), strict=True))
    drawn = figure(0.9 + 2.35 * len(shown), synthetic)
    grid = drawn.subplots(len(shown), 1, squeeze=False)
    for axes, target in zip(grid.flat, shown, strict=True):
        order = target.order("theta", MOST_EFFECTS)
        top = _spreads(axes, target, order) if many else _bars(axes, target, order, looks)
        axes.set_xticks(range(len(order)), _names(target.effects, order))
        axes.set_xlim(-0.6, len(order) - 0.4)
        axes.set_ylim(0, 1.12 * top)
        axes.tick_params(axis="x", length=0)
        axes.grid(axis="y")
        axes.set_ylabel(THETA)
        axes.set_title(wrapped(f"{target.name}: {target.meaning}", int(WIDTH * 11)))
    mean = Line2D([], [], color=DARK, lw=1.8, label="mean, as printed")
    if many:
        mean = Line2D([], [], color=RED, marker="D", ls="", ms=6, label="mean, as printed")
        spread = Line2D([], [], color=BLUE, marker="o", ls="", ms=3.5, alpha=0.5)
        spread.set_label(f"one of {len(shown[0].cells):,} {shown[0].kind}")
        drawn.legend(handles=[spread, mean], loc="outside lower center", ncols=2)
    else:
        handles: list[Patch | Line2D] = [
            Patch(color=looks[cell], label=short(cell, 28)) for cell in cells if cell
        ]
        if len(cells) > 1:
            handles = [*handles, mean]
            drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, WIDTH))
    return finish(drawn, _caption(shown, many))


def _names(effects: Sequence[str], order: I8) -> list[str]:
    """Return labels that fit below the bars."""
    room = int(WIDTH * 12 / len(order))
    return [short(effects[k], max(6, room)) for k in order.tolist()]


def colours(count: int) -> list[str]:
    """Return as many colours, told apart with any colour vision."""
    if count <= len(SERIES):
        return list(SERIES[:count])
    return [to_hex(matplotlib.colormaps["cividis"](x)) for x in np.linspace(0, 1, count)]


def _bars(axes: Axes, target: Effects, order: I8, looks: Mapping[str, str]) -> float:
    """Draw a bar per cell, in its colour and place, and the mean across them; return the top."""
    values, x = target.indices["theta"][:, order], np.arange(len(order))
    half = target.indices.get("theta_conf", np.full_like(target.indices["theta"], np.nan))[:, order]
    count = len(looks)
    wide = 0.82 / count
    edge = DARK if count > len(SERIES) else "white"
    for k, (cell, colour) in enumerate(looks.items()):
        if cell in target.cells:
            row = np.nan_to_num(values[target.cells.index(cell)])
            at = x + (k - (count - 1) / 2) * wide
            axes.bar(at, row, wide, color=colour, edgecolor=edge, lw=0.4)
            error = reach(row, half[target.cells.index(cell)], never_negative=True)
            axes.errorbar(at, row, yerr=error, fmt="none", ecolor=DARK, elinewidth=0.8)
    mean = target.mean("theta")[order]
    top = np.nanmax(values + np.nan_to_num(half), axis=0)
    if count > 1:
        axes.hlines(mean, x - 0.45, x + 0.45, color=DARK, linewidth=1.8)
    highest = float(top.max())
    for k in range(len(order)):
        axes.text(x[k], top[k] + 0.015 * highest, number(mean[k]), ha="center", va="bottom")
    return highest


def _spreads(axes: Axes, target: Effects, order: I8) -> float:
    """Draw every cell, and the mean with its interval; return the top."""
    values, x = target.indices["theta"][:, order], np.arange(len(order))
    mean, half = target.mean("theta")[order], target.half("theta")[order]
    beside = aside(len(values), 0.46)
    for k in range(len(order)):
        column = values[:, k]
        here = np.isfinite(column)
        axes.plot(k + beside[here], column[here], "o", color=BLUE, ms=3, alpha=0.35, mew=0)
    error = reach(mean, half, never_negative=True)
    axes.errorbar(
        x, mean, yerr=error, fmt="D", color=RED, ms=6, mec="white", mew=0.8, ecolor=DARK,
        elinewidth=1.3, capsize=3, zorder=4,
    )  # fmt: skip
    highest = np.fmax(np.nanmax(values, axis=0), mean + np.nan_to_num(half))
    for k in range(len(order)):
        digits = ".2f" if mean[k] >= 0.095 else ".2g"
        label = f"{mean[k]:{digits}}"
        if np.isfinite(half[k]):
            label += f" \N{PLUS-MINUS SIGN} {half[k]:{digits}}"
        axes.text(k, highest[k] + 0.02 * highest.max(), label, ha="center", va="bottom", fontsize=8)
    return float(highest.max())


def number(value: float) -> str:
    """Return a number of two decimals, or of two digits where it is small."""
    return f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


def _caption(shown: Sequence[Effects], many: bool) -> str:
    """Return what the figure says, with what is left out."""
    first = shown[0]
    caption = (
        f"{THETA[0].upper()}{THETA[1:]} of each parameter (Wang et al., 2021): "
        "\N{SQUARE ROOT}(\N{GREEK SMALL LETTER MU}\N{SUPERSCRIPT TWO} + "
        "\N{GREEK SMALL LETTER SIGMA}\N{SUPERSCRIPT TWO}) of its elementary effects over the "
        "standard deviation of that root over parameters. The largest mean first. "
    )
    if many:
        caption += f"Points: {len(first.cells):,} {first.kind}; diamonds and numbers: their mean; "
    elif len(first.cells) > 1:
        caption += f"Bars: {first.kind}; lines and numbers: their mean; "
    if any(np.isfinite(target.half("theta")).any() for target in shown):
        caption += "whiskers: bootstrap intervals"
        caption += ", of a mean the mean half width, as cells share the design's rows." * many
        caption += "." * (not many)
    else:
        caption += "no interval is known of what a run computed itself; `analyze` finds it."
    caption = caption.strip()
    for target in shown:
        left = len(target.effects) - len(target.order("theta", MOST_EFFECTS))
        if left:
            caption += f" {target.name}: without {left} parameters of less or no importance."
        caption += target.said("theta")
    return caption
