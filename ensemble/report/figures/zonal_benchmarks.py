"""Bands of latitude beside what is observed: means and their intervals, of each zonal benchmark."""

from collections.abc import Iterator

import numpy as np

from ensemble.report.data.held_against import Held, held_against
from ensemble.report.data.space_sums import gaps
from ensemble.report.figures.parts.style import (
    DARK,
    GREY,
    SERIES,
    Picture,
    figure,
    finish,
    short,
    upright,
)
from ensemble.report.run import Run
from ensemble.scores.bands import DEGREES, means

SECTION, ORDER = "fit", 25

MOST = len(SERIES)


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure for each benchmark of bands."""
    for held in held_against(run.results, "zonal"):
        yield _figure(held, run.synthetic)


def _figure(held: Held, synthetic: str) -> Picture:
    south, observed = held.arrays["band"], held.arrays["observed"]
    half = held.arrays["observed_half_width"]
    middle = south + DEGREES / 2
    drawn = figure(3.8, synthetic, width=8.0)
    ax = drawn.subplots()
    at, (low, mean, high) = gaps(middle, [observed - half, observed, observed + half], DEGREES)
    ax.fill_between(at, low, high, color=GREY, alpha=0.35, lw=0)
    ax.plot(at, mean, "_-", color=DARK, ms=7, lw=1.6, label="observed, with its interval of 95 %")
    for k, label in enumerate(held.labels[:MOST]):
        found = means(held.modelled[k], held.weight, held.group, len(south))
        offset = 0.3 * (k - (min(len(held.labels), MOST) - 1) / 2)
        ax.errorbar(middle + offset, found.mean, np.nan_to_num(found.half_width), fmt="o", ms=3.5,
                    lw=0.9, color=SERIES[k], label=short(label, 40))  # fmt: skip
    ax.set_xlabel("latitude [\N{DEGREE SIGN}N]")
    ax.set_ylabel(upright("mean of the band", held.units, 3.4))
    ax.grid(True)
    drawn.legend(loc="outside lower center", ncols=2)
    caption = (
        f"{held.name}: means of bands of {DEGREES:g} degrees, {len(held.place)} cells of the run;"
    )
    caption += f" weights: {held.about['weights']}. Bars and band: intervals of 95 % that take"
    caption += " neighbouring cells to be independent, and are too narrow."
    if len(held.labels) > MOST:
        caption += f" The first {MOST} of {len(held.labels)}."
    return finish(drawn, caption)
