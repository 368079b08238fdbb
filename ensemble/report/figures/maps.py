"""Maps: a panel per model and forcing, their differences, and what dominates the variance."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from ensemble.report.data.cells import evenly
from ensemble.report.data.fields import Dominant, Field, Places
from ensemble.report.figures.style import (
    GREY,
    PALE,
    SERIES,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    short,
    wrapped,
)

F8 = NDArray[np.float64]

MOST_MODELS, MOST_FORCINGS = 6, 4
"""Rows and columns of a figure of maps."""

MOST_FIELDS = 6
DOTS = 200
"""Per inch of what is drawn as pixels: cells are many, and a page is small."""

GROUND = "#DCDCDC"
"""Where nothing is known; no shade of a difference is like it."""

LEAST_AREA, MOST_AREA, ALL_AREA = 9.0, 80.0, 4000.0
"""Square points of a location that is drawn as one: the fewer there are, the larger."""

MARGIN = 2.0
"""Degrees around the locations."""


def maps(shown: Sequence[Field], places: Places, forcings: Sequence[str], synthetic: str
         ) -> Iterator[Picture]:  # fmt: skip
    """Yield the map of each field, and maps of differences between forcings and models."""
    for field in shown[:MOST_FIELDS]:
        yield _panels(field, places, forcings, synthetic)
        if len(forcings) > 1:
            yield _between_forcings(field, places, forcings, synthetic)
        if len(field.models) > 1:
            yield _between_models(field, places, forcings, synthetic)


def _panels(field: Field, places: Places, forcings: Sequence[str], synthetic: str) -> Picture:
    rows = evenly(range(len(field.models)), MOST_MODELS)
    across = evenly(range(len(forcings)), MOST_FORCINGS)
    grid = [[(field.values[m, f], _title(field.models[m], forcings[f])) for f in across]
            for m in rows]  # fmt: skip
    caption = f"{_upper(field.meaning)}: {field.words}"
    caption += ", by soil model and forcing." if len(field.models) > 1 else ", by forcing."
    if len(rows) < len(field.models) or len(across) < len(forcings):
        caption += " Some of them, evenly chosen; the store holds all."
    return _figure(grid, places, (field.name, field.units), synthetic, caption, False)


def _between_forcings(
    field: Field, places: Places, forcings: Sequence[str], synthetic: str
) -> Picture:
    rows = evenly(range(len(field.models)), MOST_MODELS)
    others = evenly(range(1, len(forcings)), MOST_FORCINGS)
    grid = [
        [
            (field.common[m, f] - field.common[m, 0], _title(field.models[m], forcings[f]))
            for f in others
        ]
        for m in rows
    ]
    name = short(forcings[0], 40)
    caption = f"{_upper(field.meaning)}: {field.words}, each forcing less {name}"
    caption += ", of the samples that ran under all." if field.paired else "."
    words = f"{field.name} \N{MINUS SIGN} that of {name}"
    return _figure(grid, places, (words, field.units), synthetic, caption, True)


def _between_models(
    field: Field, places: Places, forcings: Sequence[str], synthetic: str
) -> Picture:
    others = evenly(range(1, len(field.models)), MOST_MODELS)
    across = evenly(range(len(forcings)), MOST_FORCINGS)
    grid = [
        [
            (field.values[m, f] - field.values[0, f], _title(field.models[m], forcings[f]))
            for f in across
        ]
        for m in others
    ]
    name = short(field.models[0], 40)
    caption = f"{_upper(field.meaning)}: {field.words}, each model less {name}."
    words = f"{field.name} \N{MINUS SIGN} that of {name}"
    return _figure(grid, places, (words, field.units), synthetic, caption, True)


def _title(model: str, forcing: str) -> str:
    return ", ".join(short(part, 26) for part in (model, forcing) if part)


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _figure(
    grid: Sequence[Sequence[tuple[F8, str]]],
    places: Places,
    label: tuple[str, str],
    synthetic: str,
    caption: str,
    signed: bool,
) -> Picture:
    """Draw rows of maps with one scale of colours."""
    drawn, axes = _empty(len(grid), len(grid[0]), places, synthetic)
    every = np.concatenate([values for row in grid for values, _ in row])
    low, high, beyond = limits(every, signed)
    shades = "RdBu_r" if signed else "viridis"
    last: QuadMesh | PathCollection | None = None
    for ax_row, row in zip(axes, grid, strict=True):
        for ax, (values, title) in zip(ax_row, row, strict=True):
            last = _cells(ax, places, values, shades, low, high)
            ax.set_title(title)
    assert last is not None, "a figure of no maps"
    bar = drawn.colorbar(last, ax=axes, shrink=0.8, aspect=30, pad=0.015, extend=beyond)
    words, units = label
    one_line = labelled(words, units)
    room = 12 + 18 * len(grid)
    if len(one_line) > room:
        one_line = f"{wrapped(words, room)}\n{labelled('', units).strip()}".strip()
    bar.set_label(one_line)
    bar.outline.set_visible(False)
    if beyond != "neither":
        caption += " Colours end at the 1st and 99th percentile."
    return finish(drawn, caption)


def limits(values: F8, signed: bool) -> tuple[float, float, str]:
    """Return the ends of the colours, and on which side values are beyond them."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0, "neither"
    low, high = (float(v) for v in np.quantile(known, [0.01, 0.99]))
    if signed:
        high = max(abs(low), abs(high))
        low = -high
    if not low < high:
        low, high = (float(known.min()), float(known.max()))
        high = high if low < high else low + (abs(low) or 1.0)
        low = -high if signed else low
    under, over = bool(known.min() < low), bool(known.max() > high)
    return low, high, {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[under, over]


def _extent(places: Places) -> tuple[float, float, float, float]:
    """Return west, east, south and north of what is drawn."""
    west, east = places.lon.min() - MARGIN, places.lon.max() + MARGIN
    south, north = places.lat.min() - MARGIN, places.lat.max() + MARGIN
    return max(-180.0, west), min(180.0, east), max(-90.0, south), min(90.0, north)


def _empty(down: int, across: int, places: Places, synthetic: str) -> tuple[Figure, NDArray[Any]]:
    """Return a figure of empty maps."""
    west, east, south, north = _extent(places)
    # A map is as wide as its column and as high as its latitudes are to its longitudes.
    each = (WIDTH - 1.6) / max(across, 2)
    high = min(3.2, max(1.1, each * (north - south) / (east - west)))
    width = WIDTH if across > 1 else each + 2.2
    drawn = figure(down * (high + 0.42) + 0.3, synthetic, width=width)
    drawn.set_dpi(DOTS)
    grid = drawn.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for ax in grid.flat:
        ax.set_xlim(west, east)
        ax.set_ylim(south, north)
        ax.set_aspect("equal")
        ax.set_facecolor(GROUND)
        ax.xaxis.set_major_locator(MultipleLocator(_step(east - west)))
        ax.yaxis.set_major_locator(MultipleLocator(_step(north - south)))
    for ax in grid[-1]:
        ax.set_xlabel("longitude [\N{DEGREE SIGN}E]")
    for ax in grid[:, 0]:
        ax.set_ylabel("latitude [\N{DEGREE SIGN}N]")
    return drawn, grid


def _step(span: float) -> float:
    """Return degrees between ticks: four or so of them."""
    return next((step for step in (1, 2, 5, 10, 15, 30, 45) if span / step <= 5), 60)


def _cells(
    ax: Axes, places: Places, values: F8, shades: str | ListedColormap, low: float, high: float
) -> QuadMesh | PathCollection:
    """Draw the value of each location: as a cell, or as a point."""
    if (raster := places.raster) is not None:
        return ax.pcolormesh(
            raster.lon, raster.lat, raster.fill(values), cmap=shades, vmin=low, vmax=high,
            rasterized=True, zorder=2,
        )  # fmt: skip
    known = np.isfinite(values)
    return ax.scatter(
        places.lon[known], places.lat[known], c=values[known], cmap=shades, vmin=low, vmax=high,
        s=float(np.clip(ALL_AREA / known.size, LEAST_AREA, MOST_AREA)), linewidths=0,
        rasterized=True, zorder=2,
    )  # fmt: skip


def dominant(shown: Sequence[Dominant], places: Places, synthetic: str) -> Iterator[Picture]:
    """Yield one figure of what dominates the variance, a map for each output or response."""
    some = shown[:MOST_FIELDS]
    if not some:
        return
    across = min(2, len(some))
    down = -(-len(some) // across)
    drawn, grid = _empty(down, across, places, synthetic)
    count = _count(some)
    looks = {term: SERIES[k] for k, term in enumerate(count) if k < len(SERIES)}
    shades = ListedColormap([looks.get(term, GREY) for term in count])
    for ax, one in zip(grid.flat, some, strict=False):
        place = np.array([*(list(count).index(t) if t in count else -1 for t in one.terms), -1])
        which = place[one.which].astype(np.float64)
        which[one.which < 0] = np.nan
        _cells(ax, places, which, shades, -0.5, len(count) - 0.5)
        ax.set_title(short(f"{one.name}, {one.words}" if one.words else one.name, 48))
    for ax in list(grid.flat)[len(some) :]:
        ax.set_axis_off()
    total = sum(int((one.which >= 0).sum()) for one in some)
    handles = [
        Patch(color=looks.get(term, GREY), label=f"{short(term, 44)} ({n / total:.0%} of cells)")
        for term, n in count.items()
    ]
    if any((one.which < 0).any() for one in some):
        handles.append(Patch(facecolor=GROUND, edgecolor=PALE, label="no shares"))
    width = float(drawn.get_figwidth())
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width, 3))
    caption = (
        "The factor, or interaction of factors, of the largest share of the variance over models, "
        "forcings and parameters at each location."
    )
    yield finish(drawn, caption)


def _count(shown: Sequence[Dominant]) -> dict[str, int]:
    """Return in how many cells each term dominates, the most first."""
    found: dict[str, int] = {}
    for one in shown:
        for k, term in enumerate(one.terms):
            found[term] = found.get(term, 0) + int((one.which == k).sum())
    return dict(sorted(((t, n) for t, n in found.items() if n), key=lambda pair: -pair[1]))
