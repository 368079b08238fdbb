"""Scores of several models side by side, in their units, the better ones darker."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from ensemble.report.data.evaluated import Evaluated, counted
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    INK,
    PAPER,
    WIDTH,
    Picture,
    figure,
    finish,
    pretty,
    short,
)
from ensemble.report.reported import Reported
from ensemble.tables.responses import NONE
from kernels import F8

OF, SECTION, ORDER = HELD, "results", 12

MOST_MODELS, MOST_ROWS = 10, 40

SHADES = LinearSegmentedColormap.from_list("rank", ["#F2F6FA", BLUE])

LIGHT = 0.55
"""Rank, 0 for the last and 1 for the first, from which letters are white."""


@dataclass(frozen=True)
class Row:
    """A score of all models.

    Attributes
    ----------
    name : str
    values : ndarray, shape (models,), float64
        NaN of a model that has none.
    rank : ndarray, shape (models,), float64
        As `ranks`; products have none.
    """

    name: str
    values: F8
    rank: F8


def draw(run: Reported) -> Iterator[Picture]:
    """Yield one table of all benchmarks, where several models are held against them."""
    labels = list(dict.fromkeys(label for one in run.benchmarks for label in one.labels))
    products = dict.fromkeys(p.label for one in run.benchmarks for p in one.products)
    if len(labels) > 1:
        for start in range(0, len(labels), MOST_MODELS):
            some = [*labels[start : start + MOST_MODELS], *products]
            rows = [row for one in run.benchmarks for row in _rows(one, some)]
            yield _drawn(run, some, rows[:MOST_ROWS], len(rows) - MOST_ROWS)


def _rows(one: Evaluated, labels: list[str]) -> Iterator[Row]:
    """Yield the scores of a benchmark; of products, which stand last, too.

    Products have no rank, nor has a model that lacks years which are compared.
    """
    whole = {m.label for m in one.models if "incomplete" not in m.prepared.about}
    ranked = np.array([label in whole for label in labels])
    for name in one.spec.asked():
        found, about = one.score(name), one.spec.SCORES[name]
        if found is None:
            continue
        known = dict(zip(one.labels, found[:, 0].tolist(), strict=True))
        known |= {product.label: float(product.scores[name][0]) for product in one.products}
        unit = about.units(one.units)
        words = f"{one.name}: {name}" + (f" [{pretty(unit)}]" if unit not in ("", "1") else "")
        values = np.array([known.get(label, np.nan) for label in labels])
        rank = ranks(np.where(ranked, values, np.nan), about.better)
        yield Row(words, values, rank)


def _drawn(run: Reported, labels: list[str], rows: list[Row], left: int) -> Picture:
    width = min(WIDTH, 4.0 + 1.25 * len(labels))
    drawn = figure(0.9 + 0.27 * len(rows), run.synthetic, width=width)
    axes = drawn.subplots()
    shades = np.stack([row.rank for row in rows])
    axes.imshow(shades, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(rows):
        for x, value in enumerate(row.values.tolist()):
            ink = PAPER if shades[y, x] > LIGHT else INK
            axes.text(x, y, _number(value), ha="center", va="center", fontsize=8, color=ink)
    _frame(axes, labels, rows)
    models = {label for one in run.benchmarks for label in one.labels}
    return finish(drawn, _caption(run, len(models & {*labels}), left))


def _frame(axes: Axes, labels: list[str], rows: list[Row]) -> None:
    axes.set_xticks(range(len(labels)), [short(label, 17) for label in labels])
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(rows)), [short(row.name, 48) for row in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    of = [row.name.partition(":")[0] for row in rows]
    for y in range(1, len(rows)):
        if of[y] != of[y - 1]:
            axes.axhline(y - 0.5, color=DARK, lw=0.8)


def ranks(values: F8, better: str) -> F8:
    """Return the place of each value among those that are known: 1 of the best, 0 of the last.

    Equal values have one place. NaN of what is not known, and where none is better than another.
    """
    worse = {
        "smaller": values,
        "larger": -values,
        "nearest 0": np.abs(values),
        "nearest 1": np.abs(values - 1.0),
    }.get(better)
    known = np.isfinite(values)
    if worse is None or len(np.unique(worse[known])) < 2:
        return np.full(values.shape, np.nan)
    ahead = (worse[:, None] > worse[None, :]).sum(axis=1).astype(np.float64)
    return np.where(known, 1.0 - ahead / (known.sum() - 1), np.nan)


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else NONE


def _caption(run: Reported, models: int, left: int) -> str:
    who = run.benchmarks[0].who
    said = []
    for one in run.benchmarks:
        n = counted([model.prepared.compared for model in one.models])
        weights = one.about.get("weights", "")
        weighed = f", weights: {weights}" if weights else ""
        said.append(f"{one.name}: n {n}{weighed}, against {one.reference}")
    caption = f"Scores of the whole of {models} {who}, in their units; the darker of a row, the"
    caption += " better its rank among them; without a colour where none is better."
    if any(one.products for one in run.benchmarks):
        caption += " Products stand beside them without a rank: what agreement may be had."
    caption += f" {'. '.join(said)}."
    return caption + (f" Without {left} other scores; the store has all." if left > 0 else "")
