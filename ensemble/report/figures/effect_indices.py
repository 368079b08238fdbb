"""Indices of the effects on each response: of Sobol, or of Morris."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ensemble.report.figures.parts.style import (
    GREY,
    SERIES,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.report.run import Run
from ensemble.tables.responses import of_response
from kernels import F8, I8

SECTION, ORDER = "sensitivity", 100


MOST_EFFECTS = 30

MEANING = {
    "S1": "First-order (S1) and total (ST) Sobol indices",
    "mu_star": "Mean absolute elementary effect (mu_star) and its standard deviation (sigma)",
}


def draw(run: Run) -> Iterator[Picture | str]:
    """Yield a figure for each response and kind of indices, or say that it has none."""
    analysis = run.analysis.arrays
    for name in run.responses:
        arrays = of_response(analysis, name)
        for words in (("S1", "ST"), ("mu_star", "sigma")):
            if not set(words) <= set(arrays):
                continue
            shown = [index_of(word, arrays) for word in words]
            if not np.isfinite(shown[0].values).any():
                yield f"{name}: no indices; too much was lost, or it does not vary."
                continue
            units = analysis[f"sensitivity/{name}_{words[0]}"][0].attrs["units"]
            effects = [str(effect) for effect in analysis["sensitivity/effect"][1]]
            caption = f"{MEANING[words[0]]} of {name}; " + (
                "bars: confidence interval by bootstrap."
                if len(shown[0].values) == 1
                else "markers: mean over forcings and locations, bands: their range."
            )
            yield finish(indices(name, units, effects, shown, run.synthetic), caption)


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


def index_of(name: str, arrays: Mapping[str, NDArray[Any]]) -> Index:
    """Return an index over the cells that have one."""
    values = arrays[name].reshape(-1, arrays[name].shape[-1])
    with_index = np.isfinite(values).any(axis=1)
    half = arrays.get(f"{name}_conf")
    if half is None or with_index.sum() != 1:
        return Index(name, values[with_index], None)
    return Index(name, values[with_index], half.reshape(values.shape)[with_index])


def indices(
    title: str,
    units: str,
    effects: Sequence[str],
    shown: Sequence[Index],
    synthetic: str,
) -> Figure:
    """Draw indices per effect: the mean of the cells and their range, or the interval of one."""
    size = np.nan_to_num(shown[0].values).mean(axis=0)
    order = np.argsort(-size, kind="stable")[:MOST_EFFECTS]
    drawn = figure(1.3 + 0.42 * len(order), synthetic, width=7.5)
    axes = drawn.subplots()
    for k, index in enumerate(shown):
        _effects(axes, index, order, k, (k - (len(shown) - 1) / 2) * 0.26)
    if all(np.nan_to_num(index.values).min(initial=0.0) >= 0 for index in shown):
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
    return drawn


def _effects(axes: Axes, index: Index, order: I8, k: int, offset: float) -> None:
    """Draw one index of all effects; every second index has open markers."""
    values, y, colour = index.values[:, order], np.arange(len(order)) + offset, SERIES[k]
    if len(values) > 1:
        low, high = values.min(axis=0), values.max(axis=0)
        axes.hlines(y, low, high, color=colour, linewidth=5, alpha=0.35)
    mean = values.mean(axis=0)
    if index.half is not None:
        half = index.half[0, order]
        axes.errorbar(mean, y, xerr=half, fmt="none", ecolor=colour, elinewidth=1.1)
    face = colour if k % 2 == 0 else "white"
    look: dict[str, Any] = {"mfc": face, "mec": colour, "mew": 1.3, "color": colour}
    axes.plot(mean, y, "os^D"[k % 4], ms=5.5, linestyle="", label=index.name, **look)
