"""Importance by depth: of outputs on layers, a line per parameter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.report.data.cells import kind, layers_of
from ensemble.report.figures.parts.style import (
    GREY,
    SERIES,
    THETA,
    WIDTH,
    Picture,
    columns,
    figure,
    finish,
    short,
    wrapped,
)
from ensemble.report.run import Run
from ensemble.tables.responses import Analysis
from ensemble.tables.results import Results
from kernels import F8
from scenarios.outputs import array_names

SECTION, ORDER = "sensitivity", 40


MOST_OUTPUTS = 6
MOST_PARAMETERS = len(SERIES)


def draw(run: Run) -> Iterator[Picture]:
    """Yield the importance of parameters to outputs on layers."""
    yield from by_depth(list(all_by_depth(run.results, run.analysis.arrays)), run.synthetic)


@dataclass(frozen=True)
class ByDepth:
    """Importance of parameters to an output on layers.

    Attributes
    ----------
    name, meaning : str
    effects : tuple of str
    kind : str
        What the cells are.
    middle : ndarray, shape (k,), cm
    theta : ndarray, shape (cell, k, effect)
        Of the cells that have any.
    """

    name: str
    meaning: str
    effects: tuple[str, ...]
    kind: str
    middle: F8
    theta: F8

    @property
    def mean(self) -> F8:
        """Return the mean over the cells that have one, (k, effect)."""
        finite = np.isfinite(self.theta)
        count = finite.sum(axis=0)
        total = np.where(finite, self.theta, 0.0).sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    @property
    def std(self) -> F8:
        """Return the standard deviation over these cells, (k, effect)."""
        finite = np.isfinite(self.theta)
        squares = np.where(finite, (self.theta - self.mean) ** 2, 0.0).sum(axis=0)
        return np.asarray(np.sqrt(squares / np.maximum(finite.sum(axis=0), 1)))

    @property
    def largest(self) -> list[int]:
        """Return the effects that are drawn, the largest over all layers first."""
        size = np.nan_to_num(self.mean).mean(axis=0)
        return [int(e) for e in np.argsort(-size, kind="stable")[:MOST_PARAMETERS]]


def all_by_depth(results: Results, analysis: Analysis) -> Iterator[ByDepth]:
    """Yield the importance to every output on layers, of the analysis or of the run itself."""
    scenario = results.store.attrs["identity"]["scenario"]
    for name in dict.fromkeys([*array_names(scenario["outputs"]), *scenario["statistics"]]):
        path, inside = f"sensitivity/{name}_theta", f"statistics/{name}_theta"
        if path in analysis and "sensitivity/effect" in analysis:
            dims, values = analysis[path][0].dims, np.asarray(analysis[path][1], np.float64)
            effects = tuple(map(str, analysis["sensitivity/effect"][1]))
        elif inside in results.store.specs and "statistics/effect" in results.store.specs:
            dims, values = results.store.specs[inside].dims, results.cells(inside)
            effects = results.store.read_strings("statistics/effect")
        else:
            continue
        bounds = layers_of(results, dims[2:-1])
        if bounds is None or dims[-1] != "effect":
            continue
        theta = values.reshape(-1, len(bounds), len(effects))
        theta = theta[np.isfinite(theta).any(axis=(1, 2))]
        if len(theta):
            control = results.store.specs.get(f"control/{name}")
            meaning = str(control.attrs["long_name"]) if control else ""
            yield ByDepth(name, meaning, effects, kind(results), bounds.mean(axis=1), theta)


def by_depth(shown: Sequence[ByDepth], synthetic: str) -> Iterator[Picture]:
    """Yield one figure of all outputs."""
    if not shown:
        return
    some = shown[:MOST_OUTPUTS]
    across = min(3, len(some))
    down = -(-len(some) // across)
    width = WIDTH if across > 2 else 4.2 * across + 0.8
    drawn = figure(0.9 + 3.4 * down, synthetic, width=width)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    drawn_effects = {e for output in some for e in output.largest}
    looks = {some[0].effects[e]: (SERIES[e % len(SERIES)], _DASHES[e // len(SERIES) % 3])
             for e in sorted(drawn_effects)}  # fmt: skip
    for k, (axes, output) in enumerate(zip(grid.flat, some, strict=False)):
        for e in output.largest:
            _line(axes, output, e, *looks[output.effects[e]])
        title = f"{output.name}: {output.meaning}" if output.meaning else output.name
        axes.set_title(wrapped(title, int(width / across * 9.5)))
        axes.set_xlim(left=0)
        axes.set_xlabel(THETA)
        axes.grid(True)
        if k % across == 0:
            axes.set_ylabel("depth [cm]")
    for axes in list(grid.flat)[len(some) :]:
        axes.set_axis_off()
    grid.flat[0].set_ylim(max(float(output.middle.max()) for output in some) * 1.04, 0)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, ls=dash, lw=2, label=short(name, 26))
        for name, (colour, dash) in looks.items()
    ]
    if several := len(some[0].theta) > 1:
        handles.append(Patch(color=GREY, alpha=0.3, label="\N{PLUS-MINUS SIGN} 1 SD"))
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    yield finish(drawn, _caption(some, several))


_DASHES = ("-", (0, (4, 1.6)), (0, (1, 1.2)))


def _line(axes: Axes, output: ByDepth, e: int, colour: str, dash: str | tuple[int, object]) -> None:
    mean, std = output.mean[:, e], output.std[:, e]
    if len(output.theta) > 1:
        axes.fill_betweenx(output.middle, mean - std, mean + std, color=colour, alpha=0.15, lw=0)
    marker = "o" if len(output.middle) < 4 else None
    axes.plot(mean, output.middle, color=colour, linestyle=dash, marker=marker, ms=3.5, lw=1.7)


def _caption(some: Sequence[ByDepth], several: bool) -> str:
    caption = f"{THETA[0].upper()}{THETA[1:]} of each parameter to each layer of an output"
    if several:
        caption += f": mean over {len(some[0].theta):,} {some[0].kind}, bands: \N{PLUS-MINUS SIGN} "
        caption += "1 standard deviation over these"
    caption += "."
    for output in some:
        if left := len(output.effects) - len(output.largest):
            caption += f" {output.name}: without the {left} parameters of least importance."
    return caption
