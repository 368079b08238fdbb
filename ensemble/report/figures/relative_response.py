"""Responses to what layers are given: curves of a one-at-a-time design with many changes.

As figure 8 of Wang et al. (2021, 10.1029/2020JG006205): an output in some layers against what one
parameter multiplies, and on each curve where parameters with a few changes put that layer. What a
parameter multiplies is the stored output that follows it, layer by layer: twice the parameter,
twice the output.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ensemble.report.data.cells import Cell, all_cells, evenly, kind, of_members, outputs_on_layers
from ensemble.report.data.one_at_a_time import FEWEST, changed_rows
from ensemble.report.figures.parts.style import (
    DARK,
    GREY,
    SERIES,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    logarithmic,
    short,
    upright,
)
from ensemble.report.run import Run
from ensemble.tables.results import Results
from kernels import F8

SECTION, ORDER = "sensitivity", 65

EACH = 2.9
"""Inches of height of a row of panels."""

MOST_CELLS = 3
MOST_LAYERS = 4
MOST_OUTPUTS = 3

SAME = 1e-5
"""Largest relative difference of what follows a parameter, stored in 32 bits, from it."""


@dataclass(frozen=True)
class Mark:
    """Where a change of another parameter puts a layer.

    Attributes
    ----------
    parameter : str
    share : float
        By which it is changed.
    x, y : ndarray, shape (cell, layer)
        The factor of what the layer is given, and what it holds.
    """

    parameter: str
    share: float
    x: F8
    y: F8


@dataclass(frozen=True)
class Panel:
    """An output in some layers over the factors of one parameter.

    Attributes
    ----------
    parameter, given : str
        The parameter, and the output that follows it; empty where none that is stored does.
    factors : ndarray, shape (n,), rising
    y : ndarray, shape (cell, layer, n)
    marks : sequence of Mark
    """

    parameter: str
    given: str
    factors: F8
    y: F8
    marks: Sequence[Mark]


@dataclass(frozen=True)
class Curves:
    """Panels of one output.

    Attributes
    ----------
    name, units, meaning : str
    layers, cells : tuple of str
    kind : str
        What the cells are.
    of : int
        Cells there are, of which these are some.
    """

    name: str
    units: str
    meaning: str
    layers: tuple[str, ...]
    cells: tuple[str, ...]
    kind: str
    of: int
    panels: Sequence[Panel]


def draw(run: Run) -> Iterator[Picture]:
    """Yield the curves of a finished one-at-a-time design."""
    for one in all_curves(run.results):
        yield finish(_drawn(one, run.synthetic), _caption(one))


def all_curves(results: Results) -> Iterator[Curves]:
    """Yield the curves of every output on layers that is no parameter's own."""
    design = results.store.attrs["design"]
    if design["method"] != "one_at_a_time" or not results.complete:
        return
    rows = changed_rows(design)
    varied = [name for name, shares in rows.items() if len(shares) >= FEWEST]
    on_layers = outputs_on_layers(results)
    if not varied or not on_layers:
        return
    every = all_cells(results)
    cells = evenly(every, MOST_CELLS)
    values = {name: _of_cells(results, name, cells) for name in on_layers}
    follows = {p: _follower(values, rows[p]) for p in varied}
    shown = [name for name in on_layers if name not in follows.values()]
    for name in shown[:MOST_OUTPUTS]:
        bounds, attrs = on_layers[name], results.store.specs[name].attrs
        at = _layers(results, name, bounds)
        panels = [_panel(values, name, at, p, follows, rows) for p in varied]
        yield Curves(
            name, str(attrs["units"]), str(attrs["long_name"]),
            tuple(f"{bounds[k, 0]:g}\N{EN DASH}{bounds[k, 1]:g} cm" for k in at),
            tuple(cell.name for cell in cells), kind(results), len(every), panels,
        )  # fmt: skip


def _of_cells(results: Results, name: str, cells: Sequence[Cell]) -> F8:
    """Return an output of some cells, (cell, layer, row)."""
    return np.stack([of_members(results, name, cell) for cell in cells])


def _factors(shares: Mapping[float, int]) -> F8:
    return 1.0 + np.array(list(shares))


