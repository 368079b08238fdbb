"""Seasonal cycles of regions: observed and modelled means of days, beside the line to beat."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ensemble.report.data.evaluated import LACKING, Evaluated, Model, counted
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.style import (
    DARK,
    GREY,
    PALE,
    RED,
    SERIES,
    WIDTH,
    Picture,
    figure,
    finish,
    short,
    upright,
)
from ensemble.report.reported import Reported
from ensemble.scores.seasons import YEAR, means
from kernels import F8, I8

OF, SECTION, ORDER = HELD, "fit", 40

MOST_MODELS = 3

_HEMISPHERE = {
    "north": "northern hemisphere",
    "south": "southern hemisphere",
    "both": "whole Earth",
}

BIN = 10
"""Days whose records a point is the mean of."""


def draw(run: Reported) -> Iterator[Picture | str]:
    """Yield a figure for each benchmark of seasons."""
    for one in run.against("seasons"):
        shown = [model for model in one.models if model.tables][:MOST_MODELS]
        yield _drawn(run, one, shown) if shown else f"{one.name}: {LACKING}"


def _drawn(run: Reported, one: Evaluated, shown: list[Model]) -> Picture:
    regions = shown[0].prepared.groups[1:]
    across = min(3, len(regions))
    down = -(-len(regions) // across)
    drawn = figure(2.9 * down + 0.6, run.synthetic, width=WIDTH if across > 1 else 6.0)
    heights = [3.0, 1.0] * down
    grid = drawn.subplots(
        2 * down, across, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
    )
    for k, region in enumerate(regions):
        row, column = divmod(k, across)
        cycle, below = grid[2 * row, column], grid[2 * row + 1, column]
        _region(cycle, below, shown, region)
        if column == 0:
            cycle.set_ylabel(upright(one.spec.output, one.units, 2.0))
            below.set_ylabel("records")
        if row == down - 1:
            below.set_xlabel("day of the year")
    for axes in grid.flat[2 * across * (down - 1) :] if len(regions) % across else ():
        if not axes.has_data():
            axes.set_axis_off()
    _legend(drawn, grid[0, 0])
    return finish(drawn, _caption(one, shown))


def _region(cycle: Axes, below: Axes, shown: list[Model], region: str) -> None:
    first = shown[0]
    table = first.tables["seasons"].columns
    here = table["season_region"] == region
    days, n = table["season_day"][here], table["season_n"][here]
    cycle.set_title(f"{short(region)}: {n.sum():,} records on {len(days)} days")
    some, day = _records(first, region)
    _points(cycle, day, first.observed[some], DARK, "observed")
    for model, colour in zip(shown, SERIES, strict=False):
        own, days_of = _records(model, region)
        _points(cycle, days_of, model.values[own], colour, model.label)
    if "annual" in first.modelled:
        known = first.arrays
        annual = first.modelled["annual"][known["record_annual"]]
        line = _binned(day, (known["record_factor"] * annual)[some])
        label = f"Q10 of 2 on annual means of {short(first.label, 20)}, the line to beat"
        cycle.plot(*line[:2], color=RED, ls=(0, (4, 2)), lw=1.4, label=label)
    drawn = np.concatenate([line.get_ydata() for line in cycle.get_lines()])
    top = float(np.nanmax(drawn, initial=0.0))
    cycle.set_ylim(min(0.0, float(np.nanmin(drawn))) - 0.05 * top, 1.15 * top)
    cycle.grid(True)
    below.bar(days, n, width=1.0, color=np.where(n == 1, PALE, GREY))
    below.set_yscale("symlog", linthresh=1)
    below.set_yticks([1, 10, 100], ["1", "10", "100"])
    below.set_xlim(0, YEAR + BIN)


def _records(model: Model, region: str) -> tuple[NDArray[np.bool_], I8]:
    """Return which pairs of a model are of a region, and the days of these."""
    names = np.array(model.prepared.groups[1:])
    here = (names[model.arrays["cell_region"]] == region)[model.group]
    return here, model.arrays["cell_day"][model.group][here]


def _points(axes: Axes, day: I8, values: F8, colour: str, label: str) -> None:
    """Draw means of some days with intervals; hollow where they are of single records."""
    x, y, half, many = _binned(day, values)
    look: dict[str, Any] = {"fmt": "o", "ms": 3.2, "color": colour, "elinewidth": 0.9}
    axes.errorbar(x, y, half, label=short(label, 30), **look)
    axes.plot(x[~many], y[~many], "o", ms=3.2, color=colour, mfc="white")


def _binned(day: I8, values: F8) -> tuple[F8, F8, F8, NDArray[np.bool_]]:
    """Return day, mean and half width of records, and whether there are several, by bin."""
    bins, which = np.unique((day - 1) // BIN, return_inverse=True)
    found = means(values[:, None], which, len(bins))
    middle = np.asarray(bins * BIN + (BIN + 1) / 2, dtype=np.float64)
    return middle, found.mean[:, 0], found.half_width[:, 0], found.n > 1


def _legend(drawn: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    # What is measured stands first, the line behind.
    order = sorted(range(len(labels)), key=lambda k: (labels[k] != "observed", k))
    drawn.legend(
        [handles[k] for k in order],
        [labels[k] for k in order],
        loc="outside lower center",
        ncols=min(4, len(labels)),
    )


def _caption(one: Evaluated, shown: list[Model]) -> str:
    left = len(one.models) - len(shown)
    n = counted([len(model.place) for model in shown])
    caption = (
        f"{one.name}: {one.spec.output} by day of the year, {one.who} against records of the "
        f"{_HEMISPHERE[one.about['hemisphere']]}, {n} of equal "
        f"weight. Points are means of {BIN} days with 95 % intervals over records, cut where "
        "they are longer than the panel, hollow where there is one record; below, records of each "
        "day, pale where single. "
        f"Against {one.reference}."
    )
    if "annual" in shown[0].modelled:
        caption += " What does not come nearer than the dashed line is no evidence for a model."
    return caption + (f" Without {left} others." if left else "")
