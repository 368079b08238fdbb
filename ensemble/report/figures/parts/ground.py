"""Empty maps, and values of locations on them: as cells of a raster, or as points."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection, QuadMesh
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from ensemble.report.data.fields import Places
from ensemble.report.figures.parts.coastlines import draw_coastlines
from ensemble.report.figures.parts.style import RED, WIDTH, figure
from kernels import F8

MOST_FIELDS = 6
"""Outputs and responses that get maps."""

DOTS = 200
"""Per inch of what is drawn as pixels: cells are many, and a page is small."""

GROUND = "#DCDCDC"
"""Where nothing is known; no shade of a difference is like it."""

LEAST_AREA, MOST_AREA, ALL_AREA = 9.0, 80.0, 4000.0
"""Square points of a location that is drawn as one: the fewer there are, the larger."""

REACH = 1.5
"""How far colours go beyond nine tenths of all values, in spans of these."""

MARGIN = 2.0
"""Degrees around the locations."""


def _extent(places: Places) -> tuple[float, float, float, float]:
    """Return west, east, south and north of what is drawn."""
    west, east = places.lon.min() - MARGIN, places.lon.max() + MARGIN
    south, north = places.lat.min() - MARGIN, places.lat.max() + MARGIN
    return max(-180.0, west), min(180.0, east), max(-90.0, south), min(90.0, north)


def empty_maps(
    down: int, across: int, places: Places, synthetic: str
) -> tuple[Figure, NDArray[Any]]:
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
        draw_coastlines(ax)
    for ax in grid[-1]:
        ax.set_xlabel("longitude [\N{DEGREE SIGN}E]")
    for ax in grid[:, 0]:
        ax.set_ylabel("latitude [\N{DEGREE SIGN}N]")
    return drawn, grid


def _step(span: float) -> float:
    """Return degrees between ticks: four or so of them."""
    return next((step for step in (1, 2, 5, 10, 15, 30, 45) if span / step <= 5), 60)


def draw_cells(
    ax: Axes, places: Places, values: F8, shades: str | ListedColormap, low: float, high: float
) -> QuadMesh | PathCollection:
    """Draw the value of each location: as a cell, or as a point."""
    if (raster := places.raster) is not None:
        return ax.pcolormesh(
            raster.lon, raster.lat, raster.fill(values), cmap=shades, vmin=low, vmax=high,
            rasterized=True, zorder=2,
        )  # fmt: skip
    finite = np.isfinite(values)
    return ax.scatter(
        places.lon[finite], places.lat[finite], c=values[finite], cmap=shades, vmin=low, vmax=high,
        s=float(np.clip(ALL_AREA / finite.size, LEAST_AREA, MOST_AREA)), linewidths=0,
        rasterized=True, zorder=2,
    )  # fmt: skip


def draw_marked(ax: Axes, places: Places, marked: NDArray[np.bool_], label: str) -> None:
    """Hatch the locations (L,) that are marked, or cross their points."""
    if not marked.any():
        return
    if (raster := places.raster) is None:
        ax.scatter(
            places.lon[marked], places.lat[marked], marker="x", s=LEAST_AREA, c=RED,
            linewidths=0.6, label=label, rasterized=True, zorder=3,
        )  # fmt: skip
        return
    row, column = raster.row[marked], raster.column[marked]
    corners = [
        np.stack([raster.lon[column + right], raster.lat[row + up]], axis=-1)
        for right, up in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    ax.add_collection(
        PolyCollection(
            [*np.stack(corners, axis=1)], facecolors="none", edgecolors=RED, linewidths=0,
            hatch="///////", label=label, rasterized=True, zorder=3,
        ),
        autolim=False,
    )  # fmt: skip


def ends_in_words(ends: tuple[float, float], beyond: str, what: str = "Colours") -> str:
    """Return where colours end, as a sentence with a space before it; empty if all lie within."""
    if beyond == "neither":
        return ""
    low, high = map(_printed, ends)
    return f" {what} end at {low} and {high}; the scale says by an arrow where values lie beyond."


def limits(values: F8, signed: bool) -> tuple[float, float, str]:
    """Return the ends of the colours, and on which side values are beyond them."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0, "neither"
    low, tenth, ninetieth, high = (float(v) for v in np.quantile(finite, [0.01, 0.1, 0.9, 0.99]))
    # Where one of several models is far from the others, theirs are the colours.
    if tenth < ninetieth:
        low = max(low, tenth - REACH * (ninetieth - tenth))
        high = min(high, ninetieth + REACH * (ninetieth - tenth))
    if signed:
        high = max(abs(low), abs(high))
        low = -high
    if not low < high:
        low, high = (float(finite.min()), float(finite.max()))
        high = high if low < high else low + (abs(low) or 1.0)
        low = -high if signed else low
    under, over = bool(finite.min() < low), bool(finite.max() > high)
    return low, high, {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[under, over]


def _printed(end: float) -> str:
    text = f"{end:,.0f}" if 1e3 <= abs(end) < 1e6 else f"{end:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")
