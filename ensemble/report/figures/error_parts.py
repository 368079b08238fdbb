"""Parts of the mean square error as stacked bars: bias, spread and pattern.

Kobayashi and Salam (2000), 10.2134/agronj2000.922345x.
"""

from collections.abc import Iterator

import numpy as np

from ensemble.report.data.evaluated import Evaluated, Model, ceiling_cells, counted
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.style import (
    BLUE,
    GREEN,
    ORANGE,
    Picture,
    figure,
    finish,
    labelled,
    pretty,
    short,
)
from ensemble.report.reported import Reported
from ensemble.scores import skill
from kernels import F8

OF, SECTION, ORDER = HELD, "fit", 32

MOST = 24

PARTS = {"bias\N{SUPERSCRIPT TWO}": ORANGE, "spread": GREEN, "pattern": BLUE}


def draw(run: Reported) -> Iterator[Picture]:
    """Yield a figure for each benchmark of maps and of sites."""
    for one in (*run.against("map"), *run.against("sites")):
        if one.has_values:
            yield _drawn(one, run.synthetic)


def _drawn(one: Evaluated, synthetic: str) -> Picture:
    rows = {model.label: _parts(model, model.values) for model in one.models[:MOST]}
    rows |= {f"product {name}": _parts(*held) for name, held in one.ceiling.items()}
    table = np.array([parts for parts in rows.values()])
    drawn = figure(1.2 + 0.34 * len(rows), synthetic, width=8.0)
    axes = drawn.subplots()
    left = np.zeros(len(rows))
    for (name, colour), part in zip(PARTS.items(), np.nan_to_num(table).T, strict=True):
        axes.barh(range(len(rows)), part, left=left, height=0.66, color=colour, edgecolor="white",
                  label=name)  # fmt: skip
        left = left + part
    for y, total in enumerate(left.tolist()):
        text = f" RMSE {np.sqrt(total):.3g}" if np.isfinite(table[y]).all() else " not known"
        axes.text(total, y, text, va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [short(name, 34) for name in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1.15 * (float(left.max()) or 1.0))
    axes.set_xlabel(labelled("mean square error", f"({one.units})\N{SUPERSCRIPT TWO}"))
    axes.tick_params(axis="y", length=0)
    drawn.legend(loc="outside lower center", ncols=3)
    return finish(drawn, _caption(one))


def _parts(model: Model, values: F8) -> list[float]:
    """Return bias, spread and pattern of values of a model's pairs."""
    return [float(part[0, 0]) for part in skill.parts(model.against(values).sums)]


def _caption(one: Evaluated) -> str:
    of_maps = one.spec.compare == "map"
    n = counted([len(model.cells if of_maps else model.place) for model in one.models])
    pairs = f"{n} cells, weights: {one.about['weights']}" if of_maps else f"{n} records of weight 1"
    against = one.about["reference"] if of_maps else one.reference
    caption = f"{one.name}: parts of the mean square error of {one.spec.output}, {pairs}, against"
    caption += f" {against}. bias\N{SUPERSCRIPT TWO}: square of the mean difference; spread: square"
    caption += " of the difference of standard deviations; pattern: what is left, 2 s_m s_o (1"
    caption += f" \N{MINUS SIGN} R). Numbers: RMSE, {pretty(one.units)}."
    if one.ceiling:
        caption += f" Products, {ceiling_cells(one)}, stand below the models, as what agreement may"
        caption += " be had."
    left = len(one.models) - MOST
    return caption + (f" Without {left} others." if left > 0 else "")
