"""Records of sites against a model: density of records, and means of studies beside it."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from ensemble.report.data.evaluated import LACKING, Evaluated, Model
from ensemble.report.figures import HELD
from ensemble.report.figures.parts import one_to_one
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    GREEN,
    RED,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.report.reported import Reported
from ensemble.scores import seasons
from kernels import F8

OF, SECTION, ORDER = HELD, "fit", 42

MOST_MODELS = 3

CELLS = 34
"""Of the density, along each axis."""

LEAST_FOR_DENSITY = 200
"""Records from which points would hide one another."""


def draw(run: Reported) -> Iterator[Picture | str]:
    """Yield a figure for each benchmark of sites and its first models."""
    for one in run.against("sites"):
        shown = [model for model in one.models if model.tables]
        for k, model in enumerate(shown[:MOST_MODELS]):
            left = len(shown) - MOST_MODELS if k == 0 else 0
            yield _drawn(run, one, model, left)
        if not shown:
            yield f"{one.name}: {LACKING}"


def _drawn(run: Reported, one: Evaluated, model: Model, left: int) -> Picture:
    tables = model.tables
    records, studies = tables["records"].columns, tables["studies"].columns
    drawn = figure(4.7, run.synthetic)
    beside, right = drawn.subplots(1, 2)
    sets = (
        (beside, records["record_observed"], records["record_modelled"], "records"),
        (right, studies["study_observed"], studies["study_modelled"], "study means"),
    )
    for axes, x, y, of in sets:
        _panel(axes, x, y, of, one.units)
    handles, labels = beside.get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    return finish(drawn, _caption(one, model, left))


def _panel(axes: Axes, x: F8, y: F8, of: str, units: str) -> None:
    ends = one_to_one.around(np.concatenate([x, y]))
    if len(x) >= LEAST_FOR_DENSITY:
        found = axes.hist2d(x, y, bins=CELLS, range=(ends, ends), norm=LogNorm(), cmap="Blues")
        bar = axes.figure.colorbar(found[3], ax=axes, shrink=0.75, pad=0.02, format="%g")
        bar.set_label("records")
        bar.outline.set_visible(False)
    else:
        axes.scatter(x, y, s=16, c=BLUE, edgecolors=DARK, **one_to_one.POINTS)
    axes.plot(ends, ends, color=DARK, linestyle=one_to_one.DASHES, linewidth=1.2, label="1:1")
    across = np.array(ends)
    line = seasons.fit(x, y[:, None])
    numbers = f"n {len(x):,}, {one_to_one.rmse_in_words(float(line.rmse[0]), units)}"
    if np.isfinite(line.slope[0]):
        straight = line.intercept[0] + line.slope[0] * across
        axes.plot(across, straight, color=RED, lw=1.6, label="modelled on observed")
        other = seasons.fit(y, x[:, None])
        if np.isfinite(other.slope[0]) and other.slope[0]:
            turned = (across - other.intercept[0]) / other.slope[0]
            axes.plot(across, turned, color=GREEN, lw=1.6, label="observed on modelled")
        numbers += one_to_one.r2_in_words(float(line.r2[0]))
    axes.set_title(f"{of}\n{numbers}")
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")
    axes.set_xlabel(labelled("observed", units))
    axes.set_ylabel(labelled("modelled", units))


def _caption(one: Evaluated, model: Model, left: int) -> str:
    means = model.tables["intervals"].columns
    low, high = (float(means[f"mean_{end}_by_studies"][2]) for end in ("low", "high"))
    middle = float(means["mean_value"][2])
    member = ", control member," if one.who == "control members" else ""
    return (
        f"{one.name}: {one.spec.output} of {short(model.label, 60)}{member} against "
        f"records of equal weight (left) and means of their studies (right), which long studies do "
        f"not rule. Modelled less observed: {middle:.3g} [{low:.3g}, {high:.3g}] "
        f"{one.units}, 95 % by resampling whole studies. Against {one.reference}."
        + (f" Of {left} others there is no figure." if left > 0 else "")
    )
