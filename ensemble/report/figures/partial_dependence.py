"""Partial dependence: the mean over records where all have one value of a predictor, and its band.

For runs of kernels that have, of each member, the outputs `DEPENDENCE` and `AT`.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from ensemble.report.figures.parts.style import (
    BLUE,
    Picture,
    figure,
    finish,
    pretty,
    upright,
)
from ensemble.report.run import Run
from ensemble.tables.learned import PREDICTOR, has_importances, importances, keeps
from ensemble.tables.responses import names_along
from kernels import F8

SECTION, ORDER = "results", 7.4

DEPENDENCE, AT = "dependence", "dependence_at"
NUMBER, QUANTILE = "number", "quantile"

MOST_PANELS = 6
MOST_FORCINGS = 4
BAND = (5.0, 95.0)
"""Per cent of members that are below the ends of a band."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure for each forcing: a panel for each of the most important numbers."""
    results = run.results
    kept = all(keeps(results, name, NUMBER, QUANTILE) for name in (DEPENDENCE, AT))
    if not results.complete or not kept:
        return
    values, at = results.whole(DEPENDENCE)[:, 0], results.whole(AT)[:, 0]
    labels = names_along(results.store, NUMBER, values.shape[1])
    for f, forcing in enumerate(results.forcings[:MOST_FORCINGS]):
        if np.isfinite(values[f]).any():
            order = _order(run, labels, values[f], f)
            under = forcing if len(results.forcings) > 1 else ""
            yield _figure(run, [(labels[k], at[f, k], values[f, k]) for k in order], under)


def _order(run: Run, labels: Sequence[str], values: F8, forcing: int) -> list[int]:
    """Return the numbers to draw: the most important, or those that the mean moves most with."""
    mean = np.nanmean(values, axis=-1)
    rank = {label: float(reach) for label, reach in zip(labels, np.ptp(mean, axis=1), strict=True)}
    if has_importances(run.results):
        counts = np.nanmean(importances(run.results)[0][1][forcing], axis=-1)
        names = names_along(run.results.store, PREDICTOR, counts.size)
        known = dict(zip(names, counts.tolist(), strict=True))
        rank = {label: known.get(label.split(" [")[0], -np.inf) for label in labels}
    return sorted(range(len(labels)), key=lambda k: -rank[labels[k]])[:MOST_PANELS]


def _figure(run: Run, shown: Sequence[tuple[str, F8, F8]], forcing: str) -> Picture:
    """Draw panels of (label, values of the predictor (q, s), dependence (q, s))."""
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    drawn = figure(2.4 * down + 0.4, run.synthetic)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    units = str(run.store.specs[DEPENDENCE].attrs["units"])
    members = shown[0][2].shape[1]
    for k, ax in enumerate(grid.flat):
        if k >= len(shown):
            ax.set_axis_off()
            continue
        label, at, values = shown[k]
        # Members have the same places: they are of the records, not of a fit.
        x = np.nanmean(at, axis=1)
        if members > 1:
            low, high = np.nanpercentile(values, BAND, axis=1)
            ax.fill_between(x, low, high, color=BLUE, alpha=0.2, lw=0)
        ax.plot(x, np.nanmean(values, axis=1), color=BLUE)
        ax.set_xlabel(pretty(label))
        ax.grid(True)
        if k % across == 0:
            ax.set_ylabel(upright("mean of records", units, 2.2))
    return finish(drawn, _caption(run, members, len(shown), forcing))


def _caption(run: Run, members: int, count: int, forcing: str) -> str:
    meaning = run.store.specs[DEPENDENCE].attrs["long_name"]
    under = f" under {forcing}" if forcing else ""
    caption = f"Partial dependence{under}: {meaning}; from the 2.5 to the 97.5 % of the records."
    if members > 1:
        caption += f" Lines are means over {members:,} members, bands 5 to 95 % of them."
    total = run.store.specs[DEPENDENCE].shape[2]
    if count < total:
        caption += f" The {count} most important of {total}."
    return caption + (" Where predictors hang together, it is of combinations that no place has.")
