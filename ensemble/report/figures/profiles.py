"""Figures of profiles: model and observations by depth, and one against the other.

As figures 3 and 4 of Wang et al. (2021, 10.1029/2020JG006205).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.report.data.cells import evenly
from ensemble.report.data.profiles import Profile, all_profiles
from ensemble.report.figures.parts import one_to_one
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    RED,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    short,
    wrapped,
)
from ensemble.report.figures.parts.whiskers import reach
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
    for profile in shown:
        if _known(profile):
            yield _profile(profile, synthetic)
    if pairs := [profile for profile in shown if profile.compared.any()][:MOST_SCATTERS]:
        yield _scatters(pairs, synthetic)


def drawn_cells(profile: Profile) -> list[int]:
    """Return the cells that get a panel: evenly from those that were observed and ran."""
    return evenly(_known(profile), MOST_CELLS)


def _known(profile: Profile) -> list[int]:
    compared = np.isfinite(profile.observed).any(axis=1) & np.isfinite(profile.line).any(axis=1)
    return [int(k) for k in np.flatnonzero(compared)]


def _profile(profile: Profile, synthetic: str) -> Picture:
    picked = drawn_cells(profile)
    across = max(1, min(len(picked), 3 if len(picked) in (3, 5, 6, 9) else 4))
    down = max(1, -(-len(picked) // across))
    width = WIDTH if across > 2 else 3.3 * across + 0.8
    drawn = figure(0.8 + 2.75 * down, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    for axes, k in zip(grid.flat, picked, strict=False):
        _panel(axes, profile, k)
        axes.set_title(short(profile.cells[k], int(width / across * 11)))
    for k, axes in enumerate(grid.flat):
        if k >= len(picked):
            axes.set_axis_off()
        if k + across >= len(picked) and k < len(picked):
            axes.set_xlabel(labelled(profile.name, profile.units))
        if k % across == 0:
            axes.set_ylabel(DEPTH)
    axes = grid.flat[0]
    deepest = max(profile.bounds.max(), np.nanmax(profile.bottom[picked], initial=0.0))
    axes.set_ylim(
        float(deepest) * 1.02, min(0.0, float(np.nanmin(profile.top[picked], initial=0.0)))
    )
    handles = _handles(profile)
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width, 4))
    return finish(drawn, _caption(profile, len(picked), len(_known(profile))))


def _panel(axes: Axes, profile: Profile, k: int) -> None:
    middle = profile.middle
    low, high = limits(profile, k)
    if profile.band is not None:
        low_end = profile.band[0][k]
        if profile.never_negative:
            low_end = np.maximum(low_end, 0.0)
        axes.fill_betweenx(middle, low_end, profile.band[1][k], color=BLUE, alpha=0.22, lw=0)
    axes.plot(profile.line[k], middle, "-", color=BLUE, linewidth=1.6)
    seen = np.isfinite(profile.observed[k])
    at, top, bottom = profile.observed[k][seen], profile.top[k][seen], profile.bottom[k][seen]
    axes.vlines(at, top, bottom, color=RED, linewidth=1.5)
    error = None
    if profile.error is not None:
        error = reach(at, profile.error[k][seen], never_negative=profile.never_negative)
    axes.errorbar(at, (top + bottom) / 2, xerr=error, fmt="o", color=RED, ms=4.5, elinewidth=1.0)
    axes.set_xlim(low, high)
    axes.grid(True)


def limits(profile: Profile, k: int) -> tuple[float, float]:
    """Return the ends of the axis: a band far wider than line and points is cut off."""
    error = (
        np.zeros_like(profile.observed) if profile.error is None else np.nan_to_num(profile.error)
    )
    ends = [profile.line[k], profile.observed[k] - error[k], profile.observed[k] + error[k]]
    values = np.concatenate(ends)
    if profile.never_negative:
        values = np.maximum(values, 0.0)
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    span = (high - low) or abs(high) or 1.0
    if profile.band is not None:
        edge = [band[k][np.isfinite(band[k])] for band in profile.band]
        if edge[0].size and edge[1].size:
            low = max(min(low, float(edge[0].min())), low - span)
            high = min(max(high, float(edge[1].max())), high + span)
    return low - 0.05 * (high - low or span), high + 0.05 * (high - low or span)


def _cut(profile: Profile) -> bool:
    """Return whether a band leaves a panel."""
    if profile.band is None:
        return False
    ends = {k: limits(profile, k) for k in drawn_cells(profile)}
    return any(
        bool((profile.band[0][k] < low).any() or (profile.band[1][k] > high).any())
        for k, (low, high) in ends.items()
    )


def _handles(profile: Profile) -> list[Line2D | Patch]:
    words = "observed, bar: interval of depth"
    if profile.error is not None:
        words += " and standard error"
    handles: list[Line2D | Patch] = [Line2D([], [], color=BLUE, lw=1.6, label=profile.line_words)]
    if profile.band is not None:
        handles.append(Patch(color=BLUE, alpha=0.22, label=profile.band_words))
    handles.append(Line2D([], [], color=RED, marker="o", ms=4.5, lw=1.5, label=words))
    return handles


def _caption(profile: Profile, drawn: int, with_both: int) -> str:
    caption = f"{profile.meaning[0].upper()}{profile.meaning[1:]} by depth, model and observations"
    total = len(profile.cells)
    if drawn < with_both:
        caption += f", at {drawn} of the {with_both} {profile.kind} that have both, evenly chosen"
    elif with_both < total:
        caption += f", at the {with_both} of {total} {profile.kind} that have both"
    elif total > 1:
        caption += f", at all {total} {profile.kind}"
    caption += ". Line: " + profile.line_words
    caption += f"; band: {profile.band_words}." if profile.band is not None else "."
    if _cut(profile):
        caption += " Bands are cut off where they are far wider than line and points."
    return caption


def _scatters(shown: Sequence[Profile], synthetic: str) -> Picture:
    across = min(2, len(shown))
    down = -(-len(shown) // across)
    width = WIDTH if across > 1 else 5.8
    drawn = figure(0.7 + 4.9 * down, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False)
    for axes, profile in zip(grid.flat, shown, strict=False):
        _scatter(drawn, axes, profile)
        title = wrapped(f"{profile.name}: {profile.meaning}", int(width / across * 10))
        axes.set_title(f"{title}\n{in_words(profile)}")
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    one_to_one.legend(drawn)
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


def _scatter(drawn: Figure, axes: Axes, profile: Profile) -> None:
    here = profile.compared
    x, y = profile.observed[here], profile.modelled[here]
    middle = ((profile.top + profile.bottom) / 2)[here]
    dots = axes.scatter(
        x, y, c=middle, cmap="cividis_r", s=26, edgecolors=DARK, **one_to_one.POINTS
    )
    ends = one_to_one.around(np.concatenate([x, y]))
    one_to_one.equals(axes, ends)
    if (line := profile.regression) is not None:
        across = np.array([x.min(), x.max()])
        axes.plot(across, line.intercept + line.slope * across, color=RED)
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")
    axes.grid(True)
    axes.set_xlabel(labelled("observed", profile.units))
    axes.set_ylabel(labelled("modelled", profile.units))
    one_to_one.depths(drawn, dots, axes)


def in_words(profile: Profile) -> str:
    """Return the numbers above the points."""
    words = one_to_one.rmse_in_words(profile.rmse, profile.units)
    if (line := profile.regression) is None:
        return words
    words += f"{one_to_one.r2_in_words(line.r2)}, n {line.count}"
    return f"{words}\n{one_to_one.line_in_words(line.intercept, line.slope)}"
