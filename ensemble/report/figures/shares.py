"""Figures of what responses are sensitive to: shares of variance, and indices of effects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ensemble.report.figures.style import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    PALE,
    RED,
    SERIES,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.tables.responses import Analysis
from ensemble.tables.shares import mean_shares

F8 = NDArray[np.float64]

HATCHES = ("////", "....", "\\\\\\\\", "xxxx", "++++", "oo", "--", "**")

LEAST_SHARE = 0.005
"""Interactions below it in every bar are added up."""

MOST_BARS = 20
MOST_TERMS = 11
MOST_EFFECTS = 30

MEANING = {
    "S1": "First-order (S1) and total (ST) Sobol indices",
    "mu_star": "Mean absolute elementary effect (mu_star) and its standard deviation (sigma)",
}


def shares(
    rows: Sequence[str], terms: Sequence[str], table: F8, synthetic: str, caption: str
) -> Picture:
    """Draw shares of variance as stacked bars.

    Parameters
    ----------
    rows : sequence of str
        Names of the bars.
    terms : sequence of str
    table : ndarray, shape (row, term)
        A row of NaN where there are no shares.
    """
    labels, parts = _largest(terms, table)
    drawn = figure(1.1 + 0.42 * len(rows) + 0.2 * -(-len(labels) // 4), synthetic)
    axes = drawn.subplots()
    mains, pairs = iter(SERIES), iter(HATCHES)
    left = np.zeros(len(rows))
    for label, part in zip(labels, np.nan_to_num(parts).T, strict=True):
        look = {"color": next(mains, GREY)}
        if label.startswith(OTHERS):
            look = {"color": PALE}
        elif " x " in label:
            look = {"color": PALE, "hatch": next(pairs, "")}
        _segments(axes, label, left, part, look)
        left = left + part
    for y in np.flatnonzero(np.isnan(parts).all(axis=1)).tolist():
        text = "no shares: too many members failed, or the response does not vary"
        axes.text(0.01, y, text, va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [short(r, 34) for r in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of variance")
    axes.tick_params(axis="y", length=0)
    drawn.legend(loc="outside lower center", ncols=min(4, len(labels)))
    return finish(drawn, caption)


def _segments(axes: Axes, label: str, left: F8, part: F8, look: Mapping[str, Any]) -> None:
    """Draw one term of all bars, with its share where there is room."""
    y = np.arange(len(part))
    axes.barh(
        y, part, left=left, height=0.66, edgecolor="white", lw=0.8, label=short(label, 60), **look
    )
    ink = "white" if look["color"] in (BLUE, GREEN, RED) else DARK
    for k in np.flatnonzero(part >= 0.045).tolist():
        middle = left[k] + part[k] / 2
        # Behind the number no hatching, which would cross it out.
        ground = {"facecolor": PALE, "edgecolor": "none", "pad": 1.2} if "hatch" in look else None
        text = f"{part[k]:.0%}"
        axes.text(middle, k, text, ha="center", va="center", fontsize=8, color=ink, bbox=ground)


def splits(found: Analysis, synthetic: str) -> Iterator[Picture]:
    """Yield bars of the shares of models, forcings and parameters, means over cells."""
    for dim in sorted({s.dims[-1] for p, (s, _) in found.items() if p.endswith("_share")}):
        mine = {p: pair for p, pair in found.items() if p.endswith("_share")}
        mine = {p: pair for p, pair in mine.items() if pair[0].dims[-1] == dim}
        rows, table = [], []
        for spec, values in mine.values():
            over = ", ".join(d for d in spec.dims[:-1] if d != "time" and not d.endswith("_year"))
            rows.append(f"{spec.attrs['target']}" + (f", mean over {over}s" if over else ""))
            table.append(mean_shares(values))
        terms = [str(term) for term in found[f"variance/{dim}"][1]]
        caption = (
            "Shares of the variance over all stored members, by analysis of variance. Each "
            "location, band and year is split on its own, and bars are means of these shares. "
            "A x B is what A and B do together beyond what each does alone."
        )
        some = slice(0, MOST_BARS)
        yield shares(rows[some], terms, np.array(table[some]), synthetic, caption)


OTHERS = "all other terms"


def _largest(terms: Sequence[str], table: F8) -> tuple[list[str], F8]:
    """Return the terms that can be seen, and the sum of the others as the last one."""
    size = np.nan_to_num(table).max(axis=0)
    main = np.array([" x " not in term for term in terms])
    seen = np.flatnonzero((size >= LEAST_SHARE) | main)
    if len(seen) > MOST_TERMS:
        seen = np.sort(seen[np.argsort(-size[seen], kind="stable")[:MOST_TERMS]])
    rest = np.setdiff1d(np.arange(len(terms)), seen)
    labels, parts = [terms[k] for k in seen.tolist()], table[:, seen]
    if rest.size:
        labels.append(f"{OTHERS} ({rest.size})")
        parts = np.column_stack([parts, table[:, rest].sum(axis=1)])
    return labels, parts


@dataclass(frozen=True)
class Index:
    """An index per effect over cells (forcings and locations).

    Attributes
    ----------
    values : ndarray, shape (cell, effect)
    half : ndarray, shape (cell, effect), or None
        Half width of the interval; None where there are several cells.
    """

    name: str
    values: F8
    half: F8 | None


def index(name: str, arrays: Mapping[str, NDArray[Any]]) -> Index:
    """Return an index over the cells that have one."""
    values = arrays[name].reshape(-1, arrays[name].shape[-1])
    known = np.isfinite(values).any(axis=1)
    half = arrays.get(f"{name}_conf")
    if half is None or known.sum() != 1:
        return Index(name, values[known], None)
    return Index(name, values[known], half.reshape(values.shape)[known])


def indices(
    title: str,
    units: str,
    effects: Sequence[str],
    shown: Sequence[Index],
    synthetic: str,
    caption: str,
) -> Picture:
    """Draw indices per effect: the mean of the cells and their range, or the interval of one."""
    size = np.nan_to_num(shown[0].values).mean(axis=0)
    order = np.argsort(-size, kind="stable")[:MOST_EFFECTS]
    drawn = figure(1.3 + 0.42 * len(order), synthetic, width=7.5)
    axes = drawn.subplots()
    for k, one in enumerate(shown):
        _effects(axes, one, order, k, (k - (len(shown) - 1) / 2) * 0.26)
    if all(np.nan_to_num(one.values).min(initial=0.0) >= 0 for one in shown):
        axes.set_xlim(left=0)
    else:
        axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(order)), [short(effects[k], 34) for k in order.tolist()])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_title(short(title, 80))
    axes.set_xlabel(labelled("index", units))
    drawn.legend(loc="outside lower center", ncols=len(shown))
    return finish(drawn, caption)


def _effects(axes: Axes, one: Index, order: NDArray[np.int64], k: int, offset: float) -> None:
    """Draw one index of all effects; every second index has open markers."""
    values, y, colour = one.values[:, order], np.arange(len(order)) + offset, SERIES[k]
    if len(values) > 1:
        low, high = values.min(axis=0), values.max(axis=0)
        axes.hlines(y, low, high, color=colour, linewidth=5, alpha=0.35)
    mean = values.mean(axis=0)
    if one.half is not None:
        half = one.half[0, order]
        axes.errorbar(mean, y, xerr=half, fmt="none", ecolor=colour, elinewidth=1.1)
    face = colour if k % 2 == 0 else "white"
    look: dict[str, Any] = {"mfc": face, "mec": colour, "mew": 1.3, "color": colour}
    axes.plot(mean, y, "os^D"[k % 4], ms=5.5, linestyle="", label=one.name, **look)
