"""Empty maps, and values of locations on them: as cells of a raster, or as points."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from ensemble.report.data.fields import Places
from ensemble.report.figures.parts.coastlines import draw_coastlines
from ensemble.report.figures.parts.style import WIDTH, figure
from kernels import F8

MOST_FIELDS = 6
"""Outputs and responses that get maps."""

DOTS = 200
"""Per inch of what is drawn as pixels: cells are many, and a page is small."""

GROUND = "#DCDCDC"
"""Where nothing is known; no shade of a difference is like it."""

LEAST_AREA, MOST_AREA, ALL_AREA = 9.0, 80.0, 4000.0
"""Square points of a location that is drawn as one: the fewer there are, the larger."""

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
