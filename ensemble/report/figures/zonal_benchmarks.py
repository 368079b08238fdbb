"""Bands of latitude beside what is observed: means of bands with their intervals.

Of benchmarks of bands, and of those of maps with several products, whose range is a grey band.
"""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from ensemble.report.data.evaluated import Evaluated, Model, counted
from ensemble.report.data.space_sums import gaps
from ensemble.report.figures import HELD
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
from ensemble.report.reported import Reported
from ensemble.scores.bands import DEGREES, EDGES, Means, band_of, means
from kernels import F8

OF, SECTION, ORDER = HELD, "fit", 25

MOST = len(SERIES)

MIDDLES: F8 = np.asarray(EDGES[:-1] + DEGREES / 2, dtype=np.float64)

LEAST_BANDS = 3
"""Bands that make a line."""

NARROW = " Intervals of 95 % take neighbouring cells to be independent, and are too narrow."


def draw(run: Reported) -> Iterator[Picture]:
    """Yield a figure for each benchmark of bands, and for each of maps with several products."""
    for one in run.against("zonal"):
        if one.has_values:
            yield _of_bands(one, run.synthetic)
    for one in run.against("map"):
        first = one.models[0]
        if one.has_values and first.products_here and first.places is not None:
            bands = band_of(first.places.lat[first.place[first.cells]])
            if len(np.unique(bands)) >= LEAST_BANDS:
                yield _of_products(one, run.synthetic)


def _of_bands(one: Evaluated, synthetic: str) -> Picture:
    drawn = figure(3.8, synthetic, width=8.0)
    ax = drawn.subplots()
    widest = max((model.arrays for model in one.models), key=lambda known: len(known["band"]))
    middle, observed = widest["band"] + DEGREES / 2, widest["observed"]
    half, several = widest["observed_half_width"], "observed_low" in widest
    below = widest["observed_low"] if several else observed - half
    above = widest["observed_high"] if several else observed + half
    at, (low, mean, high) = gaps(middle, [below, observed, above], DEGREES)
    words = "median of products, and their range" if several else "observed, with its interval"
    ax.fill_between(at, low, high, color=GREY, alpha=0.35, lw=0)
    ax.plot(at, mean, "_-", color=DARK, ms=7, lw=1.6, label=words)
    if one.products:
        _range(ax, one.products)
    for k, model in enumerate(one.models[:MOST]):
        _model(ax, one, k, *_own_bands(model))
    _frame(ax, one.units)
    drawn.legend(loc="outside lower center", ncols=2)
    n = counted([len(model.place) for model in one.models])
    caption = f"{one.name}: {one.spec.output}, means of bands of {DEGREES:g} degrees, {n} cells;"
    caption += f" weights: {one.about['weights']}. Points: {one.who}, bars their intervals; line"
    what = "the products' median and range" if several else "observed"
    caption += f" and grey band: {what}.{NARROW} Against {one.reference}."
    if one.products:
        names = ", ".join(product.label for product in one.products)
        caption += f" Hatched: from the smallest to the largest of the products {names}."
    return finish(drawn, caption + _more(one))


def _own_bands(model: Model) -> tuple[F8, Means]:
    """Return the middles of the bands of a benchmark of bands, and their means."""
    south = model.arrays["band"]
    return south + DEGREES / 2, means(model.values, model.weight, model.group, len(south))


def _range(ax: Axes, products: tuple[Model, ...]) -> None:
    """Draw from the smallest to the largest product, in bands that all have."""
    found = [dict(zip(m.tolist(), b.mean.tolist(), strict=True))
             for m, b in map(_own_bands, products)]  # fmt: skip
    shared = sorted(set.intersection(*({*one} for one in found)))
    values = np.array([[one[at] for at in shared] for one in found])
    at, (low, high) = gaps(np.array(shared), [values.min(axis=0), values.max(axis=0)], DEGREES)
    ax.fill_between(at, low, high, facecolor="none", edgecolor=GREY, hatch="////", lw=0.5,
                    label="products, least to largest")  # fmt: skip


def _of_products(one: Evaluated, synthetic: str) -> Picture:
    drawn = figure(3.8, synthetic, width=8.0)
    ax = drawn.subplots()
    first = one.models[0]
    products = np.stack([_bands(first, values).mean for values in first.products_here.values()])
    some = np.isfinite(products).all(axis=0)
    middle: F8 = MIDDLES[some]
    ends = [products[:, some].min(axis=0), products[:, some].max(axis=0)]
    ends.append(_bands(first, first.observed).mean[some])
    at, (low, high, reference) = gaps(middle, ends, DEGREES)
    ax.fill_between(at, low, high, color=GREY, alpha=0.35, lw=0, label="products, least to largest")
    ax.plot(at, reference, "_-", color=DARK, ms=7, lw=1.6, label="median of products")
    for k, model in enumerate(one.models[:MOST]):
        found = _bands(model, model.values)
        _model(ax, one, k, MIDDLES, found)
    _frame(ax, one.units)
    drawn.legend(loc="outside lower center", ncols=3)
    n = counted([len(model.cells) for model in one.models])
    caption = f"{one.name}: {one.spec.output}, means of bands of {DEGREES:g} degrees over the {n}"
    caption += f" cells that are compared; weights: {one.about['weights']}. Points: {one.who},"
    caption += " bars their intervals. Grey band: from the smallest to the largest of"
    caption += f" {', '.join(first.products_here)}, on the cells of {one.labels[0]}; line: their"
    caption += f" {one.about['reference']}.{NARROW}"
    return finish(drawn, caption + _more(one))


def _bands(model: Model, values: F8) -> Means:
    """Return the bands of values (p,) at the cells of a model; NaN of a band without a cell."""
    assert model.places is not None
    at = model.cells
    return means(values[at], model.weight[at], band_of(model.places.lat[model.place[at]]))


def _model(ax: Axes, one: Evaluated, k: int, middle: F8, found: Means) -> None:
    offset = 0.3 * (k - (min(len(one.models), MOST) - 1) / 2)
    label = short(one.labels[k], 40)
    ax.errorbar(middle + offset, found.mean, np.nan_to_num(found.half_width), fmt="o", ms=3.5,
                lw=0.9, color=SERIES[k], label=label)  # fmt: skip


def _frame(ax: Axes, units: str) -> None:
    ax.set_xlabel("latitude [\N{DEGREE SIGN}N]")
    ax.set_ylabel(upright("mean of the band", units, 3.4))
    ax.grid(True)


def _more(one: Evaluated) -> str:
    return f" The first {MOST} of {len(one.models)}." if len(one.models) > MOST else ""
