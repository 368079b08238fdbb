"""Stacked bars of shares of variance."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    INK,
    PALE,
    PAPER,
    RED,
    SERIES,
    figure,
    short,
    wrapped,
)
from kernels import F8

HATCHES = ("////", "....", "\\\\\\\\", "xxxx", "++++", "oo", "--", "**")

LEAST_SHARE = 0.005
"""Interactions below it in every bar are added up."""

ROOM_FOR_INTERVALS = 0.15
"""Shares from which the number in a bar has its interval, if that is no rounding."""

MOST_TERMS = 11

OTHERS = "all other terms"


def shares(
    rows: Sequence[str], terms: Sequence[str], table: F8, synthetic: str, half: F8 | None = None
) -> Figure:
    """Draw shares of variance as stacked bars.

    Parameters
    ----------
    rows : sequence of str
        Names of the bars.
    terms : sequence of str
    table : ndarray, shape (row, term)
        A row of NaN where there are no shares.
    half : ndarray, shape (row, term), optional
        Half widths of their intervals; NaN where none is known.
    """
    labels, parts, widths = _largest(terms, table, half)
    drawn = figure(1.1 + 0.42 * len(rows) + 0.2 * -(-len(labels) // 4), synthetic)
    axes = drawn.subplots()
    left = np.zeros(len(rows))
    each = zip(labels, looks(labels), np.nan_to_num(parts).T, widths.T, strict=True)
    for label, look, part, width in each:
        _segments(axes, label, left, part, width, look)
        left = left + part
    for y in np.flatnonzero(np.isnan(parts).all(axis=1)).tolist():
        text = "no shares: too many members failed, or the response does not vary"
        axes.text(0.01, y, text, va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [wrapped(r, 30, 2) for r in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of variance")
    axes.tick_params(axis="y", length=0)
    drawn.legend(loc="outside lower center", ncols=min(4, len(labels)))
    return drawn


def _segments(
    axes: Axes, label: str, left: F8, part: F8, width: F8, look: Mapping[str, Any]
) -> None:
    """Draw one term of all bars, with its share where there is room."""
    y = np.arange(len(part))
    axes.barh(
        y, part, left=left, height=0.66, edgecolor="white", lw=0.8, label=short(label, 60), **look
    )
    ink = PAPER if look["color"] in (BLUE, GREEN, RED) else DARK if look["color"] == PALE else INK
    for k in np.flatnonzero(part >= 0.045).tolist():
        middle = left[k] + part[k] / 2
        # Behind the number no hatching, which would cross it out.
        ground = {"facecolor": PALE, "edgecolor": "none", "pad": 1.2} if "hatch" in look else None
        text = f"{part[k]:.0%}"
        if part[k] >= ROOM_FOR_INTERVALS and width[k] >= LEAST_SHARE:
            text = f"{part[k]:.0%} \N{PLUS-MINUS SIGN} {width[k]:.0%}"
        axes.text(middle, k, text, ha="center", va="center", fontsize=8, color=ink, bbox=ground)


def looks(labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the colour of each term, of interactions the hatch, too; that of the others is pale."""
    mains, pairs = iter(SERIES), iter(HATCHES)
    for label in labels:
        main = next(mains, GREY)
        if label.startswith(OTHERS):
            yield {"color": PALE}
        elif " x " in label:
            yield {"color": PALE, "hatch": next(pairs, "")}
        else:
            yield {"color": main}


def largest(terms: Sequence[str], table: F8) -> tuple[list[str], list[int]]:
    """Return the names of terms that can be seen, that of all others last, and where those are.

    Parameters
    ----------
    terms : sequence of str
    table : ndarray, shape (row, term)
        Shares; NaN is none.
    """
    size = np.nan_to_num(table).max(axis=0)
    main = np.array([" x " not in term for term in terms])
    seen = np.flatnonzero((size >= LEAST_SHARE) | main)
    if len(seen) > MOST_TERMS:
        seen = np.sort(seen[np.argsort(-size[seen], kind="stable")[:MOST_TERMS]])
    labels = [terms[k] for k in seen.tolist()]
    if more := len(terms) - len(seen):
        labels.append(f"{OTHERS} ({more})")
    return labels, seen.tolist()


def _largest(terms: Sequence[str], table: F8, half: F8 | None) -> tuple[list[str], F8, F8]:
    """Return the terms that can be seen, and the sum of the others as the last one."""
    half = np.full(table.shape, np.nan) if half is None else half
    labels, seen = largest(terms, table)
    rest = np.setdiff1d(np.arange(len(terms)), seen)
    parts, widths = table[:, seen], half[:, seen]
    if rest.size:
        parts = np.column_stack([parts, table[:, rest].sum(axis=1)])
        # Of a sum no interval is known.
        widths = np.column_stack([widths, np.full(len(parts), np.nan)])
    return labels, parts, widths
