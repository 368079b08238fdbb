"""The responses: unconstrained against constrained, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREY,
    PALE,
    RED,
    SKY,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
    short,
    wrapped,
)
from ensemble.report.figures.parts.whiskers import reach
from ensemble.report.run import MOST_RESPONSES, Run
from ensemble.tables.responses import MAX_ROWS, is_by_location
from ensemble.tables.results import Summary, known_mean, known_std
from kernels import F8

SECTION, ORDER = "results", 20


ACROSS = 3
"""Panels side by side."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield the responses by location where there are several, then at some of them."""
    if not run.has_results:
        return
    some = run.summaries[:MOST_RESPONSES]
    if len(run.results.locations) > 1:
        yield _by_location(run, some)
    for place in [] if is_by_location(run.results) else run.places():
        if np.isfinite([s.mean[:, place] for s in some]).any():
            yield _at_location(run, some, place)


def _by_location(run: Run, some: Sequence[Summary]) -> Picture:
    places, several = run.places(MAX_ROWS), len(run.results.forcings) > 1
    rows = [run.results.locations[k] for k in places]
    caption = (
        "Responses by location: unconstrained (control, the kernel's defaults) against the "
        f"ensemble{', means over forcings' * several}; bars are the {'mean ' * several}standard "
        "deviation over samples."
    )
    caption += f" {run.left_out(MAX_ROWS)}{_some(run)}"
    shown = [over_forcings(s, places) for s in some]
    return finish(responses(shown, rows, run.synthetic, mean=False), caption.strip())


def _some(run: Run) -> str:
    """Return how many responses are drawn, where that is not all."""
    count = len(run.summaries)
    return f" The first {MOST_RESPONSES} of {count} responses." if count > MOST_RESPONSES else ""


def _at_location(run: Run, some: Sequence[Summary], place: int) -> Picture:
    results, alone = run.results, len(run.results.locations) == 1
    shown = panels(some, place, results.published if alone else None)
    where = "" if alone else f" at {results.locations[place]}"
    caption = (
        f"Responses{where}, unconstrained (control, the kernel's defaults) against the "
        "ensemble, by forcing. Bars: standard deviation over samples; in the row of the "
        "mean, thin: the mean of these, thick: standard deviation between forcings."
    )
    label = ""
    if results.published and any(v is not None for p in shown for v in p.published):
        label = results.published["label"]
        caption += f" Diamonds: published numbers of {label}."
    if (count := len(results.forcings)) > MAX_ROWS:
        caption += f" The first {MAX_ROWS} of {count:,} forcings; means are of all."
    drawn = responses(shown, results.forcings[:MAX_ROWS], run.synthetic, label=label)
    return finish(drawn, f"{caption}{_some(run)}")


@dataclass(frozen=True)
class Panel:
    """A response in rows: forcings or locations; NaN where unknown.

    Attributes
    ----------
    control, mean, std : ndarray, shape (n,)
    published : tuple of float or None
        Unconstrained and constrained.
    """

    name: str
    units: str
    meaning: str
    control: F8
    mean: F8
    std: F8
    published: tuple[float | None, float | None] = (None, None)
    never_negative: bool = False


def panels(
    summaries: Sequence[Summary], place: int, published: Mapping[str, Any] | None
) -> list[Panel]:
    """Return the responses at one location, a row per forcing."""
    published_of = published["responses"] if published else {}
    return [
        Panel(
            s.name,
            s.units,
            s.meaning,
            s.control[:, place],
            s.mean[:, place],
            s.std[:, place],
            tuple(
                (published_of.get(s.name) or {}).get(w) for w in ("unconstrained", "constrained")
            ),  # type: ignore[arg-type]
            s.never_negative,
        )
        for s in summaries
    ]


def over_forcings(summary: Summary, places: Sequence[int]) -> Panel:
    """Return a response at some locations, means over forcings."""
    means = np.array([[known_mean(values) for values in summary.at(k)] for k in places])
    sign = summary.never_negative
    labels = (summary.name, summary.units, summary.meaning)
    return Panel(*labels, means[:, 0], means[:, 1], means[:, 2], never_negative=sign)


