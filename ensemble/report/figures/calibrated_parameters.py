"""Calibrated parameters: the best of each group, by type and in space, with what is at an end."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from ensemble.calibration.stored import WORK
from ensemble.report.calibrated import Calibrated
from ensemble.report.data.cells import evenly
from ensemble.report.data.fields import Places, places_of
from ensemble.report.figures.parts.ground import draw_cells, empty_maps
from ensemble.report.figures.parts.searched import ends, over_range
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREY,
    RED,
    SKY,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    power,
    short,
)
from kernels import F8, I8

OF, SECTION, ORDER = WORK, "results", 15

MOST_PARAMETERS = 24
MOST_ROWS = 24
"""Groups that have a row each; of more there is a row for each type, or one for all."""

MOST_FORCINGS = 3
"""That have a figure of maps each."""

ROOM = 0.12
"""Of the range, on either side: where the count of groups at that end stands."""

SPREAD = 0.618034
"""Of the height of a row, from one dot to the next, modulo 1: no two neighbours overlap."""


@dataclass(frozen=True)
class Rows:
    """Rows of a panel: their names, the row of each group, (G,), -1 for none, and what they are."""

    names: tuple[str, ...]
    of: I8
    words: str


def draw(run: Calibrated) -> Iterator[Picture | str]:
    """Yield one figure of all parameters, and maps of each where groups are locations."""
    if not run.any_result:
        return
    yield _by_row(run, _rows(run))
    if (places := places_of(run.found)) is not None and run.section["groups"] == "location":
        yield from _maps(run, places)


def _rows(run: Calibrated) -> Rows:
    """Return a row for each group, or for each type where groups are many."""
    found, count = run.found, len(run.found.groups)
    if count <= MOST_ROWS:
        return Rows(found.groups, np.arange(count), "a row for each group")
    for name, classes in run.found.classes.items():
        kinds = np.unique(classes[np.isfinite(classes)])
        of = np.searchsorted(kinds, np.where(np.isfinite(classes), classes, kinds[0]))
        words = f"a row for each value of the column {name} of locations"
        rows = np.where(np.isfinite(classes), of, -1)
        return Rows(tuple(f"{name} {kind:g}" for kind in kinds), rows, words)
    return Rows((f"{count:,} groups",), np.zeros(count, np.int64), "all groups in one row")


def _by_row(run: Calibrated, rows: Rows) -> Picture:
    found, n = run.found, min(len(run.found.searched), MOST_PARAMETERS)
    across, each = min(n, 4), 0.2 if len(found.groups) <= MOST_ROWS else 0.45
    down = -(-n // across)
    width = WIDTH if across > 2 else 3.6 * across + 1.2
    drawn = figure(down * (0.6 + each * len(rows.names)) + 0.6, run.synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    for j, axes in enumerate(grid.flat):
        if j >= n:
            axes.set_axis_off()
            continue
        _panel(axes, run, rows, j)
        axes.set_xlabel(labelled(found.parameters[j], found.units[j]))
    names = [short(name, 20) for name in rows.names]
    grid[0, 0].set_yticks(range(len(names)), names)
    grid[0, 0].set_ylim(len(names) - 0.4, -0.6)
    handles: list[Artist] = [
        Line2D([], [], color=BLUE, marker="o", ms=5, ls="", label="best of a group"),
        Line2D([], [], color=GREY, ls="--", lw=0.9, label="ends of the range"),
    ]
    if found.of_searched("at_bound").any():
        label = "best, at an end of its range"
        handles.append(Line2D([], [], color=RED, marker="D", ms=5, ls="", label=label))
    if len(found.groups) > len(rows.names):
        handles.append(Patch(color=SKY, alpha=0.5, label="middle half, and median"))
    else:
        handles.append(Line2D([], [], color=SKY, lw=2.5, label=_near(run)))
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    return finish(drawn, _caption(run, rows, n))


def _near(run: Calibrated) -> str:
    return f"candidates within {float(run.section['keep']['equifinal']):g} times the best"


def _panel(axes: Axes, run: Calibrated, rows: Rows, j: int) -> None:
    """Draw one parameter: a dot for each group, and how many are at either end."""
    found = run.found
    values, side = found.of_best("parameters")[:, j], found.read("at_bound")[:, j]
    single = len(rows.names) == len(found.groups)
    axes.vlines(ends(run, j), -0.6, len(rows.names) - 0.4, color=GREY, ls="--", lw=0.9)
    for end in ends(run, j):
        # Above the line, in the digits of the scenario.
        axes.annotate(f"{end:g}", (end, -0.6), (0, 2), textcoords="offset points", ha="center",
                      color=DARK, fontsize=7)  # fmt: skip
    for row in range(len(rows.names)):
        mine = np.flatnonzero((rows.of == row) & np.isfinite(values))
        if not len(mine):
            continue
        if single:
            low, high = (found.read(f"equifinal_{end}")[mine[0], j] for end in ("low", "high"))
            axes.hlines(row, low, high, color=SKY, lw=2.5)
        else:
            _middle(axes, values[mine], row)
            _counts(axes, side[mine], row)
        offset = 0.0 if single else 0.7 * ((np.arange(len(mine)) * SPREAD) % 1.0 - 0.5)
        up, at = np.broadcast_to(row + offset, mine.shape), side[mine] != 0
        size = 24 if single else 9
        axes.scatter(values[mine][~at], up[~at], c=BLUE, s=size, linewidths=0, zorder=3)
        axes.scatter(values[mine][at], up[at], c=RED, s=size, marker="D", linewidths=0, zorder=4)
    over_range(axes, run, j, ROOM)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(True, axis="y")


def _middle(axes: Axes, values: F8, row: int) -> None:
    """Draw quartiles and median of a row."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    axes.fill_betweenx([row - 0.4, row + 0.4], low, high, color=SKY, alpha=0.5, lw=0)
    axes.vlines(middle, row - 0.4, row + 0.4, color=DARK, lw=1.2)


