"""Observed against modelled: what was calibrated on, and beside it what was held back.

As figures 5 and 6 of Wang et al. (2021, 10.1029/2020JG006205).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from ensemble.calibration.stored import WORK
from ensemble.report.calibrated import Calibrated
from ensemble.report.data.compared import IN_WORDS, Compared
from ensemble.report.figures.parts import one_to_one
from ensemble.report.figures.parts.scales import in_decades
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    RED,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from kernels import F8

OF, SECTION, ORDER = WORK, "fit", 20

MOST_RESPONSES = 4

DECADES = 100.0
"""Greatest over least value, all above zero, from which both axes are logarithmic."""


def draw(run: Calibrated) -> Iterator[Picture | str]:
    """Yield one figure for each response that compares."""
    known = [one for one in run.compared if one.pairs(0).any()]
    for one in known[:MOST_RESPONSES]:
        yield _drawn(run, one)
    if len(known) > MOST_RESPONSES:
        yield f"Figures of {MOST_RESPONSES} of {len(known)} responses; the table has all."


def _drawn(run: Calibrated, one: Compared) -> Picture:
    parts = [p for p in range(len(IN_WORDS)) if one.pairs(p).any()]
    width = WIDTH if len(parts) > 1 else 5.6
    drawn = figure(5.5, run.synthetic, width=width)
    every = np.logical_or.reduce([one.pairs(p) for p in parts])
    beside = [one.values(p)[one.pairs(p)] for p in parts]
    values = np.concatenate([one.observed[every], *beside])
    in_powers = bool(values.min() > 0 and values.max() > DECADES * values.min())
    ends = _limits(values, in_powers)
    grid = drawn.subplots(1, len(parts), squeeze=False)
    for axes, part in zip(grid.flat, parts, strict=True):
        dots = _panel(axes, one, part, ends)
        numbers = in_words(one.metrics(part, len(run.found.searched)), one.units)
        axes.set_title(f"{_called(one, part)}\n{numbers}")
        if in_powers:
            in_decades(axes.xaxis)
            in_decades(axes.yaxis)
        # After the scale, which would take limits of its own.
        axes.set_xlim(*ends)
        axes.set_ylim(*ends)
        axes.set_aspect("equal")
    if one.top is not None:
        one_to_one.depths(drawn, dots, list(grid.flat))
    one_to_one.legend(drawn)
    return finish(drawn, _caption(run, one, len(parts)))


def _called(one: Compared, part: int) -> str:
    """Return what a part is, of a split or in turn."""
    return tuple(IN_WORDS.values())[part] + " in turn" * (part == 1 and one.predicted is not None)


def _limits(values: F8, in_powers: bool) -> tuple[float, float]:
    if not in_powers:
        return one_to_one.around(values)
    low, high = float(values.min()), float(values.max())
    pad = (high / low) ** 0.05
    return low / pad, high * pad


def _panel(axes: Axes, one: Compared, part: int, ends: tuple[float, float]) -> PathCollection:
    here = one.pairs(part)
    x, y = one.observed[here], one.values(part)[here]
    style: dict[str, Any] = {**one_to_one.POINTS, "s": 24, "edgecolors": DARK}
    if one.top is not None and one.bottom is not None:
        middle = (one.top + one.bottom) / 2
        known = middle[(one.part <= 1) & np.isfinite(middle)]
        span = float(known.min()), float(known.max())
        dots = axes.scatter(
            x, y, c=middle[here], cmap="cividis_r", vmin=span[0], vmax=span[1], **style
        )
    else:
        dots = axes.scatter(x, y, c=BLUE, **style)
    one_to_one.equals(axes, ends)
    found = one.metrics(part, 0)
    if np.isfinite(found["slope"]):
        across = np.linspace(x.min(), x.max(), 100)
        line = found["intercept"] + found["slope"] * across
        # A line through logarithmic axes bends, and ends where it is no number there.
        seen = line > 0 if ends[0] > 0 else np.isfinite(line)
        axes.plot(across[seen], line[seen], color=RED)
    axes.grid(True)
    axes.set_xlabel(labelled("observed", one.units))
    axes.set_ylabel(labelled("modelled", one.units))
    return dots


def in_words(found: dict[str, float], units: str) -> str:
    """Return the numbers above the points."""
    words = f"n {int(found['n'])}, {one_to_one.rmse_in_words(found['rmse'], units)}"
    if not np.isfinite(found["slope"]):
        return words
    line = one_to_one.line_in_words(found["intercept"], found["slope"])
    return f"{words}{one_to_one.r2_in_words(found['r2'])}\n{line}"


def _caption(run: Calibrated, one: Compared, parts: int) -> str:
    names = (_called(one, 0), _called(one, 1))
    beside = f"; left: {names[0]}, right: {names[1]}" if parts > 1 else ", all calibrated on"
    if one.predicted is not None:
        beside += ", each by parameters that it was held back from"
    groups = len(run.found.groups)
    of = f"the {groups:,} groups" if groups > 1 else "the group"
    caption = (
        f"{one.name}: {short(one.meaning, 60)}, observed against modelled at the best parameters "
        f"of {of}{beside}."
    )
    lost = int(((one.part <= 1) & ~(one.pairs(0) | one.pairs(1))).sum())
    if lost:
        caption += f" {lost:,} observations have nothing beside them: of groups without a result."
    return caption
