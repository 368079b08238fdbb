"""The numbers of a figure as a table: what is drawn, read off its axes, so that none is another."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import (
    FillBetweenPolyCollection,
    LineCollection,
    PathCollection,
    PolyCollection,
    QuadMesh,
)
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, StepPatch
from matplotlib.ticker import FixedLocator

from kernels import F8

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

COLUMNS = (
    *("panel", "title", "series", "mark"),
    *("x_axis", "x", "x_low", "x_high", "y_axis", "y", "y_low", "y_high"),
    *("value_of", "value", "data"),
)
"""Of a table; those that a figure has nothing for are left out."""

BESIDE = 0.5
"""How far from a named tick what stands beside it may lie; ticks with names are one apart."""


def numbers(drawn: Figure | SubFigure) -> "pd.DataFrame":
    """Return what a figure shows, a row for each point, bar, interval and cell of a map.

    Parameters
    ----------
    drawn : Figure

    Returns
    -------
    pandas.DataFrame
        Panels are numbered as they stand in the figure. ``x`` and ``y`` are in the units that
        ``x_axis`` and ``y_axis`` say, or the name of a tick; ``low`` and ``high`` are the ends of
        bars, bands and intervals; ``value`` is what a colour says. Lines across a panel are in it
        where they have a name. ``data`` is there where data is made up.
    """
    import pandas as pd

    bars = {c.ax for ax in drawn.axes for m in ax.collections if (c := m.colorbar) is not None}
    panels = [ax for ax in drawn.axes if ax not in bars and ax.axison]
    rows = [row for k, ax in enumerate(panels) for row in _of_panel(drawn, k, ax)]
    label = " ".join(drawn.get_suptitle().split())
    table = pd.DataFrame(rows, columns=COLUMNS).assign(data=label)
    return table.replace("", None).dropna(axis="columns", how="all")


def _of_panel(drawn: Figure | SubFigure, k: int, ax: Axes) -> Iterator[Row]:
    # Titles stand left or in the middle.
    titles = (ax.get_title(loc) for loc in ("left", "center"))
    title = " ".join(" ".join(titles).split())
    about = {"panel": k + 1, "title": title, "x_axis": _label(ax, "x"), "y_axis": _label(ax, "y")}
    names = _Names(drawn, ax)
    for artist, series in _artists(ax):
        for row in _rows(artist, ax):
            for way, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
                if way in row:
                    row[way] = _named(axis, row[way])
            yield {**about, "series": series or names.of(artist), **row}


def _label(ax: Axes, way: str) -> str:
    """Return the label of an axis; one that is shared stands at the outermost panel."""
    shared = ax.get_shared_x_axes() if way == "x" else ax.get_shared_y_axes()
    texts = [getattr(one, f"get_{way}label")() for one in (ax, *shared.get_siblings(ax))]
    return next((" ".join(text.split()) for text in texts if text), "")


def _named(axis: Axis, place: float) -> Any:
    """Return the name of the row or column that something stands in; elsewhere its place."""
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    if not isinstance(locator, FixedLocator):
        return place
    places = np.asarray(locator(), dtype=np.float64)
    # Rows are counted from 0; months, from 1, are numbers.
    rows = len(places) and places[0] == 0.0 and (len(places) == 1 or places[1] == 1.0)
    near = int(np.argmin(np.abs(places - place))) if rows else 0
    if not rows or abs(places[near] - place) > BESIDE:
        return place
    return " ".join(str(formatter(places[near], near)).split()) or place


class _Names:
    """What legends call what is drawn: by its line, mark and colour, or by its colour alone.

    Parameters
    ----------
    drawn : Figure
    ax : Axes
    """

    def __init__(self, drawn: Figure | SubFigure, ax: Axes) -> None:
        legends = filter(None, [*drawn.legends, ax.get_legend()])
        named = [
            (handle, text.get_text())
            for legend in legends
            for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True)
        ]
        named += [(one, str(one.get_label())) for one in ax.lines]
        self._named = [(_look(one), text) for one, text in named if text[:1] not in ("", "_")]

    def of(self, artist: Artist | BarContainer) -> str:
        """Return its own name, or that of the one thing that looks as it does."""
        own = str(artist.get_label())
        if own and not own.startswith("_"):
            return own
        look = _look(artist)
        for length in (len(look), 1):
            alike = {text for other, text in self._named if other[:length] == look[:length]}
            if alike:
                return " ".join(alike.pop().split()) if len(alike) == 1 else ""
        return ""


def _look(artist: Artist | BarContainer | None) -> tuple[str, ...]:
    """Return what tells what is drawn from others: its colour, then what it is and its line."""
    if isinstance(artist, Line2D):
        face = artist.get_markerfacecolor() if artist.get_marker() != "None" else "none"
        hollow = face != "none" and to_hex(face) != to_hex(artist.get_color())
        return (to_hex(artist.get_color()), "line", str(hollow), str(artist.get_linestyle()))
    if isinstance(artist, LineCollection):
        colours = artist.get_colors()
    else:
        colours = getattr(artist, "get_facecolor", lambda: ())()
    first = np.atleast_2d(np.asarray(colours, dtype=np.float64))
    return (to_hex(first[0][:3]), "area") if first.size else ("", "area")


def _artists(ax: Axes) -> Iterator[tuple[Artist | BarContainer, str]]:
    """Yield what shows data in a panel, and the name that what it is part of has."""
    parts: dict[Artist, str] = {}
    for container in ax.containers:
        label = str(container.get_label())
        name = "" if label.startswith("_") else label
        if isinstance(container, BarContainer):
            yield container, name
            parts |= dict.fromkeys(container, name)
        elif isinstance(container, ErrorbarContainer):
            line, caps, whiskers = container.lines
            parts |= dict.fromkeys((*whiskers, *([line] if line else [])), name)
            # The ends of a whisker are its caps.
            parts |= dict.fromkeys(caps, "no data")
    on_data = (a for a in (*ax.collections, *ax.lines, *ax.patches) if _shows_data(a, ax))
    for artist in on_data:
        bar = isinstance(artist, Artist) and artist in ax.patches and artist in parts
        if not bar and parts.get(artist) != "no data":
            yield artist, parts.get(artist, "")


def _shows_data(artist: Artist, ax: Axes) -> bool:
    """Return whether it lies where its numbers say, and is no coastline or grid."""
    if artist.get_gid() == "ground":
        return False
    if isinstance(artist, PathCollection) or not _across(artist, ax):
        return True
    return not str(artist.get_label()).startswith("_") and bool(artist.get_label())


def _across(artist: Artist, ax: Axes) -> str:
    """Return along which axis a line or area across a panel has numbers; empty if it is none."""
    way = artist.get_data_transform() if isinstance(artist, Patch) else artist.get_transform()
    if way == ax.get_xaxis_transform(which="grid"):
        return "x"
    return "y" if way == ax.get_yaxis_transform(which="grid") else ""


def _of_across(artist: Artist, way: str) -> Row:
    """Return the number of a line across a panel, or the ends of an area across it."""
    if isinstance(artist, Line2D):
        place = np.asarray(artist.get_data()["xy".index(way)], dtype=np.float64)
        return {"mark": "line across", way: float(place[0])}
    assert isinstance(artist, Patch), "a line, or an area"
    box = artist.get_path().get_extents(artist.get_patch_transform())
    low, high = box.intervalx if way == "x" else box.intervaly
    return {"mark": "band across", f"{way}_low": float(low), f"{way}_high": float(high)}


def _rows(artist: Artist | BarContainer, ax: Axes) -> Iterator[Row]:
    """Yield the numbers of what is drawn."""
    if isinstance(artist, BarContainer):
        yield from _of_bars(artist)
    elif way := _across(artist, ax):
        yield _of_across(artist, way)
    elif isinstance(artist, Line2D):
        word = "point" if artist.get_linestyle() == "None" else "line"
        x, y = (np.asarray(v, dtype=np.float64) for v in artist.get_data())
        yield from ({"mark": word, "x": a, "y": b} for a, b in _known(x, y))
    elif isinstance(artist, QuadMesh):
        yield from _of_cells(artist)
    elif isinstance(artist, PathCollection):
        yield from _of_points(artist)
    elif isinstance(artist, FillBetweenPolyCollection):
        yield from _of_band(artist)
    elif isinstance(artist, PolyCollection):
        yield from _of_hatched(artist)
    elif isinstance(artist, LineCollection):
        for (x0, y0), (x1, y1) in (s for s in artist.get_segments() if len(s) == 2):
            if np.isfinite([x0, y0, x1, y1]).all():
                ends = {"x": x0, "y_low": y0, "y_high": y1} if x0 == x1 else None
                yield {"mark": "interval", **(ends or {"y": y0, "x_low": x0, "x_high": x1})}
    elif isinstance(artist, StepPatch):
        values, edges, _ = artist.get_data()
        for low, high, value in zip(edges[:-1], edges[1:], values, strict=True):
            yield {"mark": "histogram", "x_low": low, "x_high": high, "y": value}


def _known(x: F8, y: F8) -> Iterator[tuple[float, float]]:
    here = np.isfinite(x) & np.isfinite(y)
    yield from zip(x[here].tolist(), y[here].tolist(), strict=True)


def _of_bars(bars: BarContainer) -> Iterator[Row]:
    along, across = ("y", "x") if bars.orientation == "vertical" else ("x", "y")
    for bar in bars:
        x, y, wide, high = bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()
        start, length = (y, high) if along == "y" else (x, wide)
        middle = x + wide / 2 if along == "y" else y + high / 2
        ends = {f"{along}_low": start, f"{along}_high": start + length}
        yield {"mark": "bar", across: middle, **ends}


def _of_cells(cells: QuadMesh) -> Iterator[Row]:
    corners: F8 = np.asarray(cells.get_coordinates(), dtype=np.float64)
    middle = (corners[:-1, :-1] + corners[1:, 1:]) / 2
    values = _filled(cells.get_array()).reshape(middle.shape[:2])
    here = np.isfinite(values)
    for (x, y), value in zip(middle[here].tolist(), values[here].tolist(), strict=True):
        yield {"mark": "cell", "x": x, "y": y, "value": value, "value_of": _coloured(cells)}


def _of_hatched(cells: PolyCollection) -> Iterator[Row]:
    """Yield the middle of each cell that is hatched."""
    for path in cells.get_paths():
        box = path.get_extents()
        x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        yield {"mark": "hatched cell", "x": x, "y": y}


def _filled(values: object) -> F8:
    """Return numbers, NaN where they are masked."""
    masked: Any = np.ma
    return np.asarray(masked.filled(masked.asarray(values, dtype=np.float64), np.nan))


def _of_points(points: PathCollection) -> Iterator[Row]:
    places = _filled(points.get_offsets())
    colours = points.get_array()
    values = np.full(len(places), np.nan) if colours is None else _filled(colours)
    for (x, y), value in zip(places.tolist(), values.tolist(), strict=True):
        if np.isfinite([x, y]).all():
            said = {} if colours is None else {"value": value, "value_of": _coloured(points)}
            yield {"mark": "point", "x": x, "y": y, **said}


def _coloured(artist: QuadMesh | PathCollection) -> str:
    """Return what colours say: the label of the scale, which panels of one figure share."""
    root = artist.axes.get_figure(root=False) if artist.axes else None
    every = [m for ax in root.axes for m in ax.collections] if root else []
    scale = artist.colorbar or next((m.colorbar for m in every if m.colorbar), None)
    if scale is None:
        return ""
    return " ".join((scale.ax.get_ylabel() or scale.ax.get_xlabel()).split())


def _of_band(band: FillBetweenPolyCollection) -> Iterator[Row]:
    """Yield the ends of a band where it has any; its outline goes there and back."""
    # The stubs do not have it.
    direction = vars(band)["t_direction"]
    along, across = (0, 1) if direction == "x" else (1, 0)
    way, other = "xy"[along], "xy"[across]
    for path in band.get_paths():
        corners = np.asarray(path.vertices, dtype=np.float64)
        for at in np.unique(corners[:, along]):
            ends = corners[corners[:, along] == at, across]
            low, high = float(ends.min()), float(ends.max())
            yield {"mark": "band", way: float(at), f"{other}_low": low, f"{other}_high": high}