def _counts(axes: Axes, side: NDArray[np.int8], row: int) -> None:
    """Write how many groups of a row are at each end, outside the range."""
    for sign, at, align in ((-1, 0.01, "left"), (1, 0.99, "right")):
        if count := int((side == sign).sum()):
            place = axes.get_yaxis_transform()
            drawn = axes.text(at, row, f"{count:,}", transform=place, color=RED, fontsize=8)
            drawn.set(va="center", ha=align)


def _caption(run: Calibrated, rows: Rows, shown: int) -> str:
    found = run.found
    values, side = found.of_best("parameters"), found.of_searched("at_bound")
    known = np.isfinite(values).all(axis=1)
    caption = (
        f"Best parameters of {int(known.sum()):,} of {len(found.groups):,} groups, {rows.words}, "
        "over the range that is searched."
    )
    if outside := int((known & (rows.of < 0)).sum()):
        caption += f" {outside:,} groups have no value there, and no row."
    here = side[known][:, :shown] != 0
    if here.any():
        pairs = zip(found.searched, here.sum(axis=0).tolist(), strict=False)
        told = ", ".join(f"{name} {count:,}" for name, count in pairs if count)
        caption += f" Groups at an end of a range: {told}."
    else:
        caption += " No group is at an end of a range."
    if len(found.searched) > shown:
        caption += f" The first {shown} of {len(found.searched)} parameters."
    return caption


def _maps(run: Calibrated, places: Places) -> Iterator[Picture | str]:
    """Yield a figure for each set of forcings that share parameters: a map for each parameter."""
    of, forcings = run.found.read("group_of").astype(np.int64), run.found.forcings
    apart = len(forcings) > 1 and run.section["forcings"] == "apart"
    every = range(len(forcings)) if apart else range(1)
    shown = evenly(every, MOST_FORCINGS)
    for f in shown:
        yield _map(run, places, of[f], f" under {forcings[f]}" * apart)
    if len(every) > len(shown):
        yield f"Maps of parameters under {len(shown)} of {len(every)} forcings, evenly chosen."


def _map(run: Calibrated, places: Places, of: I8, where: str) -> Picture:
    found, n = run.found, min(len(run.found.searched), MOST_PARAMETERS)
    across = min(n, 3)
    drawn, grid = empty_maps(-(-n // across), across, places, run.synthetic)
    every = np.where((of >= 0)[:, None], found.of_best("parameters")[of], np.nan)
    sides = np.where(of >= 0, found.read("at_bound")[of].T, 0).T
    for j, axes in enumerate(grid.flat):
        if j >= n:
            # Its coastline, too.
            axes.set_visible(False)
            continue
        values = every[:, j]
        in_log = run.in_logarithm(j)
        shown = np.log10(values) if in_log else values
        low, high = _span(shown)
        dots = draw_cells(axes, places, shown, "viridis", low, high)
        at = (sides[:, j] != 0) & np.isfinite(values)
        axes.scatter(places.lon[at], places.lat[at], s=14, facecolors="none", edgecolors=RED,
                     linewidths=0.7, zorder=3)  # fmt: skip
        axes.set_title(labelled(found.parameters[j], found.units[j]))
        bar = drawn.colorbar(dots, ax=axes, shrink=0.8, aspect=25, pad=0.02)
        if in_log:
            bar.formatter = FuncFormatter(lambda value, _: power(float(f"{10**value:.2g}")))
            bar.update_ticks()
        bar.outline.set_visible(False)
    known = int(np.isfinite(every).all(axis=1).sum())
    caption = (
        f"Best parameters of {known:,} of {len(of):,} locations{where}; colours span the values "
        "that were found."
    )
    if sides[:, :n].any():
        caption += " Rings: at an end of the range that is searched."
    if len(found.searched) > n:
        caption += f" The first {n} of {len(found.searched)} parameters."
    return finish(drawn, caption)


def _span(values: F8) -> tuple[float, float]:
    """Return the ends of the colours, apart from each other."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return (low, high) if low < high else (low, low + (abs(low) or 1.0))
