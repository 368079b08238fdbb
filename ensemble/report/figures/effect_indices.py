"""Indices of the effects on each response: of Sobol, or of Morris."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ensemble.analysis import noise
from ensemble.report.figures.parts.style import (
    GREY,
    SERIES,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.report.figures.parts.whiskers import NEVER_NEGATIVE, reach
from ensemble.report.run import Run
from ensemble.tables.responses import of_response
from kernels import F8, I8

SECTION, ORDER = "sensitivity", 100


MOST_EFFECTS = 30

MEANING = {
    ("S1", "ST"): "First-order (S1) and total (ST) Sobol indices",
    ("S1", "SRC", "SRRC"): "First-order shares of variance (S1) and standardised regression "
    "coefficients of values (SRC) and ranks (SRRC), beside a dummy that does nothing,",
    (
        "mu_star",
        "sigma",
    ): "Mean absolute elementary effect (\N{GREEK SMALL LETTER MU}*) and standard deviation of "
    "elementary effects (\N{GREEK SMALL LETTER SIGMA})",
}


PRINTED = {"mu_star": "\N{GREEK SMALL LETTER MU}*", "sigma": "\N{GREEK SMALL LETTER SIGMA}"}


def draw(run: Run) -> Iterator[Picture | str]:
    """Yield a figure for each response and kind of indices, or say that it has none."""
    analysis = run.analysis.arrays
    for name in run.responses:
        arrays = of_response(analysis, name)
        for words, meaning in MEANING.items():
            if not set(words) <= set(arrays):
                continue
            shown = [index_of(word, arrays) for word in words]
            if any(index.mostly_noise for index in shown):
                yield _withheld(name, shown)
                shown = [index for index in shown if not index.mostly_noise]
            if not shown:
                continue
            if not np.isfinite(shown[0].values).any():
                yield f"{name}: no indices; too much was lost, or it does not vary."
                continue
            units = analysis[f"sensitivity/{name}_{words[0]}"][0].attrs["units"]
            effects = [str(effect) for effect in analysis["sensitivity/effect"][1]]
            drawn = indices(name, units, effects, shown, run.synthetic)
            yield finish(drawn, f"{meaning} of {name}{_caption(shown)}")


def _withheld(name: str, shown: Sequence["Index"]) -> str:
    """Return why nothing is drawn."""
    noisy = [index for index in shown if index.mostly_noise]
    words = " and ".join(index.printed for index in noisy)
    many = f" at {noisy[0].noise:,} of {noisy[0].of:,} cells" if noisy[0].of > 1 else ""
    return (
        f"{name}: {words} not drawn, as the ranking is noise{many}; the table says why, and what "
        "to do."
    )


def _caption(shown: Sequence["Index"]) -> str:
    """Return what markers and whiskers are, and how many cells are withheld."""
    several = len(shown[0].values) > 1
    caption = "; markers: mean over forcings and locations, dots: each" if several else ""
    if any(np.isfinite(index.half).any() for index in shown):
        caption += "; whiskers: bootstrap interval"
        caption += ", the mean half width, as all share the design's rows" * several
    else:
        caption += "; no interval is known"
    caption += "."
    for index in (index for index in shown if index.noise):
        caption += f" {index.printed}: {index.noise:,} of {index.of:,} cells are withheld as noise."
    return caption


@dataclass(frozen=True)
class Index:
    """An index per effect over cells (forcings and locations).

    Attributes
    ----------
    values : ndarray, shape (cell, effect)
    half : ndarray, shape (cell, effect)
        Half width of the bootstrap interval; NaN where none is known.
    noise, of : int
        Cells that are left out as their ranking is noise, and all that have the index.
    """

    name: str
    values: F8
    half: F8
    noise: int = 0
    of: int = 0

    @property
    def printed(self) -> str:
        """Return what it is called beside axes."""
        return PRINTED.get(self.name, self.name)

    @property
    def mostly_noise(self) -> bool:
        """Return whether what is left would be a selection of cells that look well."""
        return 2 * self.noise > self.of


def index_of(name: str, arrays: Mapping[str, NDArray[Any]]) -> Index:
    """Return an index over the cells that have one and whose ranking is no noise."""
    values = arrays[name].reshape(-1, arrays[name].shape[-1])
    half = arrays.get(f"{name}_conf", np.full_like(arrays[name], np.nan)).reshape(values.shape)
    with_index = np.isfinite(values).any(axis=1)
    held = noise.is_noise(noise.codes_of(arrays, name)).reshape(-1) & with_index
    keep = with_index & ~held
    return Index(name, values[keep], half[keep], int(held.sum()), int(with_index.sum()))


def indices(
    title: str,
    units: str,
    effects: Sequence[str],
    shown: Sequence[Index],
    synthetic: str,
) -> Figure:
    """Draw indices per effect: each cell, and their mean with its interval."""
    size = np.nan_to_num(np.abs(shown[0].values)).mean(axis=0)
    order = np.argsort(-size, kind="stable")[:MOST_EFFECTS]
    drawn = figure(1.3 + 0.42 * len(order), synthetic, width=7.5)
    axes = drawn.subplots()
    for k, index in enumerate(shown):
        _effects(axes, index, order, k, (k - (len(shown) - 1) / 2) * 0.26)
    if axes.dataLim.x0 >= 0:
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
        each = np.broadcast_to(y, values.shape)
        axes.plot(values.ravel(), each.ravel(), "o", color=colour, ms=2.5, alpha=0.35, mew=0)
    mean = values.mean(axis=0)
    half = index.half[:, order].mean(axis=0)
    error = reach(mean, half, never_negative=index.name in NEVER_NEGATIVE)
    axes.errorbar(mean, y, xerr=error, fmt="none", ecolor=colour, elinewidth=1.3, capsize=2)
    face = colour if k % 2 == 0 else "white"
    look: dict[str, Any] = {"mfc": face, "mec": colour, "mew": 1.3, "color": colour}
    axes.plot(mean, y, "os^D"[k % 4], ms=5.5, linestyle="", label=index.printed, **look)
