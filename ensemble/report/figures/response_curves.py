"""Response curves: what a grid over a few parameters says of responses and layers.

As figure 8 of Wang et al. (2021, 10.1029/2020JG006205).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ensemble.report.data.cells import Cell, all_cells, evenly, kind, of_members, outputs_on_layers
from ensemble.report.figures.parts.style import (
    BLUE,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    labelled,
    logarithmic,
    pretty,
    short,
    upright,
)
from ensemble.report.run import Run
from ensemble.tables.results import Results
from kernels import F8

SECTION, ORDER = "sensitivity", 60

EACH = 2.1
"""Inches of height of a row of panels."""


MOST_LINES = 8
MOST_CELLS = 4
MOST_LAYERS = 3
MOST_PARAMETERS = 4
MOST_VALUES = 20_000_000
"""Of an output at a cell; larger ones are not read for a figure."""

MOST_ROWS = 6
"""Responses and layers, below each other in a figure."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield the curves of a finished grid."""
    yield from curves(list(all_curves(run.results)), run.results, run.synthetic)


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
        One or two; the first is along the figure, the second has a line per value.
    held : tuple of str
        The grid's other parameters, each at the value nearest the control member's.
    values : ndarray, shape (cell, first, second)
        ``second`` is 1 without a second parameter; NaN where a member failed.
    """

    name: str
    units: str
    meaning: str
    layer: str
    cells: tuple[str, ...]
    axes: tuple[Axis, ...]
    held: tuple[str, ...]
    values: F8


def all_curves(results: Results) -> Iterator[Curve]:
    """Yield the curves of a finished grid; of other designs none."""
    design = results.store.attrs["design"]
    parameters = list(design.get("parameters", []))
    there = results.complete and all(name in results.store.specs for name in parameters)
    if design["method"] != "grid" or not 1 <= len(parameters) <= MOST_PARAMETERS or not there:
        return
    cells = evenly(all_cells(results), MOST_CELLS)
    axes = [_axis(results, name, k) for k, name in enumerate(parameters)]
    if not all(np.isfinite(axis.values).all() for axis in axes):
        return
    for along, across in pairs_of([len(axis.values) for axis in axes]):
        shown = [along] if across is None else [along, across]
        yield from _of_pair(results, cells, axes, shown)


def pairs_of(sizes: Sequence[int]) -> list[tuple[int, int | None]]:
    """Return which parameter is along a figure, and which has a line per value.

    Of two the first is along; of more the lines are of the one with the fewest values, and
    each other is along in turn.
    """
    if len(sizes) < 3:
        return [(0, 1 if len(sizes) == 2 else None)]
    fewest = int(np.argmin(sizes))
    return [(k, fewest) for k in range(len(sizes)) if k != fewest]


def _of_pair(
    results: Results, cells: Sequence[Cell], axes: Sequence[Axis], shown: list[int]
) -> Iterator[Curve]:
    """Yield every response, then some layers of every output, over one or two parameters."""
    names = tuple(cell.name for cell in cells)
    held = tuple(axis.name for k, axis in enumerate(axes) if k not in shown)
    over = tuple(axes[k] for k in shown)
    for name in [n for n in results.responses if n in results.store.specs]:
        values = _over_grid(results, name, cells, axes, shown)
        if np.isfinite(values).any():
            yield Curve(name, *_about(results, name), "", names, over, held, values)
    for name, bounds in outputs_on_layers(results).items():
        if len(bounds) * results.grid.axes[2].size > MOST_VALUES:
            continue
        values = _over_grid(results, name, cells, axes, shown)
        for k in evenly(range(len(bounds)), MOST_LAYERS):
            if np.isfinite(values[:, k]).any():
                words = f"{bounds[k, 0]:g}\N{EN DASH}{bounds[k, 1]:g} cm"
                yield Curve(name, *_about(results, name), words, names, over, held, values[:, k])


def _about(results: Results, name: str) -> tuple[str, str]:
    attrs = results.store.specs[name].attrs
    return str(attrs["units"]), str(attrs["long_name"])


def _axis(results: Results, name: str, k: int) -> Axis:
    """Return the values of the k-th parameter: the first is the slowest."""
    design = results.store.attrs["design"]
    cube = of_members(results, name, all_cells(results)[0]).reshape(design["shape"])
    values = np.moveaxis(cube, k, 0).reshape(cube.shape[k], -1)[:, 0]
    units = str(results.store.specs[name].attrs.get("units", ""))
    return Axis(name, units, values, "logspace" in (design.get("values", {}).get(name) or {}))


def _over_grid(
    results: Results, name: str, cells: Sequence[Cell], axes: Sequence[Axis], shown: list[int]
) -> F8:
    """Return members as (cell, *layers, first, second), other parameters nearest the control."""
    planes = []
    for cell in cells:
        members = of_members(results, name, cell)
        before = members.shape[:-1]
        cube = members.reshape(*before, *(len(axis.values) for axis in axes))
        index: list[slice | int] = [slice(None)] * len(axes)
        for k, axis in enumerate(axes):
            if k not in shown:
                control = results.cells(f"control/{axis.name}")[cell.at]
                index[k] = int(np.argmin(np.abs(axis.values - control)))
        plane = cube[(..., *index)]
        if len(shown) == 2 and shown[0] > shown[1]:
            plane = np.swapaxes(plane, -1, -2)
        planes.append(plane if len(shown) == 2 else plane[..., np.newaxis])
    return np.stack(planes)


def curves(shown: Sequence[Curve], results: Results, synthetic: str) -> Iterator[Picture]:
    """Yield figures: rows are responses or layers, columns are cells."""
    groups: dict[tuple[str, str], list[Curve]] = {}
    for curve in shown:
        groups.setdefault((curve.axes[0].name, curve.name if curve.layer else ""), []).append(curve)
    for group in groups.values():
        for k in range(0, len(group), MOST_ROWS):
            part = group[k : k + MOST_ROWS]
            yield finish(_curves(part, synthetic), _caption(part, results))


def drawn_lines(curve: Curve) -> list[int]:
    """Return which values of the second parameter get a line."""
    return evenly(range(curve.values.shape[2]), MOST_LINES)


def _curves(group: Sequence[Curve], synthetic: str) -> Figure:
    first = group[0]
    across, down = len(first.cells), len(group)
    width = WIDTH if across > 2 else 3.9 * across + 1.2
    drawn = figure(0.9 + EACH * down + 0.25, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharex=True)
    picked = drawn_lines(first)
    shades = [BLUE]
    if len(first.axes) > 1:
        map_ = matplotlib.colormaps["viridis"]
        shades = [matplotlib.colors.to_hex(map_(x)) for x in np.linspace(0, 0.88, len(picked))]
    for (row, column), axes in np.ndenumerate(grid):
        curve = group[row]
        _panel(axes, curve, column, shades)
        title = " \N{EN DASH} ".join(w for w in (first.cells[column], curve.layer) if w)
        axes.set_title(short(title, int(width / across * 10)))
        if column == 0:
            axes.set_ylabel(upright(curve.name, curve.units, EACH))
        if row == down - 1:
            axes.set_xlabel(labelled(first.axes[0].name, first.axes[0].units))
    if len(first.axes) > 1:
        second = first.axes[1]
        unit = "" if second.units in ("", "1") else f" {pretty(second.units)}"
        handles = [
            Line2D([], [], color=colour, lw=2, label=f"{second.values[k]:.4g}{unit}")
            for colour, k in zip(shades, picked, strict=True)
        ]
        ncols = columns(handles, width, MOST_LINES)
        drawn.legend(
            handles=handles, loc="outside lower center", ncols=ncols, title=short(second.name, 40)
        )
    return drawn


def _panel(axes: Axes, curve: Curve, cell: int, shades: Sequence[str]) -> None:
    x = curve.axes[0]
    order = np.argsort(x.values)
    marker = "o" if len(x.values) <= 12 else None
    for colour, k in zip(shades, drawn_lines(curve), strict=True):
        y = curve.values[cell, order, k]
        axes.plot(x.values[order], y, color=colour, marker=marker, ms=3.2)
    if x.logarithmic:
        axes.set_xscale("log")
        logarithmic(axes.xaxis)
    axes.grid(True)


def _caption(group: Sequence[Curve], results: Results) -> str:
    first, total = group[0], len(all_cells(results))
    what = first.meaning if first.layer else "Responses"
    caption = f"{what[0].upper()}{what[1:]} against {first.axes[0].name}"
    if len(first.axes) > 1:
        lines, values = len(drawn_lines(first)), first.values.shape[2]
        caption += f", one line per value of {first.axes[1].name}"
        caption += f" ({lines} of {values}, evenly chosen)" if lines < values else ""
    if first.held:
        held = " and ".join(first.held)
        caption += f"; {held} at the value of the grid nearest the control member's"
    caption += "; other parameters as in the control member."
    if first.layer:
        caption += " Layers are chosen evenly."
    if len(first.cells) < total:
        caption += f" {len(first.cells)} of {total} {kind(results)}, evenly chosen."
    return caption