def responses(
    shown: Sequence[Panel],
    rows: Sequence[str],
    synthetic: str,
    *,
    label: str = "",
    mean: bool = True,
) -> Figure:
    """Draw control against ensemble in rows, their mean, and the published numbers.

    Parameters
    ----------
    shown : sequence of Panel
        Their first rows are drawn; means are over all of them.
    rows : sequence of str
        Names of forcings, or of locations.
    synthetic : str
    label : str
        What the published numbers are numbers of; empty where there are none.
    mean : bool
        Whether a mean over rows makes sense: of forcings, not of locations.
    """
    across = min(ACROSS, len(shown))
    down = -(-len(shown) // across)
    last = ["mean"] * (mean and len(rows) > 1) + ["published"] * bool(label)
    with_mean = max(int(np.isfinite(panel.mean).sum()) for panel in shown)
    whole = len(shown[0].mean)
    names = {
        "mean": f"mean of {whole}" if with_mean == whole else f"mean of {with_mean} of {whole}",
        "published": wrapped(f"published: {label}", 26, 3),
    }
    inches = min(0.24, 11.0 / (len(rows) + 4))
    # The rows below the line take 0.42 inches each, however dense the others are.
    places = [len(rows) - 0.2 + (0.3 + 0.42 * k) / inches for k in range(len(last))]
    ticks: dict[float, str] = dict(enumerate(short(r, 32) for r in rows))
    ticks |= {place: names[word] for place, word in zip(places, last, strict=True)}
    bottom = max(ticks) + 0.24 / inches
    drawn = figure(down * max(1.5, (bottom + 0.7) * inches + 0.75) + 0.55, synthetic)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    beside = 0.068 * max(len(line) for tick in ticks.values() for line in tick.split("\n"))
    for axes, panel in zip(grid.flat, shown, strict=False):
        _rows(axes, panel, len(rows), dict(zip(last, places, strict=True)))
        axes.set_title(wrapped(panel.meaning, int((WIDTH - 0.4 - beside) / across * 11.5)))
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_yticks(list(ticks), list(ticks.values()))
        axes.set_ylim(bottom, -0.7)
    _legend(drawn, last, shown)
    return drawn


def _rows(axes: Axes, panel: Panel, rows: int, last: Mapping[str, float]) -> None:
    """Draw one response; ``last`` are the rows below the line and where they are."""
    y = np.arange(rows)
    control, mean = panel.control[:rows], panel.mean[:rows]
    axes.hlines(y, control, mean, color=PALE, linewidth=3, zorder=1, gid="ground")
    error = reach(mean, panel.std[:rows], never_negative=panel.never_negative)
    axes.errorbar(mean, y, xerr=error, fmt="o", color=BLUE, ms=4.5, elinewidth=1.2, zorder=3)
    axes.plot(control, y, "o", mfc="white", mec=DARK, mew=1.2, ms=4.5, zorder=4)
    if last:
        axes.axhline(rows - 0.2, color=GREY, linewidth=0.8)
    if "mean" in last:
        _mean_row(axes, panel, last["mean"], 0.42 * (last["mean"] - rows + 0.2))
    if "published" in last:
        _published_row(axes, panel, last["published"])
    axes.set_xlabel(labelled(panel.name, panel.units))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.06)


def _mean_row(axes: Axes, panel: Panel, place: float, offset: float) -> None:
    """Draw the means over rows, ``offset`` above and below their place.

    Thick the standard deviation between rows, thin the mean of those within.
    """
    for values, y, thick, colour in (
        (panel.control, place - offset, GREY, DARK),
        (panel.mean, place + offset, SKY, BLUE),
    ):
        centre, between = known_mean(values), known_std(values)
        low = _low(centre, between, panel)
        word = "control" if values is panel.control else "ensemble mean"
        axes.hlines(
            y, low, centre + between, color=thick, linewidth=6, alpha=0.6,
            label=f"SD of the {word} between forcings",
        )  # fmt: skip
        if values is panel.mean and np.isfinite(panel.std).any():
            within = known_mean(panel.std)
            low = _low(centre, within, panel)
            axes.hlines(
                y, low, centre + within, color=colour, linewidth=1.3, label="mean SD over samples"
            )
        face, label = "white" if values is panel.control else colour, f"mean of the {word}"
        axes.plot(centre, y, "o", mfc=face, mec=colour, mew=1.3, ms=6.5, zorder=4, label=label)


def _low(centre: float, spread: float, panel: Panel) -> float:
    """Return where a bar begins: not below zero of what cannot be negative."""
    low = centre - spread
    return max(low, 0.0) if panel.never_negative and centre >= 0 else low


def _published_row(axes: Axes, panel: Panel, place: float) -> None:
    unconstrained, constrained = panel.published
    if constrained is not None:
        label = "published, constrained"
        axes.plot(constrained, place, "D", color=RED, ms=7, zorder=4, label=label)
    if unconstrained is not None:
        label = "published, unconstrained"
        axes.plot(
            unconstrained, place, "D", mfc="white", mec=RED, mew=1.4, ms=7, zorder=5, label=label
        )


def _legend(drawn: Figure, last: Sequence[str], shown: Sequence[Panel]) -> None:
    spread = any(np.isfinite(p.std).any() for p in shown)
    words = "ensemble mean" + " \N{PLUS-MINUS SIGN} 1 SD" * spread
    handles = [
        _marker("o", DARK, "white", "unconstrained (control)"),
        _marker("o", BLUE, BLUE, words),
    ]
    if spread:
        handles[1].set_linestyle("-")
    if "mean" in last:
        handles.append(Line2D([], [], color=SKY, lw=6, alpha=0.6, label="SD between forcings"))
    if "published" in last:
        handles.append(_marker("D", RED, "white", "published, unconstrained"))
        handles.append(_marker("D", RED, RED, "published, constrained"))
    drawn.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _marker(shape: str, edge: str, face: str, label: str) -> Line2D:
    return Line2D(
        [], [], marker=shape, color=edge, mec=edge, mfc=face, mew=1.2, ms=5, ls="", label=label
    )
