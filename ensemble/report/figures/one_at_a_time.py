"""What a parameter does alone: profiles of a one-at-a-time design, relative to its base.

As figure 7 of Wang et al. (2021, 10.1029/2020JG006205).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ensemble.report.data.cells import all_cells, evenly, kind, of_members, outputs_on_layers
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
    short,
)
from ensemble.report.run import Run
from ensemble.tables.results import Results
from kernels import F8

SECTION, ORDER = "sensitivity", 70


MOST_CELLS = 12
MOST_OUTPUTS = 4
MOST_PARAMETERS = len(SERIES)

DASHES = ("-", (0, (4, 1.6)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
"""Of the changes, in order; with more they begin again."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield the changes of a one-at-a-time design."""
    yield from changes(list(all_changes(run.results)), run.synthetic)


@dataclass(frozen=True)
class Changes:
    """Relative changes of an output on layers.

    Attributes
    ----------
    name, meaning : str
    cells : tuple of str
    of : int
        Cells there are, of which these are some.
    kind : str
        What the cells are.
    middle : ndarray, shape (k,), cm
    parameters : tuple of str
    change : tuple of float
        Shares by which each parameter is changed.
    percent : ndarray, shape (cell, parameter, change, k)
        NaN where a member failed or the base is 0.
    """

    name: str
    meaning: str
    cells: tuple[str, ...]
    of: int
    kind: str
    middle: F8
    parameters: tuple[str, ...]
    change: tuple[float, ...]
    percent: F8


def all_changes(results: Results) -> Iterator[Changes]:
    """Yield the changes of every output on layers of a one-at-a-time design."""
    design = results.store.attrs["design"]
    if design["method"] != "one_at_a_time":
        return
    for change, rows in _alike(design).items():
        yield from _of_rows(results, change, rows)


def _alike(design: Mapping[str, Any]) -> dict[tuple[float, ...], dict[str, list[int]]]:
    """Return parameters that are changed by the same shares, and their rows, by these shares.

    Where each has its own, many shares of one are a curve, which `relative_response` draws.
    """
    groups: dict[tuple[float, ...], dict[str, list[int]]] = {}
    for name, rows in changed_rows(design).items():
        if not isinstance(design["change"], Mapping) or len(rows) < FEWEST:
            groups.setdefault(tuple(rows), {})[name] = list(rows.values())
    return groups


def _of_rows(
    results: Results, change: tuple[float, ...], rows: Mapping[str, list[int]]
) -> Iterator[Changes]:
    """Yield the changes of every output on layers in some rows of each parameter."""
    parameters, which = tuple(rows), [k for several in rows.values() for k in several]
    every = all_cells(results)
    cells = evenly(every, MOST_CELLS)
    for name, bounds in list(outputs_on_layers(results).items())[:MOST_OUTPUTS]:
        values = np.stack([of_members(results, name, cell) for cell in cells])
        base, rest = values[..., :1], values[..., which]
        with np.errstate(divide="ignore", invalid="ignore"):
            percent = np.where(base == 0, np.nan, 100.0 * (rest - base) / base)
        percent = np.moveaxis(percent, -1, 1)
        percent = percent.reshape(len(cells), len(parameters), len(change), len(bounds))
        if np.isfinite(percent).any():
            meaning = str(results.store.specs[name].attrs["long_name"])
            names = tuple(cell.name for cell in cells)
            middle = bounds.mean(axis=1)
            yield Changes(
                name, meaning, names, len(every), kind(results), middle, parameters, change, percent
            )


def changes(shown: Sequence[Changes], synthetic: str) -> Iterator[Picture]:
    """Yield one figure per output, a panel per cell."""
    for output in shown:
        yield _changes(output, synthetic)


def largest(output: Changes) -> list[int]:
    """Return the parameters that are drawn, in order: those that change most on average."""
    size = np.abs(np.nan_to_num(output.percent)).mean(axis=(0, 2, 3))
    return sorted(np.argsort(-size, kind="stable")[:MOST_PARAMETERS].tolist())


def _changes(output: Changes, synthetic: str) -> Picture:
    cells = [k for k in range(len(output.cells)) if np.isfinite(output.percent[k]).any()]
    across = min(len(cells), 3 if len(cells) in (3, 5, 6, 9) else 4)
    down = -(-len(cells) // across)
    width = WIDTH if across > 2 else 3.6 * across + 0.9
    drawn = figure(1.0 + 3.0 * down, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    for axes, k in zip(grid.flat, cells, strict=False):
        _panel(axes, output, k)
        axes.set_title(short(output.cells[k], int(width / across * 11)))
    for k, axes in enumerate(grid.flat):
        if k >= len(cells):
            axes.set_axis_off()
        elif k + across >= len(cells):
            axes.set_xlabel(f"change of {short(output.name, 24)} [%]")
        if k % across == 0:
            axes.set_ylabel("depth [cm]")
    grid.flat[0].set_ylim(float(output.middle.max()) * 1.04, 0)
    handles = [
        Line2D([], [], color=SERIES[k], lw=2, label=short(output.parameters[p], 26))
        for k, p in enumerate(largest(output))
    ]
    handles += [
        Line2D([], [], color=DARK, ls=DASHES[k % len(DASHES)], label=signed(c))
        for k, c in enumerate(output.change)
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    return finish(drawn, _caption(output))


def _panel(axes: Axes, output: Changes, k: int) -> None:
    axes.axvline(0, color=GREY, linewidth=0.9)
    marker = "o" if len(output.middle) < 4 else None
    for place, p in enumerate(largest(output)):
        for c in range(len(output.change)):
            axes.plot(
                output.percent[k, p, c], output.middle, color=SERIES[place], marker=marker, ms=3,
                linestyle=DASHES[c % len(DASHES)], linewidth=1.5,
            )  # fmt: skip
    axes.grid(True)


def signed(change: float) -> str:
    """Return a share with its sign, in percent."""
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(change) * 100:g} %"


def _caption(output: Changes) -> str:
    words = " and ".join(signed(c) for c in output.change)
    caption = (
        f"Relative change of {output.meaning} by depth when one parameter at a time is changed by "
        f"{words}, the others as in the base member."
    )
    if len(output.cells) < output.of:
        caption += f" {len(output.cells)} of {output.of} {output.kind}, evenly chosen."
    left = len(output.parameters) - len(largest(output))
    if left:
        caption += f" The {left} parameters that change least are not drawn."
    if lost := int(np.isnan(output.percent).all(axis=-1).sum()):
        caption += f" {lost} lines are missing: of the member or its base nothing is known."
    return caption
