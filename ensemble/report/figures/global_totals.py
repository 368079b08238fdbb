"""Global totals as bars beside the observed one and its interval."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ensemble.report.data.evaluated import Evaluated, Model, counted
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREY,
    INK,
    PAPER,
    SKY,
    Picture,
    figure,
    finish,
    labelled,
    pretty,
    short,
)
from ensemble.report.reported import Reported
from kernels import F8

OF, SECTION, ORDER = HELD, "results", 14

MOST = 24


def draw(run: Reported) -> Iterator[Picture]:
    """Yield a figure for each benchmark of totals."""
    for one in run.against("total"):
        if one.has_values:
            yield _drawn(one, run.synthetic)


def _drawn(one: Evaluated, synthetic: str) -> Picture:
    shown = one.models[:MOST]
    shown += one.products
    totals = np.array([float(model.weight @ model.values) for model in shown])
    drawn = figure(1.2 + 0.34 * len(shown), synthetic, width=8.0)
    axes = drawn.subplots()
    observed, interval = float(one.about["observed"]), one.about["interval"]
    if interval is not None:
        ends = observed - float(interval), observed + float(interval)
        axes.axvspan(*ends, color=GREY, alpha=0.3, lw=0, label="its interval")
    axes.axvline(observed, color=DARK, lw=1.4, label=f"observed, {observed:.4g}")
    shades = [SKY if model.product else BLUE for model in shown]
    axes.barh(range(len(shown)), np.nan_to_num(totals), height=0.6, color=shades)
    look: Any = {"va": "center", "fontsize": 8}
    for y, total in enumerate(totals.tolist()):
        if np.isfinite(total):
            # At its foot, where no line of what is observed crosses the number.
            ink = INK if shades[y] == SKY else PAPER
            axes.text(0.0, y, f" {total:.4g}", color=ink, **look)
        else:
            axes.text(0.0, y, " not known: a location has no value", **look)
    axes.set_yticks(range(len(shown)), [_called(model) for model in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(*_ends(totals, observed + float(interval or 0.0)))
    axes.set_xlabel(labelled(f"total {one.spec.output}", one.units))
    axes.tick_params(axis="y", length=0)
    drawn.legend(loc="outside lower center", ncols=2)
    return finish(drawn, _caption(one))


def _called(model: Model) -> str:
    return short(f"product {model.label}" if model.product else model.label, 34)


def _ends(totals: F8, most: float) -> tuple[float, float]:
    """Return the ends of an axis that 0 is on."""
    known = totals[np.isfinite(totals)]
    low = min(0.0, float(known.min(initial=0.0)))
    return 1.05 * low, 1.05 * max(float(known.max(initial=0.0)), most, 0.0)


def _caption(one: Evaluated) -> str:
    n = counted([len(model.place) for model in (*one.models, *one.products)])
    years = one.about.get("years")
    when = f", mean of {years[0]} to {years[1]}" if years else ""
    told = f"{float(one.about['observed']):.6g}"
    if one.about["interval"] is not None:
        told += f" \N{PLUS-MINUS SIGN} {float(one.about['interval']):.3g}"
    reference = "" if one.spec.observed is None and one.spec.same_as is None else one.reference
    against = f", of {reference}" if reference else ", as the file of the evaluation says"
    caption = f"{one.name}: {one.spec.output} summed over {n} cells{when}, each with its area of"
    caption += f" land. Bars: {one.who}; line: {told} {pretty(one.units)}{against}"
    caption += "; grey: its interval." if one.about["interval"] is not None else "."
    caption += " Products are below the models, paler." if one.products else ""
    left = len(one.models) - MOST
    return caption + (f" Without {left} others." if left > 0 else "")
