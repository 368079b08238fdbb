"""Turnover times of groups beside the observed ones: ratios of totals."""

from collections.abc import Iterator

import numpy as np

from ensemble.report.data.evaluated import Evaluated, counted
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.scales import scaled
from ensemble.report.figures.parts.style import (
    DARK,
    SERIES,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.report.reported import Reported
from kernels import F8

OF, SECTION, ORDER = HELD, "fit", 34

MOST_ROWS, MOST = 45, len(SERIES)


def draw(run: Reported) -> Iterator[Picture]:
    """Yield a figure for each benchmark of turnover that has the times of models."""
    for one in run.against("turnover"):
        found = one.score("time")
        if found is not None and np.isfinite(found).any():
            yield _drawn(one, found, run.synthetic)


def _drawn(one: Evaluated, found: F8, synthetic: str) -> Picture:
    observed = _observed(one, "time")
    known = np.isfinite(found).any(axis=0) | np.isfinite(observed)
    rows = np.flatnonzero(known)[:MOST_ROWS]
    height = np.arange(len(rows), dtype=np.float64)
    drawn = figure(1.3 + 0.22 * len(rows), synthetic, width=8.0)
    axes = drawn.subplots()
    axes.plot(observed[rows], height, "|", color=DARK, ms=11, mew=2.2, label="observed")
    for k, label in enumerate(one.labels[:MOST]):
        axes.plot(found[k, rows], height, "o", color=SERIES[k], ms=5, label=short(label, 30))
    n = _observed(one, "n")[rows]
    names = [f"{short(one.groups[r], 28)} ({int(c):,})" if np.isfinite(c) else one.groups[r]
             for r, c in zip(rows.tolist(), n.tolist(), strict=True)]  # fmt: skip
    axes.set_yticks(height, names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(True, axis="x")
    if not scaled(axes.xaxis, np.concatenate([observed[rows], found[:MOST, rows].reshape(-1)])):
        axes.set_xlim(left=0)
    axes.set_xlabel(labelled("turnover time, stock over flux", "yr"))
    handles, _ = axes.get_legend_handles_labels()
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, 8.0))
    return finish(drawn, _caption(one, int(known.sum()) - len(rows)))


def _observed(one: Evaluated, name: str) -> F8:
    """Return what is observed of each group, (groups,); NaN of one that no model has."""
    found = np.full(len(one.groups), np.nan)
    for model in reversed(one.models):
        found[[one.groups.index(g) for g in model.prepared.groups]] = model.arrays[
            f"observed_{name}"
        ]
    return found


def _caption(one: Evaluated, left: int) -> str:
    stocks = " + ".join(getattr(one.spec, "stocks", ()))
    n = counted([model.prepared.compared for model in one.models])
    caption = f"{one.name}: turnover times of groups, the total of {stocks} over that of"
    caption += f" {one.spec.output}, never a mean of cells' ratios; weights:"
    caption += f" {one.about['weights']}."
    caption += f" Points: {one.who}, {n} cells; strokes: observed, another quantity than a model's"
    caption += " own, over its cells (numbers in brackets). In a state that is not steady the"
    caption += f" quotient is no mean age. Against {one.reference}."
    if len(one.models) > MOST:
        caption += f" The first {MOST} of {len(one.models)}."
    return caption + (f" Without {left} other groups; the store has all." if left > 0 else "")
