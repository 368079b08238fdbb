"""Maps of the mean and of its coefficient of variation, hatched where a model is not applicable.

For runs of kernels whose output `OUTSIDE` says which locations are unlike what the model learned
from, as the area of applicability of Meyer and Pebesma (2021, 10.1111/2041-210X.13650) does.
"""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from ensemble.report.data.cells import evenly
from ensemble.report.data.fields import Field, Places, all_fields, places_of
from ensemble.report.figures.parts.ground import (
    MOST_FIELDS,
    draw_cells,
    draw_marked,
    empty_maps,
    ends_in_words,
    limits,
)
from ensemble.report.figures.parts.style import Picture, finish, labelled
from ensemble.report.run import Run
from ensemble.tables.applicable import OUTSIDE, Marked, marked_of
from kernels import F8

SECTION, ORDER = "space", 31

MOST_FORCINGS = 4


def draw(run: Run) -> Iterator[Picture]:
    """Yield two maps of each output with a mean and a standard deviation, by forcing."""
    places = places_of(run.results)
    if places is None or not _has(run, OUTSIDE, "mean"):
        return
    share = run.results.cells(f"statistics/{OUTSIDE}_mean")
    specs = run.store.specs
    area = run.results.whole("area") if "area" in specs else None
    spread = [field for field in all_fields(run.results) if _has(run, field.name, "mean", "std")]
    for f in evenly(range(len(run.results.forcings)), MOST_FORCINGS):
        marked = marked_of(share[f], area)
        for field in spread[:MOST_FIELDS]:
            std = run.results.cells(f"statistics/{field.name}_std")[f]
            forcing = run.results.forcings[f] if len(run.results.forcings) > 1 else ""
            yield _figure(field, (field.values[0, f], std), places, marked, run.synthetic, forcing)


def _has(run: Run, name: str, *statistics: str) -> bool:
    """Return whether statistics of an output are one number at each location."""
    specs = [run.store.specs.get(f"statistics/{name}_{word}") for word in statistics]
    return all(spec is not None and spec.dims == ("forcing", "location") for spec in specs)


def _figure(
    field: Field,
    moments: tuple[F8, F8],
    places: Places,
    marked: Marked,
    synthetic: str,
    forcing: str,
) -> Picture:
    """Draw mean and coefficient of variation below each other, each with its scale."""
    mean, std = moments
    positive = mean > 0
    variation = np.where(positive, 100 * std / np.where(positive, mean, 1.0), np.nan)
    drawn, axes = empty_maps(2, 1, places, synthetic)
    ends = [
        _map(axes[0, 0], places, mean, marked, ("mean", field.units)),
        _map(axes[1, 0], places, variation, marked, ("coefficient of variation", "%")),
    ]
    under = f" under {forcing}" if forcing else ""
    caption = (
        f"{field.name}: {field.meaning}, mean over samples{under}; below it the coefficient of "
        "variation, the standard deviation over samples in percent of that mean. "
        f"{'Hatched' if places.raster else 'Crossed'}: outside the area of applicability, "
        f"{marked.words}. Its limit is the index of one record, so this area is known to two "
        "digits at best. Sums have what is outside."
    )
    if lost := int((np.isfinite(mean) & ~positive).sum()):
        caption += f" {lost:,} cells with a mean that is not above 0 have no coefficient."
    return finish(drawn, caption + "".join(ends))


def _map(ax: Axes, places: Places, values: F8, marked: Marked, label: tuple[str, str]) -> str:
    """Draw one map with its scale; return where its colours end, as a sentence."""
    low, high, beyond = limits(values, False)
    cells = draw_cells(ax, places, values, "viridis", low, high)
    draw_marked(ax, places, marked.outside, "outside the area of applicability")
    figure = ax.get_figure(root=False)
    assert figure is not None
    bar = figure.colorbar(cells, ax=ax, shrink=0.9, aspect=20, pad=0.015, extend=beyond)
    bar.set_label(labelled(*label))
    bar.outline.set_visible(False)
    ax.set_title(label[0])
    return ends_in_words((low, high), beyond, f"Colours of the {label[0]}")
