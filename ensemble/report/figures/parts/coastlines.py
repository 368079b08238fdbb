"""Coastlines of the world, drawn beneath what maps show.

From Natural Earth, 1:110m land (public domain, naturalearthdata.com), by way of world-atlas 2.0.2;
simplified to 0.3 degrees, without islands smaller than 1.3, in ``coastline.json``: lines of
longitude and latitude in tenths of a degree, one after the other.
"""

import json
from functools import cache
from importlib.resources import files

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from ensemble.report.figures.parts.style import GREY
from kernels import F8


@cache
def coastlines() -> tuple[F8, ...]:
    """Return lines, (n, 2) each: degrees east and north."""
    text = (files(__package__) / "coastline.json").read_text(encoding="utf-8")
    return tuple(np.array(line, dtype=np.float64).reshape(-1, 2) / 10 for line in json.loads(text))


def draw_coastlines(ax: Axes) -> None:
    """Draw the coastlines that are within the limits of axes in degrees."""
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    near = [
        line
        for line in coastlines()
        if (line.min(axis=0) <= (east, north)).all() and (line.max(axis=0) >= (west, south)).all()
    ]
    drawn = LineCollection(near, colors=GREY, linewidths=0.4, zorder=3)
    # No number of the figure.
    drawn.set_gid("ground")
    ax.add_collection(drawn, autolim=False)
