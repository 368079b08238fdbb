"""Parameters of the members that weights leave, against those of all."""

from collections.abc import Iterator

import numpy as np

from ensemble.report.data.weighed import Weighed, every, parameters_of
from ensemble.report.figures.parts.ensembles import before_and_after
from ensemble.report.figures.parts.style import WIDTH, Picture, figure, finish, labelled, short
from ensemble.report.run import Run
from kernels import F8
from scenarios import and_more, most_named

SECTION, ORDER = "constrained", 30

MOST_PARAMETERS = 12
BINS = 15

Parameter = tuple[str, str, F8]


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure of each weights, parameters that they move most first."""
    for found in every(run):
        shown = list(parameters_of(run.results, found))
        if shown:
            yield _figure(run, found, sorted(shown, key=lambda one: -_moved(one, found)))


def _moved(one: Parameter, found: Weighed) -> float:
    """Return the largest gap between the cumulative shares of all members and of a label's."""
    gaps = [0.0]
    for values, weights in zip(one[2], found.weights, strict=True):
        if weights.any():
            order = np.argsort(values, kind="stable")
            alike = np.arange(1, len(values) + 1) / len(values)
            gaps.append(float(np.abs(np.cumsum(weights[order]) / weights.sum() - alike).max()))
    return max(gaps)


def _figure(run: Run, found: Weighed, every_one: list[Parameter]) -> Picture:
    shown = every_one[: most_named(MOST_PARAMETERS)]
    across = min(4, len(shown))
    down = -(-len(shown) // across)
    width = WIDTH if across > 2 else 3.4 * across
    drawn = figure(1.9 * down + 0.5, run.synthetic, width=width)
    # Of each model its own members: how much of all it has the table says.
    total = found.weights.sum(axis=1, keepdims=True)
    alone = np.divide(found.weights, total, out=np.zeros_like(found.weights), where=total > 0)
    grid = drawn.subplots(down, across, squeeze=False)
    for k, (axes, (name, units, values)) in enumerate(zip(grid.flat, shown, strict=False)):
        before_and_after(axes, values, alone, found.labels, BINS)
        axes.set_xlabel(labelled(short(name, 24), units))
        axes.locator_params(axis="x", nbins=4)
        if k % across:
            axes.set_ylabel("")
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    handles, labels = grid.flat[0].get_legend_handles_labels()
    names = [short(label, 30) for label in labels]
    drawn.legend(handles, names, loc="outside lower center", ncols=min(4, len(labels)))
    left = and_more(len(every_one) - len(shown), "parameters")
    caption = (
        f"Parameters under the weights {found.one.name}, those that they move most first. Ground: "
        f"all {found.rows:,} members alike; lines: the weight, {found.effective:,.0f} effective "
        "members together, each forcing and model by itself where there are several: a line that "
        "follows the ground is of a parameter that does not decide the fit."
    )
    return finish(drawn, caption + f" Drawn are these{left}." * bool(left))
