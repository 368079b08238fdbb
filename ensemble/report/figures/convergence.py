"""How searches converged: the best cost and the range of candidates against evaluations."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.calibration.stored import WORK
from ensemble.report.calibrated import Calibrated
from ensemble.report.figures.parts.scales import scaled
from ensemble.report.figures.parts.style import (
    BLUE,
    SERIES,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    short,
    upright,
)
from kernels import F8

OF, SECTION, ORDER = WORK, "convergence", 10

MOST_ALONE = 4
"""Groups that have panels of their own; of more there are a median and a band."""

MOST_RESTARTS = 7

POINTS = 200

LEAST = 1e-6
"""Ranges below are drawn as this: how far rounding leaves candidates apart says nothing."""

SMALL = f" Ranges below {LEAST:g} are drawn as that."

BAND = (10, 90)


def draw(run: Calibrated) -> Iterator[Picture | str]:
    """Yield one figure, or say that traces were not kept."""
    found = run.found
    if not found.has("trace_cost"):
        yield "Traces were not kept (keep: {trace: false}), so convergence is not drawn."
        return
    counted = found.read("trace_evaluations")
    ran = np.flatnonzero((counted >= 0).any(axis=(1, 2)))
    if not len(ran):
        return
    yield _apart(run, ran.tolist()) if len(ran) <= MOST_ALONE else _together(run)


def _trace(run: Calibrated, group: int, restart: int) -> tuple[F8, F8, F8]:
    """Return evaluations, best cost and range of a search, generation by generation."""
    found = run.found
    counted = found.read("trace_evaluations")[group, restart]
    here = counted >= 0
    cost, width = (found.read(name)[group, restart] for name in ("trace_cost", "trace_range"))
    return counted[here].astype(np.float64), cost[here], np.maximum(width[here], LEAST)


def _apart(run: Calibrated, groups: list[int]) -> Picture:
    """Draw two panels for each group, a line for each restart."""
    across = len(groups)
    width = WIDTH if across > 2 else 4.2 * across + 0.6
    drawn = figure(5.0, run.synthetic, width=width)
    grid = drawn.subplots(2, across, squeeze=False, sharex="col")
    restarts = min(run.found.read("cost").shape[1], MOST_RESTARTS)
    for column, group in enumerate(groups):
        for row in (0, 1):
            traces = [_trace(run, group, r) for r in range(restarts)]
            values = [trace[row + 1] for trace in traces]
            for r, (trace, line) in enumerate(zip(traces, values, strict=True)):
                _line(grid[row, column], trace[0], line, SERIES[r % len(SERIES)])
            scaled(grid[row, column].yaxis, np.concatenate(values))
            grid[row, column].grid(True)
        grid[0, column].set_title(short(run.found.groups[group], int(width / across * 11)))
        grid[1, column].set_xlabel("evaluations")
    _named(grid[0, 0], grid[1, 0], run.cost)
    if restarts > 1:
        handles = [
            Line2D([], [], color=SERIES[r % len(SERIES)], label=f"restart {r}")
            for r in range(restarts)
        ]
        drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width, 7))
    total = run.found.read("cost").shape[1]
    some = f", the first {restarts} of {total}" if total > restarts else ""
    caption = (
        f"Best {run.cost} so far (above) and geometric mean of the candidates' ranges (below) "
        f"against evaluations, by group; one line for each restart{some}.{SMALL}"
    )
    return finish(drawn, caption)


def _line(axes: Axes, counted: F8, values: F8, colour: str) -> None:
    few = len(counted) <= 12
    here = np.isfinite(values)
    axes.plot(counted[here], values[here], "o-" if few else "-", color=colour, ms=3.0, lw=1.3)


def _named(above: Axes, below: Axes, cost: str) -> None:
    above.set_ylabel(upright(f"best {cost}", "", 2.0))
    below.set_ylabel("range of candidates\n[share of the searched]")


def _together(run: Calibrated) -> Picture:
    """Draw the median and a band over all searches: costs over the lowest of each group."""
    found = run.found
    groups, restarts = found.read("cost").shape
    traces = [
        (_trace(run, g, r), float(np.nanmin(found.read("cost")[g])))
        for g in np.flatnonzero(found.best >= 0).tolist()
        for r in range(restarts)
    ]
    last = max((float(trace[0][-1]) for trace, _ in traces if len(trace[0])), default=1.0)
    ruler = np.linspace(0.0, last, POINTS)
    relative = all(lowest > 0 for _, lowest in traces)
    rows = [
        np.stack([
            _on(ruler, trace[0], trace[row] / (lowest if relative and row == 1 else 1.0))
            for trace, lowest in traces
        ])
        for row in (1, 2)
    ]  # fmt: skip
    drawn = figure(3.6, run.synthetic)
    panels = drawn.subplots(1, 2)
    for axes, values in zip(panels, rows, strict=True):
        known = np.isfinite(values).any(axis=0)
        at, here = ruler[known], values[:, known]
        low, middle, high = np.nanpercentile(here, (BAND[0], 50, BAND[1]), axis=0)
        axes.fill_between(at, low, high, color=BLUE, alpha=0.25, linewidth=0)
        axes.plot(at, middle, color=BLUE)
        scaled(axes.yaxis, np.concatenate([low, middle, high]))
        axes.set_xlabel("evaluations")
        axes.grid(True)
    panels[0].set_ylabel(upright(f"best {run.cost}{' / lowest of the group' * relative}", "", 3))
    panels[1].set_ylabel("range of candidates\n[share of the searched]")
    band = f"{BAND[0]} to {BAND[1]} % of the searches"
    handles = [
        Line2D([], [], color=BLUE, label="median"),
        Patch(color=BLUE, alpha=0.25, label=band),
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=2)
    over = ", over the lowest that any search of its group found" if relative else ""
    caption = (
        f"Best {run.cost} so far{over} (left), and geometric mean of the candidates' ranges "
        f"(right), against evaluations: median and {band}, {len(traces):,} of "
        f"{groups * restarts:,}; one that has ended stays where it was.{SMALL}"
    )
    return finish(drawn, caption)


def _on(ruler: F8, counted: F8, values: F8) -> F8:
    """Return what a search has after so many evaluations; NaN before its first generation."""
    known = np.isfinite(values)
    counted, values = counted[known], values[known]
    if not len(counted):
        return np.full(len(ruler), np.nan)
    place = np.searchsorted(counted, ruler, side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)