def _ratio(values: F8, rows: Sequence[int]) -> F8:
    """Return rows over the first, which changes no parameter; NaN where that is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values[..., :1] == 0.0, np.nan, values[..., rows] / values[..., :1])


def _follower(values: Mapping[str, F8], rows: Mapping[float, int]) -> str:
    """Return the output that is multiplied by what the parameter is; empty where none is."""
    expected = _factors(rows)
    for name, array in values.items():
        ratio = _ratio(array, list(rows.values()))
        known = np.isfinite(ratio)
        if known.any() and (np.abs(ratio / expected - 1.0)[known] < SAME).all():
            return name
    return ""


def _layers(results: Results, name: str, bounds: F8) -> list[int]:
    """Return the layers that responses look at, or some that are evenly chosen."""
    responses = results.store.attrs["identity"]["scenario"]["responses"].values()
    depths = [one["layer"] for one in responses if one.get("output") == name]
    depths = [depth for depth in depths if depth is not None]
    at = [int(np.argmax((bounds[:, 0] <= d) & (d <= bounds[:, 1]))) for d in depths]
    return list(dict.fromkeys(at))[:MOST_LAYERS] or evenly(range(len(bounds)), MOST_LAYERS)


def _panel(
    values: Mapping[str, F8],
    name: str,
    at: Sequence[int],
    parameter: str,
    follows: Mapping[str, str],
    rows: Mapping[str, Mapping[float, int]],
) -> Panel:
    """Return the curves of one parameter, and the marks of those that change what it multiplies."""
    y = values[name][:, at]
    shares = {0.0: 0, **rows[parameter]}
    order = sorted(shares)
    given = follows[parameter]
    marks = []
    for other, changes in rows.items():
        if other in follows or not given or not _moves(values, given, follows, changes):
            continue
        ratio = _ratio(values[given][:, at], list(changes.values()))
        for k, (share, row) in enumerate(changes.items()):
            marks.append(Mark(other, share, ratio[..., k], y[..., row]))
    curve = y[..., [shares[share] for share in order]]
    return Panel(parameter, given, 1.0 + np.array(order), curve, marks)


def _moves(
    values: Mapping[str, F8], given: str, follows: Mapping[str, str], changes: Mapping[float, int]
) -> bool:
    """Return whether a parameter changes one of the outputs that others follow, and that alone."""
    moved = {
        one
        for one in follows.values()
        if one and (np.abs(_ratio(values[one], list(changes.values())) - 1.0) > SAME).any()
    }
    return moved == {given}


# --- drawing ---


def _drawn(one: Curves, synthetic: str) -> Figure:
    across, down = len(one.cells), len(one.panels)
    width = WIDTH if across > 2 else 3.9 * across + 0.6
    drawn = figure(0.9 + EACH * down, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharex="row")
    for (row, column), axes in np.ndenumerate(grid):
        panel = one.panels[row]
        _put(axes, panel, column)
        axes.set_title(short(one.cells[column], int(width / across * 10)))
        what = panel.given or panel.parameter
        axes.set_xlabel(f"{short(what, 28)} over that of the base member")
        if column == 0:
            axes.set_ylabel(upright(one.name, one.units, EACH))
    handles = [
        Line2D([], [], color=SERIES[k % len(SERIES)], lw=2, label=layer)
        for k, layer in enumerate(one.layers)
    ]
    marks = {(m.parameter, m.share) for p in one.panels for m in p.marks}
    handles += [
        Line2D([], [], color=DARK, ls="", marker=_shape(share), ms=7, label=_said(name, share))
        for name, share in sorted(marks)
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    return drawn


def _put(axes: Axes, panel: Panel, cell: int) -> None:
    axes.axvline(1.0, color=GREY, linewidth=0.9)
    for k, y in enumerate(panel.y[cell]):
        colour = SERIES[k % len(SERIES)]
        axes.plot(panel.factors, y, color=colour, marker=".", ms=4)
        for mark in panel.marks:
            axes.plot(
                mark.x[cell, k], mark.y[cell, k], marker=_shape(mark.share), ms=8, ls="",
                color=colour, markeredgecolor="white", markeredgewidth=0.8, zorder=4,
            )  # fmt: skip
    axes.set_xscale("log")
    logarithmic(axes.xaxis)
    axes.set_ylim(bottom=0.0)
    axes.grid(True)


def _shape(share: float) -> str:
    """Return an upright triangle of an increase, an inverted one of a decrease."""
    return "^" if share > 0 else "v"


def _said(name: str, share: float) -> str:
    sign = "+" if share > 0 else "\N{MINUS SIGN}"
    return f"{short(name, 22)} {sign}{abs(share) * 100:g} %"


def _caption(one: Curves) -> str:
    caption = (
        f"{one.meaning[0].upper()}{one.meaning[1:]} in some layers where one thing at a time is "
        "multiplied, all others as in the base member, which is at 1."
    )
    pairs = {p.given: p.parameter for p in one.panels if p.given}
    caption += "".join(f" {given} is multiplied by {by}." for given, by in pairs.items())
    if any(panel.marks for panel in one.panels):
        caption += (
            " Triangles are members in which another parameter is changed, upright where it is "
            "more, at the factor that it gives the layer; where nothing passes between layers they "
            "lie on the curve."
        )
    if len(one.cells) < one.of:
        caption += f" {len(one.cells)} of {one.of} {one.kind}, evenly chosen."
    lost = sum(int(np.isnan(panel.y).sum()) for panel in one.panels)
    if lost:
        caption += f" {lost} values are missing: of these members nothing is known."
    return caption
