"""A search over subsets of predictors: errors against their number, out of bag and elsewhere."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ensemble.report.figures.parts.style import (
    BLUE,
    GREY,
    RED,
    Picture,
    aside,
    figure,
    finish,
    upright,
)
from ensemble.report.run import Run
from ensemble.tables.subsets import Search, searches, worth
from kernels import F8

SECTION, ORDER = "results", 7.6

HEIGHT = 3.6


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure for each forcing: a panel for errors out of bag, and one for each folds."""
    for forcing, search in searches(run.results).items():
        under = forcing if len(run.results.forcings) > 1 else ""
        yield _figure(search, under, run.synthetic)


def _figure(search: Search, forcing: str, synthetic: str) -> Picture:
    errors = {"out of bag": search.mean}
    errors |= {f"{kind} folds": values.mean(axis=1) for kind, values in search.held.items()}
    drawn = figure(HEIGHT, synthetic)
    grid = drawn.subplots(1, len(errors), squeeze=False, sharey=True)
    for ax, (words, error) in zip(grid.flat, errors.items(), strict=True):
        _panel(ax, search, error)
        ax.set_title(words)
        ax.set_xlabel("number of predictors")
    grid[0, 0].set_ylabel(upright("RMSE", search.units, HEIGHT))
    handles, labels = grid[0, 0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    return finish(drawn, _caption(search, forcing))


def _panel(ax: Axes, search: Search, error: F8) -> None:
    """Draw each subset; those near the best out of bag have the same colour in every panel."""
    x = search.sizes + aside(error.size, 0.5)
    near = f"within one standard deviation of the best out of bag ({int(search.near.sum()):,})"
    ax.scatter(x[~search.near], error[~search.near], s=8, c=GREY, alpha=0.5, lw=0, label="subset")
    ax.scatter(x[search.near], error[search.near], s=11, c=BLUE, alpha=0.8, lw=0, label=near)
    sizes = np.unique(search.sizes[np.isfinite(error)])
    least = [np.nanmin(error[search.sizes == size]) for size in sizes]
    ax.plot(sizes, least, color=RED, lw=1.2, marker="D", ms=4, label="least of a size")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(True)


def _caption(search: Search, forcing: str) -> str:
    under = f" under {forcing}" if forcing else ""
    said = ". ".join(line[0].upper() + line[1:] for line in worth(search))
    return (
        f"Root mean square error of every subset of predictors by their number{under}, means over "
        f"fits; the same subsets are blue in all panels. {said}."
    )
