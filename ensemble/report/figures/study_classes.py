"""Studies that a model is over, under and well at, as stacked bars by model and region."""

from collections.abc import Iterator

import numpy as np

from ensemble.report.data.evaluated import LACKING, Evaluated, counted
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    INK,
    ORANGE,
    PALE,
    Picture,
    figure,
    finish,
    short,
)
from ensemble.report.reported import Reported
from ensemble.scores.signed_ranks import LEVEL
from kernels import F8

OF, SECTION, ORDER = HELD, "fit", 44

CLASSES = {"over": (ORANGE, INK), "well": (PALE, DARK), "under": (BLUE, "white")}
"""Colours of a class and of the number in it, in the order of bars."""

MOST_ROWS = 24

ROOM = 0.02
"""Share of the longest bar from which a part has its number in it."""


def draw(run: Reported) -> Iterator[Picture | str]:
    """Yield a figure for each benchmark of sites whose studies are tested."""
    for one in run.against("sites"):
        found = [counts for word in CLASSES if (counts := one.score(word)) is not None]
        if len(found) < len(CLASSES):
            continue
        if np.isfinite(found[0]).any():
            yield _drawn(run, one, np.stack(found))
        else:
            yield f"{one.name}: {LACKING}"


def _drawn(run: Reported, one: Evaluated, counts: F8) -> Picture:
    """Draw counts (class, models, groups)."""
    groups = one.groups
    rows = [(k, g) for g in range(len(groups)) for k in range(len(one.labels))]
    rows = [(k, g) for k, g in rows if counts[:, k, g].sum() > 0][:MOST_ROWS]
    drawn = figure(1.2 + 0.36 * len(rows), run.synthetic, width=8.0)
    axes = drawn.subplots()
    left = np.zeros(len(rows))
    for word, values in zip(CLASSES, counts, strict=True):
        ground, ink = CLASSES[word]
        widths = np.array([values[at] for at in rows])
        axes.barh(range(len(rows)), widths, left=left, color=ground, edgecolor="white", label=word)
        for y in np.flatnonzero(widths >= ROOM * np.nansum(counts, axis=0).max()).tolist():
            middle = left[y] + widths[y] / 2
            text = f"{int(widths[y])}"
            axes.text(middle, y, text, ha="center", va="center", fontsize=8, color=ink)
        left = left + widths
    names = [_called(one.labels[k], groups[g]) for k, g in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("studies")
    axes.tick_params(axis="y", length=0)
    drawn.legend(loc="outside lower center", ncols=3)
    return finish(drawn, _caption(one))


def _called(label: str, group: str) -> str:
    return short(label if group == "global" else f"{label}, {group}", 40)


def _caption(one: Evaluated) -> str:
    records = counted([len(model.place) for model in one.models])
    studies = counted([int(model.prepared.about["studies"]) for model in one.models])
    each = "the control member" if one.who == "control members" else "a model"
    return (
        f"{one.name}: studies of {one.spec.output} that {each} is over, well and under "
        f"at: two-sided Wilcoxon test of a study's pairs, p at most {LEVEL:g}, one by one, so that "
        "of twenty studies that are well one is expected to look over or under. "
        f"{records} records of {studies} studies, of equal "
        f"weight; reading: {one.about['reading']}; studies with too few pairs have no "
        f"class. Against {one.reference}."
    )
