"""Figures of profiles: model and observations by depth, and one against the other.

As figures 3 and 4 of Wang et al. (2021, 10.1029/2020JG006205).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.report.data.cells import evenly
from ensemble.report.data.profiles import Profile, all_profiles
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREY,
    RED,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    pretty,
    short,
    wrapped,
)
from ensemble.report.run import Run

SECTION, ORDER = "profiles", 10


MOST_CELLS = 12
"""Panels of one figure."""

MOST_SCATTERS = 4

DEPTH = "depth [cm]"


def draw(run: Run) -> Iterator[Picture]:
    """Yield outputs on layers beside what was observed."""
    yield from profiles(list(all_profiles(run.results)), run.synthetic)


def profiles(shown: Sequence[Profile], synthetic: str) -> Iterator[Picture]:
    """Yield a figure of panels for each output, then one of all pairs."""
    for one in shown:
        if _known(one):
            yield _profile(one, synthetic)
    if pairs := [one for one in shown if one.compared.any()][:MOST_SCATTERS]:
        yield _scatters(pairs, synthetic)


def drawn_cells(one: Profile) -> list[int]:
    """Return the cells that get a panel: evenly from those that were observed and ran."""
    return evenly(_known(one), MOST_CELLS)


def _known(one: Profile) -> list[int]:
    known = np.isfinite(one.observed).any(axis=1) & np.isfinite(one.line).any(axis=1)
    return [int(k) for k in np.flatnonzero(known)]


def _profile(one: Profile, synthetic: str) -> Picture:
    picked = drawn_cells(one)
    across = max(1, min(len(picked), 3 if len(picked) in (3, 5, 6, 9) else 4))
    down = max(1, -(-len(picked) // across))
    width = WIDTH if across > 2 else 3.3 * across + 0.8
    drawn = figure(0.8 + 2.75 * down, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    for axes, k in zip(grid.flat, picked, strict=False):
        _panel(axes, one, k)
        axes.set_title(short(one.cells[k], int(width / across * 11)))
    for k, axes in enumerate(grid.flat):
        if k >= len(picked):
            axes.set_axis_off()
        if k + across >= len(picked) and k < len(picked):
            axes.set_xlabel(labelled(one.name, one.units))
        if k % across == 0:
            axes.set_ylabel(DEPTH)
    axes = grid.flat[0]
    deepest = max(one.bounds.max(), np.nanmax(one.bottom[picked], initial=0.0))
    axes.set_ylim(float(deepest) * 1.02, min(0.0, float(np.nanmin(one.top[picked], initial=0.0))))
    handles = _handles(one)
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width, 4))
    return finish(drawn, _caption(one, len(picked), len(_known(one))))


def _panel(axes: Axes, one: Profile, k: int) -> None:
    middle = one.middle
    low, high = limits(one, k)
    if one.band is not None:
        axes.fill_betweenx(middle, one.band[0][k], one.band[1][k], color=BLUE, alpha=0.22, lw=0)
    axes.plot(one.line[k], middle, "-", color=BLUE, linewidth=1.6)
    seen = np.isfinite(one.observed[k])
    at, top, bottom = one.observed[k][seen], one.top[k][seen], one.bottom[k][seen]
    axes.vlines(at, top, bottom, color=RED, linewidth=1.5)
    error = None if one.error is None else np.nan_to_num(one.error[k][seen])
    axes.errorbar(at, (top + bottom) / 2, xerr=error, fmt="o", color=RED, ms=4.5, elinewidth=1.0)
    axes.set_xlim(low, high)
    axes.grid(True)


def limits(one: Profile, k: int) -> tuple[float, float]:
    """Return the ends of the axis: a band far wider than line and points is cut off."""
    error = np.zeros_like(one.observed) if one.error is None else np.nan_to_num(one.error)
    ends = [one.line[k], one.observed[k] - error[k], one.observed[k] + error[k]]
    values = np.concatenate(ends)
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    span = (high - low) or abs(high) or 1.0
    if one.band is not None:
        edge = [band[k][np.isfinite(band[k])] for band in one.band]
        if edge[0].size and edge[1].size:
            low = max(min(low, float(edge[0].min())), low - span)
            high = min(max(high, float(edge[1].max())), high + span)
    return low - 0.05 * (high - low or span), high + 0.05 * (high - low or span)


def _cut(one: Profile) -> bool:
    """Return whether a band leaves a panel."""
    if one.band is None:
        return False
    ends = {k: limits(one, k) for k in drawn_cells(one)}
    return any(
        bool((one.band[0][k] < low).any() or (one.band[1][k] > high).any())
        for k, (low, high) in ends.items()
    )


def _handles(one: Profile) -> list[Line2D | Patch]:
    words = "observed, bar: interval of depth"
    if one.error is not None:
        words += " and standard error"
    handles: list[Line2D | Patch] = [Line2D([], [], color=BLUE, lw=1.6, label=one.line_words)]
    if one.band is not None:
        handles.append(Patch(color=BLUE, alpha=0.22, label=one.band_words))
    handles.append(Line2D([], [], color=RED, marker="o", ms=4.5, lw=1.5, label=words))
    return handles


def _caption(one: Profile, drawn: int, known: int) -> str:
    caption = f"{one.meaning[0].upper()}{one.meaning[1:]} by depth, model and observations"
    total = len(one.cells)
    if drawn < known:
        caption += f", at {drawn} of the {known} {one.kind} that have both, evenly chosen"
    elif known < total:
        caption += f", at the {known} of {total} {one.kind} that have both"
    elif total > 1:
        caption += f", at all {total} {one.kind}"
    caption += ". Line: " + one.line_words
    caption += f"; band: {one.band_words}." if one.band is not None else "."
    if _cut(one):
        caption += " Bands are cut off where they are far wider than line and points."
    return caption


# --- one against the other ---


def _scatters(shown: Sequence[Profile], synthetic: str) -> Picture:
    across = min(2, len(shown))
    down = -(-len(shown) // across)
    width = WIDTH if across > 1 else 5.8
    drawn = figure(0.7 + 4.4 * down, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False)
    for axes, one in zip(grid.flat, shown, strict=False):
        _scatter(axes, one)
        title = wrapped(f"{one.name}: {one.meaning}", int(width / across * 10), 1)
        axes.set_title(f"{title}\n{told(one)}")
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    handles = [
        Line2D([], [], color=GREY, ls=(0, (4, 2)), lw=1.2, label="1:1"),
        Line2D([], [], color=RED, lw=1.4, label="regression"),
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=2)
    caption = (
        f"Observed against modelled ({shown[0].line_words}), all {shown[0].kind} and observed "
        "intervals; the model is the mean of its layers over the interval, by thickness. RMSE: "
        f"over the layers of one of the {shown[0].kind} first, then over these."
    )
    lost = {o.name: int((np.isfinite(o.observed) & ~o.compared).sum()) for o in shown}
    for name, count in lost.items():
        if count:
            caption += (
                f" {name}: {count} observations are left out, more than half of whose interval "
                "is outside the layers, or of whose member nothing is known."
            )
    return finish(drawn, caption)


def _scatter(axes: Axes, one: Profile) -> None:
    here = one.compared
    x, y = one.observed[here], one.modelled[here]
    middle = ((one.top + one.bottom) / 2)[here]
    dots = axes.scatter(
        x, y, c=middle, cmap="cividis_r", s=26, alpha=0.85, edgecolors=DARK, linewidths=0.4,
        zorder=3,
    )  # fmt: skip
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    pad = 0.06 * ((high - low) or abs(high) or 1.0)
    ends = np.array([low - pad, high + pad])
    axes.plot(ends, ends, color=GREY, linestyle=(0, (4, 2)), linewidth=1.2)
    if (line := one.regression) is not None:
        across = np.array([x.min(), x.max()])
        axes.plot(across, line.intercept + line.slope * across, color=RED)
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")
    axes.grid(True)
    axes.set_xlabel(labelled("observed", one.units))
    axes.set_ylabel(labelled("modelled", one.units))
    bar = axes.figure.colorbar(dots, ax=axes, shrink=0.75, pad=0.02)
    bar.set_label("middle of the interval [cm]")
    bar.ax.invert_yaxis()
    bar.outline.set_visible(False)


def told(one: Profile) -> str:
    """Return the numbers above the points."""
    unit = "" if one.units in ("", "1") else f" {pretty(one.units)}"
    lines = [f"RMSE {one.rmse:.3g}{unit}"]
    if (line := one.regression) is not None:
        sign = "+" if line.slope >= 0 else "\N{MINUS SIGN}"
        start = f"{line.intercept:.3g}".replace("-", "\N{MINUS SIGN}")
        lines[0] += f", r\N{SUPERSCRIPT TWO} {line.r2:.2f}, n {line.count}"
        lines.append(f"modelled = {start} {sign} {abs(line.slope):.2f} observed")
    return "\n".join(lines)
