"""What the variance of sums over space is due to, year by year."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ensemble.report.figures.parts.bars import LEAST_SHARE, largest, looks
from ensemble.report.figures.parts.style import (
    GREY,
    Picture,
    figure,
    finish,
    short,
)
from ensemble.report.run import Run
from ensemble.tables.shares import named
from ensemble.tables.times import years_along
from kernels import F8

SECTION, ORDER = "sensitivity", 15

LEAST_YEARS = 3
"""Fewer are in the bars, which are means over years."""

MOST_PANELS = 6


@dataclass(frozen=True)
class Panel:
    """The shares of one quantity: a row per year, (T, term); NaN where there are none."""

    name: str
    years: NDArray[Any]
    shares: F8


def draw(run: Run) -> Iterator[Picture]:
    """Yield areas of shares over years: of each set of terms a figure, a panel per quantity."""
    mine = {p: pair for p, pair in run.split.items() if p.endswith("_share")}
    for dim in sorted({spec.dims[-1] for spec, _ in mine.values()}):
        shown = list(_panels(run, mine, dim))[:MOST_PANELS]
        if shown:
            terms = [named(str(term)) for term in run.split[f"variance/{dim}"][1]]
            yield _drawn(shown, terms, run.synthetic)


def _panels(run: Run, mine: Mapping[str, Any], dim: str) -> Iterator[Panel]:
    """Yield what has shares of every year, one number a year, and not all due to one term."""
    for spec, values in mine.values():
        if len(spec.dims) == 2 and spec.dims[-1] == dim:
            years = years_along(run.store, spec.dims[0])
            divided = np.nanmin(values.max(axis=1), initial=1.0) < 1 - LEAST_SHARE
            if years is not None and len(years) >= LEAST_YEARS and divided:
                yield Panel(str(spec.attrs["target"]), years, values)


def _drawn(shown: list[Panel], terms: list[str], synthetic: str) -> Picture:
    across = min(2, len(shown))
    down = -(-len(shown) // across)
    table = np.array([np.nanmax(panel.shares, axis=0, initial=0.0) for panel in shown])
    labels, kept = largest(terms, table)
    drawn = figure(1.0 + 2.3 * down + 0.2 * -(-len(labels) // 3), synthetic)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    for axes, panel in zip(grid.flat, shown, strict=False):
        _panel(axes, panel, labels, kept)
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("share of variance")
    handles, words = grid[0, 0].get_legend_handles_labels()
    drawn.legend(handles, words, loc="outside lower center", ncols=min(3, len(words)))
    names = ", ".join(panel.name for panel in shown)
    caption = (
        f"Shares of the variance over all stored members in each year, by analysis of variance: "
        f"{names}. Shares of a year add up to 1; of how much variance, this does not say."
    )
    return finish(drawn, caption)


def _panel(axes: Axes, panel: Panel, labels: list[str], kept: list[int]) -> None:
    """Stack the terms that can be seen, and what is left of 1 as the others."""
    rest = np.setdiff1d(np.arange(panel.shares.shape[1]), kept)
    low = np.zeros(len(panel.years))
    for k, (label, look) in enumerate(zip(labels, looks(labels), strict=True)):
        places = kept[k : k + 1] if k < len(kept) else rest
        part = panel.shares[:, places].sum(axis=1)
        if "hatch" in look:
            # Its lines have the colour of the edge.
            look = {"facecolor": look["color"], "edgecolor": GREY, "hatch": look["hatch"]}
        axes.fill_between(
            panel.years, low, low + part, lw=0.3, step="mid", label=short(label, 44), **look
        )
        low = low + part
    axes.set_title(short(panel.name, 50))
    axes.set_xlim(panel.years[0], panel.years[-1])
    axes.set_ylim(0, 1)
    axes.set_xlabel("year")
