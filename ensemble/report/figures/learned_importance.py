"""Importance of predictors: impurity beside what dealing them by chance costs, by folds."""

from collections.abc import Iterator, Sequence

import numpy as np

from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREEN,
    ORANGE,
    PALE,
    Picture,
    figure,
    finish,
    short,
)
from ensemble.report.run import Run
from ensemble.tables.learned import PREDICTOR, has_importances, importances
from ensemble.tables.responses import names_along
from ensemble.tables.subsets import searches
from kernels import F8

SECTION, ORDER = "results", 7.2

MOST_FORCINGS = 4
COLOURS = (BLUE, ORANGE, GREEN, DARK)
IMPURITY = PALE
"""Of records that the model has seen: paler than what says more."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure for each forcing of a finished run that kept importances."""
    if not has_importances(run.results) or searches(run.results):
        return
    kinds = importances(run.results)
    names = names_along(run.results.store, PREDICTOR, kinds[0][1].shape[1])
    for f, forcing in enumerate(run.results.forcings[:MOST_FORCINGS]):
        each = [(kind, values[f]) for kind, values in kinds]
        under = forcing if len(run.results.forcings) > 1 else ""
        if np.isfinite(each[0][1]).any():
            yield _figure(each, names, under, run.synthetic)


def _figure(
    kinds: Sequence[tuple[str, F8]], names: Sequence[str], forcing: str, synthetic: str
) -> Picture:
    """Draw a bar for each predictor and kind, of values (predictor, sample)."""
    order = np.argsort(-np.nanmean(kinds[0][1], axis=1), kind="stable")
    members = kinds[0][1].shape[1]
    drawn = figure(3.6, synthetic)
    axes = drawn.subplots()
    at, wide = np.arange(len(order)), 0.82 / len(kinds)
    for k, (kind, values) in enumerate(kinds):
        colour = IMPURITY if kind == "impurity" else COLOURS[k % len(COLOURS)]
        mean = 100.0 * np.nanmean(values[order], axis=1)
        x = at + (k - (len(kinds) - 1) / 2) * wide
        axes.bar(x, mean, wide, color=colour, edgecolor=DARK, lw=0.4, label=kind)
        if members > 1:
            spread = 100.0 * np.nanstd(values[order], axis=1, ddof=1)
            axes.errorbar(x, mean, yerr=spread, fmt="none", ecolor=DARK, elinewidth=0.8)
    axes.axhline(0.0, color=DARK, lw=0.8)
    axes.set_xticks(at, [short(names[k], 12) for k in order])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("importance [%]")
    axes.grid(axis="y")
    drawn.legend(loc="outside lower center", ncols=len(kinds))
    return finish(drawn, _caption(kinds, members, forcing))


def _caption(kinds: Sequence[tuple[str, F8]], members: int, forcing: str) -> str:
    under = f" under {forcing}" if forcing else ""
    caption = (
        f"Importance of predictors{under}. Impurity: part of the variance that splits by a "
        "predictor take away, of records that the forest has seen."
    )
    if len(kinds) > 1:
        caption += (
            " Folds: rise of the squared error, over the variance, where a predictor is dealt by "
            "chance among records that the forest has not seen; below 0 it does harm there."
        )
    if members > 1:
        caption += (
            f" Bars are means over {members:,} members, lines one standard deviation (ddof 1) to "
            "both sides."
        )
    return caption
