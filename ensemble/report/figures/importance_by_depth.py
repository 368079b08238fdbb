"""Importance by depth: of outputs on layers, a line per parameter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ensemble.analysis import noise
from ensemble.report.data.beside import others, side_by_side
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
from ensemble.report.figures.parts.whiskers import band
from ensemble.report.run import Run
from ensemble.tables.responses import Analysis
from ensemble.tables.results import Results
from kernels import F8
from scenarios.outputs import array_names

SECTION, ORDER = "sensitivity", 40


MOST_OUTPUTS = 6
MOST_PARAMETERS = len(SERIES)


def draw(run: Run) -> Iterator[Picture | str]:
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
        Of the cells that have any; NaN where the ranking is noise.
    half : ndarray, shape (cell, k, effect)
        Half widths of its bootstrap intervals; NaN where none is known.
    noise : int
        Of all cells and layers, those where it is noise.
    """

    name: str
    meaning: str
    effects: tuple[str, ...]
    kind: str
    middle: F8
    theta: F8
    half: F8
    noise: int = 0

    @property
    def mean(self) -> F8:
        """Return the mean over the cells that have one, (k, effect)."""
        return _mean(self.theta)

    @property
    def interval(self) -> F8:
        """Return the mean half width over these cells, (k, effect): they share a design's rows."""
        return _mean(self.half)

    @property
    def mostly_noise(self) -> bool:
        """Return whether what is left would be a selection of cells and layers."""
        return 2 * self.noise > self.theta[..., 0].size

    @property
    def said(self) -> str:
        """Return what a caption says of noise; nothing where there is none."""
        if not self.noise:
            return ""
        return (
            f" {self.name}: {self.noise:,} of {self.theta[..., 0].size:,} layers of {self.kind} "
            "are withheld, as their ranking is noise; the tables say why and what to do."
        )

    @property
    def largest(self) -> list[int]:
        """Return the effects that are drawn, the largest over all layers first."""
        size = np.nan_to_num(self.mean).mean(axis=0)
        return [int(e) for e in np.argsort(-size, kind="stable")[:MOST_PARAMETERS]]


def _mean(values: F8) -> F8:
    finite = np.isfinite(values)
    count = finite.sum(axis=0)
    total = np.where(finite, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def all_by_depth(results: Results, analysis: Analysis) -> Iterator[ByDepth]:
    """Yield the importance to every output on layers, of the analysis or of the run itself."""
    scenario = results.store.attrs["identity"]["scenario"]
    for name in dict.fromkeys([*array_names(scenario["outputs"]), *scenario["statistics"]]):
        path, inside = f"sensitivity/{name}_theta", f"statistics/{name}_theta"
        if path in analysis and "sensitivity/effect" in analysis:
            dims, values = analysis[path][0].dims, np.asarray(analysis[path][1], np.float64)
            effects = tuple(map(str, analysis["sensitivity/effect"][1]))
            arrays = {i: analysis[p][1] for i, p in _paths("sensitivity", name) if p in analysis}
        elif inside in results.store.specs and "statistics/effect" in results.store.specs:
            dims, values = results.store.specs[inside].dims, results.cells(inside)
            effects = results.store.read_strings("statistics/effect")
            inner, known = _paths("statistics", name), results.store.specs
            arrays = {i: results.cells(p) for i, p in inner if p in known}
        else:
            continue
        bounds = layers_of(results, others(results, dims[2:-1]))
        if bounds is None or dims[-1] != "effect":
            continue
        half = np.asarray(arrays.get("theta_conf", np.full_like(values, np.nan)), np.float64)
        held = noise.is_noise(noise.codes_of(arrays, "theta"))
        control = results.store.specs.get(f"control/{name}")
        meaning = str(control.attrs["long_name"]) if control else ""
        for label, place in side_by_side(results, dims[2:-1]):
            called = f"{name}, {label}" if label else name
            about = (called, meaning, effects, kind(results), bounds.mean(axis=1))
            at = (slice(None), slice(None), *place)
            found = _of_place(values[at], half[at], held[at])
            if found is not None:
                yield ByDepth(*about, *found)


def _of_place(values: F8, half: F8, held: NDArray[np.bool_]) -> tuple[F8, F8, int] | None:
    """Return theta and half widths (cell, k, effect) of cells that have any, and what is noise."""
    theta, held = values.reshape(-1, *values.shape[2:]), held.reshape(-1, held.shape[2])
    known_cells = np.isfinite(theta).any(axis=(1, 2))
    if not known_cells.any():
        return None
    theta = np.where(held[..., None], np.nan, theta)[known_cells]
    half = np.where(np.isfinite(theta), half.reshape(-1, *half.shape[2:])[known_cells], np.nan)
    return theta, half, int(held[known_cells].sum())


def _paths(group: str, name: str) -> list[tuple[str, str]]:
    """Return where theta is, and what tells whether it is noise, by index."""
    words = ("theta", "theta_conf", "mu_star", "mu_star_conf")
    return [(word, f"{group}/{name}_{word}") for word in words]


def by_depth(shown: Sequence[ByDepth], synthetic: str) -> Iterator[Picture | str]:
    """Yield one figure of all outputs that are no noise, and a sentence for each other."""
    for output in shown:
        if output.mostly_noise:
            yield f"Importance to layers is not drawn.{output.said}"
    some = [output for output in shown if not output.mostly_noise][:MOST_OUTPUTS]
    if not some:
        return
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
    if any(np.isfinite(output.half).any() for output in some):
        handles.append(Patch(color=GREY, alpha=0.3, label="bootstrap interval"))
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width))
    yield finish(drawn, _caption(some))


_DASHES = ("-", (0, (4, 1.6)), (0, (1, 1.2)))


def _line(axes: Axes, output: ByDepth, e: int, colour: str, dash: str | tuple[int, object]) -> None:
    mean = output.mean[:, e]
    low, high = band(mean, output.interval[:, e], never_negative=True)
    axes.fill_betweenx(output.middle, low, high, color=colour, alpha=0.15, lw=0)
    marker = "o" if len(output.middle) < 4 else None
    axes.plot(mean, output.middle, color=colour, linestyle=dash, marker=marker, ms=3.5, lw=1.7)


def _caption(some: Sequence[ByDepth]) -> str:
    caption = f"{THETA[0].upper()}{THETA[1:]} of each parameter to each layer of an output"
    several = len(some[0].theta) > 1
    if several:
        caption += f": mean over {len(some[0].theta):,} {some[0].kind}"
    if any(np.isfinite(output.half).any() for output in some):
        caption += "; bands: bootstrap intervals"
        caption += ", their mean half width, as these share the design's rows" * several
    else:
        caption += "; no interval is known of what a run computed itself, `analyze` finds it"
    caption += "."
    for output in some:
        caption += output.said
        if left := len(output.effects) - len(output.largest):
            caption += f" {output.name}: without the {left} parameters of least importance."
    return caption
