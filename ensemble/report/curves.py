"""Response curves: what a grid over one or two parameters says of responses and layers.

As figure 8 of Wang et al. (2021, 10.1029/2020JG006205).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ensemble.numbers import Numbers
from ensemble.report.cells import Cell, all_cells, evenly, kind, of_members, outputs_on_layers
from ensemble.report.style import (
    BLUE,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
    logarithmic,
    pretty,
    short,
)

F8 = NDArray[np.float64]

MOST_LINES = 8
MOST_CELLS = 4
MOST_LAYERS = 3
MOST_ROWS = 6
"""Responses and layers, below each other in a figure."""


@dataclass(frozen=True)
class Axis:
    """A parameter of the grid.

    Attributes
    ----------
    values : ndarray, shape (n,)
    """

    name: str
    units: str
    values: F8
    logarithmic: bool


@dataclass(frozen=True)
class Curve:
    """A response, or an output in one layer, over the grid at some cells.

    Attributes
    ----------
    name, units, meaning : str
    layer : str
        Which layer of an output; empty for a response.
    cells : tuple of str
    axes : tuple of Axis
        One or two; the first is along the figure.
    values : ndarray, shape (cell, first, second)
        ``second`` is 1 without a second parameter; NaN where a member failed.
    """

    name: str
    units: str
    meaning: str
    layer: str
    cells: tuple[str, ...]
    axes: tuple[Axis, ...]
    values: F8


def all_curves(numbers: Numbers) -> Iterator[Curve]:
    """Yield the curves of a grid of one or two parameters; of other designs none."""
    design = numbers.store.attrs["design"]
    parameters = design.get("parameters", [])
    there = all(name in numbers.store.specs for name in parameters)
    if design["method"] != "grid" or len(parameters) not in (1, 2) or not there:
        return
    cells = evenly(all_cells(numbers), MOST_CELLS)
    axes = tuple(_axis(numbers, name, k) for k, name in enumerate(parameters))
    names = tuple(cell.name for cell in cells)
    for name in [n for n in numbers.responses if n in numbers.store.specs]:
        values = _over_grid(numbers, name, cells, axes)
        if np.isfinite(values).any():
            yield Curve(name, *_about(numbers, name), "", names, axes, values)
    for name, bounds in outputs_on_layers(numbers).items():
        values = _over_grid(numbers, name, cells, axes)
        for k in evenly(range(len(bounds)), MOST_LAYERS):
            if np.isfinite(values[:, k]).any():
                words = f"{bounds[k, 0]:g}\N{EN DASH}{bounds[k, 1]:g} cm"
                yield Curve(name, *_about(numbers, name), words, names, axes, values[:, k])


def _about(numbers: Numbers, name: str) -> tuple[str, str]:
    attrs = numbers.store.specs[name].attrs
    return str(attrs["units"]), str(attrs["long_name"])


def _axis(numbers: Numbers, name: str, k: int) -> Axis:
    """Return the values of a parameter: the first is the slowest."""
    design = numbers.store.attrs["design"]
    cube = of_members(numbers, name, all_cells(numbers)[0]).reshape(design["shape"])
    values = cube if cube.ndim == 1 else cube[:, 0] if k == 0 else cube[0]
    units = str(numbers.store.specs[name].attrs.get("units", ""))
    return Axis(name, units, values, "logspace" in (design.get("values", {}).get(name) or {}))


def _over_grid(numbers: Numbers, name: str, cells: Sequence[Cell], axes: tuple[Axis, ...]) -> F8:
    """Return members as (cell, *layers, first, second)."""
    found = np.stack([of_members(numbers, name, cell) for cell in cells])
    shape = (*(len(axis.values) for axis in axes), 1)[:2]
    return found.reshape(*found.shape[:-1], *shape)


def curves(shown: Sequence[Curve], numbers: Numbers, synthetic: str) -> Iterator[Picture]:
    """Yield figures: rows are responses or layers, columns are cells."""
    rest = [one for one in shown if not one.layer]
    groups = [rest[k : k + MOST_ROWS] for k in range(0, len(rest), MOST_ROWS)]
    deep = [one for one in shown if one.layer]
    groups += [[o for o in deep if o.name == name] for name in dict.fromkeys(o.name for o in deep)]
    for group in groups:
        yield _curves(group, synthetic, _words(group, numbers))


def drawn_lines(one: Curve) -> list[int]:
    """Return which values of the second parameter get a line."""
    return evenly(range(one.values.shape[2]), MOST_LINES)


def _curves(group: Sequence[Curve], synthetic: str, caption: str) -> Picture:
    first = group[0]
    across, down = len(first.cells), len(group)
    width = WIDTH if across > 2 else 3.9 * across + 1.2
    drawn = figure(0.9 + 2.1 * down + 0.25, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharex=True)
    picked = drawn_lines(first)
    shades = [BLUE]
    if len(first.axes) > 1:
        map_ = matplotlib.colormaps["viridis"]
        shades = [matplotlib.colors.to_hex(map_(x)) for x in np.linspace(0, 0.88, len(picked))]
    for (row, column), axes in np.ndenumerate(grid):
        one = group[row]
        _panel(axes, one, column, shades)
        title = " \N{EN DASH} ".join(w for w in (first.cells[column], one.layer) if w)
        axes.set_title(short(title, int(width / across * 10)))
        if column == 0:
            axes.set_ylabel(labelled(one.name, one.units))
        if row == down - 1:
            axes.set_xlabel(labelled(first.axes[0].name, first.axes[0].units))
    if len(first.axes) > 1:
        second = first.axes[1]
        unit = "" if second.units in ("", "1") else f" {pretty(second.units)}"
        handles = [
            Line2D([], [], color=colour, lw=2, label=f"{second.values[k]:.4g}{unit}")
            for colour, k in zip(shades, picked, strict=True)
        ]
        ncols = min(len(handles), 8 if across > 2 else 4)
        drawn.legend(
            handles=handles, loc="outside lower center", ncols=ncols, title=short(second.name, 40)
        )
    return finish(drawn, caption)


def _panel(axes: Axes, one: Curve, cell: int, shades: Sequence[str]) -> None:
    x = one.axes[0]
    order = np.argsort(x.values)
    marker = "o" if len(x.values) <= 12 else None
    for colour, k in zip(shades, drawn_lines(one), strict=True):
        y = one.values[cell, order, k]
        axes.plot(x.values[order], y, color=colour, marker=marker, ms=3.2)
    if x.logarithmic:
        axes.set_xscale("log")
        logarithmic(axes.xaxis)
    axes.grid(True)


def _words(group: Sequence[Curve], numbers: Numbers) -> str:
    first, total = group[0], len(all_cells(numbers))
    what = first.meaning if first.layer else "Responses"
    caption = f"{what[0].upper()}{what[1:]} against {first.axes[0].name}"
    if len(first.axes) > 1:
        lines, values = len(drawn_lines(first)), first.values.shape[2]
        caption += f", one line per value of {first.axes[1].name}"
        caption += f" ({lines} of {values}, evenly chosen)" if lines < values else ""
    caption += "; other parameters as in the control member."
    if first.layer:
        caption += " Layers are chosen evenly."
    if len(first.cells) < total:
        caption += f" {len(first.cells)} of {total} {kind(numbers)}, evenly chosen."
    return caption
